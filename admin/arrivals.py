"""Bring projects into being that existed elsewhere before: with their ids, times and history.

Theory of operation
===================

What does not fit into one transaction is put before the project itself: its history, its drafts, its earlier tables. No
reader reaches any of it while there is no project. Each of these transactions requires that the project is absent, so
none changes what somebody made under the same id meanwhile; if somebody did, what was put is taken back. The last
transaction puts the project, its config, its table and its analysis at once, so there is never half a project. An
interrupted arrival is repeated: the same items are put again.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from dashboard_store.errors import ProjectExists
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import IS_NEW, Condition, Item, Write, check, delete, put
from dashboard_store.repository.grants import incarnation_of
from dashboard_store.repository.items import ConditionFailed
from dashboard_store.repository.stored_bytes import stored_bytes
from dashboard_store.store import Store

# A transaction has at most 100 items and 4 MB; names and values are longer in a request than they are stored.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_MOST_ITEMS: Final = 90
_MOST_BYTES: Final = 2_500_000


class Arrivals:
    """Creates the projects of a store's users from their items."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def require_absent(self, address: ProjectAddress) -> None:
        """Raise ProjectExists if there is a project with the id, or a deleted one."""
        places = self._store.items.get_together(_places(address))
        if any(places):
            raise _exists(address, is_deleted=places[0] is None)

    def create(
        self, address: ProjectAddress, heads: Sequence[Item], before: Iterable[Item], takeovers: Sequence[Write] = ()
    ) -> None:
        """Create a project of `heads`: its own item first, then its config, its table and its analysis.

        The heads of a deleted project have the keys of one. `before` is what is put first, in its order; `takeovers`
        are the writes with which the items take objects over. Raises ProjectExists or QuotaExceeded.
        """
        project, *parts = heads
        arrived: list[Item] = []
        try:
            for some in _transactions(before):
                arrived += map(_without_bytes, some)
                self._store.items.transact(*_absent(address), *map(put, some))
            counted = self._store.usage.another_project(address.owner)
            self._store.items.transact(*_absent(address, project), counted, *map(put, parts), *takeovers)
        except ConditionFailed as exc:
            # In the order of the writes: the two places of a project, then the user's count.
            there, deleted, *others = exc.found
            found = there or deleted
            if found and incarnation_of(found) == incarnation_of(project):
                # An attempt whose answer was lost took effect, or another run of the same command was quicker.
                raise _exists(address, is_deleted=there is None) from exc
            self._take_back(arrived)
            if found:
                raise _exists(address, is_deleted=there is None) from exc
            if any(others[:1]):
                raise self._store.usage.refusal(address, is_project=True) from exc
            raise

    def _take_back(self, arrived: Iterable[Item]) -> None:
        """Remove what was put, unless somebody has replaced it since."""
        for item in arrived:
            with contextlib.suppress(ConditionFailed):
                self._store.items.transact(delete({"pk": item["pk"], "sk": item["sk"]}, _is(item)))


def _places(address: ProjectAddress) -> list[Item]:
    place = keys.project(address)
    return [place, keys.deleted(place)]


def _absent(address: ProjectAddress, project: Item | None = None) -> list[Write]:
    """Require that neither a project nor a deleted one is there; put `project` in its place."""
    return [
        put(project, IS_NEW) if project and keys.name(project) == keys.name(key) else check(key, IS_NEW)
        for key in _places(address)
    ]


def _without_bytes(item: Item) -> Item:
    return {name: value for name, value in item.items() if not isinstance(value, bytes)}


def _is(item: Item) -> Condition:
    """Require that an item has these attributes and values."""
    return Condition(" AND ".join(f"#{name} = :{name}" for name in item), item)


def _exists(address: ProjectAddress, *, is_deleted: bool) -> ProjectExists:
    kind = "deleted project" if is_deleted else "project"
    return ProjectExists(f"The user has a {kind} with the id {address.project_id}.")


def _transactions(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield items in groups of which each fits into a transaction."""
    some: list[Item] = []
    size = 0
    for item in items:
        # The object is not part of the item.
        added = stored_bytes(item) - item.get("objectBytes", 0)
        if some and (len(some) == _MOST_ITEMS or size + added > _MOST_BYTES):
            yield some
            some, size = [], 0
        some.append(item)
        size += added
    if some:
        yield some
