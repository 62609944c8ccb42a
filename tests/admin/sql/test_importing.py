"""Importing an application's database: what arrives, what a repeated run takes over, and what it leaves alone."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import Clock
from support.sql.commands import bring, verify
from support.sql.contents import Application
from support.sql.databases import Database, Row
from support.storage.clients import Answer, Call, Request, Tapped
from support.storage.contents import at, config, upload

from admin import CannotRunError
from admin.erasing.notes import LOG_KEY
from admin.sql import IMPORTED
from admin.sql.importing import Choices
from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.dataset.upload import read_analysis
from dashboard_store.documents.project import NewProject, Project
from dashboard_store.dynamodb.protocol import Refused
from dashboard_store.errors import StorageUnavailable
from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.settings import Settings
from dashboard_store.store import Store

THEN = datetime(2025, 3, 1, 12, tzinfo=UTC)
ADDRESS = ProjectAddress("user-1", "p")
CONFIG = ADDRESS.config()


@pytest.fixture
def rows(application: Application) -> dict[str, list[Row]]:
    """A project without configs and data."""
    project = {**application.project("user-1"), "id": "p", "name": "Sales", "settings": "{}", "createdAt": THEN}
    return {"projects": [project], "dashboard_configs": [], "project_data": []}


def saved(application: Application, value: int, day: int, session: str | None = None) -> Row:
    """A row of a config with one chart, saved on a day of 2025."""
    moment = datetime(2025, 4, day, tzinfo=UTC)
    row = application.config({"id": "p", "userId": "user-1"}, session)
    fields = {"createdAt": moment, "updatedAt": moment, "chartCustomizations": charts(value)}
    return {**row, **fields, "currentTheme": None, "currentLayout": None, "dashboardFilters": None}


def charts(value: int) -> str:
    return json.dumps({"a": {"value": value}})


def table(application: Application, value: int, version: int = 1, **more: Any) -> Row:
    """A row of a table with one cell."""
    row = application.data({"id": "p"}, version)
    content = json.dumps([{"a": value}]).encode()
    fields = {"compressedData": content, "columnNames": '["a"]', "columnTypes": "{}", "rowCount": 1, "columnCount": 1}
    return {**row, **fields, "analysisData": None, "analysisCreatedAt": None, "chartCustomizations": None, **more}


def settings_with(value: int) -> str:
    """Settings of a project that hold a config."""
    return json.dumps({"dashboardConfig": {"chartCustomizations": json.loads(charts(value))}})


def value_of(document: Any) -> Any:
    return document["chartCustomizations"]["a"]["value"]


def values(store: Store, address: ConfigAddress = CONFIG) -> list[Any]:
    """The versions of a config, the oldest first."""
    summaries, _ = store.configs.history(address, 100, None)
    numbers = [summary["version"] for summary in reversed(summaries)]
    assert numbers == list(range(1, len(numbers) + 1))
    return [value_of(version.config()) for version in store.configs.versions(address, *numbers)] if numbers else []


def cells(store: Store) -> list[Any]:
    """The tables that are kept, the oldest first."""
    data = store.datasets.current(ADDRESS)
    numbers = [*reversed([each["version"] for each in data.kept]), data.version]
    found = [store.downloads.rows(store.datasets.version(ADDRESS, number), "json") for number in numbers if number]
    return [json.loads(rows)[0]["a"] for rows in found]


def save(store: Store, value: int, version: int, address: ConfigAddress = CONFIG) -> None:
    """Save as a user."""
    store.config_saves.save(address, config(a=value), at(version), Origin())


def test_every_row_arrives(store: Store, source: Database, application: Application) -> None:
    """All projects arrive with configs, histories, drafts and tables as in the source; a second run writes nothing."""
    source.fill(application.rows(users=3, projects=40))
    first = bring(store, source)
    assert not first.failed, first.outcomes("refused")
    assert len(first.outcomes("created")) == 40
    checked = verify(store, source)
    assert not checked.failed
    assert checked.outcomes("different") == []
    assert len(checked.outcomes("equal")) > 100
    again = bring(store, source)
    assert {line["outcome"] for line in again.lines} == {"present"}


def test_the_newest_row_without_a_session_is_the_config(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """It has precedence over every other source; these are below it in history, and the report says why."""
    older, newest, draft = saved(application, 4, 2), saved(application, 5, 3), saved(application, 3, 9, "s1")
    same = saved(application, 5, 4)
    rows["dashboard_configs"] = [newest, draft, same, older]
    rows["projects"][0]["settings"] = json.dumps(
        {"dashboardConfig": json.loads(f'{{"chartCustomizations":{charts(2)}}}')}
    )
    rows["project_data"] = [table(application, 0, 2, chartCustomizations=charts(1)), table(application, 0, 1)]
    source.fill(rows)
    done = bring(store, source)
    assert values(store) == [1, 2, 3, 4, 5]
    current = store.configs.newest(CONFIG)
    assert (current.version, current.updated_at, current.source) == (5, "2025-04-04T00:00:00.000Z", "import")
    assert current.updated_by == store.member_id(ADDRESS)
    assert values(store, ADDRESS.config("s1")) == [3]
    assert done.decisions(older["id"]) == ["history"]
    assert done.decisions(newest["id"]) == ["same-content"]
    assert not verify(store, source).failed


def test_what_is_outranked_is_kept_once(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """Of equal contents of several ranks, the highest is a version, and the others are not."""
    rows["dashboard_configs"] = [saved(application, 1, 1), saved(application, 3, 3), saved(application, 2, 4, "s")]
    rows["projects"][0]["settings"] = settings_with(1)
    rows["project_data"] = [table(application, 0, chartCustomizations=charts(2))]
    source.fill(rows)
    bring(store, source)
    assert values(store) == [2, 1, 3]
    assert not verify(store, source).failed


@pytest.mark.parametrize(("left", "expected"), [(3, [1, 2, 3]), (2, [1, 2]), (1, [1]), (0, [])])
def test_the_next_in_rank_takes_its_place(  # noqa: PLR0917 - the example is one of its fixtures
    store: Store,
    source: Database,
    application: Application,
    rows: dict[str, list[Row]],
    left: int,
    expected: list[int],
) -> None:
    """Without a row that has no session, it is the newest session's; then the settings'; then the newest data's."""
    sessions = [saved(application, 9, 1, "older"), saved(application, 3, 2, "newer")]
    rows["dashboard_configs"] = sessions if left > 2 else []
    if left > 1:
        rows["projects"][0]["settings"] = json.dumps(
            {"dashboardConfig": {"chartCustomizations": json.loads(charts(2))}}
        )
    rows["project_data"] = [table(application, 0, chartCustomizations=charts(1) if left else "{}")]
    source.fill(rows)
    done = bring(store, source)
    assert values(store) == expected
    assert len([word for line in done.lines for word in line["decisions"] if word["decision"] == "config"]) == bool(
        left
    )
    assert store.configs.newest(CONFIG).version == len(expected)


def test_layouts_and_themes_may_be_names(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """Theme and layout are JSON or a bare name; the older names of the columns become the current ones."""
    row = saved(application, 1, 1)
    fields = {"currentTheme": "dark", "currentLayout": "1920", "dashboardFilters": '[{"id": "f"}]'}
    source.fill({**rows, "dashboard_configs": [{**row, **fields}]})
    bring(store, source)
    assert store.configs.newest(CONFIG).config() == {
        "chartCustomizations": json.loads(charts(1)),
        "currentLayout": "1920",
        "filters": [{"id": "f"}],
        "theme": "dark",
    }


def test_what_a_project_shows(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """A project has its own time and fields, its config's and table's summary, and is listed by its newest change."""
    settings = {"fileInfo": {"name": "x"}, "tags": ["a"], "refresh": 5, "dashboardConfig": None}
    rows["projects"][0] |= {"settings": json.dumps(settings), "description": None}
    analysed = {"analysisData": '{"n": 1}', "analysisCreatedAt": datetime(2025, 5, 5, tzinfo=UTC)}
    data = table(application, 7) | analysed
    source.fill(rows | {"dashboard_configs": [saved(application, 1, 2)], "project_data": [data]})
    done = bring(store, source)
    (shown,) = store.projects.page("user-1", 10, None).projects
    assert shown == {
        "id": "p",
        "address": ADDRESS.text,
        "name": "Sales",
        "description": "",
        "version": 1,
        "createdAt": "2025-03-01T12:00:00.000Z",
        "updatedAt": "2025-04-02T00:00:00.000Z",
        "dashboardConfig": {"version": 1, "updatedAt": "2025-04-02T00:00:00.000Z", "chartCount": 1},
        "data": {
            "version": 1,
            "fileName": shown["data"]["fileName"],
            "rowCount": 1,
            "columnCount": 1,
            "hasAnalysis": True,
            "updatedAt": "2025-05-05T00:00:00.000Z",
        },
    }
    assert store.projects.get(ADDRESS)["settings"] == {"fileInfo": {"name": "x"}, "tags": ["a"]}
    (line,) = done.lines
    (left_out,) = line["decisions"]
    assert (left_out["decision"], "refresh" in left_out["detail"]) == ("left-out", True)
    assert store.datasets.current(ADDRESS).newest is not None


def test_history_and_drafts_live_from_now(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]], clock: Clock
) -> None:
    """However old a row is, its draft is kept for 30 days from the import, and its version for 90."""
    source.fill(
        rows | {"dashboard_configs": [saved(application, n, n + 1) for n in (1, 2)] + [saved(application, 3, 9, "s")]}
    )
    bring(store, source)
    clock.advance(days=29)
    assert store.configs.newest(ADDRESS.config("s")).version == 1
    assert [value_of(each.config()) for each in store.configs.versions(CONFIG, 1)] == [3]
    clock.advance(days=2)
    assert store.configs.newest(ADDRESS.config("s")).version == 0
    clock.advance(days=58)
    assert store.configs.versions(CONFIG, 1)
    # A user's save keeps what it replaces, although its time is long past.
    save(store, 9, 3)
    clock.advance(days=60)
    assert [value_of(each.config()) for each in store.configs.versions(CONFIG, 3)] == [2]


def test_the_newest_drafts_are_taken(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]], settings: Settings
) -> None:
    """A project gets as many drafts as it may have, those of the newest sessions; the others are reported."""
    drafts = [saved(application, n, n, f"s{n}") for n in range(1, 6)]
    source.fill(rows | {"dashboard_configs": drafts})
    limited = Store(replace(settings, max_drafts=2), store.items, store.bucket, store.now)
    done = bring(limited, source)
    assert [store.configs.newest(ADDRESS.config(f"s{n}")).version for n in range(1, 6)] == [0, 0, 0, 1, 1]
    assert done.decisions(drafts[0]["id"]) == ["no-draft"]
    assert not done.failed


def test_older_rows_are_earlier_tables(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]], settings: Settings
) -> None:
    """The row with the highest version is the table; as many as are kept are earlier uploads, the rest is reported."""
    tables = [table(application, n, version=n) for n in (10, 9, 8, 7, 6, 5, 4)]
    source.fill(rows | {"project_data": tables[::-1]})
    stored = Store(replace(settings, max_inline_table_bytes=1), store.items, store.bucket, store.now)
    done = bring(stored, source)
    assert cells(store) == [6, 7, 8, 9, 10]
    assert [done.decisions(row["id"])[-1:] for row in tables[5:]] == [["not-kept"], ["not-kept"]]
    assert store.datasets.current(ADDRESS).version == settings.data_versions_kept
    # One item names each object, and none of those that expire.
    named = {item["object"]: item["sk"] for item in store.items.query(keys.partition("user-1")) if "object" in item}
    assert sorted(named.values()) == ["DATA#p", *(f"DATAVERSION#p#{number:012}" for number in range(1, 5))]
    assert not verify(store, source).failed


def test_a_dry_run_writes_nothing(store: Store, source: Database, application: Application, database: Tapped) -> None:
    """A dry run reports what it would do, of absent and of present projects, and writes nothing."""
    found = application.rows(users=1, projects=5)
    source.fill(found)
    with database.recorded() as calls:
        done = bring(store, source, choices=Choices(is_dry=True))
    assert len(done.outcomes("created")) == 5
    bring(store, source)
    source.change("projects", found["projects"][0]["id"], name="Renamed")
    with database.recorded() as more:
        again = bring(store, source, choices=Choices(is_dry=True))
    assert again.of("projects", found["projects"][0]["id"]) == [("updated", "")]
    assert not [operation for operation, _ in (*calls, *more) if "Write" in operation or "Update" in operation]


def test_one_user_alone(store: Store, source: Database, application: Application) -> None:
    """With a user, only their projects are imported and verified."""
    source.fill(application.rows(users=2, projects=6))
    done = bring(store, source, "user-1")
    assert len(done.outcomes("created")) == 3
    assert not store.projects.page("user-0", 10, None).projects
    assert not verify(store, source, "user-1").failed
    assert verify(store, source).failed


def test_what_is_absent_is_added(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """A project that is present gets the config, drafts and tables that it lacks, with their history."""
    source.fill(rows)
    bring(store, source)
    configs = [saved(application, 1, 2), saved(application, 2, 3), saved(application, 3, 1, "s")]
    source.fill({"dashboard_configs": configs, "project_data": [table(application, n, n) for n in (1, 2)]})
    done = bring(store, source)
    assert done.of("projects", "p") == [("added", "")]
    assert values(store) == [3, 1, 2]
    assert values(store, ADDRESS.config("s")) == [3]
    assert cells(store) == [1, 2]
    assert not verify(store, source).failed


def test_what_changed_in_the_source_is_taken_over(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """While nobody has saved here, a change in SQL becomes the next version; what came between is in history."""
    row, draft = saved(application, 1, 2), saved(application, 7, 2, "s")
    data = table(application, 1, analysisData='{"n": 1}')
    source.fill(rows | {"dashboard_configs": [row, draft], "project_data": [data]})
    bring(store, source)
    source.change("dashboard_configs", row["id"], chartCustomizations=charts(2))
    source.change("dashboard_configs", draft["id"], chartCustomizations=charts(8))
    source.fill({"dashboard_configs": [saved(application, 3, 5), saved(application, 4, 6)]})
    source.change("projects", "p", name="Renamed")
    source.fill({"project_data": [table(application, 2, 2), table(application, 3, 3)]})
    assert verify(store, source).failed
    done = bring(store, source)
    assert done.of("projects", "p") == [("updated", "")]
    assert values(store) == [7, 1, 8, 2, 3, 4]
    assert values(store, ADDRESS.config("s")) == [7, 8]
    assert cells(store) == [1, 2, 3]
    assert store.projects.get(ADDRESS)["name"] == "Renamed"
    assert store.projects.get(ADDRESS)["version"] == 2
    assert not verify(store, source).failed
    assert {line["outcome"] for line in bring(store, source).lines} == {"present"}


def test_a_table_that_was_changed_in_place_is_added_alone(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """If the newest row itself has changed, it becomes the next table; the rows before it are not added again."""
    tables = [table(application, n, n) for n in (1, 2)]
    source.fill(rows | {"project_data": tables})
    bring(store, source)
    source.change("project_data", tables[1]["id"], compressedData=b'[{"a": 9}]')
    assert bring(store, source).of("project_data", tables[1]["id"]) == [("updated", "")]
    assert cells(store) == [1, 2, 9]
    assert not verify(store, source).failed


def test_a_replaced_version_is_kept_from_then_on(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]], clock: Clock
) -> None:
    """The days in history of a version begin again when the import replaces it."""
    row = saved(application, 1, 2)
    source.fill(rows | {"dashboard_configs": [row]})
    bring(store, source)
    clock.advance(days=80)
    source.change("dashboard_configs", row["id"], chartCustomizations=charts(2))
    bring(store, source)
    clock.advance(days=80)
    assert values(store) == [1, 2]


def test_the_list_keeps_a_newer_time(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]], clock: Clock
) -> None:
    """A row of long ago that is added does not make a project look older than its last change."""
    source.fill(rows)
    bring(store, source)
    store.projects.change(ADDRESS, lambda _: Project("Mine", "", {}), Precondition())
    source.fill({"dashboard_configs": [saved(application, 1, 2)]})
    bring(store, source)
    (shown,) = store.projects.page("user-1", 10, None).projects
    assert shown["updatedAt"] == keys.timestamp(clock.moment)
    assert shown["dashboardConfig"]["updatedAt"] == "2025-04-02T00:00:00.000Z"


def test_a_newer_row_moves_a_project_up(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """A newer row that is added is the project's last change."""
    source.fill(rows)
    bring(store, source)
    source.fill({"dashboard_configs": [saved(application, 1, 2)]})
    bring(store, source)
    (shown,) = store.projects.page("user-1", 10, None).projects
    assert shown["updatedAt"] == "2025-04-02T00:00:00.000Z"


@pytest.fixture
def diverged(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> tuple[Row, Row, Row]:
    """The rows of a config, a draft and a table that a user has replaced here since; the project has another name."""
    row, draft, data = saved(application, 1, 2), saved(application, 7, 2, "s"), table(application, 1)
    source.fill(rows | {"dashboard_configs": [row, draft], "project_data": [data]})
    bring(store, source)
    save(store, 20, 2)
    save(store, 21, 1, ADDRESS.config("s"))
    store.dataset_writes.upload(ADDRESS, upload("mine.json", rawData=[{"a": 22}], analysis={"mine": 1}), at(1))
    store.projects.change(ADDRESS, lambda _: Project("Mine", "", {}), Precondition())
    return row, draft, data


def test_what_a_user_saved_stays(store: Store, source: Database, diverged: tuple[Row, Row, Row]) -> None:
    """What a user saved here is newer than the source, whatever that says: nothing is written."""
    row, draft, data = diverged
    before = list(store.items.query(keys.partition("user-1")))
    for table_name, row_id, change in (
        ("dashboard_configs", row["id"], {"chartCustomizations": charts(2)}),
        ("dashboard_configs", draft["id"], {"chartCustomizations": charts(3)}),
        ("project_data", data["id"], {"compressedData": b'[{"a": 9}]'}),
        ("projects", "p", {"name": "Theirs"}),
    ):
        source.change(table_name, row_id, **change)
    done = bring(store, source)
    assert done.of("projects", "p") == [("newer-here", "")]
    assert len([line for line in done.lines if line.get("reason") == "saved-here"]) == 3
    assert list(store.items.query(keys.partition("user-1"))) == before
    checked = verify(store, source)
    assert not checked.failed
    assert checked.of("projects", "p") == [("explained", "newer-here")]


def test_sql_decides_while_users_read_it(store: Store, source: Database, diverged: tuple[Row, Row, Row]) -> None:
    """With SQL first, rows that differ become the next versions over what users saved here, and that is in history."""
    row, draft, data = diverged
    assert not verify(store, source).failed
    differing = verify(store, source, sql_first=True).outcomes("different")
    assert [each[:2] for each in differing] == [
        ("projects", "p"),
        ("dashboard_configs", row["id"]),
        ("dashboard_configs", draft["id"]),
        ("project_data", data["id"]),
    ]
    done = bring(store, source, choices=Choices(sql_first=True))
    assert [found[1] for found in done.outcomes("updated")] == [row["id"], draft["id"], data["id"], "p"]
    assert (values(store), values(store, ADDRESS.config("s"))) == ([7, 1, 20, 1], [7, 21, 7])
    assert cells(store) == [1, 22, 1]
    assert store.projects.get(ADDRESS)["name"] == "Sales"
    assert not verify(store, source, sql_first=True).failed
    before = list(store.items.query(keys.partition("user-1")))
    assert bring(store, source, choices=Choices(sql_first=True)).of("projects", "p") == [("present", "")]
    assert list(store.items.query(keys.partition("user-1"))) == before


def test_with_sql_first_what_users_saved_in_both_is_equal(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """What a user saved here exactly as in SQL is present: no version is made of it."""
    row, data = saved(application, 1, 2), table(application, 1)
    source.fill(rows | {"dashboard_configs": [row], "project_data": [data]})
    bring(store, source)
    save(store, 20, 1)
    store.dataset_writes.upload(ADDRESS, upload("mine.json", rawData=[{"a": 22}]), at(1))
    source.change("dashboard_configs", row["id"], chartCustomizations=charts(20))
    named = {"originalFileName": "mine.json", "columnTypes": '{"a": "integer"}'}
    source.change("project_data", data["id"], compressedData=b'[{"a": 22}]', **named)
    assert bring(store, source, choices=Choices(sql_first=True)).of("projects", "p") == [("present", "")]
    assert (values(store), cells(store)) == ([1, 20], [1, 22])


def test_with_sql_first_a_save_that_is_faster_is_kept(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]], database: Tapped
) -> None:
    """A save between what SQL first reads and what it writes is a version of its own, below what SQL has."""
    row = saved(application, 1, 2)
    source.fill(rows | {"dashboard_configs": [row]})
    bring(store, source)
    save(store, 20, 1)
    saves = iter([lambda: save(store, 30, 2)])

    def tap(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "TransactWriteItems":
            next(saves, lambda: None)()
        return proceed(operation, request)

    with database.tapped(tap):
        bring(store, source, choices=Choices(sql_first=True))
    assert values(store) == [1, 20, 30, 1]


def test_who_was_erased_does_not_come_back(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]], settings: Settings
) -> None:
    """Projects of users who were erased here are refused, those of others are not; without the notes all arrive."""
    other = {**application.project("user-2"), "id": "q"}
    source.fill(rows | {"projects": [*rows["projects"], other]})
    notes = [{**keys.erased(settings.log_key, "user-1"), LOG_KEY: settings.log_key}]
    done = bring(store, source, choices=Choices(erased=notes))
    assert done.failed
    assert done.of("projects", "p") == [("refused", "erased-owner")]
    assert done.of("projects", "q") == [("created", "")]
    assert list(store.items.query(keys.partition("user-1"))) == []
    checked = verify(store, source, erased=notes)
    assert (checked.of("projects", "p"), checked.failed) == ([("explained", "erased-owner")], False)
    assert verify(store, source).of("projects", "p") == [("different", "missing")]
    assert bring(store, source).of("projects", "p") == [("created", "")]


def test_an_analysis_of_a_user_keeps_the_table(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]], settings: Settings
) -> None:
    """A table that a user has analysed here is not replaced by another one of the source."""
    data = table(application, 1)
    source.fill(rows | {"project_data": [data]})
    bring(store, source)
    store.dataset_writes.analyse(ADDRESS, read_analysis({"analysis": {"mine": 1}}, settings), Precondition())
    assert bring(store, source).of("projects", "p") == [("present", "")]
    source.change("project_data", data["id"], compressedData=b'[{"a": 2}]')
    assert bring(store, source).of("project_data", data["id"]) == [("newer-here", "saved-here")]
    assert cells(store) == [1]


def test_a_project_of_a_user_is_not_touched(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """What a user made here under the same id keeps its own; only what it lacks is added."""
    store.projects.create("user-1", NewProject(Project("Mine", "", {}), "p", None))
    save(store, 20, 0)
    source.fill(rows | {"dashboard_configs": [saved(application, 1, 2)], "project_data": [table(application, 5)]})
    done = bring(store, source)
    assert done.of("projects", "p") == [("added", "")]
    assert store.projects.get(ADDRESS)["name"] == "Mine"
    assert values(store) == [20]
    assert cells(store) == [5]


def test_a_deleted_project_stays_deleted(store: Store, source: Database, rows: dict[str, list[Row]]) -> None:
    """A project that was deleted here is not brought back."""
    source.fill(rows)
    bring(store, source)
    store.project_deletion.delete(ADDRESS, Precondition())
    assert bring(store, source).of("projects", "p") == [("newer-here", "deleted-here")]
    checked = verify(store, source)
    assert (checked.of("projects", "p"), checked.failed) == ([("explained", "deleted-here")], False)


def test_a_quota_refuses(store: Store, source: Database, application: Application, settings: Settings) -> None:
    """A project beyond the owner's limit is refused; those of others are not."""
    source.fill(application.rows(users=2, projects=6))
    limited = Store(replace(settings, max_projects=2), store.items, store.bucket, store.now)
    done = bring(limited, source)
    assert [reason for *_, reason in done.outcomes("refused")] == ["quota-exceeded"] * 2
    assert len(done.outcomes("created")) == 4
    assert done.failed


@pytest.mark.parametrize("session", ["", "s"])
def test_a_save_that_is_faster_wins(  # noqa: PLR0917 - the example is one of its fixtures
    store: Store,
    source: Database,
    application: Application,
    rows: dict[str, list[Row]],
    database: Tapped,
    session: str,
) -> None:
    """A user's save between the import's read and its write stays, of a config and of a draft."""
    row = saved(application, 1, 2, session or None)
    source.fill(rows | {"dashboard_configs": [saved(application, 0, 1), row]})
    bring(store, source)
    source.change("dashboard_configs", row["id"], chartCustomizations=charts(2))
    address = ADDRESS.config(session)
    before = values(store, address)
    is_saved = False

    def save_first(proceed: Call, operation: str, request: Request) -> Answer:
        nonlocal is_saved
        if operation == "TransactWriteItems" and not is_saved:
            is_saved = True
            save(store, 20, len(before), address)
        return proceed(operation, request)

    with database.tapped(save_first):
        done = bring(store, source)
    assert done.of("dashboard_configs", row["id"]) == [("newer-here", "saved-here")]
    assert values(store, address) == [*before, 20]


@pytest.fixture
def interrupted(database: Tapped) -> Iterator[list[int]]:
    """Let the database fail for good after a number of writes, which tests set."""
    left = [0]

    def fail(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "TransactWriteItems":
            if left[0] == 0:
                raise Refused("ValidationException", {})
            left[0] -= 1
        return proceed(operation, request)

    with database.tapped(fail):
        yield left


def test_an_interrupted_run_is_completed_by_the_next(
    store: Store, source: Database, application: Application, interrupted: list[int], settings: Settings
) -> None:
    """After an end at any write, no project is there in part, and repeated runs bring every row."""
    stored = Store(replace(settings, max_inline_table_bytes=200), store.items, store.bucket, store.now)
    source.fill(application.rows(users=1, projects=6))
    runs = 0
    while True:
        runs += 1
        interrupted[0] = 3 * runs
        try:
            done = bring(stored, source)
        except Refused:
            assert all(shown["dashboardConfig"] is None or shown["version"] for shown in shown_to_user(store))
            different = verify(store, source).outcomes("different")
            assert {(table, reason) for table, _, reason in different} <= {("projects", "missing")}
            continue
        break
    assert runs > 2
    assert not done.failed
    interrupted[0] = -1
    assert verify(store, source).outcomes("different") == []


def shown_to_user(store: Store) -> list[Any]:
    return list(store.projects.page("user-0", 100, None).projects)


def test_an_interrupted_update_is_completed_by_the_next(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]], interrupted: list[int]
) -> None:
    """A run that ends between two versions of a config, or two tables, is continued after what it wrote."""
    row = saved(application, 1, 2)
    source.fill(rows | {"dashboard_configs": [row], "project_data": [table(application, 1, 1)]})
    interrupted[0] = -1
    bring(store, source)
    source.fill({"dashboard_configs": [saved(application, n, n + 2) for n in (2, 3, 4)]})
    source.fill({"project_data": [table(application, n, n) for n in (2, 3)]})
    for _ in range(4):
        interrupted[0] = 1
        with pytest.raises(Refused):
            bring(store, source)
    interrupted[0] = -1
    bring(store, source)
    assert values(store) == [1, 2, 3, 4]
    assert cells(store) == [1, 2, 3]


def test_a_database_that_is_away_ends_the_run(
    store: Store, source: Database, rows: dict[str, list[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If Dashkeep's own database does not answer, the command ends and says that it can be repeated."""
    source.fill(rows)

    def away(*_: object) -> None:
        raise StorageUnavailable("The database cannot be reached.")

    monkeypatch.setattr(store.items, "get_together", away)
    with pytest.raises(CannotRunError, match="Run the command again"):
        bring(store, source)


def test_only_the_newest_items_have_the_mark(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """The mark is on what a save replaces, so a save takes it away; no answer shows it."""
    source.fill(rows | {"dashboard_configs": [saved(application, 1, 2)], "project_data": [table(application, 1)]})
    bring(store, source)
    marked = {item["sk"] for item in store.items.query(keys.partition("user-1")) if IMPORTED in item}
    assert marked == {"PROJECT#p", "CONFIG#p#", "DATA#p", "ANALYSIS#p"}
    save(store, 2, 1)
    item = store.items.get(keys.config(CONFIG))
    assert item is not None
    assert IMPORTED not in item


def test_times_of_the_future_are_refused(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """A row whose time is to come is refused, so that no later save looks older; the next row takes its place."""
    late = saved(application, 1, 2) | {"updatedAt": datetime.now(UTC) + timedelta(days=400)}
    source.fill(rows | {"dashboard_configs": [late, saved(application, 2, 2)]})
    done = bring(store, source)
    assert done.of("dashboard_configs", late["id"]) == [("refused", "bad-time")]
    assert values(store) == [2]


def test_a_refused_row_that_is_mended_is_taken_over(
    store: Store, source: Database, application: Application, rows: dict[str, list[Row]]
) -> None:
    """The next row stands in for a refused one; once that is mended, it becomes the newest version."""
    broken = saved(application, 3, 9) | {"chartCustomizations": "{"}
    source.fill(rows | {"dashboard_configs": [saved(application, 2, 2), broken]})
    assert bring(store, source).of("dashboard_configs", broken["id"]) == [("refused", "bad-json")]
    assert values(store) == [2]
    source.change("dashboard_configs", broken["id"], chartCustomizations=charts(3))
    assert not bring(store, source).failed
    assert values(store) == [2, 3]
    assert isinstance(config(a=1), Config)
