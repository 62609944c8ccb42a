"""How many writes a user makes a minute: one counter for each minute, shared by every instance of every function.

A save of a config carries its count in its own transaction: no request more, and nothing is counted that is not
written. But transactions that share an item refuse each other, so where one is refused, as a user's parallel saves may
be by their counter, the count goes ahead alone. A write that takes several requests anyway is counted by one more,
before them.
"""

import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from dashboard_store.errors import RateLimited
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import Condition, Write, update
from dashboard_store.repository.items import ConditionFailed, Contended, Items
from dashboard_store.settings import Settings

WINDOW: Final = timedelta(minutes=1)

UNWRITTEN_BATCH: Final = 10
"""How many saves that wrote nothing an instance counts at once: a request for each would cost every conflict a round
trip."""


class RateLimit:
    def __init__(self, items: Items, settings: Settings, now: Callable[[], datetime]) -> None:
        self._items = items
        self._limit = settings.writes_per_minute
        self._now = now
        self._window: datetime | None = None
        self._unwritten: Counter[str] = Counter()

    def count(self, user: str, by: int = 1) -> None:
        """Count a write before it is made. Raises RateLimited, or StorageUnavailable where it cannot be counted."""
        moment = self._now()
        try:
            self._items.write_alone(self._counter(user, moment, by))
        except ConditionFailed as exc:
            raise self._refusal(moment) from exc

    def transact(self, user: str, *writes: Write) -> None:
        """Do all of the writes or none, and count them as one. Raises RateLimited, else as `Items.transact`."""
        moment = self._now()
        try:
            self._items.transact(*writes, self._counter(user, moment), attempts=1)
        except Contended:
            self._items.back_off()
            self.count(user)
            self._items.transact(*writes)
        except ConditionFailed as exc:
            *found, counter = exc.found
            if counter is not None:
                raise self._refusal(moment) from exc
            raise ConditionFailed(found) from exc

    def count_unwritten(self, user: str) -> None:
        """Count a save that wrote nothing, so that repeating one endlessly meets the limit. Raises RateLimited.

        An instance keeps up to UNWRITTEN_BATCH of them to itself before it tells the others.
        """
        window = _window(self._now())
        if window != self._window:
            self._window, self._unwritten = window, Counter()
        self._unwritten[user] += 1
        if self._unwritten[user] >= UNWRITTEN_BATCH:
            self.count(user, self._unwritten.pop(user))

    def _counter(self, user: str, moment: datetime, by: int = 1) -> Write:
        """Make the write that counts; its condition fails where the user has no writes left."""
        window = _window(moment)
        below = Condition("attribute_not_exists(#count) OR #count < :limit", {"limit": self._limit})
        expiry = {"expiresAt": retention.expires_at(window + WINDOW)}
        return update(keys.rate_window(user, window), expiry, below, add={"count": by})

    def _refusal(self, moment: datetime) -> RateLimited:
        wait = _window(moment) + WINDOW - moment
        return RateLimited(self._limit, math.ceil(wait.total_seconds()))


def _window(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
