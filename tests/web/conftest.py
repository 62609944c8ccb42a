"""One browser for all tests of the page; each test has its own users, devices and dashboards."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser
from support.running.browser import ROWS, Device, Json, Project, chart, chromium
from support.running.firefox import firefox
from support.running.local_stack import LocalStack
from support.running.webkit import webkit

CONFIG = {"chartCustomizations": {"a": chart("Revenue"), "b": chart("Units", 6)}}
BROWSERS = {"chromium": chromium, "firefox": firefox, "webkit": webkit}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--browser-engine", choices=BROWSERS, default="chromium", help="the browser for tests/web")


@pytest.fixture(scope="session")
def browser_engine(pytestconfig: pytest.Config) -> str:
    # Without tests/web on the command line, pytest reads this file too late to know the option.
    return str(pytestconfig.getoption("--browser-engine", "chromium"))


@pytest.fixture(scope="session")
def browser(browser_engine: str) -> Iterator[Browser]:
    with BROWSERS[browser_engine]() as launched:
        yield launched


@pytest.fixture
def calls(stack: LocalStack, user: str) -> Iterator[httpx.Client]:
    """A client of the API for the test's user."""
    with stack.client(user) as made:
        yield made


@pytest.fixture
def make_project(calls: httpx.Client) -> Callable[..., Project]:
    def make(config: Json | None = CONFIG, rows: list[Json] | None = ROWS) -> Project:
        return Project(calls, config, rows)

    return make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """A dashboard at version 1 with two charts and a table."""
    return make_project()


@pytest.fixture
def make_device(browser: Browser, stack: LocalStack, user: str) -> Iterator[Callable[..., Device]]:
    """Make a device. The test fails if a script fails on it or the page's own policy blocks anything."""
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
