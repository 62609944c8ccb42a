"""DynamoDB over HTTP: its JSON protocol, signed requests, bounded time and attempts. No SDK.

A call makes at most ATTEMPTS attempts, each of at most CONNECT_SECONDS and READ_SECONDS, with a random wait between
them. Repeated is what says nothing about the request: no answer, a damaged one, a failure or a throttle. Any call may
be repeated: reads change nothing, a transaction carries one token through all its attempts, and the counter of a user's
writes may count one twice rather than never. Other writes have no place here.

Where the service's clock and this one's differ too much, what is signed follows the service's from then on.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import json
import random
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Self
from zlib import crc32

from dashboard_store.dynamodb import credentials
from dashboard_store.dynamodb.connection_pool import ConnectionPool
from dashboard_store.dynamodb.http_response import HttpResponse
from dashboard_store.dynamodb.protocol import RETRYABLE_CODES, Refused, TransportError, Unreachable
from dashboard_store.dynamodb.sigv4 import Credentials, signed

ATTEMPTS: Final = 2
# The wait between two attempts is drawn from zero up to it.
BACKOFF_SECONDS: Final = 0.05

_TARGET: Final = "DynamoDB_20120810."
_SERVER_FAILURES: Final = 500
_OK: Final = 200
# What a clock that is wrong leads to, and the difference at which it is to blame: DynamoDB allows five minutes.
_SKEWED: Final = frozenset(
    {
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_SKEW_SECONDS: Final = 60
# https://docs.aws.amazon.com/general/latest/gr/rande.html, by the first letters of a region.
_DOMAINS: Final = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}


def endpoint(environment: Mapping[str, str], region: str) -> str:
    """Say where DynamoDB is: where the environment says, or in the region."""
    named = environment.get("AWS_ENDPOINT_URL_DYNAMODB") or environment.get("AWS_ENDPOINT_URL")
    domain = next((domain for start, domain in _DOMAINS.items() if region.startswith(start)), "amazonaws.com")
    return named or f"https://dynamodb.{region}.{domain}"


class DynamoDBClient:
    """A client for any number of threads.

    Made while a function starts it opens nothing, so a snapshot may hold it; what verifies certificates is ready then.
    `pause` waits for a number of seconds; `now` tells the time in epoch seconds.
    """

    def __init__(
        self,
        connections: ConnectionPool,
        region: str,
        credentials: Callable[[], Credentials],
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._region = region
        self._credentials = credentials
        self._pause = pause
        self._now = now
        self._ahead = 0.0
        """By how many seconds the service's clock is ahead of this one."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Connect with a function's own rights, in its own region, or to the endpoint that the environment names."""
        region = environment.get("AWS_REGION") or environment["AWS_DEFAULT_REGION"]
        connections = ConnectionPool(endpoint(environment, region), environment.get("AWS_CA_BUNDLE"))
        return cls(connections, region, credentials.from_environment(environment))

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call. Raises Refused or Unreachable."""
        once = {"ClientRequestToken": secrets.token_hex(16)} if operation == "TransactWriteItems" else {}
        body = json.dumps({**once, **request}, separators=(",", ":")).encode()
        for _ in range(ATTEMPTS - 1):
            try:
                return self._attempted(operation, body)
            except TransportError as exc:
                if isinstance(exc, Refused) and exc.code not in RETRYABLE_CODES:
                    raise
            # The system's source: instances that SnapStart makes of one snapshot share the state of every other one.
            self._pause(random.SystemRandom().uniform(0, BACKOFF_SECONDS))
        return self._attempted(operation, body)

    def close(self) -> None:
        self._connections.close()

    def _attempted(self, operation: str, body: bytes) -> dict[str, Any]:
        answer = self._answer(operation, body)
        try:
            return _result(answer)
        except Refused as exc:
            if exc.code not in _SKEWED or not self._follows_clock(answer):
                raise
        return _result(self._answer(operation, body))

    def _answer(self, operation: str, body: bytes) -> HttpResponse:
        headers = signed(
            self._credentials(),
            region=self._region,
            service="dynamodb",
            host=self._connections.host,
            headers={"content-type": "application/x-amz-json-1.0", "x-amz-target": _TARGET + operation},
            body=body,
            moment=datetime.fromtimestamp(self._now() + self._ahead, UTC),
        )
        return self._connections.exchange("POST", "/", headers, body)

    def _follows_clock(self, answer: HttpResponse) -> bool:
        """Set the clock by the answer's date, and tell whether that made a difference."""
        try:
            ahead = parsedate_to_datetime(answer.headers["date"]).timestamp() - self._now()
        except (KeyError, ValueError):
            return False
        changed = abs(ahead - self._ahead) >= _SKEW_SECONDS
        if changed:
            self._ahead = ahead
        return changed


def _result(answer: HttpResponse) -> dict[str, Any]:
    """Read an answer. Raises Refused, or Unreachable where it is damaged or the server failed."""
    checksum = answer.headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(crc32(answer.body)):
        raise Unreachable("The answer is not what DynamoDB sent: its checksum is another.")
    if answer.status >= _SERVER_FAILURES:
        raise Unreachable(f"DynamoDB failed with {answer.status}.")
    try:
        document = json.loads(answer.body)
    except ValueError:
        raise Unreachable(f"The answer {answer.status} is no JSON.") from None
    if answer.status == _OK:
        result: dict[str, Any] = document
        return result
    code = str(document.get("__type", answer.status)).rpartition("#")[2]
    raise Refused(code, document)
