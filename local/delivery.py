"""What Lambda does with the batches of an event source mapping: it retries, splits and gives up.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from local import aws
from local.aws import Json
from local.mappings import Mapping

# A batch ends where its event would be larger than Lambda's limit, 6,291,456 bytes of JSON.
_BATCH_BYTES = 6_000_000
# Longer than any function may run, which is 15 minutes.
_INVOCATION_SECONDS = 1_000
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 60.0


class Target(Protocol):
    """Where the batches of a shard go."""

    def invoke(self, batch: list[Json]) -> Json | None:
        """Return the function's answer, or None if it failed."""

    def give_up(self, batch: list[Json], condition: str, attempts: int) -> None:
        """Report a batch that is not tried again."""


@dataclass(frozen=True)
class Function:
    """A mapping's function in the emulator, and the queue for the batches that it could not process."""

    emulator: str
    mapping: Mapping
    shard: str

    def invoke(self, batch: list[Json]) -> Json | None:
        request = aws.Request(
            "lambda",
            "POST",
            f"/2015-03-31/functions/{self.mapping.function}/invocations",
            {"Qualifier": self.mapping.alias},
            {"X-Amz-Invocation-Type": "RequestResponse"},
            json.dumps({"Records": batch}).encode(),
        )
        try:
            answer = aws.send(self.emulator, request, seconds=_INVOCATION_SECONDS)
        except aws.CallFailedError as error:
            print(error)
            return None
        if answer.headers["X-Amz-Function-Error"]:
            shown = answer.body.decode(errors="replace")[:1_000]
            print(f"{self.mapping.name} failed with {len(batch)} records: {shown}")
            return None
        decoded = json.loads(answer.body or b"null")
        return decoded if isinstance(decoded, dict) else {}

    def give_up(self, batch: list[Json], condition: str, attempts: int) -> None:
        """Send where to find the batch in the stream to the mapping's queue, if it has one."""
        print(f"{self.mapping.name}: {condition} for {len(batch)} records after {attempts} attempts")
        if self.mapping.destination is None:
            return
        name = self.mapping.destination.rpartition(":")[2]
        queue = aws.call(self.emulator, "sqs", "GetQueueUrl", {"QueueName": name})["QueueUrl"]
        message = json.dumps(self._message(batch, condition, attempts))
        aws.call(self.emulator, "sqs", "SendMessage", {"QueueUrl": queue, "MessageBody": message})

    def _message(self, batch: list[Json], condition: str, attempts: int) -> Json:
        first, last = batch[0]["dynamodb"], batch[-1]["dynamodb"]
        return {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": self.mapping.target,
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": self.mapping.alias,
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": _iso(time.time()),
            "DDBStreamBatchInfo": {
                "shardId": self.shard,
                "startSequenceNumber": first["SequenceNumber"],
                "endSequenceNumber": last["SequenceNumber"],
                "approximateArrivalOfFirstRecord": _iso(first["ApproximateCreationDateTime"]),
                "approximateArrivalOfLastRecord": _iso(last["ApproximateCreationDateTime"]),
                "batchSize": len(batch),
                "streamArn": self.mapping.source,
            },
        }


@dataclass(frozen=True)
class Delivery:
    """Delivers batches of one shard in order, until each record is processed or given up.

    `commit` is called with each last record up to which none has to be delivered again.
    """

    mapping: Mapping
    target: Target
    commit: Callable[[Json], None]
    sleep: Callable[[float], None] = time.sleep

    def deliver(self, batch: list[Json]) -> None:
        attempts = 0
        while batch:
            if old := self._too_old(batch):
                self.target.give_up(batch[:old], "RecordAgeExceeded", attempts)
                self.commit(batch[old - 1])
                batch, attempts = batch[old:], 0
                continue
            if done := self._processed(batch):
                self.commit(batch[done - 1])
                batch, attempts = batch[done:], 0
                continue
            if self.mapping.bisects and len(batch) > 1:
                # Splitting does not use up an attempt.
                middle = len(batch) // 2
                self.deliver(batch[:middle])
                self.deliver(batch[middle:])
                return
            attempts += 1
            if 0 <= self.mapping.retries < attempts:
                self.target.give_up(batch, "RetryAttemptsExhausted", attempts)
                self.commit(batch[-1])
                return
            self.sleep(min(_FIRST_WAIT * 2 ** (attempts - 1), _LONGEST_WAIT))

    def _processed(self, batch: list[Json]) -> int:
        """Invoke the function, and return how many records of the batch it processed, counted from the first."""
        answer = self.target.invoke(batch)
        if answer is None:
            return 0
        failures = answer.get("batchItemFailures") if self.mapping.reports_items else None
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        try:
            return min((numbers.index(each["itemIdentifier"]) for each in failures or []), default=len(batch))
        except (ValueError, KeyError, TypeError):
            # A failure that names no record of the batch fails the whole batch.
            return 0

    def _too_old(self, batch: list[Json]) -> int:
        """Return how many of the first records are older than those that Lambda sends to the function."""
        if self.mapping.age < 0:
            return 0
        oldest = time.time() - self.mapping.age
        times = [record["dynamodb"]["ApproximateCreationDateTime"] for record in batch]
        return next((index for index, made in enumerate(times) if made >= oldest), len(batch))


def next_batch(records: list[Json], mapping: Mapping) -> list[Json]:
    """Return the first records, as many as the mapping allows and an event holds, but one at least."""
    size = 0
    for count, record in enumerate(records[: mapping.batch_size]):
        size += len(json.dumps(record).encode())
        if size > _BATCH_BYTES and count:
            return records[:count]
    return records[: mapping.batch_size]


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
