"""What others save appears at once, says who it was, and moves nothing that the user holds."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Response, Route, expect
from support.running.browser import ROWS, Device, Json, Project, chart, violations
from support.running.local_stack import LocalStack

type Devices = Callable[..., Device]

# Longer than it takes until another device shows a save.
WHILE = 1_000
# The titles of the charts that were marked since.
MARKED = """() => {
    window.marked = [];
    const mark = ({ target }) => {
        if (target.classList.contains("pointed")) window.marked.push(target.querySelector("h3").textContent);
    };
    const options = { subtree: true, attributeFilter: ["class"] };
    new MutationObserver((changes) => changes.forEach(mark)).observe(document.body, options);
}"""


@pytest.fixture
def guest(stack: LocalStack, user: str) -> Iterator[httpx.Client]:
    """A client of the API for another user."""
    with stack.client(f"guest-of-{user}") as made:
        yield made


def is_live(device: Device) -> None:
    """Expect the page to say that changes arrive at once."""
    # The functions that it takes may have to be started first.
    expect(device.page.get_by_text("Live", exact=True)).to_be_visible()


def news(device: Device, text: str) -> None:
    """Expect the line that says what others have changed; empty if nothing."""
    expect(device.page.locator(".news [role=status]")).to_have_text(text)


def mine(deeds: str) -> str:
    """Return what the line says of what the user did elsewhere."""
    return f"You {deeds} on another device or tab."


def changed(project: Project, **charts: Json | None) -> None:
    """Change charts, or add them, as another device of the owner does; None removes a chart."""
    config = project.config
    for name, members in charts.items():
        if members is None:
            del config["chartCustomizations"][name]
        else:
            config["chartCustomizations"].setdefault(name, {}).update(members)
    project.save(config)


@contextmanager
def asked(device: Device, part: str) -> Iterator[list[str]]:
    """Collect how often a page asks for a part of a project, and the statuses of the answers."""
    found: list[str] = []

    def note(response: Response) -> None:
        if response.request.method == "GET" and httpx.URL(response.url).path.endswith(part):
            found.append(str(response.status))

    device.page.on("response", note)
    yield found
    device.page.remove_listener("response", note)


@contextmanager
def dragging(device: Device, title: str) -> Iterator[None]:
    """Drag a chart down, and in the end back to where it was."""
    device.card(title).hover()
    box = device.card(title).locator(".handle").bounding_box()
    assert box
    mouse, x, y = device.page.mouse, box["x"] + 5, box["y"] + 5
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, y + 200, steps=5)
    yield
    mouse.move(x, y, steps=5)
    mouse.up()


def hold_save(device: Device) -> Callable[[], None]:
    """Hold back the next save; returns a function that sends it."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "PATCH":
            held.append(route)
        else:
            route.fallback()

    address = re.compile("/config")
    device.context.route(address, hold)

    def send() -> None:
        (sent,) = held
        sent.continue_()
        device.context.unroute(address)

    return send


def test_a_save_appears_where_others_look(
    make_device: Devices, make_project: Callable[..., Project], guest: httpx.Client, user: str
) -> None:
    """A save appears on other devices, with who did what, and marked; scroll position, focus and edits stay."""
    places: list[dict[str, Any]] = [{"x": 0, "y": 5 * number, "w": 6, "h": 5} for number in range(6)]
    charts = {f"c{number}": chart(f"Chart {number}", position=place) for number, place in enumerate(places)}
    project = make_project({"chartCustomizations": charts})
    owner, editor = make_device(), make_device(f"guest-of-{user}")
    editor.open(project.share(guest, "editor"))
    owner.open(project.id)
    for device in (owner, editor):
        is_live(device)
    owner_name, editor_name = (named(each) for each in (project.members["owner"], *project.members["members"]))

    editor.page.evaluate("scrollTo(0, 900)")
    handle = editor.card("Chart 3").locator(".handle")
    handle.focus()
    before = editor.page.evaluate("scrollY")
    editor.page.evaluate(MARKED)
    with asked(editor, "/config") as found:
        owner.retitle("Chart 0", "Revenue").remove_chart("Chart 5").save()
        editor.shows("Revenue", "Chart 1", "Chart 2", "Chart 3", "Chart 4")
        news(editor, f"{owner_name} removed “Chart 5” and renamed “Chart 0” to “Revenue”.")
        editor.says(f"Saved just now by {owner_name}")
        assert violations(editor.page) == []
    assert found == ["200"]
    assert set(editor.page.evaluate("window.marked")) == {"Revenue"}
    news(owner, "")
    # What has the focus moves out of view.
    changed(project, c0={"position": {"x": 0, "y": 25, "w": 6, "h": 5}})
    editor.shows("Chart 1", "Chart 2", "Chart 3", "Chart 4", "Revenue")
    expect(handle).to_be_focused()
    expect(handle).not_to_be_in_viewport()
    assert editor.page.evaluate("scrollY") == before > 0
    news(owner, mine("moved “Revenue”"))
    owner.button("Dismiss").click()
    # What has the focus is removed: the chart beside it gets it.
    changed(project, c3=None)
    editor.shows("Chart 1", "Chart 2", "Chart 4", "Revenue")
    expect(editor.card("Chart 4")).to_be_focused()
    for device in (owner, editor):
        device.button("Dismiss").click()
        news(device, "")

    # Edits that are not saved stay, and the save merges both.
    editor.retitle("Chart 1", "Units").says("Not saved yet")
    changed(project, c2={"title": "Days"})
    news(editor, f"{owner_name} changed this dashboard. You get these changes when you save.")
    editor.shows("Units", "Chart 2", "Chart 4", "Revenue")
    news(owner, mine("renamed “Chart 2” to “Days”"))
    editor.save().shows("Units", "Days", "Chart 4", "Revenue")
    owner.shows("Units", "Days", "Chart 4", "Revenue")
    news(owner, f"You and {editor_name} renamed “Chart 2” to “Days” and renamed “Chart 1” to “Units”.")
    owner.button("Dismiss").click()

    body = {"fileName": "more.csv", "rawData": [*ROWS, ROWS[0]]}
    assert guest.post(f"/api/projects/{project.address}/data", json=body).is_success
    for device in (owner, editor):
        expect(device.page.get_by_text("more.csv · 19 rows")).to_be_visible()
    news(owner, "The table was changed.")


def test_nothing_that_is_held_moves(make_device: Devices, project: Project) -> None:
    """What others save waits while a chart is dragged or a dialog is open; what was typed is kept and applied well."""
    device, witness = make_device().open(project.id), make_device().open(project.id)
    for each in (device, witness):
        is_live(each)
    title = device.dialog.get_by_label("Title")

    def edit(name: str) -> None:
        device.card(name).hover()
        device.button(f"Edit {name}").click()

    def apply() -> None:
        device.button("Apply", device.dialog).click()
        expect(device.dialog).to_have_count(0)

    # A chart is being dragged, and put back.
    with dragging(device, "Revenue"), asked(device, "/config") as found:
        dragged = device.card("Revenue").bounding_box()
        changed(project, b={"title": "Sold", "position": {"x": 0, "y": 5, "w": 12, "h": 5}})
        witness.shows("Revenue", "Sold")
        device.page.wait_for_timeout(WHILE)
        device.shows("Revenue", "Units")
        assert device.card("Revenue").bounding_box() == dragged
        # An edit of what is shown keeps what it is based on.
        assert found == []
    device.shows("Revenue", "Sold")
    news(device, mine("resized “Units” and renamed “Units” to “Sold”"))

    # A form is open, and closed by a key.
    edit("Revenue")
    changed(project, b={"title": "Units"})
    witness.shows("Revenue", "Units")
    device.page.evaluate("dispatchEvent(new Event('focus'))")
    device.page.wait_for_timeout(WHILE)
    device.shows("Revenue", "Sold")
    device.page.keyboard.press("Escape")
    device.shows("Revenue", "Units")

    # Both change the same title: that is a conflict, as it is without news.
    edit("Revenue")
    title.fill("Mine")
    changed(project, a={"title": "Theirs"}, b={"title": "Sold"})
    witness.shows("Theirs", "Sold")
    device.page.evaluate("dispatchEvent(new Event('focus'))")
    device.page.wait_for_timeout(WHILE)
    expect(title).to_have_value("Mine")
    apply()
    device.shows("Mine", "Units")
    device.button("Save").click()
    expect(device.dialog.get_by_role("heading", name="You changed the same values elsewhere")).to_be_visible()
    device.button("All mine", device.dialog).click()
    device.button("Save decisions", device.dialog).click()
    device.says("Saved")
    device.shows("Mine", "Sold")


def test_a_save_brings_others_changes_under_what_is_held(device: Device, project: Project) -> None:
    """What a save's answer brings waits until a form is closed or a chart dropped, which does not overwrite it."""
    device.open(project.id).shows("Revenue", "Units")
    send = hold_save(device)
    device.retitle("Units", "Sold").button("Save").click()
    changed(project, a={"kind": "pie"}, b={"kind": "line"})
    device.card("Revenue").hover()
    device.button("Edit Revenue").click()
    device.dialog.get_by_label("Title").fill("Mine")
    send()
    device.says("Saved")
    expect(device.card("Revenue").get_by_role("img")).to_have_accessible_name(re.compile("3 bars"))
    device.button("Apply", device.dialog).click()
    device.save()
    found = [(each["title"], each["kind"]) for each in project.charts.values()]
    assert found == [("Mine", "pie"), ("Sold", "line")]

    send = hold_save(device)
    device.retitle("Sold", "Units").button("Save").click()
    changed(project, c=chart("Third", position={"x": 0, "y": 10, "w": 12, "h": 5}))
    with dragging(device, "Mine"):
        send()
        device.says("Saved")
        device.shows("Mine", "Units")
    device.shows("Mine", "Units", "Third")


def test_what_is_removed_meanwhile_does_not_come_back_by_itself(
    make_device: Devices, make_project: Callable[..., Project]
) -> None:
    """Applying a form to a chart that is removed meanwhile is a conflict, or refused, and what was typed stays."""
    below = {"x": 6, "y": 5, "w": 6, "h": 5}
    charts = {"One": chart("One"), "Other": chart("Other", 6), "Third": chart("Third", position=below)}
    project = make_project({"chartCustomizations": charts})
    device, witness = make_device().open(project.id), make_device().open(project.id)
    for each in (device, witness):
        is_live(each)
    title = device.dialog.get_by_label("Title")
    device.card("One").hover()
    device.button("Edit One").click()
    title.fill("Mine")
    changed(project, One=None)
    witness.shows("Other", "Third")
    device.button("Apply", device.dialog).click()
    device.shows("Mine", "Other", "Third")
    device.button("Save").click()
    expect(device.dialog.get_by_role("heading", name="You changed the same values elsewhere")).to_be_visible()
    device.button("All theirs", device.dialog).click()
    device.button("Save decisions", device.dialog).click()
    device.says("Saved")
    device.shows("Other", "Third")

    send = hold_save(device)
    device.choose_theme("Light").button("Save").click()
    changed(project, Other=None)
    device.card("Other").hover()
    device.button("Edit Other").click()
    title.fill("Mine")
    send()
    device.says("Saved")
    device.button("Apply", device.dialog).click()
    refusal = "“Other” was removed by someone else, so this cannot be applied."
    expect(device.dialog.get_by_role("alert")).to_have_text(refusal)
    expect(title).to_have_value("Mine")
    device.button("Cancel", device.dialog).click()
    device.shows("Third")
    assert list(project.charts) == ["Third"]


def test_access_that_ends_is_said_at_once(
    make_device: Devices, project: Project, guest: httpx.Client, user: str
) -> None:
    """Where access ends, the page says so and keeps the edit; where no connection is to be had, it claims none."""
    editor, asking = make_device(f"guest-of-{user}"), make_device()
    asking.context.route(re.compile("/api/live"), lambda route: route.abort())
    editor.open(project.share(guest, "editor"))
    asking.open(project.id)
    is_live(editor)
    asking.shows("Revenue", "Units")
    editor.retitle("Revenue", "Kept").says("Not saved yet")
    changed(project, b={"title": "Sold"})
    news(editor, f"{named(project.members['owner'])} changed this dashboard. You get these changes when you save.")
    asking.shows("Revenue", "Units")
    expect(asking.page.get_by_text("Live", exact=True)).to_have_count(0)
    asking.page.evaluate("dispatchEvent(new Event('focus'))")
    asking.shows("Revenue", "Sold")
    news(asking, mine("renamed “Units” to “Sold”"))

    project.remove_member()
    editor.warns("no longer shared with you, or it was deleted. Your changes are kept in this browser.")
    editor.says("No access, not saved")
    editor.shows("Kept", "Units")
    expect(editor.page.get_by_text("Live", exact=True)).to_have_count(0)
    assert violations(editor.page) == []


def named(person: Json) -> str:
    """Return a person as the page names them."""
    return str(person.get("name") or f"User {person['id'][:6]}")
