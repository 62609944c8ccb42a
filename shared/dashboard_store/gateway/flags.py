"""Feature flags: what is switched on for which users, changed in AppConfig without a deployment.

The document has the form of Powertools' feature flags. A rule may ask for `user_share`, 0 to 99: a number that a user
keeps, so that a growing share of the users never takes away what somebody already had.
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

if TYPE_CHECKING:
    from mypy_boto3_appconfigdata import AppConfigDataClient

DATABASE_LOAD: Final = "databaseLoad"

# A dashboard waits for its flags, and there is something to go on with where they cannot be read.
CLIENT: Final = ClientConfig(connect_timeout=0.5, read_timeout=1, retries={"total_max_attempts": 1})

SHARES: Final = 100
MAX_AGE_SECONDS: Final = 60
"""How long a document is taken for the newest: AppConfig's own least interval between two questions is as long."""


def client() -> "AppConfigDataClient":
    """Open AppConfig with the function's own rights."""
    return boto3.client("appconfigdata", config=CLIENT)


def appconfig(path: str, client: "AppConfigDataClient") -> StoreProvider:
    """Open AppConfig's `application/environment/profile`."""
    application, environment, profile = path.split("/")
    return AppConfigStore(environment, application, profile, max_age=MAX_AGE_SECONDS, boto3_client=client)


class Flags:
    """The flags of every user; while AppConfig cannot be read, as they were last, and else as `fallback` says.

    `open_store` opens AppConfig when a flag is first asked for, and again after a failure.
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
        self._ask_again_at = 0.0

    def of(self, user: str) -> dict[str, bool]:
        """Say for each flag whether it is on for a user."""
        known = self._newest()
        on = known.get_enabled_features(context={"user_share": share(user)})
        return {**self._fallback, **{name: name in on for name in known.get_configuration()}}

    def _newest(self) -> FeatureFlags:
        if self._now() >= self._ask_again_at:
            try:
                self._features = self._features or FeatureFlags(self._open())
                self._known = FeatureFlags(_Constant(self._features.get_configuration()))
            except (ConfigurationStoreError, SchemaValidationError, StoreClientError) as exc:
                # A session that failed may be the reason, so the next question opens another, and none comes soon.
                self._features, self._ask_again_at = None, self._now() + MAX_AGE_SECONDS
                logger.warning("flags-unavailable", exc_info=exc)
        return self._known


class _Constant(StoreProvider):
    """A document that was read already."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    @property
    def get_raw_configuration(self) -> dict[str, Any]:
        return self._document

    def get_configuration(self) -> dict[str, Any]:
        return self._document


def share(user: str) -> int:
    """Say to which share of the users, 0 to 99, a user belongs for good."""
    return int.from_bytes(hashlib.sha256(user.encode()).digest()[:8]) % SHARES
