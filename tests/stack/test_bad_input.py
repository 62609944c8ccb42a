"""What nobody sends on purpose, over HTTP to the running stack: every answer is a refusal that says what is wrong."""

import gzip
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from support.running.local_stack import LocalStack

CONFIG = "/api/projects/bad-input/config"
DEEP = 100_000
BODY = b'{"chartCustomizations": {}}'

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half an object": b'{"chartCustomizations": {',
    "two documents": b'{"chartCustomizations": {}} {}',
    "nested too deep": b'{"chartCustomizations": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "arrays without end": b"[" * DEEP,
    "a member twice": b'{"chartCustomizations": {}, "chartCustomizations": {}}',
    "not a number": b'{"chartCustomizations": {"c": {"v": NaN}}}',
    "infinity by its digits": b'{"chartCustomizations": {"c": {"v": 1e999}}}',
    "an integer of a million digits": b'{"chartCustomizations": {"c": {"v": ' + b"9" * 1_000_000 + b"}}}",
    "a leading zero": b'{"chartCustomizations": {"c": {"v": 007}}}',
    "a comment": b'{"chartCustomizations": {} /* mine */}',
    "single quotes": b"{'chartCustomizations': {}}",
    "a trailing comma": b'{"chartCustomizations": {},}',
    "UTF-16": '{"chartCustomizations": {}}'.encode("utf-16"),
    "an escape that ends early": b'{"chartCustomizations": {"c": {"t": "\\u12"}}}',
    "half a surrogate pair": b'{"chartCustomizations": {"c": {"t": "\\ud800"}}}',
    "an escape of nothing": b'{"chartCustomizations": {"c": {"t": "\\x41"}}}',
    "a NUL": b'{"chartCustomizations": {"c": {"t": "a\\u0000b"}}}',
    "a bare control character": b'{"chartCustomizations": {"c": {"t": "a\x01b"}}}',
    "a list of charts": b'{"chartCustomizations": []}',
    "a text": b'"chartCustomizations"',
}

# A gateway reads JSON as text and puts U+FFFD in the place of these; compressed, they arrive as they are.
NOT_UTF8: dict[str, bytes] = {
    "bytes of no character": b'{"chartCustomizations": {"c": {"t": "\xff\xfe"}}}',
    "a character in too many bytes": b'{"chartCustomizations": {"c": {"t": "\xc0\x80"}}}',
    "a surrogate in bytes": b'{"chartCustomizations": {"c": {"t": "\xed\xa0\x80"}}}',
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
    "no quotation marks": {"If-Match": "1"},
    "a weak tag": {"If-Match": 'W/"1"'},
    "a list without end": {"If-Match": ", ".join(f'"{number}"' for number in range(1, 700))},
    "half a tag": {"If-Match": '"1'},
    "a negative version": {"If-Match": '"-1"'},
    "both, against each other": {"If-Match": '"1"', "If-None-Match": "*"},
    "an encoding of nobody": {"If-Match": '"0"', "Content-Encoding": "compress"},
    "a media type of nobody": {"If-Match": '"0"', "Content-Type": "text/xml"},
    "a gzip that is none": {"If-Match": '"0"', "Content-Type": "application/gzip"},
    "a tag in single quotes": {"If-Match": "'1'"},
    "a tag with a space": {"If-Match": '"1 2"'},
    "a star in a list": {"If-Match": '*, "1"'},
    "a weak tag in small letters": {"If-Match": 'w/"1"'},
    "nothing but commas": {"If-Match": ",,,"},
    "nothing": {"If-Match": ""},
    "a precondition of 7,000 characters": {"If-Match": '"' + "1" * 7_000 + '"'},
    "a tag that is no ASCII": {"If-Match": '"\u00e9"'},
    "a precondition that is no ASCII": {"If-Match": "\u00e9"},
    "a gzip that is none, as an encoding": {"If-Match": '"0"', "Content-Encoding": "gzip"},
    "an encoding of two": {"If-Match": '"0"', "Content-Encoding": "gzip, gzip"},
    "a media type that is none": {"If-Match": '"0"', "Content-Type": "json"},
    "a media type that is no ASCII": {"If-Match": '"0"', "Content-Type": "application/\u00e9"},
}
# What a client may send and this service never reads.
HARMLESS: dict[str, str] = {
    "X-Long": "x" * 6_000,
    "X-Not-Ascii": "\u00e9\u00ff",
    "X-Request-Id": "of my own",
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


@pytest.fixture
def project(client: httpx.Client) -> httpx.Client:
    """A user with a project."""
    assert client.post("/api/projects", json={"id": "bad-input", "name": "Bad input"}).status_code == 201
    return client


def assert_refused(answer: httpx.Response) -> None:
    """See a problem of the client's own making, in the form of RFC 9457."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert len(answer.content) < 5_000


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_config_is_refused(project: httpx.Client, name: str) -> None:
    """Whatever a body is that is not a config, the answer is a 4xx problem, and nothing was saved."""
    headers = {"If-None-Match": "*", "Content-Type": "application/json"}
    assert_refused(project.put(CONFIG, content=BODIES[name], headers=headers))
    assert project.get(CONFIG).json()["version"] == 0


@pytest.mark.parametrize("name", NOT_UTF8)
def test_what_is_not_utf_8_is_refused(project: httpx.Client, name: str) -> None:
    """Bytes that are no text are refused where they arrive as bytes, and never guessed at."""
    headers = {"If-None-Match": "*", "Content-Type": "application/gzip"}
    assert_refused(project.put(CONFIG, content=gzip.compress(NOT_UTF8[name]), headers=headers))
    assert project.get(CONFIG).json()["version"] == 0


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
def test_an_address_that_is_none_is_refused(stack: LocalStack, path: str) -> None:
    """Whatever stands in an address that names nothing, the answer is a 4xx problem; it is sent untidied."""
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
def test_a_header_that_cannot_be_read_is_refused(project: httpx.Client, name: str) -> None:
    """Whatever stands in a precondition or a content header that is none, the answer is a 4xx problem."""
    headers = {"Content-Type": "application/json", **HEADERS[name]}
    assert_refused(
        project.put(
            CONFIG, content=BODY, headers=[(key.encode(), value.encode("latin-1")) for key, value in headers.items()]
        )
    )
    assert project.get(CONFIG).json()["version"] == 0


def test_a_precondition_that_is_there_twice_names_both(project: httpx.Client) -> None:
    """Two values of If-Match, which a gateway joins by a comma, are a list, and neither is the one that counts."""
    answer = project.put(CONFIG, content=BODY, headers=[("If-Match", '"1"'), ("If-Match", '"2"')])
    assert answer.status_code == 412
    assert_refused(answer)
    assert project.get(CONFIG).json()["version"] == 0


def test_two_encodings_are_none_that_is_read(project: httpx.Client) -> None:
    """Two values of Content-Encoding are refused, though one says that there is none.

    Of two content types tests/functions/test_bad_headers.py tells: the local run's server refuses them itself.
    """
    encodings = [("Content-Encoding", "gzip"), ("Content-Encoding", "identity")]
    answer = project.put(CONFIG, content=BODY, headers=[("If-Match", '"0"'), *encodings])
    assert answer.status_code == 415
    assert_refused(answer)


@pytest.mark.parametrize("name", HARMLESS)
def test_a_header_that_is_not_read_changes_nothing(project: httpx.Client, name: str) -> None:
    """What a header says of whom a request is from, where it goes or what it wants is not believed."""
    headers = [(name.encode(), HARMLESS[name].encode("latin-1"))]
    answer = project.get(CONFIG, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"config": None, "version": 0, "updatedAt": None})
    assert answer.headers["x-request-id"] != HARMLESS[name]


@pytest.mark.parametrize("size", [10_240, 60_000])
def test_an_id_that_is_longer_than_any_is_refused(stack: LocalStack, size: int) -> None:
    """An id of 10 KB is no project's, and one that is more than a gateway reads is refused before it gets here."""
    with stack.client("long-ids") as client:
        answer = client.get(f"/api/projects/{'a' * size}/config")
        assert 400 <= answer.status_code < 500
        assert client.get("/api/health").status_code == 200
