"""What becomes of a project's items when it is deleted, restored, or forgotten."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, TABLE, Clock
from support.contents import SETTINGS, at, config, upload
from support.engines import Engine, overtaken

from dashboard_store.documents.dataset.upload import read_analysis
from dashboard_store.documents.project import Project, read_new_project
from dashboard_store.errors import NotFound, ProjectExists
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.configs import Configs, Origin
from dashboard_store.repository.datasets import Datasets
from dashboard_store.repository.items import Items
from dashboard_store.repository.keys import ProjectKey
from dashboard_store.repository.projects import Projects
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

MONTH = timedelta(days=30)


@pytest.fixture
def key(user: str) -> ProjectKey:
    return ProjectKey(user, "p")


def create(projects: Projects, key: ProjectKey) -> dict[str, Any]:
    charts = {"chartCustomizations": {"c": {"value": 0}}}
    new = {"id": key.project_id, "name": "P", "settings": {"dashboardConfig": charts}}
    return projects.create(key.user, read_new_project(new, SETTINGS))


@pytest.fixture(autouse=True)
def project(projects: Projects, configs: Configs, tables: Datasets, clock: Clock, key: ProjectKey) -> dict[str, Any]:
    """A project with all that one can have, at the beginning of a second."""
    clock.moment = clock.moment.replace(microsecond=0)
    create(projects, key)
    clock.advance(seconds=1)
    configs.save(key.config(), config(c=1), at(1), Origin("ai", "a note"))
    for name in ("first", "second"):
        clock.advance(seconds=1)
        tables.upload(key, upload(name), Precondition())
    tables.analyse(key, read_analysis({"analysis": {"of": "second"}}, SETTINGS), Precondition())
    clock.advance(seconds=1)
    return projects.get(key)


def places(key: ProjectKey) -> list[dict[str, Any]]:
    return [key.project, key.config().head, key.data, key.analysis]


def everything(table: Items, key: ProjectKey) -> list[dict[str, Any] | None]:
    """All items of the project that can be named, as they are."""
    kept = [key.data_version(1), *map(key.config().version, (1, 2))]
    return [table.get(key) for key in (*places(key), *kept, *map(key.deleted, places(key)))]


def test_what_is_restored_is_what_was(
    projects: Projects, table: Items, project: dict[str, Any], key: ProjectKey
) -> None:
    """Every item is as it was before the delete: nothing of it expires, and nothing is left in the other place."""
    before = everything(table, key)
    projects.delete(key, Precondition())
    assert everything(table, key) != before
    assert projects.restore(key) == project
    assert everything(table, key) == before
    assert projects.page(key.user, 10, None).projects == [
        {name: value for name, value in project.items() if name != "settings"}
    ]


def test_what_is_deleted_lies_aside_and_expires(
    projects: Projects, configs: Configs, table: Items, clock: Clock, key: ProjectKey
) -> None:
    """A deleted project's items are in no reader's place; they expire after 30 days, the one that has the id later."""
    before = [table.get(place) for place in places(key)]
    projects.delete(key, Precondition())
    assert [table.get(place) for place in places(key)] == [None] * 4
    restorable = int((clock.moment + MONTH).timestamp())
    forgotten = int((clock.moment + configs.longest_life).timestamp())
    for place, item, expiry in zip(places(key), before, (forgotten, *[restorable] * 3), strict=True):
        assert item
        unlisted = {name: value for name, value in item.items() if name != "listKey"}
        marks = {"restorableUntil": restorable, "expiresAt": expiry}
        assert table.get(key.deleted(place)) == {**unlisted, **key.deleted(place), **marks}
    assert (table.get(key.data_version(1)) or {})["expiresAt"] == restorable
    assert projects.page(key.user, 10, None).projects == []


def test_a_project_can_be_restored_for_thirty_days(
    projects: Projects, clock: Clock, project: dict[str, Any], key: ProjectKey
) -> None:
    """Until the end of the thirtieth day it comes back; from then on it is absent, whether it was removed or not."""
    projects.delete(key, Precondition())
    clock.advance(days=30, seconds=-1)
    assert projects.restore(key) == project
    projects.delete(key, Precondition())
    clock.advance(days=30)
    with pytest.raises(NotFound):
        projects.restore(key)


def test_an_id_is_free_when_nothing_is_left_under_it(
    projects: Projects, configs: Configs, clock: Clock, key: ProjectKey
) -> None:
    """The id of a deleted project can be used again when the youngest of its versions expires, and not before."""
    projects.delete(key, Precondition())
    clock.moment += configs.longest_life - timedelta(seconds=1)
    with pytest.raises(ProjectExists):
        create(projects, key)
    clock.advance(seconds=1)
    assert create(projects, key)["version"] == 1


def test_an_id_is_taken_as_long_as_it_can_be_restored(table: Items, key: ProjectKey, clock: Clock) -> None:
    """Where nothing lives as long as a deleted project can be restored, its id is taken for that long."""
    settings = Settings(TABLE, BUCKET, history_retention_days=1, session_ttl_days=1)
    projects = Projects(table, Configs(table, settings, clock), clock)
    projects.delete(key, Precondition())
    clock.advance(days=30, seconds=-1)
    with pytest.raises(ProjectExists):
        create(projects, key)
    clock.advance(seconds=1)
    assert create(projects, key)["version"] == 1


def renamed(project: Project) -> Project:
    return Project("renamed", project.description, project.settings)


def test_a_restore_is_of_what_was_deleted_last(projects: Projects, engine: Engine, key: ProjectKey) -> None:
    """Where somebody else restores, changes and deletes it in between, no restore brings back what was before."""

    def restore_change_delete() -> None:
        projects.restore(key)
        projects.change(key, renamed, Precondition())
        projects.delete(key, Precondition())

    projects.delete(key, Precondition())
    with overtaken(engine, restore_change_delete), pytest.raises(NotFound):
        projects.restore(key)
    assert projects.restore(key)["name"] == "renamed"


def test_of_two_restores_at_once_both_answer_the_project(
    projects: Projects, engine: Engine, project: dict[str, Any], key: ProjectKey
) -> None:
    """Who restores what somebody else restores at the same time gets the project, as it is."""
    projects.delete(key, Precondition())
    with overtaken(engine, lambda: projects.restore(key)):
        assert projects.restore(key) == project


def test_a_delete_takes_what_came_in_between(
    engine: Engine, projects: Projects, configs: Configs, tables: Datasets, key: ProjectKey
) -> None:
    """What somebody else saves between a delete's look and its write is deleted with the rest, and restored too."""
    saves: list[Callable[[], object]] = [
        lambda: projects.change(key, renamed, Precondition()),
        lambda: configs.save(key.config(), config(c=3), at(2), Origin()),
        lambda: tables.analyse(key, read_analysis({"analysis": {"of": "again"}}, SETTINGS), Precondition()),
        lambda: tables.upload(key, upload("third"), Precondition()),
    ]
    for save in saves:
        with overtaken(engine, save):
            projects.delete(key, Precondition())
        with pytest.raises(NotFound):
            projects.get(key)
        projects.restore(key)
    data = tables.data(key)
    assert projects.get(key)["name"] == "renamed"
    assert (data.config.version, data.version, data.analysis_version) == (3, 3, 0)
    assert tables.version(key, 2).analysis_document() == {"of": "again"}


def test_a_change_is_made_of_what_came_in_between(projects: Projects, engine: Engine, key: ProjectKey) -> None:
    """A change that somebody else overtakes is made of what the other left."""

    def described(project: Project) -> Project:
        return Project(project.name, "described", project.settings)

    with overtaken(engine, lambda: projects.change(key, renamed, Precondition())):
        changed = projects.change(key, described, Precondition())
    assert (changed["name"], changed["description"], changed["version"]) == ("renamed", "described", 3)
    assert projects.get(key) == changed


def test_the_longest_life_is_that_of_history_or_of_drafts(table: Items, clock: Clock) -> None:
    """What lives longest, a version that was replaced a week late or a draft, decides how long an id stays taken."""
    lives = [
        Configs(table, Settings(TABLE, history_retention_days=history, session_ttl_days=drafts), clock).longest_life
        for history, drafts in ((90, 7), (1, 30))
    ]
    assert lives == [timedelta(days=97), timedelta(days=30)]


def test_a_first_config_says_that_it_moved_in(projects: Projects, configs: Configs, key: ProjectKey) -> None:
    """History tells a config that came with its project from one that was saved."""
    other = ProjectKey(key.user, "other")
    new = {"id": "other", "name": "O", "settings": {"dashboardConfig": {"chartCustomizations": {"c": {}}}}}
    made = projects.create(key.user, read_new_project(new, SETTINGS))
    ((first,), following) = configs.history(other.config(), 10, None)
    assert following is None
    assert first == {
        "version": 1,
        "updatedAt": made["createdAt"],
        "source": "import",
        "chartCount": 1,
        "bytes": len(b'{"chartCustomizations":{"c":{}}}'),
    }
