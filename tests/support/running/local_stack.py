"""The local stack as tests start and use it: a separate process, reached over HTTP."""

import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx

from local.template import CONNECTIONS_PATH

ROOT = Path(__file__).resolve().parents[3]
_PYTHON = ROOT / ".venv-local" / "bin" / "python"
_START_SECONDS = 240
_STOP_SECONDS = 30
# For clients of loopback, where nothing uses TLS: it trusts no authority. For each client, httpx would load all of the
# machine's, which takes a processor 35 ms.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class LocalStack:
    """One local stack on a state folder; after a restart it has the same port and data.

    `parameters` override the template's defaults; `root` is the checkout that runs, this one or a changed copy.
    """

    def __init__(
        self,
        state: Path,
        *,
        auth: bool = False,
        port: int | None = None,
        parameters: Mapping[str, str] | None = None,
        root: Path = ROOT,
    ) -> None:
        self.state = state
        self.port = port or _free_port()
        self._auth = auth
        self._parameters = dict(parameters or {})
        self._root = root
        self._output = state.parent / f"{state.name}.output"
        self._process: subprocess.Popen[bytes] | None = None
        # Every process group that this stack ever started, to check that it is gone.
        self._groups: set[int] = set()

    def copy(self, state: Path, *, auth: bool = False) -> "LocalStack":
        """Copy this stack, which has to be stopped. The copy has the same port, which is a deployment parameter."""
        layers = f"{self.state / 'layers'}/"

        def copied(source: str, target: str) -> None:
            # Nothing writes to the 1,700 files of a layer, and a link takes a sixth of the time.
            (os.link if source.startswith(layers) else shutil.copy2)(source, target)

        shutil.copytree(self.state, state, symlinks=True, copy_function=copied)
        return LocalStack(state, auth=auth, port=self.port, parameters=self._parameters, root=self._root)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def output(self) -> str:
        """Return what the last start has printed so far."""
        return self._output.read_text()

    def start(self) -> "LocalStack":
        """Start the stack and wait until it is up."""
        self.launch()
        ready = self.state / "ready.json"
        deadline = time.monotonic() + _START_SECONDS
        while not (ready.exists() and json.loads(ready.read_text())["pid"] == self.pid):
            if self.exit_code() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"the local stack did not come up:\n{self.output()}")
            time.sleep(0.05)
        self._groups |= self._recorded()
        return self

    def launch(self) -> None:
        """Start the stack without waiting."""
        options = ["--port", str(self.port), "--state", str(self.state), *(["--auth"] if self._auth else [])]
        options += [f"--parameter={name}={value}" for name, value in self._parameters.items()]
        # Soon enough for the test that waits for it. Each time, the engine looks through all data: 20 ms of a processor
        # at 5 MB.
        options += ["--expire-every", "5"]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - this checkout's program
                [_PYTHON, "-m", "local.stack", "run", *options],
                cwd=self._root,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def exit_code(self) -> int | None:
        assert self._process
        return self._process.poll()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal the stack to stop, and return its exit code."""
        assert self._process
        self._process.send_signal(number)
        return self._process.wait(_STOP_SECONDS)

    def wait(self) -> int:
        assert self._process
        return self._process.wait(_STOP_SECONDS)

    def kill(self) -> None:
        """Kill every process of the stack at once with SIGKILL, so that none can write anything."""
        if self._process is None:
            return
        for group in (self._process.pid, *self._recorded()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self._process.wait(_STOP_SECONDS)

    def kill_supervisor(self) -> None:
        """Kill only the supervisor with SIGKILL."""
        assert self._process
        self._process.kill()
        self._process.wait(_STOP_SECONDS)

    def child(self, name: str, option: str) -> tuple[int, int]:
        """Return the id of one of the stack's processes, found by name, and the port that it was given as an option."""
        for record in (self.state / "children").iterdir():
            command = record.read_text().split("\n")
            if any(argument.endswith(name) for argument in command):
                return int(record.name), int(command[command.index(option) + 1])
        raise AssertionError(f"the stack has no process {name}")

    def end_child(self, pid: int) -> None:
        """Kill one of the stack's processes with SIGKILL."""
        assert pid in self._recorded()
        os.kill(pid, signal.SIGKILL)

    def kill_workers(self, function: str) -> int:
        """Kill with SIGKILL the processes that run a function, named as in the template; return how many there were."""
        workers = [int(row[0]) for row in _processes("pid=,args=") if str(self.state) in row[1] and function in row[1]]
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        return len(workers)

    def left_behind(self) -> list[str]:
        """List the processes that are still there after a grace period."""
        deadline = time.monotonic() + 10
        while (left := self._survivors()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def _survivors(self) -> list[str]:
        """List the processes started by this stack that still run."""
        return [
            row[2]
            for row in _processes("pgid=,stat=,args=")
            if (int(row[0]) in self._groups or str(self.state) in row[-1]) and not row[1].startswith("Z")
        ]

    def token(self, subject: str) -> str:
        answer = httpx.get(f"{self.url}/local/token", params={"sub": subject}, verify=NO_TLS)
        token: str = answer.raise_for_status().json()["token"]
        return token

    def client(self, subject: str) -> httpx.Client:
        """Return a client that acts for the user; the caller closes it."""
        headers = {"Authorization": f"Bearer {self.token(subject)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=NO_TLS)

    def aws(self, service: Any) -> Any:
        """Return an operator's client of an AWS service, which the emulator answers."""
        return _aws(service, json.loads((self.state / "ready.json").read_text())["aws"])

    def connections(self) -> Any:
        """Return an operator's client of the open WebSocket connections."""
        emulator = json.loads((self.state / "ready.json").read_text())["aws"]
        return _aws("apigatewaymanagementapi", f"{emulator}{CONNECTIONS_PATH}")

    def database(self) -> Any:
        """Return a DynamoDB client of the engine that keeps the data."""
        return _aws("dynamodb", f"http://127.0.0.1:{self.child('dynoxide', '--port')[1]}")

    def _recorded(self) -> set[int]:
        return {int(record.name) for record in (self.state / "children").glob("*")}


def table_of(engine: Any) -> str:
    """Return the name of a stack's only table."""
    (name,) = engine.list_tables()["TableNames"]
    return str(name)


def items_of(engine: Any, **asked: Any) -> Iterator[dict[str, Any]]:
    """Return the items of a stack's table that a scan asks for, however many pages it takes."""
    for page in engine.get_paginator("scan").paginate(TableName=table_of(engine), **asked):
        yield from page["Items"]


def _processes(columns: str) -> list[list[str]]:
    """List all processes of this machine in columns of ps, the last of which may contain spaces."""
    command = ["ps", "-A", "-ww", "-o", columns]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - a fixed command
    return [line.split(maxsplit=columns.count(",")) for line in shown.stdout.splitlines()]


@functools.cache
def _aws(service: Any, endpoint: str) -> Any:
    """Return a client, made once for each endpoint, because some tests ask for one twenty times a second."""
    region, key = "us-east-1", "test"
    return boto3.client(
        service, endpoint_url=endpoint, region_name=region, aws_access_key_id=key, aws_secret_access_key=key
    )


def walk(step: str, stack: LocalStack, *options: str) -> str:
    """Run the walk of the README, which fails at the first unexpected answer."""
    shown = subprocess.run(  # noqa: S603 - this checkout's program
        [_PYTHON, "-m", "local.walk", step, "--url", stack.url, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return shown.stdout


def token_command(port: int, subject: str, state: Path) -> str:
    """Run the command behind `make token`."""
    options = ["--port", str(port), "--sub", subject, "--state", str(state)]
    shown = subprocess.run(  # noqa: S603 - this checkout's program
        [_PYTHON, "-m", "local.stack", "token", *options], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return shown.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
