"""The local run delivers the batches of a mapping as Lambda does: it retries, splits, and gives up."""

import contextlib
import json
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.bridge import DataFile, received_by_all
from local.delivery import Delivery, Function, next_batch
from local.mappings import UnsupportedMappingError, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

type Json = dict[str, Any]

DESCRIBED: Json = {
    "EventSourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/1",
    "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:purge:live",
    "StartingPosition": "TRIM_HORIZON",
    "BatchSize": 10,
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "MaximumRetryAttempts": 2,
}


def records(*numbers: str, size: int = 0) -> list[Json]:
    change = {"ApproximateCreationDateTime": time.time(), "SizeBytes": "x" * size}
    return [{"dynamodb": {**change, "SequenceNumber": number}} for number in numbers]


def number_of(record: Json) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


class Deliveries:
    """What was invoked, committed and given up, with a function that fails or reports the given numbers."""

    def __init__(self, described: Json, *, fails: str = "", reports: str = "", answer: Json | None = None) -> None:
        self.invoked: list[str] = []
        self.committed: list[str] = []
        self.given_up: list[tuple[str, str, int]] = []
        self.waits: list[float] = []
        self._fails, self._reports, self._answer = fails, reports, answer
        mapping = parsed(DESCRIBED | described)
        commit = lambda record: self.committed.append(number_of(record))  # noqa: E731
        self.wait: Callable[[float], None] = lambda _seconds: None
        self._delivery = Delivery(mapping, self, commit, self._wait)

    def invoke(self, batch: list[Json]) -> Json | None:
        numbers = [number_of(record) for record in batch]
        self.invoked.append("".join(numbers))
        if any(number in self._fails for number in numbers):
            return None
        failures = [{"itemIdentifier": number} for number in numbers if number in self._reports]
        return self._answer or {"batchItemFailures": failures}

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.wait(seconds)

    def give_up(self, batch: list[Json], condition: str, attempts: int) -> None:
        self.given_up.append(("".join(map(number_of, batch)), condition, attempts))

    def deliver(self, numbers: str) -> "Deliveries":
        self._delivery.deliver(records(*numbers))
        return self

    def deliver_all(self, batch: list[Json]) -> None:
        self._delivery.deliver(batch)


def test_a_processed_batch_is_committed_once() -> None:
    """A batch that the function processed is committed up to its last record and not sent again."""
    made = Deliveries({}).deliver("123")
    assert (made.invoked, made.committed, made.given_up) == (["123"], ["3"], [])


def test_a_reported_record_is_sent_again_with_those_behind_it() -> None:
    """What precedes the first reported record is committed; the rest is sent again, and in the end given up."""
    made = Deliveries({}, reports="3").deliver("1234")
    assert made.invoked == ["1234", "34", "34", "34"]
    assert made.committed == ["2", "4"]
    assert made.given_up == [("34", "RetryAttemptsExhausted", 3)]


def test_reports_count_only_if_the_mapping_says_so() -> None:
    """Without ReportBatchItemFailures, an answer with failures is a success, as in Lambda."""
    assert Deliveries({"FunctionResponseTypes": []}, reports="1").deliver("12").invoked == ["12"]


@pytest.mark.parametrize("identifier", ["", None, "9", 1, []])
def test_a_report_that_names_no_record_fails_the_batch(identifier: Any) -> None:
    """A failure with another identifier than a record's number fails the whole batch."""
    made = Deliveries({}, answer={"batchItemFailures": [{"itemIdentifier": identifier}]}).deliver("12")
    assert (made.invoked, made.committed) == (["12"] * 3, ["2"])
    assert [numbers for numbers, _, _ in made.given_up] == ["12"]


def test_a_failing_batch_is_given_up_after_its_attempts() -> None:
    """A batch that fails is tried as often as the mapping says, after longer and longer waits, then given up."""
    made = Deliveries({"MaximumRetryAttempts": 3}, fails="2").deliver("12")
    assert made.invoked == ["12"] * 4
    assert made.waits == [0.2, 0.4, 0.8]
    assert made.given_up == [("12", "RetryAttemptsExhausted", 4)]


@pytest.mark.parametrize("split", [True, "true"])
def test_a_failing_record_is_found_by_splitting(split: object) -> None:
    """With BisectBatchOnFunctionError, only the failing record is given up, and all are tried in order."""
    made = Deliveries({"BisectBatchOnFunctionError": split}, fails="6").deliver("12345678")
    assert made.invoked == ["12345678", "1234", "5678", "56", "5", "6", "6", "6", "78"]
    assert made.committed == ["4", "5", "6", "8"]
    assert made.given_up == [("6", "RetryAttemptsExhausted", 3)]


def aged(number: str, seconds: float) -> Json:
    return {"dynamodb": {"ApproximateCreationDateTime": time.time() - seconds, "SequenceNumber": number}}


def test_an_old_record_is_not_sent() -> None:
    """Records that are older than the mapping allows are given up unsent; the younger ones behind them are sent."""
    made = Deliveries({"MaximumRecordAgeInSeconds": 300})
    made.deliver_all([aged("1", 400), aged("2", 301), aged("3", 200), aged("4", 0)])
    assert (made.invoked, made.committed) == (["34"], ["2", "4"])
    assert made.given_up == [("12", "RecordAgeExceeded", 0)]


def test_a_record_is_tried_until_it_is_too_old() -> None:
    """A record that fails is sent again until it is older than the mapping allows, then given up."""
    made = Deliveries({"MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": 300}, fails="1")
    record = aged("1", 299)
    made.wait = lambda seconds: record["dynamodb"].update(
        ApproximateCreationDateTime=record["dynamodb"]["ApproximateCreationDateTime"] - seconds
    )
    made.deliver_all([record])
    assert made.waits == [0.2, 0.4, 0.8]
    assert made.given_up == [("1", "RecordAgeExceeded", 3)]


def test_a_mapping_without_a_queue_gives_up_in_silence() -> None:
    """Without a destination, what is given up is only written to the log."""
    mapping = parsed({**DESCRIBED, "MaximumRecordAgeInSeconds": 300})
    assert mapping.destination is None
    Function("http://127.0.0.1:1", mapping, "shard").give_up(records("1"), "RecordAgeExceeded", 0)


def test_a_write_to_the_engines_file_is_noticed_once(tmp_path: Path) -> None:
    """The bridge sees that something was committed to the file, and then that nothing was."""
    engine, bridge = (sqlite3.connect(tmp_path / "data") for _ in range(2))
    with contextlib.closing(engine), contextlib.closing(bridge):
        engine.execute("PRAGMA journal_mode = WAL")
        engine.execute("CREATE TABLE t (n)")
        file = DataFile(bridge)
        assert not file.changed()
        for _ in range(2):
            with engine:
                engine.execute("INSERT INTO t VALUES (1)")
            assert (file.changed(), file.changed()) == (True, False)


def test_a_stream_is_trimmed_up_to_its_slowest_reader() -> None:
    """Only what all functions have received is removed, and nothing while one has received nothing."""
    numbers = {"purge": "12", "announce": "9"}
    assert received_by_all(numbers.values()) == 9
    assert received_by_all([*numbers.values(), None]) is None


def test_a_batch_fits_into_an_event() -> None:
    """A batch has as many records as the mapping allows and 6 MB hold, but at least one."""
    mapping = parsed(DESCRIBED | {"BatchSize": 3})
    assert len(next_batch(records(*"12345"), mapping)) == 3
    large = records(*"123", size=2_500_000)
    assert len(next_batch(large, mapping)) == 2
    assert len(json.dumps(next_batch(large, mapping))) < 6_291_456
    assert len(next_batch(records("1", "2", size=7_000_000), mapping)) == 1


def test_a_mapping_without_an_alias_invokes_the_latest_version() -> None:
    """A mapping names its function's alias; without one, it invokes the version that is not published."""
    assert (parsed(DESCRIBED).function, parsed(DESCRIBED).alias) == ("purge", "live")
    assert parsed(DESCRIBED | {"FunctionArn": DESCRIBED["FunctionArn"].removesuffix(":live")}).alias == "$LATEST"


@pytest.mark.parametrize(
    "described",
    [
        {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sns:us-east-1:000000000000:topic"}}},
        {"StartingPosition": "LATEST"},
    ],
)
def test_an_unsupported_mapping_is_refused(described: Json) -> None:
    """A mapping is refused if its failed batches would be lost, or if it would receive more than on AWS."""
    with pytest.raises(UnsupportedMappingError):
        parsed(DESCRIBED | described)
