"""What a stack consists of, and where it keeps its data: the table and the bucket that a command's options name."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import boto3
from botocore.exceptions import ClientError

from admin import CannotRunError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_LOCAL_STATE: Final = Path(__file__).resolve().parent.parent / ".local"
LOCAL_STACK: Final = "dashkeep"
"""The name of the local run's stack, as in samconfig.toml."""

# No local server checks them.
_LOCAL_KEYS: Final = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@dataclass(frozen=True)
class Storage:
    """A stack's table and bucket, and the clients that reach them."""

    dynamodb: "DynamoDBClient"
    s3: "S3Client"
    table: str
    bucket: str


class Resource(NamedTuple):
    """A resource of a stack: its name in the template, its type, and the name or id that it has in AWS.

    `is_stuck`: CloudFormation could not delete it; `reason` says why.
    """

    logical_id: str
    kind: str
    name: str
    is_stuck: bool
    reason: str


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a stack; without any, it is the local run of this checkout."""
    parser.add_argument("--stack", metavar="NAME", help="a stack on AWS, with the environment's credentials and region")
    parser.add_argument("--table", metavar="NAME", help="a table on AWS, with --bucket: for a stack that was deleted")
    parser.add_argument("--bucket", metavar="NAME", help="the bucket that belongs to --table")
    parser.add_argument("--local", metavar="FOLDER", type=Path, default=_LOCAL_STATE, help="the local run's state")


def add_stack(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that changes a stack, which is always one on AWS."""
    parser.add_argument("--stack", metavar="NAME", required=True, help="a stack on AWS")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only report")


def opened(options: argparse.Namespace) -> Storage:
    """Open the table and the bucket that the options name. Raises CannotRunError."""
    if bool(options.table) != bool(options.bucket):
        raise CannotRunError("--table and --bucket belong together.")
    if options.table:
        return Storage(boto3.client("dynamodb"), boto3.client("s3"), options.table, options.bucket)
    if options.stack:
        return on_aws(options.stack)
    return local(options.local)


def on_aws(stack: str) -> Storage:
    """Open the table and the bucket of a stack on AWS. Raises CannotRunError."""
    return Storage(boto3.client("dynamodb"), boto3.client("s3"), *_outputs(stack))


def local(state: Path) -> Storage:
    """Open the table and the bucket of the local run with the given state. Raises CannotRunError."""
    emulator, database = local_endpoint(state), local_endpoint(state, "database")
    names = _outputs(LOCAL_STACK, **emulator)
    return Storage(boto3.client("dynamodb", **database), boto3.client("s3", **emulator), *names)


def local_endpoint(state: Path, server: str = "aws") -> dict[str, Any]:
    """Return the options with which boto3 reaches a server of the local run: all of AWS, or the database alone.

    Raises CannotRunError.
    """
    ready = state / "ready.json"
    if not ready.exists():
        raise CannotRunError(
            f"No local stack runs on the data in {state}. Start it with `make run`, or name a --stack."
        )
    return {**_LOCAL_KEYS, "endpoint_url": json.loads(ready.read_text())[server]}


def described(stack: str, **where: Any) -> "StackTypeDef":  # noqa: ANN401 - the client's own options
    """Describe a stack. Raises CannotRunError."""
    try:
        (found,) = boto3.client("cloudformation", **where).describe_stacks(StackName=stack)["Stacks"]
    except ClientError as exc:
        raise CannotRunError(f"The stack {stack} cannot be described: {exc}") from exc
    return found


def resources(stack: str) -> list[Resource]:
    """List the resources that a stack on AWS has now."""
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    listed = [each for page in pages for each in page["StackResourceSummaries"] if "PhysicalResourceId" in each]
    return [
        Resource(
            each["LogicalResourceId"],
            each["ResourceType"],
            each["PhysicalResourceId"],
            each["ResourceStatus"] == "DELETE_FAILED",
            each.get("ResourceStatusReason", "no reason given"),
        )
        for each in listed
        if each["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def outputs(stack: "StackTypeDef") -> dict[str, str]:
    """Return the outputs of a stack, none if it was never complete."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _outputs(stack: str, **where: Any) -> tuple[str, str]:  # noqa: ANN401 - the client's own options
    """Return the names of a stack's table and bucket."""
    found = outputs(described(stack, **where))
    try:
        return found["TableName"], found["BucketName"]
    except KeyError as exc:
        raise CannotRunError(f"The stack {stack} has no output {exc}.") from exc
