"""Ends a request that Lambda would otherwise end, while there is still time for a response and a log line.

A function that is killed for its time-out answers nothing, and no metric says whose request it was: one user's slow
request would look like a broken version, and stop its rollout.
"""

import signal
import threading
from typing import Final

ANSWER_SECONDS: Final = 1
"""The part of a function's time in which it no longer handles its request, only responds."""


class OutOfTime(Exception):  # noqa: N818 - the outcome of a request
    """A request computed for too long. Storage has limits of its own, which end earlier (see `retry`)."""


def prepare() -> None:
    """Take over SIGALRM, once in a process, because doing it for each request would cost more than all else here."""
    if _can_be_interrupted():
        signal.signal(signal.SIGALRM, _expire)


class watched:  # noqa: N801 - read as a verb: `with watched(seconds):`
    """Raise OutOfTime in the block once it has run for so many seconds, wherever it is.

    Only in the main thread, in which Lambda calls functions: Python runs a signal's handler in no other one.
    """

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float) -> None:
        # Zero would disarm the timer.
        self._seconds = max(seconds, 0.001)

    def __enter__(self) -> None:
        if _can_be_interrupted():
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        if _can_be_interrupted():
            signal.setitimer(signal.ITIMER_REAL, 0)


def _can_be_interrupted() -> bool:
    return threading.get_ident() == threading.main_thread().ident


def _expire(*_: object) -> None:
    raise OutOfTime("The request took too long.")
