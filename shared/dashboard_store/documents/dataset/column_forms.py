"""The ways in which the values of a type are written: in a form, each value has one text."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dashboard_store.documents.dataset.readings import (
    BOOLEANS,
    LARGEST_INTEGER,
    ColumnType,
    Format,
    fits,
    iso_date,
    iso_datetime,
)

# Texts are checked a group at a time. No cell of a file contains a NUL, so this is one text again.
END: Final = "\0"

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
DATE: Final = Form("date", None, lambda cell: fits(iso_date, cell))
DATETIME: Final = Form("datetime", None, lambda cell: fits(iso_datetime, cell))


def forms_of(first: str) -> list[Form]:
    """Return the forms that a column may have whose first text is this one, the narrowest first."""
    found = [form for form in (INTEGER, SHORTEST) if form.is_one(first)]
    if decimals := _DECIMALS.fullmatch(first):
        found += [form for form in [_fixed(len(decimals[1]))] if form.is_one(first)]
    if first in BOOLEANS:
        found.append(_spelled(first))
    return found + [form for form in (DATE, DATETIME) if form.is_one(first)]
