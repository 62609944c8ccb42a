"""The two commands on a test's own store, and what they report."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.sql.databases import Database

from admin.report import Report
from admin.sql.columns import Columns
from admin.sql.importing import AS_USUAL, Choices, Importing
from admin.sql.source import opened
from admin.sql.verifying import Verifying
from dashboard_store.repository.expressions import Item
from dashboard_store.store import Store

type Lines = list[dict[str, Any]]


class Reported:
    """What a command reported: its lines, and whether its exit code is 1."""

    def __init__(self, lines: Lines, *, failed: bool) -> None:
        self.lines = lines
        self.failed = failed

    def of(self, table: str, row_id: str) -> list[tuple[str, str]]:
        """Return the outcomes of a row, each with its reason."""
        found = [line for line in self.lines if (line["table"], line["id"]) == (table, row_id)]
        return [(line["outcome"], line.get("reason", "")) for line in found]

    def outcomes(self, outcome: str) -> list[tuple[str, str, str]]:
        """Return the rows that have an outcome, with its reason."""
        return [
            (line["table"], line["id"], line.get("reason", "")) for line in self.lines if line["outcome"] == outcome
        ]

    def decisions(self, row_id: str) -> list[str]:
        """Return the words of what was decided about a row."""
        made = [each for line in self.lines for each in line.get("decisions", [])]
        return [each["decision"] for each in made if each["id"] == row_id]


def bring(store: Store, database: Database, user: str | None = None, choices: Choices = AS_USUAL) -> Reported:
    """Run `import-sql`."""
    with tempfile.TemporaryDirectory() as folder, opened(database.url, Columns()) as source:
        file = Path(folder) / "report"
        with Report(file, store, "projects") as report:
            importing = Importing(store, source, report, choices)
            importing.all_of(user)
        return Reported(_lines(file), failed=importing.has_refused)


def verify(
    store: Store, database: Database, user: str | None = None, *, sql_first: bool = False, erased: Sequence[Item] = ()
) -> Reported:
    """Run `verify-sql`."""
    with tempfile.TemporaryDirectory() as folder, opened(database.url, Columns()) as source:
        file = Path(folder) / "report"
        with Report(file, store, "projects") as report:
            verifying = Verifying(store, source, report, sql_first=sql_first, erased=erased)
            verifying.all_of(user)
        return Reported(_lines(file), failed=verifying.differences > 0)


def _lines(file: Path) -> Lines:
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [line for line in lines if "outcome" in line]
