"""The flags of the running stack, read from AppConfig."""

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.running.local_stack import LocalStack

from dashboard_store.gateway.flags import MAX_AGE_SECONDS, share

if TYPE_CHECKING:
    from mypy_boto3_appconfig import AppConfigClient

MINE, OTHERS = "user-3", "user-1"


def deploy(client: "AppConfigClient", document: dict[str, Any]) -> None:
    """Deploy flags as docs/operations.md describes for the AWS CLI."""
    (application,) = client.list_applications()["Items"]
    (environment,) = client.list_environments(ApplicationId=application["Id"])["Items"]
    (profile,) = client.list_configuration_profiles(ApplicationId=application["Id"])["Items"]
    strategies = client.list_deployment_strategies()["Items"]
    version = client.create_hosted_configuration_version(
        ApplicationId=application["Id"],
        ConfigurationProfileId=profile["Id"],
        ContentType="application/json",
        Content=json.dumps(document).encode(),
    )
    client.start_deployment(
        ApplicationId=application["Id"],
        EnvironmentId=environment["Id"],
        ConfigurationProfileId=profile["Id"],
        ConfigurationVersion=str(version["VersionNumber"]),
        DeploymentStrategyId=next(each["Id"] for each in strategies if each["Name"].endswith("-watched")),
    )


@pytest.mark.waits
def test_flags_change_without_a_deployment_of_the_stack(stack: LocalStack) -> None:
    """A minute after a deployment to AppConfig, `GET /api/flags` answers with it for the users that it names."""
    assert share(MINE) < 50 <= share(OTHERS)
    with stack.client(MINE) as mine, stack.client(OTHERS) as others:
        assert mine.get("/api/flags").json() == others.get("/api/flags").json() == {"databaseLoad": False}
        conditions = [{"action": "MODULO_RANGE", "key": "user_share", "value": {"BASE": 100, "START": 0, "END": 49}}]
        rules = {"half of the users": {"when_match": True, "conditions": conditions}}
        deploy(stack.aws("appconfig"), {"databaseLoad": {"default": False, "rules": rules}})
        deadline = time.monotonic() + MAX_AGE_SECONDS + 15
        while not mine.get("/api/flags").json()["databaseLoad"]:
            assert time.monotonic() < deadline
            time.sleep(1)
        # Another instance may answer this request; its cached flags expire at the end of its own minute.
        assert others.get("/api/flags").json() == {"databaseLoad": False}
