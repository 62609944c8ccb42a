"""Time limits, and the only retry loop: exponential back-off with full jitter.

Theory of operation
===================

What waits for DynamoDB does so under a time limit. Limits nest, and the one that ends first counts, so each wait below
ends with everything around it:

    request   the function's time, less SPARE_SECONDS   set where the request begins
    call      CALL_SECONDS                              one call to DynamoDB with all of its attempts
    exchange  EXCHANGE_SECONDS                          one HTTP request: connection, TLS, sending, receiving
    connect   CONNECT_SECONDS                           all addresses of the server, and TLS

A socket waits for at most `seconds_left()`, computed before each operation, so a server that sends a byte now and then
extends nothing. The retry loop makes no pause that would not end within the limit.

https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import math
import random
from collections.abc import Callable
from contextvars import ContextVar
from time import monotonic
from typing import Final

SPARE_SECONDS: Final = 2
"""The part of a function's time in which it no longer waits for DynamoDB but makes its response."""

CALL_SECONDS: Final = 5
"""Enough for two exchanges, or for one throttle after the other."""

EXCHANGE_SECONDS: Final = 2.5
"""DynamoDB responds within milliseconds, and its largest response takes less than a second."""

CONNECT_SECONDS: Final = 1
"""A connection takes milliseconds, and one that takes longer is likelier to succeed at a second attempt."""

CALL_ATTEMPTS: Final = 2
"""Attempts per call that gets no usable response: more would multiply the load on a server that fails."""

CREDENTIALS_ATTEMPTS: Final = 3
"""Attempts to fetch credentials."""

PATIENCE_SECONDS: Final = 5
"""How long a throttled call, or a transaction that conflicts with another, pauses between its attempts in total."""

RACE_SECONDS: Final = 8
"""How long those pause that read, decide and write, while other writers are faster: about 40 attempts."""

_BASE_SECONDS: Final = 0.025
_MAX_SECONDS: Final = 0.4

_ends_at: ContextVar[float] = ContextVar("ends_at", default=math.inf)


class limited:  # noqa: N801 - read as a verb: `with limited(seconds):`
    """Limit the time of what runs in the block; a limit around it that ends earlier stays in force."""

    # Every call enters two of these, and a generator would cost several times as much.
    __slots__ = ("_seconds", "_token")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._token = _ends_at.set(min(_ends_at.get(), monotonic() + self._seconds))

    def __exit__(self, *_: object) -> None:
        _ends_at.reset(self._token)


def seconds_left() -> float | None:
    """Return what is left of the time limit, as a timeout for a socket: None without one. Raises TimeoutError."""
    left = _left()
    if left <= 0:
        raise TimeoutError("The time limit is over.")
    return None if left == math.inf else left


def retried[T](
    attempt: Callable[[], T],
    is_retryable: Callable[[Exception, int], bool],
    pause: Callable[[float], None],
    seconds: float = PATIENCE_SECONDS,
) -> T:
    """Call `attempt` until it returns, pausing for at most `seconds` in total, within the time limit.

    Raises the error of the last attempt, or the first one that is not retryable. `is_retryable` gets the error and the
    attempt's number, from 1; `pause` waits a number of seconds.
    """
    number, paused = 1, 0.0
    while True:
        try:
            return attempt()
        except Exception as exc:
            if not is_retryable(exc, number):
                raise
            wait = full_jitter(number)
            if paused + wait > seconds or wait >= _left():
                raise
        pause(wait)
        number, paused = number + 1, paused + wait


def full_jitter(attempt: int) -> float:
    """Draw the seconds to wait after an attempt, numbered from 1: between zero and a bound that doubles."""
    # The system's source: instances restored from one SnapStart snapshot share the state of any other generator.
    return random.SystemRandom().uniform(0, min(_BASE_SECONDS * 2**attempt, _MAX_SECONDS))


def _left() -> float:
    return _ends_at.get() - monotonic()
