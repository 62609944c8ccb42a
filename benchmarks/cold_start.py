"""Cold start: the cost of a function's start up to its first answer, in instructions, in CPU time and by import."""

import json
import os
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from support.project.template import functions, template
from support.running.function import Replay
from support.running.servers import Exchange, answers, serving

from benchmarks import contender, workload
from benchmarks.bill import MB_PER_PROCESSOR, slowdown
from benchmarks.contender import ENVIRONMENT, PROGRAM, Contender
from benchmarks.database import Calls
from benchmarks.recordings import requests
from benchmarks.report import Claim, Section, Table
from benchmarks.valgrind import instructions

RUNS: Final = 2
TIMED_RUNS: Final = 5
# The largest part of the bare function's instructions.
TARGETS: Final = {"get_config": 0.49, "put_config": 0.75, "projects": 0.55, "project_data": 0.60}
REQUESTS: Final = {
    "get_config": "load",
    "put_config": "save",
    "projects": "list",
    "project_data": "data",
    "sharing": "members",
    "public_links": "link",
    "live": "ticket",
}
NOTHING: Final = "a bare interpreter"
OPENING: Final = ("projects", "get_config", "project_data")
SLOWEST_TO_QUICKEST: Final = 1.6
_IMPORTED: Final = re.compile(r"import time: +(\d+) \| +\d+ \| +(\S+)")

type Start = tuple[list[str], dict[str, str]]
"""A command and its environment."""


@contextmanager
def database(calls: Calls) -> Iterator[str]:
    """Replay calls over HTTP while the block runs, on each connection from the first one on, and yield the address."""
    replays: dict[int, Replay] = {}

    def answer(exchange: Exchange) -> bool:
        received = exchange.request
        replay = replays.setdefault(received.connection, Replay(list(calls)))
        operation = received.headers["x-amz-target"].rpartition(".")[2]
        return answers(replay.call(operation, received.document))(exchange)

    with serving(answer) as server:
        yield server.url


@contextmanager
def start(each: Contender, *options: str) -> Iterator[Start]:
    """Serve the calls of a contender's request while the block runs, in which the start may be repeated."""
    request = requests("medium")[REQUESTS.get(each.handler.partition(".")[0], "load")]
    event = workload.rest_api(request.event) if each.is_rest else request.event
    with TemporaryDirectory() as folder, database(request.calls) as address:
        command = each.command("answer", *options, event=workload.write(Path(folder), "event", event))
        yield command, {**ENVIRONMENT, "AWS_ENDPOINT_URL_DYNAMODB": address}


def run(start: Start) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
    """Start a function once; return what it reports about its first answer, and the finished process."""
    command, environment = start
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    reported: dict[str, Any] = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
    if not reported or reported["answer"]["statusCode"] >= 300:  # noqa: PLR2004 - not a success
        raise SystemExit(f"{command[-1]} did not answer: {done.stderr[-4000:]}{reported}")
    return reported, done


def report() -> list[Section]:
    bare, peers, mine = contender.bare(), contender.peers(), {name: contender.ours(name) for name in REQUESTS}
    with ExitStack() as stack:
        starts = {each.name: stack.enter_context(start(each)) for each in (bare, *mine.values(), *peers)}
        # The first start writes missing bytecode.
        modules = {name: run(each)[0]["modules"] for name, each in starts.items()}
        counts = _counted(starts)
        times = _times({name: starts[mine[name].name] for name in OPENING})
    base = statistics.mean(counts.pop(NOTHING))
    above = {name: statistics.mean(each) - base for name, each in counts.items()}
    ratios = {name: each / above[bare.name] for name, each in above.items()}
    rows = [[name, f"{above[name] / 1e6:,.0f}", f"{ratios[name]:.2f}", f"{modules[name]:,}"] for name in starts]
    counted = Table(["Function", "Million instructions", "× bare function", "Modules"], rows)
    slowest = max(mine, key=lambda name: ratios[mine[name].name])
    measured = (
        "From the start of the interpreter through the imports and the creation of the client to the first answer, "
        "over a new connection to a database on loopback, which replays the answers of the local stack's engine: "
        "instructions in user space, counted by valgrind, above those of a bare interpreter; means of "
        f"{RUNS} runs. The built functions and the layer are as deployed, with their bytecode, on `python -S` with "
        "nothing else on the path. The other packages have the same form: compiled, and without the descriptions of "
        "unused services. Each function loads 20 KB, except that `put_config` saves, `projects` lists, `project_data` "
        "reads a table of 200 rows that lies in its item, `sharing` lists members, `public_links` shows a linked "
        "dashboard, and `live` issues a ticket."
    )
    spread = max((max(each) - min(each)) / min(each) for each in counts.values())
    notes = [
        f"The {RUNS} counts of each start differed by at most {spread:.2%}.",
        "1.00 is a function that makes a boto3 client, reads the item and answers with its stored content.",
        (
            f"Import times are medians of {TIMED_RUNS} runs of `-X importtime`: each module's own time, summed by "
            "package. A function's own time includes the creation of its client."
        ),
    ]
    others = ", ".join(f"{peer.name} {ratios[peer.name]:.2f}" for peer in peers)
    claims = [_claim(name, ratios[mine[name].name], limit, others) for name, limit in TARGETS.items()]
    return [Section("Cold start", measured, [counted, _imports(slowest)], notes, claims), _opening(times)]


def _counted(starts: dict[str, Start]) -> dict[str, list[int]]:
    """Count on all processors: counts do not depend on parallel runs."""
    jobs = {NOTHING: ([sys.executable, "-s", "-P", "-S", str(PROGRAM), "{}"], ENVIRONMENT), **starts}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = [count for count, _ in pool.map(lambda job: instructions(*job), [*jobs.values()] * RUNS)]
    return {name: counts[place :: len(jobs)] for place, name in enumerate(jobs)}


def _claim(function: str, ratio: float, limit: float, peers: str) -> Claim:
    return Claim(f"Cold start of `{function}`", "1.00", peers, f"≤ {limit:.2f}", f"{ratio:.2f}", ratio <= limit)


def _imports(function: str) -> Table:
    """List the ten packages that take most of a function's import time."""
    with start(contender.ours(function), "-X", "importtime") as started:
        found = [_imported(run(started)[1].stderr) for _ in range(TIMED_RUNS)]
    medians = {name: statistics.median(each[name] for each in found) for name in found[0]}
    total = sum(medians.values())
    largest = sorted(medians.items(), key=lambda part: part[1], reverse=True)[:10]
    rows = [[name, f"{each:,.0f}", f"{each / total:.0%}"] for name, each in largest]
    return Table([f"`{function}` imports", "µs", "Share"], [*rows, ["total", f"{total:,.0f}", "100%"]])


def _imported(printed: str) -> Counter[str]:
    """Add up microseconds by top-level package, including late imports."""
    found: Counter[str] = Counter()
    for line in printed.splitlines():
        if match := _IMPORTED.match(line):
            top = match[2].partition(".")[0]
            found[f"`{top}` (standard library)" if top in sys.stdlib_module_names else f"`{top}`"] += int(match[1])
    return found


def _times(starts: dict[str, Start]) -> dict[str, float]:
    """Measure the CPU milliseconds of starts, in turns."""
    rounds = [{name: run(each)[0]["seconds"] * 1e3 for name, each in starts.items()} for _ in range(TIMED_RUNS)]
    return {name: statistics.median(each[name] for each in rounds) for name in starts}


def _opening(times: dict[str, float]) -> Section:
    """Model the duration of the three starts behind a dashboard that opens, of which a page waits for the slowest."""
    usual = template()["Globals"]["Function"]
    found = {each["Handler"].partition(".")[0]: {**usual, **each}["MemorySize"] for each in functions().values()}
    sizes = {name: int(found[name]) for name in times}
    modelled = {name: each * slowdown(sizes[name]) for name, each in times.items()}
    rows = [[f"`{name}`", f"{sizes[name]:,}", f"{times[name]:,.0f}", f"{modelled[name]:,.0f}"] for name in times]
    measured = (
        "Opening a dashboard cold: the list of projects, the config and its table, from three functions that start at "
        f"once. CPU time of the process from its start to its first answer on this machine, medians of {TIMED_RUNS} "
        f"runs in turns. Lambda gives processor time in proportion to memory, one processor at {MB_PER_PROCESSOR:,} "
        f"MB: modelled is the CPU time × {MB_PER_PROCESSOR:,} ÷ the function's memory in `template.yaml`, without "
        "Lambda's own preparation and the network."
    )
    slowest, ratio = max(modelled.values()), max(modelled.values()) / min(modelled.values())
    title, target = "Opening a dashboard cold, slowest ÷ quickest function", f"≤ {SLOWEST_TO_QUICKEST}"
    claim = Claim(title, "1.00", "–", target, f"{ratio:.2f} ({slowest:,.0f} ms)", ratio <= SLOWEST_TO_QUICKEST)
    table = Table(["Function", "MB", "CPU ms", "modelled ms"], rows)
    return Section("Opening a dashboard", measured, [table], claims=[claim])
