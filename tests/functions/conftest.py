"""Fixtures of the handler tests."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from conftest import Clock
from support.handlers.http_api import Client, apps, handler_module
from support.handlers.invocations import Reader
from support.storage.clients import Tapped

from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store


@pytest.fixture(scope="session")
def only_reader() -> Reader:
    """One client for the whole run, because creating it takes longer than most tests."""
    return Reader()


@pytest.fixture
def reader(only_reader: Reader) -> Reader:
    """The function that reads large uploads, not invoked yet."""
    only_reader.events.clear()
    only_reader.fault = None
    return only_reader


@pytest.fixture
def connect(database: Tapped, bucket: Bucket, clock: Clock, reader: Reader) -> Callable[[Settings], None]:
    """Connect every function, as all tests do, and also to the function that reads large uploads."""

    def connect_all(settings: Settings) -> None:
        for app in apps():
            items = Items(database, settings.table_name)
            app.connect(Store(settings, items, bucket, clock, reader.invocations))
        handler_module("HealthFunction").api.connect(settings)

    return connect_all


@pytest.fixture
def store(client: Client) -> Store:
    """The store of the functions that handle data."""
    assert client
    store: Store = handler_module("ProjectDataFunction").app.store
    return store


@pytest.fixture
def project(client: Client) -> Client:
    """A user with the empty project `p`."""
    client.post("/api/projects", {"id": "p", "name": "P"})
    return client


@pytest.fixture
def in_bucket(project: Client, connect: Callable[[Settings], None], settings: Settings) -> Client:
    """The user of `project`, under settings that put every table in the bucket and none in a response."""
    connect(replace(settings, max_raw_data_bytes=1, max_inline_table_bytes=0))
    return project
