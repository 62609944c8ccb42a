"""Members, teams, public links, copies and the list of what is shared, through the handlers."""

import base64
import gzip
import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from conftest import BUCKET, TABLE, Clock
from support.handlers.files import key_of
from support.handlers.http_api import Client, Reply, event, send
from support.handlers.invocations import Reader
from support.handlers.sharing import (
    TEAM_CLAIM,
    Person,
    accept,
    address,
    id_of,
    invited,
    let_in,
    team_in_path,
    with_teams,
)
from support.storage.clients import Tapped
from support.storage.stream import Stream

from dashboard_store.gateway import telemetry
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROJECT = "/api/projects/p"
CONFIG = f"{PROJECT}/config"
LINKS = f"{PROJECT}/links"
SHARED = "/api/projects?scope=shared"
TABLE_BODY: dict[str, Any] = {"fileName": "sales.csv", "rawData": [{"month": "2026-01", "revenue": 1200}]}
ANALYSIS: dict[str, Any] = {"summary": "Revenue grows."}


def charts(title: str) -> dict[str, Any]:
    return {"chartCustomizations": {"a": {"title": title}}}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings under which tokens name teams, and every table is in the bucket."""
    return with_teams(settings, max_inline_table_bytes=0)


@pytest.fixture
def owner(client: Client) -> Person:
    """The owner of the project `p`, whose config is at version 1; their token names two teams."""
    person = Person(client.user, {TEAM_CLAIM: ["analysts", "sales & EU"], "name": "Ada"})
    project = {"id": "p", "name": "P", "settings": {"dashboardConfig": charts("one"), "tags": ["monthly"]}}
    assert person.post("/api/projects", project).status == 201
    return person


@pytest.fixture
def editor(owner: Person, user: str) -> Person:
    person = Person(f"{user}-editor", {"name": "Eda"})
    let_in(owner, person, "editor")
    return person


@pytest.fixture
def viewer(owner: Person, user: str) -> Person:
    person = Person(f"{user}-viewer", {"name": "Vic"})
    let_in(owner, person, "viewer")
    return person


@pytest.fixture
def analyst(owner: Person, user: str) -> Person:
    """A member of the team `analysts`, which may edit."""
    assert owner.put(f"{PROJECT}/teams/analysts", {"role": "editor"}).status == 200
    return Person(f"{user}-analyst", {TEAM_CLAIM: ["analysts"], "name": "Ann"})


@pytest.fixture
def stream(database: Tapped, clock: Clock) -> Iterator[Stream]:
    with Stream(database, clock).following() as followed:
        yield followed


@pytest.fixture
def follow(stream: Stream, store: Store) -> Callable[[], None]:
    """Let the function that follows the stream do its work."""
    return partial(stream.deliver, store)


def members(person: Client, owner: Client) -> Any:
    return person.get(f"{address(owner)}/members").json


def roles(owner: Client) -> dict[str, str]:
    """Return the role of each member by name."""
    return {each["name"]: each["role"] for each in members(owner, owner)["members"]}


def save(person: Client, owner: Client, title: str, version: int, query: str = "") -> Reply:
    return person.put(f"{address(owner)}/config{query}", charts(title), if_match=f'"{version}"')


# -- members and teams --


def test_a_change_of_role_is_in_force_with_the_next_request(owner: Person, editor: Person) -> None:
    """Who becomes a viewer saves nothing any more and still reads; who becomes an editor again saves."""
    place = f"{PROJECT}/members/{id_of(editor, owner)}"
    assert save(editor, owner, "two", 1).status == 200
    changed = owner.put(place, {"role": "viewer"})
    assert (changed.status, changed.json["role"], changed.json["name"]) == (200, "viewer", "Eda")
    refused = save(editor, owner, "three", 2)
    assert (refused.status, refused.code) == (403, "forbidden")
    assert refused.json["detail"] == "You may view this project, but only its editors may do this."
    assert editor.get(address(owner)).json["role"] == "viewer"
    owner.put(place, {"role": "editor"})
    assert save(editor, owner, "three", 2).status == 200


def test_who_is_removed_has_no_access_from_then_on(owner: Person, editor: Person, viewer: Person) -> None:
    """After a removal the project looks absent to the member, also for saves, and is no longer in their list."""
    absent = editor.get("/api/projects/absent")
    for person in (editor, viewer):
        removed = owner.delete(f"{PROJECT}/members/{id_of(person, owner)}")
        assert (removed.status, removed.json) == (200, {"stillThrough": []})
        for reply in (person.get(address(owner)), person.get(f"{address(owner)}/config"), save(person, owner, "x", 1)):
            assert (reply.status, reply.problem) == (404, absent.problem)
        assert person.get(SHARED).json["projects"] == []
    assert members(owner, owner)["members"] == []
    assert owner.get(CONFIG).json["version"] == 1


def test_who_leaves_has_no_access_any_more(owner: Person, editor: Person, viewer: Person) -> None:
    """Members remove themselves and nobody else; the owner has no membership to end."""
    own, others = id_of(editor, owner), id_of(viewer, owner)
    refused = editor.delete(f"{address(owner)}/members/{others}")
    assert (refused.status, refused.code) == (403, "forbidden")
    assert editor.delete(f"{address(owner)}/members/{own}").json == {"stillThrough": []}
    assert editor.get(address(owner)).status == 404
    assert editor.delete(f"{address(owner)}/members/{own}").status == 404
    assert owner.delete(f"{PROJECT}/members/{members(owner, owner)['you']}").status == 404
    assert roles(owner) == {"Vic": "viewer"}


def test_a_team_that_still_lets_somebody_in_is_named(owner: Person, analyst: Person) -> None:
    """`stillThrough` names the teams of the project in which the removed member was when they were let in."""
    let_in(owner, analyst, "editor")
    removed = owner.delete(f"{PROJECT}/members/{id_of(analyst, owner)}")
    assert removed.json == {"stillThrough": ["analysts"]}
    assert save(analyst, owner, "two", 1).status == 200
    owner.delete(f"{PROJECT}/teams/analysts")
    assert analyst.get(address(owner)).status == 404


def test_who_saves_through_a_team_is_listed(owner: Person, analyst: Person) -> None:
    """A member of a team is listed once they have saved something, `through` it, and may be given a role or leave."""
    assert members(owner, owner)["members"] == []
    analyst.get(f"{address(owner)}/config")
    assert members(owner, owner)["members"] == []
    saved = save(analyst, owner, "two", 1)
    (listed,) = members(owner, owner)["members"]
    own = id_of(analyst, owner)
    assert listed == {"id": own, "name": "Ann", "role": "editor", "since": listed["since"], "through": "team"}
    assert saved.headers["updated-by"] == own
    assert analyst.delete(f"{address(owner)}/members/{own}").json == {"stillThrough": ["analysts"]}
    assert members(owner, owner)["members"] == []
    assert save(analyst, owner, "three", 2).status == 200
    changed = owner.put(f"{PROJECT}/members/{own}", {"role": "viewer"})
    assert (changed.status, "through" in changed.json) == (200, False)
    # The higher of the two roles holds.
    assert save(analyst, owner, "four", 3).status == 200
    owner.delete(f"{PROJECT}/teams/analysts")
    assert (save(analyst, owner, "five", 4).status, analyst.get(address(owner)).json["role"]) == (403, "viewer")


def test_only_a_team_of_the_owners_token_is_let_in(owner: Person, user: str) -> None:
    """A team that the owner's token does not name is 403; a percent-encoded name is that team."""
    refused = owner.put(f"{PROJECT}/teams/another", {"role": "viewer"})
    assert (refused.status, refused.code) == (403, "forbidden")
    place = f"{PROJECT}/teams/{team_in_path('sales & EU')}"
    let = owner.put(place, {"role": "viewer"})
    assert (let.status, let.json) == (200, {"name": "sales & EU", "role": "viewer", "since": let.json["since"]})
    inside = Person(f"{user}-inside", {TEAM_CLAIM: "sales & EU"})
    assert (inside.get(address(owner)).json["role"], save(inside, owner, "x", 1).status) == ("viewer", 403)
    assert owner.put(place, {"role": "editor"}).json["since"] == let.json["since"]
    assert save(inside, owner, "two", 1).status == 200
    assert [owner.delete(place).status for _ in range(2)] == [204, 404]
    assert (inside.get(address(owner)).status, save(inside, owner, "three", 2).status) == (404, 404)


def test_each_role_sees_its_part_of_the_people(owner: Person, editor: Person, viewer: Person, analyst: Person) -> None:
    """Editors see members and teams, a viewer the owner and themselves, and only the owner invitations and links."""
    owner.post(f"{PROJECT}/invitations", {"role": "viewer"})
    owner.post(LINKS, {})
    shown = {each.user: members(each, owner) for each in (owner, editor, viewer, analyst)}
    assert set(shown[owner.user]) == {"you", "owner", "members", "teams", "invitations", "links"}
    assert set(shown[editor.user]) == set(shown[analyst.user]) == {"you", "owner", "members", "teams"}
    assert set(shown[viewer.user]) == {"you", "owner", "members"}
    assert [each["id"] for each in shown[viewer.user]["members"]] == [shown[viewer.user]["you"]]
    assert {each["owner"]["name"] for each in shown.values()} == {"Ada"}
    assert {each["owner"]["id"] for each in shown.values()} == {shown[owner.user]["you"]}
    assert all(len(each["you"]) == 22 for each in shown.values())
    assert {each["name"] for each in shown[editor.user]["members"]} == {"Eda", "Vic"}
    assert [each["name"] for each in shown[editor.user]["teams"]] == ["analysts"]


def test_people_and_secrets_come_in_order(owner: Person, user: str, clock: Clock) -> None:
    """Members and teams are listed by when they were let in; invitations and links newest first."""
    names = ["c", "a", "b"]
    made: dict[str, list[str]] = {"invitationId": [], "linkId": []}
    for name in names:
        clock.advance(seconds=1)
        let_in(owner, Person(f"{user}-{name}", {"name": name}), "viewer")
        made["invitationId"].append(owner.post(f"{PROJECT}/invitations", {"role": "viewer"}).json["invitationId"])
        made["linkId"].append(owner.post(LINKS, {}).json["linkId"])
    shown = members(owner, owner)
    assert [each["name"] for each in shown["members"]] == names
    # Used ones are shown until they expire.
    unused = [each["invitationId"] for each in shown["invitations"] if not each["used"]]
    assert unused == made["invitationId"][::-1]
    assert [each["linkId"] for each in shown["links"]] == made["linkId"][::-1]


def test_who_was_let_in_at_once_comes_by_id_and_name(owner: Person, user: str) -> None:
    """Members of the same moment are listed by their ids, teams by their names."""
    for number in range(6):
        let_in(owner, Person(f"{user}-{number}"), "viewer")
    for team in ("sales & EU", "analysts"):
        owner.put(f"{PROJECT}/teams/{team_in_path(team)}", {"role": "viewer"})
    shown = members(owner, owner)
    ids = [each["id"] for each in shown["members"]]
    assert ids == sorted(ids)
    assert [each["name"] for each in shown["teams"]] == ["analysts", "sales & EU"]


def test_the_id_of_a_person_differs_between_projects(owner: Person, editor: Person) -> None:
    """The same person has another id in another project, and history says by it who saved."""
    owner.post("/api/projects", {"id": "q", "name": "Q"})
    let_in(owner, editor, "editor", "q")
    own = id_of(editor, owner)
    assert id_of(editor, owner, "q") != own
    save(editor, owner, "two", 1)
    entries = owner.get(f"{CONFIG}/versions").json["versions"]
    assert [each["updatedBy"]["id"] for each in entries] == [own, members(owner, owner)["you"]]
    assert owner.get(CONFIG).headers["updated-by"] == own
    conflict = owner.put(CONFIG, charts("mine"), if_match='"1"')
    assert (conflict.status, conflict.json["updatedBy"]) == (412, {"id": own})


def test_drafts_are_ones_own(owner: Person, editor: Person, viewer: Person, analyst: Person) -> None:
    """Drafts of one name are as many as their people, also when they are listed, restored and counted."""
    people = (owner, editor, analyst)
    for person in people:
        assert save(person, owner, f"draft of {person.user}", 0, "?sessionId=tab").status == 200
    for person in people:
        found = person.get(f"{address(owner)}/config?sessionId=tab").json
        assert (found["version"], found["config"]) == (1, charts(f"draft of {person.user}"))
        assert len(person.get(f"{address(owner)}/config/versions?sessionId=tab").json["versions"]) == 1
    refused = viewer.get(f"{address(owner)}/config?sessionId=tab")
    assert (refused.status, refused.code) == (403, "forbidden")


def test_each_person_may_have_as_many_drafts(
    owner: Person, editor: Person, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """One's drafts are counted, not those of others."""
    connect(replace(settings, max_drafts=2))
    for person in (owner, editor):
        replies = [save(person, owner, "draft", 0, f"?sessionId=tab-{number}") for number in range(3)]
        assert [each.status for each in replies] == [200, 200, 403]
        assert (replies[-1].code, replies[-1].json["used"]) == ("quota-exceeded", 2)


def test_an_editor_changes_the_name_and_only_the_owner_the_settings(owner: Person, editor: Person) -> None:
    """A patch of the settings is the owner's, together with the name, too; nothing of a refused one is applied."""
    renamed = editor.patch(address(owner), {"name": "New", "description": "D"}, if_match='"1"')
    assert (renamed.status, renamed.json["role"], renamed.json["version"]) == (200, "editor", 2)
    patches: list[Any] = [{"settings": {"tags": []}}, {"name": "Newer", "settings": {}}, {"settings": None}]
    for patch in patches:
        refused = editor.patch(address(owner), patch, if_match='"2"')
        assert (refused.status, refused.code) == (403, "forbidden"), patch
    compressed = gzip.compress(json.dumps(patches[0]).encode())
    assert editor.patch(address(owner), compressed, if_match='"2"', content_type="application/gzip").status == 403
    assert owner.get(PROJECT).json["name"] == "New"


def test_limits_of_members_teams_and_links_hold(
    owner: Person, viewer: Person, user: str, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """One more than allowed is 403 with what is used; what changes or replaces one is accepted."""
    connect(replace(settings, max_members=1, max_teams=1, max_links=1))
    assert owner.put(f"{PROJECT}/teams/analysts", {"role": "viewer"}).status == 200
    assert owner.put(f"{PROJECT}/teams/analysts", {"role": "editor"}).status == 200
    link = owner.post(LINKS, {})
    another = Person(f"{user}-another", {TEAM_CLAIM: ["analysts"]})
    save(another, owner, "two", 1)
    refused = [
        accept(another, invited(owner, "viewer")),
        owner.put(f"{PROJECT}/teams/{team_in_path('sales & EU')}", {"role": "viewer"}),
        owner.post(LINKS, {}),
        owner.put(f"{PROJECT}/members/{id_of(another, owner)}", {"role": "viewer"}),
    ]
    for reply in refused:
        assert (reply.status, reply.code, reply.json["used"], reply.json["limit"]) == (403, "quota-exceeded", 1, 1)
    assert owner.put(f"{PROJECT}/members/{id_of(viewer, owner)}", {"role": "editor"}).status == 200
    owner.delete(f"{LINKS}/{link.json['linkId']}")
    assert owner.post(LINKS, {}).status == 201


def test_writes_count_against_who_makes_them(
    owner: Person, editor: Person, clock: Clock, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """A member who has used up the writes of the minute is 429, and the owner saves on."""
    clock.advance(minutes=1)
    connect(replace(settings, writes_per_minute=2))
    assert [save(editor, owner, str(version), version).status for version in (1, 2, 3)] == [200, 200, 429]
    assert save(owner, owner, "three", 3).status == 200


# -- names of projects --


@pytest.mark.parametrize("ending", ["=", "==", "A", "\u00e9", "~", ""])
def test_an_address_is_written_in_one_way(owner: Person, editor: Person, ending: str) -> None:
    """Another spelling of the owner's part names no project, for members and the owner alike."""
    part = base64.urlsafe_b64encode(owner.user.encode()).decode().rstrip("=")
    spelled = "" if ending == "" else part + ending
    for person in (owner, editor):
        assert person.get(f"/api/projects/{quote(spelled, safe='~=')}~p/config").status == 404
        assert person.get(f"/api/projects/{part}~p/config").status == 200


def test_an_id_names_only_ones_own_projects(owner: Person, editor: Person) -> None:
    """A member reaches a project by its address only, and their own project of the same id by the id."""
    assert editor.get(PROJECT).status == 404
    editor.post("/api/projects", {"id": "p", "name": "Mine"})
    assert (editor.get(PROJECT).json["name"], editor.get(address(owner)).json["name"]) == ("Mine", "P")
    assert (editor.get(PROJECT).json["role"], editor.get(address(owner)).json["role"]) == ("owner", "editor")


# -- deleting and restoring --


def test_a_deleted_project_looks_absent_to_all(owner: Person, editor: Person, viewer: Person, analyst: Person) -> None:
    """Until it is restored, every request of a member or a team's member is 404, also of too small a role."""
    names = {person.user: id_of(person, owner) for person in (editor, viewer, analyst)}
    owner.delete(PROJECT)
    for person in (editor, viewer, analyst):
        own = f"{address(owner)}/members/{names[person.user]}"
        replies = {
            "load": person.get(f"{address(owner)}/config"),
            "save": save(person, owner, "two", 1),
            "save a draft": save(person, owner, "two", 0, "?sessionId=tab"),
            "upload": person.post(f"{address(owner)}/data", TABLE_BODY),
            "announce": person.post(
                f"{address(owner)}/data/uploads", {"fileName": "f.csv", "contentType": "text/csv", "bytes": 1}
            ),
            "members": person.get(f"{address(owner)}/members"),
            "leave": person.delete(own),
            "delete": person.delete(address(owner)),
            "restore": person.post(f"{address(owner)}/restore", None),
            "history": person.get(f"{address(owner)}/config/versions"),
        }
        assert {name: each.status for name, each in replies.items()} == dict.fromkeys(replies, 404)
        assert person.get(SHARED).json["projects"] == []


def test_a_restore_brings_members_and_teams_back(
    owner: Person, editor: Person, viewer: Person, analyst: Person
) -> None:
    """After a restore everybody has the role of before; links and invitations stay void, and are not listed."""
    token, link = invited(owner, "viewer"), owner.post(LINKS, {}).json["token"]
    owner.delete(PROJECT)
    assert send(event("GET", f"/api/links/{link}/config", user=None)).status == 404
    assert accept(Person("somebody"), token).status == 404
    restored = owner.post(f"{PROJECT}/restore", None)
    assert (restored.status, restored.json["role"]) == (200, "owner")
    found = {person.user: person.get(address(owner)).json["role"] for person in (editor, viewer, analyst)}
    assert list(found.values()) == ["editor", "viewer", "editor"]
    assert (save(editor, owner, "two", 1).status, save(viewer, owner, "three", 2).status) == (200, 403)
    assert len(editor.get(SHARED).json["projects"]) == 1
    assert accept(Person("somebody"), token).status == 404
    assert send(event("GET", f"/api/links/{link}/config", user=None)).status == 404
    shown = members(owner, owner)
    assert (shown["invitations"], shown["links"]) == ([], [])
    assert send(event("GET", f"/api/links/{owner.post(LINKS, {}).json['token']}/config", user=None)).status == 200


def test_a_project_that_is_made_again_starts_alone(
    owner: Person, editor: Person, analyst: Person, follow: Callable[[], None], database: Tapped
) -> None:
    """A purge leaves nothing that lets others in, in nobody's partition, and nothing that a link pinned."""
    save(analyst, owner, "two", 1)
    owner.post(f"{PROJECT}/data", TABLE_BODY)
    link = owner.post(LINKS, {"version": 1}).json["token"]
    token = invited(owner, "editor", uses=5)
    owner.delete(f"{PROJECT}/members/{id_of(editor, owner)}")
    let_in(owner, Person("stays"), "viewer")
    owner.delete(f"{PROJECT}?permanently=true")
    assert owner.post(f"{PROJECT}/restore", None).status == 404
    follow()
    left = database.call("Scan", {"TableName": TABLE})["Items"]
    kinds = {item["sk"]["S"].split("#")[0] for item in left}
    assert kinds <= {"USAGE", "RATE", "FENCE"}, kinds
    assert owner.post("/api/projects", {"id": "p", "name": "Again"}).status == 201
    for person in (editor, analyst, Person("stays")):
        assert (person.get(address(owner)).status, save(person, owner, "x", 0).status) == (404, 404)
        assert person.get(SHARED).json["projects"] == []
    assert accept(editor, token).status == 404
    assert send(event("GET", f"/api/links/{link}/config", user=None)).status == 404
    assert members(owner, owner)["members"] == members(owner, owner)["teams"] == []


# -- what is under way --


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch, owner: Person, editor: Person, bucket_client: "S3Client") -> str:
    """The URL of an upload of the editor that a function is to read, because requests read nothing."""
    monkeypatch.setattr("dashboard_store.repository.background_reads.READ_AT_ONCE", 0)
    owner.post(f"{PROJECT}/data", TABLE_BODY)
    place = announced(editor, owner, bucket_client)
    begun = editor.post(f"{place}/complete", {})
    assert (begun.status, begun.headers["location"]) == (202, place)
    return place


def announced(person: Person, owner: Person, bucket_client: "S3Client") -> str:
    """Announce a file, send it to the bucket and return the URL of the upload."""
    form = {"fileName": "f.csv", "contentType": "text/csv", "bytes": 4}
    made = person.post(f"{address(owner)}/data/uploads", form).json
    bucket_client.put_object(Bucket=BUCKET, Key=made["fields"]["key"], Body=b"n\n1\n", ContentType="text/csv")
    return f"{address(owner)}/data/uploads/{made['uploadId']}"


def test_a_large_file_of_an_editor_is_read(
    owner: Person, editor: Person, reading: str, reader: Reader, store: Store
) -> None:
    """The function that reads it writes the table for the editor, who sees how far it is."""
    assert editor.get(reading).json["status"] == "processing"
    reader.run(store)
    assert editor.get(reading).json["status"] == "done"
    assert owner.get(f"{PROJECT}/data").json["rawData"] == [{"n": 1}]


@pytest.mark.parametrize("end", ["removed", "lowered"])
def test_a_reading_under_way_ends_with_the_grant(
    owner: Person, editor: Person, reading: str, reader: Reader, store: Store, *, end: str
) -> None:
    """If the role ends while the file is read, the upload fails and the table stays as it was."""
    place = f"{PROJECT}/members/{id_of(editor, owner)}"
    ended = owner.delete(place) if end == "removed" else owner.put(place, {"role": "viewer"})
    assert ended.status == 200
    reader.run(store)
    shown = owner.get(reading).json
    assert (shown["status"], shown["problem"]["status"]) == ("failed", 404 if end == "removed" else 403)
    assert owner.get(f"{PROJECT}/data").json["rawData"] == TABLE_BODY["rawData"]


def test_a_file_of_who_was_removed_is_not_completed(owner: Person, editor: Person, bucket_client: "S3Client") -> None:
    """A form may be sent for its hour, but who has no role any more completes nothing; the owner may."""
    place = announced(editor, owner, bucket_client)
    owner.delete(f"{PROJECT}/members/{id_of(editor, owner)}")
    assert (editor.post(f"{place}/complete", {}).status, editor.get(place).status) == (404, 404)
    assert owner.post(f"{place}/complete", {}).status == 201


# -- what is stored and logged --


def test_no_secret_is_stored_or_logged(
    owner: Person, analyst: Person, user: str, database: Tapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of invitations and links the table has a hash; the log has neither them nor users, names, teams or addresses."""
    output = io.StringIO()
    # Logging handlers keep the stream with which they were created.
    for handler in telemetry.logger.handlers:
        monkeypatch.setattr(handler, "stream", output)
    guest = Person(f"{user}-guest", {"name": "Gil", TEAM_CLAIM: "another-team"})
    with redirect_stdout(output):
        invitation, link = invited(owner, "editor"), str(owner.post(LINKS, {"version": 1}).json["token"])
        accept(guest, invitation)
        save(guest, owner, "two", 1)
        save(analyst, owner, "three", 2)
        look(link)
        look(link, "data")
        owner.delete(f"{PROJECT}/teams/analysts")
    stored, log = str(database.call("Scan", {"TableName": TABLE})["Items"]), output.getvalue()
    assert '"route":"GET /api/links/{token}/config"' in log
    assert not [secret for secret in (invitation, link) if secret in stored + log]
    part = address(owner).rpartition("/")[2].partition("~")[0]
    assert not [text for text in (owner.user, part, "Gil", "Ada", "analysts", "another-team") if text in log]


# -- public links --


def look(token: str, rest: str = "config", **headers: str) -> Reply:
    """Ask for what a link shows, as anybody."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(event("GET", f"/api/links/{token}/{rest}", user=None, headers=sent))


@pytest.fixture
def shown(owner: Person) -> str:
    """The token of a link to the project, which has a table with an analysis."""
    owner.post(f"{PROJECT}/data", {**TABLE_BODY, "analysis": ANALYSIS})
    made = owner.post(LINKS, {})
    assert made.status == 201
    assert set(made.json) == {"linkId", "token", "createdAt"}
    return str(made.json["token"])


def test_a_link_shows_the_newest_config_and_table(owner: Person, shown: str) -> None:
    """It shows both as they are now, with the headers of a public page, and none that says who saved."""
    found = look(shown)
    updated_at = owner.get(CONFIG).json["updatedAt"]
    assert found.json == {"config": charts("one"), "version": 1, "updatedAt": updated_at}
    assert found.headers["etag"] == '"1"'
    assert found.headers["cache-control"] == "public, max-age=60"
    assert (found.headers["x-robots-tag"], found.headers["vary"]) == ("noindex", "Accept-Encoding")
    assert "updated-by" not in found.headers
    assert look(shown, if_none_match='"1"').status == 304
    table = look(shown, "data")
    assert set(table.json) == {"rawData", "dataSchema", "version", "updatedAt"}
    assert table.json["rawData"] == TABLE_BODY["rawData"]
    assert (table.headers["x-robots-tag"], table.headers["vary"]) == ("noindex", "Accept-Encoding")
    save(owner, owner, "two", 1)
    owner.post(f"{PROJECT}/data", {"fileName": "next.csv", "rawData": [{"month": "2026-02"}]})
    assert look(shown, if_none_match='"1"').json["config"] == charts("two")
    assert look(shown, "data").json["rawData"] == [{"month": "2026-02"}]


def test_a_link_offers_the_table_alone(shown: str) -> None:
    """Parts, rows and CSV are as for members; the analysis and the charts are no part of a link."""
    assert set(look(shown, "data?include=dataSchema").json) == {"dataSchema", "version", "updatedAt"}
    assert look(shown, "data?rows=0-0").json["rawData"] == TABLE_BODY["rawData"]
    csv = look(shown, "data?format=csv&safe=true")
    assert (csv.status, csv.headers["content-type"].partition(";")[0]) == (200, "text/csv")
    for part in ("analysis", "chartCustomizations"):
        refused = look(shown, f"data?include={part}")
        assert (refused.status, refused.code) == (422, "invalid-query")


def test_a_link_before_the_first_save_shows_nothing_yet(client: Client) -> None:
    """Without a saved config or a table it is answered like a project that is new."""
    client.post("/api/projects", {"id": "p", "name": "P"})
    token = client.post(LINKS, {}).json["token"]
    assert look(token).json == {"config": None, "version": 0, "updatedAt": None}
    assert look(token, "data").json == {"rawData": None, "dataSchema": None, "version": 0, "updatedAt": None}
    assert look(token, "data?format=csv").status == 404


def test_a_link_that_was_taken_back_is_like_one_that_never_was(owner: Person, shown: str) -> None:
    """Taken back, expired, unknown, malformed and an invitation's token are answered alike: 404."""
    (listed,) = members(owner, owner)["links"]
    assert [owner.delete(f"{LINKS}/{listed['linkId']}").status for _ in range(2)] == [204, 404]
    unknown = look("A" * 43)
    assert unknown.json["detail"] == "This link does not exist any more, or never did."
    for token in (shown, invited(owner, "editor"), "short", "A" * 42 + ".", f"{shown}A"):
        for rest in ("config", "data", "data?format=csv"):
            found = look(token, rest)
            assert (found.status, found.problem) == (404, unknown.problem), (token, rest)


def test_an_expired_link_shows_nothing(owner: Person, clock: Clock) -> None:
    """A link ends at the time that was given, which is listed; one in the past or without a zone is refused."""
    for wrong in ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00", "tomorrow", 5, ""):
        refused = owner.post(LINKS, {"expiresAt": wrong})
        assert (refused.status, refused.code) == (422, "invalid-sharing"), wrong
    ends = (clock.moment.replace(microsecond=0) + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    made = owner.post(LINKS, {"version": 1, "expiresAt": ends})
    assert made.status == 201, made.json
    (listed,) = members(owner, owner)["links"]
    assert listed["expiresAt"][:19] == made.json["expiresAt"][:19] == ends[:19]
    assert look(made.json["token"]).status == 200
    clock.advance(days=1, seconds=1)
    assert look(made.json["token"]).status == 404
    assert members(owner, owner)["links"] == []


def test_a_pin_keeps_config_and_table_together(
    owner: Person, clock: Clock, stream: Stream, follow: Callable[[], None]
) -> None:
    """Newer saves and uploads do not change it; neither the end of the kept uploads nor that of history ends it."""
    owner.post(f"{PROJECT}/data", {**TABLE_BODY, "analysis": ANALYSIS})
    save(owner, owner, "two", 1)
    made = owner.post(LINKS, {"version": 1})
    assert (made.json["version"], made.json["dataVersion"]) == (1, 1)
    for number in range(7):
        owner.post(f"{PROJECT}/data", {"fileName": "next.csv", "rawData": [{"number": number}]})
    clock.advance(days=100)
    for item in stream.items(f"USER#{owner.user}"):
        if has_expired(item, clock):
            stream.expire({name: item[name]["S"] for name in ("pk", "sk")})
    follow()
    assert owner.get(f"{CONFIG}/versions/1").status == 404
    assert owner.get(f"{PROJECT}/data/versions/1").status == 404
    assert look(made.json["token"]).json["config"] == charts("one")
    assert look(made.json["token"], "data").json["rawData"] == TABLE_BODY["rawData"]


def objects(client: "S3Client") -> set[str]:
    return {each["Key"] for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def test_what_a_link_pinned_goes_with_it(owner: Person, follow: Callable[[], None], bucket_client: "S3Client") -> None:
    """A pinned table is an object of its own, which is removed once the link is taken back; the newest one stays."""
    owner.post(f"{PROJECT}/data", TABLE_BODY)
    before = objects(bucket_client)
    links = [owner.post(LINKS, {"version": 1}).json for _ in range(2)]
    pinned = objects(bucket_client) - before
    assert len(pinned) == 2
    owner.delete(f"{LINKS}/{links[0]['linkId']}")
    follow()
    assert len(objects(bucket_client) & pinned) == 1
    assert look(links[1]["token"], "data").json["rawData"] == TABLE_BODY["rawData"]
    owner.delete(f"{LINKS}/{links[1]['linkId']}")
    follow()
    assert objects(bucket_client) & pinned == set()
    assert owner.get(f"{PROJECT}/data").json["rawData"] == TABLE_BODY["rawData"]


def test_what_a_link_pinned_ends_with_it(
    owner: Person, clock: Clock, stream: Stream, follow: Callable[[], None], bucket_client: "S3Client"
) -> None:
    """Of a link that ends, the pinned items expire at the same time, and the object goes with them."""
    owner.post(f"{PROJECT}/data", TABLE_BODY)
    before = objects(bucket_client)
    ends = (clock.moment + timedelta(days=1)).isoformat()
    assert owner.post(LINKS, {"version": 1, "expiresAt": ends}).status == 201
    clock.advance(days=1, seconds=1)
    expired = [item for item in stream.items(f"USER#{owner.user}") if has_expired(item, clock)]
    assert {item["sk"]["S"].split("#")[0] for item in expired} >= {"PIN", "SHARE"}
    for item in expired:
        stream.expire({name: item[name]["S"] for name in ("pk", "sk")})
    follow()
    assert objects(bucket_client) == before


def has_expired(item: dict[str, Any], clock: Clock) -> bool:
    return "expiresAt" in item and int(item["expiresAt"]["N"]) <= clock.moment.timestamp()


def test_a_link_to_a_deleted_config_shows_none(owner: Person, shown: str) -> None:
    """After the config was deleted, a link that follows it says so like the project itself."""
    owner.delete(CONFIG, if_match='"1"')
    found = look(shown)
    assert (found.status, found.json["config"], found.json["version"]) == (200, None, 2)


def test_a_pin_without_a_table_stays_without_one(owner: Person) -> None:
    """A pin made before the first upload shows no table later; a version that does not exist is 404."""
    token = owner.post(LINKS, {"version": 1}).json["token"]
    owner.post(f"{PROJECT}/data", TABLE_BODY)
    assert look(token, "data").json["rawData"] is None
    assert owner.post(LINKS, {"version": 9}).status == 404
    assert owner.post(LINKS, {"version": 0}).status == 422
    assert len(members(owner, owner)["links"]) == 1


def test_the_121st_request_for_a_link_is_refused(owner: Person, clock: Clock) -> None:
    """120 requests a minute for one link are answered, config and data together; another link is not affected."""
    first, second = (str(owner.post(LINKS, {}).json["token"]) for _ in range(2))
    assert {look(first, rest).status for rest in ("config", "data") for _ in range(60)} == {200}
    refused = look(first)
    assert (refused.status, refused.code, refused.headers["retry-after"]) == (429, "rate-limited", "1")
    assert look(second).status == 200
    clock.advance(seconds=1)
    assert look(first).status == 200


def test_downloads_of_a_link_name_neither_owner_nor_project(
    owner: Person, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """The URL of a large table has a name that differs between links and from that of the members."""
    connect(replace(settings, max_raw_data_bytes=1))
    owner.post(f"{PROJECT}/data", TABLE_BODY)
    tokens = [str(owner.post(LINKS, {}).json["token"]) for _ in range(2)]
    urls = [look(token, "data").json["rawDataUrl"] for token in tokens]
    places = [key_of(url) for url in (*urls, owner.get(f"{PROJECT}/data").json["rawDataUrl"])]
    assert len({place.rpartition("/")[0] for place in places}) == 3
    folder = places[2].split("/")[1]
    assert all(folder not in url and token not in url for url, token in zip(urls, tokens, strict=True))
    redirect = look(tokens[0], "data?format=csv")
    assert (redirect.status, folder in redirect.headers["location"]) == (302, False)


# -- copies --


def test_a_copy_is_ones_own(owner: Person, viewer: Person) -> None:
    """It has the newest config and table with its analysis, each at version 1, and does not follow the source."""
    save(owner, owner, "two", 1)
    for name in ("first.csv", "sales.csv"):
        owner.post(f"{PROJECT}/data", {**TABLE_BODY, "fileName": name, "analysis": ANALYSIS})
    body = {"copyOf": address(owner).rpartition("/")[2], "id": "mine"}
    made = viewer.post("/api/projects", body)
    assert (made.status, made.headers["location"], made.json["role"]) == (201, "/api/projects/mine", "owner")
    assert (made.json["name"], made.json["settings"], made.json["version"]) == ("P", {"tags": ["monthly"]}, 1)
    found = viewer.get("/api/projects/mine/data").json
    assert found["dataSchema"]["fileName"] == "sales.csv"
    assert (found["version"], found["analysis"], found["rawData"]) == (1, ANALYSIS, TABLE_BODY["rawData"])
    assert viewer.get("/api/projects/mine/config").json["config"] == charts("two")
    (entry,) = viewer.get("/api/projects/mine/config/versions").json["versions"]
    assert (entry["version"], entry["source"]) == (1, "import")
    owner.post(f"{PROJECT}/data", {"fileName": "next.csv", "rawData": [{"a": 1}]})
    owner.delete(PROJECT)
    assert viewer.get("/api/projects/mine/data").json["rawData"] == TABLE_BODY["rawData"]
    assert owner.get(f"/api/projects/{made.json['address']}").status == 404


def test_a_copy_has_an_object_of_its_own(
    owner: Person, viewer: Person, stream: Stream, follow: Callable[[], None], bucket_client: "S3Client"
) -> None:
    """The objects of a copy survive the end of the source; those of repeated requests go."""
    owner.post(f"{PROJECT}/data", TABLE_BODY)
    before = objects(bucket_client)
    body = {"copyOf": address(owner).rpartition("/")[2], "id": "mine", "name": "Mine"}
    assert [viewer.post("/api/projects", body).status for _ in range(2)] == [201, 200]
    assert viewer.post("/api/projects", {**body, "name": "Another"}).code == "project-exists"
    owner.delete(f"{PROJECT}?permanently=true")
    follow()
    for item in stream.items(f"USER#{viewer.user}"):
        if "object" in item and item["sk"]["S"].startswith("UPLOAD#"):
            stream.expire({name: item[name]["S"] for name in ("pk", "sk")})
    follow()
    assert len(objects(bucket_client) - before) == 1
    assert viewer.get("/api/projects/mine/data").json["rawData"] == TABLE_BODY["rawData"]


def test_what_is_given_replaces_what_is_copied(owner: Person, user: str) -> None:
    """Name, description and settings may be given, a config may not; what one may not read is 404."""
    body = {"copyOf": "p", "id": "q", "name": "Q", "description": "D", "settings": {"tags": ["own"]}}
    made = owner.post("/api/projects", body)
    assert (made.status, made.json["name"], made.json["description"]) == (201, "Q", "D")
    assert made.json["settings"] == {"tags": ["own"]}
    config = owner.post("/api/projects", {"copyOf": "p", "settings": {"dashboardConfig": charts("x")}})
    assert (config.status, config.code) == (422, "invalid-project")
    named = address(owner).rpartition("/")[2]
    for person, source in ((Person(f"{user}-stranger"), named), (owner, "absent"), (owner, "a~b"), (owner, "")):
        refused = person.post("/api/projects", {"copyOf": source})
        assert (refused.status, refused.code) == (404, "not-found"), source


def test_a_copy_of_what_is_empty_is_empty(owner: Person) -> None:
    """A project without a config or a table has a copy without them."""
    owner.post("/api/projects", {"id": "empty", "name": "Empty"})
    made = owner.post("/api/projects", {"copyOf": "empty", "id": "copy"})
    assert (made.status, made.json["dashboardConfig"], made.json["data"]) == (201, None, None)
    assert owner.get("/api/projects/copy/config").json["version"] == 0


# -- taking versions out of history --


@pytest.fixture
def leaked(owner: Person, editor: Person) -> Person:
    """The owner, after version 2 of three was saved by mistake, with a message; a link pins it."""
    save(editor, owner, "secret", 1, "?message=the%20secret")
    assert owner.post(LINKS, {"version": 2}).status == 201
    save(owner, owner, "three", 2)
    return owner


def test_a_removed_version_is_listed_and_cannot_be_read(leaked: Person, editor: Person) -> None:
    """History shows that it was there and who saved it; content and message are gone for everybody."""
    refused = editor.delete(f"{address(leaked)}/config/versions/2")
    assert (refused.status, refused.code) == (403, "forbidden")
    token = leaked.post(LINKS, {"version": 2}).json["token"]
    assert [leaked.delete(f"{CONFIG}/versions/2").status for _ in range(2)] == [204, 204]
    (entry,) = [each for each in leaked.get(f"{CONFIG}/versions").json["versions"] if each["version"] == 2]
    assert (entry["removed"], entry["updatedBy"]["id"]) == (True, id_of(editor, leaked))
    assert "secret" not in str(entry)
    assert look(token).status == 404
    assert members(leaked, leaked)["links"] == []
    replies = {
        "load": leaked.get(f"{CONFIG}/versions/2"),
        "diff": leaked.get(f"{CONFIG}/versions/2/diff/3"),
        "the other way": leaked.get(f"{CONFIG}/versions/1/diff/2"),
        "restore": leaked.post(f"{CONFIG}/versions/2/restore", None, if_match='"3"'),
        "undo": leaked.post(f"{CONFIG}/versions/2/undo", None),
        "undo of the next": leaked.post(f"{CONFIG}/versions/3/undo", None),
        "pin": leaked.post(LINKS, {"version": 2}),
    }
    assert {name: (each.status, each.code) for name, each in replies.items()} == dict.fromkeys(
        replies, (404, "not-found")
    )


def test_a_merge_from_a_removed_version_is_a_conflict(leaked: Person) -> None:
    """Nobody can say what was changed since it, so the conflict names no places."""
    leaked.delete(f"{CONFIG}/versions/2")
    merge = leaked.put(f"{CONFIG}?onConflict=merge", charts("mine"), if_match='"2"')
    assert (merge.status, merge.code, merge.json["currentVersion"]) == (412, "version-conflict", 3)
    assert not merge.json.get("conflicts")
    assert leaked.get(CONFIG).json["version"] == 3


def test_the_newest_version_cannot_be_removed(leaked: Person) -> None:
    """It is a conflict with the current version; a version that never was is 404."""
    refused = leaked.delete(f"{CONFIG}/versions/3")
    assert (refused.status, refused.code, refused.json["currentVersion"]) == (412, "version-conflict", 3)
    assert refused.json["detail"].endswith("Save another one first.")
    for absent in ("9", "0", "x"):
        assert leaked.delete(f"{CONFIG}/versions/{absent}").status == 404


# -- the list of what is shared --


def listed(person: Client, query: str = "") -> list[Any]:
    """Return all pages of what is shared with somebody."""
    found: list[Any] = []
    cursor = ""
    for _ in range(100):
        page = person.get(f"{SHARED}{query}{cursor}").json
        found += page["projects"]
        if page["nextCursor"] is None:
            return found
        cursor = f"&cursor={page['nextCursor']}"
    raise AssertionError("the list has no end")


def test_the_list_says_whose_a_project_is_and_what_one_may(owner: Person, viewer: Person, clock: Clock) -> None:
    """An entry is the summary with the address, the owner, the role and since when; one's own are in the other list."""
    (entry,) = listed(viewer)
    own = owner.get("/api/projects").json["projects"][0]
    extra = {name: entry[name] for name in ("owner", "role", "since")}
    assert entry == {**own, **extra}
    assert entry["address"] == address(owner).rpartition("/")[2]
    assert entry["owner"] == {"id": members(viewer, owner)["owner"]["id"], "name": "Ada"}
    assert (entry["role"], entry["since"][:19]) == ("viewer", clock.moment.isoformat()[:19])
    assert viewer.get("/api/projects").json["projects"] == []
    assert viewer.get("/api/projects?scope=own").json["projects"] == []
    assert listed(owner) == []
    save(owner, owner, "two", 1)
    assert listed(viewer)[0]["dashboardConfig"]["version"] == 2


def test_ones_own_projects_are_not_shared_with_oneself(owner: Person, analyst: Person) -> None:
    """Letting in a team in which the owner is lists the project for the others alone."""
    assert [each["role"] for each in listed(analyst)] == ["editor"]
    assert listed(owner) == []


@pytest.mark.parametrize(
    "query", ["&include=dashboardConfig", "&limit=26", "&limit=0", "&cursor=x", "&cursor=UFJPSkVDVFMj"]
)
def test_an_invalid_query_of_the_list_is_refused(viewer: Person, query: str) -> None:
    """The list of what is shared has no configs and at most 25 on a page; another list's cursor is refused."""
    refused = viewer.get(SHARED + query)
    assert (refused.status, refused.code) == (422, "invalid-query")


@pytest.mark.parametrize("limit", [1, 2, 3, 25])
def test_pages_hold_each_project_once(owner: Person, user: str, clock: Clock, limit: int) -> None:
    """Through a grant of one's own and two teams, newest grant first: each is listed once, with the highest role."""
    person = Person(f"{user}-lister", {TEAM_CLAIM: ["sales & EU", "analysts", "unknown"]})
    teams = [f"teams/{team_in_path(name)}" for name in ("analysts", "sales & EU")]
    for number in range(6):
        place = f"/api/projects/n{number}"
        owner.post("/api/projects", {"id": f"n{number}", "name": f"N{number}"})
        clock.advance(seconds=1)
        owner.put(f"{place}/{teams[0]}", {"role": "viewer"})
        if number % 2:
            owner.put(f"{place}/{teams[1]}", {"role": "editor"})
        if number % 3 == 0:
            clock.advance(seconds=1)
            let_in(owner, person, "viewer", f"n{number}")
    # The first one moves to the front, because its newest grant is the newest.
    clock.advance(seconds=1)
    owner.put(f"/api/projects/n0/{teams[1]}", {"role": "viewer"})
    owner.delete("/api/projects/n4")
    owner.delete(f"/api/projects/n2/{teams[0]}")
    found = listed(person, f"&limit={limit}")
    assert [(each["name"], each["role"]) for each in found] == [
        ("N0", "viewer"),
        ("N5", "editor"),
        ("N3", "editor"),
        ("N1", "editor"),
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 25])
def test_teams_let_in_at_once_list_a_project_once(owner: Person, user: str, clock: Clock, limit: int) -> None:
    """Grants of the same moment, also behind entries that no longer hold, do not list a project twice."""
    person = Person(f"{user}-lister", {TEAM_CLAIM: ["analysts", "sales & EU"]})
    for number in range(5):
        clock.advance(seconds=1)
        owner.post("/api/projects", {"id": f"n{number}", "name": f"N{number}"})
        # Of those that are deleted again one entry each, so that some read ends between two of one project.
        for team in ("analysts", "sales & EU")[: 1 if number > 2 else 2]:
            owner.put(f"/api/projects/n{number}/teams/{team_in_path(team)}", {"role": "viewer"})
    for number in (3, 4):
        owner.delete(f"/api/projects/n{number}")
    assert [each["name"] for each in listed(person, f"&limit={limit}")] == ["N2", "N1", "N0"]


def test_entries_that_no_longer_hold_are_skipped(owner: Person, user: str, clock: Clock) -> None:
    """Pages are filled beyond many projects that were deleted, and the last one has no cursor."""
    person = Person(f"{user}-lister", {TEAM_CLAIM: "analysts"})
    for number in range(12):
        owner.post("/api/projects", {"id": f"n{number:02}", "name": f"N{number:02}"})
        clock.advance(seconds=1)
        owner.put(f"/api/projects/n{number:02}/teams/analysts", {"role": "viewer"})
    for number in range(2, 11):
        owner.delete(f"/api/projects/n{number:02}")
    page = person.get(f"{SHARED}&limit=2").json
    assert [each["name"] for each in page["projects"]] == ["N11", "N01"]
    last = person.get(f"{SHARED}&limit=2&cursor={page['nextCursor']}").json
    assert ([each["name"] for each in last["projects"]], last["nextCursor"]) == (["N00"], None)
