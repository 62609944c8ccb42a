"""Tables in CSV files (RFC 4180, and the variants that spreadsheets write)."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import BinaryIO

from pydantic_core import from_json, to_json

from dashboard_store.documents.dataset.column_types import CsvColumn, notes
from dashboard_store.documents.dataset.csv_records import CsvFile
from dashboard_store.documents.dataset.data_schema import Content, require_writable, unreadable
from dashboard_store.documents.dataset.dialect import opened
from dashboard_store.documents.dataset.readings import CONVERTED, ColumnType, Format, Reading, fits, reading
from dashboard_store.documents.dataset.rows import Progress, no_progress
from dashboard_store.documents.dataset.storage_format import TableWriter
from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, compact, served
from dashboard_store.documents.unsafe_html import may_be_unsafe
from dashboard_store.errors import FieldError, UnsafeText
from dashboard_store.settings import Settings


def read_csv(
    content: BinaryIO,
    given: Mapping[str, ColumnType],
    settings: Settings,
    delimiter: str | None = None,
    progress: Progress = no_progress,
) -> Content:
    """Read a table in bounded memory, with the given types.

    Raises InvalidData or UnsafeText naming row and column.
    """
    with opened(content, delimiter) as dialect:
        return _read(CsvFile(dialect, settings), given, progress)


def _read(file: CsvFile, given: Mapping[str, ColumnType], progress: Progress) -> Content:
    columns = _columns(file, given, lambda share: progress(share / 2))
    names = file.names
    readings = [columns[name].reading for name in names]
    row_bytes = len(served(compact(dict.fromkeys(names, 0)))) - len(names) + 1
    writer = TableWriter()
    rows, cell_bytes = 0, 0
    for first, group, share in file.groups():
        cells = list(zip(*group, strict=True))[: len(names)]
        written = [each.column(column) for each, column in zip(readings, cells, strict=True)]
        texts = [column for column, _ in written]
        _refuse_unsafe(file, first, group, texts)
        originals = {index: original for index, (_, original) in enumerate(written) if original is not None}
        writer.add_texts(names, len(group), texts, originals)
        rows += len(group)
        require_writable(rows * row_bytes)
        # Without the brackets and commas of the column.
        cell_bytes += sum(
            _shown_bytes(each.type, column) - len(group) - 1 for each, column in zip(readings, texts, strict=True)
        )
        progress((1 + share) / 2)
    return Content(
        rows,
        {name: columns[name].reading.type for name in names},
        writer.finish(),
        1 + rows * row_bytes + cell_bytes,
        formats={name: each.format for name, each in columns.items() if each.format is not None},
        notes=list(notes({name: each.inferred for name, each in columns.items() if each.inferred})),
        dialect=file.dialect.document,
    )


def _refuse_unsafe(file: CsvFile, first: int, rows: Sequence[Sequence[str]], columns: Sequence[str]) -> None:
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


class _Column:
    """A column of a file: the type that the client gave, or the one that its texts have."""

    def __init__(self, given: ColumnType | None) -> None:
        self.inferred = None if given else CsvColumn()
        self._given = given and reading(given if given in CONVERTED else "string")
        self._type = given
        self.is_empty = True

    @property
    def reading(self) -> Reading:
        if self._given and self._type:
            return Reading(self._type, None, self._given.read)
        if self.inferred is None:
            raise AssertionError("a column without a given type has an inferred one")
        return Reading(self.inferred.type, self.inferred.format, reading(self.inferred.type).read)

    @property
    def format(self) -> Format | None:
        return self.inferred.format if self.inferred else None

    def add(self, cells: Sequence[str], row: int) -> int | None:
        """Add the cells of some rows; return the index of one that the given type does not fit."""
        self.is_empty = self.is_empty and not any(cells)
        if self.inferred:
            self.inferred.add(cells, row)
        elif self._given and self._given.type != "string":
            read = self._given.read
            return next((index for index, cell in enumerate(cells) if cell and not fits(read, cell)), None)
        return None


def _columns(file: CsvFile, given: Mapping[str, ColumnType], progress: Progress) -> dict[str, _Column]:
    """Infer the types of the columns, and leave out those at the end that have neither a name nor a cell."""
    columns = [_Column(given.get(name)) for name in file.names]
    for first, group, share in file.groups():
        for index, (column, cells) in enumerate(zip(columns, zip(*group, strict=True), strict=True)):
            misfit = column.add(cells, first)
            if misfit is not None:
                name = file.names[index]
                raise unreadable(file.error_at(first + misfit, index, f"This text cannot be read as {given[name]}."))
        progress(share)
    while columns and not file.names[len(columns) - 1] and columns[-1].is_empty:
        columns.pop()
    if not columns:
        raise unreadable(FieldError("", "Header: No column has a name or a cell."))
    file.drop_columns(len(file.names) - len(columns))
    file.require_columns()
    return dict(zip(file.names, columns, strict=True))


def _shown_bytes(column_type: ColumnType, column: str) -> int:
    """Return how many bytes a column's JSON has in a response, where numbers are as short as possible."""
    return len(to_json(from_json(column)) if column_type == "number" else served(column))
