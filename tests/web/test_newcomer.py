"""What newcomers do without a hint: each task by names that are on the screen, in at most six actions."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Locator, expect
from support.running.browser import Device, Project, chart
from support.running.local_stack import LocalStack

type Devices = Callable[..., Device]

MOST_ACTIONS = 6
MONTHS = [f"{month:02}.03.2026;{'Nord' if month % 2 else 'Süd'};1.{month:03},50" for month in range(1, 13)]
GERMAN = "\n".join(["Datum;Region;Umsatz", *MONTHS]) + "\n"


class Newcomer:
    """Acts as a person does, and counts: a click, a choice in a list, a file, a text."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.actions = 0

    def press(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        self._act((within or self.device.page).get_by_role("button", name=name).first.click)

    def press_on(self, card: str, name: str) -> None:
        """Press a button of a chart, which is shown where the pointer is."""
        self.device.card(card).hover()
        self.press(re.compile(f"^{name}"), self.device.card(card))

    def choose_item(self, name: str) -> None:
        self._act(self.device.page.get_by_role("menuitem", name=name).click)

    def choose(self, label: str, option: str) -> None:
        self._act(lambda: self.device.page.get_by_label(label).select_option(option))

    def upload(self, file: Path) -> None:
        self._act(lambda: self.device.page.get_by_label("Upload a file").set_input_files(file))

    def _act(self, work: Callable[[], object]) -> None:
        work()
        self.actions += 1


@contextmanager
def task(device: Device) -> Iterator[Newcomer]:
    """A task, which may take six actions."""
    newcomer = Newcomer(device)
    yield newcomer
    assert newcomer.actions <= MOST_ACTIONS


def test_a_german_file_becomes_a_chart_of_its_money(
    device: Device, make_project: Callable[..., Project], tmp_path: Path
) -> None:
    """A German file is uploaded and its money is a chart, with the numbers that the file has."""
    file = tmp_path / "umsatz.csv"
    file.write_text(GERMAN)
    device.open(make_project(config=None, rows=None).id)
    with task(device) as newcomer:
        newcomer.upload(file)
        newcomer.press(re.compile("^Read as number: 1.001,50"))
        expect(device.page.get_by_text("“Umsatz” is now read as number.")).to_be_visible()
        newcomer.press(re.compile("^Read as date"))
        expect(device.page.get_by_text("“Datum” is now read as date.")).to_be_visible()
        newcomer.press("Add chart")
        newcomer.press("Add", device.dialog)
    drawing = device.card("Umsatz over time").get_by_role("img")
    expect(drawing).to_have_attribute("aria-label", re.compile("1,001.5"))


def test_a_chart_is_split_by_region(device: Device, make_project: Callable[..., Project]) -> None:
    """A chart has a series for each region, with a legend that names them."""
    over_time = chart("Revenue", dataMapping={"xAxis": "Day", "yAxis": "Revenue", "aggregate": "sum"})
    device.open(make_project({"chartCustomizations": {"a": over_time}}).id)
    with task(device) as newcomer:
        newcomer.press_on("Revenue", "Edit")
        newcomer.choose("Split by", "Region")
        newcomer.press("Apply", device.dialog)
    legend = device.card("Revenue").locator(".legend")
    for region in ("North", "South", "East"):
        expect(legend).to_contain_text(region)


def test_yesterdays_version_is_brought_back(device: Device, project: Project) -> None:
    """The dashboard is as it was yesterday, and what came between stays in history."""
    project.autosave({"chartCustomizations": {"a": {"title": "Worse"}}})
    # The server's own time is a day behind.
    device.page.clock.set_system_time(datetime.now(UTC) + timedelta(days=1))
    device.open(project.id).retitle("Worse", "Worst").save()
    with task(device) as newcomer:
        newcomer.press("History")
        yesterday = device.dialog.get_by_role("heading", name="Yesterday").locator("xpath=..")
        newcomer.press(re.compile("^Version 1"), yesterday)
        newcomer.press("Restore", device.dialog)
    device.shows("Revenue", "Units")
    assert project.versions[0]["restoredFrom"] == 1
    assert len(project.versions) == 4


def test_a_colleagues_change_is_taken_back(device: Device, project: Project, stack: LocalStack, user: str) -> None:
    """One change of a colleague is gone, which is said in words before; all later changes stay."""
    with stack.client(f"guest-of-{user}") as guest:
        address = project.share(guest, "editor")
        renamed = {"chartCustomizations": {"a": {"title": "Theirs"}}}
        assert guest.patch(f"/api/projects/{address}/config", json=renamed).is_success
    colleague = project.members["members"][0]
    device.open(project.id).retitle("Units", "Mine").save()
    with task(device) as newcomer:
        newcomer.press("History")
        newcomer.press(re.compile(colleague.get("name") or f"User {colleague['id'][:6]}"), device.dialog)
        expect(device.dialog).to_contain_text("Taking back: “Theirs” renamed to “Revenue”. All later changes stay.")
        newcomer.press("Take back changes", device.dialog)
    device.shows("Revenue", "Mine")


def test_a_dashboard_is_shared_with_a_colleague(make_device: Devices, project: Project, user: str) -> None:
    """A link lets a colleague edit, who is in the list of people from then on."""
    device, colleague = make_device().open(project.id), make_device(f"guest-of-{user}")
    with task(device) as newcomer:
        newcomer.press("Share")
        newcomer.choose("They", "can edit")
        newcomer.press("Create invitation link", device.dialog)
    link = device.dialog.get_by_label("Copy this link now")
    expect(link).to_be_focused()
    colleague.page.goto(link.input_value())
    with task(colleague) as newcomer:
        newcomer.press("Accept invitation")
    device.page.keyboard.press("Escape")
    colleague.retitle("Revenue", "By a colleague").save()
    device.shows("By a colleague", "Units")


def test_the_numbers_are_taken_out(device: Device, project: Project) -> None:
    """The numbers behind a chart are in a file."""
    device.open(project.id)
    with task(device) as newcomer, device.page.expect_download() as downloading:
        newcomer.press_on("Revenue", "More")
        newcomer.choose_item("Save as CSV")
    lines = Path(downloading.value.path()).read_text("utf-8-sig").splitlines()
    assert lines == ['Region,"Revenue, sum"', "North,240", "South,240", "East,234"]
