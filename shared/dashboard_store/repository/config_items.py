"""Build what a save of a config writes: the newest version, its copy in history, the project's summary."""

from datetime import datetime
from typing import NamedTuple

from dashboard_store.documents.config import Config, Origin, stored_body
from dashboard_store.identifiers import ConfigAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.configs import KEY, NO_CONFIG
from dashboard_store.repository.expressions import EXISTS, Condition, Item, Write, check, update
from dashboard_store.repository.usage import WRITABLE


class ConfigChange(NamedTuple):
    """What a save writes: a config, or None to delete it, and its origin."""

    config: Config | None
    origin: Origin

    @property
    def digest(self) -> bytes:
        return digest_of(self.config)


def never_saved_item(address: ConfigAddress) -> Item:
    """Build the config item that a new project starts with."""
    return {**keys.config(address), "version": 0, "digest": NO_CONFIG, "summary": {}}


def version_items(
    address: ConfigAddress, change: ConfigChange, version: int, moment: datetime, lifetimes: retention.Lifetimes
) -> tuple[Item, Item]:
    """Build the two items of a new version: the newest one, and its copy in history."""
    updated_at = keys.timestamp(moment)
    content = {
        "version": version,
        "digest": change.digest,
        "answer": stored_body(change.config, version, updated_at),
        "summary": _summary(change, version, updated_at),
    }
    newest = {**keys.config(address), **content}
    if address.session:
        newest["expiresAt"] = retention.expires_at(moment + lifetimes.of_draft())
    return newest, history_item(address, content, moment, lifetimes)


def history_item(address: ConfigAddress, content: Item, moment: datetime, lifetimes: retention.Lifetimes) -> Item:
    """Build a version's item in history; its lifetime begins at `moment`."""
    key = keys.config_version(address, content["version"])
    expiry = retention.expires_at(moment + lifetimes.of_version(address))
    return {**content, **key, "listKey": key["sk"], "expiresAt": expiry}


def shown_in_project(summary: Item) -> Item | None:
    """Select what a project shows of its config; None if the config was deleted."""
    if summary.get("deleted"):
        return None
    return {name: summary[name] for name in ("version", "updatedAt", "chartCount", "bytes")}


def digest_of(config: Config | None) -> bytes:
    return config.digest if config else NO_CONFIG


def expected_condition(
    address: ConfigAddress, digest: bytes, expected: int, moment: datetime, renewed: Item | None
) -> Condition:
    """Require that the newest version is the expected one and that its content differs.

    If its item in history is rewritten from `renewed`, require that it has no other name by now.
    """
    now = retention.expires_at(moment)
    if address.session and expected == 0:
        return Condition("attribute_not_exists(#pk) OR #expiresAt <= :now", {"now": now})
    expression, values = "#version = :expected AND #digest <> :digest", {"expected": expected, "digest": digest}
    if address.session:
        return Condition(f"{expression} AND #expiresAt > :now", {**values, "now": now})
    if renewed:
        return Condition(f"{expression} AND #summary = :summary", {**values, "summary": renewed["summary"]})
    if expected == 0:
        return Condition(expression, values)
    oldest = keys.timestamp(moment - retention.RENEWAL)
    return Condition(f"{expression} AND #summary.#updatedAt > :oldest", {**values, "oldest": oldest})


def project_write(address: ConfigAddress, change: ConfigChange, summary: Item) -> Write:
    """Update the project's summary with its config; for a draft, only require that the project exists.

    It also requires that the owner may store more, unless the change deletes the config.
    """
    key, permitted = keys.project(address.project), WRITABLE if change.config else EXISTS
    if address.session:
        return check(key, permitted)
    assignments = {
        "listKey": keys.listed(address.project, summary["updatedAt"]),
        "summary.updatedAt": summary["updatedAt"],
        "summary.dashboardConfig": shown_in_project(summary),
    }
    return update(key, assignments, permitted)


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
        "updatedBy": {"id": origin.by} if origin.by else None,
        "message": origin.message,
        "forced": origin.forced,
        "merged": origin.merged,
        "restoredFrom": origin.restored_from,
        "undoOf": origin.undo_of,
        KEY: origin.key,
        "deleted": config is None,
    }
    return summary | {name: value for name, value in optional.items() if value}
