"""How long everything but the newest version is kept. This module is the only place that defines these durations.

DynamoDB removes an item some time after its `expiresAt`, in epoch seconds, so readers treat an expired item as absent.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

import math
from datetime import datetime, timedelta
from typing import Final

from dashboard_store.identifiers import ConfigAddress
from dashboard_store.repository.expressions import Item
from dashboard_store.settings import Settings

RENEWAL: Final = timedelta(days=7)
"""How much longer an item of history lives than its version stays in history.

A version's time in history begins when it is replaced, but its item is written earlier. A save that replaces a version
older than this rewrites that version's item. So a typical save has no additional item to write, and a dashboard that
was not saved for a year keeps the version that the next save replaces.
"""

RESTORABLE: Final = timedelta(days=30)
"""How long a deleted project can be restored."""

UPLOADABLE: Final = timedelta(hours=1)
"""How long the URL of an upload accepts a file."""

UNFINISHED: Final = timedelta(days=1)
"""How long an announced upload can be completed, and how long a table that is no longer kept stays stored."""

DOWNLOADABLE: Final = timedelta(minutes=5)
"""How long the URL of a download is valid."""

DOWNLOAD_RENEWAL: Final = timedelta(hours=12)
"""The age at which a download is rewritten: the bucket's lifecycle removes it after a day."""


class Lifetimes:
    """How long the deployment's settings keep versions of configs."""

    def __init__(self, settings: Settings) -> None:
        self._history_days = settings.history_retention_days
        self._draft_days = settings.session_ttl_days

    def days(self, address: ConfigAddress) -> int:
        """Return the days that a replaced version stays in history; for a draft, from its last change."""
        return self._draft_days if address.session else self._history_days

    def of_draft(self) -> timedelta:
        """Return how long a draft is kept after its last change."""
        return timedelta(days=self._draft_days)

    def of_version(self, address: ConfigAddress) -> timedelta:
        """Return how long an item of history lives after it is written."""
        kept = timedelta(days=self.days(address))
        return kept if address.session else kept + RENEWAL

    @property
    def longest(self) -> timedelta:
        """The longest lifetime of any version or draft."""
        return max(timedelta(days=self._history_days) + RENEWAL, self.of_draft())


def expires_at(moment: datetime) -> int:
    return int(moment.timestamp())


def restorable_until(deleted_at: datetime) -> int:
    """Return the end, in epoch seconds, of the time in which a project that was deleted then can be restored."""
    return expires_at(deleted_at + RESTORABLE)


def has_expired(item: Item, now: datetime) -> bool:
    return bool(item.get("expiresAt", math.inf) <= now.timestamp())
