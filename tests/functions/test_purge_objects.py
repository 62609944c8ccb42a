"""The function that follows the table's stream: which records it gets, what becomes of them, and what it may call."""

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, Clock
from purge_objects import process
from support.handlers.http_api import CONTEXT, Client
from support.project.template import ROOT, functions
from support.storage.clients import Tapped
from support.storage.faults import answers, injected_in_bucket
from support.storage.stream import Stream

from dashboard_store.store import Store
from local.filters import any_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVENT: dict[str, Any] = json.loads((ROOT / "events" / "purge_objects" / "expired.json").read_text())
RECORD = EVENT["Records"][0]
KEY = RECORD["dynamodb"]["OldImage"]["object"]["S"]


@pytest.fixture
def stored(bucket_client: "S3Client") -> "S3Client":
    """The bucket with the expired item's object in it."""
    bucket_client.put_object(Bucket=BUCKET, Key=KEY, Body=b"rows")
    return bucket_client


def keys(client: "S3Client") -> set[str]:
    return {each["Key"] for each in client.list_objects_v2(Bucket=BUCKET, Prefix="tables/").get("Contents", [])}


def test_an_expired_items_object_is_removed(stored: "S3Client", store: Store) -> None:
    """The object that an expired item named is gone, every other is there, and a record that comes twice is fine."""
    other = f"{KEY}-of-another-item"
    stored.put_object(Bucket=BUCKET, Key=other, Body=b"rows")
    for _ in range(2):
        assert process(copy.deepcopy(EVENT), CONTEXT, store) == {"batchItemFailures": []}
    assert other in keys(stored)
    assert KEY not in keys(stored)


def test_what_could_not_be_removed_comes_again(stored: "S3Client", store: Store) -> None:
    """A record whose object could not be removed is reported by its number, and those of the others are removed."""
    second = copy.deepcopy(EVENT["Records"][0])
    second["dynamodb"]["SequenceNumber"] = "2"
    second["dynamodb"]["OldImage"]["object"]["S"] = f"{KEY}-2"
    stored.put_object(Bucket=BUCKET, Key=f"{KEY}-2", Body=b"rows")
    with injected_in_bucket(stored, answers("SlowDown", 503), times=1):
        reported = process({"Records": [RECORD, second]}, CONTEXT, store)
    assert reported == {"batchItemFailures": [{"itemIdentifier": RECORD["dynamodb"]["SequenceNumber"]}]}
    assert KEY in keys(stored)
    assert f"{KEY}-2" not in keys(stored)


def test_the_function_gets_what_users_store_and_no_counters(client: Client, database: Tapped, clock: Clock) -> None:
    """The template's filter lets every change of a user's items through, except those of counters."""
    event = functions()["PurgeObjectsFunction"]["Events"]["Changed"]["Properties"]
    (rule,) = event["FilterCriteria"]["Filters"]
    matches = any_of([rule["Pattern"]])
    with Stream(database, clock).following() as stream:
        live(client)
    kinds = {record["dynamodb"]["Keys"]["sk"]["S"].partition("#")[0] for record in stream.records}
    assert kinds == {"PROJECT", "CONFIG", "CONFIGVERSION", "DATA", "DATAVERSION", "ANALYSIS", "UPLOAD", "DELETED"}
    assert all(matches(record) for record in [RECORD, *stream.records])
    for counter in ("RATE", "USAGE"):
        assert not matches({"dynamodb": {"Keys": {"sk": {"S": counter}}}})
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def live(client: Client) -> None:
    """Make items of every kind."""
    client.post("/api/projects", {"id": "p", "name": "P"})
    client.put("/api/projects/p/config", {"chartCustomizations": {}}, if_match='"0"')
    for value in (1, 2):
        client.post("/api/projects/p/data", {"fileName": "f", "rawData": [{"a": value}]})
    announced = client.post(
        "/api/projects/p/data/uploads", {"fileName": "f.csv", "contentType": "text/csv", "bytes": 9}
    )
    assert announced.status == 201
    client.delete("/api/projects/p?permanently=true")


def test_the_function_may_do_what_it_does_and_no_more(
    client: Client, store: Store, database: Tapped, clock: Clock
) -> None:
    """Its role permits the database calls that it makes, each of which it makes."""
    statements = functions()["PurgeObjectsFunction"]["Policies"][0]["Statement"]
    allowed = {action for each in statements for action in each["Action"] if action.startswith("dynamodb:")}
    with Stream(database, clock).following() as stream:
        live(client)
        with database.recorded() as calls:
            stream.deliver(store)
    made = {operation for operation, request in calls if "TransactItems" not in request}
    transacted = [kind for _, request in calls for each in request.get("TransactItems", []) for kind in each]
    assert allowed == {f"dynamodb:{action}" for action in made} | {f"dynamodb:{kind}Item" for kind in transacted}


def test_nothing_in_the_log_names_a_user_or_a_project(
    client: Client, store: Store, database: Tapped, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines of the function hold neither ids nor keys."""
    with Stream(database, clock).following() as stream:
        live(client)
        stream.deliver(store)
    assert client.user not in (lines := capsys.readouterr().out)
    assert "#p" not in lines
