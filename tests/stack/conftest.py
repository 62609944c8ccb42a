"""Local stacks for tests: one that a whole run shares, and some of their own for tests that stop or kill them.

All of them deploy the same build: the first to start makes it, under a lock.
"""

from collections.abc import Callable, Iterator

import httpx
import pytest
from support.local_stack import LocalStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The stack that most tests share. Use a user of your own: its data lasts as long as the run."""
    shared = LocalStack(tmp_path_factory.mktemp("stack") / "state").start()
    yield shared
    assert shared.stop() == 0


@pytest.fixture
def make_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LocalStack]]:
    """Make stacks with a state of their own: `make_stack()`, `make_stack(auth=True)`. None outlives the test."""
    made: list[LocalStack] = []

    def make(*, auth: bool = False, port: int | None = None) -> LocalStack:
        made.append(LocalStack(tmp_path_factory.mktemp("own-stack") / "state", auth=auth, port=port))
        return made[-1]

    yield make
    for each in made:
        each.kill()


@pytest.fixture
def client(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of the shared stack for a user that no other test has."""
    with stack.client(f"user-of-{request.node.name}") as made:
        yield made
