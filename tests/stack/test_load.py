"""A short run of the program behind `make load`: what it sends, counts and finds."""

import json
from collections import Counter

import pytest
from prove.load import EXPECTED, Phase, boards, drive, show
from prove.memory import Process, growth, processes, totals
from prove.visitor import MIX, Tally
from support.running.local_stack import LocalStack

SECONDS = 3


@pytest.fixture(scope="module")
def phase(stack: LocalStack) -> Phase:
    """Four clients for three seconds; each uses 16 shared dashboards and one of its own."""
    return drive(stack.url, stack.state, 4, SECONDS, boards(stack.url, 20))


def test_it_loads_patches_and_saves(phase: Phase) -> None:
    """Every kind of request is sent, most of them loads, and each is answered with an expected status."""
    statuses = sum((tally.statuses for tally in phase.tallies.values()), Counter[int]())
    assert phase.tallies.keys() == MIX.keys()
    assert statuses.total() == sum(len(tally.seconds) for tally in phase.tallies.values())
    assert statuses.keys() <= EXPECTED
    assert {200, 304} <= statuses.keys()
    loads = len(phase.tallies["load"].seconds) + len(phase.tallies["load, known"].seconds)
    assert loads > statuses.total() / 2


def test_the_output_names_every_figure(phase: Phase, capsys: pytest.CaptureFixture[str]) -> None:
    """The output names throughput, latency and answers by kind of request, and the memory of each function."""
    show(phase)
    printed = capsys.readouterr().out
    named = ("4 clients", "requests per second", "p50 ms", "p99 ms", "304: ", "GetConfig", "PutConfig", "dynoxide")
    assert [each for each in named if each not in printed] == []


def test_a_failed_request_is_a_fault() -> None:
    """An unexpected status and a missing answer are faults that name the status and the kind of request."""
    tally = Tally([0.1, 0.1, 0.1], Counter({200: 1, 503: 1, 0: 1}))
    found = list(Phase(8, 1, {"load": tally}, 0, {}, {}).faults())
    assert found == ["8 clients: 1x status 503 for load", "8 clients: 1x status none for load"]


def test_growth_is_a_fault() -> None:
    """A function's process that grew by more than a tenth since it was warm is named; the emulator's is not."""
    before = {1: Process("Get", 50_000_000, is_function=True), 2: Process("emulator", 50_000_000, is_function=False)}
    after = {pid: each._replace(bytes=each.bytes + 6_000_000) for pid, each in before.items()}
    assert list(growth(before, after)) == ["a process of Get grew from 50 to 56 MB"]
    assert not list(growth(before, {pid: each._replace(bytes=each.bytes + 4_000_000) for pid, each in before.items()}))


def test_memory_is_that_of_the_stacks_processes(stack: LocalStack) -> None:
    """Every process of the stack is counted under its name, and no other process is."""
    found = totals(processes(stack.state))
    assert {"dynoxide", "emulator", "front"} <= found.keys()
    assert all(count and size for count, size in found.values())
    assert json.dumps(totals(processes(stack.state.parent))) == "{}"
