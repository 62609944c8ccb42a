"""A version keeps its name through whatever else is saved, and loses it with its content."""

from collections.abc import Mapping
from typing import Any

import pytest
from conftest import Clock
from support.storage.contents import at, config
from support.storage.engines import Engine, overtaken

from dashboard_store.documents.config import Origin
from dashboard_store.errors import NoProject, NotFound
from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys, retention
from dashboard_store.store import Store


@pytest.fixture(autouse=True)
def saved(store: Store, address: ProjectAddress) -> ConfigAddress:
    """The project `p` with two versions of its config."""
    for version in range(2):
        save(store, address.config(), version)
    return address.config()


def save(store: Store, address: ConfigAddress, version: int) -> None:
    store.config_saves.save(address, config(c=version), at(version), Origin())


def named(store: Store, address: ConfigAddress) -> dict[int, str | None]:
    """Return the names that history shows, by version."""
    shown, _ = store.configs.history(address, 100, None)
    return {version["version"]: version.get("name") for version in shown}


def changed(store: Store, address: ConfigAddress, version: int, name: str | None) -> Mapping[str, Any]:
    return store.version_names.change(address, version, name)


def test_a_version_has_the_name_that_it_was_given_last(store: Store, saved: ConfigAddress) -> None:
    """Names are given, replaced and taken off, of the newest version and of others, and nothing else is changed."""
    before = store.configs.history(saved, 100, None)
    for name in ("First", "Second"):
        for version in (1, 2):
            assert changed(store, saved, version, name)["name"] == name
        assert named(store, saved) == {2: name, 1: name}
    for version in (1, 2):
        assert "name" not in changed(store, saved, version, None)
    assert store.configs.history(saved, 100, None) == before


@pytest.mark.parametrize("rested", [0, retention.RENEWAL.days + 1, 400])
def test_a_name_outlives_the_save_that_replaces_its_version(
    store: Store, saved: ConfigAddress, clock: Clock, rested: int
) -> None:
    """The newest version keeps its name when it is replaced, also if the save rewrites its item in history."""
    changed(store, saved, 2, "Kept")
    clock.advance(days=rested)
    assert named(store, saved)[2] == "Kept"
    save(store, saved, 2)
    assert {2: "Kept", 3: None}.items() <= named(store, saved).items()


def test_a_name_given_while_a_save_rewrites_its_version_is_kept(
    store: Store, saved: ConfigAddress, clock: Clock, engine: Engine
) -> None:
    """A name that comes between a save's two attempts, of which the second rewrites the version, is not lost."""
    clock.advance(days=retention.RENEWAL.days + 1)
    with overtaken(engine, lambda: changed(store, saved, 2, "Late"), after=1):
        save(store, saved, 2)
    assert named(store, saved) == {3: None, 2: "Late", 1: None}


def test_a_name_is_given_to_the_version_that_it_names(store: Store, saved: ConfigAddress, engine: Engine) -> None:
    """If the version is replaced meanwhile, it still gets the name, and the one that replaced it does not."""
    with overtaken(engine, lambda: save(store, saved, 2)):
        changed(store, saved, 2, "Late")
    assert named(store, saved) == {3: None, 2: "Late", 1: None}
    newest = store.configs.newest(saved)
    assert (newest.version, newest.summary["version"], newest.summary.get("name")) == (3, 3, None)


def test_a_removed_version_has_no_name(store: Store, saved: ConfigAddress, engine: Engine) -> None:
    """The name goes with the content, and none can be given any more, also if it is removed in the meantime."""
    changed(store, saved, 1, "Gone")
    with overtaken(engine, lambda: store.history_removal.remove(saved, 1)), pytest.raises(NotFound):
        changed(store, saved, 1, "Again")
    assert named(store, saved) == {2: None, 1: None}


def test_a_project_that_is_deleted_meanwhile_gets_no_name(
    store: Store, saved: ConfigAddress, engine: Engine, address: ProjectAddress
) -> None:
    """Nothing of a deleted project is changed, although its history stays where it is."""
    with overtaken(engine, lambda: store.project_deletion.delete(address, Precondition())), pytest.raises(NoProject):
        changed(store, saved, 1, "Late")
    assert "name" not in (store.items.get(keys.config_version(saved, 1)) or {})["summary"]
