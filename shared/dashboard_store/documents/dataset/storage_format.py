"""The format in which a table is stored, and its conversion to JSON.

The package's docstring describes the format; `csv_text` writes a table as CSV.
"""

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched
from operator import itemgetter
from typing import Any, BinaryIO, Final, Literal, NamedTuple

from dashboard_store.compression import DATASET_LEVEL, DOWNLOAD_LEVEL, gzip_writer
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.json_text import compact, served

type Row = dict[str, Any]

MEDIA_TYPE: Final = "application/x-ndjson"

# Characters of JSON, of which a group of cells seldom makes more.
_WRITTEN_AT_ONCE: Final = 8_000_000

type RowsFormat = Literal["json", "csv", "safe.csv"]
"""How rows are written for a download: `safe.csv` has no cell that a spreadsheet takes for a formula."""

MEDIA_TYPES: Final[Mapping[RowsFormat, str]] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "safe.csv": "text/csv; charset=utf-8",
}


class TableWriter:
    """Writes groups of rows in the storage format."""

    def __init__(self) -> None:
        self._gzip = gzip_writer(DATASET_LEVEL)
        self._parts: list[bytes] = []

    def add_rows(self, rows: "Columns", columns: Sequence[str]) -> None:
        """Add rows of any shape; each column is the JSON array of its cells as text."""
        place = {name: index for index, name in enumerate(rows.cells)}
        shapes = [[place[name] for name in shape] for shape in rows.shapes]
        self.add_group({"names": list(place), "shapes": shapes, "rows": rows.shape_of_row}, columns, {})

    def add_texts(self, names: Sequence[str], count: int, columns: Sequence[str], originals: Mapping[int, str]) -> None:
        """Add rows that were texts and have every column; each column is the JSON array of its values as text.

        `originals` has the JSON array of a column's texts where the values do not show them.
        """
        self.add_group(
            {"text": True, "names": names, "shapes": [list(range(len(names)))], "rows": count}, columns, originals
        )

    def add_group(self, head: Mapping[str, Any], columns: Sequence[str], originals: Mapping[int, str]) -> None:
        """Add a group of rows by the members of its line."""
        members = f'{compact(head)[:-1]},"columns":[{",".join(columns)}]'
        if originals:
            pairs = ",".join(f'"{index}":{cells}' for index, cells in originals.items())
            members += f',"originals":{{{pairs}}}'
        self._parts.append(self._gzip.compress(f"{members}}}\n".encode()))

    def finish(self) -> bytes:
        return b"".join([*self._parts, self._gzip.flush()])


class Columns(NamedTuple):
    """Rows by column: their shapes, the index of each row's shape, and the cells of each column.

    If all rows have one shape, their number takes the place of the indices.
    """

    shapes: Sequence[tuple[str, ...]]
    shape_of_row: Sequence[int] | int
    cells: Mapping[str, Sequence[Any]]


def columns_of(rows: Sequence[Row]) -> Columns:
    """Collect the cells of each column; linear in the number of cells, not in rows times columns."""
    shape = tuple(rows[0]) if rows else ()
    if _have_shape(rows, shape):
        return Columns([shape], len(rows), {name: list(map(itemgetter(name), rows)) for name in shape})
    shapes: dict[tuple[str, ...], int] = {}
    shape_of_row = [shapes.setdefault(tuple(row), len(shapes)) for row in rows]
    columns = defaultdict[str, list[Any]](list)
    for row in rows:
        for name, cell in row.items():
            columns[name].append(cell)
    return Columns(list(shapes), shape_of_row, columns)


def _have_shape(rows: Sequence[Row], shape: Sequence[str]) -> bool:
    """Whether all rows have the same members in the same order, as in most tables; without a step for each row."""
    return {len(shape)}.issuperset(map(len, rows)) and all(
        {name}.issuperset(names) for name, names in zip(shape, zip(*rows, strict=True), strict=True)
    )


def read_groups(stored: BinaryIO) -> Iterator[list[Row]]:
    """Read the rows back, one group at a time, with their members in order."""
    with gzip.open(stored) as lines:
        for line in lines:
            yield rows_of(json.loads(line))


def rows_of(group: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a group, with their members in order."""
    names, rows = group["names"], group["rows"]
    shapes = [[(names[index], index) for index in shape] for shape in group["shapes"]]
    columns = [iter(column) for column in group["columns"]]
    shape_of_row = [0] * rows if isinstance(rows, int) else rows
    return [{name: next(columns[index]) for name, index in shapes[shape]} for shape in shape_of_row]


def json_rows(stored: BinaryIO) -> Iterator[bytes]:
    """Write the rows as the JSON array that responses contain, one group at a time."""
    opening = b"["
    for group in read_groups(stored):
        # Long names make the rows of a group much larger than its cells.
        count = max(1, _WRITTEN_AT_ONCE // (len(written(group[0])) + 1))
        for rows in batched(group, count, strict=False):
            yield opening + served(written(list(rows))[1:-1])
            opening = b","
    yield b"]"


def rows_between(stored: BinaryIO, first: int, last: int) -> Iterator[Row]:
    """Read the rows from one index to another, both included; what comes before is not parsed."""
    at = 0
    with gzip.open(stored) as lines:
        for line in lines:
            if at > last:
                return
            count = _row_count(line)
            if at + count > first:
                yield from rows_of(json.loads(line))[max(first - at, 0) : last + 1 - at]
            at += count


# The first such member of a line is its own: before it are only names, in which quotes are escaped, and shapes.
# Compiled when it is first needed: most reads are of whole tables.
_ROW_COUNT: Final = rb'"rows":(?:([0-9]+)|\[([0-9,]*)\])'


def _row_count(line: bytes) -> int:
    found = re.search(_ROW_COUNT, line)
    if found is None:
        raise ValueError("A line of a stored table does not say how many rows it has.")
    return int(found[1]) if found[1] else found[2].count(b",") + bool(found[2])


def download(parts: Iterable[bytes]) -> bytes:
    """Compress a download."""
    compressor = gzip_writer(DOWNLOAD_LEVEL)
    return b"".join([*map(compressor.compress, parts), compressor.flush()])
