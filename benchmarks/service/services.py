"""The services that are compared: the functions as deployed, a bare handler, and others that store a JSON document.

The functions run on AWS's own runtime, `awslambdaric`. The others run in production mode, without an access log or
compression. All of them run on one core, and everything else on another.
"""

import contextlib
import os
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from support.project.template import table_definition
from support.sql.servers import postgresql
from support.storage import engines

from benchmarks import contender
from benchmarks.contender import Contender
from benchmarks.service.load import CLIENTS, Address
from benchmarks.service.measure import Service
from local import ROOT
from local.database import binary
from local.processes import Child, free_port, run_tool, sweep

OURS: Final = "Dashkeep"
FLOOR: Final = "Bare handler, own signed HTTP"
NEXT: Final = "Next.js + Prisma + SQLite"
KINTO_POSTGRESQL: Final = "Kinto + PostgreSQL"
KINTO_MEMORY: Final = "Kinto in memory"
EXPRESS: Final = "Express + better-sqlite3"

_STATE: Final = ROOT / ".benchmark" / "service"
_HERE: Final = Path(__file__).parent
_NPM: Final = _HERE / "npm"
_KINTO: Final = ROOT / ".venv-benchmark-service" / "bin"
_RUNTIME: Final = (str(ROOT / ".venv-benchmark-runtime" / "bin" / "python"), "-m", "awslambdaric")
# All share one core: a second runtime takes the next event while the first returns its answer.
_RUNTIMES: Final = 2
_WAL: Final = "SIGKILL (SQLite in WAL mode, `synchronous=NORMAL`)"
_START_SECONDS: Final = 60
_CORES: Final = sorted(os.sched_getaffinity(0))


@contextmanager
def running() -> Iterator[list[Service]]:
    """Start all services, each with an empty database; the end of the block stops them."""
    sweep(_STATE)
    shutil.rmtree(_STATE, ignore_errors=True)
    _STATE.mkdir(parents=True)
    with ExitStack() as ended:
        with _on(_CORES[0]):
            services = [
                *_functions(ended),
                _node(ended, NEXT, _NPM / "node_modules/.bin/next", "start", "--hostname", "127.0.0.1", _NPM / "next"),
                *_kintos(ended),
                _node(ended, EXPRESS, _NPM / "express.js"),
            ]
        with _on(_CORES[-1]):
            yield services


@contextmanager
def _on(core: int) -> Iterator[None]:
    """Run the block and the processes that it starts on a core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _functions(ended: ExitStack) -> Iterator[Service]:
    """Start the engine, then the functions; Dashkeep's functions create the projects of the bare handler, too."""
    port = free_port()
    command = [str(binary()), "--host", "127.0.0.1", "--port", str(port), "--db-path", str(_STATE / "dynoxide.db")]
    engine = _started(ended, "dynoxide", command, {}, port).pid
    environment = {
        **contender.ENVIRONMENT,
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }
    with closing(engines.through_transport(environment)) as client:
        client.call("CreateTable", {"TableName": environment["TABLE_NAME"], **table_definition()})
    names = {"GetConfigFunction": "get_config", "PutConfigFunction": "put_config", "ProjectsFunction": "projects"}
    ours = {function: contender.ours(name) for function, name in names.items()}
    bare = dict.fromkeys([*names][:2], Contender(FLOOR, "bare_handler.handler", (_HERE / "handlers",)))
    ours_port, ours_pids = _front(ended, "ours", environment, ours)
    bare_port, bare_pids = _front(ended, "bare", environment, bare)
    for name, served, pids in ((OURS, ours_port, ours_pids), (FLOOR, bare_port, bare_pids)):
        user = f"{name.split()[0]}-{{}}"
        for number in range(CLIENTS):
            project = {"id": "sales", "name": "Sales"}
            _create(ours_port, "POST", "/api/projects", project, Authorization=f"Bearer {user.format(number)}")
        address = Address(served, "/api/projects/sales/config", lambda it: it["config"], user, is_versioned=True)
        yield Service(name, {"handlers": pids, "dynoxide": [engine]}, address, _WAL)


def _front(
    ended: ExitStack, name: str, environment: Mapping[str, str], handlers: Mapping[str, Contender]
) -> tuple[int, list[int]]:
    """Start functions behind the front, which runs apart from them; return its port and their processes."""
    port, runtime_ports = free_port(), {function: free_port() for function in handlers}
    command = [sys.executable, "-m", "benchmarks.service.front", str(port)]
    command += [f"{function}={runtime_port}" for function, runtime_port in runtime_ports.items()]
    with _on(_CORES[-1]):
        _started(ended, f"{name}-front", command, {"PYTHONPATH": "shared:tests"}, port)
    pids = []
    for function, handler in handlers.items():
        given = {
            **environment,
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime_ports[function]}",
            "PYTHONPATH": ":".join(map(str, handler.path)),
        }
        command = [*_RUNTIME, handler.handler]
        pids += [_started(ended, f"{name}-{function}-{each}", command, given).pid for each in range(_RUNTIMES)]
    return port, pids


def _node(ended: ExitStack, name: str, *command: str | Path) -> Service:
    """Serve with Node.js from a database on SQLite: one table, in WAL mode, which the file keeps."""
    port, short = free_port(), Path(command[-1]).stem
    with closing(sqlite3.connect(_STATE / f"{short}.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE dashboard (id TEXT NOT NULL PRIMARY KEY, config TEXT NOT NULL)")
    environment = {"NODE_ENV": "production", "NEXT_TELEMETRY_DISABLED": "1", "PORT": str(port)}
    environment["DATABASE_URL"] = f"file:{_STATE / short}.db"
    server = _started(ended, short, ["node", *map(str, command)], environment, port)
    return Service(name, {"node": [server.pid]}, Address(port, "/dashboards/{}"), _WAL)


def _kintos(ended: ExitStack) -> Iterator[Service]:
    before = _children()
    url = ended.enter_context(postgresql()).partition("?")[0]
    database = _children() - before
    address, server = _kinto(ended, "postgresql", url)
    parts = {"kinto": [server], "postgresql": [*database]}
    yield Service(KINTO_POSTGRESQL, parts, address, "SIGKILL (WAL, without `fsync`)")
    address, server = _kinto(ended, "memory")
    yield Service(KINTO_MEMORY, {"kinto": [server]}, address, "nothing")


def _children() -> set[int]:
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def _kinto(ended: ExitStack, kind: str, url: str = "") -> tuple[Address, int]:
    """Serve Kinto as the fastest server for it does; anonymous users may write, because nobody else signs in either."""
    port, settings = free_port(), _STATE / f"kinto-{kind}.ini"
    lines = ["[app:main]", "use = egg:kinto", "kinto.cache_backend = kinto.core.cache.memory"]
    lines += [f"kinto.bucket_{right}_principals = system.Everyone" for right in ("create", "write")]
    for name in ("storage", "permission"):
        lines += [f"kinto.{name}_backend = kinto.core.{name}.{kind}", f"kinto.{name}_url = {url}"]
    settings.write_text("\n".join(lines))
    if url:
        migrate = [str(_KINTO / "kinto"), "migrate", "--ini", str(settings)]
        run_tool("kinto-migrate", migrate, env={"PATH": os.environ["PATH"]}, state=_STATE)
    command = [str(_KINTO / "pyuwsgi"), "--http11-socket", f"127.0.0.1:{port}", "--ini-paste", str(settings)]
    options = ["--need-app", "--die-on-term", "--disable-logging", "--threads", str(CLIENTS)]
    server = _started(ended, f"kinto-{kind}", [*command, *options], {}, port)
    collection = "/v1/buckets/benchmark/collections/dashboards"
    _create(port, "PUT", "/v1/buckets/benchmark")
    _create(port, "PUT", collection)
    address = Address(port, f"{collection}/records/dashboard-{{}}", _record, wrap='{"data":%s}')
    return address, server.pid


def _record(answer: Any) -> Any:  # noqa: ANN401 - any JSON value
    return {name: value for name, value in answer["data"].items() if name not in {"id", "last_modified", "schema"}}


def _create(port: int, method: str, path: str, document: object = None, **headers: str) -> None:
    answer = httpx.request(method, f"http://127.0.0.1:{port}{path}", json=document, headers=headers, timeout=20)
    if answer.status_code != httpx.codes.CREATED:
        raise RuntimeError(f"{path} was not created: {answer.status_code} {answer.text}")


def _started(
    ended: ExitStack, name: str, command: Sequence[str], environment: Mapping[str, str], port: int = 0
) -> Child:
    """Start a process without this shell's environment, and wait until it listens on its port, if it has one."""
    child = Child(name, list(command), env={"PATH": os.environ["PATH"], **environment}, state=_STATE)
    ended.callback(child.stop, seconds=5)
    until = time.monotonic() + _START_SECONDS
    while port:
        child.require()
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        if time.monotonic() > until:
            raise TimeoutError(f"{name} did not listen within {_START_SECONDS} s. {child.log_tail()}")
        time.sleep(0.05)
    return child
