"""A minute of three devices of two users in real browsers that are killed; `make prove PART=browser` runs thousands."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from devices.run import REDUCED, UNLIMITED, run
from support.running.local_stack import LocalStack


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    own = LocalStack(tmp_path / "state", parameters=UNLIMITED).start()
    yield own
    assert own.stop() == 0


def test_no_short_run_breaks_a_promise(stack: LocalStack, tmp_path: Path, browser_engine: str) -> None:
    """Every promise of the client holds while requests fail, tabs are reloaded and browsers are killed."""
    outcome = run(stack, tmp_path, browser=browser_engine, operations=REDUCED, seed=1)
    assert not any(outcome.violations.values()), outcome.violations
    assert outcome.done["kill"]
    assert outcome.versions > 0
