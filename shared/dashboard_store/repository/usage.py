"""How much each user stores, and the verdict whether they may store more.

Theory of operation
===================

A save costs nothing more for quotas. `purge_objects` follows the table's stream and adds up, in the user's item
`USAGE`, by how many bytes each record changed what they store. When the sum reaches the limit, it marks each of the
user's projects as `full`. A write that stores something requires, of the project's item that it writes or checks
anyway, that this mark is absent. When the sum is down to LIFTED_AT of the limit, the marks are removed. So a limit can
be exceeded by what is written before the stream is read, and deleting always works.

What is rare is counted exactly, in the write itself: a project when it is created, the bytes of an announced file.

A record counts once: the write that adds its bytes also stores its sequence number, and requires that the number stored
before is the one that was read. One number per user is enough, because a table with a local index keeps all items of a
partition key together, so their records are in one shard or in its successors.

A recount adds up the items themselves. It happens when a user is counted for the first time (also on a new stream),
RECOUNTED_AFTER later, and when the sum crosses RECOUNTED_AT of the limit. It writes the user's item `FENCE` before and
after it reads, so the stream itself says which records it saw: those before the first are skipped, those after the
second counted. If a record comes between the two, nobody can say, and the recount is repeated.

A user who stores nothing and was never counted, or was erased, has no counters, and gets none: neither by the records
of what they had, nor by asking.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from dashboard_store.errors import QuotaExceeded
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import EXISTS, Condition, Item, Write, delete, put, update
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.stored_bytes import member_bytes, stored_bytes
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from dashboard_store.repository.changes import Change
    from dashboard_store.repository.member_usage import MemberUsage

FULL: Final = "full"
"""The mark on a project's item whose owner may store no more."""

MEMBERS_FULL: Final = "membersFull"
"""The mark on a project whose members together may store no more, and in `USAGE` the ids of these projects."""

LIFTED_AT: Final = 0.95
"""The part of a limit at which the verdict that it is reached is lifted."""

WRITABLE: Final = Condition(f"attribute_exists(#pk) AND attribute_not_exists(#{FULL})")
"""The condition on a project's item of every write that stores something."""

RECOUNTED_AT: Final = 0.8
RECOUNTED_AFTER: Final = timedelta(days=7)

MOST_RECOUNTS: Final = 3
"""How many recounts in a row a user who never rests may interrupt. The next one is an hour later."""
_AGAIN_AFTER: Final = timedelta(hours=1)


# Where the records are that come now, relative to the last recount. Not an enum, which every save's start would make.
_BEFORE, _DURING, _AFTER = range(3)


class Used(NamedTuple):
    """What a user stores."""

    projects: int
    stored_bytes: int


class Usage:
    def __init__(self, items: Items, settings: Settings, now: Callable[[], datetime]) -> None:
        self._items = items
        self._most_bytes = settings.max_stored_bytes
        self._most_projects = settings.max_projects
        self._most_drafts = settings.max_drafts
        self._most_member_bytes = settings.max_member_bytes
        self._now = now

    @cached_property
    def _members(self) -> "MemberUsage":
        # Imported here because saves need it only to be refused.
        from dashboard_store.repository.member_usage import MemberUsage  # noqa: PLC0415

        return MemberUsage(self._items, self._most_member_bytes)

    def of(self, user: str) -> Used:
        """Return what a user stores, as last counted. One who was never counted is, now, if they store anything."""
        return _used(self._counted(user))

    def another_project(self, user: str) -> Write:
        """Return the write that counts a new project; `refusal` explains why it failed."""
        room = Condition(
            f"attribute_not_exists(#{FULL}) AND (attribute_not_exists(#projects) OR #projects < :most)",
            {"most": self._most_projects},
        )
        return update(keys.usage(user), {}, room, add={"projects": 1})

    def one_project_less(self, user: str) -> Write:
        """Return the write that counts a purged project."""
        return update(keys.usage(user), {}, EXISTS, add={"projects": -1})

    def announced(self, user: str, size: int) -> Write:
        """Return the write that reserves the bytes of an announced file; `refusal` explains why it failed."""
        room = Condition(
            f"attribute_not_exists(#{FULL}) AND (attribute_not_exists(#storedBytes) OR #storedBytes <= :most)",
            {"most": self._most_bytes - size},
        )
        return update(keys.usage(user), {}, room, add={"storedBytes": size})

    def require_room_for_draft(self, drafts: int) -> None:
        """Raise QuotaExceeded if a project with this number of drafts may have no more.

        First saves of several drafts at once may exceed the limit.
        """
        if drafts >= self._most_drafts:
            detail = f"This project has {drafts} drafts, and the limit is {self._most_drafts}. Continue one of them."
            raise QuotaExceeded(detail, used=drafts, limit=self._most_drafts)

    @staticmethod
    def is_full(project: Item, address: ProjectAddress) -> bool:
        """Whether the user of a project may store no more in it, by its item."""
        return FULL in project or (address.guest is not None and MEMBERS_FULL in project)

    def refusal(self, address: ProjectAddress, *, is_project: bool = False, announced: int = 0) -> QuotaExceeded:
        """Return the error of a write that exceeds a quota, with `announced` bytes if it announces a file.

        A guest learns what all members store, and not what the owner does.
        """
        usage = self._items.get(keys.usage(address.owner)) or {}
        used = _used(usage)
        if address.guest:
            return self._members.refusal(usage, address.project_id)
        if is_project and used.projects >= self._most_projects:
            return QuotaExceeded(
                f"You have {used.projects} projects, and the limit is {self._most_projects}. "
                "Delete a project permanently before you create another one.",
                used=used.projects,
                limit=self._most_projects,
            )
        new = f", and the file would add {announced}" if announced else ""
        return QuotaExceeded(
            f"You store {used.stored_bytes} bytes{new}; the limit is {self._most_bytes}. "
            "Delete projects or tables that you no longer need.",
            used=used.stored_bytes,
            limit=self._most_bytes,
        )

    def count(self, user: str, changes: "Sequence[Change]") -> None:
        """Count records of a user's items, in the order of the stream, then mark their projects or remove the marks.

        Records that were counted before change nothing. Raises StorageUnavailable; then the records have to come again.
        """

        def attempt() -> Item:
            return self._count(user, self._items.get(keys.usage(user)) or {}, changes)

        usage = self._items.race(attempt, "changes to this user's usage")
        if usage.get(FULL, False) != usage.get("marked", False):
            self._mark(user, is_full=usage.get(FULL, False))
        self._members.mark(user, usage)

    def _count(self, user: str, usage: Item, changes: "Sequence[Change]") -> Item:
        last = changes[-1]
        position = {"stream": last.stream, "sequence": last.order}
        if self._is_due(usage) or usage.get("stream", last.stream) != last.stream:
            return self._recount(user, usage, position)
        new = [each for each in changes if each.order > usage.get("sequence", "")]
        phase, counted, is_interrupted = _sorted_out(usage, new)
        before, added = _used(usage).stored_bytes, sum(each.added_bytes for each in counted)
        close = self._most_bytes * RECOUNTED_AT
        crosses = before < close <= before + added and self._is_older(usage, _AGAIN_AFTER)
        is_spoiled = phase == _AFTER and is_interrupted and usage["recounts"] < MOST_RECOUNTS
        if is_spoiled or crosses or before + added < 0:
            return self._recount(user, usage, position, recounts=usage["recounts"] + 1 if is_spoiled else 1)
        if phase == _BEFORE or not new:
            return usage
        add = {"storedBytes": added, "projects": sum(each.added_projects for each in counted)}
        progress = {"phase": phase, "isInterrupted": is_interrupted, **self._members.after(usage, counted)}
        write, after = self._change(user, usage, {**position, **progress}, before + added, add)
        self._items.write_alone(write)
        return after

    def _recount(self, user: str, usage: Item, position: Item, recounts: int = 1) -> Item:
        """Add up everything that the user stores, and return their usage; empty for a user without any counter."""
        if not usage and not self._stores_anything(user):
            return {}
        began, fence = self._now(), secrets.token_hex(8)
        self._items.transact(put({**keys.fence(user), "fence": fence, "isEnd": False}))
        total, projects = 0, 0
        by_members: Counter[str] = Counter()
        for item in self._items.query(keys.partition(user)):
            if keys.is_stored(item):
                total += stored_bytes(item)
                projects += item["sk"].startswith((keys.PROJECTS, keys.DELETED_PROJECTS))
                by_members[keys.parts(item)[1][1]] += member_bytes(item)
        if not usage and not total:
            self._remove_fence(user, fence)
            return {}
        found = {"storedBytes": total, "projects": projects, "countedAt": retention.expires_at(began)}
        found |= self._members.verdict(usage, by_members)
        progress = {"fence": fence, "phase": _BEFORE, "isInterrupted": False, "recounts": recounts}
        write, after = self._change(user, usage, {**position, **found, **progress}, total, {})
        try:
            self._items.transact(write, put({**keys.fence(user), "fence": fence, "isEnd": True}, EXISTS))
        except ConditionFailed:
            self._remove_fence(user, fence)
            raise
        return after

    def _remove_fence(self, user: str, fence: str) -> None:
        """Remove the fence of a recount that came to nothing: if the user was erased meanwhile, none may stay."""
        with suppress(ConditionFailed):
            self._items.transact(delete(keys.fence(user), Condition("#fence = :own", {"own": fence})))

    def _stores_anything(self, user: str) -> bool:
        return any(map(keys.is_stored, self._items.query(keys.partition(user), names=("pk", "sk"))))

    def _change(self, user: str, usage: Item, assignments: Item, total: int, add: dict[str, int]) -> tuple[Write, Item]:
        """Return the write that changes a user's usage, provided that it is as it was read, and what it becomes."""
        is_full = total >= self._most_bytes or (usage.get(FULL, False) and total > self._most_bytes * LIFTED_AT)
        verdict = {FULL: True} if is_full else {}
        # An announced file or a new project adds to a sum while records are counted; a recount must not undo that.
        compared = ("sequence", "fence", *(("storedBytes", "projects") if not add else ()))
        gone = [] if is_full else [FULL]
        write = update(keys.usage(user), {**assignments, **verdict}, _unchanged(usage, compared), remove=gone, add=add)
        kept = {name: value for name, value in usage.items() if name not in gone}
        return write, {**kept, **assignments, **verdict}

    def _counted(self, user: str) -> Item:
        def attempt() -> Item:
            usage = self._items.get(keys.usage(user)) or {}
            return usage if "countedAt" in usage else self._recount(user, usage, {})

        return self._items.race(attempt, "changes to this user's usage")

    def _is_due(self, usage: Item) -> bool:
        if "countedAt" not in usage or self._is_older(usage, RECOUNTED_AFTER):
            return True
        # Its fences did not come, or it was interrupted to the last.
        is_inexact = usage["phase"] != _AFTER or usage["isInterrupted"]
        return is_inexact and self._is_older(usage, _AGAIN_AFTER)

    def _is_older(self, usage: Item, age: timedelta) -> bool:
        return bool(usage["countedAt"] <= retention.expires_at(self._now() - age))

    def _mark(self, user: str, *, is_full: bool) -> None:
        """Set or remove the mark on every project, also on deleted ones, which may be restored."""
        # A project that is deleted or restored meanwhile moves with the mark that it had: look again until all have it.
        while keys_to_mark := [*self._projects_marked(user, marked=not is_full)]:
            for key in keys_to_mark:
                mark = update(key, {FULL: True} if is_full else {}, EXISTS, remove=() if is_full else (FULL,))
                try:
                    self._items.write_alone(mark)
                except ConditionFailed:
                    # It was deleted or restored in the meantime.
                    continue
        marked: Item = {"marked": True} if is_full else {}
        self._items.write_alone(update(keys.usage(user), marked, EXISTS, remove=() if is_full else ("marked",)))

    def _projects_marked(self, user: str, *, marked: bool) -> Iterator[Item]:
        for prefix in (keys.PROJECTS, keys.DELETED_PROJECTS):
            for item in self._items.query(keys.partition(user), prefix, ("pk", "sk", FULL)):
                if (FULL in item) == marked:
                    yield {"pk": item["pk"], "sk": item["sk"]}


def _used(usage: Item) -> Used:
    return Used(usage.get("projects", 0), usage.get("storedBytes", 0))


def _sorted_out(usage: Item, changes: "Sequence[Change]") -> "tuple[int, list[Change], bool]":
    """Return where the last recount's records have come to, those to count, and whether some fell into its time."""
    phase, counted, is_interrupted = usage["phase"], [], bool(usage["isInterrupted"])
    for change in changes:
        if keys.is_fence(change.item):
            if change.item["fence"] == usage["fence"]:
                phase = _AFTER if change.item["isEnd"] else _DURING
        elif phase == _AFTER:
            counted.append(change)
        elif phase == _DURING:
            is_interrupted = True
    return phase, counted, is_interrupted


def _unchanged(usage: Item, names: Sequence[str]) -> Condition:
    values: dict[str, Any] = {name: usage[name] for name in names if name in usage}
    parts = [f"#{name} = :{name}" if name in values else f"attribute_not_exists(#{name})" for name in names]
    return Condition(" AND ".join(parts), values)
