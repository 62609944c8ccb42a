"""What loads and saves cost, and what memory changes: computed from one table of what is measured."""

import re
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from support.project.template import template

from benchmarks import bill, contender, live, recordings, request_units, workload
from benchmarks.bill import DEPLOYED_MB, MB_PER_PROCESSOR, READ_SECONDS, RUNTIME_SECONDS, WRITE_SECONDS, Counts, usd
from benchmarks.cold_start import run, start
from benchmarks.contender import ENVIRONMENT, Worker
from benchmarks.report import Section, Table, numbers, read_numbers
from benchmarks.workload import NAMES
from dashboard_store.dynamodb.protocol import unmarshal
from dashboard_store.repository.stored_bytes import stored_bytes

MEMORY_SIZES: Final = (128, 256, 512, 768, DEPLOYED_MB, MB_PER_PROCESSOR)
SERVICES: Final = ("Lambda", "API Gateway", "DynamoDB", "logs", "transfer")
# Assumptions: the share of requests that find no idle instance, and the size of an answer's headers.
COLD_SHARE: Final = 0.01
HEADER_BYTES: Final = 600
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
LOG_EVENT_BYTES: Final = 26
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
ITEM_BYTES: Final = 100

ROUNDS: Final = 5
TIMES: Final = {"small": 150, "medium": 60, "large": 10}
TITLE: Final = "Measured request"
HEADER: Final = ("CPU, µs", "start, ms", "MB", "read units", "write units", "bytes logged", "bytes sent", "bytes kept")


class Request(NamedTuple):
    """A row of the table of what is measured. Below one processor's memory size, CPU time grows as memory shrinks."""

    microseconds: float
    start_milliseconds: float
    megabytes: float
    read: float
    written: float
    logged: float
    sent: float
    kept: float

    def start(self, megabytes: int = DEPLOYED_MB) -> float:
        return self.start_milliseconds / 1e3 * bill.slowdown(megabytes)

    def seconds(self, megabytes: int = DEPLOYED_MB) -> float:
        cpu = (self.microseconds / 1e6 + RUNTIME_SECONDS) * bill.slowdown(megabytes)
        return cpu + (WRITE_SECONDS if self.written else READ_SECONDS)

    def counts(self, megabytes: int = DEPLOYED_MB) -> Counts:
        """Count what is billed for the request, with its share of the starts."""
        invoked = bill.invoked(self.seconds(megabytes) + COLD_SHARE * self.start(megabytes), self.logged, megabytes)
        units = {"read unit": self.read, "write unit": self.written}
        return {**invoked, **units, "API call": 1, "GB sent": self.sent / 1e9}


def report() -> list[Section]:
    return sections(measure(), live.measure())


def stated(page: str) -> dict[str, Request]:
    return {name: Request(*row) for name, row in read_numbers(page, TITLE).items()}


def measure() -> dict[str, Request]:
    costs, _ = request_units.costs()
    found = {}
    for function, call in (("get_config", "load"), ("put_config", "save")):
        started, megabytes, logged = _start(function)
        for size, name in NAMES.items():
            cpu, sent = _warm(function, recordings.requests(size)[call], TIMES[size])
            units = costs[size][call].units
            read, written, kept = (units, 0, 0) if call == "load" else (0, units, _kept(size))
            found[f"{call} {name}"] = Request(cpu, started, megabytes, read, written, logged, sent, kept)
    return found


def _warm(function: str, request: recordings.Request, times: int) -> tuple[int, int]:
    """Return a warm request's microseconds of CPU, and the bytes of its answer."""
    with tempfile.TemporaryDirectory() as folder, Worker(contender.ours(function)) as worker:
        event = workload.write(Path(folder), "event", request.event)
        calls = workload.write(Path(folder), "calls", request.calls)
        _, answer = worker.answers(event, calls, 1)
        seconds = statistics.median(worker.answers(event, calls, times)[0] / times for _ in range(ROUNDS))
    body = answer.get("body") or ""
    return round(seconds * 1e6), (len(body) * 3 // 4 if answer["isBase64Encoded"] else len(body)) + HEADER_BYTES


def _start(function: str) -> tuple[int, int, int]:
    """Start a function: return its milliseconds of CPU and megabytes up to the first answer, and the bytes logged."""
    with start(contender.ours(function)) as started:
        reported, ended = zip(*(run(started) for _ in range(ROUNDS)), strict=True)
    seconds, megabytes = (statistics.median(each[key] for each in reported) for key in ("seconds", "megabytes"))
    lines = [*ended[0].stdout.splitlines()[:-1], access_log_line()]
    return round(seconds * 1e3), round(megabytes), sum(len(line.encode()) + LOG_EVENT_BYTES for line in lines)


def access_log_line() -> str:
    """Return the line that API Gateway writes in the template's format; all but two of its values are short."""
    line = template()["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]["Fn::Sub"]
    known = {"requestId": "A4KS9EKOJB8GjJo=", "routeKey": "GET /api/projects/{projectId}/config"}
    named = line.replace("${AWS::StackName}", ENVIRONMENT["POWERTOOLS_SERVICE_NAME"])
    return re.sub(r"\$context\.([\w.]+)", lambda variable: known.get(variable[1], "200"), named)


def _kept(size: str) -> int:
    """Return the bytes that DynamoDB bills for a version that is kept, with its entry in the index."""
    ((_, answer),) = recordings.requests(size)["load"].calls
    version = unmarshal(answer["Item"])
    entry = {name: value for name, value in version.items() if name not in {"answer", "digest", "version"}}
    return sum(stored_bytes(item) + ITEM_BYTES for item in (version, entry))


def saved(save: Request, events: Mapping[str, live.Units]) -> Counts:
    """Count a save and what follows it in the stream: its bytes are counted, again when it expires; nobody listens."""
    counted, unheard = (live.counts(name, events) for name in (live.COUNTED, live.UNHEARD))
    return bill.together((1, save.counts()), (2, counted), (1, unheard))


def sections(requests: Mapping[str, Request], events: Mapping[str, live.Units]) -> list[Section]:
    """Compute the sections from what was measured."""
    rows = []
    for name, request in requests.items():
        counts = saved(request, events) if request.written else request.counts()
        rows.append([name, *(f"{usd(counts, each) * 1e6:.2f}" for each in (*SERVICES, ""))])
    measured = (
        f"Computed from the first table, at {DEPLOYED_MB:,} MB, with assumed times of {READ_SECONDS * 1e3:.0f} ms for "
        f"reading from DynamoDB, {WRITE_SECONDS * 1e3:.0f} ms for writing and {RUNTIME_SECONDS * 1e3:.0f} ms for the "
        f"runtime; one request in {1 / COLD_SHARE:.0f} starts a function. Logged are the function's line and API "
        f"Gateway's, and {LOG_EVENT_BYTES} bytes for each; Lambda logs no START, END and REPORT. A save includes what "
        "follows it in the table's stream: its bytes are counted for quotas, again when it expires, and nobody follows "
        "the project. *bytes kept* are those of a version in history."
    )
    trace, load, save = usd({"trace": 1}), requests["load 20 KB"], requests["save 20 KB"]
    traced = (
        f"X-Ray (`Tracing=Active`) adds {trace * 1e6:.2f} to a million below a request a second, where Lambda samples "
        f"each: {trace / usd(load.counts()):.1f} times the price of a load of 20 KB. It is off by default."
    )
    tables = [numbers(TITLE, HEADER, requests), Table(["USD per million", *SERVICES, "total"], rows), bill.prices()]
    return [Section("Price", measured, tables, [traced]), _memory(load, save)]


def _memory(load: Request, save: Request) -> Section:
    rows = []
    for megabytes in MEMORY_SIZES:
        times = (f"{each.seconds(megabytes) * 1e3:.1f}" for each in (load, save))
        prices = (f"{usd(each.counts(megabytes), 'Lambda') * 1e6:.2f}" for each in (load, save))
        rows.append([f"{megabytes:,} MB", f"{load.start(megabytes) * 1e3:,.0f}", *times, *prices])
    header = ["Memory", "start, ms", "load, ms", "save, ms", "USD per million loads", "USD per million saves"]
    measured = (
        f"Lambda allocates CPU in proportion to memory; {MB_PER_PROCESSOR:,} MB are one processor. Computed from "
        "*Price*: a start of `get_config` up to its first answer, a load and a save of 20 KB. Prices are Lambda's "
        f"alone, for the request itself. The process needs {max(load.megabytes, save.megabytes):,.0f} MB."
    )
    return Section("Memory size", measured, [Table(header, rows)])
