"""What live connections cost: the request units of each event, and a month of a thousand editors.

The units are measured on the local stack's engine. The month is computed from those that docs/performance.md states, so
`benchmarks.month` and the tests compute it without measuring anything.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.live_units import (
    ADDRESS,
    ANNOUNCED,
    CLOSED,
    EVENTS,
    FOLLOWED,
    FOLLOWERS,
    LATER,
    OPENED,
    UNHEARD,
    Units,
    measure,
)
from benchmarks.price import (
    API_CALL,
    DEPLOYED_MB,
    GB_SECOND,
    INVOCATION,
    LOG_GB,
    READ_SECONDS,
    READ_UNIT,
    RUNTIME_SECONDS,
    WRITE_SECONDS,
    WRITE_UNIT,
)
from benchmarks.report import Section, Table
from dashboard_store.repository.announcements import SHORTEST
from dashboard_store.repository.sockets import AT_ONCE
from local import ROOT

PAGE: Final = ROOT / "docs" / "performance.md"
STREAM_PRICES: Final = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CostOptimization_StreamsUsage.html"
)

# List prices in USD without free tiers, us-east-1, as AWS published them in 2025: aws.amazon.com/api-gateway/pricing
# (WebSocket APIs, whose messages of up to 32 KB count as one) and /xray/pricing.
MESSAGE: Final = 1.00 / 1e6
CONNECTION_MINUTE: Final = 0.25 / 1e6
TRACE: Final = 5.00 / 1e6
# Lambda samples the first request of each second and 5 % of the others, among which live connections are.
# https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
SAMPLED: Final = 0.05
# What an invocation logs: START, END and REPORT, and its own line.
LOG_BYTES: Final = 1_100

# Assumptions, not measurements: CPU time of an event at the deployed memory size, and of sending a message with boto3;
# how long API Gateway takes for it.
EVENT_SECONDS: Final = 0.003
SENDING_SECONDS: Final = 0.002
SENT_SECONDS: Final = 0.010
# The share of the saves that come so soon after another of the same project that their announcement is put off.
PUT_OFF: Final = 0.05

WORKING_DAYS: Final = 22
HOURS_A_DAY: Final = 8
SAVES_A_DAY: Final = 30
PING_MINUTES: Final = 9
TOKEN_HOURS: Final = 1
RENEWED_AT: Final = 0.8
"""The share of a token's life after which the client opens another connection, on average."""

_MONTH: Final = "USD a month"


class Habits(NamedTuple):
    """How many people have a dashboard open for all of a working day, and what they do.

    `visible` is the share of the time in which the page is visible, and so connected; `returns` is how often it becomes
    visible again in a day, after it was hidden for so long that it had closed its connection.
    """

    people: int
    visible: float = 1.0
    returns: int = 0


class Month(NamedTuple):
    """What live connections cost in a month, in USD, by what it is paid for."""

    minutes: float
    messages: float
    functions: float
    database: float
    asking: float

    @property
    def total(self) -> float:
        return sum(self)


VISIBLE: Final = "1,000 editors, always visible"
HIDDEN: Final = "1,000 editors, hidden half of the time"
EDITORS: Final = {VISIBLE: Habits(1_000), HIDDEN: Habits(1_000, visible=0.5, returns=10)}


def report() -> list[Section]:
    units = measure()
    measured = (
        "Requests to DynamoDB and their request units, as `ReturnConsumedCapacity` reports them on the local stack's "
        "engine. The follower is a member of one team, through which the project is shared. A save itself costs what "
        "it did: the table's stream feeds the announcements, and Lambda reads streams "
        f"[free of charge]({STREAM_PRICES})."
    )
    # `write` computes the second one again, when the page has the prices of this run.
    tables = [counts(units), table(units, load_price(PAGE.read_text()))]
    return [Section("Live connections", measured, tables, explained(units))]


def counts(units: Mapping[str, Units]) -> Table:
    rows = [[name, f"{each.requests}", f"{each.read:g}", f"{each.written:g}"] for name, each in units.items()]
    return Table(["Event", "requests", "read units", "write units"], rows)


def stated(page: str) -> dict[str, Units]:
    """Return the units of each event as docs/performance.md states them."""
    rows = (re.search(rf"^\| {name} +\| +(\d+) \| +([\d.]+) \| +([\d.]+) \|$", page, re.MULTILINE) for name in EVENTS)
    numbers = [row.groups() for row in rows if row]
    return {
        name: Units(int(requests), float(read), float(written))
        for name, (requests, read, written) in zip(EVENTS, numbers, strict=True)
    }


def load_price(page: str) -> float:
    """Return the price of a load of 20 KB in USD, as docs/performance.md states it for a million."""
    (price,) = re.findall(r"^\| load 20 KB +\|.*\| +([\d.]+) \|$", page, re.MULTILINE)
    return float(price) / 1e6


def month(habits: Habits, units: Mapping[str, Units], load: float) -> Month:
    """Compute a month, for the units of each event and the price of a load."""
    days = habits.people * WORKING_DAYS
    minutes = days * HOURS_A_DAY * 60 * habits.visible
    connections = days * (HOURS_A_DAY * habits.visible / (TOKEN_HOURS * RENEWED_AT) + habits.returns)
    saves = days * SAVES_A_DAY
    heard = saves * FOLLOWERS * habits.visible
    # A handshake, `follow` and its answer, and the end; a ping and its answer.
    messages = 4 * connections + 2 * minutes / PING_MINUTES + heard
    events = dict.fromkeys((OPENED, FOLLOWED, CLOSED), connections)
    changes = {ANNOUNCED: saves * (1 - PUT_OFF), LATER: saves * PUT_OFF}
    invocations = {ADDRESS: connections, **events, **changes}
    return Month(
        minutes=minutes * CONNECTION_MINUTE,
        messages=messages * MESSAGE,
        functions=sum(count * _invocation(name, units[name]) for name, count in invocations.items())
        + connections * API_CALL,
        database=sum(count * _price(units[name]) for name, count in invocations.items()),
        # Who has saved it asks for nothing.
        asking=heard * (FOLLOWERS - 1) / FOLLOWERS * load,
    )


def _price(units: Units) -> float:
    return units.read * READ_UNIT + units.written * WRITE_UNIT


def _invocation(name: str, units: Units) -> float:
    """Return what one event costs in Lambda, its log and its trace; one that is put off takes a second invocation."""
    sending = FOLLOWERS * SENDING_SECONDS + -(-FOLLOWERS // AT_ONCE) * SENT_SECONDS
    more = sending if name in {ANNOUNCED, LATER} else 0.0
    waiting = SHORTEST / 1_000 if name == LATER else 0.0
    # A write may be a transaction.
    database = units.requests * (WRITE_SECONDS if units.written else READ_SECONDS)
    seconds = RUNTIME_SECONDS + EVENT_SECONDS + database + more + waiting
    count = 2 if name == LATER else 1
    aside = LOG_BYTES / 1e9 * LOG_GB + SAMPLED * TRACE
    return count * (INVOCATION + aside) + seconds * GB_SECOND * DEPLOYED_MB / 1_024


def table(units: Mapping[str, Units], load: float) -> Table:
    header = [_MONTH, "connection minutes", "messages", "functions", "DynamoDB", "asking", "total", "an editor"]
    rows = []
    for name, habits in EDITORS.items():
        found = month(habits, units, load)
        rows.append([name, *(f"{part:.2f}" for part in (*found, found.total)), f"{found.total / habits.people:.3f}"])
    return Table(header, rows)


def renewed(page: str) -> str:
    """Return docs/performance.md with the month computed from the prices and units that it now states."""
    before, _, rest = page.partition(f"| {_MONTH} ")
    return before + table(stated(page), load_price(page)).markdown() + rest[rest.index("\n\n") :]


def write(page: Path = PAGE) -> None:
    page.write_text(renewed(page.read_text()))


def explained(units: Mapping[str, Units]) -> list[str]:
    """State what the month is computed from, and what live costs where nobody follows."""
    hidden = EDITORS[HIDDEN]
    unheard = (_invocation(UNHEARD, units[UNHEARD]) + _price(units[UNHEARD])) * 1e6
    return [
        (
            f"A month has {WORKING_DAYS} working days of {HOURS_A_DAY} hours, in which each editor has one dashboard "
            f"open and saves {SAVES_A_DAY} times; {FOLLOWERS} connections follow a project when it is saved. A page "
            "that is hidden closes its connection: those of the second row become visible again "
            f"{hidden.returns} times a day. Tokens live {TOKEN_HOURS} hour, and a page opens another connection "
            "before its token ends."
        ),
        (
            f"List prices of us-east-1: {CONNECTION_MINUTE * 1e6:.2f} per million connection minutes and "
            f"{MESSAGE * 1e6:.2f} per million messages of up to 32 KB, the rest as in *Price*. Messages are the "
            "handshake, `follow` and its answer, the end, a ping and its answer every "
            f"{PING_MINUTES} minutes, and one for each follower of a save. *functions* are Lambda's invocations with "
            "their logs and traces, and the requests for addresses. *asking* are the loads that announcements cause: "
            "of each follower but the one who saved."
        ),
        (
            f"Assumed are {EVENT_SECONDS * 1e3:.0f} ms of CPU for an event, {SENDING_SECONDS * 1e3:.0f} ms for each "
            f"message, {AT_ONCE} of which are under way at a time for {SENT_SECONDS * 1e3:.0f} ms, and the times of "
            f"DynamoDB from *Price*. One save in {1 / PUT_OFF:.0f} comes so soon after another that its announcement "
            f"is put off for {SHORTEST / 1e3:g} s."
        ),
        f"A million saves of projects that nobody follows cost {unheard:.2f} more than without live connections.",
    ]
