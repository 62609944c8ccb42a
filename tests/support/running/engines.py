"""Browsers as a person uses them: each with a profile on disk, tabs, and a process that can be killed.

An engine and its tabs belong to the thread that started it.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, ClassVar, Protocol

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from support.running import child_processes, firefox, webkit
from support.running.browser import chromium_path

_START_SECONDS = 60


class Tab(Protocol):
    def open(self, url: str) -> None: ...

    def run(self, function: str, argument: Any = None) -> Any:
        """Call an async JavaScript function of one argument, given as its source, and return its JSON result."""
        ...

    def reload(self) -> None: ...

    def close(self) -> None:
        """Close the tab as a user does: its `pagehide` handlers run."""
        ...


class Engine(Protocol):
    """One browser; its profile outlives it."""

    name: ClassVar[str]
    keeps_its_profile: ClassVar[bool]
    """Whether a killed browser still has its storage when it is started again."""

    def start(self) -> None: ...

    def tab(self) -> Tab: ...

    def kill(self) -> None:
        """Kill every process of this browser with SIGKILL."""
        ...

    def fill_storage(self, *, full: bool) -> bool:
        """Use up the storage of the open tabs' origin, or free it; returns whether the browser can.

        Chromium checks at most every 30 seconds for a database that is open, and at once for one that is opened later.
        """
        ...

    def close(self) -> None: ...


def engine(name: str, profile: Path) -> Engine:
    """Return the engine of that name; its browser is started by `start`."""
    return _ENGINES[name](profile)


class ChromiumTab:
    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str) -> None:
        self.page.goto(url)

    def run(self, function: str, argument: Any = None) -> Any:
        return self.page.evaluate(function, argument)

    def reload(self) -> None:
        self.page.reload()

    def close(self) -> None:
        with self.page.expect_event("close"):
            self.page.close(run_before_unload=True)


class Chromium:
    """The machine's own Chromium, started here so that its processes are known, and driven over CDP."""

    name: ClassVar = "chromium"
    keeps_its_profile: ClassVar = True
    _ARGUMENTS = (
        "--headless=new",
        "--remote-debugging-port=0",
        "--no-first-run",
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-breakpad",
        # Tabs in the background run like the one in front, as they do for a user with two windows.
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-renderer-backgrounding",
    )

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._playwright: Playwright | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._browser: Browser | None = None
        self._quota: CDPSession | None = None

    def start(self) -> None:
        self._playwright = self._playwright or sync_playwright().start()
        announced = self._profile / "DevToolsActivePort"
        announced.unlink(missing_ok=True)
        # Its sandbox does not work for root, the user in most containers.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(  # noqa: S603 - the machine's browser
            [chromium_path(), *self._ARGUMENTS, *sandbox, f"--user-data-dir={self._profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + _START_SECONDS
        # The file has the port in its first line and is complete once it has the second.
        while not (announced.exists() and "\n" in announced.read_text()):
            assert self._process.poll() is None, "Chromium ended while it was starting"
            assert time.monotonic() < deadline, "Chromium did not start"
            time.sleep(0.02)
        port = announced.read_text().split("\n")[0]
        self._browser = self._playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")

    def tab(self) -> ChromiumTab:
        return ChromiumTab(self._context.new_page())

    def kill(self) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        self._quota = None
        if self._browser is not None:
            with suppress(PlaywrightError):
                self._browser.close()

    def fill_storage(self, *, full: bool) -> bool:
        blank, *pages = self._context.pages
        origin = next(page for page in pages if page.url.startswith("http")).evaluate("location.origin")
        # The quota lasts as long as this session, and so as the browser's first page, which stays blank.
        self._quota = self._quota or self._context.new_cdp_session(blank)
        self._quota.send("Storage.overrideQuotaForOrigin", {"origin": origin, **({"quotaSize": 1} if full else {})})
        return True

    def close(self) -> None:
        self.kill()
        if self._playwright is not None:
            self._playwright.stop()
            self._playwright = None

    @property
    def _context(self) -> BrowserContext:
        assert self._browser is not None
        return self._browser.contexts[0]


class Firefox:
    """Debian's Firefox, started by Playwright with a profile."""

    name: ClassVar = "firefox"
    keeps_its_profile: ClassVar = True

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._playwright: Playwright | None = None
        self._context: BrowserContext | None = None

    def start(self) -> None:
        self._playwright = self._playwright or sync_playwright().start()
        self._context = self._playwright.firefox.launch_persistent_context(
            self._profile,
            channel=firefox.CHANNEL,
            executable_path=firefox.program(),
            firefox_user_prefs=firefox.PREFERENCES,
        )

    def tab(self) -> ChromiumTab:
        assert self._context is not None
        return ChromiumTab(self._context.new_page())

    def kill(self) -> None:
        if self._context is None:
            return
        while processes := [each for each in child_processes.descendants() if self._is_ours(each)]:
            child_processes.kill(processes[0])
            time.sleep(0.02)
        with suppress(PlaywrightError):
            self._context.close()
        self._context = None

    def fill_storage(self, *, full: bool) -> bool:  # noqa: ARG002 - as in `Engine`
        return False

    def close(self) -> None:
        self.kill()
        if self._playwright is not None:
            self._playwright.stop()
            self._playwright = None

    def _is_ours(self, process: int) -> bool:
        return str(self._profile) in child_processes.command_of(process)


class WebKitTab:
    def __init__(self, browser: webkit.WebKitBrowser) -> None:
        self._browser = browser
        self._window = browser.new_window()

    def open(self, url: str) -> None:
        self._browser.at(self._window).get(url)

    def run(self, function: str, argument: Any = None) -> Any:
        return webkit.evaluated(self._browser.at(self._window), function, argument)

    def reload(self) -> None:
        self._browser.at(self._window).refresh()

    def close(self) -> None:
        self._browser.at(self._window).close()


class WebKit:
    """Debian's WebKit in a browser of this repository, because the one that comes with it keeps nothing on disk."""

    name: ClassVar = "webkit"
    keeps_its_profile: ClassVar = True

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self._running = ExitStack()
        self._browser: webkit.WebKitBrowser | None = None

    def start(self) -> None:
        if self._browser is None:
            self._browser = webkit.WebKitBrowser(self._profile, self._running.enter_context(webkit.screen()))
        self._browser.start()

    def tab(self) -> WebKitTab:
        assert self._browser is not None
        return WebKitTab(self._browser)

    def kill(self) -> None:
        if self._browser is not None:
            self._browser.kill()

    def fill_storage(self, *, full: bool) -> bool:  # noqa: ARG002 - as in `Engine`
        return False

    def close(self) -> None:
        self.kill()
        self._running.close()
        self._browser = None


_ENGINES: dict[str, Callable[[Path], Engine]] = {"chromium": Chromium, "firefox": Firefox, "webkit": WebKit}
