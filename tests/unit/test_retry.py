"""Time limits, and the retry loop: how many attempts it makes, what it raises, and how long it pauses in between."""

import threading
from collections.abc import Iterator
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.running.stopwatch import stopwatch

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


def is_transient(error: Exception, _: int) -> bool:
    return isinstance(error, LookupError)


def is_one_of_three(_: Exception, attempt: int) -> bool:
    return attempt < 3


@pytest.fixture
def longest() -> Iterator[None]:
    """Every pause is as long as it can be: 0.05, 0.1, 0.2, then 0.4 seconds."""
    with mock.patch("random.SystemRandom.uniform", lambda _, _least, most: most):
        yield


@pytest.mark.parametrize("failures", range(5))
def test_the_first_success_is_returned(failures: int) -> None:
    """Attempts are made until one succeeds, and not after that."""
    attempt = Scripted(*[KeyError] * failures, "done", "done again")
    pauses: list[float] = []
    assert retry.retried(attempt, is_transient, pauses.append) == "done"
    assert (attempt.calls, len(pauses)) == (failures + 1, failures)


def test_an_error_may_be_retryable_a_number_of_times() -> None:
    """The caller decides by the attempt's number, from 1; the error of the last attempt is raised, without a pause."""
    attempt = Scripted(KeyError)
    pauses: list[float] = []
    with pytest.raises(KeyError) as failure:
        retry.retried(attempt, is_one_of_three, pauses.append)
    assert failure.value.args == (3,)
    assert (attempt.calls, len(pauses)) == (3, 2)


@pytest.mark.parametrize(("seconds", "pauses"), [(0, 0), (0.04, 0), (0.05, 1), (0.36, 3), (5, 14)])
@pytest.mark.usefixtures("longest")
def test_pauses_are_limited_in_total(seconds: float, pauses: int) -> None:
    """The loop ends before a pause that would make all pauses longer than `seconds`."""
    attempt = Scripted(KeyError)
    paused: list[float] = []
    with pytest.raises(KeyError) as failure:
        retry.retried(attempt, is_transient, paused.append, seconds)
    assert failure.value.args == (pauses + 1,)
    assert len(paused) == pauses
    assert sum(paused) == pytest.approx(sum([0.05, 0.1, 0.2, *[0.4] * 20][:pauses]))


@pytest.mark.usefixtures("longest")
def test_no_pause_is_made_that_does_not_end_in_time() -> None:
    """The loop raises the last error instead of a pause at whose end the time limit would be over."""
    attempt = Scripted(KeyError)
    with stopwatch() as watch, retry.limited(0.75), pytest.raises(KeyError):
        retry.retried(attempt, is_transient, watch.pause)
    assert attempt.calls == 4
    assert watch.seconds == pytest.approx(0.35)


@pytest.mark.parametrize("before", range(4))
def test_what_is_not_retryable_is_raised_at_once(before: int) -> None:
    """An error that is not retryable ends the loop without a pause, whichever attempt raises it."""
    attempt = Scripted(*[KeyError] * before, ValueError, "done")
    pauses: list[float] = []
    with pytest.raises(ValueError, match=f"^{before + 1}$"):
        retry.retried(attempt, is_transient, pauses.append)
    assert (attempt.calls, len(pauses)) == (before + 1, before)


def test_an_interrupt_is_not_retried() -> None:
    """Only an Exception can be retried; any other BaseException ends the loop, whatever is retryable."""
    pauses: list[float] = []

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retry.retried(interrupted, lambda *_: True, pauses.append)
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
        retry.retried(attempt, is_transient, lambda seconds: events.append(f"pause {seconds}"), 6)
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


def test_time_is_unlimited_without_a_limit() -> None:
    """Outside of any limit, and again after one, a socket waits as long as it has to."""
    assert retry.seconds_left() is None
    with retry.limited(1):
        assert retry.seconds_left() is not None
    assert retry.seconds_left() is None


def test_what_is_left_decreases_until_it_is_an_error() -> None:
    """A timeout is what is left at that moment; once nothing is left, waiting is a TimeoutError."""
    with stopwatch() as watch, retry.limited(3):
        assert retry.seconds_left() == 3
        watch.pause(2)
        assert retry.seconds_left() == 1
        watch.pause(1)
        with pytest.raises(TimeoutError, match=r"^The time limit is over\.$"):
            retry.seconds_left()


@given(outer=st.floats(0.1, 100), inner=st.floats(0.1, 100))
def test_the_limit_that_ends_first_counts(outer: float, inner: float) -> None:
    """A limit within another can only shorten the time, and its end restores the one around it."""
    with stopwatch(), retry.limited(outer):
        with retry.limited(inner):
            assert retry.seconds_left() == min(outer, inner)
        assert retry.seconds_left() == outer


def test_a_limit_ends_with_an_error() -> None:
    """A limit no longer applies after an error left its block."""
    with pytest.raises(KeyError), retry.limited(-1):
        raise KeyError
    assert retry.seconds_left() is None


def test_threads_have_limits_of_their_own() -> None:
    """A limit applies to the thread that set it: another thread works for another request."""
    found: list[float | None] = []
    with retry.limited(1):
        thread = threading.Thread(target=lambda: found.append(retry.seconds_left()))
        thread.start()
        thread.join()
    assert found == [None]


def test_the_limits_fit_each_other() -> None:
    """A call has time for each of its attempts, and a function of 15 seconds for a race and the response."""
    assert retry.CALL_ATTEMPTS * retry.EXCHANGE_SECONDS <= retry.CALL_SECONDS
    assert retry.CONNECT_SECONDS < retry.EXCHANGE_SECONDS
    assert retry.RACE_SECONDS + retry.SPARE_SECONDS < 15
