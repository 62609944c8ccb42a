"""Projects over the handlers, from event to answer."""

import re
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


def test_a_project_is_created_with_a_made_id(client: Client) -> None:
    """Without an id a project gets a UUIDv7, and its address in Location."""
    reply = client.post("/api/projects", {"name": "Sales"})
    assert reply.status == 201
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", reply.json["id"])
    assert reply.headers["location"] == f"/api/projects/{reply.json['id']}"
    assert reply.headers["etag"] == '"1"'
    assert client.get(reply.headers["location"]).json == reply.json


def test_a_project_moves_in_with_its_id_settings_and_config(client: Client) -> None:
    """A create takes an id, settings and a first config, which is then the config's version 1."""
    settings = {"fileInfo": {"name": "sales.csv", "rows": 3}, "tags": ["q1", "q2"]}
    project = create(client, "p", description="All of it", settings={**settings, "dashboardConfig": CHARTS})
    assert (project["description"], project["settings"]) == ("All of it", settings)
    assert project["dashboardConfig"] == {"version": 1, "updatedAt": project["createdAt"], "chartCount": 2}
    assert client.get("/api/projects/p/config").json["config"] == CHARTS


def test_an_id_can_be_used_once(client: Client) -> None:
    """An id that the user already has is 409, and the project that has it stays as it is; another user may have it."""
    before = create(client, "p")
    reply = client.post("/api/projects", {"id": "p", "name": "Other", "settings": {"dashboardConfig": CHARTS}})
    assert (reply.status, reply.code) == (409, "project-exists")
    assert client.get("/api/projects/p").json == before
    assert client.get("/api/projects/p/config").json["version"] == 0
    assert create(Client("somebody-else"), "p")["name"] == "P"


def test_the_first_config_is_checked_like_any_other(client: Client) -> None:
    """A config that would not be saved does not come in with a project: the place is named and nothing is created."""
    body = {"id": "p", "name": "P", "settings": {"dashboardConfig": {"chartCustomizations": {"c": 1}}}}
    reply = client.post("/api/projects", body)
    assert (reply.status, reply.code) == (422, "invalid-config")
    assert [error["pointer"] for error in reply.json["errors"]] == ["/settings/dashboardConfig/chartCustomizations/c"]
    assert client.get("/api/projects/p").status == 404


def test_the_list_is_the_most_recently_updated_first(client: Client, clock: Clock) -> None:
    """A save, an upload and a change of name each move their project to the head of the list at once."""
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
    """Following the cursors visits every project once, in order, and the last page has none."""
    for number in range(7):
        create(client, f"p{number}")
        clock.advance(milliseconds=number % 2)  # some share their moment
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
    """A page that holds all that is left leads nowhere: no client loads an empty page."""
    create(client, "a")
    create(client, "b")
    assert client.get("/api/projects?limit=2").json["nextCursor"] is None


def test_a_cursor_opens_no_other_door(client: Client) -> None:
    """A cursor is only a place in one's own list: a stranger with it sees his own projects and nothing else."""
    for project_id in "abc":
        create(client, project_id)
    cursor = client.get("/api/projects?limit=1").json["nextCursor"]
    stranger = Client("somebody-else")
    assert listed(stranger, f"?cursor={cursor}") == []


def test_summaries_show_configs_and_data_without_their_documents(client: Client) -> None:
    """A summary tells versions and sizes; the documents come only with include=dashboardConfig."""
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


def test_a_deleted_config_shows_as_none(client: Client) -> None:
    """After a delete the project has no config to show, in the list with configs as well."""
    create(client, "p", settings={"dashboardConfig": CHARTS})
    client.delete("/api/projects/p/config", if_match='"1"')
    for query in ("", "?include=dashboardConfig"):
        assert client.get("/api/projects" + query).json["projects"][0]["dashboardConfig"] is None


def test_a_page_with_configs_ends_before_it_grows_too_large(client: Client, clock: Clock) -> None:
    """A page of large configs is cut where the answer would outgrow Lambda's 6 MB, and goes on with its cursor."""
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
def test_a_list_query_is_checked(client: Client, query: str, name: str) -> None:
    """A query parameter of the list outside its values is 422 and named."""
    reply = client.get(f"/api/projects?{query}")
    assert (reply.status, reply.code) == (422, "invalid-query")
    assert [error["pointer"] for error in reply.json["errors"]] == [name]


def test_a_patch_changes_what_it_names(client: Client, clock: Clock) -> None:
    """A merge patch changes the members that it names, removes those that it nulls, and is one more version."""
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


def test_a_patch_needs_the_version_that_it_was_made_from(client: Client) -> None:
    """Without a precondition a patch is 428, with a stale one 412 with the project; neither changes anything."""
    create(client, "p")
    client.patch("/api/projects/p", {"name": "First"}, if_match='"1"')
    missing = client.patch("/api/projects/p", {"name": "Second"})
    assert (missing.status, missing.json["currentVersion"]) == (428, 2)
    stale = client.patch("/api/projects/p", {"name": "Second"}, if_match='"1"')
    assert (stale.status, stale.code) == (412, "version-conflict")
    assert stale.json["current"] == client.get("/api/projects/p").json
    assert stale.json["current"]["name"] == "First"


def test_a_patch_that_changes_nothing_is_no_version(client: Client) -> None:
    """A patch whose outcome is what is there already answers it, whatever version it names: it is a retry."""
    create(client, "p")
    first = client.patch("/api/projects/p", {"name": "New"}, if_match='"1"').json
    assert client.patch("/api/projects/p", {"name": "New"}, if_match='"1"').json == first


def test_saves_are_no_conflict_for_a_patch(client: Client) -> None:
    """A project's own version counts changes of its name, description and settings alone."""
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
def test_a_patch_is_checked(client: Client, patch: Any, pointer: str) -> None:
    """A patch that would leave no valid project is 422 with its place, and changes nothing."""
    before = create(client, "p")
    reply = client.patch("/api/projects/p", patch, if_match='"1"')
    assert (reply.status, reply.code) == (422, "invalid-project")
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]
    assert client.get("/api/projects/p").json == before


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_foreign_project_is_an_absent_one(client: Client, method: str) -> None:
    """A stranger's request for a project answers, but for the request's id, like one for no project."""
    create(client, "p")
    stranger = Client("somebody-else")
    body = {"name": "Mine"} if method == "PATCH" else None
    foreign = stranger.request(method, "/api/projects/p", body, if_match='"1"')
    absent = stranger.request(method, "/api/projects/none", body, if_match='"1"')
    assert (foreign.status, foreign.code) == (404, "not-found")
    assert {**foreign.json, "instance": ""} == {**absent.json, "instance": ""}
    assert client.get("/api/projects/p").json["name"] == "P"
