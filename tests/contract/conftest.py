"""The engines on which the repository must behave alike, each in turn: those that `--engine` names."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing

import pytest
from conftest import TABLE, Clock
from support.storage import engines
from support.storage.clients import Tapped
from support.storage.engines import Engine

from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store

# The environment's variables before moto replaces them with its own credentials.
ACCOUNT = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that use an engine on each chosen one, and races on each that is atomic between threads."""
    named: list[str] = metafunc.config.getoption("--engine") or [engines.default()]
    chosen = [*engines.LOCAL, *(["aws"] if "aws" in named else [])] if "all" in named else named
    if "atomic_engine" in metafunc.fixturenames:
        chosen = [name for name in chosen if name in engines.ATOMIC]
    if "served" in metafunc.fixturenames:
        metafunc.parametrize("served", chosen, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if reason := engines.KNOWN_DIFFERENCES.get(item.name):
            item.add_marker(pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True))


@pytest.fixture(scope="session")
def moto_engine(moto: Tapped) -> Engine:
    return Engine("moto", moto, TABLE, {})


@pytest.fixture(scope="session")
def dynoxide_engine(dynoxide: Mapping[str, str]) -> Iterator[Engine]:
    with closing(engines.through_transport(dynoxide)) as client:
        yield Engine("dynoxide", client, TABLE, dynoxide)


@pytest.fixture(scope="session")
def dynoxide_boto3_engine(dynoxide: Mapping[str, str]) -> Engine:
    return Engine("dynoxide-boto3", engines.through_boto3(dynoxide), TABLE, dynoxide)


@pytest.fixture(scope="session")
def ministack_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with (
        engines.ministack(tmp_path_factory.mktemp("ministack")) as environment,
        closing(engines.through_transport(environment)) as client,
    ):
        yield Engine("ministack", client, TABLE, environment)


@pytest.fixture(scope="session")
def aws_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A permanent table, in the account whose credentials the environment has."""
    table: str | None = request.config.getoption("--table")
    assert table, "--engine aws needs --table, the name of a table created by template.yaml"
    with closing(engines.through_transport(ACCOUNT)) as client:
        yield Engine("aws", client, table, ACCOUNT, is_shared=True)


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn, for tests that create its table themselves."""
    engine: Engine = request.getfixturevalue(f"{request.param.replace('-', '_')}_engine")
    return engine


@pytest.fixture
def engine(served: Engine) -> Iterator[Engine]:
    """Each engine in turn, with the template's table."""
    with served.with_table():
        yield served


@pytest.fixture
def atomic_engine(engine: Engine) -> Engine:
    """Each engine in turn whose conditional writes are atomic between threads, with the template's table."""
    return engine


@pytest.fixture
def pauses() -> list[float]:
    """The pauses that `items` makes between attempts, in seconds, without waiting."""
    return []


@pytest.fixture
def items(database: Tapped, pauses: list[float]) -> Items:
    return Items(database, TABLE, pause=pauses.append)


@pytest.fixture
def store(engine: Engine, bucket: Bucket, settings: Settings, clock: Clock) -> Store:
    """Every repository, on the engine's table and on the bucket in moto."""
    return Store(settings, Items(engine, engine.table_name), bucket, clock)


@pytest.fixture
def address(user: str, store: Store) -> ProjectAddress:
    """The empty project `p`."""
    store.projects.create(user, read_new_project({"id": "p", "name": "P"}, Settings(TABLE)))
    return ProjectAddress(user, "p")
