"""`verify-sql`: compare every row of an application's SQL database with what a stack answers.

Both sides are compared by the SHA-256 of their canonical form: the rows of the source are converted as by `import-sql`,
and Dashkeep's documents, tables, schemas and analyses are read by the code that answers requests. A row is `equal`,
`different`, or `explained`: it was refused, a user has saved here since, or it is an earlier version.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from admin import CannotRunError, stores
from admin.erasing.notes import erased_among
from admin.report import Report
from admin.sql import IMPORTED, Finding
from admin.sql.candidates import Candidate
from admin.sql.columns import DATA, PROJECTS
from admin.sql.comparing import canonical_hash, differing_parts
from admin.sql.conversion import ConvertedProject, converted
from admin.sql.importing import ERASED_OWNER, add_source_options, source_of
from admin.sql.items import is_unsaved
from admin.sql.reading import TableReader
from admin.sql.source import ProjectRows, Source
from admin.sql.tables import SqlTable
from dashboard_store.errors import NotFound, StorageUnavailable
from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.configs import ConfigVersion
from dashboard_store.repository.datasets import DatasetVersion, newest_of
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.project_items import project_document
from dashboard_store.store import Store

EQUAL: Final = "equal"
EXPLAINED: Final = "explained"
DIFFERENT: Final = "different"

_SAVED_HERE: Final = ("newer-here", "A user has saved here since.")
_IN_HISTORY: Final = ("in-history", "It is an earlier version.")
_MISSING: Final = ("missing", "It is not there. Run import-sql.")
_CHANGED: Final = ("changed", "The source has another content than what was imported. Run import-sql.")
_OUTRANKED: Final = ("outranked", "Another config of the source has precedence.")
_CHANGED_LATE: Final = ("outranked", "It was changed after the import, when a newer row was the table.")
# Decisions after which a row is not stored as one of its own.
_LEFT_OUT: Final = {"no-draft", "outranked", "same-content", "not-kept"}


def add_options(parser: argparse.ArgumentParser) -> None:
    add_source_options(parser)


def run(options: argparse.Namespace) -> int:
    """Compare what the options name; return 1 if anything differs."""
    store, _ = stores.opened(options)
    with (
        source_of(options) as source,
        Report(options.report, store, "projects", source.count(options.user)) as report,
    ):
        notes = [*store.items.query(keys.ERASED)]
        verifying = Verifying(store, source, report, sql_first=options.sql_first, erased=notes)
        verifying.all_of(options.user)
        print("\n".join(verifying.summary()))
    return int(verifying.differences > 0)


class Verifying:
    """Compares the projects of a source with those of a store, and reports each row.

    `erased` are the notes of users who were erased.
    """

    def __init__(
        self, store: Store, source: Source, report: Report, *, sql_first: bool = False, erased: Sequence[Item] = ()
    ) -> None:
        self._store = store
        self._source = source
        self._report = report
        self._sql_first = sql_first
        self._erased = erased
        self._counts: Counter[tuple[str, str]] = Counter()

    @property
    def differences(self) -> int:
        return sum(number for (_, outcome), number in self._counts.items() if outcome == DIFFERENT)

    def all_of(self, user: str | None) -> None:
        """Compare every project, of one user if one is given. Raises CannotRunError."""
        try:
            for rows in self._source.projects(user):
                self.project(rows)
                self._report.step()
        except StorageUnavailable as exc:
            raise CannotRunError(str(exc)) from exc
        for stray in self._source.strays(user):
            self._explain(stray)

    def project(self, rows: ProjectRows) -> None:
        """Compare a project. Raises StorageUnavailable."""
        conversion = converted(rows, self._store.settings, self._store.now())
        for finding in conversion.refused:
            self._explain(finding)
        found = conversion.project
        if found is None:
            return
        if not self._has_equal_fields(found):
            return
        for finding in conversion.decisions:
            if finding.reason in _LEFT_OUT:
                self._explain(finding)
        if found.configs:
            self._config(found.address.config(), found.configs)
        for session, draft in found.drafts.items():
            self._config(found.address.config(session), [draft])
        reader = TableReader(self._source, self._store.settings, found)
        tables = reader.newer_than(None)
        for finding in (*reader.refused, *(each for each in reader.decisions if each.reason in _LEFT_OUT)):
            self._explain(finding)
        if tables:
            self._tables(found.address, tables)

    def summary(self) -> list[str]:
        """Return the counts by table and outcome."""
        return [f"{table}: {outcome}: {number}" for (table, outcome), number in sorted(self._counts.items())]

    def _has_equal_fields(self, found: ConvertedProject) -> bool:
        """Compare a project's own fields; return whether there is a project."""
        place = keys.project(found.address)
        item, deleted = self._store.items.get_together([place, keys.deleted(place)])
        if item is None:
            if deleted:
                self._say(EXPLAINED, PROJECTS, found.row_id, "deleted-here", "The project was deleted here.")
            elif erased_among([found.address.owner], self._erased):
                self._say(EXPLAINED, PROJECTS, found.row_id, *ERASED_OWNER)
            else:
                self._say(DIFFERENT, PROJECTS, found.row_id, "missing", "The project is not there, with all it has.")
            return False
        document = project_document(item)
        wanted = found.project.as_document()
        differing = [name for name in wanted if canonical_hash(document[name]) != canonical_hash(wanted[name])]
        if not differing:
            self._say(EQUAL, PROJECTS, found.row_id)
        elif self._sql_first or is_unsaved(item):
            self._say(DIFFERENT, PROJECTS, found.row_id, "changed", _at(differing))
        else:
            self._say(EXPLAINED, PROJECTS, found.row_id, *_SAVED_HERE)
        return True

    def _config(self, address: ConfigAddress, versions: Sequence[Candidate]) -> None:
        *older, newest = versions
        item = self._store.items.get(keys.config(address))
        current = self._store.configs.live(item)
        is_saved_here = bool(current and current.version and item and self._is_users(item))
        if current and current.version and canonical_hash(current.config()) == newest.config.digest:
            self._say(EQUAL, newest.table, newest.row_id)
        elif is_saved_here:
            self._say(EXPLAINED, newest.table, newest.row_id, *_SAVED_HERE)
        else:
            reason = _CHANGED if current and current.version else _MISSING
            self._say(DIFFERENT, newest.table, newest.row_id, *reason)
        if older:
            self._history(address, older, is_saved_here=is_saved_here)

    def _is_users(self, item: Item) -> bool:
        """Whether a user has saved this, so that it may differ from SQL."""
        return not self._sql_first and IMPORTED not in item

    def _history(self, address: ConfigAddress, older: Sequence[Candidate], *, is_saved_here: bool) -> None:
        kept = {canonical_hash(version.config()) for version in self._versions(address)}
        for each in older:
            if each.config.digest in kept:
                outcome, reason = EXPLAINED, _IN_HISTORY
            elif is_saved_here:
                outcome, reason = EXPLAINED, _SAVED_HERE
            elif not each.is_saved:
                # It was changed after the import, when it no longer mattered.
                outcome, reason = EXPLAINED, _OUTRANKED
            else:
                outcome, reason = DIFFERENT, _MISSING
            self._say(outcome, each.table, each.row_id, *reason)

    def _versions(self, address: ConfigAddress) -> Iterator[ConfigVersion]:
        prefix = keys.config_versions(address)
        for item in self._store.items.query(keys.partition(address.project.owner), prefix):
            if version := self._store.configs.live(item):
                yield version

    def _tables(self, address: ProjectAddress, tables: Sequence[SqlTable]) -> None:
        newest, *older = tables
        item, analysis = self._store.items.get_snapshot([keys.dataset(address), keys.analysis(address)])
        current = newest_of(item, analysis)
        is_saved_here = any(each is not None and self._is_users(each) for each in (item, analysis))
        if current is None:
            self._say(DIFFERENT, DATA, newest.row_id, *_MISSING)
        elif not (differing := differing_parts(self._store, newest, current)):
            self._say(EQUAL, DATA, newest.row_id)
        elif is_saved_here:
            self._say(EXPLAINED, DATA, newest.row_id, *_SAVED_HERE)
        else:
            self._say(DIFFERENT, DATA, newest.row_id, "changed", _at(differing))
        if older and current:
            self._earlier(address, older, current, is_saved_here=is_saved_here)

    def _earlier(
        self, address: ProjectAddress, older: Sequence[SqlTable], newest: DatasetVersion, *, is_saved_here: bool
    ) -> None:
        versions = [newest, *self._kept(address, newest)]
        marks = {version.item.get(IMPORTED) for version in versions}
        for each in older:
            if any(not differing_parts(self._store, each, version) for version in versions):
                outcome, reason = EXPLAINED, _IN_HISTORY
            elif is_saved_here:
                outcome, reason = EXPLAINED, _SAVED_HERE
            elif each.mark not in marks and len(versions) > len(older):
                outcome, reason = EXPLAINED, _CHANGED_LATE
            else:
                outcome, reason = DIFFERENT, _MISSING
            self._say(outcome, DATA, each.row_id, *reason)

    def _kept(self, address: ProjectAddress, newest: DatasetVersion) -> Iterator[DatasetVersion]:
        """Read the earlier tables, those that are there."""
        for summary in newest.item.get("kept", []):
            with suppress(NotFound):
                yield self._store.datasets.version(address, summary["version"])

    def _explain(self, finding: Finding) -> None:
        self._say(EXPLAINED, finding.table, finding.id, finding.reason, finding.detail)

    def _say(self, outcome: str, table: str, row_id: str, reason: str = "", detail: str = "") -> None:
        self._counts[table, outcome] += 1
        why = {"reason": reason, "detail": detail} if reason else {}
        self._report.add(outcome, table=table, id=row_id, **why)


def _at(differing: Sequence[str]) -> str:
    return f"These differ: {', '.join(differing)}. Run import-sql."
