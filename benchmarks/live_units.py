"""Count the requests and request units of each event of a live connection, on the local stack's engine."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from benchmarks.database import Meter, metered
from benchmarks.workload import SETTINGS, TABLE
from dashboard_store.documents.project import read_new_project
from dashboard_store.dynamodb.protocol import Transport
from dashboard_store.identifiers import Guest, ProjectAddress, Role, Team
from dashboard_store.repository.announcements import SHORTEST, Announcements
from dashboard_store.repository.items import Items
from dashboard_store.repository.sockets import Sockets
from dashboard_store.store import Store

if TYPE_CHECKING:
    from dashboard_store.repository.invocations import Invocations

FOLLOWERS: Final = 3
"""How many connections follow a project when it is saved, that of the person who saves included."""

ADDRESS: Final = "address"
OPENED: Final = "handshake"
FOLLOWED: Final = "follow, one project"
CLOSED: Final = "end"
UNHEARD: Final = "change without followers"
ANNOUNCED: Final = f"change with {FOLLOWERS} followers"
LATER: Final = f"change put off, {FOLLOWERS} followers"
EVENTS: Final = (ADDRESS, OPENED, FOLLOWED, CLOSED, UNHEARD, ANNOUNCED, LATER)

_WRITING: Final = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}


class Units(NamedTuple):
    """Requests to DynamoDB, and the request units of those that read and those that write."""

    requests: int
    read: float
    written: float


def measure() -> dict[str, Units]:
    """Count the requests and units of each event on the engine."""
    with metered() as meter:
        return _Scene(_SplitMeter(meter)).counted()


class _SplitMeter(Meter):
    """A meter that keeps apart what is read and what is written."""

    def __init__(self, client: Transport) -> None:
        super().__init__(client)
        self._written = 0.0

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        before = self.units
        answer = super().call(operation, request)
        self._written += self.units - before if operation in _WRITING else 0.0
        return answer

    def split(self, call: Callable[[], object]) -> Units:
        self._written = 0.0
        total = self.of(call)
        return Units(total.requests, total.units - self._written, self._written)


class _Scene:
    """A project that is shared with a team, and those who follow it. Time passes only where this says so."""

    def __init__(self, meter: _SplitMeter) -> None:
        self._meter = meter
        self._moment = datetime.now(UTC)
        self._store = Store(SETTINGS, Items(meter, TABLE), now=lambda: self._moment)
        self._project = ProjectAddress("user-1", "sales")
        self._due: list[int] = []
        document = {"id": "sales", "name": "Sales", "settings": {"dashboardConfig": {"chartCustomizations": {}}}}
        new = read_new_project(document, SETTINGS)
        self._store.projects.create("user-1", new)
        owner = Guest("user-1", (Team("analysts"),))
        self._store.shares.set_team(self._project, Team("analysts"), Role.VIEWER, owner)

    def counted(self) -> dict[str, Units]:
        split, connections = self._meter.split, self._store.connections
        sockets, later = Sockets(_Silent()), cast("Invocations", self)
        announcements = Announcements(self._store.items, connections, sockets, self._store.now, lambda: later)
        tickets: list[str] = []
        found = {
            ADDRESS: split(lambda: tickets.append(self._ticket("user-2"))),
            OPENED: split(lambda: connections.open("first", tickets[0])),
            UNHEARD: split(lambda: announcements.changed(self._project, "")),
            FOLLOWED: split(lambda: connections.follow("first", [self._project.text])),
            CLOSED: split(lambda: connections.close("first")),
        }
        for number in range(FOLLOWERS):
            connections.open(f"page-{number}", self._ticket(f"user-{number}"))
            connections.follow(f"page-{number}", [self._project.text])
        found[ANNOUNCED] = split(lambda: announcements.changed(self._project, ""))

        def put_off() -> None:
            announcements.changed(self._project, "")
            self._moment += timedelta(milliseconds=SHORTEST + 1)
            announcements.due(self._project, self._due.pop())

        found[LATER] = split(put_off)
        return {name: found[name] for name in EVENTS}

    def announce(self, _: ProjectAddress, at: int) -> None:
        """Keep the moment of an announcement that is put off, in the place of the function's own invocations."""
        self._due.append(at)

    def _ticket(self, user: str) -> str:
        self._store.rate_limit.count(user)
        guest = Guest(user, (Team("analysts"),))
        return self._store.connections.issue(guest, int(self._moment.timestamp()) + 3_600).text


class _Silent:
    """API Gateway's connections, of which each takes what is sent."""

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803 - boto3's names
        pass

    def delete_connection(self, *, ConnectionId: str) -> None:  # noqa: N803 - the same
        pass
