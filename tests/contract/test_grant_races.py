"""Saves by guests against the end of what lets them in, on each engine whose writes are atomic between threads.

The rule: no save is accepted whose transaction comes after the one that ended the grant.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

import pytest
from support.storage.contents import at, config, upload
from support.storage.engines import Engine, overtaken

from dashboard_store.documents.config import Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.project import Project
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.dynamodb.protocol import unmarshal
from dashboard_store.errors import ConfigConflict, Forbidden, NoProject, NotFound, VersionConflict
from dashboard_store.identifiers import Guest, ProjectAddress, Role, Team
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.repository.member_ids import member_id
from dashboard_store.settings import Settings
from dashboard_store.store import Store

# Nobody meets a limit.
SETTINGS = Settings("any", log_key="key", writes_per_minute=1_000_000, max_stored_bytes=10**15)
ROUNDS = 5
WRITERS = 3
"""How many requests the guest has under way at once."""

numbers = count(1)


@dataclass
class Shared:
    """A project whose guest is let in as a member, or through a team."""

    engine: Engine
    bucket: Bucket
    owner: str
    is_in_team: bool
    team: Team = field(init=False)
    guest: Guest = field(init=False)

    def __post_init__(self) -> None:
        self.team = Team(f"team of {self.owner}")
        self.guest = Guest(f"{self.owner}-guest", (self.team,) if self.is_in_team else ())
        self.store = self.instance()
        self.store.projects.create(self.owner, read_new_project({"id": "p", "name": "P"}, SETTINGS))
        self.let_in()

    @property
    def own(self) -> ProjectAddress:
        """The project as its owner uses it."""
        return ProjectAddress(self.owner, "p")

    @property
    def address(self) -> ProjectAddress:
        """The project as the guest uses it."""
        return replace(self.own, guest=self.guest)

    def instance(self) -> Store:
        """Return the store of another instance of a function."""
        return Store(SETTINGS, Items(self.engine, self.engine.table_name), self.bucket)

    def opened(self) -> Store:
        """Open the project for the guest, as every request of an editor does."""
        return self.instance().opened(self.address, Role.EDITOR)

    def let_in(self) -> None:
        if self.is_in_team:
            self.store.shares.set_team(self.own, self.team, Role.EDITOR, Guest(self.owner))
        else:
            made = self.store.invitations.create(self.own, Role.EDITOR, 1, 1, Guest(self.owner))
            self.store.invitations.accept(made["token"], self.guest)

    def written(self) -> list[tuple[str, int]]:
        """Return the version of everything that the guest writes, wherever it is: it tells whether anything was."""
        found = [unmarshal(item) for item in self.engine.items(keys.partition(self.owner))]
        return sorted(
            (item["sk"].removeprefix("DELETED#"), item.get("version", item.get("summary", {}).get("version", 0)))
            for item in found
            if keys.is_stored(item)
        )


type Save = Callable[[Store, ProjectAddress], object]


def put(store: Store, address: ProjectAddress) -> None:
    version = store.configs.newest(address.config()).version
    store.config_saves.save(address.config(), config(n=next(numbers)), at(version), Origin())


def patch(store: Store, address: ProjectAddress) -> None:
    document = {"chartCustomizations": {"a": {"n": next(numbers)}}}
    store.config_saves.change(address.config(), lambda _: read_config(document, SETTINGS), Precondition(), Origin())


def put_blindly(store: Store, address: ProjectAddress) -> None:
    """Save a draft of its own without reading anything first."""
    number = next(numbers)
    store.config_saves.change(
        address.config(f"draft-{number % 5}"),
        lambda _: read_config({"chartCustomizations": {"a": {"n": number}}}, SETTINGS),
        Precondition(),
        Origin(),
    )


def post_data(store: Store, address: ProjectAddress) -> None:
    store.dataset_writes.upload(address, upload(f"{next(numbers)}.json"), Precondition())


def announce(store: Store, address: ProjectAddress) -> None:
    store.uploads.announce(address, "f.csv", "text/csv", 10)


def rename(store: Store, address: ProjectAddress) -> None:
    store.projects.change(address, lambda before: Project(f"P{next(numbers)}", "", before.settings), Precondition())


SAVES: dict[str, Save] = {
    "save": put,
    "patch": patch,
    "save of a draft": put_blindly,
    "upload": post_data,
    "announce": announce,
    "rename": rename,
}


def remove(shared: Shared) -> None:
    found = member_id(SETTINGS.log_key, shared.own, shared.guest.user)
    shared.store.shares.remove_member(shared.own, found, by_owner=True)


def leave(shared: Shared) -> None:
    found = member_id(SETTINGS.log_key, shared.own, shared.guest.user)
    shared.instance().shares.remove_member(shared.own, found, by_owner=False)


def lower(shared: Shared) -> None:
    if shared.is_in_team:
        shared.store.shares.set_team(shared.own, shared.team, Role.VIEWER, Guest(shared.owner))
    else:
        found = member_id(SETTINGS.log_key, shared.own, shared.guest.user)
        shared.store.shares.set_role(shared.own, found, Role.VIEWER)


def remove_team(shared: Shared) -> None:
    shared.store.shares.remove_team(shared.own, shared.team.name)


def delete_for_good(shared: Shared) -> None:
    shared.store.project_deletion.delete(shared.own, Precondition(), permanently=True)


type Revocation = Callable[[Shared], None]

MEMBERS: dict[str, Revocation] = {"removed": remove, "leaves": leave, "lowered": lower, "deleted": delete_for_good}
TEAMS: dict[str, Revocation] = {"team removed": remove_team, "team lowered": lower, "team deleted": delete_for_good}
REVOCATIONS = MEMBERS | TEAMS


@pytest.fixture
def share(atomic_engine: Engine, bucket: Bucket, user: str) -> Callable[[str, str], Shared]:
    """Share a project with a guest as a revocation ends it; `number` tells the owners of a test apart."""

    def made(revocation: str, number: str = "") -> Shared:
        return Shared(atomic_engine, bucket, f"{user}{number}", is_in_team=revocation in TEAMS)

    return made


@pytest.mark.parametrize("revocation", REVOCATIONS)
def test_a_save_that_was_under_way_is_refused(
    share: Callable[[str, str], Shared], atomic_engine: Engine, revocation: str
) -> None:
    """If the grant ends between a save's last read and its transaction, nothing is written."""
    for number, (name, save) in enumerate(SAVES.items()):
        shared = share(revocation, f"-{number}")
        save(shared.opened(), shared.address)
        before: list[tuple[str, int]] = []

        def revoke(shared: Shared = shared, before: list[tuple[str, int]] = before) -> None:
            REVOCATIONS[revocation](shared)
            before += shared.written()

        store = shared.opened()
        with overtaken(atomic_engine, revoke), pytest.raises((NoProject, Forbidden)) as refusal:
            save(store, shared.address)
        assert (refusal.type is Forbidden) == (REVOCATIONS[revocation] is lower), name
        assert shared.written() == before, name


@dataclass(frozen=True)
class Attempt:
    """A save: when it began, and whether it was accepted."""

    began: float
    is_accepted: bool


@dataclass(frozen=True)
class Race:
    """When a race is under way, because a save was accepted, and when it is over."""

    has_begun: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)


def attempts(shared: Shared, save: Save, race: Race) -> Iterator[Attempt]:
    """Save again and again, until after the revocation."""
    left = 3
    while left:
        # Each writer makes a few more attempts once the race is over.
        left -= race.is_over.is_set()
        began = time.monotonic()
        try:
            save(shared.opened(), shared.address)
        except (ConfigConflict, VersionConflict):
            continue
        except (NoProject, Forbidden):
            yield Attempt(began, is_accepted=False)
        else:
            race.has_begun.set()
            yield Attempt(began, is_accepted=True)


@pytest.mark.parametrize("revocation", ["removed", "lowered", "deleted", "team removed"])
@pytest.mark.parametrize("kind", ["save", "patch", "upload", "announce", "rename"])
def test_no_save_is_accepted_after_the_revocation(
    share: Callable[[str, str], Shared], revocation: str, kind: str
) -> None:
    """In a hundred races, five of each kind, no save that begins after the revocation's answer is accepted.

    What was written when it was answered is all that was written in the end.
    """
    for number in range(ROUNDS):
        shared, race = share(revocation, f"-{number}"), Race()
        with ThreadPoolExecutor(WRITERS) as pool:
            running = [pool.submit(list[Attempt], attempts(shared, SAVES[kind], race)) for _ in range(WRITERS)]
            try:
                assert race.has_begun.wait(60)
                # At another moment of the saves that are under way each time.
                time.sleep(0.003 * number)
                REVOCATIONS[revocation](shared)
                answered, written = time.monotonic(), shared.written()
            finally:
                race.is_over.set()
            made = [attempt for each in running for attempt in each.result()]
        late = [attempt for attempt in made if attempt.began > answered]
        assert any(attempt.is_accepted for attempt in made)
        assert late
        assert not any(attempt.is_accepted for attempt in late)
        assert shared.written() == written


def test_a_role_that_comes_back_lets_in_again(share: Callable[[str, str], Shared]) -> None:
    """The refusals are due to the grants: a member whose role is raised again saves."""
    shared = share("lowered", "")
    lower(shared)
    with pytest.raises(Forbidden):
        put(shared.opened(), shared.address)
    shared.store.shares.set_role(shared.own, member_id(SETTINGS.log_key, shared.own, shared.guest.user), Role.EDITOR)
    put(shared.opened(), shared.address)


@pytest.mark.parametrize("has_table", [False, True])
def test_a_pin_under_way_keeps_nothing_that_was_removed(
    share: Callable[[str, str], Shared], atomic_engine: Engine, *, has_table: bool
) -> None:
    """If a version is taken out of history while a link to it is being made, no pin keeps its content."""
    shared = share("removed", "")
    for version in range(2):
        shared.store.config_saves.save(shared.own.config(), config(n=version), at(version), Origin())
    if has_table:
        shared.store.dataset_writes.upload(shared.own, upload("t.json"), Precondition())
    remove_version = partial(shared.instance().history_removal.remove, shared.own.config(), 1)
    with overtaken(atomic_engine, remove_version), suppress(NotFound):
        shared.store.links.create(shared.own, 1, None, Guest(shared.owner))
    pins = [item["sk"]["S"] for item in atomic_engine.items(keys.partition(shared.owner), keys.pins(shared.own))]
    assert pins == []
