"""The type of a column, inferred incrementally from its cells: the narrowest one that fits them all."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from dashboard_store.documents.json_text import LONGEST_INTEGER

type ColumnType = Literal["integer", "number", "boolean", "date", "datetime", "string"]

COLUMN_TYPES: Final[Sequence[ColumnType]] = get_args(ColumnType.__value__)
BOOLEANS: Final = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATETIME: Final = rf"{_DATE}[T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}([.,][0-9]+)?)?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?"
# As in JSON: a leading zero or a plus sign indicates a code or a telephone number, which remains text.
_INTEGER: Final = rf"0|-?[1-9][0-9]{{0,{LONGEST_INTEGER - 1}}}"
# -0 is no integer, and as a number it would come back as 0.
_NUMBER: Final = r"(?!-0\Z)-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?"


def _all_parse(pattern: str, parse: Callable[[str], object]) -> Callable[[Iterable[str]], bool]:
    form = re.compile(pattern)

    def fit(cells: Iterable[str]) -> bool:
        try:
            return all(form.fullmatch(cell) and parse(cell) is not None for cell in cells)
        except ValueError:
            return False

    return fit


def _are_numbers(cells: Collection[str]) -> bool:
    return all(map(re.compile(_NUMBER).fullmatch, cells)) and all(map(math.isfinite, map(float, cells)))


_FITS: Final[dict[ColumnType, Callable[[Collection[str]], bool]]] = {
    "boolean": BOOLEANS.issuperset,
    "integer": lambda cells: all(map(re.compile(_INTEGER).fullmatch, cells)),
    "number": _are_numbers,
    "date": _all_parse(_DATE, date.fromisoformat),
    "datetime": _all_parse(_DATETIME, datetime.fromisoformat),
}
_OF_TEXT: Final[tuple[ColumnType, ...]] = ("date", "datetime")


def fits(column_type: ColumnType, cells: Collection[str]) -> bool:
    """Whether the non-empty texts of a column can be read as a type; every text can be read as a string."""
    return column_type == "string" or _FITS[column_type](cells)


class CsvColumn:
    """The type of a CSV file's column: the narrowest one that fits all texts so far."""

    def __init__(self, given: ColumnType | None = None) -> None:
        self._left: list[ColumnType] = list(_FITS) if given is None else [given]
        self._is_empty = True

    def add(self, cells: Sequence[str]) -> None:
        """Add the non-empty texts of some rows."""
        if self._left and cells:
            self._is_empty = False
            self._left = [each for each in self._left if fits(each, cells)]

    @property
    def fits(self) -> bool:
        return bool(self._left)

    @property
    def type(self) -> ColumnType:
        return "string" if self._is_empty or not self._left else self._left[0]


class JsonColumn:
    """The type of a JSON table's column: that of its values, or a date type if all texts are dates."""

    def __init__(self) -> None:
        self._kinds: set[type] = set()
        self._of_text: list[ColumnType] = list(_OF_TEXT)

    def add(self, cells: Collection[Any]) -> None:
        self._kinds.update(map(type, cells))
        self._kinds.discard(type(None))
        if self._kinds == {str} and self._of_text:
            present = [cell for cell in cells if cell is not None]
            self._of_text = [each for each in self._of_text if fits(each, present)]

    @property
    def type(self) -> ColumnType:
        if self._kinds == {bool}:
            return "boolean"
        if self._kinds == {int}:
            return "integer"
        if self._kinds and self._kinds <= {int, float}:
            return "number"
        return self._of_text[0] if self._kinds == {str} and self._of_text else "string"
