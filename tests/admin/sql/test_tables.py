"""A row of a table becomes an upload: with its declared columns where they fit, and no value changed."""

import gzip
import io
import json
from typing import Any

import pytest
from support.sql.contents import LAYOUTS

from admin.sql import Refused
from admin.sql.source import Row
from admin.sql.tables import SqlTable, mark_of, read_table
from dashboard_store.documents.dataset.storage_format import read_groups
from dashboard_store.settings import Settings

ROWS = [
    {"id": "007", "price": 1.5, "big": 12345678901234567890, "on": None},
    {"id": "1.40", "price": 2, "big": 1, "on": "x"},
]
NAMES = list(ROWS[0])


def row(**changed: Any) -> Row:
    """A row that declares the columns of ROWS."""
    declared = {"id": "string", "price": "number", "big": "integer", "on": "string"}
    return {
        "id": "d1",
        "originalFileName": "t.json",
        "rowCount": 2,
        "columnCount": 4,
        "columnNames": json.dumps(NAMES),
        "columnTypes": json.dumps(declared),
        "analysisData": None,
        "analysisCreatedAt": None,
        **changed,
    }


def read(settings: Settings, content: bytes | str | None = None, **changed: Any) -> SqlTable:
    return read_table(row(**changed), json.dumps(ROWS) if content is None else content, settings)


def rows_of(table: SqlTable) -> list[dict[str, Any]]:
    return [row for group in read_groups(io.BytesIO(table.upload.content.stored)) for row in group]


def words(table: SqlTable) -> list[str]:
    return [each.reason for each in table.decisions]


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "csv"])
def test_every_layout_of_json_is_read(settings: Settings, layout: str) -> None:
    """Rows are the same from every layout, integers of any size and texts that look like numbers included."""
    table = read(settings, gzip.compress(LAYOUTS[layout](ROWS)))
    assert json.dumps(rows_of(table)) == json.dumps(ROWS)
    assert table.upload.schema["columnTypes"]["id"] == "string"
    assert table.upload.schema["columnNames"] == NAMES


def test_csv_keeps_its_texts(settings: Settings) -> None:
    """Cells of CSV keep leading zeros and trailing ones where their column is text."""
    table = read(settings, "id,n\n007,1\n1.40,2\n", columnNames="[]", columnTypes="{}")
    assert rows_of(table) == [{"id": "007", "n": 1}, {"id": "1.40", "n": 2}]


def test_a_header_row_of_arrays_is_left_out(settings: Settings) -> None:
    """Of arrays, the first may repeat the names of the columns."""
    table = read(settings, json.dumps([NAMES, *[list(each.values()) for each in ROWS]]))
    assert rows_of(table) == ROWS
    assert "header" in words(table)


def test_declared_columns_that_do_not_fit_are_inferred(settings: Settings) -> None:
    """Columns that the rows do not have, and types that do not exist, are inferred; the report says so."""
    wrong = read(settings, columnNames='["a", "b"]')
    assert wrong.upload.schema["columnNames"] == NAMES
    assert "inferred" in words(wrong)
    unknown = read(settings, columnTypes='{"id": "text", "price": "number"}')
    assert unknown.upload.schema["columnTypes"]["id"] == "string"
    assert "inferred" in words(unknown)
    broken = read(settings, columnNames="{", columnTypes="no JSON")
    assert broken.upload.schema["columnNames"] == NAMES
    assert words(read(settings)) == []


def test_counts_that_do_not_fit_are_reported(settings: Settings) -> None:
    """A rowCount that the rows do not have is reported; as a text, it is a number all the same."""
    assert words(read(settings, rowCount="2")) == []
    assert words(read(settings, rowCount=3)) == ["count"]


def test_an_analysis_that_cannot_be_taken_does_not_cost_the_table(settings: Settings) -> None:
    """A malformed analysis is refused as a part of its row; the table is taken without it."""
    table = read(settings, analysisData='{"broken": ')
    assert table.upload.analysis is None
    assert [(each.part, each.reason) for each in table.refused] == [("analysisData", "bad-json")]
    assert read(settings, analysisData='{"n": 1}').upload.analysis is not None


REFUSED: dict[str, tuple[bytes | str, str]] = {
    "no content": (b"", "empty"),
    "spaces": (b"  \n", "empty"),
    "bytes of no kind": (bytes(range(256)) * 4, "unrecognized"),
    "not UTF-8": (b'[{"a": "\xff"}]', "invalid-data"),
    "an object that is not UTF-8": (b'{"rows": [{"a": "\xff"}]}', "not-utf-8"),
    "broken JSON": (b'[{"a": 1}, {', "invalid-data"),
    "a broken object": (b'{"rows": [{"a": 1}', "bad-json"),
    "no rows": (b"[]", "invalid-data"),
    "numbers": (b"[1.5, 2]", "invalid-data"),
    "arrays of other lengths": (b"[[1, 2], [1]]", "invalid-data"),
    "NUL": (b'[{"a": "x\\u0000"}]', "invalid-data"),
    "a lone surrogate": (b'[{"a": "\\ud800"}]', "invalid-data"),
    "NaN": (b'[{"a": NaN}]', "invalid-data"),
    "a member twice": (b'[{"a": 1, "a": 2}]', "invalid-data"),
    "unsafe text": (b'[{"a": "<img src=x onerror=alert(1)>"}]', "unsafe-text"),
    "unsafe text in an object": (b'{"data": [{"a": "<script>alert(1)</script>"}]}', "unsafe-text"),
    "a value that is not JSON in an object": (b'{"data": [{"a": Infinity}]}', "invalid-data"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_an_upload_would_refuse_is_refused(settings: Settings, name: str) -> None:
    """What is not a table, or has values that cannot be returned unchanged, is refused with a reason."""
    content, reason = REFUSED[name]
    with pytest.raises(Refused) as refused:
        read(settings, content)
    assert refused.value.reason == reason
    assert refused.value.detail


@pytest.mark.parametrize("name", [None, "", "x" * 256, "a\nb"])
def test_a_file_name_is_checked(settings: Settings, name: str | None) -> None:
    """A file name has 1 to 255 characters, none of them a control character."""
    with pytest.raises(Refused, match="expected schema"):
        read(settings, originalFileName=name)


def test_the_mark_is_that_of_what_the_row_says() -> None:
    """The mark changes with the content, the columns and the analysis, and not with the row's id."""
    marks = {mark_of(row(), "[1]"), mark_of(row(), "[2]"), mark_of(row(analysisData="{}"), "[1]")}
    assert len(marks) == 3
    assert mark_of(row(id="d2", rowCount=9), b"[1]") in marks
