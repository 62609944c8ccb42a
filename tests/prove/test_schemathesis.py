"""Thousands of requests from the OpenAPI document to a running stack, with every check that Schemathesis has."""

from collections.abc import Iterator

import pytest
from support.project.figures import keep
from support.project.openapi import operations
from support.running.fuzzing import Report, fuzz
from support.running.fuzzing_hooks import EXPLAINED
from support.running.local_stack import LocalStack

SEED = 20261125
EXAMPLES = 5
SECONDS = 180


@pytest.fixture(scope="module")
def unhurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack with a high write limit, without which most answers would be 429."""
    state = tmp_path_factory.mktemp("unhurried") / "state"
    stack = LocalStack(state, parameters={"WritesPerMinute": "1000000", "RequestsPerMinute": "1000000"}).start()
    yield stack
    stack.kill()


@pytest.fixture(scope="module")
def alone(unhurried: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Independent calls: the examples, the boundaries of every schema, and calls generated from a seed."""
    folder = tmp_path_factory.mktemp("alone")
    return fuzz(unhurried, folder, phases="examples,coverage,fuzzing", seed=SEED, examples=EXAMPLES)


@pytest.fixture(scope="module")
def linked(unhurried: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Sequences of calls along the document's links, for a fixed time."""
    folder = tmp_path_factory.mktemp("linked")
    return fuzz(unhurried, folder, phases="stateful", seed=SEED, examples=EXAMPLES, seconds=SECONDS)


def test_every_answer_is_documented(alone: Report) -> None:
    """Every request made from the document is answered as the document promises, by every check."""
    assert alone.passed, alone.output


def test_sequences_along_links_are_answered_as_documented(linked: Report) -> None:
    """Every sequence is answered as documented: nothing is lost, kept too long or shown to another user."""
    assert linked.passed, linked.output


def test_every_operation_succeeds_at_least_once(alone: Report, linked: Report) -> None:
    """Each operation succeeds at least once; otherwise, the other tests would show little."""
    keep({"independent requests": alone.requests, "requests along links": linked.requests})
    assert alone.successes() | linked.successes() == set(operations())


def test_every_explanation_is_needed(alone: Report, linked: Report) -> None:
    """Every explanation is needed, so the list hides no finding that has not been reviewed."""
    assert alone.explained.keys() | linked.explained.keys() == {each.reason for each in EXPLAINED}
