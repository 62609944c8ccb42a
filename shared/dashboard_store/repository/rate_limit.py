"""The limit of writes per user and minute: one counter per minute, shared by every instance of every function.

A save of a config increments the counter in its own transaction: this needs no further request and counts only what is
written. Concurrent transactions on the same item conflict, though, as a user's parallel saves may on their counter, so
after a conflict the save is counted separately first. A write that takes several requests anyway is counted by a
separate one before them.
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
"""How many saves that wrote nothing an instance counts in one request: counting each separately would cost every
conflict a round trip."""


class RateLimit:
    def __init__(self, items: Items, settings: Settings, now: Callable[[], datetime]) -> None:
        self._items = items
        self._limit = settings.writes_per_minute
        self._now = now
        self._window: datetime | None = None
        self._unwritten: Counter[str] = Counter()

    def count(self, user: str, by: int = 1) -> None:
        """Count a write before it is made. Raises RateLimited, or StorageUnavailable if it cannot be counted."""
        moment = self._now()
        try:
            self._items.write_alone(self._counter(user, moment, by))
        except ConditionFailed as exc:
            raise self._refusal(moment) from exc

    def transact(self, user: str, *writes: Write) -> None:
        """Do all of the writes or none, counted as one write. Raises RateLimited, or like `Items.transact`."""
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
        """Count a save that wrote nothing, so that repeating one endlessly hits the limit. Raises RateLimited.

        An instance collects UNWRITTEN_BATCH of them before it adds them to the shared counter.
        """
        window = _window(self._now())
        if window != self._window:
            self._window, self._unwritten = window, Counter()
        self._unwritten[user] += 1
        if self._unwritten[user] >= UNWRITTEN_BATCH:
            self.count(user, self._unwritten.pop(user))

    def _counter(self, user: str, moment: datetime, by: int = 1) -> Write:
        """Return the write that counts; its condition fails if the user has no writes left."""
        window = _window(moment)
        below = Condition("attribute_not_exists(#count) OR #count < :limit", {"limit": self._limit})
        expiry = {"expiresAt": retention.expires_at(window + WINDOW)}
        return update(keys.rate_window(user, window), expiry, below, add={"count": by})

    def _refusal(self, moment: datetime) -> RateLimited:
        wait = _window(moment) + WINDOW - moment
        return RateLimited(self._limit, math.ceil(wait.total_seconds()))


def _window(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
