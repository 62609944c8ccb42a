"""The list of a user's deleted projects, as long as they can be restored."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice, takewhile

from dashboard_store.documents.json_text import JsonObject
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.items import Items
from dashboard_store.repository.project_items import project_summary
from dashboard_store.repository.projects import ProjectPage, cursor_after, read_cursor


class DeletedProjects:
    def __init__(self, items: Items, now: Callable[[], datetime]) -> None:
        self._items = items
        self._now = now

    def page(self, owner: str, limit: int, cursor: str | None) -> ProjectPage:
        """List the projects that can be restored, the last deleted first. Raises InvalidQuery for an unknown cursor."""
        after = _place(owner, *read_cursor(cursor)) if cursor is not None else None
        entries = self._items.query_newest(keys.partition(owner), keys.DELETED_PROJECTS, limit + 1, after)
        # The others come last: they are kept because their ids stay taken.
        found = list(islice(takewhile(self._is_restorable, entries), limit + 1))
        shown = found[:limit]
        return ProjectPage([_summary(item) for item in shown], cursor_after(shown[-1]) if len(found) > limit else None)

    def _is_restorable(self, item: Item) -> bool:
        return _restorable_until(_deleted_at(item)) > self._now().timestamp()


def _place(owner: str, deleted_at: str, project_id: str) -> Item:
    address = ProjectAddress(owner, project_id)
    return {**keys.deleted(keys.project(address)), "listKey": keys.listed_deleted(address, deleted_at)}


def _summary(item: Item) -> JsonObject:
    deleted_at = _deleted_at(item)
    until = datetime.fromtimestamp(_restorable_until(deleted_at), UTC)
    return {**project_summary(item), "deletedAt": deleted_at, "restorableUntil": keys.timestamp(until)}


def _deleted_at(item: Item) -> str:
    deleted_at: str = item["listKey"].removeprefix(keys.DELETED_PROJECTS).partition("#")[0]
    return deleted_at


def _restorable_until(deleted_at: str) -> int:
    """Return the project's `restorableUntil`, which the index does not hold."""
    return retention.expires_at(datetime.fromisoformat(deleted_at) + retention.RESTORABLE)
