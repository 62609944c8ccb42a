"""What the bucket is asked for, and what a presigned URL allows."""

import base64
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError
from conftest import BUCKET

from dashboard_store.errors import StorageUnavailable
from dashboard_store.repository.bucket import CLIENT_CONFIG, Bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_an_object_says_what_it_is(bucket: Bucket, bucket_client: "S3Client", user: str) -> None:
    """An object is served as what it was written as, and as gzip: a browser unpacks it by itself."""
    bucket.put(user, b"content", "text/csv; charset=utf-8")
    served = bucket_client.get_object(Bucket=BUCKET, Key=user)
    assert (served["ContentType"], served["ContentEncoding"]) == ("text/csv; charset=utf-8", "gzip")
    described = bucket.describe(user)
    assert described
    assert (described.size, described.modified_at) == (7, served["LastModified"])
    file = io.BytesIO()
    bucket.fetch(user, file)
    assert file.getvalue() == bucket.get(user) == b"content"
    bucket.delete(user)
    bucket.delete(user)
    assert bucket.describe(user) is None


def test_a_bucket_is_the_one_that_was_named(bucket: Bucket, bucket_client: "S3Client", user: str) -> None:
    """What lies in one bucket is in no other."""
    bucket.put(user, b"content", "text/csv; charset=utf-8")
    assert Bucket(bucket_client, BUCKET).get(user) == b"content"
    with pytest.raises(ClientError, match="NoSuchBucket"):
        Bucket(bucket_client, "elsewhere").get(user)


def test_a_form_lets_in_one_file_and_nothing_else(bucket: Bucket, user: str) -> None:
    """A form is good for its key, type and size alone, and for its time; it has the fields that its policy asks for."""
    form = bucket.upload_form(user, "text/csv", 1_000, 600)
    assert BUCKET in form["url"]
    assert (form["fields"]["key"], form["fields"]["Content-Type"]) == (user, "text/csv")
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    for condition in ({"bucket": BUCKET}, {"key": user}, {"Content-Type": "text/csv"}):
        assert condition in policy["conditions"]
    assert ["content-length-range", 1, 1_000] in policy["conditions"]
    left = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)


@pytest.mark.parametrize("seconds", [300, 60])
def test_a_download_url_is_good_for_its_time(bucket: Bucket, user: str, seconds: int) -> None:
    """A URL is of one object, under one name, for as long as was asked for; it is signed by version 4."""
    url = urlsplit(bucket.download_url(user, seconds, "attachment; filename*=UTF-8''a.csv"))
    query = parse_qs(url.query)
    assert url.path.endswith(f"/{user}")
    assert query["X-Amz-Expires"] == [str(seconds)]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["response-content-disposition"] == ["attachment; filename*=UTF-8''a.csv"]


def test_a_bucket_that_does_not_answer_is_given_up_in_time() -> None:
    """All attempts of a call to the bucket end within the 29 seconds that API Gateway waits."""
    given = vars(CLIENT_CONFIG)
    assert (given["retries"]["mode"], given["signature_version"]) == ("standard", "s3v4")
    assert given["retries"]["total_max_attempts"] * (given["connect_timeout"] + given["read_timeout"]) < 29


class Refusing:
    """A bucket's client that answers everything with one error."""

    def __init__(self, code: str) -> None:
        self._code = code

    def head_object(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": self._code}}, "HeadObject")


def refusing(code: str) -> Bucket:
    client: Any = Refusing(code)
    return Bucket(client, BUCKET)


@pytest.mark.parametrize("code", ["404", "NoSuchKey", "NotFound"])
def test_an_object_that_is_absent_is_none(code: str) -> None:
    """However S3 says that there is no such object, there is none: that is no failure."""
    assert refusing(code).describe("key") is None


@pytest.mark.parametrize(
    "code", ["500", "503", "InternalError", "RequestTimeout", "ServiceUnavailable", "SlowDown", "ThrottlingException"]
)
def test_a_bucket_that_is_busy_is_unavailable(code: str) -> None:
    """Errors of the moment are told as such; the response to HEAD has no code but its status."""
    with pytest.raises(StorageUnavailable, match=r"^The bucket is busy\.$"):
        refusing(code).describe("key")


def test_what_is_wrong_with_a_request_is_no_outage() -> None:
    """Another error of S3 is a defect, and shows itself."""
    with pytest.raises(ClientError, match="AccessDenied"):
        refusing("AccessDenied").describe("key")
