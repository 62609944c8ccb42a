"""Reading the source: its names, its URL, and that nothing is written."""

import argparse
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import delete, table
from support.sql.contents import Application
from support.sql.databases import Database

from admin import CannotRunError
from admin.sql import Finding
from admin.sql.columns import Columns
from admin.sql.importing import source_of
from admin.sql.source import PAGE, opened

RENAMED = """
[projects]
table = "Project"
userId = "owner_id"

[dashboard_configs]
dashboardFilters = "filters"
"""


def names(file: Path, content: str) -> Columns:
    file.write_text(content)
    return Columns.read(file)


def rename(source: Database, statements: Iterable[str]) -> None:
    for statement in statements:
        source.raw(statement)


def test_projects_come_in_pages_with_what_belongs_to_them(source: Database, application: Application) -> None:
    """Each project comes once, in the order of ids, with its own configs and data and no content of tables."""
    rows = application.rows(users=2, projects=PAGE * 2 + 1)
    source.fill(rows)
    with opened(source.url, Columns()) as found:
        assert found.count(None) == PAGE * 2 + 1
        read = list(found.projects(None))
        assert [each.id for each in read] == sorted(row["id"] for row in rows["projects"])
        assert sum(len(each.configs) for each in read) == len(rows["dashboard_configs"])
        assert all(config["projectId"] == each.id for each in read for config in each.configs)
        data = [row for each in read for row in each.data]
        assert len(data) == len(rows["project_data"])
        assert not any("compressedData" in row for row in data)
        by_id = {row["id"]: row["compressedData"] for row in rows["project_data"]}
        assert found.content(data[0], 10**6) == by_id[data[0]["id"]]
        assert found.content(data[0], 10) is None
        assert list(found.strays(None)) == []


def test_one_users_projects(source: Database, application: Application) -> None:
    """The projects of one user are counted and read alone."""
    source.fill(application.rows(users=3, projects=9))
    with opened(source.url, Columns()) as found:
        assert found.count("user-1") == 3
        assert {row["userId"] for each in found.projects("user-1") for row in each.projects} == {"user-1"}
        assert list(found.projects("nobody")) == []


def test_rows_of_no_project_are_found(loose: Database, application: Application) -> None:
    """Rows without a project, and rows whose project is not there, are found in both tables."""
    project = application.project("user-1")
    gone = {**project, "id": "gone"}
    config, orphan, data = application.config(project), application.config(gone), application.data(gone)
    loose.fill({"dashboard_configs": [{**config, "projectId": None}, orphan], "project_data": [data]})
    loose.raw("INSERT INTO projects (id, name, userId) VALUES (NULL, 'x', 'user-1')")
    with opened(loose.url, Columns()) as found:
        assert list(found.projects(None)) == []
        strays = {(each.table, each.id, each.reason) for each in found.strays(None)}
        mine = [each.id for each in found.strays("user-1")]
    assert strays == {
        ("dashboard_configs", config["id"], "no-project"),
        ("dashboard_configs", orphan["id"], "no-such-project"),
        ("project_data", data["id"], "no-such-project"),
        ("projects", "", "no-id"),
    }
    assert sorted(mine) == sorted([config["id"], orphan["id"]])


def test_names_that_differ_are_mapped(source: Database, application: Application, tmp_path: Path) -> None:
    """Tables and columns with other names are read by the names of a file."""
    source.fill(application.rows(users=1, projects=2))
    rename(
        source,
        (
            "ALTER TABLE projects RENAME TO Project",
            'ALTER TABLE Project RENAME COLUMN "userId" TO owner_id',
            'ALTER TABLE dashboard_configs RENAME COLUMN "dashboardFilters" TO filters',
        ),
    )
    with opened(source.url, names(tmp_path / "names.toml", RENAMED)) as found:
        assert {row["userId"] for each in found.projects(None) for row in each.projects} == {"user-0"}


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "ALTER TABLE projects RENAME COLUMN settings TO options",
            r"no column settings.*--columns.*\[projects\] settings",
        ),
        ("ALTER TABLE projects RENAME TO p", r"no table projects.*--columns: \[projects\] table"),
    ],
)
def test_a_missing_name_is_named(source: Database, statement: str, message: str) -> None:
    """A table or column that is missing is named, with the option that maps it."""
    source.raw(statement)
    with pytest.raises(CannotRunError, match=message), opened(source.url, Columns()):
        pass


def test_an_optional_column_may_be_missing(source: Database, application: Application) -> None:
    """Without the times of projects and analyses, these are None."""
    source.fill(application.rows(users=1, projects=1))
    source.raw('ALTER TABLE projects DROP COLUMN "createdAt"')
    with opened(source.url, Columns()) as found:
        (project,) = found.projects(None)
        assert project.projects[0]["createdAt"] is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[users]\nid = 'x'", "users"),
        ("[projects]\nemail = 'x'", "projects.email"),
        ("[projects]\nid = 3", "must be a name"),
        ("[projects", "cannot be read"),
    ],
)
def test_a_file_of_names_is_checked(tmp_path: Path, content: str, message: str) -> None:
    """Names that do not exist, and files that are not TOML, are refused."""
    with pytest.raises(CannotRunError, match=message):
        names(tmp_path / "names.toml", content)
    with pytest.raises(CannotRunError, match="cannot be read"):
        Columns.read(tmp_path / "absent.toml")


def test_nothing_can_be_written(source: Database) -> None:
    """The source is opened so that it refuses every write."""
    with opened(source.url, Columns()) as found, pytest.raises(CannotRunError, match="readonly"):
        found._rows(delete(table("projects")))  # noqa: SLF001 - no public way leads to a write


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no URL", "cannot be read"),
        ("oracle://u:secret@host/db", "oracle is not known"),
        ("sqlite:////absent/app.db", "no file"),
        ("file:./absent.db", "no file"),
        ("postgresql://u:secret@127.0.0.1:1/db?schema=public", "cannot be read"),
        ("mysql://u:secret@127.0.0.1:1/db", "cannot be read"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused(url: str, message: str) -> None:
    """A URL that cannot be opened is refused, and its password is not shown."""
    with pytest.raises(CannotRunError, match=message) as refused, opened(url, Columns()):
        pass
    assert "secret" not in str(refused.value)


def test_prismas_url_of_sqlite(source: Database, tmp_path: Path) -> None:
    """Prisma names a file of SQLite with `file:`."""
    with opened(f"file:{tmp_path / 'app.db'}", Columns()) as found:
        assert found.count(None) == 0
    assert source.url.endswith("app.db")


def test_text_that_is_not_utf_8_comes_as_surrogates(source: Database) -> None:
    """Bytes that are not UTF-8 in a text column are read, so that the checks can refuse them by name."""
    source.raw("INSERT INTO projects (id, name, userId) VALUES ('p', CAST(? AS TEXT), 'u')", b"caf\xe9")
    with opened(source.url, Columns()) as found:
        (project,) = found.projects(None)
    assert project.projects[0]["name"] == "caf\udce9"


def test_a_finding_names_its_part() -> None:
    """A finding about a part of a row names the part."""
    assert Finding("t", "1", "r", "d", "p").document() == {
        "table": "t",
        "id": "1",
        "part": "p",
        "reason": "r",
        "detail": "d",
    }


def test_a_database_must_be_named(source: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a URL, it is the environment's; without either, the command says how to give one."""
    options = argparse.Namespace(url=None, columns=None)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(CannotRunError, match="DATABASE_URL"):
        source_of(options)
    monkeypatch.setenv("DATABASE_URL", source.url)
    with source_of(options) as found:
        assert found.count(None) == 0
