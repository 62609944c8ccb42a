"""Fixtures of the handler tests."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from support.handlers.http_api import Client

from dashboard_store.settings import Settings


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
