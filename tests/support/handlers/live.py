"""WebSocket connections as API Gateway has them: its events go to the function, and what is sent to them is kept."""

import json
import math
from typing import Any
from urllib.parse import parse_qs, urlsplit

import announce
import live
from botocore.exceptions import ClientError
from conftest import Clock
from support.handlers.http_api import CONTEXT, Client, Reply
from support.project.template import functions
from support.storage.clients import Tapped
from support.storage.stream import Stream

from dashboard_store.errors import StorageUnavailable
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository.announcements import Announcements
from dashboard_store.repository.sockets import Sockets
from dashboard_store.store import Store
from local.filters import any_of

ORIGIN = "https://dashboards.example.com"


def socket_event(route: str, connection_id: str, **more: Any) -> dict[str, Any]:
    """Build the event of a WebSocket API, in the form that AWS documents."""
    kinds = {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}
    context = {
        "routeKey": route,
        "eventType": kinds.get(route, "MESSAGE"),
        "extendedRequestId": "abc=",
        "requestTime": "30/Nov/2026:12:00:00 +0000",
        "messageDirection": "IN",
        "stage": "live",
        "connectedAt": 1_796_040_000_000,
        "requestTimeEpoch": 1_796_040_000_000,
        "requestId": "socket-request",
        "domainName": "k3v9x2m7qb.execute-api.eu-central-1.amazonaws.com",
        "connectionId": connection_id,
        "apiId": "k3v9x2m7qb",
    }
    return {"requestContext": context, "isBase64Encoded": False, **more}


class Page:
    """One connection; `heard` keeps what was sent to it, in order."""

    def __init__(self, gateway: "Gateway", connection_id: str) -> None:
        self._gateway = gateway
        self.connection_id = connection_id
        self.heard: list[dict[str, Any]] = []

    @property
    def is_open(self) -> bool:
        return self.connection_id in self._gateway.pages

    def follow(self, *projects: Any) -> dict[str, Any]:
        """Follow projects, and return the answer."""
        return self.send(json.dumps({"action": "follow", "projects": list(projects)}))

    def send(self, text: str) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(
            live.handler(socket_event("follow", self.connection_id, body=text), CONTEXT)["body"]
        )
        return answer

    def take(self) -> list[dict[str, Any]]:
        """Return what was heard since the last time."""
        taken, self.heard = self.heard, []
        return taken

    def vanish(self) -> None:
        """End without a word, as when a cable is pulled: API Gateway sends no event."""
        self._gateway.pages.pop(self.connection_id)

    def close(self) -> None:
        self.vanish()
        live.handler(socket_event("$disconnect", self.connection_id), CONTEXT)


class Gateway:
    """API Gateway's WebSocket API: the client of `Sockets`, and what lets pages connect.

    `failing` are connections that cannot be sent to for now.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.failing: set[str] = set()
        self._count = 0

    def connect(self, person: Client) -> Page:
        """Open a connection for a user."""
        reply = person.post("/api/live", None)
        assert reply.status == 201, reply.json
        status, page = self.handshake(reply)
        assert status == 200
        return page

    def handshake(self, issued: Reply | str, origin: str | None = ORIGIN) -> tuple[int, Page]:
        """Try to open a connection with what `POST /api/live` returned, or another address."""
        url = issued if isinstance(issued, str) else issued.json["url"]
        self._count += 1
        connection_id = f"connection{self._count}="
        query = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
        headers = {"Host": "k3v9x2m7qb", **({"Origin": origin} if origin else {})}
        made = socket_event("$connect", connection_id, headers=headers, queryStringParameters=query or None)
        status = live.handler(made, CONTEXT)["statusCode"]
        page = Page(self, connection_id)
        if status == 200:
            self.pages[connection_id] = page
        return status, page

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - boto3's names
        self._require(ConnectionId, "PostToConnection")
        self.pages[ConnectionId].heard.append(json.loads(Data))

    def delete_connection(self, *, ConnectionId: str) -> None:  # noqa: N803 - the same
        self._require(ConnectionId, "DeleteConnection")
        self.pages[ConnectionId].close()

    def _require(self, connection_id: str, operation: str) -> None:
        if connection_id in self.failing:
            raise ClientError({"Error": {"Code": "LimitExceededException", "Message": ""}}, operation)
        if connection_id not in self.pages:
            raise ClientError({"Error": {"Code": "GoneException", "Message": ""}}, operation)


class Announcer:
    """The function that announces: fed with a stream's records, and with its own events once they are due."""

    def __init__(self, store: Store, gateway: Gateway, stream: Stream, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        rules = functions()["AnnounceFunction"]["Events"]["Changed"]["Properties"]["FilterCriteria"]["Filters"]
        self._wants = any_of([rule["Pattern"] for rule in rules])
        self.later: list[dict[str, Any]] = []
        self.is_lost = self.is_refused = False
        self.announcements = Announcements(store.items, store.connections, Sockets(gateway), clock, lambda: self)  # type: ignore[arg-type, return-value]

    def announce(self, address: ProjectAddress, at: int) -> None:
        """Keep an event of its own, unless asynchronous invocations are lost or refused."""
        if self.is_refused:
            raise StorageUnavailable("The project cannot be announced now.")
        if not self.is_lost:
            self.later.append({"owner": address.owner, "projectId": address.project_id, "at": at})

    def take(self) -> dict[str, Any]:
        """Return the event with the records of the stream that pass the filter."""
        return {"Records": [record for record in self._stream.take()["Records"] if self._wants(record)]}

    def deliver(self) -> int:
        """Process the event of `take`, unless it is empty, and return how many records it has."""
        event = self.take()
        if event["Records"]:
            self.process(event)
        return len(event["Records"])

    def process(self, event: dict[str, Any]) -> None:
        announce.process(event, self.announcements, "key", self._sleep, lambda: self._clock().timestamp())

    def run_due(self) -> None:
        """Process the function's own events, each at its time."""
        while self.later:
            self.process(self.later.pop(0))

    def _sleep(self, seconds: float) -> None:
        # To the whole millisecond, because these are the times of announcements.
        self._clock.moment = self._clock.moment.replace(microsecond=self._clock.moment.microsecond // 1_000 * 1_000)
        self._clock.advance(milliseconds=math.ceil(seconds * 1_000))


def all_records(database: Tapped, clock: Clock) -> Stream:
    """Return a stream that leaves no record out."""
    return Stream(database, clock, unfollowed=("RATE",))
