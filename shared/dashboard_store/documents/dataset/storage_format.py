"""The format in which a table is stored, and its conversion to JSON and CSV.

The package's docstring describes the format.
"""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, BinaryIO, Final, NamedTuple

from dashboard_store.compression import DATASET_LEVEL, DOWNLOAD_LEVEL, gzip_writer
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.json_text import compact, served

type Row = dict[str, Any]

MEDIA_TYPE: Final = "application/x-ndjson"


class TableWriter:
    """Writes groups of rows in the storage format."""

    def __init__(self) -> None:
        self._gzip = gzip_writer(DATASET_LEVEL)
        self._parts: list[bytes] = []

    def add_rows(self, rows: "Columns", columns: Sequence[str]) -> None:
        """Add rows of any shape; each column is the JSON array of its cells as text."""
        place = {name: index for index, name in enumerate(rows.cells)}
        self._add(list(place), [[place[name] for name in shape] for shape in rows.shapes], rows.shape_of_row, columns)

    def add_columns(self, names: Sequence[str], count: int, columns: Sequence[str]) -> None:
        """Add rows that have every column; each column is the JSON array of its cells as text."""
        self._add(names, [list(range(len(names)))], count, columns)

    def _add(self, names: Sequence[str], shapes: Sequence[Any], rows: Any, columns: Sequence[str]) -> None:  # noqa: ANN401
        head = compact({"names": names, "shapes": shapes, "rows": rows})
        line = f'{head[:-1]},"columns":[{",".join(columns)}]}}\n'
        self._parts.append(self._gzip.compress(line.encode()))

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
            yield _rows(json.loads(line))


def _rows(group: Mapping[str, Any]) -> list[Row]:
    names, rows = group["names"], group["rows"]
    shapes = [[(names[index], index) for index in shape] for shape in group["shapes"]]
    columns = [iter(column) for column in group["columns"]]
    shape_of_row = [0] * rows if isinstance(rows, int) else rows
    return [{name: next(columns[index]) for name, index in shapes[shape]} for shape in shape_of_row]


def json_rows(stored: BinaryIO) -> Iterator[bytes]:
    """Write the rows as the JSON array that responses contain, one group at a time."""
    opening = b"["
    for rows in read_groups(stored):
        yield opening + served(written(rows)[1:-1])
        opening = b","
    yield b"]"


def csv_rows(stored: BinaryIO, names: Sequence[str]) -> Iterator[bytes]:
    """Write the table as CSV (RFC 4180) in UTF-8, one group at a time; null and missing members are empty cells.

    Numbers and booleans are written as in JSON, and so are objects and arrays.
    """
    for rows in chain([[dict(zip(names, names, strict=True))]], read_groups(stored)):
        text = io.StringIO(newline="")
        csv.writer(text).writerows([_csv_cell(row.get(name)) for name in names] for row in rows)
        yield text.getvalue().encode()


# What the csv module writes as JSON does, but null, which is an empty cell.
_PLAIN: Final = frozenset({str, int, float, type(None)})


def _csv_cell(cell: Any) -> Any:  # noqa: ANN401 - any JSON value
    return cell if type(cell) in _PLAIN else written(cell)


def download(parts: Iterable[bytes]) -> bytes:
    """Compress a download."""
    compressor = gzip_writer(DOWNLOAD_LEVEL)
    return b"".join([*map(compressor.compress, parts), compressor.flush()])
