"""What happens to a project's items when it is deleted, restored or expired."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, TABLE, Clock
from support.storage.contents import SETTINGS, at, config, upload
from support.storage.engines import Engine, overtaken

from dashboard_store.documents.config import Origin
from dashboard_store.documents.dataset.upload import read_analysis
from dashboard_store.documents.project import Project
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.errors import NotFound, ProjectExists
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys, retention
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

MONTH = timedelta(days=30)


def create(store: Store, address: ProjectAddress) -> dict[str, Any]:
    charts = {"chartCustomizations": {"c": {"value": 0}}}
    new = {"id": address.project_id, "name": "P", "settings": {"dashboardConfig": charts}}
    return store.projects.create(address.owner, read_new_project(new, SETTINGS)).project


@pytest.fixture(autouse=True)
def project(store: Store, clock: Clock, address: ProjectAddress) -> dict[str, Any]:
    """The project `p` with everything that a project can have, at the beginning of a second."""
    clock.moment = clock.moment.replace(microsecond=0)
    store.config_saves.save(address.config(), config(c=0), at(0), Origin())
    clock.advance(seconds=1)
    store.config_saves.save(address.config(), config(c=1), at(1), Origin("ai", "a note"))
    for name in ("first", "second"):
        clock.advance(seconds=1)
        store.dataset_writes.upload(address, upload(name), Precondition())
    store.dataset_writes.analyse(address, read_analysis({"analysis": {"of": "second"}}, SETTINGS), Precondition())
    clock.advance(seconds=1)
    return store.projects.get(address)


def places(address: ProjectAddress) -> list[dict[str, Any]]:
    return [keys.project(address), keys.config(address.config()), keys.dataset(address), keys.analysis(address)]


def everything(store: Store, address: ProjectAddress) -> list[dict[str, Any] | None]:
    """Read all items of the project whose keys are known."""
    kept = [keys.dataset_version(address, 1), *(keys.config_version(address.config(), number) for number in (1, 2))]
    return [store.items.get(key) for key in (*places(address), *kept, *map(keys.deleted, places(address)))]


def test_a_restore_brings_every_item_back(store: Store, project: dict[str, Any], address: ProjectAddress) -> None:
    """After a restore every item is as it was before the delete, but for the number of restores; none expires."""
    before = everything(store, address)
    store.project_deletion.delete(address, Precondition())
    assert everything(store, address) != before
    assert store.project_deletion.restore(address) == project
    (restored, *others) = everything(store, address)
    assert [{**(before[0] or {}), "restores": 1}, *before[1:]] == [restored, *others]
    assert store.projects.page(address.owner, 10, None).projects == [
        {name: value for name, value in project.items() if name != "settings"}
    ]


def test_deleted_items_are_set_aside_and_expire(store: Store, clock: Clock, address: ProjectAddress) -> None:
    """A deleted project's items move to other keys and expire after 30 days, the one that has the id later.

    That one is listed among the deleted ones.
    """
    before = [store.items.get(place) for place in places(address)]
    store.project_deletion.delete(address, Precondition())
    assert [store.items.get(place) for place in places(address)] == [None] * 4
    restorable = int((clock.moment + MONTH).timestamp())
    forgotten = int((clock.moment + retention.Lifetimes(store.settings).longest).timestamp())
    for place, item, expiry in zip(places(address), before, (forgotten, *[restorable] * 3), strict=True):
        assert item
        marks: dict[str, Any] = {"restorableUntil": restorable, "expiresAt": expiry}
        if "listKey" in item:
            marks["listKey"] = keys.listed(address, keys.timestamp(clock.moment), keys.DELETED_PROJECTS)
        assert store.items.get(keys.deleted(place)) == {**item, **keys.deleted(place), **marks}
    assert (store.items.get(keys.dataset_version(address, 1)) or {})["expiresAt"] == restorable
    assert store.projects.page(address.owner, 10, None).projects == []


def test_a_project_can_be_restored_for_thirty_days(
    store: Store, clock: Clock, project: dict[str, Any], address: ProjectAddress
) -> None:
    """A project can be restored until the end of the thirtieth day, and is absent from then on, removed or not."""
    store.project_deletion.delete(address, Precondition())
    clock.advance(days=30, seconds=-1)
    assert store.project_deletion.restore(address) == project
    store.project_deletion.delete(address, Precondition())
    clock.advance(days=30)
    with pytest.raises(NotFound):
        store.project_deletion.restore(address)


@pytest.mark.parametrize("kept_days", [1, 90])
def test_a_deleted_project_outlives_its_parts(
    store: Store, address: ProjectAddress, clock: Clock, kept_days: int
) -> None:
    """Its item, which keeps the id taken, expires when its last version does, and not while it can be restored."""
    settings = Settings(TABLE, BUCKET, history_retention_days=kept_days, session_ttl_days=1)
    before = clock.moment
    Store(settings, store.items, store.bucket, clock).project_deletion.delete(address, Precondition())
    marker = store.items.get(keys.deleted(keys.project(address)))
    longest = max(MONTH, timedelta(days=kept_days) + retention.RENEWAL)
    assert marker
    assert marker["expiresAt"] == int((before + longest).timestamp())
    clock.advance(days=200)
    with pytest.raises(ProjectExists):
        create(store, address)


def renamed(project: Project) -> Project:
    return Project("renamed", project.description, project.settings)


def test_a_restore_brings_back_the_last_deleted_state(store: Store, engine: Engine, address: ProjectAddress) -> None:
    """If another client restores, changes and deletes the project in between, no restore brings back an older state."""

    def restore_change_delete() -> None:
        store.project_deletion.restore(address)
        store.projects.change(address, renamed, Precondition())
        store.project_deletion.delete(address, Precondition())

    store.project_deletion.delete(address, Precondition())
    with overtaken(engine, restore_change_delete), pytest.raises(NotFound):
        store.project_deletion.restore(address)
    assert store.project_deletion.restore(address)["name"] == "renamed"


def test_concurrent_restores_both_return_the_project(
    store: Store, engine: Engine, project: dict[str, Any], address: ProjectAddress
) -> None:
    """A restore that another restore overtakes returns the current project."""
    store.project_deletion.delete(address, Precondition())
    with overtaken(engine, lambda: store.project_deletion.restore(address)):
        assert store.project_deletion.restore(address) == project


def test_a_delete_includes_concurrent_saves(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """What another client saves between a delete's read and its write is deleted with the rest, and restored too."""
    saves: list[Callable[[], object]] = [
        lambda: store.projects.change(address, renamed, Precondition()),
        lambda: store.config_saves.save(address.config(), config(c=3), at(2), Origin()),
        lambda: store.dataset_writes.analyse(
            address, read_analysis({"analysis": {"of": "again"}}, SETTINGS), Precondition()
        ),
        lambda: store.dataset_writes.upload(address, upload("third"), Precondition()),
    ]
    for save in saves:
        with overtaken(engine, save):
            store.project_deletion.delete(address, Precondition())
        with pytest.raises(NotFound):
            store.projects.get(address)
        store.project_deletion.restore(address)
    data = store.datasets.current(address)
    assert store.projects.get(address)["name"] == "renamed"
    assert (data.config.version, data.version, data.analysis_version) == (3, 3, 0)
    assert store.datasets.version(address, 2).analysis_document() == {"of": "again"}


def test_an_overtaken_change_applies_to_the_other_change(store: Store, engine: Engine, address: ProjectAddress) -> None:
    """A change that another one overtakes is applied to the result of the other one."""

    def described(project: Project) -> Project:
        return Project(project.name, "described", project.settings)

    with overtaken(engine, lambda: store.projects.change(address, renamed, Precondition())):
        changed = store.projects.change(address, described, Precondition())
    assert (changed["name"], changed["description"], changed["version"]) == ("renamed", "described", 3)
    assert store.projects.get(address) == changed


def test_the_longest_lifetime_is_that_of_history_or_of_drafts() -> None:
    """The longest lifetime, of a version replaced a week late or of a draft, decides how long an id is taken."""
    lives = [
        retention.Lifetimes(Settings(TABLE, history_retention_days=history, session_ttl_days=drafts)).longest
        for history, drafts in ((90, 7), (1, 30))
    ]
    assert lives == [timedelta(days=97), timedelta(days=30)]


def test_a_first_config_has_the_source_import(store: Store, address: ProjectAddress) -> None:
    """History distinguishes a config that came with its project from one that was saved."""
    other = ProjectAddress(address.owner, "other")
    new = {"id": "other", "name": "O", "settings": {"dashboardConfig": {"chartCustomizations": {"c": {}}}}}
    made = store.projects.create(address.owner, read_new_project(new, SETTINGS)).project
    ((first,), following) = store.configs.history(other.config(), 10, None)
    assert following is None
    assert first == {
        "version": 1,
        "updatedAt": made["createdAt"],
        "updatedBy": {"id": store.member_id(other)},
        "source": "import",
        "chartCount": 1,
        "bytes": len(b'{"chartCustomizations":{"c":{}}}'),
    }
