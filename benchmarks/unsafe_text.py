"""Time the search for text that a browser would execute, in configs and CSV files.

A config has 9,000 strings and at most 256 KB, a file 20 MB. CPU time: the best of five runs, of two for files.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.large_table import write_table
from dashboard_store.documents import json_text
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset import csv_file
from dashboard_store.settings import Settings

SETTINGS = Settings("benchmark")
STRINGS = 9_000
TEXTS = {
    "no sign": "revenue by month",
    "a < b": "datum.a < datum.b",
    "a<b": "datum.a<datum.b",
    "<b>": "<b>bold</b> text",
    "<b class=x>": "<b class=x>y</b>",
}
FILE_BYTES = 20_000_000


def seconds(call: Callable[[], Any], times: int) -> float:
    def once() -> float:
        started = time.process_time()
        call()
        return time.process_time() - started

    return min(once() for _ in range(times))


def in_config(text: str) -> tuple[float, float]:
    config = {"chartCustomizations": {"c": {str(number): text for number in range(STRINGS)}}}
    checked = seconds(lambda: read_config(config, SETTINGS), 5)
    with patch.object(json_text, "may_be_unsafe", lambda _: False):
        return seconds(lambda: read_config(config, SETTINGS), 5), checked


def in_file(path: Path) -> tuple[float, float]:
    with path.open("rb") as file:
        checked = seconds(lambda: csv_file.read_csv(file, {}, SETTINGS), 2)
        with patch.object(csv_file, "_refuse_unsafe", lambda *_: None):
            return seconds(lambda: csv_file.read_csv(file, {}, SETTINGS), 2), checked


def write_texts(path: Path, text: str) -> None:
    path.write_text("a,b\n" + f"{text},{text}\n" * (FILE_BYTES // (2 * len(text) + 2)))


def show(name: str, without: float, checked: float) -> None:
    print(f"{name:28}{without * 1000:10,.1f}{checked * 1000:10,.1f}")


def main() -> None:
    print(f"{'milliseconds':28}{'without':>10}{'with':>10}")
    for name, text in TEXTS.items():
        show(f"config: {name}", *in_config(text))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, FILE_BYTES)
        show("file of many types", *in_file(path))
        for name, text in TEXTS.items():
            write_texts(path, text)
            show(f"file: {name}", *in_file(path))


if __name__ == "__main__":
    main()
