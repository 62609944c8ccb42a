"""Tables and their analyses: what an upload stores, replaces and keeps, and where."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from conftest import BUCKET, TABLE, Clock
from support.storage.contents import SETTINGS, at, config, upload
from support.storage.engines import Engine, overtaken, written

from dashboard_store.documents.config import Origin
from dashboard_store.documents.dataset.upload import read_analysis, read_completion
from dashboard_store.errors import FieldError, InvalidData, NotFound, StorageUnavailable
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.items import Items
from dashboard_store.repository.uploads import Ending, PendingUpload
from dashboard_store.settings import Settings
from dashboard_store.store import Store


def test_charts_of_an_upload_have_the_source_user(store: Store, address: ProjectAddress) -> None:
    """A first config that comes with an upload has the source `user` in history."""
    store.dataset_writes.upload(address, upload("first", chartCustomizations={"c": {}}), Precondition())
    ((first,), _) = store.configs.history(address.config(), 10, None)
    assert set(first) == {"version", "updatedAt", "updatedBy", "source", "chartCount", "bytes"}
    assert first["source"] == "user"


def test_a_replaced_upload_keeps_its_analysis(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """A replaced upload keeps its own version, analysis and time, whatever follows it."""
    store.dataset_writes.upload(address, upload("first"), Precondition())
    clock.advance(seconds=1)
    analysed = store.dataset_writes.analyse(
        address, read_analysis({"analysis": {"of": "first"}}, SETTINGS), Precondition()
    )
    clock.advance(seconds=1)
    store.dataset_writes.upload(address, upload("second"), Precondition())
    aside = store.datasets.version(address, 1)
    assert (aside.version, aside.schema["fileName"]) == (1, "first")
    assert (aside.analysis_version, aside.updated_at) == (1, analysed.updated_at)
    assert aside.analysis_document() == {"of": "first"}
    newest = store.datasets.version(address, 2)
    assert (newest.version, newest.analysis_version, newest.analysis_document()) == (2, 0, None)


def test_data_is_as_new_as_its_newest_part(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """A project's data is as new as its newest part: table, analysis or config; without any of them it has no date."""

    def moments() -> tuple[str | None, str | None]:
        data = store.datasets.current(address)
        return data.updated_at, data.modified_at

    nothing = store.datasets.current(address)
    assert (nothing.version, nothing.analysis_version, nothing.tag) == (0, 0, "0")
    assert (nothing.updated_at, nothing.modified_at, list(nothing.kept)) == (None, None, [])
    uploaded = store.dataset_writes.upload(address, upload("first"), Precondition())
    assert moments() == (uploaded.updated_at,) * 2
    clock.advance(seconds=1)
    saved = store.config_saves.save(address.config(), config(a=1), at(0), Origin()).newest
    assert moments() == (uploaded.updated_at, saved.updated_at)
    clock.advance(seconds=1)
    analysed = store.dataset_writes.analyse(address, read_analysis({"analysis": {}}, SETTINGS), Precondition())
    assert moments() == (analysed.updated_at,) * 2
    assert store.datasets.current(address).tag == "1.1.1"


def test_an_upload_returns_its_outcome(store: Store, address: ProjectAddress) -> None:
    """An upload returns its version and tag, whether it changed anything, and whether it saved its charts."""
    charts: dict[str, Any] = {"chartCustomizations": {"c": {}}}
    first = store.dataset_writes.upload(address, upload("first", **charts, analysis={"of": "first"}), Precondition())
    assert (first.version, first.tag, first.changed, first.config_saved) == (1, "1.1.1", True, True)
    again = store.dataset_writes.upload(address, upload("first", **charts, analysis={"of": "first"}), Precondition())
    assert (again.version, again.tag, again.changed, again.config_saved) == (1, "1.1.1", False, False)
    assert (again.schema, again.updated_at) == (first.schema, first.updated_at)
    second = store.dataset_writes.upload(address, upload("second", **charts), Precondition())
    assert (second.version, second.tag, second.changed, second.config_saved) == (2, "2.0.1", True, False)


@pytest.fixture
def large(store: Store, clock: Clock) -> Store:
    """The store under settings by which every table is a large one."""
    return Store(Settings(TABLE, BUCKET, max_inline_table_bytes=0), store.items, store.bucket, clock)


def test_a_small_table_leaves_no_trace_of_its_upload(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """A table in its item is stored without an announcement, so no upload's item is written."""
    with written(engine) as names:
        store.dataset_writes.upload(address, upload("first"), Precondition())
    assert keys.dataset(address)["sk"] in names
    assert not [name for name in names if name.startswith("UPLOAD#")]


def test_an_object_is_named_before_it_exists(
    engine: Engine, store: Store, large: Store, address: ProjectAddress
) -> None:
    """If a large table does not reach the bucket, the upload's item names its key until it expires."""
    out_of_reach = mock.patch.object(
        store.bucket, "put", side_effect=StorageUnavailable("The bucket cannot be reached. Try again.")
    )
    with written(engine) as names, out_of_reach as put, pytest.raises(StorageUnavailable):
        large.dataset_writes.upload(address, upload("first"), Precondition())
    (name,) = (each for each in names if each.startswith("UPLOAD#"))
    item = store.items.get({"pk": keys.partition(address.owner), "sk": name}) or {}
    assert item["object"] == put.call_args[0][0]
    assert item["expiresAt"] > 0
    assert large.datasets.current(address).version == 0


def test_a_table_is_stored_in_its_item_up_to_the_limit(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """A table of exactly the limit is stored in its item; one that is a byte larger is stored in the bucket."""
    sent = upload("first")
    size = len(sent.content.stored)
    for limit, place in ((size - 1, "object"), (size, "columns")):
        limited = Store(Settings(TABLE, BUCKET, max_inline_table_bytes=limit), store.items, store.bucket, clock)
        limited.dataset_writes.upload(address, upload(f"for {limit}"), Precondition())
        assert {"object", "columns"} & set(store.items.get(keys.dataset(address)) or {}) == {place}


def test_a_stored_object_is_named_only_by_its_table(
    store: Store, large: Store, address: ProjectAddress, clock: Clock
) -> None:
    """Once stored, a large table's object is named only by the table's item, which states its size in the bucket.

    The item that named it before expires after a day, without it.
    """
    large.dataset_writes.upload(address, upload("first"), Precondition())
    table = store.items.get(keys.dataset(address)) or {}
    before = store.items.get(keys.upload(address, table["object"].split("/")[-2])) or {}
    assert set(before) == {"pk", "sk", "expiresAt", "format"}
    assert before["expiresAt"] == int((clock.moment + timedelta(days=1)).timestamp())
    described = store.bucket.describe(table["object"])
    assert described
    assert table["objectBytes"] == described.size


def test_an_objects_name_and_size_move_together(large: Store, address: ProjectAddress) -> None:
    """A kept table and a deleted project's table name the same object with the same size as before."""
    large.dataset_writes.upload(address, upload("first"), Precondition())
    first = large.items.get(keys.dataset(address)) or {}
    large.dataset_writes.upload(address, upload("second"), Precondition())
    second = large.items.get(keys.dataset(address)) or {}
    large.project_deletion.delete(address, Precondition())
    kept = large.items.get(keys.dataset_version(address, 1)) or {}
    aside = large.items.get(keys.deleted(keys.dataset(address))) or {}
    for before, after in ((first, kept), (second, aside)):
        assert (after["object"], after["objectBytes"]) == (before["object"], before["objectBytes"])


def test_an_upload_that_expired_is_not_completed(
    engine: Engine, store: Store, address: ProjectAddress, clock: Clock
) -> None:
    """If an announced upload expires while it is completed, nothing is stored, and no item without expiry is left."""
    hasty = Store(SETTINGS, Items(engine, engine.table_name, pause=lambda _: None), store.bucket, clock)
    gone = PendingUpload("0" * 32, "t.csv", "text/csv", 3, None, None)
    ending = Ending.in_request(gone, read_completion({}, SETTINGS))
    with pytest.raises(StorageUnavailable):
        hasty.dataset_writes.upload(address, upload("first"), Precondition(), ending)
    assert hasty.datasets.current(address).version == 0
    assert hasty.items.get(keys.upload(address, "0" * 32)) is None


def test_an_overtaken_upload_is_the_next_version(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """An upload that another one overtakes is the version after it, and the other one is kept."""
    with overtaken(engine, lambda: store.dataset_writes.upload(address, upload("first"), Precondition())):
        assert store.dataset_writes.upload(address, upload("second"), Precondition()).version == 2
    with overtaken(engine, lambda: store.dataset_writes.upload(address, upload("third"), Precondition())):
        assert store.dataset_writes.upload(address, upload("fourth"), Precondition()).version == 4
    kept = [store.datasets.version(address, version).schema["fileName"] for version in (1, 2, 3, 4)]
    assert kept == ["first", "second", "third", "fourth"]


def test_charts_of_an_upload_do_not_replace_a_concurrent_config(
    engine: Engine, store: Store, address: ProjectAddress
) -> None:
    """A config that is saved during an upload stays: an upload's charts never replace a config."""
    with overtaken(engine, lambda: store.config_saves.save(address.config(), config(a=1), at(0), Origin())):
        outcome = store.dataset_writes.upload(address, upload("first", chartCustomizations={"c": {}}), Precondition())
    assert (outcome.version, outcome.config_saved, outcome.tag) == (1, False, "1.0.1")
    assert store.configs.newest(address.config()).config() == config(a=1).document


def test_an_overtaken_analysis_is_the_next_version(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """An analysis that another one overtakes is the next version; one that a table overtakes belongs to that table."""
    first, second, third = (read_analysis({"analysis": {"n": number}}, SETTINGS) for number in (1, 2, 3))
    store.dataset_writes.upload(address, upload("first"), Precondition())
    with overtaken(engine, lambda: store.dataset_writes.analyse(address, first, Precondition())):
        outcome = store.dataset_writes.analyse(address, second, Precondition())
    assert (outcome.version, outcome.analysis_version) == (1, 2)
    with overtaken(engine, lambda: store.dataset_writes.upload(address, upload("second"), Precondition())):
        outcome = store.dataset_writes.analyse(address, third, Precondition())
    assert (outcome.version, outcome.analysis_version) == (2, 1)
    assert store.datasets.version(address, 1).analysis_document() == {"n": 2}


def test_a_kept_table_has_what_a_reader_needs(store: Store, address: ProjectAddress) -> None:
    """A replaced table is kept with its own analysis, if it had one, and without its list of previous tables."""
    for name in ("first", "second", "third"):
        store.dataset_writes.upload(address, upload(name), Precondition())
    needed = {"pk", "sk", "version", "digest", "schema", "rawBytes", "columns", "analysisVersion", "updatedAt"}
    assert set(store.items.get(keys.dataset_version(address, 2)) or {}) == needed | {"format"}
    assert [summary["version"] for summary in store.datasets.current(address).kept] == [2, 1]


def test_a_table_that_is_not_kept_expires(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """If no uploads are kept, a replaced table is not found, and expires after a day, long enough for its readers."""
    forgetful = Store(Settings(TABLE, BUCKET, data_versions_kept=1), store.items, store.bucket, clock)
    for name in ("first", "second"):
        forgetful.dataset_writes.upload(address, upload(name), Precondition())
    with pytest.raises(NotFound):
        forgetful.datasets.version(address, 1)
    kept = store.items.get(keys.dataset_version(address, 1)) or {}
    assert kept["expiresAt"] == int((clock.moment + timedelta(days=1)).timestamp())


def test_a_different_second_completion_is_refused(store: Store, address: ProjectAddress) -> None:
    """A second completion with another body, or after another upload, is refused with the version of the first."""
    completion = read_completion({}, SETTINGS)

    def pending(completed: int | None, request: bytes | None) -> PendingUpload:
        return PendingUpload("u", "t.csv", "text/csv", 3, completed, request)

    uploaded = store.dataset_writes.upload(address, upload("t.csv"), Precondition())
    assert store.dataset_writes.completed(address, pending(None, None), completion) is None
    repeated = store.dataset_writes.completed(address, pending(1, completion.digest), completion)
    assert repeated
    assert (repeated.version, repeated.updated_at, repeated.changed) == (1, uploaded.updated_at, False)
    for version, request in ((1, b"another"), (7, completion.digest)):
        with pytest.raises(InvalidData, match=r"^An upload can be completed only once\.$") as refusal:
            store.dataset_writes.completed(address, pending(version, request), completion)
        message = f"This upload was already completed, as version {version}. Upload the file again."
        assert refusal.value.field_errors == (FieldError("", message),)
