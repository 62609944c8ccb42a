"""Rows of JSON values: checked, typed and stored one group at a time."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from dashboard_store.documents.dataset.column_types import JsonColumn
from dashboard_store.documents.dataset.data_schema import Content
from dashboard_store.documents.dataset.storage_format import Row, TableWriter, columns_of
from dashboard_store.documents.json_text import Path, compact, pointer
from dashboard_store.errors import FieldError, InvalidData
from dashboard_store.settings import Settings

# The size of a group's text, which bounds the memory that reading a table takes. Larger groups compress no better.
GROUP_CHARACTERS: Final = 1_000_000


class RowsReader:
    """Reads the rows of a JSON table in order; the caller has checked that they are storable.

    `at` is the path of the rows in the body or file.
    """

    def __init__(self, settings: Settings, at: Path = None) -> None:
        self._settings = settings
        self._at = at
        self._writer = TableWriter()
        self._columns: dict[str, JsonColumn] = {}
        self._rows = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Add some rows. Raises InvalidData."""
        columns = columns_of(rows)
        for name, cells in columns.items():
            if any(_length(cell) > self._settings.max_cell_characters for cell in cells):
                raise self._long_cell_error(rows, name)
            self._columns.setdefault(name, JsonColumn()).add(cells)
        if len(self._columns) > self._settings.max_columns:
            error = FieldError(pointer(self._at), f"The table has more than {self._settings.max_columns} columns.")
            raise InvalidData("The table has too many columns.", [error])
        self._writer.add_rows(rows, columns)
        self._rows += len(rows)

    def content(self, raw_bytes: int) -> Content:
        types = {name: column.type for name, column in self._columns.items()}
        return Content(self._rows, types, self._writer.finish(), raw_bytes)

    def _long_cell_error(self, rows: Iterable[Row], name: str) -> InvalidData:
        limit = self._settings.max_cell_characters
        index = next(index for index, row in enumerate(rows, self._rows) if _length(row.get(name)) > limit)
        error = FieldError(pointer(((self._at, index), name)), f"This cell has more than {limit} characters.")
        return InvalidData("A cell is too large.", [error])


def _length(cell: Any) -> int:  # noqa: ANN401 - any JSON value
    if isinstance(cell, dict | list):
        cell = compact(cell)
    return len(cell) if isinstance(cell, str) else 0
