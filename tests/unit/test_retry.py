"""The retry loop: how many attempts it makes, what it raises, and how long it pauses in between."""

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard_store import retry


class Scripted:
    """Attempts with the given outcomes in turn, repeating the last one; each error has the attempt's number."""

    def __init__(self, *outcomes: type[Exception] | str) -> None:
        self._outcomes = outcomes
        self.calls = 0

    def __call__(self) -> str:
        outcome = self._outcomes[min(self.calls, len(self._outcomes) - 1)]
        self.calls += 1
        if isinstance(outcome, str):
            return outcome
        raise outcome(self.calls)


def is_transient(error: Exception) -> bool:
    return isinstance(error, LookupError)


@pytest.mark.parametrize("failures", range(5))
def test_the_first_success_is_returned(failures: int) -> None:
    """Attempts are made until one succeeds, up to the limit, and not after that."""
    attempt = Scripted(*[KeyError] * failures, "done", "done again")
    pauses: list[float] = []
    assert retry.retried(attempt, 5, is_transient, pauses.append) == "done"
    assert (attempt.calls, len(pauses)) == (failures + 1, failures)


@pytest.mark.parametrize("attempts", [1, 2, 5, 40])
def test_the_last_attempts_error_is_raised(attempts: int) -> None:
    """If no attempt succeeds, the error of the last one is raised, without a pause after it."""
    attempt = Scripted(KeyError)
    pauses: list[float] = []
    with pytest.raises(KeyError) as failure:
        retry.retried(attempt, attempts, is_transient, pauses.append)
    assert failure.value.args == (attempts,)
    assert (attempt.calls, len(pauses)) == (attempts, attempts - 1)


@pytest.mark.parametrize("before", range(4))
def test_what_is_not_retryable_is_raised_at_once(before: int) -> None:
    """An error that is not retryable ends the loop without a pause, whichever attempt raises it."""
    attempt = Scripted(*[KeyError] * before, ValueError, "done")
    pauses: list[float] = []
    with pytest.raises(ValueError, match=f"^{before + 1}$"):
        retry.retried(attempt, 5, is_transient, pauses.append)
    assert (attempt.calls, len(pauses)) == (before + 1, before)


def test_an_interrupt_is_not_retried() -> None:
    """Only an Exception can be retried; any other BaseException ends the loop, whatever is retryable."""
    pauses: list[float] = []

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retry.retried(interrupted, 5, lambda _: True, pauses.append)
    assert pauses == []


def test_it_pauses_only_between_attempts() -> None:
    """Each pause comes after a failed attempt and before the next one; its length depends on the attempt's number."""
    events: list[str] = []

    def attempt() -> None:
        events.append("attempt")
        raise KeyError

    with (
        mock.patch.object(retry, "full_jitter", float),
        pytest.raises(KeyError),
    ):
        retry.retried(attempt, 4, is_transient, lambda seconds: events.append(f"pause {seconds}"))
    assert events == ["attempt", "pause 1.0", "attempt", "pause 2.0", "attempt", "pause 3.0", "attempt"]


@given(attempt=st.integers(1, 1_000))
def test_a_pause_stays_within_its_bounds(attempt: int) -> None:
    """A pause is at least zero and at most 25 ms, doubled with each attempt, up to 0.4 s."""
    assert 0 <= retry.full_jitter(attempt) <= min(0.025 * 2**attempt, 0.4)


def test_the_bound_doubles_up_to_four_tenths_of_a_second() -> None:
    """A pause is drawn from the full range of zero to its bound, with the system's random number generator."""
    drawn: list[tuple[float, float]] = []

    def uniform(_: object, least: float, most: float) -> float:
        drawn.append((least, most))
        return least

    with mock.patch("random.SystemRandom.uniform", uniform):
        assert [retry.full_jitter(attempt) for attempt in (1, 2, 3, 4, 5, 40)] == [0] * 6
    assert drawn == [(0, 0.05), (0, 0.1), (0, 0.2), (0, 0.4), (0, 0.4), (0, 0.4)]


def test_pauses_after_the_same_attempt_differ() -> None:
    """Pauses are random, because writers that collided once would otherwise collide every time."""
    assert len({retry.full_jitter(1) for _ in range(100)}) > 90
