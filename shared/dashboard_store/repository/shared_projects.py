"""The list of the projects that were shared with a user or their teams.

It is read from the entries in their own partitions. An entry proves nothing: each project is shown only if a grant in
its owner's partition still lets the user in, and once, where its newest grant puts it.
"""

import heapq
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from itertools import batched, islice
from typing import Final

from dashboard_store.documents.json_text import JsonObject
from dashboard_store.errors import FieldError, InvalidQuery
from dashboard_store.identifiers import Guest, ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.grants import Door, doors, granted, incarnation_of
from dashboard_store.repository.items import Items
from dashboard_store.repository.member_ids import member_id
from dashboard_store.repository.project_items import project_summary
from dashboard_store.repository.projects import ProjectPage
from dashboard_store.settings import Settings

MOST_KEYS: Final = 100
"""The most items that one request reads."""

_CURSOR: Final = re.compile(r"([0-9T:.Z-]{24})#([A-Za-z0-9_-]{43})")


class SharedProjects:
    def __init__(self, items: Items, settings: Settings) -> None:
        self._items = items
        self._key = settings.log_key

    def page(self, guest: Guest, limit: int, cursor: str | None) -> ProjectPage:
        """List what was shared with a user, the newest grant first. Raises InvalidQuery for another list's cursor."""
        # By their places: two entries at one place are those of two teams that were let in at once.
        found: dict[str, JsonObject] = {}
        entries = self._entries(guest, limit + 1, None if cursor is None else _read_cursor(cursor))
        while len(found) <= limit:
            some = list(islice(entries, limit + 1 - len(found)))
            if not some:
                break
            found |= self._valid(guest, some)
        shown = list(found)[:limit]
        return ProjectPage([found[place] for place in shown], _cursor(shown[-1]) if len(found) > limit else None)

    def _entries(self, guest: Guest, page: int, after: str | None) -> Iterator[Item]:
        """Yield the entries of a user and of each of their teams, the newest first."""
        partitions = [keys.partition(guest.user), *map(keys.team_partition, guest.teams)]
        lists = [self._items.query_newest(pk, keys.SHARED, page, _start(pk, after)) for pk in partitions]
        return heapq.merge(*lists, key=lambda item: str(item["listKey"]), reverse=True)

    def _valid(self, guest: Guest, entries: Sequence[Item]) -> Iterator[tuple[str, JsonObject]]:
        """Yield the place in the list, and what it shows, of each entry that is its project's newest one."""
        addresses = [_address(entry, guest) for entry in entries]
        items = self._read([key for address in addresses for key in _keys(address, guest)])
        for entry, address in zip(entries, addresses, strict=True):
            project, *grants = (items.get(keys.name(key)) for key in _keys(address, guest))
            # Owners are in the teams that they let in.
            if project is None or address.owner == guest.user:
                continue
            shown = self._shown(project, list(zip(doors(address, guest), grants, strict=True)), entry["summary"])
            if shown:
                yield entry["listKey"], shown

    def _shown(self, project: Item, found: Sequence[tuple[Door, Item | None]], entry: Item) -> JsonObject | None:
        """Return what the list shows of a project; None unless its newest grant is that of the entry."""
        incarnation = incarnation_of(project)
        grant = granted(found, incarnation)
        since = [item["since"] for _, item in found if item and "role" in item and item["incarnation"] == incarnation]
        if grant is None or max(since) != entry["since"]:
            return None
        address = keys.project_of(project)
        name = {"name": entry["name"]} if "name" in entry else {}
        owner = {"id": member_id(self._key, address, address.owner), **name}
        return {**project_summary(project), "owner": owner, "role": grant.role.word, "since": entry["since"]}

    def _read(self, wanted: Sequence[Item]) -> dict[tuple[str, str], Item]:
        """Read items by their names, each once."""
        once = list({keys.name(key): key for key in wanted}.values())
        some = (self._items.get_together(part) for part in batched(once, MOST_KEYS, strict=False))
        return {keys.name(item): item for part in some for item in part if item}


def _keys(address: ProjectAddress, guest: Guest) -> list[Item]:
    return [keys.project(address), *(door.key for door in doors(address, guest))]


def _address(entry: Item, guest: Guest) -> ProjectAddress:
    return ProjectAddress(entry["summary"]["owner"], entry["summary"]["projectId"], guest)


def _start(pk: str, after: str | None) -> Item | None:
    """Return where the list of a partition goes on after a place in the whole list."""
    if after is None:
        return None
    return {"pk": pk, "sk": f"{keys.SHARED}{after.rpartition('#')[2]}", "listKey": after}


def _cursor(place: str) -> str:
    return urlsafe_b64encode(place.removeprefix(keys.SHARED).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> str:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        text = ""
    if not _CURSOR.fullmatch(text):
        error = FieldError("cursor", "This cursor is not from this list.")
        raise InvalidQuery("The query parameter cursor is not valid.", [error])
    return f"{keys.SHARED}{text}"
