"""Every item has a format number, and an item of a newer format is neither read nor changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from conftest import BUCKET, Clock
from purge_objects import process
from support.handlers.http_api import CONTEXT
from support.storage.contents import SETTINGS, at, config, upload
from support.storage.engines import Engine
from support.storage.stream import Stream

from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.dataset.upload import read_analysis
from dashboard_store.documents.project import Project
from dashboard_store.errors import StorageUnavailable
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import Condition, put, update
from dashboard_store.repository.formats import FORMAT, READABLE, WRITTEN, NewerFormat
from dashboard_store.settings import Settings
from dashboard_store.store import Store

type Use = Callable[[Store, ProjectAddress], object]

ANY = Precondition()
THERE_OR_NOT = Condition("attribute_exists(#pk) OR attribute_not_exists(#pk)")
ANALYSIS = read_analysis({"analysis": {"a": 2}}, SETTINGS)


@pytest.fixture
def settings() -> Settings:
    return replace(SETTINGS, bucket_name=BUCKET, max_inline_table_bytes=100)


@pytest.fixture
def rich(store: Store, address: ProjectAddress) -> ProjectAddress:
    """The project `p` with two versions of its config, a draft, a kept and a new table, one of them in the bucket."""
    for version in range(2):
        save(store, address, config(c=version), version)
    save(store, address, config(c=1), 0, session="tab")
    store.dataset_writes.upload(address, upload("kept"), ANY)
    store.dataset_writes.upload(address, upload("new", rawData=[{"n": n} for n in range(500)]), ANY)
    store.uploads.announce(address, "f.csv", "text/csv", 10)
    return address


def save(store: Store, address: ProjectAddress, content: Config, version: int, session: str = "") -> object:
    return store.config_saves.save(address.config(session), content, at(version), Origin())


def renamed(project: Project) -> Project:
    return replace(project, name="Q")


def item_at(engine: Engine, project: ProjectAddress, sk: str) -> dict[str, Any]:
    """Read an item of the project's owner in its wire form."""
    (item,) = (item for item in engine.items(partition_of(project, sk), sk) if item["sk"]["S"] == sk)
    return item


def partition_of(project: ProjectAddress, sk: str) -> str:
    """Return where an item of the project's owner is: what counts their writes is in a partition of its own."""
    bucket: str = keys.rate(SETTINGS.log_key, project.owner)["pk"]
    return bucket if sk == "RATE" else keys.partition(project.owner)


def set_format(engine: Engine, project: ProjectAddress, sk: str, number: int | None) -> None:
    """Give an item the number of a format, or take it away."""
    if engine.is_shared and (number or 0) > READABLE:
        pytest.skip("a function of the deployment follows the table, and would report the item as a failure")
    request = {
        "TableName": engine.table_name,
        "Key": {"pk": {"S": partition_of(project, sk)}, "sk": {"S": sk}},
        "UpdateExpression": "REMOVE #format" if number is None else "SET #format = :number",
        "ExpressionAttributeNames": {"#format": FORMAT},
        **({} if number is None else {"ExpressionAttributeValues": {":number": {"N": str(number)}}}),
    }
    engine.call("UpdateItem", request)


def test_every_item_that_is_put_has_a_number(store: Store, engine: Engine, rich: ProjectAddress) -> None:
    """All items of a user have the written format, also deleted ones; the counters, made by updates, have none."""
    assert FORMAT not in item_at(engine, rich, "RATE")
    store.usage.of(rich.owner)
    before = engine.items(keys.partition(rich.owner))
    store.project_deletion.delete(rich, ANY)
    for items in (before, engine.items(keys.partition(rich.owner))):
        numbers = {item["sk"]["S"]: item.get(FORMAT) for item in items}
        assert (numbers.pop("USAGE"), list(numbers.values())) == (None, [{"N": str(WRITTEN)}] * 12)


READS: dict[str, tuple[str, Use]] = {
    "a config": ("CONFIG#p#", lambda store, p: store.configs.newest(p.config())),
    "a draft": ("CONFIG#p#tab", lambda store, p: store.configs.newest(p.config("tab"))),
    "a draft that is only counted": ("CONFIG#p#tab", lambda store, p: store.configs.draft_count(p)),
    "a version": ("CONFIGVERSION#p##000000000001", lambda store, p: store.configs.versions(p.config(), 1)),
    "a base": ("CONFIGVERSION#p##000000000001", lambda store, p: store.configs.base(p.config(), 1)),
    "a table": ("DATA#p", lambda store, p: store.datasets.current(p)),
    "a kept table": ("DATAVERSION#p#000000000001", lambda store, p: store.datasets.version(p, 1)),
    "an analysis": ("ANALYSIS#p", lambda store, p: store.datasets.current(p)),
    "a project": ("PROJECT#p", lambda store, p: store.projects.get(p)),
    "a list": ("CONFIG#p#", lambda store, p: store.projects.page(p.owner, 9, None, with_configs=True)),
}


@pytest.mark.parametrize("name", READS)
def test_a_newer_item_is_not_read(store: Store, engine: Engine, rich: ProjectAddress, name: str) -> None:
    """Reading an item of a newer format is refused as unavailable for a few seconds; of a readable one, it is not."""
    sk, read = READS[name]
    set_format(engine, rich, sk, READABLE)
    read(store, rich)
    set_format(engine, rich, sk, READABLE + 1)
    with pytest.raises(NewerFormat) as refusal:
        read(store, rich)
    assert isinstance(refusal.value, StorageUnavailable)
    assert refusal.value.retry_after == 5


WRITES: dict[str, tuple[str, Use]] = {
    "a save": ("CONFIG#p#", lambda store, p: save(store, p, config(c=2), 2)),
    "a save in a newer project": ("PROJECT#p", lambda store, p: save(store, p, config(c=2), 2)),
    "a save over a newer rate": ("RATE", lambda store, p: save(store, p, config(c=2), 2)),
    "a draft in a newer project": ("PROJECT#p", lambda store, p: save(store, p, config(c=2), 1, session="tab")),
    "an upload": ("DATA#p", lambda store, p: store.dataset_writes.upload(p, upload("newest"), ANY)),
    "an upload in a newer project": ("PROJECT#p", lambda store, p: store.dataset_writes.upload(p, upload("n"), ANY)),
    "an analysis": ("ANALYSIS#p", lambda store, p: store.dataset_writes.analyse(p, ANALYSIS, ANY)),
    "a change": ("PROJECT#p", lambda store, p: store.projects.change(p, renamed, ANY)),
    "a delete": ("DATA#p", lambda store, p: store.project_deletion.delete(p, ANY)),
    "a file": ("USAGE", lambda store, p: store.uploads.announce(p, "f.csv", "text/csv", 10)),
    "an update": ("DATA#p", lambda store, p: store.items.write_alone(update(keys.dataset(p), {"n": 1}, THERE_OR_NOT))),
    "a recount": ("DATA#p", lambda store, p: store.usage.of(p.owner)),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_newer_item_is_not_changed(store: Store, engine: Engine, rich: ProjectAddress, name: str) -> None:
    """Whatever would change or replace an item of a newer format is refused, also without reading it before."""
    sk, write = WRITES[name]
    set_format(engine, rich, sk, READABLE + 1)
    before = item_at(engine, rich, sk)
    with pytest.raises(NewerFormat):
        write(store, rich)
    assert item_at(engine, rich, sk) == before


def test_items_without_a_number_are_read(store: Store, engine: Engine, rich: ProjectAddress) -> None:
    """Items from before there were numbers are read and saved over, and a restore gives them one."""
    for item in engine.items(keys.partition(rich.owner)):
        if FORMAT in item:
            set_format(engine, rich, item["sk"]["S"], None)
    save(store, rich, config(c=2), 2)
    assert store.configs.versions(rich.config(), 2)[0].config() == config(c=1).document
    assert store.datasets.version(rich, 1).schema["fileName"] == "kept"
    store.project_deletion.delete(rich, ANY)
    store.project_deletion.restore(rich)
    assert item_at(engine, rich, "DATA#p")[FORMAT] == {"N": str(WRITTEN)}
    assert store.datasets.current(rich).version == 2


def test_a_copy_keeps_its_number() -> None:
    """An item that is put elsewhere as it was read keeps its number, because its content is not rewritten."""
    assert put({"pk": "a", "sk": "1", FORMAT: 0})["Put"]["Item"][FORMAT] == {"N": "0"}


def test_records_of_newer_items_are_not_processed(
    store: Store, engine: Engine, clock: Clock, rich: ProjectAddress
) -> None:
    """A batch with a record of a newer format fails as a whole, so that it comes again, to the newer release."""
    with Stream(engine, clock).following() as stream:
        set_format(engine, rich, "DATA#p", READABLE + 1)
        event = stream.take()
    # So that only the record is newer, not what is read meanwhile.
    set_format(engine, rich, "DATA#p", READABLE)
    assert len(event["Records"]) == 1
    with pytest.raises(NewerFormat):
        process(event, CONTEXT, store)
