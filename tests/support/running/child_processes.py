"""The processes that this one has started, and how to kill the one that runs a page."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_PROCESSES = Path("/proc")


def descendants(ancestor: int | None = None) -> list[int]:
    """Return the children of a process, or of this one, and theirs: a browser's zygote or fork server has its own."""
    parents = {int(each.name): _numbers(each)[0] for each in _PROCESSES.iterdir() if each.name.isdigit()}
    found = [ancestor or os.getpid()]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found[1:]


def command_of(process: int) -> str:
    """Return a process's command line; empty if it has ended."""
    with suppress(OSError):
        return (_PROCESSES / str(process) / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return ""


def kill(process: int) -> None:
    """Kill a process and all that it has started with SIGKILL."""
    for each in [process, *descendants(process)]:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def busiest(work: Callable[[], object]) -> int:
    """Return the descendant of this process that spends the most processor time on some work."""
    before = {process: _processor_time(process) for process in descendants()}
    work()
    return max(before, key=lambda process: _processor_time(process) - before[process])


def _processor_time(process: int) -> int:
    """Return the clock ticks that a process has spent in its own code."""
    return _numbers(_PROCESSES / str(process))[10]


def _numbers(process: Path) -> list[int]:
    """Return the numbers after a process's state, its parent's first: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""
    with suppress(OSError):
        return [int(field) for field in (process / "stat").read_text().rsplit(")", 1)[1].split()[1:]]
    return [0] * 50
