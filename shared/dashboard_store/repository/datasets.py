"""Reading a project's table, its analysis and earlier uploads. `dataset_writes` writes them.

The analysis is a separate item, so that writing it does not consume write units for the table. It always belongs to the
newest table: an upload replaces both, and keeps what it replaces, in one transaction.

A small table is stored in its item, a larger one in the bucket, under a key that ends with its SHA-256 and is unique to
the attempt to store it. At any time exactly one item names an object, and states its size: first an item of the
attempt, then the table's. The object is complete before a table's item names it. `object_lifetimes` determines when it
is removed.
"""

import gzip
import io
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from dashboard_store.documents.json_text import JsonObject, compact
from dashboard_store.errors import DatasetConflict, Gone, NoProject, NotFound
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import entity_tag
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.configs import ConfigVersion
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.items import Items


class DatasetVersion(NamedTuple):
    """One upload and its analysis; `analysis` is gzip-compressed JSON."""

    item: Item
    analysis: bytes | None
    analysis_version: int
    updated_at: str

    @classmethod
    def unsaved(cls, schema: JsonObject, digest: bytes, stored: bytes) -> Self:
        """Make what a download needs to know of a table before it is saved."""
        return cls({"schema": compact(schema), "digest": digest, "columns": stored}, None, 0, "")

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
        """The SHA-256 of the upload as sent."""
        digest: bytes = self.item["digest"]
        return digest

    @property
    def uploaded_at(self) -> str:
        """The time of the upload; `updated_at` may be that of the analysis."""
        uploaded_at: str = self.item["updatedAt"]
        return uploaded_at

    @property
    def raw_bytes(self) -> int:
        """The size in bytes of the rows as JSON, as in `rawData`."""
        # Tables saved before larger ones were allowed lack the attribute; they fit into any response.
        size: int = self.item.get("rawBytes", 0)
        return size

    @property
    def summary(self) -> Item:
        return dataset_summary(self.schema, self.version, self.updated_at, has_analysis=self.analysis is not None)

    def kept_item(self, address: ProjectAddress) -> Item:
        """Build the item that keeps this table, with its analysis, once it is not the newest."""
        return {name: value for name, value in self.item.items() if name != "kept"} | {
            # Schemas that were stored with escapes could be too long to be kept.
            "schema": compact(self.schema),
            **keys.dataset_version(address, self.version),
            "analysisVersion": self.analysis_version,
            "updatedAt": self.updated_at,
            **({"analysis": self.analysis} if self.analysis else {}),
        }

    def analysis_document(self) -> Any:  # noqa: ANN401 - any JSON value
        return analysis_in(self.analysis)


class ProjectData(NamedTuple):
    """A snapshot of a project's config and data; without a table, `newest` is None and the version 0."""

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
        """The time of the newest upload or analysis."""
        return self.newest.updated_at if self.newest else None

    @property
    def modified_at(self) -> str | None:
        """The time of the newest change to any part that a response may show."""
        return max((moment for moment in (self.updated_at, self.config.updated_at) if moment), default=None)

    @property
    def tag(self) -> str:
        return entity_tag(self.version, self.analysis_version, self.config.version)

    @property
    def kept(self) -> Sequence[Item]:
        """The summaries of the earlier uploads that are kept, newest first."""
        return self.newest.item.get("kept", []) if self.newest else []

    def conflict(self, base: int | None) -> DatasetConflict:
        """Make the error of a write that was meant for another version."""
        newest = self.newest
        return DatasetConflict(
            version=self.version,
            document=newest.schema if newest else None,
            base=base,
            updated_at=newest.uploaded_at if newest else None,
        )


class Datasets:
    def __init__(self, items: Items) -> None:
        self._items = items

    def current(self, address: ProjectAddress) -> ProjectData:
        """Read all of a project's data in one snapshot. Raises NoProject."""
        config, item, analysis = self._items.get_snapshot(
            [keys.config(address.config()), keys.dataset(address), keys.analysis(address)]
        )
        if config is None:
            raise NoProject
        return ProjectData(ConfigVersion.from_item(config), newest_of(item, analysis))

    def stored(self, address: ProjectAddress, version: int, sk: str | None) -> DatasetVersion:
        """Read an upload like `version`, from the item with a sort key if one is given."""
        if sk is None:
            return self.version(address, version)
        item = self._items.get({**keys.dataset(address), "sk": sk})
        if item is None or item["version"] != version:
            raise NotFound(f"Version {version} of the data is no longer kept.")
        return DatasetVersion(item, None, 0, item["updatedAt"])

    def version(self, address: ProjectAddress, version: int) -> DatasetVersion:
        """Read an upload that is kept. Raises NoProject, or NotFound for any other version."""
        data = self.current(address)
        if data.newest and version == data.version:
            return data.newest
        if version in (summary["version"] for summary in data.kept):
            item = self._items.get(keys.dataset_version(address, version))
            if item:
                return DatasetVersion(item, item.get("analysis"), item["analysisVersion"], item["updatedAt"])
        raise NotFound(f"Version {version} of the data does not exist or is no longer kept.")


def stored_rows(dataset: DatasetVersion, bucket: Bucket) -> io.BytesIO:
    """Return a table as it is stored. Raises Gone or StorageUnavailable."""
    item = dataset.item
    stored = item["columns"] if "columns" in item else bucket.get(item["object"])
    if stored is None:
        raise _gone()
    return io.BytesIO(stored)


def require_rows(dataset: DatasetVersion, bucket: Bucket) -> None:
    """Raise Gone for a table whose rows were lost, without reading them; or StorageUnavailable."""
    if "columns" not in dataset.item and bucket.describe(dataset.item["object"]) is None:
        raise _gone()


def _gone() -> Gone:
    return Gone(
        "The rows of this table no longer exist. Its schema and analysis do: request them with `include`. "
        "To have the rows again, upload the file again."
    )


def dataset_summary(schema: JsonObject, version: int, updated_at: str, *, has_analysis: bool) -> Item:
    """Build what lists show of a table."""
    return {
        "version": version,
        **{name: schema[name] for name in ("fileName", "rowCount", "columnCount")},
        "hasAnalysis": has_analysis,
        "updatedAt": updated_at,
    }


def analysis_in(stored: bytes | None) -> Any:  # noqa: ANN401 - any JSON value
    """Decode an analysis; None without one."""
    return json.loads(gzip.decompress(stored)) if stored else None


def newest_of(item: Item | None, analysis: Item | None) -> DatasetVersion | None:
    """Make the newest table of its two items."""
    if item is None or analysis is None:
        return None
    updated_at = max(item["updatedAt"], analysis["updatedAt"])
    return DatasetVersion(item, analysis.get("answer"), analysis["analysisVersion"], updated_at)
