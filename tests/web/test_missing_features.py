"""The page in browsers that lack something, as the table in web/client/README.md says."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from support.running.browser import Device, Project
from support.running.firefox import options
from support.running.local_stack import LocalStack


def test_without_broadcast_channel_a_save_is_shown_on_focus(device: Device, project: Project) -> None:
    """Without BroadcastChannel and WebSocket, what one tab saves appears in the other once that one gets the focus."""
    device.run_first("delete globalThis.BroadcastChannel; delete globalThis.WebSocket")
    second = device.tab().open(project.id)
    second.shows("Revenue", "Units")
    device.open(project.id).retitle("Revenue", "In both").save()
    second.shows("Revenue", "Units")
    second.page.evaluate("dispatchEvent(new Event('focus'))")
    second.shows("In both", "Units")


def test_without_web_locks_an_edit_survives_a_reload(device: Device, project: Project) -> None:
    """Without Web Locks, a page still finds its unsaved edits after a reload and saves them once."""
    device.run_first("Object.defineProperty(navigator, 'locks', { value: undefined })")
    device.open(project.id).retitle("Revenue", "Unlocked").says("Not saved yet")
    device.keeps(1)
    device.reload().shows("Unlocked", "Units")
    device.save()
    assert [each["version"] for each in project.versions] == [2, 1]


def test_without_keepalive_the_next_page_saves(device: Device, project: Project) -> None:
    """If the browser rejects requests of a page that is being closed, the next page saves the edit."""
    device.run_first("""
        const { fetch } = window;
        window.fetch = (url, options) =>
            options?.keepalive ? Promise.reject(new TypeError("keepalive is not supported")) : fetch(url, options);
    """)
    device.open(project.id).shows("Revenue", "Units")
    device.retitle("Revenue", "Left").keeps(1)
    device.page.evaluate("dispatchEvent(new Event('pagehide'))")
    device.reload().shows("Left", "Units")
    device.save()
    assert project.charts["a"]["title"] == "Left"


@pytest.fixture
def private(browser_engine: str, browser: Browser) -> Iterator[Browser]:
    """A Firefox all of whose windows are private."""
    if browser_engine != "firefox":
        pytest.skip("no private windows")
    with options(**{"browser.privatebrowsing.autostart": True}) as given:
        launched = browser.browser_type.launch(**given)
        yield launched
        launched.close()


def test_a_private_window_keeps_edits_until_it_is_closed(
    private: Browser, stack: LocalStack, user: str, project: Project
) -> None:
    """In a private window, an unsaved edit survives a reload."""
    device = Device(private, stack.url, user).open(project.id)
    device.retitle("Revenue", "In private").says("Not saved yet")
    device.keeps(1)
    device.reload().shows("In private", "Units")
    device.close()
    assert device.errors == []
