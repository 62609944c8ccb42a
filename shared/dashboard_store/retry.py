"""The only retry loop: a bounded number of attempts, with exponential back-off and full jitter.

https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
from collections.abc import Callable
from typing import Final

CALL_ATTEMPTS: Final = 2
"""Attempts per call to DynamoDB. Each takes up to 3 s (1 s to connect, 2 s to read); two calls fit into 15 s."""

CREDENTIALS_ATTEMPTS: Final = 3
"""Attempts to fetch credentials."""

CONTENTION_ATTEMPTS: Final = 5
"""Attempts per request that conflicts with another transaction or is throttled."""

RACE_ATTEMPTS: Final = 40
"""Attempts to read, decide and write while other writers win the race. They end after about eight seconds."""

_BASE_SECONDS: Final = 0.025
_MAX_SECONDS: Final = 0.4


def retried[T](
    attempt: Callable[[], T],
    attempts: int,
    is_retryable: Callable[[Exception], bool],
    pause: Callable[[float], None],
) -> T:
    """Call `attempt` until it returns, up to `attempts` times.

    Raises the error of the last attempt, or the first error that is not retryable. `pause` waits a number of seconds.
    """
    for number in range(1, attempts):
        try:
            return attempt()
        except Exception as exc:
            if not is_retryable(exc):
                raise
        pause(full_jitter(number))
    return attempt()


def full_jitter(attempt: int) -> float:
    """Draw the seconds to wait after an attempt, numbered from 1: between zero and a bound that doubles."""
    # The system's source: instances restored from one SnapStart snapshot share the state of any other generator.
    return random.SystemRandom().uniform(0, min(_BASE_SECONDS * 2**attempt, _MAX_SECONDS))
