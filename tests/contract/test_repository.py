"""What the repository promises, on every engine alike."""

import uuid
from itertools import islice

import pytest
from conftest import Clock
from support.storage.contents import SETTINGS, at, config, upload
from support.storage.engines import Engine, overtaken

from dashboard_store.documents.config import Origin
from dashboard_store.documents.dataset.upload import read_analysis
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.dynamodb.protocol import Refused
from dashboard_store.errors import ConfigConflict, NotFound, ProjectExists
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import EXISTS, IS_NEW, Condition, Item, check, put, update
from dashboard_store.repository.formats import numbered
from dashboard_store.repository.items import ConditionFailed
from dashboard_store.store import Store

ORIGIN = Origin()


@pytest.fixture
def key(user: str) -> Item:
    """The key of an item that does not exist."""
    return {"pk": keys.partition(user), "sk": "1"}


def test_a_transaction_writes_all_or_nothing(store: Store, key: Item) -> None:
    """If one write's condition fails, nothing is written, and the failure has the item that is in the way."""
    store.items.transact(put({**key, "n": 1}, IS_NEW))
    with pytest.raises(ConditionFailed) as refusal:
        store.items.transact(put({**key, "sk": "2"}), put({**key, "n": 2}, IS_NEW))
    assert refusal.value.found == (None, numbered({**key, "n": 1}))
    assert store.items.get({**key, "sk": "2"}) is None


def test_a_condition_on_a_nonexistent_item_finds_nothing(store: Store, key: Item) -> None:
    """A condition that fails because its item does not exist says so, for a put, an update and a check alike."""
    for write in (
        put({**key, "n": 1}, Condition("#n = :one", {"one": 1})),
        update(key, {"n": 1}, EXISTS),
        check(key, EXISTS),
    ):
        with pytest.raises(ConditionFailed) as refusal:
            store.items.transact(write)
        assert refusal.value.found == ({},)


def test_every_failed_condition_is_reported(store: Store, key: Item) -> None:
    """A transaction with two failed conditions reports both, because the response depends on which failed."""
    with pytest.raises(ConditionFailed) as refusal:
        store.items.transact(check(key, EXISTS), check({**key, "sk": "2"}, EXISTS))
    assert refusal.value.found == ({}, {})


def test_a_nested_attribute_is_set_alone(store: Store, key: Item) -> None:
    """An update of a path inside a map leaves the map's other members unchanged."""
    store.items.transact(put({**key, "summary": {"name": "n", "data": None}}))
    store.items.transact(update(key, {"summary.data": {"version": 1}}, EXISTS))
    assert store.items.get(key) == numbered({**key, "summary": {"name": "n", "data": {"version": 1}}})


def test_the_index_lists_without_documents(store: Store, user: str) -> None:
    """The listing has keys and summaries, the highest key first, and never a document."""
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
    first = list(islice(store.items.query_newest(pk, "L#", page=2), 2))
    assert [(item["sk"], item["summary"], "answer" in item) for item in first] == [
        ("s2", {"n": 2}, False),
        ("s1", {"n": 1}, False),
    ]
    after = {name: first[-1][name] for name in ("pk", "sk", "listKey")}
    assert [item["sk"] for item in store.items.query_newest(pk, "L#", page=2, after=after)] == ["s0"]


def test_saves_are_consecutive_versions(store: Store, address: ProjectAddress) -> None:
    """Each save is one version higher, and the newest version holds exactly the last save."""
    for version in range(3):
        saved = store.config_saves.save(address.config(), config(c=version), at(version), ORIGIN)
        assert saved.newest.version == version + 1
    newest = store.configs.newest(address.config())
    assert (newest.version, newest.config()) == (3, config(c=2).document)


def test_a_stale_save_gets_the_newest_document(store: Store, address: ProjectAddress) -> None:
    """A stale save changes nothing and is refused with the newest document."""
    store.config_saves.save(address.config(), config(c="first"), at(0), ORIGIN)
    with pytest.raises(ConfigConflict) as refusal:
        store.config_saves.save(address.config(), config(c="second"), at(0), ORIGIN)
    assert refusal.value.version == 1
    assert refusal.value.document == config(c="first").document


def test_a_save_does_not_create_its_project(store: Store, user: str) -> None:
    """A save, a draft or an upload for a nonexistent project leaves no item behind."""
    absent = ProjectAddress(user, "p")
    saved, draft = absent.config(), absent.config("s1")
    for save in (
        lambda: store.config_saves.save(saved, config(c=1), at(0), ORIGIN),
        lambda: store.config_saves.save(saved, config(c=1), at(3), ORIGIN),
        lambda: store.config_saves.save(draft, config(c=1), at(0), ORIGIN),
        lambda: store.config_saves.save(draft, config(c=1), at(3), ORIGIN),
        lambda: store.dataset_writes.upload(absent, upload("t"), Precondition()),
    ):
        with pytest.raises(NotFound):
            save()
    assert list(store.items.query_newest(keys.partition(user), "PROJECT#", page=10)) == []
    assert list(store.items.query_newest(keys.partition(user), "CONFIGVERSION#", page=10)) == []
    assert store.items.get(keys.config(saved)) is None
    assert store.items.get(keys.config(draft)) is None


def test_an_expired_draft_is_gone_before_it_is_removed(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """An expired draft is at version 0 for readers and writers while its item still exists."""
    draft = address.config("s1")
    store.config_saves.save(draft, config(c=1), at(0), ORIGIN)
    clock.advance(days=SETTINGS.session_ttl_days, seconds=1)
    assert store.configs.newest(draft).version == 0
    with pytest.raises(ConfigConflict) as refusal:
        store.config_saves.save(draft, config(c=2), at(1), ORIGIN)
    assert refusal.value.version == 0
    assert store.config_saves.save(draft, config(c=1), at(0), ORIGIN).newest.version == 1


def test_a_rested_version_is_renewed_in_history(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """The first save after a long rest writes the replaced version into history again, with a later expiry."""
    store.config_saves.save(address.config(), config(c="rested"), at(0), Origin("ai", "a note"))
    before = store.items.get(keys.config_version(address.config(), 1))
    clock.advance(days=400)
    store.config_saves.save(address.config(), config(c="woken"), at(1), ORIGIN)
    after = store.items.get(keys.config_version(address.config(), 1))
    assert before
    assert after
    assert after.pop("expiresAt") - before.pop("expiresAt") == 400 * 86_400
    assert after == before


def test_an_id_is_taken_once(store: Store, address: ProjectAddress) -> None:
    """A second project with the same id is refused, and the first one is unchanged."""
    with pytest.raises(ProjectExists):
        store.projects.create(address.owner, read_new_project({"id": address.project_id, "name": "Other"}, SETTINGS))
    assert store.projects.get(address)["name"] == "P"


def test_a_repeated_creation_costs_a_read_only_for_a_config(store: Store, engine: Engine, user: str) -> None:
    """Creating is one request, and so is a repetition; a config of its body is compared in a second one."""
    settings = {"dashboardConfig": config(c=1).document}
    bodies = [{"id": "q", "name": "Q"}, {"id": "r", "name": "R", "settings": settings}]
    outcomes = []
    for body in (*bodies, *bodies):
        with engine.recorded() as calls:
            is_new = store.projects.create(user, read_new_project(body, SETTINGS)).is_new
        outcomes.append((is_new, [operation for operation, _ in calls]))
    one = ["TransactWriteItems"]
    assert outcomes == [(True, one), (True, one), (False, one), (False, [*one, "GetItem"])]


def test_an_item_over_the_engines_limit_is_a_defect(store: Store, key: Item) -> None:
    """DynamoDB's limit of 400 KB backs up the service's own limits: an item over it raises."""
    with pytest.raises((Refused, RuntimeError), match="Validation"):
        store.items.transact(put({**key, "body": b"x" * 450_000}))
    assert store.items.get(key) is None


def test_a_concurrent_analysis_is_kept(store: Store, address: ProjectAddress, engine: Engine) -> None:
    """An analysis saved between an upload's read and its write is kept with the table that it analyses."""
    store.dataset_writes.upload(address, upload("1"), Precondition())
    analysis = read_analysis({"analysis": {"of": "1"}}, SETTINGS)
    with overtaken(engine, lambda: store.dataset_writes.analyse(address, analysis, at(1))):
        assert store.dataset_writes.upload(address, upload("2"), Precondition()).version == 2
    assert store.datasets.version(address, 1).analysis_document() == {"of": "1"}
