"""Writing a project's table with another schema: a new version with the same cells and the same analysis."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dashboard_store.documents.dataset.data_schema import Content
from dashboard_store.documents.dataset.rows import Progress, no_progress
from dashboard_store.documents.dataset.schema_change import Reread, SchemaChange, plan, reread
from dashboard_store.errors import NotFound
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition, entity_tag
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.dataset_writes import (
    DatasetWrites,
    Table,
    UploadResult,
    unanalysed,
    unchanged,
)
from dashboard_store.repository.datasets import Datasets, DatasetVersion, ProjectData, stored_rows
from dashboard_store.repository.expressions import Item, Write, update
from dashboard_store.repository.items import Items
from dashboard_store.repository.uploads import Ending
from dashboard_store.repository.usage import WRITABLE


@dataclass(frozen=True, slots=True)
class Planned:
    """The newest table, what becomes of it, and the digest of that."""

    newest: DatasetVersion
    target: Reread
    digest: bytes


class SchemaWrites:
    def __init__(self, items: Items, bucket: Bucket, writes: DatasetWrites, now: Callable[[], datetime]) -> None:
        self._items = items
        self._bucket = bucket
        self._datasets = Datasets(items)
        self._writes = writes
        self._now = now

    def plan(self, address: ProjectAddress, change: SchemaChange, precondition: Precondition) -> Planned | UploadResult:
        """Return what a change makes of the newest table, or the result if it has been made already.

        Raises NoProject, NotFound without a table, DatasetConflict, or InvalidData for a change that is not possible.
        """
        data = self._datasets.current(address)
        if data.newest is None:
            raise NotFound("This project has no data whose schema could be changed.")
        if not precondition.holds(data.version):
            if self._is_repeated(address, data, change, precondition.base):
                return unchanged(data, data.newest)
            raise data.conflict(precondition.base)
        target = plan(data.newest.schema, change)
        return Planned(data.newest, target, _digest(data.newest, change)) if target else unchanged(data, data.newest)

    def reread(self, planned: Planned, progress: Progress = no_progress) -> Content:
        """Read the cells as planned.

        Raises InvalidData with the first cells that do not fit, Gone or StorageUnavailable.
        """
        stored = stored_rows(planned.newest, self._bucket)
        return reread(stored, planned.target, planned.newest.raw_bytes, progress)

    def write(
        self, address: ProjectAddress, planned: Planned, content: Content, ending: Ending | None = None
    ) -> UploadResult:
        """Write the table that was read as planned. Raises NoProject, DatasetConflict or StorageUnavailable."""
        placed: tuple[Item, list[Write]] | None = None
        schema = planned.target.schema

        def attempt() -> UploadResult:
            nonlocal placed
            data = self._datasets.current(address)
            if data.newest and data.newest.digest == planned.digest:
                return unchanged(data, data.newest)
            if data.newest is None or data.version != planned.newest.version:
                raise data.conflict(planned.newest.version)
            placed = placed or self._writes.placed(address, content.stored)
            place, takeover = placed
            moment, version = self._now(), data.version + 1
            table = Table(schema, planned.digest, content.raw_bytes, place)
            has_analysis = data.newest.analysis is not None
            writes, shown = self._writes.table_writes(address, table, data, moment, has_analysis=has_analysis)
            writes += [update(keys.analysis(address), {"version": version}, unanalysed(data)), *takeover]
            writes += [ending.write(address, version)] if ending else []
            self._writes.transact(address, *writes, update(keys.project(address), shown, WRITABLE))
            tag = entity_tag(version, data.analysis_version, data.config.version)
            return UploadResult(version, schema, keys.timestamp(moment), tag)

        return self._items.race(attempt, "uploads to this project")

    def _is_repeated(self, address: ProjectAddress, data: ProjectData, change: SchemaChange, base: int | None) -> bool:
        """Whether the newest table is what the same change made of the version that the client names."""
        if data.newest is None or base is None or base != data.version - 1:
            return False
        try:
            before = self._datasets.version(address, base)
        except NotFound:
            return False
        return data.newest.digest == _digest(before, change)


def _digest(before: DatasetVersion, change: SchemaChange) -> bytes:
    """Identify a table by the one that it was made of, and by the change."""
    return hashlib.sha256(before.digest + change.digest.encode()).digest()
