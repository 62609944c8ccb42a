"""A hundred thousand requests in one process: at the end, it holds no more than when it was warm."""

import json
import os
import subprocess
import sys
from typing import Final

import pytest
from prove.deployed import environment
from prove.soak import Sample
from support.project.figures import keep
from support.project.template import ROOT, routes
from support.running.local_stack import LocalStack

REQUESTS: Final = 100_000
WARM: Final = 2
"""The sample, after a fifth of the requests, after which nothing may grow."""
WRITES_PER_MINUTE: Final = 60

# Detects one block or object kept per 20 requests, or 100 bytes per request. Not zero, because an instance remembers
# the users of the last minute, and each visit is a new user's.
MAX_BLOCKS_PER_REQUEST: Final = 0.05
MAX_BYTES_PER_REQUEST: Final = 100


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Sample], set[str]]:
    """The samples of one soak on the stack's engine, bucket and flags, and the routes that it called."""
    folder = tmp_path_factory.mktemp("soak")
    stack = LocalStack(folder / "state").start()
    try:
        command = [sys.executable, "-m", "prove.soak", str(REQUESTS), str(folder / "report.json")]
        variables = {
            **environment(stack),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "WRITES_PER_MINUTE": str(WRITES_PER_MINUTE),
        }
        # The log has a line for each request, which nothing reads.
        subprocess.run(  # noqa: S603 - this folder's program
            command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL, check=True
        )
    finally:
        stack.kill()
    written = json.loads((folder / "report.json").read_text())
    return [Sample(**sample) for sample in written["samples"]], set(written["routes"])


def test_every_route_is_called(report: tuple[list[Sample], set[str]]) -> None:
    """The soak calls every route of the template."""
    assert {route.key for route in routes()} == report[1]


def test_requests_leak_nothing(report: tuple[list[Sample], set[str]]) -> None:
    """After a fifth of the requests, the process accumulates no memory, objects, handles or threads."""
    samples = report[0]
    warm, end = samples[WARM - 1], samples[-1]
    requests = end.requests - warm.requests
    keep(
        {
            "requests": end.requests,
            "memory when warm and at the end, MB": f"{warm.rss / 1e6:.1f}, {end.rss / 1e6:.1f}",
            "blocks kept per 1,000 requests": f"{(end.blocks - warm.blocks) / requests * 1_000:.1f}",
            "handles": f"{warm.handles}, {end.handles}",
            "threads": f"{warm.threads}, {end.threads}",
        }
    )
    assert end.requests >= REQUESTS
    assert end.blocks - warm.blocks <= requests * MAX_BLOCKS_PER_REQUEST, samples
    assert end.objects - warm.objects <= requests * MAX_BLOCKS_PER_REQUEST, samples
    assert end.rss - warm.rss <= requests * MAX_BYTES_PER_REQUEST, samples
    assert (end.handles, end.threads) == (warm.handles, warm.threads), samples
