"""The function signs with the current credentials: its environment's, or those that an endpoint lends it."""

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


def at_once(_: float) -> None:
    """Let no time pass between two attempts."""


def lends(number: int, until: float) -> Step:
    expiration = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lent = {"AccessKeyId": f"key-{number}", "SecretAccessKey": "secret", "Token": "token", "Expiration": expiration}
    return answers(lent)


@pytest.fixture
def endpoint(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An endpoint that hands out credentials as the test's parameter says."""
    with serving(*request.param) as server:
        yield server


def asking(server: Server, **more: str) -> dict[str, str]:
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.url}/2021-04-23/credentials?a=b",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "the-password",
        **more,
    }


def test_keys_of_the_environment_come_first() -> None:
    """Keys in the environment are taken as they are at the moment of the call, with a token if there is one."""
    environment = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
    current = credentials.from_environment({**environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://nowhere"})
    assert current() == Credentials("k", "s", "t")
    current = credentials.from_environment(environment)
    environment |= {"AWS_ACCESS_KEY_ID": "k2", "AWS_SESSION_TOKEN": ""}
    assert current() == Credentials("k2", "s", None)


def test_an_environment_without_keys_says_so() -> None:
    """Where there are no credentials at all, the error names what is missing."""
    with pytest.raises(RuntimeError) as failure:
        credentials.from_environment({})()
    missing = "The environment has neither AWS_ACCESS_KEY_ID nor AWS_CONTAINER_CREDENTIALS_FULL_URI."
    assert str(failure.value) == missing


@pytest.mark.parametrize(
    "endpoint", [(lends(1, NOON + HOUR), lends(2, NOON + 3 * HOUR), lends(3, NOON + 9 * HOUR))], indirect=True
)
def test_lent_keys_are_renewed_before_they_expire(endpoint: Server, clock: Clock) -> None:
    """Lent keys are asked for once, and anew ten minutes before they expire."""
    pauses: list[float] = []
    current = credentials.from_environment(asking(endpoint), clock, pauses.append)
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


@pytest.mark.parametrize("endpoint", [(lends(1, NOON + HOUR),)], indirect=True)
def test_the_password_may_be_in_a_file(endpoint: Server, clock: Clock, tmp_path: Path) -> None:
    """A password that is in a file is read from there each time, because it is replaced there."""
    file = tmp_path / "token"
    file.write_text("in-the-file\n")
    current = credentials.from_environment(asking(endpoint, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(file)), clock)
    current()
    file.write_text("the-next")
    clock.seconds = NOON + HOUR
    current()
    assert [request.headers["authorization"] for request in endpoint.requests] == ["in-the-file", "the-next"]


@pytest.mark.parametrize("endpoint", [(closes, answers({}, 500), lends(1, NOON + HOUR))], indirect=True)
def test_an_endpoint_is_asked_again(endpoint: Server, clock: Clock) -> None:
    """An endpoint that fails is asked up to three times, with waits of random length in between."""
    pauses: list[float] = []
    assert credentials.from_environment(asking(endpoint), clock, pauses.append)().access_key == "key-1"
    assert [request.line for request in endpoint.requests] == ["GET /2021-04-23/credentials?a=b HTTP/1.1"] * 3
    first, second = pauses
    assert 0 <= first <= 0.05
    assert 0 <= second <= 0.1


@pytest.mark.parametrize("endpoint", [(closes,)], indirect=True)
def test_an_endpoint_that_keeps_failing_is_given_up(endpoint: Server, clock: Clock) -> None:
    """After the last attempt there is no wait: the error is raised at once."""
    pauses: list[float] = []
    with pytest.raises(Unreachable, match=rf"^No response from 127\.0\.0\.1:{endpoint.port}: ConnectionResetError\.$"):
        credentials.from_environment(asking(endpoint), clock, pauses.append)()
    assert len(endpoint.requests) == retry.CREDENTIALS_ATTEMPTS == 3
    assert len(pauses) == 2


@pytest.mark.parametrize("endpoint", [(lends(1, NOON + HOUR),)], indirect=True)
def test_an_endpoint_may_ask_for_no_password(endpoint: Server, clock: Clock) -> None:
    """Where the environment has no password none is sent; an address without a path is the server's root."""
    credentials.from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url}, clock)()
    (request,) = endpoint.requests
    assert request.line == "GET / HTTP/1.1"
    assert set(request.headers) == {"accept", "host", "content-length"}


@pytest.mark.parametrize("endpoint", [(answers({}, 403),)], indirect=True)
def test_an_endpoint_that_refuses_is_named(endpoint: Server, clock: Clock) -> None:
    """The error has the status of the endpoint's response."""
    with pytest.raises(Unreachable, match=r"^The credentials endpoint answered 403\.$"):
        credentials.from_environment(asking(endpoint), clock, at_once)()


def test_another_machine_is_asked_over_tls(clock: Clock) -> None:
    """An address that is not near is asked where it is https: here nobody answers."""
    with pytest.raises(Unreachable):
        credentials.from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://127.0.0.2:1/"}, clock, at_once)()


@pytest.mark.parametrize("endpoint", [(lends(1, NOON + HOUR), answers({}, 500))], indirect=True)
def test_good_keys_outlast_an_endpoint_that_fails(endpoint: Server, clock: Clock) -> None:
    """While keys are good an endpoint that fails harms nothing and is asked once a minute; after that it does."""
    current = credentials.from_environment(asking(endpoint), clock, at_once)
    current()
    clock.seconds = NOON + HOUR - 500
    assert [current().access_key for _ in range(3)] == ["key-1"] * 3
    assert len(endpoint.requests) == 1 + retry.CREDENTIALS_ATTEMPTS
    clock.seconds = NOON + HOUR
    with pytest.raises(Unreachable):
        current()


UNUSABLE: list[Any] = [b"no JSON", {"AccessKeyId": "k", "SecretAccessKey": "the-secret"}, ["the-secret"], None]


@pytest.mark.parametrize("endpoint", [(answers(document),) for document in UNUSABLE], indirect=True)
def test_a_response_without_credentials_is_not_quoted(endpoint: Server, clock: Clock) -> None:
    """A response in another form is an error that shows nothing of it."""
    with pytest.raises(Unreachable, match=r"^The credentials endpoint returned no credentials\.$") as failure:
        credentials.from_environment(asking(endpoint), clock, at_once)()
    assert "the-secret" not in "".join(traceback.format_exception(failure.value))


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://example.com/credentials", "ftp://192.0.2.1/"])
def test_no_password_goes_out_in_clear(url: str) -> None:
    """Another machine is not asked without TLS: the password and the keys could be read on their way."""
    current = credentials.from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": url})
    with pytest.raises(RuntimeError, match=r"^AWS_CONTAINER_CREDENTIALS_FULL_URI names another machine, and no TLS\.$"):
        current()


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
)
def test_what_is_near_is_asked_without_tls(host: str) -> None:
    """Loopback, and the addresses at which ECS and EKS lend credentials, are asked as they are: here nobody answers."""
    current = credentials.from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{host}/"}, pause=at_once)
    with mock.patch("socket.create_connection", side_effect=ConnectionRefusedError) as connect:
        with pytest.raises(Unreachable):
            current()
        assert connect.call_args[0][0] == (host.strip("[]"), 80)
    assert connect.call_count == retry.CREDENTIALS_ATTEMPTS


def test_an_endpoint_speaks_http() -> None:
    """A URL of another protocol is refused, near or far."""
    with pytest.raises(ValueError, match=r"^'ftp://127\.0\.0\.1/' is not the URL of a server"):
        credentials.from_environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "ftp://127.0.0.1/"})()
