"""The program behind `make load`, for a moment: what it sends, counts and finds."""

import json
from collections import Counter

import pytest
from support.running.local_stack import LocalStack

from benchmarks.load import EXPECTED, Phase, boards, drive, show
from benchmarks.memory import Process, growth, processes, totals
from benchmarks.visitor import MIX, Tally

SECONDS = 3


@pytest.fixture(scope="module")
def phase(stack: LocalStack) -> Phase:
    """Four clients for three seconds; each knows 16 dashboards that all know, and one of its own."""
    return drive(stack.url, stack.state, 4, SECONDS, boards(stack.url, 20))


def test_it_loads_patches_and_saves(phase: Phase) -> None:
    """Every kind of request is sent, most of them loads; each is answered, and as one that was expected."""
    statuses = sum((tally.statuses for tally in phase.tallies.values()), Counter[int]())
    assert phase.tallies.keys() == MIX.keys()
    assert statuses.total() == sum(len(tally.seconds) for tally in phase.tallies.values())
    assert statuses.keys() <= EXPECTED
    assert {200, 304} <= statuses.keys()
    loads = len(phase.tallies["load"].seconds) + len(phase.tallies["load, known"].seconds)
    assert loads > statuses.total() / 2


def test_it_says_what_came_of_it(phase: Phase, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed names throughput, latency and answers of each kind, and the memory of each function."""
    show(phase)
    printed = capsys.readouterr().out
    for named in ("4 clients", "requests a second", "p50 ms", "p99 ms", "304: ", "GetConfig", "PutConfig", "dynoxide"):
        assert named in printed


def test_a_failed_request_is_a_fault() -> None:
    """A status that nobody expects, and a request without an answer, end the program with what they were."""
    tally = Tally([0.1, 0.1, 0.1], Counter({200: 1, 503: 1, 0: 1}))
    found = list(Phase(8, 1, {"load": tally}, 0, {}, {}).faults())
    assert found == ["8 clients: 1 times the status 503 for load", "8 clients: 1 times the status none for load"]


def test_growth_is_a_fault() -> None:
    """A function's process that has more than a tenth more memory than when warm is named; the emulator's is not."""
    before = {1: Process("Get", 50_000_000, is_function=True), 2: Process("emulator", 50_000_000, is_function=False)}
    after = {pid: each._replace(bytes=each.bytes + 6_000_000) for pid, each in before.items()}
    assert list(growth(before, after)) == ["a process of Get grew from 50 to 56 MB"]
    assert not list(growth(before, {pid: each._replace(bytes=each.bytes + 4_000_000) for pid, each in before.items()}))


def test_memory_is_that_of_the_stacks_processes(stack: LocalStack) -> None:
    """Every process of the stack is counted by what it is, and no other one."""
    found = totals(processes(stack.state))
    assert {"dynoxide", "emulator", "front"} <= found.keys()
    assert all(count and size for count, size in found.values())
    assert json.dumps(totals(processes(stack.state.parent))) == "{}"
