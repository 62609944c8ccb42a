"""What every test may ask for: the table on moto, a clock, users of their own, and the handlers behind a client."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from support.http_api import Client, apis
from support.template import table_definition

from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "dashkeep-tests"


class Clock:
    """A clock that stands still until it is moved, on the real time: the engines refuse expiries in the past."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> Settings:
    return Settings(table_name=TABLE)


@pytest.fixture(scope="session")
def moto_client() -> Iterator["DynamoDBClient"]:
    """DynamoDB by moto, with the template's table. One for the whole run: each test has users of its own."""
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_table(TableName=TABLE, **table_definition())
        yield client


@pytest.fixture
def user() -> str:
    return f"user-{uuid.uuid4()}"


@pytest.fixture
def connect(moto_client: "DynamoDBClient", clock: Clock) -> Callable[[Settings], None]:
    """Connect every handler to the table on moto under the given settings."""

    def connect_all(settings: Settings) -> None:
        for api in apis():
            api.connect(settings, moto_client, clock)

    return connect_all


@pytest.fixture
def client(user: str, connect: Callable[[Settings], None], settings: Settings) -> Client:
    """A user of the handlers under the default settings."""
    connect(settings)
    return Client(user)
