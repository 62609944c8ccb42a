"""Why a column is text that could be more, and which readings would fit all of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from dashboard_store.documents.dataset.column_forms import DATE, INTEGER, Form
from dashboard_store.documents.dataset.readings import (
    ColumnType,
    NumberTexts,
    Reading,
    fits,
    offered_dates,
    offered_numbers,
    reading,
)

# The longest cell that a note shows.
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Note:
    """Why a column is text that could be more: the first cell that kept it from it, and the readings that would fit.

    `row` counts from 1, the first below the header.
    """

    row: int
    cell: str
    message: str
    readings: Sequence[Reading]

    def document(self, column: str) -> dict[str, Any]:
        """Return the note as `dataSchema` shows it."""
        return {
            "column": column,
            "row": self.row,
            "cell": self.cell,
            "message": self.message,
            "readings": [each.document for each in self.readings],
        }


class Offers:
    """The readings that fit all texts of a column so far, though it has no form by which it comes back unchanged."""

    def __init__(self, first: str) -> None:
        self.left = [each for each in _candidates() if first and each.is_one(first)]
        self._seen: set[str] = set()

    def narrow(self, forms: Sequence[Form], cells: Sequence[str], text: str) -> None:
        """Keep what fits more texts; what has one of `forms` fits some readings by itself."""
        self.left = [
            each for each in self.left if each.follows_from(forms, text) or each.form.misfit(cells, text) is None
        ]
        self._seen.update(sign for sign in _SIGNS if sign in text)

    def note(self, row: int, cell: str, held: Form | None) -> Note | None:
        """Return why a column is text, if it is close to something else.

        `cell` is the first one that kept it from a form; all before it have the form `held`.
        """
        readings = self.readings()
        shown = cell if len(cell) <= _SHOWN else f"{cell[: _SHOWN - 1]}…"
        message = _message(shown, cell, readings, held)
        return Note(row, shown, message, readings) if message else None

    def readings(self) -> list[Reading]:
        """Return what is left, each once: a format whose signs no text has is that of another one."""
        found: dict[tuple[Any, ...], Reading] = {}
        for each in self.left:
            if each.numbers is None:
                found.setdefault((each.reading,), each.reading)
                continue
            decimal = each.numbers.decimal if each.numbers.decimal in self._seen else None
            group = each.numbers.group if each.numbers.group in self._seen else ""
            if decimal is None and not group and self._seen & {"e", "E"}:
                decimal = "."
            found.setdefault((decimal, group), _number_reading(decimal, group))
        return list(found.values())


def _number_reading(decimal: str | None, group: str) -> Reading:
    given = {**({"decimal": decimal} if decimal == "," else {}), **({"group": group} if group else {})}
    return reading("integer" if decimal is None else "number", given or None)


@dataclass(frozen=True)
class _Candidate:
    """A reading that a note may offer; `numbers` is its format if it reads numbers."""

    form: Form
    reading: Reading
    numbers: NumberTexts | None = None

    def is_one(self, cell: str) -> bool:
        return self.form.is_one(cell)

    def follows_from(self, forms: Sequence[Form], text: str) -> bool:
        """Whether it fits all texts of a group because they have one of `forms`."""
        if self.numbers is None:
            return DATE in forms and self.reading.format == "yyyy-M-d"
        if INTEGER in forms:
            return True
        is_number = self.numbers.decimal == "." and any(form.type == "number" for form in forms)
        return is_number and ("e" not in text or self.numbers == _PLAIN)


def _of_numbers(numbers: NumberTexts) -> _Candidate:
    # Short enough to keep its digits, and without an exponent that could be too large.
    quick = re.compile(rf"(?:(?=[^\0eE]{{1,15}}\0){numbers.pattern}\0)*+")

    def is_one(cell: str) -> bool:
        return fits(numbers.number, cell) and numbers.keeps_digits(cell)

    return _Candidate(Form("number", quick, is_one), Reading("number", None, numbers.number), numbers)


def _of_dates(dates: Reading) -> _Candidate:
    return _Candidate(Form(dates.type, None, lambda cell: fits(dates.read, cell)), dates)


# Compiled for the first file, because a starting function does not need them.
@cache
def _candidates() -> Sequence[_Candidate]:
    return [*map(_of_numbers, offered_numbers()), *map(_of_dates, offered_dates())]


_PLAIN: Final = NumberTexts()
_SIGNS: Final = frozenset("eE") | {sign for each in offered_numbers() for sign in (each.decimal, each.group) if sign}


def _message(shown: str, cell: str, readings: Sequence[Reading], held: Form | None) -> str | None:
    """Say in a sentence why a column is text; None if it is nothing but text."""
    kind = _KINDS[held.type] if held else "a number"
    match readings:
        case [Reading(format=None, type="number" | "integer") as plain, *_]:
            value = plain.read(cell)
            back = int(value) if isinstance(value, float) and value.is_integer() else value
            return f"The column is text: as a number, {shown} would come back as {back}."
        case [first, *_]:
            kind = "a number" if first.type in {"number", "integer"} else "a date"
            return f"The column is text: {shown} is {kind} only in another way of writing, which fits all cells."
    if fits(_PLAIN.number, cell) and not (held and held.type in {"date", "datetime"}):
        if _PLAIN.keeps_digits(cell):
            return f"The column is text: {shown} is not written like the numbers before it, or would not come back."
        return f"The column is text: {shown} has more digits than a number keeps."
    return f"The column is text: {shown} is not {kind}, but all cells before it are." if held else None


_KINDS: Final[Mapping[ColumnType, str]] = {
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false, spelled alike",
    "date": "a date",
    "datetime": "a date and time",
}
