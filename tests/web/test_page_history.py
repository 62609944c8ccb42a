"""The history of a dashboard in words: what changed, who it was, named versions, and the way back."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Locator, expect
from support.running.browser import Device, Json, Project, chart, violations
from support.running.local_stack import LocalStack

type Devices = Callable[..., Device]

NARROW = (390, 844)


@pytest.fixture
def guest(stack: LocalStack, user: str) -> Iterator[httpx.Client]:
    """A client of the API for another user."""
    with stack.client(f"guest-of-{user}") as made:
        yield made


def entry(device: Device, name: str) -> Locator:
    """An entry of the history by its first words."""
    return device.dialog.get_by_role("button", name=re.compile(f"^{name}"))


def stacked(*titles: str, **members: Json) -> Json:
    """Return a config with charts one below the other."""
    places = {title: {"x": 0, "y": 5 * row, "w": 6, "h": 5} for row, title in enumerate(titles)}
    charts = {title: {**chart(title, position=place), **members.get(title, {})} for title, place in places.items()}
    return {"chartCustomizations": charts}


def test_an_entry_says_what_changed_and_who_it_was(
    make_device: Devices, make_project: Callable[..., Project], guest: httpx.Client
) -> None:
    """Each version is one line: who, what, and how many charts only made room; places of these are not listed."""
    project = make_project(stacked("A", "B", "C", "D"))
    address = project.share(guest, "editor")
    hidden = {"chartCustomizations": {"D": {"isVisible": False}}}
    assert guest.patch(f"/api/projects/{address}/config", json=hidden).is_success
    charts = stacked("B", "C", "A", "D", D={"isVisible": False})
    project.save({**charts, "theme": {"id": "system"}})
    device = make_device().open(project.id)
    device.button("History").click()
    expect(entry(device, "Version 3")).to_contain_text("“A” moved; 2 others made room")
    name = next(each.get("name") or f"User {each['id'][:6]}" for each in project.members["members"])
    expect(entry(device, "Version 2")).to_contain_text("“D” hidden")
    expect(entry(device, "Version 2").locator("b")).to_have_text(name)
    expect(entry(device, "Version 1")).to_contain_text("4 charts added")
    entry(device, "Version 3").click()
    lines = device.dialog.locator(".changes li")
    expect(lines.first).to_have_text(re.compile("^A . Position column 1, row 1"))
    expect(lines.last).to_have_text("2 other charts made room")
    expect(device.dialog.get_by_text(re.compile("^B . Position"))).to_have_count(0)


def test_automatic_saves_are_one_entry(device: Device, project: Project) -> None:
    """A run of automatic saves is one entry, which says what changed in all of it and opens to each version."""
    for title in ("One", "Two", "Three"):
        project.autosave({"chartCustomizations": {"a": {"title": title}}})
    device.open(project.id).button("History").click()
    run = entry(device, "Versions 2.4")
    expect(run).to_contain_text("“Revenue” renamed to “Three”")
    expect(run).to_contain_text("Saved automatically 3 times")
    expect(entry(device, "Version 3")).to_have_count(0)
    run.click()
    expect(entry(device, "Version 3")).to_contain_text("“One” renamed to “Two”")
    entry(device, "Version 3").click()
    device.button("Restore", device.dialog).click()
    device.shows("Two", "Units")


def test_a_version_has_a_name(device: Device, project: Project) -> None:
    """A name is an entry's title and can be looked for; without a text, the version has no name again."""
    for title in ("One", "Two"):
        project.autosave({"chartCustomizations": {"a": {"title": title}}})
    device.open(project.id).button("History").click()
    named_only = device.dialog.get_by_role("switch", name="Named versions only")
    expect(entry(device, "Versions 2.3")).to_be_visible()
    expect(named_only).to_have_count(0)
    entry(device, "Version 1").click()
    device.button("Name this version").click()
    field = device.dialog.get_by_label("Name of this version")
    expect(field).to_be_focused()
    field.fill("For the board")
    field.press("Enter")
    expect(entry(device, "For the board")).to_contain_text("Version 1")
    assert project.versions[-1]["name"] == "For the board"
    named_only.check()
    expect(entry(device, "Versions 2.3")).to_have_count(0)
    device.button("Rename this version").click()
    field.fill("")
    device.button("Save name").click()
    expect(entry(device, "Version 1")).to_be_visible()
    assert "name" not in project.versions[-1]


def test_any_two_versions_can_be_compared(device: Device, project: Project) -> None:
    """An open version is compared with the one before, or with any other, the older one first."""
    for number, title in enumerate(("Second", "Third", "Fourth")):
        charts = {**project.charts, "a": chart(title), "b": chart("Units", 6, kind="pie" if number else "bar")}
        project.save({"chartCustomizations": charts})
    device.open(project.id).button("History").click()
    entry(device, "Version 2").click()
    changes = device.dialog.locator(".changes")
    expect(changes).to_contain_text("“Revenue” → “Second”")
    other = changes.get_by_role("combobox")
    expect(changes.get_by_text("Changes since")).to_be_visible()
    other.select_option("4")
    expect(changes.get_by_text("Changes until")).to_be_visible()
    changed = [re.compile("^Fourth . Title “Second” → “Fourth”$"), re.compile("^Units . Type Bars → Pie$")]
    expect(changes.get_by_role("listitem")).to_have_text(changed)
    other.select_option("1")
    expect(changes.get_by_text("Changes since")).to_be_visible()
    expect(changes).to_contain_text("“Revenue” → “Second”")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_history_has_no_violation(make_device: Devices, project: Project, scheme: str) -> None:
    """axe-core finds nothing in the history of a phone, with a run and a version that is being named."""
    for title in ("One", "Two"):
        project.autosave({"chartCustomizations": {"a": {"title": title}}})
    device = make_device(size=NARROW, color_scheme=scheme).open(project.id)
    device.button("History").click()
    entry(device, "Versions 2.3").click()
    entry(device, "Version 2").click()
    device.button("Name this version").click()
    expect(device.dialog.get_by_label("Name of this version")).to_be_focused()
    expect(entry(device, "Version 1")).to_contain_text("“Revenue” and “Units” added")
    assert violations(device.page) == []
