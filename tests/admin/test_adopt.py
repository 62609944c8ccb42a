"""What `adopt` gives a table before a stack serves it: the template's settings, and the objects that its items name."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import TABLE, Clock, session
from support.project.template import ROOT, table_definition, template
from support.storage.clients import Tapped
from support.storage.contents import SETTINGS, upload

from admin import CannotRunError, __main__, adopt, restore
from admin.stacks import Storage
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DECLARED = template()["Resources"]["Table"]["Properties"]


@pytest.fixture
def storage(moto_client: Tapped, bucket_client: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Storage:  # noqa: ARG001 - requested for moto
    """A table without settings, as DynamoDB restores it, and a versioned bucket."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    name = f"adopt-{uuid.uuid4()}"
    made = Storage(session().client("dynamodb"), session().client("s3"), name, name)
    made.dynamodb.create_table(TableName=name, **table_definition())
    made.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    made.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return made


@pytest.fixture
def store(moto_client: Tapped, storage: Storage, clock: Clock) -> Store:
    """The repositories on that storage; every table is in the bucket."""
    settings = replace(SETTINGS, max_inline_table_bytes=0)
    return Store(settings, Items(moto_client, storage.table), Bucket(storage.s3, storage.bucket), clock)


@pytest.fixture
def named(storage: Storage, store: Store, user: str) -> list[str]:
    """The objects of a project's newest table and of the upload before, both of which were removed, one twice."""
    store.projects.create(user, read_new_project({"id": "p", "name": "P"}, SETTINGS))
    address = ProjectAddress(user, "p")
    for name in ("first", "second"):
        store.dataset_writes.upload(address, upload(name), Precondition())
    found = [store.items.get(key) or {} for key in (keys.dataset(address), keys.dataset_version(address, 1))]
    removed = [item["object"] for item in found]
    for key in (*removed, removed[0]):
        storage.s3.delete_object(Bucket=storage.bucket, Key=key)
    return removed


@pytest.fixture
def command(storage: Storage) -> Callable[..., int]:
    """Run `python -m admin adopt` on the storage."""
    return lambda *more: __main__.main(["adopt", "--table", storage.table, "--bucket", storage.bucket, *more])


def settings_of(storage: Storage) -> dict[str, Any]:
    """Return the settings of a table, in the form of the template."""
    client, table = storage.dynamodb, storage.dynamodb.describe_table(TableName=storage.table)["Table"]
    expiry = client.describe_time_to_live(TableName=storage.table)["TimeToLiveDescription"]
    backups = client.describe_continuous_backups(TableName=storage.table)["ContinuousBackupsDescription"]
    status = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    return {
        "StreamSpecification": {"StreamViewType": table.get("StreamSpecification", {}).get("StreamViewType")},
        "TimeToLiveSpecification": {
            "AttributeName": expiry.get("AttributeName"),
            "Enabled": expiry["TimeToLiveStatus"] == "ENABLED",
        },
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": status == "ENABLED"},
        "DeletionProtectionEnabled": table["DeletionProtectionEnabled"],
    }


def left(storage: Storage) -> set[str]:
    return {each["Key"] for each in storage.s3.list_objects_v2(Bucket=storage.bucket).get("Contents", [])}


def test_a_table_gets_the_templates_settings(
    storage: Storage, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The table gets every setting of the template that DynamoDB does not restore, and is always protected."""
    assert command() == 0
    first = capsys.readouterr().out
    settings = settings_of(storage)
    assert settings == {name: DECLARED[name] for name in settings} | {"DeletionProtectionEnabled": True}
    not_restored = {"BillingMode", "AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes"}
    assert DECLARED.keys() - settings.keys() == not_restored
    stream = storage.dynamodb.describe_table(TableName=storage.table)["Table"]["LatestStreamArn"]
    assert f'  "ExistingTable={storage.table}",\n  "ExistingTableStream={stream}",\n' in first
    assert f'  "ExistingBucket={storage.bucket}",\n' in first
    assert command() == 0
    assert "setting it" not in capsys.readouterr().out


def test_the_stream_comes_before_the_expiry(storage: Storage) -> None:
    """The stream is set first: what expires before there is one would leave its object."""
    names = [setting.name for setting in adopt.missing(storage)]
    assert names == ["stream of both images", "expiry", "point-in-time recovery", "deletion protection"]


def test_a_dry_run_changes_nothing(
    storage: Storage, named: list[str], command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """`--dry-run` reports what is missing, and neither sets nor brings back anything."""
    before = settings_of(storage)
    assert command("--dry-run") == 1
    shown = capsys.readouterr().out
    assert "The table has no expiry.\n" in shown
    assert "2 objects that the table names were removed and can be brought back.\n" in shown
    assert settings_of(storage) == before
    assert left(storage).isdisjoint(named)


def test_removed_objects_come_back(storage: Storage, named: list[str], command: Callable[..., int]) -> None:
    """The objects that items name come back, however often they were removed and on however many pages; no other."""
    storage.s3.put_object(Bucket=storage.bucket, Key="tables/of/nobody", Body=b"rows")
    storage.s3.delete_object(Bucket=storage.bucket, Key="tables/of/nobody")

    def one_per_page(params: dict[str, Any], **_: Any) -> None:
        params["MaxKeys"] = 1

    storage.s3.meta.events.register("before-parameter-build.s3.ListObjectVersions", one_per_page)
    assert adopt.prepare(storage, dry_run=False, with_bucket=True) == 0
    assert left(storage) == set(named)
    assert command() == 0


def test_an_object_that_is_gone_for_good_is_reported(
    storage: Storage, named: list[str], command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """If a version was removed, too, the exit code is 1 and the report names the table; the others come back."""
    for version in storage.s3.list_object_versions(Bucket=storage.bucket, Prefix=named[0])["Versions"]:
        storage.s3.delete_object(Bucket=storage.bucket, Key=named[0], VersionId=version["VersionId"])
    assert command() == 1
    assert f"  DATA#p  {named[0]}" in capsys.readouterr().out
    assert left(storage) == {named[1]}


def test_a_table_must_exist(storage: Storage) -> None:
    """A command on a table that does not exist fails and names it."""
    with pytest.raises(CannotRunError, match="The table no-such-table cannot be described"):
        __main__.main(["adopt", "--table", "no-such-table", "--bucket", storage.bucket])


def test_a_restore_is_repeated_without_a_second_table(storage: Storage) -> None:
    """Restoring to the same moment again goes on with the table that is there; another failure says why."""
    moment = restore.moment("2026-11-29T13:00:00+01:00")
    target = restore.name("dashkeep-prod", moment)
    assert target == "dashkeep-prod-20261129T120000Z"
    storage.dynamodb.update_continuous_backups(
        TableName=storage.table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    assert restore.start(storage, storage.table, target, moment)
    assert not restore.start(storage, storage.table, target, moment)
    restore.wait(storage, target)
    with pytest.raises(CannotRunError, match="The table no-such-table cannot be restored to 2026-11-29 12:00:00"):
        restore.start(storage, "no-such-table", "another", moment)


def test_one_user_gets_back_what_they_had(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script of docs/operations.md replaces one user's items by those of another table, and leaves all other items.

    Not the count of what they store, to which the stream adds what the copies change.
    """
    pages = (ROOT / "docs" / "operations.md").read_text()
    script = pages.partition("$ .venv/bin/python - $RESTORED $TABLE \"USER#$USER\" <<'END'\n")[2].partition("END\n")[0]
    assert script

    def item(user: str, sk: str, title: str) -> dict[str, Any]:
        return {"pk": {"S": f"USER#{user}"}, "sk": {"S": sk}, "title": {"S": title}}

    restored = [item("ann", "CONFIG#p", "before"), item("ann", "USAGE", "before"), item("ben", "CONFIG#p", "before")]
    now = [item("ann", "CONFIG#p", "now"), item("ann", "CONFIG#q", "now"), item("ann", "USAGE", "now")]
    others = [item("ben", "CONFIG#p", "now")]
    for table, items in ((storage.table, restored), (TABLE, now + others)):
        for each in items:
            storage.dynamodb.put_item(TableName=table, Item=each)
    monkeypatch.setattr("sys.argv", ["-", storage.table, TABLE, "USER#ann"])
    exec(script, {})  # noqa: S102 - the documented script
    copied = [item("ann", "CONFIG#p", "before"), item("ann", "USAGE", "now")]
    found = storage.dynamodb.scan(TableName=TABLE)["Items"]
    assert sorted(found, key=str) == sorted(copied + others, key=str)


@pytest.mark.parametrize("text", ["2026-11-29T12:00:00", "noon"])
def test_a_moment_names_its_time_zone(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A time without its zone is refused, because an operator's clock and AWS's may differ."""
    with pytest.raises(SystemExit):
        __main__.main(["restore", "--stack", "dashkeep-prod", "--moment", text])
    assert "--moment" in capsys.readouterr().err
