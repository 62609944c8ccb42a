"""The work of the built functions in bytecode instructions, which other processes cannot inflate."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks import contender, workload
from benchmarks.recordings import requests

# Upper bounds: the counts when these were last set. Raise one only for a stated reason; the test names the new count.
BUDGET = {
    # Each function counts requests (decision 0056), and saves know quotas (0058): 3 and 4 % more to import.
    # Metrics name the deployment, and a timer interrupts what takes too long (0060): 4 % more to answer a load.
    # Handlers are registered with roles, and addresses may have guests (0078): 0.4 % more to import put_config.
    # Versions have names, which is a route more: 0.7 % more to import put_config.
    "get_config": {"import": 1_509_750, "answer": 3_489},
    "put_config": {"import": 2_608_075, "answer": 8_536},
}
# Python's patch releases change a count by about 1 %.
SLACK = 0.03

REQUESTS = {"get_config": "load", "put_config": "save"}


@pytest.fixture(scope="module", params=BUDGET)
def counted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, int]]:
    """A function's name, and the instructions that its import and a warm answer with a config of 20 KB execute."""
    function, folder = request.param, tmp_path_factory.mktemp("counted")
    return function, _count(function, folder)


def _count(function: str, folder: Path) -> dict[str, int]:
    request = requests("medium")[REQUESTS[function]]
    event = workload.write(folder, "event", request.event)
    calls = workload.write(folder, "calls", request.calls)
    command = contender.ours(function).command("count", event=event, calls=calls)
    done = subprocess.run(command, env=contender.ENVIRONMENT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    assert counts.pop("status") == 200
    return counts


def test_work_stays_within_its_budget(counted: tuple[str, dict[str, int]]) -> None:
    """Importing a function, which makes its client, and a warm answer stay within their budgets.

    A budget is an upper bound: fewer instructions pass.
    """
    function, counts = counted
    over = [
        f"{function}: {what} executes {count:,} instructions; the budget is {BUDGET[function][what]:,} plus {SLACK:.0%}"
        for what, count in counts.items()
        if count > BUDGET[function][what] * (1 + SLACK)
    ]
    assert not over, "; ".join(over)


def test_counts_are_reproducible(counted: tuple[str, dict[str, int]], tmp_path: Path) -> None:
    """Counts do not differ between runs, so only a change can exceed a budget."""
    function, counts = counted
    assert _count(function, tmp_path) == counts
