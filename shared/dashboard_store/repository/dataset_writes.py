"""Writing a project's table and its analysis; `datasets` describes how they are stored."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.dataset.data_schema import LONGEST_SCHEMA
from dashboard_store.documents.dataset.storage_format import MEDIA_TYPE
from dashboard_store.documents.dataset.upload import Analysis, Completion, Upload
from dashboard_store.documents.json_text import JsonObject, compact
from dashboard_store.errors import AnalysisConflict, NotFound
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition, entity_tag
from dashboard_store.repository import keys, retention
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.config_items import ConfigChange, shown_in_project, version_items
from dashboard_store.repository.datasets import Datasets, DatasetVersion, ProjectData, analysis_in, dataset_summary
from dashboard_store.repository.expressions import EXISTS, IS_NEW, Condition, Item, Write, check, put, update
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.member_ids import member_id
from dashboard_store.repository.stored_bytes import as_counted
from dashboard_store.repository.uploads import Ending, PendingUpload, already_completed, new_upload_id
from dashboard_store.repository.usage import WRITABLE, Usage
from dashboard_store.settings import Settings

# A kept version's item holds its schema, its analysis and a small table. DynamoDB stores 400 KB; 14 KB of them are for
# the rest of the item, and for what escapes add to an analysis that hardly compresses.
_ITEM_ROOM: Final = 409_600 - 14_000
_NAMES_OBJECT: Final = Condition("attribute_exists(#object)")


@dataclass(frozen=True, slots=True)
class UploadResult:
    """The newest table after an upload; `config_saved` is True if its chart customizations became the first config."""

    version: int
    schema: JsonObject
    updated_at: str
    tag: str
    changed: bool = True
    config_saved: bool = False


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """The versions of the newest table and of its analysis after a write."""

    version: int
    analysis_version: int
    updated_at: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be written; `place` is the attributes that hold or name its rows, and any others of its item."""

    schema: JsonObject
    digest: bytes
    raw_bytes: int
    place: Item

    def item(self, address: ProjectAddress, version: int, updated_at: str, kept: Sequence[Item]) -> Item:
        """Build the item of the newest table; `kept` are the summaries of the earlier ones, newest first."""
        return {
            **keys.dataset(address),
            "version": version,
            "digest": self.digest,
            "schema": compact(self.schema),
            "rawBytes": self.raw_bytes,
            **self.place,
            "updatedAt": updated_at,
            "kept": kept,
        }


class DatasetWrites:
    def __init__(
        self, items: Items, bucket: Bucket, usage: Usage, settings: Settings, now: Callable[[], datetime]
    ) -> None:
        self._items = items
        self._bucket = bucket
        self._usage = usage
        self._datasets = Datasets(items)
        self._settings = settings
        self._lifetimes = retention.Lifetimes(settings)
        self._now = now

    def completed(self, address: ProjectAddress, pending: PendingUpload, completion: Completion) -> UploadResult | None:
        """Return the first completion's result if this one repeats it; None if the upload is not completed yet.

        Raises NoProject, or InvalidData if the upload is no longer the newest version or was completed with another
        body.
        """
        if pending.completed is None:
            return None
        data = self._datasets.current(address)
        if data.newest and data.version == pending.completed and pending.request == completion.digest:
            return unchanged(data, data.newest)
        raise already_completed(pending.completed)

    def upload(
        self, address: ProjectAddress, upload: Upload, precondition: Precondition, ending: Ending | None = None
    ) -> UploadResult:
        """Replace the table if its version meets the precondition.

        Repeating the newest upload changes nothing, unless its object is gone: then it brings the rows back.
        `ending` is how the upload ends that the table was read from. Raises NoProject, DatasetConflict,
        StorageUnavailable, or InvalidData if a concurrent request completed the same file as another table.
        """
        placed: tuple[Item, list[Write]] | None = None
        completed: int | None = None

        def attempt() -> UploadResult:
            nonlocal placed, completed
            data = self._datasets.current(address)
            if data.newest and data.newest.digest == upload.digest and self.is_stored(data.newest):
                return unchanged(data, data.newest)
            if completed is not None:
                raise already_completed(completed)
            if not precondition.holds(data.version):
                raise data.conflict(precondition.base)
            placed = placed or self.placed(address, upload.content.stored)
            place, takeover = placed
            finish = [ending.write(address, data.version + 1)] if ending else []
            try:
                return self._replace(address, upload, data, place, [*takeover, *finish])
            except ConditionFailed as exc:
                completed = next((item["completed"] for item in exc.found if item and "completed" in item), None)
                raise

        return self._items.race(attempt, "uploads to this project")

    def analyse(self, address: ProjectAddress, analysis: Analysis, precondition: Precondition) -> AnalysisResult:
        """Replace the analysis if table and analysis meet the precondition; writing the same one changes nothing.

        Raises NotFound without a project or table, AnalysisConflict with the current analysis, or StorageUnavailable.
        """

        def attempt() -> AnalysisResult:
            item = self._items.get(keys.analysis(address))
            if item is None:
                raise NotFound("This project does not exist, or it has no data to analyse.")
            versions = item["version"], item["analysisVersion"]
            if item.get("digest") == analysis.digest:
                return AnalysisResult(*versions, item["updatedAt"])
            if not precondition.holds(entity_tag(*versions)):
                raise _analysis_conflict(item)
            return self._replace_analysis(address, analysis, *versions)

        return self._items.race(attempt, "changes to this analysis")

    def transact(self, address: ProjectAddress, *writes: Write) -> None:
        """Do writes that store something, the last one to the project. Raises QuotaExceeded or ConditionFailed."""
        try:
            self._items.transact(*writes)
        except ConditionFailed as exc:
            # If the project exists, its owner may store no more. Whatever else was in the way is read again.
            if exc.found[-1] and not any(exc.found[:-1]):
                raise self._usage.refusal(address) from exc
            raise

    def is_stored(self, dataset: DatasetVersion) -> bool:
        """Whether the rows of an upload are still there."""
        return "columns" in dataset.item or self._bucket.describe(dataset.item["object"]) is not None

    def placed(self, address: ProjectAddress, stored: bytes) -> tuple[Item, list[Write]]:
        """Store the bytes of a table of a project, as `placed_for` does. Raises QuotaExceeded or ConditionFailed."""
        return self.placed_for(address, stored, check(keys.project(address), WRITABLE))

    def placed_for(self, address: ProjectAddress, stored: bytes, *required: Write) -> tuple[Item, list[Write]]:
        """Store a table's bytes, if they are too large for the item and what is `required` holds.

        Return the attributes that hold or name them, and the writes with which a table's item takes the object over.
        """
        room = _ITEM_ROOM - LONGEST_SCHEMA - self._settings.max_analysis_bytes
        if len(stored) <= min(self._settings.max_inline_table_bytes, room):
            return {"columns": stored}, []
        # Two attempts must not share this item, even if both complete the same file: it names one object.
        upload_id = new_upload_id()
        key = keys.upload(address, upload_id)
        object_key = f"tables/{keys.folder(address)}/{upload_id}/{hashlib.sha256(stored).hexdigest()}"
        place = {"object": object_key, "objectBytes": len(stored)}
        # An item names the object before it is written, so that the object is removed if the upload fails.
        expiry = {"expiresAt": retention.expires_at(self._now() + retention.UNFINISHED)}
        self.transact(address, put({**key, **place, **expiry}), *required)
        self._bucket.put(object_key, stored, MEDIA_TYPE)
        return place, [update(key, {}, _NAMES_OBJECT, remove=list(place))]

    def _replace(
        self, address: ProjectAddress, upload: Upload, before: ProjectData, place: Item, finish: list[Write]
    ) -> UploadResult:
        moment = self._now()
        has_analysis = upload.analysis is not None
        new = Table(upload.schema, upload.digest, upload.content.raw_bytes, place)
        writes, assignments = self.table_writes(address, new, before, moment, has_analysis=has_analysis)
        version, updated_at = before.version + 1, keys.timestamp(moment)
        # Otherwise the kept copy would miss an analysis that was written since the read.
        analysis = analysis_item(address, version, int(has_analysis), updated_at, upload.analysis)
        writes += [put(analysis, unanalysed(before)), *finish]
        config_saved = upload.config is not None and before.config.version == 0
        if config_saved:
            config_writes, assignments["summary.dashboardConfig"] = self._first_config(address, upload.config, moment)
            writes += config_writes
        self.transact(address, *writes, update(keys.project(address), assignments, WRITABLE))
        config_version = 1 if config_saved else before.config.version
        tag = entity_tag(version, int(has_analysis), config_version)
        return UploadResult(version, upload.schema, updated_at, tag, config_saved=config_saved)

    def table_writes(
        self, address: ProjectAddress, new: Table, before: ProjectData, moment: datetime, *, has_analysis: bool
    ) -> tuple[list[Write], dict[str, Any]]:
        """Return the writes that make a table the newest one and keep the one before, and what the project shows."""
        version, updated_at = before.version + 1, keys.timestamp(moment)
        unmoved = Condition("#version = :expected", {"expected": before.version}) if before.version else IS_NEW
        kept, keep_before = self._keep_before(address, before, moment)
        assignments = {
            "listKey": keys.listed(address, updated_at),
            "summary.updatedAt": updated_at,
            "summary.data": dataset_summary(new.schema, version, updated_at, has_analysis=has_analysis),
        }
        return [put(new.item(address, version, updated_at, kept), unmoved), *keep_before], assignments

    def _first_config(
        self, address: ProjectAddress, config: Config | None, moment: datetime
    ) -> tuple[list[Write], Item | None]:
        """Return the writes of a config's version 1, and what the project shows of it."""
        change = ConfigChange(config, Origin(by=member_id(self._settings.log_key, address, address.user)))
        newest, in_history = version_items(address.config(), change, 1, moment, self._lifetimes)
        never_saved = Condition("#version = :never", {"never": 0})
        return [put(newest, never_saved), put(in_history)], shown_in_project(newest["summary"])

    def _keep_before(
        self, address: ProjectAddress, before: ProjectData, moment: datetime
    ) -> tuple[list[Item], list[Write]]:
        """Keep the table that an upload replaces, expire the oldest; return the kept summaries and the writes."""
        newest = before.newest
        if newest is None:
            return [], []
        summaries = [newest.summary, *before.kept]
        keep = self._settings.data_versions_kept - 1
        item = newest.kept_item(address)
        # Long enough for a reader that holds the URL of its object to finish the download.
        expiry = {"expiresAt": retention.expires_at(moment + retention.UNFINISHED)}
        writes = [put(as_counted(item if keep else item | expiry, address))]
        dropped = [summary["version"] for summary in summaries[keep:] if summary["version"] != newest.version]
        writes += [update(keys.dataset_version(address, version), expiry, EXISTS) for version in dropped]
        return summaries[:keep], writes

    def _replace_analysis(
        self, address: ProjectAddress, analysis: Analysis, version: int, analysis_version: int
    ) -> AnalysisResult:
        updated_at = keys.timestamp(self._now())
        unmoved = Condition(
            "#version = :version AND #analysisVersion = :analysisVersion",
            {"version": version, "analysisVersion": analysis_version},
        )
        assignments = {
            "listKey": keys.listed(address, updated_at),
            "summary.updatedAt": updated_at,
            "summary.data.hasAnalysis": True,
            "summary.data.updatedAt": updated_at,
        }
        self.transact(
            address,
            put(analysis_item(address, version, analysis_version + 1, updated_at, analysis), unmoved),
            update(keys.project(address), assignments, WRITABLE),
        )
        return AnalysisResult(version, analysis_version + 1, updated_at)


def unanalysed(before: ProjectData) -> Condition:
    """Require that the analysis is as it was read."""
    return Condition("#analysisVersion = :seen", {"seen": before.analysis_version}) if before.version else IS_NEW


def unchanged(data: ProjectData, newest: DatasetVersion) -> UploadResult:
    """Return the result of a write that changes nothing."""
    return UploadResult(newest.version, newest.schema, newest.uploaded_at, data.tag, changed=False)


def analysis_item(
    address: ProjectAddress, version: int, analysis_version: int, updated_at: str, analysis: Analysis | None
) -> Item:
    """Build the item of a table's analysis, which it has also without one."""
    item = {**keys.analysis(address), "version": version, "analysisVersion": analysis_version, "updatedAt": updated_at}
    return item | {"digest": analysis.digest, "answer": analysis.stored} if analysis else item


def _analysis_conflict(item: Item) -> AnalysisConflict:
    return AnalysisConflict(
        version=item["version"],
        analysis_version=item["analysisVersion"],
        document=analysis_in(item.get("answer")),
        updated_at=item["updatedAt"],
    )
