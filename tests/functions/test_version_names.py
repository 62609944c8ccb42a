"""Names of versions through the handlers."""

from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client

from dashboard_store.settings import Settings

PROJECT = "/api/projects/p"
CONFIG = f"{PROJECT}/config"
VERSIONS = f"{CONFIG}/versions"


def charts(number: int) -> dict[str, Any]:
    return {"chartCustomizations": {"c": {"n": number}}}


@pytest.fixture
def saved(project: Client) -> Client:
    """The project with two versions of its config."""
    for version in range(2):
        project.put(CONFIG, charts(version), if_match=f'"{version}"')
    return project


def names(client: Client, query: str = "") -> dict[int, str | None]:
    return {each["version"]: each.get("name") for each in client.get(VERSIONS + query).json["versions"]}


def test_a_name_changes_nothing_but_history(saved: Client) -> None:
    """The answer is what history shows; config, versions, entity tags and the project stay as they are."""
    paths = (PROJECT, CONFIG, f"{VERSIONS}/1", f"{VERSIONS}/2")
    before = [(reply.body, reply.headers["etag"]) for reply in map(saved.get, paths)]
    for version in (1, 2):
        reply = saved.patch(f"{VERSIONS}/{version}", {"name": "Before the review"})
        assert reply.status == 200
        assert reply.json in saved.get(VERSIONS).json["versions"]
    assert names(saved) == {2: "Before the review", 1: "Before the review"}
    assert [(reply.body, reply.headers["etag"]) for reply in map(saved.get, paths)] == before
    assert saved.put(CONFIG, charts(2), if_match='"2"').json["version"] == 3


def test_a_draft_has_names_of_its_own(saved: Client) -> None:
    """Naming a version of a draft names none of the config, and the other way round."""
    draft = "?sessionId=s"
    saved.put(CONFIG + draft, charts(0), if_none_match="*")
    saved.patch(f"{VERSIONS}/1{draft}", {"name": "Draft"})
    saved.patch(f"{VERSIONS}/2", {"name": "Config"})
    assert (names(saved, draft), names(saved)) == ({1: "Draft"}, {2: "Config", 1: None})


def test_a_name_keeps_no_version(saved: Client, clock: Clock, settings: Settings) -> None:
    """A version with a name expires like any other, and its name can then be neither read nor given."""
    saved.patch(f"{VERSIONS}/1", {"name": "Old"})
    clock.advance(days=settings.history_retention_days + 8)
    assert names(saved) == {2: None}
    assert saved.patch(f"{VERSIONS}/1", {"name": "Old"}).code == "not-found"
    assert saved.patch(f"{VERSIONS}/2", {"name": "New"}).status == 200
    assert names(saved) == {2: "New"}


def test_a_name_of_a_removed_version_is_removed(saved: Client) -> None:
    """Removing a version's content removes its name, which may say what was in it."""
    saved.patch(f"{VERSIONS}/1", {"name": "Secret"})
    assert saved.delete(f"{VERSIONS}/1").status == 204
    assert "Secret" not in saved.get(VERSIONS).body.decode()
