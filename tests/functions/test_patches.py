"""Patches that name the version that they were made from, and repeated saves, from event to response."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client, Reply
from support.storage.clients import Tapped

from dashboard_store.settings import Settings

CONFIG = "/api/projects/p/config"
MERGE = f"{CONFIG}?onConflict=merge&source=autosave"
CUSTOMIZATIONS = "/api/projects/p/data/customizations"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
KEY = "k3y-of-this_save"

BASE: dict[str, Any] = {
    "chartCustomizations": {"a": {"title": "A"}, "b": {"title": "B"}},
    "filters": [{"id": "f1", "values": ["EU"]}, {"id": "f2", "values": ["US"]}],
    "theme": {"id": "light"},
}
# Of the second filter, which is the first one after Bob removed the other.
WIDEN = [{"op": "add", "path": "/filters/1/values/-", "value": "CA"}]


@pytest.fixture
def project(client: Client) -> Client:
    """A client whose project `p` has a config at version 1."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": BASE}})
    return client


def patch(client: Client, operations: Any, base: int | None = 1, url: str = CONFIG, **headers: str) -> Reply:
    named = {} if base is None else {"if_match": f'"{base}"'}
    return client.patch(url, operations, content_type=JSON_PATCH, **named, **headers)


def save(client: Client, changes: dict[str, Any], base: int, url: str = CONFIG, **headers: str) -> Reply:
    reply = client.put(url, {**BASE, **changes}, if_match=f'"{base}"', **headers)
    assert reply.status == 200, reply.json
    return reply


def test_a_json_patch_changes_the_version_that_it_names(project: Client) -> None:
    """A JSON Patch of the newest version is answered like a GET of the result, which is the newest version."""
    reply = patch(project, [{"op": "test", "path": "/theme/id", "value": "light"}, *WIDEN])
    assert (reply.status, reply.headers["etag"], reply.json["version"]) == (200, '"2"', 2)
    assert reply.json["config"]["filters"][1]["values"] == ["US", "CA"]
    assert reply.json == project.get(CONFIG).json


def test_a_patch_that_cannot_be_applied_names_its_operation(project: Client) -> None:
    """A failed test or an absent path is 422 with the index of its operation, and nothing changes."""
    reply = patch(project, [*WIDEN, {"op": "test", "path": "/theme/id", "value": "dark"}])
    assert (reply.status, reply.code) == (422, "invalid-config")
    assert reply.json["errors"] == [{"pointer": "/1", "message": "The test failed: /theme/id has a different value."}]
    assert patch(project, [{"op": "remove", "path": "/x"}]).json["errors"][0]["pointer"] == "/0"
    assert patch(project, [{"op": "add", "path": "/x"}]).json["errors"][0]["pointer"] == "/0/value"
    assert project.get(CONFIG).json["version"] == 1


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "", "value": None},
        {"op": "remove", "path": "/chartCustomizations"},
        {"op": "add", "path": "/charts", "value": {}},
        {"op": "move", "from": "/filters", "path": "/chartCustomizations/c"},
    ],
)
def test_the_result_is_checked_as_a_config(project: Client, operation: Any) -> None:
    """A JSON Patch may only make what a PUT may save."""
    assert patch(project, [operation]).code == "invalid-config"
    assert project.get(CONFIG).json["version"] == 1


def test_a_json_patch_creates_a_config(client: Client) -> None:
    """A config that was never saved, or was deleted, is null to a JSON Patch."""
    client.post("/api/projects", {"id": "p", "name": "P"})
    creation = [{"op": "test", "path": "", "value": None}, {"op": "add", "path": "", "value": BASE}]
    assert patch(client, creation, 0).json["config"] == BASE
    client.delete(CONFIG, if_match='"1"')
    assert patch(client, creation, 2).json["config"] == BASE
    assert patch(client, [{"op": "add", "path": "/theme", "value": {}}], 0).code == "invalid-config"


@pytest.mark.parametrize("is_required", [True, False])
def test_a_json_patch_needs_its_version(
    project: Client, connect: Callable[[Settings], None], settings: Settings, *, is_required: bool
) -> None:
    """A JSON Patch without a version is 428 with the current one, even if the deployment requires no precondition."""
    connect(replace(settings, require_precondition=is_required))
    reply = patch(project, WIDEN, None)
    assert (reply.status, reply.code, reply.json["currentVersion"]) == (428, "precondition-required", 1)
    assert "its paths may mean something else in another version" in reply.json["detail"]
    assert project.get(CONFIG).json["version"] == 1


def test_a_compressed_patch_is_known_by_its_form(project: Client) -> None:
    """Of two bodies sent as gzip, an array is a JSON Patch and an object a merge patch."""
    sent = gzip.compress(json.dumps(WIDEN).encode())
    reply = project.patch(CONFIG, sent, content_type="application/gzip", if_match='"1"')
    assert reply.json["config"]["filters"][1]["values"] == ["US", "CA"]
    sent = gzip.compress(json.dumps({"theme": {"id": "dark"}}).encode())
    assert project.patch(CONFIG, sent, content_type="application/gzip").json["version"] == 3
    assert project.patch(CONFIG, WIDEN, if_match='"3"').json["errors"][0]["message"] == "This must be an object."
    assert patch(project, {"theme": {}}, 3).json["errors"] == [{"pointer": "", "message": "This must be an array."}]


def test_a_stale_patch_means_its_own_version(project: Client) -> None:
    """A stale JSON Patch is applied to the version that it names, and the outcome is merged with later saves."""
    save(project, {"filters": [BASE["filters"][1]], "theme": {"id": "dark"}}, 1)
    reply = patch(project, WIDEN, url=MERGE)
    assert (reply.status, reply.headers["etag"]) == (200, '"3"')
    assert reply.json["config"] == {
        **BASE,
        "filters": [{"id": "f2", "values": ["US", "CA"]}],
        "theme": {"id": "dark"},
    }
    assert reply.json == {**project.get(CONFIG).json, "merged": True}
    newest = project.get(f"{CONFIG}/versions").json["versions"][0]
    assert (newest["merged"], newest["source"]) == (True, "autosave")


def test_a_stale_merge_patch_is_merged(project: Client) -> None:
    """A stale merge patch with onConflict=merge is applied to the version that it names: its arrays merge too."""
    save(project, {"filters": [{"id": "f1", "values": ["EU"]}]}, 1)
    changes = {"filters": [{"id": "f1", "values": ["EU", "CH"]}, BASE["filters"][1]]}
    reply = project.patch(MERGE, changes, if_match='"1"', content_type=MERGE_PATCH)
    assert (reply.json["merged"], reply.json["version"]) == (True, 3)
    assert reply.json["config"]["filters"] == [{"id": "f1", "values": ["EU", "CH"]}]


def test_a_patch_that_is_not_stale_is_not_merged(project: Client) -> None:
    """While the version that it names is the newest, a patch with onConflict=merge is just saved."""
    assert "merged" not in patch(project, WIDEN, url=MERGE).json
    reply = project.patch(MERGE, {"theme": {"id": "dark"}}, if_match='"2"')
    assert (reply.json["version"], "merged" in reply.json) == (3, False)


def test_a_stale_patch_is_refused_without_a_merge(project: Client) -> None:
    """Without onConflict=merge a stale JSON Patch is a conflict with its places, as seen from its own version."""
    save(project, {"filters": [BASE["filters"][1]], "theme": {"id": "dark"}}, 1)
    harmless = patch(project, WIDEN)
    assert (harmless.status, harmless.json["conflicts"], harmless.json["currentVersion"]) == (412, [], 2)
    disputed = patch(project, [{"op": "replace", "path": "/theme/id", "value": "grey"}])
    assert (disputed.json["conflicts"], disputed.json["baseVersion"]) == (["/theme/id"], 1)
    assert patch(project, [{"op": "replace", "path": "/theme/id", "value": "grey"}], url=MERGE).status == 412
    assert patch(project, [{"op": "replace", "path": "/theme/id", "value": "dark"}, WIDEN[0]]).status == 412
    assert project.get(CONFIG).json["version"] == 2


def test_a_stale_patch_must_fit_its_own_version(project: Client) -> None:
    """A patch that cannot be applied to the version that it names is invalid, whatever is newest."""
    save(project, {"theme": {"id": "dark"}}, 1)
    reply = patch(project, [{"op": "test", "path": "/theme/id", "value": "dark"}], url=MERGE)
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "/0")


def test_a_stale_patch_without_its_base_is_a_conflict(project: Client, clock: Clock, settings: Settings) -> None:
    """A patch of a version that history no longer holds, or that never was, is a conflict without places."""
    save(project, {"theme": {"id": "dark"}}, 1)
    clock.advance(days=settings.history_retention_days + 8)
    for base in (1, 9):
        for url in (CONFIG, MERGE):
            reply = patch(project, WIDEN, base, url=url)
            assert (reply.status, "conflicts" in reply.json) == (412, False)


def test_a_merge_that_changes_nothing_makes_no_version(project: Client) -> None:
    """A stale patch whose changes are all there already is answered with the current version."""
    save(project, {"theme": {"id": "dark"}, "extensions": {}}, 1)
    reply = patch(project, [{"op": "replace", "path": "/theme/id", "value": "dark"}], url=MERGE)
    assert (reply.json["version"], reply.json["merged"]) == (2, True)


@pytest.mark.parametrize("changes", [{"filters": []}, {"extensions": {"x": {"y": [1]}}}])
def test_a_merge_patch_with_an_array_needs_a_version(
    project: Client, connect: Callable[[Settings], None], settings: Settings, changes: Any
) -> None:
    """A merge patch with an array but no version could overwrite another save: it is 428, and says why."""
    for headers in ({}, {"if_none_match": '"7"'}):
        reply = project.patch(CONFIG, changes, content_type=MERGE_PATCH, **headers)
        assert (reply.status, reply.code, reply.json["currentVersion"]) == (428, "precondition-required", 1)
        assert "a merge patch replaces an array as a whole" in reply.json["detail"]
    assert project.patch(CONFIG, changes, if_none_match="*").status == 412
    assert project.patch(CONFIG, changes, if_match='"1"').json["version"] == 2
    project.put(CONFIG, BASE, if_match='"2"')
    assert project.patch(CONFIG, changes, if_match="*").json["version"] == 4
    project.put(CONFIG, BASE, if_match='"4"')
    connect(replace(settings, require_precondition=False))
    assert project.patch(CONFIG, changes).json["version"] == 6


@pytest.mark.parametrize("key", ["", "short12", "x" * 65, "with space", "ümläut-key", "a,b,c,d,e"])
def test_a_key_has_a_form(project: Client, key: str) -> None:
    """A key is 8 to 64 letters, digits, _ and -; any other is refused by the name of its header on every save."""
    replies = [
        project.put(CONFIG, BASE, if_match='"1"', idempotency_key=key),
        project.patch(CONFIG, {"theme": None}, idempotency_key=key),
        project.delete(CONFIG, if_match='"1"', idempotency_key=key),
        project.request("POST", f"{CONFIG}/versions/1/restore", if_match='"1"', idempotency_key=key),
        project.request("POST", f"{CONFIG}/versions/1/undo", idempotency_key=key),
        project.put(CUSTOMIZATIONS, {"chartCustomizations": {}}, if_match='"1"', idempotency_key=key),
    ]
    for reply in replies:
        assert (reply.status, reply.code) == (400, "invalid-precondition")
        assert reply.json["errors"][0]["pointer"] == "Idempotency-Key"
    assert project.get(CONFIG).json["version"] == 1


@pytest.mark.parametrize("key", ["12345678", "x" * 64, "Az09_-Az"])
def test_a_key_changes_nothing_about_a_first_save(project: Client, key: str) -> None:
    """A save with a key is answered like one without, and no response shows the key."""
    reply = save(project, {"theme": None}, 1, idempotency_key=key)
    assert set(reply.json) == {"success", "version", "updatedAt"}
    for url in (CONFIG, f"{CONFIG}/versions", f"{CONFIG}/versions/2", "/api/projects", "/api/projects/p"):
        assert key not in json.dumps(project.get(url).json)
    conflict = project.put(CONFIG, {**BASE, "theme": "x"}, if_match='"1"')
    assert (conflict.status, key in json.dumps(conflict.json)) == (412, False)


# Each request that saves version 2 on version 1.
SAVES: dict[str, Callable[[Client, str], Reply]] = {
    "PUT": lambda client, session: client.put(
        CONFIG + session, {"chartCustomizations": {}}, if_match='"1"', idempotency_key=KEY
    ),
    "PUT with a merge": lambda client, session: client.put(
        f"{CONFIG}{session}{'&' if session else '?'}onConflict=merge",
        {"chartCustomizations": {}},
        if_match='"1"',
        idempotency_key=KEY,
    ),
    "JSON Patch": lambda client, session: patch(
        client, [{"op": "remove", "path": "/chartCustomizations/a"}], url=CONFIG + session, idempotency_key=KEY
    ),
    "merge patch": lambda client, session: client.patch(
        CONFIG + session, {"chartCustomizations": {"a": None}}, if_match='"1"', idempotency_key=KEY
    ),
    "DELETE": lambda client, session: client.delete(CONFIG + session, if_match='"1"', idempotency_key=KEY),
    "customizations": lambda client, session: client.put(
        CUSTOMIZATIONS + session, {"chartCustomizations": {}}, if_match='"1"', idempotency_key=KEY
    ),
}


@pytest.mark.parametrize("session", ["", "?sessionId=draft"])
@pytest.mark.parametrize("name", SAVES)
def test_a_repetition_never_undoes_what_came_between(project: Client, name: str, session: str) -> None:
    """Alice's save took effect, Bob reverted it, Alice repeats it: the response says so, and the revert stands."""
    if session:
        project.put(CONFIG + session, BASE, if_none_match="*")
    first = SAVES[name](project, session)
    assert first.headers["etag"] == '"2"'
    save(project, {"extensions": {"bob": True}}, 2, CONFIG + session)
    before = project.get(CONFIG + session).json
    again = SAVES[name](project, session)
    assert (again.status, again.headers["etag"]) == (first.status, '"2"')
    assert again.headers.get("last-modified") == first.headers.get("last-modified")
    if name != "DELETE":
        assert again.json == {**first.json, "replayed": True, "currentVersion": 3}
    assert project.get(CONFIG + session).json == before


def test_a_repeated_restore_is_answered_with_its_version(project: Client) -> None:
    """A restore that was reverted is not made again."""
    save(project, {"theme": {"id": "dark"}}, 1)
    url = f"{CONFIG}/versions/1/restore"
    first = project.request("POST", url, if_match='"2"', idempotency_key=KEY)
    save(project, {"theme": {"id": "dark"}}, 3)
    again = project.request("POST", url, if_match='"2"', idempotency_key=KEY)
    assert again.json == {**first.json, "replayed": True, "currentVersion": 4}


@pytest.mark.parametrize("session", ["", "&sessionId=draft"])
def test_the_repetition_of_a_merged_save_has_its_config(project: Client, session: str) -> None:
    """A merged save is repeated with its merged config, by PUT and by PATCH alike."""
    plain = CONFIG + session.replace("&", "?")
    if session:
        project.put(plain, BASE, if_none_match="*")
    save(project, {"theme": {"id": "dark"}}, 1, plain)

    def put() -> Reply:
        changed = {**BASE, "extensions": {"x": 1}}
        return project.put(MERGE + session, changed, if_match='"1"', idempotency_key="of-the-put")

    def patched() -> Reply:
        return patch(project, WIDEN, url=MERGE + session, idempotency_key="of-the-patch")

    first = put(), patched()
    save(project, {"theme": {"id": "dark"}}, 4, plain)
    again = put(), patched()
    assert [reply.json["version"] for reply in again] == [3, 4]
    for one, other in zip(first, again, strict=True):
        assert one.json["merged"]
        assert other.json == {**one.json, "replayed": True, "currentVersion": 5}
        assert other.headers["etag"] == one.headers["etag"]


def test_after_25_versions_a_repetition_is_a_new_save(project: Client) -> None:
    """A repetition that comes after 25 versions is refused, or merged if the client asks for that, as without a key."""

    def repeat(url: str) -> Reply:
        return project.put(url, {**BASE, "theme": {"id": "mine"}}, if_match='"1"', idempotency_key=KEY)

    # The save that took effect only later, as the 26th version after its base.
    for version in range(1, 26):
        save(project, {"extensions": {"n": version}}, version)
    made = project.put(CONFIG, {**BASE, "theme": {"id": "mine"}}, if_match='"26"', idempotency_key=KEY)
    assert made.json["version"] == 27
    save(project, {"extensions": {"n": 27}}, 27)
    assert repeat(CONFIG).status == 412
    merged = repeat(MERGE)
    assert (merged.json["merged"], merged.json["version"], "replayed" in merged.json) == (True, 29, False)


def test_a_repetition_writes_nothing(project: Client, database: Tapped) -> None:
    """A repetition changes no item, and asks the index once."""
    SAVES["PUT"](project, "")
    save(project, {"extensions": {"bob": True}}, 2)
    with database.recorded() as calls:
        assert SAVES["PUT"](project, "").json["replayed"]
    assert [name for name, _ in calls] == ["TransactWriteItems", "Query"]
    assert calls[1][1]["IndexName"] == "listing"
