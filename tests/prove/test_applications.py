"""The applications of docs/react.md and docs/nextjs.md, built with the packed client, keep what their users edit."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from playwright.sync_api import Error as PlaywrightError
from support.running.applications import APPLICATIONS, CLIENT, built, packed, serving
from support.running.browser import API, Project, chromium
from support.running.local_stack import LocalStack

CONFIG = {"chartCustomizations": {"c1": {"title": "Revenue"}, "c2": {"title": "Units"}}}
# The user of docs/react.md.
USER = "user-1"
VIEWS = ("charts", "board")

type Open = Callable[[str], Page]


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packed(tmp_path_factory.mktemp("tarball"))


@pytest.fixture(scope="session")
def react(tarball: Path, stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the React application."""
    folder = built("react", tarball, stack.url)
    log = tmp_path_factory.mktemp("react") / "log"
    with serving(folder, log, "vite", "preview", "--host", "127.0.0.1", "--strictPort", DASHKEEP_URL=stack.url) as url:
        yield url


@pytest.fixture(scope="session")
def next_js(tarball: Path, stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the Next.js application."""
    folder = built("next", tarball, stack.url)
    log = tmp_path_factory.mktemp("next") / "log"
    with serving(folder, log, "next", "start", "--hostname", "127.0.0.1", DASHKEEP_URL=stack.url) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A device of its own. The test fails if a script fails on it, or if React reports anything, such as a mismatch."""
    made = browser.new_context()
    made.set_default_timeout(10_000)
    errors: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # A call that fails on purpose is also logged, as a resource that could not be loaded.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            errors.append(message.text)

    made.on("console", heard)
    made.on("weberror", lambda failed: errors.append(str(failed.error)))
    yield made
    made.close()
    assert errors == []


@pytest.fixture
def project(stack: LocalStack) -> Iterator[Project]:
    with stack.client(USER) as calls:
        yield Project(calls, CONFIG)


@pytest.fixture(params=VIEWS)
def opened(request: pytest.FixtureRequest, react: str, context: BrowserContext, project: Project) -> Open:
    """Open the project in a tab, with the hook or with a Zustand store."""

    def tab(title: str) -> Page:
        page = context.new_page()
        page.goto(f"{react}/{request.param}/{project.id}")
        expect(page.get_by_label("c1")).to_have_value(title)
        return page

    return tab


def says(page: Page, text: str) -> None:
    """Expect a text in the save state."""
    expect(page.get_by_role("status")).to_contain_text(text)


def title_of(project: Project, chart: str) -> str:
    title: str = project.charts[chart]["title"]
    return title


def test_edits_survive_a_reload(opened: Open, project: Project) -> None:
    """What was typed is saved, is there after a reload, and can be undone there: a new version with the old title."""
    page = opened("Revenue")
    page.get_by_label("c1").fill("Profit")
    says(page, "clean")
    assert title_of(project, "c1") == "Profit"
    page.reload()
    expect(page.get_by_label("c1")).to_have_value("Profit")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("c1")).to_have_value("Revenue")
    says(page, "clean")
    assert [title_of(project, "c1"), len(project.versions)] == ["Revenue", 3]


def test_edits_survive_a_lost_network(opened: Open, context: BrowserContext, project: Project) -> None:
    """What was typed offline outlives a crash: the next page shows it, and saves it once the network is back."""
    page = opened("Revenue")
    context.route(API, lambda route: route.abort("internetdisconnected"))
    page.get_by_label("c1").fill("Profit")
    expect(page.get_by_role("status")).to_contain_text(re.compile("offline|failed"))
    expect(page.get_by_role("alert")).to_have_count(0)
    # Not just closed: Playwright does not intercept what a closing page sends.
    with page.expect_event("crash"), suppress(PlaywrightError):
        page.goto("chrome://crash")
    page.close()
    page = opened("Profit")
    assert title_of(project, "c1") == "Revenue"
    context.unroute(API)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    says(page, "clean")
    assert title_of(project, "c1") == "Profit"


def test_two_tabs_show_each_others_edits(opened: Open, project: Project) -> None:
    """What is saved in one tab is shown in the other, and edits of different charts in both are all saved."""
    first, second = opened("Revenue"), opened("Revenue")
    first.get_by_label("c1").fill("Profit")
    expect(second.get_by_label("c1")).to_have_value("Profit")
    first.get_by_label("c1").fill("Turnover")
    second.get_by_label("c2").fill("Pieces")
    for page in (first, second):
        expect(page.get_by_label("c1")).to_have_value("Turnover")
        expect(page.get_by_label("c2")).to_have_value("Pieces")
        says(page, "clean")
    assert [title_of(project, chart) for chart in ("c1", "c2")] == ["Turnover", "Pieces"]


@pytest.mark.parametrize("view", VIEWS)
def test_a_new_dashboard_gets_its_first_chart(
    view: str, react: str, context: BrowserContext, stack: LocalStack
) -> None:
    """A project without a config is shown empty, and its first chart becomes version 1."""
    with stack.client(USER) as calls:
        empty = Project(calls, None)
        page = context.new_page()
        page.goto(f"{react}/{view}/{empty.id}")
        says(page, "clean")
        page.get_by_role("button", name="Add chart").click()
        says(page, "dirty")
        says(page, "clean")
        assert [[chart["title"] for chart in empty.charts.values()], len(empty.versions)] == [["New chart"], 1]


@pytest.fixture
def visit(next_js: str, context: BrowserContext) -> Open:
    """Open a path of the Next.js application as the user who is signed in there."""
    context.add_cookies([{"name": "user", "value": USER, "url": next_js}])

    def opened(path: str) -> Page:
        page = context.new_page()
        page.goto(f"{next_js}{path}")
        return page

    return opened


def html(url: str, user: str | None) -> str:
    """Return what the server sends to a user, with the marks removed that React puts between texts."""
    answer = httpx.get(url, cookies={"user": user} if user else {}, timeout=30)
    return answer.raise_for_status().text.replace("<!-- -->", "")


def test_a_page_hydrates_from_the_config_that_its_server_loaded(next_js: str, visit: Open, project: Project) -> None:
    """The HTML has the config; the page hydrates without a complaint, saves what is typed, and the next HTML has it."""
    path = f"/sales/{project.id}"
    assert 'value="Revenue"' in html(next_js + path, USER)
    page = visit(path)
    says(page, "clean")
    page.get_by_label("c1").fill("Profit")
    says(page, "dirty")
    says(page, "clean")
    assert title_of(project, "c1") == "Profit"
    assert 'value="Profit"' in html(next_js + path, USER)


def test_a_server_shows_nobody_what_another_user_loaded(next_js: str, project: Project) -> None:
    """Requests of one user, another and nobody are answered with the config of the first only."""
    url = f"{next_js}/sales/{project.id}"
    texts = [html(url, user) for user in (USER, "user-2", None, USER)]
    assert ["Revenue" in text for text in texts] == [True, False, False, True]


def test_a_store_per_page_keeps_its_edits(next_js: str, visit: Open, project: Project) -> None:
    """A server renders a store's initial values and opens nothing; in the browser, its edits survive a reload."""
    path = f"/board/{project.id}"
    assert "Theme: light" in html(next_js + path, USER)
    page = visit(path)
    button = page.get_by_role("button", name="Theme")
    button.click()
    expect(button).to_have_text("Theme: dark")
    holds_soon(lambda: project.config.get("theme") == {"id": "dark"})
    page.reload()
    expect(button).to_have_text("Theme: dark")


def holds_soon(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert holds()


def test_the_applications_hold_the_packed_client(react: str, next_js: str, tarball: Path) -> None:
    """Both applications are built with the client of this checkout."""
    assert react
    assert next_js
    for name in ("react", "next"):
        installed = APPLICATIONS / name / "node_modules" / "@dashkeep" / "client"
        assert not installed.is_symlink()
        assert json.loads((installed / "package.json").read_text())["name"] == "@dashkeep/client"
        assert (installed / "dist" / "index.js").read_bytes() == (CLIENT / "dist" / "index.js").read_bytes()
    assert tarball.exists()
