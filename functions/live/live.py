"""Lets pages follow projects through a WebSocket connection, which `announce` tells of changes.

`POST /api/live` issues a ticket, like any request of the HTTP API. The rest are events of the WebSocket API: a
handshake with that ticket, messages that name what to follow, and the end of the connection.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dashboard_store import retry
from dashboard_store.app import App
from dashboard_store.gateway import telemetry
from dashboard_store.gateway.people import end_in
from dashboard_store.gateway.problems import problem
from dashboard_store.gateway.request import Request
from dashboard_store.gateway.response import ApiResponse, empty_response, json_response
from dashboard_store.gateway.socket_event import SocketEvent, is_socket_event
from dashboard_store.repository.keys import timestamp

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = App("rate_limit", "connections")
api = app.resolver


def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
    if not is_socket_event(event):
        return app.handler(event, context)
    with retry.limited(context.get_remaining_time_in_millis() / 1_000 - retry.SPARE_SECONDS):
        return respond(SocketEvent(event, app.store.settings))


@api.post("/api/live")
def post_live(request: Request) -> ApiResponse:
    """Return 201 with the address of a connection, for use once within a minute.

    Problems: rate-limited, quota-exceeded, forbidden, storage-unavailable.
    """
    app.store.rate_limit.count(request.user)
    ticket = app.store.connections.issue(request.guest, end_in(request.claims))
    url = f"{app.store.settings.live_url}?{urlencode({'ticket': ticket.text})}"
    return json_response(
        {"url": url, "expiresAt": timestamp(ticket.expires_at)},
        status=HTTPStatus.CREATED,
        headers={"Cache-Control": "no-store"},
    )


def respond(event: SocketEvent) -> dict[str, Any]:
    """Handle an event of a connection: its answer is sent to the page, or decides on the handshake."""
    began, units = time.perf_counter(), app.store.items.units
    try:
        response = _ROUTES[event.route](event)
    except Exception as exc:  # noqa: BLE001 - a defect is logged, and its response reveals nothing
        response = problem(exc, event.id)
        if response.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            telemetry.logger.error("defect", exc_info=exc, request_id=event.id)
    telemetry.logger.info(
        "connection",
        route=event.route,
        status=response.status,
        outcome=response.outcome,
        units=app.store.items.units - units,
        milliseconds=round((time.perf_counter() - began) * 1_000, 1),
        request_id=event.id,
    )
    return {"statusCode": int(response.status), "body": response.body.decode()}


def connect(event: SocketEvent) -> ApiResponse:
    """Open a connection. Problems, which refuse the handshake: forbidden, unauthorized, quota-exceeded."""
    event.require_origin()
    app.store.connections.open(event.connection_id, event.ticket)
    return empty_response(HTTPStatus.OK)


def disconnect(event: SocketEvent) -> ApiResponse:
    """Forget a connection that was closed. API Gateway does its best to send this event, and may not."""
    app.store.connections.close(event.connection_id)
    return empty_response(HTTPStatus.OK)


def follow(event: SocketEvent) -> ApiResponse:
    """Answer with the newest versions of the projects that are followed from now on.

    Problems: malformed-json, invalid-message, quota-exceeded, unauthorized.
    """
    followed = app.store.connections.follow(event.connection_id, event.projects)
    projects = [
        {"project": address.text, "configVersion": versions.config, "dataVersion": versions.data}
        for address, versions in followed.versions.items()
    ]
    full = {"full": [address.text for address in followed.full]} if followed.full else {}
    return json_response({"projects": projects, **full})


_ROUTES = {"$connect": connect, "$disconnect": disconnect, "follow": follow}
