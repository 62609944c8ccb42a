"""The limits of requests and writes per user, as token buckets: all of a minute's tokens may be used at once.

A bucket is one number, the moment at which it is full again: each token taken moves it on by the time that one takes to
come back. That is the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371, annex A). So two
minutes' worth never pass in a second, as they may at the turn of a counted minute.

*Requests* have a bucket in the memory of each instance: counting them costs no call.

*Writes* have one item per user, shared by every instance of every function. A save of a config moves it in its own
transaction: this needs no further request and counts only what is written. Concurrent transactions on the same item
conflict, though, as a user's parallel saves may on their bucket, so after a conflict the save is counted separately
first. A write that takes several requests anyway is counted by a separate one before them. Each instance remembers how
far it saw a user's bucket moved. Because the moment only grows, who had no write left then has none now, and is refused
without a call. A request for a change that writes nothing is counted too, in batches.

A user who was erased may write nothing until their tokens have expired. Their bucket is full again so late that both
forms of the update fail, and `erased` says until when, in epoch seconds. No write pays for that.
"""

import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from dashboard_store.errors import Forbidden, RateLimited, StorageUnavailable, StoreError
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Condition, Item, Write, update
from dashboard_store.repository.items import ConditionFailed, Contended, Items
from dashboard_store.settings import Settings

UNWRITTEN_BATCH: Final = 10
"""How many requests within a minute that wrote nothing an instance counts in one call: counting each separately would
cost every conflict a round trip."""

MOST_USERS: Final = 10_000
"""How many users an instance remembers: about 2 MB. For one that it forgot it starts with a full bucket."""

ERASED: Final = "erased"
"""The mark on the bucket of a user who was erased."""

_MINUTE: Final = 60_000


class TokenBuckets:
    """A bucket of `limit` tokens for each user, of which one comes back every `interval` milliseconds.

    Moments are in epoch milliseconds. `what` names the tokens in a refusal.
    """

    def __init__(self, what: str, limit: int) -> None:
        self._what = what
        self._limit = limit
        self.interval = math.ceil(_MINUTE / limit)
        self._full_at: dict[str, int] = {}

    def full_at(self, user: str, now: int) -> int:
        """Return when the bucket is full again, which is `now` if it is."""
        return max(self._full_at.get(user, now), now)

    def latest(self, now: int) -> int:
        """Return until when a bucket may be full again at the latest for it to hold a token now."""
        return now + (self._limit - 1) * self.interval

    def require(self, user: str, now: int) -> None:
        """Raise RateLimited if the user has no token left."""
        wait = self.full_at(user, now) - self.latest(now)
        if wait > 0:
            raise RateLimited(self._what, self._limit, math.ceil(wait / 1_000))

    def take(self, user: str, now: int, count: int = 1) -> None:
        """Take tokens, if need be in advance: nothing is checked."""
        self.learn(user, self.full_at(user, now) + count * self.interval, now)

    def learn(self, user: str, full_at: int, now: int) -> None:
        """Remember when a bucket is full again.

        Of those used least recently, forget which are full, and which are too many.
        """
        self._full_at.pop(user, None)
        self._full_at[user] = full_at
        # Two for each that is added, so that what was forgotten too late is made up for.
        for oldest in list(islice(self._full_at, 2)):
            if self.full_at(oldest, now) == now or len(self._full_at) > MOST_USERS:
                self._full_at.pop(oldest, None)


class LinkLimit:
    """The limit of requests for each public link, of all clients together."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._now = now
        self._requests = TokenBuckets("requests", settings.link_requests_per_minute)

    def count(self, token: str) -> None:
        """Count a request for the link with a token. Raises RateLimited."""
        link, now = keys.fingerprint(token), int(self._now().timestamp() * 1_000)
        self._requests.require(link, now)
        self._requests.take(link, now)


class RateLimit:
    def __init__(self, items: Items, settings: Settings, now: Callable[[], datetime]) -> None:
        self._items = items
        self._now = now
        self._requests = TokenBuckets("requests", settings.requests_per_minute)
        self._writes = TokenBuckets("writes", settings.writes_per_minute)
        self._unwritten: Counter[str] = Counter()
        self._unwritten_until = 0
        self._counted = 0
        self._log_key = settings.log_key

    def request[T](self, user: str, answer: Callable[[], T], *, is_change: bool) -> T:
        """Answer a request, unless the user has made too many. Raises RateLimited, or like `answer`.

        A request for a change that `answer` does not count as a write, because it writes nothing, is counted after it.
        """
        now = self._moment()
        self._requests.require(user, now)
        self._requests.take(user, now)
        if not is_change:
            return answer()
        self._writes.require(user, now)
        before = self._counted
        try:
            result = answer()
        except StorageUnavailable:
            # Not the user's doing, and the call that counts would most likely fail too.
            raise
        except StoreError:
            self._count_unwritten(user, before)
            raise
        self._count_unwritten(user, before)
        return result

    def count(self, user: str, by: int = 1) -> None:
        """Count writes before they are made.

        Raises RateLimited, Forbidden for a user who was erased, or StorageUnavailable if they cannot be counted.

        One write must be left; what `by` exceeds it is taken from the writes to come.
        """
        self._count(user, self._items.write_alone, by)

    def blocked(self, user: str, until: int) -> Write:
        """Return the write that keeps a user from writing until a time in epoch seconds, unless it has a later end."""
        end = until * 1_000
        # At the end the bucket holds one write.
        marks = {ERASED: until, "fullAt": self._writes.latest(end), "expiresAt": until}
        is_later = Condition(f"attribute_not_exists(#{ERASED}) OR #{ERASED} < :until", {"until": until})
        return update(keys.rate(self._log_key, user), marks, is_later)

    def transact(self, items: Items, user: str, *writes: Write) -> None:
        """Do all of the writes or none, counted as one write. Raises like `count`, or like `Items.transact`.

        `items` is where they are done: a guest's are guarded.
        """
        try:
            self._count(user, lambda counter: items.transact(*writes, counter, attempts=1))
        except Contended:
            items.back_off()
            self.count(user)
            items.transact(*writes)

    def _count(self, user: str, write: Callable[[Write], None], by: int = 1) -> None:
        """Make a write that moves the user's bucket. Raises RateLimited, Forbidden, or like `write`."""
        now = self._moment()
        self._writes.require(user, now)
        try:
            write(self._counter(user, now, by))
        except ConditionFailed as exc:
            *found, bucket = exc.found
            if bucket is not None:
                _require_unerased(bucket, now)
                self._writes.learn(user, bucket.get("fullAt", now), now)
                self._writes.require(user, now)
            if bucket is None or any(each is not None for each in found):
                raise ConditionFailed(found) from exc
            # Another instance counted since this one did, so the bucket takes the other form of the update.
            self._count(user, write, by)
        else:
            self._writes.take(user, now, by)
            self._counted += 1

    def _counter(self, user: str, now: int, by: int) -> Write:
        """Return the update that moves the bucket in its own form: a full one starts from now, any other adds up."""
        taken = by * self._writes.interval
        # By then the bucket is full, which it also is without the item.
        expiry = {"expiresAt": math.ceil((self._writes.latest(now) + taken) / 1_000)}
        if self._writes.full_at(user, now) == now:
            is_full = Condition("attribute_not_exists(#fullAt) OR #fullAt <= :now", {"now": now})
            return update(keys.rate(self._log_key, user), {"fullAt": now + taken, **expiry}, is_full)
        holds_one = Condition("#fullAt > :now AND #fullAt <= :latest", {"now": now, "latest": self._writes.latest(now)})
        return update(keys.rate(self._log_key, user), expiry, holds_one, add={"fullAt": taken})

    def _count_unwritten(self, user: str, before: int) -> None:
        """Count a request that counted nothing since `before`, so that repeating it endlessly hits the limit."""
        if self._counted != before:
            return
        now = self._moment()
        if now >= self._unwritten_until:
            self._unwritten, self._unwritten_until = Counter(), now + _MINUTE
        self._unwritten[user] += 1
        if self._unwritten[user] >= UNWRITTEN_BATCH:
            self.count(user, self._unwritten[user])
            del self._unwritten[user]

    def _moment(self) -> int:
        return int(self._now().timestamp() * 1_000)


def _require_unerased(bucket: Item, now: int) -> None:
    """Raise Forbidden if a bucket is that of a user who was erased: nothing of it is remembered."""
    until = bucket.get(ERASED, 0)
    if until * 1_000 > now:
        end = f"{datetime.fromtimestamp(until, UTC):%Y-%m-%dT%H:%M:%SZ}"
        raise Forbidden(f"Everything that this user had stored was erased. Nothing is saved for them until {end}.")
