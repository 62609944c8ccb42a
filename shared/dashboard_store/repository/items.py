"""The table as this package uses it: plain dicts in and out, domain errors, bounded retries."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from dashboard_store.dynamodb.protocol import (
    RETRYABLE_CODES,
    Refused,
    Transport,
    Unreachable,
    marshal,
    serialize,
    unmarshal,
)
from dashboard_store.errors import StorageUnavailable

type Item = dict[str, Any]

ATTEMPTS: Final = 5
# Doubles with each attempt; the wait is drawn from zero up to it, so that writers that met once do not meet again.
BACKOFF_SECONDS: Final = 0.025
LONGEST_BACKOFF_SECONDS: Final = 0.4

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_TRANSIENT_REASONS: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class ConditionFailed(Exception):  # noqa: N818 - an outcome of a write, turned into a domain error by its caller
    """A write's condition did not hold, so nothing was written.

    `found` has an entry for each write of the transaction: None where its condition held; else the item as it is now,
    `{}` if there is none.
    """

    def __init__(self, found: Sequence[Item | None]) -> None:
        super().__init__("a condition did not hold")
        self.found = tuple(found)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition expression and its values; `#name` stands for the attribute `name`, which may be a reserved word."""

    expression: str
    values: Mapping[str, Any] = field(default_factory=dict)


EXISTS: Final = Condition("attribute_exists(#pk)")
IS_NEW: Final = Condition("attribute_not_exists(#pk)")


def put(item: Item, condition: Condition | None = None) -> dict[str, Any]:
    """Make the part of a transaction that replaces an item."""
    return {"Put": {"Item": marshal(item), **_conditional(condition)}}


def update(
    key: Item,
    assignments: Mapping[str, Any],
    condition: Condition,
    remove: Sequence[str] = (),
    add: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """Make the part of a transaction that sets attributes, named by their document paths, and removes others.

    What `add` names grows by the number given.
    """
    expression = _update_expression(tuple(assignments), tuple(remove), tuple(add))
    values = {str(index): value for index, value in enumerate(assignments.values())}
    values |= {f"add_{name}": by for name, by in add.items()}
    named = _conditional(Condition(condition.expression, {**condition.values, **values}), expression)
    return {"Update": {"Key": marshal(key), "UpdateExpression": expression, **named}}


def delete(key: Item, condition: Condition) -> dict[str, Any]:
    """Make the part of a transaction that removes an item."""
    return {"Delete": {"Key": marshal(key), **_conditional(condition)}}


def check(key: Item, condition: Condition) -> dict[str, Any]:
    """Make the part of a transaction that only asks for a condition."""
    return {"ConditionCheck": {"Key": marshal(key), **_conditional(condition)}}


# Expressions are written by this package, so there are few of them, and each is used for every save.
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


def _conditional(condition: Condition | None, also: str = "") -> dict[str, Any]:
    if condition is None:
        return {}
    values = {f":{name}": serialize(value) for name, value in condition.values.items()}
    return {
        "ConditionExpression": condition.expression,
        "ExpressionAttributeNames": _names(condition.expression, also),
        **({"ExpressionAttributeValues": values} if values else {}),
        # The loser of a race learns what won without a second request.
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


class Contended(StorageUnavailable):
    """A write met a transaction, or a transaction a throttle; nothing was written."""

    def __init__(self) -> None:
        super().__init__("Too many changes to the same project at once.")


class Items:
    """One DynamoDB table behind a client; `pause` waits for a number of seconds between attempts.

    `units` are the read and write request units that its calls consumed since it was last set to 0, those apart that
    DynamoDB does not tell: of calls that it refused.
    """

    def __init__(self, client: Transport, name: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._pause = pause
        self.units = 0.0

    def get(self, key: Item) -> Item | None:
        """Read one item, strongly consistent: what was just saved is there."""
        with _translated():
            answer = self._call("GetItem", TableName=self._name, Key=marshal(key), ConsistentRead=True)
        return unmarshal(answer["Item"]) if "Item" in answer else None

    def get_snapshot(self, keys: Sequence[Item]) -> list[Item | None]:
        """Read several items as they were at one moment."""
        gets = [{"Get": {"TableName": self._name, "Key": marshal(key)}} for key in keys]
        answer = self._retried(lambda: self._call("TransactGetItems", TransactItems=gets))
        return [unmarshal(response["Item"]) if "Item" in response else None for response in answer["Responses"]]

    def get_many(self, keys: Sequence[Item]) -> list[Item]:
        """Read up to 100 items, each strongly consistent, in any order; absent ones are left out."""
        found: list[Item] = []
        wanted = [marshal(key) for key in keys]
        for attempt in range(ATTEMPTS):
            if not wanted:
                return found
            if attempt:
                self.back_off(attempt)
            with _translated():
                request = {self._name: {"Keys": wanted, "ConsistentRead": True}}
                answer = self._call("BatchGetItem", RequestItems=request)
            found += map(unmarshal, answer["Responses"].get(self._name, []))
            left = answer["UnprocessedKeys"].get(self._name)
            wanted = left["Keys"] if left else []
        if wanted:
            raise StorageUnavailable("The database did not return every item in time.")
        return found

    def newest(self, pk: str, prefix: str, limit: int, after: Item | None = None) -> list[Item]:
        """Read what the listing index holds under a prefix, the highest `listKey` first."""
        values = {":pk": serialize(pk), ":prefix": serialize(prefix)}
        start = {"ExclusiveStartKey": marshal(after)} if after else {}
        with _translated():
            answer = self._call(
                "Query",
                TableName=self._name,
                IndexName="listing",
                KeyConditionExpression="pk = :pk AND begins_with(listKey, :prefix)",
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit,
                **start,
            )
        return [unmarshal(item) for item in answer["Items"]]

    def transact(self, *writes: dict[str, Any], attempts: int = ATTEMPTS) -> None:
        """Do all of the writes or none. Raises ConditionFailed, or StorageUnavailable, which is Contended by others.

        A repeated attempt carries the token of the first, which the client adds, only within one call; across calls the
        conditions on the version make a write that did go through a ConditionFailed, never a second change.
        """
        named = [{kind: {"TableName": self._name, **part} for kind, part in write.items()} for write in writes]
        self._retried(lambda: self._call("TransactWriteItems", TransactItems=named), attempts)

    def alone(self, write: dict[str, Any]) -> None:
        """Do one `update` outside of any transaction. Raises as `transact`."""
        self._retried(lambda: self._call("UpdateItem", TableName=self._name, **write["Update"]))

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - what the operation takes
        answer = self._client.call(operation, {**request, "ReturnConsumedCapacity": "TOTAL"})
        consumed = answer.get("ConsumedCapacity", [])
        each = consumed if isinstance(consumed, list) else [consumed]
        self.units += sum(capacity["CapacityUnits"] for capacity in each)
        return answer

    def _retried(self, call: Callable[[], dict[str, Any]], attempts: int = ATTEMPTS) -> dict[str, Any]:
        for attempt in range(1, attempts):
            try:
                with _translated():
                    return call()
            except Contended:
                self.back_off(attempt)
        with _translated():
            return call()

    def back_off(self, attempt: int) -> None:
        """Wait before another attempt, the longer the more there were, and never as long as the others."""
        longest = min(BACKOFF_SECONDS * 2**attempt, LONGEST_BACKOFF_SECONDS)
        # The system's source: instances that SnapStart makes of one snapshot share the state of every other one.
        self._pause(random.SystemRandom().uniform(0, longest))


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a client raises where a retry may work into StorageUnavailable, and a condition into what it found."""
    try:
        yield
    except Unreachable as exc:
        raise StorageUnavailable("The database is out of reach.") from exc
    except Refused as exc:
        if exc.code == "TransactionCanceledException":
            raise _cancellation(exc.response.get("CancellationReasons", [])) from exc
        if exc.code == "TransactionConflictException":
            raise Contended from exc
        if exc.code == "ConditionalCheckFailedException":
            raise ConditionFailed([_found({"Code": "ConditionalCheckFailed", **exc.response})]) from exc
        if exc.code in RETRYABLE_CODES:
            raise StorageUnavailable("The database is busy.") from exc
        raise


def _cancellation(reasons: Sequence[Mapping[str, Any]]) -> Exception:
    # A failed condition is final: another attempt of the same writes would fail it again.
    if any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
        return ConditionFailed([_found(reason) for reason in reasons])
    if any(reason.get("Code") in _TRANSIENT_REASONS for reason in reasons):
        return Contended()
    codes = ", ".join(str(reason.get("Code")) for reason in reasons)
    return RuntimeError(f"The database refused a transaction: {codes}.")


def _found(reason: Mapping[str, Any]) -> Item | None:
    if reason.get("Code") != "ConditionalCheckFailed":
        return None
    return unmarshal(reason.get("Item", {}))
