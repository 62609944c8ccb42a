"""Configs, their drafts and their history."""

import gzip
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dashboard_store.config import Config, stored_answer
from dashboard_store.errors import NotFound, StorageUnavailable, VersionConflict
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.keys import ConfigKey, timestamp
from dashboard_store.repository.table import EXISTS, Condition, ConditionFailed, Item, Table, check, put, update
from dashboard_store.settings import Settings

# How many times a save that depends on what is newest looks again when somebody was faster.
ATTEMPTS: Final = 8

# A version's time in history starts when it is replaced. Its item is written before that, with this much longer to
# live; a save that replaces an older version than this writes that version's item anew. So the usual save has no item
# more to write, and a dashboard that rested for a year keeps the version that the first new save replaces.
RENEWAL: Final = timedelta(days=7)

NO_PROJECT: Final = "There is no such project."

DELETED: Final = b"deleted"
"""The digest of a config that was deleted, and of one that was never saved."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change came from, for history."""

    source: str = "user"
    message: str | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The newest version of a config; `answer` is the gzip of the JSON that a reader gets, None at version 0."""

    version: int
    digest: bytes
    answer: bytes | None = None
    updated_at: str | None = None
    source: str | None = None

    @classmethod
    def from_item(cls, item: Item) -> "Head":
        summary = item["summary"]
        return cls(item["version"], item["digest"], item.get("answer"), summary.get("updatedAt"), summary.get("source"))

    def config(self) -> dict[str, Any] | None:
        """Read the config back; None when nothing is saved or it was deleted."""
        return None if self.answer is None else json.loads(gzip.decompress(self.answer))["config"]


NEVER_SAVED: Final = Head(version=0, digest=DELETED)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save left behind; `changed` is False where the content was already there."""

    version: int
    updated_at: str | None
    changed: bool = True


class Configs:
    def __init__(self, table: Table, settings: Settings, now: Callable[[], datetime]) -> None:
        self._table = table
        self._settings = settings
        self._now = now

    def head(self, key: ConfigKey) -> Head:
        """Read the newest version. Raises NotFound where the project is absent."""
        if not key.session:
            item = self._table.get(key.head)
            if item is None:
                raise NotFound(NO_PROJECT)
            return Head.from_item(item)
        project, item = self._table.get_snapshot([key.project.project, key.head])
        if project is None:
            raise NotFound(NO_PROJECT)
        return self._live_head(item)

    def save(self, key: ConfigKey, config: Config | None, precondition: Precondition, origin: Origin) -> Saved:
        """Replace the config, or delete it with None, where the precondition holds of the newest version.

        A save whose content is already the newest changes nothing and says so, whatever the precondition: it is the
        repetition of a save whose answer was lost. Raises NotFound, VersionConflict with the newest config, or
        StorageUnavailable.
        """
        expected = precondition.only
        # At version 0 there is nothing to delete, so there is nothing to write: that takes a look.
        if expected is None or (config is None and expected == 0):
            return self.change(key, lambda _: config, precondition, origin)
        return self._replace(key, config, expected, origin)

    def change(
        self,
        key: ConfigKey,
        edit: Callable[[Head], Config | None],
        precondition: Precondition,
        origin: Origin,
    ) -> Saved:
        """Save what `edit` makes of the newest version, again if somebody else saves in between; raises as `save`."""
        for _ in range(ATTEMPTS):
            head = self.head(key)
            config = edit(head)
            holds = precondition.holds(head.version)
            if _digest(config) == head.digest and (holds or head.version):
                return Saved(head.version, head.updated_at, changed=False)
            if not holds:
                raise _conflict(head, precondition.base)
            try:
                return self._replace(key, config, head.version, origin)
            except VersionConflict:
                continue
        raise StorageUnavailable("Too many changes to the same config at once.")

    def items(
        self, key: ConfigKey, config: Config | None, version: int, origin: Origin, moment: datetime
    ) -> tuple[Item, Item]:
        """Make the two items of a new version: the head, and the same in history."""
        updated_at = timestamp(moment)
        content = {
            "version": version,
            "digest": _digest(config),
            "answer": stored_answer(config, version, updated_at),
            "summary": _summary(config, version, updated_at, origin),
        }
        history = self._history_item(key, content, moment)
        if not key.session:
            return {**key.head, **content}, history
        expiry = moment + timedelta(days=self._settings.session_ttl_days)
        return {**key.head, **content, "expiresAt": int(expiry.timestamp())}, history

    def _replace(
        self, key: ConfigKey, config: Config | None, expected: int, origin: Origin, renewed: Item | None = None
    ) -> Saved:
        moment = self._now()
        head_item, history_item = self.items(key, config, expected + 1, origin, moment)
        writes = [
            put(head_item, self._condition(key, head_item["digest"], expected, moment, any_age=renewed is not None)),
            put(history_item),
            self._project_write(key, head_item["summary"]),
        ]
        if renewed:
            writes.append(put(self._history_item(key, renewed, moment)))
        try:
            self._table.transact(*writes)
        except ConditionFailed as exc:
            found, _, project, *_ = exc.found
        else:
            return Saved(head_item["version"], head_item["summary"]["updatedAt"])
        if project is not None or (not found and not key.session):
            raise NotFound(NO_PROJECT)
        head = self._live_head(found)
        if head.version and head.digest == head_item["digest"]:
            return Saved(head.version, head.updated_at, changed=False)
        if head.version != expected or renewed:
            raise _conflict(head, expected)
        # Only its age is left to have failed the condition.
        return self._replace(key, config, expected, origin, renewed=found)

    def _condition(self, key: ConfigKey, digest: bytes, expected: int, moment: datetime, *, any_age: bool) -> Condition:
        """Say when a head may be replaced: it is at the expected version and has another content."""
        now = int(moment.timestamp())
        if key.session and expected == 0:
            return Condition("attribute_not_exists(#pk) OR #expiresAt <= :now", {"now": now})
        expression, values = "#version = :expected AND #digest <> :digest", {"expected": expected, "digest": digest}
        if key.session:
            return Condition(f"{expression} AND #expiresAt > :now", {**values, "now": now})
        if expected == 0 or any_age:
            return Condition(expression, values)
        return Condition(
            f"{expression} AND #summary.#updatedAt > :oldest", {**values, "oldest": timestamp(moment - RENEWAL)}
        )

    def _project_write(self, key: ConfigKey, summary: Item) -> dict[str, Any]:
        if key.session:
            return check(key.project.project, EXISTS)
        assignments = {
            "listKey": key.project.listed(summary["updatedAt"]),
            "summary.updatedAt": summary["updatedAt"],
            "summary.dashboardConfig": shown(summary),
        }
        return update(key.project.project, assignments, EXISTS)

    def _history_item(self, key: ConfigKey, content: Item, moment: datetime) -> Item:
        """Make a version's item in history; its time there starts when it is replaced, RENEWAL from now at the latest.

        A draft's versions live as long as a draft that rests.
        """
        lifetime = (
            timedelta(days=self._settings.session_ttl_days)
            if key.session
            else timedelta(days=self._settings.history_retention_days) + RENEWAL
        )
        name = key.version(content["version"])
        return {**content, **name, "listKey": name["sk"], "expiresAt": int((moment + lifetime).timestamp())}

    def _live_head(self, item: Item | None) -> Head:
        expired = item and item.get("expiresAt", math.inf) <= self._now().timestamp()
        return Head.from_item(item) if item and not expired else NEVER_SAVED


def never_saved_item(key: ConfigKey) -> Item:
    """Make the head that a project is born with."""
    return {**key.head, "version": 0, "digest": DELETED, "summary": {}}


def shown(summary: Item) -> Item | None:
    """Pick what a project shows of its config; None where that was deleted."""
    if summary.get("deleted"):
        return None
    return {name: summary[name] for name in ("version", "updatedAt", "chartCount", "bytes")}


def _summary(config: Config | None, version: int, updated_at: str, origin: Origin) -> Item:
    summary = {
        "version": version,
        "updatedAt": updated_at,
        "source": origin.source,
        "chartCount": config.chart_count if config else 0,
        "bytes": config.size if config else 0,
    }
    optional = {"message": origin.message, "forced": origin.forced, "deleted": config is None}
    return summary | {name: value for name, value in optional.items() if value}


def _digest(config: Config | None) -> bytes:
    return config.digest if config else DELETED


def _conflict(head: Head, base: int | None) -> VersionConflict:
    current = {
        "currentVersion": head.version,
        "current": head.config(),
        "updatedAt": head.updated_at,
        "source": head.source,
        "baseVersion": base,
    }
    return VersionConflict(f"The config is at version {head.version}.", current)
