"""Responses are compressed if the client accepts it and it is worth it, and have the headers of their documents."""

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import Response

from dashboard_store.documents.json_text import compact, served
from dashboard_store.gateway.body import JSON
from dashboard_store.gateway.response import (
    LAMBDA_BYTES,
    LARGEST_BODY,
    AnswerTooLarge,
    ApiResponse,
    accepts_gzip,
    attachment,
    csv_response,
    document_headers,
    empty_response,
    encoded,
    json_response,
    redirect_response,
    spliced_response,
    stored_response,
)


def text_of(size: int, character: str = "x") -> str:
    """Make a JSON text that is sent as exactly this many bytes; `<` is sent as six."""
    width = 6 if character == "<" else len(character.encode())
    count, rest = divmod(size - 2, width)
    return f'"{character * count}{"x" * rest}"'


def is_gzip(response: Response[str]) -> bool:
    return response.headers.get("Content-Encoding") == "gzip"


def sent(response: Response[str]) -> bytes:
    """Return the bytes that are sent; Lambda returns them as text or as marked base64."""
    assert response.body is not None
    return base64.b64decode(response.body) if response.base64_encoded else response.body.encode()


def content(response: Response[str]) -> bytes:
    return gzip.decompress(sent(response)) if is_gzip(response) else sent(response)


@pytest.mark.parametrize(
    ("accept_encoding", "accepted"),
    [
        pytest.param(None, False, id="absent"),
        pytest.param("", False, id="empty"),
        pytest.param("gzip", True, id="gzip"),
        pytest.param("GZip", True, id="another case"),
        pytest.param("x-gzip", True, id="x-gzip"),
        pytest.param("gzip, deflate, br, zstd", True, id="what browsers send"),
        pytest.param("br;q=1.0, gzip;q=0.8, *;q=0.1", True, id="weights"),
        pytest.param("deflate, gzip;q=0.5", True, id="q=0.5"),
        pytest.param("gzip; q=0.001", True, id="q=0.001"),
        pytest.param("gzip;q=1.000", True, id="q=1.000"),
        pytest.param("gzip;q=0", False, id="q=0"),
        pytest.param("gzip;q=0.0", False, id="q=0.0"),
        pytest.param("gzip ; Q=0.000", False, id="Q=0.000"),
        pytest.param("x-gzip;q=0", False, id="x-gzip;q=0"),
        pytest.param("*", True, id="any"),
        pytest.param("*;q=0", False, id="no encoding"),
        pytest.param("gzip;q=0, *", False, id="any but gzip"),
        pytest.param("*, gzip;q=0", False, id="any but gzip, in the other order"),
        pytest.param("*;q=0, gzip", True, id="only gzip"),
        pytest.param("identity", False, id="identity"),
        pytest.param("identity;q=1, *;q=0", False, id="only identity"),
        pytest.param("br, deflate", False, id="others"),
        pytest.param("gzipped", False, id="a longer word"),
    ],
)
def test_accept_encoding_is_respected(accept_encoding: str | None, accepted: bool) -> None:  # noqa: FBT001
    """Accept-Encoding is evaluated as in RFC 9110, section 12.5.3; without it nothing is compressed."""
    assert accepts_gzip(accept_encoding) is accepted


@pytest.mark.parametrize("character", ["x", "é", "<"])
@pytest.mark.parametrize(
    ("size", "accept_encoding", "compressed"),
    [
        pytest.param(1_023, "gzip", False, id="1,023 bytes"),
        pytest.param(1_024, "gzip", True, id="1,024 bytes"),
        pytest.param(1_024, None, False, id="1,024 bytes, gzip not accepted"),
    ],
)
def test_a_document_is_compressed_from_1_kib(
    size: int,
    accept_encoding: str | None,
    compressed: bool,  # noqa: FBT001
    character: str,
) -> None:
    """The threshold counts the bytes that would be sent, including escapes."""
    text = text_of(size, character)
    response = encoded(json_response(json.loads(text)), accept_encoding, {})
    assert is_gzip(response) is compressed
    assert len(content(response)) == size
    assert json.loads(content(response)) == json.loads(text)


@pytest.mark.parametrize(
    ("size", "accept_encoding", "compressed"),
    [
        pytest.param(1_023, "gzip", False, id="1,023 bytes"),
        pytest.param(1_024, "gzip", True, id="1,024 bytes"),
        pytest.param(1_024, None, False, id="1,024 bytes, gzip not accepted"),
        pytest.param(100_000, "gzip", True, id="100,000 bytes"),
        pytest.param(100_000, "gzip;q=0", False, id="100,000 bytes, gzip refused"),
    ],
)
@pytest.mark.parametrize("kind", ["repeated", "varied"])
def test_a_stored_text_follows_the_same_rule(
    size: int,
    accept_encoding: str | None,
    compressed: bool,  # noqa: FBT001
    kind: str,
) -> None:
    """A compressed text of 1 KiB or more is sent as stored; a smaller one, or without gzip, as text."""
    varied = "".join(hashlib.sha256(bytes([index % 256, index // 256])).hexdigest() for index in range(size // 64 + 1))
    text = (text_of(size) if kind == "repeated" else f'"{varied[: size - 2]}"').encode()
    stored = gzip.compress(text)
    response = encoded(stored_response(stored, {"ETag": '"7"'}), accept_encoding, {})
    assert is_gzip(response) is compressed
    assert content(response) == text
    assert not compressed or sent(response) == stored
    assert (response.status_code, response.headers["ETag"]) == (200, '"7"')


@pytest.mark.parametrize(
    ("size", "accept_encoding", "is_text"),
    [
        pytest.param(1_023, "gzip", True, id="1,023 bytes"),
        pytest.param(1_023, None, True, id="1,023 bytes, gzip not accepted"),
        pytest.param(1_024, "gzip", False, id="1,024 bytes"),
        pytest.param(1_024, None, False, id="1,024 bytes, gzip not accepted"),
    ],
)
@pytest.mark.parametrize("kind", ["written", "stored"])
def test_a_small_body_is_sent_as_text(
    size: int,
    accept_encoding: str | None,
    is_text: bool,  # noqa: FBT001
    kind: str,
) -> None:
    """A small body is plain JSON, which a developer can read; a larger one is base64 and marked as such."""
    text = text_of(size)
    written = json_response(json.loads(text))
    response = encoded(
        written if kind == "written" else stored_response(gzip.compress(text.encode()), {}), accept_encoding, {}
    )
    assert response.base64_encoded is not is_text
    assert (response.body == text) is is_text


def payload(response: Response[str]) -> int:
    """Return the bytes of what Lambda sends to API Gateway."""
    made = {"statusCode": response.status_code, "headers": response.headers, "body": response.body}
    return len(json.dumps({**made, "isBase64Encoded": response.base64_encoded}))


@pytest.mark.parametrize("is_gzip", [False, True], ids=["text", "gzip"])
def test_the_largest_body_fits(is_gzip: bool) -> None:  # noqa: FBT001
    """The largest body that is sent unchanged is within what Lambda passes on, with 16 KB of headers."""
    body = b"\x1f" * LARGEST_BODY if not is_gzip else os.urandom(LARGEST_BODY - 4) + b"\xff\xff\xff\x7f"
    response = ApiResponse(200, body, JSON, {"Location": "x" * 16_000}, is_gzip=is_gzip)
    assert response.fits
    written = encoded(response, "gzip" if is_gzip else None, {})
    assert sent(written) == body
    assert LAMBDA_BYTES - 1_000 < payload(written) <= LAMBDA_BYTES


def test_what_does_not_fit_is_compressed_unasked() -> None:
    """A body that is too large for Lambda is compressed, even for a client that does not accept gzip."""
    response = json_response("<" * (LARGEST_BODY // 6 + 1))
    assert not response.fits
    written = encoded(response, "identity", {})
    assert is_gzip(written)
    assert content(written) == response.body


def test_what_does_not_fit_compressed_is_a_defect() -> None:
    """A body that Lambda would not pass on in any form is never sent."""
    with pytest.raises(AnswerTooLarge, match=f"the limit is {LARGEST_BODY}"):
        encoded(ApiResponse(200, os.urandom(LARGEST_BODY + 1), JSON), "gzip", {})


def problem_response(document: Any, headers: dict[str, str]) -> ApiResponse:
    return ApiResponse(201, served(compact(document)), "application/problem+json", headers)


@pytest.mark.parametrize("document", [{"a": "</script>"}, {"a": "x" * 2_000}], ids=["small", "large"])
@pytest.mark.parametrize(
    ("make", "media_type"),
    [
        pytest.param(
            lambda document, headers: json_response(document, status=201, headers=headers),
            "application/json",
            id="a document",
        ),
        pytest.param(problem_response, "application/problem+json", id="another media type"),
    ],
)
def test_a_response_has_the_callers_status_and_headers(
    document: dict[str, Any], make: Callable[[Any, dict[str, str]], ApiResponse], media_type: str
) -> None:
    """Status, headers and media type are the caller's; the body is JSON that is safe to embed in a page."""
    given, of_every_response = {"ETag": '"7"'}, {"Vary": "Accept-Encoding"}
    response = encoded(make(document, given), "gzip", of_every_response)
    assert response.status_code == 201
    assert response.headers["ETag"] == '"7"'
    assert response.headers["Content-Type"] == media_type
    assert b"<" not in content(response)
    assert json.loads(content(response)) == document
    assert given == {"ETag": '"7"'}
    assert of_every_response == {"Vary": "Accept-Encoding"}


def test_a_responses_own_headers_take_precedence() -> None:
    """The headers of every response are added, unless the response has a header of the same name."""
    own = json_response({}, headers={"Cache-Control": "no-store"})
    response = encoded(own, None, {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"})
    assert response.headers == {
        "Cache-Control": "no-store",
        "Vary": "Accept-Encoding",
        "Content-Type": "application/json",
    }


def test_a_response_may_be_encoded_again() -> None:
    """A response is immutable: encoding it for one client does not affect the next."""
    document = {"a": "x" * 2_000}
    response = json_response(document)
    for accept_encoding in ("gzip", None, "gzip"):
        written = encoded(response, accept_encoding, {})
        assert is_gzip(written) is (accept_encoding == "gzip")
        assert json.loads(content(written)) == document


def test_an_empty_response_has_no_body() -> None:
    """204 and 304 have only headers: RFC 9110 allows them no content, and so no content type."""
    response = encoded(empty_response(304, {"ETag": '"7"'}), "gzip", {})
    assert (response.status_code, sent(response), response.headers) == (304, b"", {"ETag": '"7"'})


def test_a_redirect_has_a_location_and_no_body() -> None:
    """A 302 has the URL in its Location header, the given headers, and no content."""
    response = encoded(redirect_response("https://example.com/a", {"Cache-Control": "no-store"}), "gzip", {})
    assert (response.status_code, sent(response)) == (302, b"")
    assert response.headers == {"Cache-Control": "no-store", "Location": "https://example.com/a"}


def test_a_written_text_is_spliced_in_as_the_first_member() -> None:
    """A text that is already safe in a page is sent unchanged; the members after it are escaped."""
    response = encoded(spliced_response("rows", rb'[1,"\u003cb>"]', {"a": "<b>"}, {"ETag": '"7"'}), None, {})
    assert content(response) == rb'{"rows":[1,"\u003cb>"],"a":"\u003cb\u003e"}'
    assert (response.status_code, response.headers) == (200, {"ETag": '"7"', "Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("file_name", "disposition"),
    [
        pytest.param("sales.json", "attachment; filename*=UTF-8''sales.csv", id="another suffix"),
        pytest.param("sales", "attachment; filename*=UTF-8''sales.csv", id="no suffix"),
        pytest.param("a.b.csv", "attachment; filename*=UTF-8''a.b.csv", id="two dots"),
        pytest.param(".csv", "attachment; filename*=UTF-8''.csv.csv", id="only a suffix"),
        pytest.param("Ü/x; y.csv", "attachment; filename*=UTF-8''%C3%9C%2Fx%3B%20y.csv", id="any characters"),
    ],
)
def test_a_browser_saves_csv_as_a_file(file_name: str, disposition: str) -> None:
    """The file has the table's name with the suffix `.csv`, encoded as in RFC 8187."""
    given = {"ETag": '"7"'}
    response = encoded(csv_response(b"a\r\n1\r\n", file_name, given), "gzip", {})
    assert attachment(file_name, "csv") == disposition
    assert (response.status_code, content(response)) == (200, b"a\r\n1\r\n")
    assert response.headers == {
        "ETag": '"7"',
        "Content-Disposition": disposition,
        "Content-Type": "text/csv; charset=utf-8",
    }
    assert given == {"ETag": '"7"'}


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(json_response({}, outcome="merged"), id="a document"),
        pytest.param(stored_response(gzip.compress(b"{}"), {}, "merged"), id="a stored text"),
        pytest.param(empty_response(204, outcome="merged"), id="no body"),
    ],
)
def test_the_outcome_is_not_sent(response: ApiResponse) -> None:
    """The outcome of a save is for the log, and not part of the response that the client receives."""
    assert response.outcome == "merged"
    assert "merged" not in str(encoded(response, None, {}).__dict__)


@pytest.mark.parametrize(
    ("version", "updated_at", "expected"),
    [
        pytest.param(
            7,
            "2026-03-01T23:59:59.999Z",
            {"ETag": '"7"', "Last-Modified": "Sun, 01 Mar 2026 23:59:59 GMT"},
            id="a version",
        ),
        pytest.param("1.0.3", None, {"ETag": '"1.0.3"'}, id="no date"),
        pytest.param(0, None, {"ETag": '"0"'}, id="nothing saved"),
    ],
)
def test_a_document_carries_its_tag_and_its_date(
    version: int | str, updated_at: str | None, expected: dict[str, str]
) -> None:
    """The entity tag is the quoted version, even before the first save; the date is that of the last save."""
    assert document_headers(version, updated_at) == expected
