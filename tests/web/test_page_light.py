"""The page is light: what it asks for, what it loads, what it draws, and how many bytes that is."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Request, expect
from support.project.template import ROOT
from support.running.browser import Device, Project, chart

DIST = ROOT / "web" / "dist"
# Bytes as they are sent, compressed with Brotli; a tenth above what they are.
MOST_BYTES = {"list": 45_000, "dashboard": 275_000}
LATER = r"/assets/(dashboard|echarts|table_worker)-"
# The scripts that came over the network; a worker's own are among them once more, from the cache.
LOADED = """() => performance.getEntriesByType("resource")
    .filter(({ name, transferSize }) => name.includes("/assets/") && transferSize)
    .map(({ name }) => new URL(name).pathname)"""

SHIFTS = """
    window.shifts = 0;
    new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => (window.shifts += value)))
        .observe({ type: "layout-shift", buffered: true });
"""


@contextmanager
def requests(page: Page) -> Iterator[list[str]]:
    """Collect what a page and its workers request, until nothing more is."""
    found: list[str] = []

    def note(request: Request) -> None:
        found.append(f"{request.method} {re.sub(r'[?].*', '', request.url)}")

    page.on("request", note)
    yield found
    page.wait_for_load_state("networkidle")
    page.remove_listener("request", note)


def test_opening_asks_once_and_a_second_time_from_the_cache(device: Device, project: Project) -> None:
    """Each opening asks once for a token, the project, its config, its table and news; only the first loads scripts."""
    once = ["/local/token", *(f"/api/projects/{project.id}{part}" for part in ("", "/config", "/data"))]
    once.append(f"POST {device.url}/api/live")
    for is_first in (True, False):
        with requests(device.page) as found:
            device.open(project.id) if is_first else device.reload()
            device.shows("Revenue", "Units")
            expect(device.page.locator("article canvas")).to_have_count(2)
            expect(device.page.get_by_text("Live", exact=True)).to_be_visible()
        asked = [each.removeprefix(f"GET {device.url}") for each in found]
        assert sorted(each for each in asked if re.search("/api/|token", each)) == sorted(once)
        loaded = device.page.evaluate(LOADED)
        assert Counter(loaded) == Counter(scripts("dashboard") | later() if is_first else ())


def test_a_table_is_transferred_once(device: Device, project: Project) -> None:
    """A known table is shown from this browser's copy, also without a network, and marked until it is confirmed."""
    transferred: list[str] = []
    device.page.on("request", lambda request: transferred.append(request.url) if "rawData" in request.url else None)
    drawn = device.open(project.id).card("Revenue").get_by_role("img")
    expect(drawn).to_be_visible()
    device.page.wait_for_load_state("networkidle")
    device.lose_network()
    device.reload()
    expect(drawn).to_be_visible()
    expect(device.page.get_by_text("18 rows · may be out of date")).to_be_visible()
    device.restore_network()
    expect(device.page.get_by_text("18 rows", exact=False)).not_to_contain_text("out of date")
    device.says("Saved")
    assert len(transferred) == 1


def test_the_list_loads_no_script_of_a_dashboard(device: Device, project: Project) -> None:
    """The list asks for no script that only a dashboard needs; going to a dashboard loads what is missing."""
    with requests(device.page) as found:
        device.page.goto("/")
        expect(device.page.locator(f"a[href$='{project.id}']")).to_be_visible()
    assert not re.findall(LATER, " ".join(found))
    with requests(device.page) as found:
        device.page.get_by_role("link", name="Sales").click()
        device.shows("Revenue", "Units")
        expect(device.page.locator("article canvas")).to_have_count(2)
    assert sorted(re.findall(LATER, " ".join(found))) == ["dashboard", "echarts", "table_worker"]


def test_charts_are_drawn_as_they_come_into_view(device: Device, make_project: Callable[..., Project]) -> None:
    """A chart far below what is seen is not drawn before the page is scrolled to it."""
    charts = {
        f"c{number}": chart(f"Chart {number}", position={"x": 0, "y": number * 5, "w": 12, "h": 5})
        for number in range(12)
    }
    device.open(make_project({"chartCustomizations": charts}).id)
    expect(device.card("Chart 0").locator("canvas")).to_be_visible()
    expect(device.card("Chart 11")).to_be_attached()
    device.page.wait_for_load_state("networkidle")
    assert device.page.locator("article canvas").count() < len(charts) / 2
    device.card("Chart 11").scroll_into_view_if_needed()
    expect(device.card("Chart 11").locator("canvas")).to_be_visible()


def test_opening_shifts_next_to_nothing(
    make_device: Callable[..., Device], make_project: Callable[..., Project]
) -> None:
    """On a phone that shows movements, nothing jumps while a dashboard opens: at most 0.1, https://web.dev/articles/cls."""
    charts = {f"c{number}": chart(f"Chart {number}", number % 2 * 6) for number in range(6)}
    for number, each in enumerate(charts.values()):
        each["position"]["y"] = number // 2 * 5
    device = make_device(size=(390, 844), reduced_motion="no-preference", is_mobile=True, has_touch=True)
    device.run_first(SHIFTS)
    device.open(make_project({"chartCustomizations": charts}).id)
    expect(device.card("Chart 0").locator("canvas")).to_be_visible()
    device.page.wait_for_load_state("networkidle")
    assert device.page.evaluate("window.shifts") <= 0.1


def scripts(view: str) -> set[str]:
    """Return the addresses of the scripts that a view needs before it is complete, as the built document names them."""
    document = (DIST / "index.html").read_text()
    found = set(re.findall(r'(?:src|href)="(/assets/[^"]+\.js)"', document))
    if view == "dashboard":
        later = re.findall(r'<meta name="(?:dashboard-scripts|table-worker)" content="([^"]+)"', document)
        found |= {each for content in later for each in content.split()}
    return found


def later() -> set[str]:
    """Return the addresses of the scripts that a dashboard loads once it is shown, because it may be changed."""
    return {f"/assets/{file.name}" for name in ("merge", "live", "forms") for file in DIST.glob(f"assets/{name}-*.js")}


@pytest.mark.parametrize("view", MOST_BYTES)
def test_the_page_keeps_its_budget(view: str) -> None:
    """The document and all scripts that a view needs at first stay below a number of bytes, as they are sent."""
    sent = [DIST / "index.html.br", *(DIST / f"{path[1:]}.br" for path in scripts(view))]
    assert sum(file.stat().st_size for file in sent) <= MOST_BYTES[view]
