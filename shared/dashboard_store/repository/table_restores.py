"""Making an earlier upload of a project the newest again: its cells, its schema and its analysis, as they were."""

from collections.abc import Callable
from datetime import datetime

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition, entity_tag
from dashboard_store.repository import keys
from dashboard_store.repository.dataset_writes import (
    DatasetWrites,
    Table,
    UploadResult,
    analysis_item,
    unanalysed,
    unchanged,
)
from dashboard_store.repository.datasets import Datasets, DatasetVersion, ProjectData
from dashboard_store.repository.expressions import Item, Write, put, update
from dashboard_store.repository.items import Items
from dashboard_store.repository.table_copies import TableCopies
from dashboard_store.repository.usage import WRITABLE


class TableRestores:
    def __init__(self, items: Items, writes: DatasetWrites, copies: TableCopies, now: Callable[[], datetime]) -> None:
        self._items = items
        self._datasets = Datasets(items)
        self._writes = writes
        self._copies = copies
        self._now = now

    def restore(self, address: ProjectAddress, version: int, precondition: Precondition) -> UploadResult:
        """Save an upload as a new version if the newest one meets the precondition.

        One that is equal to the newest changes nothing, unless the object of that one is gone.
        Raises NoProject, NotFound for a version that is not kept, Gone if its rows were lost, DatasetConflict,
        QuotaExceeded or StorageUnavailable.
        """
        copied: tuple[Item, list[Write]] | None = None

        def attempt() -> UploadResult:
            nonlocal copied
            data = self._datasets.current(address)
            earlier = self._datasets.version(address, version)
            if data.newest and data.newest.digest == earlier.digest and self._writes.is_stored(data.newest):
                return unchanged(data, data.newest)
            if not precondition.holds(data.version):
                raise data.conflict(precondition.base)
            copied = copied or self._copies.copy(earlier.item, address)
            return self._replace(address, earlier, data, *copied)

        return self._items.race(attempt, "uploads to this project")

    def _replace(
        self, address: ProjectAddress, earlier: DatasetVersion, before: ProjectData, place: Item, takeover: list[Write]
    ) -> UploadResult:
        moment = self._now()
        version, updated_at = before.version + 1, keys.timestamp(moment)
        has_analysis = earlier.analysis is not None
        table = Table(earlier.schema, earlier.digest, earlier.raw_bytes, place)
        writes, shown = self._writes.table_writes(address, table, before, moment, has_analysis=has_analysis)
        analysis = analysis_item(address, version, int(has_analysis), updated_at, None)
        analysis |= {"answer": earlier.analysis} if has_analysis else {}
        writes += [put(analysis, unanalysed(before)), *takeover]
        self._writes.transact(address, *writes, update(keys.project(address), shown, WRITABLE))
        tag = entity_tag(version, int(has_analysis), before.config.version)
        return UploadResult(version, earlier.schema, updated_at, tag)
