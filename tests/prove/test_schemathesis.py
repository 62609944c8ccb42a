"""Thousands of requests made from the OpenAPI document, to a running stack, and every check that Schemathesis has."""

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
    """A stack that lets two users write as often as they like, or most answers would be 429."""
    state = tmp_path_factory.mktemp("unhurried") / "state"
    stack = LocalStack(state, parameters={"WritesPerMinute": "1000000"}).start()
    yield stack
    stack.kill()


@pytest.fixture(scope="module")
def alone(unhurried: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Each call by itself: the examples, the borders of every schema, and what a seed decides."""
    folder = tmp_path_factory.mktemp("alone")
    return fuzz(unhurried, folder, phases="examples,coverage,fuzzing", seed=SEED, examples=EXAMPLES)


@pytest.fixture(scope="module")
def linked(unhurried: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Calls one after another, as the document's links lead, for as long as there is time."""
    folder = tmp_path_factory.mktemp("linked")
    return fuzz(unhurried, folder, phases="stateful", seed=SEED, examples=EXAMPLES, seconds=SECONDS)


def test_every_answer_is_what_the_document_says(alone: Report) -> None:
    """No request that can be made from the document has an answer that it does not promise, by any check."""
    assert alone.passed, alone.output


def test_links_lead_to_what_the_document_says(linked: Report) -> None:
    """Neither has one that follows others, with what they answered: none is lost, kept too long or shown to others."""
    assert linked.passed, linked.output


def test_every_operation_was_seen_to_work(alone: Report, linked: Report) -> None:
    """Each operation also did what it is for at least once, or little would have been shown."""
    keep({"requests by themselves": alone.requests, "requests along links": linked.requests})
    assert alone.successes() | linked.successes() == set(operations())


def test_every_explanation_is_needed(alone: Report, linked: Report) -> None:
    """What is called no finding was found, or the list would hide what nobody has looked at."""
    assert alone.explained.keys() | linked.explained.keys() == {each.reason for each in EXPLAINED}
