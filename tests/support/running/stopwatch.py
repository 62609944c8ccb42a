"""Time that passes only when a test says so, for time limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from dashboard_store import retry


class Stopwatch:
    """Shows how many seconds of pauses it took, and takes none."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.seconds += seconds


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measure the time limits in the block with a stopwatch."""
    watch = Stopwatch()
    with mock.patch.object(retry, "monotonic", watch):
        yield watch
