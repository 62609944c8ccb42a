"""The work of the built functions in bytecode instructions, which other processes cannot inflate."""

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks import contender, workload
from benchmarks.recordings import requests

# Upper bounds: the counts when these were last set. Raise one only for a stated reason; the test names the new count.
BUDGET = {
    "get_config": {"import": 1_509_750, "answer": 3_541},
    "put_config": {"import": 1_864_485, "answer": 8_391},
    "projects": {"import": 1_518_196, "answer": 5_376},
    "project_data": {"import": 1_854_385, "answer": 17_141},
}
# Python's patch releases change a count by about 1 %.
SLACK = 0.03

REQUESTS = {"get_config": "load", "put_config": "save", "projects": "list", "project_data": "data"}

# What checks bodies, and what calls S3.
HEAVY = {"pydantic", "boto3"}


class Counted(NamedTuple):
    """A function, the instructions that its import and a warm answer execute, and the packages that they load."""

    function: str
    instructions: dict[str, int]
    packages: set[str]


@pytest.fixture(scope="module", params=BUDGET)
def counted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Counted:
    """What a function's import and a warm answer with a config of 20 KB, or a table that lies in its item, take."""
    return _count(request.param, tmp_path_factory.mktemp("counted"))


def _count(function: str, folder: Path) -> Counted:
    request = requests("medium")[REQUESTS[function]]
    event = workload.write(folder, "event", request.event)
    calls = workload.write(folder, "calls", request.calls)
    command = contender.ours(function).command("count", event=event, calls=calls)
    done = subprocess.run(command, env=contender.ENVIRONMENT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["status"] == 200
    packages = {name.partition(".")[0] for name in report["loaded"]}
    return Counted(function, {what: report[what] for what in ("import", "answer")}, packages)


def test_work_stays_within_its_budget(counted: Counted) -> None:
    """Importing a function, which makes its client, and a warm answer stay within their budgets.

    A budget is an upper bound: fewer instructions pass.
    """
    function, counts, _ = counted
    over = [
        f"{function}: {what} executes {count:,} instructions; the budget is {BUDGET[function][what]:,} plus {SLACK:.0%}"
        for what, count in counts.items()
        if count > BUDGET[function][what] * (1 + SLACK)
    ]
    assert not over, "; ".join(over)


def test_opening_and_saving_load_neither_models_nor_an_sdk(counted: Counted) -> None:
    """Loading and saving a config, listing projects, and reading a table in its item load no Pydantic and no boto3.

    Of Pydantic they may load the core, which is a package of its own.
    """
    assert not counted.packages & HEAVY


def test_counts_are_reproducible(counted: Counted, tmp_path: Path) -> None:
    """Counts do not differ between runs, so only a change can exceed a budget."""
    assert _count(counted.function, tmp_path).instructions == counted.instructions
