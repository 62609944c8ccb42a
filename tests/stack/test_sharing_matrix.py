"""Every role, route and state of docs/sharing.md's table, by HTTP; and that nobody sees what their role does not show.

Each state has a project of its own, shared with a user for each role. What only some may see is a canary: a text that
occurs nowhere else, which is looked for in headers and bodies of all answers.
"""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import pytest
from support.handlers.sharing import team_in_path
from support.project.example_requests import Operation, all_operations
from support.project.openapi import NOTHING, sharing_routes, sharing_states
from support.project.sharing_table import LINKS, RESTORE, ROLES, STATES, Cell, cells
from support.running.local_stack import NO_TLS, LocalStack
from support.running.tokens import Tokens

EDITORS: Final = "editors & EU"
VIEWERS: Final = "a%20b"
SPARE: Final = "spare"
TEAMS: Final = {
    "owner": (EDITORS, VIEWERS, SPARE),
    "both": (EDITORS,),
    "team editor": (EDITORS,),
    "team viewer": ("x", VIEWERS),
}
"""The teams that the tokens of a role name; those of another state have others."""
TABLE: Final = {"fileName": "sales.csv", "rawData": [{"month": "2026-01", "region": "EU", "revenue": 1200}]}
FILE: Final = b"month,revenue\n2026-03,1\n"
OPERATIONS: Final = {(each.method, each.path): each for each in all_operations()}
RUN: Final = secrets.token_hex(4)
"""Tells the users of this run from those of others on the same stack."""

PUBLIC: Final = ("/api/links/{token}/config", "/api/links/{token}/data", "/api/health")
SIGNED_IN: Final = tuple(role for role in ROLES if role not in LINKS)


def charts(*titles: str) -> dict[str, Any]:
    return {"chartCustomizations": {f"c{number}": {"title": title} for number, title in enumerate(titles)}}


@dataclass
class World:
    """The project of a state, and those who use it; `known` holds the ids and secrets that requests name."""

    state: str
    people: dict[str, httpx.Client]
    project: str
    known: dict[str, str] = field(default_factory=dict)
    life: str = ""
    """Tells a project that is made again from the one before."""
    listed: dict[str, httpx.Response] = field(default_factory=dict)
    """What the list of shared projects showed each role."""

    @property
    def url(self) -> str:
        return f"/api/projects/{self.project}"

    @property
    def owner(self) -> httpx.Client:
        return self.people["owner"]

    def canary(self, name: str) -> str:
        """Return a text that occurs nowhere else."""
        return f"canary {name} of {self.state}{self.life} {RUN}".replace(" ", "-")

    def name_of(self, who: str) -> str:
        """Return the name that somebody's token gives them."""
        return f"canary name of {who} in {self.state} {RUN}".replace(" ", "-")


def done(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url} {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


# -- making a project of each state --


def fill(world: World) -> None:
    """Create the project: three versions of its config, of which the second changed what the third did not."""
    owner, canary = world.owner, world.canary
    own = {"id": "p", "name": "P", "settings": {"tags": [canary("settings")]}}
    own["settings"] |= {"dashboardConfig": charts(canary("first config"), "b")}  # type: ignore[operator]
    world.project = done(owner.post("/api/projects", json=own))["address"]
    for version, titles in enumerate([("a", "b"), ("a", canary("newest config"))], start=1):
        query = {"message": canary("message")}
        headers = {"If-Match": f'"{version}"'}
        done(owner.put(f"{world.url}/config", params=query, json=charts(*titles), headers=headers))
    draft = {"sessionId": "tab"}
    done(
        owner.put(
            f"{world.url}/config", params=draft, json=charts(canary("draft of owner")), headers={"If-None-Match": "*"}
        )
    )
    for name in ("older table", "newest table"):
        table = {**TABLE, "fileName": f"{canary(name)}.csv", "analysis": {"summary": canary(f"analysis of the {name}")}}
        done(owner.post(f"{world.url}/data", json=table))
    announced = done(
        owner.post(f"{world.url}/data/uploads", json={"fileName": "f.csv", "contentType": "text/csv", "bytes": 99})
    )
    sent = httpx.post(announced["url"], data=announced["fields"], files={"file": FILE}, verify=NO_TLS)
    assert sent.is_success, sent.text
    world.known["uploadId"] = announced["uploadId"]


def draft_of(world: World, role: str) -> None:
    """Save somebody's draft of the session `tab`."""
    draft = charts(world.canary(f"draft of {role}"))
    url = f"{world.url}/config?sessionId=tab"
    done(world.people[role].put(url, json=draft, headers={"If-None-Match": "*"}))


def share(world: World) -> None:
    """Let everybody in, and one person out again."""
    owner = world.owner
    for team, role in ((EDITORS, "editor"), (VIEWERS, "viewer")):
        done(owner.put(f"{world.url}/teams/{team_in_path(team_of(world.state, team))}", json={"role": role}))
    world.known["old"] = invite(world, "viewer", uses=9)
    for role, granted in (("editor", "editor"), ("viewer", "viewer"), ("both", "viewer"), ("former member", "editor")):
        let_in(world, role, granted)
    done(owner.delete(f"{world.url}/members/{world.known['id of former member']}"))
    for role in ("editor", "both", "team editor"):
        draft_of(world, role)
    for role in ("owner", "team editor", "team viewer"):
        world.known[f"id of {role}"] = done(world.people[role].get(f"{world.url}/members"))["you"]
    world.known["id of stranger"] = world.known["id of former member"]
    world.known["invitation"] = invite(world, "viewer", uses=50)
    for name, body in (("link", {}), ("pinned link", {"version": 1}), ("old link", {})):
        made = done(owner.post(f"{world.url}/links", json=body))
        world.known[name] = made["token"]
    done(owner.delete(f"{world.url}/links/{made['linkId']}"))


def provide(world: World) -> None:
    """Make what the owner's requests end: a member, a team, an invitation and a link."""
    let_in(world, SPARE, "viewer")
    done(world.owner.put(f"{world.url}/teams/{team_in_path(team_of(world.state, SPARE))}", json={"role": "viewer"}))
    made = done(world.owner.post(f"{world.url}/invitations", json={"role": "viewer"}))
    world.known |= {"invitationId": made["invitationId"], "spare invitation": made["token"]}
    made = done(world.owner.post(f"{world.url}/links", json={}))
    world.known |= {"linkId": made["linkId"], "spare link": made["token"]}


def invite(world: World, role: str, uses: int = 1) -> str:
    made = done(world.owner.post(f"{world.url}/invitations", json={"role": role, "uses": uses}))
    return str(made["token"])


def let_in(world: World, who: str, role: str) -> None:
    person = world.people[who]
    done(person.post("/api/invitations/accept", json={"token": invite(world, role)}))
    world.known[f"id of {who}"] = done(person.get(f"{world.url}/members"))["you"]


def become(world: World) -> None:
    """Bring the project into its state."""
    owner = world.owner
    if world.state in {"deleted", "restored"}:
        done(owner.delete(world.url))
    if world.state == "restored":
        done(owner.post(f"{world.url}/restore"))
    if world.state in {"purged", "made again"}:
        done(owner.delete(world.url, params={"permanently": "true"}))
        deadline = time.monotonic() + 60
        while done(owner.get("/api/usage"))["projects"]["used"]:
            assert time.monotonic() < deadline, "the project was not purged in time"
            time.sleep(0.2)
    if world.state == "made again":
        world.life = " again"
        fill(world)
    if world.state in LIVE:
        provide(world)


# -- sending the requests of the table --

LIVE: Final = ("there", "restored", "made again")

# Reads come before anything that changes what they show, and whatever takes access away after all that needs it.
ORDER: Final = (
    "GET ",
    "POST /api/invitations/preview",
    "POST /api/live",
    "POST …/config/versions/{version}/undo",
    "POST …/config",
    "PATCH …/config",
    "PUT …/data/customizations",
    "PUT …/config",
    "DELETE …/config",
    "PUT …/data/analysis",
    "POST …/data/uploads/{uploadId}/complete",
    "POST …/data",
    "PUT …/data/schema",
    "POST …/data/versions/{version}/restore",
    "POST /api/projects",
    "PATCH …",
    "PUT …",
    "POST …/invitations",
    "POST …/links",
    "DELETE …/",
    "POST …/restore",
)
_END_ACCESS: Final = ("DELETE …", "DELETE …/members/{memberId}", "POST /api/invitations/accept")


def place(cell: Cell) -> tuple[int, ...]:
    """Return when a cell's request is sent, among those of its state."""
    route = f"{cell.row.method} {cell.row.path}".replace("/api/projects/{projectId}", "…")
    is_owners = cell.role == "owner"
    if route in _END_ACCESS:
        # One's own membership after those of others, and the project last of all.
        step = 3 if route == "DELETE …" and is_owners else _END_ACCESS.index(route)
        return 1, step, cell.row.which == "oneself"
    if cell.row.path == RESTORE and cell.state == "deleted" and is_owners:
        return (2,)
    return 0, next(number for number, beginning in enumerate(ORDER) if route.startswith(beginning))


def bodies(world: World) -> dict[tuple[str, str, str], Any]:
    """Return the bodies of those requests for which the example of the document is not valid."""
    invitation, old = {"token": world.known["invitation"]}, {"token": world.known["old"]}
    project = "/api/projects/{projectId}"
    file = {"fileName": "f.csv", "contentType": "text/csv", "bytes": 10}
    return {
        ("POST", "/api/projects", ""): {"name": "Own"},
        ("POST", "/api/projects", "copy"): {"copyOf": world.project, "name": "Copy"},
        ("PATCH", project, "settings"): {"settings": {"tags": ["new"]}},
        ("PUT", f"{project}/data/schema", ""): {"columns": {"revenue": {"type": "number"}}},
        ("POST", f"{project}/data/uploads", ""): file,
        ("POST", "/api/invitations/preview", ""): invitation,
        ("POST", "/api/invitations/preview", "old"): old,
        ("POST", "/api/invitations/accept", ""): invitation,
        ("POST", "/api/invitations/accept", "old"): old,
    }


def names(world: World, cell: Cell) -> dict[str, str]:
    """Return what the path names beside the project and the upload."""
    member = world.known[f"id of {cell.role}"] if cell.row.which == "oneself" else world.known.get(f"id of {SPARE}")
    token = {"token": world.known[cell.role]} if cell.role in LINKS else {}
    own = {"invitationId": "none", "linkId": "none", **world.known}
    if cell.row.path.endswith("/data/versions/{version}/restore"):
        # Not the older table, which everybody would see from then on.
        own["version"] = "2"
    return {**own, "memberId": member or world.known["id of editor"], "team": team_of(world.state, SPARE), **token}


def send(world: World, cell: Cell) -> httpx.Response:
    """Send the request of a cell: the document's example, or another one that is valid here."""
    row = cell.row
    operation: Operation = OPERATIONS[row.method, row.path]
    example = operation.example(world.project, world.known["uploadId"], **names(world, cell))
    method, path, body, media_type, headers = example
    body = bodies(world).get((row.method, row.path, row.which), body)
    if row.which == "draft":
        path += "?sessionId=tab"
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        sent["Content-Type"] = media_type
    content = None if body is None else json.dumps(body).encode()
    return world.people[cell.role].request(method, path, content=content, headers=sent)


@dataclass(frozen=True)
class Answer:
    """What a cell's request was answered, and what one of its role must not see."""

    cell: Cell
    answer: httpx.Response

    @property
    def given(self) -> str:
        """The answer as the table writes it."""
        return "yes" if self.answer.status_code < 300 else str(self.answer.status_code)


@dataclass(frozen=True)
class Matrix:
    worlds: Mapping[str, World]
    answers: Mapping[str, list[Answer]]

    def of(self, state: str, role: str) -> list[Answer]:
        return [each for each in self.answers[state] if each.cell.role == role]


@pytest.fixture(scope="module")
def matrix(stack: LocalStack) -> Iterator[Matrix]:
    """All answers: the states at once, and in each one request after the other."""
    tokens = Tokens(stack)
    with ExitStack() as opened:

        def world(state: str) -> World:
            people = {who: opened.enter_context(client(tokens, state, who)) for who in (*ROLES, SPARE)}
            return World(state, people, "")

        worlds = {state: world(state) for state in STATES}
        with ThreadPoolExecutor(len(STATES)) as pool:
            answers = dict(zip(STATES, pool.map(asked, worlds.values()), strict=True))
        yield Matrix(worlds, answers)


def client(tokens: Tokens, state: str, who: str) -> httpx.Client:
    if who in LINKS:
        return httpx.Client(base_url=tokens.url, timeout=60, verify=NO_TLS)
    teams = [team_of(state, team) for team in TEAMS.get(who, ())]
    user = f"canary user {who} of {state} {RUN}".replace(" ", "-")
    return tokens.client(user, groups=teams, name=World(state, {}, "").name_of(who))


def team_of(state: str, team: str) -> str:
    return f"{team} {state} {RUN}"


def asked(world: World) -> list[Answer]:
    """Make the project of a state and send every request of the table."""
    fill(world)
    share(world)
    become(world)
    for role in SIGNED_IN:
        world.listed[role] = world.people[role].get("/api/projects", params={"scope": "shared"})
    wanted = [cell for cell in cells(world.state) if cell.expected != NOTHING]
    return [Answer(cell, send(world, cell)) for cell in sorted(wanted, key=place)]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", STATES)
def test_every_cell_of_the_table_holds(matrix: Matrix, state: str, role: str) -> None:
    """Each request is answered as the table says, and a refusal says nothing else than that."""
    answers = matrix.of(state, role)
    assert answers
    wrong = [
        f"{each.cell.name}: {each.given}, not {each.cell.expected}: {each.answer.text[:300]}"
        for each in answers
        if each.given != each.cell.expected
    ]
    assert not wrong, "\n".join(wrong)
    for each in answers:
        if each.given in {"403", "404"}:
            code = {"403": "forbidden", "404": "not-found"}[each.given]
            assert each.answer.json()["type"] == f"urn:problem:{code}", each.cell.name


def test_the_table_is_complete(matrix: Matrix) -> None:
    """It has every operation of the document and every state, and all of its requests were sent."""
    assert {(row.method, row.path) for row in sharing_routes()} == set(OPERATIONS)
    assert set(STATES) == set(sharing_states())
    assert sum(map(len, matrix.answers.values())) > 1_800


def test_a_link_opens_nothing_else(matrix: Matrix) -> None:
    """Every other route is 401 with no token, and with that of a link in its place."""
    world = matrix.worlds["there"]
    for operation in OPERATIONS.values():
        if operation.path not in PUBLIC:
            example = operation.example(world.project, world.known["uploadId"], token=world.known["link"])
            for header in ({}, {"Authorization": f"Bearer {world.known['link']}"}):
                answer = world.people["link"].request(example.method, example.path, json=example.body, headers=header)
                assert answer.status_code == 401, example.path


@pytest.mark.parametrize("state", STATES)
def test_the_list_shows_what_one_may_open(matrix: Matrix, state: str) -> None:
    """The list of shared projects has the project for those alone who may open it, with their role."""
    (row,) = (each for each in sharing_routes() if (each.method, each.path) == ("GET", "/api/projects/{projectId}"))
    for role, answer in matrix.worlds[state].listed.items():
        may_open = role != "owner" and Cell(row, role, state).expected == "yes"
        shown = [each["role"] for each in done(answer)["projects"]]
        assert shown == ([ROLES[role][0]] if may_open else []), role


# -- what nobody may see --

CANARY: Final = re.compile(r"canary-[\w'-]+")
_OF_VIEWERS: Final = ("settings", "newest config", "newest table", "analysis of the newest table")
_OF_EDITORS: Final = (*_OF_VIEWERS, "first config", "message", "older table", "analysis of the older table")
_NAMED: Final = ("owner", "editor", "viewer", "both", "team editor", SPARE)


def seen(world: World, each: Answer) -> set[str]:
    """Return the canaries that an answer may have."""
    column = ROLES[each.cell.role][0]
    # Who accepts an invitation may view the project from then on.
    if column in {"stranger", "former"} and each.cell.row.path.endswith("/accept"):
        column = "viewer"
    of_role = {
        "link": ("newest table", "first config" if each.cell.role == "pinned link" else "newest config"),
        "viewer": _OF_VIEWERS,
        "editor": (*_OF_EDITORS, f"draft of {each.cell.role}"),
        "owner": (*_OF_EDITORS, f"draft of {each.cell.role}"),
    }
    names = _NAMED if column in {"editor", "owner"} else () if each.cell.role in LINKS else ("owner", each.cell.role)
    return {*map(world.canary, of_role.get(column, ())), *map(world.name_of, names)}


def text_of(answer: httpx.Response) -> str:
    """Return all that an answer says: headers, and the body without its encoding."""
    return f"{answer.headers}\n{answer.text}"


@pytest.mark.parametrize("state", STATES)
def test_no_answer_has_what_its_role_must_not_see(matrix: Matrix, state: str) -> None:
    """No answer has a text of a version, a draft, a person or the settings that is not for its role; a refusal none."""
    world = matrix.worlds[state]
    for each in matrix.answers[state]:
        found = set(CANARY.findall(text_of(each.answer)))
        allowed = seen(world, each) if each.given == "yes" else set()
        assert found <= allowed, f"{each.cell.name}: {found - allowed}"
    for role, answer in world.listed.items():
        found, allowed = set(CANARY.findall(text_of(answer))), {world.name_of("owner"), world.canary("newest table")}
        assert found <= allowed, f"the list of {role}: {found - allowed}"


def test_the_canaries_are_seen_by_those_who_may(matrix: Matrix) -> None:
    """Every canary is found in some answer, so those that are not found are not missing for another reason."""
    world = matrix.worlds["there"]
    for role, wanted in {
        "owner": (*_OF_EDITORS, "draft of owner"),
        "editor": (*_OF_EDITORS, "draft of editor"),
        "team viewer": _OF_VIEWERS,
        "link": ("newest config", "newest table"),
        "pinned link": ("first config", "newest table"),
    }.items():
        texts = "".join(text_of(each.answer) for each in matrix.of("there", role))
        missing = [name for name in wanted if world.canary(name) not in texts]
        assert not missing, role
    texts = "".join(text_of(each.answer) for each in matrix.of("there", "team editor"))
    assert [name for name in _NAMED if world.name_of(name) not in texts] == []


@pytest.mark.parametrize("state", STATES)
def test_no_answer_has_a_secret_or_an_id_of_others(matrix: Matrix, state: str) -> None:
    """Tokens are shown when they are made and never again, and ids of members, invitations and links as is promised.

    On links and to strangers, nothing names the owner.
    """
    known = matrix.worlds[state].known
    tokens = {name: known[name] for name in ("old", "invitation", "link", "pinned link", "old link")}
    tokens |= {name: known[name] for name in ("spare invitation", "spare link") if name in known}
    people = {name: value for name, value in known.items() if name.startswith("id of ")}
    places = {name: value for name, value in known.items() if name in {"invitationId", "linkId"}}
    owner, _, _ = matrix.worlds[state].project.partition("~")
    for each in matrix.answers[state]:
        column, text = ROLES[each.cell.role][0], text_of(each.answer)
        hidden = dict(tokens)
        if column != "owner":
            hidden |= places
        if column == "viewer":
            hidden |= {
                name: value for name, value in people.items() if name not in {"id of owner", f"id of {each.cell.role}"}
            }
        if column in {"stranger", "former", "link", "old link"} and not each.cell.row.path.endswith("/accept"):
            hidden |= {**people, "the owner": owner}
        assert not [name for name, value in hidden.items() if value in text], each.cell.name


def test_downloads_have_what_their_role_shows(stack: LocalStack) -> None:
    """A presigned download has the newest table and nothing else; those of a link do not name the owner's folder."""
    tokens = Tokens(stack)
    user = f"canary user large {RUN}".replace(" ", "-")
    newest = {"fileName": "t.json", "rawData": [{"text": f"newest {number} {'x' * 900}"} for number in range(4_500)]}
    older = {
        "fileName": "t.json",
        "rawData": [{"text": f"canary-older {RUN}"}],
        "analysis": {"summary": "canary-older"},
    }
    with (
        tokens.client(user) as owner,
        tokens.client(f"viewer {RUN}") as viewer,
        httpx.Client(base_url=stack.url, verify=NO_TLS) as anybody,
    ):
        project = done(owner.post("/api/projects", json={"name": "Large"}))["address"]
        for table in (older, newest):
            done(owner.post(f"/api/projects/{project}/data", json=table))
        made = done(owner.post(f"/api/projects/{project}/invitations", json={"role": "viewer"}))
        done(viewer.post("/api/invitations/accept", json={"token": made["token"]}))
        link = done(owner.post(f"/api/projects/{project}/links", json={}))["token"]
        folder = hashlib.sha256(user.encode()).hexdigest()
        for client, url in ((viewer, f"/api/projects/{project}/data"), (anybody, f"/api/links/{link}/data")):
            shown = client.get(url)
            assert done(shown)["rawData"] is None
            redirect = client.get(url, params={"format": "csv"})
            assert redirect.status_code == 302
            for place in (shown.json()["rawDataUrl"], redirect.headers["location"]):
                downloaded = httpx.get(place, verify=NO_TLS)
                assert downloaded.is_success
                assert "newest 4499" in downloaded.text
                assert "canary" not in text_of(downloaded) + place
                assert client is viewer or folder not in place


@pytest.mark.parametrize(
    "team", ["a b", "a%20b", "a/b", "/sales", "a?b", "a#b", "100%", "groß", "a+b", "a;b", "%2F", "a%2520b"]
)
def test_teams_of_any_name_are_let_in(stack: LocalStack, team: str) -> None:
    """A name that is encoded twice is that team, whatever it contains: it can be let in, lets in and can be removed."""
    tokens = Tokens(stack)
    with (
        tokens.client(f"owner of {team} {RUN}", groups=[team]) as owner,
        tokens.client(f"member {RUN}", groups=team) as member,
    ):
        project = done(owner.post("/api/projects", json={"name": "P"}))
        url = f"/api/projects/{project['address']}"
        place = f"{url}/teams/{team_in_path(team)}"
        assert done(owner.put(place, json={"role": "viewer"}))["name"] == team
        assert member.get(url).status_code == 200
        assert owner.delete(place).status_code == 204
        assert member.get(url).status_code == 404
