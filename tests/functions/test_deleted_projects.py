"""Deleted projects, and how they come back, over the handlers."""

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client, Reply

from dashboard_store.settings import Settings

PROJECT = "/api/projects/p"
CHARTS: dict[str, Any] = {"chartCustomizations": {"c": {"title": "Revenue"}}}
TABLE: dict[str, Any] = {"fileName": "t.csv", "rawData": [{"a": 1}], "analysis": {"mean": 1}}

ADDRESSES = [
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
def project(client: Client) -> Client:
    """A user with a project that has two versions of its config, a draft, data and an analysis."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"tags": ["t"], "dashboardConfig": CHARTS}})
    client.put(f"{PROJECT}/config", {"chartCustomizations": {"c": {"title": "2"}}}, if_match='"1"')
    client.put(f"{PROJECT}/config?sessionId=s", CHARTS, if_none_match="*")
    client.post(f"{PROJECT}/data", TABLE)
    return client


def send(client: Client, method: str, path: str, project: str = PROJECT) -> Reply:
    return client.request(method, project + path, BODIES.get((method, path)), if_match="*")


def everything(client: Client) -> dict[str, Any]:
    reads = [(method, path) for method, path in ADDRESSES if method == "GET"]
    return {path: send(client, method, path).json for method, path in reads} | {
        "list": client.get("/api/projects").json
    }


def test_a_deleted_project_is_gone_from_every_answer(project: Client) -> None:
    """After its delete every address of a project answers, but for the request's id, like one of no project."""
    assert (project.delete(PROJECT).status, project.get("/api/projects").json["projects"]) == (204, [])
    for method, path in ADDRESSES:
        gone, absent = send(project, method, path), send(project, method, path, "/api/projects/none")
        assert (gone.status, gone.code) == (404, "not-found"), (method, path)
        assert {**gone.json, "instance": ""} == {**absent.json, "instance": ""}


def test_a_restore_brings_all_of_it_back(project: Client, clock: Clock) -> None:
    """A restored project has its settings, config, history, drafts and data as they were, and goes on from there."""
    before = everything(project)
    project.delete(PROJECT)
    clock.advance(days=29)
    restored = project.request("POST", f"{PROJECT}/restore")
    assert (restored.status, restored.json, restored.headers["etag"]) == (200, before[""], '"1"')
    assert everything(project) == before
    assert project.put(f"{PROJECT}/config", CHARTS, if_match='"2"').json["version"] == 3
    assert project.post(f"{PROJECT}/data", {**TABLE, "fileName": "2.csv"}).json["version"] == 2


def test_an_empty_project_comes_back_too(client: Client) -> None:
    """A project without config and data can be deleted and restored, and deleted again."""
    client.post("/api/projects", {"id": "p", "name": "P"})
    before = client.get(PROJECT).json
    for _ in range(2):
        assert client.delete(PROJECT).status == 204
        assert client.request("POST", f"{PROJECT}/restore").json == before


def test_a_repeated_restore_answers_the_project(project: Client) -> None:
    """A restore whose answer was lost can be sent again; one of a project that was never deleted changes nothing."""
    before = everything(project)
    assert project.request("POST", f"{PROJECT}/restore").json == before[""]
    project.delete(PROJECT)
    for _ in range(2):
        assert project.request("POST", f"{PROJECT}/restore").status == 200
    assert everything(project) == before


def test_a_project_cannot_be_restored_for_ever(project: Client, clock: Clock) -> None:
    """30 days after its delete a project is gone for good, whether the database has removed its items yet or not."""
    project.delete(PROJECT)
    clock.advance(days=30, seconds=1)
    assert project.request("POST", f"{PROJECT}/restore").code == "not-found"


def test_a_deleted_project_keeps_its_id(project: Client, clock: Clock, settings: Settings) -> None:
    """The id of a deleted project is taken until nothing is left that was kept under it; then it starts anew."""
    project.delete(PROJECT)
    assert project.post("/api/projects", {"id": "p", "name": "New"}).code == "project-exists"
    clock.advance(days=settings.history_retention_days + 8)
    assert project.post("/api/projects", {"id": "p", "name": "New"}).status == 201
    assert project.get(f"{PROJECT}/config/versions").json["versions"] == []
    assert project.get(f"{PROJECT}/config/versions/1").code == "not-found"
    assert project.get(f"{PROJECT}/config?sessionId=s").json["version"] == 0
    assert project.get(f"{PROJECT}/data").json["version"] == 0


def test_a_restore_brings_back_nothing_older(
    user: str, connect: Callable[[Settings], None], settings: Settings, clock: Clock
) -> None:
    """What an older project under the same id left behind, expired but not yet removed, does not come back."""
    connect(Settings(settings.table_name, history_retention_days=1, session_ttl_days=1))
    client = Client(user)
    client.post("/api/projects", {"id": "p", "name": "Older"})
    client.post(f"{PROJECT}/data", TABLE)
    client.delete(PROJECT)
    clock.advance(days=31)
    client.post("/api/projects", {"id": "p", "name": "New"})
    client.delete(PROJECT)
    assert client.request("POST", f"{PROJECT}/restore").json["name"] == "New"
    assert client.get(f"{PROJECT}/data").json["rawData"] is None


def test_a_delete_may_name_the_version_that_it_means(project: Client) -> None:
    """With If-Match a delete must hold of the project's own version; without one it needs none."""
    project.patch(PROJECT, {"name": "New"}, if_match='"1"')
    stale = project.delete(PROJECT, if_match='"1"')
    assert (stale.status, stale.code, stale.json["current"]["name"]) == (412, "version-conflict", "New")
    assert project.delete(PROJECT, if_match='"2"').status == 204


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("POST", "/restore")])
def test_a_stranger_can_neither_delete_nor_restore(project: Client, method: str, path: str) -> None:
    """A stranger's delete or restore is 404 and changes nothing, deleted or not."""
    stranger = Client("somebody-else")
    assert stranger.request(method, PROJECT + path).code == "not-found"
    assert project.get(PROJECT).status == 200
    project.delete(PROJECT)
    assert stranger.request(method, PROJECT + path).code == "not-found"
    assert project.get(PROJECT).code == "not-found"


def test_a_deleted_project_is_as_it_was_at_that_moment(
    project: Client, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """What was saved just before the delete is in what comes back, whatever settings the deployment has by then."""
    project.put(f"{PROJECT}/config", {"chartCustomizations": {"last": {}}}, if_match='"2"')
    project.delete(PROJECT)
    connect(Settings(settings.table_name, max_config_bytes=10))
    project.request("POST", f"{PROJECT}/restore")
    assert project.get(f"{PROJECT}/config").json["config"] == {"chartCustomizations": {"last": {}}}
