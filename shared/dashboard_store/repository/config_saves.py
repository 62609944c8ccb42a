"""Saving configs: every save names the version that it replaces, and creates the next one.

A save is one transaction: it replaces the newest version if that is still the expected one, adds the new version to
history, updates the project's summary and increments the user's write counter.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.json_text import JsonObject
from dashboard_store.documents.merge import Merged, merge
from dashboard_store.errors import BadInput, ConfigConflict, NoProject
from dashboard_store.identifiers import ConfigAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys, retention
from dashboard_store.repository.config_items import (
    ConfigChange,
    digest_of,
    history_item,
    shown_in_project,
    version_items,
)
from dashboard_store.repository.configs import NEVER_SAVED, Configs, ConfigVersion
from dashboard_store.repository.expressions import EXISTS, Condition, Item, Write, check, put, update
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.rate_limit import RateLimit

type Edit = Callable[[JsonObject | None], Config | None]
"""Makes the config to save from the one that it replaces; None means no config, on either side."""

_CHANGES = "changes to this config"


@dataclass(frozen=True, slots=True)
class SaveResult:
    """The newest version after a save.

    `changed` is False if the content was already the newest; `merged` is True if the save was merged.
    """

    newest: ConfigVersion
    changed: bool = True
    merged: bool = False


class _Superseded(ConditionFailed):
    """The newest version is not the expected one."""

    def __init__(self, newest: ConfigVersion) -> None:
        super().__init__([])
        self.newest = newest


class ConfigSaves:
    def __init__(
        self,
        items: Items,
        configs: Configs,
        rate_limit: RateLimit,
        lifetimes: retention.Lifetimes,
        now: Callable[[], datetime],
    ) -> None:
        self._items = items
        self._configs = configs
        self._rate_limit = rate_limit
        self._lifetimes = lifetimes
        self._now = now

    def save(
        self, address: ConfigAddress, config: Config | None, precondition: Precondition, origin: Origin
    ) -> SaveResult:
        """Replace the config, or delete it if None, provided the newest version meets the precondition.

        If the content is already the newest, nothing changes and the result says so, whatever the precondition: this
        repeats a save whose response was lost. Raises NoProject, ConfigConflict, RateLimited or StorageUnavailable.
        """
        expected = precondition.only
        # At version 0 there is nothing to delete, so nothing to write; only a read can find that out.
        if expected is None or (config is None and expected == 0):
            return self.change(address, lambda _: config, precondition, origin)
        try:
            return self._replace_named(address, ConfigChange(config, origin), expected)
        except _Superseded as exc:
            raise self._conflict(address, exc.newest, precondition.base, lambda _: config) from exc

    def change(self, address: ConfigAddress, edit: Edit, precondition: Precondition, origin: Origin) -> SaveResult:
        """Save what `edit` makes of the newest version, retrying if another save intervenes. Raises like `save`."""

        def attempt() -> SaveResult:
            newest = self._configs.newest(address)
            holds = precondition.holds(newest.version)
            try:
                config = edit(newest.config())
            except BadInput:
                # An edit that fails on the newest version is invalid only if it was made for that version.
                if holds:
                    raise
                raise self._conflict(address, newest, precondition.base, edit) from None
            if digest_of(config) == newest.digest and (holds or newest.version):
                return SaveResult(newest, changed=False)
            if not holds:
                raise self._conflict(address, newest, precondition.base, edit)
            return self._replace(address, ConfigChange(config, origin), newest.version)

        return self._items.race(attempt, _CHANGES)

    def merge(
        self,
        address: ConfigAddress,
        config: Config,
        base: int,
        origin: Origin,
        read: Callable[[JsonObject], Config],
    ) -> SaveResult:
        """Save a config that was made from version `base`, merged with later saves. Raises like `save`.

        `read` validates the merged config. If both sides changed a value differently, the ConfigConflict lists where.
        It is a ConfigConflict too if history no longer holds the base.
        """
        try:
            return self._replace_named(address, ConfigChange(config, origin), base)
        except _Superseded as exc:
            newest = exc.newest
        before = self._configs.base(address, base)

        def attempt() -> SaveResult:
            nonlocal newest
            if before is None:
                raise _refusal(newest, base)
            merged = _merged(before, newest, config)
            if merged.conflicts:
                raise _refusal(newest, base, merged.conflicts)
            result = read(merged.document)
            if result.digest == newest.digest:
                return SaveResult(newest, changed=False, merged=True)
            try:
                saved = self._replace(address, ConfigChange(result, origin._replace(merged=True)), newest.version)
            except _Superseded as exc:
                newest = exc.newest
                raise
            return replace(saved, merged=True)

        return self._items.race(attempt, _CHANGES)

    def _replace_named(self, address: ConfigAddress, change: ConfigChange, named: int) -> SaveResult:
        """Replace the version that the client named; count the save even if it writes nothing."""
        try:
            result = self._replace(address, change, named)
        except (_Superseded, NoProject):
            self._rate_limit.count_unwritten(address.project.owner)
            raise
        if not result.changed:
            self._rate_limit.count_unwritten(address.project.owner)
        return result

    def _replace(
        self, address: ConfigAddress, change: ConfigChange, expected: int, renewed: Item | None = None
    ) -> SaveResult:
        moment = self._now()
        newest_item, in_history = version_items(address, change, expected + 1, moment, self._lifetimes)
        is_current = _condition(address, newest_item["digest"], expected, moment, any_age=renewed is not None)
        writes = [put(newest_item, is_current), put(in_history), _project_write(address, newest_item["summary"])]
        if renewed:
            writes.append(put(history_item(address, renewed, moment, self._lifetimes)))
        try:
            self._rate_limit.transact(address.project.owner, *writes)
        except ConditionFailed as exc:
            found, _, project, *_ = exc.found
        else:
            return SaveResult(ConfigVersion.from_item(newest_item))
        if project is not None or (not found and not address.session):
            raise NoProject
        newest = self._configs.live(found) or NEVER_SAVED
        if newest.version and newest.digest == newest_item["digest"]:
            return SaveResult(newest, changed=False)
        if newest.version != expected or renewed:
            raise _Superseded(newest)
        # Only the version's age can have failed the condition: rewrite its item in history.
        return self._replace(address, change, expected, renewed=found)

    def _conflict(self, address: ConfigAddress, newest: ConfigVersion, base: int | None, edit: Edit) -> ConfigConflict:
        before = None if base is None else self._configs.base(address, base)
        if before is None:
            return _refusal(newest, base)
        try:
            mine = edit(before.config())
        except BadInput:
            # The edit does not make a valid config of the base, so there is nothing to compare.
            return _refusal(newest, base)
        return _refusal(newest, base, _merged(before, newest, mine).conflicts)


def _condition(address: ConfigAddress, digest: bytes, expected: int, moment: datetime, *, any_age: bool) -> Condition:
    """Require that the newest version is the expected one and that its content differs."""
    now = retention.expires_at(moment)
    if address.session and expected == 0:
        return Condition("attribute_not_exists(#pk) OR #expiresAt <= :now", {"now": now})
    expression, values = "#version = :expected AND #digest <> :digest", {"expected": expected, "digest": digest}
    if address.session:
        return Condition(f"{expression} AND #expiresAt > :now", {**values, "now": now})
    if expected == 0 or any_age:
        return Condition(expression, values)
    oldest = keys.timestamp(moment - retention.RENEWAL)
    return Condition(f"{expression} AND #summary.#updatedAt > :oldest", {**values, "oldest": oldest})


def _project_write(address: ConfigAddress, summary: Item) -> Write:
    """Update the project's summary with its config; for a draft, only require that the project exists."""
    key = keys.project(address.project)
    if address.session:
        return check(key, EXISTS)
    assignments = {
        "listKey": keys.listed(address.project, summary["updatedAt"]),
        "summary.updatedAt": summary["updatedAt"],
        "summary.dashboardConfig": shown_in_project(summary),
    }
    return update(key, assignments, EXISTS)


def _merged(before: ConfigVersion, newest: ConfigVersion, mine: Config | None) -> Merged:
    """Merge a save with the newest version; a base without a config counts as a config without charts.

    Saving a config after the whole config was deleted is a conflict at the root, even if the save changed nothing: a
    client that saves a config wants it to exist.
    """
    theirs = newest.config()
    if mine and theirs is None and newest.version:
        return Merged(None, ("",))
    return merge(before.config() or {"chartCustomizations": {}}, theirs, mine.document if mine else None)


def _refusal(newest: ConfigVersion, base: int | None, conflicts: tuple[str, ...] | None = None) -> ConfigConflict:
    return ConfigConflict(
        version=newest.version,
        document=newest.config(),
        base=base,
        updated_at=newest.updated_at,
        source=newest.source,
        conflicts=conflicts,
    )
