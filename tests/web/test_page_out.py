"""A chart's menu, and what leaves the page: pictures, CSV files, paper, and the whole screen."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect
from support.running.browser import ROWS, Device, Json, Project, chart, violations

type Devices = Callable[..., Device]

SPLIT = {"xAxis": "Region", "yAxis": "Revenue", "aggregate": "sum", "splitBy": "Units"}
PRINT = "() => { window.printed = 0; window.print = () => (window.printed += 1); }"
CONTROLS = "a[href]:not(.skip), button, label.button, select, input, [role=button]"


def _items(device: Device, menu: str) -> list[str]:
    """Open a menu, return its items, and close it."""
    device.button(menu).click()
    expect(device.page.get_by_role("menuitem").first).to_be_focused()
    found = device.page.get_by_role("menuitem").all_inner_texts()
    device.page.keyboard.press("Escape")
    return found


def _saved(device: Device, title: str, item: str) -> tuple[str, bytes]:
    """Choose an item of a chart's menu that saves a file; return its name and content."""
    with device.page.expect_download() as downloading:
        device.choose_for(title, item)
    return downloading.value.suggested_filename, Path(downloading.value.path()).read_bytes()


def _table(position: tuple[int, int, int, int], **mapping: object) -> Json:
    place = dict(zip("xywh", position, strict=True))
    return {"title": "Rows", "kind": "table", "isVisible": True, "position": place, "dataMapping": mapping}


# --- the menu of a chart ---


def test_a_menu_takes_the_very_next_key(device: Device, project: Project) -> None:
    """An open menu has the focus at once, on its first item, so that no key goes to what is behind it."""
    device.open(project.id).shows("Revenue", "Units")
    opener = device.button("More for Revenue")
    focused = opener.evaluate(
        "button => { button.focus(); button.click(); return document.activeElement.textContent; }"
    )
    assert focused == "Duplicate"
    device.page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_a_menu_that_grows_keeps_its_place(device: Device, project: Project) -> None:
    """What a chart's menu offers once the table has arrived changes nothing of the item that has the focus."""
    held = device.hold(f"/api/projects/{project.id}/data")
    device.open(project.id).shows("Revenue", "Units")
    device.button("More for Revenue").focus()
    for key in ("Enter", "ArrowUp", "ArrowUp"):
        device.page.keyboard.press(key)
    items, hide = device.page.get_by_role("menuitem"), device.page.get_by_role("menuitem", name="Hide")
    expect(hide).to_be_focused()
    before = items.count()
    held[0].continue_()
    expect(items).to_have_count(before + 2)
    expect(hide).to_be_focused()


def test_a_copy_is_placed_and_found(device: Device, project: Project) -> None:
    """A duplicate is as its original but for the title, in free room and in focus; one undo takes it back."""
    device.open(project.id).shows("Revenue", "Units")
    device.choose_for("Revenue", "Duplicate").shows("Revenue", "Units", "Revenue (copy)")
    expect(device.card("Revenue (copy)")).to_be_focused()
    expect(device.page.get_by_text("“Revenue (copy)” added")).to_be_attached()
    assert device.place("Revenue (copy)") == {"x": 0, "y": 5, "w": 6, "h": 5}
    device.save()
    (copied,) = (each for key, each in project.charts.items() if key not in {"a", "b"})
    moved = {"title": "Revenue (copy)", "position": {"x": 0, "y": 5, "w": 6, "h": 5}}
    assert copied == {**project.charts["a"], **moved}
    device.page.keyboard.press("ControlOrMeta+z")
    device.shows("Revenue", "Units")


def test_everybody_may_take_a_chart_along(make_device: Devices, make_project: Callable[..., Project]) -> None:
    """Viewers of a public link save and enlarge charts, and change none; what has no drawing is no picture."""
    total = chart("Total", 6, kind="number", dataMapping={"yAxis": "Units", "aggregate": "sum"})
    text = {"title": "About", "kind": "text", "position": {"x": 0, "y": 5, "w": 6, "h": 3}, "text": "By region"}
    project = make_project({"chartCustomizations": {"a": chart("Revenue"), "b": total, "c": text}})
    public, owner = make_device(), make_device().open(project.id)
    public.page.goto(f"/#/links/{project.link()}")
    for device, before, after in ((public, [], []), (owner, ["Duplicate"], ["Hide", "Remove"])):
        device.shows("Revenue", "Total", "About")
        expect(device.card("Revenue").get_by_role("img")).to_be_visible()
        can_fill = ["Full screen"] if device.page.evaluate("document.fullscreenEnabled") else []
        files = ["Save as picture", "Save as CSV"]
        assert _items(device, "More for Revenue") == [*before, *files, *can_fill, *after]
        assert _items(device, "More for Total") == [*before, "Save as CSV", *can_fill, *after]
        assert _items(device, "More for About") == [*before, *can_fill, *after]
        assert _items(device, "More") == ["Print or save as PDF", *can_fill]
    name, content = _saved(public, "Total", "Save as CSV")
    assert (name, content.decode()) == ("Total.csv", "\ufeffSum of Units\r\n63\r\n")


def test_a_picture_has_title_and_legend(device: Device, make_project: Callable[..., Project]) -> None:
    """A picture has the pixels of the drawing twice, room for the title and the legend, and the title as its name."""
    charts = {"a": chart("Revenue: all/any"), "b": chart("By units", 6, dataMapping=SPLIT)}
    device.open(make_project({"chartCustomizations": charts}).id).shows("Revenue: all/any", "By units")
    for title, file, lines in (("Revenue: all/any", "Revenue all any.png", 0), ("By units", "By units.png", 1)):
        drawing = device.card(title).locator("canvas")
        expect(drawing).to_be_visible()
        room = drawing.bounding_box()
        assert room
        name, content = _saved(device, title, "Save as picture")
        assert (name, content[:8]) == (file, b"\x89PNG\r\n\x1a\n")
        width, height = (int.from_bytes(content[start : start + 4]) for start in (16, 20))
        assert abs(width - 2 * room["width"] - 64) <= 2
        assert abs(height - 2 * room["height"] - 64 - 44 - 40 * lines) <= 2


def test_a_file_has_what_the_chart_shows(device: Device, make_project: Callable[..., Project]) -> None:
    """CSV has the groups after the filters, a column for each series; a table has all rows that match, in its order."""
    rows = [{**row, "Region": f"=R{number % 300}", "Units": number} for number, row in enumerate(ROWS * 30)]
    split = {"xAxis": "Day", "yAxis": "Revenue", "aggregate": "count", "splitBy": "Region", "grain": "year"}
    table = _table((0, 5, 12, 4), columns=["Units", "Region"], orderBy={"column": "Units", "isDescending": True})
    filters = [{"id": "f", "column": "Units", "operator": "between", "values": [None, 399]}]
    charts = {"a": chart("Years", dataMapping=split), "b": table}
    device.open(make_project({"chartCustomizations": charts, "filters": filters}, rows).id).shows("Years", "Rows")
    expect(device.page.get_by_text("200 of 400 rows shown")).to_be_visible()
    lines = _saved(device, "Rows", "Save as CSV")[1].decode().split("\r\n")
    assert (lines[0], lines[1], lines[400:]) == ("\ufeffUnits,Region", "399,'=R99", ["0,'=R0", ""])
    device.card("Rows").get_by_role("button", name="Units").click()
    expect(device.card("Rows").locator("td").first).to_have_text("399")
    head, groups, _ = _saved(device, "Years", "Save as CSV")[1].decode().split("\r\n")
    assert re.fullmatch(r"\ufeffDay(,'=R\d+){7},Other \(293 more\)", head)
    assert sum(map(int, groups.split(",")[1:])) == 400


# --- paper ---


def test_a_dashboard_is_printed_as_a_whole(
    make_device: Devices, make_project: Callable[..., Project], browser_engine: str
) -> None:
    """Paper has all charts, those out of view too, uncut and light, and no control; the page is then as before."""
    places = [(x, y, 6, 5) for y in range(0, 40, 5) for x in (0, 6)]
    charts = {
        str(number): chart(f"Chart {number}", position=dict(zip("xywh", place, strict=True)))
        for number, place in enumerate(places)
    }
    filters = [{"id": "f", "column": "Region", "operator": "in", "values": ["North", "South"]}]
    device = make_device(color_scheme="dark")
    page = device.open(make_project({"chartCustomizations": charts, "filters": filters}).id).page
    drawings = page.locator("article canvas")
    expect(page.locator("article .skeleton").first).to_be_attached()
    expect(drawings.first).to_be_visible()
    page.evaluate(PRINT)
    device.choose("More", "Print or save as PDF")
    device.comes_to(1, lambda: page.evaluate("printed"))
    page.keyboard.press("ControlOrMeta+p")
    device.comes_to(2, lambda: page.evaluate("printed"))
    is_dark = "document.documentElement.classList.contains('dark-mode')"
    assert page.evaluate(is_dark)

    # What begins it in the same task is what the browser prints, which waits for nothing.
    drawn = page.evaluate("""() => {
        dispatchEvent(new Event("beforeprint"));
        return [...document.querySelectorAll("article canvas")].map((each) => each.width / each.clientWidth);
    }""")
    assert [round(each, 1) for each in drawn] == [3.0] * len(places)
    page.emulate_media(media="print")
    assert not page.evaluate(is_dark)
    assert page.locator(CONTROLS).locator("visible=true").count() == 0
    note = page.locator(".printed")
    expect(note).to_contain_text(re.compile(r"^Version 1, printed .+\nFilters: Region: North, South$"))
    cards = [each.bounding_box() for each in page.get_by_role("article").all()]
    for box, canvas in zip(cards, drawings.all(), strict=True):
        drawing = canvas.bounding_box()
        assert box
        assert drawing
        assert box["x"] <= drawing["x"]
        assert drawing["x"] + drawing["width"] <= box["x"] + box["width"]
        assert drawing["y"] + drawing["height"] <= box["y"] + box["height"]
    assert violations(page) == []
    if browser_engine == "chromium":
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) == 2
    page.emulate_media(media="screen")
    assert page.evaluate(is_dark)
    expect(device.button("Save")).to_be_visible()
    expect(drawings).to_have_count(len(places))


# --- the whole screen, and a small one ---


def test_charts_fill_the_screen(device: Device, project: Project) -> None:
    """On the whole screen a dashboard has no toolbar, and a chart grows; afterwards the focus is where it was."""
    page = device.open(project.id).page
    if not page.evaluate("document.fullscreenEnabled"):
        assert "Full screen" not in _items(device, "More for Revenue")
        return
    drawing = device.card("Revenue").locator("canvas")
    expect(drawing).to_be_visible()
    before = drawing.bounding_box()
    device.choose_for("Revenue", "Full screen")
    device.comes_to(1, lambda: drawing.evaluate("(each) => Number(each.clientWidth > 1100)"))
    assert violations(page) == []
    page.evaluate("document.exitFullscreen()")
    expect(device.button("More for Revenue")).to_be_focused()
    device.comes_to(1, lambda: int(drawing.bounding_box() == before))
    device.choose("More", "Full screen")
    expect(device.button("History")).to_be_hidden()
    expect(page.get_by_role("heading", name="Sales")).to_be_visible()
    page.evaluate("document.exitFullscreen()")
    expect(device.button("More")).to_be_focused()
    device.choose("More", "Full screen").hide_chart("Units")
    expect(page.locator(".toast")).to_be_visible()


def test_the_toolbar_of_a_phone_is_low(make_device: Devices, project: Project) -> None:
    """On a phone, the name, the state and all actions of a dashboard take less than 180 pixels of height."""
    device = make_device(size=(390, 844), has_touch=True, color_scheme="dark")
    device.open(project.id).shows("Revenue", "Units")
    head, buttons = (device.page.locator(each).bounding_box() for each in (".head", ".buttons"))
    assert head
    assert buttons
    assert buttons["y"] + buttons["height"] - head["y"] < 180
    device.button("More").tap()
    expect(device.page.get_by_role("menuitem").first).to_be_in_viewport(ratio=1)
    assert violations(device.page) == []
