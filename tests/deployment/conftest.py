"""The two users of a verification, and the projects that they make and that are removed at its end."""

import secrets
from collections.abc import Callable, Iterator

import pytest
from deployment.api import Deployment, Pace, UnexpectedError, User
from deployment.plugin import VERIFICATION, Verification


@pytest.fixture(scope="session")
def verification(pytestconfig: pytest.Config) -> Verification:
    return pytestconfig.stash[VERIFICATION]


@pytest.fixture(scope="session")
def deployment(verification: Verification) -> Deployment:
    return verification.deployment


@pytest.fixture(scope="session")
def origin(verification: Verification) -> str:
    """The origin of a page that may call the API."""
    return verification.given("ORIGIN", "the origin of a page that may call the API, such as https://app.example.com")


@pytest.fixture(scope="session")
def limits(verification: Verification, deployment: Deployment) -> dict[str, int]:
    """The deployment's limits, by name."""
    headers = {"authorization": f"Bearer {verification.tokens[0]}"}
    found: dict[str, int] = deployment.send("GET", "/api/limits", headers=headers).expect(200).json
    return found


@pytest.fixture(scope="session")
def owner(verification: Verification, limits: dict[str, int]) -> User:
    """The user of TOKEN, who owns the projects."""
    return User(verification.deployment, verification.tokens[0], Pace(limits["writesPerMinute"]))


@pytest.fixture(scope="session")
def other(verification: Verification, limits: dict[str, int]) -> User:
    """The user of OTHER_TOKEN."""
    return User(verification.deployment, verification.tokens[1], Pace(limits["writesPerMinute"]))


@pytest.fixture(scope="session")
def new_id(verification: Verification) -> Iterator[Callable[[User], str]]:
    """Make ids of projects, which begin with one random prefix; the projects are deleted permanently at the end."""
    made: list[tuple[User, str]] = []
    prefix = f"verify-{secrets.token_hex(4)}"

    def make(user: User) -> str:
        made.append((user, f"{prefix}-{len(made)}"))
        return made[-1][1]

    yield make
    verification.projects_left += [project_id for user, project_id in made if not _removed(user, project_id)]


def _removed(user: User, project_id: str) -> bool:
    """Delete a project permanently, also one that was deleted before or never made; return whether it is gone."""
    try:
        return user.send("DELETE", f"/api/projects/{project_id}?permanently=true").status in {204, 404}
    except UnexpectedError:
        return False


@pytest.fixture
def project(owner: User, new_id: Callable[[User], str]) -> str:
    """The path of a new, empty project of the owner."""
    name = new_id(owner)
    owner.ask(201, "POST", "/api/projects", {"id": name, "name": "Verification"})
    return f"/api/projects/{name}"
