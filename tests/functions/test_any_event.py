"""Arbitrary API Gateway events, valid or not: none makes a handler fail, and every refusal says why."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import live
import pytest
from conftest import BUCKET, TABLE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.handlers.appconfig import AppConfig
from support.handlers.http_api import CONTEXT, Client, event, find_route, handler_module, send
from support.handlers.live import ORIGIN, Gateway, socket_event
from support.handlers.sharing import Person
from support.project.template import Route, routes

from dashboard_store.settings import Settings

ROUTES = [route for route in routes() if route.path != "$default"]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "")
NAMES = (
    "p",
    "sales-2026",
    "0" * 32,
    "1",
    "0",
    "-1",
    "99999999999999999999",
    "..",
    ".",
    "%2e%2e",
    "%2F",
    "PROJECT#p",
    "<b>",
)
HEADERS = (
    "if-match",
    "if-none-match",
    "content-type",
    "content-encoding",
    "accept-encoding",
    "accept",
    "authorization",
    "x-request-id",
    "transfer-encoding",
)
VALUES = (
    *('"1"', '"0"', "*", 'W/"1"', '"1", "2"', '"', '"1.2.3"', "1", "", ","),
    *(
        "application/json",
        "application/gzip",
        "application/merge-patch+json",
        "text/csv",
        "application/json; charset=x",
    ),
    *("\ud800", "\xff", "a\r\nb", "\0", "x" * 20_000),
    *("gzip", "gzip;q=0", "identity", "*;q=x", "br", "gzip, gzip"),
)
PARAMETERS = ("limit", "cursor", "include", "sessionId", "source", "message", "onConflict", "format")
BODIES: tuple[bytes, ...] = (
    b'{"chartCustomizations":{}}',
    b'{"id":"p","name":"P"}',
    b'{"fileName":"t","rawData":[{"a":1}]}',
    b'{"fileName":"t","contentType":"text/csv","bytes":1}',
    b'{"analysis":{}}',
    b"{}",
)

# Lambda's JSON may contain surrogates where a path or a header is not valid UTF-8.
anything = st.text(st.characters(codec=None), max_size=30)
rarely = st.integers(1, 8).map(lambda number: number == 8)
names = st.just("p") | st.sampled_from(NAMES) | anything
values = st.sampled_from(VALUES) | anything
bodies = st.one_of(
    st.none(),
    st.tuples(st.sampled_from(BODIES).map(bytes.decode) | anything, st.just(value=False)),
    st.tuples(st.binary(max_size=60).map(base64.b64encode).map(bytes.decode), st.just(value=True)),
    st.tuples(anything, st.just(value=True)),
)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Generate an event for any route, or for none, with arbitrary values wherever a client chooses them."""
    route: Route = draw(st.sampled_from(ROUTES))
    parts = [draw(names) if part.startswith("{") else part for part in route.path.split("/")]
    path, method = "/".join(parts), route.method
    if draw(rarely):
        path, method = draw(st.just(path) | anything), draw(st.sampled_from(METHODS))
    made = event(method, "/api/projects")
    made["rawPath"] = made["requestContext"]["http"]["path"] = path
    made["routeKey"] = made["requestContext"]["routeKey"] = find_route(method, path).key
    made["headers"] |= draw(st.dictionaries(st.sampled_from(HEADERS), values, max_size=4))
    made["queryStringParameters"] = draw(st.dictionaries(st.sampled_from(PARAMETERS) | anything, values, max_size=3))
    body = draw(bodies)
    if body:
        made["body"], made["isBase64Encoded"] = body
    claims = {"sub": draw(names), "exp": draw(names)} if draw(rarely) else {"sub": "user-1", "exp": "1795392000"}
    made["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}
    return made


@pytest.fixture
def service(client: Client, connect: Callable[[Settings], None]) -> Client:
    """A client of the handlers, flags included, where `user-1` has the project `p` and never meets a rate limit."""
    settings = Settings(TABLE, BUCKET, allowed_origins=(ORIGIN,), max_connections=10**6)
    connect(replace(settings, writes_per_minute=10**6, requests_per_minute=10**6))
    handler_module("GetConfigFunction").app.flags = AppConfig({"databaseLoad": {"default": True}}).flags()
    Client("user-1").post("/api/projects", {"id": "p", "name": "P"})
    return client


# The examples share the test's table: what one event leaves there only lets the next ones reach further.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=settings().max_examples * 5)
@given(made=events())
def test_no_event_makes_a_handler_fail(service: Client, made: dict[str, Any]) -> None:
    """Any path, method, headers, query, body and claims give a status below 500, and refusals are problem documents."""
    reply = send(made)
    assert reply.status < 500, made
    assert service.get("/api/health").status == 200
    if reply.status >= 400:
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json["status"] == reply.status
    for name, value in reply.headers.items():
        assert value.isprintable(), name


@st.composite
def socket_events(draw: st.DrawFn) -> dict[str, Any]:
    """Generate an event of a connection, with arbitrary values wherever a client chooses them."""
    route = draw(st.sampled_from(["$connect", "$disconnect", "follow"]))
    more: dict[str, Any] = {}
    if draw(st.booleans()):
        more["headers"] = draw(st.dictionaries(st.sampled_from(["Origin", "Host", "origin"]), values, max_size=3))
        more["queryStringParameters"] = draw(st.none() | st.dictionaries(st.just("ticket") | anything, values))
    projects = st.lists(names | st.sampled_from(["dXNlci0x~p", "~", "dXNlci0x~"]) | st.none() | st.integers())
    document = st.builds(lambda named: json.dumps({"action": "follow", "projects": named}), projects)
    more["body"] = draw(document | st.sampled_from(BODIES).map(bytes.decode) | anything | st.none())
    # The second one is open.
    return socket_event(route, draw(st.sampled_from(["none=", "connection1="])), **more)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=settings().max_examples * 5)
@given(made=socket_events())
def test_no_event_of_a_connection_makes_its_handler_fail(service: Client, made: dict[str, Any]) -> None:
    """Any message, header and query of a connection is answered below 500, and a refusal is a problem document."""
    Gateway().connect(Person(service.user, {"exp": "4000000000"}))
    answer = live.handler(json.loads(json.dumps(made)), CONTEXT)
    assert answer["statusCode"] < 500, made
    if answer["statusCode"] >= 400:
        assert json.loads(answer["body"])["status"] == answer["statusCode"]


@pytest.mark.parametrize("missing", ["headers", "queryStringParameters", "pathParameters", "body"])
def test_members_that_api_gateway_omits_are_empty(client: Client, missing: str) -> None:
    """An event that lacks a member the request does not need, or has null there, is answered like any other."""
    made = event("GET", "/api/projects", user=client.user)
    without = {name: value for name, value in made.items() if name != missing}
    for each in (without, {**made, missing: None}):
        reply = send(json.loads(json.dumps(each)))
        assert reply.status == 200, reply.body
