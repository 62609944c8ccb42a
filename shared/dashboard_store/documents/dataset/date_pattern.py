"""Dates and times written after a pattern of Unicode's date fields, such as `dd.MM.yyyy` or `M/d/yyyy h:mm a`.

The letters are those of UTS 35 (https://www.unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table):
`yyyy` or `y`, `yy` (69 to 99 are of the 20th century, as POSIX has it), `M`, `MM`, `MMM` or `MMMM` (English names),
`d`, `dd`, `H`, `HH`, `h`, `hh` with `a`, `m`, `mm`, `s`, `ss`. Text between apostrophes, and whatever is not a letter,
stands for itself.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Final

LONGEST_PATTERN: Final = 50

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_FIRST_YEAR_OF_TWO_DIGITS: Final = 69
_AFTERNOON: Final = "PM"
_HALF_A_DAY: Final = 12

_FIELDS: Final = {
    "y": r"(?P<year>[0-9]{4})",
    "yy": r"(?P<short>[0-9]{2})",
    "yyyy": r"(?P<year>[0-9]{4})",
    "M": r"(?P<month>[0-9]{1,2})",
    "MM": r"(?P<month>[0-9]{2})",
    "MMM": rf"(?P<name>{'|'.join(name[:3] for name in _MONTHS)})",
    "MMMM": rf"(?P<name>{'|'.join(_MONTHS)})",
    "d": r"(?P<day>[0-9]{1,2})",
    "dd": r"(?P<day>[0-9]{2})",
    "H": r"(?P<hour>[0-9]{1,2})",
    "HH": r"(?P<hour>[0-9]{2})",
    "h": r"(?P<half>[0-9]{1,2})",
    "hh": r"(?P<half>[0-9]{2})",
    "a": r"(?P<noon>AM|PM)",
    "m": r"(?P<minute>[0-9]{1,2})",
    "mm": r"(?P<minute>[0-9]{2})",
    "s": r"(?P<second>[0-9]{1,2})",
    "ss": r"(?P<second>[0-9]{2})",
}
_PART: Final = re.compile(r"(?P<field>([A-Za-z])\2*)|'(?P<quoted>(?:[^']|'')*)'|(?P<other>[^A-Za-z']+)")


class InvalidPatternError(ValueError):
    """A pattern that is not understood; the message says why."""


@dataclass(frozen=True, slots=True)
class DatePattern:
    """A compiled pattern; `has_time` says whether it gives a time of day."""

    has_time: bool
    _match: Callable[[str], re.Match[str] | None]

    def iso(self, text: str) -> str:
        """Return a text as an ISO 8601 date, or date and time. Raises ValueError if it is not written so."""
        found = self._match(text)
        if found is None:
            raise ValueError("The text does not follow the pattern.")
        part = found.groupdict()
        day = date(_year(part), _month(part), int(part["day"]))
        if not self.has_time:
            return day.isoformat()
        minute, second = int(part.get("minute") or 0), int(part.get("second") or 0)
        return datetime(day.year, day.month, day.day, _hour(part), minute, second).isoformat()  # noqa: DTZ001 - as written


@cache
def date_pattern(pattern: str) -> DatePattern:
    """Compile a pattern. Raises InvalidPatternError."""
    if not 0 < len(pattern) <= LONGEST_PATTERN:
        raise InvalidPatternError(f"A pattern has 1 to {LONGEST_PATTERN} characters.")
    parts, at = [], 0
    while at < len(pattern):
        found = _PART.match(pattern, at)
        if found is None:
            raise InvalidPatternError("An apostrophe is not closed.")
        parts.append(_part(found))
        at = found.end()
    try:
        compiled = re.compile("".join(parts), re.IGNORECASE | re.ASCII)
    except re.error as exc:
        raise InvalidPatternError("A field appears twice.") from exc
    fields = compiled.groupindex.keys()
    if "day" not in fields or not fields & {"month", "name"} or not fields & {"year", "short"}:
        raise InvalidPatternError("A pattern needs a day (d), a month (M) and a year (y).")
    if {"month", "name"} <= fields or {"year", "short"} <= fields or {"hour", "half"} <= fields:
        raise InvalidPatternError("A field appears twice.")
    if ("half" in fields) != ("noon" in fields):
        raise InvalidPatternError("An hour of 12 (h) needs AM or PM (a).")
    if fields & {"minute", "second"} and not fields & {"hour", "half"}:
        raise InvalidPatternError("Minutes and seconds need an hour (H).")
    return DatePattern(bool(fields & {"hour", "half"}), compiled.fullmatch)


def _part(found: re.Match[str]) -> str:
    field = found["field"]
    if field is None:
        return re.escape("'" if found[0] == "''" else found["other"] or found["quoted"].replace("''", "'"))
    if field not in _FIELDS:
        raise InvalidPatternError(f"The field {field} is not known. Use y, M, d, H, h, m, s and a.")
    return _FIELDS[field]


def _year(part: dict[str, str | None]) -> int:
    if year := part.get("year"):
        return int(year)
    short = int(part["short"] or 0)
    return short + (1900 if short >= _FIRST_YEAR_OF_TWO_DIGITS else 2000)


def _month(part: dict[str, str | None]) -> int:
    if month := part.get("month"):
        return int(month)
    name = (part["name"] or "").lower()
    return 1 + next(index for index, each in enumerate(_MONTHS) if each.startswith(name))


def _hour(part: dict[str, str | None]) -> int:
    if hour := part.get("hour"):
        return int(hour)
    half = int(part["half"] or 0)
    if not 1 <= half <= _HALF_A_DAY:
        raise ValueError("An hour of 12 is 1 to 12.")
    is_afternoon = (part["noon"] or "").upper() == _AFTERNOON
    return half % _HALF_A_DAY + (_HALF_A_DAY if is_afternoon else 0)
