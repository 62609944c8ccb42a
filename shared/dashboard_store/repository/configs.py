"""Configs, their drafts and their history."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from dashboard_store.documents.config import Config, JsonObject, config_in, stored_body
from dashboard_store.documents.merge import Merged, merge
from dashboard_store.errors import BadInput, NotFound, StorageUnavailable, VersionConflict
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.items import EXISTS, Condition, ConditionFailed, Item, Items, check, put, update
from dashboard_store.repository.keys import VERSION_DIGITS, ConfigKey, timestamp
from dashboard_store.repository.rate_limit import RateLimit
from dashboard_store.settings import Settings

# How many times a save that depends on what is newest looks again when somebody was faster. With the waits in between
# it gives up after about eight seconds, within the function's time.
ATTEMPTS: Final = 40

# A version's time in history starts when it is replaced. Its item is written before that, with this much longer to
# live; a save that replaces an older version than this writes that version's item anew. So the usual save has no item
# more to write, and a dashboard that rested for a year keeps the version that the first new save replaces.
RENEWAL: Final = timedelta(days=7)

NO_PROJECT: Final = "There is no such project."

DELETED: Final = b"deleted"
"""The digest of a config that was deleted, and of one that was never saved."""

type Edit = Callable[[JsonObject | None], Config | None]
"""Makes the config to be saved of the one that it replaces; None stands for no config, on either side."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a change came from, for history."""

    source: str = "user"
    message: str | None = None
    forced: bool = False
    merged: bool = False
    restored_from: int | None = None


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """A version of a config, mostly the newest; `answer` is the gzip of the JSON that a reader gets, None at version 0.

    `summary` is what history shows of it.
    """

    version: int
    digest: bytes
    answer: bytes | None
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
        """Read the config back; None when nothing is saved or it was deleted."""
        return None if self.answer is None else config_in(self.answer)


NEVER_SAVED: Final = ConfigVersion(version=0, digest=DELETED, answer=None, summary={})


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What a save left behind; `changed` is False where the content was already there, `merged` True after a merge."""

    head: ConfigVersion
    changed: bool = True
    merged: bool = False


class _Moved(Exception):  # noqa: N818 - an outcome, turned into a VersionConflict or another attempt
    """The newest version is not the expected one."""

    def __init__(self, head: ConfigVersion) -> None:
        super().__init__()
        self.head = head


class Configs:
    def __init__(self, table: Items, settings: Settings, now: Callable[[], datetime]) -> None:
        self._table = table
        self._settings = settings
        self._now = now
        self._writes = RateLimit(table, settings, now)

    @property
    def longest_life(self) -> timedelta:
        """How long a version's or a draft's item lives at the longest."""
        history = timedelta(days=self._settings.history_retention_days) + RENEWAL
        return max(history, timedelta(days=self._settings.session_ttl_days))

    def head(self, key: ConfigKey) -> ConfigVersion:
        """Read the newest version. Raises NotFound where the project is absent."""
        if not key.session:
            item = self._table.get(key.head)
            if item is None:
                raise NotFound(NO_PROJECT)
            return ConfigVersion.from_item(item)
        project, item = self._table.get_snapshot([key.project.project, key.head])
        if project is None:
            raise NotFound(NO_PROJECT)
        return self._live(item) or NEVER_SAVED

    def save(self, key: ConfigKey, config: Config | None, precondition: Precondition, origin: Origin) -> SaveResult:
        """Replace the config, or delete it with None, where the precondition holds of the newest version.

        A save whose content is already the newest changes nothing and says so, whatever the precondition: it is the
        repetition of a save whose answer was lost. Raises NotFound, VersionConflict with the newest config, RateLimited
        or StorageUnavailable.
        """
        expected = precondition.only
        # At version 0 there is nothing to delete, so there is nothing to write: that takes a look.
        if expected is None or (config is None and expected == 0):
            return self.change(key, lambda _: config, precondition, origin)
        try:
            return self._replace_named(key, config, expected, origin)
        except _Moved as exc:
            raise self._conflict(key, exc.head, precondition.base, lambda _: config) from exc

    def change(self, key: ConfigKey, edit: Edit, precondition: Precondition, origin: Origin) -> SaveResult:
        """Save what `edit` makes of the newest version, again if somebody else saves in between; raises as `save`."""
        for attempt in range(ATTEMPTS):
            head = self.head(key)
            holds = precondition.holds(head.version)
            try:
                config = edit(head.config())
            except BadInput:
                # That it does not fit the newest version is the edit's fault only if it was made for that version.
                if holds:
                    raise
                raise self._conflict(key, head, precondition.base, edit) from None
            if _digest(config) == head.digest and (holds or head.version):
                return SaveResult(head, changed=False)
            if not holds:
                raise self._conflict(key, head, precondition.base, edit)
            try:
                return self._replace(key, config, head.version, origin)
            except _Moved:
                self._table.back_off(attempt)
        raise StorageUnavailable("Too many changes to the same config at once.")

    def merge(
        self,
        key: ConfigKey,
        config: Config,
        base: int,
        origin: Origin,
        read: Callable[[JsonObject], Config],
    ) -> SaveResult:
        """Save a config that was made from version `base`, joined with what was saved since; raises as `save`.

        `read` checks the joined config. What both sides changed differently is a VersionConflict that names the
        places, and so is a base that history no longer holds.
        """
        try:
            return self._replace_named(key, config, base, origin)
        except _Moved as exc:
            head = exc.head
        before = self._base(key, base)
        for attempt in range(ATTEMPTS):
            if before is None:
                raise _refusal(head, base, conflicts=None)
            joined = _joined(before, head, config)
            if joined.conflicts:
                raise _refusal(head, base, joined.conflicts)
            merged = read(joined.document)
            if merged.digest == head.digest:
                return SaveResult(head, changed=False, merged=True)
            try:
                return replace(self._replace(key, merged, head.version, replace(origin, merged=True)), merged=True)
            except _Moved as exc:
                head = exc.head
                self._table.back_off(attempt)
        raise StorageUnavailable("Too many changes to the same config at once.")

    def at(self, key: ConfigKey, *versions: int) -> list[ConfigVersion]:
        """Read versions as of one moment. Raises NotFound for an absent project and what history no longer holds."""
        numbers = list(dict.fromkeys(versions))
        keys = [key.project.project, key.head, *map(key.version, numbers)]
        project, newest, *items = self._table.get_snapshot(keys)
        if project is None:
            raise NotFound(NO_PROJECT)
        found = {number: self._live(item) for number, item in zip(numbers, items, strict=True)}
        head = self._live(newest)
        if head:
            # The current version never expires, however long its item in history is gone.
            found[head.version] = head
        return [_existing(found[version], version) for version in versions]

    def history(self, key: ConfigKey, limit: int, before: int | None) -> tuple[list[Mapping[str, Any]], int | None]:
        """List what history shows of its versions, newest first, from below `before` on, and the next page's `before`.

        Raises NotFound where the project is absent.
        """
        head = self.head(key)
        prefix = key.version(0)["sk"][:-VERSION_DIGITS]
        # Above the newest there may be what expired and is not removed yet, of the draft that was there before.
        above = head.version + 1 if before is None else min(before, head.version + 1)
        name = key.version(above)
        items = self._table.newest(key.project.pk, prefix, limit + 1, {**name, "listKey": name["sk"]})
        shown = [item["summary"] for item in items if not self._has_expired(item)]
        is_due = head.version and head.version < above
        if is_due and all(summary["version"] != head.version for summary in shown):
            shown.insert(0, head.summary)
        more = len(shown) > limit
        return shown[:limit], shown[limit - 1]["version"] if more else None

    def items(
        self, key: ConfigKey, config: Config | None, version: int, origin: Origin, moment: datetime
    ) -> tuple[Item, Item]:
        """Make the two items of a new version: the head, and the same in history."""
        updated_at = timestamp(moment)
        content = {
            "version": version,
            "digest": _digest(config),
            "answer": stored_body(config, version, updated_at),
            "summary": _summary(config, version, updated_at, origin),
        }
        history = self._history_item(key, content, moment)
        if not key.session:
            return {**key.head, **content}, history
        expiry = moment + timedelta(days=self._settings.session_ttl_days)
        return {**key.head, **content, "expiresAt": int(expiry.timestamp())}, history

    def _replace_named(self, key: ConfigKey, config: Config | None, named: int, origin: Origin) -> SaveResult:
        """Replace the version that the client named; where that writes nothing, it is counted as a save in vain."""
        try:
            saved = self._replace(key, config, named, origin)
        except (_Moved, NotFound):
            self._writes.count_in_vain(key.project.user)
            raise
        if not saved.changed:
            self._writes.count_in_vain(key.project.user)
        return saved

    def _replace(
        self, key: ConfigKey, config: Config | None, expected: int, origin: Origin, renewed: Item | None = None
    ) -> SaveResult:
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
            self._writes.transact(key.project.user, *writes)
        except ConditionFailed as exc:
            found, _, project, *_ = exc.found
        else:
            return SaveResult(ConfigVersion.from_item(head_item))
        if project is not None or (not found and not key.session):
            raise NotFound(NO_PROJECT)
        head = self._live(found) or NEVER_SAVED
        if head.version and head.digest == head_item["digest"]:
            return SaveResult(head, changed=False)
        if head.version != expected or renewed:
            raise _Moved(head)
        # Only its age is left to have failed the condition.
        return self._replace(key, config, expected, origin, renewed=found)

    def _base(self, key: ConfigKey, version: int) -> ConfigVersion | None:
        """Read the version that a save was made from; None where history no longer holds it."""
        return self._live(self._table.get(key.version(version))) if version else NEVER_SAVED

    def _conflict(self, key: ConfigKey, head: ConfigVersion, base: int | None, edit: Edit) -> VersionConflict:
        before = None if base is None else self._base(key, base)
        if before is None:
            return _refusal(head, base, conflicts=None)
        try:
            mine = edit(before.config())
        except BadInput:
            # What the edit would have made of the base was no config, so there is nothing to compare.
            return _refusal(head, base, conflicts=None)
        return _refusal(head, base, _joined(before, head, mine).conflicts)

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

    def _live(self, item: Item | None) -> ConfigVersion | None:
        return ConfigVersion.from_item(item) if item and not self._has_expired(item) else None

    def _has_expired(self, item: Item) -> bool:
        return bool(item.get("expiresAt", math.inf) <= self._now().timestamp())


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
    optional = {
        "message": origin.message,
        "forced": origin.forced,
        "merged": origin.merged,
        "restoredFrom": origin.restored_from,
        "deleted": config is None,
    }
    return summary | {name: value for name, value in optional.items() if value}


def _digest(config: Config | None) -> bytes:
    return config.digest if config else DELETED


def _existing(head: ConfigVersion | None, version: int) -> ConfigVersion:
    if head is None:
        raise NotFound(f"History holds no version {version} of this config.")
    return head


def _joined(before: ConfigVersion, newest: ConfigVersion, mine: Config | None) -> Merged:
    """Join a save with the newest version; a base without a config is taken for one without charts.

    A save against a delete of the whole config is a conflict at its root even where it changed nothing: who saves a
    config means that there is to be one.
    """
    saved = newest.config()
    if mine and saved is None and newest.version:
        return Merged(None, ("",))
    return merge(before.config() or {"chartCustomizations": {}}, saved, mine.document if mine else None)


def _refusal(head: ConfigVersion, base: int | None, conflicts: Sequence[str] | None) -> VersionConflict:
    current: dict[str, Any] = {
        "currentVersion": head.version,
        "current": head.config(),
        "updatedAt": head.updated_at,
        "source": head.source,
        "baseVersion": base,
    }
    if conflicts is not None:
        current["conflicts"] = list(conflicts)
    return VersionConflict(f"The config is at version {head.version}.", current)
