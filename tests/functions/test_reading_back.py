"""Parts of a table in a response: pages of rows, and CSV that a spreadsheet may open."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support.handlers.files import send_file
from support.handlers.http_api import Client

from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
# Rows of several shapes, in several groups.
ROWS: list[dict[str, Any]] = [
    {"n": number, **({"text": "x" * 90_000} if number % 2 else {}), **({"odd": None} if number % 3 else {})}
    for number in range(40)
]


@pytest.fixture
def table(project: Client) -> Client:
    """The user of a project whose table has 40 rows."""
    assert project.post(DATA, {"fileName": "t.json", "rawData": ROWS, "analysis": {"a": 1}}).status == 201
    return project


def shown(rows: list[dict[str, Any]]) -> list[list[tuple[str, Any]]]:
    """Return rows with their members in order, and the length of a text in its place: a difference is then legible."""
    return [
        [(name, len(cell) if name == "text" and set(cell) == {"x"} else cell) for name, cell in row.items()]
        for row in rows
    ]


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0), (0, 9), (10, 25), (11, 12), (12, 37), (39, 39), (39, 500), (40, 41), (0, 9_999)]
)
def test_a_page_is_a_part_of_the_rows(table: Client, first: int, last: int) -> None:
    """A page has the rows from one index to another, both included, as they are in the whole table."""
    loaded = table.get(f"{DATA}?rows={first}-{last}").json
    assert shown(loaded["rawData"]) == shown(ROWS[first : last + 1])
    assert set(loaded) == {"rawData", "dataSchema", "version", "analysisVersion", "configVersion", "updatedAt"}
    assert loaded["dataSchema"]["rowCount"] == 40


def test_a_page_is_of_the_version_that_is_asked_for(table: Client) -> None:
    """An older version has pages, too, and a page has the entity tag of its table."""
    table.post(DATA, {"fileName": "t.json", "rawData": [{"a": 1}]})
    page = table.get(f"{DATA}/versions/1?rows=38-39")
    assert (shown(page.json["rawData"]), page.headers["etag"]) == (shown(ROWS[38:]), '"1.1"')
    assert table.get(f"{DATA}/versions/1?rows=38-39", if_none_match='"1.1"').status == 304
    assert table.get(f"{DATA}?rows=0-9").json["rawData"] == [{"a": 1}]


def test_pages_of_a_file_are_its_rows(project: Client, bucket_client: "S3Client") -> None:
    """Consecutive pages of an uploaded file are all its rows, once each."""
    lines = b"".join(b"%d,%b\n" % (number, b"x" * 300) for number in range(9_000))
    assert project.post(send_file(project, bucket_client, b"n,text\n" + lines), {}).status == 201
    seen = [
        row["n"]
        for first in range(0, 9_000, 1_000)
        for row in project.get(f"{DATA}?rows={first}-{first + 999}", accept_encoding="gzip").json["rawData"]
    ]
    assert seen == list(range(9_000))


def test_a_page_ends_where_a_response_does(
    table: Client, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """Rows that do not fit into the response are left to the next page, which begins after the last row."""
    connect(replace(settings, max_raw_data_bytes=200_000))
    pages, first = [], 0
    while first < len(ROWS):
        page = table.get(f"{DATA}?rows={first}-39").json["rawData"]
        assert 0 < len(page) < 10
        assert len(json.dumps(page, separators=(",", ":"))) <= 200_000
        pages += page
        first += len(page)
    assert shown(pages) == shown(ROWS)


def test_a_page_of_escapes_fits(project: Client) -> None:
    """A page whose text is many times longer in a response than in the file is cut by its length in the response."""
    rows = [{"a": "<" * 900} for _ in range(2_000)]
    project.post(DATA, {"fileName": "t", "rawData": rows})
    page = project.get(f"{DATA}?rows=0-1999", accept_encoding="identity")
    assert page.status == 200
    assert 0 < len(page.json["rawData"]) < 2_000


@pytest.mark.parametrize("rows", ["5", "-5", "5-", "9-0", "0-10000", "a-b", "1-2,4-5", "", "0x1-2", "1.0-2", "٣-٤"])
def test_what_is_no_page_is_refused(table: Client, rows: str) -> None:
    """Anything but two indices of at most 10,000 rows is a 422 that names the parameter."""
    reply = table.get(f"{DATA}?rows={rows}")
    assert (reply.status, reply.code) == (422, "invalid-query")
    assert [error["pointer"] for error in reply.json["errors"]] == ["rows"]


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"]
HARMLESS = ["text", "a=1", "-3.5", "+49", "1-2", "'", "", "-1e5"]


def csv_cells(client: Client, query: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(client.get(f"{DATA}?{query}").body.decode(), newline="")))


def test_safe_csv_holds_no_formulas(project: Client) -> None:
    """An apostrophe precedes what a spreadsheet would take for a formula, also in names; all else is as it was."""
    rows = [{"=name": text, "b": "text"} for text in [*FORMULAS, *HARMLESS]]
    project.post(DATA, {"fileName": "t", "rawData": rows})
    names, *cells = csv_cells(project, "format=csv&safe=true")
    assert names == ["'=name", "b"]
    assert [cell for cell, _ in cells] == [*(f"'{text}" for text in FORMULAS), *HARMLESS]
    for query in ("format=csv", "format=csv&safe=false"):
        assert [cell for cell, _ in csv_cells(project, query)] == ["=name", *FORMULAS, *HARMLESS]


def test_safe_csv_keeps_numbers(project: Client) -> None:
    """Negative numbers of a JSON table are no formulas."""
    project.post(DATA, {"fileName": "t", "rawData": [{"n": -3.5}, {"n": -2}]})
    assert csv_cells(project, "format=csv&safe=true") == [["n"], ["-3.5"], ["-2"]]


def test_safe_csv_is_also_a_download(project: Client, connect: Callable[[Settings], None], settings: Settings) -> None:
    """A table that does not fit into a response is a redirect to a copy of its own, whose cells are safe."""
    connect(replace(settings, max_raw_data_bytes=1))
    project.post(DATA, {"fileName": "t", "rawData": [{"a": "=1+1"}]})
    plain, safe = (
        project.get(f"{DATA}?{query}").headers["location"] for query in ("format=csv", "format=csv&safe=true")
    )
    assert plain.partition("?")[0] != safe.partition("?")[0]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("rows=0-9&include=rawData", "include"),
        ("rows=0-9&format=csv", "rows"),
        ("include=rawData&format=csv", "include"),
        ("safe=true", "safe"),
        ("safe=true&rows=0-9", "safe"),
        ("safe=1&format=csv", "safe"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(table: Client, query: str, pointer: str) -> None:
    """A combination that means nothing is a 422 that names one of its parameters."""
    for place in (DATA, f"{DATA}/versions/1"):
        reply = table.get(f"{place}?{query}")
        assert (reply.status, reply.code) == (422, "invalid-query")
        assert [error["pointer"] for error in reply.json["errors"]] == [pointer]
