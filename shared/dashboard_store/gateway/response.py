"""JSON answers: compressed where the client takes it, with the headers of a document where it is one."""

import base64
import gzip
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final

from aws_lambda_powertools.event_handler import Response

from dashboard_store.documents.json_text import compact, served

type ApiResponse = Response[Any]

# Below it, a gzip header and a client's work cost more than the bytes saved.
COMPRESS_FROM_BYTES: Final = 1024


def json_response(
    document: Any,  # noqa: ANN401 - any JSON value
    accept_encoding: str | None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> ApiResponse:
    return text_response(compact(document), accept_encoding, status=status, headers=headers, media_type=media_type)


def text_response(
    text: str,
    accept_encoding: str | None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> ApiResponse:
    """Answer with a JSON text that is written already."""
    return content_response(served(text), accept_encoding, status=status, headers=headers, media_type=media_type)


def content_response(
    body: bytes, accept_encoding: str | None, *, status: int = 200, headers: Mapping[str, str] | None, media_type: str
) -> ApiResponse:
    """Answer with content as it is, compressed where the client takes that."""
    small = len(body) < COMPRESS_FROM_BYTES
    if small or not accepts_gzip(accept_encoding):
        return _answer(status, media_type, body, headers)
    return _answer(status, media_type, gzip.compress(body, compresslevel=6, mtime=0), _gzipped(headers))


def stored_response(stored: bytes, accept_encoding: str | None, headers: Mapping[str, str]) -> ApiResponse:
    """Answer with a JSON text that is stored compressed, as it is stored where the client takes that."""
    if accepts_gzip(accept_encoding) and _is_worth_compressing(stored):
        return _answer(200, "application/json", stored, _gzipped(headers))
    return _answer(200, "application/json", gzip.decompress(stored), headers)


def empty_response(status: int, headers: Mapping[str, str] | None = None) -> ApiResponse:
    """Answer without a body: 204, 304."""
    # An empty text, because a null body is not one that every runtime of the event's form takes.
    return Response(status_code=status, body="", headers=dict(headers or {}))


def document_headers(version: int | str, updated_at: str | None) -> dict[str, str]:
    """Make the headers of a versioned document: its entity tag and, once it was saved, its date."""
    headers = {"ETag": f'"{version}"'}
    if updated_at:
        headers["Last-Modified"] = format_datetime(datetime.fromisoformat(updated_at), usegmt=True)
    return headers


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether Accept-Encoding (RFC 9110, section 12.5.3) allows gzip; without the header, nothing is compressed."""
    weights: dict[str, str] = {}
    for member in (accept_encoding or "").lower().split(","):
        coding, _, weight = member.partition(";")
        weights[coding.strip()] = weight.strip().removeprefix("q=")
    weight = next((weights[coding] for coding in ("gzip", "x-gzip", "*") if coding in weights), "0")
    return weight.strip("0.") != "" or weight == ""


def _is_worth_compressing(stored: bytes) -> bool:
    # A gzip ends with the length of what it holds (RFC 1952, section 2.3.1).
    return int.from_bytes(stored[-4:], "little") >= COMPRESS_FROM_BYTES


def _answer(status: int, media_type: str, body: bytes, headers: Mapping[str, str] | None) -> ApiResponse:
    # A small body goes out as text, which `sam local invoke` shows; a large one as base64, which adds a third where
    # escaping its quotation marks for Lambda's own JSON could double it.
    is_text = len(body) < COMPRESS_FROM_BYTES and "Content-Encoding" not in (headers or {})
    content = body.decode() if is_text else base64.b64encode(body).decode()
    answer: ApiResponse = Response(status, media_type, content, dict(headers or {}))
    # Encoded here because the resolver takes any body of a JSON media type for text.
    answer.base64_encoded = not is_text
    return answer


def _gzipped(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {**(headers or {}), "Content-Encoding": "gzip"}
