"""The crash test's ledger detects every kind of fault."""

from typing import Any

import pytest
from prove.ledger import Effect, Ledger


def to(value: Any) -> Effect:
    return lambda _: value


def added(value: str) -> Effect:
    return lambda before: f"{before}{value}"


def ledger() -> Ledger:
    """Make a ledger of three answered saves, of which the second modifies the document, and one unanswered save."""
    return Ledger({1: to("a"), 2: added("b"), 3: to("c")}, [added("d")])


@pytest.mark.parametrize("history", [{1: "a", 2: "ab", 3: "c"}, {1: "a", 2: "ab", 3: "c", 4: "cd"}])
def test_an_unanswered_save_may_be_missing(history: dict[int, str]) -> None:
    """A history of the answered saves has no faults, with or without the unanswered one."""
    assert list(ledger().faults(history)) == []


@pytest.mark.parametrize(
    "history",
    [
        {1: "a", 2: "ab"},
        {1: "a", 3: "c"},
        {1: "a", 2: "ab", 3: "cd"},
        {1: "a", 2: "a", 3: "c"},
        {1: "a", 2: "ab", 3: "c", 4: "c"},
        {1: "a", 2: "ab", 3: "c", 4: "cd", 5: "cdd"},
        {},
    ],
    ids=["lost", "a gap", "changed", "half a save", "never sent", "an unanswered one twice", "empty"],
)
def test_faults_are_detected(history: dict[int, str]) -> None:
    """The ledger detects lost, missing, changed, partial, unknown and repeated versions."""
    assert list(ledger().faults(history))


def test_a_history_may_begin_later() -> None:
    """Only the last tables are kept, so a history may begin at any version, but must be complete from there."""
    kept = Ledger({version: to(str(version)) for version in range(1, 8)})
    assert list(kept.faults({version: str(version) for version in range(3, 8)})) == []
    assert list(kept.faults({version: str(version) for version in range(3, 7)}))


def test_one_version_for_two_saves_is_detected() -> None:
    """Two saves that are answered with the same version fail the test at once."""
    with pytest.raises(AssertionError, match="two saves were answered with version 3"):
        ledger().answer(3, to("x"))
