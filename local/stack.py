"""Run the local stack: `python -m local.stack run`. Print a token: `python -m local.stack token --sub user-1`."""

import argparse
import contextlib
import fcntl
import json
import os
import platform
import secrets
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from local import ROOT, bridge, build, database, files
from local.aws import Json
from local.issuer import AUDIENCE, Issuer
from local.processes import Child, ChildFailedError, free_port, port_taken, sweep

_LOOPBACK = "127.0.0.1"
_BUILT = build.SAM_FOLDER / "local"
_DEV_ORIGINS = ("http://localhost:3000", "http://localhost:5173")
_DEPLOYED_BY = (
    "local/template.py",
    "local/emulator.py",
    "local/websocket_api.py",
    "local/database.py",
    "requirements/local.txt",
)
_LOOPBACK_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# The only variables of the caller's environment that the emulator, and so every function, inherits.
_INHERITED = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")


class CannotStartError(Exception):
    """The stack cannot start for an external reason; the message says what to do."""


@dataclass(frozen=True)
class Settings:
    """Where a stack listens and keeps its state, whether it enforces IAM, and which parameters it is deployed with.

    `expire_every`: how many seconds pass between two removals of expired items.
    """

    port: int
    state: Path
    auth: bool = False
    expire_every: float = 10
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{_LOOPBACK}:{self.port}"

    @property
    def live_url(self) -> str:
        return f"ws://{_LOOPBACK}:{self.port}/live"


class Stack:
    """A running stack: its processes, and what is deployed to them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = settings.state
        self._gateway = free_port()
        self._engine = free_port()
        self._sweeper = free_port()
        self._sweeper_token = secrets.token_urlsafe()
        self._children: list[Child] = []
        # The engine checks no permissions, so a stack that enforces them keeps its data in the emulator.
        self._binary = None if settings.auth else database.binary()

    @property
    def aws(self) -> str:
        """The emulator's URL, in place of AWS; the port changes at each start."""
        return f"http://{_LOOPBACK}:{self._gateway}"

    def start(self) -> None:
        self._discard_unfinished()
        emulator = self._start_children()
        with build.exclusive():
            self._build()
            self._await(self._emulator_ready, "The emulator")
            self._deploy(emulator)
        self._keep_table()
        bridged = self._start_bridge()
        self._await(self._healthy, "The API")
        self._await(bridged.exists, "The bridge from the table's stream to the functions")

    def watch(self) -> None:
        """Watch the children forever; raise ChildFailedError when one ends."""
        while True:
            for child in self._children:
                child.require()
            time.sleep(0.2)

    def stop(self) -> None:
        # In reverse order, so that no process calls one that has already ended.
        for child in reversed(self._children):
            child.stop(seconds=15)

    def engine(self) -> str:
        if self._binary:
            return "dynoxide: an acknowledged save survives SIGKILL"
        if self._settings.auth:
            return "the emulator's own, with IAM enforced: SIGKILL loses saves since the last clean stop"
        return "the emulator's own, as npm has no dynoxide here: SIGKILL loses saves since the last clean stop"

    def _discard_unfinished(self) -> None:
        """Delete what no later start can use: temporary files, and an emulator without a finished deployment."""
        shutil.rmtree(self._state / "tmp", ignore_errors=True)
        (self._state / "tmp").mkdir(parents=True)
        if not self._stamp.exists():
            shutil.rmtree(self._state / "emulator", ignore_errors=True)

    def _start_children(self) -> Child:
        if self._binary:
            listen = ["--host", _LOOPBACK, "--port", str(self._engine), "--db-path", str(self._data)]
            # Through its other interface, the engine removes expired items.
            listen += ["--mcp", "--mcp-host", _LOOPBACK, "--mcp-port", str(self._sweeper)]
            self._start("dynoxide", [str(self._binary), "serve", *listen], _inherited() | self._sweeper_key)
        emulator = self._start(
            "emulator",
            _module("emulator", str(self._state), json.dumps(self._parameters())),
            self._emulator_environment(),
        )
        ports = ["--port", str(self._settings.port), "--gateway", str(self._gateway)]
        self._start("front", _module("front", *ports, "--state", str(self._state)), _inherited())
        return emulator

    def _start_bridge(self) -> Path:
        """Start feeding the functions from the table's stream; return the file that exists once it does."""
        ready = self._state / bridge.FOLDER / bridge.READY
        ready.unlink(missing_ok=True)
        options = ["--emulator", self.aws, "--engine", self.database, "--state", str(self._state)]
        if self._binary:
            options += ["--data", str(self._data), "--sweeper", f"http://{_LOOPBACK}:{self._sweeper}/mcp"]
            options += ["--expire-every", str(self._settings.expire_every)]
        self._start("bridge", _module("bridge", *options), _inherited() | self._sweeper_key)
        return ready

    def _start(self, name: str, command: list[str], env: dict[str, str]) -> Child:
        child = Child(name, command, env=env, state=self._state)
        self._children.append(child)
        return child

    def _emulator_environment(self) -> dict[str, str]:
        emulator = self._state / "emulator"
        own = {
            "BIND_HOST": _LOOPBACK,
            "GATEWAY_PORT": str(self._gateway),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(emulator / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(emulator / "s3"),
            "TMPDIR": str(self._state / "tmp"),
            # Both would listen on fixed ports, which two stacks cannot share.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AUTH": str(self._settings.auth).lower(),
            # As in Lambda: the clock is in UTC, and nothing writes to the code's folder.
            "TZ": "UTC",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        data = {"AWS_ENDPOINT_URL_DYNAMODB": self.database} if self._binary else {}
        return _inherited() | own | data

    def _build(self) -> None:
        _say("Building …")
        built = build.build(_BUILT, _architecture())
        _say("  built" if built else "  nothing changed since the last build")

    def _deploy(self, emulator: Child) -> None:
        wanted = self._parameters()["Deployment"]
        if self._deployed().get("fingerprint") == wanted:
            _say("  nothing changed since the last deployment")
            return
        _say("Deploying template.yaml to the emulator …")
        self._sam_deploy(emulator)
        self._snapshot(emulator)
        self._record(wanted)
        _say("  deployed")

    def _sam_deploy(self, emulator: Child) -> None:
        parameters = [f"{name}={value}" for name, value in self._parameters().items()]
        # Without --config-file, sam looks for its configuration beside the template.
        template = ["--template-file", str(build.packed(_BUILT)), "--config-file", str(ROOT / "samconfig.toml")]
        options = ["--no-confirm-changeset", "--no-progressbar", "--use-json", "--parameter-overrides", *parameters]
        # sam polls every five seconds; the emulator takes one.
        local = {"AWS_ENDPOINT_URL": self._gateway_url, "SAM_CLI_POLL_DELAY": "0.1"}
        env = build.tool_environment() | local | _no_proxy()
        try:
            build.sam("deploy", "deploy", *template, *options, env=env, state=self._state)
        except ChildFailedError:
            # A clean stop would save half a deployment; after a kill, the emulator restores its last snapshot.
            emulator.kill()
            raise

    def _parameters(self) -> dict[str, str]:
        chosen = {
            "JwtIssuer": self._settings.url,
            "JwtAudience": AUDIENCE,
            "AllowedOrigins": ",".join((self._settings.url, f"http://localhost:{self._settings.port}", *_DEV_ORIGINS)),
            "LiveUrl": self._settings.live_url,
            "Architecture": _architecture(),
            # Deleting the local stack means deleting a folder.
            "DeletionProtection": "false",
            **self._settings.parameters,
        }
        salt = build.source_fingerprint(_architecture()) + json.dumps(chosen)
        # The template's pattern: SAM uses ten characters.
        return {**chosen, "Deployment": build.fingerprint(salt, _DEPLOYED_BY)[:10]}

    def _snapshot(self, emulator: Child) -> None:
        """Make the emulator save its state now, so that a start after SIGKILL needs no deployment."""
        done = self._state / "snapshot-done"
        done.unlink(missing_ok=True)
        emulator.send(signal.SIGUSR1)
        self._await(done.exists, "The emulator's snapshot")
        if unsaved := done.read_text():
            raise ChildFailedError(f"The emulator could not save the state of: {unsaved}. {emulator.log_tail()}")

    def _record(self, fingerprint: str) -> None:
        before = self._deployed().get("table")
        after = database.only_table(self._gateway_url) if self._binary else None
        if before and after and before["TableName"] != after["TableName"]:
            _say(
                f"  NOTE: the table {before['TableName']} was replaced by {after['TableName']}. The data of the old "
                "one is still in the data file but is no longer served."
            )
        files.replace(self._stamp, json.dumps({"fingerprint": fingerprint, "table": after}))

    def _keep_table(self) -> None:
        if self._binary:
            database.keep_table(self.database, self._deployed()["table"], self._data)

    @property
    def _data(self) -> Path:
        return self._state / "data.sqlite"

    @property
    def database(self) -> str:
        """The URL of the database that the functions use."""
        return f"http://{_LOOPBACK}:{self._engine}" if self._binary else self.aws

    @property
    def _sweeper_key(self) -> dict[str, str]:
        return {"DYNOXIDE_MCP_AUTH_TOKEN": self._sweeper_token}

    @property
    def _stamp(self) -> Path:
        return self._state / "deployed.json"

    def _deployed(self) -> Json:
        deployed: Json = json.loads(self._stamp.read_text()) if self._stamp.exists() else {}
        return deployed

    @property
    def _gateway_url(self) -> str:
        return f"http://{_LOOPBACK}:{self._gateway}"

    def _emulator_ready(self) -> bool:
        return _answers(f"{self._gateway_url}/_ministack/ready")

    def _healthy(self) -> bool:
        return _answers(f"{self._settings.url}/api/health")

    def _await(self, ready: Callable[[], bool], what: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            for child in self._children:
                child.require()
            if time.monotonic() > deadline:
                tails = "\n".join(child.log_tail() for child in self._children)
                raise ChildFailedError(f"{what} did not become ready within {seconds:.0f} s.\n{tails}")
            time.sleep(0.05)


def run(settings: Settings) -> int:
    """Run the stack until a signal stops it, and return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with _alone(settings.state):
            _run_alone(settings)
    except KeyboardInterrupt:
        _say("Stopped. The data is kept.")
        return 0
    except (CannotStartError, ChildFailedError, database.TableMismatchError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    return 0


def _run_alone(settings: Settings) -> None:
    for name in sweep(settings.state):
        _say(f"Ended a process that the last run left behind: {name}")
    if port_taken(settings.port):
        raise CannotStartError(
            f"Port {settings.port} is taken by another program. Choose another one: make run PORT={settings.port + 1}"
        )
    stack = Stack(settings)
    ready = settings.state / "ready.json"
    ready.unlink(missing_ok=True)
    try:
        stack.start()
        urls = {"url": settings.url, "aws": stack.aws, "database": stack.database}
        files.replace(ready, json.dumps({**urls, "pid": os.getpid()}))
        _announce(settings, stack)
        stack.watch()
    finally:
        _ignore_signals()
        ready.unlink(missing_ok=True)
        stack.stop()


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Lock the state folder against a second stack for as long as this process lives."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStartError(f"A local stack already runs on the data in {state}") from None
        # `make clean` finds the stack by this pid, because it has to work when nothing is installed.
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _ignore_signals() -> None:
    """Ignore a second Ctrl-C while stopping, which would leave processes behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _announce(settings: Settings, stack: Stack) -> None:
    port = "" if settings.port == _DEFAULT_PORT else f" PORT={settings.port}"
    _say(f"""
Dashkeep is up.

  API     {settings.url}/api
  live    {settings.live_url}
  page    {settings.url}/
  issuer  {settings.url}/.well-known/openid-configuration
  token   make -s token SUB=user-1{port}
  data    {_shown(settings.state)} ({stack.engine()})
  table   {stack.database} (DynamoDB's API; region us-east-1, any keys)
  logs    {_shown(settings.state / "logs")}

Ctrl-C stops it and keeps the data.""")


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"local.{name}", *arguments]


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in _INHERITED if name in os.environ} | _no_proxy()


def _no_proxy() -> dict[str, str]:
    """Bypass any proxy in the caller's environment for loopback."""
    return {"NO_PROXY": f"{_LOOPBACK},localhost", "no_proxy": f"{_LOOPBACK},localhost"}


def _architecture() -> str:
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def _answers(url: str) -> bool:
    try:
        with _LOOPBACK_OPENER.open(url, timeout=20) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP 200 OK
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _say(text: str) -> None:
    print(text, flush=True)


_DEFAULT_PORT = 8000


def main() -> int:
    options = _options()
    state = options.state.resolve()
    if options.command == "token":
        print(Issuer(Settings(options.port, state).url, state).token(options.sub))
        return 0
    port = options.port or free_port()
    parameters = dict(options.parameter)
    return run(Settings(port, state, auth=options.auth, expire_every=options.expire_every, parameters=parameters))


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _options() -> argparse.Namespace:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--port", type=int, default=_DEFAULT_PORT, help="the port of the stack; 0 picks a free one")
    shared.add_argument("--state", type=Path, default=ROOT / ".local", help="the folder for all state")
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    started = commands.add_parser("run", parents=[shared], help="run the stack in the foreground")
    started.add_argument("--auth", action="store_true", help="enforce IAM policies and signatures, as AWS does")
    started.add_argument(
        "--expire-every",
        type=float,
        default=10,
        metavar="SECONDS",
        help="how often expired items are removed",
    )
    started.add_argument(
        "--parameter",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of template.yaml",
    )
    token = commands.add_parser("token", parents=[shared], help="print a token that the stack accepts")
    token.add_argument("--sub", required=True, help="the user in the token")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
