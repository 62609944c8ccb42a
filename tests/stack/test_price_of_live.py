"""The request units of live connections in docs/performance.md are those that the engine counts."""

from benchmarks import live
from benchmarks.live_units import measure


def test_the_units_of_live_connections_are_those_that_are_stated() -> None:
    """Each event of a connection takes the requests and units from which docs/performance.md computes a month."""
    assert measure() == live.stated(live.PAGE.read_text())
