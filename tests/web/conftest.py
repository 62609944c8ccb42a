"""One Chromium for all tests of the page, and for each test users, devices and dashboards of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser
from support.running.browser import ROWS, Device, Json, Project, chart, chromium
from support.running.local_stack import LocalStack

CONFIG = {"chartCustomizations": {"a": chart("Revenue"), "b": chart("Units", 6)}}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def calls(stack: LocalStack, user: str) -> Iterator[httpx.Client]:
    """The API as the test's user calls it."""
    with stack.client(user) as made:
        yield made


@pytest.fixture
def make_project(calls: httpx.Client) -> Callable[..., Project]:
    def make(config: Json | None = CONFIG, rows: list[Json] | None = ROWS) -> Project:
        return Project(calls, config, rows)

    return make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """A dashboard of two charts, at version 1, with its table."""
    return make_project()


@pytest.fixture
def make_device(browser: Browser, stack: LocalStack, user: str) -> Iterator[Callable[..., Device]]:
    """Make a device; no script of the page may fail on it, and nothing may be refused by the page's own policy."""
    made: list[Device] = []

    def make(of: str | None = None, **options: Any) -> Device:
        made.append(Device(browser, stack.url, of or user, **options))
        return made[-1]

    yield make
    errors = [error for device in made for error in device.errors]
    for device in made:
        device.close()
    assert errors == []


@pytest.fixture
def device(make_device: Callable[..., Device]) -> Device:
    return make_device()
