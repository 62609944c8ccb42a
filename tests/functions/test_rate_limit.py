"""Requests are counted for each user and instance, writes for each user: tests/contract has several instances."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from conftest import TABLE, Clock
from support.handlers.http_api import Client, Reply, event, send
from support.handlers.refusals import refused_requests
from support.storage.clients import Tapped
from support.storage.faults import OUT_OF_REACH, injected, let_through

from dashboard_store.repository.rate_limit import UNWRITTEN_BATCH
from dashboard_store.settings import Settings

CONFIG = "/api/projects/p/config"
DATA = "/api/projects/p/data"
CHARTS: dict[str, Any] = {"chartCustomizations": {"c": {}}}
LIMIT = 120

type Connect = Callable[[Settings], None]


def create(client: Client) -> Reply:
    return client.post("/api/projects", {"name": "P"})


def test_the_121st_write_at_once_is_refused(client: Client) -> None:
    """120 writes at once succeed, the next is 429."""
    assert Counter(create(client).status for _ in range(LIMIT)) == {201: LIMIT}
    assert create(client).status == 429


def test_the_1201st_request_at_once_is_refused(client: Client) -> None:
    """1,200 requests at once are answered, the next is 429, whatever it asks for; another user's is not."""
    assert Counter(client.get("/api/limits").status for _ in range(1_200)) == {200: 1_200}
    refused = client.get("/api/limits")
    assert (refused.status, refused.code, refused.headers["retry-after"]) == (429, "rate-limited", "1")
    assert refused.json["detail"] == "The limit is 1200 requests per minute. Try again in 1 s."
    assert Client(f"not-{client.user}").get("/api/limits").status == 200


@pytest.mark.parametrize(("limit", "wait"), [(1, 60), (2, 30), (7, 9), (120, 1)])
def test_a_refused_write_succeeds_after_the_wait(
    client: Client,
    connect: Connect,
    settings: Settings,
    clock: Clock,
    *,
    limit: int,
    wait: int,
) -> None:
    """A write over the limit is 429 with the seconds until one comes back; then as many succeed as came back."""
    connect(replace(settings, writes_per_minute=limit))
    assert {create(client).status for _ in range(limit)} == {201}
    for _ in range(2):
        refused = create(client)
        assert (refused.status, refused.code, refused.headers["retry-after"]) == (429, "rate-limited", str(wait))
        assert refused.headers["cache-control"] == "no-store"
        assert refused.json["detail"] == f"The limit is {limit} writes per minute. Try again in {wait} s."
    clock.advance(seconds=wait)
    back = wait * limit // 60
    assert [create(client).status for _ in range(back + 1)] == [201] * back + [429]


def test_two_minutes_worth_never_pass_at_once(
    client: Client, connect: Connect, settings: Settings, clock: Clock
) -> None:
    """Neither at the turn of a minute nor after a pause do more writes succeed at once than the limit."""
    connect(replace(settings, writes_per_minute=10))
    clock.moment = clock.moment.replace(second=59, microsecond=999_000)
    statuses = [create(client).status for _ in range(10)]
    clock.advance(seconds=0.002)
    assert (set(statuses), create(client).status) == ({201}, 429)
    clock.advance(hours=3)
    assert Counter(create(client).status for _ in range(15)) == {201: 10, 429: 5}


@pytest.fixture
def limited(client: Client, connect: Connect, settings: Settings, clock: Clock) -> Client:
    """A user with the project `p`, which has a config and a table, and with all three writes of a minute used up."""
    body = {"id": "p", "name": "P", "settings": {"dashboardConfig": CHARTS}}
    assert client.post("/api/projects", body).status == 201
    assert client.post(DATA, {"fileName": "t", "rawData": [{"a": 1}]}).status == 201
    clock.advance(minutes=1)
    connect(replace(settings, writes_per_minute=3))
    assert [create(client).status for _ in range(4)] == [201, 201, 201, 429]
    return client


READS = ("/api/projects", "/api/projects/p", CONFIG, f"{CONFIG}/versions", f"{CONFIG}/versions/1", DATA, "/api/limits")


def test_reads_are_no_writes(limited: Client) -> None:
    """A user at the write limit may still read."""
    for path in READS * 5:
        assert limited.get(path).status == 200


def test_reads_use_up_no_writes(client: Client, connect: Connect, settings: Settings) -> None:
    """Reads, found or not, count as no writes."""
    connect(replace(settings, writes_per_minute=1))
    for path in READS * 5:
        client.get(path)
    assert [create(client).status for _ in range(2)] == [201, 429]


def test_a_refused_write_changes_nothing(limited: Client, database: Tapped, clock: Clock) -> None:
    """A write over the limit changes nothing; the bucket's item expires when the bucket is full again."""
    before = database.call("Scan", {"TableName": TABLE})["Items"]
    refused = limited.put(CONFIG, {"chartCustomizations": {}}, if_match='"1"')
    assert refused.code == "rate-limited"
    assert database.call("Scan", {"TableName": TABLE})["Items"] == before
    (bucket,) = [item for item in before if item["sk"]["S"] == "RATE"]
    assert int(bucket["fullAt"]["N"]) == int(clock.moment.timestamp() * 1_000) + 60_000
    assert 0 <= int(bucket["expiresAt"]["N"]) * 1_000 - int(bucket["fullAt"]["N"]) < 1_000


def test_users_are_counted_separately(limited: Client) -> None:
    """One user's writes do not count against another user."""
    assert create(Client(f"not-{limited.user}")).status == 201


def changed() -> dict[str, Any]:
    return {**CHARTS, "theme": {"n": random.random()}}  # noqa: S311 - a new value each time


# Requests that change something, or need several calls to the database to find out that they do not.
COUNTED: dict[str, Callable[[Client], Reply]] = {
    "a patch": lambda client: client.patch(CONFIG, changed()),
    "a save of any version": lambda client: client.put(CONFIG, changed(), if_match="*"),
    "a taken id": lambda client: client.post("/api/projects", {"id": "p", "name": "P"}),
    "a completion of an unknown upload": lambda client: client.post(f"{DATA}/uploads/{1:032x}/complete", {}),
}
# Requests for a change that write nothing.
UNWRITTEN: dict[str, Callable[[Client], Reply]] = {
    "an unchanged save": lambda client: client.put(CONFIG, CHARTS, if_match='"1"'),
    "an unchanged save of any version": lambda client: client.put(CONFIG, CHARTS, if_match="*"),
    "an unchanged patch": lambda client: client.patch(CONFIG, {}),
    "a stale save": lambda client: client.put(CONFIG, {"chartCustomizations": {}}, if_match='"9"'),
    "a conflicting merge": lambda client: client.put(
        f"{CONFIG}?onConflict=merge", {"chartCustomizations": {}}, if_match='"9"'
    ),
    "a stale patch": lambda client: client.patch(CONFIG, {"theme": "x"}, if_match='"9"'),
    "a save to a nonexistent project": lambda client: client.put("/api/projects/q/config", CHARTS, if_none_match="*"),
    "malformed": lambda client: client.put(CONFIG, b"{", if_match='"1"'),
    "invalid": lambda client: client.put(CONFIG, {"charts": {}}, if_match='"1"'),
    "too large": lambda client: client.put(CONFIG, {"chartCustomizations": {"c": "x" * 300_000}}, if_match='"1"'),
    "another media type": lambda client: client.put(CONFIG, b"a: b", if_match='"1"', content_type="application/yaml"),
    "no precondition": lambda client: client.put(CONFIG, CHARTS),
}


@pytest.mark.parametrize("name", COUNTED)
def test_requests_for_a_change_are_counted(limited: Client, clock: Clock, name: str) -> None:
    """Each change counts once, and so does each request whose outcome only the database can decide."""
    clock.advance(minutes=1)
    for _ in range(3):
        assert COUNTED[name](limited).status != 429
    assert COUNTED[name](limited).code == "rate-limited"


@pytest.mark.parametrize("name", UNWRITTEN)
def test_unwritten_requests_are_counted_in_tens(
    client: Client, connect: Connect, settings: Settings, clock: Clock, name: str
) -> None:
    """Repeated requests for a change that change nothing, refused ones included, meet the limit within ten of it."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": CHARTS}})
    connect(replace(settings, writes_per_minute=15))
    for _ in range(2):
        # What was taken in advance has come back, too.
        clock.advance(minutes=2)
        statuses = [UNWRITTEN[name](client).status for _ in range(25)]
        assert 429 not in statuses[:20]
        assert statuses[20:] == [429] * 5
    assert UNWRITTEN[name](client).headers["retry-after"] == str(4 * (2 * UNWRITTEN_BATCH - 15 + 1))


def test_an_unsupported_method_is_no_write(limited: Client) -> None:
    """A request that matches no route names no user, so it counts as no user's."""
    assert limited.post(CONFIG, CHARTS).status == 405


def test_a_user_at_the_limit_is_refused_before_anything_else(limited: Client, database: Tapped) -> None:
    """At the limit every request for a change is 429, also one that is invalid, without a call to the database."""
    create(limited)
    limited.put(CONFIG, changed(), if_match='"1"')
    with injected(database, let_through) as calls:
        for request in (create, *UNWRITTEN.values()):
            assert request(limited).code == "rate-limited"
    assert calls == [0]


def test_an_outage_is_not_counted(
    client: Client, connect: Connect, settings: Settings, clock: Clock, database: Tapped
) -> None:
    """Saves that fail because the database cannot be reached use up none of the user's writes."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": CHARTS}})
    clock.advance(minutes=1)
    connect(replace(settings, writes_per_minute=3))
    with injected(database, OUT_OF_REACH["unreachable"]):
        assert {client.patch(CONFIG, changed()).status for _ in range(UNWRITTEN_BATCH)} == {503}
    assert [create(client).status for _ in range(4)] == [201, 201, 201, 429]


def test_refused_requests_call_nothing(client: Client, database: Tapped) -> None:
    """A request over the limit is refused without a call to the database."""
    with injected(database, let_through) as calls:
        while client.get("/api/limits").status != 429:
            pass
        # make prove tells how little it costs.
        assert refused_requests(client, 50) > 0
    assert calls == [0]


def test_health_checks_are_not_counted(connect: Connect, settings: Settings) -> None:
    """A health check has no user, so it has no limit."""
    connect(replace(settings, requests_per_minute=1))
    assert {Client("anyone").get("/api/health").status for _ in range(5)} == {200}


def test_a_token_without_a_user_is_not_counted(client: Client, connect: Connect, settings: Settings) -> None:
    """A token that the service does not accept is 401, however often it is sent."""
    connect(replace(settings, requests_per_minute=1))
    made = event("GET", CONFIG, claims={"sub": client.user})
    assert {send(made).status for _ in range(5)} == {401}
    assert client.get("/api/limits").status == 200
