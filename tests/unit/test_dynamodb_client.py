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
from botocore.loaders import Loader
from support.running.servers import (
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

from dashboard_store import retry
from dashboard_store.dynamodb import connection_pool
from dashboard_store.dynamodb.client import DynamoDBClient, endpoint_url
from dashboard_store.dynamodb.connection_pool import ConnectionPool
from dashboard_store.dynamodb.http_response import HttpResponse, read_response
from dashboard_store.dynamodb.protocol import Refused, TransportError, Unreachable
from dashboard_store.dynamodb.sigv4 import Credentials

KEYS = Credentials("AKIDEXAMPLE", "the-secret", "the-token")
READ = {"TableName": "t", "Key": {"pk": {"S": "a"}}}
FOUND = {"Item": {"pk": {"S": "a"}}}

# Seconds between the two attempts of a call.
LONGEST_PAUSE = 0.05

# Faults after which another attempt may succeed.
TRANSIENT: dict[str, Step] = {
    "a failure": refuses("InternalServerError", 500),
    "an outage": answers(b"<html>Service Unavailable</html>", 503),
    "a throttle": refuses("ProvisionedThroughputExceededException"),
    "a throttled account": refuses("RequestLimitExceeded"),
    "a transaction in progress": refuses("TransactionInProgressException"),
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
    with mock.patch("socket.create_connection", wraps=socket.create_connection) as connect:
        transport = connected(answers(FOUND))
        assert not connect.called
        assert transport.server.connections == 0
        transport.call()
    assert connect.call_count == transport.server.connections == 1


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
    """After no response, a damaged one, a failure or a throttle comes one more attempt, after a random pause."""
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


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_persistent_fault_is_an_error(connected: Connected, fault: str) -> None:
    """After two attempts the call raises Refused if DynamoDB throttled it, and Unreachable otherwise."""
    transport = connected(TRANSIENT[fault])
    with pytest.raises(TransportError) as failure:
        transport.call()
    assert isinstance(failure.value, Refused) == (fault.startswith(("a throttle", "a transaction")))
    assert len(transport.server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("an outage", "DynamoDB failed with status 503."),
        ("not JSON", "The body of the 200 response is not JSON."),
        ("a wrong checksum", "The checksum of the response is wrong."),
    ],
)
def test_the_error_describes_an_unusable_response(connected: Connected, fault: str, said: str) -> None:
    """The error, which is logged, says what was wrong with the response."""
    with pytest.raises(Unreachable) as failure:
        connected(TRANSIENT[fault]).call()
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


def test_a_refusal_without_a_code_has_its_status(connected: Connected) -> None:
    """An error document without a type raises Refused with the status as its code."""
    with pytest.raises(Refused, match="413"):
        connected(answers({}, 413)).call()


def test_a_server_that_hangs_is_given_up(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait for a response has a timeout, on the second attempt as well."""
    timeouts: list[float | None] = []

    def read(connection: socket.socket) -> tuple[HttpResponse, bool]:
        timeouts.append(connection.gettimeout())
        return read_response(connection)

    monkeypatch.setattr(connection_pool, "READ_SECONDS", 0.2)
    monkeypatch.setattr(connection_pool, "read_response", read)
    transport = connected(hangs)
    with pytest.raises(Unreachable, match=rf"^No response from 127\.0\.0\.1:{transport.server.port}: TimeoutError\.$"):
        transport.call()
    assert timeouts == [0.2, 0.2]
    assert len(transport.server.requests) == 2


def test_a_connection_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait for a connection has a timeout, and so has the TLS handshake."""
    timeouts: list[float | None] = []
    handshake = ssl.SSLContext.wrap_socket

    def wrap_socket(context: ssl.SSLContext, opened: socket.socket, **more: Any) -> ssl.SSLSocket:
        timeouts.append(opened.gettimeout())
        return handshake(context, opened, **more)

    monkeypatch.setattr(connection_pool, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", wrap_socket)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        mock.patch("socket.create_connection", wraps=socket.create_connection) as connect,
    ):
        address = silent.getsockname()
        pool = ConnectionPool(f"https://127.0.0.1:{address[1]}")
        client = DynamoDBClient(pool, "eu-central-1", lambda: KEYS, lambda _: None)
        with pytest.raises(Unreachable, match="TimeoutError"):
            client.call("GetItem", READ)
    assert connect.call_args_list == [mock.call(address, 0.2)] * 2
    assert timeouts == [0.2, 0.2]


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


REGIONS = [
    (region, partition["outputs"]["dnsSuffix"])
    for partition in Loader().load_data("partitions")["partitions"]
    for region in partition["regions"]
    if not region.startswith("aws-")
]


@pytest.mark.parametrize(("region", "suffix"), REGIONS, ids=lambda value: value)
def test_every_region_has_its_endpoint(region: str, suffix: str) -> None:
    """The endpoint is botocore's in every region of every partition."""
    assert endpoint_url({}, region) == f"https://dynamodb.{region}.{suffix}"


def test_the_environment_names_another_endpoint() -> None:
    """The service's own endpoint variable takes precedence over the one for all services."""
    every, own = {"AWS_ENDPOINT_URL": "http://all"}, {"AWS_ENDPOINT_URL_DYNAMODB": "http://own"}
    assert endpoint_url(every, "eu-central-1") == "http://all"
    assert endpoint_url({**every, **own}, "eu-central-1") == "http://own"


@pytest.mark.parametrize("url", ["", "dynamodb", "ftp://127.0.0.1", "http://"])
def test_an_invalid_endpoint_is_quoted(url: str) -> None:
    """A text that is not a server's URL fails at once, and the error quotes it."""
    with pytest.raises(ValueError, match="is not the URL of a server") as failure:
        ConnectionPool(url)
    assert str(failure.value) == f"{url!r} is not the URL of a server, such as http://name:port or https://name."


@pytest.mark.parametrize(("url", "port"), [("https://name", 443), ("http://name", 80), ("http://name:8000", 8000)])
def test_the_default_port_is_the_protocols(url: str, port: int) -> None:
    """The port is the one in the URL, or the protocol's default."""
    with mock.patch("socket.create_connection", side_effect=ConnectionRefusedError) as connect:
        with pytest.raises(Unreachable):
            ConnectionPool(url).exchange("GET", "/", {})
        assert connect.call_args[0][0] == ("name", port)


def test_a_call_without_a_response_ends_in_time() -> None:
    """Four calls that use all their attempts in vain end within the 29 seconds that API Gateway waits."""
    attempt = connection_pool.CONNECT_SECONDS + connection_pool.READ_SECONDS
    longest = attempt * retry.CALL_ATTEMPTS + LONGEST_PAUSE
    assert 4 * longest < 29


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
