"""Clients of the table for tests: boto3 as a `Transport`, and a client whose calls can be observed and intercepted."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as BotoConnectionError

from dashboard_store.dynamodb.protocol import Refused, Transport, Unreachable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Request = Mapping[str, Any]
type Answer = dict[str, Any]
type Call = Callable[[str, Request], Answer]
type Tap = Callable[[Call, str, Request], Answer]


class Boto3DynamoDB:
    """DynamoDB through boto3, which moto patches without a server; only the form of bytes differs."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self.client = client

    def call(self, operation: str, request: Request) -> Answer:
        try:
            answer = getattr(self.client, xform_name(operation))(**_with_bytes(request))
        except (BotoConnectionError, HTTPClientError, IncompleteReadError) as exc:
            raise Unreachable(str(exc)) from exc
        except ClientError as exc:
            raise Refused(exc.response["Error"]["Code"], _with_texts(exc.response)) from exc
        return {name: _with_texts(value) for name, value in answer.items() if name != "ResponseMetadata"}


def _with_bytes(value: Any) -> Any:
    match value:
        case {"B": str(content)}:
            return {"B": b64decode(content)}
        case Mapping():
            return {name: _with_bytes(each) for name, each in value.items()}
        case list():
            return [_with_bytes(each) for each in value]
    return value


def _with_texts(value: Any) -> Any:
    match value:
        case bytes():
            return b64encode(value).decode()
        case Mapping():
            return {name: _with_texts(each) for name, each in value.items()}
        case list():
            return [_with_texts(each) for each in value]
    return value


class Tapped:
    """Passes calls on to a client through taps, each of which may act before, after or instead of the call.

    `tap(proceed, operation, request)` returns the call's response; `proceed(operation, request)` makes the call.
    """

    def __init__(self, client: Transport) -> None:
        self._client = client
        self._taps: list[Tap] = []

    def call(self, operation: str, request: Request) -> Answer:
        proceed: Call = self._client.call
        for tap in self._taps:
            proceed = partial(tap, proceed)
        return proceed(operation, request)

    @contextmanager
    def tapped(self, tap: Tap) -> Iterator[None]:
        self._taps.append(tap)
        try:
            yield
        finally:
            self._taps.remove(tap)

    @contextmanager
    def recorded(self) -> Iterator[list[tuple[str, Request]]]:
        """Record the operations that are called, each with its request."""
        calls: list[tuple[str, Request]] = []

        def record(proceed: Call, operation: str, request: Request) -> Answer:
            calls.append((operation, request))
            return proceed(operation, request)

        with self.tapped(record):
            yield calls


def items_of(client: Transport, table_name: str, partition: str, prefix: str = "") -> list[dict[str, Any]]:
    """Read all items of a partition whose sort key begins with a prefix, in their wire form."""
    values = {":pk": {"S": partition}, **({":prefix": {"S": prefix}} if prefix else {})}
    request = {
        "TableName": table_name,
        "KeyConditionExpression": f"pk = :pk{' AND begins_with(sk, :prefix)' if prefix else ''}",
        "ExpressionAttributeValues": values,
        "ConsistentRead": True,
    }
    found: list[dict[str, Any]] = []
    start: dict[str, Any] = {}
    while True:
        answer = client.call("Query", {**request, **start})
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return found
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
