"""Every problem code of the service, produced over HTTP."""

import gzip
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import boto3
import httpx
import jwt
import pytest
from support.running.live_socket import LiveSocket
from support.running.local_stack import LocalStack, table_of

from dashboard_store.gateway.problems import PROBLEMS

CONFIG = "/api/projects/p/config"
DATA = "/api/projects/p/data"
CHARTS: dict[str, Any] = {"chartCustomizations": {"c": {}}}
TABLE = {"fileName": "t.csv", "rawData": [{"a": 1}]}

SERVER_ERRORS = {"internal-error", "storage-unavailable"}
# Covered by test_rate_limit and by test_admin, because no single request produces them.
ELSEWHERE = {"rate-limited", "gone"}

# One request per code: method, URL and further arguments for httpx.
REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "malformed-json": ("PUT", CONFIG, {"content": b'{"a":', "headers": {"If-Match": '"1"'}}),
    "invalid-precondition": ("PUT", CONFIG, {"json": CHARTS, "headers": {"If-Match": "1"}}),
    "not-found": ("GET", "/api/projects/none/config", {}),
    "method-not-allowed": ("POST", CONFIG, {"json": CHARTS}),
    "project-exists": ("POST", "/api/projects", {"json": {"id": "p", "name": "P"}}),
    "invalid-sharing": ("POST", "/api/projects/p/invitations", {"json": {"role": "owner"}}),
    "version-conflict": ("PUT", CONFIG, {"json": {"chartCustomizations": {}}, "headers": {"If-Match": '"9"'}}),
    "config-too-large": (
        "PUT",
        CONFIG,
        {"json": {"chartCustomizations": {"c": {"x": "x" * 262_144}}}, "headers": {"If-Match": '"1"'}},
    ),
    "analysis-too-large": ("POST", DATA, {"json": {**TABLE, "analysis": {"x": "x" * 262_144}}}),
    "request-too-large": ("POST", DATA, {"content": b" " * 6_000_001}),
    "upload-too-large": (
        "POST",
        f"{DATA}/uploads",
        {"json": {"fileName": "f", "contentType": "text/csv", "bytes": 100_000_001}},
    ),
    "unsupported-media-type": (
        "PUT",
        CONFIG,
        {"content": b"a: b", "headers": {"If-Match": '"1"', "Content-Type": "application/yaml"}},
    ),
    "invalid-config": ("PUT", CONFIG, {"json": {"charts": {}}, "headers": {"If-Match": '"1"'}}),
    "invalid-data": ("POST", DATA, {"json": {**TABLE, "rawData": []}}),
    "invalid-project": ("POST", "/api/projects", {"json": {"name": ""}}),
    "invalid-query": ("GET", "/api/projects?limit=0", {}),
    "unsafe-text": (
        "PUT",
        CONFIG,
        {
            "json": {"chartCustomizations": {"c": {"title": "<img src=x onerror=alert(1)>"}}},
            "headers": {"If-Match": '"1"'},
        },
    ),
    "precondition-required": ("PUT", CONFIG, {"json": CHARTS}),
}


@pytest.fixture(scope="module")
def user(stack: LocalStack) -> Iterator[httpx.Client]:
    """A client of a user with the project `p`, whose config is at version 1."""
    with stack.client("user-of-problem-codes") as client:
        body = {"id": "p", "name": "P", "settings": {"dashboardConfig": CHARTS}}
        assert client.post("/api/projects", json=body).status_code == 201
        yield client


def code_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["instance"] == answer.headers["x-request-id"]
    code: str = problem["type"].removeprefix("urn:problem:")
    return code


def test_every_code_is_covered() -> None:
    """Every problem code of the service is produced in this module, or elsewhere in this folder."""
    here = {*REQUESTS, "unauthorized", "forbidden", "quota-exceeded", "invalid-message", *SERVER_ERRORS}
    assert {code for _, code, _ in PROBLEMS.values()} == here | ELSEWHERE


@pytest.mark.parametrize("code", REQUESTS)
def test_an_invalid_request_is_answered_with_its_code(user: httpx.Client, code: str) -> None:
    """Each kind of invalid request is answered with its own stable code and changes nothing."""
    method, url, sent = REQUESTS[code]
    headers = {"Content-Type": "application/json"} if "content" in sent else {}
    answer = user.request(method, url, **{**sent, "headers": headers | sent.get("headers", {})})
    assert code_of(answer) == code
    assert (user.get(CONFIG).json()["version"], user.get(DATA).json()["version"]) == (1, 0)


def test_an_invalid_message_is_answered_with_its_code(user: httpx.Client) -> None:
    """A message that does not say what to follow is answered with a problem; the connection stays open."""
    with LiveSocket(user) as connection:
        problem = connection.send({"action": "follow", "projects": [1]})
        assert (problem["type"], problem["status"]) == ("urn:problem:invalid-message", 422)
        assert [each["pointer"] for each in problem["errors"]] == ["/projects/0"]
        assert problem["instance"]
        assert len(connection.follow("p")["projects"]) == 1


def reissued(stack: LocalStack, **claims: Any) -> str:
    """Sign a token of user-1 with the issuer's key after changing its claims; a claim that is None is left out."""
    issued = stack.token("user-1")
    changed = {**jwt.decode(issued, options={"verify_signature": False}), **claims}
    kept = {name: value for name, value in changed.items() if value is not None}
    key = (stack.state / "issuer-key.pem").read_bytes()
    return jwt.encode(kept, key, algorithm="RS256", headers={"kid": jwt.get_unverified_header(issued)["kid"]})


def test_announced_files_end_at_the_quota(owner: httpx.Client) -> None:
    """Announced files count towards the quota at once, so the one that no longer fits is refused."""
    # Ten leave room for the project itself, whether or not the stream has counted it yet.
    file = {"fileName": "f", "contentType": "text/csv", "bytes": 99_999_000}
    answers = [owner.post(f"{DATA}/uploads", json=file) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [201] * 10 + [403]
    assert code_of(answers[-1]) == "quota-exceeded"


def test_a_token_that_never_expires_is_refused(stack: LocalStack) -> None:
    """A token without `exp` that passes the authorizer is `unauthorized`: if stolen, it would work forever."""
    endless = reissued(stack, exp=None)
    for method, url in (("GET", CONFIG), ("PUT", CONFIG), ("POST", DATA), ("GET", "/api/projects")):
        answer = httpx.request(method, stack.url + url, headers={"Authorization": f"Bearer {endless}"}, timeout=60)
        assert (answer.status_code, code_of(answer)) == (401, "unauthorized")


@pytest.mark.parametrize(
    "claims", [{"scope": "openid dashkeep:read"}, {"scp": ["openid", "dashkeep:read"]}], ids=["scope", "scp"]
)
def test_a_token_that_may_only_read_writes_nothing(stack: LocalStack, claims: dict[str, Any]) -> None:
    """Reads with the scope `dashkeep:read` are answered; writes are `forbidden`, whichever claim names the scope."""
    headers = {"Authorization": f"Bearer {reissued(stack, **claims)}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=60) as reader:
        assert reader.get("/api/projects").status_code == 200
        for method, url in (("PUT", CONFIG), ("POST", DATA), ("POST", "/api/projects"), ("DELETE", "/api/projects/p")):
            answer = reader.request(method, url, json={})
            assert (answer.status_code, code_of(answer)) == (403, "forbidden")


def aws(service: Literal["dynamodb", "logs"], port: int) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_a_database_that_does_not_answer_is_unavailable(make_stack: Callable[..., LocalStack]) -> None:
    """While the database hangs, calls are answered with 503 and Retry-After; once it recovers, they succeed."""
    stack = make_stack().start()
    pid, _ = stack.child("dynoxide", "--port")
    with stack.client("user-1") as client:
        client.post("/api/projects", json={"id": "p", "name": "P"})
        os.kill(pid, signal.SIGSTOP)
        try:
            # In parallel, because each call lasts as long as the service waits for its database.
            with ThreadPoolExecutor() as pool:
                loading = pool.submit(client.get, CONFIG)
                saving = pool.submit(client.put, CONFIG, json=CHARTS, headers={"If-None-Match": "*"})
        finally:
            os.kill(pid, signal.SIGCONT)
        for answer in (loading.result(), saving.result()):
            assert (answer.status_code, code_of(answer)) == (503, "storage-unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        # The save that was answered with 503 may still have reached the engine; repeating it is safe either way.
        repeated = client.put(CONFIG, json=CHARTS, headers={"If-None-Match": "*"})
        assert (repeated.status_code, repeated.json()["version"]) == (200, 1)
        assert client.get(CONFIG).json()["config"] == CHARTS


def test_an_internal_error_reveals_no_details(make_stack: Callable[..., LocalStack]) -> None:
    """An unforeseen error, here a lost table, is a bare 500; the log has the details under the request id."""
    stack = make_stack().start()
    engine = aws("dynamodb", stack.child("dynoxide", "--port")[1])
    logs = aws("logs", stack.child("local.front", "--gateway")[1])
    with stack.client("user-1") as client:
        table = table_of(engine)
        engine.delete_table(TableName=table)
        answer = client.get(CONFIG)
    assert (answer.status_code, code_of(answer)) == (500, "internal-error")
    assert table not in answer.text
    assert "ResourceNotFound" not in answer.text
    names = [each["logGroupName"] for each in logs.describe_log_groups()["logGroups"]]
    (group,) = [name for name in names if re.search(r"\bLogs\b", name)]
    lines = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    (logged,) = [line for line in lines if answer.json()["instance"] in line and '"level":"ERROR"' in line]
    assert "ResourceNotFound" in logged


def test_documents_cross_the_gateway_unchanged(user: httpx.Client) -> None:
    """Integers beyond 2**64, floats, every plane of Unicode, order and depth survive the round trip over HTTP."""
    document: Any = {
        "chartCustomizations": {
            "z": {"big": 2**64 + 1, "bigger": -(10**400), "float": 0.1, "small": 5e-324, "zero": -0.0},
            "a": {"text": "é — 売上 🎉 \u2028 </script> \\u0000 \U0010fffd", "": None, "\U0001d50e/~": True},
            "deep": {},
        }
    }
    inner = document["chartCustomizations"]["deep"]
    for _ in range(29):
        inner["d"] = {}
        inner = inner["d"]
    for body, media_type in (
        (json.dumps(document).encode(), "application/json"),
        (gzip.compress(json.dumps(document, ensure_ascii=False).encode()), "application/gzip"),
    ):
        url = f"{CONFIG}?sessionId={media_type.partition('/')[2]}"
        headers = {"If-None-Match": "*", "Content-Type": media_type}
        assert user.put(url, content=body, headers=headers).status_code == 200
        loaded = user.get(url).json()["config"]
        assert json.dumps(loaded) == json.dumps(document)
