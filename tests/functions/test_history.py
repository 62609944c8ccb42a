"""History, patches, merges and restores through the handlers, from event to response."""

from typing import Any

import jsonpatch
import pytest
from conftest import Clock
from support.handlers.http_api import Client, Reply
from support.storage.model import written

from dashboard_store.settings import Settings

CONFIG = "/api/projects/p/config"
VERSIONS = f"{CONFIG}/versions"


def config(**charts: Any) -> dict[str, Any]:
    return {"chartCustomizations": charts}


@pytest.fixture
def rich(project: Client) -> Client:
    """The project with three versions of its config."""
    save(project, config(a={"title": "one"}, b={"title": "B"}))
    save(project, config(a={"title": "two"}, b={"title": "B"}), 1, "?source=ai&message=better")
    save(project, config(a={"title": "two"}, c={"title": "C"}), 2)
    return project


def save(client: Client, document: Any, version: int = 0, query: str = "") -> Reply:
    reply = client.put(CONFIG + query, document, if_match=f'"{version}"')
    assert reply.status == 200, reply.json
    return reply


def numbers(reply: Reply) -> list[int]:
    return [version["version"] for version in reply.json["versions"]]


# -- history ----------------------------------------------------------------------------------------------------------


def test_history_lists_versions_without_documents(rich: Client, clock: Clock, settings: Settings) -> None:
    """The list has the time, author, source and size of each version, newest first, and no documents."""
    listed = rich.get(VERSIONS).json
    assert (listed["nextCursor"], listed["retentionDays"]) == (None, settings.history_retention_days)
    by = rich.get("/api/projects/p/members").json["you"]
    shape = {"updatedAt": written(clock()), "updatedBy": {"id": by}, "chartCount": 2}
    sizes = [len(rich.get(f"{VERSIONS}/{number}").body) for number in (3, 2, 1)]
    assert [{**version, "bytes": None} for version in listed["versions"]] == [
        {"version": 3, "source": "user", **shape, "bytes": None},
        {"version": 2, "source": "ai", "message": "better", **shape, "bytes": None},
        {"version": 1, "source": "user", **shape, "bytes": None},
    ]
    assert all(version["bytes"] < size for version, size in zip(listed["versions"], sizes, strict=True))


def test_pages_of_history_hold_every_version_once(project: Client) -> None:
    """Following the cursors visits every version once, newest first, and an exact page is the last one."""
    for version in range(7):
        save(project, config(c={"n": version}), version)
    visited, cursor, sizes = [], "", []
    while True:
        page = project.get(f"{VERSIONS}?limit=3{cursor}")
        visited += numbers(page)
        sizes.append(len(numbers(page)))
        if page.json["nextCursor"] is None:
            break
        cursor = f"&cursor={page.json['nextCursor']}"
    assert (visited, sizes) == ([7, 6, 5, 4, 3, 2, 1], [3, 3, 1])
    assert project.get(f"{VERSIONS}?limit=7").json["nextCursor"] is None


def test_history_is_empty_before_the_first_save(project: Client) -> None:
    """The list is empty before the first save."""
    assert project.get(VERSIONS).json["versions"] == []


def test_each_version_is_served_unchanged(rich: Client) -> None:
    """A version is served as it was while it was the newest, with its tag, and as 304 to a client that has it."""
    first = rich.get(f"{VERSIONS}/1")
    assert first.json["config"] == config(a={"title": "one"}, b={"title": "B"})
    assert (first.json["version"], first.headers["etag"]) == (1, '"1"')
    assert rich.get(f"{VERSIONS}/1", if_none_match='"1"').status == 304
    assert rich.get(f"{VERSIONS}/3").body == rich.get(CONFIG).body


@pytest.mark.parametrize("version", ["0", "4", "01", "one", "-1", "9999999999999"])
def test_an_absent_version_is_not_found(rich: Client, version: str) -> None:
    """A version that does not exist, or is not a number, is 404 to read, to compare and to restore."""
    assert rich.get(f"{VERSIONS}/{version}").code == "not-found"
    assert rich.get(f"{VERSIONS}/1/diff/{version}").code == "not-found"
    assert rich.request("POST", f"{VERSIONS}/{version}/restore", if_match='"3"').code == "not-found"


def test_a_version_expires_after_its_retention(project: Client, clock: Clock, settings: Settings) -> None:
    """A version is kept for the retention period after it is replaced, then it is gone; the current one never is."""
    save(project, config(c={"n": 1}))
    clock.advance(days=400)
    save(project, config(c={"n": 2}), 1)
    clock.advance(days=settings.history_retention_days - 1)
    assert project.get(f"{VERSIONS}/1").status == 200
    clock.advance(days=400)
    assert project.get(f"{VERSIONS}/1").code == "not-found"
    assert project.get(f"{VERSIONS}/2").json["config"] == config(c={"n": 2})
    assert numbers(project.get(VERSIONS)) == [2]
    assert project.request("POST", f"{VERSIONS}/2/restore", if_match='"2"').json["version"] == 2


def test_retention_begins_when_a_version_is_replaced(project: Client, clock: Clock, settings: Settings) -> None:
    """The days for which a version was the newest do not shorten its retention."""
    save(project, config(c={"n": 1}))
    clock.advance(days=6)
    save(project, config(c={"n": 2}), 1)
    clock.advance(days=settings.history_retention_days, seconds=-1)
    assert project.get(f"{VERSIONS}/1").json["config"] == config(c={"n": 1})


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 3), (1, 3), (3, 1), (2, 2)])
def test_a_diff_turns_one_version_into_the_other(rich: Client, before: int, after: int) -> None:
    """Applying a diff's operations (RFC 6902) to one version gives the other."""
    versions = {number: rich.get(f"{VERSIONS}/{number}").json["config"] for number in (before, after)}
    diff = rich.get(f"{VERSIONS}/{before}/diff/{after}").json
    assert jsonpatch.apply_patch(versions[before], diff["operations"]) == versions[after]


def test_a_diff_names_the_charts(rich: Client) -> None:
    """A diff names the charts that were added, removed and changed."""
    charts = rich.get(f"{VERSIONS}/1/diff/3").json["charts"]
    assert charts == {"added": ["c"], "removed": ["b"], "changed": ["a"]}


def test_a_diff_with_a_deleted_config(rich: Client) -> None:
    """A deleted config compares as null, with all of its charts removed."""
    rich.delete(CONFIG, if_match='"3"')
    diff = rich.get(f"{VERSIONS}/3/diff/4").json
    assert diff["charts"] == {"added": [], "removed": ["a", "c"], "changed": []}
    assert jsonpatch.apply_patch(rich.get(f"{VERSIONS}/3").json["config"], diff["operations"]) is None


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=x", "cursor=0"])
def test_an_invalid_query_of_history_is_refused(rich: Client, query: str) -> None:
    """An invalid query parameter of the list is a 422 that names it."""
    reply = rich.get(f"{VERSIONS}?{query}")
    assert (reply.code, reply.json["errors"][0]["pointer"]) == ("invalid-query", query.partition("=")[0])


# -- restore ----------------------------------------------------------------------------------------------------------


def test_a_restore_is_a_new_version_equal_to_the_old_one(rich: Client) -> None:
    """A restore saves an older version again, under the next number, and history names the older one."""
    reply = rich.request("POST", f"{VERSIONS}/1/restore?message=undo", if_match='"3"')
    assert (reply.status, reply.json["version"], reply.headers["etag"]) == (200, 4, '"4"')
    assert rich.get(CONFIG).json["config"] == rich.get(f"{VERSIONS}/1").json["config"]
    newest = rich.get(VERSIONS).json["versions"][0]
    assert (newest["restoredFrom"], newest["message"]) == (1, "undo")


def test_a_restore_brings_back_a_deleted_config(rich: Client) -> None:
    """After a delete, the version before it can be restored: no accepted save is lost."""
    rich.delete(CONFIG, if_match='"3"')
    assert rich.request("POST", f"{VERSIONS}/3/restore", if_match='"4"').json["version"] == 5
    assert rich.get(CONFIG).json["config"] == config(a={"title": "two"}, c={"title": "C"})
    assert rich.request("POST", f"{VERSIONS}/4/restore", if_match='"5"').json["version"] == 6
    assert rich.get(CONFIG).json["config"] is None


def test_a_restore_keeps_the_order_of_members(project: Client) -> None:
    """A restored config equals the old one exactly, including the order of its charts."""
    save(project, config(z={}, a={}, m={}))
    save(project, config(a={}), 1)
    project.request("POST", f"{VERSIONS}/1/restore", if_match='"2"')
    assert list(project.get(CONFIG).json["config"]["chartCustomizations"]) == ["z", "a", "m"]


def test_a_repeated_restore_is_not_a_conflict(rich: Client) -> None:
    """A restore whose response was lost can be repeated: its content is already there, and nothing changes."""
    for _ in range(2):
        assert rich.request("POST", f"{VERSIONS}/1/restore", if_match='"3"').json["version"] == 4


# -- patches ----------------------------------------------------------------------------------------------------------


def patch(client: Client, document: Any, **headers: str) -> Reply:
    return client.patch(CONFIG, document, content_type="application/merge-patch+json", **headers)


def test_a_patch_changes_what_it_names(rich: Client) -> None:
    """A merge patch (RFC 7396) returns the merged config like GET; null removes a member, and the others stay."""
    reply = patch(rich, {"chartCustomizations": {"a": {"title": "three", "x": 1}, "c": None}, "theme": {"id": "dark"}})
    assert (reply.status, reply.headers["etag"]) == (200, '"4"')
    assert reply.json["config"] == {**config(a={"title": "three", "x": 1}), "theme": {"id": "dark"}}
    assert reply.body == rich.get(CONFIG).body


def test_patches_of_different_charts_both_win(rich: Client) -> None:
    """Without a precondition a patch applies to the newest version, and is not marked forced."""
    patch(rich, config(a={"title": "left"}))
    patch(rich, config(c={"title": "right"}))
    assert rich.get(CONFIG).json["config"] == config(a={"title": "left"}, c={"title": "right"})
    assert "forced" not in rich.get(VERSIONS).json["versions"][0]


def test_a_patch_that_changes_nothing_makes_no_version(rich: Client) -> None:
    """A patch without a change returns the current config, whatever its precondition, and adds no history."""
    for headers in ({}, {"if_match": '"1"'}):
        reply = patch(rich, config(a={"title": "two"}), **headers)
        assert (reply.status, reply.json["version"]) == (200, 3)


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        ({"chartCustomizations": None}, "/chartCustomizations"),
        ({"chartCustomizations": {"a": 1}}, "/chartCustomizations/a"),
        ({"charts": {}}, "/charts"),
        ({"theme": {"x": "\0"}}, "/theme/x"),
    ],
)
def test_a_patch_must_leave_a_valid_config(rich: Client, document: Any, pointer: str) -> None:
    """A patch that would make the config invalid is 422 with the place of the error, and changes nothing."""
    reply = patch(rich, document)
    assert (reply.status, reply.code) == (422, "invalid-config")
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]
    assert rich.get(CONFIG).json["version"] == 3


def test_a_stale_patch_is_a_conflict_before_it_is_invalid(rich: Client) -> None:
    """A patch of a stale version is 412, even if its result on the newest version would be invalid."""
    rich.delete(CONFIG, if_match='"3"')
    assert patch(rich, {"theme": {"id": "dark"}}, if_match='"3"').code == "version-conflict"
    assert patch(rich, {"theme": {"id": "dark"}}).code == "invalid-config"


def test_a_patch_may_use_the_older_names(rich: Client) -> None:
    """An older client patches the theme under its former name."""
    patch(rich, {"theme": {"id": "light"}})
    assert patch(rich, {"currentTheme": {"id": "dark"}}).json["config"]["theme"] == {"id": "dark"}


def test_a_patch_of_a_nonexistent_project_is_not_found(client: Client) -> None:
    """A patch of the config of a nonexistent project is 404."""
    assert client.patch("/api/projects/none/config", config()).code == "not-found"


# -- conflicts and merges ---------------------------------------------------------------------------------------------


def test_a_conflict_names_the_places_that_both_changed(rich: Client) -> None:
    """A refused save names by JSON pointer what both sides changed since its base; nothing if a merge would succeed."""
    clash = rich.put(CONFIG, config(a={"title": "mine"}, b={"title": "B"}), if_match='"1"').json
    assert (clash["baseVersion"], clash["conflicts"]) == (1, ["/chartCustomizations/a/title"])
    harmless = rich.put(CONFIG, {**config(a={"title": "one"}, b={"title": "B"}), "theme": {"id": "x"}}, if_match='"1"')
    assert (harmless.code, harmless.json["conflicts"]) == ("version-conflict", [])


def test_a_conflict_of_a_patch_names_the_places(rich: Client) -> None:
    """A refused patch is compared by its result on its base."""
    assert patch(rich, config(a={"title": "mine"}), if_match='"1"').json["conflicts"] == [
        "/chartCustomizations/a/title"
    ]
    assert patch(rich, config(a={"note": "mine"}), if_match='"1"').json["conflicts"] == []


def test_a_conflict_without_its_base_names_no_places(project: Client, clock: Clock) -> None:
    """If history no longer holds the base, or no base is named, the conflict has only the newest config."""
    save(project, config(c={"n": 1}))
    save(project, config(c={"n": 2}), 1)
    clock.advance(days=400)
    for headers in ({"if_match": '"1"'}, {"if_none_match": "*"}, {"if_match": '"9"'}):
        conflict = project.put(CONFIG, config(c={"n": 3}), **headers).json
        assert conflict["current"] == config(c={"n": 2})
        assert "conflicts" not in conflict


def merge(client: Client, document: Any, version: int, query: str = "") -> Reply:
    return client.put(f"{CONFIG}?onConflict=merge{query}", document, if_match=f'"{version}"')


def test_a_merge_combines_the_changes_of_both_sides(rich: Client) -> None:
    """A stale save that asks for a merge is merged with the newest version if the edits are disjoint."""
    mine = {**config(a={"title": "one"}, b={"title": "B"}, d={"title": "D"}), "theme": {"id": "dark"}}
    reply = merge(rich, mine, 1, "&message=joined")
    joined = {**config(a={"title": "two"}, c={"title": "C"}, d={"title": "D"}), "theme": {"id": "dark"}}
    assert reply.status == 200
    assert (reply.json["merged"], reply.json["version"], reply.json["config"]) == (True, 4, joined)
    assert rich.get(CONFIG).json["config"] == joined
    newest = rich.get(VERSIONS).json["versions"][0]
    assert (newest["merged"], newest["message"]) == (True, "joined")


def test_an_unnecessary_merge_is_a_save(rich: Client) -> None:
    """A save based on the newest version is saved unchanged, whether or not it asks for a merge."""
    reply = merge(rich, config(z={}), 3)
    assert reply.json == {"success": True, "version": 4, "updatedAt": reply.json["updatedAt"]}
    assert "merged" not in rich.get(VERSIONS).json["versions"][0]


def test_a_repeated_merge_makes_no_version(rich: Client) -> None:
    """A merge whose response was lost can be repeated: its edits are already there, so nothing is written."""
    mine = config(a={"title": "one"}, b={"title": "B"}, d={"title": "D"})
    first, again = merge(rich, mine, 1), merge(rich, mine, 1)
    assert (again.status, again.json) == (200, first.json)


def test_a_merge_never_decides_between_two_edits(rich: Client) -> None:
    """If both sides changed a value differently, the merge is refused with the places, and nothing is written."""
    reply = merge(rich, config(a={"title": "mine"}, b={"title": "kept"}), 1)
    assert (reply.status, reply.code) == (412, "version-conflict")
    assert reply.json["conflicts"] == ["/chartCustomizations/a/title", "/chartCustomizations/b"]
    assert reply.json["current"] == rich.get(CONFIG).json["config"]
    assert rich.get(CONFIG).json["version"] == 3


def test_a_merge_without_its_base_is_refused(rich: Client) -> None:
    """A merge from a base that history does not hold is 412 without conflicts."""
    reply = merge(rich, config(), 9)
    assert (reply.code, "conflicts" in reply.json) == ("version-conflict", False)


def test_a_merge_with_a_deleted_config_is_a_conflict(rich: Client) -> None:
    """A stale save of a deleted config is a conflict at its root, even if the save changed nothing."""
    unchanged = rich.get(CONFIG).json["config"]
    rich.delete(CONFIG, if_match='"3"')
    for document, base in ((config(a={"title": "mine"}), 3), (unchanged, 3), (config(a={"title": "mine"}), 0)):
        for reply in (merge(rich, document, base), rich.put(CONFIG, document, if_match=f'"{base}"')):
            assert (reply.code, reply.json["conflicts"], reply.json["current"]) == ("version-conflict", [""], None)


def test_a_merge_combines_arrays_by_identity(project: Client) -> None:
    """Filters with ids are merged one by one: two users who each add one both keep theirs."""
    base = {**config(), "filters": [{"id": "f1", "values": ["EU"]}]}
    save(project, base)
    save(project, {**base, "filters": [{"id": "f1", "values": ["EU", "US"]}, {"id": "f2"}]}, 1)
    reply = merge(project, {**base, "filters": [{"id": "f1", "values": ["EU"]}, {"id": "f3"}]}, 1)
    assert reply.json["config"]["filters"] == [{"id": "f1", "values": ["EU", "US"]}, {"id": "f2"}, {"id": "f3"}]


def test_a_merge_is_checked_against_the_limits(project: Client) -> None:
    """A merge of two configs within the limit to one over it is 413, and nothing is written."""
    save(project, config())
    save(project, config(theirs={"note": "x" * 150_000}), 1)
    reply = merge(project, config(mine={"note": "x" * 150_000}), 1)
    assert (reply.status, reply.code) == (413, "config-too-large")
    assert project.get(CONFIG).json["version"] == 2


def test_an_unknown_resolution_is_refused(rich: Client) -> None:
    """`?onConflict=` accepts only `refuse` and `merge`."""
    reply = rich.put(f"{CONFIG}?onConflict=overwrite", config(), if_match='"3"')
    assert (reply.code, reply.json["errors"][0]["pointer"]) == ("invalid-query", "onConflict")


# -- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_has_its_own_history(rich: Client, settings: Settings) -> None:
    """A session's versions, diffs, merges and restores are those of its draft, and do not touch the config."""
    query = "?sessionId=s1"
    save(rich, config(x={"n": 1}), 0, query)
    save(rich, config(x={"n": 2}), 1, query)
    listed = rich.get(VERSIONS + query)
    assert (numbers(listed), listed.json["retentionDays"]) == ([2, 1], settings.session_ttl_days)
    assert rich.get(f"{VERSIONS}/1{query}").json["config"] == config(x={"n": 1})
    assert rich.get(f"{VERSIONS}/1/diff/2{query}").json["charts"]["changed"] == ["x"]
    assert rich.request("POST", f"{VERSIONS}/1/restore{query}", if_match='"2"').json["version"] == 3
    assert merge(rich, config(x={"n": 1}, y={}), 1, "&sessionId=s1").json["config"] == config(x={"n": 1}, y={})
    assert rich.get(f"{VERSIONS}/1?sessionId=s2").code == "not-found"
    assert numbers(rich.get(VERSIONS)) == [3, 2, 1]


def test_an_expired_draft_has_no_history(project: Client, clock: Clock, settings: Settings) -> None:
    """A draft's versions expire with it, and a new draft of that session does not see them."""
    query = "?sessionId=s1"
    for version in range(3):
        save(project, config(x={"n": version}), version, query)
    clock.advance(days=settings.session_ttl_days, seconds=1)
    assert project.get(VERSIONS + query).json["versions"] == []
    save(project, config(x={"n": "new"}), 0, query)
    assert numbers(project.get(VERSIONS + query)) == [1]
    assert project.get(f"{VERSIONS}/2{query}").code == "not-found"


def test_a_new_draft_lists_only_its_own_versions(project: Client, clock: Clock, settings: Settings) -> None:
    """Versions of an expired draft that the database has not removed yet neither appear nor hide the new draft's."""
    query = "?sessionId=s1"
    for version in range(6):
        save(project, config(x={"n": version}), version, query)
    clock.advance(days=settings.session_ttl_days, seconds=1)
    for version in range(3):
        save(project, config(y={"n": version}), version, query)
    page = project.get(f"{VERSIONS}{query}&limit=2")
    assert (numbers(page), page.json["nextCursor"]) == ([3, 2], "2")
    assert numbers(project.get(f"{VERSIONS}{query}&limit=2&cursor=2")) == [1]


# -- other users ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/versions"),
        ("GET", "/versions/1"),
        ("GET", "/versions/1/diff/2"),
        ("POST", "/versions/1/restore"),
        ("POST", "/versions/1/undo"),
        ("PATCH", ""),
        ("PUT", "?onConflict=merge"),
    ],
)
def test_another_users_history_looks_absent(rich: Client, method: str, path: str) -> None:
    """Another user's request changes nothing and is answered like one for a nonexistent project, except for its id."""
    stranger = Client("another-user")
    body = config() if method in {"PATCH", "PUT"} else None
    foreign = stranger.request(method, CONFIG + path, body, if_match='"1"')
    absent = stranger.request(method, f"/api/projects/none/config{path}", body, if_match='"1"')
    assert (foreign.status, foreign.code) == (404, "not-found")
    assert foreign.problem == absent.problem
    assert rich.get(CONFIG).json["version"] == 3
