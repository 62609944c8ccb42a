"""Races on each engine whose conditional writes are atomic between threads."""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import pytest
from conftest import Clock
from support.storage.contents import at, config
from support.storage.engines import Engine

from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset.upload import SentFile, Upload, read_completion, read_upload, read_uploaded
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.errors import ConfigConflict, DatasetConflict
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.repository.uploads import Ending
from dashboard_store.settings import Settings
from dashboard_store.store import Store

# Every table is stored in the bucket, where more can go wrong, and no writer meets the rate limit.
SETTINGS = Settings("any", max_inline_table_bytes=0, writes_per_minute=1_000_000)


@pytest.fixture
def store(atomic_engine: Engine, bucket: Bucket, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Store:
    # S3 replaces an object atomically; moto closes its file while another thread still reads it.
    monkeypatch.setattr(bucket, "put", one_at_a_time(bucket.put))
    return Store(SETTINGS, Items(atomic_engine, atomic_engine.table_name), bucket, clock)


def one_at_a_time[**Parameters, Result](call: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    lock = Lock()

    def alone(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with lock:
            return call(*args, **kwargs)

    return alone


def in_parallel[Result](writers: int, write: Callable[[int], Result]) -> list[Result]:
    """Let each writer, given its number, write in its own thread; return their results."""
    with ThreadPoolExecutor(writers) as pool:
        return list(pool.map(write, range(writers)))


def history(engine: Engine, address: ProjectAddress) -> list[int]:
    prefix = keys.config_version(address.config(), 0)["sk"].rpartition("#")[0]
    return [int(item["version"]["N"]) for item in engine.items(keys.partition(address.owner), prefix)]


def test_one_of_many_saves_of_a_version_wins(store: Store, address: ProjectAddress, atomic_engine: Engine) -> None:
    """Of 32 parallel saves based on the same version one is accepted; each of the others gets the winner's document."""
    store.config_saves.save(address.config(), config(c="base"), at(0), Origin())

    def save(writer: int) -> int | tuple[int, Any]:
        try:
            return store.config_saves.save(address.config(), config(c=writer), at(1), Origin()).newest.version
        except ConfigConflict as conflict:
            return conflict.version, conflict.document

    outcomes = in_parallel(32, save)
    conflicts = [outcome for outcome in outcomes if isinstance(outcome, tuple)]
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [2]
    newest = store.configs.newest(address.config()).config()
    assert all(conflict == (2, newest) for conflict in conflicts)
    assert history(atomic_engine, address) == [1, 2]


def test_one_of_many_equal_creations_creates(store: Store, user: str, atomic_engine: Engine) -> None:
    """Of 16 parallel requests with the same body one creates the project; all of them get it, at one version."""
    body = {"id": "q", "name": "Q", "settings": {"dashboardConfig": {"chartCustomizations": {"c": {}}}}}
    made = in_parallel(16, lambda _: store.projects.create(user, read_new_project(body, SETTINGS)))
    assert sorted(each.is_new for each in made) == [False] * 15 + [True]
    address = ProjectAddress(user, "q")
    assert all(each.project == store.projects.get(address) for each in made)
    assert history(atomic_engine, address) == [1]


def test_no_accepted_save_is_lost(store: Store, address: ProjectAddress, atomic_engine: Engine) -> None:
    """After 200 saves by 8 writers the version is the number of accepted ones, and history holds each of them."""

    def write(writer: int) -> int:
        seen, accepted = 0, 0
        for number in range(25):
            try:
                saved = store.config_saves.save(address.config(), config(c=[writer, number]), at(seen), Origin())
                seen = saved.newest.version
                accepted += 1
            except ConfigConflict as conflict:
                seen = conflict.version
        return accepted

    accepted = sum(in_parallel(8, write))
    assert accepted > 0
    assert store.configs.newest(address.config()).version == accepted
    assert history(atomic_engine, address) == list(range(1, accepted + 1))


def test_changes_of_the_newest_version_all_win(store: Store, address: ProjectAddress) -> None:
    """32 writers that each add a chart to the newest version all succeed, and no chart is lost."""

    def add(writer: int) -> None:
        def with_chart(before: Any) -> Config:
            charts = (before or {"chartCustomizations": {}})["chartCustomizations"]
            return read_config({"chartCustomizations": {**charts, f"c{writer}": {}}}, SETTINGS)

        store.config_saves.change(address.config(), with_chart, Precondition(), Origin())

    in_parallel(32, add)
    document = store.configs.newest(address.config()).config()
    assert document
    assert set(document["chartCustomizations"]) == {f"c{writer}" for writer in range(32)}


def table_of(writer: int) -> Upload:
    return read_upload(json.dumps({"fileName": f"{writer}.csv", "rawData": [{"writer": writer}]}).encode(), SETTINGS)


def test_parallel_uploads_are_consecutive_versions(store: Store, address: ProjectAddress) -> None:
    """Each of 8 parallel uploads is another version, and each that is kept is the whole table of one writer."""
    versions = in_parallel(
        8, lambda writer: store.dataset_writes.upload(address, table_of(writer), Precondition()).version
    )
    assert sorted(versions) == list(range(1, 9))
    for version in range(4, 9):
        stored = store.datasets.version(address, version)
        writer = versions.index(version)
        assert stored.schema["fileName"] == f"{writer}.csv"
        assert store.downloads.rows(stored, "json") == b'[{"writer":%d}]' % writer


def test_one_of_many_uploads_of_a_version_wins(store: Store, address: ProjectAddress) -> None:
    """Of 8 parallel uploads based on the same version one is accepted, and the others get its schema."""
    store.dataset_writes.upload(address, table_of(-1), Precondition())
    named = at(1)

    def upload(writer: int) -> str:
        try:
            return "won" if store.dataset_writes.upload(address, table_of(writer), named).version else ""
        except DatasetConflict as conflict:
            return str(conflict.document["fileName"])

    outcomes = in_parallel(8, upload)
    winner = outcomes.index("won")
    assert outcomes == ["won" if writer == winner else f"{winner}.csv" for writer in range(8)]


def test_parallel_completions_are_one_version(store: Store, address: ProjectAddress) -> None:
    """8 parallel completions of one file all succeed with the same version: they are retries."""
    announced = store.uploads.announce(address, "f.csv", "text/csv", 4)
    completion = read_completion({}, SETTINGS)

    def complete(_: int) -> int:
        pending = store.uploads.pending(address, announced.upload_id)
        sent = SentFile(pending.file_name, pending.content_type, io.BytesIO(b"n\n1\n"))
        upload = read_uploaded(sent, completion, SETTINGS)
        ending = Ending.in_request(pending, completion)
        return store.dataset_writes.upload(address, upload, Precondition(), ending).version

    assert in_parallel(8, complete) == [1] * 8
    assert store.datasets.current(address).kept == []
