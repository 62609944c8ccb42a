"""How often a user writes: one counter for each minute, which every instance of every function shares.

The counter has an item of its own and is never part of a save's transaction: two transactions that share an item refuse
each other, so a counter in each would let one user's parallel saves fail that have nothing else in common.
"""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from dashboard_store.errors import RateLimited
from dashboard_store.repository.keys import rate_window
from dashboard_store.repository.table import Condition, ConditionFailed, Table, update
from dashboard_store.settings import Settings

WINDOW: Final = timedelta(minutes=1)


class Writes:
    def __init__(self, table: Table, settings: Settings, now: Callable[[], datetime]) -> None:
        self._table = table
        self._limit = settings.writes_per_minute
        self._now = now

    def count(self, user: str) -> None:
        """Count a write before it is made. Raises RateLimited, or StorageUnavailable where it cannot be counted."""
        moment = self._now()
        window = moment.replace(second=0, microsecond=0)
        following = window + WINDOW
        below = Condition("attribute_not_exists(#count) OR #count < :limit", {"limit": self._limit})
        expiry = {"expiresAt": int(following.timestamp())}
        try:
            self._table.alone(update(rate_window(user, window), expiry, below, count="count"))
        except ConditionFailed as exc:
            raise RateLimited(self._limit, math.ceil((following - moment).total_seconds())) from exc
