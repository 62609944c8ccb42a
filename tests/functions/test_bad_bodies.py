"""Request bodies for every rule of JSON's grammar: valid JSON is returned unchanged, all else is refused."""

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.handlers.http_api import Client, Reply
from support.inputs.json_texts import ACCEPTED, NOT_UTF8, OTHER_ENCODINGS, REFUSED
from support.project.openapi import METHODS, openapi, problem_codes

from dashboard_store.settings import Settings

CONFIG = "/api/projects/p/config"
GZIP = "application/gzip"
WHOLE = '{"chartCustomizations":{"c":{"t":"\\u00e9","n":[-1.5e+3,true,null]}},"theme":{}}'


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As many requests as there are texts."""
    return replace(settings, writes_per_minute=1_000_000, requests_per_minute=1_000_000)


def config_of(value: bytes) -> bytes:
    """Put a JSON text everywhere a value is allowed: in an object, in an array, and next to other values."""
    return b'{"chartCustomizations":{"c":{"v":' + value + b',"more":["",' + value + b"]}}}"


def save(client: Client, body: bytes, media_type: str = GZIP) -> Reply:
    """Send bytes unchanged, compressed by default: API Gateway replaces what it cannot decode as text."""
    sent = gzip.compress(body, compresslevel=1) if media_type == GZIP else body
    return client.put(CONFIG, sent, if_match="*", content_type=media_type)


def place(reply: Reply) -> str:
    """Return where a refusal locates the error: a place in the text, or pointers into the document."""
    if reply.status == 422:
        return str([each["pointer"] for each in reply.json["errors"]])
    found = re.search(r"line \d+, column \d+|byte \d+", reply.json["detail"])
    return found[0] if found else ""


def assert_all_refused(client: Client, bodies: dict[str, bytes]) -> None:
    """Assert that each body is refused with a place, and that none is saved."""
    replies = {name: save(client, body) for name, body in bodies.items()}
    wrong = {
        name: (reply.status, reply.json)
        for name, reply in replies.items()
        if (reply.status, reply.code) not in {(400, "malformed-json"), (422, "invalid-config")} or not place(reply)
    }
    assert not wrong
    assert client.get(CONFIG).json["version"] == 0


@pytest.mark.parametrize("rule", ACCEPTED)
def test_valid_json_is_returned_unchanged(project: Client, rule: str) -> None:
    """Every valid JSON text is loaded exactly as it was saved: value, type, sign and order."""
    body = b",".join(b'"%d":{"v":%b}' % (at, text.encode()) for at, text in enumerate(ACCEPTED[rule]))
    document = b'{"chartCustomizations":{' + body + b"}}"
    assert project.put(CONFIG, document, if_match='"0"').status == 200
    loaded = project.get(CONFIG).json["config"]
    # repr distinguishes 1 from 1.0 and True, 0.0 from -0.0, and the orders of members.
    assert repr(loaded) == repr(json.loads(document, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits)))


@pytest.mark.parametrize("rule", REFUSED)
def test_invalid_json_is_refused_with_its_place(project: Client, rule: str) -> None:
    """Invalid JSON, and JSON that cannot be stored unchanged, is a 400 or 422 that says where the error is."""
    bodies = {text[:80]: config_of(text.encode(errors="surrogatepass")) for text in REFUSED[rule]}
    assert_all_refused(project, bodies)


def test_truncated_json_is_refused_with_its_place(project: Client) -> None:
    """A truncated document is refused wherever it is cut."""
    ends = range(1, len(WHOLE))
    assert_all_refused(project, {WHOLE[:end]: WHOLE[:end].encode() for end in ends})
    assert save(project, WHOLE.encode()).status == 412


def test_text_around_a_document_is_refused_with_its_place(project: Client) -> None:
    """Only white space may precede or follow a document."""
    rests = ("{}", "]", "}", ",", "null", "\0", "x", "//", "\ufeff", WHOLE)
    assert_all_refused(project, {f"after {rest}": f"{WHOLE} {rest}".encode() for rest in rests})
    assert_all_refused(project, {f"before {rest}": f"{rest} {WHOLE}".encode() for rest in rests if rest != "\ufeff"})


@pytest.mark.parametrize("in_a_name", [False, True], ids=["in a value", "in a name"])
def test_invalid_utf_8_is_refused_with_its_place(project: Client, in_a_name: bool) -> None:  # noqa: FBT001
    """Bytes that are not valid UTF-8 are refused with their place, never guessed at."""
    form = b'{"chartCustomizations":{"%b":{}}}' if in_a_name else b'{"chartCustomizations":{"c":{"t":"%b"}}}'
    assert_all_refused(project, {repr(part): form % part for part in NOT_UTF8})


@pytest.mark.parametrize("encoding", OTHER_ENCODINGS)
def test_other_encodings_are_refused(project: Client, encoding: str) -> None:
    """A document in another Unicode encoding is refused, never misread."""
    assert_all_refused(project, {encoding: '{"chartCustomizations":{"c":{"t":"é"}}}'.encode(encoding)})


def test_a_byte_order_mark_is_skipped(project: Client) -> None:
    """A UTF-8 byte order mark before a document is ignored (RFC 8259, section 8.1)."""
    reply = project.put(CONFIG, b"\xef\xbb\xbf" + WHOLE.encode(), if_match='"0"')
    assert reply.status == 200
    assert project.get(CONFIG).json["config"] == json.loads(WHOLE)


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "null", "true", "0", '"a"', "[]", "[{}]"])
def test_a_body_that_is_not_an_object_is_refused(project: Client, text: str) -> None:
    """No call accepts an empty body, or JSON that is not an object."""
    for method, url in (
        ("PUT", CONFIG),
        ("PATCH", CONFIG),
        ("POST", "/api/projects"),
        ("POST", "/api/projects/p/data"),
    ):
        reply = project.request(method, url, text.encode(), if_match="*")
        assert reply.status in {400, 422}, (method, url, reply.json)
        assert reply.code in {"malformed-json", "invalid-config", "invalid-project", "invalid-data"}
    assert project.get(CONFIG).json["version"] == 0


@pytest.mark.parametrize(
    ("damaged", "code"),
    [
        (lambda sent: sent[:-1], "malformed-json"),
        (lambda sent: sent[:12], "malformed-json"),
        (lambda sent: sent + b"x", "malformed-json"),
        (lambda sent: sent + sent, "malformed-json"),
        (lambda sent: b"x" + sent, "malformed-json"),
        (lambda sent: sent[:-8] + b"\0\0\0\0" + sent[-4:], "malformed-json"),
        (lambda sent: sent[:20] + b"\xff\xff\xff" + sent[23:], "malformed-json"),
        (lambda _: b"", "malformed-json"),
        (lambda _: gzip.compress(b""), "malformed-json"),
        (lambda _: b"\x1f\x8b", "malformed-json"),
        (lambda _: gzip.compress(b" " * 50_000_001, compresslevel=9), "request-too-large"),
    ],
)
def test_a_damaged_gzip_is_refused(project: Client, damaged: Callable[[bytes], bytes], code: str) -> None:
    """A truncated, doubled or altered gzip is refused as a whole, and one over the limit before it is decompressed."""
    reply = project.put(CONFIG, damaged(gzip.compress(WHOLE.encode())), if_match="*", content_type=GZIP)
    assert reply.code == code
    assert project.get(CONFIG).json["version"] == 0


@pytest.fixture
def small(user: str, connect: Callable[[Settings], None], settings: Settings) -> Client:
    """A user of handlers that accept 1,000 bytes."""
    connect(replace(settings, max_request_bytes=1_000))
    return Client(user)


OPERATIONS_WITH_A_BODY = [
    (method.upper(), path, operation)
    for path, item in openapi()["paths"].items()
    for method, operation in item.items()
    if method in METHODS and "requestBody" in operation
]


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS_WITH_A_BODY, ids=lambda each: each if isinstance(each, str) else ""
)
def test_every_body_has_its_limits(small: Client, method: str, path: str, operation: dict[str, Any]) -> None:
    """A body over the limit is `request-too-large` in every call that takes a body, as docs/openapi.yaml says."""
    url = re.sub(r"\{\w+\}", "0" * 32, path)
    reply = small.request(method, url, b" " * 1_001, if_match='"1"', content_type="application/json")
    assert (reply.status, reply.code) == (413, "request-too-large")
    assert "request-too-large" in problem_codes(operation["responses"]["413"])


DEFAULTS = Settings(table_name="unused")
# Four times the largest document of each call, and a limit of its own for a table.
LARGEST_BODIES = {
    "createProject": 4 * (40_000 + 262_144),
    "patchProject": 4 * 40_000,
    "putConfig": 4 * 262_144,
    "patchConfig": 4 * 262_144,
    "patchVersion": 4 * 500,
    "putCustomizations": 4 * 262_144,
    "postData": DEFAULTS.max_decompressed_bytes,
    "putAnalysis": 4 * 262_144,
    "putSchema": 4 * 100_000,
    "postUpload": 4 * 2_000,
    "completeUpload": 4 * (100_000 + 262_144),
    "postInvitation": 4 * 500,
    "previewInvitation": 4 * 500,
    "acceptInvitation": 4 * 500,
    "putMember": 4 * 500,
    "putTeam": 4 * 500,
    "postLink": 4 * 500,
}


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS_WITH_A_BODY, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_body_is_limited_by_its_route(project: Client, method: str, path: str, operation: dict[str, Any]) -> None:
    """A body is limited to what its route can need, compressed or not, and the error names the limit."""
    url = re.sub(r"\{\w+\}", "0" * 32, path)
    limit = LARGEST_BODIES[operation["operationId"]]
    for size in (limit, limit + 1):
        body = b" " * size
        for sent, media_type in ((gzip.compress(body, 1), GZIP), (body, "application/json")):
            if len(sent) <= DEFAULTS.max_request_bytes:
                reply = project.request(method, url, sent, if_match='"1"', content_type=media_type)
                found = (400, None) if size == limit else (413, limit)
                assert (reply.status, reply.json.get("limitBytes")) == found
