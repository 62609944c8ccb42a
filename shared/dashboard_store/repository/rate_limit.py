"""How often a user writes: one counter for each minute, which every instance of every function shares.

A save of a config brings its count along in its own transaction: no request more, and what is not written is not
counted. But transactions that share an item refuse each other, so where one is refused, as a user's parallel saves may
be by their count, the count goes ahead alone. What takes several requests anyway is counted by one more, before them.
"""

import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from dashboard_store.errors import RateLimited
from dashboard_store.repository.items import Condition, ConditionFailed, Contended, Items, update
from dashboard_store.repository.keys import rate_window
from dashboard_store.settings import Settings

WINDOW: Final = timedelta(minutes=1)

IN_VAIN: Final = 10
"""How many saves in vain an instance counts at once: a request for each would cost every conflict a round trip."""


class RateLimit:
    def __init__(self, table: Items, settings: Settings, now: Callable[[], datetime]) -> None:
        self._table = table
        self._limit = settings.writes_per_minute
        self._now = now
        self._window: datetime | None = None
        self._in_vain: Counter[str] = Counter()

    def count(self, user: str, by: int = 1) -> None:
        """Count a write before it is made. Raises RateLimited, or StorageUnavailable where it cannot be counted."""
        moment = self._now()
        try:
            self._table.alone(self._part(user, moment, by))
        except ConditionFailed as exc:
            raise self._refusal(moment) from exc

    def transact(self, user: str, *writes: dict[str, Any]) -> None:
        """Do all of the writes or none, and count them as one. Raises RateLimited, else as `Table.transact`."""
        moment = self._now()
        try:
            self._table.transact(*writes, self._part(user, moment), attempts=1)
        except Contended:
            self._table.back_off(1)
            self.count(user)
            self._table.transact(*writes)
        except ConditionFailed as exc:
            *found, counter = exc.found
            if counter is not None:
                raise self._refusal(moment) from exc
            raise ConditionFailed(found) from exc

    def count_in_vain(self, user: str) -> None:
        """Count a save that wrote nothing, so that who repeats one without end meets the limit. Raises RateLimited.

        An instance keeps up to IN_VAIN of them to itself before it tells the others.
        """
        window = _window(self._now())
        if window != self._window:
            self._window, self._in_vain = window, Counter()
        self._in_vain[user] += 1
        if self._in_vain[user] >= IN_VAIN:
            self.count(user, self._in_vain.pop(user))

    def _part(self, user: str, moment: datetime, by: int = 1) -> dict[str, Any]:
        """Make the write that counts some; its condition fails where the user may not write any more."""
        window = _window(moment)
        below = Condition("attribute_not_exists(#count) OR #count < :limit", {"limit": self._limit})
        expiry = {"expiresAt": int((window + WINDOW).timestamp())}
        return update(rate_window(user, window), expiry, below, add={"count": by})

    def _refusal(self, moment: datetime) -> RateLimited:
        wait = _window(moment) + WINDOW - moment
        return RateLimited(self._limit, math.ceil(wait.total_seconds()))


def _window(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
