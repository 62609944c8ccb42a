"""What the bucket is asked for, and what an address that is handed out allows."""

import base64
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import BUCKET

from dashboard_store.repository.objects import Objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def test_an_object_says_what_it_is(objects: Objects, bucket_client: "S3Client", user: str) -> None:
    """An object is served as what it was written as, and as gzip: a browser unpacks it by itself."""
    objects.put(user, b"content", "text/csv; charset=utf-8")
    served = bucket_client.get_object(Bucket=BUCKET, Key=user)
    assert (served["ContentType"], served["ContentEncoding"]) == ("text/csv; charset=utf-8", "gzip")
    described = objects.describe(user)
    assert described
    assert (described.size, described.modified_at) == (7, served["LastModified"])
    file = io.BytesIO()
    objects.fetch(user, file)
    assert file.getvalue() == objects.get(user) == b"content"
    objects.delete(user)
    objects.delete(user)
    assert objects.describe(user) is None


def test_a_form_lets_in_one_file_and_nothing_else(objects: Objects, user: str) -> None:
    """A form is good for its key, type and size alone, and for its time; it has the fields that its policy asks for."""
    form = objects.upload_form(user, "text/csv", 1_000, 3_600)
    assert BUCKET in form["url"]
    assert (form["fields"]["key"], form["fields"]["Content-Type"]) == (user, "text/csv")
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    for condition in ({"bucket": BUCKET}, {"key": user}, {"Content-Type": "text/csv"}):
        assert condition in policy["conditions"]
    assert ["content-length-range", 1, 1_000] in policy["conditions"]
    left = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


@pytest.mark.parametrize("seconds", [300, 60])
def test_an_address_is_good_for_its_time(objects: Objects, user: str, seconds: int) -> None:
    """An address is of one object, under one name, for as long as was asked for; it is signed by version 4."""
    url = urlsplit(objects.download_url(user, seconds, "attachment; filename*=UTF-8''a.csv"))
    query = parse_qs(url.query)
    assert url.path.endswith(f"/{user}")
    assert query["X-Amz-Expires"] == [str(seconds)]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["response-content-disposition"] == ["attachment; filename*=UTF-8''a.csv"]
