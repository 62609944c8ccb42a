"""Responses as values, and the only place where they are compressed and encoded for Lambda."""

import base64
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response

from dashboard_store.compression import gunzipped, gzipped
from dashboard_store.documents.json_text import compact, served
from dashboard_store.gateway.body import JSON

CSV: Final = "text/csv; charset=utf-8"

COMPRESS_FROM_BYTES: Final = 1024
"""Below this size, a gzip header and the client's work cost more than the saved bytes."""

LAMBDA_BYTES: Final = 6_291_556
"""The largest response that Lambda passes on, as JSON with the body in base64.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

LARGEST_BODY: Final = (LAMBDA_BYTES - 16_384) * 3 // 4
"""The bytes of the largest body that a response can have, beside 16 KiB of headers: 4.7 MB."""


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class AnswerTooLarge(Exception):  # noqa: N818 - named like the other errors, though it is a defect of a route
    """A response has a body that Lambda would not pass on."""


class ApiResponse(NamedTuple):
    """A response before content negotiation; if `is_gzip`, `body` is the gzip of the content.

    `outcome` is the result of a save, or the code of a problem, for the log and the metrics.
    """

    status: int = HTTPStatus.OK
    body: bytes = b""
    media_type: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    is_gzip: bool = False
    outcome: str | None = None

    @property
    def fits(self) -> bool:
        """Whether Lambda passes the body on as it is."""
        return len(self.body) <= LARGEST_BODY


def json_response(
    document: Any,  # noqa: ANN401 - any JSON value
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    outcome: str | None = None,
    media_type: str = JSON,
) -> ApiResponse:
    """Respond with a document."""
    return ApiResponse(status, served(compact(document)), media_type, headers or {}, outcome=outcome)


def spliced_response(name: str, text: bytes, rest: Mapping[str, Any], headers: Mapping[str, str]) -> ApiResponse:
    """Respond with an object whose first member is a JSON text that is already encoded and safe in a page."""
    body = f'{{"{name}":'.encode() + text + b"," + served(compact(rest)[1:])
    return ApiResponse(HTTPStatus.OK, body, JSON, headers)


def stored_response(body: bytes, headers: Mapping[str, str], outcome: str | None = None) -> ApiResponse:
    """Respond with a JSON text that is stored compressed."""
    return ApiResponse(HTTPStatus.OK, body, JSON, headers, is_gzip=True, outcome=outcome)


def extended_response(
    body: bytes, members: Mapping[str, Any], headers: Mapping[str, str], outcome: str | None = None
) -> ApiResponse:
    """Respond with a stored JSON object and further members, without parsing it."""
    text = gunzipped(body)[:-1] + b"," + served(compact(members)[1:])
    return ApiResponse(HTTPStatus.OK, text, JSON, headers, outcome=outcome)


def csv_response(rows: bytes, file_name: str, headers: Mapping[str, str]) -> ApiResponse:
    """Respond with a table that a browser saves as a file."""
    return ApiResponse(HTTPStatus.OK, rows, CSV, {**headers, "Content-Disposition": attachment(file_name, "csv")})


def redirect_response(url: str, headers: Mapping[str, str]) -> ApiResponse:
    return ApiResponse(HTTPStatus.FOUND, headers={**headers, "Location": url})


def empty_response(status: int, headers: Mapping[str, str] | None = None, outcome: str | None = None) -> ApiResponse:
    """Respond without a body: 204, 304."""
    return ApiResponse(status, headers=headers or {}, outcome=outcome)


def document_headers(version: int | str, updated_at: str | None, updated_by: str | None = None) -> dict[str, str]:
    """Make the headers of a versioned document: its entity tag and, if it was ever saved, its date and by whom."""
    headers = {"ETag": f'"{version}"', **({"Updated-By": updated_by} if updated_by else {})}
    if updated_at:
        headers["Last-Modified"] = _http_date(updated_at)
    return headers


def _http_date(moment: str) -> str:
    """Write a stored time as HTTP does (RFC 9110, section 5.6.7), from which only the day of the week is missing."""
    year, month, day = moment[:4], moment[5:7], moment[8:10]
    weekday = _DAYS[date(int(year), int(month), int(day)).weekday()]
    return f"{weekday}, {day} {_MONTHS[int(month) - 1]} {year} {moment[11:19]} GMT"


def attachment(file_name: str, suffix: str) -> str:
    """Make the Content-Disposition (RFC 6266, section 4.3) that lets a browser save a table."""
    stem = file_name.rpartition(".")[0] or file_name
    return f"attachment; filename*=UTF-8''{quote(f'{stem}.{suffix}', safe='')}"


def encoded(response: ApiResponse, accept_encoding: str | None, headers: Mapping[str, str]) -> Response[str]:
    """Encode a response for Lambda, compressed if the client accepts gzip; `headers` are those of every response.

    A small body is sent as text, which `sam local invoke` shows; a large one as base64, which adds a third, whereas
    escaping its quotation marks in Lambda's own JSON could double it. Raises AnswerTooLarge.
    """
    body, is_gzip = _negotiated(response, accept_encoding)
    if len(body) > LARGEST_BODY:
        raise AnswerTooLarge(f"The body of the response is {len(body)} bytes; the limit is {LARGEST_BODY}.")
    own = {**headers, **response.headers, **({"Content-Encoding": "gzip"} if is_gzip else {})}
    is_text = len(body) < COMPRESS_FROM_BYTES and not is_gzip
    content = body.decode() if is_text else base64.b64encode(body).decode()
    made = Response(response.status, response.media_type, content, own)
    # Set here because Powertools treats any body of a JSON media type as text.
    made.base64_encoded = not is_text
    return made


# Browsers send few different values.
@lru_cache(maxsize=128)
def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether Accept-Encoding (RFC 9110, section 12.5.3) allows gzip; without the header, nothing is compressed."""
    weights: dict[str, str] = {}
    for member in (accept_encoding or "").lower().split(","):
        coding, _, weight = member.partition(";")
        weights[coding.strip()] = weight.strip().removeprefix("q=")
    weight = next((weights[coding] for coding in ("gzip", "x-gzip", "*") if coding in weights), "0")
    return weight.strip("0.") != "" or weight == ""


def _negotiated(response: ApiResponse, accept_encoding: str | None) -> tuple[bytes, bool]:
    """Return the body to send, and whether it is gzip."""
    body = response.body
    # A gzip ends with the length of its content (RFC 1952, section 2.3.1).
    size = int.from_bytes(body[-4:], "little") if response.is_gzip else len(body)
    # What cannot be sent otherwise is compressed unasked, which RFC 9110, section 12.5.3, allows: the escapes of a text
    # full of `<` multiply its length by six, and compress to almost nothing.
    if size > LARGEST_BODY or (size >= COMPRESS_FROM_BYTES and accepts_gzip(accept_encoding)):
        return (body if response.is_gzip else gzipped(body)), True
    return (gunzipped(body) if response.is_gzip else body), False
