"""Every route, taken by a second user: nothing of the first one's is seen, changed, or told from what is not there.

The routes are those of docs/openapi.yaml, so that a new one cannot be forgotten.
"""

from typing import Any, NamedTuple

import pytest
import yaml
from support.handlers.http_api import Client, Reply
from support.handlers.world import CONFIG, TABLE
from support.project.template import ROOT

OPENAPI: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
METHODS = ("get", "put", "post", "patch", "delete")


class Operation(NamedTuple):
    """What the document says of a method at a path."""

    method: str
    path: str
    described: dict[str, Any]


OPERATIONS = [
    Operation(method.upper(), path, item[method])
    for path, item in OPENAPI["paths"].items()
    for method in METHODS
    if method in item and "{projectId}" in path
]
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
def owner(client: Client) -> Client:
    """A user who has something under every route: two versions of config and data, a draft, a file on its way."""
    client.post("/api/projects", {"id": "mine", "name": "Mine", "settings": {"dashboardConfig": CONFIG}})
    client.put(f"{PROJECT}/config", {"chartCustomizations": {}}, if_match='"1"')
    client.put(f"{PROJECT}/config?sessionId=tab-1", CONFIG, if_none_match="*")
    client.post(f"{PROJECT}/data", {**TABLE, "analysis": {"secret": True}})
    client.post(f"{PROJECT}/data", {**TABLE, "fileName": "second.csv"})
    return client


def body_of(operation: dict[str, Any]) -> tuple[Any, str]:
    """The first example of a body that the document shows, and its media type."""
    content = operation.get("requestBody", {}).get("content", {})
    media_type = next(iter(content), "application/json")
    examples = content.get(media_type, {}).get("examples", {})
    return next((_resolved(each)["value"] for each in examples.values()), None), media_type


def _resolved(document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in document:
        return document
    found: Any = OPENAPI
    for token in document["$ref"].removeprefix("#/").split("/"):
        found = found[token]
    return _resolved(found)


def take(user: Client, operation: Operation, project: str, upload: str) -> Reply:
    """Send the request that the document shows, in place of whatever is newest."""
    method, path, described = operation
    names = {"{projectId}": project, "{version}": "1", "{other}": "2", "{uploadId}": upload}
    for name, value in names.items():
        path = path.replace(name, value)
    body, media_type = body_of(described)
    guard = {"if_match": "*"} if method in {"PUT", "PATCH", "DELETE"} or "restore" in path else {}
    return user.request(method, path, body, content_type=media_type, **guard)


@pytest.fixture
def upload(owner: Client) -> str:
    """The id of a file that the owner announced and did not send."""
    form = {"fileName": "f.csv", "contentType": "text/csv", "bytes": 4}
    return str(owner.post(f"{PROJECT}/data/uploads", form).json["uploadId"])


@every_operation
def test_what_is_somebody_elses_is_not_there(owner: Client, upload: str, operation: Operation) -> None:
    """The answer is 404 and but for its request's id that for a project that nobody has; the owner's is untouched."""
    before = [owner.get(url).body for url in SEEN]
    stranger = Client("somebody-else")
    foreign, absent = (take(stranger, operation, project, upload) for project in ("mine", "nowhere"))
    assert (foreign.status, foreign.code) == (404, "not-found")
    assert {**foreign.json, "instance": ""} == {**absent.json, "instance": ""}
    assert {**foreign.headers, "x-request-id": ""} == {**absent.headers, "x-request-id": ""}
    assert [owner.get(url).body for url in SEEN] == before


@every_operation
def test_the_owner_is_let_in(owner: Client, upload: str, operation: Operation) -> None:
    """The requests that a stranger is refused are right ones: the owner's go through."""
    reply = take(owner, operation, "mine", upload)
    # No file was sent, which is a fault of this upload and not of the request.
    is_completion = operation.path.endswith("/complete")
    assert reply.status < 300 or (is_completion and reply.status == 422), reply.body


def test_a_list_holds_the_readers_own(owner: Client) -> None:
    """A list of projects is the reader's, whatever cursor somebody else's list gave him."""
    owner.post("/api/projects", {"id": "other", "name": "Other"})
    cursor = owner.get("/api/projects?limit=1").json["nextCursor"]
    stranger = Client("somebody-else")
    for url in ("/api/projects", f"/api/projects?limit=1&cursor={cursor}"):
        assert stranger.get(url).json == {"projects": [], "nextCursor": None}


@pytest.mark.parametrize("name", ["a" * 129, "a" * 4_096, "a.b", "a b", 'a"b', "a`b"])
def test_what_is_no_id_is_an_absent_project(client: Client, name: str) -> None:
    """An id that no project can have is answered as one that no project has, on every kind of address."""
    absent = client.get("/api/projects/absent/config")
    for rest in ("", "/config", "/config/versions", "/data"):
        reply = client.get(f"/api/projects/{name}{rest}")
        assert (reply.status, reply.json["detail"]) == (absent.status, absent.json["detail"])
    client.post("/api/projects", {"id": "mine", "name": "Mine"})
    assert client.post(f"/api/projects/mine/data/uploads/{name}/complete", {}).status == 404
