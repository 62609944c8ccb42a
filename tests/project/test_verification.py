"""`make verify-deployment`: what it says of a deployment, and what it keeps to itself."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import httpx
import jwt
import pytest
from deployment.api import Answer, Deployment, Pace, UnexpectedError, require_equal
from deployment.report import HIDDEN, Check, Report, user_hash
from deployment.run import CannotVerifyError, root_of
from support.project.template import ROOT

ROOT_URL: Final = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com"
KEY: Final = "a key of the tests, which nobody checks"


def token(user: str, seconds: float = 3_600) -> str:
    claims = {
        "iss": "https://issuer.example",
        "sub": user,
        "email": f"{user}@example.com",
        "exp": time.time() + seconds,
    }
    return jwt.encode(claims, KEY, algorithm="HS256")


MINE, THEIRS = token("somebody-with-a-long-name"), token("another")
GIVEN: Final = {"URL": f"{ROOT_URL}/api", "TOKEN": MINE, "OTHER_TOKEN": THEIRS}
PASSED: Final = Check("The walk", "It saves.", "passed", seconds=1)
FAILED: Final = Check("The walk", "It | loads <b>.", "FAILED", "expected 200,\ncame 500 | (request 1)")
SKIPPED: Final = Check("The table", "It holds.", "not checked", "it needs TABLE=name")


def test_a_report_is_a_table_of_checks() -> None:
    """After the facts, each check has a row in its chapter with its result, and why it failed or was not checked."""
    report = Report({"Deployment": "`host`"}, [PASSED, FAILED, SKIPPED])
    assert report.markdown([]).splitlines() == [
        "# Verification of a deployment: 1 of 3 checks FAILED, 1 not checked",
        "",
        "| | |",
        "|---|---|",
        "| Deployment | `host` |",
        "",
        "## The walk",
        "",
        "| Check | Result |",
        "|---|---|",
        "| It saves. | passed, 1.0 s |",
        "| It \\| loads &lt;b>. | **FAILED**: expected 200, came 500 \\| (request 1) |",
        "",
        "## The table",
        "",
        "| Check | Result |",
        "|---|---|",
        "| It holds. | not checked: it needs TABLE=name |",
    ]


@pytest.mark.parametrize(
    ("checks", "code"),
    [([PASSED], 0), ([PASSED, SKIPPED], 0), ([PASSED, FAILED], 1), ([SKIPPED], 1), ([], 1)],
)
def test_only_a_run_without_failures_succeeds(checks: list[Check], code: int) -> None:
    """The exit code is 0 if something was checked, to the end, and nothing failed."""
    assert Report({}, checks).exit_code == code
    early = Report({}, checks, early="interrupted")
    assert early.exit_code == 1
    assert early.verdict.endswith("ENDED EARLY: interrupted")


@pytest.mark.parametrize(
    "secret",
    [
        MINE,
        *MINE.split("."),
        "somebody-with-a-long-name",
        "somebody-with-a-long-name@example.com",
        "c29tZWJvZHktd2l0aC1hLWxvbmctbmFtZQ",
        jwt.encode({"sub": "a third"}, KEY),
    ],
)
def test_a_report_names_no_token_and_no_user(secret: str) -> None:
    """Neither a token, nor a part of one, nor what it says of its user, in any form, is in a report."""
    report = Report(
        {"Fact": f"a{secret}? {secret}"[1:]}, [Check(secret, f"({secret})", "FAILED", f"/{secret}~p {secret}")]
    )
    shown = report.markdown([MINE, THEIRS])
    assert secret not in shown
    assert shown.count(HIDDEN) >= 4
    assert user_hash("somebody-with-a-long-name") != user_hash("another")


def test_a_signed_address_is_not_shown() -> None:
    """What a presigned address or form proves its right by is not in a report."""
    signed = "https://bucket/key?X-Amz-Signature=5f0c9d3e&X-Amz-Security-Token=Fwo%2F&rest=1"
    form = json.dumps({"x-amz-credential": "ASIA5FB3", "policy": "eyJleHBpcmF0aW9uIjog"})
    shown = Report({"a": signed, "b": form}).markdown([])
    assert not [part for part in ("5f0c9d3e", "Fwo", "ASIA5FB3", "eyJleHBp") if part in shown]
    assert "rest=1" in shown


def answered(status: int, content: str, media_type: str) -> Answer:
    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text=content, headers={"content-type": media_type, "x-request-id": "id-1"})

    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        return Deployment(ROOT_URL, client).send("GET", "/api/projects?limit=1")


def test_an_unexpected_answer_is_described() -> None:
    """What was expected and what came is said in one sentence, with the id of the request and what the problem says."""
    problem = json.dumps({"type": "urn:problem:not-found", "detail": "This project does not exist."})
    answer = answered(404, problem, "application/problem+json")
    with pytest.raises(UnexpectedError) as raised:
        answer.expect(200)
    said = "expected 200, came 404 not-found (request id-1): This project does not exist."
    assert str(raised.value) == f"GET /api/projects: {said}"
    with pytest.raises(UnexpectedError, match="expected 404 gone, came 404 not-found"):
        answer.expect(404, "gone")


def test_of_the_buckets_errors_only_the_code_is_shown() -> None:
    """An error of the bucket repeats what was signed, so only its code is shown."""
    xml = "<Error><Code>AccessDenied</Code><StringToSign>secret</StringToSign></Error>"
    assert str(answered(403, xml, "application/xml")) == "403 (request id-1): AccessDenied"


@pytest.mark.parametrize(
    ("found", "wanted", "place"),
    [
        ({"a": [1, {"b": 6.0}]}, {"a": [1, {"b": 6}]}, "at /a/1/b: expected 6, came 6.0"),
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}, 'expected {"a": 2, "b": 1}, came {"b": 1, "a": 2}'),
        ([1], [1, 2], "expected [1, 2], came [1]"),
    ],
)
def test_a_difference_is_named_by_its_place(found: Any, wanted: Any, place: str) -> None:
    """Two documents that differ, also in the order of members or the kind of a number, differ at a place."""
    answer = answered(200, "{}", "application/json")
    require_equal(wanted, wanted, "the config", answer)
    with pytest.raises(UnexpectedError) as raised:
        require_equal(found, wanted, "the config", answer)
    assert place in str(raised.value)


def test_writes_keep_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute's writes go out at once; after that, each waits until the service allows it."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.append(now.pop() + seconds))
    pace = Pace(120)
    for _ in range(120):
        pace.write()
    assert now == [0]
    for _ in range(10):
        pace.write()
    assert now == [pytest.approx(5)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"OTHER_TOKEN": ""}, "Give OTHER_TOKEN"),
        ({"OTHER_TOKEN": token("somebody-with-a-long-name", 3_700)}, "of the same user"),
        ({"TOKEN": "garbage"}, "TOKEN is not a JWT"),
        ({"OTHER_TOKEN": token("another", 60)}, "OTHER_TOKEN expires in"),
        ({"URL": "example.com/api"}, "URL is not an address"),
    ],
)
def test_what_cannot_be_used_is_named(given: dict[str, str], message: str) -> None:
    """What is missing, or of the same user, or about to expire, is named before anything is sent."""
    with pytest.raises(CannotVerifyError, match=message) as raised:
        root_of({**GIVEN, **given})
    assert not [part for part in (*MINE.split("."), "somebody") if part in str(raised.value)]


@pytest.mark.parametrize("url", [ROOT_URL, f"{ROOT_URL}/", f"{ROOT_URL}/api", f"{ROOT_URL}/api/"])
def test_the_url_may_be_the_apis_or_its_hosts(url: str) -> None:
    """The stack's output is taken, and an address without `/api`, too."""
    assert root_of({**GIVEN, "URL": url}) == ROOT_URL


class Parrot(BaseHTTPRequestHandler):
    """A deployment that has limits, and fails at all else by repeating what it was sent."""

    def respond(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        is_known = self.path in {"/api/health", "/api/limits"}
        content = {"writesPerMinute": 600} if is_known else {"detail": f"{self.path} {self.headers['authorization']}"}
        body = json.dumps(content).encode()
        self.send_response(200 if is_known else 500)
        self.send_header("Content-Type", "application/json" if is_known else "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = respond  # noqa: N815 - the names that the server calls

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def parrot() -> Iterator[str]:
    """The URL of a deployment that repeats what it was sent."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Parrot) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


def test_a_broken_deployment_fails_and_learns_no_secret_of_the_report(parrot: str, tmp_path: Path) -> None:
    """Failed checks end the command with 1; what it prints and writes has no token, whatever the deployment answers."""
    report = tmp_path / "report.md"
    ended = subprocess.run(  # noqa: S603 - this checkout's command
        [sys.executable, "-m", "deployment.run", "walk", "--report", str(report)],
        cwd=ROOT,
        env={**os.environ, **GIVEN, "URL": parrot, "PYTHONPATH": "shared:tests"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    shown = report.read_text()
    assert shown.startswith("# Verification of a deployment: 19 of 19 checks FAILED")
    assert "expected 201, came 500" in shown
    assert "| Left behind | verify-" in shown
    for secret in (*MINE.split("."), *THEIRS.split("."), "somebody-with-a-long-name"):
        assert secret not in ended.stdout + ended.stderr + shown
