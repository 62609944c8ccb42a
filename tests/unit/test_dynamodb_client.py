"""The client against a misbehaving server: which calls are retried, which are not, and which servers are trusted."""

import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from unittest import mock

import botocore
import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from botocore.utils import ensure_boolean
from support.running.servers import (
    REQUEST_ID,
    Authority,
    Exchange,
    Server,
    Step,
    answers,
    breaks_off,
    closes,
    hangs,
    refuses,
    resets_in_the_middle,
    says_hello,
    serving,
)
from support.running.stopwatch import Stopwatch, stopwatch

from dashboard_store import retry
from dashboard_store.dynamodb import connection_pool
from dashboard_store.dynamodb.client import DynamoDBClient, endpoint_url
from dashboard_store.dynamodb.connection_pool import ConnectionPool
from dashboard_store.dynamodb.protocol import Refused, TransportError, Unreachable
from dashboard_store.dynamodb.sigv4 import Credentials

KEYS = Credentials("AKIDEXAMPLE", "the-secret", "the-token")
READ = {"TableName": "t", "Key": {"pk": {"S": "a"}}}
FOUND = {"Item": {"pk": {"S": "a"}}}

# Seconds between the two attempts of a call.
LONGEST_PAUSE = 0.05

# Faults after which another attempt may succeed, and those that pass after some time.
BUSY: dict[str, Step] = {
    "a throttle": refuses("ProvisionedThroughputExceededException"),
    "a throttled account": refuses("RequestLimitExceeded"),
    "a transaction in progress": refuses("TransactionInProgressException"),
}
TRANSIENT: dict[str, Step] = {
    **BUSY,
    "a failure": refuses("InternalServerError", 500),
    "a failed request": refuses("InternalServerError", 400),
    "an outage": answers(b"<html>Service Unavailable</html>", 503),
    "a wrong checksum": answers(FOUND, headers={"x-amz-crc32": "1"}),
    "half a response": breaks_off,
    "a reset within a response": resets_in_the_middle,
    "no response": closes,
    "not JSON": answers(b"{"),
    "not HTTP": says_hello,
}


class Served:
    """A client of a server that follows a script, and the pauses that it made between attempts."""

    def __init__(self, server: Server, bundle: Path | None = None) -> None:
        self.server = server
        self.pauses: list[float] = []
        self.seconds = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
        pool = ConnectionPool(server.url, str(bundle) if bundle else None)
        self.client = DynamoDBClient(pool, "eu-central-1", lambda: KEYS, self.pauses.append, lambda: self.seconds)

    def call(self, operation: str = "GetItem") -> dict[str, Any]:
        return self.client.call(operation, READ)


@pytest.fixture
def connected() -> Iterator[Callable[..., Served]]:
    with ExitStack() as stack:

        def connect(*steps: Step, tls: ssl.SSLContext | None = None, bundle: Path | None = None) -> Served:
            transport = Served(stack.enter_context(serving(*steps, tls=tls)), bundle)
            stack.enter_context(closing(transport.client))
            return transport

        yield connect


Connected = Callable[..., Served]


def closes_after(step: Step, closed: threading.Event) -> Step:
    """Perform a step, then close the connection unannounced and set the event."""

    def act(exchange: Exchange) -> bool:
        step(exchange)
        exchange.connection.close()
        closed.set()
        return False

    return act


def test_a_call_is_a_signed_post(connected: Connected) -> None:
    """A call is the POST that DynamoDB's protocol specifies, and returns the document of the response."""
    transport = connected(answers(FOUND))
    assert transport.call() == FOUND
    (request,) = transport.server.requests
    assert (request.line, request.document) == ("POST / HTTP/1.1", READ)
    sent = request.headers
    assert sent["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert sent["content-type"] == "application/x-amz-json-1.0"
    assert sent["x-amz-date"] == "20261125T120000Z"
    assert sent["host"] == f"127.0.0.1:{transport.server.port}"
    assert sent["content-length"] == str(len(request.body))
    assert sent["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261125/eu-central-1/dynamodb/")


def test_nothing_is_opened_before_the_first_call(connected: Connected) -> None:
    """A new client has no open connection, so a snapshot does not hold one."""
    with mock.patch("socket.getaddrinfo", wraps=socket.getaddrinfo) as resolve:
        transport = connected(answers(FOUND))
        assert not resolve.called
        assert transport.server.connections == 0
        transport.call()
    assert resolve.call_count == transport.server.connections == 1


def test_a_connection_is_kept(connected: Connected) -> None:
    """Consecutive calls use one connection, even after a refusal."""
    transport = connected(answers(FOUND), refuses("ConditionalCheckFailedException"), answers(FOUND))
    transport.call()
    with pytest.raises(Refused):
        transport.call()
    transport.call()
    assert [request.connection for request in transport.server.requests] == [1, 1, 1]


def test_an_announced_close_is_respected(connected: Connected) -> None:
    """After a response with `Connection: close` the next call opens another connection."""
    transport = connected(answers(FOUND, headers={"connection": "close"}))
    transport.call()
    transport.call()
    assert [request.connection for request in transport.server.requests] == [1, 2]


def test_a_connection_that_was_closed_while_idle_is_replaced(connected: Connected) -> None:
    """A connection that the server closed while Lambda froze the function costs neither an attempt nor a pause."""
    closed = threading.Event()
    transport = connected(closes_after(answers(FOUND), closed), answers(FOUND))
    transport.call()
    assert closed.wait(5)
    assert transport.call() == FOUND
    assert transport.pauses == []
    assert [request.connection for request in transport.server.requests] == [1, 2]


def test_unsolicited_bytes_are_not_a_response(connected: Connected) -> None:
    """A connection that received unsolicited bytes is replaced: they would be read as the next response."""
    answered, sent = threading.Event(), threading.Event()

    def answers_twice(exchange: Exchange) -> bool:
        answers(FOUND)(exchange)
        answered.wait(5)
        keeps = answers({"Item": {"pk": {"S": "another's"}}})(exchange)
        sent.set()
        return keeps

    transport = connected(answers_twice, answers(FOUND))
    transport.call()
    answered.set()
    assert sent.wait(5)
    assert transport.call() == FOUND
    assert [request.connection for request in transport.server.requests] == [1, 2]


def test_a_connection_that_closes_under_a_request_is_replaced(connected: Connected) -> None:
    """A close that shows only after the request was sent leads to another connection, and is not an attempt."""
    transport = connected(answers(FOUND), closes, refuses("InternalServerError", 500), answers(FOUND))
    transport.call()
    assert transport.call() == FOUND
    assert len(transport.pauses) == 1
    assert [request.connection for request in transport.server.requests] == [1, 1, 2, 2]


def test_a_new_connection_that_closes_is_an_attempt(connected: Connected) -> None:
    """A server that closes every connection gets as many attempts as any other."""
    transport = connected(answers(FOUND), closes)
    transport.call()
    with pytest.raises(Unreachable):
        transport.call()
    assert len(transport.server.requests) == 1 + 1 + 2


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_transient_fault_is_retried(connected: Connected, fault: str) -> None:
    """After no response, a damaged one, a failure or a throttle comes another attempt, after a random pause."""
    transport = connected(TRANSIENT[fault], answers(FOUND))
    assert transport.call() == FOUND
    (pause,) = transport.pauses
    assert 0 <= pause <= LONGEST_PAUSE


# A specification, so not taken from the code: a code that the client no longer retries fails a test.
RETRYABLE_CODES = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
]


@pytest.mark.parametrize("code", RETRYABLE_CODES)
def test_a_transient_refusal_is_retried(connected: Connected, code: str) -> None:
    """Every refusal that says nothing about the request is retried, whatever its status."""
    transport = connected(refuses(code), answers(FOUND))
    assert transport.call() == FOUND


@pytest.mark.parametrize("fault", TRANSIENT.keys() - BUSY.keys())
def test_a_persistent_fault_is_an_error(connected: Connected, fault: str) -> None:
    """A server that fails gets two requests: more would multiply the load on it."""
    transport = connected(TRANSIENT[fault])
    with pytest.raises(TransportError):
        transport.call()
    assert len(transport.server.requests) == 2


@pytest.mark.parametrize("fault", BUSY)
def test_a_persistent_throttle_is_met_with_patience(connected: Connected, fault: str) -> None:
    """A throttled call is repeated with full jitter until the pauses amount to five seconds; then it is refused."""
    transport = connected(BUSY[fault])
    with mock.patch("random.SystemRandom.uniform", lambda _, _least, most: most), pytest.raises(Refused):
        transport.call()
    assert transport.pauses == [0.05, 0.1, 0.2, *[0.4] * 11]
    assert len(transport.server.requests) == 15


def test_a_failure_after_throttles_is_an_attempt_as_well(connected: Connected) -> None:
    """The second attempt is the last one for a failure, even if the first was throttled."""
    transport = connected(refuses("ThrottlingException"), refuses("InternalServerError", 500), answers(FOUND))
    with pytest.raises(Unreachable):
        transport.call()


HTML = b"<html><h1>It works!</h1></html>"
PROXYS = {"x-amz-crc32": "", "x-amzn-requestid": ""}
# What a proxy, a wrong server or a broken one sends: the status, the body and the headers.
NOT_DYNAMODBS: dict[str, tuple[int, Any, dict[str, str]]] = {
    "a page": (200, HTML, PROXYS),
    "a page as an error": (400, HTML, PROXYS),
    "a page with an id": (403, HTML, {}),
    "nothing": (200, b"", {}),
    "nothing as an error": (400, b"", {}),
    "no content": (204, b"", {}),
    "a redirection": (302, {}, {"location": "http://elsewhere"}),
    "a list": (200, ["Item"], {}),
    "a list as an error": (400, [{"__type": "#ValidationException"}], {}),
    "a text": (200, "Item", {}),
    "a text as an error": (400, "__type", {}),
    "a number": (200, 1, {}),
    "a number as an error": (400, 1, {}),
    "null": (200, b"null", {}),
    "null as an error": (404, b"null", {}),
    "half an object": (200, b'{"Item":', {}),
    "bytes that are not text": (200, b'{"\xff": 1}', {}),
    "endless nesting": (200, b"[" * 200_000, {}),
    "an object without an id": (200, FOUND, PROXYS),
    "an error without an id": (400, {"__type": "#ValidationException"}, PROXYS),
    "an error without a type": (400, {"message": "Forbidden"}, {}),
    "an error with a type that is a list": (400, {"__type": ["#ValidationException"]}, {}),
    "an error with an empty type": (413, {"__type": ""}, {}),
}


@pytest.mark.parametrize("name", NOT_DYNAMODBS)
def test_what_is_not_dynamodbs_response_is_no_response(connected: Connected, name: str) -> None:
    """Whatever is not a response of DynamoDB's is Unreachable, after a second attempt."""
    status, body, headers = NOT_DYNAMODBS[name]
    transport = connected(answers(body, status, headers))
    with pytest.raises(Unreachable):
        transport.call()
    assert len(transport.server.requests) == 2
    transport = connected(answers(body, status, headers), answers(FOUND))
    assert transport.call() == FOUND


@pytest.mark.parametrize(
    ("step", "request_id"),
    [
        (refuses("ValidationException"), REQUEST_ID),
        (refuses("ThrottlingException"), REQUEST_ID),
        (refuses("InternalServerError", 500), REQUEST_ID),
        (answers(b"{"), REQUEST_ID),
        (answers([]), REQUEST_ID),
        (answers(FOUND, headers={"x-amz-crc32": "1"}), REQUEST_ID),
        (answers(b"{", headers={"x-amzn-requestid": "a" * 1_000}), "a" * 128),
        (answers(HTML, 503, PROXYS), None),
        (closes, None),
    ],
)
def test_an_error_has_dynamodbs_request_id(connected: Connected, step: Step, request_id: str | None) -> None:
    """The error of a failed call has the id that DynamoDB gave to the request, shortened, or None."""
    with pytest.raises(TransportError) as failure:
        connected(step).call()
    assert failure.value.request_id == request_id


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("an outage", "DynamoDB failed with status 503."),
        ("not JSON", "The body of the 200 response is not JSON."),
        ("a wrong checksum", "The checksum of the response is wrong."),
        ("a list", "The 400 response is not DynamoDB's."),
    ],
)
def test_the_error_describes_an_unusable_response(connected: Connected, fault: str, said: str) -> None:
    """The error, which is logged, says what was wrong with the response."""
    with pytest.raises(Unreachable) as failure:
        connected({**TRANSIENT, "a list": answers([], 400)}[fault]).call()
    assert str(failure.value) == said


def test_a_refusal_is_final(connected: Connected) -> None:
    """A refusal for what the request says is not retried, and the error holds DynamoDB's whole answer."""
    reasons = [{"Code": "ConditionalCheckFailed", "Item": {"n": {"N": "1"}}}]
    document = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"}
    transport = connected(answers({**document, "CancellationReasons": reasons}, 400))
    with pytest.raises(Refused) as refusal:
        transport.call()
    assert (refusal.value.code, refusal.value.document["CancellationReasons"]) == (
        "TransactionCanceledException",
        reasons,
    )
    assert len(transport.server.requests) == 1


def test_a_server_that_hangs_is_given_up(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait for a response has a limit, on the second attempt as well."""
    monkeypatch.setattr(retry, "EXCHANGE_SECONDS", 0.2)
    transport = connected(hangs)
    with pytest.raises(Unreachable, match=rf"^No response from 127\.0\.0\.1:{transport.server.port}: TimeoutError\.$"):
        transport.call()
    assert len(transport.server.requests) == 2


class Drip:
    """A socket to a server that takes a byte of the request, or sends one of the response, every tenth of a second."""

    def __init__(self, watch: Stopwatch, *, sends: bool) -> None:
        self._watch = watch
        self._sends = sends
        self.timeouts: list[float] = []

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)

    def send(self, rest: bytes) -> int:
        if not self._sends:
            return len(rest)
        self._watch.pause(0.1)
        return 1

    def recv(self, _: int) -> bytes:
        self._watch.pause(0.1)
        return b"H"

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("sends", [True, False], ids=["sending", "receiving"])
def test_a_server_that_takes_or_sends_a_byte_at_a_time_is_given_up(*, sends: bool) -> None:
    """Neither direction extends the time of an exchange: each wait is for what is left of it."""
    opened: list[Drip] = []

    def open_one(_: ConnectionPool) -> Drip:
        opened.append(Drip(watch, sends=sends))
        return opened[-1]

    with stopwatch() as watch, mock.patch.object(ConnectionPool, "_open", open_one):
        client = DynamoDBClient(ConnectionPool("http://database"), "eu-central-1", lambda: KEYS, lambda _: None)
        with pytest.raises(Unreachable, match="TimeoutError"):
            client.call("GetItem", READ)
    assert watch.seconds <= retry.CALL_SECONDS + 0.2
    for one in opened:
        assert one.timeouts == sorted(one.timeouts, reverse=True)
        assert one.timeouts[0] <= retry.EXCHANGE_SECONDS
        assert one.timeouts[-1] <= 0.2
    assert len(opened) == 2


@pytest.mark.parametrize("framing", [b"Content-Length: 300000000", b"Transfer-Encoding: chunked", b"Server: a"])
def test_a_body_of_300_megabytes_is_not_read(connected: Connected, framing: bytes) -> None:
    """The connection is closed once the response is longer than any of DynamoDB's, and the call is Unreachable."""
    sent: list[int] = []

    def floods(exchange: Exchange) -> bool:
        sent.append(0)
        exchange.connection.settimeout(5)
        exchange.connection.sendall(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        part = bytes(1_000_000)
        part = b"%x\r\n%b\r\n" % (len(part), part) if b"chunked" in framing else part
        for _ in range(300):
            exchange.connection.sendall(part)
            sent[-1] += len(part)
        return False

    with pytest.raises(Unreachable, match="MalformedResponse"):
        connected(floods).call()
    assert len(sent) == 2
    assert max(sent) < 100_000_000


def test_a_connection_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The handshake of TLS has a limit, on the second attempt as well."""
    timeouts: list[float | None] = []
    handshake = ssl.SSLContext.wrap_socket

    def wrap_socket(context: ssl.SSLContext, opened: socket.socket, **more: Any) -> ssl.SSLSocket:
        timeouts.append(opened.gettimeout())
        return handshake(context, opened, **more)

    monkeypatch.setattr(retry, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap_socket)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pool = ConnectionPool(f"https://127.0.0.1:{silent.getsockname()[1]}")
        client = DynamoDBClient(pool, "eu-central-1", lambda: KEYS, lambda _: None)
        with pytest.raises(Unreachable, match="TimeoutError"):
            client.call("GetItem", READ)
    first, second = timeouts
    assert 0 < (first or 0) <= 0.2
    assert 0 < (second or 0) <= 0.2


def resolving_to(*addresses: str) -> Any:
    """Let every name have these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    return mock.patch("socket.getaddrinfo", return_value=found)


def test_addresses_share_the_time_to_connect() -> None:
    """A name with several addresses that do not respond has as much time to connect as one with a single one."""
    timeouts: list[float] = []
    with stopwatch() as watch:

        class Silent(socket.socket):
            def settimeout(self, seconds: float | None) -> None:
                assert seconds is not None
                timeouts.append(seconds)

            def connect(self, _: object) -> None:
                watch.pause(min(0.75, timeouts[-1]))
                raise TimeoutError

        with (
            resolving_to(*(f"192.0.2.{number}" for number in range(8))),
            mock.patch("socket.socket", Silent),
            pytest.raises(Unreachable, match="TimeoutError"),
        ):
            ConnectionPool("http://database").exchange("GET", "/", {})
    assert timeouts == [1, 0.25]
    assert watch.seconds == retry.CONNECT_SECONDS


def test_the_next_address_is_tried(connected: Connected) -> None:
    """A server is reached at the first of its addresses that accepts a connection."""
    server = connected(answers(FOUND)).server
    with socket.create_server(("127.0.0.1", 0)) as gone:
        unused = gone.getsockname()[1]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (unused, server.port)]
    pool = ConnectionPool("http://database")
    with mock.patch("socket.getaddrinfo", return_value=found), closing(pool):
        assert pool.exchange("GET", "/", {}).status == 200


def test_a_name_without_an_address_is_unreachable() -> None:
    """A name that resolves to nothing is Unreachable, like one that does not resolve."""
    resolutions: list[Any] = [[[]], socket.gaierror(-2, "unknown")]
    for resolution in resolutions:
        with mock.patch("socket.getaddrinfo", side_effect=resolution), pytest.raises(Unreachable):
            ConnectionPool("http://database").exchange("GET", "/", {})


def test_a_server_that_is_down_is_unreachable() -> None:
    """A refused connection is retried once, then the call raises Unreachable."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    pauses: list[float] = []
    with pytest.raises(Unreachable, match=r"^No response from 127\.0\.0\.1:\d+: ConnectionRefusedError\.$"):
        DynamoDBClient(ConnectionPool(url), "eu-central-1", lambda: KEYS, pauses.append).call("GetItem", READ)
    assert len(pauses) == 1


def test_a_transaction_takes_effect_once(connected: Connected) -> None:
    """All attempts of a transaction carry the same token, which no other transaction has; other calls have none."""
    transport = connected(answers(FOUND), closes, closes, answers(FOUND))
    transport.call()
    transport.call("TransactWriteItems")
    transport.call("TransactWriteItems")
    tokens = [request.document.get("ClientRequestToken") for request in transport.server.requests]
    assert tokens[0] is None
    assert tokens[1] == tokens[2] == tokens[3]
    assert 1 <= len(tokens[3]) <= 36
    assert tokens[4] not in tokens[:4]


def date(hours: float) -> str:
    """Return the server's date, this many hours ahead of the client's."""
    moment = datetime(2026, 11, 25, 12, tzinfo=UTC) + timedelta(hours=hours)
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize("hours", [-3, 0.1, 5])
@pytest.mark.parametrize("code", ["InvalidSignatureException", "RequestTimeTooSkewed", "RequestExpired"])
def test_the_servers_clock_is_followed(connected: Connected, code: str, hours: float) -> None:
    """After a refusal for its time, a request is signed with the server's time, and so are all that follow."""
    transport = connected(refuses(code, headers={"date": date(hours)}), answers(FOUND, headers={"date": date(hours)}))
    assert transport.call() == transport.call() == FOUND
    moments = [request.headers["x-amz-date"] for request in transport.server.requests]
    then = (datetime(2026, 11, 25, 12, tzinfo=UTC) + timedelta(hours=hours)).strftime("%Y%m%dT%H%M%SZ")
    assert moments == ["20261125T120000Z", then, then]
    assert transport.pauses == []


@pytest.mark.parametrize("headers", [{}, {"date": date(0)}, {"date": "yesterday"}], ids=["none", "same", "invalid"])
def test_a_wrong_signature_is_not_retried(connected: Connected, headers: dict[str, str]) -> None:
    """If the clocks agree, or the server sends no valid date, a refused signature is final."""
    transport = connected(refuses("InvalidSignatureException", headers=headers))
    with pytest.raises(Refused, match="InvalidSignatureException"):
        transport.call()
    assert len(transport.server.requests) == 1


def test_a_clock_is_followed_once(connected: Connected) -> None:
    """A server that refuses even its own time does not get a third request."""
    transport = connected(refuses("RequestTimeTooSkewed", headers={"date": date(3)}))
    with pytest.raises(Refused):
        transport.call()
    assert len(transport.server.requests) == 2


@pytest.mark.parametrize(
    "code",
    [
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    ],
)
def test_every_refusal_for_a_wrong_clock_sets_it(connected: Connected, code: str) -> None:
    """Every refusal that a wrong clock may cause leads to one more request, signed with the server's time."""
    transport = connected(refuses(code, headers={"date": date(3)}), answers(FOUND))
    assert transport.call() == FOUND
    assert transport.server.requests[1].headers["x-amz-date"] == "20261125T150000Z"


def test_a_clock_that_was_set_is_not_set_again(connected: Connected) -> None:
    """A refusal for a time that was already adopted from the server is final, for the next call as well."""
    transport = connected(refuses("RequestTimeTooSkewed", headers={"date": date(3)}))
    for asked in (2, 3):
        with pytest.raises(Refused):
            transport.call()
        assert len(transport.server.requests) == asked


def test_requests_are_signed_in_utc(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signed time is UTC, whatever the time zone of the environment."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        transport = connected(answers(FOUND))
        transport.call()
    time.tzset()
    assert transport.server.requests[0].headers["x-amz-date"] == "20261125T120000Z"


def test_errors_reveal_no_secrets(connected: Connected) -> None:
    """No error shows the token, which DynamoDB's message about a signature quotes, the secret or the signature."""
    for step in (refuses("InvalidSignatureException", message="x-amz-security-token:the-token"), closes):
        transport = connected(step)
        with pytest.raises(TransportError) as failure:
            transport.call()
        shown = "".join(traceback.format_exception(failure.value))
        assert "the-token" not in shown
        assert "the-secret" not in shown
        assert "Signature=" not in shown


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


HERE = IPv4Address("127.0.0.1")


def test_a_server_with_a_valid_certificate_is_trusted(connected: Connected, authority: Authority) -> None:
    """Over TLS consecutive calls use one connection, and one that the server closed while idle is replaced."""
    closed = threading.Event()
    steps = (answers(FOUND), closes_after(answers(FOUND), closed), answers(FOUND))
    transport = connected(*steps, tls=authority.server(HERE), bundle=authority.bundle)
    assert transport.call() == transport.call() == FOUND
    assert closed.wait(5)
    assert transport.call() == FOUND
    assert [request.connection for request in transport.server.requests] == [1, 1, 2]
    assert transport.pauses == []


IMPOSTORS: dict[str, Callable[[Authority], tuple[ssl.SSLContext, Path | None]]] = {
    "of an unknown authority": lambda authority: (authority.server(HERE), None),
    "for another name": lambda authority: (authority.server("dynamodb.eu-central-1.amazonaws.com"), authority.bundle),
    "for another address": lambda authority: (authority.server(IPv4Address("127.0.0.2")), authority.bundle),
    "expired yesterday": lambda authority: (authority.server(HERE, timedelta(days=-1)), authority.bundle),
}


def test_the_systems_authorities_come_second(
    connected: Connected, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that none of Amazon's authorities issued is accepted if one of the system's did."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    transport = connected(answers(FOUND), tls=authority.server(HERE))
    assert transport.call() == transport.call() == FOUND
    assert transport.pauses == []


def test_amazons_authorities_are_known() -> None:
    """The file has Amazon's five root certificates, each as botocore ships it, and none expires within a year."""
    amazon, botocores = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    amazon.load_verify_locations(connection_pool.AMAZON_ROOTS)
    botocores.load_verify_locations(Path(botocore.__file__).with_name("cacert.pem"))
    assert set(amazon.get_ca_certs(binary_form=True)) <= set(botocores.get_ca_certs(binary_form=True))
    roots: list[dict[str, Any]] = [{**root} for root in amazon.get_ca_certs()]
    assert sorted(dict(part for (part,) in root["subject"])["commonName"] for root in roots) == [
        *(f"Amazon Root CA {number}" for number in range(1, 5)),
        "Starfield Services Root Certificate Authority - G2",
    ]
    assert all(ssl.cert_time_to_seconds(root["notAfter"]) > time.time() + 365 * 86_400 for root in roots)


@pytest.mark.parametrize("certificate", IMPOSTORS)
def test_an_impostor_receives_nothing(connected: Connected, authority: Authority, certificate: str) -> None:
    """A server with an invalid certificate does not receive a single request."""
    tls, bundle = IMPOSTORS[certificate](authority)
    transport = connected(answers(FOUND), tls=tls, bundle=bundle)
    with pytest.raises(Unreachable, match="SSLCertVerificationError"):
        transport.call()
    assert transport.server.requests == []


def test_threads_share_a_client(connected: Connected) -> None:
    """Each of many calls gets its own response, and there are no more connections than concurrent calls."""

    def echo(exchange: Exchange) -> bool:
        return answers(exchange.request.document["Key"])(exchange)

    transport = connected(echo)
    with ThreadPoolExecutor(16) as pool:
        keys = [{"n": {"N": str(number)}} for number in range(400)]
        found = list(pool.map(lambda key: transport.client.call("GetItem", {"Key": key}), keys))
    assert found == keys
    assert transport.server.connections <= 16


PARTITIONS = Loader().load_data("partitions")
RULES = EndpointProvider(Loader().load_service_model("dynamodb", "endpoint-rule-set-1"), PARTITIONS)
REGIONS = [
    region for partition in PARTITIONS["partitions"] for region in partition["regions"] if not region.startswith("aws-")
]


@pytest.mark.parametrize("is_fips", [False, True], ids=["usual", "FIPS"])
@pytest.mark.parametrize("region", REGIONS)
def test_every_region_has_its_endpoint(region: str, *, is_fips: bool) -> None:
    """The endpoint is botocore's in every region of every partition, with FIPS and without."""
    botocores = RULES.resolve_endpoint(Region=region, UseFIPS=is_fips, UseDualStack=False)
    assert endpoint_url({"AWS_USE_FIPS_ENDPOINT": str(is_fips).lower()}, region) == botocores.url


@pytest.mark.parametrize(
    ("value", "is_fips"), [("true", True), ("True", True), ("TRUE", True), ("false", False), ("", False), ("1", False)]
)
def test_fips_is_chosen_as_in_the_sdks(value: str, *, is_fips: bool) -> None:
    """Only `true`, in any case, chooses the FIPS endpoint, as botocore reads the variable."""
    assert is_fips == ensure_boolean(value)
    assert ("dynamodb-fips" in endpoint_url({"AWS_USE_FIPS_ENDPOINT": value}, "us-east-1")) == is_fips


def test_the_environment_names_another_endpoint() -> None:
    """The service's own endpoint variable takes precedence over the one for all services, and both over FIPS."""
    every, own = {"AWS_ENDPOINT_URL": "http://all"}, {"AWS_ENDPOINT_URL_DYNAMODB": "http://own"}
    assert endpoint_url(every, "eu-central-1") == "http://all"
    assert endpoint_url({**every, **own, "AWS_USE_FIPS_ENDPOINT": "true"}, "eu-central-1") == "http://own"


@pytest.mark.parametrize("url", ["", "dynamodb", "ftp://127.0.0.1", "http://"])
def test_an_invalid_endpoint_is_quoted(url: str) -> None:
    """A text that is not a server's URL fails at once, and the error quotes it."""
    with pytest.raises(ValueError, match="is not the URL of a server") as failure:
        ConnectionPool(url)
    assert str(failure.value) == f"{url!r} is not the URL of a server, such as http://name:port or https://name."


@pytest.mark.parametrize(("url", "port"), [("https://name", 443), ("http://name", 80), ("http://name:8000", 8000)])
def test_the_default_port_is_the_protocols(url: str, port: int) -> None:
    """The port is the one in the URL, or the protocol's default."""
    with mock.patch("socket.getaddrinfo", side_effect=ConnectionRefusedError) as resolve:
        with pytest.raises(Unreachable):
            ConnectionPool(url).exchange("GET", "/", {})
        assert resolve.call_args[0] == ("name", port)


def test_a_client_is_configured_by_the_environment(authority: Authority) -> None:
    """Region, endpoint, keys and authorities come from the environment; AWS_DEFAULT_REGION is the fallback region."""
    with serving(answers(FOUND), tls=authority.server(HERE)) as server:
        environment = {
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_CA_BUNDLE": str(authority.bundle),
        }
        with closing(DynamoDBClient.from_environment(environment)) as client:
            assert client.call("GetItem", READ) == FOUND
        with closing(DynamoDBClient.from_environment({**environment, "AWS_REGION": "eu-north-1"})) as client:
            client.call("GetItem", READ)
    first, second = (request.headers["authorization"] for request in server.requests)
    assert "Credential=AKID/" in first
    assert "/eu-west-1/dynamodb/" in first
    assert "/eu-north-1/dynamodb/" in second
