"""Three devices of two users, for thousands of operations, in browsers that are killed; and faults that it finds."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from devices.run import REDUCED, UNLIMITED, client_files, run
from support.project.figures import keep
from support.running.local_stack import LocalStack

OPERATIONS: Final = 4_000
FAULTS: Final = {
    "a save in flight counts as saved": (
        ("core.js", 'return "saving";'),
        'return "clean";',
        "clean states that were not",
    ),
    "edits of a closed tab are not taken over": (
        ("document.js", "(await storage.slots(place))"),
        "[]",
        "edits lost",
    ),
    "a load replaces edits": (
        ("core.js", "if (!core.base || !(isDirty(core) || isKnown))"),
        "if (!core.base || !isKnown)",
        "edits lost",
    ),
}
"""A text of a module of the client and what stands in its place, and the promise that this breaks."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    own = LocalStack(tmp_path_factory.mktemp("stack") / "state", parameters=UNLIMITED).start()
    yield own
    assert own.stop() == 0


def test_no_long_run_breaks_a_promise(stack: LocalStack, tmp_path: Path) -> None:
    """Every promise holds for thousands of operations while requests fail and browsers are killed, from a new seed."""
    seed = int(os.environ.get("SEED", str(secrets.randbelow(2**31))))
    outcome = run(stack, tmp_path, browser="chromium", operations=OPERATIONS, seed=seed)
    keep({"seed": str(seed), **outcome.figures()})
    assert not any(outcome.violations.values()), outcome.violations
    assert outcome.done["kill"] > OPERATIONS / 200


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_client_is_found(stack: LocalStack, tmp_path: Path, name: str) -> None:
    """A short run with a deliberate fault in the client finds the promise that it breaks."""
    place, replacement, promise = FAULTS[name]
    client = client_files({place: replacement})
    seed = 1 + list(FAULTS).index(name)
    outcome = run(stack, tmp_path, browser="chromium", operations=REDUCED, seed=seed, client=client)
    assert outcome.violations[promise]
    keep({f"deliberate fault, found: {name}": len(outcome.violations[promise])})
