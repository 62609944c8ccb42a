"""WebKit as Debian builds it, behind the part of Playwright's interface that the tests use.

Playwright drives its own builds of WebKit only. Here WebDriver finds and uses the elements; the locators and
expectations are Playwright's own, and so are the rules for what they match: its script for pages is put into the page.
`Server` runs scripts first and answers calls, for which WebDriver has no commands.
"""

import ast
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import playwright
from playwright._impl._errors import Error
from playwright._impl._frame import Frame as PlaywrightFrame
from playwright.sync_api import Browser, Frame, Playwright, sync_playwright
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import ActionChains, Remote, WebKitGTKOptions, WebKitGTKService
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webelement import WebElement
from support.running import child_processes
from support.running.page_server import Handler, PageServer

DRIVER: Final = "/usr/bin/WebKitWebDriver"
BROWSER: Final = Path(__file__).with_name("webkit_browser.py")
_SCREEN: Final = "1600x1200x24"
# Its sandbox does not work for root, the user in most containers, and no machine here has a graphics card.
_ENVIRONMENT: Final = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1", "LIBGL_ALWAYS_SOFTWARE": "1"}
_SECONDS: Final = 10
_SCRIPT_SECONDS: Final = 60
_PAUSE: Final = 0.05

# Calls a function with Playwright's script, the elements that a selector finds, and options.
_CALL: Final = """
const [selector, options, done] = arguments, injected = window.playwrightScript;
const found = () => injected.querySelectorAll(injected.parseSelector(selector), document);
if (!injected) done({ missing: true });
else new Promise((resolve) => resolve((%s)(injected, found(), options)))
    .then((value) => done({ value }), (error) => done({ error: String(error) }));
"""
_EVALUATE: Final = """
const [argument, done] = arguments;
new Promise((resolve) => { const value = (%s); resolve(typeof value === "function" ? value(argument) : value); })
    .then((value) => done({ value }), (error) => done({ error: String(error) }));
"""
_ONLY: Final = """const only = (elements) => {
    if (elements.length !== 1) throw new Error(`${elements.length} elements were found`);
    return elements[0];
};"""
_READY: Final = f"""async (injected, elements, states) => {{
    {_ONLY}
    const wrong = await injected.checkElementStates(only(elements), states, true);
    if (wrong) throw new Error(`The element is not ${{wrong.missingState ?? "connected"}}`);
    return only(elements);
}}"""
_FILL: Final = f"(injected, elements, text) => {{ {_ONLY} return injected.fill(only(elements), text); }}"
_SELECT: Final = f"""(injected, elements, options) => {{
    {_ONLY}
    const selected = injected.selectOptions(only(elements), options);
    if (!Array.isArray(selected)) throw new Error(selected);
    return selected;
}}"""
_READ: Final = f"(injected, elements, read) => {{ {_ONLY} return only(elements)[read.member](...read.of); }}"
# Where there is no element, Playwright decides without its script.
_EXPECT: Final = """(injected, elements, options) => {
    const { expression, isNot } = options, isArray = expression === "to.have.count" || expression.endsWith(".array");
    if (!isArray && elements.length > 1) throw new Error(`${elements.length} elements were found`);
    if (isArray || elements.length) return injected.expect(elements[0], options, elements, true);
    return { matches: expression === "to.be.hidden" || (isNot && expression !== "to.be.visible") };
}"""


class NotReadyError(Exception):
    """The page is not yet as an action needs it."""


@cache
def _playwrights_script() -> str:
    """Return Playwright's script for pages, which its server keeps as a string."""
    server = (Path(playwright.__file__).parent / "driver/package/lib/coreBundle.js").read_text()
    found = re.search(r"injectedScriptSource\.ts\"\(\) \{.*?source\d* = ('.*?');\n", server, re.DOTALL)
    assert found, "Playwright keeps its script in another place."
    options = {"testIdAttributeName": "data-testid", "stableRafCount": 1, "browserName": "webkit", "customEngines": []}
    return (
        f"const module = {{}}; {ast.literal_eval(found[1])}; window.playwrightScript = "
        f"new (module.exports.InjectedScript())(globalThis, {json.dumps({'sdkLanguage': 'python', **options})});"
    )


class Channel:
    """Does with WebDriver what a frame asks of Playwright's server."""

    def __init__(self, page: "Page") -> None:
        self._page = page

    async def send(self, method: str, _timeout: Any = None, params: Any = None, **_: Any) -> Any:
        name = re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", method)
        return getattr(self, name)(**{key: value for key, value in params.items() if value is not None})

    def click(self, selector: str, **_: Any) -> None:
        self._act(selector, ("visible", "enabled", "stable"), lambda element: element.click())

    def check(self, selector: str, **_: Any) -> None:
        def check(element: WebElement) -> None:
            if not element.is_selected():
                element.click()

        self._act(selector, ("visible", "enabled"), check)

    def hover(self, selector: str, **_: Any) -> None:
        self._act(selector, ("visible", "stable"), lambda element: self._actions.move_to_element(element).perform())

    def fill(self, selector: str, value: str, **_: Any) -> None:
        def write(element: WebElement) -> None:
            # Playwright's script has selected the old text, if it cannot set the value itself.
            if self._run(_FILL, selector, value) == "needsinput":
                element.send_keys(value)

        self._act(selector, ("visible", "enabled", "editable"), write)

    def select_option(self, selector: str, options: list[dict[str, str]], **_: Any) -> list[str]:
        return cast("list[str]", self._until(lambda: self._run(_SELECT, selector, options)))

    def drag_and_drop(self, source: str, steps: int, **given: Any) -> None:
        """Drag an element by a distance: source and target are the same."""
        way = [round((given["targetPosition"][axis] - given["sourcePosition"][axis]) / steps) for axis in "xy"]

        def drag(element: WebElement) -> None:
            actions = self._actions.click_and_hold(element)
            for _ in range(steps):
                actions.move_by_offset(*way)
            actions.release().perform()

        self._act(source, ("visible", "stable"), drag)

    def get_attribute(self, selector: str, name: str, **_: Any) -> str | None:
        return cast("str | None", self._read(selector, "getAttribute", name))

    def inner_text(self, selector: str, **_: Any) -> str:
        return cast("str", self._until(lambda: self._run("(_, elements) => elements[0].innerText", selector)))

    def query_count(self, selector: str) -> int:
        return cast("int", self._run("(_, elements) => elements.length", selector))

    def expect(self, selector: str, timeout: float, **options: Any) -> None:
        deadline = time.monotonic() + timeout / 1000
        while (outcome := self._run(_EXPECT, selector, options))["matches"] == options["isNot"]:
            if time.monotonic() > deadline:
                failed = Error(f"The page has {selector} otherwise")
                failed._details = {"received": {"value": {"s": str(outcome.get("received"))}}, "timedOut": True}  # noqa: SLF001
                failed._log = []  # noqa: SLF001
                raise failed
            time.sleep(_PAUSE)

    @property
    def _actions(self) -> ActionChains:
        return ActionChains(self._page.driver, duration=20)

    def _act(self, selector: str, states: tuple[str, ...], act: Callable[[WebElement], object]) -> None:
        self._until(lambda: act(self._run(_READY, selector, states)))

    def _read(self, selector: str, member: str, *of: str) -> Any:
        return self._until(lambda: self._run(_READ, selector, {"member": member, "of": of}))

    def _until[T](self, attempt: Callable[[], T]) -> T:
        """Attempt something until it succeeds; a page may replace an element just when it is used."""
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                return attempt()
            except (NotReadyError, WebDriverException):
                if time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE)

    def _run(self, function: str, selector: str, options: Any = None) -> Any:
        outcome = self._page.driver.execute_async_script(_CALL % function, selector, options)
        if outcome.get("missing"):
            self._page.driver.execute_script(_playwrights_script())
            return self._run(function, selector, options)
        if "error" in outcome:
            raise NotReadyError(outcome["error"])
        return outcome.get("value")


class Page(Frame):
    """A window of a context's browser, as Playwright's `Page`."""

    _numbers = itertools.count()

    def __init__(self, playwright: Playwright, context: "Context") -> None:
        begun = {"name": "", "url": "about:blank", "loadStates": ["load"]}
        frame = PlaywrightFrame(playwright._impl_obj, "Frame", f"webkit@{next(self._numbers)}", begun)  # noqa: SLF001
        frame._channel = Channel(self)  # type: ignore[assignment]  # noqa: SLF001
        super().__init__(frame)
        self._context = context
        self._window: str | None = context.browser.new_window()
        self._address = ""

    @property
    def driver(self) -> Remote:
        """The driver with this window in front of it; one that was lost with its browser is opened again."""
        if self._window is None:
            self._window = self._context.browser.new_window()
            self._context.browser.at(self._window).get(self._address)
        return self._context.browser.at(self._window)

    def goto(self, url: str, **_: Any) -> None:
        self._address = self._context.server.url + url
        self.driver.get(self._address)

    def reload(self) -> None:
        self.driver.refresh()

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        return evaluated(self.driver, expression, arg)

    def wait_for_timeout(self, timeout: float | timedelta) -> None:
        time.sleep(timeout.total_seconds() if isinstance(timeout, timedelta) else timeout / 1000)

    def on(self, event: str, f: Callable[[Any], object]) -> None:
        """Hear of scripts' errors, which include those that a page logs; WebDriver dismisses dialogs itself."""
        if event == "pageerror":
            self._context.server.hear = f

    def screenshot(self, path: Path) -> None:
        self.driver.save_screenshot(str(path))

    def lose(self) -> None:
        """Forget the window, whose browser was killed."""
        self._window = None


class Context:
    """A browser of its own with an empty profile, as Playwright's `BrowserContext`."""

    def __init__(self, playwright: Playwright, browser: "WebKitBrowser", server: PageServer) -> None:
        self._playwright = playwright
        self.pages: list[Page] = []
        self.browser = browser
        self.server = server

    def new_page(self) -> Page:
        self.pages.append(Page(self._playwright, self))
        return self.pages[-1]

    def kill(self) -> None:
        """Kill the browser and start it again; pages are opened again when they are next used.

        WebKit ends the driver's session when the process of any page dies, so no page can be killed on its own.
        """
        self.browser.kill()
        self.browser.start()
        for page in self.pages:
            page.lose()

    def set_default_timeout(self, timeout: float) -> None:
        """Leave it at that of `Channel`."""

    def add_init_script(self, script: str) -> None:
        self.server.scripts.append(script)

    def route(self, address: re.Pattern[str], handler: Handler) -> None:
        self.server.routes.append((address, handler))

    def unroute(self, address: re.Pattern[str]) -> None:
        self.server.routes = [route for route in self.server.routes if route[0] != address]

    def close(self) -> None:
        self.browser.kill()
        self.server.stop()


class WebKit:
    """Starts a browser for each context, as Playwright's `Browser` makes contexts."""

    def __init__(self, playwright: Playwright, display: str, profiles: Path) -> None:
        self._playwright = playwright
        self._display = display
        self._profiles = profiles

    def new_context(self, base_url: str, viewport: dict[str, int], **_: Any) -> Context:
        profile = Path(tempfile.mkdtemp(dir=self._profiles))
        browser = WebKitBrowser(profile, self._display, (viewport["width"], viewport["height"]))
        browser.start()
        return Context(self._playwright, browser, PageServer(base_url).start())


class WebKitBrowser:
    """`webkit_browser.py` with a profile, and WebKit's driver, which starts it."""

    def __init__(self, profile: Path, display: str, size: tuple[int, int] = (1280, 900)) -> None:
        self._profile = profile
        self._display = display
        self._size = size

    def start(self) -> None:
        options = WebKitGTKOptions()
        options.binary_location = sys.executable
        for argument in (BROWSER, self._profile):
            options.add_argument(str(argument))
        self._service = WebKitGTKService(DRIVER, env={**os.environ, **_ENVIRONMENT, "DISPLAY": self._display})
        self._service.start()
        connection = RemoteConnection(client_config=ClientConfig(remote_server_addr=self._service.service_url))
        self._driver = Remote(connection, options=options)
        self._driver.set_script_timeout(_SCRIPT_SECONDS)
        self._front = self._driver.current_window_handle

    def at(self, window: str) -> Remote:
        """Return the driver with this window in front of it."""
        if self._front != window:
            self._driver.switch_to.window(window)
            self._front = window
        return self._driver

    def new_window(self) -> str:
        """Open a window and return its handle.

        A tab would hide the others, and hidden pages are slowed down. The first window stays empty, because a session
        ends with its last window.
        """
        self.at(self._driver.window_handles[0])
        self._driver.switch_to.new_window("window")
        self._front = self._driver.current_window_handle
        borders = self._driver.execute_script("return [outerWidth - innerWidth, outerHeight - innerHeight]")
        self._driver.set_window_size(self._size[0] + borders[0], self._size[1] + borders[1])
        return self._front

    def kill(self) -> None:
        """Kill every process of the browser, and its driver, with SIGKILL."""
        child_processes.kill(self._service.process.pid)
        self._service.process.wait()


def evaluated(driver: Remote, expression: str, argument: Any = None) -> Any:
    """Evaluate an expression, or call a function, which may be asynchronous, and return its JSON result."""
    outcome = driver.execute_async_script(_EVALUATE % expression, argument)
    if "error" in outcome:
        raise Error(outcome["error"])
    return outcome.get("value")


@contextmanager
def screen() -> Iterator[str]:
    """Start an X server that shows its screen nowhere, and yield the name of its display."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", _SCREEN, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)  # noqa: S603 - the machine's own
    os.close(writing)
    try:
        with os.fdopen(reading) as announced:
            yield f":{announced.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def webkit() -> Iterator[Browser]:
    """Start what WebKit needs; each context is a browser of its own."""
    with sync_playwright() as playwright, screen() as display, tempfile.TemporaryDirectory() as profiles:
        yield cast("Browser", WebKit(playwright, display, Path(profiles)))
