"""Teams: which values of a token's claim are one, and that no other token lets anybody in."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.handlers.http_api import Client, event, send
from support.handlers.sharing import TEAM_CLAIM, Person, address, bearer, flattened, team_in_path, with_teams
from support.storage.clients import Tapped

from dashboard_store.gateway.people import LONGEST_TEAM, MOST_TEAMS
from dashboard_store.repository.guarded_items import TEAMS_AT_ONCE
from dashboard_store.settings import Settings

PROJECT = "/api/projects/p"
CLAIMS: dict[str, Any] = {"iss": "https://issuer.example.com", "aud": "tests", "iat": 1795348800, "exp": 1795392000}
SEVERAL = ["a b", "a", "b", "sales", "1", "true", "null", "[a b]", "groß", "x" * LONGEST_TEAM, "a/b", "a%20b", "100%"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_teams(settings)


def let_team_in(owner: Client, team: str, role: str = "viewer") -> None:
    reply = owner.put(f"{PROJECT}/teams/{team_in_path(team)}", {"role": role})
    assert reply.status == 200, reply.json


@pytest.fixture
def owner(client: Client) -> Person:
    """The owner of the project `p`, whose token names many teams."""
    person = Person(client.user, {TEAM_CLAIM: SEVERAL})
    assert person.post("/api/projects", {"id": "p", "name": "P"}).status == 201
    return person


def is_let_in(person: Client, owner: Client) -> bool:
    status = person.get(address(owner)).status
    assert status in {200, 404}
    return status == 200


@pytest.mark.parametrize(
    ("claim", "teams"),
    [
        ("a", {"a"}),
        ("a b", {"a b"}),
        ("[a b]", {"[a b]"}),
        (["a", "b"], {"a", "b"}),
        (["a b"], {"a b"}),
        (["[a b]"], {"[a b]"}),
        (["a", "a"], {"a"}),
        (["a", 1, True, None, {"a": 1}, ["b"], ""], {"a"}),
        (["gro\u00df"], {"groß"}),
        (["x" * LONGEST_TEAM, "x" * (LONGEST_TEAM + 1)], {"x" * LONGEST_TEAM}),
        ([["a", "b"]], set()),
        ('["a", "b"]', set()),
        ("a,b", set()),
        ("", set()),
        ([], set()),
        (1, set()),
        (True, set()),
        (None, set()),
        ({"a": "a"}, set()),
        ([None], set()),
        ("A", set()),
        (" a", set()),
        (["\ud800"], set()),
    ],
    ids=lambda value: json.dumps(value, default=sorted)[:40],
)
def test_a_claim_names_these_teams(owner: Person, user: str, claim: Any, teams: set[str]) -> None:
    """A text is one team, a list as many as it has texts; nothing is split, trimmed, folded or converted."""
    person = Person(f"{user}-member", {TEAM_CLAIM: claim})
    for team in SEVERAL:
        let_team_in(owner, team)
        assert is_let_in(person, owner) == (team in teams), team
        owner.delete(f"{PROJECT}/teams/{team_in_path(team)}")


def test_of_many_teams_each_is_looked_up(owner: Person, user: str, database: Tapped) -> None:
    """The first twenty are looked up together, others only if these are not enough: the 24th of 25 lets in."""
    let_team_in(owner, "sales", "editor")
    for version, (place, reads) in enumerate([(0, 1), (19, 1), (20, 2), (23, 2), (40, 3), (299, 15)]):
        teams = [f"team-{number}" for number in range(max(25, place + 1))]
        teams[place] = "sales"
        person = Person(f"{user}-member", {TEAM_CLAIM: teams})
        with database.recorded() as calls:
            assert is_let_in(person, owner), place
        assert [operation for operation, _ in calls] == ["BatchGetItem"] * reads, place
        charts = {"chartCustomizations": {"a": {"n": place}}}
        assert person.put(f"{address(owner)}/config", charts, if_match=f'"{version}"').status == 200, place


def test_a_higher_role_is_found_among_further_teams(owner: Person, user: str) -> None:
    """A viewer by one of the first teams who needs more is looked for among the others, too."""
    let_team_in(owner, "a", "viewer")
    let_team_in(owner, "sales", "editor")
    teams = ["a", *(f"team-{number}" for number in range(TEAMS_AT_ONCE + 5)), "sales"]
    person = Person(f"{user}-member", {TEAM_CLAIM: teams})
    url = f"{address(owner)}/config"
    assert person.put(url, {"chartCustomizations": {}}, if_match='"0"').status == 200
    assert person.get(f"{url}/versions").status == 200
    assert person.get(url).status == 200


def test_more_teams_than_any_token_has_are_not_looked_up(owner: Person, user: str) -> None:
    """The first five hundred count, so that no token makes a request cost any number of reads."""
    let_team_in(owner, "sales")
    teams = [f"team-{number}" for number in range(MOST_TEAMS)]
    assert not is_let_in(Person(f"{user}-member", {TEAM_CLAIM: [*teams, "sales"]}), owner)
    assert is_let_in(Person(f"{user}-member", {TEAM_CLAIM: [*teams[1:], "sales"]}), owner)


def test_removing_one_team_leaves_another(owner: Person, user: str) -> None:
    """Teams whose names are encodings of each other are different ones: each is let in and removed alone."""
    teams = ["a b", "a%20b", "a%2520b"]
    person = Person(owner.user, {TEAM_CLAIM: teams})
    people = {team: Person(f"{user}-member", {TEAM_CLAIM: team}) for team in teams}
    for team in teams:
        let_team_in(person, team)
    for number, team in enumerate(teams, start=1):
        assert person.delete(f"{PROJECT}/teams/{team_in_path(team)}").status == 204
        assert [is_let_in(each, owner) for each in people.values()] == [False] * number + [True] * (3 - number)


# -- tokens --


def asked(owner: Client, user: str, header: str | None, **verified: Any) -> int:
    """Ask for the project with a header and the claims that the authorizer passes on; return the status."""
    claims = {**CLAIMS, "sub": user, TEAM_CLAIM: ["sales"], **verified}
    shown = {name: flattened(value) for name, value in claims.items() if value is not None}
    made = event("GET", address(owner), user=user, claims=shown)
    if header is not None:
        made["headers"]["authorization"] = header
    return send(made).status


FORGERIES: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "no header": lambda _: None,
    "an empty header": lambda _: "",
    "no token": lambda _: "Bearer ",
    "garbage": lambda _: "Bearer a.b.c",
    "no JSON": lambda _: f"Bearer e30.{base64.urlsafe_b64encode(b'text').decode()}.c2ln",
    "no object": lambda _: f"Bearer e30.{base64.urlsafe_b64encode(b'[1]').decode()}.c2ln",
    "not UTF-8": lambda _: f"Bearer e30.{base64.urlsafe_b64encode(bytes([255, 254, 255])).decode()}.c2ln",
    "beyond ASCII": lambda _: "Bearer é.é.é",
    "one part": lambda claims: bearer(claims).replace(".", ""),
    "another user": lambda claims: bearer({**claims, "sub": "user-2"}),
    "another issuer": lambda claims: bearer({**claims, "iss": "https://other.example.com"}),
    "another expiry": lambda claims: bearer({**claims, "exp": CLAIMS["exp"] + 1}),
    "no user": lambda claims: bearer({name: value for name, value in claims.items() if name != "sub"}),
    "no issuer": lambda claims: bearer({name: value for name, value in claims.items() if name != "iss"}),
    "no expiry": lambda claims: bearer({name: value for name, value in claims.items() if name != "exp"}),
    "no teams": lambda claims: bearer({name: value for name, value in claims.items() if name != TEAM_CLAIM}),
    "other teams": lambda claims: bearer({**claims, TEAM_CLAIM: ["others"]}),
    "teams as the authorizer writes them": lambda claims: bearer({**claims, TEAM_CLAIM: "[sales]"}),
    "nested too deep": lambda _: f"Bearer e30.{base64.urlsafe_b64encode(b'[' * 7_000).decode()}.c2ln",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_teams_come_from_the_verified_token_alone(owner: Person, user: str, name: str) -> None:
    """A header with another token than the verified one, or none, names no team, whatever the flattened claims say."""
    let_team_in(owner, "sales")
    person = f"{user}-member"
    header = FORGERIES[name]({**CLAIMS, "sub": person, TEAM_CLAIM: ["sales"]})
    assert asked(owner, person, header) == 404


def test_the_verified_token_lets_in(owner: Person, user: str) -> None:
    """The token that the authorizer verified names teams, whatever else it has and however the header is written."""
    let_team_in(owner, "sales")
    person = f"{user}-member"
    claims = {**CLAIMS, "sub": person, TEAM_CLAIM: ["sales"]}
    token = bearer(claims).removeprefix("Bearer ")
    for header in (f"Bearer {token}", f"bearer {token}", token):
        assert asked(owner, person, header) == 200
    # What API Gateway makes of the claim is not used.
    assert asked(owner, person, f"Bearer {token}", **{TEAM_CLAIM: None}) == 200


def test_without_the_setting_there_are_no_teams(
    owner: Person, user: str, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """No claim names a team unless the deployment says which."""
    let_team_in(owner, "sales")
    connect(replace(settings, team_claim=""))
    assert not is_let_in(Person(f"{user}-member", {TEAM_CLAIM: ["sales"]}), owner)
    assert owner.put(f"{PROJECT}/teams/a", {"role": "viewer"}).status == 403


# -- tenants --


@pytest.fixture
def with_tenants(owner: Person, connect: Callable[[Settings], None], settings: Settings) -> Person:
    """The owner, in the tenant `north`, who lets in its team `a`, in a deployment whose tokens name tenants."""
    connect(with_teams(settings, tenant_claim="tenant"))
    person = Person(owner.user, {**owner.claims, "tenant": "north"})
    let_team_in(person, "a")
    return person


@pytest.mark.parametrize(
    ("tenant", "is_in"),
    [("north", True), ("south", False), ("", False), (None, False), (["north"], False), (1, False), ("North", False)],
    ids=str,
)
def test_a_team_of_another_tenant_is_another_team(with_tenants: Person, user: str, tenant: Any, *, is_in: bool) -> None:
    """A team is the pair of its tenant and its name; a token without a tenant has none."""
    person = Person(f"{user}-member", {TEAM_CLAIM: ["a"], "tenant": tenant})
    assert is_let_in(person, with_tenants) == is_in


def test_a_token_without_a_tenant_has_no_teams(with_tenants: Person, user: str) -> None:
    """Neither gets such a member in, nor can such an owner let a team in."""
    assert not is_let_in(Person(f"{user}-member", {TEAM_CLAIM: ["a"]}), with_tenants)
    owner = Person(with_tenants.user, {TEAM_CLAIM: ["a"]})
    assert owner.put(f"{PROJECT}/teams/a", {"role": "viewer"}).status == 403


def test_tenant_and_name_cannot_be_confused(with_tenants: Person, user: str) -> None:
    """No other pair with the same characters is the same team."""
    for tenant, team in (("a", "north"), ("nort", "ha"), ("northa", ""), ("north1:a", "a")):
        person = Person(f"{user}-member", {TEAM_CLAIM: [team], "tenant": tenant})
        assert not is_let_in(person, with_tenants), (tenant, team)


def test_two_tenants_teams_of_one_name_are_two(with_tenants: Person, user: str) -> None:
    """An owner who moved lets in the team of the new tenant, too; taking the name away ends both."""
    moved = Person(with_tenants.user, {TEAM_CLAIM: ["a"], "tenant": "south"})
    let_team_in(moved, "a", "editor")
    members = [Person(f"{user}-{tenant}", {TEAM_CLAIM: "a", "tenant": tenant}) for tenant in ("north", "south")]
    assert [each.get(address(moved)).json["role"] for each in members] == ["viewer", "editor"]
    assert moved.delete(f"{PROJECT}/teams/a").status == 204
    assert [is_let_in(each, moved) for each in members] == [False, False]
