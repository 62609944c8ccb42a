"""Start child processes, and leave none behind.

Every child leads its own process group, so that what it starts (Lambda workers, pip) ends with it, and Ctrl-C in the
terminal reaches only the supervisor. Every group has a record in the state folder until it has ended.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from local import ROOT

_LOOPBACK = "127.0.0.1"
_TAIL_LINES = 25


class ChildFailedError(Exception):
    """A child ended unexpectedly, or a tool failed; the message includes the end of its log."""


class Child:
    """A running command, its log, and its record."""

    def __init__(self, name: str, command: list[str], *, env: Mapping[str, str], state: Path) -> None:
        self.name = name
        self.log = state / "logs" / f"{name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local.child", str(os.getpid()), *command],
                cwd=ROOT,
                env={**env, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._record = state / "children" / str(self._process.pid)
        self._record.parent.mkdir(parents=True, exist_ok=True)
        # The command line contains the state folder or the checkout, which distinguishes this child from a reused pid.
        self._record.write_text("\n".join(command))

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def require(self) -> None:
        """Raise ChildFailedError if the child has ended."""
        if not self.running():
            raise ChildFailedError(f"{self.name} ended with code {self._process.returncode}. {self.log_tail()}")

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def log_tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return f"The end of {self.log}:\n  " + "\n  ".join(lines)

    def wait(self, seconds: float) -> int:
        code = self._process.wait(seconds)
        self._forget()
        return code

    def kill(self) -> None:
        self.stop(seconds=0, number=signal.SIGKILL)

    def stop(self, seconds: float, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask the child to end, then kill what is left of its group."""
        if self.running():
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        _kill_group(self._process.pid)
        self._process.wait()
        self._forget()

    def _forget(self) -> None:
        self._record.unlink(missing_ok=True)


@contextlib.contextmanager
def tool(name: str, command: list[str], *, env: Mapping[str, str], state: Path, seconds: float = 600) -> Iterator[None]:
    """Run a command in parallel with the block and wait for it; its output goes to a log, whose end a failure shows."""
    child = Child(name, command, env=env, state=state)
    try:
        yield
        code = child.wait(seconds)
    except subprocess.TimeoutExpired:
        raise ChildFailedError(f"{name} did not end within {seconds:.0f} s. {child.log_tail()}") from None
    finally:
        child.stop(seconds=2)
    if code != 0:
        raise ChildFailedError(f"{name} failed with code {code}. {child.log_tail()}")


def run_tool(name: str, command: list[str], *, env: Mapping[str, str], state: Path) -> None:
    with tool(name, command, env=env, state=state):
        pass


def sweep(state: Path) -> list[str]:
    """End the processes that a killed supervisor left behind, and return their commands."""
    return [name for record in sorted((state / "children").glob("*")) for name in _end_recorded(record)]


def _end_recorded(record: Path) -> Iterator[str]:
    pid, command = int(record.name), record.read_text().split("\n")
    if all(argument in _command_line(pid) for argument in command[1:]) and _leads_its_group(pid):
        _kill_group(pid)
        yield command[0]
    record.unlink()


def _leads_its_group(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(pid) == pid
    return False


def _command_line(pid: int) -> str:
    shown = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)],  # noqa: S607 - found on the PATH
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    # A group lives as long as any member, and its folder may be reused only once it is gone.
    for _ in range(100):
        if not _group_alive(group):
            return
        time.sleep(0.02)


def _group_alive(group: int) -> bool:
    """Whether any member is alive; a leader that has ended remains a zombie until it is waited for."""
    shown = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat="],  # noqa: S607 - found on the PATH
        capture_output=True,
        text=True,
        check=False,
    )
    members = [line.split() for line in shown.stdout.splitlines()]
    return any(pgid == str(group) and not stat.startswith("Z") for pgid, stat in members)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def port_taken(port: int) -> bool:
    with socket.socket() as probe:
        # Only a listener blocks the port, not connections of the last run that are still closing.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return True
    return False
