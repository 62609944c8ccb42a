"""What the repository promises, on every engine alike."""

import uuid
from typing import Any

import pytest
from conftest import Clock
from support.clients import Answer, Call, Request
from support.contents import at
from support.engines import Engine

from dashboard_store.documents.config import Config
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset.upload import read_analysis, read_upload
from dashboard_store.documents.project import read_new_project
from dashboard_store.dynamodb.protocol import Refused
from dashboard_store.errors import NotFound, ProjectExists, VersionConflict
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.configs import Configs, Origin
from dashboard_store.repository.datasets import Datasets
from dashboard_store.repository.items import EXISTS, IS_NEW, Condition, ConditionFailed, Item, Items, check, put, update
from dashboard_store.repository.keys import ProjectKey, user_partition
from dashboard_store.repository.projects import Projects
from dashboard_store.settings import Settings

SETTINGS = Settings("any")
ORIGIN = Origin()


def config(value: Any) -> Config:
    return read_config({"chartCustomizations": {"c": {"value": value}}}, SETTINGS)


@pytest.fixture
def key(user: str) -> Item:
    """An item that is not there."""
    return {"pk": user_partition(user), "sk": "1"}


@pytest.fixture
def project(projects: Projects, user: str) -> ProjectKey:
    projects.create(user, read_new_project({"id": "p", "name": "P"}, SETTINGS))
    return ProjectKey(user, "p")


def test_a_transaction_writes_all_or_nothing(table: Items, key: Item) -> None:
    """Where one write's condition fails none is done, and the failure brings the item that is in the way."""
    table.transact(put({**key, "n": 1}, IS_NEW))
    with pytest.raises(ConditionFailed) as refusal:
        table.transact(put({**key, "sk": "2"}), put({**key, "n": 2}, IS_NEW))
    assert refusal.value.found == (None, {**key, "n": 1})
    assert table.get({**key, "sk": "2"}) is None


def test_a_condition_on_nothing_finds_nothing(table: Items, key: Item) -> None:
    """A condition that fails for want of an item says so, for a put, an update and a check alike."""
    for write in (
        put({**key, "n": 1}, Condition("#n = :one", {"one": 1})),
        update(key, {"n": 1}, EXISTS),
        check(key, EXISTS),
    ):
        with pytest.raises(ConditionFailed) as refusal:
            table.transact(write)
        assert refusal.value.found == ({},)


def test_every_failed_condition_is_reported(table: Items, key: Item) -> None:
    """A transaction with two failed conditions reports both: which of them it was decides the answer."""
    with pytest.raises(ConditionFailed) as refusal:
        table.transact(check(key, EXISTS), check({**key, "sk": "2"}, EXISTS))
    assert refusal.value.found == ({}, {})


def test_a_nested_attribute_is_set_alone(table: Items, key: Item) -> None:
    """An update of a path inside a map leaves the map's other members as they are."""
    table.transact(put({**key, "summary": {"name": "n", "data": None}}))
    table.transact(update(key, {"summary.data": {"version": 1}}, EXISTS))
    assert table.get(key) == {**key, "summary": {"name": "n", "data": {"version": 1}}}


def test_the_index_lists_without_documents(table: Items, user: str) -> None:
    """The listing shows keys and summaries, the highest key first, and never a document."""
    pk, other = user_partition(user), user_partition(f"user-{uuid.uuid4()}")
    for number in range(3):
        item = {
            "pk": pk,
            "sk": f"s{number}",
            "listKey": f"L#{number}",
            "summary": {"n": number},
            "answer": b"document",
        }
        table.transact(put(item))
    table.transact(put({"pk": pk, "sk": "unlisted"}), put({"pk": other, "sk": "s", "listKey": "L#9", "summary": {}}))
    first = table.newest(pk, "L#", limit=2)
    assert [(item["sk"], item["summary"], "answer" in item) for item in first] == [
        ("s2", {"n": 2}, False),
        ("s1", {"n": 1}, False),
    ]
    after = {name: first[-1][name] for name in ("pk", "sk", "listKey")}
    assert [item["sk"] for item in table.newest(pk, "L#", limit=2, after=after)] == ["s0"]


def test_saves_follow_each_other(configs: Configs, project: ProjectKey) -> None:
    """Each save is one version higher, and the head holds exactly the last one."""
    for version in range(3):
        assert configs.save(project.config(), config(version), at(version), ORIGIN).head.version == version + 1
    head = configs.head(project.config())
    assert (head.version, head.config()) == (3, config(2).document)


def test_a_stale_save_learns_what_won(configs: Configs, project: ProjectKey) -> None:
    """A save of another version than the newest changes nothing and brings the newest document."""
    configs.save(project.config(), config("first"), at(0), ORIGIN)
    with pytest.raises(VersionConflict) as refusal:
        configs.save(project.config(), config("second"), at(0), ORIGIN)
    assert refusal.value.current["currentVersion"] == 1
    assert refusal.value.current["current"] == config("first").document


def test_nothing_is_born_by_a_save(configs: Configs, tables: Datasets, table: Items, user: str) -> None:
    """A save, a draft or an upload for a project that is not there leaves no item behind."""
    absent = ProjectKey(user, "p")
    saved, draft = absent.config(), absent.config("s1")
    upload = read_upload({"fileName": "t", "rawData": [{"a": 1}]}, SETTINGS)
    for save in (
        lambda: configs.save(saved, config(1), at(0), ORIGIN),
        lambda: configs.save(saved, config(1), at(3), ORIGIN),
        lambda: configs.save(draft, config(1), at(0), ORIGIN),
        lambda: configs.save(draft, config(1), at(3), ORIGIN),
        lambda: tables.upload(absent, upload, Precondition()),
    ):
        with pytest.raises(NotFound):
            save()
    assert table.newest(absent.pk, "PROJECT#", limit=10) == []
    assert table.newest(absent.pk, "CONFIGVERSION#", limit=10) == []
    assert table.get(saved.head) is None
    assert table.get(draft.head) is None


def test_an_expired_draft_is_gone_before_it_is_removed(configs: Configs, project: ProjectKey, clock: Clock) -> None:
    """A draft past its expiry is at version 0 for readers and writers while its item is still there."""
    draft = project.config("s1")
    configs.save(draft, config(1), at(0), ORIGIN)
    clock.advance(days=SETTINGS.session_ttl_days, seconds=1)
    assert configs.head(draft).version == 0
    with pytest.raises(VersionConflict) as refusal:
        configs.save(draft, config(2), at(1), ORIGIN)
    assert refusal.value.current["currentVersion"] == 0
    assert configs.save(draft, config(1), at(0), ORIGIN).head.version == 1


def test_a_rested_version_is_renewed_in_history(
    configs: Configs, project: ProjectKey, clock: Clock, table: Items
) -> None:
    """The first save after a long rest writes the version that it replaces into history again, as it was."""
    configs.save(project.config(), config("rested"), at(0), Origin("ai", "a note"))
    before = table.get(project.config().version(1))
    clock.advance(days=400)
    configs.save(project.config(), config("woken"), at(1), ORIGIN)
    after = table.get(project.config().version(1))
    assert before
    assert after
    assert after.pop("expiresAt") - before.pop("expiresAt") == 400 * 86_400
    assert after == before


def test_an_id_is_taken_once(projects: Projects, project: ProjectKey) -> None:
    """A second project with the same id is refused, and the first keeps all it has."""
    with pytest.raises(ProjectExists):
        projects.create(project.user, read_new_project({"id": project.project_id, "name": "Other"}, SETTINGS))
    assert projects.get(project)["name"] == "P"


def test_an_item_over_the_engines_limit_is_a_defect_not_a_silence(table: Items, key: Item) -> None:
    """DynamoDB's 400 KB is a guard behind our own limits: what runs into it fails aloud."""
    with pytest.raises((Refused, RuntimeError), match="Validation"):
        table.transact(put({**key, "body": b"x" * 450_000}))
    assert table.get(key) is None


def test_an_analysis_that_comes_in_between_is_kept(
    tables: Datasets, project: ProjectKey, engine: Engine, settings: Settings
) -> None:
    """An analysis saved between an upload's look and its write is put aside with the table that it was made of."""
    first, second = (read_upload({"fileName": name, "rawData": [{"a": 1}]}, settings) for name in ("1", "2"))
    tables.upload(project, first, Precondition())
    analysis = read_analysis({"analysis": {"of": "1"}}, settings)
    waiting = [lambda: tables.analyse(project, analysis, at(1))]

    def come_in_between(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "TransactWriteItems" and waiting:
            waiting.pop()()
        return proceed(operation, request)

    with engine.tapped(come_in_between):
        assert tables.upload(project, second, Precondition()).version == 2
    assert waiting == []
    assert tables.version(project, 1).analysis_document() == {"of": "1"}
