"""Clients of the table for tests: boto3 in the form of the seam, and one whose calls can be watched and met."""

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
    """DynamoDB through boto3, which moto stands in for without a server; bytes are the only form that differs."""

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
    """Passes calls on to a client; each tap is handed what comes next, and may do something before, after or instead.

    `tap(proceed, operation, request)` returns what the call returns.
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
        """Gather the operations that are called, each with its request."""
        calls: list[tuple[str, Request]] = []

        def record(proceed: Call, operation: str, request: Request) -> Answer:
            calls.append((operation, request))
            return proceed(operation, request)

        with self.tapped(record):
            yield calls
