"""Compare CSV readers at the work of completing an upload: from a file to the stored form. `make bench-apart`.

Each reads the same file in a separate process, in turns, and leaves typing and storing to the product's code: the
readers' own types would turn the postcode 01234 into a number. The readers differ in the time and memory that they need
to split the text into cells, and in the size that they add to the layer.
"""

import argparse
import io
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks.large_table import write_table

type Columns = Iterable[Sequence[str]]
READERS = ("csv", "pyarrow", "polars", "duckdb", "pandas")


def by_csv(path: Path) -> int:
    """Read as the product does: two passes of the standard library's reader, one group of rows at a time."""
    from dashboard_store.documents.dataset.csv_file import read_csv  # noqa: PLC0415
    from dashboard_store.settings import Settings  # noqa: PLC0415 - each process loads only its reader

    with path.open("rb") as file:
        return len(read_csv(file, {}, Settings("benchmark")).stored)


def by_pyarrow(path: Path) -> int:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    names = csv.open_csv(path).schema.names
    options = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    table = csv.read_csv(path, convert_options=options)
    return _stored(names, lambda: ((column.to_pylist() for column in group) for group in table.to_batches()))


def by_polars(path: Path) -> int:
    import polars as pl  # noqa: PLC0415

    table = pl.read_csv(path, infer_schema=False).fill_null("")
    return _stored(table.columns, lambda: ((column.to_list() for column in part) for part in table.iter_slices(14_000)))


def by_duckdb(path: Path) -> int:
    import duckdb  # noqa: PLC0415

    table = duckdb.read_csv(str(path), all_varchar=True).arrow().read_all()
    return _stored(
        table.schema.names, lambda: (([cell or "" for cell in c.to_pylist()] for c in g) for g in table.to_batches())
    )


def by_pandas(path: Path) -> int:
    import pandas as pd  # noqa: PLC0415

    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    size = 14_000
    parts = range(0, len(table), size)
    return _stored(
        list(table.columns),
        lambda: ((table[name].iloc[start : start + size].tolist() for name in table) for start in parts),
    )


def _stored(names: Sequence[str], groups: Callable[[], Iterable[Columns]]) -> int:
    """Type and store cells as the product does."""
    from dashboard_store.documents.dataset.column_types import CsvColumn  # noqa: PLC0415
    from dashboard_store.documents.dataset.readings import reading  # noqa: PLC0415
    from dashboard_store.documents.dataset.storage_format import TableWriter  # noqa: PLC0415

    columns = [CsvColumn() for _ in names]
    row = 1
    for group in groups():
        lists = list(group)
        for column, cells in zip(columns, lists, strict=True):
            column.add(cells, row)
        row += len(lists[0])
    readings = [reading(column.type, column.format) for column in columns]
    writer = TableWriter()
    for group in groups():
        lists = list(group)
        written = [each.column(cells) for each, cells in zip(readings, lists, strict=True)]
        originals = {index: original for index, (_, original) in enumerate(written) if original is not None}
        writer.add_texts(names, len(lists[0]), [text for text, _ in written], originals)
    return len(writer.finish())


def run(reader: str, path: Path) -> None:
    """Do the work once and print its time and memory."""
    work: dict[str, Callable[[Path], int]] = {
        "csv": by_csv,
        "pyarrow": by_pyarrow,
        "polars": by_polars,
        "duckdb": by_duckdb,
        "pandas": by_pandas,
    }
    started, processor = time.perf_counter(), time.process_time()
    stored = work[reader](path)
    took = {"seconds": time.perf_counter() - started, "processor": time.process_time() - processor}
    print(json.dumps({**took, "megabytes": _peak(), "stored": stored}))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def installed(reader: str) -> float:
    """Add up the megabytes that a reader and its dependencies would add to the layer."""
    needs = {"csv": (), "pandas": ("pandas", "numpy", "dateutil", "six"), "duckdb": ("duckdb", "_duckdb", "pyarrow")}
    needs |= {"polars": ("polars", "_polars_runtime_32"), "pyarrow": ("pyarrow",)}
    site = next(Path(entry) for entry in sys.path if entry.endswith("site-packages"))
    files = [file for name in needs[reader] for place in site.glob(f"{name}*") for file in _files(place)]
    return sum(file.stat().st_size for file in files) / 1e6


def _files(place: Path) -> Iterable[Path]:
    return [place] if place.is_file() else (file for file in place.rglob("*") if file.is_file())


def compare(size: int, runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        rows = write_table(path, size)
        print(f"{path.stat().st_size:,} bytes, {rows:,} rows; medians of {runs} runs in turns\n")
        took: dict[str, list[dict[str, float]]] = {reader: [] for reader in READERS}
        for _ in range(runs):
            for reader in READERS:
                command = [sys.executable, "-m", "benchmarks.csv_readers", "--reader", reader, "--file", str(path)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this module
                took[reader].append(json.loads(done.stdout))
    titles = ["seconds", "against csv", "processor s", "peak MB", "layer MB"]
    out = io.StringIO()
    out.write("".join(f"{title:>13}" for title in ["", *titles]) + "\n")
    base = _median(took["csv"], "seconds")
    for reader in READERS:
        seconds = _median(took[reader], "seconds")
        figures = [seconds, seconds / base, _median(took[reader], "processor"), _median(took[reader], "megabytes")]
        cells = [*(f"{figure:.2f}" for figure in figures[:3]), f"{figures[3]:.0f}", f"{installed(reader):.0f}"]
        out.write("".join(f"{cell:>13}" for cell in [reader, *cells]) + "\n")
    print(out.getvalue())


def _median(runs: list[dict[str, float]], name: str) -> float:
    return statistics.median(run[name] for run in runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reader", choices=READERS)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--size", type=int, default=100_000_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if options.reader:
        run(options.reader, options.file)
    else:
        compare(options.size, options.runs)


if __name__ == "__main__":
    main()
