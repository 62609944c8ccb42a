"""Deleted and restored projects through the handlers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client, Reply, handler_module
from support.storage.clients import Tapped
from support.storage.model import written
from support.storage.stream import Stream

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.settings import Settings

PROJECT = "/api/projects/p"
CHARTS: dict[str, Any] = {"chartCustomizations": {"c": {"title": "Revenue"}}}
TABLE: dict[str, Any] = {"fileName": "t.csv", "rawData": [{"a": 1}], "analysis": {"mean": 1}}

PATHS = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/config"),
    ("PUT", "/config"),
    ("PATCH", "/config"),
    ("DELETE", "/config"),
    ("GET", "/config?sessionId=s"),
    ("PUT", "/config?sessionId=s"),
    ("GET", "/config/versions"),
    ("GET", "/config/versions/1"),
    ("GET", "/config/versions/1/diff/2"),
    ("POST", "/config/versions/1/restore"),
    ("POST", "/config/versions/1/undo"),
    ("GET", "/config/versions?sessionId=s"),
    ("GET", "/config/versions/1?sessionId=s"),
    ("GET", "/data"),
    ("POST", "/data"),
    ("PUT", "/data/analysis"),
    ("PUT", "/data/customizations"),
]
BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", ""): {"name": "N"},
    ("PUT", "/config"): CHARTS,
    ("PATCH", "/config"): CHARTS,
    ("PUT", "/config?sessionId=s"): CHARTS,
    ("POST", "/data"): TABLE,
    ("PUT", "/data/analysis"): {"analysis": {}},
    ("PUT", "/data/customizations"): CHARTS,
}


@pytest.fixture
def full_project(client: Client) -> Client:
    """A user with a project that has two versions of its config, a draft, data and an analysis."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"tags": ["t"], "dashboardConfig": CHARTS}})
    client.put(f"{PROJECT}/config", {"chartCustomizations": {"c": {"title": "2"}}}, if_match='"1"')
    client.put(f"{PROJECT}/config?sessionId=s", CHARTS, if_none_match="*")
    client.post(f"{PROJECT}/data", TABLE)
    return client


def send(client: Client, method: str, path: str, project: str = PROJECT) -> Reply:
    return client.request(method, project + path, BODIES.get((method, path)), if_match="*")


def everything(client: Client) -> dict[str, Any]:
    reads = [(method, path) for method, path in PATHS if method == "GET"]
    return {path: send(client, method, path).json for method, path in reads} | {
        "list": client.get("/api/projects").json
    }


def test_a_deleted_project_is_absent_everywhere(full_project: Client) -> None:
    """Every URL of a deleted project is answered like one of a nonexistent project, except for the request's id."""
    assert (full_project.delete(PROJECT).status, full_project.get("/api/projects").json["projects"]) == (204, [])
    for method, path in PATHS:
        gone, absent = send(full_project, method, path), send(full_project, method, path, "/api/projects/none")
        assert (gone.status, gone.code) == (404, "not-found"), (method, path)
        assert gone.problem == absent.problem


def test_a_restore_brings_everything_back(full_project: Client, clock: Clock) -> None:
    """A restored project has its settings, config, history, drafts and data as before, and continues from there."""
    before = everything(full_project)
    full_project.delete(PROJECT)
    clock.advance(days=29)
    restored = full_project.request("POST", f"{PROJECT}/restore")
    assert (restored.status, restored.json, restored.headers["etag"]) == (200, before[""], '"1"')
    assert everything(full_project) == before
    assert full_project.put(f"{PROJECT}/config", CHARTS, if_match='"2"').json["version"] == 3
    assert full_project.post(f"{PROJECT}/data", {**TABLE, "fileName": "2.csv"}).json["version"] == 2


def test_an_empty_project_can_be_restored(project: Client) -> None:
    """A project without config and data can be deleted and restored, and deleted again."""
    before = project.get(PROJECT).json
    for _ in range(2):
        assert project.delete(PROJECT).status == 204
        assert project.request("POST", f"{PROJECT}/restore").json == before


def test_a_repeated_restore_returns_the_project(full_project: Client) -> None:
    """A restore whose response was lost can be repeated; one of a project that is not deleted changes nothing."""
    before = everything(full_project)
    assert full_project.request("POST", f"{PROJECT}/restore").json == before[""]
    full_project.delete(PROJECT)
    for _ in range(2):
        assert full_project.request("POST", f"{PROJECT}/restore").status == 200
    assert everything(full_project) == before


def test_a_project_cannot_be_restored_after_30_days(full_project: Client, clock: Clock) -> None:
    """30 days after its delete a project is gone for good, even if the database has not removed its items yet."""
    full_project.delete(PROJECT)
    clock.advance(days=30, seconds=1)
    assert full_project.request("POST", f"{PROJECT}/restore").code == "not-found"


def test_a_deleted_project_keeps_its_id(full_project: Client, database: Tapped, clock: Clock) -> None:
    """The id of a deleted project is taken until the project is purged; then it is free, and nothing of it is left."""
    full_project.delete(PROJECT)
    clock.advance(days=200)
    assert full_project.post("/api/projects", {"id": "p", "name": "New"}).code == "project-exists"
    with Stream(database, clock).following() as stream:
        stream.expire(keys.deleted(keys.config(ProjectAddress(full_project.user, "p").config())))
        stream.deliver(handler_module("ProjectsFunction").app.store)
    assert full_project.post("/api/projects", {"id": "p", "name": "New"}).status == 201
    assert full_project.get(f"{PROJECT}/config/versions").json["versions"] == []
    assert full_project.get(f"{PROJECT}/config/versions/1").code == "not-found"
    assert full_project.get(f"{PROJECT}/config?sessionId=s").json["version"] == 0
    assert full_project.get(f"{PROJECT}/data").json["version"] == 0


def test_a_restore_brings_back_nothing_older(
    user: str, connect: Callable[[Settings], None], settings: Settings, database: Tapped, clock: Clock
) -> None:
    """A restore brings back no expired items of an older project with the same id that are not removed yet."""
    connect(Settings(settings.table_name, history_retention_days=1, session_ttl_days=1))
    client = Client(user)
    client.post("/api/projects", {"id": "p", "name": "Older"})
    client.post(f"{PROJECT}/data", TABLE)
    client.delete(PROJECT)
    clock.advance(days=31)
    with Stream(database, clock).following() as stream:
        stream.expire(keys.deleted(keys.project(ProjectAddress(user, "p"))))
    assert client.post("/api/projects", {"id": "p", "name": "New"}).status == 201
    client.delete(PROJECT)
    assert client.request("POST", f"{PROJECT}/restore").json["name"] == "New"
    assert client.get(f"{PROJECT}/data").json["rawData"] is None


def test_a_delete_may_have_a_precondition(full_project: Client) -> None:
    """A delete needs no precondition; an If-Match must name the project's own version."""
    full_project.patch(PROJECT, {"name": "New"}, if_match='"1"')
    stale = full_project.delete(PROJECT, if_match='"1"')
    assert (stale.status, stale.code, stale.json["current"]["name"]) == (412, "version-conflict", "New")
    assert full_project.delete(PROJECT, if_match='"2"').status == 204


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/restore")])
def test_another_user_can_neither_delete_nor_restore(full_project: Client, method: str, path: str) -> None:
    """Another user's delete or restore is 404 and changes nothing, whether the project is deleted or not."""
    stranger = Client("another-user")
    assert stranger.request(method, PROJECT + path).code == "not-found"
    assert full_project.get(PROJECT).status == 200
    full_project.delete(PROJECT)
    assert stranger.request(method, PROJECT + path).code == "not-found"
    assert full_project.get(PROJECT).code == "not-found"


def test_a_restore_includes_the_last_save(
    full_project: Client, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """A restore brings back the last save before the delete, whatever the deployment's settings are by then."""
    full_project.put(f"{PROJECT}/config", {"chartCustomizations": {"last": {}}}, if_match='"2"')
    full_project.delete(PROJECT)
    connect(Settings(settings.table_name, max_config_bytes=10))
    full_project.request("POST", f"{PROJECT}/restore")
    assert full_project.get(f"{PROJECT}/config").json["config"] == {"chartCustomizations": {"last": {}}}


# -- the list of deleted projects -------------------------------------------------------------------------------------

DELETED = "/api/projects?scope=deleted"


def deleted(client: Client) -> list[str]:
    return [project["id"] for project in client.get(DELETED).json["projects"]]


def test_deleted_projects_are_listed_until_they_are_restored(full_project: Client, clock: Clock) -> None:
    """The list shows a deleted project as it was, since when and for how long, and no other; a restore ends that."""
    full_project.post("/api/projects", {"id": "kept", "name": "Kept"})
    before = next(each for each in full_project.get("/api/projects").json["projects"] if each["id"] == "p")
    clock.moment = clock.moment.replace(microsecond=500_000)
    full_project.delete(PROJECT)
    until = (clock.moment + timedelta(days=30)).replace(microsecond=0)
    times = {"deletedAt": written(clock()), "restorableUntil": written(until)}
    assert full_project.get(DELETED).json == {"projects": [{**before, **times}], "nextCursor": None}
    assert Client("another-user").get(DELETED).json["projects"] == []
    full_project.request("POST", f"{PROJECT}/restore")
    assert deleted(full_project) == []
    assert before in full_project.get("/api/projects").json["projects"]


def test_pages_of_deleted_projects_hold_each_once(client: Client, clock: Clock) -> None:
    """Following the cursors visits every deleted project once, the last deleted first; an exact page is the last."""
    for number in range(5):
        client.post("/api/projects", {"id": f"p{number}", "name": "P"})
    for number in (3, 0, 4, 1, 2):
        clock.advance(seconds=1)
        client.delete(f"/api/projects/p{number}")
    visited, cursor = [], ""
    while True:
        page = client.get(f"{DELETED}&limit=2{cursor}").json
        visited.append([project["id"] for project in page["projects"]])
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert visited == [["p2", "p1"], ["p4", "p0"], ["p3"]]
    assert client.get(f"{DELETED}&limit=5").json["nextCursor"] is None
    assert client.get(f"{DELETED}&cursor=x").code == "invalid-query"


def test_what_cannot_be_restored_is_not_listed(client: Client, clock: Clock) -> None:
    """The list ends with what can be restored to the second, and has nothing that was deleted permanently."""
    clock.moment = clock.moment.replace(microsecond=0)
    for name in ("old", "new", "gone", "gone-later"):
        client.post("/api/projects", {"id": name, "name": "P"})
    client.delete("/api/projects/old")
    clock.advance(seconds=1)
    client.delete("/api/projects/new")
    client.delete("/api/projects/gone?permanently=true")
    client.delete("/api/projects/gone-later")
    client.delete("/api/projects/gone-later?permanently=true")
    assert deleted(client) == ["new", "old"]
    clock.advance(days=30, seconds=-1)
    assert client.request("POST", "/api/projects/old/restore").code == "not-found"
    assert deleted(client) == ["new"]
    clock.advance(seconds=1)
    assert deleted(client) == []
