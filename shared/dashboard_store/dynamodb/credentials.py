"""The function's own credentials: from its environment, or from the endpoint that SnapStart puts in their place.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dashboard_store.dynamodb.connection_pool import ConnectionPool
from dashboard_store.dynamodb.protocol import Unreachable
from dashboard_store.dynamodb.sigv4 import Credentials

RENEWED_SECONDS_BEFORE: Final = 600
"""How long before they expire credentials are fetched anew."""
FETCH_ATTEMPTS: Final = 3
_ASK_AGAIN_SECONDS: Final = 60
_OK: Final = 200
# Where an endpoint may be asked without TLS: this machine, and the addresses of ECS and EKS.
_NEAR: Final = frozenset({"localhost", "127.0.0.1", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"})


def from_environment(environment: Mapping[str, str], now: Callable[[], float] = time.time) -> Callable[[], Credentials]:
    """Return what tells the credentials of the moment; `environment` is read when it is asked, never before.

    It raises RuntimeError where there are none, and Unreachable where the endpoint does not hand them out.
    """
    endpoint = _Endpoint(environment, now)

    def current() -> Credentials:
        if "AWS_ACCESS_KEY_ID" not in environment:
            return endpoint.credentials()
        token = environment.get("AWS_SESSION_TOKEN") or None
        return Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], token)

    return current


class _Endpoint:
    """Credentials that an endpoint lends for some hours; threads share them."""

    def __init__(self, environment: Mapping[str, str], now: Callable[[], float]) -> None:
        self._environment = environment
        self._now = now
        self._lock = threading.Lock()
        self._lent: Credentials | None = None
        self._expires_at = self._renew_at = 0.0

    def credentials(self) -> Credentials:
        with self._lock:
            if self._lent is None or self._now() >= self._renew_at:
                self._lent = self._renewed()
            return self._lent

    def _renewed(self) -> Credentials:
        try:
            lent, self._expires_at = self._fetched()
        except Unreachable:
            if self._lent is None or self._now() >= self._expires_at:
                raise
            # They are good for some minutes still.
            self._renew_at = self._now() + _ASK_AGAIN_SECONDS
            return self._lent
        self._renew_at = self._expires_at - RENEWED_SECONDS_BEFORE
        return lent

    def _fetched(self) -> tuple[Credentials, float]:
        url = self._environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        if not url:
            raise RuntimeError("The environment has neither AWS_ACCESS_KEY_ID nor AWS_CONTAINER_CREDENTIALS_FULL_URI.")
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _NEAR:
            raise RuntimeError("AWS_CONTAINER_CREDENTIALS_FULL_URI names another machine, and no TLS.")
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        for _ in range(FETCH_ATTEMPTS - 1):
            try:
                return _asked(url, path, self._headers())
            except Unreachable:
                continue
        return _asked(url, path, self._headers())

    def _headers(self) -> dict[str, str]:
        file = self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        token = Path(file).read_text() if file else self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        return {"Accept": "application/json", **({"Authorization": token.strip()} if token.strip() else {})}


def _asked(url: str, path: str, headers: Mapping[str, str]) -> tuple[Credentials, float]:
    """Return credentials and when they expire, in epoch seconds."""
    connections = ConnectionPool(url)
    try:
        answer = connections.exchange("GET", path, headers)
    finally:
        connections.close()
    if answer.status != _OK:
        raise Unreachable(f"The endpoint of the credentials answered {answer.status}.")
    try:
        lent = json.loads(answer.body)
        credentials = Credentials(lent["AccessKeyId"], lent["SecretAccessKey"], lent["Token"])
        return credentials, datetime.fromisoformat(lent["Expiration"]).timestamp()
    except (KeyError, TypeError, ValueError):
        # What was answered may hold a part of the credentials, so it is in no error.
        raise Unreachable("The endpoint of the credentials answered with something else.") from None
