"""Other services that store a JSON document, well configured: production mode, no access log, no compression."""

import contextlib
import http.client
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.service import postgres
from benchmarks.service.load import CLIENTS, Address
from benchmarks.service.stage import STATE, Contender, Stage
from local import ROOT
from local.dashboards import dashboard
from local.processes import Child, free_port

NEXT: Final = "Next.js + Prisma + SQLite"
KINTO_POSTGRESQL: Final = "Kinto + PostgreSQL"
KINTO_MEMORY: Final = "Kinto in memory"
FASTAPI: Final = "FastAPI + SQLite"
EXPRESS: Final = "Express + better-sqlite3"
JSON_SERVER: Final = "json-server, 200 documents"

_HERE: Final = Path(__file__).parent
_NPM: Final = _HERE / "npm"
_NODE: Final = _NPM / "node_modules" / ".bin"
_PYTHON: Final = ROOT / ".venv-benchmark-service" / "bin"
_PRODUCTION: Final = {"NODE_ENV": "production", "NEXT_TELEMETRY_DISABLED": "1"}
_DOCUMENTS: Final = 200
_WAL: Final = "SIGKILL (WAL mode, `synchronous=NORMAL`)"


def peer_contenders(stage: Stage) -> Iterator[Contender]:
    yield _next(stage)
    programs = postgres.programs()
    if programs:
        server, url = postgres.start(stage, programs)
        yield _kinto(stage, KINTO_POSTGRESQL, "a power cut (its defaults: `fsync`, `synchronous_commit`)", url, server)
    yield _kinto(stage, KINTO_MEMORY, "nothing")
    yield _fastapi(stage)
    yield _express(stage)
    yield _json_server(stage)


def left_out() -> list[str]:
    """Explain which peers are missing on this machine."""
    return [] if postgres.programs() else [f"{KINTO_POSTGRESQL} was left out: this machine has no PostgreSQL."]


def _next(stage: Stage) -> Contender:
    port, database = free_port(), _database("next")
    command = [str(_NODE / "next"), "start", str(_NPM / "next"), "--hostname", "127.0.0.1", "--port", str(port)]
    server = stage.start("next", command, {**_PRODUCTION, "DATABASE_URL": f"file:{database}"}, port)
    return Contender(NEXT, {"node": [server]}, _address(port), _WAL)


def _fastapi(stage: Stage) -> Contender:
    port, database = free_port(), _database("fastapi")
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    command = [str(_PYTHON / "uvicorn"), "--app-dir", str(_HERE), "fastapi_peer:app", *options]
    server = stage.start("fastapi", command, {"DATABASE": str(database)}, port)
    return Contender(FASTAPI, {"uvicorn": [server]}, _address(port), _WAL)


def _express(stage: Stage) -> Contender:
    port, database = free_port(), _database("express")
    environment = {**_PRODUCTION, "DATABASE": str(database), "PORT": str(port)}
    server = stage.start("express", ["node", str(_NPM / "express.js")], environment, port)
    return Contender(EXPRESS, {"node": [server]}, _address(port), _WAL)


def _json_server(stage: Stage) -> Contender:
    port, file = free_port(), STATE / "json-server.json"
    documents = [{"id": f"{number}", **dashboard("medium", number)} for number in range(_DOCUMENTS)]
    file.write_text(json.dumps({"dashboards": documents}))
    options = ["--host", "127.0.0.1", "--port", str(port), "--quiet", "--no-gzip"]
    server = stage.start("json-server", [str(_NODE / "json-server"), *options, str(file)], _PRODUCTION, port)
    address = Address(port, lambda number: f"/dashboards/{number}", document=_without_id)
    return Contender(JSON_SERVER, {"node": [server]}, address, "SIGKILL, except during a write (the file is rewritten)")


def _without_id(answer: Any) -> Any:  # noqa: ANN401 - any JSON value
    return {name: value for name, value in answer.items() if name not in {"id", "last_modified", "schema"}}


def _kinto(stage: Stage, name: str, survives: str, url: str = "", database: Child | None = None) -> Contender:
    port = free_port()
    kind = "postgresql" if url else "memory"
    settings = STATE / f"kinto-{kind}.ini"
    settings.write_text(_kinto_settings(kind, url))
    if url:
        stage.run("kinto-migrate", [str(_PYTHON / "kinto"), "migrate", "--ini", str(settings)], {})
    command = [str(_PYTHON / "pyuwsgi"), "--http11-socket", f"127.0.0.1:{port}", "--ini-paste", str(settings)]
    options = ["--need-app", "--die-on-term", "--disable-logging", "--threads", str(CLIENTS)]
    server = stage.start(f"kinto-{kind}", [*command, *options], {}, port)
    _create(port, "/v1/buckets/benchmark", "/v1/buckets/benchmark/collections/dashboards")
    address = Address(
        port,
        lambda number: f"/v1/buckets/benchmark/collections/dashboards/records/dashboard-{number}",
        document=lambda answer: _without_id(answer["data"]),
        wrap=('{"data":', "}"),
    )
    parts = {"kinto": [server], **({"postgresql": [database]} if database else {})}
    return Contender(name, parts, address, survives)


def _kinto_settings(kind: str, url: str) -> str:
    """Allow anonymous writes: no peer authenticates requests, so this one need not either."""
    backends = [f"kinto.{name}_backend = kinto.core.{name}.{kind}" for name in ("storage", "permission")]
    addresses = [f"kinto.{name}_url = {url}" for name in ("storage", "permission")] if url else []
    lines = [
        "[app:main]",
        "use = egg:kinto",
        "kinto.bucket_create_principals = system.Everyone",
        "kinto.bucket_write_principals = system.Everyone",
        "kinto.cache_backend = kinto.core.cache.memory",
        *backends,
        *addresses,
        "[loggers]",
        "keys = root",
        "[handlers]",
        "keys = console",
        "[formatters]",
        "keys = plain",
        "[logger_root]",
        "level = ERROR",
        "handlers = console",
        "[handler_console]",
        "class = StreamHandler",
        "args = (sys.stderr,)",
        "formatter = plain",
        "[formatter_plain]",
        "format = %(message)s",
    ]
    return "\n".join(lines)


def _create(port: int, *paths: str) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        for path in paths:
            connection.request("PUT", path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != http.client.CREATED:
                raise RuntimeError(f"{path} was not created: {answer.status} {body.decode()}")


def _address(port: int) -> Address:
    return Address(port, lambda number: f"/dashboards/dashboard-{number}")


def _database(name: str) -> Path:
    """Make the database of a peer on SQLite: one table, in WAL mode, which the file keeps."""
    path = STATE / f"{name}.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE dashboard (id TEXT NOT NULL PRIMARY KEY, config TEXT NOT NULL)")
    return path
