"""What a command did: a line of JSON for each thing that it looked at, a progress bar, and counts at the end."""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from tqdm import tqdm

from dashboard_store.store import Store


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--report", metavar="FILE", type=Path, help="write what was done to a file: a JSON object a line"
    )


class Report:
    """Writes each line at once, so that those of a command that was killed are there.

    The bar is on standard error, and only on a terminal. Each line has an `outcome`, a word; a line that explains why
    something was not done has a `reason`, a word too, and a `detail`, a sentence.
    """

    def __init__(self, file: Path | None, store: Store, unit: str, total: int | None = None) -> None:
        self._path = file
        self._file: TextIO | None = None
        self._store = store
        self._unit = unit
        self._total = total
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._file = self._path.open("w", encoding="utf-8") if self._path else None
        self._bar = tqdm(total=self._total, unit=f" {self._unit}", disable=None, file=sys.stderr)
        self._began, self._units = time.monotonic(), self._store.items.units
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if kind is None:
            self._write({"summary": self.summary()})
        if self._file:
            self._file.close()

    def step(self, by: int = 1) -> None:
        """Move the bar."""
        self._bar.update(by)

    def add(self, outcome: str, **what: Any) -> None:  # noqa: ANN401 - any JSON
        """Say what became of something."""
        reason = what.get("reason")
        self.counts[f"{outcome}: {reason}" if reason else outcome] += 1
        self._write({"outcome": outcome, **what})

    def summary(self) -> dict[str, Any]:
        """Return the counts by outcome and reason, the seconds, and the units that the database counted."""
        seconds = round(time.monotonic() - self._began, 3)
        return {"counts": dict(self.counts), "seconds": seconds, "units": self._store.items.units - self._units}

    def _write(self, line: dict[str, Any]) -> None:
        if self._file:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
