"""Tables in JSON (RFC 8259) and NDJSON files."""

import codecs
import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from pydantic_core import from_json

from dashboard_store.documents.dataset.data_schema import Content, unreadable
from dashboard_store.documents.dataset.json_array import LONGEST_ROW, JsonText, row_error
from dashboard_store.documents.dataset.rows import GROUP_CHARACTERS, Group, Progress, RowsReader, no_progress
from dashboard_store.documents.json_fast import checked_text, read
from dashboard_store.documents.json_text import Rules, parse_at
from dashboard_store.documents.unsafe_html import TextCheck
from dashboard_store.errors import BadInput, FieldError, InvalidData
from dashboard_store.settings import Settings

_BLOCK: Final = 65_536


def read_json(file: BinaryIO, settings: Settings, progress: Progress = no_progress) -> Content:
    """Read an array of objects in bounded memory. Raises InvalidData naming the row."""
    return RowsReader(settings).read(_followed(_array(file, settings), file, progress))


def read_ndjson(file: BinaryIO, settings: Settings, progress: Progress = no_progress) -> Content:
    """Read one object per line in bounded memory. Raises InvalidData naming the row."""
    return RowsReader(settings).read(_followed(_lines(file, settings), file, progress))


def _followed(groups: Iterator[Group], file: BinaryIO, progress: Progress) -> Iterator[Group]:
    """Report after each group how much of the file was read."""
    size = file.seek(0, io.SEEK_END)
    for group in groups:
        yield group
        progress(file.tell() / size)


def _array(file: BinaryIO, settings: Settings) -> Iterator[Group]:
    text = _FileText(file)
    if text.take() != "[":
        raise unreadable(FieldError("", "A JSON table must be an array of objects."))
    yield from text.groups(settings, TextCheck())
    if text.peek():
        raise unreadable(FieldError("", "Unexpected content follows the array."))


def _lines(file: BinaryIO, settings: Settings) -> Iterator[Group]:
    _skip_byte_order_mark(file)
    first, texts = 0, TextCheck()
    while lines := _group_of_lines(file, first):
        rules = Rules(settings.max_depth, InvalidData, first=first, texts=texts)
        try:
            # Each line is one value; then they are also the elements of an array.
            for line in lines:
                from_json(line)
            group = read(b"[%b]" % b",".join(lines), rules)
        except ValueError:
            rows = [_value(line, row) for row, line in enumerate(lines, first)]
            group = rows, checked_text(rows, rules)
        yield group
        first += len(lines)


def _group_of_lines(file: BinaryIO, first: int) -> list[bytes]:
    """Read some lines that are not empty; none at the end of the file."""
    lines: list[bytes] = []
    size = 0
    while size < GROUP_CHARACTERS and (line := file.readline(LONGEST_ROW + 1)):
        if len(line) > LONGEST_ROW:
            raise unreadable(row_error(first + len(lines), f"The row is longer than {LONGEST_ROW} characters."))
        if text := line.strip():
            lines.append(text)
            size += len(text)
    return lines


def _value(line: bytes, row: int) -> Any:  # noqa: ANN401 - any JSON value
    """Parse a line like `parse_at`. Raises InvalidData."""
    try:
        text = line.decode()
        value, end = parse_at(text, 0)
    except UnicodeDecodeError as exc:
        message = f"The byte 0x{line[exc.start]:02X} is not valid UTF-8; save the file as UTF-8."
        raise unreadable(row_error(row, message)) from exc
    except json.JSONDecodeError as exc:
        message = f"The row is not valid JSON: {exc.msg} (character {exc.pos + 1})."
        raise unreadable(row_error(row, message)) from exc
    except RecursionError:
        raise unreadable(row_error(row, "The row is nested too deeply to be read.")) from None
    if end < len(text):
        message = f"Unexpected content follows the object at character {end + 1} of the row."
        raise unreadable(row_error(row, message))
    return value


class _FileText(JsonText):
    """The text of a JSON file."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        _skip_byte_order_mark(file)
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._undecodable: int | None = None
        self._has_more = True

    def _read(self) -> bool:
        if self._undecodable is not None:
            message = f"The byte 0x{self._undecodable:02X} is not valid UTF-8; save the file as UTF-8."
            raise unreadable(row_error(self._row, message))
        # At least as much again as is buffered, so that a long row is not parsed once per block.
        block = self._file.read(max(_BLOCK, len(self._text) - self._at))
        try:
            more = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as exc:
            more, self._undecodable = exc.object[: exc.start].decode(), exc.object[exc.start]
        self._text, self._at = self._text[self._at :] + more, 0
        # The rows before the invalid byte are read first.
        self._has_more = bool(block) and self._undecodable is None
        return bool(block) or self._undecodable is not None

    def _malformed(self, message: str, place: int) -> BadInput:
        return unreadable(row_error(self._row, f"The row is not valid JSON: {message} (character {place + 1})."))

    def _unseparated(self) -> BadInput:
        return unreadable(row_error(self._row, "A comma or the end of the array must follow."))


def _skip_byte_order_mark(file: BinaryIO) -> None:
    file.seek(0)
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
