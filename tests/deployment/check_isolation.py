"""Isolation: what the user of OTHER_TOKEN learns of the projects of TOKEN's user.

The routes and the requests are those of docs/openapi.yaml, so that no new one can be forgotten.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest
from deployment.api import Answer, User, require, require_equal, require_none
from support.project.example_requests import Operation, operations_on_projects

CHARTS: Final[dict[str, Any]] = {"chartCustomizations": {"revenue": {"title": "Revenue"}}}
TABLE: Final = {"fileName": "t.csv", "rawData": [{"month": "2026-01", "region": "EU", "revenue": 1}]}
ABSENT: Final = "verify-absent"
# What the owner sees, before and after.
SEEN: Final = ("", "/config", "/config?sessionId=tab-1", "/config/versions", "/data", "/data/versions")


@pytest.fixture
def filled(owner: User, project: str) -> tuple[str, str]:
    """The id of a project with content under every route, and the id of a file that was announced and not sent."""
    owner.ask(200, "PUT", f"{project}/config", CHARTS, if_none_match="*")
    owner.ask(200, "PUT", f"{project}/config", {"chartCustomizations": {}}, if_match='"1"')
    owner.ask(200, "PUT", f"{project}/config?sessionId=tab-1", CHARTS, if_none_match="*")
    owner.ask(201, "POST", f"{project}/data", {**TABLE, "analysis": {"secret": True}})
    owner.ask(201, "POST", f"{project}/data", {**TABLE, "fileName": "second.csv"})
    form = {"fileName": "f.csv", "contentType": "text/csv", "bytes": 4}
    announced = owner.ask(201, "POST", f"{project}/data/uploads", form)
    return project.rpartition("/")[2], announced.json["uploadId"]


def take(user: User, operation: Operation, project: str, upload: str, **named: str) -> Answer:
    """Send the document's example request."""
    method, path, body, media_type, headers = operation.example(project, upload, **named)
    return user.send(method, path, body, content_type=media_type, **headers)


def told(answer: Answer) -> tuple[Any, ...]:
    """Return all that an answer tells but the request's id."""
    problem = {**answer.json, "instance": ""}
    return answer.status, answer.code, problem, answer.headers.get("cache-control"), answer.headers.get("etag")


def address_of(user: User, project_id: str, new_id: Callable[[User], str]) -> str:
    """Return the address that a project of that id would have, were it this user's."""
    made = user.ask(201, "POST", "/api/projects", {"id": new_id(user), "name": "Mine"}).json
    user.ask(204, "DELETE", f"/api/projects/{made['id']}?permanently=true")
    return f"{made['address'].partition('~')[0]}~{project_id}"


def test_two_users(owner: User, other: User, new_id: Callable[[User], str]) -> None:
    """The two tokens are of different users."""
    owners = [address_of(user, "p", new_id) for user in (owner, other)]
    answer = owner.ask(200, "GET", "/api/limits")
    require(holds=owners[0] != owners[1], otherwise="expected two users: give tokens of two", answer=answer)


def test_every_route(owner: User, other: User, filled: tuple[str, str], new_id: Callable[[User], str]) -> None:
    """On every route, another user's project looks absent, by id and by address, and nothing of it is changed."""
    project_id, upload = filled
    seen = [owner.ask(200, "GET", f"/api/projects/{project_id}{each}") for each in SEEN]
    address = seen[0].json["address"]
    own = address_of(other, project_id, new_id)
    # Each name of the project beside one of the same form that no project has.
    names = {name: name.replace(project_id, ABSENT) for name in (project_id, own, address)}
    faults = [fault for each in operations_on_projects() for fault in leaks(other, each, names, upload)]
    require_none(faults, of=len(operations_on_projects()) * len(names))
    for place, before in zip(SEEN, seen, strict=True):
        after = owner.ask(200, "GET", f"/api/projects/{project_id}{place}")
        require_equal(in_order(after), in_order(before), "what the owner sees", after)


def in_order(answer: Answer) -> Any:
    """Return a document with its members in order: a summary's come in any."""
    return json.loads(json.dumps(answer.json, sort_keys=True))


def leaks(other: User, operation: Operation, names: dict[str, str], upload: str) -> Iterator[str]:
    """Yield how the answers to a stranger differ from those for a project that does not exist."""
    for name, absent in names.items():
        foreign, missing = (take(other, operation, each, upload) for each in (name, absent))
        if foreign.code != "not-found" or told(foreign) != told(missing):
            yield f"{foreign.request}: expected 404 not-found as for an absent project, came {foreign}"


@pytest.fixture
def named(owner: User, other: User, filled: tuple[str, str]) -> dict[str, str]:
    """What paths name of whom the owner lets in: the other user, an invitation and a link."""
    project = f"/api/projects/{filled[0]}"
    invited = [owner.ask(201, "POST", f"{project}/invitations", {"role": "viewer"}).json for _ in range(2)]
    other.ask(200, "POST", "/api/invitations/accept", {"token": invited[0]["token"]})
    return {
        "memberId": owner.ask(200, "GET", f"{project}/members").json["members"][0]["id"],
        "invitationId": invited[1]["invitationId"],
        "linkId": owner.ask(201, "POST", f"{project}/links", {}).json["linkId"],
    }


def test_the_owner(owner: User, filled: tuple[str, str], named: dict[str, str]) -> None:
    """The same requests succeed for the owner, so each refusal above is due to the user."""
    project_id, upload = filled
    # Loads first and deletes last, the project's at the very end.
    order = ("GET", "PUT", "PATCH", "POST", "DELETE")
    operations = sorted(operations_on_projects(), key=lambda each: (order.index(each.method), -len(each.path)))
    address = owner.ask(200, "GET", f"/api/projects/{project_id}").json["address"]
    faults = [fault for each in operations for fault in refusals(owner, each, address, upload, named)]
    require_none(faults, of=len(operations))


def refusals(owner: User, operation: Operation, name: str, upload: str, named: Mapping[str, str]) -> Iterator[str]:
    answer = take(owner, operation, name, upload, **named)
    # No file was sent, which is an error of this upload, not of the request.
    is_unsent = operation.path.endswith("/complete") and answer.status == 422
    # TOKEN need not name a team.
    is_teamless = "/teams/" in operation.path and answer.status in {403, 404}
    if answer.status >= 300 and not is_unsent and not is_teamless:
        yield f"{answer.request}: expected success, came {answer}"


def test_list(owner: User, other: User, project: str, new_id: Callable[[User], str]) -> None:
    """A list has only the caller's projects, even with a cursor from another user's list."""
    owner.ask(201, "POST", "/api/projects", {"id": new_id(owner), "name": "Second"})
    cursor = owner.ask(200, "GET", "/api/projects?limit=1").json["nextCursor"]
    mine = project.rpartition("/")[2].rpartition("-")[0]
    for query in ("", f"?limit=1&cursor={cursor}"):
        listed = other.ask(200, "GET", f"/api/projects{query}")
        leaked = [each["id"] for each in listed.json["projects"] if each["id"].startswith(mine)]
        require_equal(leaked, [], "the owner's projects in the list", listed)


def test_forged_address(other: User, filled: tuple[str, str]) -> None:
    """Addresses of nobody, of forged owners and with path tricks name no project."""
    project_id, _ = filled
    owners = ("", "~", "AA", base64.urlsafe_b64encode(b"nobody").decode(), "..", "%00", "*", "YQ==", "Yh")
    faults = []
    for owner in owners:
        answer = other.send("GET", f"/api/projects/{owner}~{project_id}/config")
        if not 400 <= answer.status < 500:
            faults.append(f"{answer.request}: expected to be refused, came {answer}")
    require_none(faults, of=len(owners))
