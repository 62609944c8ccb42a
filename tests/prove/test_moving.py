"""The application of docs/moving.md moves from SQL in its stages, and back; a user with many projects leaves, too."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.project.figures import keep
from support.running.applications import built, packed, serving
from support.running.local_stack import LocalStack
from support.sql.contents import Application
from support.sql.databases import Database
from support.sql.processes import Operator
from support.sql.servers import postgresql

USER = "user-who-moves"
PATH = "/api/dashboards/sales"
NOWHERE = "http://127.0.0.1:9"
"""Nothing listens on the port for discarded data."""

PROJECTS = 500

type Serve = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """PostgreSQL with two projects that have no dashboards yet."""
    with postgresql() as url:
        found = Database(url)
        rows = [{"id": name, "name": name, "settings": "{}", "userId": USER} for name in ("sales", "new")]
        found.fill({"projects": rows})
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
def operator(stack: LocalStack, database: Database, tmp_path: Path) -> Operator:
    return Operator(stack, database.url, tmp_path)


def save(application: str, path: str, title: str) -> None:
    dashboard = {"chartCustomizations": {"c1": {"title": title}}, "theme": {"id": "dark"}}
    httpx.put(application + path, json=dashboard, cookies={"user": USER}, timeout=30).raise_for_status()


def shown(application: str, path: str) -> str:
    answer = httpx.get(application + path, cookies={"user": USER}, timeout=30).raise_for_status()
    title: str = answer.json()["chartCustomizations"]["c1"]["title"]
    return title


def kept(stack: LocalStack, project: str = "sales") -> list[Any]:
    """Return the titles of all versions in Dashkeep, the newest first."""
    with stack.client(USER) as client:
        place = f"/api/projects/{project}/config/versions"
        versions = client.get(place).json()["versions"]
        found = [client.get(f"{place}/{each['version']}").json() for each in versions]
        return [each["config"]["chartCustomizations"]["c1"]["title"] for each in found]


def test_an_application_moves_and_can_go_back(stack: LocalStack, serve: Serve, operator: Operator) -> None:
    """Each stage shows what the one before saved, a copy that failed is found and mended, and the way back is open."""

    def code(*command: str) -> int:
        return operator.run(*command)[0]

    with serve() as application:
        save(application, "/api/before/sales", "of SQL alone")
        save(application, PATH, "before the import")
        save(application, "/api/before/sales", "of SQL alone")
        assert code("import-sql") == 0
        assert kept(stack) == ["of SQL alone"]
        save(application, PATH, "of both")
        assert shown(application, PATH) == "of both"
        assert kept(stack) == ["of both", "of SQL alone"]
        save(application, "/api/dashboards/new", "the first")
        assert kept(stack, "new") == ["the first"]
        assert code("verify-sql", "--sql-first") == 0
    with serve(DASHKEEP_URL=NOWHERE) as application:
        save(application, PATH, "while Dashkeep was away")
        assert shown(application, PATH) == "while Dashkeep was away"
    assert code("verify-sql", "--sql-first") == 1
    assert code("import-sql", "--sql-first") == 0
    assert kept(stack)[:2] == ["while Dashkeep was away", "of both"]
    assert code("verify-sql", "--sql-first") == 0
    with serve(DASHBOARDS="dashkeep") as application:
        assert shown(application, PATH) == "while Dashkeep was away"
        save(application, PATH, "of Dashkeep first")
        assert shown(application, PATH) == "of Dashkeep first"
        assert code("verify-sql") == 0
    with serve() as application:
        assert shown(application, PATH) == "of Dashkeep first"


def test_a_user_with_many_projects_leaves_and_comes_back(stack: LocalStack, tmp_path: Path) -> None:
    """What is imported from SQL, exported, erased and imported again is equal to its rows, and is erased again."""
    per_thousand = 1_000 / PROJECTS
    rows = Application(13).rows(1, PROJECTS)
    user, archive = rows["projects"][0]["userId"], str(tmp_path / "archive.zip")
    with closing(Database(f"sqlite:///{tmp_path / 'app.db'}")) as source:
        source.fill(rows)
        operator = Operator(stack, source.url, tmp_path)
        for command in (
            ("import-sql",),
            ("export", archive, "--user", user),
            ("erase", "--user", user),
            ("import", archive, "--user", user, "--although-erased"),
        ):
            code, output = operator.run(*command)
            assert code == 0, output
            spent = json.loads(operator.report.read_text().splitlines()[-1])
            spent = spent.get("summary", spent)
            keep({f"{command[0]}: units per thousand projects": round(spent["units"] * per_thousand)})
            if "seconds" in spent:
                keep({f"{command[0]}: seconds per thousand projects": round(spent["seconds"] * per_thousand)})
        code, output = operator.run("verify-sql")
        assert (code, "different" in output) == (0, False), output
        assert operator.run("erase", "--user", user)[0] == 0
        assert operator.run("verify-sql")[0] == 0
        assert {line["reason"] for line in operator.lines()} == {"erased-owner"}
