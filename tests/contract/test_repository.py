"""What the repository promises, on every engine alike."""

import uuid
from typing import Any

import pytest
from conftest import Clock
from support.storage.clients import Answer, Call, Request
from support.storage.contents import at
from support.storage.engines import Engine

from dashboard_store.app import Store
from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset.upload import read_analysis, read_upload
from dashboard_store.documents.project import read_new_project
from dashboard_store.dynamodb.protocol import Refused
from dashboard_store.errors import ConfigConflict, NotFound, ProjectExists
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import EXISTS, IS_NEW, Condition, Item, check, put, update
from dashboard_store.repository.items import ConditionFailed
from dashboard_store.settings import Settings

SETTINGS = Settings("any")
ORIGIN = Origin()


def config(value: Any) -> Config:
    return read_config({"chartCustomizations": {"c": {"value": value}}}, SETTINGS)


@pytest.fixture
def key(user: str) -> Item:
    """An item that is not there."""
    return {"pk": keys.partition(user), "sk": "1"}


def test_a_transaction_writes_all_or_nothing(store: Store, key: Item) -> None:
    """Where one write's condition fails none is done, and the failure brings the item that is in the way."""
    store.items.transact(put({**key, "n": 1}, IS_NEW))
    with pytest.raises(ConditionFailed) as refusal:
        store.items.transact(put({**key, "sk": "2"}), put({**key, "n": 2}, IS_NEW))
    assert refusal.value.found == (None, {**key, "n": 1})
    assert store.items.get({**key, "sk": "2"}) is None


def test_a_condition_on_nothing_finds_nothing(store: Store, key: Item) -> None:
    """A condition that fails for want of an item says so, for a put, an update and a check alike."""
    for write in (
        put({**key, "n": 1}, Condition("#n = :one", {"one": 1})),
        update(key, {"n": 1}, EXISTS),
        check(key, EXISTS),
    ):
        with pytest.raises(ConditionFailed) as refusal:
            store.items.transact(write)
        assert refusal.value.found == ({},)


def test_every_failed_condition_is_reported(store: Store, key: Item) -> None:
    """A transaction with two failed conditions reports both: which of them it was decides the answer."""
    with pytest.raises(ConditionFailed) as refusal:
        store.items.transact(check(key, EXISTS), check({**key, "sk": "2"}, EXISTS))
    assert refusal.value.found == ({}, {})


def test_a_nested_attribute_is_set_alone(store: Store, key: Item) -> None:
    """An update of a path inside a map leaves the map's other members as they are."""
    store.items.transact(put({**key, "summary": {"name": "n", "data": None}}))
    store.items.transact(update(key, {"summary.data": {"version": 1}}, EXISTS))
    assert store.items.get(key) == {**key, "summary": {"name": "n", "data": {"version": 1}}}


def test_the_index_lists_without_documents(store: Store, user: str) -> None:
    """The listing shows keys and summaries, the highest key first, and never a document."""
    pk, other = keys.partition(user), keys.partition(f"user-{uuid.uuid4()}")
    for number in range(3):
        item = {
            "pk": pk,
            "sk": f"s{number}",
            "listKey": f"L#{number}",
            "summary": {"n": number},
            "answer": b"document",
        }
        store.items.transact(put(item))
    store.items.transact(
        put({"pk": pk, "sk": "unlisted"}), put({"pk": other, "sk": "s", "listKey": "L#9", "summary": {}})
    )
    first = store.items.query_newest(pk, "L#", limit=2)
    assert [(item["sk"], item["summary"], "answer" in item) for item in first] == [
        ("s2", {"n": 2}, False),
        ("s1", {"n": 1}, False),
    ]
    after = {name: first[-1][name] for name in ("pk", "sk", "listKey")}
    assert [item["sk"] for item in store.items.query_newest(pk, "L#", limit=2, after=after)] == ["s0"]


def test_saves_follow_each_other(store: Store, address: ProjectAddress) -> None:
    """Each save is one version higher, and the newest holds exactly the last one."""
    for version in range(3):
        saved = store.config_saves.save(address.config(), config(version), at(version), ORIGIN)
        assert saved.newest.version == version + 1
    newest = store.configs.newest(address.config())
    assert (newest.version, newest.config()) == (3, config(2).document)


def test_a_stale_save_learns_what_won(store: Store, address: ProjectAddress) -> None:
    """A save of another version than the newest changes nothing and brings the newest document."""
    store.config_saves.save(address.config(), config("first"), at(0), ORIGIN)
    with pytest.raises(ConfigConflict) as refusal:
        store.config_saves.save(address.config(), config("second"), at(0), ORIGIN)
    assert refusal.value.version == 1
    assert refusal.value.document == config("first").document


def test_nothing_is_born_by_a_save(store: Store, user: str) -> None:
    """A save, a draft or an upload for a project that is not there leaves no item behind."""
    absent = ProjectAddress(user, "p")
    saved, draft = absent.config(), absent.config("s1")
    upload = read_upload({"fileName": "t", "rawData": [{"a": 1}]}, SETTINGS)
    for save in (
        lambda: store.config_saves.save(saved, config(1), at(0), ORIGIN),
        lambda: store.config_saves.save(saved, config(1), at(3), ORIGIN),
        lambda: store.config_saves.save(draft, config(1), at(0), ORIGIN),
        lambda: store.config_saves.save(draft, config(1), at(3), ORIGIN),
        lambda: store.dataset_writes.upload(absent, upload, Precondition()),
    ):
        with pytest.raises(NotFound):
            save()
    assert store.items.query_newest(keys.partition(user), "PROJECT#", limit=10) == []
    assert store.items.query_newest(keys.partition(user), "CONFIGVERSION#", limit=10) == []
    assert store.items.get(keys.config(saved)) is None
    assert store.items.get(keys.config(draft)) is None


def test_an_expired_draft_is_gone_before_it_is_removed(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """A draft past its expiry is at version 0 for readers and writers while its item is still there."""
    draft = address.config("s1")
    store.config_saves.save(draft, config(1), at(0), ORIGIN)
    clock.advance(days=SETTINGS.session_ttl_days, seconds=1)
    assert store.configs.newest(draft).version == 0
    with pytest.raises(ConfigConflict) as refusal:
        store.config_saves.save(draft, config(2), at(1), ORIGIN)
    assert refusal.value.version == 0
    assert store.config_saves.save(draft, config(1), at(0), ORIGIN).newest.version == 1


def test_a_rested_version_is_renewed_in_history(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """The first save after a long rest writes the version that it replaces into history again, as it was."""
    store.config_saves.save(address.config(), config("rested"), at(0), Origin("ai", "a note"))
    before = store.items.get(keys.config_version(address.config(), 1))
    clock.advance(days=400)
    store.config_saves.save(address.config(), config("woken"), at(1), ORIGIN)
    after = store.items.get(keys.config_version(address.config(), 1))
    assert before
    assert after
    assert after.pop("expiresAt") - before.pop("expiresAt") == 400 * 86_400
    assert after == before


def test_an_id_is_taken_once(store: Store, address: ProjectAddress) -> None:
    """A second project with the same id is refused, and the first keeps all it has."""
    with pytest.raises(ProjectExists):
        store.projects.create(address.owner, read_new_project({"id": address.project_id, "name": "Other"}, SETTINGS))
    assert store.projects.get(address)["name"] == "P"


def test_an_item_over_the_engines_limit_is_a_defect_not_a_silence(store: Store, key: Item) -> None:
    """DynamoDB's 400 KB is a guard behind our own limits: what runs into it fails aloud."""
    with pytest.raises((Refused, RuntimeError), match="Validation"):
        store.items.transact(put({**key, "body": b"x" * 450_000}))
    assert store.items.get(key) is None


def test_an_analysis_that_comes_in_between_is_kept(
    store: Store, address: ProjectAddress, engine: Engine, settings: Settings
) -> None:
    """An analysis saved between an upload's look and its write is put aside with the table that it was made of."""
    first, second = (read_upload({"fileName": name, "rawData": [{"a": 1}]}, settings) for name in ("1", "2"))
    store.dataset_writes.upload(address, first, Precondition())
    analysis = read_analysis({"analysis": {"of": "1"}}, settings)
    waiting = [lambda: store.dataset_writes.analyse(address, analysis, at(1))]

    def come_in_between(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "TransactWriteItems" and waiting:
            waiting.pop()()
        return proceed(operation, request)

    with engine.tapped(come_in_between):
        assert store.dataset_writes.upload(address, second, Precondition()).version == 2
    assert waiting == []
    assert store.datasets.version(address, 1).analysis_document() == {"of": "1"}
