"""What members store counts towards their project and its owner, and has a limit of its own."""

import copy
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from conftest import Clock
from purge_objects import process
from support.handlers.http_api import CONTEXT
from support.storage.contents import SETTINGS, at, config, upload
from support.storage.engines import Engine
from support.storage.stream import Stream

from dashboard_store.documents.config import Origin
from dashboard_store.documents.dataset.upload import read_analysis
from dashboard_store.documents.project import ProjectCopy
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.dynamodb.protocol import unmarshal
from dashboard_store.errors import QuotaExceeded
from dashboard_store.identifiers import Guest, ProjectAddress, Role
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.retention import RENEWAL
from dashboard_store.repository.stored_bytes import BY_MEMBER, stored_bytes
from dashboard_store.settings import Settings
from dashboard_store.store import Store

LIMIT = 100_000

# Not on moto, which copies every item for each of the many transactions.
pytestmark = pytest.mark.usefixtures("atomic_engine")


@pytest.fixture
def settings() -> Settings:
    """Limits that a test can reach; tables of more than ten bytes are in the bucket."""
    return replace(
        SETTINGS,
        log_key="key",
        max_member_bytes=LIMIT,
        max_stored_bytes=10 * LIMIT,
        max_inline_table_bytes=10,
        writes_per_minute=10_000,
    )


@pytest.fixture
def stream(engine: Engine, clock: Clock) -> Iterator[Stream]:
    with Stream(engine, clock).following() as followed:
        yield followed


@pytest.fixture
def follow(stream: Stream, store: Store) -> Callable[[], None]:
    """Let the function that follows the stream do its work."""
    return partial(stream.deliver, store)


@pytest.fixture
def sales(store: Store, user: str) -> ProjectAddress:
    """The project `sales` as its owner uses it."""
    return shared(store, user, "sales")


def shared(store: Store, user: str, project_id: str) -> ProjectAddress:
    """Create a project and let the guest in."""
    store.projects.create(user, read_new_project({"id": project_id, "name": project_id}, SETTINGS))
    address = ProjectAddress(user, project_id)
    invitation = store.invitations.create(address, Role.EDITOR, 7, 1, Guest(user))
    store.invitations.accept(invitation["token"], guest_of(user))
    return address


def guest_of(user: str) -> Guest:
    return Guest(f"{user}-guest")


def as_guest(address: ProjectAddress) -> ProjectAddress:
    return replace(address, guest=guest_of(address.owner))


def opened(store: Store, address: ProjectAddress) -> Store:
    """Open a project for its guest, as every request of an editor does."""
    return store.opened(as_guest(address), Role.EDITOR)


def noise(size: int) -> Any:
    """Return a table that does not compress, of about so many bytes."""
    return upload(f"{secrets.token_hex(4)}.json", rawData=[{"a": secrets.token_hex(size)}])


def items(stream: Stream, user: str) -> list[dict[str, Any]]:
    return [unmarshal(item) for item in stream.items(keys.partition(user))]


def counted(stream: Stream, user: str) -> tuple[int, dict[str, int]]:
    """Return what the owner stores and what members do, by project, as it was counted."""
    (usage,) = (item for item in items(stream, user) if item["sk"] == "USAGE")
    return usage["storedBytes"], usage.get("memberBytes", {})


def present(stream: Stream, user: str) -> tuple[int, dict[str, int]]:
    """Count both from the items themselves."""
    stored = [item for item in items(stream, user) if keys.is_stored(item)]
    by_members: dict[str, int] = {}
    for item in stored:
        if item.get(BY_MEMBER):
            project = keys.parts(item)[1][1]
            by_members[project] = by_members.get(project, 0) + stored_bytes(item)
    return sum(map(stored_bytes, stored)), by_members


def live_together(store: Store, sales: ProjectAddress) -> Iterator[str]:
    """Let owner and guest do, in turns, everything that changes what members store."""
    mine, theirs = store, opened(store, sales)
    address = as_guest(sales)
    theirs.config_saves.save(address.config(), config(c=1), at(0), Origin())
    yield "the guest saved"
    mine.config_saves.save(sales.config(), config(c=2), at(1), Origin())
    yield "the owner saved over it"
    theirs.config_saves.save(address.config("tab"), config(c=3), at(0), Origin())
    theirs.config_saves.save(address.config(), config(c=4, d="text"), at(2), Origin())
    yield "the guest saved again, and a draft"
    for name in ("first", "second"):
        theirs.dataset_writes.upload(address, upload(name, rawData=[{"a": "text"}] * 100), Precondition())
    yield "the guest uploaded"
    mine.dataset_writes.upload(sales, upload("third", rawData=[{"a": "text"}] * 50), Precondition())
    theirs.dataset_writes.analyse(address, read_analysis({"analysis": {"of": "third"}}, SETTINGS), Precondition())
    yield "the owner uploaded, and the guest analysed"
    theirs.uploads.announce(address, "f.csv", "text/csv", 3_000)
    yield "the guest announced a file"
    mine.project_deletion.delete(sales, Precondition())
    yield "deleted"
    mine.project_deletion.restore(sales)
    yield "restored"
    mine.project_deletion.delete(sales, Precondition(), permanently=True)
    yield "deleted for good"


@pytest.mark.parametrize("most", [1, None])
def test_what_members_store_is_counted(
    store: Store, user: str, sales: ProjectAddress, stream: Stream, most: int | None
) -> None:
    """After every step the sums are those of the items that members put, in whatever batches records come, twice."""
    stream.deliver(store)
    steps = 0
    for step in live_together(store, sales):
        steps += 1
        while stream.records:
            event = stream.take(most)
            for _ in range(2):
                process(copy.deepcopy(event), CONTEXT, store)
        assert counted(stream, user) == present(stream, user), step
        if step.startswith("the guest"):
            assert counted(stream, user)[1]["sales"] > 0, step
    assert counted(stream, user)[1] == {}
    assert steps == 9


def test_a_recount_finds_the_same(
    store: Store, sales: ProjectAddress, stream: Stream, follow: Callable[[], None], clock: Clock
) -> None:
    """A week later all items are recounted, and the sums of the members are as they were."""
    follow()
    for step in live_together(store, sales):
        if step.startswith("the guest announced"):
            break
    follow()
    clock.advance(days=8)
    store.config_saves.save(sales.config("own"), config(c=1), at(0), Origin())
    follow()
    assert counted(stream, sales.owner) == present(stream, sales.owner)
    assert counted(stream, sales.owner)[1]["sales"] > 3_000


def test_what_an_owner_saved_stays_theirs(
    store: Store, user: str, sales: ProjectAddress, stream: Stream, clock: Clock
) -> None:
    """A member's save after a rest, which stores the replaced version once more, counts that as before."""
    address = as_guest(sales)
    store.config_saves.save(sales.config(), config(c="the owner's"), at(0), Origin())
    clock.advance(seconds=RENEWAL.total_seconds() + 1)
    opened(store, sales).config_saves.save(address.config(), config(c="the guest's"), at(1), Origin())
    by_members = {item["sk"]: item.get(BY_MEMBER, False) for item in items(stream, user)}
    assert not by_members[keys.config_version(sales.config(), 1)["sk"]]
    assert by_members[keys.config_version(sales.config(), 2)["sk"]]
    store.dataset_writes.upload(sales, noise(10), Precondition())
    opened(store, sales).dataset_writes.upload(address, noise(10), Precondition())
    by_members = {item["sk"]: item.get(BY_MEMBER, False) for item in items(stream, user)}
    assert not by_members[keys.dataset_version(sales, 1)["sk"]]
    assert by_members[keys.dataset(sales)["sk"]]


@pytest.fixture
def full(store: Store, sales: ProjectAddress, follow: Callable[[], None]) -> ProjectAddress:
    """The project, in which its guest has stored as much as members may."""
    follow()
    opened(store, sales).config_saves.save(as_guest(sales).config(), config(c=1), at(0), Origin())
    for _ in range(2):
        opened(store, sales).dataset_writes.upload(as_guest(sales), noise(LIMIT * 3 // 5), Precondition())
    follow()
    return sales


def writes(store: Store, address: ProjectAddress) -> dict[str, Callable[[], object]]:
    """Everything that stores something, as the user of the address."""
    number = secrets.token_hex(4)
    version = store.configs.newest(address.config()).version
    return {
        "save": lambda: store.config_saves.save(address.config(), config(c=number), at(version), Origin()),
        "draft": lambda: store.config_saves.save(address.config(number), config(c=1), at(0), Origin()),
        "upload": lambda: store.dataset_writes.upload(address, upload(number), Precondition()),
        "analyse": lambda: store.dataset_writes.analyse(
            address, read_analysis({"analysis": {"of": number}}, SETTINGS), Precondition()
        ),
        "announce": lambda: store.uploads.announce(address, "f.csv", "text/csv", 10),
        "rename": lambda: store.projects.change(address, lambda project: replace(project, name=number), Precondition()),
    }


def test_members_beyond_their_limit_store_nothing_more(
    store: Store, user: str, full: ProjectAddress, stream: Stream
) -> None:
    """Every write of a member is refused with what members store and their limit, and the owner's are accepted."""
    used = counted(stream, user)[1]["sales"]
    for name, write in writes(opened(store, full), as_guest(full)).items():
        with pytest.raises(QuotaExceeded) as refusal:
            write()
        assert (refusal.value.used, refusal.value.limit) == (used, LIMIT), name
    for write in writes(store, full).values():
        write()


def test_members_beyond_their_limit_still_read(store: Store, full: ProjectAddress) -> None:
    """Reading works, and so does a save of what is there already."""
    theirs, address = opened(store, full), as_guest(full)
    assert theirs.configs.newest(address.config()).version == 1
    assert theirs.config_saves.save(address.config(), config(c=1), at(0), Origin()).changed is False
    assert theirs.datasets.current(address).version == 2


def test_another_project_is_not_affected(
    store: Store, user: str, full: ProjectAddress, follow: Callable[[], None]
) -> None:
    """The limit is that of each project: in another one of the same owner, members store on."""
    other = shared(store, user, "other")
    follow()
    with pytest.raises(QuotaExceeded):
        opened(store, full).uploads.announce(as_guest(full), "f.csv", "text/csv", 10)
    for name, write in writes(opened(store, other), as_guest(other)).items():
        assert write(), name


def test_the_verdict_is_lifted_once_there_is_room(
    store: Store, full: ProjectAddress, stream: Stream, follow: Callable[[], None]
) -> None:
    """When the tables of members have gone, members may store again."""
    for _ in range(5):
        store.dataset_writes.upload(full, noise(10), Precondition())
    for version in (1, 2):
        stream.expire(keys.dataset_version(full, version))
    follow()
    for name, write in writes(opened(store, full), as_guest(full)).items():
        assert write(), name


def test_a_deleted_project_keeps_its_verdict(store: Store, full: ProjectAddress, follow: Callable[[], None]) -> None:
    """A restore lets nobody store more than before."""
    store.project_deletion.delete(full, Precondition())
    follow()
    store.project_deletion.restore(full)
    follow()
    with pytest.raises(QuotaExceeded):
        opened(store, full).uploads.announce(as_guest(full), "f.csv", "text/csv", 10)


def test_members_bytes_count_towards_the_owners_limit(
    store: Store, user: str, sales: ProjectAddress, stream: Stream, settings: Settings
) -> None:
    """When the owner may store no more, neither may members, and they learn nothing of what the owner stores."""
    small = Store(replace(settings, max_stored_bytes=LIMIT // 2), store.items, store.bucket, store.now)
    stream.deliver(small)
    opened(small, sales).dataset_writes.upload(as_guest(sales), noise(LIMIT // 2), Precondition())
    stream.deliver(small)
    stored = counted(stream, user)[0]
    assert stored > LIMIT // 2
    with pytest.raises(QuotaExceeded) as owners:
        small.uploads.announce(sales, "f.csv", "text/csv", 10)
    assert owners.value.used == stored
    with pytest.raises(QuotaExceeded) as members:
        opened(small, sales).uploads.announce(as_guest(sales), "f.csv", "text/csv", 10)
    assert str(stored) not in f"{members.value} {members.value.used} {members.value.limit}"


def test_a_copy_counts_as_ones_own(
    store: Store, user: str, sales: ProjectAddress, stream: Stream, follow: Callable[[], None]
) -> None:
    """What a guest copies counts towards themselves, as nobody's in the source."""
    store.dataset_writes.upload(sales, noise(1_000), Precondition())
    follow()
    before = counted(stream, user)
    theirs = opened(store, sales)
    wanted = ProjectCopy(sales.text, "mine", None, None, None)
    store.project_copies.create(guest_of(user).user, wanted, as_guest(sales), theirs.items)
    follow()
    assert counted(stream, user) == before == present(stream, user)
    own = guest_of(user).user
    store.usage.of(own)
    assert counted(stream, own) == present(stream, own)
    assert counted(stream, own)[1] == {}


def test_who_is_over_the_limit_pins_nothing(
    store: Store, user: str, sales: ProjectAddress, stream: Stream, settings: Settings
) -> None:
    """A pin is a copy that counts as stored: an owner who may store no more makes links without one alone."""
    small = Store(replace(settings, max_stored_bytes=LIMIT // 2), store.items, store.bucket, store.now)
    store.config_saves.save(sales.config(), config(c=1), at(0), Origin())
    store.dataset_writes.upload(sales, noise(LIMIT // 2), Precondition())
    stream.deliver(small)
    assert small.links.create(sales, None, None, Guest(user))
    with pytest.raises(QuotaExceeded):
        small.links.create(sales, 1, None, Guest(user))
