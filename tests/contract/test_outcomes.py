"""What calls return about what they did, or about what is stored."""

import re
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Clock
from support.storage.clients import Answer, Call, Request
from support.storage.contents import SETTINGS, at, config, upload
from support.storage.engines import Engine, overtaken, written

from dashboard_store.documents.config import Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset.upload import read_analysis
from dashboard_store.documents.json_text import compact, served
from dashboard_store.documents.project import Project
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.errors import ConfigConflict, FieldError, InvalidQuery
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import ANY, Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import EXISTS, put, update
from dashboard_store.repository.formats import numbered
from dashboard_store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard_store.documents.config import Config


def read(document: Any) -> "Config":
    return read_config(document, SETTINGS)


def test_saving_the_same_content_changes_nothing(store: Store, address: ProjectAddress) -> None:
    """However the same content is saved again, the outcome says that nothing changed, and names the version."""
    same = config(a=1)
    first = store.config_saves.save(address.config(), same, at(0), Origin())
    assert (first.changed, first.merged, first.newest.version) == (True, False, 1)
    for again in (
        store.config_saves.save(address.config(), same, at(0), Origin()),
        store.config_saves.save(address.config(), same, at(1), Origin()),
        store.config_saves.change(address.config(), lambda _: same, Precondition(), Origin()),
    ):
        assert (again.changed, again.merged, again.newest) == (False, False, first.newest)


def test_reads_are_strongly_consistent(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """Every read outside a transaction is strongly consistent, so that a reload shows the save."""
    asked: dict[str, bool] = {}

    def watched(proceed: Call, operation: str, request: Request) -> Answer:
        parts = request.get("RequestItems", {"": request}).values()
        asked[operation] = all(part.get("ConsistentRead", False) for part in parts)
        return proceed(operation, request)

    store.config_saves.save(address.config(), config(a=1), at(0), Origin())
    with engine.tapped(watched):
        store.configs.newest(address.config())
        store.configs.history(address.config(), 10, None)
        store.projects.page(address.owner, 10, None, with_configs=True)
    assert asked == {"GetItem": True, "Query": True, "BatchGetItem": True}


def test_an_update_sets_removes_and_counts(store: Store, address: ProjectAddress) -> None:
    """One update may set, remove and increment several attributes each, and leaves the others unchanged."""
    place = {"pk": keys.partition(address.owner), "sk": "1"}
    store.items.transact(put({**place, "a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1}))
    store.items.transact(update(place, {"a": 2, "b": 3}, EXISTS, remove=["c", "d"], add={"e": 10, "f": 20}))
    assert store.items.get(place) == numbered({**place, "a": 2, "b": 3, "e": 11, "f": 21, "g": 1})


def test_a_nonexistent_draft_is_at_version_0(store: Store, address: ProjectAddress) -> None:
    """A stale save of a nonexistent draft is a conflict with version 0, not a missing project."""
    with pytest.raises(ConfigConflict) as refusal:
        store.config_saves.save(address.config("s1"), config(a=1), at(3), Origin())
    assert (refusal.value.version, refusal.value.document) == (0, None)


def test_every_save_moves_its_project_up(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """A list begins with the project that was changed last, or whose config, table or analysis was saved last."""
    saves: list[Callable[[], object]] = [
        lambda: store.projects.change(
            address, lambda old: Project("renamed", old.description, old.settings), Precondition()
        ),
        lambda: store.config_saves.save(address.config(), config(a=1), at(0), Origin()),
        lambda: store.dataset_writes.upload(address, upload("first"), Precondition()),
        lambda: store.dataset_writes.analyse(address, read_analysis({"analysis": {}}, SETTINGS), Precondition()),
    ]

    def first() -> tuple[str, str]:
        (project,) = store.projects.page(address.owner, 1, None).projects
        return project["id"], project["updatedAt"]

    for number, save in enumerate(saves):
        clock.advance(seconds=1)
        save()
        assert first() == (address.project_id, keys.timestamp(clock.moment))
        clock.advance(seconds=1)
        store.projects.create(address.owner, read_new_project({"id": f"other-{number}", "name": "O"}, SETTINGS))
        assert first() == (f"other-{number}", keys.timestamp(clock.moment))


@pytest.mark.parametrize("with_configs", [False, True])
def test_a_page_holds_what_fits_into_a_response(
    store: Store, address: ProjectAddress, monkeypatch: pytest.MonkeyPatch, *, with_configs: bool
) -> None:
    """A page ends before its projects are too large for a response, but has at least one; none is left out."""
    # A character that is longer in a response.
    named = {"name": "<" * 200, "settings": {"dashboardConfig": {"chartCustomizations": {"c": {"title": "<b>"}}}}}
    for name in ("q", "r", "s"):
        store.projects.create(address.owner, read_new_project({"id": name, **named}, SETTINGS))
    whole = store.projects.page(address.owner, 10, None, with_configs=with_configs).projects
    sizes = [len(served(compact(project))) for project in whole]
    for most, held in ((sum(sizes), 4), (sum(sizes) - 1, 3), (sizes[0] + sizes[1], 2), (sizes[0], 1), (0, 1)):
        monkeypatch.setattr("dashboard_store.repository.projects.MAX_PAGE_BYTES", most)
        found: list[dict[str, Any]] = []
        cursor = None
        while len(found) < len(whole):
            page = store.projects.page(address.owner, 10, cursor, with_configs=with_configs)
            assert len(page.projects) == held or cursor
            found += page.projects
            cursor = page.cursor
        assert (found, cursor) == (whole, None)


def test_configs_beyond_a_page_are_not_read(
    engine: Engine, store: Store, address: ProjectAddress, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only as many configs are read as may fit, so that a list costs no more than its answer."""
    for name in ("q", "r"):
        store.projects.create(address.owner, read_new_project({"id": name, "name": name}, SETTINGS))
    for project in (address, ProjectAddress(address.owner, "q")):
        clock.advance(seconds=1)
        store.config_saves.save(project.config(), config(a=1), at(0), Origin())
    monkeypatch.setattr("dashboard_store.repository.projects.MAX_PAGE_BYTES", config(a=1).size)
    with engine.recorded() as calls:
        store.projects.page(address.owner, 10, None, with_configs=True)
    (request,) = (request for operation, request in calls if operation == "BatchGetItem")
    assert [len(each["Keys"]) for each in request["RequestItems"].values()] == [1]


def test_history_goes_on_behind_expired_versions(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """Versions that have expired but are not removed yet, however many, end neither the list nor its pages."""
    place = address.config()
    for version in range(9):
        store.config_saves.save(place, config(a=version), at(version), Origin())
    expired = {"expiresAt": int(clock.moment.timestamp()) - 1}
    for version in range(3, 9):
        store.items.transact(update(keys.config_version(place, version), expired, EXISTS))
    listed, before = store.configs.history(place, 2, None)
    assert ([each["version"] for each in listed], before) == ([9, 2], 2)
    listed, before = store.configs.history(place, 2, before)
    assert ([each["version"] for each in listed], before) == ([1], None)


# On moto it would take half a minute.
@pytest.mark.usefixtures("atomic_engine")
def test_a_list_goes_on_after_a_megabyte(store: Store, address: ProjectAddress) -> None:
    """A query ends at 1 MB, which is not the end of the list: every project is on some page."""
    text = "\N{CYRILLIC SMALL LETTER YA}" * 2_000
    made = {f"p{number}" for number in range(300)}
    for name in made:
        store.projects.create(address.owner, read_new_project({"id": name, "name": "P", "description": text}, SETTINGS))
    found: list[str] = []
    cursor = None
    while cursor or not found:
        page = store.projects.page(address.owner, 100, cursor)
        found += [project["id"] for project in page.projects]
        cursor = page.cursor
    assert sorted(found) == sorted(made | {address.project_id})


def test_a_cursor_leads_to_the_next_page(store: Store, address: ProjectAddress) -> None:
    """A cursor has only characters that need no encoding in a query, and continues from wherever a page ends."""
    # Their cursors have every length. The one of aW ends with an X, without which aB, the next one, would be missing.
    made = [address.project_id, "aW", "aB", "bcW", "_", "-a", "abcd", "X"]
    for name in made[1:]:
        store.projects.create(address.owner, read_new_project({"id": name, "name": name}, SETTINGS))
    found: list[str] = []
    cursor = None
    for _ in made:
        page = store.projects.page(address.owner, 1, cursor)
        found += [project["id"] for project in page.projects]
        cursor = page.cursor
        assert cursor is None or re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert (sorted(found), cursor) == (sorted(made), None)
    for unreadable in ("!", "abc", "YQ"):
        with pytest.raises(InvalidQuery, match=r"^The query parameter cursor is not valid\.$") as refusal:
            store.projects.page(address.owner, 1, unreadable)
        assert refusal.value.field_errors == (FieldError("cursor", "This cursor is not from this list."),)


def test_a_delete_of_nothing_writes_nothing(store: Store, engine: Engine, address: ProjectAddress) -> None:
    """A delete before the first save leaves version 0, also if its precondition names that version."""
    preconditions = at(0), Precondition(if_none_match=frozenset({ANY})), Precondition()
    for place, precondition in product((address.config(), address.config("s1")), preconditions):
        with written(engine) as names:
            outcome = store.config_saves.save(place, None, precondition, Origin())
        assert (outcome.changed, outcome.newest.version) == (False, 0)
        assert not [name for name in names if name.startswith("CONFIG")]


def test_a_deleted_config_is_a_version_without_content(store: Store, address: ProjectAddress) -> None:
    """A delete is a version, which the project shows as null; its digest is the one that older items have."""
    store.config_saves.save(address.config(), config(a=1), at(0), Origin())
    assert store.projects.get(address)["dashboardConfig"]["version"] == 1
    deleted = store.config_saves.save(address.config(), None, at(1), Origin()).newest
    assert (deleted.version, deleted.config(), deleted.digest) == (2, None, b"deleted")
    assert store.projects.get(address)["dashboardConfig"] is None
    shown = {name: deleted.summary[name] for name in ("chartCount", "bytes", "deleted")}
    assert shown == {"chartCount": 0, "bytes": 0, "deleted": True}
    digests = [store.configs.newest(place).digest for place in (address.config(), address.config("s1"))]
    assert digests == [b"deleted"] * 2


def test_a_draft_expires_to_the_second(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """A draft exists until the second at which it expires, for readers and writers alike."""
    clock.moment = clock.moment.replace(microsecond=0)
    draft = address.config("s1")
    store.config_saves.save(draft, config(a=1), at(0), Origin())
    clock.advance(days=SETTINGS.session_ttl_days, seconds=-1)
    assert store.configs.newest(draft).version == 1
    clock.advance(seconds=1)
    assert store.configs.newest(draft).version == 0
    with pytest.raises(ConfigConflict) as refusal:
        store.config_saves.save(draft, config(a=2), at(1), Origin())
    assert refusal.value.version == 0
    assert store.config_saves.save(draft, config(a=2), at(0), Origin()).newest.version == 1


def test_an_overtaken_merge_keeps_all_three_edits(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """A save during a merge is merged too: no edit is lost, whichever comes first."""
    charts: dict[str, Any] = {name: {"n": 0} for name in "abc"}
    store.config_saves.save(address.config(), config(**charts), at(0), Origin())
    edited = {name: config(**{**charts, name: {"n": 1}}) for name in "abc"}
    store.config_saves.save(address.config(), edited["a"], at(1), Origin())

    def other() -> None:
        store.config_saves.merge(address.config(), edited["b"], 1, Origin(), read)

    # The merge first tries to save at its base, which is stale, and then saves the merged config.
    with overtaken(engine, other, after=1):
        merged = store.config_saves.merge(address.config(), edited["c"], 1, Origin(), read)
    assert (merged.newest.version, merged.changed, merged.merged) == (4, True, True)
    assert merged.newest.config() == config(**{name: {"n": 1} for name in "abc"}).document


def test_a_merge_is_marked_as_one(store: Store, address: ProjectAddress) -> None:
    """A merged save is marked in its outcome, even if the merge changed nothing, and in history."""
    base, theirs, mine, joined = config(), config(a=1), config(b=2), config(a=1, b=2)
    store.config_saves.save(address.config(), base, at(0), Origin())
    at_base = store.config_saves.merge(address.config(), theirs, 1, Origin(), lambda _: theirs)
    assert (at_base.changed, at_base.merged, "merged" in at_base.newest.summary) == (True, False, False)
    merged = store.config_saves.merge(address.config(), mine, 1, Origin("ai"), read)
    assert (merged.changed, merged.merged, merged.newest.version) == (True, True, 3)
    assert merged.newest.config() == joined.document
    assert (merged.newest.source, merged.newest.summary["merged"]) == ("ai", True)
    again = store.config_saves.merge(address.config(), mine, 1, Origin(), read)
    assert (again.changed, again.merged, again.newest) == (False, True, merged.newest)


def test_history_begins_with_the_newest_version(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """A page from above the newest version begins with it, whatever versions of an expired draft are left there."""
    draft = address.config("s1")
    for lives, until in ((4, timedelta(days=SETTINGS.session_ttl_days)), (2, timedelta())):
        for version in range(lives):
            store.config_saves.save(draft, config(a=lives + version), at(version), Origin())
        clock.moment += until
    for before in (None, 3, 4, 99):
        ((newest,), following) = store.configs.history(draft, 1, before)
        assert (newest["version"], following) == (2, 2)
    ((oldest,), following) = store.configs.history(draft, 1, 2)
    assert (oldest["version"], following) == (1, None)


def test_two_first_configs_are_merged(store: Store, address: ProjectAddress) -> None:
    """A first config that comes late is merged with the first config of another client."""
    store.config_saves.save(address.config(), config(a=1), at(0), Origin())
    merged = store.config_saves.merge(address.config(), config(b=2), 0, Origin(), read)
    assert merged.newest.config() == config(a=1, b=2).document


def test_a_stale_delete_is_a_conflict(store: Store, address: ProjectAddress) -> None:
    """A stale delete is refused with the newest config and the place that would be lost."""
    store.config_saves.save(address.config(), config(a=1), at(0), Origin())
    newest = store.config_saves.save(address.config(), config(a=2), at(1), Origin()).newest
    with pytest.raises(ConfigConflict) as refusal:
        store.config_saves.save(address.config(), None, at(1), Origin())
    assert (refusal.value.document, list(refusal.value.conflicts or ())) == (newest.config(), [""])


def test_a_project_shows_its_data(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """A project shows the version, file, size and time of its data, and whether it has an analysis."""
    store.dataset_writes.upload(address, upload("first"), Precondition())
    shown = {
        "version": 1,
        "fileName": "first",
        "rowCount": 1,
        "columnCount": 1,
        "hasAnalysis": False,
        "updatedAt": keys.timestamp(clock.moment),
    }
    assert store.projects.get(address)["data"] == shown
    clock.advance(seconds=1)
    store.dataset_writes.analyse(address, read_analysis({"analysis": {}}, SETTINGS), Precondition())
    shown |= {"hasAnalysis": True, "updatedAt": keys.timestamp(clock.moment)}
    assert store.projects.get(address)["data"] == shown
