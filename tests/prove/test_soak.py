"""The handlers in one process for a hundred thousand requests: what it holds at the end is what it held when warm."""

import json
import os
import subprocess
import sys
from typing import Final

import pytest
from prove.soak import Sample
from support.project.figures import keep
from support.project.template import ROOT, routes
from support.running.local_stack import LocalStack

REQUESTS: Final = 100_000
WARM: Final = 2
"""The sample, after a fifth of the requests, from which on nothing may grow."""
WRITES_PER_MINUTE: Final = 40

# A block or an object kept of every twentieth request would be seen, and 100 bytes of each. Not nothing: an instance
# knows until the end of the minute which users met conflicts, and each visit is another user's.
MOST_BLOCKS_OF_A_REQUEST: Final = 0.05
MOST_BYTES_OF_A_REQUEST: Final = 100


def environment(stack: LocalStack) -> dict[str, str]:
    """Return what the deployed functions have in their environment, and what leads them to the stack's services."""
    resources = stack.aws("cloudformation").describe_stack_resources(StackName="dashkeep")["StackResources"]
    names = [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::Lambda::Function"]
    variables: dict[str, str] = {}
    for name in names:
        function = stack.aws("lambda").get_function_configuration(FunctionName=name)
        variables |= function.get("Environment", {}).get("Variables", {})
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        **variables,
        "WRITES_PER_MINUTE": str(WRITES_PER_MINUTE),
        "AWS_LAMBDA_FUNCTION_NAME": "soak",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": json.loads((stack.state / "ready.json").read_text())["aws"],
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{stack.child('dynoxide', '--port')[1]}",
    }


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Sample], set[str]]:
    """The samples of one soak, and the routes that it asked. It uses the stack's engine, bucket and flags."""
    folder = tmp_path_factory.mktemp("soak")
    stack = LocalStack(folder / "state").start()
    try:
        command = [sys.executable, "-m", "prove.soak", str(REQUESTS), str(folder / "report.json")]
        # A log line of each request goes where nobody keeps it.
        subprocess.run(  # noqa: S603 - this folder's program
            command, cwd=ROOT, env=environment(stack), stdout=subprocess.DEVNULL, check=True
        )
    finally:
        stack.kill()
    written = json.loads((folder / "report.json").read_text())
    return [Sample(**sample) for sample in written["samples"]], set(written["routes"])


def test_every_route_is_asked(report: tuple[list[Sample], set[str]]) -> None:
    """No route of the template is left out."""
    assert {f"{route.method} {route.path}" for route in routes()} == report[1]


def test_nothing_is_kept_of_a_request(report: tuple[list[Sample], set[str]]) -> None:
    """From a fifth of the requests on the process keeps no memory, no object, no handle and no thread more."""
    samples = report[0]
    warm, end = samples[WARM - 1], samples[-1]
    requests = end.requests - warm.requests
    keep(
        {
            "requests": end.requests,
            "memory when warm and at the end, MB": f"{warm.rss / 1e6:.1f}, {end.rss / 1e6:.1f}",
            "blocks kept of 1,000 requests": f"{(end.blocks - warm.blocks) / requests * 1_000:.1f}",
            "handles": f"{warm.handles}, {end.handles}",
            "threads": f"{warm.threads}, {end.threads}",
        }
    )
    assert end.requests >= REQUESTS
    assert end.blocks - warm.blocks <= requests * MOST_BLOCKS_OF_A_REQUEST, samples
    assert end.objects - warm.objects <= requests * MOST_BLOCKS_OF_A_REQUEST, samples
    assert end.rss - warm.rss <= requests * MOST_BYTES_OF_A_REQUEST, samples
    assert (end.handles, end.threads) == (warm.handles, warm.threads), samples
