"""How much work the built functions do, in bytecode instructions: counts, which no other process can make larger."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks import contender, workload

# What was counted when the budget was last set. Whoever makes a function do less, or more and can say what for, writes
# the new counts here; the failing test names them.
BUDGET = {
    "get_config": {"import": 1_462_197, "answer": 4_799},
    "put_config": {"import": 2_470_081, "answer": 32_085},
}
# Python's own patch releases change a count by about a hundredth.
SLACK = 0.03

EVENTS = {"get_config": workload.load_event(), "put_config": workload.save_event("medium")}


@pytest.fixture(scope="module", params=BUDGET)
def counted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, int]]:
    """A function's name, and the instructions of its import and of a warm answer with a config of 20 KB."""
    function, folder = request.param, tmp_path_factory.mktemp("counted")
    return function, _count(function, folder)


def _count(function: str, folder: Path) -> dict[str, int]:
    event = workload.write(folder, "event", EVENTS[function])
    item = workload.write(folder, "item", workload.newest_item("medium"))
    command = contender.ours(function).command("count", event=event, item=item)
    done = subprocess.run(command, env=contender.ENVIRONMENT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    told: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    assert told.pop("status") == 200
    return told


def test_work_stays_within_its_budget(counted: tuple[str, dict[str, int]]) -> None:
    """Importing a function, which makes its client, and a warm answer take no more instructions than was agreed."""
    function, counts = counted
    assert not {what: count for what, count in counts.items() if count > BUDGET[function][what] * (1 + SLACK)}, counts


def test_the_budget_is_tight(counted: tuple[str, dict[str, int]]) -> None:
    """A budget is not much larger than what it is for, or the next one to add work would not be told."""
    function, counts = counted
    assert not {what: count for what, count in counts.items() if count < BUDGET[function][what] * (1 - SLACK)}, counts


def test_counts_are_the_same_every_time(counted: tuple[str, dict[str, int]], tmp_path: Path) -> None:
    """The counts do not depend on the run, so a budget that was exceeded was exceeded by a change."""
    function, counts = counted
    assert _count(function, tmp_path) == counts
