"""Rows of JSON values: checked, typed and stored one group at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from dashboard_store.documents.dataset.column_types import JsonColumn
from dashboard_store.documents.dataset.data_schema import Content, require_cells, unreadable
from dashboard_store.documents.dataset.storage_format import Row, TableWriter, columns_of
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, Path, compact, embeddable, pointer
from dashboard_store.errors import FieldError, InvalidData
from dashboard_store.settings import Settings

# The size of a group's text, which bounds the memory that reading a table takes. Larger groups compress no better.
GROUP_CHARACTERS: Final = 1_000_000


type Progress = Callable[[float], None]
"""Receives the share of a table that was read, from 0 to 1."""


def no_progress(_share: float) -> None:
    """Report nothing."""


type Group = tuple[list[Any], bytes]
"""Some values of an array, which are storable, and their text as `json_fast.read` returns it."""


class RowsReader:
    """Reads the rows of a JSON table in order.

    `at` is the path of the rows in the body or file.
    """

    def __init__(self, settings: Settings, at: Path = None) -> None:
        self._settings = settings
        self._at = at
        self._writer = TableWriter()
        self._columns: dict[str, JsonColumn] = {}
        self._rows = 0
        self._raw_bytes = 1

    def read(self, groups: Iterator[Group]) -> Content:
        """Read a table. Raises InvalidData."""
        for values, text in groups:
            self._add(values)
            self._raw_bytes += len(embeddable(text)) - 1
        types = {name: column.type for name, column in self._columns.items()}
        return Content(self._rows, types, self._writer.finish(), self._raw_bytes)

    def _add(self, rows: Sequence[Any]) -> None:
        if odd := [index for index, row in enumerate(rows, self._rows) if type(row) is not dict]:
            places = [pointer((self._at, index)) for index in odd[:MAX_FIELD_ERRORS]]
            raise unreadable(*(FieldError(place, "This must be an object.") for place in places))
        columns = columns_of(rows)
        texts = list(map(written, columns.cells.values()))
        limit = self._settings.max_cell_characters
        for (name, cells), text in zip(columns.cells.items(), texts, strict=True):
            # No cell is longer than its column.
            if len(text) > limit and any(_length(cell) > limit for cell in cells):
                raise self._long_cell_error(rows, name)
            self._columns.setdefault(name, JsonColumn()).add(cells)
        if len(self._columns) > self._settings.max_columns:
            error = FieldError(pointer(self._at), f"The table has more than {self._settings.max_columns} columns.")
            raise InvalidData("The table has too many columns.", [error])
        self._rows += len(rows)
        require_cells(self._rows * len(self._columns), self._settings)
        self._writer.add_rows(columns, texts)

    def _long_cell_error(self, rows: Iterable[Row], name: str) -> InvalidData:
        limit = self._settings.max_cell_characters
        index = next(index for index, row in enumerate(rows, self._rows) if _length(row.get(name)) > limit)
        error = FieldError(pointer(((self._at, index), name)), f"This cell has more than {limit} characters.")
        return InvalidData("A cell is too large.", [error])


def _length(cell: Any) -> int:  # noqa: ANN401 - any JSON value
    if isinstance(cell, dict | list):
        cell = compact(cell)
    return len(cell) if isinstance(cell, str) else 0
