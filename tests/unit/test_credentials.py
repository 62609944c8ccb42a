"""Requests are signed with current credentials: those of the environment, or temporary ones from an endpoint."""

import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from support.running.servers import Server, Step, answers, closes, serving

from dashboard_store import retry
from dashboard_store.dynamodb import credentials
from dashboard_store.dynamodb.protocol import Unreachable
from dashboard_store.dynamodb.sigv4 import Credentials

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
HOUR = 3_600


class Clock:
    def __init__(self) -> None:
        self.seconds = NOON

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def no_pause(_: float) -> None:
    """Continue with the next attempt at once."""


def issues(number: int, until: float) -> Step:
    expiration = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    issued = {"AccessKeyId": f"key-{number}", "SecretAccessKey": "secret", "Token": "token", "Expiration": expiration}
    return answers(issued)


@pytest.fixture
def endpoint(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A credentials endpoint that performs the steps in the test's parameter."""
    with serving(*request.param) as server:
        yield server


def environment_of(server: Server, **more: str) -> dict[str, str]:
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.url}/2021-04-23/credentials?a=b",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "the-password",
        **more,
    }


def test_keys_in_the_environment_take_precedence() -> None:
    """Keys are read from the environment at the time of the call, with a token if it has one."""
    environment = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    current = credentials.from_environment({**environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://nowhere"})
    assert current() == Credentials("k", "s", "t")
    current = credentials.from_environment(environment)
    environment |= {"AWS_ACCESS_KEY_ID": "k2", "AWS_SESSION_TOKEN": ""}
    assert current() == Credentials("k2", "s", None)


def test_an_environment_without_credentials_is_an_error() -> None:
    """The error for an environment without credentials names the missing variables."""
    with pytest.raises(RuntimeError) as failure:
        credentials.from_environment({})()
    missing = "The environment has neither AWS_ACCESS_KEY_ID nor AWS_CONTAINER_CREDENTIALS_FULL_URI."
    assert str(failure.value) == missing


@pytest.mark.parametrize(
    "endpoint", [(issues(1, NOON + HOUR), issues(2, NOON + 3 * HOUR), issues(3, NOON + 9 * HOUR))], indirect=True
)
def test_temporary_keys_are_renewed_before_they_expire(endpoint: Server, clock: Clock) -> None:
    """Temporary keys are requested once, and again ten minutes before they expire."""
    pauses: list[float] = []
    current = credentials.from_environment(environment_of(endpoint), clock, pauses.append)
    assert endpoint.connections == 0
    assert [current() for _ in range(3)] == [Credentials("key-1", "secret", "token")] * 3
    clock.seconds = NOON + HOUR - 601
    assert current().access_key == "key-1"
    clock.seconds = NOON + HOUR - 600
    assert [current().access_key for _ in range(3)] == ["key-2"] * 3
    assert len(endpoint.requests) == 2
    assert endpoint.requests[0].line == "GET /2021-04-23/credentials?a=b HTTP/1.1"
    assert endpoint.requests[0].headers == {
        "accept": "application/json",
        "authorization": "the-password",
        "host": f"127.0.0.1:{endpoint.port}",
        "content-length": "0",
    }
    assert endpoint.requests[0].body == b""
    assert pauses == []


@pytest.mark.parametrize("endpoint", [(issues(1, NOON + HOUR),)], indirect=True)
def test_the_password_may_be_in_a_file(endpoint: Server, clock: Clock, tmp_path: Path) -> None:
    """A password in a file is read each time, because the file may be replaced."""
    file = tmp_path / "token"
    file.write_text("in-the-file\n")
    current = credentials.from_environment(
        environment_of(endpoint, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(file)), clock
    )
    current()
    file.write_text("the-next")
    clock.seconds = NOON + HOUR
    current()
    assert [request.headers["authorization"] for request in endpoint.requests] == ["in-the-file", "the-next"]


@pytest.mark.parametrize("endpoint", [(closes, answers({}, 500), issues(1, NOON + HOUR))], indirect=True)
def test_a_failing_endpoint_is_retried(endpoint: Server, clock: Clock) -> None:
    """An endpoint that fails gets up to three requests, with random pauses in between."""
    pauses: list[float] = []
    assert credentials.from_environment(environment_of(endpoint), clock, pauses.append)().access_key == "key-1"
    assert [request.line for request in endpoint.requests] == ["GET /2021-04-23/credentials?a=b HTTP/1.1"] * 3
    first, second = pauses
    assert 0 <= first <= 0.05
    assert 0 <= second <= 0.1


@pytest.mark.parametrize("endpoint", [(closes,)], indirect=True)
def test_an_endpoint_that_keeps_failing_is_given_up(endpoint: Server, clock: Clock) -> None:
    """After the last attempt the error is raised without a pause."""
    pauses: list[float] = []
    with pytest.raises(Unreachable, match=rf"^No response from 127\.0\.0\.1:{endpoint.port}: ConnectionResetError\.$"):
        credentials.from_environment(environment_of(endpoint), clock, pauses.append)()
    assert len(endpoint.requests) == retry.CREDENTIALS_ATTEMPTS == 3
    assert len(pauses) == 2


@pytest.mark.parametrize("endpoint", [(issues(1, NOON + HOUR),)], indirect=True)
def test_an_endpoint_may_need_no_password(endpoint: Server, clock: Clock) -> None:
    """Without a password in the environment, none is sent; a URL without a path is the server's root."""
    credentials.from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url}, clock)()
    (request,) = endpoint.requests
    assert request.line == "GET / HTTP/1.1"
    assert set(request.headers) == {"accept", "host", "content-length"}


@pytest.mark.parametrize("endpoint", [(answers({}, 403),)], indirect=True)
def test_an_endpoint_that_refuses_is_named(endpoint: Server, clock: Clock) -> None:
    """The error has the status of the endpoint's response."""
    with pytest.raises(Unreachable, match=r"^The credentials endpoint answered with status 403\.$"):
        credentials.from_environment(environment_of(endpoint), clock, no_pause)()


def test_another_machine_is_contacted_over_tls(clock: Clock) -> None:
    """The URL of another machine is accepted if it is https; here no server answers."""
    with pytest.raises(Unreachable):
        credentials.from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://127.0.0.2:1/"}, clock, no_pause)()


@pytest.mark.parametrize("endpoint", [(issues(1, NOON + HOUR), answers({}, 500))], indirect=True)
def test_valid_keys_outlast_a_failing_endpoint(endpoint: Server, clock: Clock) -> None:
    """While the keys are valid, a failing endpoint is not an error and is retried once a minute; then it is one."""
    current = credentials.from_environment(environment_of(endpoint), clock, no_pause)
    current()
    clock.seconds = NOON + HOUR - 500
    assert [current().access_key for _ in range(3)] == ["key-1"] * 3
    assert len(endpoint.requests) == 1 + retry.CREDENTIALS_ATTEMPTS
    clock.seconds = NOON + HOUR
    with pytest.raises(Unreachable):
        current()


UNUSABLE: list[Any] = [
    b"no JSON",
    b"[" * 200_000,
    {"AccessKeyId": "k", "SecretAccessKey": "the-secret"},
    ["the-secret"],
    None,
]


@pytest.mark.parametrize("endpoint", [(answers(document),) for document in UNUSABLE], indirect=True)
def test_a_response_without_credentials_is_not_quoted(endpoint: Server, clock: Clock) -> None:
    """The error for a response in another format shows none of its content."""
    with pytest.raises(Unreachable, match=r"^The credentials endpoint returned no credentials\.$") as failure:
        credentials.from_environment(environment_of(endpoint), clock, no_pause)()
    assert "the-secret" not in "".join(traceback.format_exception(failure.value))


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://example.com/credentials", "ftp://192.0.2.1/"])
def test_no_password_is_sent_in_clear(url: str) -> None:
    """Another machine is not contacted without TLS, because the password and the keys could be intercepted."""
    current = credentials.from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": url})
    with pytest.raises(RuntimeError, match=r"^AWS_CONTAINER_CREDENTIALS_FULL_URI names another machine without TLS\.$"):
        current()


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
)
def test_local_endpoints_need_no_tls(host: str) -> None:
    """Loopback and the addresses of ECS and EKS endpoints are contacted without TLS; here no server answers."""
    current = credentials.from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{host}/"}, pause=no_pause)
    with mock.patch("socket.getaddrinfo", side_effect=ConnectionRefusedError) as resolve:
        with pytest.raises(Unreachable):
            current()
        assert resolve.call_args[0] == (host.strip("[]"), 80)
    assert resolve.call_count == retry.CREDENTIALS_ATTEMPTS


def test_an_endpoint_uses_http() -> None:
    """A URL with another scheme is refused, even a local one."""
    with pytest.raises(ValueError, match=r"^'ftp://127\.0\.0\.1/' is not the URL of a server"):
        credentials.from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "ftp://127.0.0.1/"})()
