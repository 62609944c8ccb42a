"""Every route, called by another user: the owner's project is neither seen nor changed, and looks nonexistent.

The routes are those of docs/openapi.yaml, so that no new one can be forgotten.
"""

import base64
from collections.abc import Callable, Mapping
from functools import partial

import pytest
from support.handlers.http_api import Client, Reply
from support.handlers.sharing import TEAM_CLAIM, Person, id_of, let_in, with_teams
from support.handlers.world import CONFIG, TABLE
from support.project.example_requests import Operation, operations_on_projects

from dashboard_store.settings import Settings

OPERATIONS = operations_on_projects()
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
PROJECT = "/api/projects/mine"
SEEN = (
    PROJECT,
    f"{PROJECT}/config",
    f"{PROJECT}/config?sessionId=tab-1",
    f"{PROJECT}/config/versions",
    f"{PROJECT}/data",
    f"{PROJECT}/data/versions",
)


@pytest.fixture
def owner(user: str, connect: Callable[[Settings], None], settings: Settings) -> Client:
    """A user with content under every route: two versions of config and data, and a draft."""
    connect(with_teams(settings))
    client = Person(user, {TEAM_CLAIM: ["team"]})
    client.post("/api/projects", {"id": "mine", "name": "Mine", "settings": {"dashboardConfig": CONFIG}})
    client.put(f"{PROJECT}/config", {"chartCustomizations": {}}, if_match='"1"')
    client.put(f"{PROJECT}/config?sessionId=tab-1", CONFIG, if_none_match="*")
    client.post(f"{PROJECT}/data", {**TABLE, "analysis": {"secret": True}})
    client.post(f"{PROJECT}/data", {**TABLE, "fileName": "second.csv"})
    return client


def address(owner: Client, project_id: str) -> str:
    return f"{base64.urlsafe_b64encode(owner.user.encode()).decode().rstrip('=')}~{project_id}"


def take(user: Client, operation: Operation, project: str, parts: Mapping[str, str]) -> Reply:
    """Send the document's example request."""
    method, path, body, media_type, headers = operation.example(project, **parts)
    return user.request(method, path, body, content_type=media_type, **headers)


@pytest.fixture
def parts(owner: Client) -> Mapping[str, str]:
    """What paths name within the owner's project: a file that was announced and not sent, and who is let in."""
    form = {"fileName": "f.csv", "contentType": "text/csv", "bytes": 4}
    member = Client("a-member")
    let_in(owner, member, "viewer", "mine")
    owner.put(f"{PROJECT}/teams/team", {"role": "viewer"})
    return {
        "upload": owner.post(f"{PROJECT}/data/uploads", form).json["uploadId"],
        "memberId": id_of(member, owner, "mine"),
        "team": "team",
        "invitationId": owner.post(f"{PROJECT}/invitations", {"role": "viewer"}).json["invitationId"],
        "linkId": owner.post(f"{PROJECT}/links", {}).json["linkId"],
    }


@every_operation
def test_another_users_project_looks_absent(owner: Client, parts: Mapping[str, str], operation: Operation) -> None:
    """The response is that for a nonexistent project, except for the request's id; the owner's content is unchanged."""
    before = [owner.get(url).json for url in SEEN]
    stranger = Client("another-user")
    names: list[Callable[[str], str]] = [str, partial(address, stranger), partial(address, owner)]
    for name in names:
        foreign, absent = (take(stranger, operation, name(project), parts) for project in ("mine", "nowhere"))
        assert (foreign.status, foreign.code) == (404, "not-found")
        assert foreign.problem == absent.problem
        assert {**foreign.headers, "x-request-id": ""} == {**absent.headers, "x-request-id": ""}
    assert [owner.get(url).json for url in SEEN] == before


@every_operation
@pytest.mark.parametrize("name", ["id", "address"])
def test_the_owner_is_served(owner: Client, parts: Mapping[str, str], operation: Operation, name: str) -> None:
    """The requests that another user is refused are valid: they succeed for the owner, by id and by address."""
    reply = take(owner, operation, "mine" if name == "id" else address(owner, "mine"), parts)
    # No file was sent, which is an error of this upload, not of the request.
    is_completion = operation.path.endswith("/complete")
    assert reply.status < 300 or (is_completion and reply.status == 422), reply.body


def test_a_list_has_only_the_callers_projects(owner: Client) -> None:
    """A list has only the caller's projects, even with a cursor from another user's list."""
    owner.post("/api/projects", {"id": "other", "name": "Other"})
    cursor = owner.get("/api/projects?limit=1").json["nextCursor"]
    stranger = Client("another-user")
    for url in ("/api/projects", f"/api/projects?limit=1&cursor={cursor}"):
        assert stranger.get(url).json == {"projects": [], "nextCursor": None}


@pytest.mark.parametrize("name", ["a" * 129, "a" * 4_096, "a.b", "a b", 'a"b', "a`b"])
def test_an_invalid_id_is_an_absent_project(client: Client, name: str) -> None:
    """An id that no project can have is answered like one that no project has, at every kind of URL."""
    absent = client.get("/api/projects/absent/config")
    for rest in ("", "/config", "/config/versions", "/data"):
        reply = client.get(f"/api/projects/{name}{rest}")
        assert (reply.status, reply.json["detail"]) == (absent.status, absent.json["detail"])
    client.post("/api/projects", {"id": "mine", "name": "Mine"})
    assert client.post(f"/api/projects/mine/data/uploads/{name}/complete", {}).status == 404
