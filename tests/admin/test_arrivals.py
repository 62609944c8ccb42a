"""Projects that existed elsewhere before: they arrive whole or not at all, and change nothing that is there."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from conftest import TABLE, Clock, session
from support.storage.clients import Answer, Call, Request, Tapped
from support.storage.contents import SETTINGS, at, config

from admin.arrivals import Arrivals
from dashboard_store.documents.config import Origin
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.dynamodb.protocol import Unreachable
from dashboard_store.errors import NoProject, ProjectExists, QuotaExceeded, StorageUnavailable
from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys, retention
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.config_items import ConfigChange, shown_in_project, version_items
from dashboard_store.repository.expressions import Item
from dashboard_store.repository.items import Items
from dashboard_store.repository.project_items import project_item
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THEN = datetime(2024, 2, 29, 12, tzinfo=UTC)
VERSIONS = 100
"""More than one transaction holds."""

LIFETIMES = retention.Lifetimes(SETTINGS)


@pytest.fixture
def store(database: Tapped, bucket_client: "S3Client", clock: Clock) -> Store:
    name = f"arrivals-{uuid.uuid4()}"
    bucket_client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    settings = replace(SETTINGS, max_projects=2, max_inline_table_bytes=0)
    return Store(settings, Items(database, TABLE), Bucket(session().client("s3"), name), clock)


@pytest.fixture
def address(user: str) -> ProjectAddress:
    return ProjectAddress(user, "p")


def heads(address: ProjectAddress, version: int = VERSIONS) -> list[Item]:
    """A project of long ago, whose config has this version."""
    newest, _ = version_items(address.config(), change(version), version, THEN, LIFETIMES)
    project = read_new_project({"id": address.project_id, "name": "Sales"}, SETTINGS).project
    return [project_item(address, project, shown_in_project(newest["summary"]), THEN), newest]


def history(address: ConfigAddress) -> Iterator[Item]:
    now = datetime.now(UTC)
    for version in range(1, VERSIONS + 1):
        yield {
            **version_items(address, change(version), version, THEN, LIFETIMES)[1],
            "expiresAt": retention.expires_at(now + timedelta(days=9)),
        }


def change(version: int) -> ConfigChange:
    return ConfigChange(config(n=version), Origin("import"))


def versions(store: Store, address: ProjectAddress) -> list[int]:
    """The versions in the history of a project, also of a deleted one."""
    return [item["version"] for item in items_of(store, address) if item["sk"].startswith("CONFIGVERSION#")]


def items_of(store: Store, address: ProjectAddress) -> list[Item]:
    return [*store.items.query(keys.partition(address.owner))]


@contextmanager
def lost_at(client: Tapped, number: int, *, is_done: bool) -> Iterator[None]:
    """Lose the connection at the transaction with this number, before it is done or after."""
    numbers = itertools.count(1)

    def tap(proceed: Call, operation: str, request: Request) -> Answer:
        is_it = operation == "TransactWriteItems" and next(numbers) == number
        if is_it and not is_done:
            raise Unreachable("lost")
        answer = proceed(operation, request)
        if is_it:
            raise Unreachable("lost")
        return answer

    with client.tapped(tap), pytest.raises(StorageUnavailable):
        yield


@contextmanager
def before_transaction(client: Tapped, number: int, act: Callable[[], object]) -> Iterator[None]:
    """Act before the transaction with this number."""
    numbers = itertools.count(1)

    def tap(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "TransactWriteItems" and next(numbers) == number:
            act()
        return proceed(operation, request)

    with client.tapped(tap):
        yield


def test_a_project_arrives_with_its_history(store: Store, address: ProjectAddress) -> None:
    """A project arrives with its times, its version and a history of more items than a transaction holds."""
    Arrivals(store).create(address, heads(address), history(address.config()))
    assert store.projects.get(address)["createdAt"] == "2024-02-29T12:00:00.000Z"
    assert store.configs.newest(address.config()).version == VERSIONS
    assert versions(store, address) == [*range(1, VERSIONS + 1)]
    assert store.usage.of(address.owner).projects == 1
    store.config_saves.save(address.config(), config(n=0), at(VERSIONS), Origin("edit"))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_interrupted_arrival_is_no_project(
    store: Store, address: ProjectAddress, database: Tapped, number: int
) -> None:
    """There is no project before the last transaction; an interrupted arrival is completed by its repetition."""
    complete = [*history(address.config())]
    with lost_at(database, number, is_done=False):
        Arrivals(store).create(address, heads(address), complete)
    with pytest.raises(NoProject):
        store.projects.get(address)
    assert not store.projects.page(address.owner, 10, None).projects
    Arrivals(store).create(address, heads(address), complete)
    assert store.projects.get(address)["name"] == "Sales"
    assert len(versions(store, address)) == VERSIONS


def test_an_arrival_whose_answer_was_lost_is_there(store: Store, address: ProjectAddress, database: Tapped) -> None:
    """If the answer of the last transaction is lost, its repetition finds the project and removes nothing."""
    complete = [*history(address.config())]
    with lost_at(database, 3, is_done=True):
        Arrivals(store).create(address, heads(address), complete)
    with pytest.raises(ProjectExists):
        Arrivals(store).create(address, heads(address), complete)
    assert len(versions(store, address)) == VERSIONS


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_project_of_somebody_else_stays(
    store: Store, address: ProjectAddress, database: Tapped, number: int, *, is_deleted: bool
) -> None:
    """A project that a user creates under the id meanwhile stays as it is, and nothing of the arrival is left."""

    def create() -> None:
        store.projects.create(address.owner, read_new_project({"id": "p", "name": "Own"}, SETTINGS))
        for version in range(2):
            store.config_saves.save(address.config(), config(own=version), at(version), Origin("edit"))
        if is_deleted:
            store.project_deletion.delete(address, Precondition())

    kind = "deleted project" if is_deleted else "project"
    with before_transaction(database, number, create), pytest.raises(ProjectExists, match=f"a {kind} with the id p"):
        Arrivals(store).create(address, heads(address), history(address.config()))
    assert versions(store, address) == [1, 2]
    if is_deleted:
        store.project_deletion.restore(address)
    assert store.configs.newest(address.config()).version == len([1, 2])


def test_what_somebody_replaced_stays(store: Store, address: ProjectAddress, database: Tapped) -> None:
    """What is taken back is only what still is as it was put."""

    def create() -> None:
        store.projects.create(address.owner, read_new_project({"id": "p", "name": "Own"}, SETTINGS))
        store.config_saves.save(address.config(), config(own=1), at(0), Origin("edit"))

    with before_transaction(database, 3, create), pytest.raises(ProjectExists):
        Arrivals(store).create(address, heads(address), history(address.config()))
    assert versions(store, address) == [1]


def test_a_quota_refuses_an_arrival(store: Store, address: ProjectAddress) -> None:
    """A project beyond the user's limit does not arrive, and nothing of it is left."""
    for name in ("a", "b"):
        store.projects.create(address.owner, read_new_project({"id": name, "name": name}, SETTINGS))
    with pytest.raises(QuotaExceeded, match="You have 2 projects, and the limit is 2"):
        Arrivals(store).create(address, heads(address), history(address.config()))
    assert versions(store, address) == []
    assert store.usage.of(address.owner).projects == len(["a", "b"])


def test_a_deleted_project_arrives_deleted(store: Store, address: ProjectAddress) -> None:
    """A project with the keys of a deleted one can be restored."""
    until = retention.expires_at(store.now() + timedelta(days=3))
    deleted = [{**item, **keys.deleted(item), "restorableUntil": until, "expiresAt": until} for item in heads(address)]
    Arrivals(store).create(address, deleted, [])
    with pytest.raises(NoProject):
        store.projects.get(address)
    store.project_deletion.restore(address)
    assert store.projects.get(address)["name"] == "Sales"


def test_a_table_of_a_project_that_never_came_is_removed(store: Store, address: ProjectAddress) -> None:
    """An object that is stored for an arrival is named by an item that expires; the arrival takes it over."""
    place, takeovers = store.dataset_writes.placed_for(address, b"rows")
    (entry,) = items_of(store, address)
    assert (entry["object"], entry["objectBytes"]) == (place["object"], len(b"rows"))
    assert entry["expiresAt"] <= retention.expires_at(store.now() + retention.UNFINISHED)
    project, newest = heads(address)
    table = {**keys.dataset(address), **place, "version": 1}
    Arrivals(store).create(address, [project, newest, table], [], takeovers)
    named = [item["sk"] for item in items_of(store, address) if item.get("object") == place["object"]]
    assert named == [table["sk"]]
