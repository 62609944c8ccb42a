"""The units that the log reports for a request are those that DynamoDB counts."""

from collections.abc import Callable

import pytest

from dashboard_store.repository import keys
from dashboard_store.repository.expressions import EXISTS, IS_NEW, Item, put, update
from dashboard_store.repository.items import Items
from dashboard_store.store import Store

# Each kind of call that `Items` makes, for one item of less than 1 KB, with the units that AWS bills for it.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
CALLS: dict[str, tuple[Callable[[Items, Item], object], float]] = {
    "a strongly consistent read": (lambda items, key: items.get(key), 1),
    "a read in a transaction": (lambda items, key: items.get_snapshot([key]), 2),
    "a read of several": (lambda items, key: items.get_together([key]), 1),
    "a query": (lambda items, key: list(items.query_newest(key["pk"], "PROJECT#", 5)), 1),
    "a write in a transaction": (lambda items, key: items.transact(update(key, {"seen": 1}, EXISTS)), 2),
    "a write alone": (lambda items, key: items.write_alone(update(key, {"seen": 1}, EXISTS)), 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_units_are_what_the_engine_counts(store: Store, user: str, name: str) -> None:
    """Each call adds the units that it consumes to the previous count."""
    call, units = CALLS[name]
    key = {"pk": keys.partition(user), "sk": "PROJECT#p"}
    store.items.transact(put({**key, "listKey": "PROJECT#2026", "summary": {"name": "P"}}, IS_NEW))
    store.items.units = 10
    call(store.items, key)
    assert store.items.units == 10 + units
