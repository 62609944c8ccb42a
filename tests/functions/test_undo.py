"""Undoing one version through the handlers, from event to response."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client, Reply
from support.storage.clients import Answer, Call, Request, Tapped

from dashboard_store.documents import merge
from dashboard_store.repository.configs import REPEATABLE
from dashboard_store.settings import Settings

CONFIG = "/api/projects/p/config"
VERSIONS = f"{CONFIG}/versions"
KEY = "undo-of-version-2"


def config(**charts: Any) -> dict[str, Any]:
    return {"chartCustomizations": charts}


ONE = config(a={"title": "one"}, b={"title": "B"})
TWO = config(a={"title": "two"}, b={"title": "B"})
THREE = config(a={"title": "two"}, b={"title": "B"}, c={"title": "C"})


@pytest.fixture
def edited(project: Client) -> Client:
    """The project with three versions: 2 changed the title of a chart, 3 added another one."""
    for version, document in enumerate((ONE, TWO, THREE)):
        save(project, document, version)
    return project


def save(client: Client, document: Any, version: int, query: str = "") -> None:
    reply = client.put(CONFIG + query, document, if_match=f'"{version}"')
    assert (reply.status, reply.json["version"]) == (200, version + 1)


def undo(client: Client, version: int, query: str = "", **headers: str) -> Reply:
    return client.request("POST", f"{VERSIONS}/{version}/undo{query}", **headers)


def newest(client: Client, query: str = "") -> Any:
    return client.get(VERSIONS + query).json["versions"][0]


def test_an_undo_keeps_what_came_after(edited: Client) -> None:
    """What the version changed is taken back and what came after stays; the answer is that of a merge."""
    reply = undo(edited, 2, "?message=too%20loud&source=ai")
    joined = config(a={"title": "one"}, b={"title": "B"}, c={"title": "C"})
    updated_at = newest(edited)["updatedAt"]
    assert (reply.status, reply.headers["etag"]) == (200, '"4"')
    assert reply.json == {"success": True, "version": 4, "updatedAt": updated_at, "merged": True, "config": joined}
    assert edited.get(CONFIG).json["config"] == joined
    about = {"version": 4, "undoOf": 2, "merged": True, "message": "too loud", "source": "ai"}
    assert {name: newest(edited)[name] for name in about} == about
    assert "forced" not in newest(edited)


def test_the_newest_version_is_undone_exactly(project: Client) -> None:
    """While the version is the newest, the version before it is back, with the order of its members."""
    save(project, config(z={}, a={}, m={}), 0)
    save(project, config(a={}), 1)
    assert undo(project, 2).json["version"] == 3
    assert list(project.get(CONFIG).json["config"]["chartCustomizations"]) == ["z", "a", "m"]


def test_an_undone_delete_brings_the_config_back(edited: Client) -> None:
    """The undo of a delete brings the deleted config back, though a save cannot be merged with a delete."""
    edited.delete(CONFIG, if_match='"3"')
    assert undo(edited, 4).json["config"] == THREE
    edited.delete(CONFIG, if_match='"5"')
    # What came after version 4 came to nothing: the config is as version 4 left it.
    assert undo(edited, 4).json["config"] == THREE


def test_an_undone_first_version_leaves_no_config(project: Client) -> None:
    """While version 1 is the newest, its undo leaves no config, as before it; the undo of that brings it back."""
    save(project, ONE, 0)
    reply = undo(project, 1)
    assert (reply.json["version"], reply.json["config"]) == (2, None)
    assert project.get(CONFIG).json["config"] is None
    assert newest(project)["deleted"]
    assert undo(project, 1).json["version"] == 2
    assert undo(project, 2).json["config"] == ONE


def test_a_changed_first_version_is_a_conflict_at_the_root(edited: Client) -> None:
    """Version 1 cannot be undone with later changes: they would be deleted with it."""
    reply = undo(edited, 1)
    assert (reply.status, reply.code, reply.json["conflicts"]) == (412, "version-conflict", [""])
    assert newest(edited)["version"] == 3


def test_an_undo_never_decides_between_two_edits(edited: Client) -> None:
    """What was changed again since is a conflict with its places, and nothing is written."""
    save(edited, config(a={"title": "three"}), 3)
    reply = undo(edited, 2)
    assert (reply.status, reply.code) == (412, "version-conflict")
    assert reply.json["conflicts"] == ["/chartCustomizations/a/title"]
    assert (reply.json["baseVersion"], reply.json["currentVersion"]) == (2, 4)
    assert reply.json["current"] == edited.get(CONFIG).json["config"]
    assert newest(edited)["version"] == 4


def test_an_edit_of_a_deleted_config_cannot_be_undone(edited: Client) -> None:
    """The undo of an edit does not bring back a config that was deleted since."""
    edited.delete(CONFIG, if_match='"3"')
    assert undo(edited, 2).json["conflicts"] == [""]


def test_undone_again_nothing_changes(edited: Client) -> None:
    """A version that is undone already is answered with the newest version, and nothing is written."""
    first = undo(edited, 2)
    again = undo(edited, 2)
    assert (again.status, again.json) == (200, first.json)
    assert newest(edited)["version"] == 4


def test_an_undo_can_be_undone(edited: Client) -> None:
    """The undo of an undo applies the change again, and so on; what came after stays each time."""
    undo(edited, 2)
    save(edited, {**edited.get(CONFIG).json["config"], "theme": "dark"}, 4)
    assert undo(edited, 4).json["config"] == {**THREE, "theme": "dark"}
    assert newest(edited)["undoOf"] == 4
    assert undo(edited, 6).json["config"]["chartCustomizations"]["a"] == {"title": "one"}


@pytest.mark.parametrize("version", ["0", "4", "01", "one", "9999999999999"])
def test_an_absent_version_cannot_be_undone(edited: Client, version: str) -> None:
    """A version that does not exist, or is no number, is 404."""
    assert edited.request("POST", f"{VERSIONS}/{version}/undo").code == "not-found"


def test_an_undo_needs_the_version_before(project: Client, clock: Clock, settings: Settings) -> None:
    """The undo of a version is 404 once history no longer holds the version before it, even of the newest."""
    save(project, ONE, 0)
    clock.advance(days=8)
    save(project, TWO, 1)
    clock.advance(days=settings.history_retention_days - 1)
    assert undo(project, 2, if_match='"1"').code == "version-conflict"
    clock.advance(days=30)
    assert (undo(project, 2).code, undo(project, 1).code) == ("not-found", "not-found")
    assert newest(project)["version"] == 2


def test_a_stale_precondition_stops_an_undo(edited: Client) -> None:
    """With a version that is not the newest, an undo is 412, with what else is in its way; without one it is made."""
    reply = undo(edited, 2, if_match='"2"')
    assert (reply.code, reply.json["conflicts"], reply.json["currentVersion"]) == ("version-conflict", [], 3)
    assert undo(edited, 1, if_match='"2"').json["conflicts"] == [""]
    assert undo(edited, 2, if_match='"3"').json["version"] == 4
    # It is done, so its repetition with the same precondition is no conflict.
    assert undo(edited, 2, if_match='"3"').json["version"] == 4


@pytest.mark.parametrize("header", [{}, {"if_match": '"3"'}])
def test_a_repeated_undo_never_undoes_what_came_between(edited: Client, header: dict[str, str]) -> None:
    """An undo that took effect is answered with its version and config; what others did since stands."""
    first = undo(edited, 2, **header, idempotency_key=KEY)
    for version in range(4, 3 + REPEATABLE):
        save(edited, {**THREE, "theme": f"theme {version}"}, version)
    before = edited.get(CONFIG).json
    again = undo(edited, 2, **header, idempotency_key=KEY)
    assert again.json == {**first.json, "replayed": True, "currentVersion": before["version"]}
    assert again.headers["etag"] == '"4"'
    assert edited.get(CONFIG).json == before


def test_an_old_version_is_undone_once_per_key(edited: Client) -> None:
    """A repetition is found among the newest versions, however old the undone one is."""
    for version in range(3, 4 + REPEATABLE):
        save(edited, {**THREE, "theme": f"theme {version}"}, version)
    first = undo(edited, 2, idempotency_key=KEY)
    undo(edited, first.json["version"])
    again = undo(edited, 2, idempotency_key=KEY)
    assert again.json == {**first.json, "replayed": True, "currentVersion": first.json["version"] + 1}


def test_an_undo_is_checked_against_the_limits(project: Client) -> None:
    """If the outcome of an undo exceeds a limit, it is refused like a save of it, and nothing is written."""
    save(project, config(before={"note": "x" * 150_000}), 0)
    save(project, config(), 1)
    save(project, config(after={"note": "x" * 150_000}), 2)
    reply = undo(project, 2)
    assert (reply.status, reply.code) == (413, "config-too-large")
    assert newest(project)["version"] == 3


def test_a_version_over_a_lower_limit_is_back(
    project: Client, settings: Settings, connect: Callable[[Settings], None]
) -> None:
    """A version that is brought back as it was needs no check: it was accepted when it was saved, as for a restore."""
    save(project, config(note={"text": "x" * 20_000}), 0)
    save(project, config(), 1)
    connect(replace(settings, max_config_bytes=10_000))
    assert undo(project, 2).json["version"] == 3


def test_a_draft_is_undone_alone(edited: Client) -> None:
    """An undo with a session takes back a version of its draft, and the config stays."""
    query = "?sessionId=s1"
    save(edited, ONE, 0, query)
    save(edited, TWO, 1, query)
    assert undo(edited, 2, query).json["config"] == ONE
    assert newest(edited, query)["undoOf"] == 2
    assert undo(edited, 2, "?sessionId=s2").code == "not-found"
    assert newest(edited)["version"] == 3


def test_a_purged_project_has_nothing_to_undo(edited: Client) -> None:
    """In a deleted project, and in a new one under its id, the old versions cannot be undone."""
    edited.request("DELETE", "/api/projects/p?permanently=true")
    assert undo(edited, 2).code == "not-found"


# -- what a merge moved -----------------------------------------------------------------------------------------------


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What each merge reports to have moved down."""
    pointers: list[str] = []
    real = merge.merge

    def merging(base: Any, theirs: Any, mine: Any) -> merge.Merged:
        return replace(real(base, theirs, mine), adjusted=pointers)

    monkeypatch.setattr("dashboard_store.repository.branches.merge", merging)
    return pointers


MERGES: dict[str, Callable[[Client], Reply]] = {
    "PUT": lambda client: client.put(f"{CONFIG}?onConflict=merge", {**ONE, "theme": "x"}, if_match='"1"'),
    "PATCH": lambda client: client.patch(
        f"{CONFIG}?onConflict=merge", {"theme": "x"}, if_match='"1"', content_type="application/merge-patch+json"
    ),
    "undo": lambda client: undo(client, 2),
}


@pytest.mark.parametrize("name", MERGES)
def test_a_merged_save_names_what_it_moved(edited: Client, moved: list[str], name: str) -> None:
    """The response to a merged save lists what the merge moved down, and has no such member if it moved nothing."""
    moved.append("/chartCustomizations/a")
    assert MERGES[name](edited).json["adjusted"] == ["/chartCustomizations/a"]
    assert "adjusted" not in MERGES[name](edited).json


def test_the_list_of_moved_placements_is_bounded(edited: Client, moved: list[str]) -> None:
    """The list ends after 100 placements, and then says how many there are."""
    moved += [f"/chartCustomizations/{number}" for number in range(101)]
    reply = undo(edited, 2).json
    assert (reply["adjusted"], reply["truncated"], reply["adjustedCount"]) == (moved[:100], True, 101)


def test_a_repetition_does_not_know_what_was_moved(edited: Client, moved: list[str]) -> None:
    """What a merge moved is not kept, so the response to a repetition has no such list."""
    moved.append("/chartCustomizations/a")
    assert undo(edited, 2, idempotency_key=KEY).json["adjusted"]
    save(edited, THREE, 4)
    again = undo(edited, 2, idempotency_key=KEY).json
    assert (again["replayed"], "adjusted" in again) == (True, False)


# -- races ------------------------------------------------------------------------------------------------------------

type Overtaken = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def overtaken(edited: Client, database: Tapped) -> Overtaken:
    """Let version 4 be saved between the next read and the write that follows it."""
    faster = iter([{**THREE, "theme": "dark"}])

    def late(proceed: Call, operation: str, request: Request) -> Answer:
        document = next(faster, None) if operation == "TransactWriteItems" else None
        if document:
            save(edited, document, 3)
        return proceed(operation, request)

    return lambda: database.tapped(late)


def test_an_undo_that_was_overtaken_keeps_the_faster_save(edited: Client, overtaken: Overtaken) -> None:
    """A save between the undo's read and its write stays, because the undo is made again on it."""
    with overtaken():
        reply = undo(edited, 2)
    kept = config(a={"title": "one"}, b={"title": "B"}, c={"title": "C"})
    assert (reply.json["version"], reply.json["config"]) == (5, {**kept, "theme": "dark"})


def test_an_undo_that_was_overtaken_checks_its_precondition(edited: Client, overtaken: Overtaken) -> None:
    """A save between the read and the write of an undo that names a version makes it a conflict."""
    with overtaken():
        assert undo(edited, 2, if_match='"3"').code == "version-conflict"
    assert newest(edited)["version"] == 4
