"""The check before traffic shifts, as it is deployed: through the published versions, each in a process of its own."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.running.local_stack import LocalStack


def deployed_check(stack: LocalStack) -> str:
    """Return the name of the deployed function."""
    names = [each["FunctionName"] for each in stack.aws("lambda").list_functions()["Functions"]]
    (name,) = [name for name in names if "RolloutCheckFunction" in name]
    return str(name)


@pytest.fixture(scope="module")
def check(stack: LocalStack) -> str:
    return deployed_check(stack)


def run(stack: LocalStack, check: str) -> dict[str, Any]:
    """Call the check as an operator does."""
    called = stack.aws("lambda").invoke(FunctionName=check, Payload=b"{}")
    report: dict[str, Any] = json.load(called["Payload"])
    return report


def test_the_deployed_versions_pass_the_check(stack: LocalStack, check: str) -> None:
    """An operator's call saves, loads and deletes through the versions that were published, and all of it succeeds."""
    report = run(stack, check)
    assert report["failures"] == {}
    assert report["outcome"] == "Succeeded"
    assert len(report["milliseconds"]) == 17


def test_the_check_calls_published_versions(stack: LocalStack, check: str) -> None:
    """The check has the versions by their numbers, not the functions, whose code is already that of the next ones."""
    functions = stack.aws("lambda")
    variables = functions.get_function_configuration(FunctionName=check)["Environment"]["Variables"]
    for name in ("GET_CONFIG", "PUT_CONFIG", "PROJECT_DATA", "PROJECTS", "LIVE", "HEALTH", "READ_UPLOAD"):
        arn, _, version = variables[name].rpartition(":")
        assert version.isdecimal()
        published = functions.list_versions_by_function(FunctionName=arn)["Versions"]
        assert version == max((each["Version"] for each in published if each["Version"].isdecimal()), key=int)


def test_checks_at_once_do_not_interfere(stack: LocalStack, check: str) -> None:
    """Each function's deployment runs the check at the same time, and all of them succeed."""
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda _: run(stack, check), range(4)))
    assert [report["failures"] for report in reports] == [{}] * 4


def test_its_permissions_suffice(make_stack: Callable[..., LocalStack]) -> None:
    """With IAM enforced, the check may do all that it does, among it calling each version."""
    enforced = make_stack(auth=True).start()
    assert run(enforced, deployed_check(enforced))["failures"] == {}


def test_the_outcome_is_sent(stack: LocalStack, check: str) -> None:
    """The check sends its outcome with what is deployed; the emulator has no CodeDeploy and refuses the call."""
    event = {"DeploymentId": "d-ABC", "LifecycleEventHookExecutionId": "hook-1"}
    called = stack.aws("lambda").invoke(FunctionName=check, Payload=json.dumps(event).encode())
    assert "PutLifecycleEventHookExecutionStatus" in json.load(called["Payload"])["errorMessage"]
