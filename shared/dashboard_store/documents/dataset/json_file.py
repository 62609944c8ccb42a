"""Tables in JSON (RFC 8259) and NDJSON files."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from dashboard_store.documents.dataset.data_schema import Content, unreadable
from dashboard_store.documents.dataset.rows import GROUP_CHARACTERS, RowsReader
from dashboard_store.documents.json_text import MAX_FIELD_ERRORS, Rules, checked, parse_at, pointer, served
from dashboard_store.errors import FieldError, InvalidData
from dashboard_store.settings import Settings

LONGEST_ROW: Final = 4_000_000
"""The maximum number of characters in a row."""

_BLOCK: Final = 65_536


def read_json(file: BinaryIO, settings: Settings) -> Content:
    """Read an array of objects in bounded memory. Raises InvalidData naming the row."""
    return _read_values(_array_elements(file), settings)


def read_ndjson(file: BinaryIO, settings: Settings) -> Content:
    """Read one object per line in bounded memory. Raises InvalidData naming the row."""
    return _read_values(_lines(file), settings)


def _read_values(values: Iterator[tuple[Any, int]], settings: Settings) -> Content:
    """Read a table from its rows, each given with the length of its text."""
    reader = RowsReader(settings)
    first, raw_bytes = 0, 1
    for rows in _grouped(values):
        text = checked(rows, Rules(settings.max_depth, InvalidData, first=first))
        if odd := [index for index, row in enumerate(rows, first) if not isinstance(row, dict)]:
            places = [pointer((None, index)) for index in odd[:MAX_FIELD_ERRORS]]
            raise unreadable(*(FieldError(place, "This must be an object.") for place in places))
        reader.add(rows)
        first += len(rows)
        raw_bytes += len(served(text)) - 1
    return reader.content(raw_bytes)


def _grouped(values: Iterator[tuple[Any, int]]) -> Iterator[list[Any]]:
    group, characters = [], 0
    for value, length in values:
        group.append(value)
        characters += length
        if characters > GROUP_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _lines(file: BinaryIO) -> Iterator[tuple[Any, int]]:
    _skip_byte_order_mark(file)
    row = 0
    while line := file.readline(LONGEST_ROW + 1):
        if len(line) > LONGEST_ROW:
            raise unreadable(_row_error(row, f"The row is longer than {LONGEST_ROW} characters."))
        if not line.strip():
            continue
        try:
            text = line.decode().strip()
            value, end = parse_at(text, 0)
        except UnicodeDecodeError as exc:
            raise unreadable(
                _row_error(row, f"The byte 0x{line[exc.start]:02X} is not valid UTF-8; save the file as UTF-8.")
            ) from exc
        except json.JSONDecodeError as exc:
            raise unreadable(
                _row_error(row, f"The row is not valid JSON: {exc.msg} (character {exc.pos + 1}).")
            ) from exc
        except RecursionError:
            raise unreadable(_row_error(row, "The row is nested too deeply to be read.")) from None
        if end < len(text):
            raise unreadable(
                _row_error(row, f"Unexpected content follows the object at character {end + 1} of the row.")
            )
        yield value, len(text)
        row += 1


def _array_elements(file: BinaryIO) -> Iterator[tuple[Any, int]]:
    text = _JsonText(file)
    if text.take() != "[":
        raise unreadable(FieldError("", "A JSON table must be an array of objects."))
    row = 0
    if text.peek() == "]":
        text.take()
    else:
        following = ","
        while following == ",":
            yield text.value(row)
            row += 1
            following = text.take()
        if following != "]":
            raise unreadable(_row_error(row - 1, "A comma or the end of the array must follow."))
    if text.peek():
        raise unreadable(FieldError("", "Unexpected content follows the array."))


_SPACE: Final = re.compile(r"[ \t\n\r]*")


class _JsonText:
    """The text of a JSON file, of which only the part being read is in memory."""

    def __init__(self, file: BinaryIO) -> None:
        _skip_byte_order_mark(file)
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._undecodable: int | None = None
        self._row = 0

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
        self._at += 1
        return character

    def value(self, row: int) -> tuple[Any, int]:
        """Read the value of a row; return it and the length of its text."""
        self._row = row
        self.peek()
        while True:
            try:
                value, end = parse_at(self._text, self._at)
            except json.JSONDecodeError as exc:
                # Either malformed or not yet read completely.
                place = exc.pos - self._at + 1
                if len(self._text) - self._at > LONGEST_ROW or not self._read():
                    raise unreadable(
                        _row_error(row, f"The row is not valid JSON: {exc.msg} (character {place}).")
                    ) from exc
            except RecursionError:
                raise unreadable(_row_error(row, "The row is nested too deeply to be read.")) from None
            else:
                break
        length, self._at = end - self._at, end
        if length > LONGEST_ROW:
            raise unreadable(_row_error(row, f"The row is longer than {LONGEST_ROW} characters."))
        return value, length

    def _read(self) -> bool:
        if self._undecodable is not None:
            message = f"The byte 0x{self._undecodable:02X} is not valid UTF-8; save the file as UTF-8."
            raise unreadable(_row_error(self._row, message))
        # At least as much again as is buffered, so that a long row is not parsed once per block.
        block = self._file.read(max(_BLOCK, len(self._text) - self._at))
        try:
            more = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as exc:
            # The rows before the invalid byte are read first.
            more, self._undecodable = exc.object[: exc.start].decode(), exc.object[exc.start]
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(block) or self._undecodable is not None


def _skip_byte_order_mark(file: BinaryIO) -> None:
    file.seek(0)
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)


def _row_error(index: int, message: str) -> FieldError:
    return FieldError(pointer((None, index)), f"Row {index + 1}: {message}")
