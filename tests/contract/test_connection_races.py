"""Connections that open, close and are announced to at once, on each engine whose writes are atomic between threads."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any

import pytest
from conftest import Clock
from support.storage.contents import at, config
from support.storage.engines import Engine

from dashboard_store.documents.config import Origin
from dashboard_store.errors import QuotaExceeded, Unauthorized
from dashboard_store.identifiers import Guest, ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.announcements import Announcements
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store

LIMIT = 5
SETTINGS = Settings("any", log_key="key", writes_per_minute=1_000_000, max_connections=LIMIT)


class Sent:
    """Takes the place of API Gateway's connections and of the function's own invocations: keeps what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.later: list[int] = []
        self._lock = Lock()

    def send(self, connections: list[str], text: str) -> list[str]:
        """Let every text arrive."""
        with self._lock:
            self.texts += [text] * len(connections)
        return []

    def close(self, connection: str) -> None:
        raise AssertionError(f"{connection} must not be closed.")

    def announce(self, _: ProjectAddress, at: int) -> None:
        with self._lock:
            self.later.append(at)


@pytest.fixture
def instance(atomic_engine: Engine, bucket: Bucket, clock: Clock) -> Callable[[], Store]:
    """Return what makes the store of another instance of a function."""
    return lambda: Store(SETTINGS, Items(atomic_engine, atomic_engine.table_name), bucket, clock)


def in_parallel[Result](work: list[Callable[[], Result]]) -> list[Result]:
    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(lambda each: each(), work))


def opened(store: Store, ticket: str) -> str | None:
    """Open a connection, and return its id, or None if it was refused."""
    connection = f"test-{uuid.uuid4()}"
    try:
        store.connections.open(connection, ticket)
    except (Unauthorized, QuotaExceeded):
        return None
    return connection


def ends(clock: Clock) -> int:
    return int(clock().timestamp()) + 3_600


def test_one_of_many_handshakes_spends_a_ticket(instance: Callable[[], Store], user: str, clock: Clock) -> None:
    """Of twelve handshakes at once with one ticket, one opens a connection."""
    ticket = instance().connections.issue(Guest(user), ends(clock)).text
    stores = [instance() for _ in range(12)]
    found = in_parallel([partial(opened, store, ticket) for store in stores])
    assert len([each for each in found if each]) == 1


def test_handshakes_at_once_do_not_exceed_the_limit(
    instance: Callable[[], Store], user: str, clock: Clock, atomic_engine: Engine
) -> None:
    """Of twelve handshakes at once with a ticket each, as many open as the limit allows; closing all leaves nothing."""
    store = instance()
    tickets = [store.connections.issue(Guest(user), ends(clock)).text for _ in range(12)]
    found = in_parallel([partial(opened, instance(), ticket) for ticket in tickets])
    connections = [each for each in found if each]
    assert len(connections) == LIMIT
    in_parallel([partial(instance().connections.close, each) for each in connections])
    assert atomic_engine.items(keys.partition(user), "CONNECTIONS") == []


def test_changes_at_once_are_announced_once(
    instance: Callable[[], Store], user: str, address: ProjectAddress, clock: Clock
) -> None:
    """Of eight invocations that learn of changes, one announces at once, and one of those that come later."""
    store = instance()
    connection = opened(store, store.connections.issue(Guest(user), ends(clock)).text)
    assert connection
    store.connections.follow(connection, [address.text])
    store.config_saves.save(address.config(), config(c=1), at(0), Origin())
    sent = Sent()

    def announcements() -> Announcements:
        other: Any = sent
        mine = instance()
        return Announcements(mine.items, mine.connections, other, clock, lambda: other)

    in_parallel([partial(announcements().changed, address, "by") for _ in range(8)])
    assert len(sent.texts) == 1
    (due,) = set(sent.later)
    clock.advance(seconds=1)
    in_parallel([partial(announcements().due, address, due) for _ in range(8)])
    assert len(sent.texts) == 2
