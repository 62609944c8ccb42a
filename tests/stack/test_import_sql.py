"""Importing an application's database into the running stack, with the process killed on the way."""

from contextlib import closing
from pathlib import Path

from support.running.local_stack import LocalStack
from support.sql.contents import Application
from support.sql.databases import Database
from support.sql.malformed import FAULTS, with_fault
from support.sql.processes import Operator

WORD = "sql-import"


def test_a_killed_import_is_completed_by_the_next(stack: LocalStack, tmp_path: Path) -> None:
    """After two SIGKILLs a third run brings the rest, verifying finds no difference, and users see their projects."""
    application = Application(3, WORD)
    rows = application.rows(users=2, projects=30)
    with closing(Database(f"sqlite:///{tmp_path / 'app.db'}")) as source:
        source.fill(rows)
        operator = Operator(stack, source.url, tmp_path)
        assert [operator.kill_import(after) for after in (5, 12)] == [True, True]
        code, shown = operator.run("import-sql")
        assert (code, "projects: created:" in shown) == (0, True), shown
        assert len(operator.lines()) >= 30
        assert {line["outcome"] for line in operator.lines()} == {"created", "present"}
        code, shown = operator.run("verify-sql")
        assert (code, "different" in shown) == (0, False), shown
        for number in range(2):
            with stack.client(f"{WORD}-{number}") as client:
                listed = client.get("/api/projects?limit=100").raise_for_status().json()["projects"]
                mine = [row for row in rows["projects"] if row["userId"] == f"{WORD}-{number}"]
                assert {each["id"] for each in listed} == {row["id"] for row in mine}
                for each in listed:
                    config = client.get(f"/api/projects/{each['id']}/config").raise_for_status().json()
                    assert config["version"] == (each["dashboardConfig"] or {"version": 0})["version"]
        refused, row = with_fault(application, FAULTS["charts that are not JSON"], f"{WORD}-0")
        source.fill(refused)
        assert operator.run("import-sql", "--dry-run")[0] == 1
        assert [line["id"] for line in operator.lines() if line["outcome"] == "refused"] == [row["id"]]
        assert operator.run("verify-sql")[0] == 1
