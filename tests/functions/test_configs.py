"""Configs through the handlers, from event to response."""

import gzip
import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client, Reply
from support.storage.clients import Tapped, items_of
from support.storage.model import written

from dashboard_store.settings import Settings

CONFIG = "/api/projects/p/config"
CHARTS: dict[str, Any] = {"chartCustomizations": {"c": {"title": "Revenue"}}}


def config_with(value: Any) -> dict[str, Any]:
    return {"chartCustomizations": {"c": {"value": value}}}


def save(client: Client, document: Any, version: int = 0, query: str = "") -> Reply:
    reply = client.put(CONFIG + query, document, if_match=f'"{version}"')
    assert reply.status == 200, reply.json
    return reply


def test_an_unsaved_config_is_at_version_0(project: Client) -> None:
    """Before the first save a config is null at version 0, without a date."""
    reply = project.get(CONFIG)
    assert reply.json == {"config": None, "version": 0, "updatedAt": None}
    assert reply.headers["etag"] == '"0"'
    assert "last-modified" not in reply.headers


def test_a_saved_config_is_loaded(project: Client, clock: Clock) -> None:
    """A save returns its version, and a load returns the same config, version and time."""
    saved = save(project, CHARTS)
    updated_at = written(clock())
    assert saved.json == {"success": True, "version": 1, "updatedAt": updated_at}
    loaded = project.get(CONFIG)
    assert loaded.json == {"config": CHARTS, "version": 1, "updatedAt": updated_at}
    assert loaded.headers["etag"] == '"1"'
    assert loaded.headers["last-modified"].endswith("GMT")


@pytest.mark.parametrize("tags", ['"1"', 'W/"1"', '"0", "1"', "*"])
def test_a_reader_with_the_current_version_gets_304(project: Client, tags: str) -> None:
    """A load that names the current version is a 304 without a body, with the same entity tag."""
    save(project, CHARTS)
    reply = project.get(CONFIG, if_none_match=tags)
    assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", '"1"')
    assert project.get(CONFIG, if_none_match='"0"').status == 200


def test_a_conflict_carries_the_current_document(project: Client) -> None:
    """A conflict has everything that is needed to resolve it: the newest config, its version, time and source."""
    save(project, CHARTS)
    newest = save(project, config_with(2), 1, "?source=ai").json
    reply = project.put(CONFIG, config_with(3), if_match='"1"')
    assert reply.status == 412
    problem = reply.json
    assert (problem["currentVersion"], problem["current"], problem["baseVersion"]) == (2, config_with(2), 1)
    assert (problem["updatedAt"], problem["source"]) == (newest["updatedAt"], "ai")


def test_an_unchanged_save_writes_nothing(project: Client, stored: Callable[[], list[dict[str, Any]]]) -> None:
    """A save without a change returns the current version whatever its precondition, and adds no history."""
    first = save(project, CHARTS).json
    before = stored()
    for tags in ('"0"', '"1"', '"9"', "*"):
        assert project.put(CONFIG, CHARTS, if_match=tags).json == first
    assert project.put(CONFIG, CHARTS, if_none_match="*").json == first
    assert stored() == before


@pytest.mark.parametrize("number", ["0.00001", "1e-05", "10E-6"])
def test_another_notation_of_a_number_is_not_a_change(project: Client, number: str) -> None:
    """Equal numbers are the same content in every notation, in a config and in a patch.

    JavaScript writes 0.00001, Python 1e-05.
    """
    save(project, f'{{"chartCustomizations":{{"c":{{"value":{number}}}}}}}'.encode())
    again = config_with(0.00001)
    assert save(project, again, 1).json["version"] == 1
    assert project.patch(CONFIG, again, if_match='"1"').headers["etag"] == '"1"'
    assert project.post(f"{CONFIG}/versions/1/restore", None, if_match='"1"').json["version"] == 1


def test_the_order_of_members_is_content(project: Client) -> None:
    """A config with its charts in another order is another config, and is returned in that order."""
    charts: dict[str, Any] = {"chartCustomizations": {"b": {}, "a": {}}}
    save(project, charts)
    turned: dict[str, Any] = {"chartCustomizations": {"a": {}, "b": {}}}
    assert save(project, turned, 1).json["version"] == 2
    assert list(project.get(CONFIG).json["config"]["chartCustomizations"]) == ["a", "b"]


def test_a_save_after_a_delete_continues_the_numbering(project: Client) -> None:
    """A delete is a version: the next save follows it and reuses no number."""
    save(project, CHARTS)
    assert project.delete(CONFIG, if_match='"1"').headers["etag"] == '"2"'
    assert project.get(CONFIG).json["config"] is None
    assert save(project, CHARTS, 2).json["version"] == 3


@pytest.fixture
def stored(database: Tapped, settings: Settings, user: str) -> Callable[[], list[dict[str, Any]]]:
    """Read every item of the user except the write counters, to see what a request really wrote."""

    def read() -> list[dict[str, Any]]:
        items = items_of(database, settings.table_name, f"USER#{user}")
        return [item for item in items if not item["sk"]["S"].startswith("RATE#")]

    return read


def history(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["sk"]["S"]: item for item in items if item["sk"]["S"].startswith("CONFIGVERSION#")}


def test_each_save_enters_history_byte_for_byte(project: Client, stored: Callable[[], list[dict[str, Any]]]) -> None:
    """Every accepted version is an item in history with the response body of its time, its source and its note."""
    save(project, CHARTS, 0, "?source=localStorage")
    project.put(CONFIG + "?source=autosave&message=moved", config_with(2), if_match="*")
    project.delete(CONFIG, if_match='"2"')
    rows = history(stored())
    assert list(rows) == [f"CONFIGVERSION#p##{version:012}" for version in (1, 2, 3)]
    bodies = [json.loads(gzip.decompress(b64decode(row["answer"]["B"]))) for row in rows.values()]
    assert [body["config"] for body in bodies] == [CHARTS, config_with(2), None]
    kept = [
        {name: row["summary"]["M"].get(name) for name in ("source", "message", "forced", "deleted")}
        for row in rows.values()
    ]
    assert kept == [
        {"source": {"S": "localStorage"}, "message": None, "forced": None, "deleted": None},
        {"source": {"S": "autosave"}, "message": {"S": "moved"}, "forced": {"BOOL": True}, "deleted": None},
        {"source": {"S": "user"}, "message": None, "forced": None, "deleted": {"BOOL": True}},
    ]


def test_history_expires_and_the_current_version_does_not(
    project: Client, stored: Callable[[], list[dict[str, Any]]], clock: Clock, settings: Settings
) -> None:
    """A version stays in history for the retention period after it is replaced, however long it was current."""
    save(project, CHARTS)
    clock.advance(days=200)
    replaced_at = clock().timestamp()
    save(project, config_with(2), 1)
    rows = history(stored())
    kept_until = replaced_at + settings.history_retention_days * 86_400
    assert int(rows["CONFIGVERSION#p##000000000001"]["expiresAt"]["N"]) >= int(kept_until)
    (newest,) = [item for item in stored() if item["sk"]["S"] == "CONFIG#p#"]
    assert "expiresAt" not in newest


def test_a_conflict_after_a_long_rest_is_still_a_conflict(project: Client, clock: Clock) -> None:
    """The age of the current version makes no difference to a stale or repeated save."""
    save(project, CHARTS)
    save(project, config_with(2), 1)
    clock.advance(days=200)
    assert project.put(CONFIG, config_with(3), if_match='"1"').code == "version-conflict"
    assert project.put(CONFIG, config_with(2), if_match='"1"').json["version"] == 2


def test_drafts_are_separate(project: Client) -> None:
    """A session draft, the project's config and the drafts of other sessions are independent of each other."""
    save(project, CHARTS)
    save(project, config_with("draft"), 0, "?sessionId=s1")
    assert project.get(CONFIG).json["config"] == CHARTS
    assert project.get(CONFIG + "?sessionId=s1").json["config"] == config_with("draft")
    assert project.get(CONFIG + "?sessionId=s2").json["version"] == 0


def test_a_draft_expires_after_its_last_change(project: Client, clock: Clock, settings: Settings) -> None:
    """A draft expires a number of days after its last change, and starts again at version 0."""
    url = CONFIG + "?sessionId=s1"
    save(project, CHARTS, 0, "?sessionId=s1")
    clock.advance(days=settings.session_ttl_days - 1)
    save(project, config_with(2), 1, "?sessionId=s1")
    clock.advance(days=settings.session_ttl_days - 1)
    assert project.get(url).json["version"] == 2
    clock.advance(days=2)
    assert project.get(url).json == {"config": None, "version": 0, "updatedAt": None}
    assert project.put(url, CHARTS, if_match='"2"').code == "version-conflict"
    assert save(project, CHARTS, 0, "?sessionId=s1").json["version"] == 1


def test_a_draft_without_a_project_is_not_found(client: Client) -> None:
    """A session draft needs its project: without one, a load, a save and a delete are 404."""
    url = "/api/projects/none/config?sessionId=s1"
    assert client.get(url).code == "not-found"
    assert client.put(url, CHARTS, if_none_match="*").code == "not-found"
    assert client.delete(url, if_match='"0"').code == "not-found"


def test_older_names_are_read_as_the_current_ones(project: Client) -> None:
    """A config that an older client kept in localStorage is saved as it is and loaded under the current names."""
    save(project, {**CHARTS, "currentTheme": {"id": "dark"}, "dashboardFilters": [{"id": "f"}]})
    assert project.get(CONFIG).json["config"] == {**CHARTS, "theme": {"id": "dark"}, "filters": [{"id": "f"}]}


def test_customizations_leave_the_rest_as_it_is(project: Client) -> None:
    """Replacing only the charts keeps layout, filters, theme and extensions, and makes a version of the config."""
    rest = {"currentLayout": {"id": "l"}, "filters": [], "theme": {"id": "dark"}, "extensions": {"x": 1}}
    save(project, {**CHARTS, **rest})
    charts = {"chartCustomizations": {"d": {"title": "new"}}}
    reply = project.put("/api/projects/p/data/customizations?source=ai", charts, if_match='"1"')
    assert reply.json["version"] == 2
    assert project.get(CONFIG).json["config"] == {**charts, **rest}
    again = project.put("/api/projects/p/data/customizations", charts, if_match='"1"')
    assert (again.status, again.json["version"]) == (200, 2)


def test_a_large_config_is_refused_with_its_largest_parts(project: Client, settings: Settings) -> None:
    """A config over the limit is 413 with both sizes and its largest parts, and the saved config stays."""
    save(project, CHARTS)
    charts = {"big": {"note": "x" * 200_000}, "bigger": {"note": "y" * 250_000}, "small": {}}
    reply = project.put(CONFIG, {"chartCustomizations": charts}, if_match='"1"')
    assert (reply.status, reply.code) == (413, "config-too-large")
    problem = reply.json
    assert problem["limitBytes"] == settings.max_config_bytes < problem["actualBytes"]
    assert [part["pointer"] for part in problem["largest"][:2]] == [
        "/chartCustomizations/bigger",
        "/chartCustomizations/big",
    ]
    assert project.get(CONFIG).json["version"] == 1


def test_the_limit_counts_the_config_not_the_body(project: Client, settings: Settings) -> None:
    """A config of exactly the limit is saved and loaded, however much white space its body contains."""
    room = settings.max_config_bytes - len(json.dumps(config_with(""), separators=(",", ":")))
    document = config_with("x" * room)
    body = json.dumps(document, indent=8).encode() + b" " * 300_000
    assert project.request("PUT", CONFIG, body, if_match='"0"').status == 200
    assert project.get(CONFIG).json["config"] == document


def test_a_compressed_body_is_read(project: Client) -> None:
    """A body sent as application/gzip is read as the JSON inside it."""
    body = gzip.compress(json.dumps(CHARTS).encode())
    reply = project.request("PUT", CONFIG, body, content_type="application/gzip", if_match='"0"')
    assert reply.status == 200
    assert project.get(CONFIG).json["config"] == CHARTS


def test_responses_are_compressed_if_the_client_accepts_it(project: Client) -> None:
    """A large response is gzip for a client that accepts it and plain for others, with equal content."""
    save(project, config_with("long " * 1000))
    packed, plain = project.get(CONFIG, accept_encoding="br, gzip"), project.get(CONFIG)
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding, Authorization")
    assert "content-encoding" not in plain.headers
    assert len(packed.body) < len(plain.body)
    assert packed.json == plain.json


def test_markup_in_responses_is_escaped(project: Client) -> None:
    """Characters that are special in HTML are escaped in the JSON, and unchanged once it is parsed."""
    text = "<b>a & b</b>\u2028\u2029"
    save(project, config_with(text))
    reply = project.get(CONFIG)
    assert not set("<>&\u2028\u2029") & set(reply.body.decode())
    assert reply.json["config"] == config_with(text)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_users_project_looks_absent(project: Client, method: str) -> None:
    """Another user's project is answered exactly like a nonexistent one, except for the request's id."""
    save(project, CHARTS)
    stranger = Client("another-user")
    body = CHARTS if method == "PUT" else None
    foreign = stranger.request(method, CONFIG, body, if_match='"1"')
    absent = stranger.request(method, "/api/projects/none/config", body, if_match='"1"')
    assert (foreign.status, foreign.code) == (404, "not-found")
    assert foreign.problem == absent.problem
    assert project.get(CONFIG).json["version"] == 1


def test_last_writer_wins_only_if_the_deployment_allows_it(
    project: Client,
    connect: Callable[[Settings], None],
    settings: Settings,
    stored: Callable[[], list[dict[str, Any]]],
) -> None:
    """With RequirePrecondition=false a save without one replaces the newest version, marked forced; both are kept."""
    save(project, CHARTS)
    connect(replace(settings, require_precondition=False))
    assert project.put(CONFIG, config_with(2)).json["version"] == 2
    rows = history(stored())
    assert rows["CONFIGVERSION#p##000000000002"]["summary"]["M"]["forced"] == {"BOOL": True}
    assert "CONFIGVERSION#p##000000000001" in rows


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("?sessionId=", "sessionId"),
        ("?sessionId=a%23b", "sessionId"),
        ("?source=robot", "source"),
        ("?message=" + "x" * 201, "message"),
    ],
)
def test_an_invalid_query_parameter_is_refused_by_name(project: Client, query: str, name: str) -> None:
    """An invalid query parameter is a 422 that names it, and nothing is saved."""
    reply = project.put(CONFIG + query, CHARTS, if_match='"0"')
    assert (reply.status, reply.code) == (422, "invalid-query")
    assert [error["pointer"] for error in reply.json["errors"]] == [name]
    assert project.get(CONFIG).json["version"] == 0


def test_a_missing_precondition_names_the_current_version(project: Client) -> None:
    """A save without a precondition is a 428 that names the current version."""
    save(project, CHARTS)
    reply = project.put(CONFIG, CHARTS)
    assert (reply.status, reply.code, reply.json["currentVersion"]) == (428, "precondition-required", 1)


def test_minus_zero_is_kept(project: Client) -> None:
    """-0 is minus zero, as JavaScript reads it, in a config, a patch and a project."""
    assert project.put(CONFIG, b'{"chartCustomizations":{},"extensions":{"v":-0}}', if_match='"0"').status == 200
    assert repr(project.get(CONFIG).json["config"]["extensions"]) == "{'v': -0.0}"
    patched = project.patch(CONFIG, b'{"extensions":{"w":-0e3}}')
    assert repr(patched.json["config"]["extensions"]) == "{'v': -0.0, 'w': -0.0}"
    patch = b'[{"op":"add","path":"/extensions/v","value":-0.0},{"op":"add","path":"/extensions/w","value":0}]'
    patched = project.patch(CONFIG, patch, if_match='"2"', content_type="application/json-patch+json")
    assert repr(patched.json["config"]["extensions"]) == "{'v': -0.0, 'w': 0}"
    changed = project.patch("/api/projects/p", b'{"settings":{"fileInfo":{"v":-0}}}', if_match="*")
    assert repr(changed.json["settings"]["fileInfo"]["v"]) == "-0.0"
