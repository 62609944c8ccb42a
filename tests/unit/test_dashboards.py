"""The generated dashboards of the benchmarks and tests."""

import zlib

import pytest

from dashboard_store.documents.json_text import compact
from local.dashboards import dashboard


@pytest.mark.parametrize(("size", "kilobytes", "times"), [("medium", 20, 5), ("large", 200, 7)])
def test_dashboards_compress_as_saved_ones_do(size: str, kilobytes: int, times: int) -> None:
    """Dashboards of 20 KB compress about five times, and those of 200 KB seven times, for any seed."""
    for seed in range(5):
        text = compact(dashboard(size, seed)).encode()
        assert len(text) == pytest.approx(kilobytes * 1_000, rel=0.1)
        assert len(text) / len(zlib.compress(text, 6)) == pytest.approx(times, rel=0.1)


def test_a_seed_determines_a_dashboard() -> None:
    """The same seed gives the same dashboard, and another one a different dashboard."""
    assert dashboard("small", 3) == dashboard("small", 3) != dashboard("small", 4)
