"""Races, on the local stack's engine: moto's conditional writes are not atomic between threads."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from conftest import TABLE, Clock

from dashboard_store.config import Config
from dashboard_store.config_form import read_config
from dashboard_store.errors import VersionConflict
from dashboard_store.preconditions import Precondition
from dashboard_store.project import read_new_project
from dashboard_store.repository.configs import Configs, Origin
from dashboard_store.repository.keys import ConfigKey, ProjectKey
from dashboard_store.repository.projects import Projects
from dashboard_store.repository.table import Table
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SETTINGS = Settings(TABLE)
KEY = ProjectKey("user-1", "p").config()


@pytest.fixture
def configs(dynoxide_client: "DynamoDBClient", clock: Clock) -> Configs:
    """Configs on the engine, with the empty project `p`."""
    table = Table(dynoxide_client, TABLE)
    configs = Configs(table, SETTINGS, clock)
    Projects(table, configs, clock).create("user-1", read_new_project({"id": "p", "name": "P"}, SETTINGS))
    return configs


def config(value: Any) -> Config:
    return read_config({"chartCustomizations": {"c": {"value": value}}}, SETTINGS)


def history(client: "DynamoDBClient", key: ConfigKey) -> list[int]:
    prefix = key.version(0)["sk"].rpartition("#")[0]
    pages = client.get_paginator("query").paginate(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": key.project.pk}, ":prefix": {"S": prefix}},
    )
    return [int(item["version"]["N"]) for page in pages for item in page["Items"]]


def test_one_of_many_saves_of_a_version_wins(configs: Configs, dynoxide_client: "DynamoDBClient") -> None:
    """Of 32 parallel saves in place of the same version one is accepted; each other learns the winner's document."""
    configs.save(KEY, config("base"), Precondition(if_match=frozenset({"0"})), Origin())

    def save(writer: int) -> int | dict[str, Any]:
        try:
            return configs.save(KEY, config(writer), Precondition(if_match=frozenset({"1"})), Origin()).head.version
        except VersionConflict as conflict:
            return conflict.current

    with ThreadPoolExecutor(32) as writers:
        outcomes = list(writers.map(save, range(32)))
    conflicts = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [2]
    newest = configs.head(KEY).config()
    assert all((conflict["currentVersion"], conflict["current"]) == (2, newest) for conflict in conflicts)
    assert history(dynoxide_client, KEY) == [1, 2]


def test_no_accepted_save_is_lost(configs: Configs, dynoxide_client: "DynamoDBClient") -> None:
    """Of 200 saves by 8 writers the version counts the accepted ones, and history holds each of them."""

    def write(writer: int) -> int:
        seen, accepted = 0, 0
        for number in range(25):
            try:
                precondition = Precondition(if_match=frozenset({str(seen)}))
                seen = configs.save(KEY, config([writer, number]), precondition, Origin()).head.version
                accepted += 1
            except VersionConflict as conflict:
                seen = conflict.current["currentVersion"]
        return accepted

    with ThreadPoolExecutor(8) as writers:
        accepted = sum(writers.map(write, range(8)))
    assert accepted > 0
    assert configs.head(KEY).version == accepted
    assert history(dynoxide_client, KEY) == list(range(1, accepted + 1))


def test_changes_of_the_newest_version_all_win(configs: Configs) -> None:
    """32 writers that each add a chart to whatever is newest all succeed, and every chart is there."""

    def add(writer: int) -> None:
        def with_chart(before: Any) -> Config:
            charts = (before or {"chartCustomizations": {}})["chartCustomizations"]
            return read_config({"chartCustomizations": {**charts, f"c{writer}": {}}}, SETTINGS)

        configs.change(KEY, with_chart, Precondition(), Origin())

    with ThreadPoolExecutor(32) as writers:
        list(writers.map(add, range(32)))
    document = configs.head(KEY).config()
    assert document
    assert set(document["chartCustomizations"]) == {f"c{writer}" for writer in range(32)}
