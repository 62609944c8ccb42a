"""Saving configs: every save names the version that it replaces, and makes the next one.

A save is one transaction: the newest version is replaced if it is still the expected one, the new version enters
history, the project's summary follows, and the user's counter of writes grows.
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
"""Makes the config to be saved from the one that it replaces; None stands for no config, on either side."""

_CHANGES = "changes to the same config"


@dataclass(frozen=True, slots=True)
class SaveResult:
    """The newest version after a save.

    `changed` is False where the content was already there; `merged` is True where the save was merged.
    """

    newest: ConfigVersion
    changed: bool = True
    merged: bool = False


class _Superseded(ConditionFailed):
    """Another version than the expected one is the newest."""

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
        """Replace the config, or delete it with None, where the precondition holds of the newest version.

        A save whose content is already the newest changes nothing and says so, whatever the precondition: it repeats a
        save whose response was lost. Raises NoProject, ConfigConflict, RateLimited or StorageUnavailable.
        """
        expected = precondition.only
        # At version 0 there is nothing to delete, hence nothing to write, which only a read can tell.
        if expected is None or (config is None and expected == 0):
            return self.change(address, lambda _: config, precondition, origin)
        try:
            return self._replace_named(address, ConfigChange(config, origin), expected)
        except _Superseded as exc:
            raise self._conflict(address, exc.newest, precondition.base, lambda _: config) from exc

    def change(self, address: ConfigAddress, edit: Edit, precondition: Precondition, origin: Origin) -> SaveResult:
        """Save what `edit` makes of the newest version, again where another save comes in between; raises as `save`."""

        def attempt() -> SaveResult:
            newest = self._configs.newest(address)
            holds = precondition.holds(newest.version)
            try:
                config = edit(newest.config())
            except BadInput:
                # That it does not fit the newest version is the edit's fault only if it was made for that version.
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
        """Save a config that was made from version `base`, merged with what was saved since; raises as `save`.

        `read` checks the merged config. Values that both sides changed differently are a ConfigConflict that names
        their places; so is a base that history no longer holds.
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
        """Replace the version that the client named; where that writes nothing, it is counted all the same."""
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
        # Only the version's age is left to have failed the condition: its item in history is written again.
        return self._replace(address, change, expected, renewed=found)

    def _conflict(self, address: ConfigAddress, newest: ConfigVersion, base: int | None, edit: Edit) -> ConfigConflict:
        before = None if base is None else self._configs.base(address, base)
        if before is None:
            return _refusal(newest, base)
        try:
            mine = edit(before.config())
        except BadInput:
            # The edit makes no config of the base, so there is nothing to compare.
            return _refusal(newest, base)
        return _refusal(newest, base, _merged(before, newest, mine).conflicts)


def _condition(address: ConfigAddress, digest: bytes, expected: int, moment: datetime, *, any_age: bool) -> Condition:
    """Say when the newest version may be replaced: it is the expected one and has another content."""
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
    """Let the project's summary follow its config; a draft only requires the project."""
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
    """Merge a save with the newest version; a base without a config counts as one without charts.

    Saving a config after the whole config was deleted is a conflict at the root, even where the save changed nothing:
    whoever saves a config wants there to be one.
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
