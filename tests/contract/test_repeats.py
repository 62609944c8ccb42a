"""A repeated save with an idempotency key is answered with the version that it made, and never made again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, groupby
from typing import Any

import pytest
from conftest import Clock
from support.storage.clients import Answer, Call, Request, Tapped
from support.storage.contents import SETTINGS, at, config
from support.storage.engines import Engine, overtaken

from dashboard_store.documents.config import Config, Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.json_text import JsonObject
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.errors import ConfigConflict, RateLimited, StorageUnavailable
from dashboard_store.identifiers import ConfigAddress, ProjectAddress
from dashboard_store.preconditions import ANY, Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.config_saves import SaveResult
from dashboard_store.repository.configs import REPEATABLE
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store

KEYED = Origin(key="key-of-alice")
FIRST = Precondition(if_none_match=frozenset({ANY}))
NEVER_AT_1 = Precondition(if_match=frozenset({"1"}), if_none_match=frozenset({"1"}))

type Save = Callable[[], SaveResult]


def read(document: Any) -> Config:
    return read_config(document, SETTINGS)


def with_mine(document: JsonObject | None) -> Config:
    """Add Alice's chart to a config."""
    charts = (document or {"chartCustomizations": {}})["chartCustomizations"]
    return read({"chartCustomizations": {**charts, "mine": {"value": 1}}})


# Each way to save on version 1, and whether a repetition needs the content of the version that it made.
WAYS: dict[str, tuple[Callable[[Store, ConfigAddress], SaveResult], bool]] = {
    "save": (lambda store, address: store.config_saves.save(address, config(mine=1), at(1), KEYED), False),
    "delete": (lambda store, address: store.config_saves.save(address, None, at(1), KEYED), False),
    "merge": (lambda store, address: store.config_saves.merge(address, config(a=1, mine=1), 1, KEYED, read), False),
    "change": (lambda store, address: store.config_saves.change(address, with_mine, at(1), KEYED), True),
    "patch": (lambda store, address: store.config_saves.patch(address, with_mine, 1, KEYED, read), True),
    "patch without merging": (
        lambda store, address: store.config_saves.patch(address, with_mine, 1, KEYED, None),
        True,
    ),
}

ways = pytest.mark.parametrize("way", WAYS)
sessions = pytest.mark.parametrize("session", ["", "draft"])


def operations(engine: Engine, save: Save) -> tuple[SaveResult, list[str]]:
    """Make a save; return its result and the database operations that it took."""
    with engine.recorded() as calls:
        result = save()
    return result, [operation for operation, _ in calls]


def save_on(store: Store, address: ConfigAddress, first: int, count: int) -> None:
    """Make so many versions on a version."""
    for version in range(first, first + count):
        store.config_saves.save(address, config(theirs=version), at(version), Origin())


@sessions
@ways
def test_a_repetition_does_not_undo_what_came_after(
    engine: Engine, store: Store, address: ProjectAddress, way: str, session: str
) -> None:
    """Alice saves, Bob reverts it, Alice repeats: the response has the version of the save, and the revert stands."""
    save, needs_content = WAYS[way]
    place = address.config(session)
    before = store.config_saves.save(place, config(a=1), at(0), Origin()).newest
    made = save(store, place)
    assert (made.newest.version, made.repeated, made.shown) == (2, None, made.newest)
    reverted = store.config_saves.save(place, read(before.config()), at(2), Origin()).newest
    if way in {"change", "patch", "patch without merging"}:
        store.config_saves.save(place, config(theirs=3), at(3), Origin())
        reverted = store.configs.newest(place)
    repeated, _ = operations(engine, lambda: save(store, place))
    assert (repeated.changed, repeated.merged, repeated.newest) == (False, False, reverted)
    assert repeated.repeated
    assert repeated.shown.version == 2
    assert repeated.shown.updated_at == made.newest.updated_at
    assert repeated.shown.body == (made.newest.body if needs_content else None)
    assert store.configs.newest(place) == reverted


def test_what_a_repetition_costs(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """A repetition takes one query more than a save that is overtaken, and a read where its content is returned."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    store.config_saves.save(place, config(a=1, mine=1), at(1), KEYED)
    save_on(store, place, 2, 2)
    costs = {
        "save": ["TransactWriteItems", "Query"],
        "delete": ["TransactWriteItems", "Query"],
        "merge": ["TransactWriteItems", "Query"],
        "change": ["GetItem", "Query", "GetItem"],
        "patch": ["GetItem", "GetItem", "Query", "GetItem"],
        "patch without merging": ["GetItem", "GetItem", "Query", "GetItem"],
    }
    for way, (save, _) in WAYS.items():
        repeated, asked = operations(engine, partial(save, store, place))
        assert repeated.repeated
        assert (way, asked) == (way, costs[way])


def test_a_save_that_is_not_overtaken_costs_no_look(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """A save of the newest version, and one of equal content, cost what they cost without a key."""
    place = address.config()
    for _ in range(2):
        assert operations(engine, lambda: store.config_saves.save(place, config(a=1), at(0), KEYED))[1] == [
            "TransactWriteItems"
        ]
    merged = operations(engine, lambda: store.config_saves.merge(place, config(b=1), 1, KEYED, read))
    assert merged[1] == ["TransactWriteItems"]
    patched = operations(engine, lambda: store.config_saves.patch(place, with_mine, 2, KEYED, read))
    assert patched[1] == ["GetItem", "TransactWriteItems"]
    unchanged = operations(engine, lambda: store.config_saves.patch(place, with_mine, 3, KEYED, read))
    assert (unchanged[0].changed, unchanged[1]) == (False, ["GetItem"])
    stale = operations(engine, lambda: store.config_saves.patch(place, with_mine, 2, KEYED, read))
    assert (stale[0].changed, stale[0].repeated, stale[1]) == (False, None, ["GetItem", "GetItem"])


def test_without_a_key_nothing_is_looked_for(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """An overtaken save without a key is refused or merged without a query."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    save_on(store, place, 1, 2)

    def asked_by(save: Save) -> list[str]:
        with engine.recorded() as calls, pytest.raises(ConfigConflict):
            save()
        return [operation for operation, _ in calls]

    refused = asked_by(lambda: store.config_saves.save(place, config(mine=1), at(1), Origin()))
    assert refused == ["TransactWriteItems", "GetItem"]
    assert asked_by(lambda: store.config_saves.patch(place, with_mine, 1, Origin(), None)) == ["GetItem", "GetItem"]
    assert asked_by(lambda: store.config_saves.change(place, with_mine, at(1), Origin())) == ["GetItem", "GetItem"]


def test_a_merged_save_is_answered_as_merged(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """The repetition of a merged save returns the merged config, whether that is still the newest or not."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    store.config_saves.save(place, config(a=1, theirs=1), at(1), Origin())

    def save() -> SaveResult:
        return store.config_saves.merge(place, config(a=1, mine=1), 1, KEYED, read)

    made = save()
    repeated, asked = operations(engine, save)
    assert (repeated.changed, repeated.merged, repeated.shown) == (False, True, made.newest)
    assert asked == ["TransactWriteItems"]
    save_on(store, place, 3, 1)
    repeated, asked = operations(engine, save)
    assert (repeated.merged, repeated.shown, repeated.newest.version) == (True, made.newest, 4)
    assert asked == ["TransactWriteItems", "Query", "GetItem"]


@sessions
def test_a_repetition_is_looked_for_among_25_versions(store: Store, address: ProjectAddress, session: str) -> None:
    """A save is found up to 25 versions after its base; after that it is refused as without a key."""
    place = address.config(session)
    store.config_saves.save(place, config(a=1), at(0), Origin())

    def conflict() -> int:
        with pytest.raises(ConfigConflict) as refusal:
            store.config_saves.save(place, config(mine=2), at(1), Origin(key="last-of-them"))
        return refusal.value.version

    save_on(store, place, 1, REPEATABLE - 1)
    assert conflict() == REPEATABLE
    store.config_saves.save(place, config(mine=2), at(REPEATABLE), Origin(key="last-of-them"))
    store.config_saves.save(place, config(mine=3), at(REPEATABLE + 1), Origin(key="one-too-far"))
    save_on(store, place, REPEATABLE + 2, 1)
    found = store.config_saves.save(place, config(mine=2), at(1), Origin(key="last-of-them"))
    assert (found.shown.version, found.newest.version) == (REPEATABLE + 1, REPEATABLE + 3)
    with pytest.raises(ConfigConflict):
        store.config_saves.save(place, config(mine=3), at(1), Origin(key="one-too-far"))


def test_the_newest_version_is_no_exception(store: Store, address: ProjectAddress) -> None:
    """The newest version is a repetition too only within 25 versions after the base."""
    place = address.config()
    save_on(store, place, 0, REPEATABLE)
    store.config_saves.save(place, config(mine=1), at(REPEATABLE), KEYED)
    with pytest.raises(ConfigConflict):
        store.config_saves.save(place, config(mine=2), at(0), KEYED)
    assert store.config_saves.save(place, config(mine=2), at(1), KEYED).repeated


def test_versions_up_to_the_base_are_no_repetition(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """A version up to the base is not found by its key, even if history lacks versions after the base."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), KEYED)
    store.config_saves.save(place, config(a=2), at(1), KEYED)
    save_on(store, place, 2, 2)
    key = {name: {"S": value} for name, value in keys.config_version(place, 3).items()}
    engine.call("DeleteItem", {"TableName": engine.table_name, "Key": key})
    with pytest.raises(ConfigConflict):
        store.config_saves.save(place, config(mine=1), at(2), KEYED)


@pytest.mark.parametrize("precondition", [NEVER_AT_1, at(7)])
def test_a_base_that_no_version_follows_costs_no_look(
    engine: Engine, store: Store, address: ProjectAddress, precondition: Precondition
) -> None:
    """A save whose base is the newest version, or above it, is refused without a query, even if they share a key."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), KEYED)
    with engine.recorded() as calls, pytest.raises(ConfigConflict):
        store.config_saves.save(place, config(mine=1), precondition, KEYED)
    assert "Query" not in [operation for operation, _ in calls]


def test_a_base_that_is_the_newest_version_is_compared(store: Store, address: ProjectAddress) -> None:
    """Headers that no version meets are a conflict without places if they name the newest version as the base."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    with pytest.raises(ConfigConflict) as refusal:
        store.config_saves.save(place, config(mine=1), NEVER_AT_1, Origin())
    assert refusal.value.base == 1
    assert refusal.value.conflicts is not None
    assert list(refusal.value.conflicts) == []


def test_a_stale_change_to_the_newest_content_changes_nothing(store: Store, address: ProjectAddress) -> None:
    """A stale change that makes what is already the newest content is answered with that version, unchanged."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    newest = store.config_saves.save(place, config(a=1, mine=1), at(1), Origin()).newest
    result = store.config_saves.change(place, with_mine, at(1), Origin())
    assert result == SaveResult(newest, changed=False)


@pytest.mark.parametrize("base", [1, 2])
def test_a_patch_to_the_newest_content_changes_nothing(store: Store, address: ProjectAddress, base: int) -> None:
    """A patch that makes the newest content is answered with that version, unchanged."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    newest = store.config_saves.save(place, config(a=1, mine=1), at(1), Origin()).newest
    result = store.config_saves.patch(place, with_mine, base, Origin(), read)
    assert result == SaveResult(newest, changed=False)


def test_a_first_save_is_repeated(store: Store, address: ProjectAddress) -> None:
    """If-None-Match: * names version 0 as its base."""
    place = address.config()
    store.config_saves.save(place, config(a=1), FIRST, KEYED)
    save_on(store, place, 1, 1)
    assert store.config_saves.save(place, config(a=1), FIRST, KEYED).shown.version == 1
    with pytest.raises(ConfigConflict):
        store.config_saves.save(place, config(a=1), FIRST, Origin(key="another-key"))


def test_a_repetition_needs_no_base(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """A repetition is found where history no longer holds its base, and even the version itself if it is the newest."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    store.config_saves.save(place, config(a=1, mine=1), at(1), KEYED)
    clock.advance(days=80)
    save_on(store, place, 2, 1)
    clock.advance(days=30)
    assert store.configs.base(place, 1) is None
    for way in ("save", "merge", "change", "patch"):
        assert WAYS[way][0](store, place).shown.version == 2
    store.config_saves.save(place, config(theirs=4), at(3), Origin(key="of-the-newest"))
    clock.advance(days=200)
    assert store.configs.base(place, 4) is None
    again = store.config_saves.save(place, config(theirs=5), at(3), Origin(key="of-the-newest"))
    assert again.shown == store.configs.newest(place)


def test_an_expired_version_is_no_repetition(store: Store, address: ProjectAddress, clock: Clock) -> None:
    """What an expired draft left behind is not taken for a version of the draft after it."""
    draft = address.config("s")
    store.config_saves.save(draft, config(a=1), at(0), Origin())
    store.config_saves.save(draft, config(a=2), at(1), KEYED)
    clock.advance(days=SETTINGS.session_ttl_days)
    save_on(store, draft, 0, 1)
    store.config_saves.save(draft, config(a=3), at(1), Origin())
    with pytest.raises(ConfigConflict):
        store.config_saves.save(draft, config(a=2), at(1), KEYED)


def test_an_invalid_patch_may_repeat_a_valid_one(store: Store, address: ProjectAddress) -> None:
    """A change that fails on the newest version is looked for before it is refused."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())

    def edit(document: JsonObject | None) -> Config:
        return read({"chartCustomizations": (document or {})["chartCustomizations"] if document else 1})

    def first(document: JsonObject | None) -> Config:
        return with_mine(document)

    store.config_saves.change(place, first, at(1), KEYED)
    store.config_saves.save(place, None, at(2), Origin())
    assert store.config_saves.change(place, edit, at(1), KEYED).shown.version == 2


def test_repetitions_count_as_unwritten(store: Store, engine: Engine, address: ProjectAddress) -> None:
    """Endless repetition meets the write limit, however a save is repeated."""
    place = address.config()
    limited = Store(Settings("any", writes_per_minute=40), Items(engine, engine.table_name), now=store.now)
    store.config_saves.save(place, config(a=1), at(0), Origin())
    store.config_saves.save(place, config(a=1, mine=1), at(1), KEYED)
    save_on(store, place, 2, 2)

    def repeat(save: Callable[[Store, ConfigAddress], SaveResult]) -> None:
        for _ in range(100):
            limited.rate_limit.request(place.project.owner, lambda: save(limited, place), is_change=True)

    for save, _ in WAYS.values():
        with pytest.raises(RateLimited):
            repeat(save)


def test_history_does_not_show_keys(store: Store, address: ProjectAddress) -> None:
    """No list shows the keys that its versions are kept with."""
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), KEYED)
    shown = [
        store.configs.history(place, 10, None),
        store.projects.page(place.project.owner, 10, None),
        store.projects.get(place.project),
    ]
    assert str(KEYED.key) not in str(shown)
    assert store.configs.newest(place).summary["idempotencyKey"] == KEYED.key


def test_a_key_is_of_one_config(store: Store, address: ProjectAddress) -> None:
    """A save of a draft does not repeat a save of the config, or of another draft."""
    for session in ("", "s", "t"):
        place = address.config(session)
        store.config_saves.save(place, config(a=1), at(0), Origin())
        save_on(store, place, 1, 1)
    store.config_saves.save(address.config("s"), config(mine=1), at(2), KEYED)
    for session in ("", "t"):
        with pytest.raises(ConfigConflict):
            store.config_saves.save(address.config(session), config(mine=1), at(1), KEYED)


@pytest.mark.parametrize("way", ["merge", "patch"])
def test_a_merge_that_lost_a_race_looks_again(engine: Engine, store: Store, address: ProjectAddress, way: str) -> None:
    """A merge that its own repetition overtakes, and then another save, is answered with its version."""
    save, _ = WAYS[way]
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    store.config_saves.save(place, config(a=1, theirs=1), at(1), Origin())

    def other() -> None:
        assert save(store, place).newest.version == 3
        store.config_saves.save(place, config(theirs=4), at(3), Origin())

    with overtaken(engine, other, after=1 if way == "merge" else 0):
        result = save(store, place)
    assert (result.merged, result.shown.version, result.newest.version) == (True, 3, 4)
    assert result.shown.config() == config(a=1, theirs=1, mine=1).document


@pytest.mark.parametrize("way", ["merge", "patch"])
def test_a_merge_finds_a_repetition_that_was_not_merged(
    engine: Engine, store: Store, address: ProjectAddress, way: str
) -> None:
    """A merge that is overtaken by its repetition on the newest version is answered with that version's config."""
    save, _ = WAYS[way]
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    store.config_saves.save(place, config(a=1, theirs=1), at(1), Origin())

    def other() -> None:
        assert store.config_saves.patch(place, with_mine, 2, KEYED, None).newest.version == 3
        store.config_saves.save(place, config(theirs=4), at(3), Origin())

    with overtaken(engine, other, after=1 if way == "merge" else 0):
        result = save(store, place)
    assert (result.changed, result.merged, result.shown.version, result.newest.version) == (False, False, 3, 4)
    assert result.shown.config() == config(a=1, theirs=1, mine=1).document


def test_a_merge_into_a_draft_that_expires_looks_once(
    engine: Engine, store: Store, address: ProjectAddress, clock: Clock
) -> None:
    """A merge whose draft expires before the write is refused without another look: no save made version 0.

    The query may have a second page: the version on the first one has expired.
    """
    draft = address.config("s")
    store.config_saves.save(draft, config(a=1), at(0), Origin())

    def expire(proceed: Call, operation: str, request: Request) -> Answer:
        answer = proceed(operation, request)
        if operation == "Query":
            clock.advance(days=SETTINGS.session_ttl_days)
        return answer

    with engine.tapped(expire), engine.recorded() as calls, pytest.raises(ConfigConflict) as refusal:
        store.config_saves.patch(draft, with_mine, 0, KEYED, read)
    assert refusal.value.version == 0
    assert [operation for operation, _ in groupby(operation for operation, _ in calls)] == [
        "TransactGetItems",
        "Query",
        "TransactWriteItems",
    ]


# On moto, forty attempts would take twenty seconds.
@pytest.mark.usefixtures("atomic_engine")
@pytest.mark.parametrize("way", ["merge", "patch"])
def test_a_merge_that_never_wins_names_the_config(
    engine: Engine, store: Store, address: ProjectAddress, clock: Clock, way: str
) -> None:
    """A merge that another save overtakes every time gives up, and says that the changes are to the config."""
    save, _ = WAYS[way]
    place = address.config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    versions = count(1)

    def late(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "TransactWriteItems":
            save_on(store, place, next(versions), 1)
        return proceed(operation, request)

    slow = Tapped(engine)
    loser = Store(SETTINGS, Items(slow, engine.table_name, pause=lambda _: None), now=clock)
    with slow.tapped(late), pytest.raises(StorageUnavailable) as refusal:
        save(loser, place)
    assert str(refusal.value) == "There are too many concurrent changes to this config. Try again."


@pytest.mark.parametrize("way", ["merge", "patch"])
def test_parallel_repetitions_make_one_version(atomic_engine: Engine, way: str, user: str) -> None:
    """Parallel repetitions of a save that has to be merged are all answered with the one version that they make."""
    many = Settings("any", writes_per_minute=1_000_000)
    store = Store(many, Items(atomic_engine, atomic_engine.table_name))
    store.projects.create(user, read_new_project({"id": "p", "name": "P"}, SETTINGS))
    place = ProjectAddress(user, "p").config()
    store.config_saves.save(place, config(a=1), at(0), Origin())
    store.config_saves.save(place, config(a=1, theirs=1), at(1), Origin())
    save, _ = WAYS[way]

    def write(writer: int) -> int:
        if writer % 4:
            return save(store, place).shown.version
        # Between them, others add charts of their own.
        store.config_saves.change(place, lambda document: with_chart(document, writer), Precondition(), Origin())
        return 0

    with ThreadPoolExecutor(21) as pool:
        versions = set(pool.map(write, range(21))) - {0}
    history, _ = store.configs.history(place, 100, None)
    assert len(versions) == 1
    assert [each["version"] for each in history if each.get("merged")] == list(versions)
    sk = keys.config_versions(place)
    listed = atomic_engine.items(keys.partition(user), sk)
    assert sum("idempotencyKey" in each["summary"]["M"] for each in listed) == 1


def with_chart(document: JsonObject | None, writer: int) -> Config:
    assert document
    return read({"chartCustomizations": {**document["chartCustomizations"], f"w{writer}": {}}})
