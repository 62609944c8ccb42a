"""A token with the scope `dashkeep:read` and no other of Dashkeep's may only read."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from conftest import TABLE
from support.handlers.http_api import Client, Reply, event, send
from support.project.template import Route, routes
from support.storage.clients import Tapped

from dashboard_store.repository.rate_limit import UNWRITTEN_BATCH
from dashboard_store.settings import Settings

PROJECT = "/api/projects/p"
CONFIG = f"{PROJECT}/config"
ROUTES = [route for route in routes() if route.needs_token]
# An address of a connection changes nothing of the user's.
READING = [route for route in ROUTES if route.method == "GET" or route.path == "/api/live"]
WRITING = [route for route in ROUTES if route not in READING]


def answer(client: Client, method: str, path: str, scope: str, body: bytes = b"{}") -> Reply:
    claims = {"sub": client.user, "exp": "1795392000", "scope": scope}
    sent = {"content-type": "application/json", "if-match": "*"}
    return send(event(method, path, headers=sent, body=None if method == "GET" else body, claims=claims))


def filled(route: Route) -> str:
    return re.sub(r"\{\w+\}", "1", route.path.replace("{projectId}", "p"))


@pytest.fixture
def owner(project: Client) -> Client:
    """A user with the project `p`, which has a config."""
    assert project.put(CONFIG, {"chartCustomizations": {}}, if_none_match="*").status == 200
    return project


@pytest.mark.parametrize("route", WRITING, ids=lambda route: route.key)
def test_every_write_is_refused(owner: Client, database: Tapped, route: Route) -> None:
    """A write with such a token is 403 before its body is read, and changes nothing."""
    before = database.call("Scan", {"TableName": TABLE})["Items"]
    refused = answer(owner, route.method, filled(route), "openid dashkeep:read", b"not JSON")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert refused.json["detail"] == "A token with the scope dashkeep:read may only read."
    assert database.call("Scan", {"TableName": TABLE})["Items"] == before


@pytest.mark.parametrize("route", READING, ids=lambda route: route.key)
def test_every_read_is_answered(owner: Client, route: Route) -> None:
    """A read with such a token is answered like any other."""
    with_scope, without = (answer(owner, route.method, filled(route), scope) for scope in ("dashkeep:read", ""))
    assert with_scope.status == without.status != 403


def test_a_token_that_may_write_as_well_writes(owner: Client) -> None:
    """Any other scope of Dashkeep restores the right to write."""
    saved = answer(owner, "PUT", CONFIG, "dashkeep:read dashkeep:write", b'{"chartCustomizations": {"c": {}}}')
    assert (saved.status, saved.json["version"]) == (200, 2)


def test_a_refused_write_counts(owner: Client, connect: Callable[[Settings], None], settings: Settings) -> None:
    """Refused writes use up the user's writes of the minute, as every rejected write does."""
    connect(replace(settings, writes_per_minute=UNWRITTEN_BATCH))
    statuses = [answer(owner, "PUT", CONFIG, "dashkeep:read").status for _ in range(UNWRITTEN_BATCH + 1)]
    assert statuses == [403] * UNWRITTEN_BATCH + [429]
