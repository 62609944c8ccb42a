"""The request units of live connections in docs/performance.md are those that the engine counts."""

from benchmarks import live, month


def test_the_units_of_live_connections_are_those_that_are_stated() -> None:
    """Each event of a save and of a connection takes the requests and units from which the pages compute a month."""
    assert live.measure() == live.stated(month.PERFORMANCE.read_text())
