"""Malformed rows are refused by name, nothing of them is imported, and everything else is."""

from typing import Any

import pytest
from support.sql.commands import bring, verify
from support.sql.contents import Application
from support.sql.databases import Database
from support.sql.malformed import FAULTS, LOOSE, Malformed, with_fault

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.store import Store


def lines_of(lines: list[dict[str, Any]], row_id: str) -> list[tuple[str, str, str]]:
    return [
        (line["outcome"], line["reason"], line.get("part", ""))
        for line in lines
        if line["id"] == row_id and line["outcome"] == "refused"
    ]


def require_refused(store: Store, database: Database, application: Application, fault: Malformed) -> None:
    """Import a project with a fault beside one without, twice, and verify."""
    good = application.rows(users=1, projects=1)
    rows, row = with_fault(application, fault, "user-1")
    database.fill(good)
    database.fill(rows)
    for outcome in ("created", "present"):
        done = bring(store, database)
        assert done.failed
        assert lines_of(done.lines, row["id"]) == [("refused", fault.reason, fault.part)]
        assert done.of("projects", good["projects"][0]["id"]) == [(outcome, "")]
        is_whole = fault.table == "projects" and not fault.part
        if not is_whole:
            assert (outcome, "") in done.of("projects", rows["projects"][0]["id"])
    if is_whole:
        assert not store.projects.page("user-1", 10, None).projects
        assert done.of("dashboard_configs", rows["dashboard_configs"][0]["id"]) == [("refused", "project-refused")]
    checked = verify(store, database)
    assert not checked.failed, checked.outcomes("different")
    assert ("explained", fault.reason) in checked.of(fault.table, row["id"])


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_refused(store: Store, source: Database, application: Application, name: str) -> None:
    """A row with a fault is reported with its reason, and neither it nor the rest of its project is half imported."""
    require_refused(store, source, application, FAULTS[name])


@pytest.mark.parametrize("name", LOOSE)
def test_a_fault_without_constraints_is_refused(
    store: Store, loose: Database, application: Application, name: str
) -> None:
    """So is one that only a database without constraints lets in."""
    require_refused(store, loose, application, LOOSE[name])


def test_two_projects_with_one_id_are_refused(store: Store, loose: Database, application: Application) -> None:
    """Of two users' projects with one id, nobody can say whose the data is: both are refused, with all they have."""
    mine = application.project("user-1")
    data = application.data(mine)
    loose.fill({"projects": [mine, {**mine, "userId": "user-2"}], "project_data": [data]})
    done = bring(store, loose)
    assert done.of("projects", mine["id"]) == [("refused", "duplicate-id")]
    assert done.of("project_data", data["id"]) == [("refused", "project-refused")]
    assert not store.projects.page("user-1", 10, None).projects


def test_rows_of_no_project_are_refused(store: Store, loose: Database, application: Application) -> None:
    """Rows without a project, or of one that is not there, are reported and explain themselves."""
    project = application.project("user-1")
    config = application.config(project)
    loose.fill({"dashboard_configs": [{**config, "projectId": None}], "project_data": [application.data(project)]})
    done = bring(store, loose)
    assert [reason for *_, reason in done.outcomes("refused")] == ["no-project", "no-such-project"]
    assert not verify(store, loose).failed


def test_text_that_is_not_utf_8_is_refused(store: Store, source: Database) -> None:
    """A name that is not UTF-8 is refused, and not changed."""
    source.raw("INSERT INTO projects (id, name, userId) VALUES ('p', CAST(? AS TEXT), 'u')", b"caf\xe9")
    source.raw("INSERT INTO projects (id, name, userId) VALUES ('q', 'Q', CAST(? AS TEXT))", b"caf\xe9")
    done = bring(store, source)
    assert done.of("projects", "p") == [("refused", "invalid-project")]
    assert done.of("projects", "q") == [("refused", "not-utf-8")]


def test_epoch_milliseconds_and_texts_are_times(store: Store, source: Database, application: Application) -> None:
    """SQLite holds times as epoch milliseconds or as text, with or without a zone."""
    project = application.project("user-1") | {"settings": "{}"}
    source.fill({"projects": [project]})
    texts = ("1750000001000", "2025-06-15 15:06:42", "2025-06-15T17:06:43+02:00", "2025-06-15T15:06:44.5Z")
    times = (1_750_000_000_000, *texts)
    source.fill({"dashboard_configs": [application.config(project) | {"updatedAt": time} for time in times]})
    bring(store, source)
    address = ProjectAddress("user-1", project["id"]).config()
    summaries, _ = store.configs.history(address, 10, None)
    assert [summary["updatedAt"] for summary in reversed(summaries)] == [
        "2025-06-15T15:06:40.000Z",
        "2025-06-15T15:06:41.000Z",
        "2025-06-15T15:06:42.000Z",
        "2025-06-15T15:06:43.000Z",
        "2025-06-15T15:06:44.500Z",
    ]
