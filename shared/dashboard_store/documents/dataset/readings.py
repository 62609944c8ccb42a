"""How the texts of a column are read as values: a type, and a format where the texts are written in another way."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

from dashboard_store.documents.dataset.date_pattern import InvalidPatternError, date_pattern
from dashboard_store.documents.json_text import LONGEST_INTEGER, compact

type ColumnType = Literal["integer", "number", "boolean", "date", "datetime", "string"]
type Format = str | dict[str, Any]
"""The pattern of a date, or how numbers or booleans are written."""

type Value = str | int | float | bool

COLUMN_TYPES: Final[tuple[ColumnType, ...]] = get_args(ColumnType.__value__)
DECIMALS: Final = (".", ",")
GROUPS: Final = ("", ".", ",", " ", "\u00a0", "\u202f", "'", "\u2019")
BOOLEANS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

CONVERTED: Final = frozenset[ColumnType]({"boolean", "integer", "number"})
"""Types whose values are not texts."""

LARGEST_INTEGER: Final = 2**53 - 1
"""The largest integer that JavaScript keeps, and every integer below it."""

_MOST_DIGITS: Final = 15
"""Every number with so many significant digits survives as a double (IEEE 754)."""
# Values as JSON writes them, each with a comma, no number beyond the range of a double.
_INTEGERS: Final = re.compile(r"(?:(?:0|-?[1-9][0-9]{0,14}+),)*+")
_NUMBERS: Final = re.compile(r"(?:-?(?:0|[1-9][0-9]{0,99}+)(?:\.[0-9]{1,99}+)?(?:[eE][+-]?[0-9]{1,2})?,)*+")
_BOOLEANS: Final = re.compile(r"(?:(?:true|false),)*+")
_ISO_DATETIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class InvalidFormatError(ValueError):
    """A format that is not understood, or not one of its type; the message says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A type and a format; `read` turns a text into a value, and raises ValueError for one that does not fit."""

    type: ColumnType
    format: Format | None
    read: Callable[[str], Value]

    def column(self, cells: Sequence[str | None]) -> tuple[str, str | None]:
        """Write a column of texts that fit as the JSON array of its values; empty ones are null.

        The second array is that of the texts, if the values do not show them.
        """
        present = [cell for cell in cells if cell]
        if self.type not in CONVERTED and (self.format is None or self.type == "string"):
            return compact([cell or None for cell in cells]), None
        if self._shows_texts(",".join([*present, ""])):
            shown = present if len(present) == len(cells) else [cell or "null" for cell in cells]
            return f"[{','.join(shown)}]", None
        values = [self.read(cell) if cell else None for cell in cells]
        return compact(values), compact([cell or None for cell in cells])

    def _shows_texts(self, joined: str) -> bool:
        """Whether texts, each with a comma, are JSON values, which are stored with all their digits."""
        match self.type:
            case "integer":
                return self._is_like_json and bool(_INTEGERS.fullmatch(joined))
            case "number":
                return self._is_like_json and bool(_NUMBERS.fullmatch(joined))
            case "boolean":
                return self.format is None and bool(_BOOLEANS.fullmatch(joined))
        return False

    @property
    def _is_like_json(self) -> bool:
        """Whether a text that JSON reads as a number is that number in this format, and a comma no part of one."""
        if not isinstance(self.format, dict):
            return True
        decimal, group = _number_format(self.format)
        return decimal == "." and group != ","

    @property
    def document(self) -> dict[str, Any]:
        """The reading as `PUT …/data/schema` takes it for a column."""
        return {"type": self.type, **({} if self.format is None else {"format": self.format})}


def reading(column_type: ColumnType, given: Format | None = None) -> Reading:
    """Make the reading of a type, in its usual format where none is given. Raises InvalidFormatError."""
    match column_type, given:
        case (("integer" | "number"), (None | dict())):
            decimal, group = _number_format(given or {})
            number = NumberTexts(decimal, group)
            return Reading(column_type, given, number.integer if column_type == "integer" else number.number)
        case "boolean", None:
            return Reading(column_type, None, _boolean(BOOLEANS))
        case "boolean", dict():
            return Reading(column_type, given, _boolean(_boolean_format(given)))
        case (("date" | "datetime"), None):
            return Reading(column_type, None, iso_date if column_type == "date" else iso_datetime)
        case (("date" | "datetime"), str()):
            return Reading(column_type, given, _dates(column_type, given))
        case "string", None:
            return Reading(column_type, None, str)
    raise InvalidFormatError(f"This is not a format of {column_type}.")


@dataclass(frozen=True, slots=True)
class NumberTexts:
    """Numbers with a decimal sign and a sign between groups of three digits, or none.

    A minus may also follow, as SAP writes it, and be U+2212.
    """

    decimal: str = "."
    group: str = ""

    @property
    def pattern(self) -> str:
        """A regular expression for one text."""
        point = re.escape(self.decimal)
        whole = rf"[0-9]{{1,3}}(?:{re.escape(self.group)}[0-9]{{3}})++|[0-9]++" if self.group else "[0-9]++"
        digits = rf"(?:(?:{whole})(?:{point}[0-9]*+)?|{point}[0-9]++)"
        exponent = "" if self.group else "(?:[eE][+-]?[0-9]{1,4})?"
        return rf"(?:[+\-\u2212]?{digits}{exponent}|{digits}[-\u2212])"

    def number(self, text: str) -> int | float:
        """Read a text. Raises ValueError if it is written otherwise, or beyond the range of a double."""
        plain = self._plain(text)
        if plain.lstrip("-").isdecimal():
            return self._integer(plain)
        value = float(plain)
        if not math.isfinite(value):
            raise ValueError("The number is too large.")
        return value

    def integer(self, text: str) -> int:
        """Read a text without decimals. Raises ValueError."""
        return self._integer(self._plain(text))

    def keeps_digits(self, text: str) -> bool:
        """Whether a text that fits is a number that a double holds with all its digits."""
        plain = self._plain(text)
        if plain.lstrip("-").isdecimal():
            return abs(int(plain)) <= LARGEST_INTEGER
        mantissa = re.split("[eE]", plain)[0]
        digits = mantissa.replace(".", "").lstrip("-0")
        return len(digits.rstrip("0") if "." in mantissa else digits) <= _MOST_DIGITS or repr(float(plain)) == plain

    def _plain(self, text: str) -> str:
        """Return a text as Python writes numbers."""
        if not re.fullmatch(self.pattern, text):
            raise ValueError("This is not written like a number.")
        plain = text.removeprefix("+").replace("\u2212", "-")
        if plain.endswith("-"):
            plain = "-" + plain[:-1]
        # Python replaces an empty text by an empty text without a change.
        return plain.replace(self.group, "").replace(self.decimal, ".")

    @staticmethod
    def _integer(plain: str) -> int:
        if len(plain) > LONGEST_INTEGER:
            raise ValueError(f"This integer has more than {LONGEST_INTEGER} digits.")
        return int(plain)


def iso_date(text: str) -> str:
    """Check an ISO 8601 date. Raises ValueError."""
    if not _ISO_DATE.fullmatch(text):
        raise ValueError("This is not written like a date.")
    date.fromisoformat(text)
    return text


def iso_datetime(text: str) -> str:
    """Check an ISO 8601 date and time. Raises ValueError."""
    if not _ISO_DATETIME.fullmatch(text):
        raise ValueError("This is not written like a date and time.")
    datetime.fromisoformat(text)
    return text


def fits(read: Callable[[str], Value], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _number_format(given: Mapping[str, Any]) -> tuple[str, str]:
    unknown = next(iter(given.keys() - {"decimal", "group", "decimals"}), None)
    if unknown is not None:
        raise InvalidFormatError(f"A number's format has no member {unknown!r}.")
    decimals = given.get("decimals", 0)
    if type(decimals) is not int or not 0 <= decimals <= _MOST_DIGITS:
        raise InvalidFormatError(f"The number of decimals must be an integer from 0 to {_MOST_DIGITS}.")
    group = given.get("group", "")
    decimal = given.get("decimal", "," if group == "." else ".")
    if decimal not in DECIMALS:
        raise InvalidFormatError("The decimal sign must be a point or a comma.")
    if group not in GROUPS or group == decimal:
        raise InvalidFormatError(
            "The sign between groups of digits must be a point, a comma, a space or an apostrophe, "
            "and differ from the decimal sign."
        )
    return decimal, group


def _boolean_format(given: Mapping[str, Any]) -> dict[str, bool]:
    texts = [given.get("true"), given.get("false")]
    if given.keys() != {"true", "false"} or not all(isinstance(text, str) and text for text in texts):
        raise InvalidFormatError('The format of booleans must be {"true": text, "false": text}.')
    if texts[0] == texts[1]:
        raise InvalidFormatError("True and false must be written differently.")
    return {given["true"]: True, given["false"]: False}


def _boolean(texts: Mapping[str, bool]) -> Callable[[str], bool]:
    def read(text: str) -> bool:
        if text not in texts:
            raise ValueError("This is neither true nor false.")
        return texts[text]

    return read


def _dates(column_type: ColumnType, pattern: str) -> Callable[[str], str]:
    try:
        compiled = date_pattern(pattern)
    except InvalidPatternError as exc:
        raise InvalidFormatError(str(exc)) from exc
    if compiled.has_time != (column_type == "datetime"):
        wanted = "needs an hour (H)" if column_type == "datetime" else "must have no time of day"
        raise InvalidFormatError(f"The pattern of a {column_type} {wanted}.")
    return compiled.iso


def offered_numbers() -> Iterator[NumberTexts]:
    """Yield the formats of numbers that notes may offer, those without groups first."""
    for decimal in DECIMALS:
        yield NumberTexts(decimal)
    for decimal in DECIMALS:
        for group in GROUPS:
            if group and group != decimal:
                yield NumberTexts(decimal, group)


_DATES: Final = (
    *("d.M.yyyy", "d/M/yyyy", "M/d/yyyy", "d-M-yyyy", "yyyy-M-d", "yyyy/M/d", "d-MMM-yyyy", "d MMM yyyy"),
    *("d.M.yy", "d/M/yy", "M/d/yy", "d-MMM-yy"),
)
_TIMES: Final = ("", " H:mm", " H:mm:ss", " h:mm a", " h:mm:ss a")


def offered_dates() -> Iterator[Reading]:
    """Yield the formats of dates that notes may offer."""
    for pattern in _DATES:
        for time in _TIMES:
            yield reading("datetime" if time else "date", pattern + time)
