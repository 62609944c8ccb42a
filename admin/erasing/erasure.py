"""Erase a user: whatever they have stored, and whatever names them elsewhere, in the table and in the bucket.

Theory of operation
===================

First the user's bucket of writes is emptied for as long as their tokens may live, so no request of theirs writes from
then on; what was counted before has ended after SETTLED. Then everything is searched for and removed, projects in the
way in which the service itself does it, so that what others may do and what is counted stay right. Functions that
follow the table's stream work at the same time, and may write once more; so the search is repeated until it finds
nothing. Every step can be repeated, and so can an erasure that was interrupted.

The table keeps a note with the user's keyed hash, by which `--erased-in` finds them in a table that is restored to an
earlier moment.
"""

import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple

from tqdm import tqdm

from admin import CannotRunError
from admin.archives.relocation import move
from admin.erasing import mentions, object_versions
from admin.erasing import notes as erasure_notes
from admin.erasing.mentions import Mention
from admin.erasing.object_versions import ObjectVersion
from admin.erasing.receipt import Receipt, Times
from admin.stacks import Storage
from dashboard_store.errors import NoProject, NotFound, ProjectExists, QuotaExceeded
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import Item, put
from dashboard_store.repository.items import ConditionFailed
from dashboard_store.repository.member_ids import member_id
from dashboard_store.repository.rate_limit import ERASED
from dashboard_store.store import Store

SETTLED: Final = timedelta(seconds=30)
"""How long a request may still write that was counted before: no function that answers requests runs longer."""

MOST_PASSES: Final = 10
_FOLDERS: Final = ("tables", "uploads", "downloads")


class SharedError(CannotRunError):
    """Others are members of the user's projects; nothing was changed."""


class SharedProject(NamedTuple):
    """A project of a user with the number of its members and teams."""

    address: ProjectAddress
    members: int
    teams: int


class Erasure:
    """The erasure of one user; `recovery_days` is how far back the table can be restored."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        user: str,
        recovery_days: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._storage = storage
        self._user = user
        self._recovery_days = recovery_days
        self._sleep = sleep
        self._key = store.settings.log_key
        self._note = keys.erased(self._key, user)
        self._receipt = Receipt(keys.keyed_hash(self._key, user), store.now())
        self._projects: set[ProjectAddress] = set()
        self._scanned_units = 0.0
        self._units_before = store.items.units

    def run(self, *, hours: int, with_shared: bool, is_dry: bool, give_to: str | None = None) -> dict[str, Any]:
        """Erase the user and return the receipt.

        Raises SharedError while others are members of the user's projects, unless `with_shared`, or these are given to
        another owner; CannotRunError if one cannot be given, or something cannot be removed; or StorageUnavailable.
        """
        own = self._store.items.query(keys.partition(self._user), keys.PROJECTS, ("pk", "sk"))
        shared = [] if with_shared else shared_projects(self._store, map(keys.project_of, own))
        if give_to is None:
            _require_unshared(shared)
        elif not is_dry:
            self._give(shared, give_to)
        if is_dry:
            found = self._mentions(is_settled=True)
            folders = self._folders_of(found) | _started_elsewhere(found, self._user)
            self._receipt.add(found, self._versions(folders))
            return self._receipt.document(self._store.now(), self._units)
        note, until = self._blocked(hours)
        blocked_at = datetime.fromisoformat(note["blockedAt"])
        self._remove_all(blocked_at + SETTLED)
        ended = self._store.now()
        if not self._receipt.is_empty or erasure_notes.ERASED_AT not in note:
            note |= {erasure_notes.ERASED_AT: keys.timestamp(ended)}
        self._store.items.put_many([note])
        times = Times(
            blocked_at, datetime.fromisoformat(note[erasure_notes.ERASED_AT]), datetime.fromtimestamp(until, UTC)
        )
        return self._receipt.of_removal(ended, self._units, times, self._recovery_days)

    def _give(self, shared: Iterable[SharedProject], other_owner: str) -> None:
        """Give projects to another owner; what stays of them here is removed with everything else."""
        for each in shared:
            try:
                move(self._store, each.address, other_owner)
            except (ProjectExists, QuotaExceeded) as exc:
                raise CannotRunError(
                    f"The project {each.address.project_id} cannot be given to {other_owner}. {exc} Nothing was erased."
                ) from exc

    @property
    def _units(self) -> float:
        return self._scanned_units + self._store.items.units - self._units_before

    def _remove_all(self, settled_at: datetime) -> None:
        """Remove what is found until nothing is. Raises CannotRunError if that does not come to an end."""
        if self._store.now() < settled_at:
            self._pass(is_settled=False)
            self._sleep(max((settled_at - self._store.now()).total_seconds(), 0))
        for _ in range(MOST_PASSES):
            if not self._pass(is_settled=True):
                return
        raise CannotRunError(f"After {MOST_PASSES} passes, something is still written. Repeat the command later.")

    def _blocked(self, hours: int) -> tuple[Item, int]:
        """Keep the user from writing, and note it; return the note, and until when in epoch seconds.

        The note that the erasure began comes first, so that an interrupted one is known.
        """
        items, now = self._store.items, self._store.now()
        bucket = items.get(keys.rate(self._key, self._user)) or {}
        before = items.get(self._note) or {}
        is_blocked = bucket.get(ERASED, 0) > now.timestamp() and "blockedAt" in before
        moment = keys.timestamp(now)
        note = before if is_blocked else {**self._note, erasure_notes.LOG_KEY: self._key, "beganAt": moment}
        items.transact(put(note))
        until = retention.expires_at(now + timedelta(hours=hours))
        try:
            items.write_alone(self._store.rate_limit.blocked(self._user, until))
        except ConditionFailed as exc:
            # It holds for longer already.
            until = int((exc.found[0] or {})[ERASED])
        if not is_blocked:
            note |= {"blockedAt": keys.timestamp(self._store.now())}
            items.transact(put(note))
        return note, until

    def _pass(self, *, is_settled: bool) -> bool:
        """Remove everything that is found, and return whether something was."""
        found = self._mentions(is_settled=is_settled)
        # Before their items, which alone name them; whatever else there is can be found without its item.
        versions = self._removed(_started_elsewhere(found, self._user))
        self._remove(found)
        versions += self._removed(self._folders_of(found))
        self._receipt.add(found, versions)
        return bool(found or versions)

    def _mentions(self, *, is_settled: bool) -> list[Mention]:
        """Search the table."""
        with bar_of("items") as bar:

            def step(count: int, units: float) -> None:
                bar.update(count)
                self._scanned_units += units

            found = mentions.find(self._storage, self._user, step)
        self._projects |= {mention.project for mention in found if mention.project}
        if is_settled:
            return [*found, *self._followers(found)]
        # The stream's functions tell and close the connections first.
        return [mention for mention in found if not mention.is_live]

    def _versions(self, folders: Iterable[str]) -> list[ObjectVersion]:
        return [version for folder in folders for version in object_versions.under(self._storage, folder)]

    def _removed(self, folders: Iterable[str]) -> list[ObjectVersion]:
        versions = self._versions(folders)
        object_versions.remove(self._storage, versions)
        return versions

    def _followers(self, found: Iterable[Mention]) -> list[Mention]:
        """Return what is left of those who followed the user's projects, unless it was found already."""
        known = {mention.pk for mention in found if mention.sk != "CONNECTION"}
        partitions = {keys.followers(address) for address in self._projects} - known
        return [Mention.of(item) for pk in sorted(partitions) for item in self._store.items.query(pk)]

    def _folders_of(self, found: Iterable[Mention]) -> set[str]:
        """Return the beginnings of the keys of the user's objects, and of those of links that no longer exist."""
        own = {f"{folder}/{self._hash}/" for folder in _FOLDERS}
        links = {object_versions.folder_of_link(mention.pk) for mention in found if mention.kind == "token"}
        return own | links | set(object_versions.of_dead_links(self._storage, self._store.items))

    @cached_property
    def _hash(self) -> str:
        """The part of the keys of objects that stands for the user."""
        return keys.folder(ProjectAddress(self._user, "any")).partition("/")[0]

    def _remove(self, found: Iterable[Mention]) -> None:
        rest: list[Item] = []
        with bar_of("removed") as bar:
            for mention in found:
                if mention.pk.startswith(keys.CONNECTION):
                    self._store.connections.close(mention.pk.removeprefix(keys.CONNECTION))
                elif mention.project:
                    self._purge(mention.project)
                elif mention.kind == "member" and mention.pk != keys.partition(self._user):
                    self._leave(mention)
                elif mention.pk != keys.partition(self._user):
                    rest.append(mention.key)
                bar.update()
            self._store.items.delete_many(rest)
            # What the projects did not take with them, and what came since.
            self._store.items.delete_many(
                [
                    {name: item[name] for name in ("pk", "sk")}
                    for item in self._store.items.query(keys.partition(self._user), names=("pk", "sk"))
                ]
            )

    def _purge(self, address: ProjectAddress) -> None:
        """Delete a project, deleted or not, and all that is in it and in others' lists."""
        with suppress(NoProject):
            self._store.project_deletion.delete(address, Precondition(), permanently=True)
        self._store.project_purge.purge(address)

    def _leave(self, mention: Mention) -> None:
        """End the user's grant in somebody else's project, as a member does who leaves."""
        address = mention.place
        try:
            self._store.shares.remove_member(address, member_id(self._key, address, self._user), by_owner=False)
        except NotFound:
            # The project is deleted, or another one by now.
            self._store.items.delete_many([mention.key, keys.shared_with(self._user, address)])


def _started_elsewhere(found: Iterable[Mention], user: str) -> set[str]:
    """Return the keys, or their beginnings, of what the user had a function read for projects of others."""
    places: set[str] = set()
    for mention in found:
        if mention.kind == "upload" and mention.pk != keys.partition(user):
            places.add(keys.announced_file(mention.place, mention.sk.rpartition("#")[2]))
            places.add(mention.object)
    return places - {""}


def shared_projects(store: Store, addresses: Iterable[ProjectAddress]) -> list[SharedProject]:
    """Return which of a user's projects others are members of. Those that are deleted let nobody in."""
    found = []
    for address in addresses:
        with suppress(NoProject):
            roster = store.shares.read(address)
            members = sum("role" in item for item in roster.members)
            if members or roster.teams:
                found.append(SharedProject(address, members, len(roster.teams)))
    return found


def _require_unshared(shared: list[SharedProject]) -> None:
    """Raise SharedError if others are members of a user's projects."""
    if shared:
        named = ", ".join(
            f"{each.address.project_id} (members: {each.members}, teams: {each.teams})" for each in shared
        )
        raise SharedError(
            f"Nothing was changed, because others use {len(shared)} of this user's projects: {named}. "
            "With --give-to, another user becomes their owner; with --with-shared, they are erased, for everybody."
        )


def bar_of(unit: str) -> "tqdm[Any]":
    return tqdm(unit=f" {unit}", disable=None, file=sys.stderr, leave=False)
