"""Writes are counted for each user and minute, reads never; tests/contract shows that instances share the count."""

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
    """120 writes succeed, the next is 429."""
    assert Counter(create(client).status for _ in range(LIMIT)) == {201: LIMIT}
    assert create(client).status == 429


@pytest.mark.parametrize(("second", "wait"), [(0, "60"), (0.001, "60"), (17, "43"), (59, "1"), (59.999, "1")])
def test_a_refused_write_succeeds_in_the_next_minute(
    client: Client,
    connect: Callable[[Settings], None],
    settings: Settings,
    clock: Clock,
    *,
    second: float,
    wait: str,
) -> None:
    """A write over the limit is 429 with the seconds to the next minute, in which it succeeds."""
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
    """A user with the project `p`, which has a config and a table, and with all three writes of this minute used up."""
    body = {"id": "p", "name": "P", "settings": {"dashboardConfig": CHARTS}}
    assert client.post("/api/projects", body).status == 201
    assert client.post(DATA, {"fileName": "t", "rawData": [{"a": 1}]}).status == 201
    clock.advance(minutes=1)
    connect(replace(settings, writes_per_minute=3))
    assert [create(client).status for _ in range(4)] == [201, 201, 201, 429]
    return client


READS = ("/api/projects", "/api/projects/p", CONFIG, f"{CONFIG}/versions", f"{CONFIG}/versions/1", DATA, "/api/limits")


def test_reads_are_not_limited(limited: Client) -> None:
    """A user at the write limit may read as often as they like."""
    for path in READS * 5:
        assert limited.get(path).status == 200


def test_reads_are_not_counted(client: Client, connect: Callable[[Settings], None], settings: Settings) -> None:
    """Reads use up none of the minute's writes."""
    connect(replace(settings, writes_per_minute=1))
    for path in READS * 5:
        client.get(path)
    assert [create(client).status for _ in range(2)] == [201, 429]


def test_a_refused_write_changes_nothing(limited: Client, moto_client: Tapped) -> None:
    """A write over the limit changes nothing; the counter stays at the limit and expires with its minute."""
    before = moto_client.call("Scan", {"TableName": TABLE})["Items"]
    refused = limited.put(CONFIG, {"chartCustomizations": {}}, if_match='"1"')
    assert refused.code == "rate-limited"
    assert moto_client.call("Scan", {"TableName": TABLE})["Items"] == before
    (counter,) = [item for item in before if item["sk"]["S"].startswith("RATE#") and item["count"]["N"] == "3"]
    minute = counter["sk"]["S"].removeprefix("RATE#")
    assert int(counter["expiresAt"]["N"]) == datetime.fromisoformat(minute).timestamp() + 60


def test_users_are_counted_separately(limited: Client) -> None:
    """One user's writes do not count against another user."""
    assert create(Client(f"not-{limited.user}")).status == 201


# Requests that change something, or need several calls to the database to find out that they do not.
COUNTED: dict[str, Callable[[Client], Reply]] = {
    "a patch": lambda client: client.patch(CONFIG, {"theme": {"n": random.random()}}),  # noqa: S311 - a new value each time
    "a save of any version": lambda client: client.put(
        CONFIG,
        {"chartCustomizations": {}, "theme": {"n": random.random()}},  # noqa: S311
        if_match="*",
    ),
    "a taken id": lambda client: client.post("/api/projects", {"id": "p", "name": "P"}),
    "a completion of an unknown upload": lambda client: client.post(f"{DATA}/uploads/{1:032x}/complete", {}),
}
# Saves that the database refuses in their only call to it.
UNWRITTEN: dict[str, Callable[[Client], Reply]] = {
    "an unchanged save": lambda client: client.put(CONFIG, CHARTS, if_match='"1"'),
    "a stale save": lambda client: client.put(CONFIG, {"chartCustomizations": {}}, if_match='"9"'),
    "a conflicting merge": lambda client: client.put(
        f"{CONFIG}?onConflict=merge", {"chartCustomizations": {}}, if_match='"9"'
    ),
    "a save to a nonexistent project": lambda client: client.put("/api/projects/q/config", CHARTS, if_none_match="*"),
}
# Requests that are refused before the database is asked to write.
UNCOUNTED: dict[str, Callable[[Client], Reply]] = {
    "malformed": lambda client: client.put(CONFIG, b"{", if_match='"1"'),
    "invalid": lambda client: client.put(CONFIG, {"charts": {}}, if_match='"1"'),
    "too large": lambda client: client.put(CONFIG, {"chartCustomizations": {"c": "x" * 300_000}}, if_match='"1"'),
    "another media type": lambda client: client.put(CONFIG, b"a: b", if_match='"1"', content_type="application/yaml"),
    "no precondition": lambda client: client.put(CONFIG, CHARTS),
    "a stale patch": lambda client: client.patch(CONFIG, {"theme": "x"}, if_match='"9"'),
    "an unsupported method": lambda client: client.post(CONFIG, CHARTS),
}


@pytest.mark.parametrize("name", COUNTED)
def test_requests_for_a_change_are_counted(limited: Client, clock: Clock, name: str) -> None:
    """Each change counts, and so does each request whose outcome only the database can decide."""
    clock.advance(minutes=1)
    for _ in range(3):
        assert COUNTED[name](limited).status != 429
    assert COUNTED[name](limited).code == "rate-limited"


@pytest.mark.parametrize("name", UNWRITTEN)
def test_unwritten_saves_are_counted_in_tens(
    client: Client, connect: Callable[[Settings], None], settings: Settings, clock: Clock, name: str
) -> None:
    """Repeated saves without a change meet the limit within ten saves of it, and count in no other minute."""
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
def test_invalid_requests_are_not_counted(limited: Client, name: str) -> None:
    """Invalid requests are rejected as such before they count against the rate limit."""
    assert UNCOUNTED[name](limited).status in {400, 405, 412, 413, 415, 422, 428}


def test_a_save_at_the_limit_is_refused_before_it_is_a_conflict(limited: Client) -> None:
    """At the limit a save that would conflict or change nothing is 429 too, so repeating it gains nothing."""
    assert [request(limited).status for request in UNWRITTEN.values()] == [429] * len(UNWRITTEN)
