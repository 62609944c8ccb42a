"""How many requests to the database each call makes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client
from support.storage.clients import Answer, Call, Request, Tapped

CONFIG = "/api/projects/p/config"
BASE = {"chartCustomizations": {"a": {"n": 1}, "b": {"n": 1}}}
NEWER = {"chartCustomizations": {"a": {"n": 2}, "b": {"n": 1}}}
MINE = {"chartCustomizations": {"a": {"n": 1}, "b": {"n": 3}}}

Calls = list[str]


@pytest.fixture
def calls(client: Client, moto_client: Tapped) -> Iterator[Calls]:
    """The operations that the database was asked for, since a project with two versions was there."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": BASE}})
    client.put(CONFIG, NEWER, if_match='"1"')
    made: Calls = []

    def record(proceed: Call, operation: str, request: Request) -> Answer:
        made.append(operation)
        return proceed(operation, request)

    with moto_client.tapped(record):
        yield made


REQUESTS: dict[str, tuple[Callable[[Client], Any], Calls]] = {
    "a load": (lambda client: client.get(CONFIG), ["GetItem"]),
    "a 304": (lambda client: client.get(CONFIG, if_none_match='"2"'), ["GetItem"]),
    "a save": (lambda client: client.put(CONFIG, MINE, if_match='"2"'), ["TransactWriteItems"]),
    "a first save of a draft": (
        lambda client: client.put(f"{CONFIG}?sessionId=s", MINE, if_none_match="*"),
        ["TransactWriteItems"],
    ),
    "an unchanged save": (
        lambda client: client.put(CONFIG, NEWER, if_match='"1"'),
        ["TransactWriteItems"],
    ),
    "a conflict": (lambda client: client.put(CONFIG, MINE, if_none_match="*"), ["TransactWriteItems"]),
    "a conflict that names its places": (
        lambda client: client.put(CONFIG, MINE, if_match='"1"'),
        ["TransactWriteItems", "GetItem"],
    ),
    "a patch": (
        lambda client: client.patch(CONFIG, {"theme": {"id": "x"}}),
        ["GetItem", "TransactWriteItems"],
    ),
    "a merge": (
        lambda client: client.put(f"{CONFIG}?onConflict=merge", MINE, if_match='"1"'),
        ["TransactWriteItems", "GetItem", "TransactWriteItems"],
    ),
    "a save of whatever is newest": (
        lambda client: client.put(CONFIG, MINE, if_match="*"),
        ["GetItem", "TransactWriteItems"],
    ),
    "a version": (lambda client: client.get(f"{CONFIG}/versions/1"), ["TransactGetItems"]),
    "a diff": (lambda client: client.get(f"{CONFIG}/versions/1/diff/2"), ["TransactGetItems"]),
    "a page of history": (lambda client: client.get(f"{CONFIG}/versions"), ["GetItem", "Query"]),
    "a page of projects": (lambda client: client.get("/api/projects"), ["Query"]),
    "a page of projects with configs": (
        lambda client: client.get("/api/projects?include=dashboardConfig"),
        ["Query", "BatchGetItem"],
    ),
    "a project's data": (lambda client: client.get("/api/projects/p/data"), ["TransactGetItems"]),
}


@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_call_makes_these_requests(client: Client, calls: Calls, request_name: str) -> None:
    """A load is one request; a save and a conflict are one, the count included; what looks first is one more."""
    send, expected = REQUESTS[request_name]
    send(client)
    assert calls == expected


def test_a_save_after_a_long_rest_makes_one_more(client: Client, calls: Calls, clock: Clock) -> None:
    """Only the first save after a rest has a second request, which keeps the version that it replaces in history."""
    clock.advance(days=8)
    client.put(CONFIG, MINE, if_match='"2"')
    client.put(CONFIG, BASE, if_match='"3"')
    assert calls == ["TransactWriteItems"] * 3
