"""What every test may ask for: the table on moto, a clock, users of their own, and the handlers behind a client."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import hypothesis
import pytest
from moto import mock_aws
from support.handlers.http_api import Client, apps
from support.project.template import table_definition
from support.running.local_stack import LocalStack
from support.storage import engines
from support.storage.clients import Boto3DynamoDB, Tapped

from dashboard_store.app import Store
from dashboard_store.repository.bucket import CLIENT_CONFIG, Bucket
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TABLE = "dashkeep-tests"
BUCKET = "dashkeep-tests"

# How the properties are run. How long an example takes says nothing about a rule, and the machines that run the checks
# are shared. The same examples every time: a check that fails now and then says nothing about the change that it met.
hypothesis.settings.register_profile("quick", deadline=None, derandomize=True, stateful_step_count=10)
# Other examples every time, and many more: pytest --hypothesis-profile=thorough
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000, stateful_step_count=30)
# The first failure says all there is to say about a mutant: nothing is made smaller, explained or kept.
hypothesis.settings.register_profile(
    "mutation",
    hypothesis.settings.get_profile("quick"),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    report_multiple_bugs=False,
    database=None,
)
hypothesis.settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        action="append",
        choices=[*engines.LOCAL, "aws", "all"],
        help="an engine to run tests/contract on, may be given several times; all: every one of this machine",
    )
    parser.addoption("--table", help="the table of --engine aws, in the account whose credentials the environment has")


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
    return Settings(table_name=TABLE, bucket_name=BUCKET)


def session() -> boto3.Session:
    return boto3.Session(region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(scope="session")
def moto() -> Iterator[Tapped]:
    """DynamoDB by moto; one client for the whole run, because a boto3 session takes longer than most tests."""
    with mock_aws():
        yield Tapped(Boto3DynamoDB(session().client("dynamodb")))


@pytest.fixture
def moto_client(moto: Tapped) -> Iterator[Tapped]:
    """DynamoDB by moto with the template's table, new for each test: moto copies all of it for each transaction."""
    moto.call("CreateTable", {"TableName": TABLE, **table_definition()})
    yield moto
    moto.call("DeleteTable", {"TableName": TABLE})


@pytest.fixture(scope="session")
def bucket_client(moto: Tapped) -> "S3Client":  # noqa: ARG001 - it stands for moto
    """S3 by moto with the tests' bucket; every user's objects lie apart, so one bucket serves all tests."""
    client = session().client("s3", config=CLIENT_CONFIG)
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return client


@pytest.fixture(scope="session")
def bucket(bucket_client: "S3Client") -> Bucket:
    return Bucket(bucket_client, BUCKET)


@pytest.fixture
def user() -> str:
    return f"user-{uuid.uuid4()}"


@pytest.fixture
def connect(moto_client: Tapped, bucket: Bucket, clock: Clock) -> Callable[[Settings], None]:
    """Connect every function to the table and the bucket on moto under the given settings."""

    def connect_all(settings: Settings) -> None:
        for app in apps():
            app.connect(Store(settings, Items(moto_client, settings.table_name), bucket, clock))

    return connect_all


@pytest.fixture
def client(user: str, connect: Callable[[Settings], None], settings: Settings) -> Client:
    """A user of the handlers under the default settings."""
    connect(settings)
    return Client(user)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The stack that most tests share. Use a user of your own: its data lasts as long as the run."""
    shared = LocalStack(tmp_path_factory.mktemp("stack") / "state").start()
    yield shared
    assert shared.stop() == 0
