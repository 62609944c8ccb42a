"""Instances, each a separate process, share the count of a user's writes."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from conftest import TABLE, Clock
from support.storage import writer
from support.storage.clients import Tapped
from support.storage.engines import ATOMIC, Engine
from support.storage.faults import CONTENDED, OUT_OF_REACH, injected, let_through, refuses

from dashboard_store import retry
from dashboard_store.errors import RateLimited, StorageUnavailable
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import EXISTS, IS_NEW, delete, put
from dashboard_store.repository.formats import numbered
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.rate_limit import MOST_USERS, UNWRITTEN_BATCH, RateLimit, TokenBuckets
from dashboard_store.settings import Settings

SETTINGS = Settings("any")


def test_processes_share_the_count(atomic_engine: Engine, clock: Clock, user: str) -> None:
    """Of 80 concurrent writes by one user on each of two instances at one moment, 120 succeed and 40 are 429."""
    atomic_engine.claim(keys.partition(user))
    given = [atomic_engine.table_name, user, clock.moment.isoformat(), "80", str(SETTINGS.writes_per_minute)]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **atomic_engine.environment,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    command = [sys.executable, writer.__file__, *given]
    instances = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
        for _ in range(2)
    ]
    printed = [instance.communicate(timeout=60)[0] for instance in instances]
    statuses = Counter(line for output in printed for line in output.splitlines() if line.startswith("status"))
    assert statuses == {"status 201": 120, "status 429": 40}


def test_concurrent_writes_are_all_counted(engine: Engine, clock: Clock, user: str) -> None:
    """Of 200 writes by one user exactly the limit succeeds, however many are concurrent."""
    rate_limit = RateLimit(Items(engine, engine.table_name), SETTINGS, clock)
    threads = 32 if engine.name in ATOMIC else 1

    def count(_: int) -> str:
        try:
            rate_limit.count(user)
        except RateLimited:
            return "refused"
        return "counted"

    with ThreadPoolExecutor(threads) as pool:
        assert Counter(pool.map(count, range(200))) == {"counted": 120, "refused": 80}


KEY = {"pk": "a", "sk": "1"}
# The milliseconds in which a write comes back.
INTERVAL = 60_000 / SETTINGS.writes_per_minute


def used(items: Items, clock: Clock) -> float:
    """Return how many writes have not come back to the user's bucket."""
    bucket = items.get(keys.rate(SETTINGS.log_key, "user-1"))
    return (bucket["fullAt"] - int(clock.moment.timestamp() * 1_000)) / INTERVAL if bucket else 0


def test_a_write_and_its_count_are_atomic(items: Items, clock: Clock) -> None:
    """A write and its count succeed together or not at all; a refusal reports the write's conditions alone."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    rate_limit.transact(items, "user-1", put(KEY, IS_NEW))
    assert used(items, clock) == 1
    with pytest.raises(ConditionFailed) as refusal:
        rate_limit.transact(items, "user-1", put({**KEY, "seen": 1}, IS_NEW), put({"pk": "a", "sk": "2"}))
    assert refusal.value.found == (numbered(KEY), None)
    assert (used(items, clock), items.get(KEY)) == (1, numbered(KEY))


def test_writes_come_back_one_by_one(items: Items, clock: Clock) -> None:
    """A write comes back every half second, so a steady user of two writes a second is never refused."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    for _ in range(SETTINGS.writes_per_minute):
        rate_limit.count("user-1")
    for _ in range(10):
        with pytest.raises(RateLimited):
            rate_limit.count("user-1")
        clock.advance(milliseconds=INTERVAL)
        rate_limit.count("user-1")
    assert used(items, clock) == SETTINGS.writes_per_minute


@pytest.mark.parametrize("state", ["full", "in use"])
def test_an_instance_that_knows_the_bucket_counts_in_one_call(
    database: Tapped, items: Items, clock: Clock, state: str
) -> None:
    """A write is counted in its own transaction, whether the user's bucket is full or not."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    rate_limit.count("user-1")
    clock.advance(milliseconds=INTERVAL + 1 if state == "full" else 0)
    with injected(database, let_through) as calls:
        rate_limit.transact(items, "user-1", put(KEY, IS_NEW))
    assert calls == [1]


def test_an_instance_learns_what_another_counted(database: Tapped, items: Items, clock: Clock) -> None:
    """An instance that does not know that the user's bucket is in use learns it from one refusal, and counts then."""
    RateLimit(items, SETTINGS, clock).count("user-1", 7)
    rate_limit = RateLimit(items, SETTINGS, clock)
    for number, expected in enumerate([2, 1, 1]):
        with injected(database, let_through) as calls:
            rate_limit.transact(items, "user-1", put({"pk": "a", "sk": str(number)}, IS_NEW))
        assert calls == [expected]
    assert used(items, clock) == 10


def test_a_refused_write_needs_no_second_call_to_learn(database: Tapped, items: Items, clock: Clock) -> None:
    """A write whose own condition fails is refused at once, also where the bucket was not known."""
    RateLimit(items, SETTINGS, clock).transact(items, "user-1", put(KEY))
    with injected(database, let_through) as calls, pytest.raises(ConditionFailed) as refusal:
        RateLimit(items, SETTINGS, clock).transact(items, "user-1", put(KEY, IS_NEW))
    assert (calls, refusal.value.found) == ([1], (numbered(KEY),))


def test_a_user_known_to_be_over_the_limit_is_refused_without_a_call(
    database: Tapped, items: Items, clock: Clock
) -> None:
    """An instance asks once whether a user has a write left; the answer no holds until one comes back."""
    settings = Settings("any", writes_per_minute=1)
    RateLimit(items, settings, clock).count("user-1")
    rate_limit = RateLimit(items, settings, clock)
    with injected(database, let_through) as calls:
        for _ in range(5):
            with pytest.raises(RateLimited):
                rate_limit.count("user-1")
            clock.advance(seconds=11)
    assert calls == [1]
    clock.advance(seconds=5)
    rate_limit.count("user-1")


@pytest.mark.parametrize("seconds", [-1, 1])
def test_a_clock_that_is_off_does_not_matter(items: Items, clock: Clock, seconds: int) -> None:
    """Instances whose clocks differ by a second let through, in all, at most the writes of one second more or less."""
    instances = [
        RateLimit(items, SETTINGS, clock),
        RateLimit(items, SETTINGS, lambda: clock() + timedelta(seconds=seconds)),
    ]
    outcomes = Counter(outcome_of(instances[number % 2]) for number in range(200))
    assert abs(outcomes["counted"] - SETTINGS.writes_per_minute) <= 1_000 / INTERVAL


def outcome_of(rate_limit: RateLimit) -> str:
    try:
        rate_limit.count("user-1")
    except RateLimited:
        return "refused"
    return "counted"


def test_a_bucket_that_was_removed_is_full(items: Items, clock: Clock) -> None:
    """Where the bucket's item is gone, because it expired, an instance starts again."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    rate_limit.count("user-1", 5)
    items.transact(delete(keys.rate(SETTINGS.log_key, "user-1"), EXISTS))
    rate_limit.count("user-1")
    assert used(items, clock) == 1


def test_unwritten_requests_add_up_over_a_minute(items: Items, clock: Clock) -> None:
    """An instance counts the requests of a minute that wrote nothing in tens, however far apart, then starts again."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    for _ in range(UNWRITTEN_BATCH):
        assert used(items, clock) == 0
        clock.advance(seconds=5.9)
        rate_limit.request("user-1", lambda: None, is_change=True)
    assert used(items, clock) == UNWRITTEN_BATCH
    for _ in range(UNWRITTEN_BATCH - 1):
        rate_limit.request("user-1", lambda: None, is_change=True)
    clock.advance(minutes=1)
    before = used(items, clock)
    rate_limit.request("user-1", lambda: None, is_change=True)
    assert used(items, clock) == before


def test_unwritten_requests_that_cannot_be_counted_are_kept(database: Tapped, items: Items, clock: Clock) -> None:
    """While the database cannot be reached, what an instance has to count waits for the next request."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    for _ in range(UNWRITTEN_BATCH - 1):
        rate_limit.request("user-1", lambda: None, is_change=True)
    with injected(database, OUT_OF_REACH["unreachable"]), pytest.raises(StorageUnavailable):
        rate_limit.request("user-1", lambda: None, is_change=True)
    rate_limit.request("user-1", lambda: None, is_change=True)
    assert used(items, clock) == UNWRITTEN_BATCH + 1


def test_a_request_that_writes_counts_once(items: Items, clock: Clock) -> None:
    """A request that counts its own write is not counted as one that wrote nothing, too."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    for _ in range(UNWRITTEN_BATCH):
        rate_limit.request("user-1", lambda: rate_limit.count("user-1"), is_change=True)
    assert used(items, clock) == UNWRITTEN_BATCH


def test_an_instance_remembers_a_bounded_number_of_users(clock: Clock) -> None:
    """Of more users than an instance remembers it forgets the one that was idle for longest."""
    buckets, now = TokenBuckets("requests", 1), int(clock.moment.timestamp() * 1_000)
    for user in ("idle", "active", *map(str, range(MOST_USERS - 2))):
        buckets.take(user, now)
    buckets.take("active", now)
    buckets.take("new", now)
    assert [buckets.full_at(user, now) > now for user in ("idle", "active", "0", "new")] == [False, True, True, True]


def test_an_instance_forgets_full_buckets(clock: Clock) -> None:
    """An instance that serves one user after the other remembers only those whose buckets are not full."""
    buckets, now = TokenBuckets("requests", 60), int(clock.moment.timestamp() * 1_000)
    for number in range(100):
        buckets.take(str(number), now + number * 100)
    assert len(vars(buckets)["_full_at"]) <= 11


@pytest.mark.parametrize("fault", CONTENDED)
def test_a_colliding_write_is_counted_separately(database: Tapped, items: Items, clock: Clock, fault: str) -> None:
    """Two writes that collide at their user's bucket do not collide again: the count goes first, alone and once."""
    with injected(database, CONTENDED[fault], times=1) as calls:
        RateLimit(items, SETTINGS, clock).transact(items, "user-1", put(KEY, IS_NEW))
    # The transaction, the count, and the transaction without it.
    assert calls == [3]
    assert (used(items, clock), items.get(KEY)) == (1, numbered(KEY))


def test_a_colliding_write_is_refused_at_the_limit(database: Tapped, items: Items, clock: Clock) -> None:
    """A collision with another write does not bypass the limit."""
    settings = Settings(TABLE, writes_per_minute=1)
    RateLimit(items, settings, clock).count("user-1")
    with injected(database, CONTENDED["TransactionConflict"], times=1), pytest.raises(RateLimited):
        RateLimit(items, settings, clock).transact(items, "user-1", put(KEY, IS_NEW))
    assert items.get(KEY) is None


def test_a_count_that_collides_with_a_transaction_is_retried(
    database: Tapped, items: Items, clock: Clock, pauses: list[float]
) -> None:
    """DynamoDB refuses a single write that collides with a transaction; it is retried for five seconds."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    met = refuses("TransactionConflictException")
    with injected(database, met, times=2):
        rate_limit.count("user-1")
    assert used(items, clock) == 1
    pauses.clear()
    with injected(database, met) as calls, pytest.raises(StorageUnavailable):
        rate_limit.count("user-1")
    assert calls == [len(pauses) + 1]
    assert sum(pauses) <= retry.PATIENCE_SECONDS
