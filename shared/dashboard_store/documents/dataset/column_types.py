"""The type of a column, inferred incrementally from its cells.

A text is a number only if the number comes back as that text: a column has one form, in which each of its values has
one text. What is not a number or a date for that reason alone is a text, and a note says which reading would fit.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from dashboard_store.documents.dataset.readings import (
    BOOLEANS,
    LARGEST_INTEGER,
    ColumnType,
    Format,
    NumberTexts,
    Reading,
    fits,
    iso_date,
    iso_datetime,
    offered_dates,
    offered_numbers,
    reading,
)

# Texts are checked a group at a time. No cell of a file contains a NUL, so this is one text again.
_END: Final = "\0"
# The longest cell that a note shows.
_SHOWN: Final = 60
_OF_TEXT: Final[tuple[ColumnType, ...]] = ("date", "datetime")

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?")
_DECIMALS: Final = re.compile(r"-?(?:0|[1-9][0-9]*)\.([0-9]{1,15})")
_PADDED_EXPONENT: Final = re.compile(r"(?<=e[+-])0(?=[0-9]\Z)")


@dataclass(frozen=True)
class Form:
    """One way of writing the values of a type.

    `quick`, if it matches all texts of a group, each with a NUL behind it, spares checking `is_one` of each.
    """

    type: ColumnType
    quick: re.Pattern[str] | None
    is_one: Callable[[str], bool]
    format: Format | None = None

    def misfit(self, cells: Sequence[str], text: str) -> int | None:
        """Return the index of the first cell that is written otherwise; `text` is all cells, each with a NUL."""
        if self.quick and self.quick.fullmatch(text):
            return None
        kinds = set(cells)
        # Dates and booleans repeat, and are slow to check.
        if len(kinds) * 2 < len(cells) and all(map(self.is_one, kinds)):
            return None
        return next((index for index, cell in enumerate(cells) if not self.is_one(cell)), None)


def _is_integer(cell: str) -> bool:
    return bool(re.fullmatch(r"0|-?[1-9][0-9]{0,15}", cell)) and abs(int(cell)) <= LARGEST_INTEGER


def _is_shortest(cell: str) -> bool:
    """Whether a text is what JavaScript or Python writes for a number, or the same digits without an exponent."""
    if not _NUMBER.fullmatch(cell) or re.fullmatch("-?[0-9]+", cell):
        return _is_integer(cell)
    value = float(cell)
    text = repr(value)
    if value == 0 or text == "inf":
        return False
    return cell in {text, _PADDED_EXPONENT.sub("", text)} or ("e" not in cell and cell == f"{Decimal(text):f}")


def _fixed(decimals: int) -> Form:
    """Return the form of numbers with so many decimals, whose zeros at the end would otherwise be lost."""
    form = re.compile(rf"-?(?:0|[1-9][0-9]*)\.[0-9]{{{decimals}}}")

    def is_one(cell: str) -> bool:
        if not form.fullmatch(cell):
            return False
        value = float(cell)
        # Minus zero would come back as zero.
        return f"{value:.{decimals}f}" == cell and not (value == 0 and cell.startswith("-"))

    quick = rf"(?:(?!-0\.0*+\0)-?(?=[0-9.]{{1,16}}\0)(?:0|[1-9][0-9]*+)\.[0-9]{{{decimals}}}\0)*+"
    return Form("number", re.compile(quick), is_one, {"decimals": decimals})


def _spelled(first: str) -> Form:
    """Return the form of booleans of which one is spelled like a text: `True` goes with `False`."""
    texts = next(pair for pair in (("true", "false"), ("True", "False"), ("TRUE", "FALSE")) if first in pair)
    given = None if texts[0] == "true" else {"true": texts[0], "false": texts[1]}
    return Form("boolean", None, texts.__contains__, given)


INTEGER: Final = Form("integer", re.compile(r"(?:(?:0|-?[1-9][0-9]{0,14}+)\0)*+"), _is_integer)
SHORTEST: Final = Form(
    "number",
    re.compile(r"(?:(?!-0\0)-?(?=[0-9.]{1,16}\0)(?:0|[1-9][0-9]{0,14}+)(?:\.[0-9]*[1-9])?\0)*+"),
    _is_shortest,
)
_DATE: Final = Form("date", None, lambda cell: fits(iso_date, cell))
_DATETIME: Final = Form("datetime", None, lambda cell: fits(iso_datetime, cell))


def _forms(first: str) -> list[Form]:
    """Return the forms that a column may have whose first text is this one, the narrowest first."""
    found = [form for form in (INTEGER, SHORTEST) if form.is_one(first)]
    if decimals := _DECIMALS.fullmatch(first):
        found += [form for form in [_fixed(len(decimals[1]))] if form.is_one(first)]
    if first in BOOLEANS:
        found.append(_spelled(first))
    return found + [form for form in (_DATE, _DATETIME) if form.is_one(first)]


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


class CsvColumn:
    """The type of a CSV file's column: the narrowest form that all texts so far have."""

    def __init__(self) -> None:
        self._first: str | None = None
        self._forms: list[Form] = []
        self._offers = _Offers("")
        self._misfit: tuple[int, str] | None = None
        self._held: Form | None = None

    def add(self, cells: Sequence[str], row: int) -> None:
        """Add the texts of some rows, of which the first has this number; an empty text is an empty cell."""
        present = [cell for cell in cells if cell] if "" in cells else cells
        if not present:
            return
        if self._first is None:
            self._first = present[0]
            self._forms = _forms(self._first)
            self._offers = _Offers(self._first)
            if not self._forms:
                self._misfit = row + cells.index(self._first), self._first
        if not self._forms and not self._offers.left:
            return
        text = _END.join(present) + _END
        if self._forms:
            self._narrow(present, text, cells, row)
        self._offers.narrow(self._forms, present, text)

    @property
    def type(self) -> ColumnType:
        return self._forms[0].type if self._forms else "string"

    @property
    def format(self) -> Format | None:
        return self._forms[0].format if self._forms else None

    def note(self) -> Note | None:
        """Return why the column is text, if it is close to something else."""
        if self._misfit is None or self._forms:
            return None
        row, cell = self._misfit
        readings = self._offers.readings()
        shown = cell if len(cell) <= _SHOWN else f"{cell[: _SHOWN - 1]}…"
        message = _message(shown, cell, readings, self._held)
        return Note(row, shown, message, readings) if message else None

    def _narrow(self, present: Sequence[str], text: str, cells: Sequence[str], row: int) -> None:
        left: list[Form] = []
        last = -1
        for form in self._forms:
            # Every integer is also the shortest text of a number.
            misfit = None if form is SHORTEST and INTEGER in left else form.misfit(present, text)
            if misfit is None:
                left.append(form)
            else:
                last = max(last, misfit)
        if not left:
            self._held = self._forms[0]
            place = last if present is cells else [index for index, each in enumerate(cells) if each][last]
            self._misfit = row + place, present[last]
        self._forms = left


class _Offers:
    """The readings that fit all texts of a column so far, though it has no form by which it comes back unchanged."""

    def __init__(self, first: str) -> None:
        self.left = [each for each in _CANDIDATES if first and each.is_one(first)]
        self._seen: set[str] = set()

    def narrow(self, forms: Sequence[Form], cells: Sequence[str], text: str) -> None:
        """Keep what fits more texts; what has one of `forms` fits some readings by itself."""
        self.left = [
            each for each in self.left if each.follows_from(forms, text) or each.form.misfit(cells, text) is None
        ]
        self._seen.update(sign for sign in _SIGNS if sign in text)

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
            return _DATE in forms and self.reading.format == "yyyy-M-d"
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


_PLAIN: Final = NumberTexts()
_CANDIDATES: Final = [*map(_of_numbers, offered_numbers()), *map(_of_dates, offered_dates())]
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
    if fits(_PLAIN.number, cell) and not (held and held.type in _OF_TEXT):
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


def notes(columns: Mapping[str, CsvColumn]) -> Iterator[dict[str, Any]]:
    """Yield the notes of a table's columns as `dataSchema` shows them."""
    for name, column in columns.items():
        if note := column.note():
            yield note.document(name)


class JsonColumn:
    """The type of a JSON table's column: that of its values, or a date type if all texts are dates."""

    def __init__(self) -> None:
        self._kinds: set[type] = set()
        self._of_text: list[Form] = [_DATE, _DATETIME]

    def add(self, cells: Collection[Any]) -> None:
        self._kinds.update(map(type, cells))
        self._kinds.discard(type(None))
        if self._kinds == {str} and self._of_text:
            present = [cell for cell in cells if cell is not None]
            self._of_text = [each for each in self._of_text if each.misfit(present, "") is None]

    @property
    def type(self) -> ColumnType:
        if self._kinds == {bool}:
            return "boolean"
        if self._kinds == {int}:
            return "integer"
        if self._kinds and self._kinds <= {int, float}:
            return "number"
        return self._of_text[0].type if self._kinds == {str} and self._of_text else "string"
