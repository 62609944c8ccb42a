"""The items of one DynamoDB table: plain dicts in and out, domain errors, bounded retries.

Whatever reads or changes an item raises NewerFormat, a StorageUnavailable, if a newer release put it (see `formats`).
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import batched
from typing import Any, Final

from dashboard_store import retry
from dashboard_store.dynamodb.protocol import Refused, Transport, TransportError, marshal, serialize, unmarshal
from dashboard_store.errors import QuotaExceeded, StorageUnavailable
from dashboard_store.repository.expressions import Item, Write
from dashboard_store.repository.formats import FORMAT, numbered, readable

type Response = Mapping[str, Any]
"""The document of DynamoDB's response to one operation."""

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_TRANSIENT_REASONS: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_MOST_IN_A_BATCH: Final = 25

# The limit of a partition of a table with a local index. No user gets there, because `maxStoredBytes` is less.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections.SizeLimit
_MOST_BYTES_IN_A_PARTITION: Final = 10_000_000_000
_COLLECTION_FULL: Final = "ItemCollectionSizeLimitExceeded"


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
        super().__init__("The database did not process every item in time. Try again.")


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
        request = {"TableName": self._table_name, "Key": marshal(key), "ConsistentRead": True}
        return self._call("GetItem", _item, **request)

    def get_snapshot(self, keys: Sequence[Item]) -> list[Item | None]:
        """Read several items in one snapshot, in the order of their keys."""
        gets = [{"Get": {"TableName": self._table_name, "Key": marshal(key)}} for key in keys]

        def read(response: Response) -> list[Item | None]:
            return [_item(each) for _, each in zip(keys, response["Responses"], strict=True)]

        return self._uncontended("TransactGetItems", read, TransactItems=gets)

    def get_together(self, keys: Sequence[Item]) -> list[Item | None]:
        """Read up to 100 items in one request, each with strong consistency, in the order of their keys.

        If the database leaves some out, all are read again: an item never comes from an earlier request than another.
        """
        if not keys:
            return []
        request = {self._table_name: {"Keys": [marshal(key) for key in keys], "ConsistentRead": True}}

        def read(response: Response) -> list[Item]:
            if response["UnprocessedKeys"]:
                raise _Incomplete
            return [_read(item) for item in response["Responses"].get(self._table_name, [])]

        found = self._retried(lambda: self._call("BatchGetItem", read, RequestItems=request), _Incomplete)
        by_key = {(item["pk"], item["sk"]): item for item in found}
        return [by_key.get((key["pk"], key["sk"])) for key in keys]

    def query(self, pk: str, prefix: str = "", names: Sequence[str] = ()) -> Iterator[Item]:
        """Yield the items whose sort key has a prefix, in ascending order; if `names` are given, only these attributes.

        Every item is read as a whole, so it consumes the same units.
        """
        values = {":pk": serialize(pk), **({":prefix": serialize(prefix)} if prefix else {})}
        condition = "pk = :pk AND begins_with(sk, :prefix)" if prefix else "pk = :pk"
        placeholders = {f"#{name}": name for name in (*names, FORMAT)}
        projection: dict[str, Any] = (
            {"ProjectionExpression": ", ".join(placeholders), "ExpressionAttributeNames": placeholders} if names else {}
        )
        return self._pages(KeyConditionExpression=condition, ExpressionAttributeValues=values, **projection)

    def query_newest(self, pk: str, prefix: str, page: int, after: Item | None = None) -> Iterator[Item]:
        """Yield the entries of the index `listing` under a prefix, in descending order of `listKey`.

        A request reads up to `page` of them. A caller that takes no more than it needs makes no request too many.
        """
        start = {"ExclusiveStartKey": marshal(after)} if after else {}
        return self._pages(
            IndexName="listing",
            KeyConditionExpression="pk = :pk AND begins_with(listKey, :prefix)",
            ExpressionAttributeValues={":pk": serialize(pk), ":prefix": serialize(prefix)},
            ScanIndexForward=False,
            Limit=page,
            **start,
        )

    def _pages(self, **request: Any) -> Iterator[Item]:  # noqa: ANN401 - the operation's parameters
        """Yield what a Query finds. A page ends at its limit, or when its items are 1 MB."""

        def read(response: Response) -> tuple[list[Item], Any]:
            return [_read(item) for item in response["Items"]], response.get("LastEvaluatedKey")

        while True:
            items, last = self._call("Query", read, TableName=self._table_name, ConsistentRead=True, **request)
            yield from items
            if last is None:
                return
            request["ExclusiveStartKey"] = last

    def transact(self, *writes: Write, attempts: float = math.inf) -> None:
        """Do all of the writes or none. Raises ConditionFailed, Contended or another StorageUnavailable.

        Attempts within one call of the transport share an idempotency token. Across calls, the condition on the version
        turns the repeat of a write that took effect into ConditionFailed, never into a second change.
        """
        named = [{kind: {"TableName": self._table_name, **part} for kind, part in write.items()} for write in writes]
        self._uncontended("TransactWriteItems", _nothing, attempts, TransactItems=named)

    def write_alone(self, write: Write) -> None:
        """Do one `update` outside of any transaction. Raises like `transact`."""
        self._uncontended("UpdateItem", _nothing, TableName=self._table_name, **write["Update"])

    def put_many(self, items: Sequence[Item]) -> None:
        """Put any number of items, each on its own and without a condition. Raises StorageUnavailable."""
        self._write_many([{"PutRequest": {"Item": marshal(numbered(item))}} for item in items])

    def delete_many(self, keys: Sequence[Item]) -> None:
        """Remove any number of items, present or not, each on its own. Raises StorageUnavailable."""
        self._write_many([{"DeleteRequest": {"Key": marshal(key)}} for key in keys])

    def _write_many(self, writes: list[dict[str, Any]]) -> None:
        def left(response: Response) -> list[dict[str, Any]]:
            return list(response["UnprocessedItems"].get(self._table_name, []))

        def attempt(some: list[dict[str, Any]]) -> None:
            some[:] = self._call("BatchWriteItem", left, RequestItems={self._table_name: some[:]})
            if some:
                raise _Incomplete

        for chunk in batched(writes, _MOST_IN_A_BATCH, strict=False):
            self._retried(partial(attempt, list(chunk)), _Incomplete)

    def back_off(self) -> None:
        """Pause as after a first attempt."""
        self._pause(retry.full_jitter(1))

    def race[T](self, attempt: Callable[[], T], subject: str) -> T:
        """Call `attempt`, which reads, decides and writes; repeat it while other writers are faster.

        Raises what `attempt` raises, except ConditionFailed, which becomes StorageUnavailable after
        `retry.RACE_SECONDS`. `subject` names the concurrent writes in its message.
        """
        try:
            return self._retried(attempt, ConditionFailed, seconds=retry.RACE_SECONDS)
        except ConditionFailed as exc:
            raise StorageUnavailable(f"There are too many concurrent {subject}. Try again.") from exc

    def _uncontended[T](
        self,
        operation: str,
        read: Callable[[Response], T],
        attempts: float = math.inf,
        **request: Any,  # noqa: ANN401 - the operation's parameters
    ) -> T:
        """Make a call, and repeat it if it conflicts with another transaction."""
        return self._retried(lambda: self._call(operation, read, **request), Contended, attempts)

    def _retried[T](
        self,
        attempt: Callable[[], T],
        error: type[Exception],
        attempts: float = math.inf,
        seconds: float = retry.PATIENCE_SECONDS,
    ) -> T:
        def is_retryable(exc: Exception, number: int) -> bool:
            return isinstance(exc, error) and number < attempts

        return retry.retried(attempt, is_retryable, self._pause, seconds)

    def _call[T](
        self,
        operation: str,
        read: Callable[[Response], T],
        **request: Any,  # noqa: ANN401 - the operation's parameters
    ) -> T:
        """Make a call and return what `read` makes of the response. Raises domain errors."""
        try:
            response = self._transport.call(operation, {**request, "ReturnConsumedCapacity": "TOTAL"})
        except TransportError as exc:
            error = _legible(partial(_domain_error, exc))
            if error is None:
                raise
            raise error from exc
        self.units += _legible(lambda: _consumed(response))
        return _legible(lambda: read(response))


def _domain_error(error: TransportError) -> Exception | None:
    """Return the domain error for a failed call, or None for a refusal caused by a defect of ours."""
    if not isinstance(error, Refused):
        return StorageUnavailable("The database cannot be reached. Try again.")
    match error.code:
        case "TransactionCanceledException":
            return _cancellation(error.document.get("CancellationReasons", []))
        case "TransactionConflictException":
            return Contended()
        case "ConditionalCheckFailedException":
            return ConditionFailed([_found({"Code": "ConditionalCheckFailed", **error.document})])
        case "ItemCollectionSizeLimitExceededException":
            return _collection_full()
    return StorageUnavailable("The database is busy. Try again.") if error.is_retryable else None


def _legible[T](read: Callable[[], T]) -> T:
    """Return what `read` finds in a response. Raises StorageUnavailable if that is not where DynamoDB puts it."""
    try:
        return read()
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise StorageUnavailable("The database's response cannot be read. Try again.") from exc


def _consumed(response: Response) -> float:
    consumed = response.get("ConsumedCapacity", [])
    each = consumed if isinstance(consumed, list) else [consumed]
    return float(sum(capacity["CapacityUnits"] for capacity in each))


def _read(item: Mapping[str, Any]) -> Item:
    """Read an item from the wire format. Raises NewerFormat."""
    return readable(unmarshal(item))


def _item(response: Response) -> Item | None:
    return _read(response["Item"]) if "Item" in response else None


def _nothing(_: Response) -> None:
    """Read nothing: the response to a write holds only what it consumed."""


def _cancellation(reasons: Sequence[Mapping[str, Any]]) -> Exception:
    # A failed condition is final: the same writes would fail again.
    if any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
        return ConditionFailed([_found(reason) for reason in reasons])
    if any(reason.get("Code") in _TRANSIENT_REASONS for reason in reasons):
        return Contended()
    if any(reason.get("Code") == _COLLECTION_FULL for reason in reasons):
        return _collection_full()
    codes = ", ".join(str(reason.get("Code")) for reason in reasons)
    return RuntimeError(f"The database refused a transaction: {codes}.")


def _collection_full() -> QuotaExceeded:
    limit = _MOST_BYTES_IN_A_PARTITION
    return QuotaExceeded(f"You store {limit} bytes, more than the database can hold.", used=limit, limit=limit)


def _found(reason: Mapping[str, Any]) -> Item | None:
    if reason.get("Code") != "ConditionalCheckFailed":
        return None
    return _read(reason.get("Item", {}))
