"""One call to DynamoDB: JSON over HTTP, signed, with limited time and attempts.

Theory of operation
===================

A call and all of its attempts end within `retry.CALL_SECONDS`. An attempt is repeated if its outcome says nothing about
the request: as often as fits while DynamoDB is busy, and once after a server error or without a response of DynamoDB's.
Repeating is safe for every call that this package makes: reads change nothing, all attempts of a transaction carry the
same `ClientRequestToken` (API_TransactWriteItems, "ClientRequestToken"), and counting one of a user's writes twice is
better than never. Other unconditional writes must not be made with this client.

DynamoDB refuses a signature whose time is more than five minutes off its own clock. After such a refusal, the request
and all later ones are signed with the clock of the response's `Date` header.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Self
from zlib import crc32

from dashboard_store import retry
from dashboard_store.dynamodb import credentials
from dashboard_store.dynamodb.connection_pool import ConnectionPool
from dashboard_store.dynamodb.http_response import HttpResponse
from dashboard_store.dynamodb.protocol import Refused, TransportError, Unreachable
from dashboard_store.dynamodb.sigv4 import Credentials, signed

_TARGET: Final = "DynamoDB_20120810."
_SERVER_FAILURES: Final = 500
_OK: Final = 200
_ID_CHARACTERS: Final = 128
# The refusals that a wrong clock causes, and the smallest difference that counts as a wrong clock.
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
# https://docs.aws.amazon.com/general/latest/gr/rande.html, by the prefix of the region.
_DOMAINS: Final = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}


def endpoint_url(environment: Mapping[str, str], region: str) -> str:
    """Return the URL of DynamoDB: the one in the environment, or the region's.

    `AWS_USE_FIPS_ENDPOINT=true` chooses the endpoint whose TLS is validated under FIPS 140, where the region has one.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
    """
    named = environment.get("AWS_ENDPOINT_URL_DYNAMODB") or environment.get("AWS_ENDPOINT_URL")
    domain = next((domain for start, domain in _DOMAINS.items() if region.startswith(start)), "amazonaws.com")
    # In GovCloud, every endpoint is validated, and none has another name.
    is_fips = environment.get("AWS_USE_FIPS_ENDPOINT", "").lower() == "true" and not region.startswith("us-gov-")
    return named or f"https://dynamodb{'-fips' if is_fips else ''}.{region}.{domain}"


class DynamoDBClient:
    """A client that any number of threads may share.

    Creating one opens no connection, so it can be part of a SnapStart snapshot; only the TLS context is prepared.
    `pause` sleeps for a number of seconds; `now` returns the time in epoch seconds.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        region: str,
        credentials: Callable[[], Credentials],
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._pool = pool
        self._region = region
        self._credentials = credentials
        self._pause = pause
        self._now = now
        self._ahead = 0.0
        """How many seconds DynamoDB's clock is ahead of this one."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Use the function's own credentials and region, or the endpoint in the environment."""
        region = environment.get("AWS_REGION") or environment["AWS_DEFAULT_REGION"]
        pool = ConnectionPool(endpoint_url(environment, region), environment.get("AWS_CA_BUNDLE"))
        return cls(pool, region, credentials.from_environment(environment))

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call. Raises Refused or Unreachable."""
        once = {"ClientRequestToken": secrets.token_hex(16)} if operation == "TransactWriteItems" else {}
        body = json.dumps({**once, **request}, separators=(",", ":")).encode()
        with retry.limited(retry.CALL_SECONDS):
            return retry.retried(lambda: self._attempted(operation, body), _is_retryable, self._pause)

    def close(self) -> None:
        self._pool.close()

    def _attempted(self, operation: str, body: bytes) -> dict[str, Any]:
        response = self._send(operation, body)
        try:
            return _result(response)
        except Refused as exc:
            if exc.code not in _SKEWED or not self._follows_clock(response):
                raise
        return _result(self._send(operation, body))

    def _send(self, operation: str, body: bytes) -> HttpResponse:
        headers = signed(
            self._credentials(),
            region=self._region,
            service="dynamodb",
            host=self._pool.host,
            headers={"content-type": "application/x-amz-json-1.0", "x-amz-target": _TARGET + operation},
            body=body,
            moment=datetime.fromtimestamp(self._now() + self._ahead, UTC),
        )
        return self._pool.exchange("POST", "/", headers, body)

    def _follows_clock(self, response: HttpResponse) -> bool:
        """Set the clock by the response's date; return whether it changed."""
        # Imported here because clocks are rarely wrong, and no function needs it to start.
        from email.utils import parsedate_to_datetime  # noqa: PLC0415

        try:
            ahead = parsedate_to_datetime(response.headers["date"]).timestamp() - self._now()
        except (KeyError, ValueError):
            return False
        changed = abs(ahead - self._ahead) >= _SKEW_SECONDS
        if changed:
            self._ahead = ahead
        return changed


def _is_retryable(error: Exception, attempt: int) -> bool:
    if not isinstance(error, TransportError):
        return False
    return error.is_busy or (error.is_retryable and attempt < retry.CALL_ATTEMPTS)


def _result(response: HttpResponse) -> dict[str, Any]:
    """Decode a response. Raises Refused, or Unreachable if the server failed or the response is not DynamoDB's."""
    request_id = response.headers.get("x-amzn-requestid", "")[:_ID_CHARACTERS] or None
    checksum = response.headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(crc32(response.body)):
        raise Unreachable("The checksum of the response is wrong.", request_id)
    if response.status >= _SERVER_FAILURES:
        raise Unreachable(f"DynamoDB failed with status {response.status}.", request_id)
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        raise Unreachable(f"The body of the {response.status} response is not JSON.", request_id) from None
    # A proxy may respond with JSON as well, but not with DynamoDB's id of the request.
    if request_id and isinstance(document, dict):
        if response.status == _OK:
            return document
        kind = document.get("__type")
        if kind and isinstance(kind, str):
            raise Refused(kind.rpartition("#")[2], document, request_id)
    raise Unreachable(f"The {response.status} response is not DynamoDB's.", request_id)
