"""The client against a server that misbehaves: what is tried again, what is not, and whom it trusts."""

import socket
import ssl
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
from dashboard_store.dynamodb.protocol import Refused, TransportError, Unreachable
from dashboard_store.dynamodb.sigv4 import Credentials

KEYS = Credentials("AKIDEXAMPLE", "the-secret", "the-token")
READ = {"TableName": "t", "Key": {"pk": {"S": "a"}}}
FOUND = {"Item": {"pk": {"S": "a"}}}

# Between the two attempts of a call.
LONGEST_PAUSE = 0.05

# What may be otherwise the next time.
PASSING: dict[str, Step] = {
    "a failure": refuses("InternalServerError", 500),
    "an outage": answers(b"<html>Service Unavailable</html>", 503),
    "a throttle": refuses("ProvisionedThroughputExceededException"),
    "a throttle of the account": refuses("RequestLimitExceeded"),
    "a transaction that goes on": refuses("TransactionInProgressException"),
    "another checksum": answers(FOUND, headers={"x-amz-crc32": "1"}),
    "half a response": breaks_off,
    "a reset in a response": resets_in_the_middle,
    "no response": closes,
    "no JSON": answers(b"{"),
    "no HTTP": says_hello,
}


class Served:
    """A client of a server that does a script's steps, and how long it waited between attempts."""

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


def test_a_call_is_a_signed_post(connected: Connected) -> None:
    """A call is the POST that DynamoDB's protocol asks for, and the document of the response is returned."""
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
    """A client that was made has opened nothing, so a snapshot of it holds no connection."""
    transport = connected(answers(FOUND))
    time.sleep(0.05)
    assert transport.server.connections == 0
    transport.call()
    assert transport.server.connections == 1


def test_a_connection_is_kept(connected: Connected) -> None:
    """Calls follow each other on one connection, refused ones too."""
    transport = connected(answers(FOUND), refuses("ConditionalCheckFailedException"), answers(FOUND))
    transport.call()
    with pytest.raises(Refused):
        transport.call()
    transport.call()
    assert [request.connection for request in transport.server.requests] == [1, 1, 1]


def test_a_connection_that_is_announced_to_close_is_not_used_again(connected: Connected) -> None:
    """Where the response says that the connection ends with it, the next call opens another."""
    transport = connected(answers(FOUND, headers={"connection": "close"}))
    transport.call()
    transport.call()
    assert [request.connection for request in transport.server.requests] == [1, 2]


def test_a_connection_that_was_closed_meanwhile_is_replaced(connected: Connected) -> None:
    """What the server closed while Lambda froze the function costs neither an attempt nor a wait."""
    transport = connected(answers(FOUND, keeps=False), answers(FOUND))
    transport.call()
    time.sleep(0.1)
    assert transport.call() == FOUND
    assert transport.pauses == []
    assert [request.connection for request in transport.server.requests] == [1, 2]


def test_what_comes_unasked_is_not_a_response(connected: Connected) -> None:
    """A connection on which something came that nobody asked for is replaced: the next response would be another's."""

    def answers_twice(exchange: Exchange) -> bool:
        answers(FOUND)(exchange)
        time.sleep(0.05)
        return answers({"Item": {"pk": {"S": "another's"}}})(exchange)

    transport = connected(answers_twice, answers(FOUND))
    transport.call()
    time.sleep(0.2)
    assert transport.call() == FOUND
    assert [request.connection for request in transport.server.requests] == [1, 2]


def test_a_connection_that_closes_under_a_request_is_replaced(connected: Connected) -> None:
    """So it is where that shows only once a request was sent: another connection, before any attempt is counted."""
    transport = connected(answers(FOUND), closes, refuses("InternalServerError", 500), answers(FOUND))
    transport.call()
    assert transport.call() == FOUND
    assert len(transport.pauses) == 1
    assert [request.connection for request in transport.server.requests] == [1, 1, 2, 2]


def test_a_new_connection_that_closes_is_an_attempt(connected: Connected) -> None:
    """A server that closes every connection is given up after as many attempts as any other."""
    transport = connected(answers(FOUND), closes)
    transport.call()
    with pytest.raises(Unreachable):
        transport.call()
    assert len(transport.server.requests) == 1 + 1 + 2


@pytest.mark.parametrize("fault", PASSING)
def test_what_may_pass_is_tried_again(connected: Connected, fault: str) -> None:
    """No response, a damaged one, a failure and a throttle get one more attempt, after a wait of random length."""
    transport = connected(PASSING[fault], answers(FOUND))
    assert transport.call() == FOUND
    (pause,) = transport.pauses
    assert 0 <= pause <= LONGEST_PAUSE


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
def test_whoever_is_busy_is_asked_again(connected: Connected, code: str) -> None:
    """Every refusal that says nothing about the request is met with another attempt, whatever its status."""
    transport = connected(refuses(code), answers(FOUND))
    assert transport.call() == FOUND


@pytest.mark.parametrize("fault", PASSING)
def test_what_does_not_pass_is_an_error(connected: Connected, fault: str) -> None:
    """After two attempts it is Unreachable, or Refused where DynamoDB said that it is too much."""
    transport = connected(PASSING[fault])
    with pytest.raises(TransportError) as failure:
        transport.call()
    assert isinstance(failure.value, Refused) == (fault.startswith(("a throttle", "a transaction")))
    assert len(transport.server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("an outage", "DynamoDB failed with 503."),
        ("no JSON", "The body of the 200 response is not JSON."),
        ("another checksum", "The checksum of the response is wrong."),
    ],
)
def test_an_unusable_response_says_why(connected: Connected, fault: str, said: str) -> None:
    """Whoever reads the log learns what was wrong with the response."""
    with pytest.raises(Unreachable) as failure:
        connected(PASSING[fault]).call()
    assert str(failure.value) == said


def test_a_refusal_is_final(connected: Connected) -> None:
    """What is wrong with the request is wrong with the next one too; all that DynamoDB told comes with the error."""
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


def test_a_refusal_without_a_name_is_called_by_its_status(connected: Connected) -> None:
    """An error document that names no error is refused under its status."""
    with pytest.raises(Refused, match="413"):
        connected(answers({}, 413)).call()


def test_a_server_that_hangs_is_given_up(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait for a response is bounded, and so is that of the second attempt."""
    monkeypatch.setattr(connection_pool, "READ_SECONDS", 0.2)
    transport = connected(hangs)
    began = time.monotonic()
    with pytest.raises(Unreachable, match=rf"^No response from 127\.0\.0\.1:{transport.server.port}: TimeoutError\.$"):
        transport.call()
    assert 0.4 <= time.monotonic() - began < 2
    assert len(transport.server.requests) == 2


def test_a_connection_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is waited for only so long, all that TLS needs included."""
    monkeypatch.setattr(connection_pool, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        client = DynamoDBClient(ConnectionPool(url), "eu-central-1", lambda: KEYS, lambda _: None)
        began = time.monotonic()
        with pytest.raises(Unreachable, match="TimeoutError"):
            client.call("GetItem", READ)
    assert 0.4 <= time.monotonic() - began < 2


def test_a_server_that_is_not_there_is_unreachable() -> None:
    """A refused connection is tried again, and then unreachable."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    pauses: list[float] = []
    with pytest.raises(Unreachable, match=r"^No response from 127\.0\.0\.1:\d+: ConnectionRefusedError\.$"):
        DynamoDBClient(ConnectionPool(url), "eu-central-1", lambda: KEYS, pauses.append).call("GetItem", READ)
    assert len(pauses) == 1


def test_a_transaction_takes_effect_once(connected: Connected) -> None:
    """All attempts of one transaction carry one token, and no two transactions the same; nothing else carries any."""
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
    """The server's date, some hours after the client's."""
    moment = datetime(2026, 11, 25, 12, tzinfo=UTC) + timedelta(hours=hours)
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize("hours", [-3, 0.1, 5])
@pytest.mark.parametrize("code", ["InvalidSignatureException", "RequestTimeTooSkewed", "RequestExpired"])
def test_the_servers_clock_is_followed(connected: Connected, code: str, hours: float) -> None:
    """A request that was refused for its time is signed again at the server's, and so are all that follow."""
    transport = connected(refuses(code, headers={"date": date(hours)}), answers(FOUND, headers={"date": date(hours)}))
    assert transport.call() == transport.call() == FOUND
    moments = [request.headers["x-amz-date"] for request in transport.server.requests]
    then = (datetime(2026, 11, 25, 12, tzinfo=UTC) + timedelta(hours=hours)).strftime("%Y%m%dT%H%M%SZ")
    assert moments == ["20261125T120000Z", then, then]
    assert transport.pauses == []


@pytest.mark.parametrize("headers", [{}, {"date": date(0)}, {"date": "yesterday"}], ids=["none", "same", "no date"])
def test_a_signature_that_is_wrong_stays_wrong(connected: Connected, headers: dict[str, str]) -> None:
    """Where the clocks agree, or the server tells no time, a signature that is refused is refused for good."""
    transport = connected(refuses("InvalidSignatureException", headers=headers))
    with pytest.raises(Refused, match="InvalidSignatureException"):
        transport.call()
    assert len(transport.server.requests) == 1


def test_a_clock_is_followed_once(connected: Connected) -> None:
    """A server that refuses its own time, too, is not asked a third time."""
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
def test_whatever_a_wrong_clock_leads_to_sets_it(connected: Connected, code: str) -> None:
    """Every refusal that a wrong clock may be the reason of is met with one more request, by the server's clock."""
    transport = connected(refuses(code, headers={"date": date(3)}), answers(FOUND))
    assert transport.call() == FOUND
    assert transport.server.requests[1].headers["x-amz-date"] == "20261125T150000Z"


def test_a_clock_that_was_set_is_not_set_again(connected: Connected) -> None:
    """What a server refuses by the time that was taken over already is refused at once, by the next call too."""
    transport = connected(refuses("RequestTimeTooSkewed", headers={"date": date(3)}))
    for asked in (2, 3):
        with pytest.raises(Refused):
            transport.call()
        assert len(transport.server.requests) == asked


def test_requests_are_of_utc(connected: Connected, monkeypatch: pytest.MonkeyPatch) -> None:
    """The moment that is signed is UTC, whatever time zone the environment names."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        transport = connected(answers(FOUND))
        transport.call()
    time.tzset()
    assert transport.server.requests[0].headers["x-amz-date"] == "20261125T120000Z"


def test_errors_tell_no_secrets(connected: Connected) -> None:
    """What DynamoDB says of a signature quotes the token; no error shows it, nor the secret or the signature."""
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


def test_a_server_that_is_vouched_for_is_believed(connected: Connected, authority: Authority) -> None:
    """Over TLS calls follow each other on one connection, and one that the server closed meanwhile is replaced."""
    steps = (answers(FOUND), answers(FOUND, keeps=False), answers(FOUND))
    transport = connected(*steps, tls=authority.server(HERE), bundle=authority.bundle)
    for _ in range(3):
        assert transport.call() == FOUND
        time.sleep(0.05)
    assert [request.connection for request in transport.server.requests] == [1, 1, 2]
    assert transport.pauses == []


IMPOSTORS: dict[str, Callable[[Authority], tuple[ssl.SSLContext, Path | None]]] = {
    "of an authority that nobody knows": lambda authority: (authority.server(HERE), None),
    "for another name": lambda authority: (authority.server("dynamodb.eu-central-1.amazonaws.com"), authority.bundle),
    "for another address": lambda authority: (authority.server(IPv4Address("127.0.0.2")), authority.bundle),
    "of yesterday": lambda authority: (authority.server(HERE, timedelta(days=-1)), authority.bundle),
}


def test_the_systems_authorities_are_asked_second(
    connected: Connected, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that none of Amazon's authorities vouches for is believed where one of the system's does."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    transport = connected(answers(FOUND), tls=authority.server(HERE))
    assert transport.call() == transport.call() == FOUND
    assert transport.pauses == []


def test_amazons_authorities_are_known() -> None:
    """The file has the five that Amazon names, each as botocore ships it, and none that ends within the year."""
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
def test_an_impostor_learns_nothing(connected: Connected, authority: Authority, certificate: str) -> None:
    """A server with such a certificate is not sent a single request."""
    tls, bundle = IMPOSTORS[certificate](authority)
    transport = connected(answers(FOUND), tls=tls, bundle=bundle)
    with pytest.raises(Unreachable, match="SSLCertVerificationError"):
        transport.call()
    assert transport.server.requests == []


def test_threads_share_a_client(connected: Connected) -> None:
    """Of many calls at once each gets the response to its own request, and no more connections than calls are open."""

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
    """DynamoDB is where botocore looks for it in every region of every partition."""
    assert endpoint_url({}, region) == f"https://dynamodb.{region}.{suffix}"


def test_the_environment_names_another_endpoint() -> None:
    """The endpoint of the service's own variable comes before the one of all services."""
    every, own = {"AWS_ENDPOINT_URL": "http://all"}, {"AWS_ENDPOINT_URL_DYNAMODB": "http://own"}
    assert endpoint_url(every, "eu-central-1") == "http://all"
    assert endpoint_url({**every, **own}, "eu-central-1") == "http://own"


@pytest.mark.parametrize("url", ["", "dynamodb", "ftp://127.0.0.1", "http://"])
def test_an_endpoint_that_is_none_is_named(url: str) -> None:
    """What is not the URL of a server fails at once, and the error says which it is."""
    with pytest.raises(ValueError, match="is not the URL of a server") as failure:
        ConnectionPool(url)
    assert str(failure.value) == f"{url!r} is not the URL of a server, such as http://name:port or https://name."


@pytest.mark.parametrize(("url", "port"), [("https://name", 443), ("http://name", 80), ("http://name:8000", 8000)])
def test_a_server_is_at_its_protocols_port(url: str, port: int) -> None:
    """A server is asked at the port that its address names, or at its protocol's own."""
    with mock.patch("socket.create_connection", side_effect=ConnectionRefusedError) as connect:
        with pytest.raises(Unreachable):
            ConnectionPool(url).exchange("GET", "/", {})
        assert connect.call_args[0][0] == ("name", port)


def test_a_call_without_a_response_ends_in_time() -> None:
    """API Gateway waits 29 seconds: within these a transaction is tried as often as it may be, each time in vain."""
    attempt = connection_pool.CONNECT_SECONDS + connection_pool.READ_SECONDS
    longest = attempt * retry.CALL_ATTEMPTS + LONGEST_PAUSE
    assert 4 * longest < 29


def test_a_client_comes_from_a_functions_environment(authority: Authority) -> None:
    """Region, endpoint, keys and authorities are those of the environment; AWS_DEFAULT_REGION stands in for none."""
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
