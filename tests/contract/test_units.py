"""What the log says that a request consumed is what DynamoDB counts."""

from collections.abc import Callable

import pytest

from dashboard_store.repository.items import EXISTS, IS_NEW, Item, Items, put, update
from dashboard_store.repository.keys import user_partition

# Each kind of call that the table makes, about one item of less than 1 KB, with the units that AWS bills for it.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
CALLS: dict[str, tuple[Callable[[Items, Item], object], float]] = {
    "a strongly consistent read": (lambda table, key: table.get(key), 1),
    "a read in a transaction": (lambda table, key: table.get_snapshot([key]), 2),
    "a read of several": (lambda table, key: table.get_many([key]), 1),
    "a query": (lambda table, key: table.newest(key["pk"], "PROJECT#", 5), 1),
    "a write in a transaction": (lambda table, key: table.transact(update(key, {"seen": 1}, EXISTS)), 2),
    "a write alone": (lambda table, key: table.alone(update(key, {"seen": 1}, EXISTS)), 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_units_are_what_the_engine_counts(table: Items, user: str, name: str) -> None:
    """Each call adds what it consumed, and what was before stays until it is taken away."""
    call, units = CALLS[name]
    key = {"pk": user_partition(user), "sk": "PROJECT#p"}
    table.transact(put({**key, "listKey": "PROJECT#2026", "summary": {"name": "P"}}, IS_NEW))
    table.units = 10
    call(table, key)
    assert table.units == 10 + units
