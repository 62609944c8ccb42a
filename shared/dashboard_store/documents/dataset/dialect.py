"""The dialect of a CSV file: its encoding, what comes before its header, and what separates its cells.

It is inferred from a sample of whole records, in which quoted cells are ignored. Where a file does not show how it is
to be read, it is refused: a table that was split in the wrong places looks right.
"""

import codecs
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from dashboard_store.documents.dataset.data_schema import unreadable
from dashboard_store.documents.dataset.json_array import LONGEST_ROW
from dashboard_store.documents.json_text import pointer
from dashboard_store.errors import FieldError

DELIMITERS: Final = (";", "\t", "|", ",")
ONE_COLUMN: Final = "\0"
"""What separates the cells of a file with one column: no text contains it."""

_SAMPLE: Final = 262_144
_BLOCK: Final = 1_048_576
_UTF_8: Final = "utf-8"
_UTF_16: Final = {codecs.BOM_UTF16_LE: "utf-16le", codecs.BOM_UTF16_BE: "utf-16be"}
_MARK: Final = "\ufeff"
_SEPARATOR_LINE: Final = re.compile(r'sep=([^"\r\n])(\r\n|\r|\n|\Z)', re.IGNORECASE)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
# A quoted cell: after any delimiter, because which one it is is not known yet. One that does not end goes to the end.
_QUOTED: Final = re.compile(r'(?:(?<=[;\t|,\r\n])|(?<![\s\S]))"(?:[^"]++|"")*+("|\Z)')
_NAMES: Final = {";": "semicolons", "\t": "tabs", "|": "vertical bars", ",": "commas"}
# How the text of other formats begins.
_OTHERS: Final = {"<": "HTML or XML", "[": "JSON", "{": "JSON"}


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is to be read. `text` is the file in UTF-8, whose table begins at the byte `start`."""

    text: BinaryIO
    start: int
    encoding: str
    delimiter: str
    is_inferred: bool

    @property
    def document(self) -> dict[str, Any]:
        """The dialect as `dataSchema` shows it; without a delimiter, the file has one column."""
        delimiter = None if self.delimiter == ONE_COLUMN else self.delimiter
        return {"delimiter": delimiter, "encoding": self.encoding}


@contextmanager
def opened(file: BinaryIO, given: str | None = None) -> Iterator[Dialect]:
    """Infer the dialect of a file, or take the delimiter that is given. Raises InvalidData."""
    encoding = _encoding(file)
    if encoding == _UTF_8:
        yield _find(file, encoding, given)
        return
    with tempfile.TemporaryFile() as copy:
        _copy_in_utf_8(file, encoding, copy)
        yield _find(copy, encoding, given)


def _find(text: BinaryIO, encoding: str, given: str | None) -> Dialect:
    sample = _read_sample(text, _SAMPLE)
    marks = len(sample.text) - len(sample.text.lstrip(_MARK))
    start = marks * len(_MARK.encode())
    separator = _SEPARATOR_LINE.match(sample.text, marks)
    if separator:
        return Dialect(text, start + len(separator[0].encode()), encoding, given or separator[1], is_inferred=False)
    if given:
        return Dialect(text, start, encoding, given, is_inferred=False)
    if not sample.text[marks:].strip():
        raise unreadable(FieldError("", "The file is empty; it must have a header with at least one column."))
    records = _records(sample, marks)
    if not records:
        sample = _read_sample(text, LONGEST_ROW)
        records = _records(sample, marks)
    if not records:
        raise unreadable(
            FieldError("", f"Header: The first line is longer than {LONGEST_ROW} characters, or a quote is not closed.")
        )
    return Dialect(text, start, encoding, _delimiter(sample.text[marks:], records), is_inferred=True)


@dataclass(frozen=True, slots=True)
class _Sample:
    """The beginning of a file; bytes that are not UTF-8 are lone surrogates."""

    text: str
    is_whole: bool


def _encoding(file: BinaryIO) -> str:
    file.seek(0)
    return _UTF_16.get(file.read(2), _UTF_8)


def _copy_in_utf_8(file: BinaryIO, encoding: str, copy: BinaryIO) -> None:
    """Copy a file in UTF-16, behind its mark, in UTF-8. Raises InvalidData."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read = file.tell()
    while block := file.read(_BLOCK):
        copy.write(_decoded(decoder, block, read).encode())
        read += len(block)
    copy.write(_decoded(decoder, b"", read).encode())


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes, read: int) -> str:
    try:
        return decoder.decode(block, final=not block)
    except UnicodeDecodeError as exc:
        message = f"The file is marked as UTF-16, but it is not valid near byte {read + exc.start}; save it as UTF-8."
        raise unreadable(FieldError("", message)) from exc


def _read_sample(file: BinaryIO, size: int) -> _Sample:
    file.seek(0)
    content = file.read(size)
    is_whole = not file.read(1)
    # A sample may end within a character.
    text = content.decode("utf-8", "surrogateescape")
    return _Sample(text if is_whole else text.rstrip("".join(map(chr, range(0xDC80, 0xDD00)))), is_whole)


def _records(sample: _Sample, start: int) -> list[str]:
    """Return the whole records of a sample without the content of quoted cells; blank ones are left out."""
    is_cut = False

    def emptied(found: re.Match[str]) -> str:
        nonlocal is_cut
        is_cut = is_cut or not found[1]
        return '""' if found[1] else '"'

    masked = _QUOTED.sub(emptied, sample.text[start:])
    records = _LINE_END.split(masked)
    if is_cut or not sample.is_whole:
        records.pop()
    return [record for record in records if record.strip(" ")]


def _delimiter(text: str, records: Sequence[str]) -> str:
    """Return what separates the cells of all records. Raises InvalidData."""
    first = text.lstrip()[:1]
    if first in _OTHERS:
        message = f"Header: The file begins like {_OTHERS[first]}, not like CSV. {_HOW_TO_INSIST}"
        raise unreadable(FieldError("", message))
    widths = {each: [record.count(each) + 1 for record in records] for each in DELIMITERS}
    used = {each: found for each, found in widths.items() if max(found) > 1}
    if not used:
        return ONE_COLUMN
    regular = {each: found[0] for each, found in used.items() if min(found) == max(found)}
    # A comma is also a decimal sign and part of sentences, so any other one that fits is meant.
    chosen = max((each for each in regular if each != ","), key=regular.__getitem__, default=None)
    if chosen or regular:
        return chosen or ","
    heads = [each for each, found in used.items() if found[0] > 1]
    if len(heads) == 1:
        # No other one is possible: what does not fit is named with its row.
        return heads[0]
    raise unreadable(*(_irregular(each, found) for each, found in used.items()))


def _irregular(delimiter: str, widths: Sequence[int]) -> FieldError:
    row = next(index for index, width in enumerate(widths) if width != widths[0])
    return FieldError(
        pointer((None, row - 1)),
        f"Row {row}: Separated by {_NAMES[delimiter]}, the row has {_cells(widths[row])}, but the header has "
        f"{_cells(widths[0])}. {_HOW_TO_INSIST}",
    )


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


_HOW_TO_INSIST: Final = "If it is a table, name its delimiter."


def open_text(dialect: Dialect, errors: str = "strict") -> io.TextIOWrapper:
    """Open the text of the table; the caller detaches it, or its file would be closed."""
    dialect.text.seek(dialect.start)
    return io.TextIOWrapper(dialect.text, encoding="utf-8", errors=errors, newline="")
