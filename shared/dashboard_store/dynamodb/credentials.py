"""The function's own credentials: from its environment, or from the endpoint that SnapStart provides instead.

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

from dashboard_store import retry
from dashboard_store.dynamodb.connection_pool import ConnectionPool
from dashboard_store.dynamodb.protocol import Unreachable
from dashboard_store.dynamodb.sigv4 import Credentials

RENEWED_SECONDS_BEFORE: Final = 600
"""How many seconds before they expire credentials are renewed."""
_ASK_AGAIN_SECONDS: Final = 60
_OK: Final = 200
# The hosts that may be called without TLS: this machine, and the addresses of ECS and EKS.
_NEAR: Final = frozenset({"localhost", "127.0.0.1", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"})


def from_environment(
    environment: Mapping[str, str],
    now: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
) -> Callable[[], Credentials]:
    """Return a function that returns the current credentials; it reads `environment` on every call.

    It raises RuntimeError if none are configured, and Unreachable if the endpoint does not return them.
    """
    endpoint = _Endpoint(environment, now, pause)

    def current() -> Credentials:
        if "AWS_ACCESS_KEY_ID" not in environment:
            return endpoint.credentials()
        token = environment.get("AWS_SESSION_TOKEN") or None
        return Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], token)

    return current


class _Endpoint:
    """Temporary credentials from an endpoint, shared by threads."""

    def __init__(
        self, environment: Mapping[str, str], now: Callable[[], float], pause: Callable[[float], None]
    ) -> None:
        self._environment = environment
        self._now = now
        self._pause = pause
        self._lock = threading.Lock()
        self._current: Credentials | None = None
        self._expires_at = self._renew_at = 0.0

    def credentials(self) -> Credentials:
        with self._lock:
            if self._current is None or self._now() >= self._renew_at:
                self._current = self._renew()
            return self._current

    def _renew(self) -> Credentials:
        try:
            renewed, self._expires_at = self._fetch_now()
        except Unreachable:
            if self._current is None or self._now() >= self._expires_at:
                raise
            # The current ones are still valid for some minutes.
            self._renew_at = self._now() + _ASK_AGAIN_SECONDS
            return self._current
        self._renew_at = self._expires_at - RENEWED_SECONDS_BEFORE
        return renewed

    def _fetch_now(self) -> tuple[Credentials, float]:
        url = self._environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        if not url:
            raise RuntimeError("The environment has neither AWS_ACCESS_KEY_ID nor AWS_CONTAINER_CREDENTIALS_FULL_URI.")
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _NEAR:
            raise RuntimeError("AWS_CONTAINER_CREDENTIALS_FULL_URI names another machine without TLS.")
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        return retry.retried(
            lambda: _fetch(url, path, self._headers()),
            lambda exc, attempt: isinstance(exc, Unreachable) and attempt < retry.CREDENTIALS_ATTEMPTS,
            self._pause,
        )

    def _headers(self) -> dict[str, str]:
        file = self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        token = Path(file).read_text() if file else self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        return {"Accept": "application/json", **({"Authorization": token.strip()} if token.strip() else {})}


def _fetch(url: str, path: str, headers: Mapping[str, str]) -> tuple[Credentials, float]:
    """Return credentials and their expiry in epoch seconds."""
    pool = ConnectionPool(url)
    try:
        response = pool.exchange("GET", path, headers)
    finally:
        pool.close()
    if response.status != _OK:
        raise Unreachable(f"The credentials endpoint answered with status {response.status}.")
    try:
        document = json.loads(response.body)
        credentials = Credentials(document["AccessKeyId"], document["SecretAccessKey"], document["Token"])
        return credentials, datetime.fromisoformat(document["Expiration"]).timestamp()
    except (KeyError, RecursionError, TypeError, ValueError):
        # The response may contain part of the credentials, so the error does not quote it.
        raise Unreachable("The credentials endpoint returned no credentials.") from None
