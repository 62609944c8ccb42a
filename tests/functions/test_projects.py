"""Projects through the handlers, from event to response."""

import base64
import re
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client

CHARTS: dict[str, Any] = {"chartCustomizations": {"a": {}, "b": {}}}


def create(client: Client, project_id: str, **members: Any) -> dict[str, Any]:
    reply = client.post("/api/projects", {"id": project_id, "name": project_id.upper(), **members})
    assert reply.status == 201, reply.json
    project: dict[str, Any] = reply.json
    return project


def listed(client: Client, query: str = "") -> list[str]:
    return [project["id"] for project in client.get("/api/projects" + query).json["projects"]]


def test_a_project_is_created_with_a_generated_id(client: Client) -> None:
    """A project created without an id gets a UUIDv7, and its URL is in Location."""
    reply = client.post("/api/projects", {"name": "Sales"})
    assert reply.status == 201
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", reply.json["id"])
    assert reply.headers["location"] == f"/api/projects/{reply.json['id']}"
    assert reply.headers["etag"] == '"1"'
    assert client.get(reply.headers["location"]).json == reply.json


def test_a_project_is_created_with_its_id_settings_and_config(client: Client) -> None:
    """A project can be created with an id, settings and a first config, which is the config's version 1."""
    settings = {"fileInfo": {"name": "sales.csv", "rows": 3}, "tags": ["q1", "q2"]}
    project = create(client, "p", description="All of it", settings={**settings, "dashboardConfig": CHARTS})
    assert (project["description"], project["settings"]) == ("All of it", settings)
    assert project["dashboardConfig"] == {"version": 1, "updatedAt": project["createdAt"], "chartCount": 2}
    assert client.get("/api/projects/p/config").json["config"] == CHARTS


def test_an_id_can_be_used_once(client: Client) -> None:
    """An id that the user already has is 409 and leaves its project unchanged; another user may have it."""
    before = create(client, "p")
    reply = client.post("/api/projects", {"id": "p", "name": "Other", "settings": {"dashboardConfig": CHARTS}})
    assert (reply.status, reply.code) == (409, "project-exists")
    assert client.get("/api/projects/p").json == before
    assert client.get("/api/projects/p/config").json["version"] == 0
    assert create(Client("another-user"), "p")["name"] == "P"


CREATED: dict[str, dict[str, Any]] = {
    "only a name": {"name": "P"},
    "a config": {"name": "P", "settings": {"dashboardConfig": CHARTS}},
    "everything": {
        "name": " P ",
        "description": "All of it",
        "settings": {"fileInfo": {"rows": 3}, "tags": ["a"], "dashboardConfig": CHARTS},
    },
}


@pytest.mark.parametrize("case", CREATED)
def test_a_creation_can_be_repeated(client: Client, clock: Clock, case: str) -> None:
    """A repeated creation whose response was lost is 200 with the project, its tag and its URL, and changes nothing."""
    body = {"id": "p", **CREATED[case]}
    first = client.post("/api/projects", body)
    clock.advance(seconds=1)
    for _ in range(2):
        again = client.post("/api/projects", body)
        assert (first.status, again.status) == (201, 200)
        assert again.json == first.json
        for header in ("etag", "location", "last-modified"):
            assert again.headers[header] == first.headers[header]
    assert [row["version"] for row in client.get("/api/projects/p/config/versions").json["versions"]] == (
        [] if case == "only a name" else [1]
    )


def rename_twice(client: Client) -> None:
    client.patch("/api/projects/p", {"name": "Q"}, if_match='"1"')
    client.patch("/api/projects/p", {"name": "P"}, if_match='"2"')


def save_twice(client: Client) -> None:
    version = client.get("/api/projects/p/config").json["version"]
    client.put("/api/projects/p/config", {"chartCustomizations": {}}, if_match=f'"{version}"')
    client.put("/api/projects/p/config", CHARTS, if_match=f'"{version + 1}"')


def save_and_delete_the_config(client: Client) -> None:
    save_twice(client)
    client.delete("/api/projects/p/config", if_match="*")


def upload(client: Client) -> None:
    client.post("/api/projects/p/data", {"fileName": "t.csv", "rawData": [{"x": 1}]})


CHANGES: dict[str, Callable[[Client], object]] = {
    "renamed twice": rename_twice,
    "saved twice": save_twice,
    "saved and deleted": save_and_delete_the_config,
    "data": upload,
}


@pytest.mark.parametrize("case", ["only a name", "a config"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_creation_cannot_be_repeated_after_a_change(client: Client, clock: Clock, case: str, change: str) -> None:
    """Once anything in the project was changed, its id is taken, even if its content is the first again."""
    body = {"id": "p", **CREATED[case]}
    client.post("/api/projects", body)
    clock.advance(seconds=1)
    CHANGES[change](client)
    before = client.get("/api/projects/p").json
    assert client.post("/api/projects", body).code == "project-exists"
    assert client.get("/api/projects/p").json == before


OTHER_BODIES: dict[str, dict[str, Any]] = {
    "another name": {"name": "Q"},
    "another description": {"description": "Some of it"},
    "another file": {"settings": {**CREATED["everything"]["settings"], "fileInfo": {"rows": 4}}},
    "other tags": {"settings": {**CREATED["everything"]["settings"], "tags": []}},
    "other charts": {"settings": {**CREATED["everything"]["settings"], "dashboardConfig": {"chartCustomizations": {}}}},
    "no config": {"settings": {"fileInfo": {"rows": 3}, "tags": ["a"]}},
}


@pytest.mark.parametrize("case", OTHER_BODIES)
def test_another_body_is_no_repetition(client: Client, case: str) -> None:
    """A creation with the same id and any other content is 409."""
    body = {"id": "p", **CREATED["everything"]}
    client.post("/api/projects", body)
    assert client.post("/api/projects", {**body, **OTHER_BODIES[case]}).code == "project-exists"
    assert client.post("/api/projects", body).status == 200


def test_a_config_of_a_repetition_has_to_be_the_projects(client: Client) -> None:
    """A creation with a config is no repetition of one without."""
    client.post("/api/projects", {"id": "p", **CREATED["only a name"]})
    assert client.post("/api/projects", {"id": "p", **CREATED["a config"]}).code == "project-exists"


def test_a_restored_project_is_as_it_was_created(client: Client) -> None:
    """A creation cannot be repeated while its project is deleted, but again after it was restored."""
    body = {"id": "p", **CREATED["everything"]}
    client.post("/api/projects", body)
    client.delete("/api/projects/p")
    assert client.post("/api/projects", body).code == "project-exists"
    client.request("POST", "/api/projects/p/restore")
    assert client.post("/api/projects", body).status == 200


def test_every_document_of_a_project_has_its_address(client: Client) -> None:
    """A project has its address when created, read, changed, refused, listed and restored."""
    created = client.post("/api/projects", {"id": "p", "name": "P"})
    address = created.json["address"]
    assert address == f"{base64.urlsafe_b64encode(client.user.encode()).decode().rstrip('=')}~p"
    assert created.headers["location"] == "/api/projects/p"
    changed = client.patch(f"/api/projects/{address}", {"name": "Q"}, if_match='"1"')
    refused = client.patch("/api/projects/p", {"name": "R"}, if_match='"1"')
    read, listed = client.get(f"/api/projects/{address}"), client.get("/api/projects").json["projects"][0]
    client.delete(f"/api/projects/{address}")
    restored = client.request("POST", f"/api/projects/{address}/restore")
    found = [changed.json, refused.json["current"], read.json, listed, restored.json]
    assert [project["address"] for project in found] == [address] * 5


def test_the_first_config_is_validated_like_any_other(client: Client) -> None:
    """A project with an invalid first config is 422 with the place of the error, and is not created."""
    body = {"id": "p", "name": "P", "settings": {"dashboardConfig": {"chartCustomizations": {"c": 1}}}}
    reply = client.post("/api/projects", body)
    assert (reply.status, reply.code) == (422, "invalid-config")
    assert [error["pointer"] for error in reply.json["errors"]] == ["/settings/dashboardConfig/chartCustomizations/c"]
    assert client.get("/api/projects/p").status == 404


def test_the_list_has_the_most_recently_updated_first(client: Client, clock: Clock) -> None:
    """A save, an upload and a rename each move their project to the top of the list at once."""
    for project_id in "abc":
        create(client, project_id)
        clock.advance(seconds=1)
    assert listed(client) == ["c", "b", "a"]
    client.put("/api/projects/a/config", CHARTS, if_none_match="*")
    assert listed(client) == ["a", "c", "b"]
    clock.advance(seconds=1)
    client.post("/api/projects/b/data", {"fileName": "t.csv", "rawData": [{"x": 1}]})
    assert listed(client) == ["b", "a", "c"]
    clock.advance(seconds=1)
    client.patch("/api/projects/c", {"name": "C!"}, if_match='"1"')
    assert listed(client) == ["c", "b", "a"]


def test_pages_hold_every_project_once(client: Client, clock: Clock) -> None:
    """Following the cursors visits every project once, in order, and the last page has no cursor."""
    for number in range(7):
        create(client, f"p{number}")
        clock.advance(milliseconds=number % 2)  # some share a timestamp
    visited, cursor, sizes = [], "", []
    while True:
        page = client.get(f"/api/projects?limit=3{cursor}").json
        visited += [project["id"] for project in page["projects"]]
        sizes.append(len(page["projects"]))
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert sizes == [3, 3, 1]
    assert sorted(visited) == [f"p{number}" for number in range(7)]
    assert visited == listed(client)


def test_an_exact_page_is_the_last_one(client: Client) -> None:
    """A page that holds all remaining projects has no cursor: no client loads an empty page."""
    create(client, "a")
    create(client, "b")
    assert client.get("/api/projects?limit=2").json["nextCursor"] is None


def test_a_cursor_grants_no_access(client: Client) -> None:
    """A cursor is only a place in the caller's own list: with it, another user sees only their own projects."""
    for project_id in "abc":
        create(client, project_id)
    cursor = client.get("/api/projects?limit=1").json["nextCursor"]
    stranger = Client("another-user")
    assert listed(stranger, f"?cursor={cursor}") == []


def test_summaries_show_configs_and_data_without_their_documents(client: Client) -> None:
    """A summary has versions and sizes; configs come only with include=dashboardConfig."""
    create(client, "p")
    assert client.get("/api/projects").json["projects"][0]["dashboardConfig"] is None
    client.put("/api/projects/p/config", CHARTS, if_none_match="*")
    client.post("/api/projects/p/data", {"fileName": "t.csv", "rawData": [{"x": 1, "y": 2}], "analysis": {}})
    (summary,) = client.get("/api/projects").json["projects"]
    config, data = summary["dashboardConfig"], summary["data"]
    assert (config["version"], config["chartCount"], set(config)) == (1, 2, {"version", "updatedAt", "chartCount"})
    assert data == {
        "version": 1,
        "fileName": "t.csv",
        "rowCount": 1,
        "columnCount": 2,
        "hasAnalysis": True,
        "updatedAt": summary["updatedAt"],
    }
    (full,) = client.get("/api/projects?include=dashboardConfig").json["projects"]
    assert full["dashboardConfig"] == {**config, "config": CHARTS}


def test_a_deleted_config_is_null(client: Client) -> None:
    """After a delete a project's config is null, also in the list with configs."""
    create(client, "p", settings={"dashboardConfig": CHARTS})
    client.delete("/api/projects/p/config", if_match='"1"')
    for query in ("", "?include=dashboardConfig"):
        assert client.get("/api/projects" + query).json["projects"][0]["dashboardConfig"] is None


def test_a_page_with_configs_ends_before_it_grows_too_large(client: Client, clock: Clock) -> None:
    """A page of large configs ends before the response exceeds Lambda's 6 MB, and its cursor leads to the rest."""
    large = {"chartCustomizations": {"c": {"note": "x" * 260_000}}}
    for number in range(15):
        create(client, f"p{number:02}", settings={"dashboardConfig": large})
        clock.advance(seconds=1)
    first = client.get("/api/projects?include=dashboardConfig")
    assert len(first.body) < 4_000_000
    assert 0 < len(first.json["projects"]) < 15
    rest = client.get(f"/api/projects?include=dashboardConfig&cursor={first.json['nextCursor']}").json
    assert len(first.json["projects"]) + len(rest["projects"]) == 15
    assert rest["nextCursor"] is None


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("include=dashboardConfig&limit=26", "limit"),
        ("include=everything", "include"),
        ("cursor=garbage", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=VVNFUiNzb21lYm9keQ", "cursor"),
        ("cursor=%C3%A9", "cursor"),
    ],
)
def test_an_invalid_list_query_is_refused(client: Client, query: str, name: str) -> None:
    """An invalid query parameter of the list is a 422 that names it."""
    reply = client.get(f"/api/projects?{query}")
    assert (reply.status, reply.code) == (422, "invalid-query")
    assert [error["pointer"] for error in reply.json["errors"]] == [name]


def test_a_patch_changes_what_it_names(client: Client, clock: Clock) -> None:
    """A merge patch changes the members that it names, removes those that it sets to null, and makes a version."""
    create(client, "p", description="old", settings={"tags": ["a"], "fileInfo": {"name": "f", "rows": 1}})
    clock.advance(seconds=1)
    patch = {"name": "New", "settings": {"tags": None, "fileInfo": {"rows": 2}}}
    reply = client.patch("/api/projects/p", patch, if_match='"1"', content_type="application/merge-patch+json")
    assert (reply.status, reply.headers["etag"]) == (200, '"2"')
    project = reply.json
    assert (project["name"], project["description"], project["version"]) == ("New", "old", 2)
    assert project["settings"] == {"fileInfo": {"name": "f", "rows": 2}}
    assert project["updatedAt"] > project["createdAt"]
    assert client.get("/api/projects/p").json == project


def test_a_patch_needs_a_precondition(client: Client) -> None:
    """A patch without a precondition is 428, one with a stale precondition 412 with the project; neither changes it."""
    create(client, "p")
    client.patch("/api/projects/p", {"name": "First"}, if_match='"1"')
    missing = client.patch("/api/projects/p", {"name": "Second"})
    assert (missing.status, missing.json["currentVersion"]) == (428, 2)
    stale = client.patch("/api/projects/p", {"name": "Second"}, if_match='"1"')
    assert (stale.status, stale.code) == (412, "version-conflict")
    # The role is the reader's, and no part of the project.
    assert {**stale.json["current"], "role": "owner"} == client.get("/api/projects/p").json
    assert stale.json["current"]["name"] == "First"


def test_a_patch_that_changes_nothing_makes_no_version(client: Client) -> None:
    """A patch without a change returns the current project, whatever its precondition: it is a retry."""
    create(client, "p")
    first = client.patch("/api/projects/p", {"name": "New"}, if_match='"1"').json
    assert client.patch("/api/projects/p", {"name": "New"}, if_match='"1"').json == first


@pytest.mark.parametrize(
    ("before", "after"), [(True, 1), (1, 1.0), (0, False), (0.0, -0.0), ({"a": 1, "b": 2}, {"b": 2, "a": 1})]
)
def test_a_value_that_only_looks_equal_is_stored(client: Client, before: Any, after: Any) -> None:
    """true, 1 and 1.0 are different values, and so are two orders: a patch from one to the other is a change."""
    create(client, "p", settings={"fileInfo": {"n": [before]}, "tags": ["a"]})
    for version, value in ((1, after), (2, before)):
        patched = client.patch("/api/projects/p", {"settings": {"fileInfo": {"n": [value]}}}, if_match=f'"{version}"')
        assert (patched.status, patched.json["version"]) == (200, version + 1)
        assert repr(client.get("/api/projects/p").json["settings"]["fileInfo"]["n"]) == repr([value])
    again = client.patch("/api/projects/p", {"settings": {"fileInfo": {"n": [before]}}}, if_match='"1"')
    assert (again.status, again.json["version"]) == (200, 3)


def test_saves_do_not_conflict_with_a_patch(client: Client) -> None:
    """A project's own version counts only changes of its name, description and settings."""
    create(client, "p")
    client.put("/api/projects/p/config", CHARTS, if_none_match="*")
    client.post("/api/projects/p/data", {"fileName": "t.csv", "rawData": [{"x": 1}]})
    assert client.patch("/api/projects/p", {"name": "New"}, if_match='"1"').status == 200


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"name": " "}, "/name"),
        ({"id": "other"}, "/id"),
        ({"settings": {"dashboardConfig": CHARTS}}, "/settings/dashboardConfig"),
        ({"settings": {"tags": [1]}}, "/settings/tags/0"),
        ([], ""),
    ],
)
def test_an_invalid_patch_is_refused(client: Client, patch: Any, pointer: str) -> None:
    """A patch that would make the project invalid is 422 with the place of the error, and changes nothing."""
    before = create(client, "p")
    reply = client.patch("/api/projects/p", patch, if_match='"1"')
    assert (reply.status, reply.code) == (422, "invalid-project")
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]
    assert client.get("/api/projects/p").json == before


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_another_users_project_looks_absent(client: Client, method: str) -> None:
    """Another user's request is answered like one for a nonexistent project, except for the request's id."""
    create(client, "p")
    stranger = Client("another-user")
    body = {"name": "Mine"} if method == "PATCH" else None
    foreign = stranger.request(method, "/api/projects/p", body, if_match='"1"')
    absent = stranger.request(method, "/api/projects/none", body, if_match='"1"')
    assert (foreign.status, foreign.code) == (404, "not-found")
    assert foreign.problem == absent.problem
    assert client.get("/api/projects/p").json["name"] == "P"
