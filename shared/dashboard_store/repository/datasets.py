"""Reading a project's table, its analysis and the uploads before. `dataset_writes` writes them.

The analysis has an item of its own, so that writing one does not pay for the table, and always belongs to the newest
table: an upload replaces both in one transaction, and keeps what it replaces in the same one.

A small table is stored in its item, a larger one in the bucket, under a key that ends with its SHA-256 and that no
other upload shares. The object is complete before an item names it. At any time exactly one item names an object: the
upload's item until the table's takes over. The object is removed when that item expires: after a failed upload, an
upload that is no longer kept, or the delete of the project. `purge_objects` follows the table's stream.
"""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard_store.documents.json_text import JsonObject
from dashboard_store.errors import NoProject, NotFound
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import entity_tag
from dashboard_store.repository import keys
from dashboard_store.repository.configs import ConfigVersion
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.items import Items


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
    def schema(self) -> JsonObject:
        schema: JsonObject = json.loads(self.item["schema"])
        return schema

    @property
    def digest(self) -> bytes:
        """The SHA-256 of what was sent."""
        digest: bytes = self.item["digest"]
        return digest

    @property
    def uploaded_at(self) -> str:
        """The moment of the upload; `updated_at` may be that of the analysis."""
        uploaded_at: str = self.item["updatedAt"]
        return uploaded_at

    @property
    def raw_bytes(self) -> int:
        """The size of its rows as JSON, as `rawData` shows them."""
        # Tables that were saved before they could be larger have no such attribute, and fit into any response.
        size: int = self.item.get("rawBytes", 0)
        return size

    @property
    def summary(self) -> Item:
        return dataset_summary(self.schema, self.version, self.updated_at, has_analysis=self.analysis is not None)

    def analysis_document(self) -> Any:  # noqa: ANN401 - any JSON value
        return analysis_in(self.analysis)


@dataclass(frozen=True, slots=True)
class ProjectData:
    """What a project has at one moment; without a table `newest` is None and the version 0."""

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
        """The moment of the newest change to any part that a response may show."""
        return max((moment for moment in (self.updated_at, self.config.updated_at) if moment), default=None)

    @property
    def tag(self) -> str:
        return entity_tag(self.version, self.analysis_version, self.config.version)

    @property
    def kept(self) -> Sequence[Item]:
        """The summaries of the uploads before the newest that are kept, the newest of them first."""
        return self.newest.item.get("kept", []) if self.newest else []


class Datasets:
    def __init__(self, items: Items) -> None:
        self._items = items

    def current(self, address: ProjectAddress) -> ProjectData:
        """Read all of a project's data as of one moment. Raises NoProject."""
        config, item, analysis = self._items.get_snapshot(
            [keys.config(address.config()), keys.dataset(address), keys.analysis(address)]
        )
        if config is None:
            raise NoProject
        return ProjectData(ConfigVersion.from_item(config), _newest(item, analysis))

    def version(self, address: ProjectAddress, version: int) -> DatasetVersion:
        """Read one of the uploads that are kept. Raises NoProject, or NotFound for another version."""
        data = self.current(address)
        if data.newest and version == data.version:
            return data.newest
        if version in (summary["version"] for summary in data.kept):
            item = self._items.get(keys.dataset_version(address, version))
            if item:
                return DatasetVersion(item, item.get("analysis"), item["analysisVersion"], item["updatedAt"])
        raise NotFound(f"The project keeps no upload {version}.")


def dataset_summary(schema: JsonObject, version: int, updated_at: str, *, has_analysis: bool) -> Item:
    """Make what lists show of a table."""
    return {
        "version": version,
        **{name: schema[name] for name in ("fileName", "rowCount", "columnCount")},
        "hasAnalysis": has_analysis,
        "updatedAt": updated_at,
    }


def analysis_in(stored: bytes | None) -> Any:  # noqa: ANN401 - any JSON value
    """Read an analysis back; None without one."""
    return json.loads(gzip.decompress(stored)) if stored else None


def _newest(item: Item | None, analysis: Item | None) -> DatasetVersion | None:
    if item is None or analysis is None:
        return None
    updated_at = max(item["updatedAt"], analysis["updatedAt"])
    return DatasetVersion(item, analysis.get("answer"), analysis["analysisVersion"], updated_at)
