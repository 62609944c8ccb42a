"""The table behind a dashboard: uploaded in stages, read as its users mean it, and downloaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Route, expect
from support.running.browser import Device, Project, chart

GERMAN = "Umsatz (netto, EUR);Datum;Region\n1.234,50;31.12.2026;Nord\n2,25;01.02.2026;Süd\n"
TOTAL = {
    "chartCustomizations": {
        "a": chart("Total", kind="number", dataMapping={"yAxis": "Umsatz (netto, EUR)", "aggregate": "sum"})
    }
}


def _upload(device: Device, folder: Path, text: str, name: str = "umsatz.csv") -> None:
    table = folder / name
    table.write_text(text)
    device.page.locator("input[type=file]").first.set_input_files(table)


def test_a_column_is_read_as_its_note_offers(
    device: Device, make_project: Callable[..., Project], calls: httpx.Client, tmp_path: Path
) -> None:
    """A German number is text at first; one click makes it a number of the chart, and the file stays as it was."""
    project = make_project(TOTAL, None)
    _upload(device.open(project.id), tmp_path, GERMAN)
    notes = device.page.get_by_role("region", name="Notes on the columns")
    expect(notes).to_contain_text("Umsatz (netto, EUR), row 1")
    expect(device.card("Total")).to_contain_text("“Umsatz (netto, EUR)” is not a column of numbers.")
    device.button("Read as number: 1.234,50 → 1234.5").click()
    expect(device.page.get_by_text("“Umsatz (netto, EUR)” is now read as number.")).to_be_visible()
    expect(device.card("Total").locator(".figure")).to_have_text("1,237")
    device.button("Read as date: 31.12.2026 → 2026-12-31").click()
    expect(device.page.get_by_text("“Datum” is now read as date.")).to_be_visible()
    expect(notes).to_have_count(0)
    data = calls.get(f"/api/projects/{project.id}/data").json()
    assert [(row["Umsatz (netto, EUR)"], row["Datum"]) for row in data["rawData"]] == [
        (1234.5, "2026-12-31"),
        (2.25, "2026-02-01"),
    ]
    device.button("Download CSV").click()
    with device.page.expect_download() as downloading:
        device.button("Download", device.dialog).click()
    text = Path(downloading.value.path()).read_text()
    assert text.splitlines()[1:] == ['"1.234,50",31.12.2026,Nord', '"2,25",01.02.2026,Süd']


def test_columns_are_changed_in_the_data(
    device: Device, make_project: Callable[..., Project], calls: httpx.Client, tmp_path: Path
) -> None:
    """A cell that does not fit a type is named, and nothing is lost; a column that fits has its new name and type."""
    project = make_project(TOTAL, None)
    _upload(device.open(project.id), tmp_path, GERMAN)
    device.open_columns()
    region, date = (device.dialog.get_by_role("group", name=name) for name in ("Region", "Datum"))
    region.get_by_label("Type").select_option("Number")
    date.get_by_label("Name").fill("Tag")
    date.get_by_label("Type").select_option("Date")
    date.get_by_label("Pattern").fill("dd.MM.yyyy")
    device.button("Apply", device.dialog).click()
    expect(device.dialog.get_by_role("alert")).to_contain_text("Region")
    expect(device.dialog.get_by_role("alert")).to_contain_text("Nord")
    region.get_by_label("Type").select_option("Text")
    device.button("Apply", device.dialog).click()
    expect(device.dialog.get_by_text("The columns were changed.")).to_be_visible()
    schema = calls.get(f"/api/projects/{project.id}/data", params={"include": "dataSchema"}).json()["dataSchema"]
    assert schema["columnNames"] == ["Umsatz (netto, EUR)", "Tag", "Region"]
    assert schema["columnTypes"] == {"Umsatz (netto, EUR)": "string", "Tag": "date", "Region": "string"}


def test_a_file_is_read_again_with_another_separator(
    device: Device, make_project: Callable[..., Project], tmp_path: Path
) -> None:
    """A file with an unclear separator is read with the one that the user names, without being sent again."""
    device.open(make_project(TOTAL, None).id)
    sent: list[str] = []
    device.page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    _upload(device, tmp_path, "Name\nDoe, Jane\nRoe\n", "names.csv")
    expect(device.page.get_by_role("alert")).to_contain_text("“names.csv” was not uploaded.")
    device.page.get_by_label("Delimiter").select_option("Vertical bar")
    device.button("Read again").click()
    expect(device.page.get_by_text("names.csv · 2 rows")).to_be_visible()
    assert len([line for line in sent if line.startswith("POST") and "/api/" not in line]) == 1


def test_a_file_that_is_read_in_the_background_shows_how_far(
    device: Device, make_project: Callable[..., Project], tmp_path: Path
) -> None:
    """Of a large file, the page shows how many bytes the server has read, until it is the table."""
    stages: list[dict[str, Any]] = [{"status": "processing", "bytesRead": 3_000_000, "bytes": 9_000_000}]

    def progress(route: Route) -> None:
        if route.request.method == "GET" and stages:
            route.fulfill(status=200, json=stages[0], headers={"Content-Type": "application/json", "Retry-After": "1"})
        else:
            route.fallback()

    device.open(make_project(TOTAL, None).id)
    device.context.route("**/data/uploads/*", progress)
    _upload(device, tmp_path, "Code,Price\n" + "".join(f"c{row:09},{row}.5\n" for row in range(100_000, 520_000)))
    expect(device.page.get_by_text("3 of 9 MB read")).to_be_visible()
    expect(device.page.get_by_role("progressbar", name="Bytes read")).to_have_attribute("max", "9000000")
    stages.clear()
    expect(device.page.get_by_text("umsatz.csv · 420,000 rows")).to_be_visible(timeout=60_000)


def test_a_table_that_failed_to_load_is_loaded_again(device: Device, project: Project) -> None:
    """A table that cannot be loaded says so, and its button loads it once the server answers."""
    # Otherwise, the page may load it by itself as soon as it is connected.
    device.run_first("delete globalThis.WebSocket")
    device.answer("GET", "/data", 400, {"type": "urn:problem:invalid-query", "title": "Bad", "detail": "Not now."})
    # Once the config is loaded, the page tries again by itself.
    device.open(project.id).says("Saved")
    expect(device.page.get_by_role("alert")).to_contain_text("The table could not be loaded. Not now.")
    device.stop_answering("/data")
    device.button("Try again").click()
    expect(device.page.get_by_text("18 rows")).to_be_visible()
    expect(device.card("Revenue").locator("canvas")).to_be_visible()
