"""Objects in the bucket as a client of the API reaches them: files that it uploads, tables that it downloads."""

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from conftest import BUCKET
from support.handlers.http_api import Client, Reply

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOADS = "/api/projects/p/data/uploads"


def announce(client: Client, size: int, media_type: str = "text/csv", name: str = "weather.csv") -> Reply:
    return client.post(UPLOADS, {"fileName": name, "contentType": media_type, "bytes": size})


def send_file(
    client: Client,
    bucket_client: "S3Client",
    content: bytes,
    media_type: str = "text/csv",
    *,
    size: int | None = None,
    name: str = "weather.csv",
) -> str:
    """Announce a file of the project `p` and put it in the bucket; return the URL that completes the upload."""
    announced = announce(client, size or len(content), media_type, name).json
    bucket_client.put_object(Bucket=BUCKET, Key=announced["fields"]["key"], Body=content, ContentType=media_type)
    return f"{UPLOADS}/{announced['uploadId']}/complete"


def key_of(url: str) -> str:
    """Return the key of the object that a signed URL downloads."""
    return unquote(urlsplit(url).path).removeprefix(f"/{BUCKET}").lstrip("/")
