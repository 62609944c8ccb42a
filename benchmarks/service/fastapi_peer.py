"""FastAPI with SQLite: parses the body, stores its text and returns it; SQLite runs in the framework's threads."""

import json
import os
import sqlite3
import threading

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

_local = threading.local()


def _connection() -> sqlite3.Connection:
    if not hasattr(_local, "connection"):
        _local.connection = sqlite3.connect(os.environ["DATABASE"], isolation_level=None)
        _local.connection.execute("PRAGMA synchronous = NORMAL")
    found: sqlite3.Connection = _local.connection
    return found


def _load(dashboard_id: str) -> str | None:
    row = _connection().execute("SELECT config FROM dashboard WHERE id = ?", (dashboard_id,)).fetchone()
    return row and str(row[0])


def _save(dashboard_id: str, config: str) -> None:
    statement = "INSERT INTO dashboard VALUES (?, ?) ON CONFLICT DO UPDATE SET config = excluded.config"
    _connection().execute(statement, (dashboard_id, config))


async def load(dashboard_id: str) -> Response:
    config = await run_in_threadpool(_load, dashboard_id)
    if config is None:
        raise HTTPException(404)
    return Response(config, media_type="application/json")


async def save(dashboard_id: str, request: Request) -> dict[str, bool]:
    body = await request.body()
    json.loads(body)
    await run_in_threadpool(_save, dashboard_id, body.decode())
    return {"success": True}


app = FastAPI(openapi_url=None)
app.add_api_route("/dashboards/{dashboard_id}", load, methods=["GET"])
app.add_api_route("/dashboards/{dashboard_id}", save, methods=["PUT"])
