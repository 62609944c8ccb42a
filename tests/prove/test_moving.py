"""The application of docs/moving.md moves from SQL in its stages, and back, without losing what users save."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from support.project.template import ROOT
from support.running.applications import built, packed, serving
from support.running.local_stack import LocalStack
from support.sql.databases import Database
from support.sql.servers import postgresql

USER = "user-who-moves"
PATH = "/api/dashboards/sales"
NOWHERE = "http://127.0.0.1:9"
"""Nothing listens on the port for discarded data."""

type Serve = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """PostgreSQL with one project."""
    with postgresql() as url:
        found = Database(url)
        found.fill({"projects": [{"id": "sales", "name": "Sales", "settings": "{}", "userId": USER}]})
        yield found
        found.close()


@pytest.fixture(scope="module")
def serve(stack: LocalStack, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Serve the application with other settings, which are those of its stages."""
    folder = built("moving", packed(tmp_path_factory.mktemp("tarball")), stack.url)

    def served(**settings: str) -> AbstractContextManager[str]:
        environment = {"DASHKEEP_URL": stack.url, "DATABASE_URL": database.url, **settings}
        log = tmp_path_factory.mktemp("moving") / "log"
        return serving(folder, log, "next", "start", "--hostname", "127.0.0.1", **environment)

    return served


@pytest.fixture
def command(stack: LocalStack, database: Database) -> Callable[..., int]:
    """Run a command on the database and the stack; returns its exit code."""

    def run(name: str, *options: str) -> int:
        place = ("--local", str(stack.state))
        arguments = [sys.executable, "-m", "admin", name, database.url, *place, *options]
        environment = os.environ | {"PYTHONPATH": "shared"}
        return subprocess.run(arguments, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603 - this checkout's

    return run


def save(application: str, path: str, title: str) -> None:
    dashboard = {"chartCustomizations": {"c1": {"title": title}}, "theme": {"id": "dark"}}
    httpx.put(application + path, json=dashboard, cookies={"user": USER}, timeout=30).raise_for_status()


def shown(application: str, path: str) -> str:
    answer = httpx.get(application + path, cookies={"user": USER}, timeout=30).raise_for_status()
    title: str = answer.json()["chartCustomizations"]["c1"]["title"]
    return title


def kept(stack: LocalStack) -> list[Any]:
    """Return the titles of all versions in Dashkeep, the newest first."""
    with stack.client(USER) as client:
        versions = client.get("/api/projects/sales/config/versions").json()["versions"]
        found = [client.get(f"/api/projects/sales/config/versions/{each['version']}").json() for each in versions]
        return [each["config"]["chartCustomizations"]["c1"]["title"] for each in found]


def test_an_application_moves_and_can_go_back(stack: LocalStack, serve: Serve, command: Callable[..., int]) -> None:
    """Each stage shows what the one before saved, a copy that failed is found and mended, and the way back is open."""
    with serve() as application:
        save(application, "/api/before/sales", "of SQL alone")
        assert command("import-sql") == 0
        assert kept(stack) == ["of SQL alone"]
        save(application, PATH, "of both")
        assert shown(application, PATH) == "of both"
        assert kept(stack) == ["of both", "of SQL alone"]
        assert command("verify-sql", "--sql-first") == 0
    with serve(DASHKEEP_URL=NOWHERE) as application:
        save(application, PATH, "while Dashkeep was away")
        assert shown(application, PATH) == "while Dashkeep was away"
    assert command("verify-sql", "--sql-first") == 1
    assert command("import-sql", "--sql-first") == 0
    assert kept(stack)[:2] == ["while Dashkeep was away", "of both"]
    assert command("verify-sql", "--sql-first") == 0
    with serve(DASHBOARDS="dashkeep") as application:
        assert shown(application, PATH) == "while Dashkeep was away"
        save(application, PATH, "of Dashkeep first")
        assert shown(application, PATH) == "of Dashkeep first"
        assert command("verify-sql") == 0
    with serve() as application:
        assert shown(application, PATH) == "of Dashkeep first"
