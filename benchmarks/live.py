"""What follows a save, and what live connections cost: computed from the request units of each event."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final, NamedTuple, cast

from benchmarks.bill import READ_SECONDS, RUNTIME_SECONDS, WRITE_SECONDS, Counts, invoked, together, usd
from benchmarks.database import Meter, metered
from benchmarks.report import Section, Table, numbers, read_numbers
from benchmarks.workload import SETTINGS, TABLE
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.identifiers import Guest, ProjectAddress, Role, Team
from dashboard_store.repository import keys
from dashboard_store.repository.announcements import SHORTEST, Announcements
from dashboard_store.repository.changes import Change
from dashboard_store.repository.items import Items
from dashboard_store.repository.sockets import AT_ONCE, Sockets
from dashboard_store.store import Store

# How many connections follow a project when it is saved, that of the person who saves included.
FOLLOWERS: Final = 3
COUNTED: Final = "change counted for quotas"
UNHEARD: Final = "change without followers"
ANNOUNCED: Final = f"change with {FOLLOWERS} followers"
LATER: Final = f"change put off, {FOLLOWERS} followers"
ADDRESS: Final = "address"
OPENED: Final = "handshake"
FOLLOWED: Final = "follow, one project"
CLOSED: Final = "end"

# Assumptions, not measurements: CPU time of an event at the deployed memory size and of sending a message with boto3,
# how long API Gateway takes for that, and what a connection logs; what follows a save logs nothing.
EVENT_SECONDS: Final = 0.003
SENDING_SECONDS: Final = 0.002
SENT_SECONDS: Final = 0.010
LOGGED: Final = {ADDRESS: 750, OPENED: 400, FOLLOWED: 400, CLOSED: 400}
# The share of the saves that come so soon after another that their announcement is put off.
PUT_OFF: Final = 0.05
WORKING_DAYS: Final = 22
HOURS_A_DAY: Final = 8
SAVES_A_DAY: Final = 30
PING_MINUTES: Final = 9
# A token lives an hour, of which 0.8 have passed, on average, when the client opens another connection.
CONNECTION_HOURS: Final = 0.8
# The share of a day in which a page is visible, and so connected, and how often it becomes so again.
VISIBLE: Final = 0.5
RETURNS: Final = 10

STREAMS: Final = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CostOptimization_StreamsUsage.html"
TITLE: Final = "Measured event"
TEAM: Final = Team("analysts")
_WRITING: Final = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}


class Units(NamedTuple):
    """Requests to DynamoDB, and the request units of those that read and those that write."""

    requests: float
    read: float
    written: float


def report() -> list[Section]:
    return [section(measure())]


def stated(page: str) -> dict[str, Units]:
    return {name: Units(*row) for name, row in read_numbers(page, TITLE).items()}


def measure() -> dict[str, Units]:
    """Count the requests and units of each event on the engine, where time passes only as this says."""
    with metered() as engine:
        meter, moment, due, user = _SplitMeter(engine), datetime.now(UTC), list[int](), "user-1"
        store, project = Store(SETTINGS, Items(meter, TABLE), now=lambda: moment), ProjectAddress(user, "sales")
        document = {"id": "sales", "name": "Sales", "settings": {"dashboardConfig": {"chartCustomizations": {}}}}
        store.projects.create(user, read_new_project(document, SETTINGS))
        store.shares.set_team(project, TEAM, Role.VIEWER, Guest(user, (TEAM,)))
        # API Gateway's connections, of which each takes what is sent, and the function's invocations of itself.
        sockets = Sockets(SimpleNamespace(post_to_connection=dict, delete_connection=dict))
        later = cast("Any", SimpleNamespace(announce=lambda _, at: due.append(at)))
        announcements = Announcements(store.items, store.connections, sockets, store.now, lambda: later)

        def ticket(user: str) -> str:
            store.rate_limit.count(user)
            return store.connections.issue(Guest(user, (TEAM,)), int(moment.timestamp()) + 3_600).text

        def put_off() -> None:
            nonlocal moment
            announcements.changed(project, "")
            moment += timedelta(milliseconds=SHORTEST + 1)
            announcements.due(project, due.pop())

        # Records count from the one on that says that a recount has ended.
        store.usage.of(user)
        items = [store.items.get(key) for key in (keys.fence(user), keys.config(project.config()))]
        recounted, saved = (Change("a-stream", str(number), None, item) for number, item in enumerate(items))
        store.usage.count(user, [recounted])
        found = {COUNTED: meter.split(lambda: store.usage.count(user, [saved]))}
        found[UNHEARD] = meter.split(lambda: announcements.changed(project, ""))
        found[ADDRESS] = meter.split(lambda: ticket("user-2"))
        first = ticket("user-2")
        found[OPENED] = meter.split(lambda: store.connections.open("first", first))
        found[FOLLOWED] = meter.split(lambda: store.connections.follow("first", [project.text]))
        found[CLOSED] = meter.split(lambda: store.connections.close("first"))
        for number in range(FOLLOWERS):
            store.connections.open(f"page-{number}", ticket(f"user-{number}"))
            store.connections.follow(f"page-{number}", [project.text])
        found[ANNOUNCED] = meter.split(lambda: announcements.changed(project, ""))
        return {**found, LATER: meter.split(put_off)}


class _SplitMeter(Meter):
    """A meter that keeps apart what is read and what is written."""

    _written = 0.0

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        before = self.units
        answer = super().call(operation, request)
        self._written += self.units - before if operation in _WRITING else 0.0
        return answer

    def split(self, call: Callable[[], object]) -> Units:
        self._written = 0.0
        total = self.of(call)
        return Units(total.requests, total.units - self._written, self._written)


def counts(name: str, events: Mapping[str, Units]) -> Counts:
    """Count what is billed for an event; one that is put off takes a second invocation, which waits."""
    units, is_sent = events[name], name in {ANNOUNCED, LATER}
    sending = FOLLOWERS * SENDING_SECONDS + -(-FOLLOWERS // AT_ONCE) * SENT_SECONDS if is_sent else 0
    # A write may be a transaction.
    database = units.requests * (WRITE_SECONDS if units.written else READ_SECONDS)
    event = invoked(RUNTIME_SECONDS + EVENT_SECONDS + database + sending, LOGGED.get(name, 0))
    used = {"read unit": units.read, "write unit": units.written, "API call": name == ADDRESS}
    return together((1, event), (name == LATER, invoked(SHORTEST / 1_000)), (1, used))


def month(events: Mapping[str, Units]) -> tuple[Counts, float]:
    """Count what a person's month has more with live connections, and the loads that these cause."""
    minutes = WORKING_DAYS * HOURS_A_DAY * 60 * VISIBLE
    connections = WORKING_DAYS * (HOURS_A_DAY * VISIBLE / CONNECTION_HOURS + RETURNS)
    saves = WORKING_DAYS * SAVES_A_DAY
    heard = saves * FOLLOWERS * VISIBLE
    # A handshake, `follow` and its answer, and the end; a ping and its answer.
    messages = 4 * connections + 2 * minutes / PING_MINUTES + heard
    changes = {ANNOUNCED: saves * (1 - PUT_OFF), LATER: saves * PUT_OFF, UNHEARD: -saves}
    happened = dict.fromkeys((ADDRESS, OPENED, FOLLOWED, CLOSED), connections) | changes
    sent = {"connection minute": minutes, "message of up to 32 KB": messages}
    # The person who has saved it asks for nothing.
    asked = heard * (FOLLOWERS - 1) / FOLLOWERS
    return together((1, sent), *((times, counts(name, events)) for name, times in happened.items())), asked


def section(events: Mapping[str, Units]) -> Section:
    """Compute the section from what was measured."""
    measured = (
        "Requests to DynamoDB and request units of each event, as `ReturnConsumedCapacity` reports them on the local "
        f"stack's engine. A change is a save in the table's stream, which Lambda reads [free of charge]({STREAMS}). "
        "Followers are members of one team, with which the project is shared. Prices have assumed times of "
        f"{EVENT_SECONDS * 1e3:.0f} ms for an event and {SENDING_SECONDS * 1e3:.0f} ms for a message, {AT_ONCE} of "
        f"which are sent at a time, in {SENT_SECONDS * 1e3:.0f} ms; messages and connection minutes come on top."
    )
    units = numbers(TITLE, ("requests", "read units", "write units"), events)
    prices = Table(["Event", "USD a million"], [[name, f"{usd(counts(name, events)) * 1e6:.2f}"] for name in events])
    return Section("Live connections", measured, [units, prices])
