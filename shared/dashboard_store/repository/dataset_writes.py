"""Writing a project's table and its analysis; `datasets` describes how they are stored."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.dataset.storage_format import MEDIA_TYPE
from dashboard_store.documents.dataset.upload import Analysis, Completion, Upload
from dashboard_store.documents.json_text import JsonObject
from dashboard_store.errors import AnalysisConflict, DatasetConflict, FieldError, InvalidData, NotFound
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition, entity_tag
from dashboard_store.repository import keys, retention
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.config_items import ConfigChange, shown_in_project, version_items
from dashboard_store.repository.datasets import Datasets, DatasetVersion, ProjectData, analysis_in, dataset_summary
from dashboard_store.repository.expressions import EXISTS, IS_NEW, Condition, Item, Write, put, update
from dashboard_store.repository.items import Items
from dashboard_store.repository.uploads import PendingUpload, new_upload_id
from dashboard_store.settings import Settings

_NOT_COMPLETED: Final = Condition("attribute_not_exists(#completed)")


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


class DatasetWrites:
    def __init__(
        self, items: Items, bucket: Bucket, datasets: Datasets, settings: Settings, now: Callable[[], datetime]
    ) -> None:
        self._items = items
        self._bucket = bucket
        self._datasets = datasets
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
            return _unchanged(data, data.newest)
        message = f"This upload was already completed, as version {pending.completed}. Upload the file again."
        raise InvalidData("An upload can be completed only once.", [FieldError("", message)])

    def upload(
        self,
        address: ProjectAddress,
        upload: Upload,
        precondition: Precondition,
        pending: PendingUpload | None = None,
    ) -> UploadResult:
        """Replace the table if its version meets the precondition; repeating the newest upload changes nothing.

        `pending` is the announced file that the table was read from. Raises NoProject, DatasetConflict or
        StorageUnavailable.
        """
        upload_id = pending.upload_id if pending else new_upload_id()
        place: Item | None = None

        def attempt() -> UploadResult:
            nonlocal place
            data = self._datasets.current(address)
            if data.newest and data.newest.digest == upload.digest:
                return _unchanged(data, data.newest)
            if not precondition.holds(data.version):
                raise _dataset_conflict(data, precondition)
            place = place or self._placed(address, upload.content.stored, upload_id)
            completes = pending is not None or "object" in place
            finish = [_finish(address, upload_id, data.version + 1, upload)] if completes else []
            return self._replace(address, upload, data, place, finish)

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

    def _placed(self, address: ProjectAddress, stored: bytes, upload_id: str) -> Item:
        """Store a table's bytes, if they are too large for the item; return the attribute that holds or names them."""
        if len(stored) <= self._settings.max_inline_table_bytes:
            return {"columns": stored}
        place = f"tables/{keys.folder(address)}/{upload_id}/{hashlib.sha256(stored).hexdigest()}"
        # An item names the object before it is written, so that the object is removed if the upload fails.
        named = {"object": place, "expiresAt": retention.expires_at(self._now() + retention.UNFINISHED)}
        self._items.transact(update(keys.upload(address, upload_id), named, _NOT_COMPLETED))
        self._bucket.put(place, stored, MEDIA_TYPE)
        return {"object": place}

    def _replace(
        self, address: ProjectAddress, upload: Upload, before: ProjectData, place: Item, finish: list[Write]
    ) -> UploadResult:
        moment = self._now()
        updated_at = keys.timestamp(moment)
        version = before.version + 1
        unmoved = Condition("#version = :expected", {"expected": before.version}) if before.version else IS_NEW
        # Otherwise the kept copy would miss an analysis that was written since the read.
        seen = {"seen": before.analysis_version}
        unanalysed = Condition("#analysisVersion = :seen", seen) if before.version else IS_NEW
        kept, keep_before = self._keep_before(address, before, moment)
        table = {
            **keys.dataset(address),
            "version": version,
            "digest": upload.digest,
            "schema": json.dumps(upload.schema),
            "rawBytes": upload.content.raw_bytes,
            **place,
            "updatedAt": updated_at,
            "kept": kept,
        }
        has_analysis = upload.analysis is not None
        assignments: dict[str, Any] = {
            "listKey": keys.listed(address, updated_at),
            "summary.updatedAt": updated_at,
            "summary.data": dataset_summary(upload.schema, version, updated_at, has_analysis=has_analysis),
        }
        analysis = _analysis_item(address, version, int(has_analysis), updated_at, upload.analysis)
        writes = [put(table, unmoved), put(analysis, unanalysed), *keep_before, *finish]
        config_saved = upload.config is not None and before.config.version == 0
        if config_saved:
            config_writes, assignments["summary.dashboardConfig"] = self._first_config(address, upload.config, moment)
            writes += config_writes
        self._items.transact(*writes, update(keys.project(address), assignments, EXISTS))
        config_version = 1 if config_saved else before.config.version
        tag = entity_tag(version, int(has_analysis), config_version)
        return UploadResult(version, upload.schema, updated_at, tag, config_saved=config_saved)

    def _first_config(
        self, address: ProjectAddress, config: Config | None, moment: datetime
    ) -> tuple[list[Write], Item | None]:
        """Return the writes of a config's version 1, and what the project shows of it."""
        newest, in_history = version_items(address.config(), ConfigChange(config, Origin()), 1, moment, self._lifetimes)
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
        item = {name: value for name, value in newest.item.items() if name != "kept"} | {
            **keys.dataset_version(address, newest.version),
            "analysisVersion": newest.analysis_version,
            "updatedAt": newest.updated_at,
            **({"analysis": newest.analysis} if newest.analysis else {}),
        }
        # Long enough for a reader that holds the URL of its object to finish the download.
        expiry = {"expiresAt": retention.expires_at(moment + retention.UNFINISHED)}
        writes = [put(item if keep else item | expiry)]
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
        self._items.transact(
            put(_analysis_item(address, version, analysis_version + 1, updated_at, analysis), unmoved),
            update(keys.project(address), assignments, EXISTS),
        )
        return AnalysisResult(version, analysis_version + 1, updated_at)


def _finish(address: ProjectAddress, upload_id: str, version: int, upload: Upload) -> Write:
    """Complete an upload: the table's item takes over the object that the upload's item named."""
    done = {"completed": version, "request": upload.request}
    return update(keys.upload(address, upload_id), done, _NOT_COMPLETED, remove=["object"])


def _unchanged(data: ProjectData, newest: DatasetVersion) -> UploadResult:
    return UploadResult(newest.version, newest.schema, newest.uploaded_at, data.tag, changed=False)


def _analysis_item(
    address: ProjectAddress, version: int, analysis_version: int, updated_at: str, analysis: Analysis | None
) -> Item:
    item = {**keys.analysis(address), "version": version, "analysisVersion": analysis_version, "updatedAt": updated_at}
    return item | {"digest": analysis.digest, "answer": analysis.stored} if analysis else item


def _dataset_conflict(data: ProjectData, precondition: Precondition) -> DatasetConflict:
    newest = data.newest
    return DatasetConflict(
        version=data.version,
        document=newest.schema if newest else None,
        base=precondition.base,
        updated_at=newest.uploaded_at if newest else None,
    )


def _analysis_conflict(item: Item) -> AnalysisConflict:
    return AnalysisConflict(
        version=item["version"],
        analysis_version=item["analysisVersion"],
        document=analysis_in(item.get("answer")),
        updated_at=item["updatedAt"],
    )
