"""Answers are compressed where the client takes it and it pays, and carry what a document's reader needs."""

import base64
import gzip
import hashlib
import json
from typing import Any

import pytest

from dashboard_store.gateway.response import (
    ApiResponse,
    accepts_gzip,
    document_headers,
    empty_response,
    json_response,
    stored_response,
    text_response,
)


def text_of(size: int, character: str = "x") -> str:
    """Make a JSON text that is served as exactly this many bytes; `<` is served as six."""
    width = 6 if character == "<" else len(character.encode())
    count, rest = divmod(size - 2, width)
    return f'"{character * count}{"x" * rest}"'


def is_gzip(answer: ApiResponse) -> bool:
    return answer.headers.get("Content-Encoding") == "gzip"


def sent(answer: ApiResponse) -> bytes:
    """The bytes that go out: Lambda takes them as text, or as base64 that is marked as such."""
    assert isinstance(answer.body, str)
    return base64.b64decode(answer.body) if answer.base64_encoded else answer.body.encode()


def content(answer: ApiResponse) -> bytes:
    return gzip.decompress(sent(answer)) if is_gzip(answer) else sent(answer)


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
        pytest.param("*;q=0", False, id="none but what is named"),
        pytest.param("gzip;q=0, *", False, id="any but gzip"),
        pytest.param("*, gzip;q=0", False, id="any but gzip, the other way round"),
        pytest.param("*;q=0, gzip", True, id="gzip alone"),
        pytest.param("identity", False, id="identity"),
        pytest.param("identity;q=1, *;q=0", False, id="identity alone"),
        pytest.param("br, deflate", False, id="others"),
        pytest.param("gzipped", False, id="a longer word"),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(accept_encoding: str | None, accepted: bool) -> None:  # noqa: FBT001
    """Accept-Encoding is read as RFC 9110, section 12.5.3 says; without it nothing is compressed."""
    assert accepts_gzip(accept_encoding) is accepted


@pytest.mark.parametrize("character", ["x", "é", "<"])
@pytest.mark.parametrize(
    ("size", "accept_encoding", "compressed"),
    [
        pytest.param(1_023, "gzip", False, id="1,023 bytes"),
        pytest.param(1_024, "gzip", True, id="1,024 bytes"),
        pytest.param(1_024, None, False, id="1,024 bytes for who does not take gzip"),
    ],
)
def test_a_written_text_is_compressed_from_1_kib(
    size: int,
    accept_encoding: str | None,
    compressed: bool,  # noqa: FBT001
    character: str,
) -> None:
    """The threshold counts the bytes that would be sent, characters written as escapes included."""
    text = text_of(size, character)
    answer = text_response(text, accept_encoding)
    assert is_gzip(answer) is compressed
    assert len(content(answer)) == size
    assert json.loads(content(answer)) == json.loads(text)


@pytest.mark.parametrize(
    ("size", "accept_encoding", "compressed"),
    [
        pytest.param(1_023, "gzip", False, id="1,023 bytes"),
        pytest.param(1_024, "gzip", True, id="1,024 bytes"),
        pytest.param(1_024, None, False, id="1,024 bytes for who does not take gzip"),
        pytest.param(100_000, "gzip", True, id="100,000 bytes"),
        pytest.param(100_000, "gzip;q=0", False, id="100,000 bytes for who refuses gzip"),
    ],
)
@pytest.mark.parametrize("kind", ["repeated", "varied"])
def test_a_stored_text_is_sent_by_the_same_rule(
    size: int,
    accept_encoding: str | None,
    compressed: bool,  # noqa: FBT001
    kind: str,
) -> None:
    """What lies compressed is sent as it lies, from 1 KiB of text on; below it, and to others, as text."""
    varied = "".join(hashlib.sha256(bytes([index % 256, index // 256])).hexdigest() for index in range(size // 64 + 1))
    text = (text_of(size) if kind == "repeated" else f'"{varied[: size - 2]}"').encode()
    stored = gzip.compress(text)
    answer = stored_response(stored, accept_encoding, {"ETag": '"7"'})
    assert is_gzip(answer) is compressed
    assert content(answer) == text
    assert not compressed or sent(answer) == stored
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"7"')


@pytest.mark.parametrize("document", [{"a": "</script>"}, {"a": "x" * 2_000}], ids=["small", "large"])
def test_an_answer_says_what_it_is(document: dict[str, Any]) -> None:
    """Status, headers and media type are the caller's; the body is JSON that is safe in a page."""
    given = {"ETag": '"7"'}
    answer = json_response(document, "gzip", status=201, headers=given, media_type="application/problem+json")
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"7"'
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert b"<" not in content(answer)
    assert json.loads(content(answer)) == document
    assert given == {"ETag": '"7"'}


def test_an_empty_answer_has_no_body() -> None:
    """204 and 304 carry headers alone: RFC 9110 allows them no content, hence no type of it."""
    answer = empty_response(304, {"ETag": '"7"'})
    assert (answer.status_code, sent(answer), answer.headers) == (304, b"", {"ETag": '"7"'})


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
    """The entity tag is the version in quotes, also before the first save; the date is HTTP's form of the last one."""
    assert document_headers(version, updated_at) == expected
