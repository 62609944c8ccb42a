"""Writes are counted for each user and minute, reads never; that instances share the count is in tests/contract."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from conftest import TABLE, Clock
from support.handlers.http_api import Client, Reply
from support.storage.clients import Tapped

from dashboard_store.settings import Settings

CONFIG = "/api/projects/p/config"
DATA = "/api/projects/p/data"
CHARTS: dict[str, Any] = {"chartCustomizations": {"c": {}}}
LIMIT = 120


def create(client: Client) -> Reply:
    return client.post("/api/projects", {"name": "P"})


def test_the_121st_write_within_a_minute_is_refused(client: Client) -> None:
    """120 writes go through, the next is 429."""
    assert Counter(create(client).status for _ in range(LIMIT)) == {201: LIMIT}
    assert create(client).status == 429


@pytest.mark.parametrize(("second", "wait"), [(0, "60"), (0.001, "60"), (17, "43"), (59, "1"), (59.999, "1")])
def test_a_write_that_is_refused_may_come_with_the_next_minute(
    client: Client,
    connect: Callable[[Settings], None],
    settings: Settings,
    clock: Clock,
    *,
    second: float,
    wait: str,
) -> None:
    """A write over the limit is 429 with the seconds to the next minute, when it goes through."""
    connect(replace(settings, writes_per_minute=2))
    clock.moment = clock.moment.replace(second=0, microsecond=0)
    clock.advance(seconds=second)
    assert [create(client).status for _ in range(2)] == [201, 201]
    for _ in range(2):
        refused = create(client)
        assert (refused.status, refused.code, refused.headers["retry-after"]) == (429, "rate-limited", wait)
        assert refused.headers["cache-control"] == "no-store"
    clock.advance(seconds=int(wait))
    assert create(client).status == 201


@pytest.fixture
def limited(client: Client, connect: Callable[[Settings], None], settings: Settings, clock: Clock) -> Client:
    """A user who has the project `p` with a config and a table, and has used up the three writes of this minute."""
    body = {"id": "p", "name": "P", "settings": {"dashboardConfig": CHARTS}}
    assert client.post("/api/projects", body).status == 201
    assert client.post(DATA, {"fileName": "t", "rawData": [{"a": 1}]}).status == 201
    clock.advance(minutes=1)
    connect(replace(settings, writes_per_minute=3))
    assert [create(client).status for _ in range(4)] == [201, 201, 201, 429]
    return client


READS = ("/api/projects", "/api/projects/p", CONFIG, f"{CONFIG}/versions", f"{CONFIG}/versions/1", DATA, "/api/limits")


def test_reading_goes_on(limited: Client) -> None:
    """Who may not write any more may read as often as he likes."""
    for path in READS * 5:
        assert limited.get(path).status == 200


def test_reading_is_not_counted(client: Client, connect: Callable[[Settings], None], settings: Settings) -> None:
    """However much was read, all writes of the minute are left."""
    connect(replace(settings, writes_per_minute=1))
    for path in READS * 5:
        client.get(path)
    assert [create(client).status for _ in range(2)] == [201, 429]


def test_a_write_that_is_refused_changes_nothing(limited: Client, moto_client: Tapped) -> None:
    """What is over the limit reaches nothing but the counter, which stays at the limit and expires with its minute."""
    before = moto_client.call("Scan", {"TableName": TABLE})["Items"]
    refused = limited.put(CONFIG, {"chartCustomizations": {}}, if_match='"1"')
    assert refused.code == "rate-limited"
    assert moto_client.call("Scan", {"TableName": TABLE})["Items"] == before
    (counter,) = [item for item in before if item["sk"]["S"].startswith("RATE#") and item["count"]["N"] == "3"]
    minute = counter["sk"]["S"].removeprefix("RATE#")
    assert int(counter["expiresAt"]["N"]) == datetime.fromisoformat(minute).timestamp() + 60


def test_users_are_counted_apart(limited: Client) -> None:
    """One user's zeal is not another's limit."""
    assert create(Client(f"not-{limited.user}")).status == 201


# What changes something, or takes several requests to find out that it does not.
COUNTED: dict[str, Callable[[Client], Reply]] = {
    "a patch": lambda client: client.patch(CONFIG, {"theme": {"n": random.random()}}),  # noqa: S311 - another each time
    "a save of whatever is newest": lambda client: client.put(
        CONFIG,
        {"chartCustomizations": {}, "theme": {"n": random.random()}},  # noqa: S311
        if_match="*",
    ),
    "an id that is taken": lambda client: client.post("/api/projects", {"id": "p", "name": "P"}),
    "a completion of nothing": lambda client: client.post(f"{DATA}/uploads/{1:032x}/complete", {}),
}
# What the database refuses in the one request that a save takes.
UNWRITTEN: dict[str, Callable[[Client], Reply]] = {
    "an unchanged save": lambda client: client.put(CONFIG, CHARTS, if_match='"1"'),
    "a stale save": lambda client: client.put(CONFIG, {"chartCustomizations": {}}, if_match='"9"'),
    "a merge that is a conflict": lambda client: client.put(
        f"{CONFIG}?onConflict=merge", {"chartCustomizations": {}}, if_match='"9"'
    ),
    "a save of nothing that exists": lambda client: client.put("/api/projects/q/config", CHARTS, if_none_match="*"),
}
# What is refused for its own sake, before the database would be asked to change anything, or was only looked at.
UNCOUNTED: dict[str, Callable[[Client], Reply]] = {
    "malformed": lambda client: client.put(CONFIG, b"{", if_match='"1"'),
    "invalid": lambda client: client.put(CONFIG, {"charts": {}}, if_match='"1"'),
    "too large": lambda client: client.put(CONFIG, {"chartCustomizations": {"c": "x" * 300_000}}, if_match='"1"'),
    "another type": lambda client: client.put(CONFIG, b"a: b", if_match='"1"', content_type="application/yaml"),
    "no version named": lambda client: client.put(CONFIG, CHARTS),
    "a stale patch": lambda client: client.patch(CONFIG, {"theme": "x"}, if_match='"9"'),
    "no such method": lambda client: client.post(CONFIG, CHARTS),
}


@pytest.mark.parametrize("name", COUNTED)
def test_what_asks_for_a_change_is_counted(limited: Client, clock: Clock, name: str) -> None:
    """Each change counts, and each request that the database had to be asked for what comes of it."""
    clock.advance(minutes=1)
    for _ in range(3):
        assert COUNTED[name](limited).status != 429
    assert COUNTED[name](limited).code == "rate-limited"


@pytest.mark.parametrize("name", UNWRITTEN)
def test_unwritten_saves_are_counted_by_tens(
    client: Client, connect: Callable[[Settings], None], settings: Settings, clock: Clock, name: str
) -> None:
    """Whoever repeats a save that comes to nothing meets the limit within ten saves of it, and no other minute's."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": CHARTS}})
    connect(replace(settings, writes_per_minute=15))
    for _ in range(2):
        clock.advance(minutes=1)
        statuses = [UNWRITTEN[name](client).status for _ in range(25)]
        assert 429 not in statuses[:20]
        assert statuses[20:] == [429] * 5
    clock.advance(minutes=1)
    for _ in range(9):
        UNWRITTEN[name](client)
    clock.advance(minutes=1)
    assert [UNWRITTEN[name](client).status for _ in range(9)] == [statuses[0]] * 9
    assert [create(client).status for _ in range(16)] == [201] * 15 + [429]


@pytest.mark.parametrize("name", UNCOUNTED)
def test_what_is_refused_before_is_not_counted(limited: Client, name: str) -> None:
    """Who sent something wrong learns what is wrong with it, even when he may not write any more."""
    assert UNCOUNTED[name](limited).status in {400, 405, 412, 413, 415, 422, 428}


def test_a_save_at_the_limit_is_refused_before_it_is_a_conflict(limited: Client) -> None:
    """At the limit a save that would also be a conflict or change nothing is 429, so that repeating it does not pay."""
    assert [request(limited).status for request in UNWRITTEN.values()] == [429] * len(UNWRITTEN)
