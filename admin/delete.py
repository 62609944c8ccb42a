"""Delete a stack, also after its flags were changed, and say what it leaves.

AppConfig refuses to delete a profile that has a version, or an environment in which a deployment runs. CloudFormation
removes the version that it made itself. Those of docs/operations.md, "Roll the database load out", have to be removed
before it.
"""

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import boto3
from botocore.exceptions import ClientError, WaiterError

from admin import CannotRunError, adopt, stacks
from admin.stacks import Resource, Storage

if TYPE_CHECKING:
    from mypy_boto3_appconfig import AppConfigClient
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

_PROFILE: Final = "AWS::AppConfig::ConfigurationProfile"
_ENVIRONMENT: Final = "AWS::AppConfig::Environment"
_APPLICATION: Final = "AWS::AppConfig::Application"
_VERSION: Final = "AWS::AppConfig::HostedConfigurationVersion"
_RUNNING: Final = {"DEPLOYING", "BAKING", "VALIDATING", "ROLLING_BACK"}
_POLL_SECONDS: Final = 2
_STOP_SECONDS: Final = 300
_DELETE_SECONDS: Final = 60 * 60


class Flags(NamedTuple):
    """What keeps AppConfig from deleting a stack's flags: versions that are not the stack's, and deployments that run.

    The ids of the application, the environment and the profile are empty if they are deleted already.
    """

    application: str
    environment: str
    profile: str
    versions: Sequence[int]
    running: Sequence[int]


@dataclass(frozen=True)
class Left:
    """What a deleted stack leaves: the names of its table and its bucket, if it had them."""

    table: str | None
    bucket: str | None


def add_options(parser: argparse.ArgumentParser) -> None:
    stacks.add_stack(parser)


def run(options: argparse.Namespace) -> int:
    """Delete a stack, and say what it leaves."""
    described, resources = stacks.described(options.stack), stacks.resources(options.stack)
    left, found = left_by(stacks.outputs(described), resources), flags(resources)
    print(f"Flags: versions to remove: {len(found.versions)}; deployments to stop: {len(found.running)}.")
    if not options.dry_run:
        print(f"Deleting the stack {options.stack} …", flush=True)
        clear(found)
        stack(options.stack, described["StackId"])
    print(f"The stack {options.stack} {'would leave' if options.dry_run else 'is deleted. It left'}:")
    print("\n".join(report(left)))
    return 0


def flags(resources: Sequence[Resource]) -> Flags:
    """Find what keeps AppConfig from deleting a stack's flags."""
    found = {each.kind: each.name for each in resources}
    application, environment, profile = (found.get(kind, "") for kind in (_APPLICATION, _ENVIRONMENT, _PROFILE))
    versions = [each for each in _versions(application, profile) if str(each) != found.get(_VERSION)]
    return Flags(application, environment, profile, versions, _running(application, environment))


def _versions(application: str, profile: str) -> list[int]:
    if not (application and profile):
        return []
    pages = _appconfig().get_paginator("list_hosted_configuration_versions")
    listed = pages.paginate(ApplicationId=application, ConfigurationProfileId=profile)
    return [each["VersionNumber"] for page in listed for each in page["Items"]]


def _running(application: str, environment: str) -> list[int]:
    if not (application and environment):
        return []
    pages = _appconfig().get_paginator("list_deployments")
    listed = pages.paginate(ApplicationId=application, EnvironmentId=environment)
    return [each["DeploymentNumber"] for page in listed for each in page["Items"] if each["State"] in _RUNNING]


def clear(found: Flags) -> None:
    """Stop the deployments that run, and remove the versions. Raises CannotRunError if one does not stop."""
    client, deadline = _appconfig(), time.monotonic() + _STOP_SECONDS
    for number in found.running:
        _stop(client, found, number)
    while running := _running(found.application, found.environment):
        if time.monotonic() > deadline:
            raise CannotRunError(f"Deployment {running[0]} of the flags does not stop. Repeat the command later.")
        time.sleep(_POLL_SECONDS)
    for version in found.versions:
        client.delete_hosted_configuration_version(
            ApplicationId=found.application, ConfigurationProfileId=found.profile, VersionNumber=version
        )


def _stop(client: "AppConfigClient", found: Flags, number: int) -> None:
    """Stop a deployment, unless it has ended or is already being rolled back."""
    try:
        # Without AllowRevert, it would be refused for one whose alarm is only being watched.
        client.stop_deployment(
            ApplicationId=found.application,
            EnvironmentId=found.environment,
            DeploymentNumber=number,
            AllowRevert=True,
        )
    except client.exceptions.BadRequestException:
        return


def stack(name: str, stack_id: str) -> None:
    """Delete a stack and wait until it is gone. Raises CannotRunError with the reasons if something stays."""
    client = boto3.client("cloudformation")
    try:
        client.delete_stack(StackName=stack_id)
        config = {"Delay": _POLL_SECONDS, "MaxAttempts": _DELETE_SECONDS // _POLL_SECONDS}
        client.get_waiter("stack_delete_complete").wait(StackName=stack_id, WaiterConfig=config)  # type: ignore[arg-type]
    except ClientError as exc:
        raise CannotRunError(f"The stack {name} cannot be deleted: {exc}") from exc
    except WaiterError as exc:
        reasons = [f"  {each.logical_id}: {each.reason}" for each in stacks.resources(name) if each.is_stuck]
        raise CannotRunError("\n".join([f"The stack {name} was not deleted:", *reasons])) from exc


def left_by(outputs: Mapping[str, str], resources: Sequence[Resource]) -> Left:
    """Return the table and the bucket that a stack leaves: its own, or those that it has adopted.

    A stack that was never complete has no outputs.
    """
    own = {each.logical_id: each.name for each in resources}
    return Left(outputs.get("TableName", own.get("Table")), outputs.get("BucketName", own.get("Bucket")))


def report(left: Left) -> Iterator[str]:
    """Say what is left, how to serve it again, and how to delete it for good."""
    if not (left.table or left.bucket):
        yield "  nothing."
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    if left.table:
        yield _table_line(dynamodb.describe_table(TableName=left.table)["Table"])
    if left.bucket:
        yield f"  the bucket {left.bucket}: {_counted(Storage(dynamodb, s3, left.table or '', left.bucket))}"
    if left.table and left.bucket:
        storage = Storage(dynamodb, s3, left.table, left.bucket)
        yield "To serve them again, add to the stage's parameter_overrides in samconfig.toml, and deploy:"
        yield from (f'  "{parameter}",' for parameter in adopt.parameters(storage, with_bucket=True))
    if left.table or left.bucket:
        yield "To delete them for good; DynamoDB keeps a backup of a deleted table for 35 days:"
        yield from _deletion(left)


def _table_line(table: "TableDescriptionTypeDef") -> str:
    protection = "protected" if table.get("DeletionProtectionEnabled") is True else "not protected"
    return (
        f"  the table {table['TableName']}, {protection} against deletion: "
        f"about {table.get('ItemCount', 0)} items, {table.get('TableSizeBytes', 0)} bytes"
    )


def _counted(storage: Storage) -> str:
    current = current_bytes = earlier = 0
    for page in storage.s3.get_paginator("list_object_versions").paginate(Bucket=storage.bucket):
        for version in page.get("Versions", []):
            if version["IsLatest"]:
                current, current_bytes = current + 1, current_bytes + version["Size"]
            else:
                earlier += 1
    return f"{current} objects, {current_bytes} bytes, and {earlier} removed ones"


def _deletion(left: Left) -> Iterator[str]:
    if left.table:
        yield f"  aws dynamodb update-table --table-name {left.table} --no-deletion-protection-enabled"
        yield f"  aws dynamodb delete-table --table-name {left.table}"
    if left.bucket:
        # `aws s3 rb --force` leaves the versions of a versioned bucket, and so the bucket.
        code = f"import boto3; b = boto3.resource('s3').Bucket('{left.bucket}'); b.object_versions.delete(); b.delete()"
        yield f'  .venv/bin/python -c "{code}"'


def _appconfig() -> "AppConfigClient":
    return boto3.client("appconfig")
