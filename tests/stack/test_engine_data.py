"""The engine's data file: that of earlier versions goes on working, and the stream in it stays small."""

import contextlib
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import database
from local.aws import CallFailedError, call
from local.processes import free_port

TABLE: dict[str, Any] = {
    "TableName": "kept",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ],
    "TimeToLive": "expiresAt",
    "StreamViewType": "NEW_AND_OLD_IMAGES",
}
SHARD = "shardId-00000001-kept"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data.sqlite"


@pytest.fixture
def engine(file: Path) -> Iterator[str]:
    """A running engine on a new data file."""
    program = database.binary()
    assert program
    port = free_port()
    command = [str(program), "--host", "127.0.0.1", "--port", str(port), "--db-path", str(file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                call(url, "dynamodb", "ListTables", {})
                break
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield url
        process.kill()


def put(engine: str, key: str) -> None:
    call(engine, "dynamodb", "PutItem", {"TableName": "kept", "Item": {"pk": {"S": "p"}, "sk": {"S": key}}})


def numbers(engine: str) -> list[str]:
    stream = call(engine, "dynamodb", "DescribeTable", {"TableName": "kept"})["Table"]["LatestStreamArn"]
    start = {"StreamArn": stream, "ShardId": SHARD, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = call(engine, "streams", "GetShardIterator", start)["ShardIterator"]
    found = call(engine, "streams", "GetRecords", {"ShardIterator": iterator})["Records"]
    return [record["dynamodb"]["SequenceNumber"] for record in found]


def test_earlier_data_gets_a_stream_and_an_expiry(engine: str, file: Path) -> None:
    """A table from before the local run had a stream keeps its items, and from then on records changes and expires."""
    defined = {name: TABLE[name] for name in ("TableName", "KeySchema", "AttributeDefinitions")}
    call(engine, "dynamodb", "CreateTable", {**defined, "BillingMode": "PAY_PER_REQUEST"})
    put(engine, "before")
    database.keep_table(engine, TABLE, file)
    put(engine, "after")
    expiry = call(engine, "dynamodb", "DescribeTimeToLive", {"TableName": "kept"})["TimeToLiveDescription"]
    assert expiry == {"AttributeName": "expiresAt", "TimeToLiveStatus": "ENABLED"}
    assert call(engine, "dynamodb", "Scan", {"TableName": "kept"})["Count"] == 2
    assert numbers(engine) == ["1"]
    # The next start finds everything as it should be.
    database.keep_table(engine, TABLE, file)
    put(engine, "last")
    assert numbers(engine) == ["1", "2"]


def test_a_changed_stream_or_expiry_is_taken_over(engine: str, file: Path) -> None:
    """When the template changes what records show or when items expire, so does the kept table, and numbers go on."""
    database.keep_table(engine, TABLE | {"StreamViewType": "OLD_IMAGE", "TimeToLive": "until"}, file)
    put(engine, "a")
    database.keep_table(engine, TABLE, file)
    put(engine, "a")
    described = call(engine, "dynamodb", "DescribeTable", {"TableName": "kept"})["Table"]
    assert described["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert numbers(engine) == ["1", "2"]


def test_another_layout_is_refused(engine: str, file: Path) -> None:
    """A kept table with another key than the template's is not served."""
    database.keep_table(engine, TABLE, file)
    other = [{"AttributeName": "pk", "KeyType": "HASH"}]
    with pytest.raises(database.TableMismatchError):
        database.keep_table(engine, TABLE | {"KeySchema": other}, file)


def test_the_next_number_is_looked_up(engine: str, file: Path) -> None:
    """Numbering a record looks up the last number in an index, whose cost does not grow with the stream."""
    database.keep_table(engine, TABLE, file)
    asked = (
        "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 'kept'"
    )
    with contextlib.closing(sqlite3.connect(file)) as data:
        plan = data.execute(f"EXPLAIN QUERY PLAN {asked}").fetchall()
    assert "USING INDEX local_stream_order" in str(plan)


def test_received_records_are_removed_after_an_hour(engine: str, file: Path) -> None:
    """Of the stream's records, only those go that all functions have received and that are older than an hour."""
    database.keep_table(engine, TABLE, file)
    for key in "abcde":
        put(engine, key)
    with contextlib.closing(sqlite3.connect(file)) as data, data:
        data.execute("UPDATE _stream_records SET created_at = created_at - 3700 WHERE sequence_number <> '2'")
    database.trim_stream(file, "kept", 4)
    assert numbers(engine) == ["2", "4", "5"]
    put(engine, "f")
    assert numbers(engine) == ["2", "4", "5", "6"]


def test_a_failed_call_shows_the_answer(engine: str) -> None:
    """A call that the engine rejects raises an error with the status and the answer."""
    with pytest.raises(CallFailedError, match=r"DescribeTable was answered with 400.*ResourceNotFoundException"):
        call(engine, "dynamodb", "DescribeTable", {"TableName": "none"})
