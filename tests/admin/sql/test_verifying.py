"""Verifying finds every difference between the source and what Dashkeep answers, and names its place."""

from collections.abc import Callable
from typing import Any

import pytest
from support.sql.commands import bring, verify
from support.sql.contents import Application
from support.sql.databases import Database, Row

from dashboard_store.documents.json_text import compact
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Item, delete, put
from dashboard_store.store import Store

ADDRESS = ProjectAddress("user-1", "p")
CONFIG = ADDRESS.config()
TABLE = keys.dataset(ADDRESS)


@pytest.fixture
def rows(store: Store, source: Database, application: Application) -> dict[str, list[Row]]:
    """A project that was imported, with two configs, a draft and two tables."""
    project = application.project("user-1") | {"id": "p", "settings": '{"tags": ["a"]}'}
    configs = [application.config(project, session) for session in (None, None, "s")]
    configs.sort(key=lambda row: (row["sessionId"] is not None, row["updatedAt"]))
    data = [application.data(project, version, layout="array") for version in (1, 2)]
    data[1]["analysisData"] = '{"n": 1}'
    for row in data:
        row["chartCustomizations"] = None
    found = {"projects": [project], "dashboard_configs": configs, "project_data": data}
    source.fill(found)
    bring(store, source)
    assert not verify(store, source).failed
    return found


def corrupt(store: Store, key: Item, change: Callable[[Item], Item | None]) -> None:
    """Change an item as a fault of the import would have, the mark included."""
    item = store.items.get(key)
    assert item is not None
    changed = change(item)
    store.items.transact(put(changed) if changed else delete(key))


def other(name: str, key: Item) -> Callable[[Store, Item], Item]:
    """Take an attribute of another item."""
    return lambda store, item: {**item, name: (store.items.get(key) or {})[name]}


FAULTS: dict[str, tuple[Item, Callable[[Store, Item], Item | None], str, int]] = {
    "a config with other content": (
        keys.config(CONFIG),
        other("answer", keys.config_version(CONFIG, 1)),
        "dashboard_configs",
        1,
    ),
    "a config that is not there": (
        keys.config(CONFIG),
        lambda _, item: {**item, "version": 0},
        "dashboard_configs",
        1,
    ),
    "a draft that is not there": (keys.config(ADDRESS.config("s")), lambda *_: None, "dashboard_configs", 2),
    "a version that is not in history": (keys.config_version(CONFIG, 2), lambda *_: None, "dashboard_configs", 0),
    "a table with other rows": (TABLE, other("columns", keys.dataset_version(ADDRESS, 1)), "project_data", 1),
    "a table with another schema": (
        TABLE,
        lambda _, item: {**item, "schema": item["schema"].replace('"columnCount":', '"columnCount":1')},
        "project_data",
        1,
    ),
    "an earlier table that is not there": (keys.dataset_version(ADDRESS, 1), lambda *_: None, "project_data", 0),
    "an earlier table with other rows": (
        keys.dataset_version(ADDRESS, 1),
        other("columns", TABLE),
        "project_data",
        0,
    ),
    "an analysis that is not there": (
        keys.analysis(ADDRESS),
        lambda _, item: {name: value for name, value in item.items() if name != "answer"},
        "project_data",
        1,
    ),
    "a project with another description": (
        keys.project(ADDRESS),
        lambda _, item: {**item, "summary": {**item["summary"], "description": "other"}},
        "projects",
        0,
    ),
    "a project with other settings": (
        keys.project(ADDRESS),
        lambda _, item: {**item, "settings": compact({"tags": ["b"]})},
        "projects",
        0,
    ),
    "a project that is not there": (keys.project(ADDRESS), lambda *_: None, "projects", 0),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_difference_is_found(store: Store, source: Database, rows: dict[str, list[Row]], name: str) -> None:
    """Each fault of what is stored is found, and only the row that it concerns is different."""
    key, change, table, index = FAULTS[name]
    corrupt(store, key, lambda item: change(store, item))
    done = verify(store, source)
    assert done.failed
    assert [found[:2] for found in done.outcomes("different")] == [(table, rows[table][index]["id"])]


CHANGES: dict[str, tuple[str, int, dict[str, Any]]] = {
    "a config": ("dashboard_configs", 1, {"chartCustomizations": '{"new": {}}'}),
    "a draft": ("dashboard_configs", 2, {"currentTheme": "other"}),
    "a table": ("project_data", 1, {"compressedData": b'[{"a": 1}]'}),
    "an analysis": ("project_data", 1, {"analysisData": '{"n": 2}'}),
    "a name": ("projects", 0, {"name": "New"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_newer_source_is_different(store: Store, source: Database, rows: dict[str, list[Row]], name: str) -> None:
    """What changed in the source since is different until the import runs again."""
    table, index, change = CHANGES[name]
    source.change(table, rows[table][index]["id"], **change)
    done = verify(store, source)
    assert [found[1] for found in done.outcomes("different")] == [rows[table][index]["id"]]
    bring(store, source)
    assert not verify(store, source).failed


def test_an_outranked_row_that_changes_is_explained(store: Store, source: Database, rows: dict[str, list[Row]]) -> None:
    """A row that is not the newest table, and changed after the import, is explained: the newest is what counts."""
    row_id = rows["project_data"][0]["id"]
    source.change("project_data", row_id, compressedData=b'[{"a": 1}]')
    bring(store, source)
    checked = verify(store, source)
    assert (checked.failed, checked.of("project_data", row_id)) == (False, [("explained", "outranked")])


def test_every_row_has_an_outcome(store: Store, source: Database, rows: dict[str, list[Row]]) -> None:
    """Every row of the source is equal or explained: earlier versions are those in history."""
    done = verify(store, source)
    explained = {line["id"]: line["reason"] for line in done.lines if line["outcome"] == "explained"}
    equal = {line["id"] for line in done.lines if line["outcome"] == "equal"}
    assert explained.pop(rows["dashboard_configs"][0]["id"]) == "in-history"
    assert explained.pop(rows["project_data"][0]["id"]) == "in-history"
    newest = {
        "p",
        rows["dashboard_configs"][1]["id"],
        rows["dashboard_configs"][2]["id"],
        rows["project_data"][1]["id"],
    }
    assert newest <= equal
