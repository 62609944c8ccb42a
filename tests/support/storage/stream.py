"""The table's stream for tests that call functions themselves: what DynamoDB would pass to them, write by write.

The local stack's tests read the engine's own stream. Here, a tap reads each item before and after a write, which works
on every engine and says exactly which record comes when.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import TABLE, Clock
from purge_objects import process
from support.handlers.http_api import CONTEXT
from support.storage.clients import Answer, Call, Request, Tapped, items_of
from support.storage.engines import Engine

from dashboard_store.store import Store

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/dashkeep/stream/2026-11-24T00:00:00.000"

type Record = dict[str, Any]


# What the template's filter leaves out of the stream.
UNFOLLOWED = ("RATE", "USAGE", "SHARE", "TOKEN", "TICKET", "CONNECTION", "ANNOUNCED")


class Stream:
    """Records of the writes through a client, except those under `unfollowed` keys; `clock` gives their times."""

    def __init__(self, client: Tapped, clock: Clock, unfollowed: tuple[str, ...] = UNFOLLOWED) -> None:
        if isinstance(client, Engine) and client.is_shared:
            pytest.skip("a function of the deployment follows the stream of its table")
        self.client = client
        self.clock = clock
        self._unfollowed = unfollowed
        self._numbers = itertools.count(99_999_999_999_999_999_990)
        self.records: list[Record] = []

    @contextmanager
    def following(self) -> Iterator["Stream"]:
        with self.client.tapped(self._tap):
            yield self

    def items(self, partition: str) -> list[dict[str, Any]]:
        """Read all items of a partition, in their wire form."""
        return items_of(self.client, TABLE, partition)

    def take(self, most: int | None = None) -> dict[str, Any]:
        """Return the event with the oldest records, which are then taken."""
        taken, self.records = self.records[:most], self.records[most:] if most else []
        return {"Records": taken}

    def deliver(self, store: Store) -> None:
        """Deliver records until there are no more, also those that processing others makes."""
        while self.records:
            assert process(self.take(), CONTEXT, store) == {"batchItemFailures": []}

    def expire(self, key: dict[str, Any]) -> None:
        """Remove an item as DynamoDB does when it has expired."""
        wire = {name: {"S": key[name]} for name in ("pk", "sk")}
        self.client.call("DeleteItem", {"TableName": TABLE, "Key": wire})
        self.records[-1]["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

    def _tap(self, proceed: Call, operation: str, request: Request) -> Answer:
        keys = list(written_keys(operation, request))
        before = [self._image(proceed, key) for key in keys]
        answer = proceed(operation, request)
        for key, old in zip(keys, before, strict=True):
            new = self._image(proceed, key)
            if old != new and not key["sk"]["S"].startswith(self._unfollowed):
                self.records.append(self._record(key, old, new))
        return answer

    def _image(self, proceed: Call, key: dict[str, Any]) -> dict[str, Any] | None:
        found = proceed("GetItem", {"TableName": TABLE, "Key": key, "ConsistentRead": True})
        image: dict[str, Any] | None = found.get("Item")
        return image

    def _record(self, key: dict[str, Any], old: dict[str, Any] | None, new: dict[str, Any] | None) -> Record:
        images = {name: image for name, image in (("OldImage", old), ("NewImage", new)) if image}
        return {
            "eventName": "INSERT" if old is None else "MODIFY" if new else "REMOVE",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "ApproximateCreationDateTime": float(int(self.clock().timestamp())),
                "Keys": key,
                **images,
                "SequenceNumber": str(next(self._numbers)),
            },
            "eventSourceARN": ARN,
        }


def written_keys(operation: str, request: Request) -> Iterator[dict[str, Any]]:
    """Yield the keys of the items that a call writes."""
    parts: list[Any] = []
    match operation:
        case "TransactWriteItems":
            writes = [each for each in request["TransactItems"] if "ConditionCheck" not in each]
            parts = [part for each in writes for part in each.values()]
        case "BatchWriteItem":
            parts = [part for each in request["RequestItems"].values() for write in each for part in write.values()]
        case "PutItem" | "UpdateItem" | "DeleteItem":
            parts = [request]
    for part in parts:
        item = part.get("Key") or part["Item"]
        yield {name: item[name] for name in ("pk", "sk")}
