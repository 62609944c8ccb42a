"""Compare how packages infer the dialects of the files in tests/support/inputs/table_cases.py. `make bench-apart`.

Each receives the encoding, takes the first record as the header, reads every cell as text in the dialect that it
infers, and may refuse. Cases about names, the number of rows, or a delimiter that the client names are left out.
"""

import argparse
import csv
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Final

from support.inputs.table_cases import KINDS, Case, texts

from benchmarks.large_table import write_table

type Table = list[list[str]]
type Reader = Callable[[Path, str], Table]

OUTCOMES: Final = ("right", "refused", "wrong")
"""Right: the table of the case, or a refusal if the case is one. Refused: a table. Wrong: anything else."""

NOT_ABOUT_DIALECTS: Final = ("a header but no rows", "also named")
SAMPLE_BYTES: Final = 1_000_000
# What a reader would add to the layer.
PACKAGES: Final[Mapping[str, Sequence[str]]] = {
    "ours": (),
    "CleverCSV": ("clevercsv", "chardet", "packaging", "regex"),
    "DuckDB": ("duckdb",),
    "csvkit": (
        *("csvkit", "agate", "babel", "isodate", "leather"),
        *("parsedatetime", "python-slugify", "pytimeparse", "text-unidecode"),
    ),
}


def by_us(path: Path, _encoding: str) -> Table:
    from dashboard_store.documents.dataset.storage_format import csv_rows  # noqa: PLC0415
    from dashboard_store.documents.dataset.upload import SentFile, read_completion, read_uploaded  # noqa: PLC0415
    from dashboard_store.settings import Settings  # noqa: PLC0415 - each process loads only its reader

    settings = Settings("benchmark")
    with path.open("rb") as file:
        sent = SentFile(path.name, "text/csv", file)
        upload = read_uploaded(sent, read_completion({}, settings), settings)
    written = b"".join(csv_rows(io.BytesIO(upload.content.stored), upload.schema["columnNames"]))
    return list(csv.reader(io.StringIO(written.decode(), newline="")))


def by_clevercsv(path: Path, encoding: str) -> Table:
    import clevercsv  # noqa: PLC0415

    # A failed inference leaves the length of its file behind, as the limit of all later cells.
    clevercsv.field_size_limit(131_072)
    return [list(record) for record in clevercsv.read_table(path, encoding=encoding)]


def by_duckdb(path: Path, encoding: str) -> Table:
    import duckdb  # noqa: PLC0415

    name = "utf-16" if encoding == "utf-16" else "utf-8"
    found = duckdb.read_csv(str(path), header=False, all_varchar=True, encoding=name)
    return [[cell or "" for cell in record] for record in found.fetchall()]


def by_csvkit(path: Path, encoding: str) -> Table:
    """Read as csvkit does by default: with agate's sniffer, which is the standard library's, on 1,024 characters."""
    from agate import csv_py3  # noqa: PLC0415

    with path.open(encoding=encoding, newline="") as file, warnings.catch_warnings():
        text = file.read()
        # Where it finds nothing, it warns and takes commas.
        warnings.simplefilter("ignore")
        dialect = csv_py3.Sniffer().sniff(text[:1024])
    return list(csv_py3.Reader(io.StringIO(text, newline=""), **({"dialect": dialect} if dialect else {})))


READERS: Final[Mapping[str, Reader]] = {
    "ours": by_us,
    "CleverCSV": by_clevercsv,
    "DuckDB": by_duckdb,
    "csvkit": by_csvkit,
}


def outcome(case: Case, reader: Reader, path: Path) -> str:
    """Say whether a reader finds the table, or refuses, or finds another table."""
    path.write_bytes(case.content)
    encoding = "utf-16" if case.content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        found = reader(path, encoding)
    except Exception:  # noqa: BLE001 - each package has errors of its own
        return "right" if case.is_refused else "refused"
    return "right" if not case.is_refused and compared(found) == texts(case) else "wrong"


def compared(table: Table) -> Table:
    """Leave out what may differ between equal tables: blank lines, and nameless columns at the end without values."""
    if all(len(record) <= 1 for record in table):
        return [record or [""] for record in table]
    found = [record for record in table if record not in ([], [""])]
    while all(record[-1:] == [""] for record in found):
        found = [record[:-1] for record in found]
    return found


def about_dialects(cases: Iterable[Case]) -> list[Case]:
    return [
        case
        for case in cases
        if case.given is None and not any(message in case.message for message in NOT_ABOUT_DIALECTS)
    ]


def run(reader: str) -> None:
    """Read every case with one reader, then a larger file, and print the result."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        counted = {
            kind: Counter(outcome(case, READERS[reader], path) for case in about_dialects(cases))
            for kind, cases in KINDS.items()
        }
        write_table(path, SAMPLE_BYTES)
        took = []
        for _ in range(3):
            started = time.perf_counter()
            READERS[reader](path, "utf-8-sig")
            took.append(time.perf_counter() - started)
    print(json.dumps({"outcomes": counted, "seconds": statistics.median(took), "megabytes": installed(reader)}))


def installed(reader: str) -> float:
    """Add up the megabytes that a reader and its dependencies would add to the layer."""
    files = [Path(file.locate()) for name in PACKAGES[reader] for file in distribution(name).files or ()]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def compare() -> None:
    measured = {}
    for reader in READERS:
        command = [sys.executable, "-m", "benchmarks.dialects", "--reader", reader]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this module
        measured[reader] = json.loads(done.stdout)
    print(f"{len(about_dialects(case for cases in KINDS.values() for case in cases))} cases: {' / '.join(OUTCOMES)}\n")
    print(_line("", READERS))
    for kind in KINDS:
        print(_line(kind, (_counts(measured[reader]["outcomes"][kind]) for reader in READERS)))
    totals: list[Counter[str]] = [
        sum(map(Counter, measured[reader]["outcomes"].values()), Counter()) for reader in READERS
    ]
    print(_line("all", map(_counts, totals)))
    print(_line("1 MB, seconds", (f"{measured[reader]['seconds']:.2f}" for reader in READERS)))
    print(_line("layer MB more", (f"{measured[reader]['megabytes']:.1f}" for reader in READERS)))
    print(_line("version", (version(names[0]) if names else "" for names in PACKAGES.values())))


def _counts(counted: Mapping[str, int]) -> str:
    return " / ".join(f"{counted.get(each, 0)}" for each in OUTCOMES)


def _line(title: str, cells: Iterable[str]) -> str:
    return f"{title:28}" + "".join(f"{cell:>16}" for cell in cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reader", choices=READERS)
    options = parser.parse_args()
    if options.reader:
        run(options.reader)
    else:
        compare()


if __name__ == "__main__":
    main()
