"""What was done on the page is seen and can be undone; what cannot be done is said in words; uploads."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import JSHandle, Locator, Page, expect
from support.running.browser import Device, Project, chart, violations


def _toast(device: Device, text: str | re.Pattern[str]) -> None:
    expect(device.page.locator(".toast")).to_contain_text(text)


# --- what was done is seen ---


def test_an_added_chart_takes_free_room_and_is_seen(device: Device, make_project: Callable[..., Project]) -> None:
    """A new chart takes the first gap that fits it, else the room below; it is scrolled to, marked, and has focus."""
    tall = {"x": 0, "y": 0, "w": 6, "h": 18}
    project = make_project({"chartCustomizations": {"a": chart("Revenue", position=tall)}})
    device.open(project.id).shows("Revenue")
    places = []
    for title in ("Beside", "Below it", "Third", "Last"):
        device.add_chart(title)
        card = device.card(title)
        expect(card).to_be_in_viewport(ratio=1)
        expect(card).to_be_focused()
        expect(card).to_have_css("outline-style", "solid")
        places.append(device.place(title))
    assert places == [{"x": x, "y": y, "w": 6, "h": 5} for x, y in ((6, 0), (6, 5), (6, 10), (6, 15))]
    expect(device.card("Beside")).not_to_be_in_viewport()
    device.add_chart("Under all").shows("Revenue", "Beside", "Below it", "Third", "Last", "Under all")
    expect(device.card("Under all")).to_be_in_viewport(ratio=1)
    assert device.place("Under all") == {"x": 0, "y": 18, "w": 6, "h": 5}


def test_a_form_that_cannot_be_loaded_says_so(device: Device, project: Project) -> None:
    """Without the script of the forms nothing opens, and the page says why and what to do."""
    device.page.route("**/assets/forms-*.js", lambda route: route.abort())
    device.open(project.id).shows("Revenue", "Units")
    device.button("Add chart").click()
    _toast(device, "A part of the page could not be loaded. Check the connection, then try again.")
    expect(device.dialog).to_have_count(0)


def test_columns_that_arrive_late_can_be_chosen(device: Device, project: Project) -> None:
    """The form of a chart that was opened while the table was loading offers its columns as soon as they are there."""
    held = device.hold(f"/api/projects/{project.id}/data")
    device.open(project.id).shows("Revenue", "Units")

    def change(form: Locator) -> None:
        columns = form.get_by_label("Of column")
        expect(columns.locator("option")).to_have_text(["Revenue"])
        held[0].continue_()
        expect(columns.locator("option")).to_have_text(["Revenue", "Units"])
        columns.select_option("Units")

    device.edit_chart("Revenue", change).save()
    assert project.charts["a"]["dataMapping"] == {"xAxis": "Region", "yAxis": "Units", "aggregate": "sum"}


def test_a_hidden_chart_says_where_it_is(device: Device, project: Project) -> None:
    """Hiding a chart says where to find it; there it can be shown again, and undoing does so too."""
    device.open(project.id).shows("Revenue", "Units")
    device.button("More for Revenue").focus()
    for key in ("Enter", "ArrowUp", "ArrowUp", "Enter"):
        device.page.keyboard.press(key)
    _toast(device, "“Revenue” is hidden. It is listed below the charts.")
    expect(device.card("Units")).to_be_focused()
    device.button("Undo", device.page.locator(".toast")).click()
    device.shows("Revenue", "Units")
    expect(device.button("Redo")).to_be_enabled()
    device.hide_chart("Units")
    hidden = device.page.get_by_role("region", name="Hidden")
    device.button("Show Units", hidden).click()
    expect(device.card("Units")).to_be_focused()
    expect(hidden).to_have_count(0)


# --- and can be undone ---


def test_the_first_edit_can_be_undone_at_once(device: Device, project: Project) -> None:
    """An undo that is asked for before its code has been loaded takes place when it has been."""
    held = device.hold("/assets/undo-")
    device.open(project.id).shows("Revenue", "Units")
    with device.page.expect_request("**/assets/undo-*.js"):
        device.hide_chart("Revenue")
    device.shows("Units")
    device.button("Undo", device.page.locator(".toast")).click()
    (request,) = held
    request.continue_()
    device.shows("Revenue", "Units")
    expect(device.button("Redo")).to_be_enabled()


def test_every_edit_is_one_step(device: Device, make_project: Callable[..., Project]) -> None:
    """Each edit of each kind is undone by one undo and redone by one redo, whatever else the grid has moved for it."""
    config = {
        "chartCustomizations": {"a": chart("Revenue"), "b": chart("Units", 6)},
        "filters": [],
        "theme": {"id": "light"},
    }
    project = make_project(config)
    device.open(project.id).shows("Revenue", "Units")
    page, keys = device.page, device.page.keyboard
    undo, redo = (device.button(name, page.locator(".toolbar")) for name in ("Undo", "Redo"))
    expect(undo).to_be_disabled()
    # Two edits of the same values within a second would be one step.
    device.add_chart("Third").remove_chart("Revenue").retitle("Units", "Sold")
    device.card("Third").locator(".handle").focus()
    keys.press("ArrowRight")
    keys.press("Shift+ArrowDown")
    device.hide_chart("Third")
    device.button("Show Third").click()
    device.filter("Region", "North").choose_theme("Dark")
    device.button("Region: North").click()
    device.dialog.get_by_role("checkbox", name="South").check()
    device.button("Apply", device.dialog).click()
    device.button("Remove the filter Region: North, South").click()
    edits = 11
    after = device.save() and project.config
    # All at once: each waits for the one before.
    press = "dispatchEvent(new KeyboardEvent('keydown', { key: 'z', ctrlKey: true }))"
    page.evaluate(f"() => {{ for (let left = {edits - 1}; left; left -= 1) {press}; }}")
    _toast(device, "Undone: “Revenue” brought back.")
    undo.click()
    _toast(device, "Undone: “Third” removed.")
    expect(undo).to_be_disabled()
    device.shows("Revenue", "Units")
    device.save()
    assert project.config == config
    for _ in range(edits - 1):
        keys.press("ControlOrMeta+Shift+z")
    redo.click()
    expect(redo).to_be_disabled()
    device.save()
    assert project.config == after
    keys.press("ControlOrMeta+z")
    expect(device.button("Region: North, South")).to_be_visible()
    keys.press("ControlOrMeta+y")
    expect(device.button("Region: North, South")).to_have_count(0)


def test_typing_has_its_own_undo(device: Device, project: Project) -> None:
    """In a form, Ctrl+Z undoes what was typed; and what was typed is not lost by one press of Escape."""
    device.open(project.id).remove_chart("Revenue").button("Add chart").click()
    title, keys = device.dialog.get_by_label("Title"), device.page.keyboard
    title.press_sequentially("Typed")
    keys.press("ControlOrMeta+z")
    expect(title).to_have_value("Type")
    expect(device.page.locator("article h3")).to_have_text(["Units"])
    keys.press("Escape")
    expect(device.dialog.get_by_role("alert")).to_contain_text("not applied yet")
    assert violations(device.page) == []
    title.press_sequentially(".")
    expect(device.dialog.get_by_role("alert")).to_have_count(0)
    keys.press("Escape")
    keys.press("Escape")
    expect(device.dialog).to_have_count(0)
    device.shows("Units")


def test_changes_can_be_discarded(device: Device, project: Project) -> None:
    """Before unsaved changes are discarded, the page says which; then it shows what is saved."""
    device.open(project.id).remove_chart("Revenue").retitle("Units", "Sold")
    device.button("Discard changes").click()
    expect(device.dialog).to_contain_text("goes back to version 1")
    expect(device.dialog.get_by_role("listitem")).to_have_text(["“Revenue” removed", "“Units” renamed to “Sold”"])
    assert violations(device.page) == []
    device.button("Discard changes", device.dialog).click()
    device.shows("Revenue", "Units")
    device.says("Saved")
    expect(device.button("Discard changes")).to_have_count(0)


def test_a_theme_belongs_to_its_dashboard(
    device: Device, project: Project, make_project: Callable[..., Project]
) -> None:
    """A dashboard's theme is there before its page is painted, and neither in the list nor in the reference."""
    dark = "document.documentElement.classList.contains('dark-mode')"
    other, page = make_project(), device.page
    device.run_first(f"addEventListener('DOMContentLoaded', () => (window.first = {dark}))")
    device.open(project.id).choose_theme("Dark").save()
    assert page.evaluate(dark)
    page.get_by_role("link", name="All dashboards").click()
    expect(page.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()
    assert not page.evaluate(dark)
    device.open(other.id).shows("Revenue", "Units")
    assert not page.evaluate(dark)
    device.open(project.id).shows("Revenue", "Units")
    device.reload()
    assert page.evaluate("window.first")
    page.goto("/reference/")
    assert not page.evaluate(dark)
    page.get_by_role("button", name=re.compile("dark", re.IGNORECASE)).click()
    page.goto("/")
    expect(page.get_by_role("heading", name="Dashboards", exact=True)).to_be_visible()
    assert not page.evaluate(dark)


def test_a_renamed_column_is_renamed_in_charts_and_filters(device: Device, project: Project) -> None:
    """A column's new name is used by the charts and filters that had the old one, by one edit."""
    device.open(project.id).filter("Region", "North", "South").save()
    device.open_columns()
    device.dialog.get_by_role("group", name="Region").get_by_label("Name").fill("Area")
    device.button("Apply", device.dialog).click()
    expect(device.dialog.get_by_text("The columns were changed.")).to_be_visible()
    device.button("Close").click()
    expect(device.button("Area: North, South")).to_be_visible()
    expect(device.card("Revenue").get_by_role("img")).to_have_accessible_name(re.compile("North"))
    device.save()
    assert {each["dataMapping"]["xAxis"] for each in project.charts.values()} == {"Area"}
    assert [each["column"] for each in project.config["filters"]] == ["Area"]


# --- uploads ---


REFUSED = {
    "header.csv": (b"a,b\n", "This file has a header but no rows."),
    "empty.csv": (b"", "The file is empty. Choose a file with a header and at least one row."),
    "book.xlsx": (b"PK\x03\x04", "This is an Excel workbook. Save it as “CSV UTF-8” in Excel and upload that file."),
    "report.pdf": (b"%PDF-1.7", "This is a PDF document, and only CSV and JSON files can be read."),
    "broken.json": (b'[{"a": 1}, {"a": }]', "Row 2: The row is not valid JSON"),
    "names.csv": (b"Name\nDoe, Jane\nRoe\n", "Choose its delimiter, or correct the file and upload it again."),
}


def test_a_refused_file_says_why(device: Device, make_project: Callable[..., Project], tmp_path: Path) -> None:
    """A file that is not a table is refused with the reason and what to do; the message can be dismissed."""
    device.open(make_project(None, None).id)
    upload, alert = device.page.get_by_label("Upload a file"), device.page.get_by_role("alert")
    for name, (content, says) in REFUSED.items():
        (tmp_path / name).write_bytes(content)
        upload.set_input_files(tmp_path / name)
        expect(alert).to_contain_text(f"“{name}” was not uploaded.")
        expect(alert).to_contain_text(says)
        device.button("Dismiss", alert).click()
        expect(alert).to_have_count(0)
        expect(upload).to_be_focused()


def test_an_upload_can_be_cancelled_and_sent_again(
    device: Device, project: Project, tmp_path: Path, browser_engine: str
) -> None:
    """While a file is sent, the page shows how much of it; after a cancel or a failure, what was there is back."""
    table = tmp_path / "large.csv"
    table.write_text("Code,Price\n" + "".join(f"c{row:09},{row}.5\n" for row in range(100_000, 150_000)))
    page, before = device.open(project.id).page, device.page.get_by_text("sales.csv · 18 rows")
    replace = page.get_by_label("Replace")
    expect(before).to_be_visible()
    if browser_engine == "chromium":
        network = device.context.new_cdp_session(page)
        slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
        network.send("Network.enable")
        network.send("Network.emulateNetworkConditions", slow)
        replace.set_input_files(table)
        expect(page.get_by_text(re.compile(r"^[\d.]+ of 1 MB sent$"))).to_be_visible()
        expect(page.get_by_role("progressbar", name="Bytes sent")).to_have_attribute("max", str(table.stat().st_size))
        assert violations(page) == []
        device.button("Cancel").click()
        _toast(device, "Upload cancelled.")
        expect(before).to_be_visible()
        network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    bucket = re.compile(r"^http://[^/]+/(?!api|local)[^/]+$")
    page.route(bucket, lambda route: route.abort() if route.request.method == "POST" else route.fallback())
    replace.set_input_files(table)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The server cannot be reached. Check the connection, then try again.")
    expect(before).to_be_visible()
    page.unroute(bucket)
    device.button("Try again", alert).click()
    _toast(device, "“large.csv” was uploaded: 50,000 rows.")
    expect(alert).to_have_count(0)


def _drag(page: Page, *files: tuple[str, str]) -> JSHandle:
    return page.evaluate_handle(
        """files => {
            const dragged = new DataTransfer();
            for (const [name, text] of files) dragged.items.add(new File([text], name));
            return dragged;
        }""",
        files,
    )


def test_a_file_can_be_dropped_anywhere(device: Device, make_project: Callable[..., Project]) -> None:
    """A dragged file shows where it may go; dropped, it becomes the table, and its charts are one step. Not two."""
    page = device.open(make_project(None, None).id).page
    one, other = ("a.csv", "City,Price\nBonn,1\nKiel,2\nBonn,4\n"), ("b.csv", "a\n1\n")
    expect(page.get_by_label("Upload a file")).to_be_attached()
    page.dispatch_event("main", "dragover", {"dataTransfer": _drag(page, one)})
    target = page.get_by_text("Drop a CSV or JSON file to upload it")
    expect(target).to_be_in_viewport()
    assert violations(page) == []
    page.dispatch_event("main", "dragleave", {})
    expect(target).to_have_count(0)
    page.dispatch_event("main", "drop", {"dataTransfer": _drag(page, one, other)})
    expect(page.get_by_role("alert")).to_contain_text("Drop one file at a time")
    page.dispatch_event("main", "drop", {"dataTransfer": _drag(page, one)})
    expect(page.get_by_text("a.csv · 3 rows")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("article")).to_have_count(2)
    device.button("Undo", page.locator(".toolbar")).click()
    expect(page.locator("article")).to_have_count(0)
    expect(device.button("Suggest charts")).to_be_visible()
