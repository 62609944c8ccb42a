"""The list of dashboards: finding, sorting, duplicating, thumbnails, and the trash."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Locator, expect
from support.running.browser import ROWS, Device, Project, chart, placed_chart, violations
from support.running.local_stack import LocalStack

type Devices = Callable[..., Device]

NARROW = (390, 844)
KINDS = ("bar", "line", "pie", "number")
LAYOUT = {
    "chartCustomizations": {
        **{kind: placed_chart(kind, kind, (3 * at, 0, 3, 4), xAxis="Region") for at, kind in enumerate(KINDS)},
        "hidden": chart("Hidden", isVisible=False, position={"x": 0, "y": 4, "w": 6, "h": 4}),
    }
}


def names(device: Device) -> Locator:
    """The names of the dashboards that are shown."""
    return device.page.locator(".card h2")


def asked(device: Device) -> list[str]:
    """Collect the queries of the lists that a device asks for."""
    queries: list[str] = []
    device.page.on(
        "request", lambda each: queries.append(each.url.partition("?")[2]) if "/api/projects?" in each.url else None
    )
    return queries


def tiles(device: Device, name: str) -> Locator:
    card = device.page.get_by_role("listitem").filter(has=device.page.get_by_role("link", name=name, exact=True))
    return card.locator(".thumbnail rect")


def test_a_search_finds_own_and_shared_dashboards_on_every_page(
    device: Device, calls: httpx.Client, user: str, stack: LocalStack
) -> None:
    """Only a search or another order loads more than the first page; it finds own and shared dashboards by name."""
    with stack.client(f"owner-of-{user}") as owner:
        Project(owner, None, name="North, shared").share(calls, "viewer")
        Project(owner, None, name="South, shared").share(calls, "viewer")
    for number in range(30):
        Project(calls, None, name="North, the oldest" if number == 0 else f"Region {number}")
    queries = asked(device)
    device.page.goto("/")
    expect(names(device)).to_have_count(24 + 2)
    device.page.wait_for_load_state("networkidle")
    assert sorted(queries) == ["limit=24", "scope=shared&limit=25"]
    device.page.get_by_label("Search by name").fill("NORTH")
    expect(names(device)).to_have_text(["North, the oldest", "North, shared"])
    expect(device.page.get_by_role("status").filter(has_text="2 dashboards found")).to_be_visible()
    assert len([each for each in queries if each.startswith("limit=100&cursor=")]) == 1
    device.page.get_by_label("Search by name").fill("<b>nowhere</b>")
    expect(device.page.get_by_text("No dashboard's name has “<b>nowhere</b>”.")).to_be_visible()
    expect(names(device)).to_have_count(0)
    device.page.get_by_label("Search by name").fill("")
    device.button("Show more").click()
    expect(names(device)).to_have_count(30 + 2)


def test_a_search_that_cannot_load_everything_says_so(device: Device, calls: httpx.Client) -> None:
    """A search that could not see all dashboards shows what it has found and why, and goes on when asked to."""
    for number in range(26):
        Project(calls, None, name=f"Region {number}")
    device.page.goto("/")
    expect(names(device)).to_have_count(24)
    problem = {"type": "urn:problem:forbidden", "detail": "This is not allowed."}
    device.answer("GET", "/api/projects.*cursor=", 403, problem)
    device.page.get_by_label("Search by name").fill("Region")
    expect(device.page.get_by_role("alert")).to_contain_text("Not all dashboards could be loaded. This is not allowed.")
    device.stop_answering("/api/projects.*cursor=")
    device.button("Try again").click()
    expect(device.page.get_by_text("26 dashboards found")).to_be_visible()


def test_the_order_is_kept_in_this_browser(device: Device, calls: httpx.Client) -> None:
    """Dashboards come by their last change, their names or their creation; the browser keeps what was chosen."""
    first, second, _ = (Project(calls, LAYOUT, name=name) for name in ("Beta 10", "alpha", "Beta 9"))
    for project in (second, first):
        project.save({**LAYOUT, "theme": {"id": "light"}})
    device.page.goto("/")
    expect(names(device)).to_have_text(["Beta 10", "alpha", "Beta 9"])
    device.page.get_by_label("Sort by").select_option("Date created")
    expect(names(device)).to_have_text(["Beta 9", "alpha", "Beta 10"])
    device.page.get_by_label("Sort by").select_option("Name")
    expect(names(device)).to_have_text(["alpha", "Beta 9", "Beta 10"])
    device.reload()
    expect(device.page.get_by_label("Sort by")).to_have_value("name")
    expect(names(device)).to_have_text(["alpha", "Beta 9", "Beta 10"])


def test_the_list_does_not_wait_for_thumbnails(device: Device, make_project: Callable[..., Project]) -> None:
    """The list can be used before the configs are there; then a tile is drawn for each chart that is seen."""
    make_project(LAYOUT)
    held = device.hold("include=dashboardConfig")
    device.page.goto("/")
    expect(names(device)).to_have_text(["Sales"])
    device.comes_to(1, lambda: len(held))
    expect(tiles(device, "Sales")).to_have_count(0)
    held[0].continue_()
    expect(tiles(device, "Sales")).to_have_count(len(KINDS))
    lefts = [box["x"] for box in map(Locator.bounding_box, tiles(device, "Sales").all()) if box]
    assert lefts == sorted(set(lefts))


def test_a_duplicate_is_there_at_once(device: Device, make_project: Callable[..., Project]) -> None:
    """A duplicate has the charts and the table, comes first in the list and can be opened; the original stays."""
    make_project(LAYOUT)
    device.page.goto("/")
    expect(tiles(device, "Sales")).to_have_count(len(KINDS))
    device.choose("More for Sales", "Duplicate")
    expect(names(device)).to_have_text(["Sales (copy)", "Sales"])
    expect(tiles(device, "Sales (copy)")).to_have_count(len(KINDS))
    expect(device.page.get_by_text("“Sales” was duplicated.")).to_be_visible()
    device.button("Open").click()
    device.shows(*KINDS)
    expect(device.page.get_by_text(f"sales.csv · {len(ROWS)} rows")).to_be_visible()
    expect(device.page.get_by_role("heading", name="Sales (copy)", level=1)).to_be_visible()


def test_a_deleted_dashboard_is_restored_from_the_trash(device: Device, project: Project) -> None:
    """The trash has what was deleted and for how long, restores it with its charts and its table, and is empty then."""
    device.page.goto("/")
    device.choose("More for Sales", "Delete")
    expect(device.page.get_by_role("heading", name="No dashboards yet")).to_be_visible()
    device.page.get_by_role("link", name="Trash").click()
    deleted = device.page.get_by_role("listitem").filter(has_text="Sales")
    expect(deleted).to_contain_text(re.compile("Deleted just now · (29|30) days left to restore it"))
    device.button("Restore Sales").click()
    expect(device.page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    expect(device.page.get_by_text("“Sales” was restored.")).to_be_visible()
    device.button("Open").click()
    device.shows("Revenue", "Units")
    assert project.document["version"] == 1


def test_a_shared_dashboard_offers_what_its_role_allows(
    make_device: Devices, project: Project, user: str, stack: LocalStack
) -> None:
    """A card says who shares a dashboard and what one may do; editors rename it, viewers only copy it."""
    device = make_device(f"guest-of-{user}")
    with stack.client(f"guest-of-{user}") as guest:
        project.share(guest, "editor")
    device.page.goto("/")
    expect(device.page.get_by_text(re.compile("You can edit · from "))).to_be_visible()
    device.choose("More for Sales", "Rename")
    device.dialog.get_by_label("Name").fill("Sales of all")
    device.button("Rename", device.dialog).click()
    expect(names(device)).to_have_text(["Sales of all"])
    project.set_role("viewer")
    device.reload()
    expect(device.page.get_by_text(re.compile("You can view · from "))).to_be_visible()
    device.button("More for Sales of all").click()
    expect(device.page.get_by_role("menuitem")).to_have_text(["Make my own copy"])


@pytest.mark.parametrize("size", [None, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_of_the_list_has_a_violation(
    make_device: Devices, project: Project, size: tuple[int, int] | None, scheme: str
) -> None:
    """In light and dark, wide and narrow, axe-core finds nothing in the list, a menu, a search and the trash."""
    device = make_device(color_scheme=scheme, **({"size": size} if size else {}))
    page = device.page
    found: dict[str, list[str]] = {}

    def look(view: str) -> None:
        found[view] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view

    page.goto("/")
    expect(tiles(device, "Sales")).to_have_count(2)
    device.button("More for Sales").click()
    look("a menu")
    page.keyboard.press("Escape")
    page.get_by_label("Search by name").fill("nowhere")
    expect(page.get_by_text("No dashboard's name has")).to_be_visible()
    look("a search")
    page.get_by_label("Search by name").fill("")
    project.delete()
    page.get_by_role("link", name="Trash").click()
    expect(device.button("Restore Sales")).to_be_visible()
    look("the trash")
    assert {view: each for view, each in found.items() if each} == {}
