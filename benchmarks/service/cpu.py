"""CPU time and core affinity of processes on Linux."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
# Indexes counted from the state field: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
_PARENT: Final = 1
_TIMES: Final = slice(11, 15)


def cpu_seconds(roots: Iterable[int]) -> float:
    """Add up the user and system time of processes and all their descendants, including exited children."""
    stats = dict(_stats())
    family = set(roots)
    grown = True
    while grown:
        children = {pid for pid, fields in stats.items() if int(fields[_PARENT]) in family} - family
        family |= children
        grown = bool(children)
    return sum(int(ticks) for pid in family for ticks in stats[pid][_TIMES]) / _TICKS


def _stats() -> Iterator[tuple[int, Sequence[str]]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except (FileNotFoundError, ProcessLookupError):  # it has exited meanwhile
            continue
        yield int(path.parent.name), text[text.rindex(")") + 2 :].split()


def cores() -> tuple[set[int], set[int]]:
    """Return the services' core, and the core of the load and of what AWS runs in front of a function."""
    available = sorted(os.sched_getaffinity(0))
    return {available[0]}, {available[-1]}


@contextmanager
def on(chosen: set[int]) -> Iterator[None]:
    """Run the block and the processes that it starts on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
