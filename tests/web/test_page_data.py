"""The data behind a dashboard: its rows, page by page, its columns, its uploads, and who may change them."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, expect
from support.running.browser import Device, Project, chart, violations
from support.running.local_stack import LocalStack

MANY = [{"Code": f"c{number}", "Price": number * 7 % 120, "Note": None} for number in range(120)]
GERMAN = "Umsatz;Region\n1.234,50;Nord\n2,25;Süd\n"
TOTAL = {
    "chartCustomizations": {
        "a": chart("Total", kind="number", dataMapping={"yAxis": "Umsatz", "aggregate": "sum"}),
    }
}
CODES = {"chartCustomizations": {"a": chart("Codes", dataMapping={"xAxis": "Code", "yAxis": "Price"})}}


def upload(device: Device, folder: Path, text: str, name: str) -> None:
    (folder / name).write_text(text)
    device.page.locator("input[type=file]").first.set_input_files(folder / name)
    expect(device.page.get_by_text(re.compile(rf"^{name} · "))).to_be_visible()


def shown(device: Device) -> Locator:
    """The rows on display."""
    return device.dialog.locator("tbody tr")


def says_rows(device: Device, first: int, last: int, of: int) -> None:
    expect(device.dialog.get_by_text(f"Rows {first}\N{EN DASH}{last} of {of}")).to_be_visible()


def tab(device: Device, name: str) -> None:
    device.dialog.get_by_role("tab", name=name).click()


def test_rows_are_shown_page_by_page(device: Device, make_project: Callable[..., Project]) -> None:
    """Each page has fifty rows with their numbers, the last one what is left, and says which of how many they are."""
    device.open(make_project(CODES, MANY).id).button("Data").click()
    says_rows(device, 1, 50, of=120)
    expect(shown(device)).to_have_count(50)
    expect(shown(device).first).to_have_text(re.compile(r"1\s*c0\s*0\s*empty"))
    expect(device.button("Previous")).to_be_disabled()
    device.button("Next").click()
    expect(shown(device).first.get_by_role("rowheader")).to_have_text("51")
    device.button("Last").click()
    says_rows(device, 101, 120, of=120)
    expect(shown(device)).to_have_count(20)
    expect(device.button("Next")).to_be_disabled()
    device.button("First").click()
    expect(shown(device).first.get_by_role("rowheader")).to_have_text("1")


def test_rows_are_sorted_and_searched_all_together(device: Device, make_project: Callable[..., Project]) -> None:
    """A header sorts, and the search filters, the rows of all pages; each begins at the first page."""
    device.open(make_project(CODES, MANY).id).button("Data").click()
    device.button("Last").click()
    price = device.dialog.get_by_role("columnheader", name="Price")
    device.button("Price", device.dialog).click()
    expect(price).to_have_attribute("aria-sort", "ascending")
    says_rows(device, 1, 50, of=120)
    device.button("Price", device.dialog).click()
    expect(price).to_have_attribute("aria-sort", "descending")
    expect(shown(device).first.get_by_role("cell").nth(1)).to_have_text("119")
    device.dialog.get_by_role("searchbox").fill("C11")
    expect(device.dialog.get_by_text("11 rows match")).to_be_visible()
    expect(shown(device)).to_have_count(11)
    device.button("Price", device.dialog).click()
    expect(price).not_to_have_attribute("aria-sort", "descending")
    expect(shown(device).first.get_by_role("rowheader")).to_have_text("12")
    device.dialog.get_by_role("searchbox").fill("nothing of this")
    expect(device.dialog.get_by_text("No row matches")).to_be_visible()
    device.page.keyboard.press("Enter")
    expect(device.dialog).to_be_visible()


def test_a_note_is_followed_and_the_rows_show_it(
    device: Device, make_project: Callable[..., Project], calls: httpx.Client, tmp_path: Path
) -> None:
    """One click reads German numbers as numbers, in rows and charts; what was entered for other columns stays."""
    project = make_project(TOTAL, None)
    upload(device.open(project.id), tmp_path, GERMAN, "umsatz.csv")
    device.open_columns()
    region = device.dialog.get_by_role("group", name="Region")
    region.get_by_label("Name").fill("Gebiet")
    device.button("Read as number: 1.234,50 → 1234.5", device.dialog).click()
    expect(device.dialog.get_by_text("“Umsatz” is now read as number.")).to_be_visible()
    revenue = device.dialog.get_by_role("group", name="Umsatz")
    expect(revenue.get_by_label("Type")).to_have_value("number")
    expect(revenue.get_by_label("Decimal sign")).to_have_value(",")
    expect(region.get_by_label("Name")).to_have_value("Gebiet")
    tab(device, "Rows")
    expect(shown(device).first).to_have_text(re.compile(r"1\s*1234.5\s*Nord"))
    tab(device, "Columns")
    device.button("Apply", device.dialog).click()
    expect(device.dialog.get_by_text("The columns were changed.")).to_be_visible()
    device.page.keyboard.press("Escape")
    expect(device.dialog).to_have_count(0)
    expect(device.card("Total").locator(".figure")).to_have_text("1,237")
    schema = calls.get(f"/api/projects/{project.id}/data").json()["dataSchema"]
    assert schema["columnTypes"] == {"Umsatz": "number", "Gebiet": "string"}


def test_what_was_entered_is_not_lost_by_one_escape(device: Device, project: Project) -> None:
    """Escape asks once before it discards what was not applied; a search is nothing to discard."""
    device.open(project.id).open_columns()
    device.dialog.get_by_role("group", name="Region").get_by_label("Name").fill("Area")
    device.page.keyboard.press("Escape")
    expect(device.dialog.get_by_role("alert")).to_contain_text("not applied yet")
    device.button("Apply", device.dialog).click()
    expect(device.dialog.get_by_text("The columns were changed.")).to_be_visible()
    tab(device, "Rows")
    device.dialog.get_by_role("searchbox").fill("North")
    expect(device.dialog.get_by_text("6 rows match")).to_be_visible()
    expect(device.dialog.get_by_role("columnheader", name="Area")).to_be_visible()
    device.dialog.get_by_role("columnheader", name="Area").get_by_role("button").focus()
    device.page.keyboard.press("Escape")
    expect(device.dialog).to_have_count(0)


def test_an_earlier_upload_is_used_again(
    device: Device, make_project: Callable[..., Project], calls: httpx.Client, tmp_path: Path
) -> None:
    """Going back brings rows, names, types and texts of an upload back, without the file."""
    project = make_project(TOTAL, None)
    upload(device.open(project.id), tmp_path, GERMAN, "umsatz.csv")
    device.button("Read as number: 1.234,50 → 1234.5").click()
    expect(device.card("Total").locator(".figure")).to_have_text("1,237")
    before = calls.get(f"/api/projects/{project.id}/data?include=dataSchema").json()["dataSchema"]
    upload(device, tmp_path, "Umsatz;Region\n1;Nord\n", "wrong.csv")
    expect(device.card("Total").locator(".figure")).to_have_text("1")
    device.button("Data").click()
    tab(device, "Uploads")
    uploads = device.dialog.get_by_role("listitem")
    expect(uploads).to_have_count(3)
    expect(uploads.first).to_contain_text("wrong.csv current")
    device.button("Use this one again", uploads.nth(1)).click()
    expect(device.dialog.get_by_text(re.compile("“umsatz.csv” of .* is the table again"))).to_be_visible()
    expect(uploads).to_have_count(4)
    expect(uploads.first).to_contain_text("umsatz.csv current")
    tab(device, "Rows")
    expect(shown(device)).to_have_count(2)
    device.button("Close").click()
    expect(device.card("Total").locator(".figure")).to_have_text("1,237")
    data = f"/api/projects/{project.id}/data"
    assert calls.get(f"{data}?include=dataSchema").json()["dataSchema"] == before
    assert calls.get(f"{data}?format=csv").text.splitlines()[1] == '"1.234,50",Nord'


def test_others_look_and_change_nothing(
    make_device: Callable[..., Device], stack: LocalStack, project: Project, user: str
) -> None:
    """A viewer and the public see rows and columns, without a field to change them, and no uploads."""
    with stack.client(f"guest-of-{user}") as guest:
        address = project.share(guest, "viewer")
    viewer = make_device(f"guest-of-{user}").open(address)
    public = make_device("nobody")
    public.page.goto(f"/#/links/{project.link()}")
    for device in (viewer, public):
        device.button("Data").click()
        says_rows(device, 1, 18, of=18)
        expect(device.dialog.get_by_role("tab")).to_have_text(["Rows", "Columns"])
        tab(device, "Columns")
        expect(device.dialog.get_by_role("row", name="Region")).to_contain_text("Text")
        expect(device.dialog.get_by_role("textbox")).to_have_count(0)
        expect(device.button("Apply")).to_have_count(0)


def test_rows_that_the_browser_has_lost_are_loaded_again(device: Device, project: Project) -> None:
    """Without its worker, the view says that the rows are gone, and its button loads them."""
    device.open(project.id).button("Data").click()
    expect(shown(device)).to_have_count(18)
    device.page.workers[0].evaluate("setTimeout(() => { throw new Error('The worker breaks.'); })")
    device.comes_to(0, lambda: len(device.page.workers))
    device.button("Region", device.dialog).click()
    expect(device.dialog.get_by_role("alert")).to_contain_text("no longer holds the rows")
    device.button("Load again", device.dialog).click()
    expect(shown(device).first.get_by_role("cell").nth(1)).to_have_text("East")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_data_has_no_violation(
    make_device: Callable[..., Device], make_project: Callable[..., Project], tmp_path: Path, scheme: str
) -> None:
    """axe-core finds nothing in the rows, the columns with notes, and the uploads; the arrow keys change the part."""
    device = make_device(color_scheme=scheme).open(make_project(CODES, MANY).id)
    upload(device, tmp_path, GERMAN, "umsatz.csv")
    device.button("Data").click()
    expect(shown(device)).to_have_count(2)
    assert violations(device.page) == []
    device.dialog.get_by_role("tab", name="Rows").focus()
    device.page.keyboard.press("ArrowRight")
    expect(device.dialog.get_by_role("tab", name="Columns")).to_be_focused()
    expect(device.dialog.get_by_role("group", name="Umsatz")).to_be_visible()
    assert violations(device.page) == []
    device.page.keyboard.press("ArrowRight")
    expect(device.button("Use this one again")).to_be_visible()
    assert violations(device.page) == []
