"""The request body: its media type, encoding and size are checked before it is read.

Compressed bodies are sent as `Content-Type: application/gzip`. API Gateway passes on bodies that it considers text as
text, which corrupts a gzip sent as `application/json` with `Content-Encoding: gzip`; such a body is accepted if it
arrives intact.
"""

import base64
import zlib
from collections.abc import Mapping
from typing import Any, Final

from dashboard_store.compression import GZIP_WBITS
from dashboard_store.errors import MalformedJson, RequestTooLarge, UnsupportedMediaType
from dashboard_store.settings import Settings

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
GZIP: Final = "application/gzip"

_GZIP_MAGIC: Final = b"\x1f\x8b"


def json_text(event: Mapping[str, Any], settings: Settings, *media_types: str) -> bytes:
    """Read the body of a request that accepts JSON and the given media types.

    Raises a BadInput error or RequestTooLarge.
    """
    body = _sent(event)
    if len(body) > settings.max_request_bytes:
        limit = settings.max_request_bytes
        raise RequestTooLarge(
            f"The body is {len(body)} bytes; the limit is {limit}.", limit_bytes=limit, actual_bytes=len(body)
        )
    media_type = media_type_of(event)
    if media_type not in {JSON, GZIP, *media_types}:
        taken = ", ".join(dict.fromkeys((JSON, *media_types, GZIP)))
        raise UnsupportedMediaType(f"The media type {media_type} is not supported here; use one of {taken}.")
    if _is_compressed(event, media_type, body):
        body = decompressed(body, settings.max_decompressed_bytes)
    if not body:
        raise MalformedJson("The body is empty.")
    return body


def decompressed(body: bytes, limit: int) -> bytes:
    """Decompress one gzip member, up to `limit` bytes. Raises MalformedJson or RequestTooLarge."""
    decompressor = zlib.decompressobj(wbits=GZIP_WBITS)
    try:
        content = decompressor.decompress(body, limit + 1)
    except zlib.error as exc:
        raise MalformedJson("The body is not valid gzip.") from exc
    if len(content) > limit:
        raise RequestTooLarge(f"The decompressed body is larger than {limit} bytes.", limit_bytes=limit)
    if not decompressor.eof:
        raise MalformedJson("The gzip stream is truncated.")
    if decompressor.unused_data:
        raise MalformedJson("Unexpected content follows the gzip stream.")
    return content


def media_type_of(event: Mapping[str, Any]) -> str:
    """Return the media type of a request's body without its parameters; JSON if it is not named."""
    return headers_of(event).get("content-type", JSON).partition(";")[0].strip().lower()


def headers_of(event: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the headers of an event; API Gateway sends their names in lower case."""
    return event.get("headers") or {}


def _sent(event: Mapping[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    if not event["isBase64Encoded"]:
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body)
    except ValueError as exc:
        raise MalformedJson("The body is not valid base64.") from exc


def _is_compressed(event: Mapping[str, Any], media_type: str, body: bytes) -> bool:
    coding = headers_of(event).get("content-encoding", "identity").strip().lower()
    if media_type == GZIP:
        return True
    if coding == "identity":
        return False
    if coding not in {"gzip", "x-gzip"}:
        raise UnsupportedMediaType(f"The content coding {coding} is not supported; use gzip.")
    if not body.startswith(_GZIP_MAGIC):
        raise UnsupportedMediaType(f"The compressed body was corrupted in transit; send it with Content-Type: {GZIP}.")
    return True
