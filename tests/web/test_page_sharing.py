"""Dashboards that people share: edits at the same time, what a viewer and the public see, the end of access."""

import re
from collections.abc import Callable

import httpx
from playwright.sync_api import Response, expect
from support.running.browser import Device, Json, Project, violations
from support.running.local_stack import LocalStack

type Devices = Callable[..., Device]

CONTROLS = re.compile(r"^(Save|Undo|Redo|Add|Edit|Move|Hide|Remove|History|Rename|Replace|Upload|Discard|Share)")
TABLES = "caches.open('dashkeep-tables').then((cache) => cache.keys()).then((keys) => keys.length)"


def answers(device: Device) -> list[str]:
    """Collect from now on what the page asks of the API, with the statuses of the answers."""
    found: list[str] = []

    def note(response: Response) -> None:
        path = httpx.URL(response.url).path
        if path.startswith(("/api/", "/local/")):
            found.append(f"{response.status} {response.request.method} {path}")

    device.page.on("response", note)
    return found


def named(person: Json) -> str:
    """Return a person as the page names them."""
    return str(person.get("name") or f"User {person['id'][:6]}")


def keeps_tables(device: Device, number: int) -> None:
    """Expect the browser to keep copies of so many tables."""
    device.comes_to(number, lambda: int(device.page.evaluate(TABLES)))


def focus(device: Device) -> None:
    device.page.evaluate("dispatchEvent(new Event('focus'))")


def test_two_people_edit_one_dashboard(make_device: Devices, project: Project, user: str) -> None:
    """Let in by a click on an invitation, another user edits at the same time: both edits are kept, with names."""
    one, other = make_device().open(project.id), make_device(f"guest-of-{user}")
    one.shows("Revenue", "Units")
    one.button("Share").click()
    one.dialog.get_by_label("They").select_option("can edit")
    one.button("Create invitation link").click()
    link = one.dialog.get_by_label("Copy this link now")
    expect(link).to_be_focused()
    assert violations(one.page) == []
    other.page.goto(link.input_value())
    expect(other.page.get_by_role("heading", name="Invitation to “Sales”")).to_be_visible()
    assert violations(other.page) == []
    assert project.members["members"] == []
    other.button("Accept invitation").click()
    other.shows("Revenue", "Units")
    assert other.page.url.endswith(f"#/dashboards/{project.address}")
    one.page.keyboard.press("Escape")

    other.retitle("Units", "By the guest")
    one.retitle("Revenue", "By the owner").save()
    other.save()
    other.shows("By the owner", "By the guest")
    other.retitle("By the owner", "Mine")
    one.retitle("By the owner", "Theirs").save()
    one.shows("Theirs", "By the guest")
    other.button("Save").click()
    owner, guest = named(project.members["owner"]), named(project.members["members"][0])
    expect(other.dialog.get_by_role("heading", name=f"{owner} changed the same values")).to_be_visible()
    assert violations(other.page) == []
    other.button("All mine", other.dialog).click()
    other.button("Save decisions", other.dialog).click()
    other.says("Version 5")
    other.shows("Mine", "By the guest")
    assert [project.charts[each]["title"] for each in "ab"] == ["Mine", "By the guest"]

    for device, names in ((other, ["You", owner, "You", owner, owner]), (one, [guest, "You", guest, "You", "You"])):
        device.button("History").click()
        expect(device.dialog.get_by_role("listitem").locator("b")).to_have_text(names)
    one.dialog.get_by_role("button", name=re.compile("^Version 2")).click()
    one.button("Remove content").click()
    one.button("Remove for good").click()
    expect(one.dialog.get_by_role("button", name=re.compile("^Version 2"))).to_contain_text("its content was taken out")
    assert violations(one.page) == []


def test_the_owner_sees_whom_a_link_lets_in(
    make_device: Devices, project: Project, user: str, stack: LocalStack
) -> None:
    """An invitation for several people says how many came, a public link ends by itself, and both are taken back."""
    device = make_device(color_scheme="dark").open(project.id)
    device.button("Share").click()
    number = device.dialog.get_by_label("How many")
    number.fill("0")
    device.button("Create invitation link").click()
    assert project.members["invitations"] == []
    number.fill("2")
    device.button("Create invitation link").click()
    link = device.dialog.get_by_label("Copy this link now")
    expect(link).to_be_focused()
    with stack.client(f"guest-of-{user}") as guest:
        token = link.input_value().rpartition("/")[2]
        assert guest.post("/api/invitations/accept", json={"token": token}).is_success
    device.dialog.get_by_label("It works").select_option("for 7 days")
    device.button("Create public link").click()
    expect(device.dialog.get_by_text(re.compile("^Always shows the newest version, until "))).to_be_visible()
    expect(device.dialog.get_by_text("for 2 people, 1 accepted")).to_be_visible()
    expect(device.dialog.get_by_role("combobox", name=re.compile("^Role of"))).to_have_value("viewer")
    (made,) = project.members["links"]
    assert made["expiresAt"] > made["createdAt"]
    assert violations(device.page) == []
    for what, row in (("link", re.compile("^Always shows")), ("invitation", "for 2 people, 1 accepted")):
        device.dialog.get_by_role("button", name=re.compile(f"^Take back the {what}")).click()
        device.button("Take back", device.dialog).click()
        expect(device.dialog.get_by_text(row)).to_have_count(0)
    assert [project.members[each] for each in ("links", "invitations")] == [[], []]


def test_a_viewer_and_the_public_see_no_controls(
    make_device: Devices, project: Project, user: str, stack: LocalStack
) -> None:
    """A viewer and a public link's reader see all charts, no control that edits, and ask nothing that they may not."""
    with stack.client(f"guest-of-{user}") as guest:
        project.share(guest, "viewer")
    viewer, anyone = make_device(f"guest-of-{user}"), make_device()
    asked, asked_by_anyone = answers(viewer), answers(anyone)
    viewer.page.goto("/")
    viewer.page.get_by_role("region", name="Shared with me").get_by_role("link", name="Sales").click()
    expect(viewer.page.get_by_text("You can view this dashboard, not change it.")).to_be_visible()
    anyone.page.goto(f"/#/links/{project.link()}")
    expect(anyone.page.get_by_text("This is a public view")).to_be_visible()
    for device in (viewer, anyone):
        device.shows("Revenue", "Units")
        expect(device.page.locator("article canvas")).to_have_count(2)
        expect(device.page.get_by_text("sales.csv · 18 rows")).to_be_visible()
        device.page.keyboard.press("ControlOrMeta+s")
        device.page.wait_for_load_state("networkidle")
        expect(device.page.get_by_role("button", name=CONTROLS)).to_have_count(0)
        expect(device.page.get_by_role("combobox", name="Theme")).to_have_count(0)
        assert violations(device.page) == []
    expect(anyone.page.get_by_role("link", name="Dashkeep")).to_have_count(0)
    assert [re.sub("[^/]{43}", "…", each) for each in sorted(asked_by_anyone)] == [
        f"200 GET /api/links/…/{part}" for part in ("config", "data")
    ]
    anyone.page.goto(f"/#/links/{'x' * 43}")
    expect(anyone.page.get_by_role("heading", name="This link does not exist any more")).to_be_visible()

    viewer.button("People").click()
    expect(viewer.button("Leave this dashboard")).to_be_visible()
    assert violations(viewer.page) == []
    viewer.page.keyboard.press("Escape")
    project.set_role("editor")
    focus(viewer)
    viewer.retitle("Revenue", "As an editor").save()
    assert project.charts["a"]["title"] == "As an editor"
    viewer.page.get_by_role("link", name="All dashboards").click()
    viewer.choose("More for Sales", "Make my own copy")
    viewer.button("Make copy", viewer.dialog).click()
    viewer.shows("As an editor", "Units")
    expect(viewer.button("Share")).to_be_visible()
    assert [each for each in asked if not each.startswith(("2", "304"))] == []


def test_edits_outlive_the_end_of_access(make_device: Devices, project: Project, user: str, stack: LocalStack) -> None:
    """A user removed while editing reads so, keeps the edit but no table, saves it when let in again, and can leave."""
    device = make_device(f"guest-of-{user}")
    # A connection would say it first.
    device.run_first("delete globalThis.WebSocket")

    def has_no_access() -> None:
        device.warns("no longer shared with you, or it was deleted. Your changes are kept in this browser.")
        device.says("No access, not saved")
        device.shows("Kept", "Units")
        expect(device.page.get_by_role("button", name=CONTROLS)).to_have_count(0)
        keeps_tables(device, 0)

    with stack.client(f"guest-of-{user}") as guest:
        device.open(project.share(guest, "editor")).shows("Revenue", "Units")
        device.retitle("Revenue", "Kept").says("Not saved yet")
        keeps_tables(device, 1)
        project.remove_member()
        device.button("Save").click()
        has_no_access()
        device.reload()
        has_no_access()
        project.share(guest, "editor")
    focus(device)
    device.save()
    assert project.charts["a"]["title"] == "Kept"
    device.button("People").click()
    device.button("Leave this dashboard").click()
    device.button("Leave", device.dialog).click()
    expect(device.page.get_by_text("You left “Sales”.")).to_be_visible()
    expect(device.page.get_by_role("heading", name="No dashboards yet")).to_be_visible()
    assert project.members["members"] == []
