"""The items of a config: its newest version, and each version in history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dashboard_store.documents.config import Config, Origin, config_in, stored_body
from dashboard_store.documents.json_text import JsonObject
from dashboard_store.identifiers import ConfigAddress
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.retention import Retention, expires_at

NO_CONFIG: Final = b"deleted"
"""The digest of a config that was deleted, and of one that was never saved."""


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """One version of a config.

    `body` is the gzip of the JSON that readers get, None at version 0; `summary` is what history shows of the version.
    """

    version: int
    digest: bytes
    body: bytes | None
    summary: Mapping[str, Any]

    @classmethod
    def from_item(cls, item: Item) -> "ConfigVersion":
        return cls(item["version"], item["digest"], item.get("answer"), item["summary"])

    @property
    def updated_at(self) -> str | None:
        return self.summary.get("updatedAt")

    @property
    def source(self) -> str | None:
        return self.summary.get("source")

    def config(self) -> JsonObject | None:
        """Read the config back; None where nothing is saved or it was deleted."""
        return None if self.body is None else config_in(self.body)


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """What a save writes: a config, or None to delete it, and where it came from."""

    config: Config | None
    origin: Origin

    @property
    def digest(self) -> bytes:
        return digest_of(self.config)


NEVER_SAVED: Final = ConfigVersion(version=0, digest=NO_CONFIG, body=None, summary={})


def never_saved_item(address: ConfigAddress) -> Item:
    """Make the item that a project is created with."""
    return {**keys.config(address), "version": 0, "digest": NO_CONFIG, "summary": {}}


def version_items(
    address: ConfigAddress, change: ConfigChange, version: int, moment: datetime, retention: Retention
) -> tuple[Item, Item]:
    """Make the two items of a new version: the newest, and the same in history."""
    updated_at = keys.timestamp(moment)
    content = {
        "version": version,
        "digest": change.digest,
        "answer": stored_body(change.config, version, updated_at),
        "summary": _summary(change, version, updated_at),
    }
    newest = {**keys.config(address), **content}
    if address.session:
        newest["expiresAt"] = expires_at(moment + retention.of_draft())
    return newest, history_item(address, content, moment, retention)


def history_item(address: ConfigAddress, content: Item, moment: datetime, retention: Retention) -> Item:
    """Make a version's item in history, whose lifetime begins at a moment."""
    key = keys.config_version(address, content["version"])
    expiry = expires_at(moment + retention.of_version(address))
    return {**content, **key, "listKey": key["sk"], "expiresAt": expiry}


def shown_in_project(summary: Item) -> Item | None:
    """Pick what a project shows of its config; None where that was deleted."""
    if summary.get("deleted"):
        return None
    return {name: summary[name] for name in ("version", "updatedAt", "chartCount", "bytes")}


def digest_of(config: Config | None) -> bytes:
    return config.digest if config else NO_CONFIG


def _summary(change: ConfigChange, version: int, updated_at: str) -> Item:
    config, origin = change.config, change.origin
    summary = {
        "version": version,
        "updatedAt": updated_at,
        "source": origin.source,
        "chartCount": config.chart_count if config else 0,
        "bytes": config.size if config else 0,
    }
    optional = {
        "message": origin.message,
        "forced": origin.forced,
        "merged": origin.merged,
        "restoredFrom": origin.restored_from,
        "deleted": config is None,
    }
    return summary | {name: value for name, value in optional.items() if value}
