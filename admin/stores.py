"""A stack's store, with the stack's own settings and the operator's credentials."""

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import boto3

from admin import CannotRunError, stacks
from dashboard_store.dynamodb.client import DynamoDBClient
from dashboard_store.dynamodb.connection_pool import ConnectionPool
from dashboard_store.dynamodb.sigv4 import Credentials
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient as Boto3DynamoDB

# Every function of a stack has the same settings.
_FUNCTION: Final = "PutConfigFunction"


def opened(options: argparse.Namespace) -> tuple[Store, stacks.Storage]:
    """Open the store of the stack that the options name, or its settings' on another table. Raises CannotRunError."""
    if options.table and not options.stack:
        raise CannotRunError("This command needs the settings of a stack: name it with --stack.")
    storage = stacks.opened(options)
    where: dict[str, Any] = {} if options.stack else stacks.local_endpoint(options.local)
    settings = replace(_settings(options.stack or stacks.LOCAL_STACK, where), table_name=storage.table)
    credentials = _of_boto3() if options.stack else lambda: Credentials("test", "test", None)
    items = Items(_client(storage.dynamodb, credentials), storage.table)
    return Store(settings, items, Bucket(storage.s3, storage.bucket)), storage


def _settings(stack: str, where: dict[str, Any]) -> Settings:
    """Read the settings of a stack from the environment of its function."""
    resource = boto3.client("cloudformation", **where).describe_stack_resource(
        StackName=stack, LogicalResourceId=_FUNCTION
    )
    name = resource["StackResourceDetail"].get("PhysicalResourceId", "")
    found = boto3.client("lambda", **where).get_function_configuration(FunctionName=name)
    return Settings.from_environment(found.get("Environment", {}).get("Variables", {}))


def _client(dynamodb: "Boto3DynamoDB", credentials: Callable[[], Credentials]) -> DynamoDBClient:
    """Return the repository's own client for the endpoint of boto3's."""
    pool = ConnectionPool(dynamodb.meta.endpoint_url, os.environ.get("AWS_CA_BUNDLE"))
    return DynamoDBClient(pool, dynamodb.meta.region_name, credentials)


def _of_boto3() -> Callable[[], Credentials]:
    """Return what reads the credentials that boto3 finds, which may be renewed while a command runs."""
    found = boto3.Session().get_credentials()
    if found is None:
        raise CannotRunError("There are no AWS credentials. Sign in first.")

    def current() -> Credentials:
        frozen = found.get_frozen_credentials()
        return Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token)

    return current
