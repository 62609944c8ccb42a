"""An event of a WebSocket API as a value: a handshake, a message or the end of a connection.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dashboard_store.documents.json_text import encodable, parse
from dashboard_store.errors import FieldError, Forbidden, InvalidMessage, QuotaExceeded, Unauthorized
from dashboard_store.settings import Settings

_ANY: Final = ("*", "http://*", "https://*")


def is_socket_event(event: Mapping[str, Any]) -> bool:
    """Whether an event is one of the WebSocket API, not of the HTTP API."""
    return "connectionId" in event["requestContext"]


@dataclass(frozen=True)
class SocketEvent:
    """One event of a connection, and the deployment's settings; `event` is API Gateway's event."""

    event: Mapping[str, Any]
    settings: Settings

    @property
    def id(self) -> str:
        """The event's id in the log."""
        return str(self.event["requestContext"]["requestId"])

    @property
    def route(self) -> str:
        return str(self.event["requestContext"]["routeKey"])

    @property
    def connection_id(self) -> str:
        return str(self.event["requestContext"]["connectionId"])

    def require_origin(self) -> None:
        """Raise Forbidden for a page of an origin that is not allowed; only browsers send one."""
        # Unlike an HTTP API, a WebSocket API passes the names of headers on as they were sent.
        sent = {name.lower(): value for name, value in (self.event.get("headers") or {}).items()}
        origin = sent.get("origin")
        if origin is not None and not any(_matches(origin, allowed) for allowed in self.settings.allowed_origins):
            raise Forbidden("This origin may not open connections.")

    @property
    def ticket(self) -> str:
        """The ticket of a handshake. Raises Unauthorized without one."""
        ticket = (self.event.get("queryStringParameters") or {}).get("ticket")
        if not ticket:
            raise Unauthorized("The address has no ticket. Request one with POST /api/live.")
        return str(ticket)

    @property
    def projects(self) -> list[str]:
        """The projects that a message names. Raises MalformedJson, InvalidMessage or QuotaExceeded."""
        message = parse(str(self.event.get("body") or "").encode("utf-8", "surrogatepass"))
        named = message.get("projects") if isinstance(message, dict) else None
        if not isinstance(named, list):
            error = FieldError("/projects", "This must be a list of projects.")
            raise InvalidMessage("The message does not say which projects to follow.", [error])
        errors = [
            FieldError(f"/projects/{index}", "This must be the address or the id of a project.")
            for index, name in enumerate(named)
            if not isinstance(name, str) or name != encodable(name)
        ]
        if errors:
            raise InvalidMessage("The message names what is no project.", errors)
        used, limit = len(named), self.settings.max_followed
        if used > limit:
            detail = f"The message names {used} projects; a connection follows {limit} at most."
            raise QuotaExceeded(detail, used=used, limit=limit)
        return named


def _matches(origin: str, allowed: str) -> bool:
    """Whether an allowed origin, written as for CORS in an HTTP API, stands for this one."""
    return origin == allowed or (allowed in _ANY and origin.startswith(allowed.removesuffix("*")))
