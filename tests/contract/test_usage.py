"""What a user stores is counted from the table's stream, and who stores too much may store no more, only delete."""

import copy
import io
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from conftest import TABLE, Clock
from purge_objects import process
from support.handlers.http_api import CONTEXT
from support.storage.clients import Answer, Call, Request
from support.storage.contents import SETTINGS, at, config, upload
from support.storage.engines import Engine
from support.storage.stream import Stream

from dashboard_store.documents.config import Origin
from dashboard_store.documents.dataset.upload import SentFile, read_analysis, read_completion, read_uploaded
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.dynamodb.protocol import unmarshal
from dashboard_store.errors import QuotaExceeded
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.expressions import put
from dashboard_store.repository.items import Items
from dashboard_store.repository.stored_bytes import stored_bytes
from dashboard_store.repository.uploads import Ending
from dashboard_store.repository.usage import FULL, MOST_RECOUNTS
from dashboard_store.settings import Settings
from dashboard_store.store import Store

LIMIT = 1_000_000

# Not on moto, which copies every item for each of the many transactions.
pytestmark = pytest.mark.usefixtures("atomic_engine")


@pytest.fixture
def settings() -> Settings:
    """Limits that a test can reach, and a table of more than ten bytes in the bucket."""
    return replace(
        SETTINGS,
        max_stored_bytes=LIMIT,
        max_projects=3,
        max_drafts=2,
        max_inline_table_bytes=10,
        writes_per_minute=10_000,
    )


@pytest.fixture
def stream(engine: Engine, clock: Clock) -> Iterator[Stream]:
    with Stream(engine, clock).following() as followed:
        yield followed


def create(store: Store, user: str, project_id: str) -> ProjectAddress:
    store.projects.create(user, read_new_project({"id": project_id, "name": project_id}, SETTINGS))
    return ProjectAddress(user, project_id)


def present(stream: Stream, user: str) -> tuple[int, int]:
    """Count a user's projects and bytes from the items themselves."""
    found = [unmarshal(item) for item in stream.items(keys.partition(user))]
    stored = [item for item in found if keys.is_stored(item)]
    projects = sum(item["sk"].startswith(("PROJECT#", "DELETED#PROJECT#")) for item in stored)
    return projects, sum(map(stored_bytes, stored))


def live_a_little(store: Store, user: str) -> Iterator[str]:
    """Do everything that changes what a user stores, step by step."""
    sales = create(store, user, "sales")
    store.config_saves.save(sales.config(), config(c=1), at(0), Origin())
    store.config_saves.save(sales.config(), config(c=2, d="text"), at(1), Origin("autosave"))
    store.config_saves.save(sales.config("tab"), config(c=3), at(0), Origin())
    yield "saved"
    for name in ("first", "second"):
        store.dataset_writes.upload(sales, upload(name, rawData=[{"a": "text"}] * 100), Precondition())
    store.dataset_writes.analyse(sales, read_analysis({"analysis": {"of": "second"}}, SETTINGS), Precondition())
    yield "uploaded"
    announced = store.uploads.announce(sales, "readings.csv", "text/csv", 100)
    store.uploads.announce(sales, "never-sent.csv", "text/csv", 3_000)
    yield "announced"
    pending, completion = store.uploads.pending(sales, announced.upload_id), read_completion({}, SETTINGS)
    sent = SentFile("readings.csv", "text/csv", io.BytesIO(b"reading\n4.5\n7\n"))
    read = read_uploaded(sent, completion, SETTINGS)
    store.dataset_writes.upload(sales, read, Precondition(), Ending.in_request(pending, completion))
    yield "completed"
    plans = create(store, user, "plans")
    store.config_saves.save(plans.config(), config(c=1), at(0), Origin())
    store.project_deletion.delete(plans, Precondition())
    store.project_deletion.restore(plans)
    yield "restored"
    store.config_saves.save(sales.config(), None, at(2), Origin())
    store.project_deletion.delete(sales, Precondition(), permanently=True)
    yield "deleted permanently"


@pytest.mark.parametrize("most", [1, 4, None])
def test_what_is_counted_is_what_is_stored(store: Store, user: str, stream: Stream, most: int | None) -> None:
    """After every step, the sums are those of the items, in whatever batches records come, and if each comes twice."""
    for _ in live_a_little(store, user):
        while stream.records:
            event = stream.take(most)
            for _ in range(2):
                process(copy.deepcopy(event), CONTEXT, store)
        assert store.usage.of(user) == present(stream, user)
    assert {each["sk"]["S"].partition("#")[0] for each in stream.items(keys.partition(user))} >= {
        "PROJECT",
        "USAGE",
    }


def test_records_that_come_again_in_another_batch_count_once(store: Store, user: str, stream: Stream) -> None:
    """After a failure, Lambda may send fewer records than before, or the same with later ones behind them."""
    create(store, user, "sales-before")
    stream.deliver(store)
    for _ in live_a_little(store, user):
        records = stream.take()["Records"]
        for batch in (records[:2], records[:1], records, records[:3]):
            process({"Records": copy.deepcopy(batch)}, CONTEXT, store)
        stream.deliver(store)
        assert store.usage.of(user) == present(stream, user)


def test_records_from_before_a_recount_are_not_counted_again(store: Store, user: str, stream: Stream) -> None:
    """A recount sees everything that is stored, so records of earlier writes that come after it change nothing."""
    sales = create(store, user, "sales")
    store.config_saves.save(sales.config(), config(c=1), at(0), Origin())
    stream.clock.advance(seconds=10)
    assert store.usage.of(user) == present(stream, user)
    stream.deliver(store)
    assert store.usage.of(user) == present(stream, user)


@pytest.mark.parametrize("interruptions", [1, 2, MOST_RECOUNTS, MOST_RECOUNTS + 2])
def test_a_write_during_a_recount_makes_another_one(
    store: Store, user: str, stream: Stream, interruptions: int
) -> None:
    """Nobody can say whether a recount saw a record that comes between its fences: it counts again, at most thrice."""
    sales = create(store, user, "sales")
    recounts = 0

    def busy(proceed: Call, operation: str, request: Request) -> Answer:
        nonlocal recounts
        answer = proceed(operation, request)
        if operation == "Query":
            recounts += 1
            if recounts <= interruptions:
                store.config_saves.save(sales.config(), config(c=recounts), at(recounts - 1), Origin())
        return answer

    with stream.client.tapped(busy):
        stream.deliver(store)
    assert recounts == min(interruptions + 1, MOST_RECOUNTS)
    if interruptions >= MOST_RECOUNTS:
        stream.clock.advance(hours=2)
        store.config_saves.save(sales.config(), config(c="later"), at(recounts), Origin())
        stream.deliver(store)
    assert store.usage.of(user) == present(stream, user)


def test_a_recount_whose_fences_never_came_is_repeated(store: Store, user: str, stream: Stream) -> None:
    """If the stream lost a fence, an hour later the next record recounts."""
    sales = create(store, user, "sales")
    store.usage.of(user)
    stream.records = [each for each in stream.records if each["dynamodb"]["Keys"]["sk"]["S"] != "FENCE"]
    store.config_saves.save(sales.config(), config(c=1), at(0), Origin())
    stream.deliver(store)
    stream.clock.advance(hours=2)
    store.config_saves.save(sales.config(), config(c=2), at(1), Origin())
    stream.deliver(store)
    assert store.usage.of(user) == present(stream, user)


@pytest.mark.parametrize(("later", "wrong"), [(timedelta(days=8), 5), (timedelta(hours=2), LIMIT * 4 // 5 - 1)])
def test_a_wrong_sum_is_corrected(store: Store, user: str, stream: Stream, later: timedelta, wrong: int) -> None:
    """A recount is due after a week, and when the sum reaches 80 % of the limit."""
    sales = create(store, user, "sales")
    stream.deliver(store)
    spoil(stream, user, wrong)
    stream.clock.advance(seconds=later.total_seconds())
    store.config_saves.save(sales.config(), config(c=1), at(0), Origin())
    stream.deliver(store)
    assert store.usage.of(user) == present(stream, user)


def test_a_sum_below_zero_is_corrected(store: Store, user: str, stream: Stream) -> None:
    """If more is removed than was counted, the items are recounted, because a sum cannot be negative."""
    sales = create(store, user, "sales")
    store.config_saves.save(sales.config("tab"), config(c=1), at(0), Origin())
    stream.deliver(store)
    spoil(stream, user, 1)
    stream.clock.advance(seconds=10)
    stream.expire(keys.config(sales.config("tab")))
    stream.deliver(store)
    assert store.usage.of(user) == present(stream, user)
    assert store.usage.of(user).stored_bytes > 0


def spoil(stream: Stream, user: str, stored: int) -> None:
    """Make a user's sum wrong."""
    change = {
        "TableName": TABLE,
        "Key": {"pk": {"S": keys.partition(user)}, "sk": {"S": "USAGE"}},
        "UpdateExpression": "SET storedBytes = :wrong",
        "ExpressionAttributeValues": {":wrong": {"N": str(stored)}},
    }
    stream.client.call("UpdateItem", change)


@pytest.fixture
def full(store: Store, user: str, stream: Stream) -> ProjectAddress:
    """The project `sales`, whose owner has stored more than they may, mostly in the project `large`."""
    sales, large = create(store, user, "sales"), create(store, user, "large")
    store.config_saves.save(sales.config(), config(c=1), at(0), Origin())
    store.dataset_writes.upload(sales, upload("table"), Precondition())
    stream.deliver(store)
    noise = [{"a": secrets.token_hex(LIMIT * 2 // 5)} for _ in range(3)]
    store.dataset_writes.upload(large, upload("large", rawData=noise), Precondition())
    stream.deliver(store)
    return sales


def writes(store: Store, sales: ProjectAddress) -> dict[str, Callable[[], object]]:
    """Everything that stores something."""
    name = store.projects.get(sales)["name"]
    return {
        "save": lambda: store.config_saves.save(sales.config(), config(c=2), at(1), Origin()),
        "change": lambda: store.config_saves.change(sales.config(), lambda _: config(c=3), Precondition(), Origin()),
        "first save of a draft": lambda: store.config_saves.save(sales.config("tab"), config(c=1), at(0), Origin()),
        "upload": lambda: store.dataset_writes.upload(sales, upload("again"), Precondition()),
        "analyse": lambda: store.dataset_writes.analyse(
            sales, read_analysis({"analysis": {"of": "sales"}}, SETTINGS), Precondition()
        ),
        "announce": lambda: store.uploads.announce(sales, "f.csv", "text/csv", 10),
        "create": lambda: create(store, sales.owner, "another"),
        "rename": lambda: store.projects.change(
            sales, lambda project: replace(project, name=f"{name}, renamed"), Precondition()
        ),
    }


def test_who_is_over_the_limit_stores_nothing_more(store: Store, user: str, full: ProjectAddress) -> None:
    """Every write that stores something is refused with the limit and what is used."""
    for name, write in writes(store, full).items():
        with pytest.raises(QuotaExceeded) as refusal:
            write()
        assert (refusal.value.limit, refusal.value.used) == (LIMIT, store.usage.of(user).stored_bytes), name


def test_who_is_over_the_limit_reads_and_repeats(store: Store, full: ProjectAddress) -> None:
    """Reading works, and a save of what is already there is answered as always."""
    assert store.configs.newest(full.config()).version == 1
    assert store.config_saves.save(full.config(), config(c=1), at(0), Origin()).changed is False
    assert store.dataset_writes.upload(full, upload("table"), Precondition()).changed is False


def test_who_is_over_the_limit_deletes_and_stores_again(
    store: Store, user: str, stream: Stream, full: ProjectAddress
) -> None:
    """Deleting a config always works, and so does a project; once it is purged, everything can be stored again."""
    store.config_saves.save(full.config(), None, at(1), Origin())
    large = ProjectAddress(user, "large")
    store.project_deletion.delete(large, Precondition())
    stream.deliver(store)
    with pytest.raises(QuotaExceeded):
        store.config_saves.save(full.config(), config(c=2), at(2), Origin())
    store.project_deletion.delete(large, Precondition(), permanently=True)
    stream.deliver(store)
    store.config_saves.save(full.config(), config(c=2), at(2), Origin())
    for name, write in writes(store, full).items():
        if name != "save":
            write()


def may_store(store: Store, project: ProjectAddress) -> bool:
    item = store.items.get(keys.project(project))
    assert item
    return FULL not in item


def test_the_verdict_changes_at_the_limit_and_at_95_percent(store: Store, user: str, stream: Stream) -> None:
    """It comes when the sum reaches the limit and goes when it is down to 95 % of it, so it does not flicker."""
    sales = create(store, user, "sales")
    stream.deliver(store)
    percent = LIMIT // 100
    sums = [(LIMIT - 1, True), (LIMIT, False), (95 * percent + 1, False), (95 * percent, True), (LIMIT - 1, True)]
    for number, (total, expected) in enumerate(sums):
        # An item of the same size replaces the previous one, so that the sum is what the test says.
        store.items.transact(put({**keys.analysis(sales), "version": number + 1}))
        if number == 0:
            stream.deliver(store)
            store.items.transact(put({**keys.analysis(sales), "version": 9}))
        spoil(stream, user, total)
        stream.deliver(store)
        assert may_store(store, sales) == expected, total


def test_marks_are_removed_after_an_interruption(store: Store, user: str, stream: Stream, full: ProjectAddress) -> None:
    """If the function ends between counting and marking, the records come again, and the marks follow then."""
    store.project_deletion.delete(ProjectAddress(user, "large"), Precondition(), permanently=True)
    assert process(stream.take(), CONTEXT, store) == {"batchItemFailures": []}
    freed = stream.take()

    def ends_before_marking(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "Query":
            raise KeyboardInterrupt
        return proceed(operation, request)

    with stream.client.tapped(ends_before_marking), pytest.raises(KeyboardInterrupt):
        process(copy.deepcopy(freed), CONTEXT, store)
    assert not may_store(store, full)
    process(freed, CONTEXT, store)
    assert may_store(store, full)


def test_a_project_that_moves_while_it_is_marked_is_marked(store: Store, user: str, stream: Stream) -> None:
    """A project that is deleted or restored during the marking has the mark at its new place."""
    sales = create(store, user, "sales")
    stream.deliver(store)
    store.items.transact(put({**keys.analysis(sales), "version": 1}))
    spoil(stream, user, LIMIT)
    moved = False

    def moves(proceed: Call, operation: str, request: Request) -> Answer:
        nonlocal moved
        if operation == "UpdateItem" and request["Key"]["sk"]["S"].startswith("PROJECT#") and not moved:
            moved = True
            store.project_deletion.delete(sales, Precondition())
        return proceed(operation, request)

    with stream.client.tapped(moves):
        process(stream.take(), CONTEXT, store)
    store.project_deletion.restore(sales)
    assert not may_store(store, sales)


def test_projects_are_limited_until_they_are_purged(store: Store, user: str, stream: Stream) -> None:
    """A deleted project counts until it is purged: by a request, or because it expired."""
    made = [create(store, user, name) for name in ("a", "b", "c")]
    for project in made[:2]:
        store.project_deletion.delete(project, Precondition())
    with pytest.raises(QuotaExceeded) as refusal:
        create(store, user, "d")
    assert (refusal.value.used, refusal.value.limit) == (3, 3)
    assert not store.projects.create(user, read_new_project({"id": "c", "name": "c"}, SETTINGS)).is_new
    store.project_deletion.delete(made[0], Precondition(), permanently=True)
    stream.deliver(store)
    stream.clock.advance(days=200)
    stream.expire(keys.deleted(keys.project(made[1])))
    stream.deliver(store)
    assert store.usage.of(user).projects == 1
    create(store, user, "d")
    create(store, user, "e")


def test_projects_never_exceed_their_limit(atomic_engine: Engine, store: Store, user: str) -> None:
    """However many create projects at once, there are never more than the limit allows."""
    assert atomic_engine

    def attempt(number: int) -> bool:
        try:
            create(
                Store(store.settings, Items(atomic_engine, atomic_engine.table_name), store.bucket), user, f"p{number}"
            )
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 3
    assert store.usage.of(user).projects == 3


def test_announced_bytes_never_exceed_the_limit(
    atomic_engine: Engine, store: Store, user: str, address: ProjectAddress
) -> None:
    """An announced upload reserves its bytes in its own write: together, announced files fit into the quota."""
    if atomic_engine.is_shared:
        pytest.skip("a function of the deployment counts the project's bytes meanwhile")
    before = store.usage.of(user).stored_bytes

    def attempt(number: int) -> int:
        own = Store(store.settings, Items(atomic_engine, atomic_engine.table_name), store.bucket)
        try:
            own.uploads.announce(address, f"{number}.csv", "text/csv", LIMIT // 5)
        except QuotaExceeded:
            return 0
        return LIMIT // 5

    with ThreadPoolExecutor(8) as pool:
        reserved = sum(pool.map(attempt, range(16)))
    assert reserved == 4 * LIMIT // 5
    assert store.usage.of(user).stored_bytes == before + reserved


def test_an_announced_file_that_never_comes_is_given_back(
    store: Store, user: str, stream: Stream, address: ProjectAddress
) -> None:
    """The bytes that an announcement reserved are free again when it expires."""
    announced = store.uploads.announce(address, "f.csv", "text/csv", LIMIT // 2)
    stream.deliver(store)
    assert store.usage.of(user).stored_bytes > LIMIT // 2
    stream.expire(keys.upload(address, announced.upload_id))
    stream.deliver(store)
    assert store.usage.of(user) == present(stream, user)


def test_a_project_has_no_more_drafts_than_allowed(
    store: Store, user: str, address: ProjectAddress, clock: Clock
) -> None:
    """A draft beyond the limit is refused, those that exist can be saved, and an expired one makes room."""
    for session in ("one", "two"):
        store.config_saves.save(address.config(session), config(c=1), at(0), Origin())
        clock.advance(days=10)
    with pytest.raises(QuotaExceeded) as refusal:
        store.config_saves.save(address.config("three"), config(c=1), at(0), Origin())
    assert (refusal.value.used, refusal.value.limit) == (2, 2)
    store.config_saves.save(address.config("two"), config(c=2), at(1), Origin())
    clock.advance(days=11)
    store.config_saves.save(address.config("three"), config(c=1), at(0), Origin())
    assert user


def test_a_save_costs_no_unit_more(engine: Engine, store: Store, address: ProjectAddress) -> None:
    """A save makes one request and writes the items that it wrote before there were quotas."""
    with engine.recorded() as calls:
        store.config_saves.save(address.config(), config(c=1), at(0), Origin())
    ((operation, request),) = calls
    written = [
        part["Item" if "Item" in part else "Key"]["sk"]["S"]
        for each in request["TransactItems"]
        for part in each.values()
    ]
    assert operation == "TransactWriteItems"
    assert [sk.partition("#")[0] for sk in written] == ["CONFIG", "CONFIGVERSION", "PROJECT", "RATE"]


def counters(stream: Stream, user: str) -> set[str]:
    return {item["sk"]["S"] for item in stream.items(keys.partition(user))}


def test_who_stores_nothing_has_no_counters(store: Store, user: str, stream: Stream) -> None:
    """A user who never stored anything is answered with zeros, and nothing is written for that."""
    with stream.client.recorded() as calls:
        assert store.usage.of(user) == (0, 0)
    assert {operation for operation, _ in calls} == {"GetItem", "Query"}
    assert counters(stream, user) == set()


def test_records_of_a_user_who_was_erased_make_no_counters(store: Store, user: str, stream: Stream) -> None:
    """When everything of a user is removed, the records of that bring neither their sums nor their fences back."""
    for _ in live_a_little(store, user):
        pass
    store.items.delete_many([{"pk": keys.partition(user), "sk": sk} for sk in counters(stream, user)])
    stream.deliver(store)
    assert counters(stream, user) == set()
    assert store.usage.of(user) == (0, 0)


def test_a_counted_user_costs_no_call_more(store: Store, user: str, stream: Stream) -> None:
    """Counting a user who was counted before reads their item and writes it, and asking reads it."""
    sales = create(store, user, "sales")
    stream.deliver(store)
    store.config_saves.save(sales.config(), config(c=1), at(0), Origin())
    event = stream.take()
    with stream.client.recorded() as calls:
        process(event, CONTEXT, store)
        store.usage.of(user)
    assert [operation for operation, _ in calls] == ["GetItem", "UpdateItem", "GetItem"]


# Who was never counted is first looked up.
RECOUNTS = {
    "counted before": (True, ("GetItem", "TransactWriteItems", "Query")),
    "never counted": (False, ("GetItem", "Query", "TransactWriteItems", "second Query")),
}


@pytest.mark.parametrize(
    ("is_counted", "when"),
    [
        pytest.param(is_counted, when, id=f"{name}, {when}")
        for name, (is_counted, calls) in RECOUNTS.items()
        for when in calls
    ],
)
def test_a_recount_brings_nothing_back(
    store: Store,
    user: str,
    stream: Stream,
    is_counted: bool,  # noqa: FBT001
    when: str,
) -> None:
    """If a user is erased during a recount, after any of its calls, it leaves no counter behind."""
    sales = create(store, user, "sales")
    if is_counted:
        stream.deliver(store)
        stream.clock.advance(days=8)
        store.config_saves.save(sales.config(), config(c=1), at(0), Origin())
    else:
        store.items.delete_many([keys.usage(user)])
    event = stream.take()
    erasures = queries = 0

    def erased(proceed: Call, operation: str, request: Request) -> Answer:
        nonlocal erasures, queries
        answer = proceed(operation, request)
        queries += operation == "Query"
        if not erasures and (operation == when or (when == "second Query" and queries == 2)):
            erasures += 1
            store.items.delete_many([{"pk": keys.partition(user), "sk": sk} for sk in counters(stream, user)])
        return answer

    with stream.client.tapped(erased):
        process(event, CONTEXT, store)
    stream.deliver(store)
    assert (erasures, counters(stream, user)) == (1, set())
