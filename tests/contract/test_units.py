"""What the log says that a request consumed is what DynamoDB counts."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from conftest import TABLE

from dashboard_store.repository.table import EXISTS, IS_NEW, Table, put, update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = {"pk": "USER#u", "sk": "PROJECT#p"}
ITEM = {**KEY, "listKey": "PROJECT#2026", "summary": {"name": "P"}}

# Each kind of call that the table makes, about one item of less than 1 KB, with the units that AWS bills for it.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
CALLS: dict[str, tuple[Callable[[Table], object], float]] = {
    "a strongly consistent read": (lambda table: table.get(KEY), 1),
    "a read in a transaction": (lambda table: table.get_snapshot([KEY]), 2),
    "a read of several": (lambda table: table.get_many([KEY]), 1),
    "a query": (lambda table: table.newest("USER#u", "PROJECT#", 5), 1),
    "a write in a transaction": (lambda table: table.transact(update(KEY, {"seen": 1}, EXISTS)), 2),
    "a write alone": (lambda table: table.alone(update(KEY, {"seen": 1}, EXISTS)), 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_units_are_what_the_engine_counts(dynoxide_client: "DynamoDBClient", name: str) -> None:
    """Each call adds what it consumed, and what was before stays until it is taken away."""
    call, units = CALLS[name]
    table = Table(dynoxide_client, TABLE)
    table.transact(put(ITEM, IS_NEW))
    table.units = 10
    call(table)
    assert table.units == 10 + units
