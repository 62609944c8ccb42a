"""Applications' databases on real servers move in while their users go on writing on both sides.

Two thousand projects of fifty users are imported from PostgreSQL while one writer saves to SQL and another one saves to
Dashkeep over HTTP, and while the command is killed five times. Then no row differs, and no answered save is lost.
MariaDB and SQLite have a smaller share, and every server has the malformed rows.
"""

import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import delete, table
from support.project.figures import keep
from support.running.local_stack import LocalStack
from support.sql import servers
from support.sql.contents import Application
from support.sql.databases import Database, Row
from support.sql.malformed import FAULTS, with_fault
from support.sql.processes import Operator

from admin import CannotRunError
from admin.sql.columns import Columns
from admin.sql.source import opened

USERS: Final = 50
PROJECTS: Final = 2_000
KILLS: Final = 5
FEWER_PROJECTS: Final = 200

type Rows = dict[str, list[Row]]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    """A local stack of its own."""
    own = LocalStack(tmp_path / "state").start()
    yield own
    assert own.stop() == 0
    assert own.left_behind() == []


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'app.db'}"


@dataclass
class Writers:
    """Users who go on writing: to the application's database, and to Dashkeep."""

    stack: LocalStack
    source: Database
    rows: Rows
    done: threading.Event = field(default_factory=threading.Event)
    saved: dict[tuple[str, str], list[tuple[int, Any]]] = field(default_factory=dict)
    """The answered saves of each user's project: version and content."""

    def to_sql(self) -> int:
        """Change rows and add some until the test is done; return how many."""
        application, chance, written = Application(8, "later"), random.Random(8), 0  # noqa: S311 - reproducible
        while not self.done.wait(0.02):
            project = chance.choice(self.rows["projects"])
            config = application.config(project) | {"updatedAt": datetime.now(UTC)}
            match chance.randrange(5):
                case 0:
                    # Ids of this writer are its own.
                    self.source.fill({"dashboard_configs": [config | {"id": f"later-{written}"}]})
                case 1:
                    self.source.change("projects", project["id"], name=f"Renamed {written}")
                case 2:
                    row = chance.choice(self.rows["project_data"])
                    content = json.dumps([{"written": written}]).encode()
                    self.source.change("project_data", row["id"], compressedData=content)
                case _:
                    row = chance.choice(self.rows["dashboard_configs"])
                    changed = {name: config[name] for name in ("chartCustomizations", "updatedAt")}
                    self.source.change("dashboard_configs", row["id"], **changed)
            written += 1
        return written

    def to_dashkeep(self) -> int:
        """Save configs of projects that have arrived until the test is done; return how many saves were answered."""
        chance, saved = random.Random(9), 0  # noqa: S311 - reproducible
        clients: dict[str, httpx.Client] = {}
        while not self.done.wait(0.05):
            project = chance.choice(self.rows["projects"])
            user = project["userId"]
            if user not in clients:
                clients[user] = self.stack.client(user)
            saved += self._save(clients[user], project, saved)
        for client in clients.values():
            client.close()
        return saved

    def _save(self, client: httpx.Client, project: Row, number: int) -> bool:
        """Save a config as its user; return whether that was answered. The import may be faster, or not there yet."""
        path = f"/api/projects/{project['id']}/config"
        loaded = client.get(path)
        if loaded.status_code == httpx.codes.NOT_FOUND:
            return False
        version = loaded.raise_for_status().json()["version"]
        document = {"chartCustomizations": {"mine": {"number": number}}}
        answer = client.put(path, json=document, headers={"If-Match": f'"{version}"'})
        if answer.status_code in {httpx.codes.PRECONDITION_FAILED, httpx.codes.TOO_MANY_REQUESTS}:
            return False
        made = answer.raise_for_status().json()["version"]
        self.saved.setdefault((project["userId"], project["id"]), []).append((made, document))
        return True

    def lost(self) -> list[Any]:
        """Return the answered saves that are not in their place, and those of the last that are not the newest."""
        found: list[Any] = []
        for (user, project), saves in self.saved.items():
            with self.stack.client(user) as client:
                path = f"/api/projects/{project}/config"
                for version, document in saves:
                    kept = client.get(f"{path}/versions/{version}").raise_for_status().json()
                    if kept["config"] != document:
                        found.append((user, project, version))
                if client.get(path).json()["version"] != saves[-1][0]:
                    found.append((user, project, "newest"))
        return found


def test_users_move_while_they_write(stack: LocalStack, tmp_path: Path) -> None:
    """After five SIGKILLs and a final run, nothing differs between PostgreSQL and Dashkeep, and no save was replaced.

    A save in Dashkeep stays the newest version of its config, whatever is written to SQL after it.
    """
    rows = Application(7).rows(USERS, PROJECTS)
    with servers.postgresql() as url, closing(Database(url)) as source:
        source.fill(rows)
        operator, writers = Operator(stack, url, tmp_path), Writers(stack, source, rows)
        with ThreadPoolExecutor(2) as pool:
            to_sql, to_dashkeep = pool.submit(writers.to_sql), pool.submit(writers.to_dashkeep)
            try:
                for number in range(1, KILLS + 1):
                    assert operator.kill_import(number * PROJECTS // (KILLS + 2))
                code, shown = operator.run("import-sql")
                assert code == 0, shown
            finally:
                writers.done.set()
            written, saved = to_sql.result(), to_dashkeep.result()
        code, shown = operator.run("import-sql")
        assert code == 0, shown
        last = operator.summary()
        lost = writers.lost()
        code, shown = operator.run("verify-sql")
        verified, lines = operator.summary(), operator.lines()
        different = [line for line in lines if line["outcome"] == "different"]
    assert (code, different, lost) == (0, [], []), shown
    assert min(written, saved) > PROJECTS // 20
    keep(
        {
            "projects of 50 users, from PostgreSQL": PROJECTS,
            "rows compared": len(lines),
            "rows different": len(different),
            "kills of the import": KILLS,
            "changes in SQL while it ran": written,
            "saves in Dashkeep while it ran, none replaced": saved,
            "seconds per thousand projects that are present": round(last["seconds"] * 1000 / PROJECTS),
            "units per thousand projects that are present": round(last["units"] * 1000 / PROJECTS),
            "seconds per thousand projects to verify": round(verified["seconds"] * 1000 / PROJECTS),
        }
    )


SOURCES: Final[dict[str, Callable[[Path], AbstractContextManager[str]]]] = {
    "PostgreSQL": lambda _: servers.postgresql(),
    "MariaDB": lambda _: servers.mariadb(),
    "SQLite": sqlite,
}


def require_read_only(url: str) -> None:
    """Require that a server refuses what the commands would write."""
    with opened(url, Columns()) as found, pytest.raises(CannotRunError, match=r"(?i)read.?only"):
        found._rows(delete(table("dashboard_configs")))  # noqa: SLF001 - no public way leads to a write


@pytest.mark.parametrize("name", SOURCES)
def test_every_server_is_read(stack: LocalStack, tmp_path: Path, name: str) -> None:
    """From each server all rows arrive, and each malformed row is refused for its reason beside them."""
    application = Application(11)
    with SOURCES[name](tmp_path) as url, closing(Database(url)) as source:
        rows = application.rows(USERS, FEWER_PROJECTS)
        source.fill(rows)
        require_read_only(url)
        operator = Operator(stack, url, tmp_path)
        code, shown = operator.run("import-sql")
        first = operator.summary()
        assert (code, first["counts"]["created"]) == (0, FEWER_PROJECTS), shown
        code, shown = operator.run("verify-sql")
        assert (code, "different" in shown) == (0, False), shown
        expected = set()
        for fault in FAULTS.values():
            more, row = with_fault(application, fault, "malformed")
            source.fill(more)
            expected.add((fault.table, row["id"], fault.reason))
        if name == "PostgreSQL":
            config = application.config(rows["projects"][0])
            source.fill({"dashboard_configs": [config]})
            source.raw("UPDATE dashboard_configs SET \"updatedAt\" = 'infinity' WHERE id = %s", config["id"])
            expected.add(("dashboard_configs", config["id"], "bad-time"))
        code, shown = operator.run("import-sql")
        refused = {(line["table"], line["id"], line["reason"]) for line in operator.lines() if line.get("reason")}
        assert (code, expected - refused) == (1, set()), shown
        whole = {"project-refused"}
        assert {each for each in refused - expected if each[2] not in whole} == set()
        # The other name of the same dialect.
        operator = Operator(stack, url.replace("mysql://", "mariadb://"), tmp_path)
        code, shown = operator.run("verify-sql")
        assert (code, "different" in shown) == (0, False), shown
    keep(
        {
            f"{name}: projects imported, no row different": FEWER_PROJECTS,
            f"{name}: malformed rows refused": len(expected),
            f"{name}: seconds per thousand projects": round(first["seconds"] * 1000 / FEWER_PROJECTS),
            f"{name}: units per thousand projects": round(first["units"] * 1000 / FEWER_PROJECTS),
        }
    )
