"""The memory of a local stack's processes."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

# A process that leaks memory at each request grows by far more in a minute's thousands of requests.
MAX_GROWTH: Final = 0.1

_FUNCTION: Final = re.compile(r"ministack-lambda-\w+-(\w+)Function-")


class Process(NamedTuple):
    """A process's name and kind, and its memory in bytes (RSS)."""

    name: str
    bytes: int
    is_function: bool


type Sample = Mapping[int, Process]
"""Processes by id."""


def processes(state: Path) -> Sample:
    """Return the processes of the stack with this state folder; none if no stack runs on it."""
    groups = {int(record.name) for record in (state / "children").glob("*")}
    command = ["ps", "-A", "-ww", "-o", "pgid=,pid=,rss=,args="]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - a fixed command
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
    """Report each function's process whose memory grew by more than a tenth."""
    for pid in before.keys() & after.keys():
        name, had, is_function = before[pid]
        has = after[pid].bytes
        if is_function and has > had * (1 + MAX_GROWTH):
            yield f"a process of {name} grew from {had / 1e6:.0f} to {has / 1e6:.0f} MB"


def totals(sample: Sample) -> dict[str, tuple[int, int]]:
    """Return the number of processes with each name, and their total bytes."""
    found: dict[str, tuple[int, int]] = {}
    for process in sample.values():
        count, size = found.get(process.name, (0, 0))
        found[process.name] = (count + 1, size + process.bytes)
    return dict(sorted(found.items()))
