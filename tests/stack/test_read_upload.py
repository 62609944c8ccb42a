"""A large file is read by a function of its own, which may die at any moment: the deployed one, with its retries."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.running.local_stack import LocalStack, items_of, table_of

from dashboard_store.repository.background_reads import MOST_TRIES

DATA = "/api/projects/p/data"
READER = "ReadUploadFunction"
# It takes some seconds to read, because its rows are short.
LINE, ROWS = b"123456,654321\n", 1_500_000
CSV = b"a,b\n" + LINE * ROWS


class Reading:
    """An upload that is being read, as its user and an operator see it."""

    def __init__(self, stack: LocalStack, owner: httpx.Client, place: str) -> None:
        self._stack = stack
        self._owner = owner
        self._place = place
        self._engine = stack.database()
        self.upload_id = place.rpartition("/")[2]

    def state(self) -> Any:
        return self._owner.get(self._place).raise_for_status().json()

    def until(self, reached: Callable[[Any], bool], seconds: float = 60) -> Any:
        """Ask until a state is reached, and return it."""
        deadline = time.monotonic() + seconds
        while not reached(state := self.state()):
            assert time.monotonic() < deadline, state
            time.sleep(0.05)
        return state

    def until_attempt(self, number: int) -> None:
        self.until(lambda _: self._item()["tries"] == {"N": str(number)})

    def kill_reader(self) -> None:
        """Kill the function with SIGKILL, and let its lease lapse now instead of in half a minute."""
        assert self._stack.kill_workers(READER)
        item, now = self._item(), int(time.time() * 1_000)
        self._engine.update_item(
            TableName=table_of(self._engine),
            Key={name: item[name] for name in ("pk", "sk")},
            UpdateExpression="SET leasedUntil = :now",
            ExpressionAttributeValues={":now": {"N": str(now)}},
        )

    def _item(self) -> dict[str, Any]:
        ending = {"FilterExpression": "contains(sk, :id)", "ExpressionAttributeValues": {":id": {"S": self.upload_id}}}
        (item,) = items_of(self._engine, **ending)
        return item


@pytest.fixture
def reading(stack: LocalStack, owner: httpx.Client) -> Reading:
    """A large file that was sent and completed for the project `p`."""
    form = {"fileName": "f.csv", "contentType": "text/csv", "bytes": len(CSV)}
    announced = owner.post(f"{DATA}/uploads", json=form).raise_for_status().json()
    httpx.post(announced["url"], data=announced["fields"], files={"file": CSV}).raise_for_status()
    accepted = owner.post(f"{DATA}/uploads/{announced['uploadId']}/complete", json={})
    assert (accepted.status_code, accepted.json()) == (202, {"status": "processing"})
    return Reading(stack, owner, accepted.headers["Location"])


def test_a_killed_reader_is_followed_by_another(owner: httpx.Client, reading: Reading) -> None:
    """The progress is shown. A reader that is killed half-way is followed by one that ends in a single version."""
    half_way = reading.until(lambda state: state["bytesRead"] > 0)
    assert half_way["status"] == "processing"
    assert half_way["bytesRead"] < half_way["bytes"] == len(CSV)
    reading.kill_reader()
    done = reading.until(lambda state: state["status"] != "processing")
    assert done == {"status": "done", "bytesRead": len(CSV), "bytes": len(CSV), "version": 1}
    assert [each["version"] for each in owner.get(f"{DATA}/versions").json()["versions"]] == [1]
    last = owner.get(DATA, params={"rows": f"{ROWS - 1}-{ROWS}"}).json()
    assert last["rawData"] == [{"a": 123456, "b": 654321}]
    assert last["dataSchema"]["rowCount"] == ROWS


def test_a_reader_that_always_dies_ends_in_the_queue(stack: LocalStack, owner: httpx.Client, reading: Reading) -> None:
    """After the last try the upload has failed, there is no data, and an operator finds its event in the queue."""
    for attempt in range(1, MOST_TRIES + 1):
        reading.until_attempt(attempt)
        reading.kill_reader()
    failed = reading.state()
    assert (failed["status"], failed["problem"]["status"]) == ("failed", 500)
    assert owner.get(f"{DATA}/versions").json()["versions"] == []
    queues = stack.aws("sqs")
    (queue,) = [url for url in queues.list_queues()["QueueUrls"] if "ReadFailures" in url]
    (message,) = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    sent = json.loads(message["Body"])
    assert sent["requestContext"]["condition"] == "RetriesExhausted"
    assert sent["requestPayload"]["uploadId"] == reading.upload_id
