"""The table's stream feeds the deployed functions as on AWS: filtered, in order, at least once; expired items go."""

import io
import json
import secrets
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.running.live_socket import LiveSocket, connected
from support.running.local_stack import ROOT, LocalStack, items_of, table_of

from local.template import API_ID, LIVE_API_ID

PROBE = ROOT / "tests" / "support" / "running" / "probe.py"
ROLE = "arn:aws:iam::000000000000:role/probe"
WANTED = {"dynamodb": {"Keys": {"pk": {"S": ["probe"]}, "sk": {"S": [{"prefix": "wanted"}, {"prefix": "poison"}]}}}}
# A table that does not compress, so it is too large for its item.
ROWS = [{"text": secrets.token_hex(500)} for _ in range(1_000)]
LAMBDA_EVENT, LAMBDA_ANSWER, GATEWAY_REQUEST = 6_291_456, 6_291_556, 10 * 1024 * 1024


class Probed:
    """A stack with the probe deployed beside its own functions, and what the probe received."""

    def __init__(self, stack: LocalStack, batches: Path) -> None:
        self.stack = stack
        self._batches, self._held = batches, batches.with_suffix(".held")

    def put(self, key: str, **attributes: str) -> None:
        item = {"pk": {"S": "probe"}, "sk": {"S": key}} | {name: {"S": text} for name, text in attributes.items()}
        engine = self.stack.database()
        engine.put_item(TableName=table_of(engine), Item=item)

    def records(self) -> list[dict[str, Any]]:
        return [record for batch in self.batches() for record in batch]

    def batches(self) -> list[list[dict[str, Any]]]:
        lines = self._batches.read_text().splitlines() if self._batches.exists() else []
        return [json.loads(line) for line in lines]

    def forget(self) -> None:
        """Remove what the probe has written down."""
        for left in (self._batches, self._held):
            left.unlink(missing_ok=True)

    def release(self) -> None:
        """Let the function go on."""
        self._held.unlink()

    def held(self) -> bool:
        """Return whether the function has begun to work on the record that it holds."""
        return self._held.exists()

    def received(self) -> list[str]:
        """Return the keys of the records in the order in which each was first received."""
        return list(dict.fromkeys(record["dynamodb"]["Keys"]["sk"]["S"] for record in self.records()))


def expire(engine: Any, place: str) -> tuple[str, Any]:
    """Let the item that names an object expire; return its table and key."""
    asked: dict[str, Any] = {"FilterExpression": "#object = :place", "ExpressionAttributeNames": {"#object": "object"}}
    (item,) = items_of(engine, **asked, ExpressionAttributeValues={":place": {"S": place}})
    table = table_of(engine)
    key = {name: item[name] for name in ("pk", "sk")}
    past = {":past": {"N": str(int(time.time()) - 60)}}
    engine.update_item(
        TableName=table, Key=key, UpdateExpression="SET expiresAt = :past", ExpressionAttributeValues=past
    )
    return table, key


def until(reached: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def deploy_probe(stack: LocalStack, batches: Path, pattern: Any = WANTED) -> None:
    """Deploy the probe with a queue for failures, and with a mapping that splits batches and tries twice more."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(PROBE, "probe.py")
    functions, queues = stack.aws("lambda"), stack.aws("sqs")
    queue = queues.create_queue(QueueName="probe-failures")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.create_function(
        FunctionName="probe",
        Runtime="python3.13",
        Role=ROLE,
        Handler="probe.handler",
        Code={"ZipFile": packed.getvalue()},
        Timeout=10,
        Environment={"Variables": {"BATCHES": str(batches)}},
    )
    own, *_ = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.create_event_source_mapping(
        FunctionName="probe",
        EventSourceArn=own["EventSourceArn"],
        StartingPosition="TRIM_HORIZON",
        BatchSize=4,
        FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]},
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )


@pytest.fixture(scope="module")
def with_probe(deployed: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probed]:
    """A running stack that has had the probe since its start. It has the port of all copies of `deployed`."""
    folder = tmp_path_factory.mktemp("with-probe")
    stack = deployed.copy(folder / "state").start()
    try:
        deploy_probe(stack, folder / "batches")
        assert stack.stop() == 0
        yield Probed(stack.start(), folder / "batches")
    finally:
        stack.kill()


@pytest.fixture
def probed(with_probe: Probed) -> Probed:
    """The stack with the probe, which has received nothing yet."""
    with_probe.forget()
    return with_probe


def objects(stack: LocalStack) -> list[str]:
    bucket = stack.aws("s3")
    names = [each["Name"] for each in bucket.list_buckets()["Buckets"]]
    (name,) = [name for name in names if not name.startswith("aws-sam-cli")]
    return [each["Key"] for each in bucket.list_objects_v2(Bucket=name, Prefix="tables/").get("Contents", [])]


@pytest.fixture
def large_table(owner: httpx.Client, stack: LocalStack) -> str:
    """The object of a table that was saved for the project `p`."""
    before = objects(stack)
    owner.post("/api/projects/p/data", json={"fileName": "t.json", "rawData": ROWS}).raise_for_status()
    (created,) = set(objects(stack)) - set(before)
    return created


def test_the_object_of_an_expired_item_is_removed(stack: LocalStack, large_table: str) -> None:
    """When an item expires, it is removed, and with it, through the stream, the object that it names."""
    engine = stack.database()
    table, key = expire(engine, large_table)
    until(lambda: "Item" not in engine.get_item(TableName=table, Key=key))
    until(lambda: large_table not in objects(stack))


@pytest.mark.waits
def test_the_emulators_own_database_expires_items_too(make_stack: Callable[..., LocalStack]) -> None:
    """With IAM enforced, where the emulator keeps the data, an expired item's object is removed as well."""
    stack = make_stack(auth=True).start()
    engine = stack.aws("dynamodb")
    with stack.client("user-1") as client:
        client.post("/api/projects", json={"id": "p", "name": "P"}).raise_for_status()
        client.post("/api/projects/p/data", json={"fileName": "t.json", "rawData": ROWS}).raise_for_status()
    (created,) = objects(stack)
    expire(engine, created)
    # The emulator looks for expired items once a minute.
    until(lambda: created not in objects(stack), seconds=100)


def test_a_filter_beyond_the_bridge_stops_the_stack(make_stack: Callable[..., LocalStack], tmp_path: Path) -> None:
    """A mapping whose filter the local run cannot apply ends the start with a message that names it."""
    stack = make_stack().start()
    deploy_probe(stack, tmp_path / "batches", {"dynamodb": {"SizeBytes": [{"numeric": [">", 100]}]}})
    assert stack.stop() == 0
    stack.launch()
    assert stack.wait() == 1
    assert 'The local run cannot apply {"numeric": [">", 100]}' in stack.output()


# The tests from here on share one stack, on the port of those above.


def test_no_record_is_lost_or_overtaken_by_a_sigkill(probed: Probed) -> None:
    """A function receives the record of every accepted write in order, although all is killed as it works on one.

    A record that the filters exclude never arrives, nor does a write that changed nothing.
    """
    expected = [f"wanted-{number:02}" for number in range(10)] + ["wanted-held", "wanted-next", "wanted-last"]
    for key in expected[:-1]:
        probed.put(key)
        probed.put(key)
        probed.put(f"other-{key}")
    until(probed.held)
    probed.stack.kill()
    assert "wanted-held" not in probed.received()
    probed.stack.start()
    probed.put(expected[-1])
    until(lambda: probed.received()[-1:] == expected[-1:])
    assert probed.received() == expected
    assert {record["eventName"] for record in probed.records()} == {"INSERT"}


def test_a_record_is_as_lambda_sends_it(probed: Probed) -> None:
    """A record has both images, its keys, and the stream of the deployed table as its source."""
    probed.put("wanted", text="before")
    probed.put("wanted", text="after")
    until(lambda: len(probed.records()) == 2)
    own, *_ = probed.stack.aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    record = probed.records()[1]
    change = record["dynamodb"]
    assert record["eventName"] == "MODIFY"
    assert record["eventSource"] == "aws:dynamodb"
    assert record["awsRegion"] == "us-east-1"
    assert record["eventSourceARN"] == own["EventSourceArn"]
    assert change["Keys"] == {"pk": {"S": "probe"}, "sk": {"S": "wanted"}}
    assert change["OldImage"]["text"] == {"S": "before"}
    assert change["NewImage"]["text"] == {"S": "after"}
    assert int(change["SequenceNumber"]) > int(probed.records()[0]["dynamodb"]["SequenceNumber"])


def test_a_busy_function_delays_no_other(probed: Probed) -> None:
    """While one function works on a record, a save is announced by another all the same, in a moment."""
    config = "/api/projects/p/config"
    with probed.stack.client("user-1") as owner:
        owner.post("/api/projects", json={"id": "p", "name": "P"}).raise_for_status()
        with LiveSocket(owner) as page:
            page.follow("p")
            headers = {"If-None-Match": "*"}
            owner.put(config, json={"chartCustomizations": {}}, headers=headers).raise_for_status()
            # Every function has started by now, so what follows takes less time than the record is held.
            page.wait_for_version(1)
            probed.put("wanted-held-alone")
            until(probed.held)
            headers = {"If-Match": '"1"'}
            owner.put(config, json={"chartCustomizations": {"a": {}}}, headers=headers).raise_for_status()
            page.wait_for_version(2, seconds=5)
    assert probed.received() == []
    probed.release()
    until(lambda: probed.received() == ["wanted-held-alone"])


def test_messages_are_answered_as_by_api_gateway(probed: Probed) -> None:
    """A route answers only if it has a response; a failing function and an unknown route, as API Gateway does.

    What the function's error says stays in the log.
    """
    stack = probed.stack
    gateway = stack.aws("apigatewayv2")
    uri = stack.aws("lambda").get_function(FunctionName="probe")["Configuration"]["FunctionArn"]
    integration = gateway.create_integration(ApiId=LIVE_API_ID, IntegrationType="AWS_PROXY", IntegrationUri=uri)
    target = f"integrations/{integration['IntegrationId']}"
    route = gateway.create_route(ApiId=LIVE_API_ID, RouteKey="probe", Target=target)
    with stack.client("user-1") as client:
        page = connected(client.post("/api/live").json()["url"])

    def asked(**message: Any) -> Any:
        page.send(json.dumps(message))
        return json.loads(page.recv())

    try:
        page.send(json.dumps({"action": "probe", "wanted": 1}))
        assert asked(action="ping") == {"pong": True}
        gateway.create_route_response(ApiId=LIVE_API_ID, RouteId=route["RouteId"], RouteResponseKey="$default")
        assert asked(action="probe", wanted=2) == {"wanted": 2}
        for message, action in (("Internal server error", "probe"), ("Forbidden", "shout")):
            answer = asked(action=action)
            assert answer["message"] == message
            assert answer.keys() == {"message", "connectionId", "requestId"}
    finally:
        page.shutdown()


def test_a_record_that_fails_for_ever_goes_to_the_queue(probed: Probed) -> None:
    """The batch is split until the failing record is alone, which is tried three times and then sent to the queue."""
    for key in ("wanted-1", "wanted-2", "poison", "wanted-3", "wanted-4"):
        probed.put(key)
    queues = probed.stack.aws("sqs")
    queue = queues.get_queue_url(QueueName="probe-failures")["QueueUrl"]
    (message,) = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    until(lambda: probed.received()[-1:] == ["wanted-4"])
    assert probed.received() == ["wanted-1", "wanted-2", "poison", "wanted-3", "wanted-4"]
    alone = [
        batch for batch in probed.batches() if [each["dynamodb"]["Keys"]["sk"]["S"] for each in batch] == ["poison"]
    ]
    assert len(alone) == 3
    sent = json.loads(message["Body"])
    number = alone[0][0]["dynamodb"]["SequenceNumber"]
    assert sent["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert sent["requestContext"]["approximateInvokeCount"] == 3
    place = sent["DDBStreamBatchInfo"]
    assert (place["startSequenceNumber"], place["endSequenceNumber"], place["batchSize"]) == (number, number, 1)


def test_what_lambda_refuses_is_refused(probed: Probed) -> None:
    """An answer of up to 6,291,556 bytes of JSON passes, and a larger one is API Gateway's 500.

    An event of more than 6,291,456 bytes is API Gateway's 413, and so is a request of more than 10 MB.
    """
    stack = probed.stack
    gateway = stack.aws("apigatewayv2")
    uri = stack.aws("lambda").get_function(FunctionName="probe")["Configuration"]["FunctionArn"]
    integration = gateway.create_integration(
        ApiId=API_ID, IntegrationType="AWS_PROXY", IntegrationUri=uri, PayloadFormatVersion="2.0"
    )
    target = f"integrations/{integration['IntegrationId']}"
    gateway.create_route(ApiId=API_ID, RouteKey="POST /api/probe", Target=target, AuthorizationType="NONE")

    def asked(length: int, content: bytes = b"") -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        answer = httpx.post(f"{stack.url}/api/probe?bytes={length}", content=content, headers=headers, timeout=60)
        return answer.status_code, answer.json() if answer.status_code >= 400 else len(answer.content)

    around = len(json.dumps({"statusCode": 200, "body": ""}))
    assert asked(LAMBDA_ANSWER - around) == (200, LAMBDA_ANSWER - around)
    assert asked(LAMBDA_ANSWER - around + 1) == (500, {"message": "Internal Server Error"})
    # An event has further members, of some 1,000 bytes.
    assert asked(1, b"x" * (LAMBDA_EVENT - 5_000)) == (200, 1)
    assert asked(1, b"x" * LAMBDA_EVENT) == (413, {"message": "Request Entity Too Large"})
    assert asked(1, b"x" * (GATEWAY_REQUEST + 1)) == (413, {"message": "Request Entity Too Large"})
