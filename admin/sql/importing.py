"""`import-sql`: bring the projects of an application's SQL database into a stack.

Run it again as often as needed: it goes on where it was interrupted, and takes over what changed in the source since,
except where users have saved here since. The report has a line for every project, and one for every row that was not
taken.
"""

import argparse
import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, NamedTuple

from admin import CannotRunError, stacks, stores
from admin.erasing.notes import erased_among
from admin.report import Report, add_option
from admin.sql import Finding, Refused
from admin.sql.adding import ADDED, NEWER_HERE, PRESENT, UPDATED, Additions
from admin.sql.arriving import arrive
from admin.sql.candidates import Candidate
from admin.sql.columns import DATA, PROJECTS, Columns
from admin.sql.conversion import ConvertedProject, converted
from admin.sql.reading import TableReader
from admin.sql.source import ProjectRows, Source, opened, text_of
from dashboard_store.errors import NoProject, ProjectExists, QuotaExceeded, StorageUnavailable
from dashboard_store.identifiers import ConfigAddress
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Item
from dashboard_store.store import Store

CREATED: Final = "created"
REFUSED: Final = "refused"

ERASED_OWNER: Final = ("erased-owner", "The owner was erased here. Delete the row, or import with --although-erased.")
"""The reason and the sentence for a project of a user who was erased."""

_URL_VARIABLE: Final = "DATABASE_URL"
# What is said of a project as a whole, of several outcomes of its parts: the first of these.
_STRONGEST: Final = (UPDATED, ADDED, NEWER_HERE, REFUSED, PRESENT)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="write nothing, only report")
    parser.add_argument("--although-erased", action="store_true", help="import for users who were erased here, too")
    add_source_options(parser)


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the source, what of it, and the stack."""
    parser.add_argument(
        "url",
        metavar="URL",
        nargs="?",
        help=f"the database, as Prisma or SQLAlchemy writes its URL; without one, the environment's {_URL_VARIABLE}",
    )
    parser.add_argument("--columns", metavar="FILE", type=Path, help="a TOML file with the names that differ")
    parser.add_argument("--user", metavar="ID", help="only the projects of one user")
    parser.add_argument(
        "--sql-first",
        action="store_true",
        help="for the time in which users read SQL: its rows decide, also where users have saved here since",
    )
    add_option(parser)
    stacks.add_options(parser)


def source_of(options: argparse.Namespace) -> AbstractContextManager[Source]:
    """Open the source that the options name. Raises CannotRunError."""
    url = options.url or os.environ.get(_URL_VARIABLE)
    if not url:
        raise CannotRunError(f"Name the database: give its URL, or set {_URL_VARIABLE}.")
    return opened(url, Columns.read(options.columns))


def run(options: argparse.Namespace) -> int:
    """Import what the options name; return 1 if a row was refused."""
    store, _ = stores.opened(options)
    with (
        source_of(options) as source,
        Report(options.report, store, "projects", source.count(options.user)) as report,
    ):
        notes = [] if options.although_erased else [*store.items.query(keys.ERASED)]
        importing = Importing(store, source, report, Choices(options.dry_run, options.sql_first, notes))
        importing.all_of(options.user)
        print("\n".join(importing.summary()))
    return int(importing.has_refused)


class Choices(NamedTuple):
    """How to import: without writing; with SQL deciding where both have changed; for whom nothing comes back."""

    is_dry: bool = False
    sql_first: bool = False
    erased: Sequence[Item] = ()
    """The notes of users who were erased."""


AS_USUAL: Final = Choices()


class Importing:
    """Brings the projects of a source into a store, and reports what became of each row."""

    def __init__(self, store: Store, source: Source, report: Report, choices: Choices = AS_USUAL) -> None:
        self._store = store
        self._source = source
        self._report = report
        self._is_dry = choices.is_dry
        self._erased = choices.erased
        self._additions = Additions(store, choices.is_dry, choices.sql_first)
        self._counts: Counter[tuple[str, str]] = Counter()

    @property
    def has_refused(self) -> bool:
        return any(outcome == REFUSED for _, outcome in self._counts)

    def all_of(self, user: str | None) -> None:
        """Import every project, of one user if one is given. Raises CannotRunError."""
        try:
            for rows in self._source.projects(user):
                self.project(rows)
                self._report.step()
        except StorageUnavailable as exc:
            raise CannotRunError(f"{exc} Run the command again: it goes on from here.") from exc
        for stray in self._source.strays(user):
            self._refuse(stray)

    def project(self, rows: ProjectRows) -> None:
        """Import a project. Raises StorageUnavailable."""
        conversion = converted(rows, self._store.settings, self._store.now())
        for finding in conversion.refused:
            self._refuse(finding)
        found = conversion.project
        if found is None:
            return
        if erased_among([found.address.owner], self._erased):
            self._refuse(Finding(PROJECTS, found.row_id, *ERASED_OWNER))
            return
        reader = TableReader(self._source, self._store.settings, found)
        outcome = self._brought(found, reader)
        for finding in reader.refused:
            self._refuse(finding)
        if outcome is not None:
            decisions = [each.document("decision") for each in (*conversion.decisions, *reader.decisions)]
            self._say(outcome, PROJECTS, found.row_id, user=found.address.owner, decisions=decisions)

    def summary(self) -> list[str]:
        """Return the counts by table and outcome."""
        is_dry = ["Nothing was written: this is a dry run."] if self._is_dry else []
        counted = [f"{table}: {outcome}: {number}" for (table, outcome), number in sorted(self._counts.items())]
        return [*is_dry, *(counted or ["The database has no projects."])]

    def _brought(self, found: ConvertedProject, reader: TableReader) -> str | None:
        """Write what is missing of a project; return the outcome, None if it was refused."""
        if not self._is_there(found):
            try:
                tables = reader.newer_than(None)
                if not self._is_dry:
                    arrive(self._store, found, tables)
            except ProjectExists:
                # Somebody was faster.
                pass
            except QuotaExceeded as exc:
                self._refuse_by(PROJECTS, found.row_id, exc)
                return None
            else:
                return CREATED
        try:
            return self._added(found, reader)
        except NoProject:
            detail = "The project was deleted here."
            self._say(NEWER_HERE, PROJECTS, found.row_id, reason="deleted-here", detail=detail)
            return None

    def _is_there(self, found: ConvertedProject) -> bool:
        place = keys.project(found.address)
        return any(self._store.items.get_together([place, keys.deleted(place)]))

    def _added(self, found: ConvertedProject, reader: TableReader) -> str:
        """Write what is new to a project that is present. Raises NoProject."""
        outcomes = {self._additions.fields(found)}
        if found.configs:
            newest = found.configs[-1]
            outcomes.add(self._part(newest.table, newest.row_id, self._saving(found.address.config(), found.configs)))
        for session, draft in found.drafts.items():
            save = self._saving(found.address.config(session), [draft])
            outcomes.add(self._part(draft.table, draft.row_id, save))
        if found.tables:
            row_id = text_of(found.tables[0]["id"]) or ""
            outcomes.add(self._part(DATA, row_id, lambda: self._additions.table(found.address, reader.newer_than)))
        return next(each for each in _STRONGEST if each in outcomes)

    def _saving(self, address: ConfigAddress, versions: Sequence[Candidate]) -> Callable[[], str]:
        return lambda: self._additions.config(address, versions)

    def _part(self, table: str, row_id: str, add: Callable[[], str]) -> str:
        """Write a part of a project, and report it unless it was present."""
        try:
            outcome = add()
        except QuotaExceeded as exc:
            self._refuse_by(table, row_id, exc)
            return REFUSED
        if outcome == NEWER_HERE:
            self._say(outcome, table, row_id, reason="saved-here", detail="A user has saved here since.")
        elif outcome != PRESENT:
            self._say(outcome, table, row_id)
        return outcome

    def _refuse_by(self, table: str, row_id: str, error: QuotaExceeded) -> None:
        refused = Refused.by(error)
        self._refuse(Finding(table, row_id, refused.reason, refused.detail))

    def _refuse(self, finding: Finding) -> None:
        self._counts[finding.table, REFUSED] += 1
        self._report.add(REFUSED, **finding.document())

    def _say(self, outcome: str, table: str, row_id: str, **more: object) -> None:
        self._counts[table, outcome] += 1
        self._report.add(outcome, table=table, id=row_id, **more)
