"""The parts of a DynamoDB transaction, as pure functions: items, conditions and updates.

In every expression, `#name` stands for the attribute `name`, which may be one of DynamoDB's reserved words.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from dashboard_store.dynamodb.protocol import marshal, serialize
from dashboard_store.repository.formats import FORMAT, READABLE, numbered

type Item = dict[str, Any]
"""An item as a Python dict, or the key of one."""

type Write = dict[str, Any]
"""One member of `TransactItems` in `TransactWriteItems`, without the table name."""


class Condition(NamedTuple):
    """A condition expression, and its values by name."""

    expression: str
    values: Mapping[str, Any] = MappingProxyType({})


EXISTS: Final = Condition("attribute_exists(#pk)")
IS_NEW: Final = Condition("attribute_not_exists(#pk)")

_BY_NAME: Final = ("ExpressionAttributeNames", "ExpressionAttributeValues")

# A part of every condition. Where it fails, reading the item that was found raises NewerFormat.
_IS_READABLE: Final = f"(attribute_not_exists(#{FORMAT}) OR #{FORMAT} <= :readable)"


def put(item: Item, condition: Condition | None = None) -> Write:
    """Replace an item by one with the number of its format (see `formats`)."""
    return {"Put": {"Item": marshal(numbered(item)), **_conditional(condition)}}


def update(
    key: Item,
    assignments: Mapping[str, Any],
    condition: Condition,
    remove: Sequence[str] = (),
    add: Mapping[str, int] = MappingProxyType({}),
) -> Write:
    """Set attributes by document path, remove those in `remove`, and add the numbers in `add` to theirs."""
    expression = _update_expression(tuple(assignments), tuple(remove), tuple(add))
    values = {str(index): value for index, value in enumerate(assignments.values())}
    values |= {f"add_{name}": by for name, by in add.items()}
    named = _conditional(Condition(condition.expression, {**condition.values, **values}), expression)
    return {"Update": {"Key": marshal(key), "UpdateExpression": expression, **named}}


def delete(key: Item, condition: Condition | None = None) -> Write:
    """Remove an item, present or not unless a condition requires it."""
    return {"Delete": {"Key": marshal(key), **_conditional(condition)}}


def check(key: Item, condition: Condition) -> Write:
    """Require a condition without writing."""
    return {"ConditionCheck": {"Key": marshal(key), **_conditional(condition)}}


def also(write: Write, condition: Condition) -> Write:
    """Require another condition of a write; the values of the two must have different names."""
    ((kind, part),) = write.items()
    added = _conditional(condition)
    both = " AND ".join(filter(None, (part.get("ConditionExpression"), added["ConditionExpression"])))
    merged = {name: {**part.get(name, {}), **added[name]} for name in _BY_NAME}
    return {kind: {**part, **added, **merged, "ConditionExpression": both}}


# Only this package writes expressions, so there are few of them to cache.
@cache
def _update_expression(paths: tuple[str, ...], remove: tuple[str, ...], add: tuple[str, ...]) -> str:
    sets = ", ".join(f"#{path.replace('.', '.#')} = :{index}" for index, path in enumerate(paths))
    removes = ", ".join(f"#{name}" for name in remove)
    adds = ", ".join(f"#{name} :add_{name}" for name in add)
    clauses = (("SET", sets), ("REMOVE", removes), ("ADD", adds))
    return " ".join(f"{verb} {what}" for verb, what in clauses if what)


@cache
def _names(*expressions: str) -> Mapping[str, str]:
    return {name: name[1:] for name in re.findall(r"#\w+", " ".join(expressions))}


def _conditional(condition: Condition | None, update_expression: str = "") -> dict[str, Any]:
    if condition is None:
        return {}
    values = {f":{name}": serialize(value) for name, value in condition.values.items()}
    return {
        "ConditionExpression": f"({condition.expression}) AND {_IS_READABLE}",
        "ExpressionAttributeNames": _names(condition.expression, update_expression, _IS_READABLE),
        "ExpressionAttributeValues": {**values, ":readable": serialize(READABLE)},
        # The loser of a race gets the winning item without a second request.
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
