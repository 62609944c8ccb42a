"""Edits on the page survive reloads, cleared caches, a change of device, lost networks and failing servers."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from support.running.browser import Device, Json, Project, chart
from support.running.local_stack import LocalStack

type Devices = Callable[..., Device]


def test_customizations_survive_a_reload(device: Device, project: Project) -> None:
    """A saved title, a hidden chart and a filter survive a reload."""
    device.open(project.id).retitle("Revenue", "Revenue in Q3").filter("Region", "North")
    device.hide_chart("Units")
    device.save().reload()
    device.shows("Revenue in Q3")
    expect(device.button("Region: North")).to_be_visible()
    expect(device.button("Show Units")).to_be_visible()
    assert project.charts["a"]["title"] == "Revenue in Q3"
    assert project.charts["b"]["isVisible"] is False


def test_an_added_chart_survives_a_reload(device: Device, project: Project) -> None:
    """A chart that was added and saved is shown in its place after a reload."""
    device.open(project.id).add_chart("Third").save().reload()
    device.shows("Revenue", "Units", "Third")
    assert len(project.charts) == 3


def test_a_removed_chart_stays_removed_after_a_reload(device: Device, project: Project) -> None:
    """A chart that was removed and saved stays removed after a reload."""
    device.open(project.id).remove_chart("Revenue").save().reload()
    device.shows("Units")
    assert set(project.charts) == {"b"}


def test_a_moved_chart_stays_in_its_new_place_after_a_reload(device: Device, project: Project) -> None:
    """A chart that was dragged and saved is in its new place after a reload."""
    device.open(project.id)
    before = device.place("Revenue")
    device.drag("Revenue", 620, 0).save()
    moved = device.place("Revenue")
    assert moved["x"] > before["x"]
    device.reload()
    device.shows("Units", "Revenue")
    assert device.place("Revenue") == moved == project.charts["a"]["position"]


def test_a_changed_mapping_survives_a_reload(device: Device, project: Project) -> None:
    """A changed column and aggregate of a chart are saved, and the chart shows their values."""

    def change_mapping(form: Locator) -> None:
        form.get_by_label("Compute").select_option("Average")
        form.get_by_label("Of column").select_option("Units")

    device.open(project.id).edit_chart("Revenue", change_mapping).save().reload()
    # Each region's average of 1 to 6.
    expect(device.card("Revenue").get_by_role("img")).to_have_accessible_name(re.compile("3 bars, largest 3.5 at"))
    assert project.charts["a"]["dataMapping"] == {"xAxis": "Region", "yAxis": "Units", "aggregate": "mean"}


def test_the_theme_survives_a_reload(device: Device, project: Project) -> None:
    """A theme that was chosen and saved still applies after a reload, on the page and on the server."""
    device.open(project.id).choose_theme("Dark").save().reload()
    expect(device.page.get_by_label("Theme")).to_have_value("dark")
    expect(device.page.locator("html")).to_have_class("dark-mode")
    assert project.config["theme"] == {"id": "dark"}


def test_a_cleared_cache_loses_nothing(device: Device, project: Project) -> None:
    """With all of the browser's storage cleared, the dashboard and its theme come from the database."""
    device.open(project.id).retitle("Revenue", "From the database").choose_theme("Dark").save()
    device.forget().reload()
    device.shows("From the database", "Units")
    expect(device.page.locator("html")).to_have_class("dark-mode")


def test_another_device_sees_it_and_another_user_does_not(make_device: Devices, project: Project) -> None:
    """Another browser of the same user shows what was saved; for another user the dashboard does not exist."""
    make_device().open(project.id).retitle("Revenue", "Everywhere").save()
    make_device().open(project.id).shows("Everywhere", "Units")
    stranger = make_device("another-user").open(project.id)
    expect(stranger.page.get_by_role("heading", name="Dashboard not found")).to_be_visible()
    expect(stranger.page.locator("body")).not_to_contain_text("Everywhere")


def test_edits_of_different_charts_both_survive(make_device: Devices, project: Project) -> None:
    """Edits of different charts of one version from two devices reach the server and both devices."""
    one, other = make_device().open(project.id), make_device().open(project.id)
    one.shows("Revenue", "Units")
    other.shows("Revenue", "Units")
    other.retitle("Units", "Theirs")
    one.retitle("Revenue", "Ours").save()
    other.save()
    other.shows("Ours", "Theirs")
    one.reload().shows("Ours", "Theirs")
    assert [project.charts[each]["title"] for each in "ab"] == ["Ours", "Theirs"]


@pytest.mark.parametrize(("choice", "title"), [("All mine", "Mine"), ("All theirs", "Theirs")])
def test_a_conflict_is_shown_and_resolved_without_loss(
    make_device: Devices, project: Project, choice: str, title: str
) -> None:
    """Both values of the same title are shown; the chosen one is kept, and the other one is in history."""
    one, other = make_device().open(project.id), make_device().open(project.id)
    one.shows("Revenue", "Units")
    other.shows("Revenue", "Units")
    other.retitle("Revenue", "Mine").retitle("Units", "Undisputed")
    one.retitle("Revenue", "Theirs").save()
    other.button("Save").click()
    for text in ("Theirs", "Mine", "Title"):
        expect(other.dialog).to_contain_text(text)
    other.button(choice, other.dialog).click()
    other.button("Save decisions", other.dialog).click()
    other.says("Saved")
    other.shows(title, "Undisputed")
    one.reload().shows(title, "Undisputed")
    configs = [project.version(each["version"])["config"] for each in project.versions]
    assert {"Theirs", "Mine"} <= {config["chartCustomizations"]["a"]["title"] for config in configs}


def test_a_conflict_can_be_postponed(make_device: Devices, project: Project) -> None:
    """Closing the dialog resolves nothing: the edit stays, is shown as a conflict, and the dialog can be reopened."""
    one, other = make_device().open(project.id), make_device().open(project.id)
    one.shows("Revenue", "Units")
    other.shows("Revenue", "Units")
    other.retitle("Revenue", "Mine")
    one.retitle("Revenue", "Theirs").save()
    other.button("Save").click()
    other.button("Decide later", other.dialog).click()
    other.says("Conflict")
    other.shows("Mine", "Units")
    other.button("Compare changes").click()
    other.button("All mine", other.dialog).click()
    other.button("Save decisions", other.dialog).click()
    other.says("Saved")
    assert project.charts["a"]["title"] == "Mine"


def test_edits_of_a_killed_tab_are_saved_by_the_next_one(device: Device, project: Project) -> None:
    """Edits that a tab had not saved when its process was killed appear in the next tab, which saves them, once."""
    device.open(project.id).shows("Revenue", "Units")
    other = device.tab().open(project.id)
    other.retitle("Revenue", "From the killed tab").says("Not saved yet")
    device.keeps(1)
    other.kill()
    following = device.tab().open(project.id)
    following.shows("From the killed tab", "Units")
    following.says("Not saved yet")
    assert project.document["version"] == 1
    following.save()
    device.shows("From the killed tab", "Units")
    device.keeps(0)
    assert [each["version"] for each in project.versions] == [2, 1]


def test_edits_that_no_storage_keeps_are_called_so(device: Device, project: Project) -> None:
    """In a browser without storage, the page says that unsaved edits are not stored, and saves them like others."""
    device.run_first("Object.defineProperty(window, 'indexedDB', { value: undefined })")
    device.open(project.id).retitle("Revenue", "Only here")
    device.says("Not saved yet, not stored in this browser yet")
    device.lose_network()
    device.button("Save").click()
    device.warns("not stored in this browser yet: keep this page open")
    device.restore_network()
    device.says("Version 2")
    assert project.charts["a"]["title"] == "Only here"


def test_a_lost_sign_in_is_shown_in_words(device: Device, project: Project) -> None:
    """A user who is signed out sees the reason and nothing else; after signing in, their unsaved edit is there."""
    device.open(project.id).retitle("Revenue", "Signed out")
    device.answer("GET", "/local/token", 200, {"token": None, "expiresIn": 0})
    device.reload()
    device.warns("You are signed out. Sign in to load and save.")
    device.shows()
    device.stop_answering("/local/token")
    # Back from signing in, the page has the focus again.
    device.page.evaluate("dispatchEvent(new Event('focus'))")
    device.shows("Signed out", "Units")
    device.says("Not saved yet")
    device.save()
    assert project.charts["a"]["title"] == "Signed out"


def test_another_user_saves_nothing_of_the_first(device: Device, project: Project, stack: LocalStack) -> None:
    """A page whose token has become another user's says so, sends nothing more, and keeps the edit for its user."""
    device.open(project.id).retitle("Revenue", "Still mine")
    device.answer("PATCH", "/config", 401, {"type": "urn:problem:unauthorized", "status": 401})
    device.answer("GET", "/local/token", 200, {"token": stack.token("someone-else"), "expiresIn": 3600})
    device.button("Save").click()
    device.warns("Someone else has signed in. Unsaved edits stay in this browser for the user who made them.")
    device.stop_answering("/config")
    device.button("Save").click()
    assert project.document["version"] == 1
    device.stop_answering("/local/token")
    device.reload().save()
    assert project.charts["a"]["title"] == "Still mine"


def test_an_offline_save_arrives_later(device: Device, project: Project) -> None:
    """An edit saved offline is shown as unsaved, survives a reload, and reaches the server once the network is back."""
    device.open(project.id).shows("Revenue", "Units")
    device.lose_network()
    device.retitle("Revenue", "On the train")
    device.button("Save").click()
    device.says("Offline, not saved yet")
    device.reload()
    device.shows("On the train", "Units")
    device.warns("kept in this browser")
    assert project.document["version"] == 1
    device.restore_network()
    device.button("Save").click()
    device.says("Version 2")
    assert project.charts["a"]["title"] == "On the train"


def test_a_page_left_with_an_edit_works_when_it_comes_back(device: Device, project: Project) -> None:
    """An edit made just before the page is left is saved, and the page shows it when the user is back."""
    device.open(project.id).shows("Revenue", "Units")
    device.page.get_by_role("switch", name="Autosave").check()
    device.retitle("Revenue", "On the way out")
    device.page.goto("/client/dist/index.js")
    device.open(project.id).shows("On the way out", "Units")
    device.says("Version 2")
    assert [each["version"] for each in project.versions] == [2, 1]


def test_autosave_retries_after_an_outage(device: Device, project: Project) -> None:
    """An edit that autosave could not save is saved automatically as soon as the server answers again."""
    device.open(project.id).shows("Revenue", "Units")
    device.page.get_by_role("switch", name="Autosave").check()
    device.lose_network()
    device.retitle("Revenue", "By itself")
    device.says("Offline, not saved yet")
    device.reload()
    device.shows("By itself", "Units")
    device.restore_network()
    device.says("Version 2")
    assert project.charts["a"]["title"] == "By itself"


OLD = {
    "chartCustomizations": {"old": chart("From before")},
    "currentTheme": {"id": "dark"},
    "dashboardFilters": [{"id": "f", "column": "Region", "operator": "in", "values": ["South"]}],
}


def old_copy(**changed: object) -> Json:
    return {name: json.dumps(value) for name, value in {**OLD, **changed}.items()}


def test_an_old_copy_is_imported_once(make_device: Devices, make_project: Callable[..., Project]) -> None:
    """What an older client kept in a browser becomes the first version; a copy on another device is ignored."""
    project = make_project(config=None)
    make_device().remember(**old_copy()).open(project.id).shows("From before")
    assert project.config == {
        "chartCustomizations": OLD["chartCustomizations"],
        "theme": OLD["currentTheme"],
        "filters": OLD["dashboardFilters"],
    }
    other = make_device().remember(**old_copy(chartCustomizations={"older": chart("Another copy")}))
    other.open(project.id).shows("From before")
    other.reload().shows("From before")
    assert [(each["version"], each["source"]) for each in project.versions] == [(1, "localStorage")]


def test_what_cannot_be_moved_of_an_old_copy_is_named(device: Device, make_project: Callable[..., Project]) -> None:
    """A chart that the server does not accept stays in this browser and is named; everything else moves."""
    project = make_project(config=None)
    unsafe = {"good": chart("From before"), "bad": chart("<script>alert(1)</script>", 6)}
    device.remember(**old_copy(chartCustomizations=unsafe)).open(project.id).shows("From before")
    left = device.page.locator(".left-behind")
    expect(left).to_contain_text("could not be moved")
    expect(left.get_by_role("listitem")).to_have_text(re.compile("^bad . Title"))
    device.button("Dismiss").click()
    expect(left).to_have_count(0)
    assert set(project.charts) == {"good"}
    assert project.config["theme"] == OLD["currentTheme"]
    device.reload().shows("From before")
    assert [each["version"] for each in project.versions] == [1]


def test_an_old_copy_moves_to_one_dashboard_only(device: Device, make_project: Callable[..., Project]) -> None:
    """The dashboard that was opened first has the old copy; the next empty one stays empty."""
    first, second = make_project(config=None), make_project(config=None)
    device.remember(**old_copy()).open(first.id).shows("From before")
    device.open(second.id)
    device.says("Nothing to save")
    assert second.document["version"] == 0


PROBLEMS = [
    (500, "internal-error", "The server has a problem."),
    (429, "rate-limited", "There were too many requests in the last minute."),
    (413, "config-too-large", "The dashboard is too large."),
]


@pytest.mark.parametrize(("status", "code", "words"), PROBLEMS, ids=[str(status) for status, *_ in PROBLEMS])
def test_a_failed_save_looks_failed(device: Device, project: Project, status: int, code: str, words: str) -> None:
    """A save that the server refuses never looks saved: the reason is shown, and the edit is kept until saved."""
    document = {"type": f"urn:problem:{code}", "title": code, "status": status, "detail": "Not saved.", "instance": "r"}
    device.open(project.id).retitle("Revenue", "Not lost")
    device.answer("PATCH", "/config", status, document, **{"Retry-After": "60"})
    device.button("Save").click()
    device.says("Not saved")
    expect(device.page.get_by_role("alert")).to_contain_text(words)
    expect(device.page.get_by_role("alert")).to_contain_text("kept in this browser")
    device.reload()
    device.shows("Not lost", "Units")
    assert project.document["version"] == 1
    device.stop_answering("/config")
    device.save()
    assert project.charts["a"]["title"] == "Not lost"


def test_an_older_version_can_be_viewed_and_restored(device: Device, project: Project) -> None:
    """History says what changed; viewing a version changes nothing, and restoring it makes it the newest."""
    device.open(project.id).retitle("Revenue", "Second").save()
    device.retitle("Second", "Third").save()
    device.button("History").click()
    device.dialog.get_by_role("button", name=re.compile("^Version 2")).click()
    expect(device.dialog).to_contain_text("“Revenue” → “Second”")
    device.button("Preview", device.dialog).click()
    device.shows("Second", "Units")
    expect(device.page.get_by_text("You are viewing version 2")).to_be_visible()
    device.button("Back to the current version").click()
    device.shows("Third", "Units")
    device.button("History").click()
    device.dialog.get_by_role("button", name=re.compile("^Version 1")).click()
    device.button("Restore", device.dialog).click()
    device.shows("Revenue", "Units")
    device.says("Version 4")
    assert project.charts["a"]["title"] == "Revenue"
    assert project.versions[0]["restoredFrom"] == 1


def test_a_restore_loses_no_unsaved_edit(device: Device, project: Project) -> None:
    """Edits that are unsaved at a restore become a separate version in history."""
    device.open(project.id).retitle("Revenue", "Second").save()
    device.retitle("Second", "Unsaved")
    device.button("History").click()
    device.dialog.get_by_role("button", name=re.compile("^Version 1")).click()
    device.button("Preview", device.dialog).click()
    device.button("Restore this version").click()
    device.shows("Revenue", "Units")
    device.says("Version 4")
    assert project.version(3)["config"]["chartCustomizations"]["a"]["title"] == "Unsaved"


def test_the_changes_of_one_version_can_be_taken_back(device: Device, project: Project) -> None:
    """History takes back what one version changed, keeps what came after, and says where that is not possible."""

    def take_back(version: int) -> None:
        device.button("History").press("Enter")
        entry = device.dialog.get_by_role("button", name=re.compile(f"^Version {version}"))
        entry.press("Enter")
        device.button("Take back changes", device.dialog).press("Enter")

    device.open(project.id).retitle("Revenue", "Second").save()
    device.retitle("Units", "Pieces").save()
    take_back(2)
    device.shows("Revenue", "Pieces")
    device.says("Version 4")
    expect(device.page.get_by_text("The changes of version 2 were taken back.")).to_be_visible()
    assert project.versions[0]["undoOf"] == 2
    take_back(2)
    expect(device.page.get_by_text("There is nothing to take back")).to_be_visible()
    device.retitle("Revenue", "Third")
    take_back(4)
    alert = device.dialog.get_by_role("alert")
    expect(alert).to_contain_text("the same was changed again since: Revenue")
    expect(device.dialog.get_by_role("button", name=re.compile("^Version 5"))).to_have_count(0)
    device.button("Close", device.dialog).click()
    device.shows("Third", "Pieces")
    device.says("Version 5")


def test_a_second_tab_follows_the_first(device: Device, project: Project) -> None:
    """What one tab saves appears in the browser's other tab without a reload."""
    device.open(project.id).shows("Revenue", "Units")
    second = device.tab().open(project.id)
    second.shows("Revenue", "Units")
    device.retitle("Revenue", "In both").save()
    second.shows("In both", "Units")
