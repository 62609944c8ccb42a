"""How much the members of each project store, and the verdict whether they may store more there.

`usage` counts it together with what the owner stores, in the same item and by the same records:

| Attribute of `USAGE` | Holds |
|---|---|
| `memberBytes` | by the project's id, the bytes of the items that members put; a project without any is absent |
| `membersFull` | the ids of the projects whose members may store no more |
| `membersMarked` | the ids of those whose items say so |
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dashboard_store.errors import QuotaExceeded
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.changes import Change
from dashboard_store.repository.expressions import EXISTS, Item, update
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.usage import LIFTED_AT, MEMBERS_FULL

_BYTES: Final = "memberBytes"
_MARKED: Final = "membersMarked"


class MemberUsage:
    def __init__(self, items: Items, most_bytes: int) -> None:
        self._items = items
        self._most_bytes = most_bytes

    def after(self, usage: Item, changes: Sequence[Change]) -> Item:
        """Return the attributes of a user's usage after records that are counted; none if they change nothing."""
        added = [(keys.parts(change.item)[1][1], change.added_by_members) for change in changes]
        total: dict[str, int] = dict(usage.get(_BYTES, {}))
        for project_id, by in added:
            total[project_id] = total.get(project_id, 0) + by
        return self.verdict(usage, total) if any(by for _, by in added) else {}

    def verdict(self, usage: Item, total: Mapping[str, int]) -> Item:
        """Return the attributes of a usage where members store `total`, by project."""
        stored = {project_id: count for project_id, count in total.items() if count > 0}
        lifted = self._most_bytes * LIFTED_AT
        were_full = usage.get(MEMBERS_FULL, [])
        full = [
            project_id
            for project_id, count in stored.items()
            if count >= self._most_bytes or (project_id in were_full and count > lifted)
        ]
        return {_BYTES: stored, MEMBERS_FULL: sorted(full)} if stored or _BYTES in usage else {}

    def mark(self, user: str, usage: Item) -> None:
        """Set or remove the mark on the projects of which the verdict has changed."""
        full, marked = set(usage.get(MEMBERS_FULL, [])), set(usage.get(_MARKED, []))
        if full == marked:
            return
        for project_id in full ^ marked:
            self._mark(ProjectAddress(user, project_id), is_full=project_id in full)
        self._items.write_alone(update(keys.usage(user), {_MARKED: sorted(full)}, EXISTS))

    def refusal(self, usage: Item, project_id: str) -> QuotaExceeded:
        """Return the error of a write by a member that exceeds a quota."""
        if project_id not in usage.get(MEMBERS_FULL, []):
            limit = self._most_bytes
            detail = "The owner of this project may store no more. Ask them to delete what they no longer need."
            return QuotaExceeded(detail, used=limit, limit=limit)
        used: int = usage[_BYTES][project_id]
        detail = (
            f"The members of this project store {used} bytes together; the limit is {self._most_bytes}. "
            "Ask its owner to delete what is no longer needed."
        )
        return QuotaExceeded(detail, used=used, limit=self._most_bytes)

    def _mark(self, address: ProjectAddress, *, is_full: bool) -> None:
        """Mark a project where it is, also while it is deleted: it may be restored."""
        marks: dict[str, Any] = {MEMBERS_FULL: True} if is_full else {}
        gone = () if is_full else (MEMBERS_FULL,)
        place = keys.project(address)
        for key in (place, keys.deleted(place)):
            try:
                self._items.write_alone(update(key, marks, EXISTS, remove=gone))
            except ConditionFailed:
                # It is not there, but perhaps in the other place.
                continue
