"""An array of rows in a JSON text, read one group at a time, so that all of it is never in memory."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Final

from dashboard_store.documents.dataset.data_schema import unreadable
from dashboard_store.documents.dataset.rows import GROUP_CHARACTERS, Group
from dashboard_store.documents.json_fast import checked_text, read
from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, Path, Rules, parse_at, pointer
from dashboard_store.documents.unsafe_html import TextCheck
from dashboard_store.errors import BadInput, FieldError, InvalidData, MalformedJson
from dashboard_store.settings import Settings

LONGEST_ROW: Final = 4_000_000
"""The maximum number of characters in a row."""

_SPACE: Final = re.compile(r"[ \t\n\r]*+")

# A run of objects that contain at most one level of objects, each with the comma that follows it. Such a run is parsed
# at once; whether it is valid, only its parser knows. Nothing is matched twice, so this takes linear time.
_STRING: Final = r'"(?:[^"\\]++|\\.)*+"'
_FLAT: Final = rf'\{{[^{{}}"]*+(?:{_STRING}[^{{}}"]*+)*+\}}'
_ROW: Final = rf'\{{[^{{}}"]*+(?:(?:{_STRING}|{_FLAT})[^{{}}"]*+)*+\}}[ \t\n\r]*+'
_ROWS: Final = re.compile(rf"(?:{_ROW}(?:,[ \t\n\r]*+|(?=\])))++", re.DOTALL)


class JsonText(ABC):
    """A JSON text and the position up to which it was read.

    While `_has_more`, a subclass can add to the text what is not in memory yet.
    """

    def __init__(self, text: str = "") -> None:
        self._text = text
        self._at = 0
        self._row = 0
        self._has_more = False

    def peek(self) -> str:
        """Return the next character that is not white space, or an empty string at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read():
                return ""

    def take(self) -> str:
        character = self.peek()
        self._at += len(character)
        return character

    def groups(self, settings: Settings, texts: TextCheck, at: Path = None) -> Iterator[Group]:
        """Read the array whose opening bracket was taken. Raises InvalidData, UnsafeText or MalformedJson.

        `at` is the path of the array in the text; `texts` checks all texts of the request.
        """
        self._row = 0
        if self.peek() == "]":
            self.take()
            return
        is_complete = False
        while not is_complete:
            rules = Rules(settings.max_depth, InvalidData, at, self._row, texts)
            group, is_complete = self._flat_rows(rules) or self._any_rows(rules)
            yield group
            self._row = rules.first + len(group[0])

    def _read(self) -> bool:
        """Add more of the text; return whether there was any."""
        return False

    @abstractmethod
    def _malformed(self, message: str, place: int) -> BadInput:
        """Make the error for a value that is not JSON; `place` counts the characters before the error."""

    @abstractmethod
    def _unseparated(self) -> BadInput:
        """Make the error for a row that neither a comma nor the end of the array follows."""

    def _flat_rows(self, rules: Rules) -> tuple[Group, bool] | None:
        """Read a group in a third of the time of `_any_rows`; None if that is not possible."""
        while self._has_more and len(self._text) - self._at < GROUP_CHARACTERS:
            self._read()
        end = self._at + GROUP_CHARACTERS
        found = _ROWS.match(self._text, self._at, end)
        if not found:
            return None
        is_complete = self._text.startswith("]", found.end())
        # Short groups would cost more than they save.
        if not is_complete and found.end() < end - GROUP_CHARACTERS // 2:
            return None
        rows = found[0] if is_complete else found[0].rstrip(" \t\n\r").removesuffix(",")
        try:
            group = read(f"[{rows}]".encode(), rules)
        except MalformedJson:
            return None
        self._at = found.end() + is_complete
        return group, is_complete

    def _any_rows(self, rules: Rules) -> tuple[Group, bool]:
        rows: list[Any] = []
        characters, errors, following = 0, 0, ","
        while following == "," and characters < GROUP_CHARACTERS and errors < MAX_FIELD_ERRORS:
            value, length = self._value(rules.at)
            rows.append(value)
            characters += length
            errors += type(value) is not dict
            following = self.peek()
            if following not in {",", "]"}:
                raise self._unseparated()
            self.take()
            self._row += 1
        return (rows, checked_text(rows, rules)), following == "]"

    def _value(self, at: Path) -> tuple[Any, int]:
        """Read the value of a row; return it and the length of its text."""
        self.peek()
        while True:
            try:
                value, end = parse_at(self._text, self._at)
            except json.JSONDecodeError as exc:
                # Either malformed or not yet read completely.
                place = exc.pos - self._at
                if len(self._text) - self._at > LONGEST_ROW or not self._read():
                    raise self._malformed(exc.msg, place) from exc
            except RecursionError:
                raise unreadable(row_error(self._row, "The row is nested too deeply to be read.", at)) from None
            else:
                break
        length, self._at = end - self._at, end
        if length > LONGEST_ROW:
            raise unreadable(row_error(self._row, f"The row is longer than {LONGEST_ROW} characters.", at))
        return value, length


def row_error(index: int, message: str, at: Path = None) -> FieldError:
    return FieldError(pointer((at, index)), f"Row {index + 1}: {message}")
