"""The precondition matrix of docs/preconditions.md, one test for each cell."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
from conftest import TABLE
from support.handlers.http_api import Client, Reply
from support.project.template import ROOT
from support.storage.clients import Tapped

type Reach = Callable[[str, str], None]

CONFIG = "/api/projects/p/config"
CUSTOMIZATIONS = "/api/projects/p/data/customizations"
OLD = {"chartCustomizations": {"c": {"title": "old"}}}
NEW = {"chartCustomizations": {"c": {"title": "new"}}}

VERSION = 7


class Cell(NamedTuple):
    header: tuple[str, str] | None
    at_0: int | str
    at_7: int | str
    deleted_at_7: int | str


# The outcome of a PUT: the version that it saves, or the code of the problem.
PUT = {
    "nothing": Cell(None, "precondition-required", "precondition-required", "precondition-required"),
    "If-None-Match: *": Cell(("if_none_match", "*"), 1, "version-conflict", "version-conflict"),
    'If-Match: "0"': Cell(("if_match", '"0"'), 1, "version-conflict", "version-conflict"),
    'If-Match: "7"': Cell(("if_match", '"7"'), "version-conflict", 8, 8),
    'If-Match: W/"7"': Cell(("if_match", 'W/"7"'), "version-conflict", 8, 8),
    'If-Match: "7-gzip"': Cell(("if_match", '"7-gzip"'), "version-conflict", 8, 8),
    'If-Match: "5"': Cell(("if_match", '"5"'), "version-conflict", "version-conflict", "version-conflict"),
    'If-Match: "5", "7"': Cell(("if_match", '"5", "7"'), "version-conflict", 8, 8),
    'If-Match: "5", "6"': Cell(("if_match", '"5", "6"'), "version-conflict", "version-conflict", "version-conflict"),
    "If-Match: *": Cell(("if_match", "*"), "version-conflict", 8, 8),
    'If-Match: "abc"': Cell(("if_match", '"abc"'), "version-conflict", "version-conflict", "version-conflict"),
    'If-None-Match: "7"': Cell(("if_none_match", '"7"'), 1, "version-conflict", "version-conflict"),
    "If-Match: 7": Cell(("if_match", "7"), "invalid-precondition", "invalid-precondition", "invalid-precondition"),
    "If-None-Match: **": Cell(("if_none_match", "**"), *["invalid-precondition"] * 3),
}

# A DELETE differs if there is nothing to delete: it writes nothing and returns the current version.
DELETE = {
    **PUT,
    "If-None-Match: *": Cell(("if_none_match", "*"), 0, "version-conflict", 7),
    'If-Match: "0"': Cell(("if_match", '"0"'), 0, "version-conflict", 7),
    'If-Match: "7"': Cell(("if_match", '"7"'), "version-conflict", 8, 7),
    'If-Match: W/"7"': Cell(("if_match", 'W/"7"'), "version-conflict", 8, 7),
    'If-Match: "7-gzip"': Cell(("if_match", '"7-gzip"'), "version-conflict", 8, 7),
    'If-Match: "5"': Cell(("if_match", '"5"'), "version-conflict", "version-conflict", 7),
    'If-Match: "5", "7"': Cell(("if_match", '"5", "7"'), "version-conflict", 8, 7),
    'If-Match: "5", "6"': Cell(("if_match", '"5", "6"'), "version-conflict", "version-conflict", 7),
    "If-Match: *": Cell(("if_match", "*"), "version-conflict", 8, 7),
    'If-Match: "abc"': Cell(("if_match", '"abc"'), "version-conflict", "version-conflict", 7),
    'If-None-Match: "7"': Cell(("if_none_match", '"7"'), 0, "version-conflict", 7),
}

# A PATCH needs no precondition: members that it does not name stay unchanged.
PATCH = {**PUT, "nothing": Cell(None, 1, 8, 8)}

# A JSON Patch needs the one version that it was made from.
JSON_PATCH = {
    name: Cell(cell.header, "precondition-required", "precondition-required", "precondition-required")
    if name not in {'If-Match: "0"', 'If-Match: "7"', 'If-Match: W/"7"', 'If-Match: "7-gzip"', 'If-Match: "5"'}
    and cell.at_0 != "invalid-precondition"
    else cell
    for name, cell in PUT.items()
}

# A restore of version 5 is a PUT of that version, which does not exist before the first save.
RESTORE = {
    name: cell._replace(
        at_0=cell.at_0 if cell.at_0 in {"precondition-required", "invalid-precondition"} else "not-found"
    )
    for name, cell in PUT.items()
}

# An undo of version 7 needs no precondition: it keeps what came after.
UNDO = {**RESTORE, "nothing": Cell(None, "not-found", 8, 8)}

cells = pytest.mark.parametrize("state", ["at_0", "at_7", "deleted_at_7"])


@pytest.fixture(params=["", "?sessionId=draft"], ids=["config", "draft"])
def url(request: pytest.FixtureRequest) -> str:
    session: str = request.param
    return CONFIG + session


@pytest.fixture
def user() -> str:
    """The same user for all cells, each of which has its own table: `reached` keeps items with the user's keys."""
    return "user-of-the-matrix"


@pytest.fixture(scope="module")
def reached() -> dict[tuple[str, str], list[Any]]:
    """The items of each state that a cell has reached, from which the other cells start."""
    return {}


@pytest.fixture
def reach(client: Client, database: Tapped, reached: dict[tuple[str, str], list[Any]]) -> Reach:
    """Bring a new project's config to a state: never saved, saved seven times, or deleted by the seventh change."""

    def bring(url: str, state: str) -> None:
        if (url, state) not in reached:
            save_until(client, url, state)
            reached[url, state] = database.call("Scan", {"TableName": TABLE})["Items"]
            return
        puts: Any = [{"PutRequest": {"Item": item}} for item in reached[url, state]]
        database.call("BatchWriteItem", {"RequestItems": {TABLE: puts}})

    return bring


def save_until(client: Client, url: str, state: str) -> None:
    client.post("/api/projects", {"id": "p", "name": "P"})
    if state == "at_0":
        return
    for version in range(VERSION - 1):
        client.put(url, {"chartCustomizations": {"c": {"n": version}}}, if_match=f'"{version}"')
    if state == "at_7":
        client.put(url, OLD, if_match='"6"')
    else:
        client.delete(url, if_match='"6"')
    assert client.get(url).json["version"] == VERSION


def assert_cell(
    client: Client,
    url: str,
    cell: Cell,
    state: str,
    *,
    send: Callable[..., Reply],
    assert_accepted: Callable[[Reply, int], None],
) -> None:
    """Assert that a request makes its cell's version, or is refused with its cell's code and changes nothing."""
    before = client.get(url).json
    reply = send(**dict([cell.header] if cell.header else []))
    expected = getattr(cell, state)
    if isinstance(expected, int):
        assert_accepted(reply, expected)
    else:
        assert reply.code == expected
        assert client.get(url).json == before


@cells
@pytest.mark.parametrize("header", PUT)
def test_put_follows_the_matrix(client: Client, reach: Reach, url: str, header: str, state: str) -> None:
    """A PUT saves if its precondition holds for the newest version, and changes nothing otherwise."""
    reach(url, state)

    def assert_saved(reply: Reply, version: int) -> None:
        assert (reply.status, reply.json["version"], reply.headers["etag"]) == (200, version, f'"{version}"')
        assert client.get(url).json["config"] == NEW

    assert_cell(client, url, PUT[header], state, send=partial(client.put, url, NEW), assert_accepted=assert_saved)


@cells
@pytest.mark.parametrize("header", DELETE)
def test_delete_follows_the_matrix(client: Client, reach: Reach, url: str, header: str, state: str) -> None:
    """A DELETE makes a version without a config if its precondition holds and there is something to delete."""
    reach(url, state)

    def assert_deleted(reply: Reply, version: int) -> None:
        assert (reply.status, reply.headers["etag"], reply.body) == (204, f'"{version}"', b"")
        after = client.get(url).json
        assert (after["config"], after["version"]) == (None, version)

    assert_cell(client, url, DELETE[header], state, send=partial(client.delete, url), assert_accepted=assert_deleted)


@cells
@pytest.mark.parametrize("header", PUT)
def test_customizations_follow_the_matrix(client: Client, reach: Reach, header: str, state: str) -> None:
    """`PUT …/data/customizations` has the preconditions of the config, because it is a view of the config."""
    reach(CONFIG, state)

    def assert_saved(reply: Reply, version: int) -> None:
        assert (reply.status, reply.json["version"]) == (200, version)
        assert client.get(CONFIG).json["config"]["chartCustomizations"] == NEW["chartCustomizations"]

    assert_cell(
        client, CONFIG, PUT[header], state, send=partial(client.put, CUSTOMIZATIONS, NEW), assert_accepted=assert_saved
    )


@cells
@pytest.mark.parametrize("header", PATCH)
def test_patch_follows_the_matrix(client: Client, reach: Reach, url: str, header: str, state: str) -> None:
    """A PATCH applies to the newest version if its precondition holds, or if it has none."""
    reach(url, state)
    patch: dict[str, Any] = {"chartCustomizations": {"d": {}}}

    def assert_patched(reply: Reply, version: int) -> None:
        assert (reply.status, reply.json["version"], reply.headers["etag"]) == (200, version, f'"{version}"')
        assert client.get(url).json == reply.json
        assert "d" in reply.json["config"]["chartCustomizations"]

    assert_cell(
        client, url, PATCH[header], state, send=partial(client.patch, url, patch), assert_accepted=assert_patched
    )


@cells
@pytest.mark.parametrize("header", JSON_PATCH)
def test_json_patch_follows_the_matrix(client: Client, reach: Reach, url: str, header: str, state: str) -> None:
    """A JSON Patch is saved if it names the newest version alone, and asks for a version if it names none."""
    reach(url, state)
    patch = [{"op": "add", "path": "", "value": NEW}]

    def assert_patched(reply: Reply, version: int) -> None:
        assert (reply.status, reply.json["version"], reply.headers["etag"]) == (200, version, f'"{version}"')
        assert client.get(url).json == reply.json
        assert reply.json["config"] == NEW

    send = partial(client.patch, url, patch, content_type="application/json-patch+json")
    assert_cell(client, url, JSON_PATCH[header], state, send=send, assert_accepted=assert_patched)


@cells
@pytest.mark.parametrize("header", RESTORE)
def test_restore_follows_the_matrix(client: Client, reach: Reach, url: str, header: str, state: str) -> None:
    """A restore saves an older version again if a PUT of that version would be accepted."""
    reach(url, state)
    address = url.replace("/config", "/config/versions/5/restore")

    def assert_restored(reply: Reply, version: int) -> None:
        assert (reply.status, reply.json["version"]) == (200, version)
        assert client.get(url).json["config"] == {"chartCustomizations": {"c": {"n": 4}}}

    assert_cell(
        client,
        url,
        RESTORE[header],
        state,
        send=partial(client.request, "POST", address),
        assert_accepted=assert_restored,
    )


@cells
@pytest.mark.parametrize("header", UNDO)
def test_undo_follows_the_matrix(client: Client, reach: Reach, url: str, header: str, state: str) -> None:
    """An undo is saved if its precondition holds for the newest version, or if it has none."""
    reach(url, state)

    def assert_undone(reply: Reply, version: int) -> None:
        assert (reply.status, reply.json["version"], reply.headers["etag"]) == (200, version, f'"{version}"')
        assert client.get(url).json["config"] == reply.json["config"] == {"chartCustomizations": {"c": {"n": 5}}}

    address = url.replace("/config", "/config/versions/7/undo")
    assert_cell(
        client, url, UNDO[header], state, send=partial(client.request, "POST", address), assert_accepted=assert_undone
    )


def test_both_headers_must_hold(client: Client, reach: Reach) -> None:
    """With If-Match and If-None-Match both sent, a save needs both to hold (RFC 9110, section 13.2.2)."""
    reach(CONFIG, "at_7")
    assert client.put(CONFIG, NEW, if_match='"7"', if_none_match="*").code == "version-conflict"
    assert client.put(CONFIG, NEW, if_match='"7"', if_none_match='"6"').json["version"] == VERSION + 1


@pytest.mark.parametrize(
    ("title", "matrix"),
    [
        ("`PUT", PUT),
        ("`PATCH", PATCH),
        ("JSON Patch", JSON_PATCH),
        ("`DELETE", DELETE),
        ("`POST …/config/versions/5/restore", RESTORE),
        ("`POST …/config/versions/7/undo", UNDO),
    ],
)
def test_the_documented_matrix_is_the_tested_one(title: str, matrix: dict[str, Cell]) -> None:
    """The tables of docs/preconditions.md have the tested rows with the tested outcomes, and no other."""
    text = (ROOT / "docs" / "preconditions.md").read_text()
    section = next(part for part in text.split("\n## ") if part.startswith(title))
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    documented = {name.strip("`"): [outcome.strip("`") for outcome in outcomes] for name, *outcomes in rows}
    tested = {name: [str(cell.at_0), str(cell.at_7), str(cell.deleted_at_7)] for name, cell in matrix.items()}
    assert documented == tested
