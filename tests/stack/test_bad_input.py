"""Malformed requests over HTTP to the running stack: each is refused with a problem that says what is wrong."""

import gzip
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from support.running.local_stack import LocalStack

CONFIG = "/api/projects/p/config"
DEEP = 100_000
BODY = b'{"chartCustomizations": {}}'

BODIES: dict[str, bytes] = {
    "empty": b"",
    "truncated object": b'{"chartCustomizations": {',
    "two documents": b'{"chartCustomizations": {}} {}',
    "nested too deeply": b'{"chartCustomizations": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "unclosed arrays": b"[" * DEEP,
    "duplicate member": b'{"chartCustomizations": {}, "chartCustomizations": {}}',
    "NaN": b'{"chartCustomizations": {"c": {"v": NaN}}}',
    "number that overflows to infinity": b'{"chartCustomizations": {"c": {"v": 1e999}}}',
    "million-digit integer": b'{"chartCustomizations": {"c": {"v": ' + b"9" * 1_000_000 + b"}}}",
    "leading zero": b'{"chartCustomizations": {"c": {"v": 007}}}',
    "comment": b'{"chartCustomizations": {} /* mine */}',
    "single quotes": b"{'chartCustomizations': {}}",
    "trailing comma": b'{"chartCustomizations": {},}',
    "UTF-16": '{"chartCustomizations": {}}'.encode("utf-16"),
    "truncated escape": b'{"chartCustomizations": {"c": {"t": "\\u12"}}}',
    "lone surrogate": b'{"chartCustomizations": {"c": {"t": "\\ud800"}}}',
    "unknown escape": b'{"chartCustomizations": {"c": {"t": "\\x41"}}}',
    "NUL": b'{"chartCustomizations": {"c": {"t": "a\\u0000b"}}}',
    "unescaped control character": b'{"chartCustomizations": {"c": {"t": "a\x01b"}}}',
    "charts in a list": b'{"chartCustomizations": []}',
    "string": b'"chartCustomizations"',
}

# The gateway decodes JSON as text and replaces these bytes with U+FFFD; compressed, they arrive unchanged.
NOT_UTF8: dict[str, bytes] = {
    "invalid bytes": b'{"chartCustomizations": {"c": {"t": "\xff\xfe"}}}',
    "overlong encoding": b'{"chartCustomizations": {"c": {"t": "\xc0\x80"}}}',
    "encoded surrogate": b'{"chartCustomizations": {"c": {"t": "\xed\xa0\x80"}}}',
}

PATHS = (
    "/api/projects/%2e%2e/config",
    "/api/projects/..%2f..%2fadmin/config",
    "/api/projects/a%2Fb/config",
    "/api/projects/a%00b/config",
    "/api/projects//config",
    "/api//projects",
    "/api/projects/%20/config",
    "/api/projects/%C3%BC/config",
    "/api/projects/%ff/config",
    f"/api/projects/{'a' * 4_096}/config",
    f"/api/projects/{'a' * 129}/data/versions/1",
    f"/api/projects/x/config/versions/{'1' * 4_096}",
    "/api/projects/a;b=c/config",
    "/api/projects/x/config/versions/-1",
    "/api/projects/x/config/versions/1e3",
    "/api/projects/x/config/versions/99999999999999999999",
    "/api/projects/%23/config",
    "/api/projects/PROJECT%23x/config",
    "/API/PROJECTS",
    "/api/projects/x/config/",
    "/api/projects/a%0Ab/config",
    "/api/projects/a%5Cb/config",
    "/api/projects/%252e%252e/config",
    "/api/projects/./config",
    "/api/projects/../../etc/passwd",
    "/api/projects/%e2%80%ae/config",
    "/api/projects/%/config",
    "/api/projects/%zz/config",
    "/api/projects/x?limit=%00",
    "/api/projects?cursor=%ff",
    "/api/projects?limit=1&limit=2",
    "/api/projects?limit=%EF%BC%91",
    "/api/projects/x/config?sessionId=..%2f..",
    f"/api/projects/x/config?sessionId={'a' * 7_000}",
    f"/api/projects/x/config/versions?cursor={'1' * 7_000}",
    f"/api/projects/x/data/uploads/{'0' * 33}/complete",
)

HEADERS: dict[str, dict[str, str]] = {
    "unquoted tag": {"If-Match": "1"},
    "weak tag": {"If-Match": 'W/"1"'},
    "list of 699 tags": {"If-Match": ", ".join(f'"{number}"' for number in range(1, 700))},
    "unterminated tag": {"If-Match": '"1'},
    "negative version": {"If-Match": '"-1"'},
    "contradictory preconditions": {"If-Match": '"1"', "If-None-Match": "*"},
    "unsupported encoding": {"If-Match": '"0"', "Content-Encoding": "compress"},
    "unsupported media type": {"If-Match": '"0"', "Content-Type": "text/xml"},
    "media type gzip, body not gzip": {"If-Match": '"0"', "Content-Type": "application/gzip"},
    "single-quoted tag": {"If-Match": "'1'"},
    "tag with a space": {"If-Match": '"1 2"'},
    "star in a list": {"If-Match": '*, "1"'},
    "lower-case weak tag": {"If-Match": 'w/"1"'},
    "only commas": {"If-Match": ",,,"},
    "empty": {"If-Match": ""},
    "tag of 7,000 characters": {"If-Match": '"' + "1" * 7_000 + '"'},
    "non-ASCII tag": {"If-Match": '"\u00e9"'},
    "non-ASCII precondition": {"If-Match": "\u00e9"},
    "encoding gzip, body not gzip": {"If-Match": '"0"', "Content-Encoding": "gzip"},
    "two encodings in one header": {"If-Match": '"0"', "Content-Encoding": "gzip, gzip"},
    "malformed media type": {"If-Match": '"0"', "Content-Type": "json"},
    "non-ASCII media type": {"If-Match": '"0"', "Content-Type": "application/\u00e9"},
}
# Headers that clients may send and the service ignores.
HARMLESS: dict[str, str] = {
    "X-Long": "x" * 6_000,
    "X-Not-Ascii": "\u00e9\u00ff",
    "X-Request-Id": "chosen-by-the-client",
    "X-Forwarded-For": "127.0.0.1",
    "X-Http-Method-Override": "DELETE",
    "X-Original-Url": "/api/projects/other",
    "Forwarded": "for=other;host=elsewhere.example",
    "Cookie": "sub=other",
    "Range": "bytes=0-0",
    "Accept": "text/nothing",
    "Accept-Encoding": "zstd;q=1, gzip;q=zero",
    "Origin": "https://elsewhere.example",
}


def assert_refused(answer: httpx.Response) -> None:
    """Assert that the answer is a 4xx problem in the form of RFC 9457."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert len(answer.content) < 5_000


@pytest.mark.parametrize("name", BODIES)
def test_an_invalid_config_is_refused(owner: httpx.Client, name: str) -> None:
    """A body that is not a valid config is answered with a 4xx problem, and nothing is saved."""
    headers = {"If-None-Match": "*", "Content-Type": "application/json"}
    assert_refused(owner.put(CONFIG, content=BODIES[name], headers=headers))
    assert owner.get(CONFIG).json()["version"] == 0


@pytest.mark.parametrize("name", NOT_UTF8)
def test_invalid_utf_8_is_refused(owner: httpx.Client, name: str) -> None:
    """Invalid UTF-8 that arrives as bytes is refused, never repaired."""
    headers = {"If-None-Match": "*", "Content-Type": "application/gzip"}
    assert_refused(owner.put(CONFIG, content=gzip.compress(NOT_UTF8[name]), headers=headers))
    assert owner.get(CONFIG).json()["version"] == 0


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
def test_an_unknown_path_is_refused(stack: LocalStack, path: str) -> None:
    """A path that names no resource, sent without normalization, is answered with a 4xx problem."""
    host = urlsplit(stack.url)
    headers = {"Host": host.netloc, "Authorization": f"Bearer {stack.token('u')}", "Connection": "close"}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    with socket.create_connection((host.hostname, host.port), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split()[1])
    assert 400 <= status < 500, head
    assert b"application/problem+json" in head
    assert b'"status"' in body


@pytest.mark.parametrize("name", HEADERS)
def test_an_unusable_header_is_refused(owner: httpx.Client, name: str) -> None:
    """A precondition or content header that cannot be honoured is answered with a 4xx problem."""
    headers = {"Content-Type": "application/json", **HEADERS[name]}
    assert_refused(
        owner.put(
            CONFIG, content=BODY, headers=[(key.encode(), value.encode("latin-1")) for key, value in headers.items()]
        )
    )
    assert owner.get(CONFIG).json()["version"] == 0


def test_repeated_preconditions_form_a_list(owner: httpx.Client) -> None:
    """Two If-Match headers, which the gateway joins with a comma, form a list; neither takes precedence."""
    answer = owner.put(CONFIG, content=BODY, headers=[("If-Match", '"1"'), ("If-Match", '"2"')])
    assert answer.status_code == 412
    assert_refused(answer)
    assert owner.get(CONFIG).json()["version"] == 0


def test_repeated_encodings_are_refused(owner: httpx.Client) -> None:
    """Two Content-Encoding headers are refused, even if one of them is `identity`.

    tests/functions/test_bad_headers.py covers two Content-Type headers, which the local stack's server refuses itself.
    """
    encodings = [("Content-Encoding", "gzip"), ("Content-Encoding", "identity")]
    answer = owner.put(CONFIG, content=BODY, headers=[("If-Match", '"0"'), *encodings])
    assert answer.status_code == 415
    assert_refused(answer)


@pytest.mark.parametrize("name", HARMLESS)
def test_an_ignored_header_changes_nothing(owner: httpx.Client, name: str) -> None:
    """Headers about a request's sender, target or preferences are not trusted."""
    headers = [(name.encode(), HARMLESS[name].encode("latin-1"))]
    answer = owner.get(CONFIG, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"config": None, "version": 0, "updatedAt": None})
    assert answer.headers["x-request-id"] != HARMLESS[name]


@pytest.mark.parametrize("size", [10_240, 60_000])
def test_an_oversized_id_is_refused(stack: LocalStack, size: int) -> None:
    """An id of 10 KB is refused, and one beyond the gateway's limit does not even reach the service."""
    with stack.client("long-ids") as client:
        answer = client.get(f"/api/projects/{'a' * size}/config")
        assert 400 <= answer.status_code < 500
        assert client.get("/api/health").status_code == 200
