"""Instances, each a separate process, share the count of a user's writes."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import TABLE, Clock
from support.storage import writer
from support.storage.clients import Tapped
from support.storage.engines import ATOMIC, Engine
from support.storage.faults import CONTENDED, injected, refuses

from dashboard_store import retry
from dashboard_store.errors import RateLimited, StorageUnavailable
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import IS_NEW, put
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.rate_limit import UNWRITTEN_BATCH, RateLimit
from dashboard_store.settings import Settings

SETTINGS = Settings("any")


def test_processes_share_the_count(atomic_engine: Engine, clock: Clock, user: str) -> None:
    """Of 80 concurrent writes by one user on each of two instances, 120 succeed and 40 are 429."""
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


def counted(items: Items, clock: Clock) -> int:
    window = items.get(keys.rate_window("user-1", clock.moment.replace(second=0, microsecond=0)))
    return window["count"] if window else 0


def test_a_write_and_its_count_are_atomic(items: Items, clock: Clock) -> None:
    """A write and its count succeed together or not at all; a refusal reports the write's conditions alone."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    rate_limit.transact("user-1", put(KEY, IS_NEW))
    assert counted(items, clock) == 1
    with pytest.raises(ConditionFailed) as refusal:
        rate_limit.transact("user-1", put({**KEY, "seen": 1}, IS_NEW), put({"pk": "a", "sk": "2"}))
    assert refusal.value.found == (KEY, None)
    assert (counted(items, clock), items.get(KEY)) == (1, KEY)


def test_unwritten_saves_add_up_over_a_minute(items: Items, clock: Clock) -> None:
    """An instance counts unwritten saves within a minute in tens, however far apart, and starts again after it."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    clock.moment = clock.moment.replace(second=0, microsecond=0)
    for _ in range(UNWRITTEN_BATCH):
        assert counted(items, clock) == 0
        clock.advance(seconds=1.003)
        rate_limit.count_unwritten("user-1")
    assert counted(items, clock) == UNWRITTEN_BATCH
    for _ in range(UNWRITTEN_BATCH - 1):
        rate_limit.count_unwritten("user-1")
    clock.advance(minutes=1)
    rate_limit.count_unwritten("user-1")
    assert counted(items, clock) == 0


def test_a_refusal_names_the_limit_and_the_wait(items: Items, clock: Clock) -> None:
    """A refusal names the limit and the seconds until the next write is allowed."""
    clock.moment = clock.moment.replace(second=59, microsecond=400_000)
    rate_limit = RateLimit(items, Settings("any", writes_per_minute=1), clock)
    rate_limit.count("user-1")
    with pytest.raises(RateLimited, match=r"^The limit is 1 writes per minute\. Try again in 1 s\.$"):
        rate_limit.count("user-1")


@pytest.mark.parametrize("fault", CONTENDED)
def test_a_colliding_write_is_counted_separately(moto_client: Tapped, items: Items, clock: Clock, fault: str) -> None:
    """Two writes that collide at their user's count do not collide again: the count goes first, alone and once."""
    with injected(moto_client, CONTENDED[fault], times=1) as calls:
        RateLimit(items, SETTINGS, clock).transact("user-1", put(KEY, IS_NEW))
    # The transaction, the count, and the transaction without it.
    assert calls == [3]
    assert (counted(items, clock), items.get(KEY)) == (1, KEY)


def test_a_colliding_write_is_refused_at_the_limit(moto_client: Tapped, items: Items, clock: Clock) -> None:
    """A collision with another write does not bypass the limit."""
    rate_limit = RateLimit(items, Settings(TABLE, writes_per_minute=1), clock)
    rate_limit.count("user-1")
    with injected(moto_client, CONTENDED["TransactionConflict"], times=1), pytest.raises(RateLimited):
        rate_limit.transact("user-1", put(KEY, IS_NEW))
    assert items.get(KEY) is None


def test_a_count_that_collides_with_a_transaction_is_retried(moto_client: Tapped, items: Items, clock: Clock) -> None:
    """DynamoDB refuses a single write that collides with a transaction; it is retried a bounded number of times."""
    rate_limit = RateLimit(items, SETTINGS, clock)
    met = refuses("TransactionConflictException")
    with injected(moto_client, met, times=2):
        rate_limit.count("user-1")
    assert counted(items, clock) == 1
    with injected(moto_client, met) as calls, pytest.raises(StorageUnavailable):
        rate_limit.count("user-1")
    assert calls == [retry.CONTENTION_ATTEMPTS]
