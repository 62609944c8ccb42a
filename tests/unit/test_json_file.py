"""JSON and NDJSON files are read as the rows that they hold, or refused with the row."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.inputs.texts import kept_texts

from dashboard_store.documents.dataset import json_file
from dashboard_store.documents.dataset.json_file import LONGEST_ROW, read_json, read_ndjson
from dashboard_store.documents.dataset.rows import GROUP_CHARACTERS
from dashboard_store.documents.dataset.storage_format import json_rows
from dashboard_store.documents.json_text import parse_at
from dashboard_store.errors import InvalidData
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")
READERS = {"JSON": read_json, "NDJSON": read_ndjson}

texts = kept_texts(max_size=8)
cells = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
tables = st.lists(st.dictionaries(texts, cells | st.lists(cells, max_size=2), min_size=1, max_size=4), min_size=1)


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
    """A file of which a read gives few bytes at a time, so that its borders fall anywhere."""

    size = 1

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, self.size) if size and size > 0 else size)


@given(table=tables, size=st.integers(1, 40), indent=st.none() | st.integers(0, 3), plain=st.booleans())
def test_any_table_is_read_in_any_pieces(table: list[Any], size: int, indent: int | None, plain: bool) -> None:  # noqa: FBT001
    """Wherever the pieces of a file end, in a character or a number, and however it is laid out: the same rows."""
    file = Trickle(json.dumps(table, indent=indent, ensure_ascii=plain).encode())
    file.size = size
    content = read_json(file, SETTINGS)
    assert repr(rows(content.stored)) == repr(table)
    assert content.raw_bytes == len(b"".join(json_rows(io.BytesIO(content.stored))))


@given(table=tables, line_end=st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
def test_any_table_is_read_line_by_line(table: list[Any], line_end: bytes) -> None:
    """NDJSON is the same rows, one a line; empty lines are none."""
    content = read_ndjson(io.BytesIO(line_end.join(json.dumps(row).encode() for row in table)), SETTINGS)
    assert repr(rows(content.stored)) == repr(table)


@pytest.mark.parametrize("form", READERS)
def test_a_long_table_is_read_in_groups(form: str) -> None:
    """Rows on both sides of a group's border come back, those of other shapes too, and their types are one."""
    table = [{"n": index, **({"x": None} if index % 7 else {})} for index in range(GROUP_CHARACTERS // 8)]
    content = READERS[form](io.BytesIO(written([*table, {"n": 0.5}], form)), SETTINGS)
    assert rows(content.stored) == [*table, {"n": 0.5}]
    assert content.types == {"n": "number", "x": "string"}
    assert content.raw_bytes == len(b"".join(json_rows(io.BytesIO(content.stored))))


@pytest.mark.parametrize("form", READERS)
def test_a_byte_order_mark_is_skipped(form: str) -> None:
    """Some programs begin a file with a mark, which is no content."""
    content = READERS[form](io.BytesIO(b"\xef\xbb\xbf" + written([{"a": 1}], form)), SETTINGS)
    assert rows(content.stored) == [{"a": 1}]


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize(
    ("row", "pointer", "message"),
    [
        pytest.param(b"[1]", "/1", "expected an object", id="an array"),
        pytest.param(b"2", "/1", "expected an object", id="a number"),
        pytest.param(b'{"a": NaN}', "/1/a", "NaN is not a JSON number", id="NaN"),
        pytest.param(b'{"a": 1e999}', "/1/a", "a number beyond", id="beyond a double"),
        pytest.param(rb'{"a": "\ud800"}', "/1/a", "the text holds half of a surrogate pair", id="half a surrogate"),
        pytest.param(rb'{"a": "\u0000"}', "/1/a", "the text holds a NUL", id="NUL"),
        pytest.param(b'{"a": 1, "a": 2}', "/1", 'the member "a" appears more than once', id="a member twice"),
        pytest.param(b'{"a": "\xe9"}', "/1", "row 2: the byte 0xE9 is not UTF-8", id="Latin-1"),
        pytest.param(b'{"a" 1}', "/1", "row 2: Expecting ':' delimiter at character 6 of the row", id="no colon"),
        pytest.param(b'{"a": 01}', "/1", "row 2: Expecting ',' delimiter", id="a leading zero"),
        pytest.param(b'{"a":' * 40 + b"1" + b"}" * 40, "/1" + "/a" * 31, "nested more than 32", id="deep"),
        pytest.param(b'{"a":' * 99_999 + b"1" + b"}" * 99_999, "/1", "row 2: nested too deeply", id="very deep"),
        pytest.param(b'{"a": "' + b"x" * LONGEST_ROW + b'"}', "/1", "row 2: ", id="very long"),
    ],
)
def test_a_row_that_cannot_be_kept_is_named(form: str, row: bytes, pointer: str, message: str) -> None:
    """A row that is no object, or holds what would not come back, is refused with its place in either form."""
    content = b"[" + b",".join([b'{"a": 1}', row, b'{"a": 3}']) + b"]"
    if form == "NDJSON":
        content = b"\n".join([b'{"a": 1}', row, b'{"a": 3}'])
    found, text = field_error(content, form)
    assert found == pointer
    assert text.startswith(message)


@pytest.mark.parametrize(
    ("content", "pointer", "message"),
    [
        pytest.param(b"", "", "a JSON table is an array of objects", id="nothing"),
        pytest.param(b'{"a": [1]}', "", "a JSON table is an array of objects", id="an object"),
        pytest.param(b'[{"a": 1}, {"a": ', "/1", "row 2: Expecting value", id="cut off in a row"),
        pytest.param(b'[{"a": 1},', "/1", "row 2: Expecting value", id="cut off after a comma"),
        pytest.param(b'[{"a": 1}', "/0", "row 1: neither a comma nor the array's end follows", id="cut off"),
        pytest.param(b'[{"a": 1}; {"a": 2}]', "/0", "row 1: neither a comma", id="a semicolon"),
        pytest.param(b'[{"a": 1}] x', "", "something follows the array", id="more"),
        pytest.param('[{"a": "é"}]'.encode()[:9], "/0", "row 1: the byte 0xC3 is not", id="cut off in a character"),
    ],
)
def test_an_array_that_is_not_whole_is_refused(content: bytes, pointer: str, message: str) -> None:
    """A file that is no array, or not all of one, is refused where that shows."""
    found, text = field_error(content, "JSON")
    assert found == pointer
    assert text.startswith(message)


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize(("row", "pointer"), [(2, ""), ({"a": "\0"}, "/a")])
def test_a_row_far_down_is_named(form: str, row: Any, pointer: str) -> None:
    """Rows are counted through a file, however many groups it is read in."""
    count = GROUP_CHARACTERS // 4
    assert field_error(written([*[{"a": 1}] * count, row], form), form)[0] == f"/{count}{pointer}"


def test_two_values_in_a_line_are_refused() -> None:
    """A line of NDJSON is one object and nothing else."""
    message = "row 1: something follows the object at character 9 of the row"
    assert field_error(b'{"a": 1}{"a": 2}', "NDJSON") == ("/0", message)


def test_a_row_is_not_read_again_for_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of many blocks is tried a few times, not once for every block: the time grows with its length alone."""
    tried = []

    def counted(text: str, start: int) -> tuple[Any, int]:
        tried.append(len(text))
        return parse_at(text, start)

    monkeypatch.setattr(json_file, "parse_at", counted)
    content = read_json(io.BytesIO(b'[{"a": ["' + b'", "'.join([b"x" * 1_000] * 900) + b'"]}]'), SETTINGS)
    assert content.rows == 1
    assert sum(tried) < 4_000_000
