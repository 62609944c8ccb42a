"""Feature flags: what is enabled for which users, changed in AppConfig without a deployment.

The document has the format of Powertools' feature flags. A rule may use `user_share`, a number from 0 to 99 that is
fixed for each user: as a share grows, no user loses a feature that was already enabled.
https://docs.aws.amazon.com/powertools/python/latest/utilities/feature_flags/
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import boto3
from aws_lambda_powertools.utilities.feature_flags import AppConfigStore, FeatureFlags, StoreProvider
from aws_lambda_powertools.utilities.feature_flags.exceptions import (
    ConfigurationStoreError,
    SchemaValidationError,
    StoreClientError,
)
from botocore.config import Config as ClientConfig

from dashboard_store.gateway.telemetry import logger
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_appconfigdata import AppConfigDataClient

DATABASE_LOAD: Final = "databaseLoad"

# Short time-outs, because a dashboard waits for its flags, and defaults apply if they cannot be read.
APPCONFIG_CLIENT: Final = ClientConfig(connect_timeout=0.5, read_timeout=1, retries={"total_max_attempts": 1})

SHARES: Final = 100
MAX_AGE_SECONDS: Final = 60
"""How long a document counts as current; also AppConfig's minimum interval between two polls."""


def open_flags(settings: Settings) -> "Flags":
    """Return the flags of a deployment, read from AppConfig with the function's own permissions."""

    def open_store() -> StoreProvider:
        return appconfig(settings.flags_path, boto3.client("appconfigdata", config=APPCONFIG_CLIENT))

    return Flags(open_store, {DATABASE_LOAD: settings.database_load_default})


def appconfig(path: str, client: "AppConfigDataClient") -> StoreProvider:
    """Open an AppConfig profile, named `application/environment/profile`."""
    application, environment, profile = path.split("/")
    return AppConfigStore(environment, application, profile, max_age=MAX_AGE_SECONDS, boto3_client=client)


class Flags:
    """The flags of every user: the last known ones while AppConfig cannot be read, or `fallback` before the first read.

    `open_store` opens AppConfig when a flag is first requested, and again after a failure.
    """

    def __init__(
        self,
        open_store: Callable[[], StoreProvider],
        fallback: Mapping[str, bool],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open = open_store
        self._fallback = fallback
        self._now = now
        self._features: FeatureFlags | None = None
        self._known = FeatureFlags(_Constant({name: {"default": on} for name, on in fallback.items()}))
        self._next_poll_at = 0.0

    def of(self, user: str) -> dict[str, bool]:
        """Return whether each flag is enabled for a user."""
        known = self._newest()
        on = known.get_enabled_features(context={"user_share": share(user)})
        return {**self._fallback, **{name: name in on for name in known.get_configuration()}}

    def _newest(self) -> FeatureFlags:
        if self._now() >= self._next_poll_at:
            try:
                self._features = self._features or FeatureFlags(self._open())
                self._known = FeatureFlags(_Constant(self._features.get_configuration()))
            except (ConfigurationStoreError, SchemaValidationError, StoreClientError) as exc:
                # The session may be broken, so the next poll opens a new one, but not immediately.
                self._features, self._next_poll_at = None, self._now() + MAX_AGE_SECONDS
                logger.warning("flags-unavailable", exc_info=exc)
        return self._known


class _Constant(StoreProvider):
    """A document that has already been read."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    @property
    def get_raw_configuration(self) -> dict[str, Any]:
        return self._document

    def get_configuration(self) -> dict[str, Any]:
        return self._document


def share(user: str) -> int:
    """Return the user's permanent share, from 0 to 99."""
    return int.from_bytes(hashlib.sha256(user.encode()).digest()[:8]) % SHARES
