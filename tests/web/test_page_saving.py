"""The page says what becomes of edits: signed out, offline, refused, in conflict, deleted, or left behind."""

import re
from collections import Counter
from collections.abc import Callable

import httpx
from playwright.sync_api import Locator, Route, expect
from support.running.browser import Device, Project, chart, violations

type Devices = Callable[..., Device]

PHONE = (390, 844)
UNAUTHORIZED = {"type": "urn:problem:unauthorized", "status": 401}
SHIFTS = """() => {
    window.shifts = [];
    const named = ({ node }) => node?.parentElement?.className;
    const seen = (list) => window.shifts.push(...list.getEntries().flatMap(({ sources }) => sources.map(named)));
    window.observer = new PerformanceObserver(seen);
    window.observer.observe({ type: "layout-shift" });
}"""


def in_view(*shown: Locator) -> None:
    for each in shown:
        expect(each).to_be_in_viewport(ratio=1)


def requests(device: Device) -> Counter[str]:
    """Count the requests from now on, by method and path."""
    counted: Counter[str] = Counter()
    device.page.on("request", lambda request: counted.update([f"{request.method} {httpx.URL(request.url).path}"]))
    return counted


def wait_until_silent(device: Device) -> None:
    """Wait until a page whose clock stands still has sent nothing for half a second."""
    asked, known = requests(device), -1
    while known != asked.total():
        known = asked.total()
        device.page.wait_for_timeout(500)


def test_signed_out_is_said_and_signing_in_again_saves(device: Device, project: Project) -> None:
    """If the server rejects every token, the page says so, and signing in again asks for a new one and saves."""
    device.page.clock.install()
    device.open(project.id).retitle("Revenue", "Signed out")
    device.answer("PATCH", "/config", 401, UNAUTHORIZED)
    device.answer("GET", r"/config(\?|$)", 401, UNAUTHORIZED)
    device.button("Save").click()
    device.says("Signed out, not saved yet")
    device.warns("Your session has ended. Sign in again to load and save. Your changes are kept in this browser.")
    device.button("Sign in again").click()
    expect(device.page.get_by_text("You could not be signed in.")).to_be_visible()
    device.says("Signed out")
    # Time stands still, or the page's own retry might save before the click; one that is under way is answered first.
    device.page.clock.pause_at(device.page.evaluate("Date.now() / 1000 + 0.1"))
    wait_until_silent(device)
    device.stop_answering("/config")
    device.stop_answering(r"/config(\?|$)")
    asked = requests(device)
    device.button("Sign in again").click()
    device.page.clock.resume()
    device.says("Version 2")
    expect(device.page.get_by_role("alert")).to_have_count(0)
    assert asked["GET /local/token"] == 1
    assert project.charts["a"]["title"] == "Signed out"


def test_a_banner_moves_nothing_and_can_be_closed(make_device: Devices, project: Project) -> None:
    """A banner appears without a layout shift; closed, the state stays, and a new trouble opens it again."""
    device = make_device(size=PHONE).open(project.id)
    device.retitle("Revenue", "Offline")
    device.lose_network()
    device.page.evaluate(SHIFTS)
    device.button("Save").click()
    device.warns("The server cannot be reached. The page will try again. Your changes are kept in this browser.")
    assert violations(device.page) == []
    device.page.keyboard.press("Escape")
    expect(device.page.get_by_role("alert")).to_have_count(0)
    device.says("Offline, not saved yet")
    device.button("Details").click()
    device.button("Dismiss").click()
    expect(device.button("Details")).to_be_focused()
    expect(device.page.get_by_role("alert")).to_have_count(0)
    assert device.page.evaluate("window.shifts") == []
    device.answer("PATCH", "/config", 413, {"type": "urn:problem:config-too-large", "status": 413})
    device.restore_network()
    device.warns("The dashboard is too large.")
    device.says("Not saved")
    assert device.page.evaluate("window.shifts") == []
    device.button("Dismiss").click()
    device.page.get_by_role("switch", name="Autosave").check()
    device.retitle("Offline", "Refused again")
    device.warns("The dashboard is too large.")


def test_a_conflict_is_decided_place_by_place(make_device: Devices, project: Project) -> None:
    """Each place has both values in words; none is chosen at first, and closing decides nothing."""
    device = make_device().open(project.id)
    device.shows("Revenue", "Units")
    device.edit_chart("Revenue", lambda form: form.get_by_text("Line", exact=True).click()).retitle("Revenue", "Mine")
    handle = device.card("Units").locator(".handle")
    handle.focus()
    device.page.keyboard.press("Shift+ArrowDown")
    theirs = project.config
    theirs["chartCustomizations"]["a"] |= {"title": "Theirs", "kind": "pie"}
    theirs["chartCustomizations"]["b"]["position"] = {"x": 6, "y": 0, "w": 6, "h": 8}
    project.save(theirs)
    device.button("Save").click()
    expect(device.dialog.get_by_role("group", name=re.compile("^Revenue . Type"))).to_contain_text("Pie")
    place = device.dialog.get_by_role("group", name=re.compile("^Units . Position"))
    expect(place.get_by_role("radio", name=re.compile("Yours.*column 7, row 1, 6 wide, 6 high"))).not_to_be_checked()
    expect(device.dialog.locator("form")).not_to_contain_text(re.compile(r"[{}\[\]]|/"))
    device.page.keyboard.press("Escape")
    device.says("Conflict, not saved yet")
    device.page.keyboard.press("ControlOrMeta+s")
    device.button("Save decisions", device.dialog).click()
    expect(device.dialog).to_contain_text("0 of 3 decided")
    device.button("All mine", device.dialog).click()
    device.dialog.get_by_role("group", name=re.compile("^Revenue . Type")).get_by_label("Theirs").check()
    place.get_by_label("Theirs").check()
    device.button("Save decisions", device.dialog).click()
    device.says("Saved")
    device.shows("Mine", "Units")
    assert [project.charts["a"]["title"], project.charts["a"]["kind"]] == ["Mine", "pie"]
    assert project.charts["b"]["position"]["h"] == 8


def test_many_conflicts_are_decided_on_a_phone(make_device: Devices, make_project: Callable[..., Project]) -> None:
    """A hundred places are listed on a phone with their buttons in view, and decided at once; axe finds nothing."""
    charts = {f"c{number}": chart(f"Chart {number}") for number in range(100)}
    project = make_project({"chartCustomizations": charts})
    device = make_device(size=PHONE).open(project.id)
    device.choose_theme("Dark")
    theirs = {name: {**each, "title": f"Theirs {name}"} for name, each in charts.items()}
    conflict = {
        "type": "urn:problem:version-conflict",
        "detail": "Someone else saved.",
        "currentVersion": 2,
        "current": {"chartCustomizations": theirs},
        "conflicts": [f"/chartCustomizations/{name}/title" for name in charts],
    }
    device.answer("PATCH", "/config", 412, conflict)
    device.button("Save").click()
    device.button("All theirs", device.dialog).click()
    expect(device.dialog).to_contain_text("100 of 100 decided")
    device.dialog.get_by_role("group", name=re.compile("^Chart 99 ")).scroll_into_view_if_needed()
    in_view(*(device.button(name, device.dialog) for name in ("All mine", "Save decisions")))
    assert device.page.evaluate("document.querySelector('dialog').scrollWidth <= innerWidth")
    assert violations(device.page) == []


def test_unsaved_dashboards_are_marked_until_they_are_saved(device: Device, project: Project) -> None:
    """The list and the title of the tab mark unsaved edits, and the list follows when another tab saves them."""
    device.open(project.id).retitle("Revenue", "Unsaved").says("Not saved yet")
    expect(device.page).to_have_title("• Sales · Dashkeep")
    listing = device.tab()
    listing.page.goto("/")
    mark = listing.page.get_by_role("listitem").filter(has_text="Sales").get_by_text("Unsaved changes")
    expect(mark).to_be_visible()
    assert violations(listing.page) == []
    device.save()
    expect(device.page).to_have_title("Sales · Dashkeep")
    expect(mark).to_have_count(0)
    device.retitle("Unsaved", "Left").page.get_by_role("link", name="All dashboards").click()
    expect(device.page.get_by_text("Unsaved changes")).to_be_visible()
    assert device.leavings == 0


def test_the_state_stays_in_sight_on_a_phone(make_device: Devices, project: Project) -> None:
    """While a phone scrolls, name, state and Save stay in view and cover at most 96 pixels."""
    device = make_device(size=PHONE).open(project.id)
    device.retitle("Units", "Scrolled")
    device.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    heading = device.page.get_by_role("heading", name="Sales", level=1)
    in_view(heading, device.page.locator(".save-state"), device.button("Save"))
    covered = """() => {
        for (let y = 0; ; y += 1) if (document.elementFromPoint(195, y).closest(".dashboard")) return y;
    }"""
    assert device.page.evaluate(covered) <= 96
    device.save()


def test_a_deleted_dashboard_says_so_and_comes_back(device: Device, project: Project, calls: httpx.Client) -> None:
    """A dashboard deleted elsewhere keeps what is shown and unsaved, and can be restored; others are not found."""
    device.open(project.id).shows("Revenue", "Units")
    calls.delete(f"/api/projects/{project.id}").raise_for_status()
    device.page.evaluate("dispatchEvent(new Event('focus'))")
    device.warns("This dashboard was deleted. You are seeing the last known version.")
    device.shows("Revenue", "Units")
    device.button("Dismiss").click()
    device.retitle("Revenue", "Still here")
    device.says("Deleted, not saved")
    expect(device.page.get_by_role("alert")).to_have_count(0)
    device.button("Save").click()
    device.warns("This dashboard was deleted. Your changes are kept in this browser.")
    device.button("Restore dashboard").click()
    device.says("Not saved yet")
    device.shows("Still here", "Units")
    device.save()
    assert project.charts["a"]["title"] == "Still here"
    device.open("never-existed")
    expect(device.page.get_by_role("heading", name="Dashboard not found")).to_be_visible()
    expect(device.button("Restore dashboard")).to_have_count(0)


def test_the_browser_asks_before_edits_are_lost(device: Device, project: Project) -> None:
    """Without storage for its edits, a page that is left asks; leaving for the list keeps the edit and says so."""
    device.run_first("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    device.open(project.id).retitle("Revenue", "Only here").says("not stored in this browser yet")
    device.page.get_by_role("link", name="All dashboards").click()
    expect(device.page.get_by_text("“Sales” has changes that this browser cannot store.")).to_be_visible()
    device.page.get_by_role("link", name="Sales", exact=True).click()
    device.shows("Only here", "Units")
    device.reload().shows("Revenue", "Units")
    assert device.leavings == 1


def test_one_request_for_a_token_and_the_project(device: Device, project: Project) -> None:
    """Opening the list and then a dashboard requests one token and the project once, also as the network returns."""
    asked = requests(device)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    device.context.route(re.compile(f"/api/projects/{project.id}$"), hold)
    device.page.goto("/")
    device.page.get_by_role("link", name="Sales", exact=True).click()
    device.shows("Revenue", "Units")
    device.says("Saved")
    device.page.evaluate("dispatchEvent(new Event('online'))")
    held[0].continue_()
    expect(device.page.get_by_role("heading", name="Sales", level=1)).to_be_visible()
    device.page.evaluate("dispatchEvent(new Event('online'))")
    device.page.wait_for_load_state("networkidle")
    assert (asked["GET /local/token"], asked[f"GET /api/projects/{project.id}"]) == (1, 1)
