"""The request body: its media type, encoding and size are checked before it is read, and that it is what was sent.

How large a body may be depends on what its route stores, so that no body costs much more than a document.

Compressed bodies are sent as `Content-Type: application/gzip`. API Gateway passes on bodies that it considers text as
text, which corrupts a gzip sent as `application/json` with `Content-Encoding: gzip`; such a body is accepted if it
arrives intact.
"""

import base64
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from dashboard_store.compression import GZIP_WBITS
from dashboard_store.errors import MalformedJson, RequestTooLarge, UnsupportedMediaType
from dashboard_store.settings import Settings

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
GZIP: Final = "application/gzip"

_GZIP_MAGIC: Final = b"\x1f\x8b"

# The largest project without its config, announcement of a file, and description of columns, in bytes.
_PROJECT: Final = 40_000
_ANNOUNCEMENT: Final = 2_000
_COLUMNS: Final = 100_000
# A version's name.
_NAME: Final = 500
# A role, a token or a time.
_SHARING: Final = 500

# A body may be four times as large as the largest document of its route: spaces and escapes make a text longer, and a
# patch also names what it removes.
_LARGEST_BODIES: Final[Mapping[str, Callable[[Settings], int]]] = {
    "POST /api/projects": lambda settings: 4 * (_PROJECT + settings.max_config_bytes),
    "PATCH /api/projects/{projectId}": lambda _: 4 * _PROJECT,
    "PUT /api/projects/{projectId}/config": lambda settings: 4 * settings.max_config_bytes,
    "PATCH /api/projects/{projectId}/config": lambda settings: 4 * settings.max_config_bytes,
    "PATCH /api/projects/{projectId}/config/versions/{version}": lambda _: 4 * _NAME,
    "PUT /api/projects/{projectId}/data/customizations": lambda settings: 4 * settings.max_config_bytes,
    "POST /api/projects/{projectId}/data": lambda settings: settings.max_decompressed_bytes,
    "PUT /api/projects/{projectId}/data/analysis": lambda settings: 4 * settings.max_analysis_bytes,
    "PUT /api/projects/{projectId}/data/schema": lambda _: 4 * _COLUMNS,
    "POST /api/projects/{projectId}/data/uploads": lambda _: 4 * _ANNOUNCEMENT,
    "POST /api/projects/{projectId}/data/uploads/{uploadId}/complete": (
        lambda settings: 4 * (_COLUMNS + settings.max_analysis_bytes)
    ),
    "POST /api/projects/{projectId}/invitations": lambda _: 4 * _SHARING,
    "POST /api/invitations/preview": lambda _: 4 * _SHARING,
    "POST /api/invitations/accept": lambda _: 4 * _SHARING,
    "PUT /api/projects/{projectId}/members/{memberId}": lambda _: 4 * _SHARING,
    "PUT /api/projects/{projectId}/teams/{team}": lambda _: 4 * _SHARING,
    "POST /api/projects/{projectId}/links": lambda _: 4 * _SHARING,
}


def largest_body(route: str, settings: Settings) -> int:
    """Return the maximum size in bytes of a route's body, once it is decompressed."""
    return _LARGEST_BODIES[route](settings)


def json_text(event: Mapping[str, Any], settings: Settings, *media_types: str) -> bytes:
    """Read the body of a request that accepts JSON and the given media types.

    Raises a BadInput error or RequestTooLarge.
    """
    body = _sent(event)
    _refuse_larger(body, settings.max_request_bytes)
    media_type = media_type_of(event)
    if media_type not in {JSON, GZIP, *media_types}:
        taken = ", ".join(dict.fromkeys((JSON, *media_types, GZIP)))
        raise UnsupportedMediaType(f"The media type {media_type} is not supported here; use one of {taken}.")
    is_compressed = _is_compressed(event, media_type, body)
    _refuse_changed(event, body)
    limit = largest_body(event["routeKey"], settings)
    if is_compressed:
        body = decompressed(body, limit)
    _refuse_larger(body, limit)
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


def announced_length(event: Mapping[str, Any]) -> int | None:
    """Return the bytes of a request's body by its Content-Length; None without one."""
    length = headers_of(event).get("content-length", "")
    # No body has as many bytes as nineteen digits say, and Python refuses to read thousands of them.
    return int(length[:19]) if length.isdecimal() else None


def _sent(event: Mapping[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    if not event["isBase64Encoded"]:
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body)
    except ValueError as exc:
        raise MalformedJson("The body is not valid base64.") from exc


def _refuse_larger(body: bytes, limit: int) -> None:
    if len(body) > limit:
        detail = f"The body is {len(body)} bytes; the limit is {limit}."
        raise RequestTooLarge(detail, limit_bytes=limit, actual_bytes=len(body))


def _refuse_changed(event: Mapping[str, Any], body: bytes) -> None:
    """Refuse a body whose length is not that which was sent.

    API Gateway replaces what is not valid UTF-8 by U+FFFD, which takes three bytes. Requests of HTTP/2, and those sent
    in chunks, may lack the length.
    """
    length = announced_length(event)
    if length not in {None, len(body)}:
        raise MalformedJson(f"The body was sent as {length} bytes and arrived as {len(body)}; send it in UTF-8.")


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
