"""Private local stacks for tests that stop or kill one, and clients of the stack that the whole run shares.

Only two stacks are deployed, from one build: the shared one, and one that is stopped at once and copied by the others.
"""

from collections.abc import Callable, Iterator

import httpx
import pytest
from support.running.local_stack import LocalStack


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> LocalStack:
    """A deployed and stopped stack to copy, because deploying takes longer than most tests."""
    golden = LocalStack(tmp_path_factory.mktemp("deployed") / "state").start()
    assert golden.stop() == 0
    return golden


@pytest.fixture
def make_stack(deployed: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LocalStack]]:
    """Make a stack with its own state: `make_stack()`, `make_stack(auth=True)`. It is killed after the test.

    Make one at a time: all copies share one port.
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
    """A client of the shared stack whose user no other test uses."""
    with stack.client(f"user-of-{request.node.name}") as made:
        yield made


@pytest.fixture
def owner(client: httpx.Client) -> httpx.Client:
    """A client of the shared stack whose user owns one project, `p`."""
    assert client.post("/api/projects", json={"id": "p", "name": "P"}).status_code == 201
    return client
