"""Invitations: who gets in with one, how often, until when, and what everybody else is answered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from conftest import Clock
from support.handlers.http_api import Client, Reply
from support.handlers.sharing import Person, accept, address, id_of, invited, with_teams

from dashboard_store.errors import QuotaExceeded
from dashboard_store.identifiers import Guest
from dashboard_store.repository.invitations import NoInvitation
from dashboard_store.settings import Settings
from dashboard_store.store import Store
from local.database import binary

PROJECT = "/api/projects/p"
INVITATIONS = f"{PROJECT}/invitations"
UNKNOWN = "A" * 43
DETAIL = "This invitation is not valid any more, or never was. Ask for another one."


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_teams(settings)


@pytest.fixture
def owner(client: Client) -> Person:
    """The owner of the project `p`."""
    person = Person(client.user, {"name": "Ada"})
    assert person.post("/api/projects", {"id": "p", "name": "P"}).status == 201
    return person


@pytest.fixture
def guest(user: str) -> Person:
    return Person(f"{user}-guest", {"name": "Gil"})


@pytest.fixture
def other(user: str) -> Person:
    return Person(f"{user}-other", {"name": "Oda"})


def preview(person: Client, token: str) -> Reply:
    return person.post("/api/invitations/preview", {"token": token})


def used(owner: Client) -> list[int]:
    """Return how often each invitation was used, the newest first."""
    return [each["used"] for each in owner.get(f"{PROJECT}/members").json["invitations"]]


def assert_refused(person: Client, token: Any) -> None:
    """Assert that an invitation is not valid for somebody, and looks like one that never was."""
    for reply in (preview(person, token), accept(person, token)):
        assert (reply.status, reply.code, reply.json["detail"]) == (404, "not-found", DETAIL)


def test_an_invitation_lets_one_in(owner: Person, guest: Person, other: Person, clock: Clock) -> None:
    """It shows what it is for, is accepted once, and its response is the project with the role."""
    made = owner.post(INVITATIONS, {"role": "editor"})
    assert (made.status, len(made.json["token"]), "location" in made.headers) == (201, 43, False)
    assert {name: made.json[name] for name in ("role", "uses", "used")} == {"role": "editor", "uses": 1, "used": 0}
    assert made.json["expiresAt"][:10] == (clock.moment.date().fromordinal(clock.moment.toordinal() + 7)).isoformat()
    shown = preview(guest, made.json["token"])
    expected = {"project": {"name": "P"}, "owner": {"name": "Ada"}, "role": "editor"}
    assert (shown.status, shown.json) == (200, {**expected, "expiresAt": made.json["expiresAt"]})
    assert guest.get(address(owner)).status == 404
    accepted = accept(guest, made.json["token"])
    assert (accepted.status, accepted.json["role"]) == (200, "editor")
    assert accepted.json["project"] == guest.get(address(owner)).json
    assert accepted.json["project"]["role"] == "editor"
    assert_refused(other, made.json["token"])
    (listed,) = owner.get(f"{PROJECT}/members").json["invitations"]
    assert listed == {**{name: value for name, value in made.json.items() if name != "token"}, "used": 1}


def test_who_is_in_already_uses_nothing(owner: Person, guest: Person, other: Person, clock: Clock) -> None:
    """Accepting again is 200, also when it is used up; so is an invitation to a lower role, which lowers nothing."""
    token = invited(owner, "editor")
    clock.advance(seconds=1)
    assert [accept(guest, token).status for _ in range(3)] == [200, 200, 200]
    assert preview(guest, token).status == 200
    lower = invited(owner, "viewer")
    assert (accept(guest, lower).json["role"], used(owner)) == ("editor", [0, 1])
    assert accept(other, lower).json["role"] == "viewer"
    assert used(owner) == [1, 1]


def test_a_viewer_becomes_an_editor_by_one_use(owner: Person, guest: Person) -> None:
    """An invitation to a higher role raises it, and is used by that."""
    accept(guest, invited(owner, "viewer"))
    token = invited(owner, "editor", uses=2)
    assert [accept(guest, token).json["role"] for _ in range(2)] == ["editor", "editor"]
    assert used(owner) == [1, 1]
    assert [each["role"] for each in owner.get(f"{PROJECT}/members").json["members"]] == ["editor"]


def test_the_owner_uses_nothing(owner: Person) -> None:
    """An owner who accepts their own invitation is answered as the owner, and it stays open."""
    token = invited(owner, "viewer")
    accepted = accept(owner, token)
    assert (accepted.status, accepted.json["role"]) == (200, "owner")
    assert accepted.json["project"]["role"] == "owner"
    assert preview(owner, token).status == 200
    assert used(owner) == [0]
    assert owner.get(f"{PROJECT}/members").json["members"] == []


@pytest.mark.parametrize(
    "token", ["", "short", UNKNOWN, f"{UNKNOWN}A", "A" * 42 + "+", "A" * 42 + "\u00e9", "\0" * 43, "A" * 1_900]
)
def test_a_guessed_token_is_like_any_other(owner: Person, guest: Person, token: str) -> None:
    """Malformed and unknown tokens are answered alike."""
    assert owner
    assert_refused(guest, token)


def test_a_links_token_lets_nobody_in(owner: Person, guest: Person) -> None:
    """The secret of a public link is no invitation."""
    assert_refused(guest, owner.post(f"{PROJECT}/links", {}).json["token"])


@pytest.mark.parametrize(
    "body", [{}, {"token": None}, {"token": 5}, {"token": ["a"]}, {"token": UNKNOWN, "x": 1}, [], "a", None]
)
def test_a_body_without_a_token_is_refused(owner: Person, guest: Person, body: Any) -> None:
    """A body that has no text as its token, or more than it, is 422."""
    assert owner
    for call in ("preview", "accept"):
        reply = guest.request("POST", f"/api/invitations/{call}", b"null" if body is None else body)
        assert (reply.status, reply.code) == (422, "invalid-sharing")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/role"),
        ({"role": "owner"}, "/role"),
        ({"role": 1}, "/role"),
        ({"role": "viewer", "uses": 0}, "/uses"),
        ({"role": "viewer", "uses": 101}, "/uses"),
        ({"role": "viewer", "uses": "1"}, "/uses"),
        ({"role": "viewer", "uses": True}, "/uses"),
        ({"role": "viewer", "expiresInDays": 0}, "/expiresInDays"),
        ({"role": "viewer", "expiresInDays": 31}, "/expiresInDays"),
        ({"role": "viewer", "email": "a@example.com"}, "/email"),
    ],
)
def test_an_invalid_invitation_is_refused(owner: Person, body: Any, pointer: str) -> None:
    """A refused body is 422 with the place of what is wrong, and makes nothing."""
    reply = owner.post(INVITATIONS, body)
    assert (reply.status, reply.code) == (422, "invalid-sharing")
    assert [each["pointer"] for each in reply.json["errors"]] == [pointer]
    assert used(owner) == []


@pytest.mark.parametrize("days", [7, 1, 30])
def test_an_invitation_ends(owner: Person, guest: Person, other: Person, clock: Clock, days: int) -> None:
    """It ends after its days, seven by default, and is no longer listed then; members stay."""
    given = {} if days == 7 else {"expiresInDays": days}
    token = owner.post(INVITATIONS, {"role": "viewer", "uses": 2, **given}).json["token"]
    clock.advance(days=days, seconds=-5)
    assert accept(guest, token).status == 200
    clock.advance(seconds=10)
    assert_refused(other, token)
    assert guest.get(address(owner)).status == 200
    assert used(owner) == []


def test_an_invitation_that_was_taken_back_is_void(owner: Person, guest: Person, other: Person) -> None:
    """Nobody gets in with it any more; who did stays, and the invitation cannot be taken back again."""
    token = invited(owner, "viewer", uses=5)
    accept(guest, token)
    (listed,) = owner.get(f"{PROJECT}/members").json["invitations"]
    place = f"{INVITATIONS}/{listed['invitationId']}"
    assert [owner.delete(place).status for _ in range(2)] == [204, 404]
    assert_refused(other, token)
    assert guest.get(address(owner)).status == 200


def test_who_was_removed_needs_a_new_invitation(owner: Person, guest: Person, other: Person, clock: Clock) -> None:
    """Every invitation of before the removal is void for them, also an unused one; others may still use it."""
    tokens = [invited(owner, role, uses=3) for role in ("viewer", "editor")]
    accept(guest, tokens[0])
    clock.advance(seconds=1)
    owner.delete(f"{PROJECT}/members/{id_of(guest, owner)}")
    for token in tokens:
        assert_refused(guest, token)
        assert accept(other, token).status == 200
    clock.advance(seconds=1)
    assert accept(guest, invited(owner, "viewer")).status == 200
    assert guest.get(address(owner)).json["role"] == "viewer"
    assert_refused(guest, tokens[1])


def test_who_left_may_come_back(owner: Person, guest: Person, clock: Clock) -> None:
    """Leaving voids no invitation; coming back is another use."""
    token = invited(owner, "viewer", uses=2)
    for _ in range(2):
        clock.advance(seconds=1)
        assert accept(guest, token).status == 200
        guest.delete(f"{address(owner)}/members/{id_of(guest, owner)}")
        assert guest.get(address(owner)).status == 404
    assert used(owner) == [2]
    assert_refused(guest, token)


def test_who_was_removed_after_leaving_once_needs_a_new_one(owner: Person, guest: Person, clock: Clock) -> None:
    """A removal counts, whatever somebody did themselves before or after it."""
    token = invited(owner, "viewer", uses=9)
    accept(guest, token)
    clock.advance(seconds=1)
    guest.delete(f"{address(owner)}/members/{id_of(guest, owner)}")
    accept(guest, token)
    clock.advance(seconds=1)
    owner.delete(f"{PROJECT}/members/{id_of(guest, owner)}")
    clock.advance(seconds=1)
    accept(guest, invited(owner, "viewer"))
    guest.delete(f"{address(owner)}/members/{id_of(guest, owner)}")
    assert_refused(guest, token)


def test_an_invitation_lives_as_long_as_its_project(owner: Person, guest: Person) -> None:
    """Deleting the project ends it for good: a restore does not bring it back."""
    token = invited(owner, "viewer")
    owner.delete(PROJECT)
    assert_refused(guest, token)
    assert_refused(owner, token)
    owner.post(f"{PROJECT}/restore", None)
    assert_refused(guest, token)
    assert accept(guest, invited(owner, "viewer")).status == 200


def test_open_invitations_are_limited(
    owner: Person, guest: Person, clock: Clock, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """One more than allowed is 403; those that are used up, taken back or expired make room."""
    connect(replace(settings, max_invitations=2))
    tokens = [invited(owner, "viewer", expiresInDays=30) for _ in range(2)]
    refused = owner.post(INVITATIONS, {"role": "viewer"})
    assert (refused.status, refused.code, refused.json["used"], refused.json["limit"]) == (403, "quota-exceeded", 2, 2)
    accept(guest, tokens[0])
    invited(owner, "viewer", expiresInDays=1)
    assert owner.post(INVITATIONS, {"role": "viewer"}).status == 403
    clock.advance(days=1, seconds=5)
    newest = owner.post(INVITATIONS, {"role": "viewer"})
    assert newest.status == 201
    assert owner.post(INVITATIONS, {"role": "viewer"}).status == 403
    owner.delete(f"{INVITATIONS}/{newest.json['invitationId']}")
    assert owner.post(INVITATIONS, {"role": "viewer"}).status == 201


def test_an_invitation_beyond_the_members_is_refused(
    owner: Person, guest: Person, other: Person, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """Who would be one too many is 403 and uses nothing; who is in already is served."""
    connect(replace(settings, max_members=1))
    token = invited(owner, "viewer", uses=5)
    assert accept(guest, token).status == 200
    refused = accept(other, token)
    assert (refused.status, refused.code, refused.json["used"], refused.json["limit"]) == (403, "quota-exceeded", 1, 1)
    assert used(owner) == [1]
    assert accept(guest, token).status == 200
    assert accept(guest, invited(owner, "editor")).json["role"] == "editor"
    owner.delete(f"{PROJECT}/members/{id_of(guest, owner)}")
    assert accept(other, token).status == 200


# A handler answers one request at a time, so these meet in the repository. moto's writes are not atomic.
atomic = pytest.mark.skipif(binary() is None, reason="the local stack's engine has no program for this platform")


def enter(store: Store, token: str, guest: Person) -> bool:
    """Accept an invitation as one of many instances does; return whether it lets somebody in."""
    own = Store(store.settings, store.items, store.bucket)
    try:
        own.invitations.accept(token, Guest(guest.user, name=guest.claims["name"]))
    except NoInvitation:
        return False
    return True


@atomic
@pytest.mark.parametrize("uses", [1, 3])
def test_however_many_accept_at_once(owner: Person, store: Store, user: str, uses: int) -> None:
    """Of ten who accept in parallel as many get in as the invitation has uses."""
    token = invited(owner, "viewer", uses=uses)
    people = [Person(f"{user}-{number}", {"name": str(number)}) for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        entered = list(pool.map(partial(enter, store, token), people))
    assert sum(entered) == uses
    assert used(owner) == [uses]
    names = {each["name"] for each in owner.get(f"{PROJECT}/members").json["members"]}
    assert names == {person.claims["name"] for person, is_in in zip(people, entered, strict=True) if is_in}


@atomic
def test_who_accepts_several_times_at_once_uses_one(owner: Person, store: Store, guest: Person) -> None:
    """Ten requests of the same person all succeed and use the invitation once."""
    token = invited(owner, "viewer", uses=10)
    with ThreadPoolExecutor(10) as pool:
        assert all(pool.map(lambda _: enter(store, token, guest), range(10)))
    assert used(owner) == [1]


@atomic
def test_members_never_exceed_their_limit(
    owner: Person, store: Store, user: str, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """However many accept at once, a project never has more members than it may."""
    connect(replace(settings, max_members=2))
    limited = Store(replace(settings, max_members=2), store.items, store.bucket)
    token = invited(owner, "viewer", uses=10)

    def attempt(number: int) -> bool:
        try:
            return enter(limited, token, Person(f"{user}-{number}", {"name": str(number)}))
        except QuotaExceeded:
            return False

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(attempt, range(10))) == 2
    assert used(owner) == [2]
