"""The data of a project: the newest table, and the analysis that was made of it.

The analysis has an item of its own, so that writing one does not pay for the table, and always belongs to the newest
table: an upload replaces both in one transaction.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dashboard_store.errors import NotFound, StorageUnavailable, VersionConflict
from dashboard_store.preconditions import Precondition, entity_tag
from dashboard_store.repository.configs import NO_PROJECT, Configs, Head, Origin, shown
from dashboard_store.repository.keys import ProjectKey, timestamp
from dashboard_store.repository.table import EXISTS, IS_NEW, Condition, ConditionFailed, Item, Table, put, update
from dashboard_store.table_data import Analysis, Upload

ATTEMPTS: Final = 4


@dataclass(frozen=True, slots=True)
class Data:
    """What a project has at one moment; without a table `item` is None and its version 0."""

    config: Head
    item: Item | None
    analysis: Item | None

    @property
    def version(self) -> int:
        return self.item["version"] if self.item else 0

    @property
    def analysis_version(self) -> int:
        return self.analysis["analysisVersion"] if self.analysis else 0

    @property
    def schema(self) -> dict[str, Any] | None:
        return json.loads(self.item["schema"]) if self.item else None

    @property
    def updated_at(self) -> str | None:
        """The moment of the newest upload or analysis."""
        return max((item["updatedAt"] for item in (self.item, self.analysis) if item), default=None)

    @property
    def modified_at(self) -> str | None:
        """The moment of the newest change to any part that an answer may show."""
        return max((moment for moment in (self.updated_at, self.config.updated_at) if moment), default=None)

    @property
    def tag(self) -> str:
        return entity_tag(self.version, self.analysis_version, self.config.version)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What an upload left behind; `config_saved` tells whether its chart customizations became the first config."""

    version: int
    schema: dict[str, Any]
    updated_at: str
    tag: str
    changed: bool = True
    config_saved: bool = False


@dataclass(frozen=True, slots=True)
class Analysed:
    version: int
    analysis_version: int
    updated_at: str


class Tables:
    def __init__(self, table: Table, configs: Configs, now: Callable[[], datetime]) -> None:
        self._table = table
        self._configs = configs
        self._now = now

    def data(self, key: ProjectKey) -> Data:
        """Read all of a project's data as of one moment. Raises NotFound where the project is absent."""
        config, item, analysis = self._table.get_snapshot([key.config().head, key.data, key.analysis])
        if config is None:
            raise NotFound(NO_PROJECT)
        return Data(Head.from_item(config), item, analysis)

    def upload(self, key: ProjectKey, upload: Upload, precondition: Precondition) -> Uploaded:
        """Replace the table where the precondition holds of its version; the same upload again changes nothing.

        Raises NotFound, VersionConflict or StorageUnavailable.
        """
        for _ in range(ATTEMPTS):
            data = self.data(key)
            if data.item and data.item["digest"] == upload.digest:
                schema = data.schema or {}
                return Uploaded(data.version, schema, data.item["updatedAt"], data.tag, changed=False)
            if not precondition.holds(data.version):
                raise _table_conflict(data, precondition)
            try:
                return self._replace(key, upload, data)
            except ConditionFailed:
                continue
        raise StorageUnavailable("Too many uploads to the same project at once.")

    def analyse(self, key: ProjectKey, analysis: Analysis, precondition: Precondition) -> Analysed:
        """Replace the analysis where the precondition holds of table and analysis; the same again changes nothing.

        Raises NotFound where there is no project or no table, VersionConflict with the analysis as it is, or
        StorageUnavailable.
        """
        for _ in range(ATTEMPTS):
            item = self._table.get(key.analysis)
            if item is None:
                raise NotFound("There is no such project, or it has no data to analyse.")
            versions = item["version"], item["analysisVersion"]
            if item.get("digest") == analysis.digest:
                return Analysed(*versions, item["updatedAt"])
            if not precondition.holds(entity_tag(*versions)):
                raise _analysis_conflict(item)
            try:
                return self._replace_analysis(key, analysis, *versions)
            except ConditionFailed:
                continue
        raise StorageUnavailable("Too many changes to the same analysis at once.")

    def _replace(self, key: ProjectKey, upload: Upload, before: Data) -> Uploaded:
        moment = self._now()
        updated_at = timestamp(moment)
        version = before.version + 1
        unmoved = Condition("#version = :expected", {"expected": before.version}) if before.version else IS_NEW
        table = {
            **key.data,
            "version": version,
            "digest": upload.digest,
            "schema": json.dumps(upload.schema),
            "columns": upload.stored,
            "updatedAt": updated_at,
        }
        assignments: dict[str, Any] = {
            "listKey": key.listed(updated_at),
            "summary.updatedAt": updated_at,
            "summary.data": _summary(upload, version, updated_at),
        }
        writes = [
            put(table, unmoved),
            put(_analysis_item(key, version, 1 if upload.analysis else 0, updated_at, upload.analysis)),
        ]
        config_saved = upload.config is not None and before.config.version == 0
        if config_saved:
            head, history = self._configs.items(key.config(), upload.config, 1, Origin(), moment)
            never_saved = Condition("#version = :never", {"never": 0})
            writes += [put(head, never_saved), put(history)]
            assignments["summary.dashboardConfig"] = shown(head["summary"])
        self._table.transact(*writes, update(key.project, assignments, EXISTS))
        config_version = 1 if config_saved else before.config.version
        tag = entity_tag(version, 1 if upload.analysis else 0, config_version)
        return Uploaded(version, upload.schema, updated_at, tag, config_saved=config_saved)

    def _replace_analysis(self, key: ProjectKey, analysis: Analysis, version: int, analysis_version: int) -> Analysed:
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
        return Analysed(version, analysis_version + 1, updated_at)


def _summary(upload: Upload, version: int, updated_at: str) -> Item:
    return {
        "version": version,
        **{name: upload.schema[name] for name in ("fileName", "rowCount", "columnCount")},
        "hasAnalysis": upload.analysis is not None,
        "updatedAt": updated_at,
    }


def _analysis_item(
    key: ProjectKey, version: int, analysis_version: int, updated_at: str, analysis: Analysis | None
) -> Item:
    item = {**key.analysis, "version": version, "analysisVersion": analysis_version, "updatedAt": updated_at}
    return item | {"digest": analysis.digest, "answer": analysis.stored} if analysis else item


def _table_conflict(data: Data, precondition: Precondition) -> VersionConflict:
    current = {
        "currentVersion": data.version,
        "current": data.schema,
        "updatedAt": data.item["updatedAt"] if data.item else None,
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
