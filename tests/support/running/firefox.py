"""Debian's Firefox, which Playwright drives over WebDriver BiDi: https://w3c.github.io/webdriver-bidi/."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

NAMES: Final = ("firefox-esr", "firefox")
CHANNEL: Final = "moz-firefox"
PREFERENCES: Final[dict[str, str | float | bool]] = {
    "ui.prefersReducedMotion": 1,
    # A browser that was killed starts again as it did before, without a question and without its tabs.
    "toolkit.startup.max_resumed_crashes": -1,
    "browser.sessionstore.resume_from_crash": False,
}


def program() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "Firefox was not found: `make browsers` installs it."
    return found


@contextmanager
def options(**preferences: str | float | bool) -> Iterator[dict[str, Any]]:
    """Make the options of Playwright's `launch`.

    Playwright ends Firefox when the process of a tab dies. Its users' Firefox shows that the tab has crashed.
    """
    with tempfile.TemporaryDirectory() as folder:
        starter = Path(folder) / "firefox"
        starter.write_text(f'#!/bin/sh\nunset MOZ_CRASHREPORTER_SHUTDOWN\nexec {program()} "$@"\n')
        starter.chmod(0o755)
        yield {
            "channel": CHANNEL,
            "executable_path": starter,
            "firefox_user_prefs": {**PREFERENCES, **preferences},
        }


@contextmanager
def firefox() -> Iterator[Browser]:
    """Start Firefox, headless."""
    with sync_playwright() as playwright, options() as given:
        browser = playwright.firefox.launch(**given)
        yield browser
        browser.close()
