"""The one retry loop: bounded attempts, with exponential back-off and full jitter between them.

https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
from collections.abc import Callable
from typing import Final

CALL_ATTEMPTS: Final = 2
"""Attempts of one call to DynamoDB. Each takes up to 3 s (1 s to connect, 2 s to read); two calls fit into 15 s."""

CREDENTIALS_ATTEMPTS: Final = 3
"""Attempts to fetch credentials."""

CONTENTION_ATTEMPTS: Final = 5
"""Attempts of a request that met another transaction or a throttle."""

RACE_ATTEMPTS: Final = 40
"""Attempts to read, decide and write while other writers are faster. They end after about eight seconds."""

_BASE_SECONDS: Final = 0.025
_MAX_SECONDS: Final = 0.4


def retried[T](
    attempt: Callable[[], T],
    attempts: int,
    is_retryable: Callable[[Exception], bool],
    pause: Callable[[float], None],
) -> T:
    """Call `attempt` until it returns, up to `attempts` times.

    Raises what the last attempt raised, and at once what is not retryable. `pause` waits for a number of seconds.
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
    """Draw the seconds to wait after the given attempt, the first being 1: from zero to a bound that doubles."""
    # The system's source: instances that SnapStart makes of one snapshot share the state of every other generator.
    return random.SystemRandom().uniform(0, min(_BASE_SECONDS * 2**attempt, _MAX_SECONDS))
