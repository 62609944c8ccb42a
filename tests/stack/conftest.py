"""Local stacks of their own for tests that stop or kill them, and a client of the one that a whole run shares.

Two are deployed, from one build: the shared one, and one that is stopped at once. The others start from its copies.
"""

from collections.abc import Callable, Iterator

import httpx
import pytest
from support.running.local_stack import LocalStack


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> LocalStack:
    """A stack that was deployed and stopped, to be copied: deploying takes longer than most of what is tested."""
    golden = LocalStack(tmp_path_factory.mktemp("deployed") / "state").start()
    assert golden.stop() == 0
    return golden


@pytest.fixture
def make_stack(deployed: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LocalStack]]:
    """Make a stack with a state of its own: `make_stack()`, `make_stack(auth=True)`. It does not outlive the test.

    One at a time: all of them are copies, which have one port.
    """
    made: list[LocalStack] = []

    def make(*, auth: bool = False) -> LocalStack:
        made.append(deployed.copy(tmp_path_factory.mktemp("own-stack") / "state", auth=auth))
        return made[-1]

    yield make
    for each in made:
        each.kill()


@pytest.fixture
def client(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of the shared stack for a user that no other test has."""
    with stack.client(f"user-of-{request.node.name}") as made:
        yield made
