"""The page itself: dashboards made from tables, safety against scripts in text, and accessibility."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from support.running.browser import ROWS, WIDE, Device, Project, chart, violations

type Devices = Callable[..., Device]

NARROW = (390, 844)


# --- tables and charts ---


def test_a_table_becomes_a_dashboard(device: Device, make_project: Callable[..., Project], tmp_path: Path) -> None:
    """An uploaded CSV file brings the charts that its columns suggest, which are saved like any edit."""
    project = make_project(config=None, rows=None)
    table = tmp_path / "orders.csv"
    table.write_text("Date,City,Price\n2026-01-01,Bonn,1.5\n2026-02-01,Kiel,2.5\n2026-03-01,Bonn,4\n")
    device.open(project.id)
    device.page.get_by_label("Upload a file").set_input_files(table)
    device.shows("Total Price", "Price over time", "Price by City")
    expect(device.page.get_by_text("orders.csv · 3 rows")).to_be_visible()
    expect(device.card("Total Price")).to_contain_text("8")
    device.save()
    assert sorted(each["kind"] for each in project.charts.values()) == ["bar", "line", "number"]


def test_a_malformed_file_is_refused_with_its_location(
    device: Device, make_project: Callable[..., Project], tmp_path: Path
) -> None:
    """A malformed file is refused with the row and column of the error, and the page still works."""
    table = tmp_path / "broken.csv"
    table.write_text("a,b\n1,2\n3\n")
    device.open(make_project(config=None, rows=None).id)
    device.page.get_by_label("Upload a file").set_input_files(table)
    expect(device.page.get_by_role("alert")).to_contain_text(
        re.compile("“broken.csv” was not uploaded.*Row 2, column “b”")
    )
    device.button("Use sample data").click()
    expect(device.page.get_by_text("orders.csv · 1,500 rows")).to_be_visible()


def test_filters_filter(device: Device, project: Project) -> None:
    """A filter changes what every chart shows; removing it shows all rows again."""
    drawn = device.open(project.id).card("Revenue").get_by_role("img")
    expect(drawn).to_have_accessible_name(re.compile("^Revenue. 3 bars"))
    device.filter("Region", "North", "South")
    expect(drawn).to_have_accessible_name(re.compile("^Revenue. 2 bars"))
    expect(device.page.get_by_text("12 rows of 18")).to_be_visible()
    device.button("Add filter").click()
    device.dialog.get_by_label("Column").select_option("Day")
    device.dialog.get_by_label("From").fill("2026-05-01")
    device.button("Apply", device.dialog).click()
    expect(device.page.get_by_text("4 rows of 18")).to_be_visible()
    device.button("Remove the filter Region: North, South").click()
    expect(device.page.get_by_text("6 rows of 18")).to_be_visible()
    device.save()
    kept = [(each["column"], each["operator"], each["values"]) for each in project.config["filters"]]
    assert kept == [("Day", "between", ["2026-05-01", None])]


def test_a_removal_can_be_undone(device: Device, project: Project) -> None:
    """Undoing the removal of a chart leaves nothing to save."""
    device.open(project.id).remove_chart("Revenue").shows("Units")
    device.button("Undo", device.page.locator(".toast")).click()
    device.shows("Revenue", "Units")
    device.says("Version 1")
    expect(device.button("Save")).to_be_disabled()


@pytest.mark.parametrize("kind", ["Bars", "Line", "Area", "Points", "Pie", "Number"])
def test_every_kind_of_chart_is_drawn(device: Device, project: Project, kind: str) -> None:
    """A chart of each kind can be added and saved, and is drawn after a reload."""
    device.open(project.id).button("Add chart").click()
    device.dialog.get_by_label("Title").fill("New one")
    device.dialog.get_by_role("group", name="Type").get_by_text(kind, exact=True).click()
    device.button("Add", device.dialog).click()
    device.save().reload()
    shown = device.card("New one").locator(".figure, canvas")
    expect(shown).to_be_visible()


# --- what the grid corrects ---

OVERLAPPING = {
    "chartCustomizations": {
        "a": chart("Revenue"),
        "b": chart("Units", 3),
        "c": {"title": "Without a place", "kind": "bar", "dataMapping": {"xAxis": "Region", "aggregate": "count"}},
    }
}
ADJUSTED = "Layout adjusted, saved with your next change"


def test_a_corrected_layout_is_saved_with_an_edit_only(device: Device, make_project: Callable[..., Project]) -> None:
    """Charts that overlap or lack a place get one; this alone saves nothing, but the user's next change includes it."""
    project = make_project(OVERLAPPING)
    device.open(project.id)
    device.says(ADJUSTED)
    shown = {name: device.place(name) for name in ("Revenue", "Units", "Without a place")}
    assert len({(each["x"], each["y"]) for each in shown.values()}) == 3
    device.page.get_by_role("switch", name="Autosave").check()
    device.page.wait_for_timeout(2_500)
    device.says(ADJUSTED)
    assert project.document["version"] == 1
    device.keeps(0)
    device.retitle("Units", "Edited")
    device.says(re.compile(r"Saved .*Version 2"))
    positions = {each["title"]: each["position"] for each in project.charts.values()}
    assert positions == {**{name: shown[name] for name in ("Revenue", "Without a place")}, "Edited": shown["Units"]}
    device.reload()
    device.says(re.compile(r"Saved .*Version 2"))


def test_a_corrected_layout_can_be_saved_alone(device: Device, make_project: Callable[..., Project]) -> None:
    """A user who wants a corrected layout to be saved as it is can do so."""
    project = make_project(OVERLAPPING)
    device.open(project.id)
    device.says(ADJUSTED)
    device.save()
    assert project.charts["c"]["position"] == device.place("Without a place")


@pytest.mark.parametrize("size", [NARROW, (720, 900)], ids=["narrow", "at the threshold"])
def test_a_layout_is_corrected_on_twelve_columns_only(
    make_device: Devices, make_project: Callable[..., Project], size: tuple[int, int]
) -> None:
    """Stacked charts are not corrected; where they are side by side, the correction is the same at every width."""
    project, titles = make_project(OVERLAPPING), ("Revenue", "Units", "Without a place")
    wide, device = make_device().open(project.id), make_device(size=size).open(project.id)
    wide.says(ADJUSTED)
    expected = {title: wide.place(title) for title in titles}
    device.says("Saved" if size == NARROW else ADJUSTED)
    for width, height in (WIDE, NARROW, WIDE):
        device.page.set_viewport_size({"width": width, "height": height})
        device.says(ADJUSTED)
    assert {title: device.place(title) for title in titles} == expected


def test_a_move_is_saved_with_what_it_moves(device: Device, project: Project) -> None:
    """A chart that a dragged one pushes away is saved in its new place, and what else its position holds is kept."""
    config = project.config
    config["chartCustomizations"]["a"]["position"]["minW"] = 3
    project.save(config)
    device.open(project.id).shows("Revenue", "Units")
    device.drag("Units", -600, 0).save()
    places = {name: device.place(name) for name in ("Revenue", "Units")}
    assert places["Units"]["x"] == 0
    assert project.charts["a"]["position"] == {**places["Revenue"], "minW": 3}
    assert project.charts["b"]["position"] == places["Units"]


# --- dashboards ---


def test_dashboards_are_created_renamed_deleted_and_restored(device: Device) -> None:
    """A user can create, rename and delete dashboards, and undo a deletion."""
    page = device.page
    page.goto("/")
    device.button("New dashboard").click()
    device.dialog.get_by_label("Name").fill("Sales")
    device.button("Create", device.dialog).click()
    expect(page.get_by_role("heading", name="Sales", level=1)).to_be_visible()
    page.get_by_role("link", name="All dashboards").click()
    device.choose("More for Sales", "Rename")
    device.dialog.get_by_label("Name").fill("Sales 2026")
    device.button("Rename", device.dialog).click()
    expect(page.get_by_role("link", name="Sales 2026")).to_be_visible()
    device.choose("More for Sales 2026", "Delete")
    expect(page.get_by_role("heading", name="No dashboards yet")).to_be_visible()
    device.button("Undo").click()
    expect(page.get_by_role("link", name="Sales 2026")).to_be_visible()


def test_a_double_click_creates_one_dashboard(device: Device, calls: httpx.Client) -> None:
    """Asking twice for a new dashboard creates one."""
    device.page.goto("/")
    device.button("New dashboard").click()
    device.dialog.get_by_label("Name").fill("Only one")
    device.button("Create", device.dialog).dblclick()
    expect(device.page.get_by_role("heading", name="Only one", level=1)).to_be_visible()
    device.page.wait_for_load_state("networkidle")
    assert [each["name"] for each in calls.get("/api/projects").json()["projects"]] == ["Only one"]


def test_another_user_has_other_dashboards(device: Device, project: Project) -> None:
    """Signing in as another user shows nothing of the previous one."""
    device.open(project.id).shows("Revenue", "Units")
    device.page.get_by_label("Signed in as").select_option("user-3")
    expect(device.page.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()
    expect(device.page.locator(f"a[href$='{project.id}']")).to_have_count(0)


def test_a_failing_list_is_shown_as_an_error(device: Device) -> None:
    """Dashboards that cannot be loaded are shown as an error with a retry, not as an empty list."""
    device.answer("GET", "/api/projects", 503, {"type": "urn:problem:storage-unavailable", "detail": "No database."})
    device.page.goto("/")
    expect(device.page.get_by_role("alert")).to_contain_text("No database.")
    device.stop_answering("/api/projects")
    device.button("Try again").click()
    expect(device.page.get_by_role("heading", name="No dashboards yet")).to_be_visible()


# --- untrusted text ---

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "\"><iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "</title><script>alert(1)</script>",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_stored_markup_is_shown_as_text(device: Device, project: Project, attack: str) -> None:
    """Titles, filters, names of files and columns, values and themes from the server are always shown as text."""
    config = {
        "chartCustomizations": {
            "a": chart(attack, dataMapping={"xAxis": attack, "yAxis": "Revenue", "aggregate": "sum"}),
            "b": chart("By what is not there", dataMapping={"xAxis": f"{attack} gone", "yAxis": attack}),
            "c": chart(f"{attack} pie", 6, kind="pie", dataMapping={"xAxis": attack, "aggregate": "count"}),
            "d": chart(f"{attack} hidden", isVisible=False),
        },
        "filters": [{"id": attack, "column": attack, "operator": "in", "values": [attack]}],
        "theme": {"id": attack},
    }
    rows = [{attack: attack, "Revenue": 1}]
    schema = {"fileName": attack, "rowCount": 1, "columnCount": 2, "columnNames": [attack, "Revenue"]}
    types = {attack: "string", "Revenue": "integer"}
    document = {"config": config, "version": 1, "updatedAt": "2026-11-22T09:15:00.000Z"}
    device.answer("GET", r"/config(\?|$)", 200, document)
    device.answer("GET", "/data", 200, {"rawData": rows, "dataSchema": {**schema, "columnTypes": types}, "version": 1})
    device.answer("GET", f"/api/projects/{project.id}$", 200, {"id": project.id, "name": attack})
    device.open(project.id)
    expect(device.page.locator("article h3")).to_have_count(3)
    page = device.page
    expect(page.get_by_role("heading", name=attack, exact=True, level=1)).to_have_text(attack)
    expect(page.get_by_text(f"{attack} · 1 row")).to_be_visible()
    expect(device.card("By what is not there")).to_contain_text(f"“{attack} gone”")
    device.card(attack).get_by_role("img").hover()
    device.button(f"{attack}: {attack}").click()
    expect(device.dialog.get_by_role("checkbox", name=attack, exact=True)).to_be_checked()
    page.keyboard.press("Escape")
    assert device.dialogs == []
    assert page.locator("main :is(script, iframe, img, main a[href^=javascript])").count() == 0


def test_markup_typed_into_the_page_stays_text(device: Device, project: Project) -> None:
    """Harmless markup in a title is saved, loaded and shown as it was typed."""
    device.open(project.id).retitle("Revenue", "a < b & <b>bold</b>").save().reload()
    device.shows("a < b & <b>bold</b>", "Units")
    assert project.charts["a"]["title"] == "a < b & <b>bold</b>"


def test_only_scripts_of_this_server_run(device: Device, project: Project) -> None:
    """The page's own policy blocks scripts that are added to it and markup that is set from a string."""
    device.open(project.id).shows("Revenue", "Units")
    refused = device.page.evaluate("""() => {
        const script = document.createElement("script");
        try { script.text = "window.ran = 1"; } catch { return "refused" }
        document.body.append(script);
        return window.ran ?? "refused";
    }""")
    markup = device.page.evaluate("""() => {
        try { document.createElement("div").innerHTML = "<b>x</b>"; return "taken" } catch { return "refused" }
    }""")
    assert (refused, markup) == ("refused", "refused")
    device.errors.clear()


# --- accessibility and layout ---


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_a_violation(
    make_device: Devices, project: Project, size: tuple[int, int], scheme: str, tmp_path: Path
) -> None:
    """In light and dark, wide and narrow, axe-core finds nothing in any view, and nothing overflows."""
    device = make_device(size=size, color_scheme=scheme)
    page = device.page
    found: dict[str, list[str]] = {}

    def look(view: str) -> None:
        found[view] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view

    page.goto("/")
    expect(page.get_by_role("link", name="Sales")).to_be_visible()
    look("dashboards")
    device.open(project.id).shows("Revenue", "Units")
    device.filter("Region", "North")
    look("a dashboard")
    device.button("Add chart").click()
    look("the form of a chart")
    page.keyboard.press("Escape")
    device.button("Add filter").click()
    look("the form of a filter")
    page.keyboard.press("Escape")
    table = tmp_path / "german.csv"
    table.write_text("Region;Revenue;Day\nNorth;1.234,50;31.12.2026\n")
    page.get_by_label("Replace").set_input_files(table)
    expect(device.button("Read as number: 1.234,50 → 1234.5")).to_be_visible()
    look("the notes on a table")
    device.open_columns()
    look("the columns")
    page.keyboard.press("Escape")
    device.button("Download CSV").click()
    look("the download")
    page.keyboard.press("Escape")
    device.save().button("History").click()
    device.dialog.get_by_role("button", name=re.compile("^Version 2")).click()
    expect(device.dialog).to_contain_text("Filters")
    look("the history")
    page.keyboard.press("Escape")
    device.lose_network()
    device.choose_theme("Dark" if scheme == "dark" else "Light").button("Save").click()
    device.says("Offline")
    look("offline")
    assert {view: each for view, each in found.items() if each} == {}


def test_a_conflict_has_no_violation(make_device: Devices, project: Project) -> None:
    """axe-core finds nothing in the conflict dialog."""
    one, other = make_device().open(project.id), make_device(size=NARROW).open(project.id)
    one.shows("Revenue", "Units")
    other.shows("Revenue", "Units")
    other.retitle("Revenue", "Mine")
    one.retitle("Revenue", "Theirs").save()
    other.button("Save").click()
    expect(other.dialog).to_contain_text("Theirs")
    assert violations(other.page) == []


def test_the_keyboard_does_what_the_mouse_does(device: Device, project: Project) -> None:
    """Charts can be moved, resized, edited and saved without a mouse, and focus returns to where it was."""
    device.open(project.id).shows("Revenue", "Units")
    page, keys = device.page, device.page.keyboard
    handle = device.card("Units").locator(".handle")
    handle.focus()
    keys.press("Shift+ArrowLeft")
    keys.press("Shift+ArrowDown")
    expect(page.get_by_text("Column 7, row 1, 5 wide, 6 high")).to_be_attached()
    keys.press("ArrowRight")
    expect(handle).to_be_focused()
    device.button("Edit Units").focus()
    keys.press("Enter")
    expect(device.dialog.get_by_label("Title")).to_be_focused()
    keys.press("ControlOrMeta+A")
    keys.type("By keyboard")
    keys.press("Enter")
    expect(device.button("Edit By keyboard")).to_be_focused()
    keys.press("ControlOrMeta+s")
    device.says("Version 2")
    assert project.charts["b"]["position"] == {"x": 7, "y": 0, "w": 5, "h": 6}
    assert project.charts["b"]["title"] == "By keyboard"


def test_a_chart_fills_its_card(device: Device, project: Project) -> None:
    """A chart fills its card after either the card or the window is resized."""
    device.open(project.id).shows("Revenue", "Units")
    drawing = device.card("Units").locator("canvas")
    before = drawing.bounding_box()
    handle = device.card("Units").locator(".handle")
    handle.focus()
    device.page.keyboard.press("Shift+ArrowLeft")
    expect(device.page.get_by_text("5 wide")).to_be_attached()
    room = device.card("Units").get_by_role("img")
    for _ in ("the card", "the window"):
        expect(drawing).to_have_js_property("clientWidth", room.evaluate("element => element.clientWidth"))
        device.page.set_viewport_size({"width": 1000, "height": 900})
    after = drawing.bounding_box()
    assert before
    assert after
    assert after["width"] < before["width"]


def test_a_narrow_page_moves_no_chart(make_device: Devices, project: Project) -> None:
    """On a phone, charts are stacked, and an edit there does not change their places on a wide page."""
    before = {name: each["position"] for name, each in project.charts.items()}
    device = make_device(size=NARROW).open(project.id)
    device.shows("Revenue", "Units")
    boxes = [device.card(title).bounding_box() for title in ("Revenue", "Units")]
    assert all(boxes)
    assert boxes[0]["x"] == boxes[1]["x"]  # type: ignore[index]
    device.retitle("Units", "From a phone").save()
    assert {name: each["position"] for name, each in project.charts.items()} == before
    device.page.set_viewport_size({"width": 1280, "height": 900})
    expect(device.card("From a phone").locator("xpath=..")).to_have_attribute("gs-x", "6")


def test_too_many_points_are_left_out(device: Device, make_project: Callable[..., Project]) -> None:
    """Groups beyond a legible number are shown together, points beyond it are left out, and a chart says how many."""
    rows = [{"Code": f"c{number}", "Value": number, "Other": number % 7} for number in range(3_000)]
    many = chart("Many", dataMapping={"xAxis": "Code", "yAxis": "Value", "aggregate": "sum"})
    points = chart("Points", 6, kind="scatter", dataMapping={"xAxis": "Value", "yAxis": "Other"})
    device.open(make_project({"chartCustomizations": {"a": many, "b": points}}, rows).id)
    largest = "50 bars, largest 2,999 at c2999, smallest 2,950 at c2950, and 4,349,775 in 2,950 more groups"
    expect(device.card("Many").get_by_role("img")).to_have_accessible_name(f"Many. {largest}")
    expect(device.card("Points")).to_contain_text("1,500 of 3,000 points shown")


def test_the_reference_loads_and_answers(device: Device, project: Project) -> None:
    """The API reference is a separate page that lists the documented calls and has a walk that runs on the stack."""
    assert project.id
    page = device.page
    page.goto("/reference")
    expect(page.locator(".opblock").first).to_be_visible()
    device.button("Run").click()
    expect(page.get_by_text("201").first).to_be_visible()


def test_charts_are_suggested_for_a_table(device: Device, make_project: Callable[..., Project]) -> None:
    """A dashboard with a table and no charts offers charts that the columns suggest."""
    project = make_project(config=None, rows=ROWS)
    device.open(project.id).button("Suggest charts").click()
    device.shows("Total Revenue", "Revenue over time", "Revenue by Region", "Revenue and Units")
