"""Feed the deployed functions from the table's stream, and let the table's items expire.

The emulator's own event source mappings read only its own database, retry for ever and know no partial failures, so
this process reads every mapping from the emulator and does what Lambda does. It reads each shard in order, and stores
how far a function got after each batch: after SIGKILL a record may be delivered again, but none is lost.

`python -m local.bridge --emulator URL --engine URL --state .local`, and for dynoxide, which removes expired items only
when asked, `--data FILE --sweeper URL --expire-every 10` and its token in DYNOXIDE_MCP_AUTH_TOKEN.
"""

import argparse
import json
import os
import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from local import aws, database, files, mappings
from local.aws import Json
from local.delivery import Delivery, Function, next_batch
from local.filters import UnsupportedFilterError

FOLDER, READY = "stream", "ready"
# Where records may wait for others, and where pages wait for them: to read them takes 2 ms of CPU, to see that nothing
# has changed some microseconds.
_WINDOW_POLL_SECONDS, _POLL_SECONDS, _LOOK_SECONDS = 0.5, 0.1, 0.05
_UNCHANGED_SECONDS = 1.0
_PAGE_RECORDS = 100
_TRIM_SECONDS = 60.0
# Looking for expired items, which reads some 370 MB a second, takes a twentieth of the engine's time at most.
_SWEPT_BYTES_PER_SECOND = 20_000_000
_LONGEST_PAUSE = 30.0


@dataclass(frozen=True)
class Shard:
    """A shard of a table's stream in the engine."""

    engine: str
    stream: str
    name: str

    def iterator(self, after: str | None) -> str:
        """Return where to read on after a record's number, or from the oldest record."""
        place = {"StreamArn": self.stream, "ShardId": self.name}
        oldest = {"ShardIteratorType": "TRIM_HORIZON"}
        start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after} if after else oldest
        try:
            answer = aws.call(self.engine, "streams", "GetShardIterator", {**place, **start})
        except aws.CallFailedError as error:
            if "TrimmedDataAccessException" not in error.answer:
                raise
            answer = aws.call(self.engine, "streams", "GetShardIterator", {**place, **oldest})
        iterator: str = answer["ShardIterator"]
        return iterator

    def read(self, iterator: str) -> tuple[list[Json], str]:
        """Return the next records, and where to read on."""
        answer = aws.call(self.engine, "streams", "GetRecords", {"ShardIterator": iterator, "Limit": _PAGE_RECORDS})
        return answer["Records"], answer["NextShardIterator"]


def shards(engine: str, table: str) -> list[Shard]:
    stream = aws.call(engine, "dynamodb", "DescribeTable", {"TableName": table})["Table"]["LatestStreamArn"]
    described = aws.call(engine, "streams", "DescribeStream", {"StreamArn": stream})["StreamDescription"]
    return [Shard(engine, stream, each["ShardId"]) for each in described["Shards"]]


class DataFile:
    """The engine's file behind a connection: whether anything was written to it."""

    def __init__(self, data: sqlite3.Connection) -> None:
        self._data = data
        self._seen = self._version()

    def changed(self) -> bool:
        """Return whether another connection has written to it since the last call."""
        before, self._seen = self._seen, self._version()
        return before != self._seen

    def _version(self) -> int:
        (version,) = self._data.execute("PRAGMA data_version").fetchone()
        return int(version)


class Checkpoint:
    """The number of the last record of a stream that a function never has to receive again."""

    def __init__(self, path: Path, stream: str) -> None:
        self._path, self._stream = path, stream
        kept = json.loads(path.read_text()) if path.exists() else {}
        # The numbers of another stream, whose table was replaced, mean nothing here.
        self.number: str | None = kept["number"] if kept.get("stream") == stream else None

    def advance(self, record: Json) -> None:
        self.number = record["dynamodb"]["SequenceNumber"]
        files.replace(self._path, json.dumps({"stream": self._stream, "number": self.number}))


class Reader:
    """Reads one shard for one mapping, and delivers what passes the filters."""

    def __init__(self, mapping: mappings.Mapping, shard: Shard, checkpoint: Checkpoint, emulator: str) -> None:
        self.mapping, self.checkpoint = mapping, checkpoint
        self._shard = shard
        self._iterator: str | None = None
        self._waiting: list[Json] = []
        self._waiting_since = 0.0
        self._last: Json | None = None
        self._delivery = Delivery(mapping, Function(emulator, mapping, shard.name), checkpoint.advance)

    def step(self) -> bool:
        """Read once and deliver at most one batch; return whether there may be more to do at once."""
        arrived = self._read() if len(self._waiting) < self.mapping.batch_size else 0
        if self._waiting and self._due():
            batch = next_batch(self._waiting, self.mapping)
            self._delivery.deliver(batch)
            self._waiting = self._waiting[len(batch) :]
            self._waiting_since = time.monotonic()
            arrived += 1
        if self._last and not self._waiting:
            self.checkpoint.advance(self._last)
            self._last = None
        return arrived > 0

    def restart(self) -> None:
        """Read again from the checkpoint."""
        self._iterator, self._waiting, self._last = None, [], None

    def _read(self) -> int:
        if self._iterator is None:
            self._iterator = self._shard.iterator(self.checkpoint.number)
        records, self._iterator = self._shard.read(self._iterator)
        wanted = [record for record in map(self._as_lambda_sends_it, records) if _changes(record)]
        wanted = [record for record in wanted if self.mapping.wants(record)]
        if wanted and not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting += wanted
        self._last = records[-1] if records else self._last
        return len(records)

    def _due(self) -> bool:
        full = len(self._waiting) >= self.mapping.batch_size
        return full or time.monotonic() - self._waiting_since >= self.mapping.window

    def _as_lambda_sends_it(self, record: Json) -> Json:
        return {**record, "awsRegion": aws.REGION, "eventSourceARN": self.mapping.source}


def _changes(record: Json) -> bool:
    """DynamoDB has no record of a write that changed nothing; dynoxide has."""
    images = record["dynamodb"]
    return record["eventName"] != "MODIFY" or "NewImage" not in images or images["NewImage"] != images.get("OldImage")


def readers(emulator: str, engine: str, folder: Path) -> list[Reader]:
    return [
        Reader(mapping, shard, Checkpoint(folder / f"{mapping.name}.{shard.name}.json", shard.stream), emulator)
        for mapping in mappings.deployed(emulator)
        for shard in shards(engine, mapping.table)
    ]


def follow(reader: Reader, data: Path | None) -> None:
    """Read for ever; while the engine or the emulator fails, wait longer and longer, then start from the checkpoint.

    `data`: the engine's file, if it has one, by which changes are noticed.
    """
    pauses, await_change = _pauses(), _waiting(reader.mapping, data)
    while True:
        try:
            more = reader.step()
        except (aws.CallFailedError, OSError) as error:
            print(f"{reader.mapping.name} reads on later: {error}")
            reader.restart()
            time.sleep(next(pauses))
        else:
            pauses = _pauses()
            if not more:
                await_change()


def _waiting(mapping: mappings.Mapping, data: Path | None) -> Callable[[], None]:
    """Return how to wait until there may be something to deliver."""
    if mapping.window:
        return lambda: time.sleep(_WINDOW_POLL_SECONDS)
    if data is None:
        return lambda: time.sleep(_POLL_SECONDS)
    file = DataFile(sqlite3.connect(data))

    def await_change() -> None:
        until = time.monotonic() + _UNCHANGED_SECONDS
        time.sleep(_LOOK_SECONDS)
        while not file.changed() and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)

    return await_change


def _pauses() -> Iterator[float]:
    pause = 1.0
    while True:
        yield pause
        pause = min(pause * 2, _LONGEST_PAUSE)


def expire(data: Path, sweeper: str, every: float) -> None:
    """Remove expired items for ever, every so many seconds, but less often where there is much to look through."""
    token = os.environ["DYNOXIDE_MCP_AUTH_TOKEN"]
    while True:
        try:
            database.remove_expired(sweeper, token)
        except (aws.CallFailedError, OSError) as error:
            print(f"Expired items are removed later: {error}")
        time.sleep(max(every, data.stat().st_size / _SWEPT_BYTES_PER_SECOND))


def trim(data: Path, fed: list[Reader]) -> None:
    """Remove for ever what all functions have received from the stream of each table."""
    while True:
        for table in {reader.mapping.table for reader in fed}:
            received = received_by_all(reader.checkpoint.number for reader in fed if reader.mapping.table == table)
            if received is not None:
                database.trim_stream(data, table, received)
        time.sleep(_TRIM_SECONDS)


def received_by_all(numbers: Iterable[str | None]) -> int | None:
    """Return the number up to which all readers of a stream have received it; None if one has received nothing."""
    known = list(numbers)
    return None if None in known else min(int(number) for number in known if number)


def main() -> None:
    options = _options()
    folder: Path = options.state / FOLDER
    folder.mkdir(exist_ok=True)
    try:
        fed = readers(options.emulator, options.engine, folder)
    except (mappings.UnsupportedMappingError, UnsupportedFilterError) as error:
        sys.exit(str(error))
    tasks: list[Callable[[], None]] = [lambda reader=reader: follow(reader, options.data) for reader in fed]  # type: ignore[misc]
    if options.sweeper:
        tasks.append(lambda: expire(options.data, options.sweeper, options.expire_every))
        tasks.append(lambda: trim(options.data, fed))
    (folder / READY).touch()
    raise _first_failure(tasks)


def _first_failure(tasks: list[Callable[[], None]]) -> BaseException:
    """Run the tasks, each in a thread, until one fails."""
    failures: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            failures.put(error)

    for task in tasks:
        threading.Thread(target=run, args=(task,), daemon=True).start()
    return failures.get()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--emulator", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sweeper")
    parser.add_argument("--expire-every", type=float)
    return parser.parse_args()


if __name__ == "__main__":
    main()
