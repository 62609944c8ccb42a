"""Writing to a project that is present: what is absent, and what changed in the source since it was imported.

Each write is conditional on what it replaces being what the import wrote, so none replaces what a user saved. If SQL
decides, because that is what users read, a write is conditional on what was found; what a user saved stays in history.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from admin.sql import IMPORTED
from admin.sql.candidates import Candidate
from admin.sql.comparing import differing_parts
from admin.sql.conversion import ConvertedProject
from admin.sql.items import config_items, is_unsaved, marked_analysis, marked_table, project_mark
from admin.sql.tables import SqlTable
from dashboard_store.errors import NoProject
from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.config_items import expected_condition, history_item, shown_in_project
from dashboard_store.repository.configs import NEVER_SAVED
from dashboard_store.repository.dataset_writes import unanalysed
from dashboard_store.repository.datasets import DatasetVersion, ProjectData, newest_of
from dashboard_store.repository.expressions import Condition, Item, Write, check, put, update
from dashboard_store.repository.items import ConditionFailed
from dashboard_store.repository.project_items import editable, settings_text
from dashboard_store.repository.usage import FULL, WRITABLE
from dashboard_store.store import Store

ADDED = "added"
UPDATED = "updated"
PRESENT = "present"
NEWER_HERE = "newer-here"

_NO_ROWS: Final = b""
"""A mark that no row of the source has."""

type NextTables = Callable[[bytes | None], Sequence[SqlTable]]
"""Reads the tables that are newer than the one with a mark, the newest first; all of them without a mark.

If no row has the mark, only the newest one."""


@dataclass(frozen=True)
class Additions:
    """Adds to the projects of a store. Each method returns the outcome; if `is_dry`, nothing is written."""

    store: Store
    is_dry: bool
    sql_first: bool = False

    def fields(self, found: ConvertedProject) -> str:
        """Take over a project's own fields. Raises NoProject."""
        key = keys.project(found.address)

        def attempt() -> str:
            item = self._project(found.address)
            if editable(item) == found.project:
                return PRESENT
            if not (self.sql_first or is_unsaved(item)):
                return NEWER_HERE
            if not self.is_dry:
                self._write(found.address, update(key, *_changed_fields(found, item)))
            return UPDATED

        return self.store.items.race(attempt, "changes to this project")

    def config(self, address: ConfigAddress, versions: Sequence[Candidate]) -> str:
        """Take over a config or a draft, with what is new below it. Raises NoProject or QuotaExceeded."""
        newest = versions[-1].config.digest

        def attempt() -> str:
            item = self.store.items.get(keys.config(address))
            current = self.store.configs.live(item)
            if current and current.version and current.digest == newest:
                return PRESENT
            if not current or not current.version:
                return self._append(address, versions, None, ADDED)
            if item is None or not (self.sql_first or IMPORTED in item):
                return NEWER_HERE
            known = {each["digest"] for each in self._history(address)}
            new = [each for each in versions[:-1] if each.config.digest not in known]
            return self._append(address, [*new, versions[-1]], item, UPDATED)

        return self.store.items.race(attempt, "changes to this config")

    def table(self, address: ProjectAddress, tables: NextTables) -> str:
        """Take over the tables that are newer than the one that was imported. Raises NoProject or QuotaExceeded."""

        def attempt() -> str:
            item, analysis = self.store.items.get_snapshot([keys.dataset(address), keys.analysis(address)])
            mark = item.get(IMPORTED) if item else None
            if item and mark is None and not self.sql_first:
                return NEWER_HERE
            new = tables(_NO_ROWS if item and mark is None else mark)
            before = ProjectData(NEVER_SAVED, newest_of(item, analysis))
            if not new or (mark is None and self._is_same(new[0], before.newest)):
                return PRESENT
            if analysis and IMPORTED not in analysis and not self.sql_first:
                return NEWER_HERE
            if not self.is_dry:
                # One at a time: the next attempt, or the next run, goes on after it.
                for table in reversed(new):
                    before = self._replace(address, table, before)
            return UPDATED if item else ADDED

        return self.store.items.race(attempt, "uploads to this project")

    def _is_same(self, table: SqlTable, stored: DatasetVersion | None) -> bool:
        """Whether a user has uploaded the very table."""
        return stored is not None and not differing_parts(self.store, table, stored)

    def _append(
        self, address: ConfigAddress, versions: Sequence[Candidate], replaced: Item | None, outcome: str
    ) -> str:
        if self.is_dry:
            return outcome
        if address.session and replaced is None:
            self.store.usage.require_room_for_draft(self.store.configs.draft_count(address.project))
        for candidate in versions:
            replaced = self._save(address, candidate, replaced)
        return outcome

    def _save(self, address: ConfigAddress, candidate: Candidate, replaced: Item | None) -> Item:
        """Make a config the next version; `replaced` is what the import wrote before, None before the first version."""
        before = replaced["version"] if replaced else 0
        newest, kept = config_items(self.store, address, candidate, before + 1)
        writes = [put(newest, self._unsaved(address, newest, replaced)), put(kept)]
        if replaced:
            # Its days in history begin now.
            writes.append(put(history_item(address, replaced, self.store.now(), self.store.configs.lifetimes)))
        self._write(address.project, *writes, self._shown(address, newest))
        return newest

    def _unsaved(self, address: ConfigAddress, newest: Item, replaced: Item | None) -> Condition:
        """Require that nobody has saved since."""
        if replaced is None:
            return expected_condition(address, newest["digest"], 0, self.store.now(), None)
        if IMPORTED not in replaced:
            return Condition("#version = :expected", {"expected": replaced["version"]})
        values = {"expected": replaced["version"], "mark": replaced[IMPORTED]}
        return Condition(f"#version = :expected AND #{IMPORTED} = :mark", values)

    def _shown(self, address: ConfigAddress, newest: Item) -> Write:
        """Update what the project shows of its config; for a draft, only require that it may be stored."""
        key = keys.project(address.project)
        if address.session:
            return check(key, WRITABLE)
        project, updated_at = self._project(address.project), newest["summary"]["updatedAt"]
        seen = project["summary"]["updatedAt"]
        assignments: Item = {"summary.dashboardConfig": shown_in_project(newest["summary"])}
        if updated_at > seen:
            # The row's time may be long past; the project was changed later then.
            assignments |= {"listKey": keys.listed(address.project, updated_at), "summary.updatedAt": updated_at}
        unchanged = Condition(f"{WRITABLE.expression} AND #summary.#updatedAt = :seen", {"seen": seen})
        return update(key, assignments, unchanged)

    def _replace(self, address: ProjectAddress, table: SqlTable, before: ProjectData) -> ProjectData:
        """Make a table the newest one, unless there was an upload or an analysis since."""
        moment = self.store.now()
        place, takeover = self.store.dataset_writes.placed(address, table.upload.content.stored)
        new, version = marked_table(table, place), before.version + 1
        has_analysis = table.upload.analysis is not None
        writes, shown = self.store.dataset_writes.table_writes(address, new, before, moment, has_analysis=has_analysis)
        analysis = marked_analysis(address, table, version, moment)
        project = update(keys.project(address), shown, WRITABLE)
        self.store.dataset_writes.transact(address, *writes, put(analysis, unanalysed(before)), *takeover, project)
        kept = [before.newest.summary, *before.kept] if before.newest else []
        item = new.item(address, version, keys.timestamp(moment), kept[: self.store.settings.data_versions_kept - 1])
        return ProjectData(NEVER_SAVED, newest_of(item, analysis))

    def _project(self, address: ProjectAddress) -> Item:
        item = self.store.items.get(keys.project(address))
        if item is None:
            raise NoProject
        return item

    def _history(self, address: ConfigAddress) -> Sequence[Item]:
        prefix = keys.config_versions(address)
        return [*self.store.items.query(keys.partition(address.project.owner), prefix, ("digest",))]

    def _write(self, address: ProjectAddress, *writes: Write) -> None:
        """Do writes, the last one to the project. Raises ConditionFailed, QuotaExceeded or NoProject."""
        try:
            self.store.items.transact(*writes)
        except ConditionFailed as exc:
            project = exc.found[-1]
            if project == {}:
                raise NoProject from exc
            if project and FULL in project:
                raise self.store.usage.refusal(address) from exc
            raise


def _changed_fields(found: ConvertedProject, item: Item) -> tuple[Item, Condition]:
    """Return what takes a project's own fields over, and the condition that nobody has changed them since."""
    summary = item["summary"]
    version = summary["version"] + 1
    updated_at = max(summary["updatedAt"], keys.timestamp(found.updated_at))
    assignments = {
        "settings": settings_text(found.project),
        "listKey": keys.listed(found.address, updated_at),
        "summary.name": found.project.name,
        "summary.description": found.project.description,
        "summary.version": version,
        "summary.updatedAt": updated_at,
        IMPORTED: project_mark(found, version),
    }
    seen = {"expected": summary["version"], "seen": summary["updatedAt"]}
    unchanged = f"{WRITABLE.expression} AND #summary.#version = :expected AND #summary.#updatedAt = :seen"
    return assignments, Condition(unchanged, seen)
