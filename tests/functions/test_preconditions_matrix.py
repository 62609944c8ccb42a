"""The precondition matrix of docs/preconditions.md, a test for each cell."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from conftest import TABLE
from support.handlers.http_api import Client
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


# What a PUT answers: the version that it saves, or the code of the problem.
PUT = {
    "nothing": Cell(None, "precondition-required", "precondition-required", "precondition-required"),
    "If-None-Match: *": Cell(("if_none_match", "*"), 1, "version-conflict", "version-conflict"),
    'If-Match: "0"': Cell(("if_match", '"0"'), 1, "version-conflict", "version-conflict"),
    'If-Match: "7"': Cell(("if_match", '"7"'), "version-conflict", 8, 8),
    'If-Match: W/"7"': Cell(("if_match", 'W/"7"'), "version-conflict", 8, 8),
    'If-Match: "5"': Cell(("if_match", '"5"'), "version-conflict", "version-conflict", "version-conflict"),
    'If-Match: "5", "7"': Cell(("if_match", '"5", "7"'), "version-conflict", 8, 8),
    'If-Match: "5", "6"': Cell(("if_match", '"5", "6"'), "version-conflict", "version-conflict", "version-conflict"),
    "If-Match: *": Cell(("if_match", "*"), "version-conflict", 8, 8),
    'If-Match: "abc"': Cell(("if_match", '"abc"'), "version-conflict", "version-conflict", "version-conflict"),
    'If-None-Match: "7"': Cell(("if_none_match", '"7"'), 1, "version-conflict", "version-conflict"),
    "If-Match: 7": Cell(("if_match", "7"), "invalid-precondition", "invalid-precondition", "invalid-precondition"),
    "If-None-Match: **": Cell(("if_none_match", "**"), *["invalid-precondition"] * 3),
}

# A DELETE differs in that there may be nothing to delete: then it writes nothing and answers the version as it is.
DELETE = {
    **PUT,
    "If-None-Match: *": Cell(("if_none_match", "*"), 0, "version-conflict", 7),
    'If-Match: "0"': Cell(("if_match", '"0"'), 0, "version-conflict", 7),
    'If-Match: "7"': Cell(("if_match", '"7"'), "version-conflict", 8, 7),
    'If-Match: W/"7"': Cell(("if_match", 'W/"7"'), "version-conflict", 8, 7),
    'If-Match: "5"': Cell(("if_match", '"5"'), "version-conflict", "version-conflict", 7),
    'If-Match: "5", "7"': Cell(("if_match", '"5", "7"'), "version-conflict", 8, 7),
    'If-Match: "5", "6"': Cell(("if_match", '"5", "6"'), "version-conflict", "version-conflict", 7),
    "If-Match: *": Cell(("if_match", "*"), "version-conflict", 8, 7),
    'If-Match: "abc"': Cell(("if_match", '"abc"'), "version-conflict", "version-conflict", 7),
    'If-None-Match: "7"': Cell(("if_none_match", '"7"'), 0, "version-conflict", 7),
}

# A PATCH needs no precondition: what it does not name stays as it is.
PATCH = {**PUT, "nothing": Cell(None, 1, 8, 8)}

# A restore of version 5 is a PUT of that version; before the first save there is none to restore.
RESTORE = {
    name: cell._replace(
        at_0=cell.at_0 if cell.at_0 in {"precondition-required", "invalid-precondition"} else "not-found"
    )
    for name, cell in PUT.items()
}

cells = pytest.mark.parametrize("state", ["at_0", "at_7", "deleted_at_7"])


@pytest.fixture(params=["", "?sessionId=draft"], ids=["config", "draft"])
def url(request: pytest.FixtureRequest) -> str:
    session: str = request.param
    return CONFIG + session


@pytest.fixture
def user() -> str:
    """One user for all cells, each of which has a table of its own."""
    return "user-of-the-matrix"


@pytest.fixture(scope="module")
def reached() -> dict[tuple[str, str], list[Any]]:
    """The items of each state that was reached once, so that the other cells need not get there again."""
    return {}


@pytest.fixture
def reach(client: Client, moto_client: Tapped, reached: dict[tuple[str, str], list[Any]]) -> Callable[[str, str], None]:
    """Bring a new project's config to a state: never saved, saved seven times, or deleted by the seventh change."""

    def bring(url: str, state: str) -> None:
        if (url, state) not in reached:
            save_until(client, url, state)
            reached[url, state] = moto_client.call("Scan", {"TableName": TABLE})["Items"]
            return
        puts: Any = [{"PutRequest": {"Item": item}} for item in reached[url, state]]
        moto_client.call("BatchWriteItem", {"RequestItems": {TABLE: puts}})

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


@cells
@pytest.mark.parametrize("header", PUT)
def test_put_answers_as_the_matrix_says(client: Client, reach: Reach, url: str, header: str, state: str) -> None:
    """A PUT saves exactly where its precondition holds of the newest version, and else leaves it as it was."""
    reach(url, state)
    before = client.get(url).json
    cell = PUT[header]
    reply = client.put(url, NEW, **dict([cell.header] if cell.header else []))
    expected = getattr(cell, state)
    if isinstance(expected, int):
        assert (reply.status, reply.json["version"], reply.headers["etag"]) == (200, expected, f'"{expected}"')
        assert client.get(url).json["config"] == NEW
    else:
        assert reply.code == expected
        assert client.get(url).json == before


@cells
@pytest.mark.parametrize("header", DELETE)
def test_delete_answers_as_the_matrix_says(client: Client, reach: Reach, url: str, header: str, state: str) -> None:
    """A DELETE makes a new version without a config where its precondition holds and there is something to delete."""
    reach(url, state)
    before = client.get(url).json
    cell = DELETE[header]
    reply = client.delete(url, **dict([cell.header] if cell.header else []))
    expected = getattr(cell, state)
    if isinstance(expected, int):
        assert (reply.status, reply.headers["etag"], reply.body) == (204, f'"{expected}"', b"")
        after = client.get(url).json
        assert (after["config"], after["version"]) == (None, expected)
    else:
        assert reply.code == expected
        assert client.get(url).json == before


@cells
@pytest.mark.parametrize("header", PUT)
def test_customizations_answer_as_the_matrix_says(client: Client, reach: Reach, header: str, state: str) -> None:
    """`PUT …/data/customizations` has the preconditions of the config, because it is a view of the config."""
    reach(CONFIG, state)
    before = client.get(CONFIG).json
    cell = PUT[header]
    reply = client.put(CUSTOMIZATIONS, NEW, **dict([cell.header] if cell.header else []))
    expected = getattr(cell, state)
    if isinstance(expected, int):
        assert (reply.status, reply.json["version"]) == (200, expected)
        assert client.get(CONFIG).json["config"]["chartCustomizations"] == NEW["chartCustomizations"]
    else:
        assert reply.code == expected
        assert client.get(CONFIG).json == before


@cells
@pytest.mark.parametrize("header", PATCH)
def test_patch_answers_as_the_matrix_says(client: Client, reach: Reach, url: str, header: str, state: str) -> None:
    """A PATCH applies to the newest version where its precondition holds, or where it has none."""
    reach(url, state)
    before = client.get(url).json
    cell = PATCH[header]
    reply = client.patch(url, {"chartCustomizations": {"d": {}}}, **dict([cell.header] if cell.header else []))
    expected = getattr(cell, state)
    if isinstance(expected, int):
        assert (reply.status, reply.json["version"], reply.headers["etag"]) == (200, expected, f'"{expected}"')
        assert client.get(url).json == reply.json
        assert "d" in reply.json["config"]["chartCustomizations"]
    else:
        assert reply.code == expected
        assert client.get(url).json == before


@cells
@pytest.mark.parametrize("header", RESTORE)
def test_restore_answers_as_the_matrix_says(client: Client, reach: Reach, url: str, header: str, state: str) -> None:
    """A restore saves an older version again exactly where a PUT of it would be accepted."""
    reach(url, state)
    before = client.get(url).json
    cell = RESTORE[header]
    address = url.replace("/config", "/config/versions/5/restore")
    reply = client.request("POST", address, **dict([cell.header] if cell.header else []))
    expected = getattr(cell, state)
    if isinstance(expected, int):
        assert (reply.status, reply.json["version"]) == (200, expected)
        assert client.get(url).json["config"] == {"chartCustomizations": {"c": {"n": 4}}}
    else:
        assert reply.code == expected
        assert client.get(url).json == before


def test_both_headers_must_hold(client: Client, reach: Reach) -> None:
    """With If-Match and If-None-Match both sent, a save needs both to hold (RFC 9110, section 13.2.2)."""
    reach(CONFIG, "at_7")
    assert client.put(CONFIG, NEW, if_match='"7"', if_none_match="*").code == "version-conflict"
    assert client.put(CONFIG, NEW, if_match='"7"', if_none_match='"6"').json["version"] == VERSION + 1


@pytest.mark.parametrize(
    ("title", "matrix"), [("`PUT", PUT), ("`PATCH", PATCH), ("`DELETE", DELETE), ("`POST", RESTORE)]
)
def test_the_documented_matrix_is_the_tested_one(title: str, matrix: dict[str, Cell]) -> None:
    """The tables of docs/preconditions.md have the tested rows with the tested outcomes, and no other."""
    text = (ROOT / "docs" / "preconditions.md").read_text()
    section = next(part for part in text.split("\n## ") if part.startswith(title))
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    documented = {name.strip("`"): [outcome.strip("`") for outcome in outcomes] for name, *outcomes in rows}
    tested = {name: [str(cell.at_0), str(cell.at_7), str(cell.deleted_at_7)] for name, cell in matrix.items()}
    assert documented == tested
