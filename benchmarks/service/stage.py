"""Runs the compared services on one core, apart from the load, and ends them with the benchmark."""

import contextlib
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from benchmarks.service.cpu import cores, on
from benchmarks.service.load import Address
from local import ROOT
from local.processes import Child, run_tool, sweep

STATE: Final = ROOT / ".benchmark" / "service"
_START_SECONDS: Final = 60


@dataclass(frozen=True)
class Contender:
    """A running service: `parts` are its processes by role, `survives` is what an answered save survives.

    `beside` are processes that it needs but that do not count as part of it.
    """

    name: str
    parts: Mapping[str, Sequence[Child]]
    address: Address
    survives: str
    beside: Sequence[Child] = ()

    def require(self) -> None:
        """Raise an error if one of its processes has exited."""
        for child in chain(*self.parts.values(), self.beside):
            child.require()


class Stage:
    """Starts processes, each on the core for its role."""

    def __init__(self, ended: contextlib.ExitStack) -> None:
        self._ended = ended
        self._core_of_services, self._core_of_the_rest = cores()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str], port: int | None = None) -> Child:
        """Start a process of a service, and wait until it listens on its port, if it has one."""
        return self._start(name, command, env, port, self._core_of_services)

    def start_beside(self, name: str, command: Sequence[str], env: Mapping[str, str], port: int) -> Child:
        """Start a process in front of a service that does not count as part of it."""
        return self._start(name, command, env, port, self._core_of_the_rest)

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        run_tool(name, list(command), env=_with_base(env), state=STATE)

    def _start(
        self, name: str, command: Sequence[str], env: Mapping[str, str], port: int | None, core: set[int]
    ) -> Child:
        with on(core):
            child = Child(name, list(command), env=_with_base(env), state=STATE)
        self._ended.callback(child.stop, seconds=5)
        if port:
            _wait_for(child, port)
        return child

    def load_core(self) -> contextlib.AbstractContextManager[None]:
        return on(self._core_of_the_rest)


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Prepare an empty folder; finally end all processes and remove everything but their logs."""
    sweep(STATE)
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    with contextlib.ExitStack() as ended:
        yield Stage(ended)
    for path in STATE.iterdir():
        if path.name != "logs":
            _remove(path)


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _with_base(env: Mapping[str, str]) -> dict[str, str]:
    """Drop most of this shell's environment, above all AWS credentials and proxies."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | dict(env)


def _wait_for(child: Child, port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        child.require()
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{child.name} did not listen within {_START_SECONDS} s. {child.log_tail()}")
