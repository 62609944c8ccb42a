"""The walk: what a dashboard does.

Each check has a project of its own.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from deployment.api import Answer, User, require, require_equal

CHART: Final = {"title": "Revenue", "position": {"x": 0, "y": 0, "w": 6, "h": 4}, "isVisible": True}
CONFIG: Final[dict[str, Any]] = {
    "chartCustomizations": {"revenue": CHART, "regions": {"title": "By region"}},
    "filters": [{"id": "f1", "column": "region", "operator": "in", "values": ["EU"]}],
    "theme": {"id": "dark"},
}
# What careless services change: order, large integers, kinds of numbers, every plane of Unicode, what looks like a tag.
AWKWARD: Final[dict[str, Any]] = {
    "chartCustomizations": {
        "z": {"title": "Umsatz in € — 売上 👩‍👩‍👧 \u2028 e\u0301", "b": 1, "a": 2},
        "a": {"integers": [9007199254740993, -(10**30), 0], "floats": [1.5, 6.0, 1e-7, 0.1, 1e300]},
        "__proto__": {"note": "a < b && c > d, <b>bold</b>"},
    },
    "currentLayout": None,
    "extensions": {"": "", "null": None, "nested": [[[{}]], []]},
}
FIRST: Final = "*"


def saved(owner: User, project: str, config: Any = CONFIG) -> str:
    """Save the first version of a project's config; return its path."""
    path = f"{project}/config"
    owner.ask(200, "PUT", path, config, if_none_match=FIRST)
    return path


def changed(**members: Any) -> dict[str, Any]:
    return {**CONFIG, **members}


def titled(title: str) -> dict[str, Any]:
    return changed(chartCustomizations={**CONFIG["chartCustomizations"], "revenue": {**CHART, "title": title}})


def require_config(owner: User, path: str, wanted: Any, version: int) -> Answer:
    """Load a config and require its content and version."""
    loaded = owner.ask(200, "GET", path)
    require_equal(loaded.json["version"], version, "the version", loaded)
    require_equal(loaded.json["config"], wanted, "the config", loaded)
    return loaded


def test_health(owner: User) -> None:
    """The health check, the limits, the flags and the usage are answered."""
    owner.ask(200, "GET", "/api/health")
    limits = owner.ask(200, "GET", "/api/limits")
    require(holds=limits.json["maxConfigBytes"] > 0, otherwise="expected limits", answer=limits)
    owner.ask(200, "GET", "/api/flags")
    usage = owner.ask(200, "GET", "/api/usage")
    require(holds=usage.json["projects"]["limit"] > 0, otherwise="expected the quota of projects", answer=usage)


def test_create(owner: User, new_id: Callable[[User], str]) -> None:
    """A project is created once: the same request again returns it, another one under its id is answered 409."""
    name = new_id(owner)
    body = {"id": name, "name": "Made once", "settings": {"dashboardConfig": CONFIG}}
    made = owner.ask(201, "POST", "/api/projects", body)
    require_equal(made.header("location"), f"/api/projects/{name}", "the location", made)
    owner.ask(200, "POST", "/api/projects", body)
    owner.send("POST", "/api/projects", {**body, "name": "Another"}).expect(409, "project-exists")
    require_config(owner, f"/api/projects/{name}/config", CONFIG, 1)


def test_save_and_load(owner: User, project: str) -> None:
    """What is saved is loaded: integers of any size, kinds of numbers, the order of members, any Unicode."""
    path = saved(owner, project, AWKWARD)
    require_config(owner, path, AWKWARD, 1)


def test_not_modified(owner: User, project: str) -> None:
    """A load that names the current entity tag is answered 304, and one that names an older one 200."""
    path = saved(owner, project)
    first = owner.ask(200, "GET", path).tag
    require_equal(owner.ask(304, "GET", path, if_none_match=first).tag, '"1"', "the tag", owner.ask(200, "GET", path))
    owner.ask(200, "PUT", path, titled("Later"), if_match=first)
    owner.ask(200, "GET", path, if_none_match=first)


def test_stale_save(owner: User, project: str) -> None:
    """A stale save is answered 412 with the newest config and the places of the conflict, and writes nothing."""
    path = saved(owner, project)
    owner.ask(200, "PUT", path, titled("Theirs"), if_match='"1"')
    refused = owner.send("PUT", path, titled("Mine"), if_match='"1"').expect(412, "version-conflict")
    require_equal(refused.json["currentVersion"], 2, "the current version", refused)
    require_equal(refused.json["current"], titled("Theirs"), "the current config", refused)
    require_equal(refused.json["conflicts"], ["/chartCustomizations/revenue/title"], "the conflicts", refused)
    require_config(owner, path, titled("Theirs"), 2)


def test_parallel_saves(owner: User, project: str) -> None:
    """Of eight saves of one version at the same time, one is accepted, and seven are answered 412."""
    path = saved(owner, project)
    with ThreadPoolExecutor(8) as devices:
        saves = list(devices.map(lambda n: owner.send("PUT", path, titled(f"{n}"), if_match='"1"'), range(8)))
    statuses = sorted(answer.status for answer in saves)
    require_equal(statuses, [200, *[412] * 7], "the statuses", saves[0])
    winner = next(number for number, answer in enumerate(saves) if answer.status == 200)
    require_config(owner, path, titled(f"{winner}"), 2)


def test_merge(owner: User, project: str) -> None:
    """Two devices' edits of different charts are merged on request; edits of one value are a conflict."""
    path = saved(owner, project)
    owner.ask(200, "PUT", path, titled("A laptop's"), if_match='"1"')
    mine = changed(theme={"id": "light"})
    merged = owner.ask(200, "PUT", f"{path}?onConflict=merge", mine, if_match='"1"')
    require_equal(merged.json["config"], {**titled("A laptop's"), "theme": {"id": "light"}}, "the merge", merged)
    owner.send("PUT", f"{path}?onConflict=merge", titled("A phone's"), if_match='"1"').expect(412, "version-conflict")
    require_config(owner, path, merged.json["config"], 3)


def test_merge_patch(owner: User, project: str) -> None:
    """A merge patch without a precondition changes the newest version, and leaves all else as it is."""
    path = saved(owner, project)
    media_type = "application/merge-patch+json"
    patch = {"chartCustomizations": {"regions": None}, "theme": {"id": "light"}}
    owner.ask(200, "PATCH", path, patch, content_type=media_type)
    require_config(owner, path, changed(chartCustomizations={"revenue": CHART}, theme={"id": "light"}), 2)
    owner.send("PATCH", path, {"filters": []}, content_type=media_type).expect(428, "precondition-required")


def test_json_patch(owner: User, project: str) -> None:
    """A JSON Patch is applied to the version that it names; one whose test fails is answered 422 and writes nothing."""
    path = saved(owner, project)
    media_type, title = "application/json-patch+json", "/chartCustomizations/revenue/title"
    operations = [{"op": "test", "path": title, "value": "Revenue"}, {"op": "replace", "path": title, "value": "Sales"}]
    owner.ask(200, "PATCH", path, operations, content_type=media_type, if_match='"1"')
    owner.send("PATCH", path, operations, content_type=media_type, if_match='"2"').expect(422, "invalid-config")
    require_config(owner, path, titled("Sales"), 2)


def test_repeated_save(owner: User, project: str) -> None:
    """A save that is repeated with its idempotency key is found in history, and undoes nothing that came after it."""
    path = saved(owner, project)
    save = {"if_match": '"1"', "idempotency_key": "verify-this-save"}
    owner.ask(200, "PUT", path, titled("Once"), **save)
    owner.ask(200, "PUT", path, titled("Later"), if_match='"2"')
    repeated = owner.ask(200, "PUT", path, titled("Once"), **save)
    wanted = {"version": 2, "replayed": True, "currentVersion": 3}
    require_equal({name: repeated.json.get(name) for name in wanted}, wanted, "the answer", repeated)
    require_config(owner, path, titled("Later"), 3)


def test_history(owner: User, project: str) -> None:
    """Every version is in history: listed, loaded, and compared with another."""
    path = saved(owner, project)
    owner.ask(200, "PUT", f"{path}?source=ai&message=Second", titled("Second"), if_match='"1"')
    listed = owner.ask(200, "GET", f"{path}/versions")
    found = [[each["version"], each["source"], each.get("message")] for each in listed.json["versions"]]
    require_equal(found, [[2, "ai", "Second"], [1, "user", None]], "the history", listed)
    require_config(owner, f"{path}/versions/1", CONFIG, 1)
    compared = owner.ask(200, "GET", f"{path}/versions/1/diff/2")
    wanted = [{"op": "replace", "path": "/chartCustomizations/revenue/title", "value": "Second"}]
    require_equal(compared.json["operations"], wanted, "the operations", compared)


def test_restore_and_undo(owner: User, project: str) -> None:
    """An older version is restored as a new one, and a single version is undone without what was saved since."""
    path = saved(owner, project)
    owner.ask(200, "PUT", path, titled("Second"), if_match='"1"')
    owner.ask(200, "POST", f"{path}/versions/1/restore", if_match='"2"')
    require_config(owner, path, CONFIG, 3)
    owner.ask(200, "PUT", path, titled("Fourth"), if_match='"3"')
    owner.ask(200, "PATCH", path, {"theme": {"id": "light"}}, content_type="application/merge-patch+json")
    owner.ask(200, "POST", f"{path}/versions/4/undo")
    require_config(owner, path, changed(theme={"id": "light"}), 6)


def test_draft(owner: User, project: str) -> None:
    """A session's draft is a config of its own: saved, loaded, and absent from the project's config."""
    path = saved(owner, project)
    draft = f"{path}?sessionId=tab-1"
    owner.ask(200, "PUT", draft, titled("Draft"), if_none_match=FIRST)
    require_config(owner, draft, titled("Draft"), 1)
    require_config(owner, path, CONFIG, 1)


def test_delete_config(owner: User, project: str) -> None:
    """A deleted config is a new version without content, which undoing brings back."""
    path = saved(owner, project)
    owner.ask(204, "DELETE", path, if_match='"1"')
    require_config(owner, path, None, 2)
    owner.ask(200, "POST", f"{path}/versions/2/undo")
    require_config(owner, path, CONFIG, 3)


def test_customizations(owner: User, project: str) -> None:
    """The chart customizations alone are a part of the same config: all else stays, and the version grows."""
    path = saved(owner, project)
    charts = {"only": {"title": "One chart"}}
    body = {"chartCustomizations": charts}
    owner.ask(200, "PUT", f"{project}/data/customizations", body, if_match='"1"')
    require_config(owner, path, changed(chartCustomizations=charts), 2)


def test_list(owner: User, project: str) -> None:
    """The list of projects begins with the one saved last, with a summary, and with its config if asked."""
    saved(owner, project)
    name = project.rpartition("/")[2]
    listed = owner.ask(200, "GET", "/api/projects?limit=1")
    (first,) = listed.json["projects"]
    found = [first["id"], first["dashboardConfig"]["version"], first["dashboardConfig"]["chartCount"]]
    require_equal(found, [name, 1, 2], "the first summary", listed)
    listed = owner.ask(200, "GET", "/api/projects?limit=1&include=dashboardConfig")
    require_equal(listed.json["projects"][0]["dashboardConfig"]["config"], CONFIG, "the listed config", listed)


def test_change_project(owner: User, project: str) -> None:
    """A project is renamed under its entity tag; a stale change is answered 412."""
    tag = owner.ask(200, "GET", project).tag
    renamed = owner.ask(200, "PATCH", project, {"name": "Renamed"}, if_match=tag)
    require_equal(renamed.json["name"], "Renamed", "the name", renamed)
    owner.ask(412, "PATCH", project, {"name": "Late"}, if_match=tag)


def test_delete_project(owner: User, project: str) -> None:
    """A deleted project vanishes from every answer at once, and comes back whole, its history included."""
    path = saved(owner, project)
    owner.ask(200, "PUT", path, titled("Second"), if_match='"1"')
    owner.ask(204, "DELETE", project)
    for gone in (project, path, f"{path}/versions", f"{project}/data"):
        owner.send("GET", gone).expect(404, "not-found")
    owner.ask(200, "POST", f"{project}/restore")
    require_config(owner, path, titled("Second"), 2)
    require_config(owner, f"{path}/versions/1", CONFIG, 1)


def test_delete_permanently(owner: User, project: str) -> None:
    """A project that is deleted permanently cannot be restored."""
    saved(owner, project)
    owner.ask(204, "DELETE", f"{project}?permanently=true")
    owner.send("POST", f"{project}/restore").expect(404, "not-found")
