"""Who asks, and what, is read from an event and checked before anything is done."""

import base64
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from support.http_api import event

from dashboard_store.errors import (
    BadInput,
    InvalidQuery,
    MalformedJson,
    RequestTooLarge,
    Unauthorized,
    UnsupportedMediaType,
)
from dashboard_store.gateway import request
from dashboard_store.preconditions import Precondition
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")
URL = "/api/projects/p1/config"
DOCUMENT = {"text": "é <b>"}
PLAIN = json.dumps(DOCUMENT, ensure_ascii=False).encode()
ZIPPED = gzip.compress(PLAIN)


def sent(body: bytes | None, url: str = URL, **headers: str) -> APIGatewayProxyEventV2:
    """Make the event of a request; API Gateway hands a body on as text where its content type is one."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return APIGatewayProxyEventV2(event("PUT", url, headers=named, body=body))


def unharmed(body: bytes, **headers: str) -> APIGatewayProxyEventV2:
    """Make the event of a request whose body was handed on as base64, whatever its content type."""
    made = sent(b"", **headers)
    return APIGatewayProxyEventV2({**made.raw_event, "body": base64.b64encode(body).decode(), "isBase64Encoded": True})


def asked(**query: str) -> APIGatewayProxyEventV2:
    return APIGatewayProxyEventV2({**event("GET", URL), "queryStringParameters": query})


class TestUser:
    @pytest.mark.parametrize(
        "sub",
        [pytest.param("u", id="short"), pytest.param("é" * 512, id="1,024 bytes"), pytest.param("a b|c#d", id="any")],
    )
    def test_the_user_is_the_verified_sub(self, sub: str) -> None:
        """Identity is the claim `sub`, as the issuer wrote it."""
        assert request.user(APIGatewayProxyEventV2(event("GET", URL, user=sub))) == sub

    @pytest.mark.parametrize(
        "claims",
        [
            pytest.param({"exp": "1795392000"}, id="no sub"),
            pytest.param({"exp": "1795392000", "sub": ""}, id="an empty sub"),
            pytest.param({"exp": "1795392000", "sub": "é" * 512 + "x"}, id="a sub of 1,025 bytes"),
            pytest.param({"exp": "1795392000", "sub": 7}, id="a sub that is no text"),
            pytest.param({"sub": "u"}, id="no exp"),
            pytest.param({"sub": "u", "exp": ""}, id="an empty exp"),
        ],
    )
    def test_a_token_that_names_nobody_or_never_expires_is_refused(self, claims: dict[str, Any]) -> None:
        """API Gateway verifies the token; that it names a user and expires is asked here."""
        with pytest.raises(Unauthorized):
            request.user(APIGatewayProxyEventV2(event("GET", URL, claims=claims)))

    @pytest.mark.parametrize(
        "authorizer", [None, {}, {"jwt": None}, {"jwt": {"claims": None}}, {"lambda": {"sub": "u"}}]
    )
    def test_without_a_verified_token_there_is_no_user(self, authorizer: Any) -> None:
        """An authorizer that brings no claims is an anonymous request, not a defect."""
        made = event("GET", URL, user=None)
        made["requestContext"]["authorizer"] = authorizer
        with pytest.raises(Unauthorized):
            request.user(APIGatewayProxyEventV2(made))

    def test_nothing_that_the_client_writes_names_the_user(self) -> None:
        """Not the path, the query, a header or the body can say who asks."""
        body = b'{"sub": "b", "userId": "b"}'
        made = event("PUT", f"{URL}?sub=b&userId=b", headers={"x-user": "b", "sub": "b"}, body=body, user="a")
        assert request.user(APIGatewayProxyEventV2(made)) == "a"


class TestBody:
    @pytest.mark.parametrize(
        "content_type",
        [
            pytest.param("application/json", id="JSON"),
            pytest.param("Application/JSON", id="another case"),
            pytest.param("application/json; charset=utf-8", id="a charset"),
            pytest.param('application/json ;charset="UTF-8"', id="a quoted charset"),
        ],
    )
    def test_json_is_read(self, content_type: str) -> None:
        """A media type is compared without its case and its parameters."""
        assert request.json_body(sent(PLAIN, content_type=content_type), SETTINGS) == DOCUMENT
        assert request.json_body(unharmed(PLAIN, content_type=content_type), SETTINGS) == DOCUMENT

    def test_a_missing_content_type_is_json(self) -> None:
        """A client that says nothing sends JSON."""
        assert request.json_body(sent(PLAIN), SETTINGS) == DOCUMENT

    def test_a_further_type_is_read_where_the_address_takes_it(self) -> None:
        """A merge patch is taken by the addresses that take one, and by no other."""
        made = sent(PLAIN, content_type=request.MERGE_PATCH)
        assert request.json_body(made, SETTINGS, request.MERGE_PATCH) == DOCUMENT
        with pytest.raises(UnsupportedMediaType):
            request.json_body(made, SETTINGS)

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "application/xml", "text/json", "*/*", "multipart/form-data"]
    )
    def test_another_type_is_refused_naming_what_is_taken(self, content_type: str) -> None:
        """The refusal says what was sent and every type that the address takes, each once."""
        with pytest.raises(UnsupportedMediaType) as refused:
            request.json_body(sent(PLAIN, content_type=content_type), SETTINGS, request.MERGE_PATCH, request.JSON)
        assert str(refused.value) == (
            f"The body is {content_type}; "
            "this address takes application/json, application/merge-patch+json, application/gzip."
        )

    @pytest.mark.parametrize(
        ("make", "headers"),
        [
            pytest.param(sent, {"content_type": "application/gzip"}, id="application/gzip"),
            pytest.param(sent, {"content_type": "Application/GZip"}, id="application/gzip in another case"),
            pytest.param(
                sent,
                {"content_type": "application/gzip", "content_encoding": "gzip"},
                id="application/gzip, said twice",
            ),
            pytest.param(unharmed, {"content_type": "application/json", "content_encoding": "gzip"}, id="gzip"),
            pytest.param(unharmed, {"content_type": "application/json", "content_encoding": "GZIP"}, id="GZIP"),
            pytest.param(unharmed, {"content_type": "application/json", "content_encoding": "x-gzip"}, id="x-gzip"),
        ],
    )
    def test_a_compressed_body_that_arrives_whole_is_read(
        self, make: Callable[..., APIGatewayProxyEventV2], headers: dict[str, str]
    ) -> None:
        """`application/gzip` arrives unharmed on every path, `Content-Encoding: gzip` on some."""
        assert request.json_body(make(ZIPPED, **headers), SETTINGS) == DOCUMENT

    def test_identity_is_no_encoding(self) -> None:
        """`Content-Encoding: identity` says that the body is as it is."""
        made = sent(PLAIN, content_type="application/json", content_encoding="identity")
        assert request.json_body(made, SETTINGS) == DOCUMENT

    def test_a_gzip_that_was_damaged_as_text_is_refused_with_the_remedy(self) -> None:
        """API Gateway hands application/json on as text, which ruins a gzip: the answer names the type to send."""
        made = sent(ZIPPED, content_type="application/json", content_encoding="gzip")
        with pytest.raises(UnsupportedMediaType, match="application/gzip"):
            request.json_body(made, SETTINGS)

    @pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip"])
    def test_another_encoding_is_refused_naming_what_is_read(self, coding: str) -> None:
        """Only gzip is read; the refusal says so."""
        with pytest.raises(UnsupportedMediaType, match="only gzip is read"):
            request.json_body(unharmed(ZIPPED, content_type="application/json", content_encoding=coding), SETTINGS)

    @pytest.mark.parametrize(
        "made",
        [
            pytest.param(sent(None), id="none"),
            pytest.param(sent(b"", content_type="application/json"), id="empty"),
            pytest.param(sent(gzip.compress(b""), content_type="application/gzip"), id="empty once decompressed"),
        ],
    )
    def test_an_empty_body_is_no_json(self, made: APIGatewayProxyEventV2) -> None:
        """A missing body is said to be missing, not to be wrong at line 1."""
        with pytest.raises(MalformedJson, match="empty"):
            request.json_body(made, SETTINGS)

    @pytest.mark.parametrize("make", [sent, unharmed], ids=["text", "base64"])
    def test_a_body_is_limited_in_bytes_as_sent(self, make: Callable[..., APIGatewayProxyEventV2]) -> None:
        """The limit counts the bytes of the body, not the characters or the base64 of the event."""
        made = make(PLAIN, content_type="application/json")
        assert request.json_body(made, replace(SETTINGS, max_request_bytes=len(PLAIN))) == DOCUMENT
        with pytest.raises(RequestTooLarge) as refused:
            request.json_body(made, replace(SETTINGS, max_request_bytes=len(PLAIN) - 1))
        assert (refused.value.actual_bytes, refused.value.limit_bytes) == (len(PLAIN), len(PLAIN) - 1)

    def test_a_compressed_body_is_limited_in_both_sizes(self) -> None:
        """A gzip is bounded as it is sent and as it is read."""
        body = json.dumps("x" * 1_000).encode()
        made = sent(gzip.compress(body), content_type="application/gzip")
        assert request.json_body(made, replace(SETTINGS, max_request_bytes=100, max_decompressed_bytes=len(body)))
        with pytest.raises(RequestTooLarge):
            request.json_body(made, replace(SETTINGS, max_decompressed_bytes=len(body) - 1))
        with pytest.raises(RequestTooLarge):
            request.json_body(made, replace(SETTINGS, max_request_bytes=10))

    def test_text_that_is_no_text_is_malformed(self) -> None:
        """Half a surrogate pair in an event is the client's mistake and no defect."""
        made = {**event("PUT", URL, headers={"content-type": "application/json"}), "body": '"\ud800"'}
        with pytest.raises(MalformedJson, match="UTF-8"):
            request.json_body(APIGatewayProxyEventV2(made), SETTINGS)


class TestDecompression:
    @pytest.mark.parametrize("size", [0, 1, 999, 1_000])
    def test_up_to_the_limit_all_of_it_is_read(self, size: int) -> None:
        """Content of exactly the limit is content like any other."""
        assert request.decompressed(gzip.compress(b"x" * size), 1_000) == b"x" * size

    def test_one_byte_more_is_refused(self) -> None:
        """The refusal names the limit, but no size: reading stopped there."""
        with pytest.raises(RequestTooLarge) as refused:
            request.decompressed(gzip.compress(b"x" * 1_001), 1_000)
        assert (refused.value.limit_bytes, refused.value.actual_bytes) == (1_000, None)

    def test_a_bomb_is_refused_without_being_held(self) -> None:
        """A hundred megabytes from a hundred kilobytes never come to be: memory is bounded by the limit."""
        compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        bomb = b"".join(compressor.compress(bytes(1_000_000)) for _ in range(100)) + compressor.flush()
        assert len(bomb) < 200_000
        tracemalloc.start()
        with pytest.raises(RequestTooLarge):
            request.decompressed(bomb, 100_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2_000_000

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            pytest.param(b"", "ends before", id="nothing"),
            pytest.param(ZIPPED[:5], "ends before", id="cut in the header"),
            pytest.param(ZIPPED[:-9], "ends before", id="cut in the content"),
            pytest.param(ZIPPED[:-1], "ends before", id="cut in the checksum"),
            pytest.param(ZIPPED + b"x", "follows", id="a byte more"),
            pytest.param(ZIPPED + ZIPPED, "follows", id="two members"),
            pytest.param(PLAIN, "not gzip", id="plain JSON"),
            pytest.param(zlib.compress(PLAIN), "not gzip", id="zlib"),
            pytest.param(ZIPPED[:-8] + bytes(4) + ZIPPED[-4:], "not gzip", id="another checksum"),
            pytest.param(ZIPPED.decode(errors="replace").encode(), "not gzip", id="damaged as text"),
        ],
    )
    def test_what_is_not_one_whole_gzip_is_refused(self, body: bytes, says: str) -> None:
        """No part of a body is left out in silence, and none is read that the checksum does not vouch for."""
        with pytest.raises(MalformedJson, match=says):
            request.decompressed(body, 1_000)


class TestPrecondition:
    def test_both_headers_are_read(self) -> None:
        """Headers are found whatever their case."""
        made = sent(None, If_Match='"7"', IF_NONE_MATCH='"5"')
        precondition = request.precondition(made)
        assert precondition == Precondition(frozenset({"7"}), frozenset({"5"}))
        assert not request.precondition(sent(None)).is_given


class TestQuery:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            pytest.param({}, "user", id="absent"),
            pytest.param({"source": "localStorage"}, "localStorage", id="one of them"),
            pytest.param({"source": "LOCALSTORAGE"}, None, id="another case"),
            pytest.param({"source": ""}, None, id="empty"),
            pytest.param({"source": "user,ai"}, None, id="two"),
        ],
    )
    def test_a_choice_is_one_of_the_words(self, query: dict[str, str], expected: str | None) -> None:
        """Without the parameter the default holds; a word that is not offered is refused, never replaced."""
        check(lambda: request.choice(asked(**query), "source", request.SOURCES, "user"), expected, "source")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            pytest.param({}, (), id="absent"),
            pytest.param({"include": ""}, (), id="empty"),
            pytest.param({"include": "analysis"}, ("analysis",), id="one"),
            pytest.param({"include": " rawData , analysis,"}, ("rawData", "analysis"), id="two, with spaces"),
            pytest.param({"include": "rawData,secrets"}, None, id="an unknown one"),
            pytest.param({"include": "rawData;analysis"}, None, id="another separator"),
        ],
    )
    def test_choices_are_some_of_the_words(self, query: dict[str, str], expected: tuple[str, ...] | None) -> None:
        """A list takes any of the words on offer, and refuses the rest."""
        check(lambda: request.choices(asked(**query), "include", ("rawData", "analysis")), expected, "include")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            pytest.param({}, 25, id="absent"),
            pytest.param({"limit": "1"}, 1, id="the least"),
            pytest.param({"limit": "100"}, 100, id="the most"),
            pytest.param({"limit": "0"}, None, id="zero"),
            pytest.param({"limit": "101"}, None, id="one too many"),
            pytest.param({"limit": "-1"}, None, id="below zero"),
            pytest.param({"limit": "1.0"}, None, id="a fraction"),
            pytest.param({"limit": ""}, None, id="empty"),
            pytest.param({"limit": "\u0665"}, None, id="other digits"),
            pytest.param({"limit": "5\n"}, None, id="a line's end"),
            pytest.param({"limit": "9" * 5_000}, None, id="too long to be read"),
        ],
    )
    def test_a_number_keeps_its_bounds(self, query: dict[str, str], expected: int | None) -> None:
        """A number out of bounds is refused, not moved into them."""
        check(lambda: request.number(asked(**query), "limit", 25, 100), expected, "limit")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            pytest.param({}, "", id="absent"),
            pytest.param({"sessionId": "Az09_-"}, "Az09_-", id="every kind of character"),
            pytest.param({"sessionId": "s" * 128}, "s" * 128, id="128"),
            pytest.param({"sessionId": "s" * 129}, None, id="129"),
            pytest.param({"sessionId": ""}, None, id="empty"),
            pytest.param({"sessionId": "a#b"}, None, id="a separator of the keys"),
            pytest.param({"sessionId": "a\n"}, None, id="a line's end"),
            pytest.param({"sessionId": "é"}, None, id="a letter beyond ASCII"),
        ],
    )
    def test_a_session_is_an_id(self, query: dict[str, str], expected: str | None) -> None:
        """A session that is named wrongly is refused: it must not become the config itself."""
        check(lambda: request.session(asked(**query)), expected, "sessionId")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            pytest.param({"message": "m" * 200}, "m" * 200, id="200"),
            pytest.param({"message": "\N{GRINNING FACE}" * 200}, "\N{GRINNING FACE}" * 200, id="200 wide characters"),
            pytest.param({"message": ""}, "", id="empty"),
            pytest.param({"message": "m" * 201}, None, id="201"),
        ],
    )
    def test_a_message_has_at_most_200_characters(self, query: dict[str, str], expected: str | None) -> None:
        """A message is counted in characters, and is not cut."""
        check(lambda: request.message(asked(**query)), expected, "message")

    def test_a_message_may_be_left_out(self) -> None:
        """Without a message, history keeps none."""
        assert request.message(asked()) is None


def check(read: Callable[[], object], expected: object, name: str) -> None:
    """Expect a value; or, where that is None, a refusal that names the parameter."""
    if expected is not None:
        assert read() == expected
        return
    with pytest.raises(BadInput) as refused:
        read()
    assert type(refused.value) is InvalidQuery
    assert [fault.pointer for fault in refused.value.faults] == [name]
