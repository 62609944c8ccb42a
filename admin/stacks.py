"""Where a stack keeps its data: the table and the bucket that the options of a command name."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import ClientError

from admin import CannotRunError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_LOCAL_STATE: Final = Path(__file__).resolve().parent.parent / ".local"
# As in samconfig.toml.
_LOCAL_STACK: Final = "dashkeep"
# No local server checks them.
_LOCAL_KEYS: Final = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


@dataclass(frozen=True)
class Storage:
    """A stack's table and bucket, and the clients that reach them."""

    dynamodb: "DynamoDBClient"
    s3: "S3Client"
    table: str
    bucket: str


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a stack; without any, it is the local run of this checkout."""
    parser.add_argument("--stack", metavar="NAME", help="a stack on AWS, with the environment's credentials and region")
    parser.add_argument("--table", metavar="NAME", help="a table on AWS, with --bucket: for a stack that was deleted")
    parser.add_argument("--bucket", metavar="NAME", help="the bucket that belongs to --table")
    parser.add_argument("--local", metavar="FOLDER", type=Path, default=_LOCAL_STATE, help="the local run's state")


def opened(options: argparse.Namespace) -> Storage:
    """Open the table and the bucket that the options name. Raises CannotRunError."""
    if bool(options.table) != bool(options.bucket):
        raise CannotRunError("--table and --bucket belong together.")
    if options.table:
        return Storage(boto3.client("dynamodb"), boto3.client("s3"), options.table, options.bucket)
    if options.stack:
        return Storage(boto3.client("dynamodb"), boto3.client("s3"), *_outputs(options.stack))
    return local(options.local)


def local(state: Path) -> Storage:
    """Open the table and the bucket of the local run with the given state. Raises CannotRunError."""
    ready = state / "ready.json"
    if not ready.exists():
        raise CannotRunError(
            f"No local stack runs on the data in {state}. Start it with `make run`, or name a --stack."
        )
    endpoints = json.loads(ready.read_text())
    emulator: dict[str, Any] = {**_LOCAL_KEYS, "endpoint_url": endpoints["aws"]}
    database: dict[str, Any] = {**_LOCAL_KEYS, "endpoint_url": endpoints["database"]}
    names = _outputs(_LOCAL_STACK, **emulator)
    return Storage(boto3.client("dynamodb", **database), boto3.client("s3", **emulator), *names)


def _outputs(stack: str, **where: Any) -> tuple[str, str]:  # noqa: ANN401 - the client's own options
    """Return the names of a stack's table and bucket."""
    try:
        (found,) = boto3.client("cloudformation", **where).describe_stacks(StackName=stack)["Stacks"]
    except ClientError as exc:
        raise CannotRunError(f"The stack {stack} cannot be described: {exc}") from exc
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    try:
        return outputs["TableName"], outputs["BucketName"]
    except KeyError as exc:
        raise CannotRunError(f"The stack {stack} has no output {exc}.") from exc
