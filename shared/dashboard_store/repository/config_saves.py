"""Saving configs: every save names the version that it replaces, and creates the next one.

A save is one transaction: it replaces the newest version if that is still the expected one, adds the new version to
history, updates the project's summary and increments the user's write counter.

A save with an idempotency key that was overtaken is looked for in history before it is refused or merged: if it took
effect before, it is answered with the version that it made, whatever came after. A save of the version that is still
the newest needs no look: it cannot have taken effect.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.json_fast import parsed
from dashboard_store.documents.json_text import JsonObject
from dashboard_store.errors import BadInput, ConfigConflict, NoProject, TooLarge
from dashboard_store.identifiers import ConfigAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.branches import Branch, Read, merged_with, refusal, saved_again
from dashboard_store.repository.config_items import (
    ConfigChange,
    digest_of,
    expected_condition,
    history_item,
    project_write,
    version_items,
)
from dashboard_store.repository.configs import NEVER_SAVED, Configs, ConfigVersion
from dashboard_store.repository.expressions import Item, put
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.rate_limit import RateLimit
from dashboard_store.repository.stored_bytes import as_counted
from dashboard_store.repository.usage import Usage

type Edit = Callable[[JsonObject | None], Config | None]
"""Makes the config to save from the one that it replaces; None means no config, on either side."""

_CHANGES = "changes to this config"


@dataclass(frozen=True, slots=True)
class SaveResult:
    """The newest version after a save.

    `changed` is False if nothing was written; `merged` is True if the save was merged, and `adjusted` points to what
    the merge moved down. `repeated` is the version that the save made before, if this repeats it.
    """

    newest: ConfigVersion
    changed: bool = True
    merged: bool = False
    adjusted: Sequence[str] = ()
    repeated: ConfigVersion | None = None

    @property
    def shown(self) -> ConfigVersion:
        """The version that the response is about."""
        return self.repeated or self.newest


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
        usage: Usage,
        now: Callable[[], datetime],
    ) -> None:
        self._items = items
        self._configs = configs
        self._rate_limit = rate_limit
        self._usage = usage
        self._lifetimes = configs.lifetimes
        self._now = now

    def save(
        self, address: ConfigAddress, config: Config | None, precondition: Precondition, origin: Origin
    ) -> SaveResult:
        """Replace the config, or delete it if None, provided the newest version meets the precondition.

        If the content is already the newest, nothing changes and the result says so, whatever the precondition: this
        repeats a save whose response was lost. Raises NoProject, ConfigConflict, QuotaExceeded, RateLimited or
        StorageUnavailable.
        """
        expected = precondition.only
        # At version 0 there is nothing to delete, so nothing to write; only a read can find that out.
        if expected is None or (config is None and expected == 0):
            return self.change(address, lambda _: config, precondition, origin)
        try:
            return self._replace(address, ConfigChange(config, origin), expected)
        except _Superseded as exc:
            repeated = self._repeated(address, origin, expected, exc.newest)
            if repeated:
                return repeated
            raise self._conflict(address, exc.newest, precondition.base, lambda _: config) from exc

    def change(self, address: ConfigAddress, edit: Edit, precondition: Precondition, origin: Origin) -> SaveResult:
        """Save what `edit` makes of the newest version, retrying if another save intervenes. Raises like `save`."""

        def attempt() -> SaveResult:
            newest = self._configs.newest(address)
            if not precondition.holds(newest.version):
                return self._overtaken(address, edit, precondition, origin, newest)
            config = edit(newest.config(parsed))
            if digest_of(config) == newest.digest:
                return SaveResult(newest, changed=False)
            return self._replace(address, ConfigChange(config, origin), newest.version)

        return self._items.race(attempt, _CHANGES)

    def _overtaken(
        self, address: ConfigAddress, edit: Edit, precondition: Precondition, origin: Origin, newest: ConfigVersion
    ) -> SaveResult:
        """Answer a change whose precondition does not hold, if it was saved before, or raise its conflict."""
        if newest.version and _changes_nothing(edit, newest):
            return SaveResult(newest, changed=False)
        repeated = self._repeated(address, origin, precondition.only, newest, whole=True)
        if repeated is None:
            raise self._conflict(address, newest, precondition.base, edit)
        return repeated

    def merge(self, address: ConfigAddress, config: Config, base: int, origin: Origin, read: Read) -> SaveResult:
        """Save a config that was made from version `base`, merged with later saves. Raises like `save`.

        If both sides changed a value differently, the ConfigConflict lists where. It is a ConfigConflict too if history
        no longer holds the base.
        """
        try:
            return self._replace(address, ConfigChange(config, origin), base)
        except _Superseded as exc:
            newest = exc.newest
        repeated = self._repeated(address, origin, base, newest)
        if repeated:
            return repeated
        return self._join(Branch(address, base, self._before(address, base, newest), config, origin), newest, read)

    def patch(self, address: ConfigAddress, edit: Edit, base: int, origin: Origin, read: Read | None) -> SaveResult:
        """Save what `edit` makes of version `base`, merged with later saves as `merge` does; without `read`, refuse it.

        Raises like `save`, and what `edit` raises.
        """
        newest = self._configs.newest(address)
        before = newest if newest.version == base else self._before(address, base, newest)
        mine = edit(before.config(parsed)) if before else None
        if before and digest_of(mine) == newest.digest:
            return SaveResult(newest, changed=False)
        if before is newest:
            try:
                return self._replace(address, ConfigChange(mine, origin), base)
            except _Superseded as exc:
                newest = exc.newest
        repeated = self._repeated(address, origin, base, newest, whole=True)
        return repeated or self._join(Branch(address, base, before, mine, origin), newest, read)

    def undo(
        self, address: ConfigAddress, version: int, precondition: Precondition, origin: Origin, read: Read
    ) -> SaveResult:
        """Take back what a version changed, and keep what was changed since, as `merge` does with both.

        Raises like `save`, and NotFound if history no longer holds the version or the one before it.
        """
        newest, undone, before = self._configs.step(address, version)
        undoing = origin._replace(undo_of=version)
        branch = Branch(address, version, undone, saved_again(before), undoing, precondition)
        repeated = self._repeated(address, undoing, branch.missed(newest), newest, whole=True)
        return repeated or self._join(branch, newest, read)

    def _join(self, branch: Branch, newest: ConfigVersion, read: Read | None) -> SaveResult:
        """Save a config that was made from an older version, merged with later saves, or raise its conflict."""
        address, origin = branch.address, branch.origin

        def attempt() -> SaveResult:
            nonlocal newest
            config, adjusted = branch.joined(newest, read)
            if digest_of(config) == newest.digest:
                return SaveResult(newest, changed=False, merged=True)
            if not branch.precondition.holds(newest.version):
                raise refusal(newest, branch.base, ())
            try:
                saved = self._replace(address, ConfigChange(config, origin._replace(merged=True)), newest.version)
            except _Superseded as exc:
                newest = exc.newest
                # The save that was faster may be a repetition of this one.
                if repeated := self._repeated(address, origin, branch.missed(newest), newest, whole=True):
                    return repeated
                raise
            return replace(saved, merged=True, adjusted=adjusted)

        return self._items.race(attempt, _CHANGES)

    def _repeated(
        self, address: ConfigAddress, origin: Origin, base: int | None, newest: ConfigVersion, *, whole: bool = False
    ) -> SaveResult | None:
        """Find the version that this save made before; its config is read if `whole`, or if the save was merged."""
        if origin.key is None or base is None:
            return None
        made = self._configs.made_by(address, origin.key, base, newest, whole=whole)
        if made is None:
            return None
        return SaveResult(newest, changed=False, merged=made.summary.get("merged", False), repeated=made)

    def _before(self, address: ConfigAddress, base: int | None, newest: ConfigVersion) -> ConfigVersion | None:
        """Read the base of a save, unless the client named a version that did not exist yet."""
        return None if base is None or base > newest.version else self._configs.base(address, base)

    def _replace(
        self, address: ConfigAddress, change: ConfigChange, expected: int, renewed: Item | None = None
    ) -> SaveResult:
        moment = self._now()
        if address.session and expected == 0:
            self._usage.require_room_for_draft(self._configs.draft_count(address.project))
        newest_item, in_history = version_items(address, change, expected + 1, moment, self._lifetimes)
        is_current = expected_condition(address, newest_item["digest"], expected, moment, renewed)
        writes = [put(newest_item, is_current), put(in_history), project_write(address, change, newest_item["summary"])]
        if renewed:
            kept = history_item(address, renewed, moment, self._lifetimes)
            writes.append(put(as_counted(kept, address.project)))
        try:
            self._rate_limit.transact(self._items, address.project.user, *writes)
        except ConditionFailed as exc:
            found, _, project, *_ = exc.found
        else:
            return SaveResult(ConfigVersion.from_item(newest_item))
        if project == {} or (found == {} and not address.session):
            raise NoProject
        newest = self._configs.live(found) or NEVER_SAVED
        if newest.version and newest.digest == newest_item["digest"]:
            return SaveResult(newest, changed=False)
        if found is not None and (newest.version != expected or found == renewed):
            raise _Superseded(newest)
        if project:
            # It exists and refuses the save, because its owner may store no more.
            raise self._usage.refusal(address.project)
        # Only the version's age, or a name given meanwhile, can have failed the condition: rewrite its item in history.
        return self._replace(address, change, expected, renewed=found)

    def _conflict(self, address: ConfigAddress, newest: ConfigVersion, base: int | None, edit: Edit) -> ConfigConflict:
        before = self._before(address, base, newest)
        if before is None:
            return refusal(newest, base)
        document, theirs = before.config(parsed), newest.config(parsed)
        try:
            mine = edit(document)
        except BadInput:
            # The edit does not make a valid config of the base, so there is nothing to compare.
            return refusal(newest, base, theirs=theirs)
        return refusal(newest, base, merged_with(newest, theirs, document, mine).conflicts, theirs=theirs)


def _changes_nothing(edit: Edit, newest: ConfigVersion) -> bool:
    try:
        return digest_of(edit(newest.config(parsed))) == newest.digest
    except (BadInput, TooLarge):
        # An edit that fails on the newest version is invalid only if it was made for that version.
        return False
