"""How long what is not the newest is kept. Each duration stands here and nowhere else.

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
"""How much longer than history an item of history lives.

A version's time in history begins when it is replaced, but its item is written before that. A save that replaces a
version older than this writes that version's item again. So the usual save has no item more to write, and a dashboard
that rested for a year keeps the version that the next save replaces.
"""

RESTORABLE: Final = timedelta(days=30)
"""How long a deleted project can be restored."""

UPLOADABLE: Final = timedelta(hours=1)
"""How long a file can be sent to the URL of an upload."""

UNFINISHED: Final = timedelta(days=1)
"""How long an announced upload can be completed, and a table is kept that no item names any more."""

DOWNLOADABLE: Final = timedelta(minutes=5)
"""How long the URL of a download is good."""

DOWNLOAD_RENEWAL: Final = timedelta(hours=12)
"""The age from which a download is written again: the bucket's lifecycle removes it after a day."""


class Lifetimes:
    """How long versions of configs are kept under the deployment's settings."""

    def __init__(self, settings: Settings) -> None:
        self._history_days = settings.history_retention_days
        self._draft_days = settings.session_ttl_days

    def days(self, address: ConfigAddress) -> int:
        """Return the days that a replaced version stays in history, for a draft from its last change on."""
        return self._draft_days if address.session else self._history_days

    def of_draft(self) -> timedelta:
        """Return how long a draft is kept after its last change."""
        return timedelta(days=self._draft_days)

    def of_version(self, address: ConfigAddress) -> timedelta:
        """Return how long an item of history lives from when it is written."""
        kept = timedelta(days=self.days(address))
        return kept if address.session else kept + RENEWAL

    @property
    def longest(self) -> timedelta:
        """How long any version or draft lives at most."""
        return max(timedelta(days=self._history_days) + RENEWAL, self.of_draft())


def expires_at(moment: datetime) -> int:
    return int(moment.timestamp())


def has_expired(item: Item, now: datetime) -> bool:
    return bool(item.get("expiresAt", math.inf) <= now.timestamp())
