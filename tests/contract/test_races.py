"""Races, on each engine whose conditional writes are atomic between threads."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import Clock
from support.contents import at
from support.engines import Engine

from dashboard_store.documents.config import Config
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset.upload import (
    AnnouncementSchema,
    Upload,
    read_completion,
    read_upload,
    read_uploaded,
)
from dashboard_store.documents.project import read_new_project
from dashboard_store.errors import VersionConflict
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.configs import Configs, Origin
from dashboard_store.repository.datasets import Datasets
from dashboard_store.repository.downloads import Downloads
from dashboard_store.repository.items import Items
from dashboard_store.repository.keys import ConfigKey, ProjectKey
from dashboard_store.repository.projects import Projects
from dashboard_store.repository.uploads import Uploads
from dashboard_store.settings import Settings

# Every table lies in the bucket, so that there is more to go wrong; and nobody writes too often.
SETTINGS = Settings("any", max_inline_table_bytes=0, writes_per_minute=1_000_000)


@pytest.fixture
def key(user: str) -> ConfigKey:
    return ProjectKey(user, "p").config()


@pytest.fixture
def table(atomic_engine: Engine) -> Items:
    return Items(atomic_engine, atomic_engine.table_name)


@pytest.fixture
def configs(table: Items, clock: Clock, user: str) -> Configs:
    """Configs on the engine, with the empty project `p`."""
    configs = Configs(table, SETTINGS, clock)
    Projects(table, configs, clock).create(user, read_new_project({"id": "p", "name": "P"}, SETTINGS))
    return configs


def config(value: Any) -> Config:
    return read_config({"chartCustomizations": {"c": {"value": value}}}, SETTINGS)


def history(engine: Engine, key: ConfigKey) -> list[int]:
    prefix = key.version(0)["sk"].rpartition("#")[0]
    return [int(item["version"]["N"]) for item in engine.items(key.project.pk, prefix)]


def test_one_of_many_saves_of_a_version_wins(configs: Configs, key: ConfigKey, atomic_engine: Engine) -> None:
    """Of 32 parallel saves in place of the same version one is accepted; each other learns the winner's document."""
    configs.save(key, config("base"), at(0), Origin())

    def save(writer: int) -> int | dict[str, Any]:
        try:
            return configs.save(key, config(writer), at(1), Origin()).head.version
        except VersionConflict as conflict:
            return conflict.current

    with ThreadPoolExecutor(32) as writers:
        outcomes = list(writers.map(save, range(32)))
    conflicts = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [2]
    newest = configs.head(key).config()
    assert all((conflict["currentVersion"], conflict["current"]) == (2, newest) for conflict in conflicts)
    assert history(atomic_engine, key) == [1, 2]


def test_no_accepted_save_is_lost(configs: Configs, key: ConfigKey, atomic_engine: Engine) -> None:
    """Of 200 saves by 8 writers the version counts the accepted ones, and history holds each of them."""

    def write(writer: int) -> int:
        seen, accepted = 0, 0
        for number in range(25):
            try:
                precondition = at(seen)
                seen = configs.save(key, config([writer, number]), precondition, Origin()).head.version
                accepted += 1
            except VersionConflict as conflict:
                seen = conflict.current["currentVersion"]
        return accepted

    with ThreadPoolExecutor(8) as writers:
        accepted = sum(writers.map(write, range(8)))
    assert accepted > 0
    assert configs.head(key).version == accepted
    assert history(atomic_engine, key) == list(range(1, accepted + 1))


def test_changes_of_the_newest_version_all_win(configs: Configs, key: ConfigKey) -> None:
    """32 writers that each add a chart to whatever is newest all succeed, and every chart is there."""

    def add(writer: int) -> None:
        def with_chart(before: Any) -> Config:
            charts = (before or {"chartCustomizations": {}})["chartCustomizations"]
            return read_config({"chartCustomizations": {**charts, f"c{writer}": {}}}, SETTINGS)

        configs.change(key, with_chart, Precondition(), Origin())

    with ThreadPoolExecutor(32) as writers:
        list(writers.map(add, range(32)))
    document = configs.head(key).config()
    assert document
    assert set(document["chartCustomizations"]) == {f"c{writer}" for writer in range(32)}


@pytest.fixture
def tables(table: Items, objects: Bucket, configs: Configs, clock: Clock) -> Datasets:
    return Datasets(table, objects, configs, SETTINGS, clock)


def table_of(writer: int) -> Upload:
    return read_upload({"fileName": f"{writer}.csv", "rawData": [{"writer": writer}]}, SETTINGS)


def test_uploads_at_once_follow_each_other(tables: Datasets, key: ConfigKey, objects: Bucket, clock: Clock) -> None:
    """Of 8 parallel uploads each is a version of its own, and each that is kept is whole and is one of those sent."""
    with ThreadPoolExecutor(8) as writers:
        versions = list(
            writers.map(lambda writer: tables.upload(key.project, table_of(writer), Precondition()).version, range(8))
        )
    assert sorted(versions) == list(range(1, 9))
    downloads = Downloads(objects, clock)
    for version in range(4, 9):
        stored = tables.version(key.project, version)
        writer = versions.index(version)
        assert stored.schema["fileName"] == f"{writer}.csv"
        assert downloads.json_rows(stored) == b'[{"writer":%d}]' % writer


def test_one_of_many_uploads_in_place_of_a_version_wins(tables: Datasets, key: ConfigKey) -> None:
    """Of 8 parallel uploads that name the same version one is accepted, and the others learn its schema."""
    tables.upload(key.project, table_of(-1), Precondition())
    named = at(1)

    def upload(writer: int) -> str:
        try:
            return "won" if tables.upload(key.project, table_of(writer), named).version else ""
        except VersionConflict as conflict:
            return str(conflict.current["current"]["fileName"])

    with ThreadPoolExecutor(8) as writers:
        outcomes = list(writers.map(upload, range(8)))
    winner = outcomes.index("won")
    assert outcomes == ["won" if writer == winner else f"{winner}.csv" for writer in range(8)]


def test_an_upload_completed_at_once_is_one_version(
    tables: Datasets, key: ConfigKey, table: Items, objects: Bucket, clock: Clock
) -> None:
    """Of 8 parallel completions of one file all succeed, with one and the same version: they are retries."""
    uploads = Uploads(table, objects, clock)
    form = AnnouncementSchema(fileName="f.csv", contentType="text/csv", bytes=4)
    announced = uploads.announce(key.project, form)
    completion = read_completion({}, SETTINGS)

    def complete(_: int) -> int:
        pending = uploads.pending(key.project, announced.upload_id)
        upload = read_uploaded(io.BytesIO(b"n\n1\n"), pending.file_name, pending.content_type, completion, SETTINGS)
        return tables.upload(key.project, upload, Precondition(), pending).version

    with ThreadPoolExecutor(8) as writers:
        assert list(writers.map(complete, range(8))) == [1] * 8
    assert tables.data(key.project).kept == []
