"""The engines that the repository must behave alike on."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config as ClientConfig
from conftest import TABLE, Clock
from support.template import table_definition

from dashboard_store.repository.configs import Configs
from dashboard_store.repository.objects import Objects
from dashboard_store.repository.projects import Projects
from dashboard_store.repository.table import Table
from dashboard_store.repository.tables import Tables
from dashboard_store.settings import Settings
from local.database import binary

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(scope="session")
def dynoxide() -> Iterator["DynamoDBClient"]:
    """The local stack's engine, in memory, with writes that are atomic between threads and processes."""
    program = binary()
    if program is None:
        pytest.skip("the local stack's database engine has no program for this platform")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([program, "--host", "127.0.0.1", "--port", str(port)]) as process:  # noqa: S603 - ours
        try:
            yield connected(port)
        finally:
            process.terminate()


def connected(port: int) -> "DynamoDBClient":
    client = boto3.client(
        "dynamodb",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=ClientConfig(max_pool_connections=64, retries={"total_max_attempts": 1}),
    )
    deadline = time.monotonic() + 10
    while True:
        with closing(socket.socket()) as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return client
        assert time.monotonic() < deadline, "the engine did not start"
        time.sleep(0.02)


@pytest.fixture
def dynoxide_client(dynoxide: "DynamoDBClient") -> Iterator["DynamoDBClient"]:
    dynoxide.create_table(TableName=TABLE, **table_definition())
    yield dynoxide
    dynoxide.delete_table(TableName=TABLE)


@pytest.fixture(params=["moto", "dynoxide"])
def engine(request: pytest.FixtureRequest) -> "DynamoDBClient":
    """Each engine in turn, with the template's table."""
    client: DynamoDBClient = request.getfixturevalue(f"{request.param}_client")
    return client


@pytest.fixture
def table(engine: "DynamoDBClient") -> Table:
    return Table(engine, TABLE)


@pytest.fixture
def configs(table: Table, settings: Settings, clock: Clock) -> Configs:
    return Configs(table, settings, clock)


@pytest.fixture
def projects(table: Table, configs: Configs, clock: Clock) -> Projects:
    return Projects(table, configs, clock)


@pytest.fixture
def tables(table: Table, objects: Objects, configs: Configs, settings: Settings, clock: Clock) -> Tables:
    return Tables(table, objects, configs, settings, clock)
