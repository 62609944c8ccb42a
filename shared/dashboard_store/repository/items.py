"""The items of one DynamoDB table: plain dicts in and out, domain errors, bounded retries."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from dashboard_store import retry
from dashboard_store.dynamodb.protocol import Refused, Transport, Unreachable, marshal, serialize, unmarshal
from dashboard_store.errors import StorageUnavailable
from dashboard_store.repository.expressions import Item, Write

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_TRANSIENT_REASONS: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class ConditionFailed(Exception):  # noqa: N818 - an outcome of a write that callers turn into a domain error
    """A write's condition did not hold, so nothing was written.

    `found` has an entry for each write of the transaction: None if its condition held, else the current item, or `{}`
    without one.
    """

    def __init__(self, found: Sequence[Item | None]) -> None:
        super().__init__("a condition did not hold")
        self.found = tuple(found)


class Contended(StorageUnavailable):
    """A write conflicted with a transaction, or a transaction was throttled; nothing was written."""

    def __init__(self) -> None:
        super().__init__("There are too many concurrent changes to this project. Try again.")


class _Incomplete(StorageUnavailable):
    """A batch left keys unprocessed."""

    def __init__(self) -> None:
        super().__init__("The database did not return every item in time. Try again.")


class Items:
    """The items of one table behind a transport; `pause` sleeps for a number of seconds between attempts.

    `units` is the number of read and write request units that all calls consumed so far. DynamoDB does not report those
    of refused calls.
    """

    def __init__(self, transport: Transport, table_name: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._transport = transport
        self._table_name = table_name
        self._pause = pause
        self.units = 0.0

    def get(self, key: Item) -> Item | None:
        """Read one item with strong consistency, so that a read after a save sees it."""
        with _translated():
            response = self._call("GetItem", TableName=self._table_name, Key=marshal(key), ConsistentRead=True)
        return unmarshal(response["Item"]) if "Item" in response else None

    def get_snapshot(self, keys: Sequence[Item]) -> list[Item | None]:
        """Read several items in one snapshot, in the order of their keys."""
        gets = [{"Get": {"TableName": self._table_name, "Key": marshal(key)}} for key in keys]
        response = self._uncontended("TransactGetItems", TransactItems=gets)
        return [unmarshal(each["Item"]) if "Item" in each else None for each in response["Responses"]]

    def get_many(self, keys: Sequence[Item]) -> list[Item]:
        """Read up to 100 items, each with strong consistency, in any order; absent ones are omitted."""
        found: list[Item] = []
        wanted = [marshal(key) for key in keys]

        def read() -> list[Item]:
            nonlocal wanted
            if wanted:
                request = {self._table_name: {"Keys": wanted, "ConsistentRead": True}}
                with _translated():
                    response = self._call("BatchGetItem", RequestItems=request)
                found.extend(map(unmarshal, response["Responses"].get(self._table_name, [])))
                wanted = response["UnprocessedKeys"].get(self._table_name, {"Keys": []})["Keys"]
            if wanted:
                raise _Incomplete
            return found

        return self._retried(read, retry.CONTENTION_ATTEMPTS, _Incomplete)

    def query_newest(self, pk: str, prefix: str, limit: int, after: Item | None = None) -> list[Item]:
        """Read the entries of the index `listing` under a prefix, in descending order of `listKey`."""
        values = {":pk": serialize(pk), ":prefix": serialize(prefix)}
        start = {"ExclusiveStartKey": marshal(after)} if after else {}
        with _translated():
            response = self._call(
                "Query",
                TableName=self._table_name,
                IndexName="listing",
                KeyConditionExpression="pk = :pk AND begins_with(listKey, :prefix)",
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                ConsistentRead=True,
                Limit=limit,
                **start,
            )
        return [unmarshal(item) for item in response["Items"]]

    def transact(self, *writes: Write, attempts: int = retry.CONTENTION_ATTEMPTS) -> None:
        """Do all of the writes or none. Raises ConditionFailed, Contended or another StorageUnavailable.

        Attempts within one call of the transport share an idempotency token. Across calls, the condition on the version
        turns the repeat of a write that took effect into ConditionFailed, never into a second change.
        """
        named = [{kind: {"TableName": self._table_name, **part} for kind, part in write.items()} for write in writes]
        self._uncontended("TransactWriteItems", attempts, TransactItems=named)

    def write_alone(self, write: Write) -> None:
        """Do one `update` outside of any transaction. Raises like `transact`."""
        self._uncontended("UpdateItem", TableName=self._table_name, **write["Update"])

    def back_off(self) -> None:
        """Pause as after a first attempt."""
        self._pause(retry.full_jitter(1))

    def race[T](self, attempt: Callable[[], T], subject: str) -> T:
        """Call `attempt`, which reads, decides and writes; repeat it while other writers are faster.

        Raises what `attempt` raises, except ConditionFailed, which becomes StorageUnavailable after
        `retry.RACE_ATTEMPTS`. `subject` names the concurrent writes in its message.
        """
        try:
            return self._retried(attempt, retry.RACE_ATTEMPTS, ConditionFailed)
        except ConditionFailed as exc:
            raise StorageUnavailable(f"There are too many concurrent {subject}. Try again.") from exc

    def _uncontended(
        self,
        operation: str,
        attempts: int = retry.CONTENTION_ATTEMPTS,
        **request: Any,  # noqa: ANN401 - the operation's parameters
    ) -> dict[str, Any]:
        """Make a call, and repeat it if it conflicts with another transaction."""

        def call() -> dict[str, Any]:
            with _translated():
                return self._call(operation, **request)

        return self._retried(call, attempts, Contended)

    def _retried[T](self, attempt: Callable[[], T], attempts: int, error: type[Exception]) -> T:
        return retry.retried(attempt, attempts, lambda exc: isinstance(exc, error), self._pause)

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - the operation's parameters
        response = self._transport.call(operation, {**request, "ReturnConsumedCapacity": "TOTAL"})
        consumed = response.get("ConsumedCapacity", [])
        each = consumed if isinstance(consumed, list) else [consumed]
        self.units += sum(capacity["CapacityUnits"] for capacity in each)
        return response


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the transport's errors into domain errors; a refusal caused by a defect of ours passes through."""
    try:
        yield
    except Unreachable as exc:
        raise StorageUnavailable("The database cannot be reached. Try again.") from exc
    except Refused as exc:
        if exc.code == "TransactionCanceledException":
            raise _cancellation(exc.document.get("CancellationReasons", [])) from exc
        if exc.code == "TransactionConflictException":
            raise Contended from exc
        if exc.code == "ConditionalCheckFailedException":
            raise ConditionFailed([_found({"Code": "ConditionalCheckFailed", **exc.document})]) from exc
        if exc.is_retryable:
            raise StorageUnavailable("The database is busy. Try again.") from exc
        raise


def _cancellation(reasons: Sequence[Mapping[str, Any]]) -> Exception:
    # A failed condition is final: the same writes would fail again.
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
