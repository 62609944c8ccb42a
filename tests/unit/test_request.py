"""A request is parsed from an event, and each part is checked when it is read."""

import base64
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.handlers.http_api import event

from dashboard_store.documents.config import Origin
from dashboard_store.errors import (
    BadInput,
    InvalidQuery,
    MalformedJson,
    NoProject,
    NotFound,
    PreconditionRequired,
    RequestTooLarge,
    Unauthorized,
    UnsafeText,
    UnsupportedMediaType,
)
from dashboard_store.gateway.body import JSON, MERGE_PATCH, decompressed
from dashboard_store.gateway.request import SOURCES, Request, version_number
from dashboard_store.identifiers import Guest, ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.settings import Settings

SETTINGS = Settings(table_name="unused")
URL = "/api/projects/p1/config"
DOCUMENT = {"text": "é <b>"}
PLAIN = json.dumps(DOCUMENT, ensure_ascii=False).encode()
ZIPPED = gzip.compress(PLAIN)

type Event = dict[str, Any]


def received(made: Event, settings: Settings = SETTINGS) -> Request:
    return Request(made, settings)


def sent(body: bytes | None, url: str = URL, **headers: str) -> Event:
    """Make the event of a request; API Gateway passes a body as text if it has a text content type."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return event("PUT", url, headers=named, body=body)


def in_base64(body: bytes, **headers: str) -> Event:
    """Make the event of a request whose body is passed as base64, whatever its content type."""
    return {**sent(body, **headers), "body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def asked(**query: str) -> Request:
    return received({**event("GET", URL), "queryStringParameters": query})


def test_a_request_is_immutable() -> None:
    """A request cannot be changed while it is handled."""
    request = asked()
    with pytest.raises(AttributeError):
        request.settings = replace(SETTINGS, max_request_bytes=1)  # type: ignore[misc]


def test_a_request_has_its_id_and_its_route() -> None:
    """The id is API Gateway's, the route is named as in the template, and method and path are the client's."""
    made = event("GET", URL)
    request = received(made)
    assert request.id == made["requestContext"]["requestId"]
    assert request.route == "GET /api/projects/{projectId}/config"
    assert (request.method, request.path) == ("GET", URL)
    assert received(event("GET", "/nowhere")).route == "$default"


class TestUser:
    @pytest.mark.parametrize(
        "sub",
        [
            pytest.param("u", id="short"),
            pytest.param("é" * 127 + "x", id="255 bytes"),
            pytest.param("a b|c#d", id="any"),
        ],
    )
    def test_the_user_is_the_verified_sub(self, sub: str) -> None:
        """The user is the claim `sub`, unchanged."""
        request = received(event("GET", URL, user=sub))
        assert request.user == request.claimed_user == sub

    @pytest.mark.parametrize("claim", ["uid", "oid", "https://example.com/user"])
    def test_the_deployment_names_the_claim(self, claim: str) -> None:
        """The user is the claim that `UserClaim` names, whatever `sub` is; without it, the token names no user."""
        settings = replace(SETTINGS, user_claim=claim)
        claims = {"sub": "ann@example.com", "exp": "1795392000"}
        assert received(event("GET", URL, claims={**claims, claim: "00u1"}), settings).user == "00u1"
        with pytest.raises(Unauthorized, match=f"no {claim} claim"):
            _ = received(event("GET", URL, claims=claims), settings).user

    @pytest.mark.parametrize(
        ("claims", "is_read_only"),
        [
            pytest.param({}, False, id="none"),
            pytest.param({"scope": ""}, False, id="an empty scope"),
            pytest.param({"scope": "openid profile"}, False, id="none of Dashkeep's"),
            pytest.param({"scope": "dashkeep:read"}, True, id="reading"),
            pytest.param({"scope": "openid dashkeep:read email"}, True, id="reading among others"),
            pytest.param({"scp": "dashkeep:read"}, True, id="scp as text"),
            pytest.param({"scp": "[openid dashkeep:read]"}, True, id="scp as a list, in API Gateway's form"),
            pytest.param({"scp": '["dashkeep:read","openid"]'}, True, id="scp as a list, in JSON"),
            pytest.param({"scp": ["dashkeep:read"]}, True, id="scp as a list"),
            pytest.param({"scope": "openid", "scp": "dashkeep:read"}, True, id="each claim counts"),
            pytest.param({"scope": "dashkeep:read dashkeep:write"}, False, id="reading and writing"),
            pytest.param({"scope": "dashkeep:read", "scp": "[dashkeep:write]"}, False, id="writing in the other claim"),
            pytest.param({"scope": "dashkeep:write"}, False, id="writing"),
            pytest.param({"scope": "dashkeep:reader xdashkeep:read Dashkeep:read"}, False, id="similar names"),
            pytest.param({"permissions": "dashkeep:read"}, False, id="another claim"),
        ],
    )
    def test_scopes_limit_a_token_to_reading(self, claims: dict[str, Any], is_read_only: bool) -> None:  # noqa: FBT001
        """A token may only read if its scopes name `dashkeep:read` and no other scope of Dashkeep."""
        made = event("GET", URL, claims={"sub": "u", "exp": "1795392000", **claims})
        assert received(made).is_read_only is is_read_only

    def test_without_a_token_nothing_is_read_only(self) -> None:
        """A request without claims has no scopes."""
        assert not received(event("GET", URL, user=None)).is_read_only

    @pytest.mark.parametrize(
        "claims",
        [
            pytest.param({"exp": "1795392000"}, id="no sub"),
            pytest.param({"exp": "1795392000", "sub": ""}, id="an empty sub"),
            pytest.param({"exp": "1795392000", "sub": "é" * 128}, id="a sub of 256 bytes"),
            pytest.param({"exp": "1795392000", "sub": 7}, id="a number as sub"),
            pytest.param({"sub": "u"}, id="no exp"),
            pytest.param({"sub": "u", "exp": ""}, id="an empty exp"),
        ],
    )
    def test_a_token_without_user_or_expiry_is_refused(self, claims: dict[str, Any]) -> None:
        """API Gateway verifies the token; the service checks that it names a user and expires."""
        assert_unauthorized(received(event("GET", URL, claims=claims)))

    @pytest.mark.parametrize(
        "authorizer", [None, {}, {"jwt": None}, {"jwt": {"claims": None}}, {"lambda": {"sub": "u"}}]
    )
    def test_without_a_verified_token_there_is_no_user(self, authorizer: Any) -> None:
        """A request without claims is anonymous and does not cause an internal error."""
        made = event("GET", URL, user=None)
        made["requestContext"]["authorizer"] = authorizer
        assert_unauthorized(received(made))

    def test_only_the_token_names_the_user(self) -> None:
        """Neither path, query, headers nor body affect who the user is."""
        body = b'{"sub": "b", "userId": "b"}'
        made = event("PUT", f"{URL}?sub=b&userId=b", headers={"x-user": "b", "sub": "b"}, body=body, user="a")
        request = received(made)
        assert request.user == "a"
        assert request.project("p1").owner == "a"

    def test_a_route_without_an_authorizer_requires_no_user(self) -> None:
        """A route without an authorizer accepts anonymous requests, which have no user."""
        request = received(event("GET", URL, user=None))
        request.require_user()
        assert request.claimed_user is None
        with pytest.raises(Unauthorized):
            _ = request.user

    def test_a_valid_token_is_accepted(self) -> None:
        """A token that names a user and expires is accepted."""
        received(event("GET", URL, user="u")).require_user()


def assert_unauthorized(request: Request) -> None:
    """Assert that everything that needs a user is refused, whatever a handler reads first."""
    reads: list[Callable[[], object]] = [
        lambda: request.user,
        request.require_user,
        lambda: request.project("p1"),
    ]
    for read in reads:
        with pytest.raises(Unauthorized):
            read()


class TestAddress:
    def test_an_address_belongs_to_the_user(self) -> None:
        """An address has the verified user as its owner, and the project's id from the path."""
        request = received(event("GET", URL, user="a b|c#d"))
        assert request.project("p1") == ProjectAddress("a b|c#d", "p1")

    def test_a_project_may_be_named_by_its_address(self) -> None:
        """An address in the path names the same project as its id; that of another user makes the user a guest."""
        request = received(event("GET", URL, user="a b|c#d"))
        assert request.project("YSBifGMjZA~p1") == request.project("p1")
        assert request.project("dQ~p1") == ProjectAddress("u", "p1", Guest("a b|c#d"))

    @pytest.mark.parametrize("text", ["", "a#b", "a b", "x" * 129])
    def test_a_text_that_is_not_an_id_names_no_project(self, text: str) -> None:
        """A text in the path that is not an id is reported as a missing project."""
        with pytest.raises(NoProject):
            asked().project(text)

    @pytest.mark.parametrize(
        ("path", "address"),
        [
            pytest.param("/api/projects/p1", "user-1~p1", id="a project"),
            pytest.param("/api/projects/sales_EU-2/config", "user-1~sales_EU-2", id="its config"),
            pytest.param("/api/projects", None, id="the list"),
            pytest.param("/api/projects/a%20b/config", None, id="not an id"),
            pytest.param(f"/api/projects/{'x' * 129}", None, id="an id that is too long"),
            pytest.param("/x/api/projects/p1", None, id="another path"),
            pytest.param("/api/projects/dQ~p1", "u~p1", id="an address"),
            pytest.param("/api/projects/dQ~p1/config", "u~p1", id="the config at an address"),
            pytest.param("/api/projects/~p1", None, id="no owner"),
            pytest.param("/api/projects/dQ~", None, id="only an owner"),
            pytest.param("/api/projects/dQ~dQ~p1", None, id="two owners"),
        ],
    )
    def test_the_project_for_the_log_is_read_from_the_path(self, path: str, address: str | None) -> None:
        """Only a project that could exist is logged, as its owner's; never other text from a path."""
        found = received({**event("GET", URL), "rawPath": path}).named_project
        assert (found and "~".join(found)) == address

    @pytest.mark.parametrize(("text", "version"), [("1", 1), ("10", 10), ("9" * 12, 999_999_999_999)])
    def test_a_version_in_a_path_is_a_number(self, text: str, version: int) -> None:
        """A version in a path is read as a number."""
        assert version_number(text) == version

    @pytest.mark.parametrize("text", ["0", "01", "-1", "1.0", "", "x", "1\n", "\u0665", "1" + "0" * 12])
    def test_another_text_in_its_place_is_not_found(self, text: str) -> None:
        """A path with any other text in place of a version is not found, and the error quotes the text."""
        with pytest.raises(NotFound) as absent:
            version_number(text)
        assert str(absent.value) == f"Version {text} does not exist."


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
        """A media type is compared regardless of case and parameters."""
        assert received(sent(PLAIN, content_type=content_type)).json() == DOCUMENT
        assert received(in_base64(PLAIN, content_type=content_type)).json() == DOCUMENT

    def test_a_missing_content_type_is_json(self) -> None:
        """Without a content type, or without any headers, the body is read as JSON."""
        assert received(sent(PLAIN)).json() == DOCUMENT
        assert received({**sent(PLAIN), "headers": None}).json() == DOCUMENT

    def test_other_types_are_read_on_routes_that_accept_them(self) -> None:
        """A merge patch is accepted only by the routes that name its type."""
        request = received(sent(PLAIN, content_type=MERGE_PATCH))
        assert request.json(MERGE_PATCH) == DOCUMENT
        with pytest.raises(UnsupportedMediaType):
            request.json()

    def test_a_body_is_read_as_text_or_by_a_reader(self) -> None:
        """A handler reads the text as it was sent, or has a reader convert the document under the settings."""
        request = received(sent(PLAIN, content_type=MERGE_PATCH))
        assert request.text(MERGE_PATCH) == PLAIN
        assert request.body(lambda document, settings: (document, settings), MERGE_PATCH) == (DOCUMENT, SETTINGS)
        for read in (request.text, lambda: request.body(lambda document, _: document)):
            with pytest.raises(UnsupportedMediaType):
                read()

    def test_a_text_is_not_parsed(self) -> None:
        """`text` leaves parsing to its caller; the error of `json` says where the text is not JSON."""
        request = received(sent(b"{", content_type="application/json"))
        assert request.text() == b"{"
        with pytest.raises(MalformedJson, match="line 1, column 2"):
            request.json()

    def test_invalid_base64_is_malformed(self) -> None:
        """A body that is marked as base64 but is not valid base64 is refused."""
        made = {**sent(PLAIN, content_type="application/json"), "body": "a", "isBase64Encoded": True}
        with pytest.raises(MalformedJson, match=r"^The body is not valid base64\.$"):
            received(made).text()

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "application/xml", "text/json", "*/*", "multipart/form-data"]
    )
    def test_another_type_is_refused_with_the_accepted_ones(self, content_type: str) -> None:
        """The error has the type that was sent and every type that the route accepts, each once."""
        with pytest.raises(UnsupportedMediaType) as refused:
            received(sent(PLAIN, content_type=content_type)).json(MERGE_PATCH, JSON)
        assert str(refused.value) == (
            f"The media type {content_type} is not supported here; "
            "use one of application/json, application/merge-patch+json, application/gzip."
        )

    @pytest.mark.parametrize(
        ("make", "headers"),
        [
            pytest.param(sent, {"content_type": "application/gzip"}, id="application/gzip"),
            pytest.param(sent, {"content_type": "Application/GZip"}, id="application/gzip in another case"),
            pytest.param(
                sent,
                {"content_type": "application/gzip", "content_encoding": "gzip"},
                id="application/gzip and Content-Encoding",
            ),
            pytest.param(in_base64, {"content_type": "application/json", "content_encoding": "gzip"}, id="gzip"),
            pytest.param(in_base64, {"content_type": "application/json", "content_encoding": "GZIP"}, id="GZIP"),
            pytest.param(in_base64, {"content_type": "application/json", "content_encoding": "x-gzip"}, id="x-gzip"),
        ],
    )
    def test_a_compressed_body_that_arrives_intact_is_read(
        self, make: Callable[..., Event], headers: dict[str, str]
    ) -> None:
        """`application/gzip` always arrives intact, `Content-Encoding: gzip` only if it is passed as base64."""
        assert received(make(ZIPPED, **headers)).json() == DOCUMENT

    def test_identity_is_not_an_encoding(self) -> None:
        """`Content-Encoding: identity` means that the body is not encoded."""
        made = sent(PLAIN, content_type="application/json", content_encoding="identity")
        assert received(made).json() == DOCUMENT

    def test_a_gzip_that_was_damaged_as_text_is_refused_with_the_remedy(self) -> None:
        """API Gateway passes application/json as text, which corrupts a gzip: the error names the type to send."""
        made = sent(ZIPPED, content_type="application/json", content_encoding="gzip")
        with pytest.raises(UnsupportedMediaType, match="application/gzip"):
            received(made).json()

    @pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip"])
    def test_another_encoding_is_refused(self, coding: str) -> None:
        """Only gzip is accepted, and the error says so."""
        with pytest.raises(UnsupportedMediaType, match="use gzip"):
            received(in_base64(ZIPPED, content_type="application/json", content_encoding=coding)).json()

    @pytest.mark.parametrize(
        "made",
        [
            pytest.param(sent(None), id="missing"),
            pytest.param(sent(b"", content_type="application/json"), id="empty"),
            pytest.param(sent(gzip.compress(b""), content_type="application/gzip"), id="empty once decompressed"),
        ],
    )
    def test_an_empty_body_is_not_json(self, made: Event) -> None:
        """An empty body is reported as empty, not as invalid at line 1."""
        with pytest.raises(MalformedJson, match="empty"):
            received(made).json()

    @pytest.mark.parametrize("make", [sent, in_base64], ids=["text", "base64"])
    def test_a_body_is_limited_in_bytes_as_sent(self, make: Callable[..., Event]) -> None:
        """The limit applies to the bytes of the body, not to characters or to base64 in the event."""
        made = make(PLAIN, content_type="application/json")
        assert received(made, replace(SETTINGS, max_request_bytes=len(PLAIN))).json() == DOCUMENT
        with pytest.raises(RequestTooLarge) as refused:
            received(made, replace(SETTINGS, max_request_bytes=len(PLAIN) - 1)).json()
        assert (refused.value.actual_bytes, refused.value.limit_bytes) == (len(PLAIN), len(PLAIN) - 1)

    def test_a_compressed_body_is_limited_in_both_sizes(self) -> None:
        """A gzip is limited both compressed and decompressed."""
        body = json.dumps("x" * 1_002).encode()
        made = sent(gzip.compress(body), content_type="application/gzip")
        assert received(made, replace(SETTINGS, max_request_bytes=100, max_config_bytes=len(body) // 4)).json()
        with pytest.raises(RequestTooLarge):
            received(made, replace(SETTINGS, max_config_bytes=len(body) // 4 - 1)).json()
        with pytest.raises(RequestTooLarge):
            received(made, replace(SETTINGS, max_request_bytes=10)).json()

    @pytest.mark.parametrize("damaged", [b'"\xe9"', b'"\xff\xfe"', b'"\xc3\xa9\xc3"'], ids=ascii)
    def test_a_body_that_is_not_what_was_sent_is_refused(self, damaged: bytes) -> None:
        """API Gateway replaces bytes that are not UTF-8; the length that was sent shows it."""
        with pytest.raises(MalformedJson, match="send it in UTF-8"):
            received(sent(damaged, content_type="application/json")).json()

    @pytest.mark.parametrize("length", [None, "", "x", "-1"])
    def test_a_length_need_not_be_named(self, length: str | None) -> None:
        """A body that was sent without its length, as HTTP/2 allows, is read, and so is one that holds U+FFFD."""
        made = sent('"\ufffd"'.encode(), content_type="application/json")
        assert received(made).json() == "\ufffd"
        made["headers"]["content-length"] = length
        made["headers"] = {name: value for name, value in made["headers"].items() if value is not None}
        assert received(made).json() == "\ufffd"

    def test_an_unpaired_surrogate_is_malformed(self) -> None:
        """An unpaired surrogate in an event is the client's error, not an internal one."""
        made = {**event("PUT", URL, headers={"content-type": "application/json"}), "body": '"\ud800"'}
        with pytest.raises(MalformedJson, match="UTF-8"):
            received(made).json()


class TestDecompression:
    @pytest.mark.parametrize("size", [0, 1, 999, 1_000])
    def test_content_up_to_the_limit_is_read(self, size: int) -> None:
        """Content of up to exactly the limit is read completely."""
        assert decompressed(gzip.compress(b"x" * size), 1_000) == b"x" * size

    def test_one_byte_more_is_refused(self) -> None:
        """The error has the limit but no actual size, because reading stopped at the limit."""
        with pytest.raises(RequestTooLarge) as refused:
            decompressed(gzip.compress(b"x" * 1_001), 1_000)
        assert (refused.value.limit_bytes, refused.value.actual_bytes) == (1_000, None)

    def test_a_bomb_is_not_decompressed(self) -> None:
        """A hundred kilobytes never decompress to a hundred megabytes: the limit bounds the memory."""
        compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        bomb = b"".join(compressor.compress(bytes(1_000_000)) for _ in range(100)) + compressor.flush()
        assert len(bomb) < 200_000
        tracemalloc.start()
        with pytest.raises(RequestTooLarge):
            decompressed(bomb, 100_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2_000_000

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            pytest.param(b"", "truncated", id="empty"),
            pytest.param(ZIPPED[:5], "truncated", id="truncated in the header"),
            pytest.param(ZIPPED[:-9], "truncated", id="truncated in the content"),
            pytest.param(ZIPPED[:-1], "truncated", id="truncated in the checksum"),
            pytest.param(ZIPPED + b"x", "follows", id="an extra byte"),
            pytest.param(ZIPPED + ZIPPED, "follows", id="two members"),
            pytest.param(PLAIN, "not valid gzip", id="plain JSON"),
            pytest.param(zlib.compress(PLAIN), "not valid gzip", id="zlib"),
            pytest.param(ZIPPED[:-8] + bytes(4) + ZIPPED[-4:], "not valid gzip", id="a wrong checksum"),
            pytest.param(ZIPPED.decode(errors="replace").encode(), "not valid gzip", id="damaged as text"),
        ],
    )
    def test_anything_but_one_complete_gzip_is_refused(self, body: bytes, says: str) -> None:
        """No part of a body is silently ignored, and none is used unless its checksum is correct."""
        with pytest.raises(MalformedJson, match=says):
            decompressed(body, 1_000)


class TestPrecondition:
    def test_both_headers_are_read(self) -> None:
        """The names of headers are not case-sensitive."""
        request = received(sent(None, If_Match='"7"', IF_NONE_MATCH='"5"'))
        assert request.precondition == Precondition(frozenset({"7"}), frozenset({"5"}))
        assert not received(sent(None)).precondition.is_given

    @pytest.mark.parametrize("versions", [(7,), (7, 3)], ids=["a version", "a version and an analysis"])
    def test_a_precondition_is_required_if_so_configured(self, versions: tuple[int, ...]) -> None:
        """The error has the versions that the precondition could have named, which are read only for the error."""
        without, named = sent(None), sent(None, if_match='"7"')
        with pytest.raises(PreconditionRequired) as refused:
            received(without, replace(SETTINGS, require_precondition=True)).required_precondition(lambda: versions)
        assert refused.value.version == 7
        assert refused.value.analysis_version == (versions[1] if len(versions) == 2 else None)
        for made, is_required in ((named, True), (named, False), (without, False)):
            request = received(made, replace(SETTINGS, require_precondition=is_required))
            assert request.required_precondition(never_read) == request.precondition

    @pytest.mark.parametrize(
        ("if_none_match", "is_current"), [('"7"', True), ('"6", "7"', True), ('"6"', False), (None, False)]
    )
    def test_a_reader_may_have_the_version_already(self, if_none_match: str | None, *, is_current: bool) -> None:
        """If-None-Match lists the versions that a client has; they are compared with a number or a tag."""
        headers = {} if if_none_match is None else {"if_none_match": if_none_match}
        request = received(sent(None, **headers))
        assert request.has_current(7) is request.has_current("7") is is_current


def never_read() -> tuple[int, ...]:
    raise AssertionError("no error needs the versions")


class TestAcceptEncoding:
    def test_the_header_is_passed_on(self) -> None:
        """Accept-Encoding is passed on unchanged, or as None if it was not sent."""
        assert received(sent(None, Accept_Encoding="gzip, br")).accept_encoding == "gzip, br"
        assert received(sent(None)).accept_encoding is None
        assert received({**sent(None), "headers": None}).accept_encoding is None


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
        """Without the parameter the default applies; an unknown word is refused, not replaced."""
        check(lambda: asked(**query).choice("source", SOURCES, "user"), expected, "source")
        check(lambda: asked(**query).origin(forced=False).source, expected, "source")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            pytest.param({}, (), id="absent"),
            pytest.param({"include": ""}, (), id="empty"),
            pytest.param({"include": "analysis"}, ("analysis",), id="one"),
            pytest.param({"include": " rawData , analysis,"}, ("rawData", "analysis"), id="two, with spaces"),
            pytest.param({"include": "rawData,secrets"}, None, id="an unknown word"),
            pytest.param({"include": "rawData;analysis"}, None, id="another separator"),
        ],
    )
    def test_choices_are_some_of_the_words(self, query: dict[str, str], expected: tuple[str, ...] | None) -> None:
        """A list may have any of the known words; others are refused."""
        check(lambda: asked(**query).choices("include", ("rawData", "analysis")), expected, "include")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            pytest.param({}, 25, id="absent"),
            pytest.param({"limit": "1"}, 1, id="the minimum"),
            pytest.param({"limit": "100"}, 100, id="the maximum"),
            pytest.param({"limit": "0"}, None, id="zero"),
            pytest.param({"limit": "101"}, None, id="one too many"),
            pytest.param({"limit": "-1"}, None, id="negative"),
            pytest.param({"limit": "1.0"}, None, id="a fraction"),
            pytest.param({"limit": ""}, None, id="empty"),
            pytest.param({"limit": "\u0665"}, None, id="non-ASCII digits"),
            pytest.param({"limit": "5\n"}, None, id="a line break"),
            pytest.param({"limit": "9" * 5_000}, None, id="too many digits to convert"),
        ],
    )
    def test_a_number_has_bounds(self, query: dict[str, str], expected: int | None) -> None:
        """A number out of bounds is refused, not clamped."""
        check(lambda: asked(**query).page(100).limit, expected, "limit")
        check(lambda: asked(**query).page().limit, expected, "limit")

    def test_a_list_may_have_a_smaller_maximum(self) -> None:
        """Each list has its own maximum for the size of a page."""
        check(lambda: asked(limit="25").page(25).limit, 25, "limit")
        check(lambda: asked(limit="26").page(25).limit, None, "limit")

    @pytest.mark.parametrize(
        ("query", "cursor", "before"),
        [
            pytest.param({}, None, None, id="absent"),
            pytest.param({"cursor": "1"}, "1", 1, id="the first version"),
            pytest.param({"cursor": "9" * 12}, "9" * 12, 999_999_999_999, id="the last version"),
        ],
    )
    def test_a_cursor_of_a_list_of_versions_is_a_version(
        self, query: dict[str, str], cursor: str | None, before: int | None
    ) -> None:
        """The cursor is available as text, and as the version below which the list continues."""
        page = asked(**query).page()
        assert (page.cursor, page.before) == (cursor, before)

    @pytest.mark.parametrize("cursor", ["", "0", "01", "-1", "x", "1\n", "\u0665", "1" + "0" * 12])
    def test_an_invalid_cursor_of_a_list_of_versions_is_refused(self, cursor: str) -> None:
        """A list of versions refuses a cursor that is not a version; other lists parse the cursor themselves."""
        page = asked(cursor=cursor).page()
        assert page.cursor == cursor
        check(lambda: page.before, None, "cursor")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            pytest.param({}, "", id="absent"),
            pytest.param({"sessionId": "Az09_-"}, "Az09_-", id="every kind of character"),
            pytest.param({"sessionId": "s" * 128}, "s" * 128, id="128"),
            pytest.param({"sessionId": "s" * 129}, None, id="129"),
            pytest.param({"sessionId": ""}, None, id="empty"),
            pytest.param({"sessionId": "a#b"}, None, id="a separator of the keys"),
            pytest.param({"sessionId": "a\n"}, None, id="a line break"),
            pytest.param({"sessionId": "é"}, None, id="a letter beyond ASCII"),
        ],
    )
    def test_a_session_is_an_id(self, query: dict[str, str], expected: str | None) -> None:
        """An invalid session is refused, because it must not be taken for the project's config."""
        check(lambda: asked(**query).session, expected, "sessionId")

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
        """The limit of a message is in characters, and longer messages are refused, not truncated."""
        check(lambda: asked(**query).origin(forced=False).message, expected, "message")

    @pytest.mark.parametrize("text", ["\0", "\r", "\n", "\x1b[2J", "\x7f", "\x85", "\x9f", "\ud800"], ids=ascii)
    def test_a_message_is_one_line_of_text(self, text: str) -> None:
        """A message with a control character or an unpaired surrogate is refused: lists show it on one line."""
        check(lambda: asked(message=f"a{text}b").origin(forced=False), None, "message")

    def test_a_message_may_be_left_out(self) -> None:
        """Without a message, history has null."""
        assert asked().origin(forced=False).message is None

    def test_a_message_that_a_browser_would_execute_is_refused(self) -> None:
        """Pages show messages, so the same texts are refused as in a config."""
        with pytest.raises(UnsafeText) as refused:
            asked(message="<script>").origin(forced=False)
        assert [each.pointer for each in refused.value.field_errors] == ["message"]

    @pytest.mark.parametrize("forced", [True, False])
    def test_an_origin_has_source_message_and_forced(self, *, forced: bool) -> None:
        """Source and message come from the query; the handler decides whether a version is forced."""
        assert asked(source="ai", message="m").origin(forced=forced) == Origin("ai", "m", forced=forced)

    @pytest.mark.parametrize(
        ("query", "is_migration"), [({}, False), ({"source": "user"}, False), ({"source": "localStorage"}, True)]
    )
    def test_a_save_from_local_storage_is_a_migration(self, query: dict[str, str], *, is_migration: bool) -> None:
        """Only a save whose source is the browser's local storage is a migration."""
        assert asked(**query).is_migration is is_migration

    def test_a_query_may_be_absent(self) -> None:
        """Without a query, every parameter has its default."""
        request = received({**event("GET", URL), "queryStringParameters": None})
        assert request.origin(forced=False) == Origin()
        assert request.page().cursor is None


def check(read: Callable[[], object], expected: object, name: str) -> None:
    """Assert that a value is read or, if None is expected, that an error names the parameter."""
    if expected is not None:
        assert read() == expected
        return
    with pytest.raises(BadInput) as refused:
        read()
    assert type(refused.value) is InvalidQuery
    assert [each.pointer for each in refused.value.field_errors] == [name]
