"""Malformed requests over HTTP to the running stack: each is refused with a problem that says what is wrong."""

import gzip
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from support.inputs.bad_requests import BODIES, BODY, HARMLESS, HEADERS, NOT_UTF8, PATHS
from support.running.local_stack import LocalStack

CONFIG = "/api/projects/p/config"


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
