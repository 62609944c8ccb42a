"""The data of a project: the newest table, the analysis that was made of it, and the uploads before.

The analysis has an item of its own, so that writing one does not pay for the table, and always belongs to the newest
table: an upload replaces both in one transaction, and puts what it replaces aside in the same.

A small table lies in its item, a larger one in the bucket under a key that ends with its SHA-256 and that no other
upload shares. Its bytes are safe before an item names them. Each object is named by exactly one item at any time, the
upload's own until the table's takes over, and is removed when that item expires: what a failed upload left behind, a
version that is no longer kept, and the tables of a project that was deleted all go the same way.
"""

import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dashboard_store.documents.dataset.upload import Analysis, Completion, Upload
from dashboard_store.errors import FieldError, InvalidData, NotFound, StorageUnavailable, VersionConflict
from dashboard_store.preconditions import Precondition, entity_tag
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.configs import NO_PROJECT, Configs, ConfigVersion, Origin, shown
from dashboard_store.repository.items import EXISTS, IS_NEW, Condition, ConditionFailed, Item, Items, put, update
from dashboard_store.repository.keys import ProjectKey, timestamp
from dashboard_store.repository.uploads import KEPT_UNFINISHED, PendingUpload, new_upload_id
from dashboard_store.settings import Settings

ATTEMPTS: Final = 8


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """One upload, and the analysis that was made of it; `analysis` is the gzip of its JSON."""

    item: Item
    analysis: bytes | None
    analysis_version: int
    updated_at: str

    @property
    def version(self) -> int:
        version: int = self.item["version"]
        return version

    @property
    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = json.loads(self.item["schema"])
        return schema

    @property
    def raw_bytes(self) -> int:
        """The size of its rows as an answer shows them."""
        # Tables that were saved before they could be larger do not say it, and fit into any answer.
        size: int = self.item.get("rawBytes", 0)
        return size

    @property
    def summary(self) -> Item:
        return _summary(self.schema, self.version, self.updated_at, has_analysis=self.analysis is not None)

    def analysis_document(self) -> Any:  # noqa: ANN401 - any JSON value
        return None if self.analysis is None else json.loads(gzip.decompress(self.analysis))


@dataclass(frozen=True, slots=True)
class ProjectData:
    """What a project has at one moment; without a table `newest` is None and its version 0."""

    config: ConfigVersion
    newest: DatasetVersion | None

    @property
    def version(self) -> int:
        return self.newest.version if self.newest else 0

    @property
    def analysis_version(self) -> int:
        return self.newest.analysis_version if self.newest else 0

    @property
    def updated_at(self) -> str | None:
        """The moment of the newest upload or analysis."""
        return self.newest.updated_at if self.newest else None

    @property
    def modified_at(self) -> str | None:
        """The moment of the newest change to any part that an answer may show."""
        return max((moment for moment in (self.updated_at, self.config.updated_at) if moment), default=None)

    @property
    def tag(self) -> str:
        return entity_tag(self.version, self.analysis_version, self.config.version)

    @property
    def kept(self) -> Sequence[Item]:
        """The summaries of the uploads before the newest that are kept, the newest of them first."""
        return self.newest.item.get("kept", []) if self.newest else []


@dataclass(frozen=True, slots=True)
class UploadResult:
    """What an upload left behind; `config_saved` tells whether its chart customizations became the first config."""

    version: int
    schema: dict[str, Any]
    updated_at: str
    tag: str
    changed: bool = True
    config_saved: bool = False


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    version: int
    analysis_version: int
    updated_at: str


class Datasets:
    def __init__(
        self, table: Items, objects: Bucket, configs: Configs, settings: Settings, now: Callable[[], datetime]
    ) -> None:
        self._table = table
        self._objects = objects
        self._configs = configs
        self._settings = settings
        self._now = now

    def data(self, key: ProjectKey) -> ProjectData:
        """Read all of a project's data as of one moment. Raises NotFound where the project is absent."""
        config, item, analysis = self._table.get_snapshot([key.config().head, key.data, key.analysis])
        if config is None:
            raise NotFound(NO_PROJECT)
        return ProjectData(ConfigVersion.from_item(config), _newest(item, analysis))

    def version(self, key: ProjectKey, version: int) -> DatasetVersion:
        """Read one of the uploads that are kept. Raises NotFound."""
        data = self.data(key)
        if data.newest and version == data.version:
            return data.newest
        if version in (summary["version"] for summary in data.kept):
            item = self._table.get(key.data_version(version))
            if item:
                return DatasetVersion(item, item.get("analysis"), item["analysisVersion"], item["updatedAt"])
        raise NotFound(f"The project keeps no upload {version}.")

    def completed(self, key: ProjectKey, pending: PendingUpload, completion: Completion) -> UploadResult | None:
        """Answer a repeated completion with what the first one left behind; None where it is the first.

        Raises NotFound, or InvalidData where the upload became another version than the newest, or was completed with
        something else.
        """
        if pending.completed is None:
            return None
        data = self.data(key)
        if data.newest and data.version == pending.completed and pending.request == completion.digest:
            return _unchanged(data, data.newest)
        fault = FieldError(
            "", f"this upload was completed before, as version {pending.completed}; upload the file again"
        )
        raise InvalidData("An upload is completed once.", [fault])

    def upload(
        self, key: ProjectKey, upload: Upload, precondition: Precondition, pending: PendingUpload | None = None
    ) -> UploadResult:
        """Replace the table where the precondition holds of its version; the same upload again changes nothing.

        `pending` is the announced file that the table was read from. Raises NotFound, VersionConflict or
        StorageUnavailable.
        """
        upload_id = pending.upload_id if pending else new_upload_id()
        place: Item | None = None
        for attempt in range(ATTEMPTS):
            data = self.data(key)
            if data.newest and data.newest.item["digest"] == upload.digest:
                return _unchanged(data, data.newest)
            if not precondition.holds(data.version):
                raise _table_conflict(data, precondition)
            try:
                place = place or self._placed(key, upload.content.stored, upload_id)
                completes = pending is not None or "object" in place
                finish = [self._finish(key, upload_id, data.version + 1, upload)] if completes else []
                return self._replace(key, upload, data, place, finish)
            except ConditionFailed:
                self._table.back_off(attempt)
        raise StorageUnavailable("Too many uploads to the same project at once.")

    def analyse(self, key: ProjectKey, analysis: Analysis, precondition: Precondition) -> AnalysisResult:
        """Replace the analysis where the precondition holds of table and analysis; the same again changes nothing.

        Raises NotFound where there is no project or no table, VersionConflict with the analysis as it is, or
        StorageUnavailable.
        """
        for attempt in range(ATTEMPTS):
            item = self._table.get(key.analysis)
            if item is None:
                raise NotFound("There is no such project, or it has no data to analyse.")
            versions = item["version"], item["analysisVersion"]
            if item.get("digest") == analysis.digest:
                return AnalysisResult(*versions, item["updatedAt"])
            if not precondition.holds(entity_tag(*versions)):
                raise _analysis_conflict(item)
            try:
                return self._replace_analysis(key, analysis, *versions)
            except ConditionFailed:
                self._table.back_off(attempt)
        raise StorageUnavailable("Too many changes to the same analysis at once.")

    def _placed(self, key: ProjectKey, stored: bytes, upload_id: str) -> Item:
        """Put a table's bytes where they stay, and return the attribute that holds or names them."""
        if len(stored) <= self._settings.max_inline_table_bytes:
            return {"columns": stored}
        place = f"tables/{key.folder}/{upload_id}/{hashlib.sha256(stored).hexdigest()}"
        # Named before it is there, so that it is found and removed if nothing more comes of this upload.
        named = {"object": place, "expiresAt": int((self._now() + KEPT_UNFINISHED).timestamp())}
        self._table.transact(update(key.upload(upload_id), named, _NOT_COMPLETED))
        self._objects.put(place, stored, "application/x-ndjson")
        return {"object": place}

    def _finish(self, key: ProjectKey, upload_id: str, version: int, upload: Upload) -> dict[str, Any]:
        """Make the part of the transaction by which the table's item takes over what the upload's item named."""
        done = {"completed": version, "request": upload.request}
        return update(key.upload(upload_id), done, _NOT_COMPLETED, remove=["object"])

    def _replace(
        self, key: ProjectKey, upload: Upload, before: ProjectData, place: Item, finish: list[dict[str, Any]]
    ) -> UploadResult:
        moment = self._now()
        updated_at = timestamp(moment)
        version = before.version + 1
        unmoved = Condition("#version = :expected", {"expected": before.version}) if before.version else IS_NEW
        # What came in between would be put aside as it was before.
        unanalysed = (
            Condition("#analysisVersion = :seen", {"seen": before.analysis_version}) if before.version else IS_NEW
        )
        kept, put_aside = self._put_aside(key, before, moment)
        table = {
            **key.data,
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
            "listKey": key.listed(updated_at),
            "summary.updatedAt": updated_at,
            "summary.data": _summary(upload.schema, version, updated_at, has_analysis=has_analysis),
        }
        writes = [
            put(table, unmoved),
            put(_analysis_item(key, version, int(has_analysis), updated_at, upload.analysis), unanalysed),
            *put_aside,
            *finish,
        ]
        config_saved = upload.config is not None and before.config.version == 0
        if config_saved:
            head, history = self._configs.items(key.config(), upload.config, 1, Origin(), moment)
            never_saved = Condition("#version = :never", {"never": 0})
            writes += [put(head, never_saved), put(history)]
            assignments["summary.dashboardConfig"] = shown(head["summary"])
        self._table.transact(*writes, update(key.project, assignments, EXISTS))
        config_version = 1 if config_saved else before.config.version
        tag = entity_tag(version, int(has_analysis), config_version)
        return UploadResult(version, upload.schema, updated_at, tag, config_saved=config_saved)

    def _put_aside(
        self, key: ProjectKey, before: ProjectData, moment: datetime
    ) -> tuple[list[Item], list[dict[str, Any]]]:
        """Keep what an upload replaces, and let go of what is one too many."""
        newest = before.newest
        if newest is None:
            return [], []
        summaries = [newest.summary, *before.kept]
        keep = self._settings.data_versions_kept - 1
        aside = {name: value for name, value in newest.item.items() if name != "kept"} | {
            **key.data_version(newest.version),
            "analysisVersion": newest.analysis_version,
            "updatedAt": newest.updated_at,
            **({"analysis": newest.analysis} if newest.analysis else {}),
        }
        # As long as it takes for a reader who holds its address to be done with it.
        expiry = {"expiresAt": int((moment + KEPT_UNFINISHED).timestamp())}
        writes = [put(aside if keep else aside | expiry)]
        dropped = [summary["version"] for summary in summaries[keep:] if summary["version"] != newest.version]
        writes += [update(key.data_version(version), expiry, EXISTS) for version in dropped]
        return summaries[:keep], writes

    def _replace_analysis(
        self, key: ProjectKey, analysis: Analysis, version: int, analysis_version: int
    ) -> AnalysisResult:
        updated_at = timestamp(self._now())
        unmoved = Condition(
            "#version = :version AND #analysisVersion = :analysisVersion",
            {"version": version, "analysisVersion": analysis_version},
        )
        assignments = {
            "listKey": key.listed(updated_at),
            "summary.updatedAt": updated_at,
            "summary.data.hasAnalysis": True,
            "summary.data.updatedAt": updated_at,
        }
        self._table.transact(
            put(_analysis_item(key, version, analysis_version + 1, updated_at, analysis), unmoved),
            update(key.project, assignments, EXISTS),
        )
        return AnalysisResult(version, analysis_version + 1, updated_at)


_NOT_COMPLETED: Final = Condition("attribute_not_exists(#completed)")


def _newest(item: Item | None, analysis: Item | None) -> DatasetVersion | None:
    if item is None or analysis is None:
        return None
    updated_at = max(item["updatedAt"], analysis["updatedAt"])
    return DatasetVersion(item, analysis.get("answer"), analysis["analysisVersion"], updated_at)


def _unchanged(data: ProjectData, newest: DatasetVersion) -> UploadResult:
    return UploadResult(newest.version, newest.schema, newest.item["updatedAt"], data.tag, changed=False)


def _summary(schema: dict[str, Any], version: int, updated_at: str, *, has_analysis: bool) -> Item:
    return {
        "version": version,
        **{name: schema[name] for name in ("fileName", "rowCount", "columnCount")},
        "hasAnalysis": has_analysis,
        "updatedAt": updated_at,
    }


def _analysis_item(
    key: ProjectKey, version: int, analysis_version: int, updated_at: str, analysis: Analysis | None
) -> Item:
    item = {**key.analysis, "version": version, "analysisVersion": analysis_version, "updatedAt": updated_at}
    return item | {"digest": analysis.digest, "answer": analysis.stored} if analysis else item


def _table_conflict(data: ProjectData, precondition: Precondition) -> VersionConflict:
    current = {
        "currentVersion": data.version,
        "current": data.newest.schema if data.newest else None,
        "updatedAt": data.newest.item["updatedAt"] if data.newest else None,
        "baseVersion": precondition.base,
    }
    return VersionConflict(f"The data is at version {data.version}.", current)


def _analysis_conflict(item: Item) -> VersionConflict:
    answer = item.get("answer")
    current = {
        "currentVersion": item["version"],
        "currentAnalysisVersion": item["analysisVersion"],
        "current": json.loads(gzip.decompress(answer)) if answer else None,
        "updatedAt": item["updatedAt"],
    }
    versions = f"version {item['version']} with analysis {item['analysisVersion']}"
    return VersionConflict(f"The data is at {versions}.", current)
