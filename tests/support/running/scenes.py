"""The views of the page, each led to as a user would: things are found by role and name."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import expect
from support.running.browser import ROWS, Device, Json, Project, chart, placed_chart
from support.running.studio import Studio

SAMPLES: Final = Path(__file__).resolve().parents[2] / "node_modules" / "vega-datasets" / "data"
TWO: Final = {"chartCustomizations": {"a": chart("Revenue"), "b": chart("Units", 6)}}
COUNTRIES: Final = ("Germany", "United Kingdom", "Bosnia and Herzegovina", "France", "Saint Vincent and the Grenadines")
SALES: Final = [
    {
        "Date": str(date(2025, 1, 1) + timedelta(days=number * 3)),
        "Country": COUNTRIES[number * number % len(COUNTRIES)],
        "Product": f"Product {number % 7 + 1}",
        "Channel": ("Online", "Store", "Partner")[number % 3],
        "Revenue": round(120 + number * 3.25 + number % 11 * 41, 2),
        "Units": 1 + number % 13,
    }
    for number in range(240)
]


KINDS: Final = {
    "total": placed_chart("Total revenue", "number", (0, 0, 3, 2), yAxis="Revenue", aggregate="sum"),
    "orders": placed_chart("Orders", "number", (0, 2, 3, 2), aggregate="count"),
    "time": placed_chart("Revenue over time", "line", (3, 0, 9, 4), xAxis="Date", yAxis="Revenue", aggregate="sum"),
    "country": placed_chart(
        "Revenue by country", "bar", (0, 4, 4, 4), xAxis="Country", yAxis="Revenue", aggregate="sum"
    ),
    "product": placed_chart("Units by product", "bar", (4, 4, 4, 4), xAxis="Product", yAxis="Units", aggregate="mean"),
    "channel": placed_chart(
        "Revenue by channel", "pie", (8, 4, 4, 4), xAxis="Channel", yAxis="Revenue", aggregate="sum"
    ),
    "area": placed_chart("Units over time", "area", (0, 8, 6, 4), xAxis="Date", yAxis="Units", aggregate="sum"),
    "points": placed_chart("Revenue and units", "scatter", (6, 8, 6, 4), xAxis="Units", yAxis="Revenue"),
    "bins": placed_chart("Orders by revenue", "bar", (0, 12, 6, 4), xAxis="Revenue", aggregate="count"),
    "gone": placed_chart(
        "By a column that is gone", "bar", (6, 12, 6, 4), xAxis="Store", yAxis="Revenue", aggregate="sum"
    ),
}
EUROS: Final = {"style": "currency", "currency": "EUR"}
REVENUE: Final = {"yAxis": "Revenue", "aggregate": "sum"}
TEXT: Final = """\
## What this is

Revenue of **five countries**, *as booked*, from the [shop](https://shop.example/reports).

- Returns are taken off
- `Channel` is where it was sold
  1. Online
  2. Store

> The last month is not complete.

| Channel | Goal |
|---------|-----:|
| Online  |   40 |
| Store   |   35 |
"""


def _series(title: str, kind: str, place: tuple[int, int, int, int], mapping: Json, **members: Any) -> Json:
    return chart(title, kind=kind, position=dict(zip("xywh", place, strict=True)), dataMapping=mapping, **members)


SERIES: Final = {
    "stacked": _series(
        "Revenue by country and channel",
        "bar",
        (0, 0, 6, 5),
        {"xAxis": "Country", **REVENUE, "splitBy": "Channel"},
        isStacked=True,
        format=EUROS,
    ),
    "beside": _series(
        "Units by channel and country",
        "bar",
        (6, 0, 6, 5),
        {"xAxis": "Channel", "yAxis": "Units", "splitBy": "Country"},
    ),
    "split": _series(
        "Revenue over time by channel",
        "line",
        (0, 5, 8, 4),
        {"xAxis": "Date", **REVENUE, "splitBy": "Channel", "grain": "quarter"},
    ),
    "figure": _series("Revenue", "number", (8, 5, 4, 2), REVENUE, format=EUROS),
    "share": _series(
        "Share", "number", (8, 7, 4, 2), {"yAxis": "Units", "aggregate": "mean"}, format={"style": "percent"}
    ),
    "two": _series(
        "Revenue and units by month",
        "line",
        (0, 9, 6, 4),
        {"xAxis": "Date", **REVENUE, "second": {"yAxis": "Units", "aggregate": "mean"}, "grain": "month"},
        format=EUROS,
    ),
    "both": _series(
        "Revenue and orders by product",
        "bar",
        (6, 9, 6, 4),
        {"xAxis": "Product", **REVENUE, "second": {"aggregate": "count"}, "sort": "name"},
        color="indigo",
    ),
    "lying": _series(
        "Three largest products",
        "bar",
        (0, 13, 4, 4),
        {"xAxis": "Product", **REVENUE, "limit": 3},
        isHorizontal=True,
        color="pink",
    ),
    "area": _series(
        "Units over time, stacked",
        "area",
        (4, 13, 8, 4),
        {"xAxis": "Date", "yAxis": "Units", "splitBy": "Product", "grain": "month"},
        isStacked=True,
    ),
    "table": _series(
        "Orders",
        "table",
        (0, 17, 7, 5),
        {"columns": ["Date", "Country", "Revenue", "Units"], "orderBy": {"column": "Revenue", "isDescending": True}},
        format=EUROS,
    ),
    "text": _series("About", "text", (7, 17, 5, 5), {}, text=TEXT),
}
FILTERS: Final = [
    {"id": "country", "column": "Country", "operator": "in", "values": ["Germany", "France", "United Kingdom"]},
    {"id": "day", "column": "Date", "operator": "between", "values": ["2025-03-01", "2026-06-30"]},
    {"id": "units", "column": "Units", "operator": "between", "values": [2, None]},
]


def dashboards(studio: Studio) -> None:
    """The list: empty, with some, an unsaved one, a menu, a form, a removal, many, a search, failing; the trash."""
    user = studio.user()
    device = studio.device(user)
    device.page.goto("/")
    expect(device.page.get_by_role("heading", name="No dashboards yet")).to_be_visible()
    studio.take(device, "list-empty")
    for name in ("Marketing", "A dashboard whose name is much longer than there is room for in its card"):
        studio.project(user, None, None, name)
    edited = studio.project(user, TWO, ROWS)
    device.open(edited.id).retitle("Revenue", "Not saved").keeps(1)
    device.page.get_by_role("link", name="All dashboards").click()
    expect(device.page.get_by_text("Unsaved changes")).to_be_visible()
    studio.take(device, "list-unsaved")
    device.button("New dashboard").click()
    studio.take(device, "list-new")
    device.page.keyboard.press("Escape")
    device.button("More for Marketing").click()
    studio.take(device, "list-menu")
    device.page.keyboard.press("Escape")
    device.choose("More for Marketing", "Delete")
    expect(device.button("Undo")).to_be_visible()
    studio.take(device, "list-deleted")
    _trash(studio, device)
    for number in range(25):
        charts = dict(list(KINDS.items())[: number % 4 * 3])
        studio.project(user, {"chartCustomizations": charts}, SALES[:9], f"Region {number + 1}")
    device.page.goto("/")
    expect(device.button("Show more")).to_be_attached()
    studio.take_all(device, "list-many", most=2)
    device.page.evaluate("scrollTo(0, 0)")
    device.page.get_by_label("Search by name").fill("region 1")
    expect(device.page.get_by_text("11 dashboards found")).to_be_visible()
    studio.take(device, "list-search")
    device.page.get_by_label("Search by name").fill("nowhere")
    expect(device.page.get_by_text("No dashboard's name has “nowhere”.")).to_be_visible()
    studio.take(device, "list-search-empty")
    device.answer("GET", "/api/projects", 403, {"type": "urn:problem:forbidden", "detail": "This is not allowed."})
    device.reload()
    expect(device.button("Try again")).to_be_visible()
    studio.take(device, "list-failing")


def _trash(studio: Studio, device: Device) -> None:
    """The trash: with deleted dashboards, after one was restored, and empty."""
    device.page.get_by_role("link", name="Trash").click()
    expect(device.button("Restore Marketing")).to_be_visible()
    studio.take(device, "trash")
    device.button("Restore Marketing").click()
    expect(device.page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    studio.take(device, "trash-empty")


def beginning(studio: Studio) -> None:
    """A dashboard without anything: loading, without a table, with suggestions, with a table and no charts."""
    user = studio.user()
    empty = studio.project(user, None, None)
    device = studio.device(user)
    studio.hold(device, "/api/")
    device.open(empty.id)
    expect(device.page.locator(".loading")).to_be_visible()
    studio.take(device, "loading")
    device = studio.device(user).open(empty.id)
    expect(device.button("Use sample data")).to_be_visible()
    studio.take(device, "no-table")
    device.button("Use sample data").click()
    expect(device.page.get_by_role("article").first).to_be_visible()
    device.page.wait_for_load_state("networkidle")
    studio.take_all(device, "suggested")
    device = studio.device(user).open(studio.project(user, None, ROWS).id)
    expect(device.button("Suggest charts")).to_be_visible()
    studio.take(device, "no-charts")
    device.open("nowhere")
    expect(device.page.get_by_role("heading", name="Dashboard not found")).to_be_visible()
    studio.take(device, "not-found")


def charts(studio: Studio) -> None:
    """Charts of each kind with the tools of a card and a tooltip, many, small ones, filters and hidden charts."""
    user = studio.user()
    config = {"chartCustomizations": KINDS}
    device = studio.device(user).open(studio.project(user, config, SALES).id)
    _drawn(device)
    studio.take_all(device, "charts")
    device.page.evaluate("scrollTo(0, 0)")
    drawing = device.card("Revenue over time").get_by_role("img")
    drawing.scroll_into_view_if_needed()
    drawing.hover()
    studio.take(device, "tooltip")
    many = {
        f"{key}{copy}": {**each, "position": {**each["position"], "y": each["position"]["y"] + 16 * copy}}
        for copy in range(3)
        for key, each in KINDS.items()
    }
    device.open(studio.project(user, {"chartCustomizations": many}, SALES).id)
    _drawn(device)
    studio.take_all(device, "many", most=2)
    small = {
        key: {**each, "position": {"x": number % 6 * 2, "y": number // 6 * 2, "w": 2, "h": 2}}
        for number, (key, each) in enumerate(KINDS.items())
    }
    device.open(studio.project(user, {"chartCustomizations": small}, SALES).id)
    _drawn(device)
    studio.take(device, "small")
    hidden = {key: {**each, "isVisible": key in {"total", "time"}} for key, each in KINDS.items()}
    device.open(studio.project(user, {"chartCustomizations": hidden, "filters": FILTERS}, SALES).id)
    _drawn(device)
    studio.take_all(device, "filters-and-hidden", most=2)


def series(studio: Studio) -> None:
    """Charts of several series with legends and tooltips, formats and colours, and cards with a table and a text."""
    user = studio.user()
    device = studio.device(user).open(studio.project(user, {"chartCustomizations": SERIES}, SALES).id)
    _drawn(device)
    studio.take_all(device, "series")
    for title in ("Revenue by country and channel", "Revenue and units by month"):
        drawing = device.card(title).get_by_role("img")
        drawing.scroll_into_view_if_needed()
        drawing.hover()
        studio.take(device, f"series-tooltip-{'two' if 'units' in title else 'split'}")
    small = {
        key: {**each, "position": {"x": number % 6 * 2, "y": number // 6 * 2, "w": 2, "h": 2}}
        for number, (key, each) in enumerate(SERIES.items())
    }
    device.open(studio.project(user, {"chartCustomizations": small}, SALES).id)
    _drawn(device)
    studio.take(device, "series-small")


def real_tables(studio: Studio) -> None:
    """The charts that are suggested for real tables."""
    user = studio.user()
    for file in ("cars.json", "gapminder.json", "airports.csv", "movies.json"):
        device = studio.device(user).open(studio.project(user, None, None, file).id)
        device.page.get_by_label("Upload a file").set_input_files(SAMPLES / file)
        expect(device.page.get_by_role("article").first).to_be_visible()
        device.page.wait_for_load_state("networkidle")
        studio.take_all(device, f"table-{file.partition('.')[0]}", most=3)


def forms(studio: Studio) -> None:
    """The dialogs: chart, filter, download, name; and what is left after an edit was undone or discarded."""
    user = studio.user()
    device = studio.device(user).open(studio.project(user, {"chartCustomizations": KINDS}, SALES).id)
    _drawn(device)
    device.button("Add chart").click()
    studio.take(device, "form-add-chart")
    device.page.keyboard.press("Escape")
    device.card("Revenue by country").hover()
    device.button("Edit Revenue by country").click()
    studio.take(device, "form-edit-chart")
    device.dialog.get_by_label("Split by").select_option("Channel")
    device.dialog.get_by_text("More options").click()
    device.dialog.get_by_label("Number format").select_option("Currency")
    expect(device.dialog.locator(".legend")).to_contain_text("Online")
    studio.take(device, "form-edit-chart-more")
    device.button("Cancel", device.dialog).click()
    device.button("Add filter").click()
    device.dialog.get_by_label("Column").select_option("Country")
    expect(device.dialog.get_by_role("checkbox").first).to_be_visible()
    studio.take(device, "form-filter-choices")
    device.dialog.get_by_label("Column").select_option("Revenue")
    studio.take(device, "form-filter-range")
    device.dialog.get_by_label("Column").select_option("Date")
    device.dialog.get_by_label("Condition").select_option("is in the last")
    studio.take(device, "form-filter-last")
    device.page.keyboard.press("Escape")
    device.page.keyboard.press("Escape")
    device.card("Revenue by country").get_by_role("img").focus()
    device.page.keyboard.press("ArrowRight")
    expect(device.page.get_by_title("Only while you look")).to_be_visible()
    studio.take(device, "filtered-by-a-click")
    device.page.keyboard.press("Escape")
    for name in ("Download CSV", "Rename dashboard"):
        device.button(name).click()
        studio.take(device, f"form-{name.partition(' ')[0].lower()}")
        device.page.keyboard.press("Escape")
    expect(device.dialog).to_have_count(0)
    device.add_chart("Added")
    expect(device.card("Added")).to_be_visible()
    studio.take(device, "added")
    device.hide_chart("Total revenue")
    studio.take(device, "hidden-toast")
    device.remove_chart("Orders")
    expect(device.page.get_by_text("“Orders” was removed.")).to_be_visible()
    studio.take(device, "removed-toast")
    device.button("Discard changes").click()
    studio.take(device, "form-discard")


def data(studio: Studio) -> None:
    """The data: its rows, sorted and searched, its columns with notes, its uploads; and as a viewer sees it."""
    owner, viewer = studio.user(), studio.user()
    project = studio.project(owner, {"chartCustomizations": KINDS}, SALES)
    device = studio.device(owner).open(project.id)
    _drawn(device)
    device.button("Data").click()
    expect(device.dialog.get_by_text("Rows 1")).to_be_visible()
    studio.take(device, "data-rows")
    device.dialog.get_by_role("button", name="Revenue").click()
    device.dialog.get_by_role("searchbox").fill("zzz")
    expect(device.dialog.get_by_text("No row matches")).to_be_visible()
    studio.take(device, "data-no-match")
    device.dialog.get_by_role("searchbox").fill("a")
    expect(device.dialog.get_by_text("rows match")).to_be_visible()
    studio.take(device, "data-searched")
    device.button("Close").click()
    german = (
        "Region;Revenue;A name that is longer than most of them;Day\nNorth;1.234,50;;31.12.2026\nSouth;;x;1.1.2026\n"
    )
    device.page.get_by_label("Replace").set_input_files(_file("german.csv", german))
    expect(device.button("Read as number: 1.234,50 → 1234.5")).to_be_visible()
    device.open_columns()
    studio.take(device, "data-columns")
    device.button("Read as number: 1.234,50 → 1234.5", device.dialog).click()
    expect(device.dialog.get_by_text("is now read as number")).to_be_visible()
    device.dialog.get_by_role("tab", name="Rows").click()
    studio.take(device, "data-rows-few")
    device.dialog.get_by_role("tab", name="Uploads").click()
    expect(device.button("Use this one again").first).to_be_visible()
    studio.take(device, "data-uploads")
    other = studio.device(viewer)
    other.page.goto(f"/#/invitations/{project.invite('viewer')}")
    other.button("Accept invitation").click()
    other.open_columns()
    expect(other.dialog.get_by_role("row").nth(2)).to_be_visible()
    studio.take(other, "data-columns-of-a-viewer")


def history(studio: Studio) -> None:
    """The history: days, a run of automatic saves, the changes of a version, which cannot be taken back, a preview."""
    user = studio.user()
    project = studio.project(user, {"chartCustomizations": KINDS}, SALES)
    changed = {**KINDS, "time": {**KINDS["time"], "title": "By month", "kind": "area"}}
    project.save({"chartCustomizations": {name: each for name, each in changed.items() if name != "gone"}})
    again = {**changed, "time": {**changed["time"], "title": "Revenue by month"}}
    project.save({"chartCustomizations": again, "filters": FILTERS, "theme": {"id": "system"}})
    for title in ("Revenue, monthly", "Monthly revenue", "Revenue a month"):
        project.autosave({"chartCustomizations": {"time": {"title": title}}})
    device = studio.device(user).open(project.id)
    _drawn(device)
    device.button("History").click()
    entry = device.dialog.get_by_role("button", name=re.compile("^Version 2"))
    expect(entry).to_contain_text("renamed to “By month”")
    studio.take(device, "history")
    device.dialog.get_by_role("button", name=re.compile("^Versions 4.6")).click()
    expect(device.dialog.get_by_role("button", name=re.compile("^Version 5"))).to_contain_text("renamed")
    studio.take(device, "history-run")
    entry.click()
    expect(device.dialog.get_by_text("Taking back:")).to_be_visible()
    entry.scroll_into_view_if_needed()
    studio.take(device, "history-changes")
    device.dialog.get_by_label("Changes since").select_option(index=2)
    expect(device.dialog.get_by_text("Changes until")).to_be_visible()
    studio.take(device, "history-compared")
    device.button("Take back changes").click()
    expect(device.dialog.get_by_role("alert")).to_be_visible()
    device.dialog.get_by_role("alert").scroll_into_view_if_needed()
    studio.take(device, "history-refused")
    device.button("Preview").click()
    expect(device.button("Restore this version")).to_be_visible()
    studio.take(device, "preview")


def saving(studio: Studio) -> None:
    """The states of saving: unsaved, offline, refused, signed out, deleted elsewhere, left behind."""
    user = studio.user()
    device = _edited(studio, user)[0]
    studio.take(device, "saving-unsaved")
    device.page.evaluate("scrollBy(0, 500)")
    studio.take(device, "saving-unsaved-scrolled")
    device.page.evaluate("scrollTo(0, 0)")
    device.lose_network()
    device.button("Save").click()
    device.says("Offline")
    studio.take(device, "saving-offline")
    device, _ = _edited(studio, user)
    problem = {"type": "urn:problem:config-too-large", "detail": "The config has 300,043 bytes; 262,144 are allowed."}
    device.answer("PATCH", "/config", 413, problem)
    device.button("Save").click()
    device.says("Not saved")
    studio.take(device, "saving-refused")
    device.button("Dismiss").click()
    studio.take(device, "saving-refused-dismissed")
    device, _ = _edited(studio, user)
    device.context.route(re.compile("/local/token"), lambda route: route.fulfill(status=401, json={}))
    device.answer("PATCH", "/config", 401, {"type": "urn:problem:unauthorized", "detail": "The token has expired."})
    device.button("Save").click()
    device.says("Signed out")
    studio.take(device, "saving-signed-out")
    device, project = _edited(studio, user)
    project.delete()
    device.button("Save").click()
    device.says("Deleted")
    studio.take(device, "saving-deleted")
    old = {"good": chart("From before"), "bad": chart("<script>alert(1)</script>", 6)}
    device = studio.device(user).remember(chartCustomizations=json.dumps(old))
    device.open(studio.project(user, None, ROWS).id)
    expect(device.page.get_by_text("could not be moved")).to_be_visible()
    studio.take(device, "saving-left-behind")


def conflict(studio: Studio) -> None:
    """A conflict of several places: the comparison, and the banner when it was closed."""
    device, project = _edited(studio, studio.user())
    device.choose_theme("Dark").filter("Region", "North")
    theirs = project.config
    theirs["chartCustomizations"]["a"] |= {"title": "Revenue of the team", "kind": "pie"}
    theirs["theme"] = {"id": "light"}
    theirs["chartCustomizations"]["b"]["dataMapping"]["yAxis"] = "Units"
    project.save(theirs)
    device.button("Save").click()
    expect(device.dialog).to_be_visible()
    studio.take(device, "conflict")
    device.page.keyboard.press("Escape")
    expect(device.dialog).to_have_count(0)
    studio.take(device, "conflict-banner")


def sharing(studio: Studio) -> None:
    """Sharing by the owner: an invitation, a public link, the people, also as an editor sees them."""
    owner, editor = studio.user(), studio.user()
    project = studio.project(owner, {"chartCustomizations": KINDS, "filters": FILTERS}, SALES)
    device, other = studio.device(owner).open(project.id), studio.device(editor)
    _drawn(device)
    device.button("Share").click()
    device.dialog.get_by_label("They").select_option("can edit")
    device.button("Create invitation link").click()
    link = device.dialog.get_by_label("Copy this link now")
    expect(link).to_be_focused()
    studio.take(device, "share-invitation")
    other.page.goto(link.input_value())
    expect(other.button("Accept invitation")).to_be_visible()
    studio.take(other, "invitation")
    other.button("Accept invitation").click()
    _drawn(other)
    studio.take(other, "editor")
    other.button("People").click()
    expect(other.button("Leave this dashboard")).to_be_visible()
    studio.take(other, "people-of-an-editor")
    other.page.goto(f"/#/invitations/{'x' * 43}")
    expect(other.page.get_by_role("heading", name="This invitation is not valid any more")).to_be_visible()
    studio.take(other, "invitation-not-valid")
    project.invite("viewer")
    device.reload().button("Share").click()
    device.button("Create public link").click()
    expect(device.dialog.get_by_label("Copy this link now")).to_be_focused()
    studio.take(device, "share")
    device.button(f"Remove {editor}", device.dialog).click()
    studio.take(device, "share-removing")


def shared(studio: Studio) -> None:
    """What others share: the list, a dashboard as a viewer and the public see it, a copy, and leaving."""
    owner, viewer = studio.user(), studio.user()
    project = studio.project(owner, {"chartCustomizations": KINDS, "filters": FILTERS}, SALES)
    device = studio.device(viewer)
    device.page.goto(f"/#/invitations/{project.invite('viewer')}")
    device.button("Accept invitation").click()
    _drawn(device)
    studio.take(device, "viewer")
    device.button("Make my own copy").click()
    studio.take(device, "copy")
    device.page.keyboard.press("Escape")
    device.button("People").click()
    device.button("Leave this dashboard").click()
    studio.take(device, "viewer-leaving")
    device.page.goto("/#/")
    expect(device.page.get_by_role("heading", name="Shared with me")).to_be_visible()
    studio.take(device, "list-shared")
    studio.project(viewer, None, None, "My own")
    device.reload()
    for name in ("My own", "Sales"):
        expect(device.page.get_by_role("link", name=name)).to_be_visible()
    studio.take(device, "list-own-and-shared")
    anyone = studio.device("nobody")
    anyone.page.goto(f"/#/links/{project.link()}")
    _drawn(anyone)
    studio.take(anyone, "public-link")
    anyone.page.goto(f"/#/links/{'x' * 43}")
    expect(anyone.page.get_by_role("heading", name="This link does not exist any more")).to_be_visible()
    studio.take(anyone, "public-link-gone")


def together(studio: Studio) -> None:
    """Two people on one dashboard: names, content taken out of history, a smaller role, the end of access."""
    owner, editor = studio.user(), studio.user()
    project = studio.project(owner, {"chartCustomizations": KINDS}, SALES)
    device, other = studio.device(owner), studio.device(editor)
    other.page.goto(f"/#/invitations/{project.invite('editor')}")
    other.button("Accept invitation").click()
    _drawn(other)
    other.retitle("Revenue over time", "Revenue by month").save()
    device.open(project.id).button("History").click()
    expect(device.dialog.get_by_text("You", exact=True)).to_be_visible()
    studio.take(device, "history-names")
    device.dialog.get_by_role("button", name=re.compile("^Version 1")).click()
    device.button("Remove content").click()
    studio.take(device, "history-removing")
    device.button("Remove for good").click()
    expect(device.dialog.get_by_text("taken out").first).to_be_visible()
    studio.take(device, "history-removed")
    other.retitle("Revenue by month", "Mine").says("Not saved yet")
    theirs = project.config
    theirs["chartCustomizations"]["time"]["title"] = "Theirs"
    project.save(theirs)
    other.button("Save").click()
    expect(other.dialog.get_by_text(re.compile("also changed by user-"))).to_be_visible()
    studio.take(other, "conflict-names")
    other.page.keyboard.press("Escape")
    project.set_role("viewer")
    other.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(other.page.get_by_text("You can view this dashboard, not change it.").first).to_be_visible()
    studio.take(other, "became-viewer")
    project.remove_member()
    other.page.evaluate("dispatchEvent(new Event('focus'))")
    other.warns("no longer shared with you")
    studio.take(other, "access-ended")


def live(studio: Studio) -> None:
    """What others change while a dashboard is open: who it was, beside other messages, and what waits for a save."""
    owner, editor = studio.user(), studio.user()
    project = studio.project(owner, {"chartCustomizations": KINDS}, SALES)
    device, other = studio.device(owner), studio.device(editor)
    other.page.goto(f"/#/invitations/{project.invite('editor')}")
    other.button("Accept invitation").click()
    device.open(project.id)
    for each in (device, other):
        _drawn(each)
        expect(each.page.get_by_text("Live", exact=True)).to_be_visible()
    studio.take(device, "live")
    other.retitle("Revenue over time", "Revenue by month").save()
    expect(device.page.get_by_text("renamed “Revenue over time”")).to_be_visible()
    studio.take(device, "live-changed")
    device.remove_chart("Revenue by month")
    expect(device.button("Undo", device.page.locator(".toast"))).to_be_visible()
    studio.take(device, "live-changed-and-removed")
    device.button("Dismiss").click()
    other.retitle("Revenue by month", "Revenue").save()
    expect(device.page.get_by_text("You get these changes when you save.")).to_be_visible()
    studio.take(device, "live-waiting")


def uploads(studio: Studio) -> None:
    """Files: dropped, sent, refused, and with notes on the columns."""
    user = studio.user()
    device = studio.device(user).open(studio.project(user, TWO, ROWS).id)
    _drawn(device)
    device.page.evaluate("""() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["a,b"], "orders.csv"));
        document.body.dispatchEvent(new DragEvent("dragenter", { dataTransfer, bubbles: true }));
        document.body.dispatchEvent(new DragEvent("dragover", { dataTransfer, bubbles: true, cancelable: true }));
    }""")
    studio.take(device, "upload-drop")
    device.page.evaluate("dispatchEvent(new DragEvent('dragleave'))")
    device.page.get_by_label("Replace").set_input_files(_file("german.csv", "Region;Revenue\nNorth;1.234,50\n"))
    expect(device.button("Read as number: 1.234,50 → 1234.5")).to_be_visible()
    studio.take(device, "upload-notes")
    for view, file in (
        ("refused-row", _file("broken.csv", "a,b\n1,2\n3\n")),
        ("refused-empty", _file("header.csv", "Region,Revenue\n")),
        ("refused-type", _file("report.pdf", "%PDF-1.7 …")),
    ):
        device.page.get_by_label("Replace").set_input_files(file)
        expect(device.page.get_by_role("alert")).to_be_visible()
        studio.take(device, f"upload-{view}")
    studio.hold(device, "/dashkeep-bucket")
    device.page.get_by_label("Replace").set_input_files(_file("long.csv", "a,b\n" + "1,2\n" * 500_000))
    expect(device.page.get_by_text("Sending")).to_be_visible()
    studio.take(device, "upload-sending")


def _drawn(device: Device) -> None:
    expect(device.page.locator("article canvas").first).to_be_attached()
    device.page.wait_for_load_state("networkidle")


def _edited(studio: Studio, user: str) -> tuple[Device, Project]:
    """Open a new dashboard, and retitle a chart without saving."""
    project = studio.project(user, TWO, ROWS)
    device = studio.device(user).open(project.id)
    _drawn(device)
    return device.retitle("Revenue", "Revenue in Q3"), project


def _file(name: str, text: str) -> Any:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


SCENES: Final[dict[str, Callable[[Studio], None]]] = {
    scene.__name__: scene
    for scene in (
        dashboards,
        beginning,
        charts,
        series,
        real_tables,
        forms,
        data,
        history,
        saving,
        conflict,
        sharing,
        shared,
        together,
        live,
        uploads,
    )
}
