"""Whatever API Gateway could hand on, and more: no event makes a handler fail, and what is refused says why."""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.handlers.appconfig import AppConfig
from support.handlers.http_api import Client, event, handler_module, send
from support.project.template import Route, routes

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

# Surrogates are what Lambda's own JSON may bring, of an address or a header that is no UTF-8.
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
    """An event of any route, or of none, in which anything that a client decides is anything."""
    route: Route = draw(st.sampled_from(ROUTES))
    parts = [draw(names) if part.startswith("{") else part for part in route.path.split("/")]
    path, method = "/".join(parts), route.method
    if draw(rarely):
        path, method = draw(st.just(path) | anything), draw(st.sampled_from(METHODS))
    made = event(method, "/api/projects")
    made["rawPath"] = made["requestContext"]["http"]["path"] = path
    made["headers"] |= draw(st.dictionaries(st.sampled_from(HEADERS), values, max_size=4))
    made["queryStringParameters"] = draw(st.dictionaries(st.sampled_from(PARAMETERS) | anything, values, max_size=3))
    body = draw(bodies)
    if body:
        made["body"], made["isBase64Encoded"] = body
    claims = {"sub": draw(names), "exp": draw(names)} if draw(rarely) else {"sub": "user-1", "exp": "1795392000"}
    made["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}
    return made


@pytest.fixture
def service(client: Client) -> Client:
    """A user of the handlers, flags included, with the project `p`."""
    handler_module("GetConfigFunction").app.flags = AppConfig({"databaseLoad": {"default": True}}).flags()
    Client("user-1").post("/api/projects", {"id": "p", "name": "P"})
    return client


# The table is the test's own, and what one event leaves in it only leads the next ones further.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=settings().max_examples * 5)
@given(made=events())
def test_no_event_makes_a_handler_fail(service: Client, made: dict[str, Any]) -> None:
    """Of any address, method, headers, query, body and claims the answer is below 500, and a refusal is a problem."""
    reply = send(made)
    assert reply.status < 500, made
    assert service.get("/api/health").status == 200
    if reply.status >= 400:
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json["status"] == reply.status
    for name, value in reply.headers.items():
        assert value.isprintable(), name


@pytest.mark.parametrize("missing", ["headers", "queryStringParameters", "pathParameters", "body"])
def test_what_api_gateway_leaves_out_is_nothing(client: Client, missing: str) -> None:
    """An event without a part that a request did not need, or with null in its place, is answered like any other."""
    made = event("GET", "/api/projects", user=client.user)
    without = {name: value for name, value in made.items() if name != missing}
    for each in (without, {**made, missing: None}):
        reply = send(json.loads(json.dumps(each)))
        assert reply.status == 200, reply.body
