"""The page in a real browser as its users work with it: their devices, what they see, and what they do."""

import copy
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

import httpx
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Position,
    Route,
    expect,
    sync_playwright,
)
from support.running import child_processes

type Json = dict[str, Any]

# Chromium without a window first: with the same engine it takes half the work, having no toolbars to keep.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# In milliseconds. It only ends what would never come: how quick the page is, `make prove` measures.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)
API = re.compile(r"/api/|/local/token")
WIDE = (1280, 900)

# The rows of every test's table.
ROWS = [
    {"Day": f"2026-0{month}-15", "Region": region, "Revenue": 10 * month + len(region), "Units": month}
    for month in range(1, 7)
    for region in ("North", "South", "East")
]


def chromium_path() -> str:
    """Return the machine's own Chromium; `DASHKEEP_BROWSER` names it if it is not on the PATH."""
    found = os.environ.get("DASHKEEP_BROWSER") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "Chromium was not found: `make browser` installs it."
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, headless."""
    # Its sandbox does not work for root, the user in most containers.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    # A tenth less work: without a graphics card, a process of its own for graphics is only a detour.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*arguments, "--disable-gpu"])
        yield browser
        browser.close()


def chart(title: str, x: int = 0, **members: Any) -> Json:
    mapping = {"xAxis": "Region", "yAxis": "Revenue", "aggregate": "sum"}
    position = {"x": x, "y": 0, "w": 6, "h": 5}
    return {"title": title, "kind": "bar", "isVisible": True, "position": position, "dataMapping": mapping, **members}


def placed_chart(title: str, kind: str, place: tuple[int, int, int, int], **mapping: str) -> Json:
    """Return a chart at a place, (column, row, width, height), with a mapping of its own."""
    return chart(title, kind=kind, position=dict(zip("xywh", place, strict=True)), dataMapping=mapping)


# What the client keeps in the browser: https://developer.mozilla.org/docs/Web/API/IndexedDB_API
UNSAVED = """() => new Promise((resolve, reject) => {
    const opening = indexedDB.open("dashkeep");
    opening.onerror = () => reject(opening.error);
    // A database that does not exist yet must not be made here.
    opening.onupgradeneeded = () => { resolve([]); opening.transaction.abort(); };
    opening.onsuccess = () => {
        const all = IDBKeyRange.bound(["edits"], ["edits", []]);
        const reading = opening.result.transaction("kept").objectStore("kept").getAll(all);
        reading.onerror = () => reject(reading.error);
        reading.onsuccess = () => { opening.result.close(); resolve(reading.result); };
    };
})"""
FORGET = """() => new Promise((resolve, reject) => {
    localStorage.clear();
    const deleting = indexedDB.deleteDatabase("dashkeep");
    deleting.onsuccess = resolve;
    deleting.onerror = () => reject(deleting.error);
    deleting.onblocked = () => reject(new Error("The page keeps its database open."));
})"""


COMPUTE = """() => { for (const end = performance.now() + 500; performance.now() < end;); }"""


class Device:
    """One user's browser with its own cache, and the dashboard that is open in it."""

    def __init__(self, browser: Browser, url: str, user: str, *, size: tuple[int, int] = WIDE, **options: Any) -> None:
        self.url = url
        self.user = user
        self.context: BrowserContext = browser.new_context(
            base_url=url,
            viewport={"width": size[0], "height": size[1]},
            **{"reduced_motion": "reduce", **options},
        )
        self.context.set_default_timeout(PATIENCE)
        # The user who is signed in, and no autosave: set only once, because a test may clear the storage.
        self.run_first(f"""
            localStorage.setItem("dashkeep.user", {json.dumps(user)});
            if (!sessionStorage.getItem("begun")) localStorage.setItem("dashkeep.autosave", "off");
            sessionStorage.setItem("begun", "yes");
        """)
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        # How often the browser has asked whether to leave the page.
        self.leavings = 0
        self.page: Page = self._new_page()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._heard)
        page.on("dialog", self._asked)
        return page

    def _asked(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload":
            self.leavings += 1
            dialog.accept()
            return
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _heard(self, message: ConsoleMessage) -> None:
        # A call that fails on purpose is also logged, as a resource that could not be loaded.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def run_first(self, script: str) -> None:
        """Run a script before every page's own; an empty page has no storage."""
        self.context.add_init_script(f'if (origin !== "null") {{ {script} }}')

    def remember(self, **items: str) -> Self:
        """Put texts into the browser's `localStorage` before the first page is opened."""
        texts = "".join(
            f"localStorage.setItem({json.dumps(name)}, {json.dumps(text)});" for name, text in items.items()
        )
        self.run_first(f"""
            if (!sessionStorage.getItem("remembered")) {{ {texts} }}
            sessionStorage.setItem("remembered", "yes");
        """)
        return self

    def open(self, project: str) -> Self:
        self.page.goto(f"/#/dashboards/{project}")
        return self

    def reload(self) -> Self:
        self.page.reload()
        return self

    def tab(self) -> Self:
        """Open another tab of the same browser."""
        other = copy.copy(self)
        other.page = self._new_page()
        return other

    def kill(self) -> None:
        """Kill the tab's process: nothing in it runs any more, no event handler either."""
        # WebKit's driver does not survive it, so all of its browser is killed.
        kill_browser: Callable[[], None] | None = getattr(self.context, "kill", None)
        if kill_browser:
            kill_browser()
        else:
            child_processes.kill(child_processes.busiest(lambda: self.page.evaluate(COMPUTE)))

    def forget(self) -> Self:
        """Clear all that the browser has stored."""
        self.page.evaluate(FORGET)
        return self

    # --- what is seen ---

    def card(self, title: str) -> Locator:
        """The card of a chart."""
        return self.page.get_by_role("article").filter(has=self.page.get_by_role("heading", name=title, exact=True))

    def shows(self, *titles: str) -> None:
        """Expect exactly these charts, in reading order."""
        expect(self.page.locator("article h3")).to_have_text(list(titles))

    def says(self, text: str | re.Pattern[str]) -> None:
        """Expect a text in the save state."""
        expect(self.page.locator(".save-state")).to_contain_text(text)

    def warns(self, text: str | re.Pattern[str]) -> None:
        """Expect a text in the banner that says what is wrong."""
        expect(self.page.get_by_role("alert")).to_contain_text(text)

    def keeps(self, tabs: int) -> None:
        """Expect the browser's database to have the unsaved edits of so many tabs."""
        self.comes_to(tabs, lambda: len(self.page.evaluate(UNSAVED)))

    def hold(self, address: str) -> list[Route]:
        """Let the requests to an address wait; return them, as they come, for the test to go on with."""
        held: list[Route] = []
        # Playwright sets an attribute of the function, which a built-in one does not take.
        self.context.route(re.compile(address), lambda route: held.append(route))  # noqa: PLW0108
        return held

    def comes_to(self, expected: int, count: Callable[[], int]) -> None:
        """Expect a count to become what is expected."""
        deadline = time.monotonic() + PATIENCE / 1000
        while (found := count()) != expected and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
        assert found == expected

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def place(self, title: str) -> dict[str, int]:
        """Return the place of a chart in the grid."""
        item = self.card(title).locator("xpath=..")
        return {name: int(item.get_attribute(f"gs-{name}") or (1 if name in "wh" else 0)) for name in "xywh"}

    # --- what is done ---

    def button(self, name: str, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=True)

    def choose(self, menu: str, item: str) -> Self:
        """Choose an item of the menu that the button with this name opens."""
        self.button(menu).click()
        self.page.get_by_role("menuitem", name=item, exact=True).click()
        return self

    def save(self) -> Self:
        """Save, and wait until the server has confirmed it."""
        before = self._version()
        self.button("Save").click()
        self.says(re.compile(rf"Saved .*Version (?!{before}$)\d+"))
        return self

    def _version(self) -> int:
        found = re.search(r"Version (\d+)", self.page.locator(".save-state").inner_text())
        return int(found[1]) if found else 0

    def add_chart(self, title: str) -> Self:
        self.button("Add chart").click()
        self.dialog.get_by_label("Title").fill(title)
        self.button("Add", self.dialog).click()
        return self

    def edit_chart(self, title: str, change: Callable[[Locator], None]) -> Self:
        self.card(title).hover()
        self.button(f"Edit {title}").click()
        change(self.dialog)
        self.button("Apply", self.dialog).click()
        expect(self.dialog).to_have_count(0)
        return self

    def open_columns(self) -> Self:
        """Show the columns of the table."""
        self.button("Data").click()
        self.dialog.get_by_role("tab", name="Columns").click()
        return self

    def retitle(self, title: str, new: str) -> Self:
        return self.edit_chart(title, lambda form: form.get_by_label("Title").fill(new))

    def choose_for(self, title: str, item: str) -> Self:
        """Choose an item of a chart's menu."""
        self.card(title).hover()
        return self.choose(f"More for {title}", item)

    def hide_chart(self, title: str) -> Self:
        return self.choose_for(title, "Hide")

    def remove_chart(self, title: str) -> Self:
        return self.choose_for(title, "Remove")

    def choose_theme(self, name: str) -> Self:
        self.page.get_by_label("Theme").select_option(name)
        return self

    def filter(self, column: str, *values: str) -> Self:
        self.button("Add filter").click()
        self.dialog.get_by_label("Column").select_option(column)
        for value in values:
            self.dialog.get_by_role("checkbox", name=value, exact=True).check()
        self.button("Apply", self.dialog).click()
        return self

    def drag(self, title: str, across: int, down: int) -> Self:
        """Drag a chart by its handle; distances are in pixels."""
        handle = self.card(title).locator(".handle")
        end: Position = {"x": 5 + across, "y": 5 + down}
        handle.drag_to(handle, force=True, source_position={"x": 5, "y": 5}, target_position=end, steps=12)
        return self

    # --- what happens between page and server ---

    def lose_network(self) -> None:
        """Let every request to the API fail, and those for a token; the page's own files can still be loaded."""
        self.context.route(API, lambda route: route.abort("internetdisconnected"))

    def restore_network(self) -> None:
        self.context.unroute(API)
        self.page.evaluate("window.dispatchEvent(new Event('online'))")

    def answer(
        self, method: Literal["GET", "PATCH"], address: str, status: int, document: Json, **headers: str
    ) -> None:
        """Answer a call in place of the server."""

        def fulfil(route: Route) -> None:
            if route.request.method == method:
                media_type = "application/problem+json" if status >= 400 else "application/json"
                route.fulfill(status=status, json=document, headers={**headers, "Content-Type": media_type})
            else:
                route.fallback()

        self.context.route(re.compile(address), fulfil)

    def stop_answering(self, address: str) -> None:
        self.context.unroute(re.compile(address))

    def close(self) -> None:
        self.context.close()


class Project:
    """A dashboard as the server stores it."""

    def __init__(
        self, calls: httpx.Client, config: Json | None, rows: list[Json] | None = None, name: str = "Sales"
    ) -> None:
        self._calls = calls
        body = {"name": name, "settings": {"dashboardConfig": config}}
        made = self._answer(calls.post("/api/projects", json=body))
        self.id: str = made["id"]
        self.address: str = made["address"]
        if rows is not None:
            self._answer(calls.post(f"/api/projects/{self.id}/data", json={"fileName": "sales.csv", "rawData": rows}))

    @property
    def config(self) -> Json:
        config: Json = self.document["config"]
        return config

    @property
    def charts(self) -> Json:
        charts: Json = self.config["chartCustomizations"]
        return charts

    @property
    def document(self) -> Json:
        return self._answer(self._calls.get(f"/api/projects/{self.id}/config"))

    def invite(self, role: str) -> str:
        """Return the token of an invitation for one person."""
        token: str = self._answer(self._calls.post(f"/api/projects/{self.id}/invitations", json={"role": role}))[
            "token"
        ]
        return token

    def share(self, other: httpx.Client, role: str) -> str:
        """Let another user in; returns the address."""
        self._answer(other.post("/api/invitations/accept", json={"token": self.invite(role)}))
        return self.address

    def link(self, **pin: int) -> str:
        """Return the token of a public link."""
        token: str = self._answer(self._calls.post(f"/api/projects/{self.id}/links", json=pin))["token"]
        return token

    @property
    def members(self) -> Json:
        return self._answer(self._calls.get(f"/api/projects/{self.id}/members"))

    def set_role(self, role: str, name: str | None = None) -> None:
        """Give a member another role; without a name, the only one."""
        self._answer(self._calls.put(self._member(name), json={"role": role}))

    def remove_member(self, name: str | None = None) -> None:
        """End the access of a member; without a name, of the only one."""
        self._answer(self._calls.delete(self._member(name)))

    def _member(self, name: str | None) -> str:
        (member,) = (each["id"] for each in self.members["members"] if name in {None, each.get("name")})
        return f"/api/projects/{self.id}/members/{member}"

    def delete(self) -> None:
        assert self._calls.delete(f"/api/projects/{self.id}").is_success

    def save(self, config: Json) -> None:
        """Save a config in place of the newest."""
        self._answer(self._calls.put(f"/api/projects/{self.id}/config", json=config, headers={"If-Match": "*"}))

    def autosave(self, merge_patch: Json) -> None:
        """Change the newest config, as a page does by itself."""
        self._answer(
            self._calls.patch(f"/api/projects/{self.id}/config", json=merge_patch, params={"source": "autosave"})
        )

    @property
    def versions(self) -> list[Json]:
        versions: list[Json] = self._answer(self._calls.get(f"/api/projects/{self.id}/config/versions"))["versions"]
        return versions

    def version(self, number: int) -> Json:
        return self._answer(self._calls.get(f"/api/projects/{self.id}/config/versions/{number}"))

    @staticmethod
    def _answer(response: httpx.Response) -> Json:
        assert response.is_success, response.text
        document: Json = response.json()
        return document


def script_of(package: str) -> str:
    """Return the source of a script from a package that npm has installed for the tests."""
    return (Path(__file__).resolve().parents[2] / "node_modules" / package).read_text()


def violations(page: Page) -> list[str]:
    """Return what axe-core finds in what is shown, of every impact, each with its place."""
    page.evaluate(script_of("axe-core/axe.min.js"))
    found: list[Json] = page.evaluate("axe.run().then(({ violations }) => violations)")
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]
