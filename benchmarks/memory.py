"""How much memory the processes of a local stack have."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

# A process that keeps something of each request grows by far more in the thousands of requests of a minute.
MOST_GROWTH: Final = 0.1

_FUNCTION: Final = re.compile(r"ministack-lambda-\w+-(\w+)Function-")


class Process(NamedTuple):
    """What a process is, and the bytes of memory that it has (RSS)."""

    name: str
    bytes: int
    is_function: bool


type Sample = Mapping[int, Process]
"""Processes by their id."""


def processes(state: Path) -> Sample:
    """Look at every process of the stack that keeps its state in a folder; at none where no stack runs there."""
    groups = {int(record.name) for record in (state / "children").glob("*")}
    command = ["ps", "-A", "-ww", "-o", "pgid=,pid=,rss=,args="]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - nothing is given to it
    rows = (line.split(maxsplit=3) for line in shown.stdout.splitlines())
    return {int(pid): _process(arguments, int(rss)) for pgid, pid, rss, arguments in rows if int(pgid) in groups}


def _process(arguments: str, kilobytes: int) -> Process:
    function = _FUNCTION.search(arguments)
    name = function[1] if function else _program(arguments)
    return Process(name, kilobytes * 1024, is_function=function is not None)


def _program(arguments: str) -> str:
    module = re.search(r"-m local\.(\w+)", arguments)
    return module[1] if module else Path(arguments.split(maxsplit=1)[0]).name


def growth(before: Sample, after: Sample) -> Iterator[str]:
    """Name each function's process that has more than a tenth more memory than before."""
    for pid in before.keys() & after.keys():
        name, had, is_function = before[pid]
        has = after[pid].bytes
        if is_function and has > had * (1 + MOST_GROWTH):
            yield f"a process of {name} grew from {had / 1e6:.0f} to {has / 1e6:.0f} MB"


def totals(sample: Sample) -> dict[str, tuple[int, int]]:
    """Return how many processes of each name there are, and their bytes together."""
    found: dict[str, tuple[int, int]] = {}
    for process in sample.values():
        count, size = found.get(process.name, (0, 0))
        found[process.name] = (count + 1, size + process.bytes)
    return dict(sorted(found.items()))
