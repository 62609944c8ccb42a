"""Connections: who may open one, what it may follow, what it hears and when, and what is left of it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from conftest import TABLE, Clock
from support.handlers.http_api import Client, handler_module
from support.handlers.live import ORIGIN, Announcer, Gateway, Page, all_records
from support.handlers.sharing import Person, address, id_of, let_in, with_teams
from support.storage.clients import Tapped, items_of

from dashboard_store.errors import StorageUnavailable
from dashboard_store.gateway.request import READ_SCOPE
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.settings import Settings
from dashboard_store.store import Store

CONFIG = {"chartCustomizations": {"a": {"n": 1}}}
OTHER = {"chartCustomizations": {"a": {"n": 2}}}
TABLE_BODY: dict[str, Any] = {"fileName": "sales.csv", "rawData": [{"month": "2026-01", "revenue": 1200}]}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_teams(settings, live_url="wss://live.example.com/live", allowed_origins=(ORIGIN,), max_connections=3)


@dataclass(frozen=True)
class Scene:
    """The project `p`, whose config was saved once, its owner, and all that announces its changes."""

    owner: Person
    gateway: Gateway
    announcer: Announcer
    clock: Clock
    database: Tapped

    @property
    def place(self) -> str:
        """The address of the project."""
        return ProjectAddress(self.owner.user, "p").text

    def following(self) -> Page:
        """Return a page of the owner's that follows the project, and has heard of all that came before."""
        page = self.gateway.connect(self.owner)
        page.follow(self.place)
        self.announcer.deliver()
        return page

    def person(self, name: str, hours: float = 12, **claims: Any) -> Person:
        """Return another user, or without a name the owner again, with a token that ends so many hours from now."""
        user = f"{self.owner.user}-{name}" if name else self.owner.user
        return Person(user, {**claims, "exp": str(int(self.clock().timestamp() + hours * 3_600))})


@pytest.fixture
def scene(client: Client, store: Store, database: Tapped, clock: Clock) -> Iterator[Scene]:
    gateway, stream = Gateway(), all_records(database, clock)
    nobody = Scene(Person(client.user), gateway, Announcer(store, gateway, stream, clock), clock, database)
    scene = replace(nobody, owner=nobody.person("", groups=["analysts"]))
    scene.owner.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": CONFIG}})
    with stream.following():
        yield scene


def save(who: Client, owner: Client, config: Any = OTHER, version: int = 1) -> None:
    reply = who.put(f"{address(owner)}/config", config, if_match=f'"{version}"')
    assert reply.status == 200, reply.json


# Tickets


def test_a_ticket_opens_one_connection(scene: Scene) -> None:
    """The address that a user gets opens one connection; the second handshake with it is refused with 401."""
    issued = scene.owner.post("/api/live", None)
    assert issued.json["url"].startswith("wss://live.example.com/live?ticket=")
    assert issued.headers["cache-control"] == "no-store"
    assert [scene.gateway.handshake(issued)[0] for _ in range(2)] == [200, 401]


def test_a_ticket_expires_after_a_minute(scene: Scene) -> None:
    """The answer names when a ticket expires, a minute later; from then on it opens nothing."""
    issued = scene.owner.post("/api/live", None)
    scene.clock.advance(seconds=60)
    assert issued.json["expiresAt"] == keys.timestamp(scene.clock())
    assert scene.gateway.handshake(issued)[0] == 401


@pytest.mark.parametrize(
    "url", ["wss://x/live", "wss://x/live?ticket=", "wss://x/live?ticket=a%23b", "wss://x/live?token=a"]
)
def test_without_a_ticket_no_connection_opens(scene: Scene, url: str) -> None:
    """A handshake without a ticket, or with a text that was never one, is refused with 401."""
    assert scene.gateway.handshake(url)[0] == 401


@pytest.fixture
def limited(connect: Callable[[Settings], None], settings: Settings) -> Callable[..., None]:
    """Return what connects the functions again, with some settings changed."""
    return lambda **changes: connect(replace(settings, **changes))


@pytest.mark.parametrize(
    ("origin", "allowed", "status"),
    [
        (ORIGIN, (ORIGIN,), 200),
        (None, (ORIGIN,), 200),
        ("https://evil.example", (ORIGIN,), 403),
        (f"{ORIGIN}.evil.example", (ORIGIN,), 403),
        ("null", (ORIGIN,), 403),
        ("", (ORIGIN,), 200),
        ("https://any.example", ("*",), 200),
        ("https://any.example", ("https://*",), 200),
        ("http://any.example", ("https://*",), 403),
    ],
)
def test_only_pages_of_allowed_origins_connect(
    scene: Scene, origin: str | None, allowed: tuple[str, ...], status: int, limited: Callable[..., None]
) -> None:
    """A browser's handshake needs an origin that CORS allows; a ticket that was refused for it is not spent."""
    limited(allowed_origins=allowed)
    issued = scene.owner.post("/api/live", None)
    assert scene.gateway.handshake(issued, origin)[0] == status
    assert scene.gateway.handshake(issued, None)[0] == (401 if status == 200 else 200)


def test_a_token_that_may_only_read_may_follow(scene: Scene) -> None:
    """Following changes nothing, so the scope that allows only reading is enough."""
    reader = Person(scene.owner.user, {**scene.owner.claims, "scope": READ_SCOPE})
    assert scene.gateway.connect(reader).follow(scene.place)["projects"][0]["configVersion"] == 1


def test_a_user_has_a_limited_number_of_connections(scene: Scene) -> None:
    """Neither a ticket nor a handshake goes beyond the limit; a connection that closes or ends makes room."""
    spare = scene.owner.post("/api/live", None)
    pages = [scene.gateway.connect(scene.owner) for _ in range(3)]
    refused = scene.owner.post("/api/live", None)
    assert (refused.status, refused.code) == (403, "quota-exceeded")
    assert (refused.json["used"], refused.json["limit"]) == (3, 3)
    assert scene.gateway.handshake(spare)[0] == 403
    pages[0].close()
    assert scene.gateway.handshake(spare)[0] == 200
    scene.clock.advance(hours=2)
    assert scene.owner.post("/api/live", None).status == 201


# Following


def test_follow_answers_with_the_versions_as_they_are(scene: Scene) -> None:
    """The answer names each project by its address, with the versions that its entity tags show."""
    page = scene.gateway.connect(scene.owner)
    assert page.follow("p") == {"projects": [{"project": scene.place, "configVersion": 1, "dataVersion": "0.0"}]}
    scene.owner.post("/api/projects/p/data", TABLE_BODY)
    scene.owner.put("/api/projects/p/data/analysis", {"analysis": {"insight": 1}}, if_match=tag_of(scene))
    tag = tag_of(scene).strip('"')
    scene.owner.delete("/api/projects/p/config", if_match='"1"')
    assert page.follow(scene.place, "p") == {
        "projects": [{"project": scene.place, "configVersion": 2, "dataVersion": tag.rpartition(".")[0]}]
    }


def test_what_may_not_be_read_is_left_out(scene: Scene) -> None:
    """A stranger learns of no project, whether it exists or not, and hears of none."""
    stranger = scene.gateway.connect(scene.person("stranger"))
    assert stranger.follow(scene.place, "p", "no such project", f"{scene.place}x", "=~p", "") == {"projects": []}


@pytest.mark.parametrize(
    ("text", "code", "pointers"),
    [
        ("", "malformed-json", None),
        ("{", "malformed-json", None),
        ("\ud800", "malformed-json", None),
        ("[]", "invalid-message", ["/projects"]),
        ('{"action": "follow"}', "invalid-message", ["/projects"]),
        ('{"action": "follow", "projects": "p"}', "invalid-message", ["/projects"]),
        (
            '{"action": "follow", "projects": ["p", 1, null, "\\ud800"]}',
            "invalid-message",
            ["/projects/1", "/projects/2", "/projects/3"],
        ),
        (json.dumps({"action": "follow", "projects": ["p"] * 51}), "quota-exceeded", None),
        ("[" * 100_000, "invalid-message", ["/projects"]),
    ],
)
def test_a_message_that_is_wrong_says_where(scene: Scene, text: str, code: str, pointers: list[str] | None) -> None:
    """A wrong message is answered with a problem that names the places, and what was followed stays followed."""
    page = scene.gateway.connect(scene.owner)
    page.follow(scene.place)
    answer = page.send(text)
    assert answer["type"] == f"urn:problem:{code}"
    assert pointers is None or [error["pointer"] for error in answer["errors"]] == pointers
    assert page.is_open
    assert followers_of(scene.owner) == {page.connection_id}


def test_a_message_replaces_what_was_followed(scene: Scene) -> None:
    """A connection follows exactly the projects that its last message named, each once."""
    scene.owner.post("/api/projects", {"id": "q", "name": "Q"})
    page = scene.gateway.connect(scene.owner)
    page.follow(scene.place)
    page.follow("q", "q")
    scene.announcer.deliver()
    save(scene.owner, scene.owner)
    scene.announcer.deliver()
    assert page.take() == []
    scene.owner.put("/api/projects/q/config", CONFIG, if_none_match="*")
    scene.announcer.deliver()
    assert [each["configVersion"] for each in page.take()] == [1]
    page.follow()
    assert followers_of(scene.owner) == followers_of(scene.owner, "q") == set()


def test_a_project_has_a_limited_number_of_followers(scene: Scene, limited: Callable[..., None]) -> None:
    """Beyond the limit a project is named as full, and not followed; who follows it already still does."""
    limited(max_followers=1)
    first, second = scene.gateway.connect(scene.owner), scene.gateway.connect(scene.owner)
    first.follow(scene.place)
    assert second.follow(scene.place) == {"projects": [], "full": [scene.place]}
    assert first.follow(scene.place)["projects"][0]["project"] == scene.place
    assert followers_of(scene.owner) == {first.connection_id}
    first.close()
    assert second.follow(scene.place)["projects"][0]["project"] == scene.place


def test_a_save_while_following_is_not_missed(scene: Scene) -> None:
    """A save between any two calls of `follow` is in its answer, or is announced."""
    for call in range(12):
        version = scene.owner.get("/api/projects/p/config").json["version"]
        page = scene.gateway.connect(scene.owner)
        scene.announcer.deliver()
        count = 0

        def saving(proceed: Any, operation: str, request: Any, at: int = call, seen: int = version) -> Any:
            nonlocal count
            count += 1
            if count == at + 1:
                save(scene.owner, scene.owner, {"chartCustomizations": {"a": {"n": seen}}}, seen)
            return proceed(operation, request)

        with scene.database.tapped(saving):
            (answer,) = page.follow(scene.place)["projects"]
        scene.announcer.deliver()
        scene.announcer.run_due()
        known = max([answer["configVersion"], *(each["configVersion"] for each in page.take())])
        assert known == scene.owner.get("/api/projects/p/config").json["version"]
        page.close()
    assert count < 12, "Not every call was interleaved with a save."


# Announcements


def test_a_save_is_announced_with_who_made_it(scene: Scene) -> None:
    """Every follower gets the newest versions, and the id of who saved; the spread is 20 ms for each follower."""
    editor, viewer = scene.person("editor"), scene.person("viewer")
    let_in(scene.owner, editor, "editor")
    let_in(scene.owner, viewer, "viewer")
    pages = [scene.gateway.connect(who) for who in (scene.owner, editor, viewer)]
    for page in pages:
        page.follow(scene.place)
    scene.announcer.deliver()
    save(editor, scene.owner)
    scene.announcer.deliver()
    by = {"id": id_of(editor, scene.owner)}
    told = {"project": scene.place, "configVersion": 2, "dataVersion": "0.0", "updatedBy": by, "spreadMs": 60}
    assert [page.take() for page in pages] == [[told]] * 3


def test_data_is_announced(scene: Scene) -> None:
    """A table and an analysis are announced, and say nothing of who changed them."""
    page = scene.following()
    scene.owner.post("/api/projects/p/data", TABLE_BODY)
    scene.announcer.deliver()
    scene.clock.advance(seconds=1)
    scene.owner.put("/api/projects/p/data/analysis", {"analysis": {"insight": 1}}, if_match=tag_of(scene))
    scene.announcer.deliver()
    data = {"project": scene.place, "configVersion": 1, "spreadMs": 20}
    assert page.take() == [{**data, "dataVersion": "1.0"}, {**data, "dataVersion": "1.1"}]


def test_what_nobody_sees_is_not_announced(scene: Scene) -> None:
    """Drafts, saves that change nothing, names and settings are not announced; the filter keeps all but saves away."""
    page = scene.following()
    scene.owner.put("/api/projects/p/config?sessionId=s", OTHER, if_none_match="*")
    save(scene.owner, scene.owner, CONFIG)
    scene.owner.patch("/api/projects/p", {"name": "New"}, if_match='"1"')
    scene.owner.put("/api/projects/p/teams/analysts", {"role": "viewer"})
    scene.owner.post("/api/projects/p/invitations", {"role": "viewer"})
    assert scene.announcer.deliver() == 0
    save(scene.owner, scene.owner)
    assert scene.announcer.deliver() == 1
    assert len(page.take()) == 1


def test_without_followers_nothing_is_written(scene: Scene) -> None:
    """A save of a project that nobody follows costs one small read, and leaves nothing behind."""
    scene.announcer.deliver()
    save(scene.owner, scene.owner)
    store_items = scene.announcer.announcements._items  # noqa: SLF001 - the units are counted there
    before = store_items.units
    scene.announcer.deliver()
    assert store_items.units - before <= 1
    assert items_of_project(scene.owner) == []


def test_announcements_are_coalesced(scene: Scene) -> None:
    """Of many saves, the first is announced at once, and the last when half a second has passed: nothing in between."""
    page = scene.following()
    began = scene.clock()
    for version in range(1, 8):
        save(scene.owner, scene.owner, {"chartCustomizations": {"a": {"n": version + 10}}}, version)
        scene.announcer.deliver()
        scene.clock.advance(milliseconds=10)
    assert [each["configVersion"] for each in page.take()] == [2]
    assert len(scene.announcer.later) == 1
    scene.announcer.run_due()
    assert [each["configVersion"] for each in page.take()] == [8]
    assert 499 < (scene.clock() - began).total_seconds() * 1_000 < 510
    scene.announcer.run_due()
    assert page.take() == []


def test_the_last_of_many_savers_is_named(scene: Scene) -> None:
    """Where several saves are announced together, it says who made the last of them."""
    first, last = scene.person("first"), scene.person("last")
    for each in (first, last):
        let_in(scene.owner, each, "editor")
    page = scene.following()
    for version, who in enumerate((scene.owner, first, last), start=1):
        save(who, scene.owner, {"chartCustomizations": {"a": {"n": version + 10}}}, version)
        scene.announcer.deliver()
    scene.announcer.run_due()
    assert [each["updatedBy"]["id"] for each in page.take()] == [id_of(who, scene.owner) for who in (scene.owner, last)]


def test_many_followers_are_told_less_often(scene: Scene, limited: Callable[..., None]) -> None:
    """With 60 followers a project is announced every 1.2 seconds, which is also the spread that they hear."""
    limited(max_connections=60)
    pages = [scene.gateway.connect(scene.owner) for _ in range(60)]
    for page in pages:
        page.follow(scene.place)
    scene.announcer.deliver()
    began = scene.clock()
    for version in (1, 2):
        save(scene.owner, scene.owner, {"chartCustomizations": {"a": {"n": version + 10}}}, version)
        scene.announcer.deliver()
    scene.announcer.run_due()
    assert {tuple((each["configVersion"], each["spreadMs"]) for each in page.take()) for page in pages} == {
        ((2, 1200), (3, 1200))
    }
    assert 1_199 < (scene.clock() - began).total_seconds() * 1_000 < 1_210


def test_a_lost_invocation_silences_a_project_for_seconds_only(scene: Scene) -> None:
    """If the invocation for a later announcement never comes, a save after it is announced all the same."""
    page = scene.following()
    scene.announcer.is_lost = True
    for version in (1, 2):
        save(scene.owner, scene.owner, {"chartCustomizations": {"a": {"n": version + 10}}}, version)
        scene.announcer.deliver()
    scene.clock.advance(milliseconds=600)
    save(scene.owner, scene.owner, {"chartCustomizations": {"a": {"n": 20}}}, 3)
    scene.announcer.deliver()
    assert [each["configVersion"] for each in page.take()] == [2, 4]


def test_a_refused_invocation_is_repeated(scene: Scene) -> None:
    """If the invocation for a later announcement is refused, the batch fails, and announces when Lambda repeats it."""
    page = scene.following()
    save(scene.owner, scene.owner)
    scene.announcer.deliver()
    save(scene.owner, scene.owner, {"chartCustomizations": {"a": {"n": 12}}}, 2)
    event = scene.announcer.take()
    scene.announcer.is_refused = True
    with pytest.raises(StorageUnavailable):
        scene.announcer.process(event)
    scene.announcer.is_refused = False
    scene.announcer.process(event)
    scene.announcer.run_due()
    assert [each["configVersion"] for each in page.take()] == [2, 3]


def test_announcing_twice_does_no_harm(scene: Scene) -> None:
    """A batch that Lambda sends again is announced once more at most, and a due announcement only once."""
    page = scene.following()
    save(scene.owner, scene.owner)
    event = scene.announcer.take()
    for _ in range(3):
        scene.announcer.process(event)
    again = list(scene.announcer.later)
    scene.announcer.run_due()
    for due in again:
        scene.announcer.process(due)
    assert [each["configVersion"] for each in page.take()] == [2, 2]


def test_one_connection_that_fails_keeps_nothing_from_the_others(scene: Scene) -> None:
    """All others hear of it, the invocation fails so that Lambda repeats it, and then that one hears of it, too."""
    pages = [scene.gateway.connect(scene.owner) for _ in range(3)]
    for page in pages:
        page.follow(scene.place)
    scene.announcer.deliver()
    scene.gateway.failing = {pages[1].connection_id}
    save(scene.owner, scene.owner)
    event = scene.announcer.take()
    with pytest.raises(StorageUnavailable):
        scene.announcer.process(event)
    assert [len(page.take()) for page in pages] == [1, 0, 1]
    scene.gateway.failing = set()
    scene.announcer.process(event)
    scene.announcer.run_due()
    assert [each["configVersion"] for each in pages[1].take()] == [2]


# The end of access


def test_a_removed_member_is_told_and_disconnected(scene: Scene) -> None:
    """A member whose grant ends hears so and is disconnected; others stay, and hear of saves."""
    editor = scene.person("editor")
    let_in(scene.owner, editor, "editor")
    theirs, own = scene.gateway.connect(editor), scene.gateway.connect(scene.owner)
    for page in (theirs, own):
        page.follow(scene.place)
    scene.announcer.deliver()
    scene.owner.delete(f"/api/projects/p/members/{id_of(editor, scene.owner)}")
    scene.announcer.deliver()
    assert theirs.take() == [{"project": scene.place, "gone": True}]
    assert not theirs.is_open
    save(scene.owner, scene.owner)
    scene.announcer.deliver()
    assert len(own.take()) == 1
    assert scene.gateway.connect(editor).follow(scene.place) == {"projects": []}


def test_access_that_ends_while_following_is_found(scene: Scene) -> None:
    """A grant that ends between any two calls of `follow` leaves nobody registered, or its record closes them."""
    call = 0
    while True:
        member = scene.person(f"member-{call}")
        let_in(scene.owner, member, "viewer")
        who = id_of(member, scene.owner)
        page = scene.gateway.connect(member)
        scene.announcer.deliver()
        count = 0

        def removing(proceed: Any, operation: str, request: Any, at: int = call, who: str = who) -> Any:
            nonlocal count
            count += 1
            if count == at + 1:
                scene.owner.delete(f"/api/projects/p/members/{who}")
                scene.announcer.deliver()
            return proceed(operation, request)

        with scene.database.tapped(removing):
            page.follow(scene.place)
        if count <= call:
            break
        assert followers_of(scene.owner) == set()
        call += 1
    assert call > 5


def test_who_is_let_in_twice_stays(scene: Scene) -> None:
    """A member who is also in a team loses the connection when the second of both grants ends."""
    both = scene.person("both", groups=["analysts"])
    let_in(scene.owner, both, "editor")
    scene.owner.put("/api/projects/p/teams/analysts", {"role": "viewer"})
    page = scene.gateway.connect(both)
    page.follow(scene.place)
    scene.announcer.deliver()
    scene.owner.delete(f"/api/projects/p/members/{id_of(both, scene.owner)}")
    scene.announcer.deliver()
    save(scene.owner, scene.owner)
    scene.announcer.deliver()
    assert [each["configVersion"] for each in page.take()] == [2]
    scene.owner.delete("/api/projects/p/teams/analysts")
    scene.announcer.deliver()
    assert page.take() == [{"project": scene.place, "gone": True}]
    assert not page.is_open


def test_a_deleted_project_is_gone_for_everybody(scene: Scene) -> None:
    """Deleting a project disconnects everybody who follows it, its owner too; a restored one can be followed again."""
    page = scene.following()
    scene.owner.delete("/api/projects/p")
    scene.announcer.deliver()
    assert page.take() == [{"project": scene.place, "gone": True}]
    assert not page.is_open
    again = scene.gateway.connect(scene.owner)
    assert again.follow(scene.place) == {"projects": []}
    scene.owner.post("/api/projects/p/restore", None)
    assert again.follow(scene.place)["projects"][0]["configVersion"] == 1


def test_the_end_of_access_reaches_all_others_if_one_fails(scene: Scene) -> None:
    """If the end cannot be sent to one who follows, the others hear it, and the repetition disconnects all of them."""
    pages = [scene.gateway.connect(scene.owner) for _ in range(3)]
    for page in pages:
        page.follow(scene.place)
    scene.owner.delete("/api/projects/p")
    event = scene.announcer.take()
    scene.gateway.failing = {pages[0].connection_id}
    with pytest.raises(StorageUnavailable):
        scene.announcer.process(event)
    gone = [{"project": scene.place, "gone": True}]
    assert [page.take() for page in pages[1:]] == [gone, gone]
    scene.gateway.failing = set()
    scene.announcer.process(event)
    assert pages[0].take() == gone
    assert not any(page.is_open for page in pages)


# The end of a connection


@pytest.mark.parametrize("hours", [1, 2])
def test_a_connection_ends_with_its_token_and_before_two_hours(scene: Scene, hours: int) -> None:
    """From then on it hears of nothing and may follow nothing; the next announcement closes it."""
    page = scene.gateway.connect(scene.person("", hours=1 if hours == 1 else 12))
    page.follow(scene.place)
    scene.announcer.deliver()
    scene.clock.advance(hours=hours)
    assert page.follow(scene.place)["type"] == "urn:problem:unauthorized"
    witness = scene.gateway.connect(scene.person(""))
    witness.follow(scene.place)
    save(scene.owner, scene.owner)
    scene.announcer.deliver()
    assert page.take() == []
    assert not page.is_open
    assert len(witness.take()) == 1


def test_nothing_is_left_of_those_who_left(scene: Scene) -> None:
    """Closed and vanished connections leave no item behind that does not expire within two hours."""
    pages = [scene.gateway.connect(scene.owner) for _ in range(3)]
    for page in pages:
        page.follow(scene.place)
    pages[0].close()
    pages[1].vanish()
    scene.announcer.deliver()
    save(scene.owner, scene.owner)
    scene.announcer.deliver()
    assert followers_of(scene.owner) == {pages[2].connection_id}
    pages[2].close()
    (left,) = items_of_project(scene.owner)
    assert left["sk"] == {"S": "ANNOUNCED"}
    assert int(left["expiresAt"]["N"]) <= scene.clock().timestamp() + 7_200
    store = handler_module("LiveFunction").app.store
    assert store.items.get(keys.connections(scene.owner.user)) is None
    assert not any(store.items.get(keys.connection(page.connection_id)) for page in pages)


def test_following_after_the_end_registers_nobody(scene: Scene) -> None:
    """A message that arrives after its connection was closed is refused, and leaves no follower."""
    page = scene.gateway.connect(scene.owner)
    page.close()
    assert page.follow(scene.place)["type"] == "urn:problem:unauthorized"
    assert followers_of(scene.owner) == set()


def tag_of(scene: Scene) -> str:
    """Return the entity tag of the project's data."""
    return scene.owner.get("/api/projects/p/data").headers["etag"]


def items_of_project(owner: Client, project: str = "p") -> list[dict[str, Any]]:
    """Return the items of who follows a project, in their wire form."""
    transport = handler_module("LiveFunction").app.store.items._transport  # noqa: SLF001 - the table itself
    return items_of(transport, TABLE, keys.followers(ProjectAddress(owner.user, project)))


def followers_of(owner: Client, project: str = "p") -> set[str]:
    found = [item["sk"]["S"] for item in items_of_project(owner, project)]
    return {sk.removeprefix(keys.CONNECTION) for sk in found if sk.startswith(keys.CONNECTION)}
