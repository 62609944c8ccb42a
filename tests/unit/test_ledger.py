"""The ledger of the crash test sees what it is there to see."""

from typing import Any

import pytest
from prove.ledger import Effect, Ledger


def to(value: Any) -> Effect:
    return lambda _: value


def added(value: str) -> Effect:
    return lambda before: f"{before}{value}"


def ledger() -> Ledger:
    """Three answered saves, of which the second changes what it finds, and one that got no answer."""
    return Ledger({1: to("a"), 2: added("b"), 3: to("c")}, [added("d")])


@pytest.mark.parametrize("history", [{1: "a", 2: "ab", 3: "c"}, {1: "a", 2: "ab", 3: "c", 4: "cd"}])
def test_an_unanswered_save_is_there_or_not(history: dict[int, str]) -> None:
    """A history of what was answered is whole with and without the save that got no answer."""
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
    ids=["lost", "a gap", "changed", "half of it", "made by nobody", "an unanswered one twice", "nothing"],
)
def test_what_is_wrong_is_found(history: dict[int, str]) -> None:
    """A lost version, a gap, another document, a half one, one that nobody sent and one that is there twice."""
    assert list(ledger().faults(history))


def test_what_is_kept_from_a_version_on_is_whole() -> None:
    """Of the tables only the last ones are kept, without a gap up to the newest."""
    kept = Ledger({version: to(str(version)) for version in range(1, 8)})
    assert list(kept.faults({version: str(version) for version in range(3, 8)})) == []
    assert list(kept.faults({version: str(version) for version in range(3, 7)}))


def test_one_version_for_two_saves_is_found() -> None:
    """Two saves that are answered with the same version are the end of the test."""
    with pytest.raises(AssertionError, match="two saves were answered with version 3"):
        ledger().answer(3, to("x"))
