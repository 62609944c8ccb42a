"""One S3 bucket: whole objects, and presigned URLs with which a browser uploads or downloads one."""

# ruff: noqa: PLC0415 - boto3 is imported for the first object: what needs none starts in a third of the time

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, Self

from dashboard_store.errors import StorageUnavailable

if TYPE_CHECKING:
    from botocore.config import Config as ClientConfig
    from mypy_boto3_s3 import S3Client

_CHUNK: Final = 1_048_576
_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_UNAVAILABLE: Final = frozenset(
    {
        # The response to HEAD has no body, so its only error code is the status.
        "500",
        "502",
        "503",
        "504",
        "InternalError",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
    }
)


class ObjectInfo(NamedTuple):
    """An object's size in bytes, and when it was written."""

    size: int
    modified_at: datetime


class Bucket:
    """A bucket behind a boto3 client. Every call raises StorageUnavailable if a retry may succeed.

    Without a `client`, one for a region is made on first use.
    """

    def __init__(self, client: "S3Client | None", bucket: str, region: str | None = None) -> None:
        self._given_client = client
        self._bucket = bucket
        self._region = region

    @classmethod
    def named(cls, bucket: str, environment: Mapping[str, str] = os.environ) -> Self:
        """Open a bucket in the function's own region with its own credentials."""
        # boto3 itself reads only AWS_DEFAULT_REGION, which then is the fallback.
        return cls(None, bucket, environment.get("AWS_REGION"))

    @cached_property
    def _client(self) -> "S3Client":
        import boto3

        return self._given_client or boto3.client("s3", region_name=self._region, config=client_config())

    def put(self, key: str, content: bytes, media_type: str) -> None:
        """Write an object of gzip-compressed content, atomically."""
        with _translated():
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=content, ContentType=media_type, ContentEncoding="gzip"
            )

    def get(self, key: str) -> bytes | None:
        """Read an object; None if it does not exist."""
        found = _unless_absent(lambda: self._client.get_object(Bucket=self._bucket, Key=key))
        with _translated():
            return found and found["Body"].read()

    def fetch(self, key: str, file: BinaryIO) -> bool:
        """Copy an object's content into a file; return False if the object does not exist."""
        found = _unless_absent(lambda: self._client.get_object(Bucket=self._bucket, Key=key))
        if found is None:
            return False
        with _translated():
            file.writelines(found["Body"].iter_chunks(_CHUNK))
        return True

    def copy(self, key: str, target: str) -> bool:
        """Copy an object to another key without reading it; return False if the object does not exist."""
        source = f"{self._bucket}/{key}"
        made = _unless_absent(lambda: self._client.copy_object(Bucket=self._bucket, Key=target, CopySource=source))
        return made is not None

    def describe(self, key: str) -> ObjectInfo | None:
        """Look up an object; None if it does not exist."""
        head = _unless_absent(lambda: self._client.head_object(Bucket=self._bucket, Key=key))
        return head and ObjectInfo(head["ContentLength"], head["LastModified"])

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is not an error."""
        with _translated():
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def upload_form(self, key: str, media_type: str, max_bytes: int, seconds: int) -> Mapping[str, Any]:
        """Make the URL and the fields of a form that uploads a file of at most `max_bytes` bytes to a key.

        https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
        """
        form = self._client.generate_presigned_post(
            self._bucket,
            key,
            Fields={"Content-Type": media_type},
            Conditions=[{"Content-Type": media_type}, ["content-length-range", 1, max_bytes]],
            ExpiresIn=seconds,
        )
        return {"url": form["url"], "fields": form["fields"]}

    def download_url(self, key: str, seconds: int, disposition: str) -> str:
        """Make the URL that serves an object, with the given Content-Disposition (RFC 6266)."""
        parameters = {"Bucket": self._bucket, "Key": key, "ResponseContentDisposition": disposition}
        return self._client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)


def client_config() -> "ClientConfig":
    """Return how the bucket is called.

    An object of up to 100 MB is sent in one call, which returns once all of it is stored. Presigned URLs require
    Signature Version 4, and the host of the bucket's region: by default they name s3.amazonaws.com, which redirects an
    upload to a new bucket, so that the browser's CORS check fails, and answers 400 for regions opened after March 2019.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    from botocore.config import Config as ClientConfig

    return ClientConfig(
        connect_timeout=1,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 2},
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    )


def _unless_absent[T](call: Callable[[], T]) -> T | None:
    """Make a call that reads one object; None if it does not exist."""
    from botocore.exceptions import ClientError

    try:
        with _translated():
            return call()
    except ClientError as exc:
        if exc.response["Error"]["Code"] in _ABSENT:
            return None
        raise


@contextmanager
def _translated() -> Iterator[None]:
    """Turn botocore's errors into StorageUnavailable if a retry may succeed."""
    from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
    from botocore.exceptions import ConnectionError as BotoConnectionError

    try:
        yield
    except (BotoConnectionError, HTTPClientError, IncompleteReadError) as exc:
        raise StorageUnavailable("The bucket cannot be reached. Try again.") from exc
    except ClientError as exc:
        if exc.response["Error"]["Code"] in _UNAVAILABLE:
            raise StorageUnavailable("The bucket is busy. Try again.") from exc
        raise
