"""A database of an application, and a store that its projects are brought into."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import Clock
from support.sql.contents import Application
from support.sql.databases import Database
from support.storage.clients import Tapped

from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store


@pytest.fixture
def store(settings: Settings, database: Tapped, bucket: Bucket, clock: Clock) -> Store:
    return Store(settings, Items(database, settings.table_name), bucket, clock)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Database]:
    """An empty database in SQLite."""
    with closing(Database(f"sqlite:///{tmp_path / 'app.db'}")) as found:
        yield found


@pytest.fixture
def loose(tmp_path: Path) -> Iterator[Database]:
    """An empty database in SQLite that accepts duplicates and rows of no project."""
    with closing(Database(f"sqlite:///{tmp_path / 'loose.db'}", keys=False)) as found:
        yield found


@pytest.fixture
def application() -> Application:
    return Application(1)
