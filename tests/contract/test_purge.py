"""What remains of a project that nobody can restore any more is removed; history stays within its bound."""

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from conftest import BUCKET, Clock
from purge_objects import process
from support.handlers.http_api import CONTEXT
from support.storage.clients import Answer, Call, Request
from support.storage.contents import SETTINGS, at, config, upload
from support.storage.engines import Engine
from support.storage.stream import Stream

from dashboard_store.documents.config import Origin
from dashboard_store.documents.dataset.upload import read_completion
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.dynamodb.protocol import unmarshal
from dashboard_store.errors import NoProject, ProjectExists
from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.stored_bytes import stored_bytes
from dashboard_store.repository.uploads import Ending
from dashboard_store.settings import Settings
from dashboard_store.store import Store

PERMANENTLY: dict[str, Any] = {"permanently": True}

# Not on moto, which copies every item for each of the many transactions.
pytestmark = pytest.mark.usefixtures("atomic_engine")


@pytest.fixture
def settings() -> Settings:
    return replace(SETTINGS, max_inline_table_bytes=10, writes_per_minute=1_000_000)


@pytest.fixture
def stream(engine: Engine, clock: Clock) -> Iterator[Stream]:
    with Stream(engine, clock).following() as followed:
        yield followed


@pytest.fixture
def rich(store: Store, address: ProjectAddress, bucket: Bucket) -> ProjectAddress:
    """The project `p` with versions, drafts, tables in the bucket, an analysis, and files announced and sent."""
    store.config_saves.save(address.config(), config(c=1), at(0), Origin())
    store.config_saves.save(address.config("tab"), config(c=1), at(0), Origin())
    for name in ("first", "second"):
        store.dataset_writes.upload(address, upload(name, rawData=[{"a": name}] * 50), Precondition())
    announced = store.uploads.announce(address, "f.csv", "text/csv", 10)
    bucket.put(keys.announced_file(address, announced.upload_id), b"a\n1\n", "text/csv")
    return address


def left(stream: Stream, user: str) -> set[str]:
    kinds = {item["sk"]["S"].partition("#")[0] for item in stream.items(keys.partition(user))}
    return kinds - {"RATE", "USAGE", "FENCE"}


def objects(bucket: Bucket, address: ProjectAddress) -> list[str]:
    found = bucket._client.list_objects_v2(Bucket=BUCKET)  # noqa: SLF001
    return [each["Key"] for each in found.get("Contents", []) if keys.folder(address) in each["Key"]]


@pytest.mark.parametrize("is_deleted_before", [False, True])
def test_a_permanent_delete_leaves_nothing(
    store: Store,
    bucket: Bucket,
    stream: Stream,
    rich: ProjectAddress,
    is_deleted_before: bool,  # noqa: FBT001
) -> None:
    """It removes every item and object of the project, whether or not it was deleted before, and frees the id."""
    if is_deleted_before:
        store.project_deletion.delete(rich, Precondition())
        stream.deliver(store)
        assert len(objects(bucket, rich)) == 3
    store.project_deletion.delete(rich, Precondition(), permanently=True)
    with pytest.raises(NoProject):
        store.project_deletion.restore(rich)
    with pytest.raises(ProjectExists):
        store.projects.create(rich.owner, read_new_project({"id": "p", "name": "P"}, SETTINGS))
    stream.deliver(store)
    assert (left(stream, rich.owner), objects(bucket, rich)) == (set(), [])
    assert store.usage.of(rich.owner) == (0, 0)
    assert store.projects.create(rich.owner, read_new_project({"id": "p", "name": "P"}, SETTINGS)).is_new


def test_a_permanent_delete_of_nothing_is_refused(store: Store, address: ProjectAddress) -> None:
    """A project that does not exist, or no longer, cannot be deleted permanently."""
    with pytest.raises(NoProject):
        store.project_deletion.delete(ProjectAddress(address.owner, "other"), Precondition(), permanently=True)


def test_other_projects_stay(store: Store, bucket: Bucket, stream: Stream, rich: ProjectAddress) -> None:
    """A purge touches no project whose id begins with the same characters, and none that can still be restored."""
    for project_id in ("p-2", "pp"):
        store.projects.create(rich.owner, read_new_project({"id": project_id, "name": "P"}, SETTINGS))
    other = ProjectAddress(rich.owner, "p-2")
    store.dataset_writes.upload(other, upload("other", rawData=[{"a": "other"}] * 50), Precondition())
    store.project_deletion.delete(other, Precondition())
    before = [item for item in stream.items(keys.partition(rich.owner)) if "#p-2" in item["sk"]["S"]]
    store.project_deletion.delete(rich, Precondition(), permanently=True)
    stream.deliver(store)
    assert [item for item in stream.items(keys.partition(rich.owner)) if "#p-2" in item["sk"]["S"]] == before
    assert len(objects(bucket, other)) == 1
    store.project_deletion.restore(other)
    assert store.projects.get(ProjectAddress(rich.owner, "pp"))["name"] == "P"


def test_a_deleted_project_is_purged_when_it_expires(
    store: Store, bucket: Bucket, stream: Stream, rich: ProjectAddress
) -> None:
    """After 30 days DynamoDB removes the config of a deleted project, and its history and objects follow at once."""
    store.project_deletion.delete(rich, Precondition())
    stream.deliver(store)
    stream.clock.advance(days=30, seconds=1)
    stream.expire(keys.deleted(keys.config(rich.config())))
    stream.deliver(store)
    assert (left(stream, rich.owner), objects(bucket, rich)) == (set(), [])
    assert store.usage.of(rich.owner) == (0, 0)


@pytest.mark.parametrize("call", range(8))
def test_an_interrupted_purge_is_finished(
    store: Store, bucket: Bucket, stream: Stream, rich: ProjectAddress, call: int
) -> None:
    """Wherever a purge ends early, the next delivery finishes it, and the project counts as one less only once."""
    store.project_deletion.delete(rich, Precondition(), permanently=True)
    event, calls = stream.take(), 0

    def interrupted(proceed: Call, operation: str, request: Request) -> Answer:
        nonlocal calls
        calls += 1
        if calls == call + 3:
            raise KeyboardInterrupt
        return proceed(operation, request)

    with stream.client.tapped(interrupted), pytest.raises(KeyboardInterrupt):
        process(event, CONTEXT, store)
    process(event, CONTEXT, store)
    stream.deliver(store)
    assert (left(stream, rich.owner), objects(bucket, rich)) == (set(), [])
    assert store.usage.of(rich.owner) == (0, 0)


def test_a_sent_file_is_removed_once_its_upload_is_completed(
    store: Store, bucket: Bucket, stream: Stream, rich: ProjectAddress
) -> None:
    """The file is needed until then, and not counted afterwards, so it does not stay."""
    (file,) = (name for name in objects(bucket, rich) if name.startswith("uploads/"))
    pending = store.uploads.pending(rich, file.rpartition("/")[2])
    stream.deliver(store)
    assert file in objects(bucket, rich)
    ending = Ending.in_request(pending, read_completion({}, SETTINGS))
    store.dataset_writes.upload(rich, upload("third"), Precondition(), ending)
    stream.deliver(store)
    assert file not in objects(bucket, rich)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """Check a project's history every ten versions, of which the newest ten stay."""
    monkeypatch.setattr("purge_objects.CHECKED_EVERY", 10)
    monkeypatch.setattr("dashboard_store.repository.history_bound.ALWAYS_KEPT", 10)
    return 10


def save_often(store: Store, address: ConfigAddress, sources: str, first: int = 0) -> None:
    """Save one version a character: `u` by the user, `a` an autosave."""
    for version, source in enumerate(sources, first):
        origin = Origin("autosave" if source == "a" else "user")
        store.config_saves.save(address, config(c=secrets.token_hex(200)), at(version), origin)


def versions(store: Store, address: ConfigAddress) -> list[int]:
    return sorted(each["version"] for each in store.configs.history(address, 1_000, None)[0])


@pytest.mark.parametrize(
    ("bound", "expected"), [(18, [1, 2, 3, 5, 6, 7, 9, 10]), (17, [2, 3, 5, 6, 7, 9, 10]), (14, [6, 7, 9, 10]), (1, [])]
)
def test_history_beyond_its_bound_loses_its_oldest_autosaves_first(  # noqa: PLR0917 - fixtures
    store: Store, stream: Stream, address: ProjectAddress, few: int, bound: int, expected: list[int]
) -> None:
    """Autosaves go before what users saved, the oldest first; the newest stay, and no save is refused."""
    save_often(store, address.config(), "uuua" * 5)
    items = [unmarshal(item) for item in stream.items(keys.partition(address.owner))]
    size = max(stored_bytes(item) for item in items if item["sk"].startswith("CONFIGVERSION"))
    store.history_bound._most_bytes = bound * size  # noqa: SLF001
    stream.deliver(store)
    kept = versions(store, address.config())
    assert kept[-few:] == list(range(11, 21))
    assert kept[:-few] == expected


def test_the_newest_versions_stay_whatever_their_size(
    store: Store, stream: Stream, address: ProjectAddress, few: int
) -> None:
    """As many versions stay, also of a draft, even if they exceed the bound."""
    store.history_bound._most_bytes = 1  # noqa: SLF001
    save_often(store, address.config("tab"), "a" * few)
    save_often(store, address.config(), "a" * 3 * few)
    stream.deliver(store)
    assert versions(store, address.config()) == list(range(21, 31))
    assert versions(store, address.config("tab")) == list(range(1, 11))


def test_history_within_its_bound_stays(store: Store, stream: Stream, address: ProjectAddress, few: int) -> None:
    """Nothing is removed as long as a project's history is within its bound."""
    save_often(store, address.config(), "a" * 2 * few)
    stream.deliver(store)
    assert versions(store, address.config()) == list(range(1, 21))
