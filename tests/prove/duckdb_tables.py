"""Reads CSV files with DuckDB, which is in an environment of its own: `python duckdb_tables.py <folder>`.

Prints the cells of every file as JSON, by name; the first record is the header.
"""

import csv
import json
import sys
from pathlib import Path

import duckdb


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        columns = {f"c{index}": "VARCHAR" for index, _ in enumerate(next(csv.reader(lines)))}
    # Without the line end, it does not read a header with a line break in quotes.
    table = duckdb.read_csv(
        str(path),
        columns=columns,
        header=False,
        auto_detect=False,
        delimiter=",",
        quotechar='"',
        escapechar='"',
        lineterminator="\\r\\n",
    )
    return [[cell or "" for cell in record] for record in table.fetchall()]


def main(folder: str) -> None:
    print(json.dumps({path.name: cells(path) for path in Path(folder).iterdir()}))  # noqa: T201 - the answer


if __name__ == "__main__":
    main(sys.argv[1])
