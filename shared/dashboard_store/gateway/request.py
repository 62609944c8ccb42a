"""Who asks, and what: read from an HTTP API event (payload 2.0) and checked before anything is done.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import re
import zlib
from functools import cached_property
from typing import Any, Final

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from dashboard_store.documents.json_text import encodable, parse
from dashboard_store.documents.unsafe_html import MESSAGE, is_unsafe
from dashboard_store.errors import (
    FieldError,
    InvalidQuery,
    MalformedJson,
    NotFound,
    RequestTooLarge,
    Unauthorized,
    UnsafeText,
    UnsupportedMediaType,
)
from dashboard_store.preconditions import Precondition
from dashboard_store.settings import Settings

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
GZIP: Final = "application/gzip"

SOURCES: Final = ("user", "autosave", "ai", "localStorage", "import")

_GZIP_MAGIC: Final = b"\x1f\x8b"
_LONGEST_SUB: Final = 1024
_LONGEST_MESSAGE: Final = 200
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


def user(event: APIGatewayProxyEventV2) -> str:
    """Name the user: the claim `sub` of the token that API Gateway's authorizer verified. Raises Unauthorized."""
    authorizer = event.request_context.get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    sub = claims.get("sub")
    if not isinstance(sub, str) or sub != encodable(sub) or not 0 < len(sub.encode()) <= _LONGEST_SUB:
        raise Unauthorized("The token has no claim sub that names a user.")
    # An authorizer that is content without an expiry would let a stolen token live for ever.
    if not claims.get("exp"):
        raise Unauthorized("The token has no claim exp, so it would never expire.")
    return sub


def precondition(event: APIGatewayProxyEventV2) -> Precondition:
    """Read If-Match and If-None-Match. Raises InvalidPrecondition."""
    return Precondition.from_headers(event.headers.get("if-match"), event.headers.get("if-none-match"))


class HttpEvent(APIGatewayProxyEventV2):
    """An event whose headers are read as they are: API Gateway sends their names in lower case.

    Powertools would fold them anew at each look.
    """

    @cached_property
    def headers(self) -> dict[str, str]:
        return self.raw_event.get("headers") or {}

    @property
    def resolved_headers_field(self) -> dict[str, Any]:
        return self.headers


def json_body(event: APIGatewayProxyEventV2, settings: Settings, *media_types: str) -> Any:  # noqa: ANN401
    """Read the body as JSON and parse it. Raises as `json_text`, and MalformedJson."""
    return parse(json_text(event, settings, *media_types))


def json_text(event: APIGatewayProxyEventV2, settings: Settings, *media_types: str) -> bytes:
    """Read the body, a JSON text that may be compressed. Raises a BadInput error or RequestTooLarge.

    A compressed body is `Content-Type: application/gzip`: API Gateway hands on as text what it takes for text, which
    ruins a gzip sent as `application/json` with `Content-Encoding: gzip`. Where that arrived whole it is read too.
    """
    body = _body(event)
    if len(body) > settings.max_request_bytes:
        limit = settings.max_request_bytes
        raise RequestTooLarge(
            f"The body is {len(body)} bytes; the limit is {limit}.", limit_bytes=limit, actual_bytes=len(body)
        )
    media_type = event.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type not in {JSON, GZIP, *media_types}:
        taken = ", ".join(dict.fromkeys((JSON, *media_types, GZIP)))
        raise UnsupportedMediaType(f"The body is {media_type}; this address takes {taken}.")
    if _is_compressed(event, media_type, body):
        body = decompressed(body, settings.max_decompressed_bytes)
    if not body:
        raise MalformedJson("The body is empty.")
    return body


def _body(event: APIGatewayProxyEventV2) -> bytes:
    body = event.body or ""
    if not event.is_base64_encoded:
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body)
    except ValueError as exc:
        raise MalformedJson("The body is not base64, which it is said to be.") from exc


def _is_compressed(event: APIGatewayProxyEventV2, media_type: str, body: bytes) -> bool:
    coding = event.headers.get("content-encoding", "identity").strip().lower()
    if media_type == GZIP:
        return True
    if coding == "identity":
        return False
    if coding not in {"gzip", "x-gzip"}:
        raise UnsupportedMediaType(f"The body is encoded as {coding}; only gzip is read.")
    if not body.startswith(_GZIP_MAGIC):
        raise UnsupportedMediaType(f"The compressed body was damaged on its way; send it as Content-Type: {GZIP}.")
    return True


def decompressed(body: bytes, limit: int) -> bytes:
    """Decompress one gzip member, never more than `limit` bytes of it. Raises MalformedJson or RequestTooLarge."""
    decompressor = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = decompressor.decompress(body, limit + 1)
    except zlib.error as exc:
        raise MalformedJson("The body is not gzip.") from exc
    if len(content) > limit:
        raise RequestTooLarge(f"The body is more than {limit} bytes once decompressed.", limit_bytes=limit)
    if not decompressor.eof:
        raise MalformedJson("The gzip ends before its content does.")
    if decompressor.unused_data:
        raise MalformedJson("Something follows the gzip.")
    return content


def choice(event: APIGatewayProxyEventV2, name: str, choices: tuple[str, ...], default: str) -> str:
    """Read a query parameter that takes one of a few words. Raises InvalidQuery."""
    value = event.query_string_parameters.get(name, default)
    if value not in choices:
        raise _invalid(name, f"expected one of {', '.join(choices)}")
    return value


def choices(event: APIGatewayProxyEventV2, name: str, offered: tuple[str, ...]) -> tuple[str, ...]:
    """Read a query parameter that lists some of a few words, separated by commas; none without it."""
    words = tuple(word.strip() for word in event.query_string_parameters.get(name, "").split(",") if word.strip())
    if not set(words) <= set(offered):
        raise _invalid(name, f"expected a list of {', '.join(offered)}")
    return words


def number(event: APIGatewayProxyEventV2, name: str, default: int, most: int) -> int:
    """Read a query parameter that is a number from 1. Raises InvalidQuery."""
    value = event.query_string_parameters.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,6}", value) or not 1 <= int(value) <= most:
        raise _invalid(name, f"expected a number from 1 to {most}")
    return int(value)


def version(text: str) -> int:
    """Read the version in an address. Raises NotFound for what is none: there is nothing at such an address."""
    if not re.fullmatch(r"[1-9][0-9]{0,11}", text):
        raise NotFound(f"There is no version {text}.")
    return int(text)


def version_cursor(event: APIGatewayProxyEventV2) -> int | None:
    """Read `?cursor=` of a list of versions. Raises InvalidQuery."""
    value = event.query_string_parameters.get("cursor")
    if value is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,11}", value):
        raise _invalid("cursor", "not a cursor that this list gave out")
    return int(value)


def session(event: APIGatewayProxyEventV2) -> str:
    """Read `?sessionId=`, which names a draft; empty for the config itself. Raises InvalidQuery."""
    value = event.query_string_parameters.get("sessionId")
    if value is None:
        return ""
    if not _ID.fullmatch(value):
        raise _invalid("sessionId", "expected 1 to 128 of A-Z, a-z, 0-9, _ and -")
    return value


def message(event: APIGatewayProxyEventV2) -> str | None:
    """Read `?message=`, a note for history. Raises InvalidQuery or UnsafeText."""
    value = event.query_string_parameters.get("message")
    if value is not None and len(value) > _LONGEST_MESSAGE:
        raise _invalid("message", f"{len(value)} characters; the limit is {_LONGEST_MESSAGE}")
    if value is not None and is_unsafe(value):
        raise UnsafeText([FieldError("message", MESSAGE)])
    return value


def _invalid(name: str, expected: str) -> InvalidQuery:
    return InvalidQuery(f"The query parameter {name} is not valid.", [FieldError(name, expected)])
