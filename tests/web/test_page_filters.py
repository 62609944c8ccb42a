"""Filters: by values, texts and time, and by a click on a chart."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Position, expect
from support.running.browser import Device, Project, chart, violations
from support.running.local_stack import LocalStack

type Devices = Callable[..., Device]
type Projects = Callable[..., Project]

# More than the form lists at once.
CITIES = [{"City": f"City {number:03}", "Revenue": number} for number in range(250)]
CITY_CHART = chart("Cities", dataMapping={"xAxis": "City", "aggregate": "count"})
DAY_CHART = chart("Days", dataMapping={"xAxis": "Day", "aggregate": "count"})


def rows(device: Device, number: int, of: int) -> None:
    """Expect so many rows of the table to match."""
    expect(device.page.get_by_text(f"{number} rows of {of}")).to_be_visible()


def kept(project: Project) -> list[tuple[Any, ...]]:
    return [(each["operator"], each["values"]) for each in project.config["filters"]]


def bars(card: Locator, number: int) -> None:
    """Expect a chart to show so many bars."""
    expect(card.get_by_role("img")).to_have_accessible_name(re.compile(rf"\. {number} bars?,"))


def click_bar(device: Device, title: str, place: int, of: int) -> None:
    """Click above one of the bars that stand side by side."""
    canvas = device.card(title).locator("canvas")
    box = canvas.bounding_box()
    assert box
    # The axis of values is on the left.
    at: Position = {"x": 60 + (box["width"] - 80) * (place + 0.5) / of, "y": box["height"] * 0.6}
    canvas.click(position=at)


def test_texts_are_filtered_by_what_they_contain(device: Device, project: Project) -> None:
    """A column of texts is filtered by what they contain or not, or by all values but some; chips say so."""
    device.open(project.id).button("Add filter").click()
    form = device.dialog
    form.get_by_label("Column").select_option("Region")
    form.get_by_label("Condition").select_option("contains")
    form.get_by_label("Text").fill("TH")
    device.button("Apply", form).click()
    rows(device, 12, 18)
    device.button("Region: contains “TH”").click()
    form.get_by_label("Condition").select_option("does not contain")
    expect(form.get_by_label("Text")).to_have_value("TH")
    device.button("Apply", form).click()
    rows(device, 6, 18)
    device.button("Region: does not contain “TH”").click()
    form.get_by_label("Condition").select_option("is not one of")
    form.get_by_role("checkbox", name="North").check()
    device.button("Apply", form).click()
    rows(device, 12, 18)
    expect(device.button("Region: not North")).to_be_visible()
    device.save()
    assert kept(project) == [("notIn", ["North"])]


def test_all_values_can_be_searched(device: Device, make_project: Projects) -> None:
    """A search finds values beyond those that are listed, and what was chosen before it stays chosen."""
    project = make_project({"chartCustomizations": {"a": CITY_CHART}}, CITIES)
    device.open(project.id).button("Add filter").click()
    expect(device.dialog).to_contain_text("The first 200 of 250 are listed.")
    device.dialog.get_by_role("checkbox", name="City 001").check()
    device.dialog.get_by_label("Search values").fill("249")
    expect(device.dialog.get_by_role("checkbox")).to_have_count(1)
    device.dialog.get_by_role("checkbox", name="City 249").check()
    expect(device.dialog).to_contain_text("2 of 250 selected.")
    device.dialog.get_by_label("Search values").press("Enter")
    device.dialog.get_by_label("Search values").fill("nowhere")
    expect(device.dialog).to_contain_text("No value contains “nowhere”.")
    device.button("Apply", device.dialog).click()
    rows(device, 2, 250)
    device.save()
    assert kept(project) == [("in", ["City 001", "City 249"])]


def test_relative_time_is_of_today(device: Device, make_project: Projects) -> None:
    """A filter by relative time shows the rows of the dates that it means today, and is saved as it is said."""
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=ago) for ago in (0, 3, 800)]
    project = make_project({"chartCustomizations": {"a": DAY_CHART}}, [{"Day": str(day), "Units": 1} for day in days])
    device.open(project.id).button("Add filter").click()
    device.dialog.get_by_label("Condition").select_option("is in the last")
    device.dialog.get_by_label("How many").fill("30")
    expect(device.dialog).to_contain_text(re.compile(r"Today, that is \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d\."))
    device.button("Apply", device.dialog).click()
    rows(device, 2, 3)
    expect(device.button("Day: last 30 days")).to_be_visible()
    device.save()
    assert kept(project) == [("last", [30, "day"])]
    device.reload().button("Day: last 30 days").click()
    device.dialog.get_by_role("combobox", name="Unit", exact=True).select_option("years")
    device.button("Apply", device.dialog).click()
    expect(device.page.get_by_text("3 rows", exact=False)).not_to_contain_text("of 3")


def test_an_unknown_filter_hides_nothing(device: Device, make_project: Projects) -> None:
    """A filter with an operator of another application matches all rows, says so, and keeps what it holds."""
    config = {
        "chartCustomizations": {"a": chart("Revenue")},
        "filters": [{"id": "f", "column": "Region", "operator": "soundsLike", "values": ["Norse"], "theirs": 1}],
    }
    project = make_project(config)
    device.open(project.id)
    bars(device.card("Revenue"), 3)
    device.button("Region: not applied, because this page does not know “soundsLike”").click()
    device.dialog.get_by_role("checkbox", name="North").check()
    device.button("Apply", device.dialog).click()
    bars(device.card("Revenue"), 1)
    device.save()
    assert project.config["filters"] == [{**config["filters"][0], "operator": "in", "values": ["North"]}]  # type: ignore[index]


def test_a_click_filters_the_other_charts(device: Device, project: Project) -> None:
    """A clicked bar filters the other charts until it is clicked again, Escape is pressed, or its chip is closed."""
    device.open(project.id)
    revenue, units = device.card("Revenue"), device.card("Units")
    bars(units, 3)
    click_bar(device, "Revenue", 1, 3)
    chip = device.page.get_by_title("Only while you look: it is not saved")
    expect(chip).to_have_text(re.compile("Region: South"))
    bars(units, 1)
    bars(revenue, 3)
    rows(device, 6, 18)
    expect(device.page.get_by_text("The other charts show Region: South")).to_be_attached()
    click_bar(device, "Revenue", 1, 3)
    bars(units, 3)
    expect(chip).to_have_count(0)
    click_bar(device, "Revenue", 0, 3)
    expect(chip).to_have_text(re.compile("Region: North"))
    device.page.keyboard.press("Escape")
    expect(chip).to_have_count(0)
    click_bar(device, "Units", 2, 3)
    bars(revenue, 1)
    device.button("Remove the filter Region: East, which is not saved").click()
    bars(revenue, 3)
    expect(device.button("Save")).to_be_disabled()


def test_every_reader_filters_by_chart(make_device: Devices, project: Project, user: str, stack: LocalStack) -> None:
    """A viewer and the public choose a chart's groups by click or arrow keys, as an owner does in an older version."""
    with stack.client(f"guest-of-{user}") as guest:
        address = project.share(guest, "viewer")
    project.save(
        {**project.config, "filters": [{"id": "f", "column": "Region", "operator": "in", "values": ["North"]}]}
    )
    viewer, anyone, owner = make_device(f"guest-of-{user}").open(address), make_device(), make_device().open(project.id)
    anyone.page.goto(f"/#/links/{project.link(version=1)}")
    owner.button("History").click()
    owner.dialog.get_by_role("button", name=re.compile("^Version 1")).click()
    owner.button("Preview", owner.dialog).click()
    for device, number in ((anyone, 3), (owner, 3)):
        bars(device.card("Units"), number)
        click_bar(device, "Revenue", 0, number)
        bars(device.card("Units"), 1)
        device.card("Revenue").get_by_role("img").focus()
        device.page.keyboard.press("ArrowRight")
        expect(device.page.get_by_title("Only while you look")).to_contain_text("Region: South")
        device.page.keyboard.press("Escape")
        bars(device.card("Units"), number)
    bars(viewer.card("Revenue"), 1)
    viewer.card("Revenue").get_by_role("img").focus()
    viewer.page.keyboard.press("ArrowRight")
    expect(viewer.page.get_by_title("Only while you look")).to_contain_text("Region: North")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_filters_have_no_violation(make_device: Devices, make_project: Projects, scheme: str) -> None:
    """axe-core finds nothing in a filter's forms and chips on a phone, and nothing overflows."""
    device = make_device(size=(390, 844), color_scheme=scheme)
    project = make_project({"chartCustomizations": {"a": CITY_CHART}}, CITIES)
    device.open(project.id).button("Add filter").click()
    expect(device.dialog.get_by_label("Search values")).to_be_visible()
    assert violations(device.page) == []
    device.dialog.get_by_label("Condition").select_option("contains")
    assert violations(device.page) == []
    device.button("Cancel", device.dialog).click()
    device.card("Cities").get_by_role("img").focus()
    device.page.keyboard.press("ArrowRight")
    expect(device.page.get_by_title("Only while you look")).to_be_visible()
    assert violations(device.page) == []
    assert device.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
