"""A stored table as CSV."""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, BinaryIO, Final

from dashboard_store.documents.dataset.storage_format import rows_of
from dashboard_store.documents.json_fast import written


def csv_rows(stored: BinaryIO, names: Sequence[str], *, is_safe: bool = False) -> Iterator[bytes]:
    """Write the table as CSV (RFC 4180) in UTF-8, one group at a time; null and missing members are empty cells.

    Cells of a CSV file are the texts that they were. Numbers, booleans, objects and arrays of a JSON table are written
    as in JSON. If `is_safe`, an apostrophe precedes what a spreadsheet would take for a formula.
    https://owasp.org/www-community/attacks/CSV_Injection
    """
    guarded = _guarded if is_safe else list
    with gzip.open(stored) as lines:
        for rows in chain([[names]], (_csv_cells(line, names) for line in lines)):
            text = io.StringIO(newline="")
            csv.writer(text).writerows(map(guarded, rows))
            yield text.getvalue().encode()


def _csv_cells(line: bytes, names: Sequence[str]) -> Iterable[Sequence[Any]]:
    """Return the rows of a line as the csv module takes them."""
    is_text = line.startswith(_TEXT)
    # Numbers that were texts stay texts, with the digits that they have.
    group = json.loads(line, parse_float=str, parse_int=str) if is_text else json.loads(line)
    originals = group.get("originals", {})
    group["columns"] = [originals.get(str(index), column) for index, column in enumerate(group["columns"])]
    if not is_text:
        return ([_csv_cell(row.get(name)) for name in names] for row in rows_of(group))
    return zip(*(list(map(_spelled, each)) if _has_booleans(each) else each for each in group["columns"]), strict=True)


_TEXT: Final = b'{"text":true,'
# What the csv module writes as JSON does, but null, which is an empty cell.
_PLAIN: Final = frozenset({str, int, float, type(None)})


def _csv_cell(cell: Any) -> Any:  # noqa: ANN401 - any JSON value
    return cell if type(cell) in _PLAIN else written(cell)


def _has_booleans(column: Sequence[Any]) -> bool:
    return True in column or False in column


def _spelled(cell: Any) -> Any:  # noqa: ANN401 - any JSON value
    return written(cell) if isinstance(cell, bool) else cell


_FORMULA: Final = re.compile(r"[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]")
_NUMBER: Final = re.compile(r"[+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?")


def _guarded(row: Sequence[Any]) -> list[Any]:
    return [f"'{cell}" if isinstance(cell, str) and _is_formula(cell) else cell for cell in row]


def _is_formula(cell: str) -> bool:
    return bool(_FORMULA.match(cell)) and not _NUMBER.fullmatch(cell)
