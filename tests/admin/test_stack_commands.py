"""The commands that change a stack: what they find of it, and what they say when it is incomplete."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from conftest import session
from support.storage.clients import Tapped

from admin import CannotRunError, __main__, delete
from admin.stacks import Resource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TEMPLATE = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'


@pytest.fixture
def other_stack(moto: Tapped, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: ARG001 - requested so that moto is active
    """A stack that was not made from template.yaml."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    client = session().client("cloudformation")
    client.create_stack(StackName="another", TemplateBody=TEMPLATE)
    yield "another"
    client.delete_stack(StackName="another")


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_another_stack_is_not_paused(other_stack: str, command: str) -> None:
    """A stack without the API of the template is refused."""
    with pytest.raises(CannotRunError, match="The stack another has no API"):
        __main__.main([command, "--stack", other_stack])


def test_a_stack_without_flags_is_deleted(other_stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A stack that has neither flags nor a table, such as one that failed early, is deleted and leaves nothing."""
    assert __main__.main(["delete", "--stack", other_stack, "--dry-run"]) == 0
    assert session().client("cloudformation").describe_stacks(StackName=other_stack)["Stacks"]
    assert __main__.main(["delete", "--stack", other_stack]) == 0
    assert capsys.readouterr().out.endswith("The stack another is deleted. It left:\n  nothing.\n")
    with pytest.raises(CannotRunError, match="another cannot be described"):
        __main__.main(["delete", "--stack", other_stack])


OWN = [
    Resource("Table", "AWS::DynamoDB::Table", "own-table", is_stuck=False, reason=""),
    Resource("Bucket", "AWS::S3::Bucket", "own-bucket", is_stuck=False, reason=""),
]


def test_what_a_stack_leaves() -> None:
    """A stack leaves what its outputs name, which may be adopted; one that was never complete, what it has created."""
    outputs = {"TableName": "adopted-table", "BucketName": "own-bucket"}
    assert delete.left_by(outputs, OWN[1:]) == delete.Left("adopted-table", "own-bucket")
    assert delete.left_by({}, OWN) == delete.Left("own-table", "own-bucket")
    assert delete.left_by({}, OWN[:1]) == delete.Left("own-table", None)


def test_removed_objects_are_counted_apart(bucket_client: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    """The report counts a bucket's objects and its removed ones, and its command deletes the bucket with both."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    bucket_client.create_bucket(Bucket="left", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    bucket_client.put_bucket_versioning(Bucket="left", VersioningConfiguration={"Status": "Enabled"})
    for key in ("tables/a", "tables/b", "uploads/c"):
        bucket_client.put_object(Bucket="left", Key=key, Body=b"rows")
    bucket_client.delete_object(Bucket="left", Key="tables/a")
    lines = list(delete.report(delete.Left(None, "left")))
    assert lines[0] == "  the bucket left: 2 objects, 8 bytes, and 1 removed ones"
    assert lines[1].startswith("To delete them for good")
    code = lines[2].partition(' -c "')[2].removesuffix('"')
    exec(code, {})  # noqa: S102 - the report's own command
    assert "left" not in {each["Name"] for each in bucket_client.list_buckets()["Buckets"]}
