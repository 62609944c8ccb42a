"""The form of a chart: what it shows while it is filled in, and what it saves."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from support.running.browser import Device, Json, Project, chart, violations

type Devices = Callable[..., Device]
type Projects = Callable[..., Project]

MAPPING = {"xAxis": "Region", "yAxis": "Revenue", "aggregate": "sum"}
KINDS = ("Bars", "Line", "Area", "Points", "Pie", "Number", "Table", "Text")


def preview(device: Device) -> Locator:
    return device.dialog.get_by_role("region", name="Preview")


def kind(device: Device, name: str) -> None:
    device.dialog.get_by_role("group", name="Type").get_by_text(name, exact=True).click()


def edit(device: Device, title: str) -> Locator:
    """Open a chart's form."""
    device.card(title).hover()
    device.button(f"Edit {title}").click()
    return device.dialog


def more(device: Device) -> None:
    device.dialog.get_by_text("More options").click()


def test_a_chart_is_split(device: Device, project: Project) -> None:
    """A chart that is split by a column has a series for each value, and a new one is named after both."""
    device.open(project.id)
    edit(device, "Revenue").get_by_label("Split by").select_option("Day")
    device.button("Apply", device.dialog).click()
    expect(device.card("Revenue").locator(".legend")).to_contain_text("Jan 2026")
    device.save()
    assert project.charts["a"]["dataMapping"] == {**MAPPING, "splitBy": "Day"}
    device.button("Add chart").click()
    device.dialog.get_by_label("Split by").select_option("Region")
    expect(preview(device).get_by_role("heading")).to_have_text("Revenue over time by Region")
    device.button("Add", device.dialog).click()
    expect(device.card("Revenue over time by Region").locator(".legend")).to_contain_text("North")


def test_the_preview_follows_the_form(device: Device, project: Project) -> None:
    """The preview draws what is entered, with the dashboard's filters; once discarded, the dashboard is as before."""
    device.open(project.id).filter("Region", "North", "South")
    form, shown = edit(device, "Revenue"), preview(device).get_by_role("img")
    expect(shown).to_have_accessible_name(re.compile(r"^Revenue\. 2 bars, largest 240 at North"))
    form.get_by_label("Group by").select_option("Day")
    expect(shown).to_have_accessible_name(re.compile(r"^Revenue\. 6 bars, largest 130 at Jun 2026"))
    form.get_by_label("Compute").select_option("Count")
    expect(form.get_by_label("Of column")).to_have_count(0)
    kind(device, "Line")
    form.get_by_label("Title").fill("Rows")
    expect(shown).to_have_accessible_name(re.compile(r"^Rows\. 6 points, largest 2 at"))
    kind(device, "Number")
    expect(preview(device)).to_contain_text("12")
    device.button("Cancel", form).click()
    device.shows("Revenue", "Units")
    expect(device.card("Revenue").get_by_role("img")).to_have_accessible_name(re.compile(r"^Revenue\. 2 bars"))


def test_only_what_was_chosen_is_saved(device: Device, make_project: Projects) -> None:
    """A choice is one member of the chart; taken back, the member is gone; what the form does not know stays."""
    theirs: Json = {"theirs": {"of": 1}, "format": {"style": "percent", "theirs": 2}}
    project = make_project({"chartCustomizations": {"a": chart("Revenue", **theirs)}})
    device.open(project.id)
    form = edit(device, "Revenue")
    form.get_by_label("Order").select_option("Smallest first")
    form.get_by_label("Show at most").fill("2")
    form.get_by_label("Direction").select_option("Horizontal")
    form.get_by_text("Pink").click()
    form.get_by_label("Decimals").select_option("1")
    form.get_by_label("Second measure").select_option("Units")
    form.get_by_label("Taken as").select_option("Average")
    form.get_by_label("Stack the series").check()
    device.button("Apply", form).click()
    before = project.charts["a"]
    mapping = {"sort": "value", "limit": 2, "second": {"yAxis": "Units", "aggregate": "mean"}}
    device.save()
    assert project.charts["a"] == {
        **before,
        "dataMapping": {**MAPPING, **mapping},
        "isStacked": True,
        "isHorizontal": True,
        "color": "pink",
        "format": {"style": "percent", "theirs": 2, "decimals": 1},
    }
    form = edit(device, "Revenue")
    for label in ("Order", "Direction", "Decimals"):
        form.get_by_label(label).select_option("Automatic")
    form.get_by_label("Show at most").fill("")
    form.get_by_text("Teal").click()
    form.get_by_label("Stack the series").uncheck()
    form.get_by_label("Second measure").select_option("None")
    device.button("Apply", form).click()
    device.save()
    assert project.charts["a"] == before


def test_money_has_a_currency(device: Device, project: Project) -> None:
    """The preview and the card show amounts in the currency and with the decimals that were chosen."""
    device.open(project.id).button("Add chart").click()
    form = device.dialog
    kind(device, "Number")
    expect(preview(device).get_by_role("heading")).to_have_text("Total Revenue")
    more(device)
    form.get_by_label("Number format").select_option("Currency")
    expect(form.get_by_role("combobox", name="Currency")).to_have_value("EUR")
    form.get_by_label("Decimals").select_option("2")
    expect(preview(device)).to_contain_text("€714.00")
    device.button("Add", form).click()
    expect(device.card("Total Revenue")).to_contain_text("€714.00")


def test_tables_and_texts_are_written_in_the_form(device: Device, project: Project) -> None:
    """A table card's columns and order, and a text card's Markdown, are chosen in the form and previewed."""
    device.open(project.id).button("Add chart").click()
    kind(device, "Table")
    device.dialog.get_by_role("group", name="Columns").get_by_label("Day").uncheck()
    expect(preview(device).get_by_role("columnheader")).to_have_text(["Region", "Revenue", "Units"])
    for first_row in (r"East\s*14\s*1", r"North\s*65\s*6"):
        preview(device).get_by_role("button", name="Revenue").click()
        expect(preview(device).get_by_role("row").nth(1)).to_have_text(re.compile(first_row))
    more(device)
    expect(device.dialog.get_by_label("Sort rows by")).to_have_value("Revenue")
    device.dialog.get_by_label("Title").fill("Best")
    device.button("Add", device.dialog).click()
    device.button("Add chart").click()
    kind(device, "Text")
    device.dialog.get_by_role("textbox", name="Text").fill("Only **three** regions")
    expect(preview(device).locator("strong")).to_have_text("three")
    device.button("Add", device.dialog).click()
    device.save()
    table, text = list(project.charts.values())[2:]
    mapping = {"columns": ["Region", "Revenue", "Units"], "orderBy": {"column": "Revenue", "isDescending": True}}
    assert [table["kind"], table["title"], table["dataMapping"]] == ["table", "Best", mapping]
    assert [text["kind"], text["title"], text["text"]] == ["text", "", "Only **three** regions"]
    assert not text["dataMapping"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_kind_has_a_violation(make_device: Devices, project: Project, scheme: str) -> None:
    """axe-core finds nothing in the form of any kind of chart with all its fields, and nothing overflows on a phone."""
    device = make_device(size=(390, 844), color_scheme=scheme)
    device.open(project.id).button("Add chart").click()
    device.dialog.get_by_label("Split by").select_option("Region")
    more(device)
    device.dialog.get_by_label("Number format").select_option("Currency")
    found = {}
    for name in KINDS:
        kind(device, name)
        expect(preview(device).locator(".canvas, .number, table, .prose")).to_be_visible()
        found[name] = violations(device.page)
        assert device.dialog.evaluate(
            "each => [...each.querySelectorAll('.body')].every(b => b.scrollWidth <= b.clientWidth)"
        )
    assert {name: each for name, each in found.items() if each} == {}
