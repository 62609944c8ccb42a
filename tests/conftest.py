"""The fixtures that all tests share: the table, a clock, users, and the handlers behind a client."""

import gc
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import boto3
import hypothesis
import pytest
from moto import mock_aws
from support.handlers.http_api import Client, apps, handler_module
from support.project.template import table_definition
from support.running.local_stack import LocalStack
from support.storage import engines
from support.storage.clients import Boto3DynamoDB, Tapped

from dashboard_store.repository.bucket import Bucket, client_config
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store
from local.database import binary

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TABLE = "dashkeep-tests"
BUCKET = "dashkeep-tests"

# No deadline, because the machines that run the checks are shared. The same examples every time, because a check that
# fails occasionally says nothing about the change that it ran for.
hypothesis.settings.register_profile("quick", deadline=None, derandomize=True, stateful_step_count=10)
# Random examples, and many more: pytest --hypothesis-profile=thorough
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000, stateful_step_count=30)
# The first failure is all that matters about a mutant: nothing is shrunk, explained or stored.
hypothesis.settings.register_profile(
    "mutation",
    hypothesis.settings.get_profile("quick"),
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    report_multiple_bugs=False,
    database=None,
)
hypothesis.settings.load_profile("quick")


def pytest_collection_finish() -> None:
    """Let the garbage collector look less often, and not at the tests themselves: that took a sixth of their time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        action="append",
        choices=[*engines.LOCAL, "aws", "all"],
        help="an engine to run tests/contract on; may be repeated; all: every engine of this machine",
    )
    parser.addoption("--table", help="the table for --engine aws, in the account of the environment's credentials")


class Clock:
    """A clock that starts at the real time, because engines refuse past expiries, and moves only when advanced."""

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


@cache
def session() -> boto3.Session:
    """One session for the whole run: each one reads and parses the services' descriptions for itself."""
    return boto3.Session(region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture(scope="session")
def moto() -> Iterator[Tapped]:
    """DynamoDB on moto: one client for the whole run, because creating a boto3 session takes longer than most tests."""
    with mock_aws():
        yield Tapped(Boto3DynamoDB(session().client("dynamodb")))


@pytest.fixture
def moto_client(moto: Tapped) -> Iterator[Tapped]:
    """DynamoDB on moto with the template's table, new for each test: moto copies all of it for each transaction."""
    moto.call("CreateTable", {"TableName": TABLE, **table_definition()})
    yield moto
    moto.call("DeleteTable", {"TableName": TABLE})


@pytest.fixture(scope="session")
def dynoxide() -> Iterator[Mapping[str, str]]:
    """The local stack's database engine, in memory: the environment that reaches it."""
    if binary() is None:
        pytest.skip("the local stack's database engine has no program for this platform")
    with engines.dynoxide() as environment:
        yield environment


@pytest.fixture(scope="session")
def database_client(request: pytest.FixtureRequest) -> Iterator[Tapped]:
    """The database of the handlers: the local stack's engine, because a call of moto takes fifty times as much CPU.

    moto takes its place where npm has no engine, and in mutation tests, whose processes are forks without an engine.
    """
    if binary() is None or request.config.getoption("--engine") == ["moto"]:
        yield request.getfixturevalue("moto")
        return
    with closing(engines.through_transport(request.getfixturevalue("dynoxide"))) as client:
        yield Tapped(client)


@pytest.fixture
def database(database_client: Tapped) -> Iterator[Tapped]:
    """The database of the handlers with the template's table, new for each test."""
    database_client.call("CreateTable", {"TableName": TABLE, **table_definition()})
    yield database_client
    database_client.call("DeleteTable", {"TableName": TABLE})


@pytest.fixture(scope="session")
def bucket_client(moto: Tapped) -> "S3Client":  # noqa: ARG001 - requested so that moto is active
    """S3 on moto with the tests' bucket; users' objects are separate, so all tests share one bucket."""
    client = session().client("s3", config=client_config())
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return client


@pytest.fixture(scope="session")
def bucket(bucket_client: "S3Client") -> Bucket:
    return Bucket(bucket_client, BUCKET)


@pytest.fixture
def user() -> str:
    return f"user-{uuid.uuid4()}"


@pytest.fixture
def connect(database: Tapped, bucket: Bucket, clock: Clock) -> Callable[[Settings], None]:
    """Connect every function to the table, and to the bucket on moto, under the given settings."""

    def connect_all(settings: Settings) -> None:
        for app in apps():
            app.connect(Store(settings, Items(database, settings.table_name), bucket, clock))
        handler_module("HealthFunction").api.connect(settings)

    return connect_all


@pytest.fixture
def client(user: str, connect: Callable[[Settings], None], settings: Settings) -> Client:
    """A client of the handlers under the default settings, as a user of its own."""
    connect(settings)
    return Client(user)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The stack that most tests share. Its data lasts for the whole run, so each test needs its own user."""
    shared = LocalStack(tmp_path_factory.mktemp("stack") / "state", parameters={"TeamClaim": "groups"}).start()
    yield shared
    assert shared.stop() == 0
