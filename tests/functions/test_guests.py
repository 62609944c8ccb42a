"""What a guest's requests cost, and that none reaches a project without the grant that lets it in."""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client, Reply, apps, handler_module
from support.handlers.sharing import TEAM_CLAIM, Person, address, let_in, with_teams
from support.project.example_requests import Operation, operations_on_projects
from support.project.openapi import sharing_routes
from support.project.template import http_functions, routes
from support.storage.clients import Answer, Call, Request, Tapped

from dashboard_store.gateway.resolver import Resolver
from dashboard_store.identifiers import ProjectAddress, Role, Team
from dashboard_store.repository import keys
from dashboard_store.settings import Settings

PROJECT = "/api/projects/p"
TABLE_BODY: dict[str, Any] = {"fileName": "sales.csv", "rawData": [{"month": "2026-01", "revenue": 1200}]}
BASE = {"chartCustomizations": {"a": {"n": 1}, "b": {"n": 1}}}
NEWER = {"chartCustomizations": {"a": {"n": 2}, "b": {"n": 1}}}
MINE = {"chartCustomizations": {"a": {"n": 1}, "b": {"n": 3}}}

type Calls = list[tuple[str, Request]]


@dataclass(frozen=True)
class Guests:
    """Those who use the project `p`, by how they were let in."""

    owner: Person
    member: Person
    in_a_team: Person
    through_a_team: Person
    viewer: Person

    @property
    def project(self) -> str:
        return address(self.owner)

    @property
    def address(self) -> ProjectAddress:
        return ProjectAddress(self.owner.user, "p")

    def named(self, name: str) -> Person:
        found: Person = getattr(self, name)
        return found

    def grant(self, name: str) -> dict[str, str]:
        """Return the key of what lets somebody in."""
        if name == "through_a_team":
            return keys.team(self.address, Team("analysts"))
        return keys.member(self.address, self.named(name).user)


EDITORS = ("member", "in_a_team", "through_a_team")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_teams(settings)


@pytest.fixture
def guests(client: Client, user: str, clock: Clock) -> Guests:
    """The project has two versions of its config and a table; one editor's token names a team without a role."""
    owner = Person(client.user, {TEAM_CLAIM: ["analysts"]})
    owner.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": BASE}})
    owner.put(f"{PROJECT}/config", NEWER, if_match='"1"')
    owner.post(f"{PROJECT}/data", TABLE_BODY)
    owner.put(f"{PROJECT}/teams/analysts", {"role": "editor"})
    member, viewer = Person(f"{user}-member"), Person(f"{user}-viewer")
    in_a_team = Person(f"{user}-in-a-team", {TEAM_CLAIM: "another"})
    for person, role in ((member, "editor"), (in_a_team, "editor"), (viewer, "viewer")):
        let_in(owner, person, role)
    # Nobody's writes of before count any more.
    clock.advance(minutes=1)
    return Guests(owner, member, in_a_team, Person(f"{user}-through", {TEAM_CLAIM: "analysts"}), viewer)


# -- round trips and units --

HISTORY = {
    "/config/versions/1": ["TransactGetItems"],
    "/config/versions/1/diff/2": ["TransactGetItems"],
    "/config/versions": ["BatchGetItem", "Query"],
    "/config?sessionId=s": ["TransactGetItems"],
}
REQUESTS: dict[str, tuple[Callable[[Person, str], Any], list[str]]] = {
    "a save": (
        lambda person, url: person.put(f"{url}/config", MINE, if_match='"2"'),
        ["BatchGetItem", "TransactWriteItems"],
    ),
    "an unchanged save": (
        lambda person, url: person.put(f"{url}/config", NEWER, if_match='"1"'),
        ["BatchGetItem", "TransactWriteItems"],
    ),
    "a patch": (
        lambda person, url: person.patch(f"{url}/config", {"theme": {"id": "x"}}),
        ["BatchGetItem", "TransactWriteItems"],
    ),
    "a merge": (
        lambda person, url: person.put(f"{url}/config?onConflict=merge", MINE, if_match='"1"'),
        ["BatchGetItem", "TransactWriteItems", "GetItem", "TransactWriteItems"],
    ),
    "a conflict with its places": (
        lambda person, url: person.put(f"{url}/config", MINE, if_match='"1"'),
        ["BatchGetItem", "TransactWriteItems", "GetItem"],
    ),
    "a change of the name": (
        lambda person, url: person.patch(url, {"name": "New"}, if_match='"1"'),
        ["UpdateItem", "BatchGetItem", "TransactWriteItems"],
    ),
}


@pytest.mark.parametrize("name", [*EDITORS, "viewer"])
def test_a_load_is_one_round_trip(guests: Guests, database: Tapped, name: str) -> None:
    """A load brings the grants along in its own call, for members and for those whom a team lets in."""
    for rest, expected in (("/config", "BatchGetItem"), ("", "BatchGetItem"), ("/data", "TransactGetItems")):
        with database.recorded() as calls:
            assert guests.named(name).get(guests.project + rest).status == 200
        assert [operation for operation, _ in calls] == [expected], rest


@pytest.mark.parametrize("name", EDITORS)
def test_a_look_into_history_is_no_request_more(guests: Guests, database: Tapped, name: str) -> None:
    """Reading what only editors may costs as many requests as it costs the owner."""
    for rest, expected in HISTORY.items():
        with database.recorded() as calls:
            assert guests.named(name).get(guests.project + rest).status == 200
        assert [operation for operation, _ in calls] == expected, rest


@pytest.mark.parametrize("name", EDITORS)
@pytest.mark.parametrize("what", REQUESTS)
def test_a_save_is_one_request_more(guests: Guests, database: Tapped, name: str, what: str) -> None:
    """A save that reads nothing first makes one read, of the grants; one that reads brings them along."""
    send, expected = REQUESTS[what]
    with database.recorded() as calls:
        send(guests.named(name), guests.project)
    assert [operation for operation, _ in calls] == expected


def test_the_owners_address_costs_nothing(guests: Guests, database: Tapped) -> None:
    """By the address, the owner makes the same requests as by the id."""
    with database.recorded() as calls:
        assert guests.owner.get(f"{guests.project}/config").status == 200
        assert guests.owner.put(f"{guests.project}/config", MINE, if_match='"2"').status == 200
    assert [operation for operation, _ in calls] == ["GetItem", "TransactWriteItems"]


def units(function: str, act: Callable[[], Any]) -> float:
    """Return how many request units an act of a function consumes."""
    items = handler_module(function).app.store.items
    before: float = items.units
    assert act().status == 200
    return float(items.units - before)


def load_units(person: Person, url: str) -> float:
    return units("GetConfigFunction", lambda: person.get(f"{url}/config"))


@pytest.fixture
def save_units(clock: Clock) -> Callable[[Person, str, int], float]:
    """Save a config and return the units that it consumes, a second after the last save."""

    def saved(person: Person, url: str, version: int) -> float:
        clock.advance(seconds=1)
        document = {"chartCustomizations": {"a": {"n": version + 10}}}
        return units("PutConfigFunction", lambda: person.put(f"{url}/config", document, if_match=f'"{version}"'))

    return saved


def test_a_load_costs_one_unit_for_each_item(guests: Guests) -> None:
    """Of small items: the config for the owner; also the project, one's grant and one for each team for a guest."""
    assert load_units(guests.owner, PROJECT) == load_units(guests.owner, guests.project) == 1
    assert load_units(guests.viewer, guests.project) == load_units(guests.member, guests.project) == 3
    assert load_units(guests.in_a_team, guests.project) == load_units(guests.through_a_team, guests.project) == 4


def test_a_save_costs_at_most_four_units_more(guests: Guests, save_units: Callable[[Person, str, int], float]) -> None:
    """The grant is read, one unit for each place it may be in, and checked for two units.

    A first save through a team also puts the item that shows it to the owner, for two more.
    """
    owners = save_units(guests.owner, PROJECT, 2)
    assert save_units(guests.member, guests.project, 3) - owners == 3
    assert save_units(guests.in_a_team, guests.project, 4) - owners == 4
    assert save_units(guests.through_a_team, guests.project, 5) - owners == 6
    assert save_units(guests.through_a_team, guests.project, 6) - owners == 4
    assert save_units(guests.owner, PROJECT, 7) == owners


# -- one read --


def test_what_was_left_out_is_read_again_with_the_grant(guests: Guests, database: Tapped) -> None:
    """If the database leaves items out, all are read again: content never comes from another read than the grant."""
    removed = False

    def leaves_the_config_out(proceed: Call, operation: str, request: Request) -> Answer:
        nonlocal removed
        if operation != "BatchGetItem" or removed:
            return proceed(operation, request)
        removed = True
        answer = proceed(operation, request)
        (table, wanted), *_ = request["RequestItems"].items()
        kept = [item for item in answer["Responses"][table] if not item["sk"]["S"].startswith("CONFIG")]
        assert len(kept) == len(answer["Responses"][table]) - 1
        guests.owner.delete(f"{PROJECT}/members/{identity}")
        left = {table: {"Keys": [key for key in wanted["Keys"] if key["sk"]["S"].startswith("CONFIG")]}}
        return {**answer, "Responses": {table: kept}, "UnprocessedKeys": left}

    identity = guests.member.get(f"{guests.project}/members").json["you"]
    with database.recorded() as calls, database.tapped(leaves_the_config_out):
        assert guests.member.get(f"{guests.project}/config").status == 404
    read = [set(map(place, _read_keys(operation, request))) for operation, request in calls if "BatchGet" in operation]
    wanted = {place(key) for key in (guests.grant("member"), keys.config(guests.address.config()))}
    assert len([each for each in read if wanted <= each]) == 2


# -- the guard, by construction --

OPERATIONS = operations_on_projects()


def place(key: Any) -> tuple[str, str]:
    return tuple(each["S"] if isinstance(each, dict) else each for each in (key["pk"], key["sk"]))


def _read_keys(operation: str, request: Request) -> Iterator[Any]:
    match operation:
        case "GetItem":
            yield request["Key"]
        case "BatchGetItem":
            for wanted in request["RequestItems"].values():
                yield from wanted["Keys"]
        case "TransactGetItems":
            for each in request["TransactItems"]:
                yield each["Get"]["Key"]
        case "Query":
            yield {"pk": request["ExpressionAttributeValues"][":pk"], "sk": {"S": "*"}}


def assert_guarded(calls: Calls, guests: Guests, grant: dict[str, str]) -> bool:
    """Assert that all calls on the owner's partition are guarded; return whether any wrote there."""
    own, is_let_in, writes = keys.partition(guests.owner.user), False, False
    for operation, request in calls:
        read = [place(key) for key in _read_keys(operation, request)]
        if any(pk == own for pk, _ in read):
            assert is_let_in or place(grant) in read, f"{operation} reads before anybody was let in"
            is_let_in = True
        elif operation == "TransactWriteItems":
            named = [
                (kind, place(part.get("Item") or part["Key"]))
                for each in request["TransactItems"]
                for kind, part in each.items()
            ]
            if any(pk == own and kind != "ConditionCheck" for kind, (pk, _) in named):
                writes = True
                # Who leaves removes the grant itself.
                assert {("ConditionCheck", place(grant)), ("Delete", place(grant))} & set(named), named
        elif not read:
            assert operation == "UpdateItem"
            assert place(request["Key"])[0] != own, "a write of the owner's outside of a transaction"
    return writes


def take(person: Person, operation: Operation, project: str, upload: str, **named: str) -> Reply:
    method, path, body, media_type, headers = operation.example(project, upload, **named)
    return person.request(method, path, body, content_type=media_type, **headers)


def least_role(operation: Operation) -> Role:
    """Return the least role that docs/sharing.md names for some request of an operation."""
    rows = [row.cells for row in sharing_routes() if (row.method, row.path) == (operation.method, operation.path)]
    return min(Role.named(name) for cells in rows for name in ("viewer", "editor", "owner") if cells[name] == "yes")


@pytest.fixture
def upload(guests: Guests) -> str:
    form = {"fileName": "f.csv", "contentType": "text/csv", "bytes": 4}
    return str(guests.owner.post(f"{PROJECT}/data/uploads", form).json["uploadId"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
def test_every_call_is_guarded(guests: Guests, upload: str, database: Tapped, operation: Operation) -> None:
    """Of every route: what is read first is read with the grant, and what is written requires it.

    Without a grant nothing is written, and nothing is read but grants and the project.
    """
    project = guests.project.rpartition("/")[2]
    for name in (*EDITORS, "viewer"):
        person = guests.named(name)
        member = person.get(f"{guests.project}/members").json["you"]
        # Those before may have changed its schema.
        guests.owner.post(f"{PROJECT}/data", TABLE_BODY)
        with database.recorded() as calls:
            reply = take(person, operation, project, upload, memberId=member)
        wrote = assert_guarded(calls, guests, guests.grant(name))
        assert_allowed(operation, name, reply, wrote=wrote)
    stranger = Person("a-stranger", {TEAM_CLAIM: ["another"]})
    with database.recorded() as calls:
        reply = take(stranger, operation, project, upload)
    assert reply.status == 404
    assert not assert_guarded(calls, guests, keys.member(guests.address, stranger.user))
    # A write looks up the grants, then whether there is a project that it may be refused for.
    _, *later = [keys_read for call in calls if (keys_read := list(_read_keys(*call)))]
    assert all(key["sk"]["S"].startswith(("PROJECT#", "SHARE#")) for keys_read in later for key in keys_read)


def test_a_first_save_of_a_draft_is_guarded(guests: Guests, database: Tapped) -> None:
    """Drafts are counted before the first save of one, but only for somebody who was let in."""
    url = f"{guests.project}/config?sessionId=tab"
    for name in EDITORS:
        with database.recorded() as calls:
            assert guests.named(name).put(url, MINE, if_none_match="*").status == 200
        assert assert_guarded(calls, guests, guests.grant(name))
        assert "Query" in [operation for operation, _ in calls]
    for person, status in ((guests.viewer, 403), (Person("a-stranger"), 404)):
        with database.recorded() as calls:
            assert person.put(url, MINE, if_none_match="*").status == status
        assert not assert_guarded(calls, guests, keys.member(guests.address, person.user))
        assert "Query" not in [operation for operation, _ in calls]


def assert_allowed(operation: Operation, name: str, reply: Reply, *, wrote: bool) -> None:
    """Assert that a request succeeded if the role is high enough for it, and else wrote nothing."""
    role = Role.VIEWER if name == "viewer" else Role.EDITOR
    if role < least_role(operation):
        assert (reply.status, wrote) == (403, False), name
    elif operation.path.endswith("/complete"):
        # No file was sent.
        assert reply.status == 422, name
    elif name == "through_a_team" and operation.path.endswith("/members/{memberId}"):
        # They have no membership yet.
        assert reply.status == 404
    else:
        assert reply.status < 300, (name, reply.json)


HANDLER = re.compile(r'^@api\.(\w+)\("([^"]+)"(?:, Role\.(\w+))?\)\ndef \w+\((.*?)\) ->', re.MULTILINE)


def registered() -> list[tuple[str, str, str, str]]:
    """Return the method, the path, the role and the parameters of every handler."""
    sources = (inspect.getsource(handler_module(name)) for name in http_functions())
    return [match for source in sources for match in HANDLER.findall(source)]


def test_every_handler_gets_an_opened_project() -> None:
    """Each handler for a project is registered with its least role, and is given the project opened, never its id."""
    found = {
        (method.upper(), re.sub(r"<(\w+)>", lambda match: _camel_case(match[1]), path)): (role, parameters)
        for method, path, role, parameters in registered()
    }
    wanted = {(each.method, each.path) for each in routes() if "{projectId}" in each.path}
    assert {route for route, (role, _) in found.items() if role} == wanted
    for operation in OPERATIONS:
        role, parameters = found[operation.method, operation.path]
        assert "project: OpenedProject" in parameters
        assert "project_id" not in parameters
        assert Role[role] is least_role(operation), operation.path


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return "{" + first + "".join(map(str.capitalize, rest)) + "}"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_a_handler_for_a_project_needs_a_role(method: str) -> None:
    """A handler cannot be registered for a project without a role, nor with one for anything else."""
    register = getattr(Resolver(), method)
    with pytest.raises(TypeError, match="needs a role"):
        register("/api/projects/<project_id>/anything")
    with pytest.raises(TypeError, match="needs a role"):
        register("/api/anything", Role.VIEWER)


def test_every_function_opens_projects(client: Client) -> None:
    """Each function that is connected to a store opens projects through it."""
    assert client
    assert all(app.resolver._open_project == app.open for app in apps())  # noqa: SLF001 - a rule of every function
