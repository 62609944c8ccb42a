"""The list price of a million loads and saves by memory size, and the load from which a server is cheaper."""

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import contender, request_units, workload
from benchmarks.cold_start import run, start
from benchmarks.contender import Worker
from benchmarks.database import Cost
from benchmarks.recordings import requests
from benchmarks.report import Section, Table
from benchmarks.workload import NAMES

# List prices in USD without free tiers, us-east-1, Linux, as AWS published them in 2025:
# aws.amazon.com/lambda/pricing (arm64), /api-gateway/pricing (HTTP APIs), /dynamodb/pricing/on-demand,
# /cloudwatch/pricing, /ec2/pricing/on-demand, /ebs/pricing, /rds/postgresql/pricing, /vpc/pricing.
GB_SECOND: Final = 0.0000133334
INVOCATION: Final = 0.20 / 1e6
API_CALL: Final = 1.00 / 1e6
WRITE_UNIT: Final = 0.625 / 1e6
READ_UNIT: Final = 0.125 / 1e6
LOG_GB: Final = 0.50
TRANSFER_GB: Final = 0.09
HOURS: Final = 730
SERVER: Final = {
    "EC2 t4g.small": 0.0168 * HOURS,
    "its 20 GB of gp3": 20 * 0.08,
    "RDS for PostgreSQL db.t4g.micro, one zone": 0.016 * HOURS,
    "its 20 GB of gp3 ": 20 * 0.115,
    "a public IPv4 address": 0.005 * HOURS,
}

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_PER_PROCESSOR: Final = 1_769
MEMORY_SIZES: Final = (128, 256, 512, 768, 1_024, 1_769)
DEPLOYED_MB: Final = 1_024
# Assumptions, not measurements: DynamoDB's response times within a region, and the runtime around a handler.
READ_SECONDS: Final = 0.004
WRITE_SECONDS: Final = 0.012
RUNTIME_SECONDS: Final = 0.001
# The share of requests that find no idle instance.
COLD_SHARE: Final = 0.01
SAVES_PER_LOADS: Final = 0.25
# The size of an answer's headers.
HEADER_BYTES: Final = 600

RUNS: Final = 3
TIMES: Final = {"small": 150, "medium": 60, "large": 10}
ROUNDS: Final = 5


@dataclass(frozen=True)
class Work:
    """CPU seconds of a start up to the first answer and of a warm request, and a request's other costs."""

    megabytes: float
    start: float
    request: float
    wait: float
    units: float
    unit_price: float
    log_bytes: int
    sent_bytes: int

    def seconds(self, megabytes: int, cpu: float) -> float:
        """Return the duration of some CPU time: below one processor's memory size, it grows as memory shrinks."""
        return cpu * max(1.0, MB_PER_PROCESSOR / megabytes)

    def duration(self, megabytes: int) -> float:
        return self.seconds(megabytes, self.request + RUNTIME_SECONDS) + self.wait

    def compute(self, megabytes: int) -> float:
        """Return Lambda's price for a request, including its share of the starts, which are billed, too."""
        billed = self.duration(megabytes) + COLD_SHARE * self.seconds(megabytes, self.start)
        return INVOCATION + GB_SECOND * billed * megabytes / 1_024

    def price(self, megabytes: int, units: float | None = None, sent_bytes: int | None = None) -> dict[str, float]:
        sent = self.sent_bytes if sent_bytes is None else sent_bytes
        return {
            "Lambda": self.compute(megabytes),
            "API Gateway": API_CALL,
            "DynamoDB": self.unit_price * (self.units if units is None else units),
            "logs": LOG_GB * self.log_bytes / 1e9,
            "transfer": TRANSFER_GB * sent / 1e9,
        }


def report() -> list[Section]:
    costs, maps = request_units.costs()
    loads = {size: _work("get_config", size, costs[size]["load"].units) for size in NAMES}
    saves = {size: _work("put_config", size, costs[size]["save"].units) for size in NAMES}
    return [_dollars(loads, saves, maps), _memory(loads["medium"], saves["medium"])]


def _work(function: str, size: str, units: float) -> Work:
    is_load = function == "get_config"
    with tempfile.TemporaryDirectory() as folder, Worker(contender.ours(function)) as worker:
        recorded = requests(size)["load" if is_load else "save"]
        event = workload.write(Path(folder), "event", recorded.event)
        calls = workload.write(Path(folder), "calls", recorded.calls)
        _, answer = worker.answers(event, calls, 1)
        measured = [worker.answers(event, calls, TIMES[size])[0] / TIMES[size] for _ in range(ROUNDS)]
    started, log_bytes = _start(function)
    body = answer.get("body") or ""
    sent = len(body) * 3 // 4 if answer["isBase64Encoded"] else len(body)
    wait = READ_SECONDS if is_load else WRITE_SECONDS
    return Work(
        megabytes=started["megabytes"],
        start=started["seconds"],
        request=statistics.median(measured),
        wait=wait,
        units=units,
        unit_price=READ_UNIT if is_load else WRITE_UNIT,
        log_bytes=log_bytes,
        sent_bytes=sent + HEADER_BYTES,
    )


def _start(function: str) -> tuple[dict[str, float], int]:
    """Start a function: return its CPU seconds and megabytes up to the first answer, and the bytes it logged."""
    reported: list[dict[str, Any]] = []
    logged = 0
    with start(contender.ours(function)) as started:
        for _ in range(RUNS):
            report, done = run(started)
            reported.append(report)
            logged = sum(len(line.encode()) + 1 for line in done.stdout.splitlines()[:-1])
    return {name: statistics.median(each[name] for each in reported) for name in ("seconds", "megabytes")}, logged


def _dollars(loads: dict[str, Work], saves: dict[str, Work], maps: dict[str, dict[str, Cost]]) -> Section:
    rows = []
    for size, name in NAMES.items():
        rows += [_row(f"load {name}", loads[size]), _row(f"save {name}", saves[size])]
    for size, name in NAMES.items():
        found, document = maps[size], requests(size)["save"].event["body"]
        rows += [
            _row(f"load {name}, native map, uncompressed", loads[size], found["get"].units, len(document.encode())),
            _row(f"save {name}, native map, no history", saves[size], found["put"].units),
            _row(f"save {name}, native map with history", saves[size], found["put with history"].units),
        ]
    parts = list(loads["medium"].price(DEPLOYED_MB))
    table = Table(["USD per million", *parts, "total"], rows)
    server = sum(SERVER.values())
    mixed = _mixed(loads["medium"], saves["medium"], DEPLOYED_MB)
    month = server / mixed
    items = "; ".join(f"{name.strip()} {price:.2f}" for name, price in SERVER.items())
    always = Table(
        ["Always-on server, USD per month", "Price"],
        [*([name.strip(), f"{p:.2f}"] for name, p in SERVER.items()), ["total", f"{server:.2f}"]],
    )
    measured = (
        "List prices in USD without free tiers, us-east-1, as AWS published them in 2025: Lambda arm64 0.0000133334 "
        "per GB-second and 0.20 per million requests, HTTP API 1.00 per million, DynamoDB on demand 0.625 per million "
        "write and 0.125 per million read request units, logs 0.50 per GB, transfer 0.09 per GB. Durations are the "
        f"measured CPU time at {DEPLOYED_MB:,} MB plus assumed times: {READ_SECONDS * 1000:.0f} ms for a read from "
        f"DynamoDB, {WRITE_SECONDS * 1000:.0f} ms for a save's transaction and {RUNTIME_SECONDS * 1000:.0f} ms for the "
        f"runtime. One request in {1 / COLD_SHARE:.0f} starts a function. Storage is extra: 0.25 per GB and month, "
        "which is 0.0007 for each config of 20 KB with a history of a hundred versions. The native maps use Dashkeep's "
        "durations, which favours them: reading and writing one takes boto3 more CPU."
    )
    notes = [
        (
            f"An always-on server ({items}) costs {server:.2f} per month regardless of load, and is one machine in one "
            f"zone. Dashkeep costs as much at {month / 1e6:,.1f} million loads and saves of 20 KB per month, four "
            f"loads to a save: {month / HOURS / 3600:,.1f} per second around the clock. Below that, it is cheaper."
        ),
        "CloudWatch adds 0.30 per month for each metric; Dashkeep writes 13.",
    ]
    return Section("Price", measured, [table, always], notes)


def _row(name: str, work: Work, units: float | None = None, sent_bytes: int | None = None) -> list[str]:
    parts = work.price(DEPLOYED_MB, units, sent_bytes)
    return [name, *(f"{price * 1e6:.2f}" for price in parts.values()), f"{sum(parts.values()) * 1e6:.2f}"]


def _memory(load: Work, save: Work) -> Section:
    rows = [
        [
            f"{megabytes:,} MB",
            f"{load.seconds(megabytes, load.start) * 1000:,.0f}",
            f"{load.duration(megabytes) * 1000:.1f}",
            f"{save.duration(megabytes) * 1000:.1f}",
            f"{load.compute(megabytes) * 1e6:.2f}",
            f"{save.compute(megabytes) * 1e6:.2f}",
        ]
        for megabytes in MEMORY_SIZES
    ]
    header = [
        "Memory",
        "start to first answer, ms",
        "load, ms",
        "save, ms",
        "USD per million loads",
        "USD per million saves",
    ]
    measured = (
        "Lambda allocates CPU in proportion to memory; 1,769 MB are one processor. Modelled from the measured CPU "
        f"time: {load.start * 1000:,.0f} ms for a start up to the first answer, {load.request * 1000:.2f} ms for a "
        f"load of 20 KB, {save.request * 1000:.2f} ms for a save; with the waiting times and share of cold starts from "
        "*Price*. Prices are Lambda's alone; those of API Gateway and DynamoDB do not depend on memory."
    )
    return Section("Memory size", measured, [Table(header, rows)], _right_size(load, save))


def _right_size(load: Work, save: Work) -> list[str]:
    """Summarize the effect of memory: starts and warm requests get shorter, the total price hardly changes."""
    smallest, deployed, largest = 512, DEPLOYED_MB, MEMORY_SIZES[-1]
    costs = {size: _mixed(load, save, size) for size in (smallest, deployed, largest)}
    starts = {size: load.seconds(size, load.start) * 1000 for size in costs}
    return [
        (
            "In total, loads and saves at a ratio of four to one cost "
            f"{costs[deployed] / costs[smallest] - 1:.1%} more with {deployed:,} MB than with {smallest} MB, and "
            f"{costs[largest] / costs[deployed] - 1:.1%} more with {largest:,} MB than with {deployed:,} MB: a warm "
            f"request mostly waits for DynamoDB. A start takes {starts[smallest]:,.0f}, {starts[deployed]:,.0f} and "
            f"{starts[largest]:,.0f} ms. The process needs {max(load.megabytes, save.megabytes):,.0f} MB."
        ),
        (
            f"The template's {deployed:,} MB are right as long as they keep a start below half a second; a function "
            "that does one thing at a time cannot use more than one processor."
        ),
    ]


def _mixed(load: Work, save: Work, megabytes: int) -> float:
    """Return the average price of loads and saves."""
    costs = sum(load.price(megabytes).values()) + SAVES_PER_LOADS * sum(save.price(megabytes).values())
    return costs / (1 + SAVES_PER_LOADS)
