"""Two uploads whose calls to table and bucket interleave, in every order: no object is left without a name."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from threading import Condition, Thread, current_thread
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from conftest import BUCKET, TABLE, Clock
from support.storage.clients import Answer, Call, Request
from support.storage.contents import SETTINGS, upload
from support.storage.engines import Engine
from support.storage.objects import assert_objects_have_owners

from dashboard_store.documents.dataset.upload import Upload, read_completion
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.errors import InvalidData, StoreError
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.dataset_writes import UploadResult
from dashboard_store.repository.items import Items
from dashboard_store.repository.uploads import Ending
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Of an upload without a competitor: the snapshot, the item that names the object, the object and the transaction.
CALLS = 4
NOTHING_MORE = read_completion({}, SETTINGS)
ORDERS = [
    ["first" if place in places else "second" for place in range(2 * CALLS)]
    for places in combinations(range(2 * CALLS), CALLS)
]


class Turns:
    """Lets two threads, known by name, make their calls one at a time: in the given order, then in any."""

    def __init__(self, order: Sequence[str]) -> None:
        self._order = list(order)
        self._is_taken = False
        self._changed = Condition()

    @contextmanager
    def turn(self) -> Iterator[None]:
        name = current_thread().name
        with self._changed:
            assert self._changed.wait_for(lambda: not self._is_taken and self._order[:1] in ([], [name]), timeout=60)
            del self._order[:1]
            self._is_taken = True
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()

    def leave(self) -> None:
        """Give up the turns that the thread did not need."""
        name = current_thread().name
        with self._changed:
            self._order = [each for each in self._order if each != name]
            self._changed.notify_all()


def table(note: str) -> Upload:
    return upload("t.json", rawData=[{"a": note}])


def both(engine: Engine, bucket: Bucket, order: Sequence[str], store: Callable[[str], UploadResult]) -> dict[str, Any]:
    """Upload `first` and `second` with their calls in the given order; return the result or the refusal of each."""
    turns = Turns(order)
    results: dict[str, Any] = {}
    put = bucket.put

    def in_turn(proceed: Call, operation: str, request: Request) -> Answer:
        with turns.turn():
            return proceed(operation, request)

    def put_in_turn(key: str, content: bytes, media_type: str) -> None:
        with turns.turn():
            put(key, content, media_type)

    def run(name: str) -> None:
        try:
            results[name] = store(name)
        except StoreError as refusal:
            results[name] = refusal
        finally:
            turns.leave()

    writers = [Thread(target=run, args=[name], name=name) for name in ("first", "second")]
    with engine.tapped(in_turn), mock.patch.object(bucket, "put", put_in_turn):
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    return results


@pytest.fixture
def large(atomic_engine: Engine, bucket: Bucket, clock: Clock) -> Store:
    """A store that puts every table into the bucket, and does not wait between attempts."""
    items = Items(atomic_engine, atomic_engine.table_name, pause=lambda _: None)
    return Store(Settings(TABLE, BUCKET, max_inline_table_bytes=0), items, bucket, clock)


@pytest.fixture
def new_project(large: Store, user: str) -> Callable[[int], ProjectAddress]:
    def make(number: int) -> ProjectAddress:
        large.projects.create(user, read_new_project({"id": f"p{number}", "name": "P"}, SETTINGS))
        return ProjectAddress(user, f"p{number}")

    return make


def test_two_completions_leave_no_unnamed_object(
    atomic_engine: Engine, large: Store, bucket_client: "S3Client", new_project: Callable[[int], ProjectAddress]
) -> None:
    """If two requests complete the same file as different tables, in any order of their calls, one of them does.

    The other one is refused, and every object has one name.
    """
    for number, order in enumerate(ORDERS):
        address = new_project(number)
        upload_id = large.uploads.announce(address, "t.json", "application/json", 1_000).upload_id
        ending = Ending.in_request(large.uploads.pending(address, upload_id), NOTHING_MORE)

        def complete(name: str) -> UploadResult:
            return large.dataset_writes.upload(address, table(name), Precondition(), ending)  # noqa: B023

        results = both(atomic_engine, large.bucket, order, complete)
        assert_objects_have_owners(atomic_engine, bucket_client, address)
        ((winner, result),) = ((name, each) for name, each in results.items() if isinstance(each, UploadResult))
        assert (result.version, result.changed) == (1, True)
        (refusal,) = (each for each in results.values() if each is not result)
        assert isinstance(refusal, InvalidData)
        assert "already completed, as version 1" in refusal.field_errors[0].message
        newest = large.datasets.current(address).newest
        assert newest
        assert newest.digest == table(winner).digest


@pytest.mark.parametrize("is_file", [True, False], ids=["completions", "uploads"])
def test_the_same_table_twice_is_one_version(
    atomic_engine: Engine,
    large: Store,
    bucket_client: "S3Client",
    new_project: Callable[[int], ProjectAddress],
    is_file: bool,  # noqa: FBT001
) -> None:
    """If two requests store the same table, in any order of their calls, both are answered with one version."""
    for number, order in enumerate(ORDERS):
        address = new_project(number)
        upload_id = large.uploads.announce(address, "t.json", "application/json", 1_000).upload_id
        ending = Ending.in_request(large.uploads.pending(address, upload_id), NOTHING_MORE) if is_file else None

        def store(_: str) -> UploadResult:
            return large.dataset_writes.upload(address, table("same"), Precondition(), ending)  # noqa: B023

        results = both(atomic_engine, large.bucket, order, store)
        assert sorted((result.version, result.changed) for result in results.values()) == [(1, False), (1, True)]
        assert_objects_have_owners(atomic_engine, bucket_client, address)


def test_two_uploads_are_two_versions(
    atomic_engine: Engine, large: Store, bucket_client: "S3Client", new_project: Callable[[int], ProjectAddress]
) -> None:
    """If two requests upload different tables, in any order of their calls, both are kept."""
    for number, order in enumerate(ORDERS):
        address = new_project(number)

        def store(name: str) -> UploadResult:
            return large.dataset_writes.upload(address, table(name), Precondition())  # noqa: B023

        results = both(atomic_engine, large.bucket, order, store)
        assert sorted(result.version for result in results.values()) == [1, 2]
        for name, result in results.items():
            assert large.datasets.version(address, result.version).digest == table(name).digest
        assert_objects_have_owners(atomic_engine, bucket_client, address)
