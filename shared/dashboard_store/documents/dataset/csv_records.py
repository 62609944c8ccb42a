"""The records of a CSV file (RFC 4180): its header, and its rows in groups; errors name row and column."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final

from dashboard_store.documents.dataset.data_schema import require_cells, unreadable
from dashboard_store.documents.dataset.dialect import DELIMITERS, ONE_COLUMN, Dialect, open_text
from dashboard_store.documents.dataset.json_array import LONGEST_ROW
from dashboard_store.documents.dataset.rows import GROUP_CHARACTERS
from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, compact, pointer
from dashboard_store.documents.unsafe_html import TextCheck
from dashboard_store.errors import FieldError, UnsafeText
from dashboard_store.settings import Settings

# As many columns as a worksheet of Excel has: that many may be empty at the end.
_MOST_COLUMNS: Final = 16_384


class CsvFile:
    """A CSV file, which is read twice: first to infer the types of its columns, then to store their cells."""

    def __init__(self, dialect: Dialect, settings: Settings) -> None:
        self._settings = settings
        self.dialect = dialect
        self.texts = TextCheck()
        self._refuse_oversized()
        self.names: list[str] = []
        self._width = 0
        self.names = self._header()
        self._width = len(self.names)

    def groups(self) -> Iterator[tuple[int, list[list[str]], float]]:
        """Yield (number of the first row, rows, share of the file); the first row below the header is number 1."""
        try:
            yield from self._groups()
        except (UnicodeDecodeError, _NulError):
            raise unreadable(self._first_invalid_character()) from None

    def _groups(self) -> Iterator[tuple[int, list[list[str]], float]]:
        with self._text() as lines:
            next(self._records(lines, 0))
            first = 1
            while lines.fill():
                rows = self._checked(first, self._group(lines, first))
                if rows:
                    yield first, rows, lines.share
                first += len(rows)

    def _group(self, lines: "_Lines", first: int) -> list[list[str]]:
        """Read the rows of the lines that are waiting."""
        if lines.are_rows:
            # The csv module can read all of them at once.
            try:
                rows = list(self._reader(lines.waiting))
            except csv.Error:
                # Read them again for the row of the error.
                pass
            else:
                lines.waiting.clear()
                return self._without_blank(rows)
        rows = []
        for record in self._records(lines, first):
            rows.append(record)
            if not lines.waiting:
                break
        return rows

    def _without_blank(self, rows: list[list[str]]) -> list[list[str]]:
        """Leave out empty lines, but in a table with one column, where they are empty cells."""
        if self._width == 1:
            return [row or _EMPTY_CELL for row in rows] if [] in rows else rows
        if {self._width}.issuperset(map(len, rows)):
            return rows
        return [row for row in rows if not _is_blank(row)]

    def drop_columns(self, count: int) -> None:
        """Leave out the last columns from now on."""
        self.names = self.names[: len(self.names) - count]

    def require_columns(self) -> None:
        """Raise InvalidData if the table has too many columns, or two of one name."""
        names, limit = self.names, self._settings.max_columns
        if len(names) > limit:
            raise unreadable(FieldError("", f"The header has {len(names)} columns; the limit is {limit}."))
        if len(set(names)) < len(names):
            index = next(index for index, name in enumerate(names) if name in names[:index])
            raise unreadable(self.error_at(0, index, f"An earlier column is also named {compact(names[index])}."))

    def error_at(self, row: int, column: int, message: str) -> FieldError:
        place = f"Row {row}, column {column + 1}" if row else f"Header, column {column + 1}"
        if not row or column >= len(self.names):
            return FieldError(pointer((None, row - 1)) if row else "", f"{place}: {message}")
        name = self.names[column]
        return FieldError(pointer(((None, row - 1), name)), f"{place} ({compact(name)}): {message}")

    def _header(self) -> list[str]:
        try:
            with self._text() as lines:
                names = next(self._records(lines, 0), [])
        except (UnicodeDecodeError, _NulError):
            raise unreadable(self._first_invalid_character()) from None
        if not names:
            raise unreadable(FieldError("", "The file is empty; it must have a header with at least one column."))
        named = max((index for index, name in enumerate(names, 1) if name), default=1)
        if named > self._settings.max_columns or len(names) > _MOST_COLUMNS:
            limit = self._settings.max_columns
            raise unreadable(FieldError("", f"The header has {len(names)} columns; the limit is {limit}."))
        found = (
            self.error_at(0, index, message)
            for index, name in enumerate(names)
            if (message := self.texts.message(name))
        )
        if errors := list(islice(found, MAX_FIELD_ERRORS)):
            raise UnsafeText(errors)
        return names

    def _refuse_oversized(self) -> None:
        """Raise InvalidData for a file with too many cells or a line that is too long, without parsing it."""
        separators = [b"\n", b"\r", self.dialect.delimiter.encode()]
        cells = 0
        for block in self._blocks():
            if b"\n" not in block and b"\r" not in block and len(block) == LONGEST_ROW:
                raise unreadable(FieldError("", f"A line is longer than {LONGEST_ROW} bytes."))
            cells += sum(map(block.count, separators)) - block.count(b"\r\n")
        if cells > self._settings.max_table_cells:
            require_cells(self._cells_outside_quotes(separators), self._settings)

    def _cells_outside_quotes(self, separators: Sequence[bytes]) -> int:
        """Count what separates cells, but not in quoted cells."""
        cells, is_quoted = 0, False
        for block in self._blocks():
            parts = block.split(b'"')
            outside = b'"'.join(parts[is_quoted::2])
            cells += sum(map(outside.count, separators)) - outside.count(b"\r\n")
            is_quoted ^= len(parts) % 2 == 0
        return cells

    def _blocks(self) -> Iterator[bytes]:
        self.dialect.text.seek(self.dialect.start)
        while block := self.dialect.text.read(LONGEST_ROW):
            yield block

    def _records(self, lines: "_Lines", row: int) -> Iterator[list[str]]:
        """Yield the records from a row on, number 0 being the header, without empty lines like `_without_blank`."""
        try:
            for record in self._reader(lines):
                lines.record_characters = 0
                if not _is_blank(record) or (self._width == 1 and row):
                    yield record or [""]
                    row += 1
        except csv.Error as exc:
            # The module names what separates cells, which for one column is a NUL.
            reason = "text follows a closing quote" if "expected after" in str(exc) else exc
            raise unreadable(self._row_error(row, f"The CSV cannot be parsed ({reason}).")) from exc
        except _LongRecordError:
            raise unreadable(self._row_error(row, f"The row is longer than {LONGEST_ROW} characters.")) from None

    def _reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        # The csv module has one limit per process; it is the same for every file.
        csv.field_size_limit(self._settings.max_cell_characters)
        # A NUL that is looked for must not separate the cells of a file with one column.
        is_search = isinstance(lines, _Lines) and lines.allows_nul
        delimiter = _UNIT_SEPARATOR if is_search and self.dialect.delimiter == ONE_COLUMN else self.dialect.delimiter
        return csv.reader(lines, delimiter=delimiter, strict=True)

    @staticmethod
    def _row_error(row: int, message: str) -> FieldError:
        place = f"Row {row}" if row else "Header"
        return FieldError(pointer((None, row - 1)) if row else "", f"{place}: {message}")

    def _checked(self, first: int, rows: list[list[str]]) -> list[list[str]]:
        width = self._width
        require_cells((first + len(rows) - 1) * width, self._settings)
        if {width}.issuperset(map(len, rows)):
            return rows
        odd = [(row, len(cells)) for row, cells in enumerate(rows, first) if len(cells) != width]
        inferred = f" The delimiter is taken to be {compact(self.dialect.delimiter)}." if self._has_inferred else ""
        errors = [
            self.error_at(
                row,
                min(count, width),
                f"The row must have as many cells as the header has columns ({width}), but it has {count}.{inferred}",
            )
            for row, count in odd[:MAX_FIELD_ERRORS]
        ]
        raise unreadable(*errors)

    @property
    def _has_inferred(self) -> bool:
        return self.dialect.is_inferred and self.dialect.delimiter in DELIMITERS

    def _first_invalid_character(self) -> FieldError:
        with self._text(errors="surrogateescape", allows_nul=True) as lines:
            for row, record in enumerate(self._records(lines, 0)):
                self.names = self.names or record
                for column, cell in enumerate(record):
                    if found := _INVALID_CHARACTER.search(cell):
                        return self.error_at(row, column, _invalid_character(found[0]))
        raise AssertionError("the invalid character is not there any more")

    @contextmanager
    def _text(self, errors: str = "strict", *, allows_nul: bool = False) -> Iterator["_Lines"]:
        text = open_text(self.dialect, errors)
        try:
            yield _Lines(text, self.dialect, allows_nul=allows_nul)
        finally:
            # Otherwise the wrapper would close the file.
            text.detach()


# One for all such rows, because creating a list for each would take longer than all else.
_EMPTY_CELL: Final = [""]
_UNIT_SEPARATOR: Final = "\x1f"


class _NulError(Exception):
    pass


class _LongRecordError(Exception):
    pass


class _Lines:
    """The lines of a text. Those that are `waiting` were read ahead, and come first.

    `are_rows` says whether each of those is a row, and none of them too long.
    """

    def __init__(self, text: io.TextIOWrapper, dialect: Dialect, *, allows_nul: bool) -> None:
        self._text = text
        self._file = dialect.text
        self._size = dialect.text.seek(0, io.SEEK_END)
        dialect.text.seek(dialect.start)
        self.allows_nul = allows_nul
        self.waiting: deque[str] = deque()
        self.are_rows = False
        self.record_characters = 0

    @property
    def share(self) -> float:
        """The share of the file that was read."""
        return self._file.tell() / self._size

    def fill(self) -> bool:
        """Read as many lines ahead as a group has; return whether there were any."""
        self.waiting.extend(self._text.readlines(GROUP_CHARACTERS))
        text = "".join(self.waiting)
        self._refuse_nul(text)
        self.are_rows = '"' not in text and len(text) <= LONGEST_ROW
        return bool(text)

    def __iter__(self) -> Iterator[str]:
        while line := self.waiting.popleft() if self.waiting else self._text.readline():
            self._refuse_nul(line)
            self.record_characters += len(line)
            if self.record_characters > LONGEST_ROW:
                raise _LongRecordError
            yield line

    def _refuse_nul(self, text: str) -> None:
        if "\0" in text and not self.allows_nul:
            raise _NulError


def _is_blank(record: Sequence[str]) -> bool:
    """Whether a record is an empty line, or nothing but spaces."""
    return not record or (len(record) == 1 and not record[0].strip(" "))


# NUL, and what `surrogateescape` makes of a byte that is not UTF-8.
_INVALID_CHARACTER: Final = re.compile("[\0\udc80-\udcff]")


def _invalid_character(found: str) -> str:
    if found == "\0":
        return "This text contains a NUL character (U+0000)."
    return f"The byte 0x{ord(found) - 0xDC00:02X} is not valid UTF-8; save the file as UTF-8."
