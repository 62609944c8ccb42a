"""JSON and NDJSON files are read as rows, or refused with the row of the error."""

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inputs.texts import kept_texts

from dashboard_store.documents.dataset import json_array, json_file
from dashboard_store.documents.dataset.json_array import LONGEST_ROW
from dashboard_store.documents.dataset.json_file import read_json, read_ndjson
from dashboard_store.documents.dataset.storage_format import json_rows
from dashboard_store.documents.json_text import parse_at
from dashboard_store.errors import InvalidData
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")
READERS = {"JSON": read_json, "NDJSON": read_ndjson}
GROUP_CHARACTERS = 100_000

texts = kept_texts(max_size=8)
cells = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
tables = st.lists(st.dictionaries(texts, cells | st.lists(cells, max_size=2), min_size=1, max_size=4), min_size=1)


@pytest.fixture(autouse=True, scope="module")
def _small_groups() -> Iterator[None]:
    """Make groups a tenth as long, so that tables of several groups are short."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (json_array, json_file):
            patch.setattr(module, "GROUP_CHARACTERS", GROUP_CHARACTERS)
        yield


def rows(stored: bytes) -> Any:
    return json.loads(b"".join(json_rows(io.BytesIO(stored))))


def written(table: list[Any], form: str) -> bytes:
    if form == "JSON":
        return json.dumps(table).encode()
    return b"\n".join(json.dumps(row).encode() for row in table)


def field_error(content: bytes, form: str) -> tuple[str, str]:
    with pytest.raises(InvalidData) as refused:
        READERS[form](io.BytesIO(content), SETTINGS)
    first = refused.value.field_errors[0]
    return first.pointer, first.message


class Trickle(io.BytesIO):
    """A file that returns only a few bytes per read, so that blocks end anywhere."""

    size = 1

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, self.size) if size and size > 0 else size)


@given(table=tables, size=st.integers(1, 40), indent=st.none() | st.integers(0, 3), plain=st.booleans())
def test_any_table_is_read_in_any_pieces(table: list[Any], size: int, indent: int | None, plain: bool) -> None:  # noqa: FBT001
    """The rows are the same wherever the blocks of a file end, even within a character, and whatever its layout."""
    file = Trickle(json.dumps(table, indent=indent, ensure_ascii=plain).encode())
    file.size = size
    content = read_json(file, SETTINGS)
    assert repr(rows(content.stored)) == repr(table)
    assert content.raw_bytes == len(b"".join(json_rows(io.BytesIO(content.stored))))


@given(table=tables, line_end=st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
def test_any_table_is_read_line_by_line(table: list[Any], line_end: bytes) -> None:
    """NDJSON has one row per line; empty lines are skipped."""
    content = read_ndjson(io.BytesIO(line_end.join(json.dumps(row).encode() for row in table)), SETTINGS)
    assert repr(rows(content.stored)) == repr(table)


@pytest.mark.parametrize("form", READERS)
def test_a_long_table_is_read_in_groups(form: str) -> None:
    """Rows of any shape on both sides of a group's boundary are read, and a column has one type for all groups."""
    table = [{"n": index, **({"x": None} if index % 7 else {})} for index in range(GROUP_CHARACTERS // 8)]
    content = READERS[form](io.BytesIO(written([*table, {"n": 0.5}], form)), SETTINGS)
    assert rows(content.stored) == [*table, {"n": 0.5}]
    assert content.types == {"n": "number", "x": "string"}
    assert content.raw_bytes == len(b"".join(json_rows(io.BytesIO(content.stored))))


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize(
    "row",
    [
        pytest.param('{"a": 1, "b": "x"}', id="flat"),
        pytest.param('{"a": {"b": {}, "c": [{}]}}', id="objects in a cell"),
        pytest.param('{"a": {"b": {"c": {"d": [{}]}}}}', id="deeply nested"),
        pytest.param(r'{"a": "}, {", "]": "\"},\\", "b\u003a": "\u00e9"}', id="texts that look like structure"),
        pytest.param('{"a": -0, "b": 1e2}', id="minus zero"),
        pytest.param("{}", id="empty"),
    ],
)
def test_rows_of_any_form_are_read_in_groups(form: str, row: str) -> None:
    """Rows are the same whether a group of them is parsed at once or one by one, and groups are large either way."""
    count = 2 * GROUP_CHARACTERS // len(row)
    texts = ['{"a": 0}', *[row] * count]
    content = b"[" + ", ".join(texts).encode() + b"]" if form == "JSON" else "\n".join(texts).encode()
    stored = READERS[form](io.BytesIO(content), SETTINGS).stored
    expected = json.loads(row, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))
    assert repr(rows(stored)) == repr([{"a": 0}, *[expected] * count])
    assert len(gzip.decompress(stored).splitlines()) <= 5


@pytest.mark.parametrize("form", READERS)
def test_a_byte_order_mark_is_skipped(form: str) -> None:
    """A byte order mark, which some programs write, is not part of the content."""
    content = READERS[form](io.BytesIO(b"\xef\xbb\xbf" + written([{"a": 1}], form)), SETTINGS)
    assert rows(content.stored) == [{"a": 1}]


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize(
    ("row", "pointer", "message"),
    [
        pytest.param(b"[1]", "/1", "This must be an object.", id="an array"),
        pytest.param(b"2", "/1", "This must be an object.", id="a number"),
        pytest.param(b'{"a": NaN}', "/1/a", "NaN is not a JSON number.", id="NaN"),
        pytest.param(b'{"a": 1e999}', "/1/a", "This number is beyond", id="out of range for a double"),
        pytest.param(
            rb'{"a": "\ud800"}', "/1/a", "This text contains an unpaired surrogate.", id="an unpaired surrogate"
        ),
        pytest.param(rb'{"a": "\u0000"}', "/1/a", "This text contains a NUL", id="NUL"),
        pytest.param(b'{"a": 1, "a": 2}', "/1", 'The member "a" appears more than once.', id="a duplicate member"),
        pytest.param(b'{"a": "\xe9"}', "/1", "Row 2: The byte 0xE9 is not valid UTF-8", id="Latin-1"),
        pytest.param(
            b'{"a" 1}', "/1", "Row 2: The row is not valid JSON: Expecting ':' delimiter (character 6).", id="no colon"
        ),
        pytest.param(
            b'{"a": 01}', "/1", "Row 2: The row is not valid JSON: Expecting ',' delimiter", id="a leading zero"
        ),
        pytest.param(
            b'{"a":' * 40 + b"1" + b"}" * 40, "/1" + "/a" * 31, "This is nested more than 32", id="nested too deeply"
        ),
        pytest.param(
            b'{"a":' * 99_999 + b"1" + b"}" * 99_999,
            "/1",
            "Row 2: The row is nested too deeply",
            id="nested too deeply to parse",
        ),
        pytest.param(b'{"a": "' + b"x" * LONGEST_ROW + b'"}', "/1", "Row 2: The row is longer", id="too long"),
    ],
)
def test_an_invalid_row_is_named(form: str, row: bytes, pointer: str, message: str) -> None:
    """In both formats, a row that is not an object or cannot be stored unchanged is refused with its place."""
    content = b"[" + b",".join([b'{"a": 1}', row, b'{"a": 3}']) + b"]"
    if form == "NDJSON":
        content = b"\n".join([b'{"a": 1}', row, b'{"a": 3}'])
    found, text = field_error(content, form)
    assert found == pointer
    assert text.startswith(message)


@pytest.mark.parametrize(
    ("content", "pointer", "message"),
    [
        pytest.param(b"", "", "A JSON table must be an array of objects.", id="an empty file"),
        pytest.param(b'{"a": [1]}', "", "A JSON table must be an array of objects.", id="an object"),
        pytest.param(
            b'[{"a": 1}, {"a": ', "/1", "Row 2: The row is not valid JSON: Expecting value", id="cut off in a row"
        ),
        pytest.param(
            b'[{"a": 1},', "/1", "Row 2: The row is not valid JSON: Expecting value", id="cut off after a comma"
        ),
        pytest.param(b'[{"a": 1}', "/0", "Row 1: A comma or the end of the array must follow.", id="cut off"),
        pytest.param(b'[{"a": 1}; {"a": 2}]', "/0", "Row 1: A comma or", id="a semicolon"),
        pytest.param(b'[{"a": 1}] x', "", "Unexpected content follows the array.", id="trailing content"),
        pytest.param('[{"a": "é"}]'.encode()[:9], "/0", "Row 1: The byte 0xC3 is not", id="cut off in a character"),
    ],
)
def test_an_incomplete_array_is_refused(content: bytes, pointer: str, message: str) -> None:
    """A file that is not an array, or not a complete one, is refused with the place where that becomes apparent."""
    found, text = field_error(content, "JSON")
    assert found == pointer
    assert text.startswith(message)


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize(("row", "pointer"), [(2, ""), ({"a": "\0"}, "/a")])
def test_a_row_far_down_is_named(form: str, row: Any, pointer: str) -> None:
    """Rows are counted across all groups that a file is read in."""
    count = GROUP_CHARACTERS // 4
    assert field_error(written([*[{"a": 1}] * count, row], form), form)[0] == f"/{count}{pointer}"


def test_two_values_in_a_line_are_refused() -> None:
    """A line of NDJSON is one object and nothing else."""
    message = "Row 1: Unexpected content follows the object at character 9 of the row."
    assert field_error(b'{"a": 1}{"a": 2}', "NDJSON") == ("/0", message)


def test_a_row_is_not_read_again_for_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of many blocks is parsed a few times, not once per block, so reading is linear in its length."""
    parsed = []

    def counted(text: str, start: int) -> tuple[Any, int]:
        parsed.append(len(text))
        return parse_at(text, start)

    monkeypatch.setattr(json_array, "parse_at", counted)
    content = read_json(io.BytesIO(b'[{"a": {"b": {"c": ["' + b'", "'.join([b"x" * 1_000] * 900) + b'"]}}}]'), SETTINGS)
    assert content.rows == 1
    assert 900_000 < sum(parsed) < 4_000_000
