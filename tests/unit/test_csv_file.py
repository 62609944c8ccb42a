"""CSV files are read with inferred or given types, or refused with the row and column of the error."""

import csv
import io
import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.inputs.texts import kept_texts

from dashboard_store.documents.dataset import csv_records
from dashboard_store.documents.dataset.csv_file import read_csv
from dashboard_store.documents.dataset.csv_text import csv_rows
from dashboard_store.documents.dataset.data_schema import Content
from dashboard_store.documents.dataset.readings import ColumnType
from dashboard_store.documents.dataset.storage_format import json_rows
from dashboard_store.errors import InvalidData
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")


def read(
    content: bytes,
    given_types: dict[str, ColumnType] | None = None,
    settings: Settings = SETTINGS,
    delimiter: str | None = None,
) -> Content:
    return read_csv(io.BytesIO(content), given_types or {}, settings, delimiter)


def rows(content: Content) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(b"".join(json_rows(io.BytesIO(content.stored))))
    return found


def field_errors(content: bytes, given_types: dict[str, ColumnType] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(InvalidData) as refused:
        read(content, given_types)
    return [(each.pointer, each.message) for each in refused.value.field_errors]


def column(*cells: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["c", "other"], *([cell, "x"] for cell in cells)])
    return text.getvalue().encode()


@pytest.mark.parametrize(
    ("cells", "column_type", "values"),
    [
        pytest.param(["1", "-2", "0"], "integer", [1, -2, 0], id="integers"),
        pytest.param([str(2**53 - 1), str(1 - 2**53)], "integer", [2**53 - 1, 1 - 2**53], id="the largest integers"),
        pytest.param([str(2**53)], "string", [str(2**53)], id="an integer that a browser would round"),
        pytest.param(["1.5", "2", "0.25"], "number", [1.5, 2, 0.25], id="numbers in their shortest form"),
        pytest.param(["12.50", "3.00"], "number", [12.5, 3.0], id="two decimals each"),
        pytest.param(["1.50", "2"], "string", ["1.50", "2"], id="decimals that would be lost"),
        pytest.param(["0.1", "0.30000000000000004"], "number", [0.1, 0.1 + 0.2], id="all digits of a double"),
        pytest.param(
            ["1e-7", "1.5e-07", "1e+21"], "number", [1e-7, 1.5e-7, 1e21], id="exponents as programs write them"
        ),
        pytest.param(["0.00001", "2.5"], "number", [1e-5, 2.5], id="a small number without an exponent"),
        pytest.param(["1e3"], "string", ["1e3"], id="an exponent that a program would not write"),
        pytest.param(["-0", "1.5"], "string", ["-0", "1.5"], id="minus zero"),
        pytest.param(["-0.0", "-0.5"], "string", ["-0.0", "-0.5"], id="minus zero as a decimal"),
        pytest.param(["1e999"], "string", ["1e999"], id="out of range for a double"),
        pytest.param(["007", "12"], "string", ["007", "12"], id="a leading zero"),
        pytest.param(["+49", "12"], "string", ["+49", "12"], id="a plus"),
        pytest.param(["1,5"], "string", ["1,5"], id="a decimal comma"),
        pytest.param(["1_000"], "string", ["1_000"], id="an underscore"),
        pytest.param([" 1"], "string", [" 1"], id="a space"),
        pytest.param(["NaN", "1"], "string", ["NaN", "1"], id="NaN"),
        pytest.param(["٣"], "string", ["٣"], id="non-ASCII digits"),
        pytest.param(["1\n2"], "string", ["1\n2"], id="two numbers in a cell"),
        pytest.param(["true", "false", "true"], "boolean", [True, False, True], id="booleans"),
        pytest.param(["False", "True"], "boolean", [False, True], id="booleans as Python writes them"),
        pytest.param(["true", "False"], "string", ["true", "False"], id="booleans written in two ways"),
        pytest.param(["true", "1"], "string", ["true", "1"], id="a boolean and a number"),
        pytest.param(["yes"], "string", ["yes"], id="yes"),
        pytest.param(["2026-02-28", "2024-02-29"], "date", ["2026-02-28", "2024-02-29"], id="dates"),
        pytest.param(["2026-02-30"], "string", ["2026-02-30"], id="a day that does not exist"),
        pytest.param(["2026-02-28T10:00Z"], "datetime", ["2026-02-28T10:00Z"], id="a date-time"),
        pytest.param(["1", "", "2"], "integer", [1, None, 2], id="an empty cell"),
        pytest.param(["", ""], "string", [None, None], id="only empty cells"),
        pytest.param(["a", "1"], "string", ["a", "1"], id="a word and a number"),
        pytest.param(["<b>", "&"], "string", ["<b>", "&"], id="markup"),
    ],
)
def test_a_column_has_the_type_of_all_its_cells(cells: list[str], column_type: str, values: list[Any]) -> None:
    """A column has the narrowest type that fits all its texts, or else is text; empty cells are null."""
    content = read(column(*cells))
    assert content.types["c"] == column_type
    found = [row["c"] for row in rows(content)]
    assert (found, list(map(type, found))) == (values, list(map(type, values)))


def test_a_type_is_that_of_the_whole_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single cell at the end of a file of many groups changes the type of the whole column."""
    monkeypatch.setattr(csv_records, "GROUP_CHARACTERS", 1_000)
    many = ["1"] * 20_000
    content = read(column(*many, "n/a"))
    assert content.types["c"] == "string"
    assert {row["c"] for row in rows(content)} == {"1", "n/a"}


@pytest.mark.parametrize(
    ("given_type", "first"), [("string", "7"), ("integer", 7), ("number", 7), ("date", "7"), ("datetime", "7")]
)
def test_a_given_type_is_used(given_type: ColumnType, first: Any) -> None:
    """A column with a given type is read as that type; a type of text leaves its texts unchanged."""
    content = read(column("7", ""), {"c": given_type})
    assert content.types["c"] == given_type
    assert [row["c"] for row in rows(content)] == [first, None]


@pytest.mark.parametrize("given_type", ["boolean", "integer", "number"])
def test_a_given_type_must_fit(given_type: ColumnType) -> None:
    """A cell that cannot be read as the given type is named."""
    ((pointer, message),) = field_errors(column("" if given_type == "boolean" else "7", "seven"), {"c": given_type})
    assert pointer == "/1/c"
    assert message == f'Row 2, column 1 ("c"): This text cannot be read as {given_type}.'


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no byte order mark", "byte order mark"])
def test_all_dialects_give_the_same_table(delimiter: str, line_end: str, mark: bytes) -> None:
    """Commas, semicolons or tabs, any line ending, with or without a byte order mark, give the same table."""
    lines = [["a b", '"c,;\td"'], ["1", "Zürich"], ["", '"say ""hi"""'], [], ["3", '"x\ny"'], []]
    content = mark + line_end.join(delimiter.join(line) for line in lines).encode()
    assert rows(read(content)) == [
        {"a b": 1, "c,;\td": "Zürich"},
        {"a b": None, "c,;\td": 'say "hi"'},
        {"a b": 3, "c,;\td": "x\ny"},
    ]


def test_quoted_names_do_not_affect_the_delimiter() -> None:
    """A quoted name may have more commas than there are semicolons between the names."""
    assert rows(read(b'a;"b, c, or d"\n1;2\n')) == [{"a": 1, "b, c, or d": 2}]


def test_a_file_may_have_one_column() -> None:
    """A header without a delimiter names one column."""
    assert rows(read(b"n\n1\n2")) == [{"n": 1}, {"n": 2}]


# CSV does not distinguish an empty text from null.
texts = kept_texts(max_size=12)


@given(header=st.lists(texts, min_size=2, max_size=4, unique=True), data=st.data())
def test_all_texts_written_as_csv_are_read(header: list[str], data: st.DataObject) -> None:
    """Any texts that the csv module writes are read back as the values they represent, and return unchanged as CSV."""
    assume(not header[0].startswith("\ufeff") and header[-1])
    cells = data.draw(st.lists(st.lists(texts, min_size=len(header), max_size=len(header)), min_size=1, max_size=6))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *cells])
    content = read(text.getvalue().encode(), delimiter=",")
    assert b"".join(csv_rows(io.BytesIO(content.stored), header)) == text.getvalue().encode()
    for row, written in zip(rows(content), cells, strict=True):
        assert list(row) == header
        for value, cell in zip(row.values(), written, strict=True):
            assert value == (None if cell == "" else value_of(cell, value))


def value_of(cell: str, like: Any) -> Any:
    return json.loads(cell.lower()) if isinstance(like, bool | int | float) else cell


@given(
    table=st.lists(
        st.fixed_dictionaries({"n": st.none() | st.integers(), "t": st.none() | st.text("abc ,\"'\n;é", min_size=1)}),
        min_size=1,
        max_size=5,
    )
)
def test_a_table_as_csv_is_the_same_table(table: list[dict[str, Any]]) -> None:
    """A table that was downloaded as CSV can be uploaded again unchanged."""
    first = read(b"n,t\n" + b"".join(_line(row) for row in table))
    again = read(b"".join(csv_rows(io.BytesIO(first.stored), ["n", "t"])))
    assert (rows(again), again.types) == (rows(first), first.types)


def _line(row: dict[str, Any]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(["" if row[name] is None else row[name] for name in ("n", "t")])
    return text.getvalue().encode()


@pytest.mark.parametrize("count", [1, 100_000])
def test_the_size_of_the_rows_is_that_of_the_response(count: int) -> None:
    """The size that decides between response and download is exactly that of the rows in a response."""
    content = read(b"n,<t>,f\n" + b"".join(b"%d,<%d>,1.50\n" % (index, index % 7) for index in range(count)))
    assert content.raw_bytes == len(b"".join(json_rows(io.BytesIO(content.stored))))


@pytest.mark.parametrize(
    ("content", "pointer", "message"),
    [
        pytest.param(b"", "", "The file is empty;", id="an empty file"),
        pytest.param(b"\n\n", "", "The file is empty;", id="empty lines"),
        pytest.param(
            b"a,b,a\n1,2,3", "", 'Header, column 3: An earlier column is also named "a".', id="a duplicate name"
        ),
        pytest.param(
            b"a,b\n1,2\n3\n",
            "/1/b",
            'Row 2, column 2 ("b"): The row must have as many cells as the header has columns (2), but it has 1.',
            id="a short row",
        ),
        pytest.param(
            b"a,b\n1,2,3\n",
            "/0",
            "Row 1, column 3: The row must have as many cells as the header has columns (2), but it has 3.",
            id="a long row",
        ),
        pytest.param(b"a,b\n1,\0\n", "/0/b", 'Row 1, column 2 ("b"): This text contains a NUL', id="a NUL"),
        pytest.param(b"a,\0\n1,2\n", "", "Header, column 2: This text contains a NUL", id="a NUL in the header"),
        pytest.param(
            b"a\n1\n\xe9t\xe9\n", "/1/a", 'Row 2, column 1 ("a"): The byte 0xE9 is not valid UTF-8', id="Latin-1"
        ),
        pytest.param("a\n1\n".encode("utf-16le"), "", "Header, column 1: This text contains a NUL", id="no mark"),
        pytest.param(
            b"\xff\xfea\0\n\0\0\xd8\n\0", "", "The file is marked as UTF-16, but it is not valid", id="UTF-16"
        ),
        pytest.param(
            b'a,b\n1,"2\n3,4\n', "/0", "Row 1: The CSV cannot be parsed (unexpected end of data).", id="an open quote"
        ),
        pytest.param(
            b'a\n"1"2\n',
            "/0",
            "Row 1: The CSV cannot be parsed (text follows a closing quote).",
            id="a text after a quote",
        ),
    ],
)
def test_a_malformed_file_is_refused_with_the_place(content: bytes, pointer: str, message: str) -> None:
    """Messages count rows and columns from 1, without the header; pointers count from 0."""
    ((found, text),) = field_errors(content)
    assert found == pointer
    assert text.startswith(message)


def test_a_bad_byte_far_down_is_found() -> None:
    """The place of an invalid byte is exact however far down it is, even after line breaks within quotes."""
    content = b'a,b\n"1\n1",2\n' + b"3,4\n" * 400_000 + b"5,\xfc\n"
    assert field_errors(content)[0][0] == "/400001/b"


def test_a_short_row_far_down_is_found() -> None:
    """Rows are counted across all groups that a file is read in."""
    assert field_errors(b"a,b\n" + b"3,4\n" * 900_000 + b"5\n")[0][0] == "/900000/b"


def test_at_most_twenty_places_are_named() -> None:
    """The number of errors in a response is limited, because it could not be sent otherwise."""
    assert len(field_errors(b"a,b\n" + b"1\n" * 1_000)) == 20


def test_a_cell_is_limited() -> None:
    """A cell over the limit, usually due to an unclosed quote, is refused with its row."""
    limited = replace(SETTINGS, max_cell_characters=300)
    assert read(column("x" * 300), settings=limited).rows == 1
    with pytest.raises(InvalidData) as refused:
        read(column("x", "x" * 301), settings=limited)
    assert refused.value.field_errors[0].pointer == "/1"


def test_columns_are_limited() -> None:
    """A header with exactly as many columns as the limit is accepted; one more is refused with both numbers."""
    limited = replace(SETTINGS, max_columns=10)
    assert len(read(b",".join(b"%d" % index for index in range(10)) + b"\n" + b"," * 9, settings=limited).types) == 10
    with pytest.raises(InvalidData) as refused:
        read(b",".join(b"%d" % index for index in range(11)), settings=limited)
    assert refused.value.field_errors[0].message == "The header has 11 columns; the limit is 10."


def test_reading_takes_bounded_memory() -> None:
    """A file four times as large takes less than twice the memory to read, because only a group is held at a time."""

    def peak(lines: int) -> int:
        content = io.BytesIO(b"n,t\n" + b"1234567,the same text in every row\n" * lines)
        tracemalloc.start()
        stored = len(read_csv(content, {}, SETTINGS).stored)
        most = tracemalloc.get_traced_memory()[1] - stored
        tracemalloc.stop()
        return most

    assert peak(160_000) < 2 * peak(40_000)


def test_long_names_do_not_multiply_rows() -> None:
    """A table that would be too large as JSON, because each row repeats a long name, is refused in little memory."""
    name = "n" * 49_000
    tracemalloc.start()
    ((_, message),) = field_errors(f"{name}\n".encode() + b"1\n" * 50_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message == "As JSON, its rows would have more than 2,000,000,000 bytes. Shorten the names of its columns."
    assert peak < 30_000_000


def test_rows_with_long_names_are_written_in_parts() -> None:
    """The memory that writing JSON takes does not depend on how long names make the rows of a group."""
    content = read(b"n" * 49_000 + b"\n" + b"1\n" * 2_000)
    tracemalloc.start()
    written = sum(map(len, json_rows(io.BytesIO(content.stored))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert written == content.raw_bytes > 98_000_000
    assert peak < 60_000_000
