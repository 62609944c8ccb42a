"""Cold start: the cost of a function's start up to its first answer, in instructions and by import."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import canned, contender, workload
from benchmarks.contender import ENVIRONMENT, PROGRAM, Contender
from benchmarks.report import Claim, Section, Table
from benchmarks.valgrind import instructions

RUNS: Final = 2
IMPORT_RUNS: Final = 5
TARGETS: Final = {"get_config": 1.10, "put_config": 1.45}
EVENTS: Final = {
    "get_config": "get_config/200-saved",
    "put_config": "",
    "project_data": "get_data/200-uploaded",
    "projects": "list_projects/200-first-page",
}
SIZE: Final = "medium"
_IMPORTED: Final = re.compile(r"import time: +(\d+) \| +\d+ \| +(\S+)")


@dataclass(frozen=True)
class Started:
    """The cost of a start: instructions above those of a bare interpreter, and the number of modules loaded at its end.

    `spread` is the difference between the runs, relative to their median.
    """

    instructions: float
    spread: float
    modules: int


def report() -> list[Section]:
    started = measure()
    base = started[contender.bare().name].instructions
    rows = [
        [name, f"{each.instructions / 1e6:,.0f}", f"{each.instructions / base:.2f}", f"{each.modules:,}"]
        for name, each in started.items()
    ]
    counted = Table(["Function", "Million instructions", "× bare function", "Modules"], rows)
    measured = (
        "From the start of the interpreter through the imports and the creation of the client to the first answer, "
        "over a new connection to a database on loopback: instructions in user space, counted by valgrind, above those "
        f"of a bare interpreter; means of {RUNS} runs. The built functions and the layer are as deployed, with their "
        "bytecode, on `python -S` with nothing else on the path. The other packages have the same form: compiled, and "
        "without the descriptions of unused services. Each function loads 20 KB, except that `put_config` saves, "
        "`projects` lists and `project_data` reads."
    )
    return [
        Section("Cold start", measured, [counted, *map(_imports, TARGETS)], _notes(started), _claims(started, base))
    ]


def measure() -> dict[str, Started]:
    bare, mine = contender.bare(), [contender.ours(name) for name in EVENTS]
    with tempfile.TemporaryDirectory() as folder, canned.database(workload.newest_item(SIZE)) as address:
        environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL_DYNAMODB": address}
        nothing = [sys.executable, "-s", "-P", "-S", str(PROGRAM), "{}"]
        commands = {each.name: command(each, Path(folder)) for each in [bare, *mine, *contender.peers()]}
        for name, started in commands.items():
            _check(name, started, environment)
        counts = _counted([nothing, *commands.values()] * RUNS, environment)
    runs = [counts[place :: len(commands) + 1] for place in range(len(commands) + 1)]
    base = statistics.median(count for count, _ in runs[0])
    return {name: _started(run, base) for name, run in zip(commands, runs[1:], strict=True)}


def _counted(jobs: list[list[str]], environment: Mapping[str, str]) -> list[tuple[int, str]]:
    """Count each command's instructions, on all processors: counts do not depend on parallel runs."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = [pool.submit(instructions, job, environment) for job in jobs]
        try:
            return [future.result() for future in futures]
        finally:
            # If one fails, the others need not run.
            pool.shutdown(cancel_futures=True)


def _started(runs: list[tuple[int, str]], base: float) -> Started:
    counts = [count for count, _ in runs]
    median = statistics.median(counts)
    return Started(median - base, (max(counts) - min(counts)) / median, _reported(runs[0][1])["modules"])


def command(each: Contender, folder: Path, *options: str) -> list[str]:
    """Make the command that starts a contender and lets it answer its event."""
    name = each.handler.partition(".")[0]
    known = EVENTS.get(name, EVENTS["get_config"])
    event = workload.event(known) if known else workload.save_event(SIZE)
    path = workload.write(folder, name, workload.rest_api(event) if each.is_rest else event)
    return each.command("answer", *options, event=path)


def _check(name: str, started: list[str], environment: dict[str, str]) -> None:
    """Start once to check the answer; this also writes missing bytecode."""
    done = subprocess.run(started, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    answer = _reported(done.stdout)["answer"] if done.returncode == 0 else {"statusCode": 0}
    if answer["statusCode"] != 200:  # noqa: PLR2004 - OK
        raise SystemExit(f"{name} did not answer: {done.stderr[-4000:]}{answer}")


def _reported(output: str) -> dict[str, Any]:
    reported: dict[str, Any] = json.loads(output.splitlines()[-1])
    return reported


def _imports(function: str) -> Table:
    """List the ten packages that take most of a function's import time."""
    found = [_imported(function) for _ in range(IMPORT_RUNS)]
    medians = {name: statistics.median(run.get(name, 0) for run in found) for name in found[0]}
    total = sum(medians.values())
    largest = sorted(medians.items(), key=lambda part: part[1], reverse=True)[:10]
    rows = [[name, f"{each:,.0f}", f"{each / total:.0%}"] for name, each in largest]
    return Table([f"`{function}` imports", "µs", "Share"], [*rows, ["total", f"{total:,.0f}", "100%"]])


def _imported(function: str) -> dict[str, float]:
    """Run a function with -X importtime: microseconds by top-level package, including late imports."""
    with tempfile.TemporaryDirectory() as folder, canned.database(workload.newest_item(SIZE)) as address:
        started = command(contender.ours(function), Path(folder), "-X", "importtime")
        environment = {**ENVIRONMENT, "AWS_ENDPOINT_URL_DYNAMODB": address}
        done = subprocess.run(started, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    found: Counter[str] = Counter()
    for line in done.stderr.splitlines():
        if match := _IMPORTED.match(line):
            found[_package(match[2])] += int(match[1])
    return {name: float(each) for name, each in found.items()}


def _package(module: str) -> str:
    top = module.partition(".")[0]
    return f"`{top}` (standard library)" if top in sys.stdlib_module_names else f"`{top}`"


def _claims(started: dict[str, Started], base: float) -> list[Claim]:
    peers = ", ".join(f"{peer.name} {started[peer.name].instructions / base:.2f}" for peer in contender.peers())
    claims = []
    for function, limit in TARGETS.items():
        ratio = started[contender.ours(function).name].instructions / base
        claims.append(
            Claim(f"Cold start of `{function}`", "1.00", peers, f"≤ {limit:.2f}", f"{ratio:.2f}", ratio <= limit)
        )
    return claims


def _notes(started: dict[str, Started]) -> list[str]:
    return [
        f"The {RUNS} counts of each start differed by at most {max(each.spread for each in started.values()):.2%}.",
        "1.00 is a function that makes a boto3 client, reads the item and answers with its stored content.",
        (
            f"Import times are medians of {IMPORT_RUNS} runs of `-X importtime`: each module's own time, summed by "
            "package. A function's own time includes the creation of its client."
        ),
    ]
