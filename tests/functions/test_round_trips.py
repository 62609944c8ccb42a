"""How many requests to the database each call makes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client
from support.storage.clients import Request, Tapped

CONFIG = "/api/projects/p/config"
BASE = {"chartCustomizations": {"a": {"n": 1}, "b": {"n": 1}}}
NEWER = {"chartCustomizations": {"a": {"n": 2}, "b": {"n": 1}}}
PATCH = [{"op": "add", "path": "/chartCustomizations/b/n", "value": 3}]
JSON_PATCH = "application/json-patch+json"
MINE = {"chartCustomizations": {"a": {"n": 1}, "b": {"n": 3}}}

type Calls = list[tuple[str, Request]]


@pytest.fixture
def calls(client: Client, database: Tapped) -> Iterator[Calls]:
    """The database's operations, recorded once a project has two versions of its config."""
    client.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": BASE}})
    client.put(CONFIG, NEWER, if_match='"1"')
    with database.recorded() as calls:
        yield calls


REQUESTS: dict[str, tuple[Callable[[Client], Any], list[str]]] = {
    "a load": (lambda client: client.get(CONFIG), ["GetItem"]),
    "a 304": (lambda client: client.get(CONFIG, if_none_match='"2"'), ["GetItem"]),
    "a save": (lambda client: client.put(CONFIG, MINE, if_match='"2"'), ["TransactWriteItems"]),
    "a first save of a draft": (
        lambda client: client.put(f"{CONFIG}?sessionId=s", MINE, if_none_match="*"),
        # The query counts the drafts.
        ["Query", "TransactWriteItems"],
    ),
    "an unchanged save": (
        lambda client: client.put(CONFIG, NEWER, if_match='"1"'),
        ["TransactWriteItems"],
    ),
    "a conflict": (lambda client: client.put(CONFIG, MINE, if_none_match="*"), ["TransactWriteItems"]),
    "a conflict with its places": (
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
    "a JSON Patch": (
        lambda client: client.patch(CONFIG, PATCH, content_type=JSON_PATCH, if_match='"2"'),
        ["GetItem", "TransactWriteItems"],
    ),
    "a JSON Patch that is merged": (
        lambda client: client.patch(f"{CONFIG}?onConflict=merge", PATCH, content_type=JSON_PATCH, if_match='"1"'),
        ["GetItem", "GetItem", "TransactWriteItems"],
    ),
    "a save with a key": (
        lambda client: client.put(CONFIG, MINE, if_match='"2"', idempotency_key="a-new-key"),
        ["TransactWriteItems"],
    ),
    "a merge with a key": (
        lambda client: client.put(f"{CONFIG}?onConflict=merge", MINE, if_match='"1"', idempotency_key="a-new-key"),
        ["TransactWriteItems", "Query", "GetItem", "TransactWriteItems"],
    ),
    "a save of any version": (
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
    """A load, a save and a conflict are one request each, count included; a call that reads first makes one more."""
    send, expected = REQUESTS[request_name]
    send(client)
    assert [operation for operation, _ in calls] == expected


def test_a_save_after_a_long_rest_makes_one_more(client: Client, calls: Calls, clock: Clock) -> None:
    """Only the first save after a rest makes a second request, which keeps the replaced version in history."""
    clock.advance(days=8)
    client.put(CONFIG, MINE, if_match='"2"')
    client.put(CONFIG, BASE, if_match='"3"')
    assert [operation for operation, _ in calls] == ["TransactWriteItems"] * 3
