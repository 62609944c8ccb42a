"""The operator's sweep: what it finds, what it removes, and what it leaves alone."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import TABLE, Clock, session
from support.storage.clients import Tapped
from support.storage.contents import SETTINGS, upload

from admin import CannotRunError, __main__
from admin.stacks import Storage
from admin.sweep import MIN_AGE, find, remove
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.dynamodb.protocol import marshal
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.formats import FORMAT, READABLE
from dashboard_store.repository.items import Items
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def storage(moto_client: Tapped, bucket_client: "S3Client") -> Storage:  # noqa: ARG001 - requested for its table
    """The table and a bucket of the test's own."""
    name = f"sweep-{uuid.uuid4()}"
    bucket_client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return Storage(session().client("dynamodb"), session().client("s3"), TABLE, name)


@pytest.fixture
def store(moto_client: Tapped, storage: Storage, clock: Clock) -> Store:
    """The repositories on that storage; every table is in the bucket."""
    settings = replace(SETTINGS, max_inline_table_bytes=0)
    return Store(settings, Items(moto_client, TABLE), Bucket(storage.s3, storage.bucket), clock)


@pytest.fixture
def address(store: Store, user: str) -> ProjectAddress:
    """A project whose newest table and one earlier upload are in the bucket."""
    store.projects.create(user, read_new_project({"id": "p", "name": "P"}, SETTINGS))
    address = ProjectAddress(user, "p")
    for name in ("first", "second"):
        store.dataset_writes.upload(address, upload(name), Precondition())
    return address


@pytest.fixture
def later() -> datetime:
    """A time at which every object of the test is old enough to be removed."""
    return datetime.now(UTC) + MIN_AGE + timedelta(minutes=1)


def put(storage: Storage, key: str) -> None:
    storage.s3.put_object(Bucket=storage.bucket, Key=key, Body=b"rows")


def left(storage: Storage) -> set[str]:
    return {each["Key"] for each in storage.s3.list_objects_v2(Bucket=storage.bucket).get("Contents", [])}


def one_per_page(storage: Storage) -> None:
    """Let every page hold one item or object, as if there were thousands."""
    for client, event, name in (
        (storage.dynamodb, "before-parameter-build.dynamodb.Scan", "Limit"),
        (storage.s3, "before-parameter-build.s3.ListObjectsV2", "MaxKeys"),
    ):

        def limit(params: dict[str, Any], name: str = name, **_: Any) -> None:
            params[name] = 1

        client.meta.events.register(event, limit)


@pytest.mark.parametrize("is_deleted", [False, True], ids=["a project", "a deleted project"])
def test_what_a_project_stores_is_named(
    storage: Storage,
    store: Store,
    address: ProjectAddress,
    later: datetime,
    is_deleted: bool,  # noqa: FBT001
) -> None:
    """Newest tables, earlier uploads and those of deleted projects are named, whatever the number of pages."""
    if is_deleted:
        store.project_deletion.delete(address, Precondition())
    objects = storage.s3.list_objects_v2(Bucket=storage.bucket)["Contents"]
    one_per_page(storage)
    findings = find(storage, later)
    assert (findings.named, findings.named_bytes) == (2, sum(each["Size"] for each in objects))
    assert (findings.unnamed, findings.gone) == ([], [])
    assert remove(storage, findings, later) == []


@pytest.mark.usefixtures("address")
def test_an_unnamed_object_is_removed_when_it_is_old(storage: Storage, later: datetime) -> None:
    """An object that no item names is found at once and removed after two days; no other object is."""
    before = left(storage)
    put(storage, "tables/of/nobody")
    for other in ("uploads/of/nobody", "downloads/of/nobody"):
        put(storage, other)
    now = datetime.now(UTC)
    findings = find(storage, now)
    assert [(stored.key, stored.size) for stored in findings.unnamed] == [("tables/of/nobody", 4)]
    assert remove(storage, findings, now) == []
    assert "tables/of/nobody" in left(storage)
    assert [stored.key for stored in remove(storage, find(storage, later), later)] == ["tables/of/nobody"]
    assert left(storage) == before | {"uploads/of/nobody", "downloads/of/nobody"}
    assert find(storage, later).unnamed == []


def test_a_name_that_moves_during_the_scan_is_found(storage: Storage, address: ProjectAddress, later: datetime) -> None:
    """An object whose name the first scan misses, because it moves meanwhile, is not taken for unnamed."""
    scans = 0

    def miss(parsed: dict[str, Any], **_: Any) -> None:
        nonlocal scans
        scans += 1
        if scans == 1:
            parsed["Items"] = [item for item in parsed["Items"] if item["sk"]["S"] != keys.dataset(address)["sk"]]

    storage.dynamodb.meta.events.register("after-call.dynamodb.Scan", miss)
    findings = find(storage, later)
    assert scans == 2
    assert (findings.named, findings.unnamed) == (2, [])


def test_a_table_without_its_object_is_reported(
    storage: Storage, store: Store, address: ProjectAddress, clock: Clock
) -> None:
    """A table whose object is gone is reported; not one that is being stored, nor one that has expired."""
    table = store.items.get(keys.dataset(address)) or {}
    earlier = store.items.get(keys.dataset_version(address, 1)) or {}
    pending = {**keys.upload(address, "0" * 32), "object": "tables/not/written/yet"}
    storage.dynamodb.put_item(TableName=TABLE, Item={name: {"S": value} for name, value in pending.items()})
    for item in (table, earlier):
        storage.s3.delete_object(Bucket=storage.bucket, Key=item["object"])
    findings = find(storage, clock.moment)
    assert {(owner.sk, owner.key) for owner in findings.gone} == {
        (each["sk"], each["object"]) for each in (table, earlier)
    }
    assert (findings.named, findings.unnamed) == (0, [])
    store.project_deletion.delete(address, Precondition())
    assert len(find(storage, clock.moment).gone) == 2
    clock.advance(days=31)
    assert find(storage, clock.moment).gone == []


def test_a_table_whose_object_came_late_is_not_reported(
    storage: Storage, store: Store, address: ProjectAddress, clock: Clock
) -> None:
    """A table whose object was written after its place in the list was read is not taken for one without."""
    table = store.items.get(keys.dataset(address)) or {}

    def miss(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Contents"] = [each for each in parsed["Contents"] if each["Key"] != table["object"]]

    storage.s3.meta.events.register("after-call.s3.ListObjectsV2", miss)
    assert find(storage, clock.moment).gone == []


def test_another_stacks_table_removes_nothing(storage: Storage, later: datetime) -> None:
    """If the table names none of the bucket's objects, none is removed: the two do not belong together."""
    put(storage, "tables/of/another/stack")
    with pytest.raises(CannotRunError, match="belong together"):
        remove(storage, find(storage, later), later)
    assert left(storage) == {"tables/of/another/stack"}


@pytest.fixture
def command(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run `python -m admin sweep` on the storage, named by its table and bucket."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return lambda *more: __main__.main(["sweep", "--table", TABLE, "--bucket", storage.bucket, *more])


@pytest.mark.usefixtures("address")
def test_the_command_reports_and_removes(
    storage: Storage,
    command: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is 0 if nothing is left to look at; `--dry-run` removes nothing."""
    assert command() == 0
    assert "Nothing is unnamed." in capsys.readouterr().out
    put(storage, "tables/of/nobody")
    assert command() == 1
    assert "  kept  4 bytes" in capsys.readouterr().out
    monkeypatch.setattr("admin.sweep.MIN_AGE", -timedelta(days=1))
    assert command("--dry-run") == 1
    assert "tables/of/nobody" in left(storage)
    assert command() == 0
    assert "  removed  4 bytes" in capsys.readouterr().out
    assert "tables/of/nobody" not in left(storage)


def test_the_command_fails_if_a_table_is_gone(
    storage: Storage,
    store: Store,
    address: ProjectAddress,
    command: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A table without its object is something to look at: the report names it, and the exit code is 1."""
    table = store.items.get(keys.dataset(address)) or {}
    storage.s3.delete_object(Bucket=storage.bucket, Key=table["object"])
    assert command() == 1
    assert f"  DATA#p  {table['object']}" in capsys.readouterr().out


def test_a_stack_is_found_by_its_outputs(monkeypatch: pytest.MonkeyPatch, storage: Storage) -> None:
    """`--stack` reads the names of table and bucket from the stack's outputs; another name is an error that says so."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    outputs = {"TableName": {"Value": storage.table}, "BucketName": {"Value": storage.bucket}}
    template = f'{{"Resources": {{"Q": {{"Type": "AWS::SQS::Queue"}}}}, "Outputs": {outputs}}}'.replace("'", '"')
    session().client("cloudformation").create_stack(StackName="of-the-sweep", TemplateBody=template)
    assert __main__.main(["sweep", "--stack", "of-the-sweep"]) == 0
    with pytest.raises(CannotRunError, match="no-such-stack"):
        __main__.main(["sweep", "--stack", "no-such-stack"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--table", "t"], "belong together", id="a table without its bucket"),
        pytest.param(["--local", "/nowhere"], "make run", id="a local stack that does not run"),
    ],
)
def test_storage_must_be_named(arguments: list[str], message: str) -> None:
    """A command that cannot tell which stack is meant says what to do."""
    with pytest.raises(CannotRunError, match=message):
        __main__.main(["sweep", *arguments])


def test_items_of_a_newer_release_stop_the_sweep(storage: Storage, address: ProjectAddress, later: datetime) -> None:
    """A newer release may name objects in another way, so nothing is removed beside its items."""
    put(storage, "tables/unnamed")
    newer = {"pk": keys.partition(address.owner), "sk": "X", FORMAT: READABLE + 1, "elsewhere": "tables/unnamed"}
    storage.dynamodb.put_item(TableName=storage.table, Item=marshal(newer))
    with pytest.raises(CannotRunError, match="newer release"):
        find(storage, later)
    assert "tables/unnamed" in left(storage)
