"""Tables in CSV files (RFC 4180, and the variants that spreadsheets write)."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO, Final

from dashboard_store.documents.dataset.column_types import ColumnType, CsvColumn, fits
from dashboard_store.documents.dataset.data_schema import Content, unreadable
from dashboard_store.documents.dataset.rows import GROUP_CHARACTERS
from dashboard_store.documents.dataset.storage_format import TableWriter
from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, compact, pointer, served
from dashboard_store.documents.unsafe_html import TextCheck, may_be_unsafe
from dashboard_store.errors import FieldError, UnsafeText
from dashboard_store.settings import Settings

_LONGEST_HEADER: Final = 1_000_000
_DELIMITERS: Final = ",;\t"
# Types whose cells do not remain text.
_CONVERTED: Final = frozenset[ColumnType]({"boolean", "integer", "number"})


def read_csv(content: BinaryIO, given: Mapping[str, ColumnType], settings: Settings) -> Content:
    """Read a table in bounded memory, with the given types.

    Raises InvalidData or UnsafeText naming row and column.
    """
    file = _CsvFile(content, settings)
    types = _types(file, given)
    writer = TableWriter()
    rows = 0
    cell_bytes = 0
    for first, group in file.groups():
        columns = [
            column_json(types[name], cells) for name, cells in zip(file.names, zip(*group, strict=True), strict=True)
        ]
        _refuse_unsafe(file, first, group, columns)
        writer.add_columns(file.names, len(group), columns)
        rows += len(group)
        # Without the brackets and commas of the column.
        cell_bytes += sum(len(served(column)) - len(group) - 1 for column in columns)
    row_bytes = len(served(compact(dict.fromkeys(file.names, 0)))) - len(file.names) + 1
    return Content(rows, types, writer.finish(), 1 + rows * row_bytes + cell_bytes)


def _refuse_unsafe(file: "_CsvFile", first: int, rows: Sequence[Sequence[str]], columns: Sequence[str]) -> None:
    """Raise UnsafeText for text that a browser would execute; `columns`, the cells as JSON, make the check fast."""
    suspicious = [index for index, column in enumerate(columns) if may_be_unsafe(column)]
    found = (
        file.error_at(row, index, message)
        for row, cells in enumerate(rows if suspicious else (), first)
        for index in suspicious
        if (message := file.texts.message(cells[index]))
    )
    if errors := list(islice(found, MAX_FIELD_ERRORS)):
        raise UnsafeText(errors)


class _CsvFile:
    """A CSV file, which is read twice: first to infer the types of its columns, then to store their cells."""

    def __init__(self, file: BinaryIO, settings: Settings) -> None:
        self._file = file
        self._settings = settings
        self._delimiter = self._find_delimiter()
        self.texts = TextCheck()
        self.names: list[str] = []
        self.names = self._header()

    def groups(self) -> Iterator[tuple[int, list[list[str]]]]:
        """Yield (number of the first row, rows); the first row below the header is number 1."""
        try:
            yield from self._groups()
        except (UnicodeDecodeError, _NulError):
            raise unreadable(self._first_invalid_character()) from None

    def _groups(self) -> Iterator[tuple[int, list[list[str]]]]:
        with self._text() as lines:
            records = self._records(lines)
            next(records)
            first, rows, end = 1, [], lines.characters + GROUP_CHARACTERS
            for row in records:
                rows.append(row)
                if lines.characters > end:
                    yield first, self._checked(first, rows)
                    first, rows, end = first + len(rows), [], lines.characters + GROUP_CHARACTERS
            if rows:
                yield first, self._checked(first, rows)

    def error_at(self, row: int, column: int, message: str) -> FieldError:
        place = f"Row {row}, column {column + 1}" if row else f"Header, column {column + 1}"
        if not row or column >= len(self.names):
            return FieldError(pointer((None, row - 1)) if row else "", f"{place}: {message}")
        name = self.names[column]
        return FieldError(pointer(((None, row - 1), name)), f"{place} ({compact(name)}): {message}")

    def _find_delimiter(self) -> str:
        """Return the most frequent delimiter in the header, ignoring quoted names; a comma if it has no delimiter."""
        self._file.seek(0)
        unquoted = re.sub(rb'"[^"]*"', b"", self._file.readline(_LONGEST_HEADER))
        return max(_DELIMITERS, key=lambda delimiter: unquoted.count(delimiter.encode()))

    def _header(self) -> list[str]:
        try:
            with self._text() as lines:
                names = next(self._records(lines), [])
        except (UnicodeDecodeError, _NulError):
            raise unreadable(self._first_invalid_character()) from None
        if not names:
            raise unreadable(FieldError("", "The file is empty; it must have a header with at least one column."))
        if len(names) > self._settings.max_columns:
            limit = self._settings.max_columns
            raise unreadable(FieldError("", f"The header has {len(names)} columns; the limit is {limit}."))
        if len(set(names)) < len(names):
            index = next(index for index, name in enumerate(names) if name in names[:index])
            raise unreadable(self.error_at(0, index, f"An earlier column is also named {compact(names[index])}."))
        found = (
            self.error_at(0, index, message)
            for index, name in enumerate(names)
            if (message := self.texts.message(name))
        )
        if errors := list(islice(found, MAX_FIELD_ERRORS)):
            raise UnsafeText(errors)
        return names

    def _records(self, lines: Iterable[str]) -> Iterator[list[str]]:
        # The csv module has one limit per process; it is the same for every file.
        csv.field_size_limit(self._settings.max_cell_characters)
        row = 0
        try:
            for record in csv.reader(lines, delimiter=self._delimiter, strict=True):
                # An empty line, usually at the end, is not a row.
                if record:
                    yield record
                    row += 1
        except csv.Error as exc:
            place = f"Row {row}" if row else "Header"
            raise unreadable(
                FieldError(pointer((None, row - 1)) if row else "", f"{place}: The CSV cannot be parsed ({exc}).")
            ) from exc

    def _checked(self, first: int, rows: list[list[str]]) -> list[list[str]]:
        width = len(self.names)
        if {width}.issuperset(map(len, rows)):
            return rows
        odd = [(row, len(cells)) for row, cells in enumerate(rows, first) if len(cells) != width]
        errors = [
            self.error_at(
                row,
                min(count, width),
                f"The row must have as many cells as the header has columns ({width}), but it has {count}.",
            )
            for row, count in odd[:MAX_FIELD_ERRORS]
        ]
        raise unreadable(*errors)

    def _first_invalid_character(self) -> FieldError:
        with self._text(errors="surrogateescape", allow_nul=True) as lines:
            for row, record in enumerate(self._records(lines)):
                self.names = self.names or record
                for column, cell in enumerate(record):
                    if found := _INVALID_CHARACTER.search(cell):
                        return self.error_at(row, column, _invalid_character(found[0]))
        raise AssertionError("the invalid character is not there any more")

    @contextmanager
    def _text(self, errors: str = "strict", *, allow_nul: bool = False) -> Iterator["_Lines"]:
        self._file.seek(0)
        text = io.TextIOWrapper(self._file, encoding="utf-8-sig", errors=errors, newline="")
        try:
            yield _Lines(text, allow_nul=allow_nul)
        finally:
            # Otherwise the wrapper would close the file.
            text.detach()


class _NulError(Exception):
    pass


class _Lines:
    """The lines of a text, and the number of characters read so far."""

    def __init__(self, text: Iterable[str], *, allow_nul: bool) -> None:
        self._text = text
        self._allow_nul = allow_nul
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            if "\0" in line and not self._allow_nul:
                raise _NulError
            self.characters += len(line)
            yield line


# NUL, and what `surrogateescape` makes of a byte that is not UTF-8.
_INVALID_CHARACTER: Final = re.compile("[\0\udc80-\udcff]")


def _invalid_character(found: str) -> str:
    if found == "\0":
        return "This text contains a NUL character (U+0000)."
    return f"The byte 0x{ord(found) - 0xDC00:02X} is not valid UTF-8; save the file as UTF-8."


def _types(file: _CsvFile, given: Mapping[str, ColumnType]) -> dict[str, ColumnType]:
    """Infer the type of each column; a given type whose cells do not remain text must fit them."""
    forced = {name: each for name, each in given.items() if each in _CONVERTED}
    columns = {name: CsvColumn(forced.get(name)) for name in file.names}
    for first, group in file.groups():
        for index, cells in enumerate(zip(*group, strict=True)):
            name = file.names[index]
            columns[name].add([cell for cell in cells if cell])
            if name in forced and not columns[name].fits:
                row = next(row for row, cell in enumerate(cells, first) if cell and not fits(forced[name], [cell]))
                raise unreadable(file.error_at(row, index, f"This text cannot be read as {forced[name]}."))
    return {name: given.get(name) or column.type for name, column in columns.items()}


def column_json(column_type: ColumnType, cells: Sequence[str]) -> str:
    """Write a column as the JSON array of its cells."""
    if column_type not in _CONVERTED:
        return compact([cell or None for cell in cells])
    text = f"[{','.join([cell.lower() or 'null' for cell in cells])}]"
    # A number can be written in many ways; it is stored the way responses show it.
    return compact(json.loads(text)) if column_type == "number" else text
