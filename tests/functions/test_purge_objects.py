"""What the table's stream tells of expired items removes their objects, and nothing else does."""

import copy
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET
from purge_objects import handler, purge
from support.project.template import ROOT, functions
from support.storage.faults import answers, injected_in_bucket

from dashboard_store.repository.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVENT: dict[str, Any] = json.loads((ROOT / "events" / "purge_objects" / "expired.json").read_text())
RECORD = EVENT["Records"][0]
CONTEXT: Any = SimpleNamespace(aws_request_id="lambda-request")
KEY = RECORD["dynamodb"]["OldImage"]["object"]["S"]


@pytest.fixture
def stored(bucket_client: "S3Client", monkeypatch: pytest.MonkeyPatch) -> "S3Client":
    """The bucket that the function's environment names, with the expired item's object in it."""
    monkeypatch.setenv("BUCKET_NAME", BUCKET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    bucket_client.put_object(Bucket=BUCKET, Key=KEY, Body=b"rows")
    return bucket_client


def keys(client: "S3Client") -> set[str]:
    return {each["Key"] for each in client.list_objects_v2(Bucket=BUCKET, Prefix="tables/").get("Contents", [])}


def test_an_expired_items_object_is_removed(stored: "S3Client") -> None:
    """The object that an expired item named is gone, every other is there, and a record that comes twice is fine."""
    other = f"{KEY}-of-another-item"
    stored.put_object(Bucket=BUCKET, Key=other, Body=b"rows")
    for _ in range(2):
        assert handler(EVENT, CONTEXT) == {"batchItemFailures": []}
    assert other in keys(stored)
    assert KEY not in keys(stored)


def test_what_could_not_be_removed_comes_again(stored: "S3Client", bucket: Bucket) -> None:
    """A record whose object could not be removed is reported by its number, and those of the others are removed."""
    second = copy.deepcopy(EVENT["Records"][0])
    second["dynamodb"]["SequenceNumber"] = "2"
    second["dynamodb"]["OldImage"]["object"]["S"] = f"{KEY}-2"
    stored.put_object(Bucket=BUCKET, Key=f"{KEY}-2", Body=b"rows")
    with injected_in_bucket(stored, answers("SlowDown", 503), times=1):
        reported = purge({"Records": [RECORD, second]}, CONTEXT, bucket)
    assert reported == {"batchItemFailures": [{"itemIdentifier": RECORD["dynamodb"]["SequenceNumber"]}]}
    assert KEY in keys(stored)
    assert f"{KEY}-2" not in keys(stored)


def test_only_what_expired_comes_to_the_function() -> None:
    """The template's filter lets through removals by DynamoDB itself of items that name an object.

    What a request removes was moved to another key, and its object is needed there.
    """
    event = functions()["PurgeObjectsFunction"]["Events"]["Expired"]["Properties"]
    (rule,) = event["FilterCriteria"]["Filters"]
    pattern = json.loads(rule["Pattern"])
    assert matches(pattern, RECORD)
    moved = {name: value for name, value in RECORD.items() if name != "userIdentity"}
    without = copy.deepcopy(RECORD)
    del without["dynamodb"]["OldImage"]["object"]
    for other in (moved, without, {**RECORD, "eventName": "MODIFY"}, {**RECORD, "eventName": "INSERT"}):
        assert not matches(pattern, other)
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def matches(pattern: Any, value: Any) -> bool:
    """Read a filter's pattern as Lambda does, of what this one has: exact values and `exists`.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
    """
    if isinstance(pattern, dict):
        return all(matches(inner, (value or {}).get(name)) for name, inner in pattern.items())
    return any(value is not None if rule == {"exists": True} else value == rule for rule in pattern)
