"""What is requested of the bucket, and what presigned forms and URLs allow."""

import base64
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError
from conftest import BUCKET

from dashboard_store.errors import StorageUnavailable
from dashboard_store.repository.bucket import Bucket, client_config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_an_object_has_its_type_and_encoding(bucket: Bucket, bucket_client: "S3Client", user: str) -> None:
    """An object is served with the type that it was written with and as gzip, which browsers decompress themselves."""
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
    assert bucket.get(user) is None
    assert not bucket.fetch(user, file)


def test_the_named_bucket_is_used(bucket: Bucket, bucket_client: "S3Client", user: str) -> None:
    """Objects are written to and read from the bucket that was named, and no other."""
    bucket.put(user, b"content", "text/csv; charset=utf-8")
    assert Bucket(bucket_client, BUCKET).get(user) == b"content"
    with pytest.raises(ClientError, match="NoSuchBucket"):
        Bucket(bucket_client, "elsewhere").get(user)


def test_a_form_allows_one_file_and_nothing_else(bucket: Bucket, user: str) -> None:
    """A form is valid only for its key, type, size and time, and has the fields that its policy requires."""
    moment = datetime(2026, 11, 25, 12, tzinfo=UTC)
    with mock.patch("botocore.signers.get_current_datetime", return_value=moment.replace(tzinfo=None)):
        form = bucket.upload_form(user, "text/csv", 1_000, 600)
    assert BUCKET in form["url"]
    assert (form["fields"]["key"], form["fields"]["Content-Type"]) == (user, "text/csv")
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    for condition in ({"bucket": BUCKET}, {"key": user}, {"Content-Type": "text/csv"}):
        assert condition in policy["conditions"]
    assert ["content-length-range", 1, 1_000] in policy["conditions"]
    assert datetime.fromisoformat(policy["expiration"]) == moment + timedelta(seconds=600)


@pytest.mark.parametrize("seconds", [300, 60])
def test_a_download_url_expires(bucket: Bucket, user: str, seconds: int) -> None:
    """A URL is for one object under one file name, valid for the requested time and signed with version 4."""
    url = urlsplit(bucket.download_url(user, seconds, "attachment; filename*=UTF-8''a.csv"))
    query = parse_qs(url.query)
    assert url.path.endswith(f"/{user}")
    assert query["X-Amz-Expires"] == [str(seconds)]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["response-content-disposition"] == ["attachment; filename*=UTF-8''a.csv"]


def presigned(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[tuple[str, str]]:
    """Return the URL and the credential scope of a form and of a download, from a function with these variables."""
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    # boto3's default session reads the variables once.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for name, value in {**keys, **variables}.items():
        monkeypatch.setenv(name, value)
    opened = Bucket.named(BUCKET)
    form = opened.upload_form("uploads/a", "text/csv", 1_000, 600)
    download = urlsplit(opened.download_url("tables/b", 300, "inline"))
    credentials = (form["fields"]["x-amz-credential"], parse_qs(download.query)["X-Amz-Credential"][0])
    urls = (form["url"], f"{download.scheme}://{download.netloc}{download.path}")
    return [(url, credential.split("/", 2)[2]) for url, credential in zip(urls, credentials, strict=True)]


# The region of the global endpoint, one opened before and one after March 2019, and one of another partition.
HOSTS = {
    "us-east-1": "s3.us-east-1.amazonaws.com",
    "eu-central-1": "s3.eu-central-1.amazonaws.com",
    "il-central-1": "s3.il-central-1.amazonaws.com",
    "cn-north-1": "s3.cn-north-1.amazonaws.com.cn",
}


@pytest.mark.parametrize(("region", "host"), HOSTS.items(), ids=HOSTS)
def test_presigned_urls_name_the_region(monkeypatch: pytest.MonkeyPatch, region: str, host: str) -> None:
    """A form and a download name the host of the bucket's region, which neither redirects nor rejects the browser."""
    form, download = presigned(monkeypatch, AWS_REGION=region, AWS_DEFAULT_REGION="eu-west-3")
    assert form == (f"https://{BUCKET}.{host}/", f"{region}/s3/aws4_request")
    assert download == (f"https://{BUCKET}.{host}/tables/b", f"{region}/s3/aws4_request")


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "ca-west-1"])
def test_presigned_urls_name_the_validated_endpoint(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    """With FIPS endpoints, browsers also use those, where a region has them."""
    form, download = presigned(monkeypatch, AWS_REGION=region, AWS_USE_FIPS_ENDPOINT="true")
    assert form == (f"https://{BUCKET}.s3-fips.{region}.amazonaws.com/", f"{region}/s3/aws4_request")
    assert download == (f"https://{BUCKET}.s3-fips.{region}.amazonaws.com/tables/b", f"{region}/s3/aws4_request")


def test_a_bucket_at_an_address_is_part_of_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The local run's bucket has no host name of its own, so it is part of the path."""
    url = "http://127.0.0.1:4566"
    form, download = presigned(monkeypatch, AWS_DEFAULT_REGION="us-east-1", AWS_ENDPOINT_URL=url)
    assert (form[0], download[0]) == (f"{url}/{BUCKET}", f"{url}/{BUCKET}/tables/b")


def test_an_unresponsive_bucket_is_given_up_in_time() -> None:
    """All attempts of a call to the bucket end within the 29 seconds that API Gateway waits."""
    given = vars(client_config())
    assert (given["retries"]["mode"], given["signature_version"]) == ("standard", "s3v4")
    assert given["retries"]["total_max_attempts"] * (given["connect_timeout"] + given["read_timeout"]) < 29


class Refusing:
    """A bucket's client that answers every request with the same error."""

    def __init__(self, code: str) -> None:
        self._code = code

    def head_object(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": self._code}}, "HeadObject")

    def get_object(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": self._code}}, "GetObject")


def refusing(code: str) -> Bucket:
    client: Any = Refusing(code)
    return Bucket(client, BUCKET)


@pytest.mark.parametrize("code", ["404", "NoSuchKey", "NotFound"])
def test_an_object_that_is_absent_is_none(code: str) -> None:
    """However S3 reports a missing object, the result is None and not an error."""
    assert refusing(code).describe("key") is None
    assert refusing(code).get("key") is None


@pytest.mark.parametrize(
    "code",
    [
        "500",
        "502",
        "503",
        "504",
        "InternalError",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
    ],
)
def test_a_bucket_that_is_busy_is_unavailable(code: str) -> None:
    """Transient errors are StorageUnavailable; the response to HEAD has only a status as its code."""
    for read in (refusing(code).describe, refusing(code).get):
        with pytest.raises(StorageUnavailable, match=r"^The bucket is busy\. Try again\.$"):
            read("key")


def test_a_wrong_request_is_not_an_outage() -> None:
    """Any other error of S3 is a defect and is raised unchanged."""
    for read in (refusing("AccessDenied").describe, refusing("AccessDenied").get):
        with pytest.raises(ClientError, match="AccessDenied"):
            read("key")
