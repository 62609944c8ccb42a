"""Users who move: an archive has all that they store, and an import brings it back as it was."""

import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from conftest import BUCKET, TABLE, Clock
from support.handlers import moving
from support.handlers.http_api import apps
from support.handlers.moving import Moving
from support.handlers.sharing import Person, with_teams
from support.project.template import table_definition
from support.storage.clients import Answer, Call, Request, Tap, Tapped

from admin import CannotRunError
from admin.archives.export import export
from admin.archives.importing import bring_in
from admin.archives.relocation import move
from dashboard_store.dynamodb.protocol import unmarshal
from dashboard_store.errors import NoProject, ProjectExists, QuotaExceeded
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.expressions import Condition, update
from dashboard_store.repository.items import Items
from dashboard_store.repository.member_ids import member_id
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Counted, or under way: not what a user stores.
PASSING = ("RATE", "USAGE", "FENCE", "UPLOAD")


@pytest.fixture
def store(settings: Settings, database: Tapped, bucket: Bucket, clock: Clock) -> Store:
    """The deployment."""
    return Store(with_teams(settings), Items(database, TABLE), bucket, clock)


@pytest.fixture
def world(store: Store, user: str, connect: Callable[[Settings], None]) -> Moving:
    """All people of the tests' own, and the projects."""
    connect(store.settings)
    ids = {name: f"{name}-{user}" for name in moving.NAMES}
    people = {name: Person(ids[name], moving.CLAIMS[name]) for name in moving.NAMES}
    made = Moving(people, ids)
    moving.make(made)
    return made


def items(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    """Read all items of the table that last, with the content of objects in place of their names."""
    return {keys.name(item): steady(item) for item in scanned(store) if not item["sk"].startswith(PASSING)}


def steady(item: dict[str, Any]) -> dict[str, Any]:
    if item["sk"].endswith("#ROSTER"):
        # Counts the changes to who may what, of which the import of a membership is one; it is never put.
        return {name: value for name, value in item.items() if name not in {"version", "format"}}
    return {**item, **({"object": item["object"].rpartition("/")[2]} if "object" in item else {})}


def differing(before: dict[Any, Any], after: dict[Any, Any]) -> dict[Any, Any]:
    """Return what was before and what is after, where that is not equal."""
    return {key: (before[key], after.get(key)) for key in before if before[key] != after.get(key)}


def scanned(store: Store) -> Iterator[dict[str, Any]]:
    """Yield every item of the table."""
    transport = store.items._transport  # noqa: SLF001 - the repository never scans
    start: dict[str, Any] = {}
    while True:
        request = {"TableName": store.settings.table_name, "ConsistentRead": True, **start}
        answer = transport.call("Scan", request)
        yield from map(unmarshal, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def remove(store: Store, world: Moving, bucket_client: "S3Client", name: str = "ada") -> None:
    """Remove whatever there is of a user, wherever it is."""
    user = world.ids[name]
    hashed = keys.fingerprint(user)
    gone = []
    for item in scanned(store):
        is_own = item["pk"] == keys.partition(user)
        is_elsewhere = item.get("owner") == user or item.get("summary", {}).get("owner") == user
        if is_own or is_elsewhere or hashed in item["sk"]:
            gone.append({"pk": item["pk"], "sk": item["sk"]})
    store.items.delete_many(gone)
    for each in stored(bucket_client, user):
        bucket_client.delete_object(Bucket=BUCKET, Key=each)


def named(store: Store) -> list[str]:
    """List the objects that items name, as often as they do."""
    return sorted(item["object"] for item in scanned(store) if "object" in item)


def stored(bucket_client: "S3Client", user: str) -> list[str]:
    """List the objects of a user."""
    prefix = f"tables/{keys.folder(ProjectAddress(user, 'p')).partition('/')[0]}/"
    return sorted(
        each["Key"] for each in bucket_client.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    )


def exported(store: Store, world: Moving, folder: Path) -> Path:
    file = folder / "ada.zip"
    assert export(store, world.ids["ada"], file, None) == 0
    return file


def reported(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_what_was_exported_comes_back_as_it_was(
    store: Store, world: Moving, bucket_client: "S3Client", tmp_path: Path
) -> None:
    """Removed and imported, every item and every answer is as before, for the user and all others."""
    before, answers = items(store), moving.answers(world)
    file = exported(store, world, tmp_path)
    assert items(store) == before, "an export changes nothing"
    counts = entries(file, "manifest.json")["manifest.json"][0]["counts"]
    # Nine versions of sales, two each of cleared and attic; four tables of sales, one that is pinned, three of attic.
    expected = {"projects": 4, "memberships": 1, "versions": 9 + 2 + 2, "drafts": 3, "tables": 4 + 1 + 3}
    assert counts == {**expected, "lostTables": 0}
    remove(store, world, bucket_client)
    assert moving.answers(world) != answers
    report = tmp_path / "report"
    assert bring_in(store, file, world.ids["ada"], report) == 0
    *lines, _ = reported(report)
    assert [line["outcome"] for line in lines] == ["imported"] * 5, lines
    after = items(store)
    assert after.keys() == before.keys()
    assert differing(before, after) == {}
    assert differing(answers, moving.answers(world)) == {}
    assert named(store) == stored(bucket_client, world.ids["ada"])
    assert bring_in(store, file, world.ids["ada"], report) == 0
    assert {line["outcome"] for line in reported(report)[:-1]} == {"present"}


# -- other places --

OTHER_TABLE = "dashkeep-tests-other"


@pytest.fixture
def elsewhere(store: Store, database: Tapped, bucket_client: "S3Client") -> Iterator[Store]:
    """Another deployment: other tables, another key, and all tables in the bucket."""
    database.call("CreateTable", {"TableName": OTHER_TABLE, **table_definition()})
    name = f"elsewhere-{uuid.uuid4()}"
    bucket_client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    own: dict[str, Any] = {
        "table_name": OTHER_TABLE,
        "bucket_name": name,
        "log_key": "another key",
        "max_inline_table_bytes": 1,
    }
    yield Store(
        replace(store.settings, **own),
        Items(database, OTHER_TABLE),
        Bucket(bucket_client, name),
        store.now,
    )
    database.call("DeleteTable", {"TableName": OTHER_TABLE})


def serve(store: Store) -> None:
    """Connect every function to a deployment."""
    for app in apps():
        app.connect(store)


def as_user(world: Moving, name: str, user: str) -> Moving:
    """Return the world in which somebody has another id."""
    people = {**world.people, name: Person(user, moving.CLAIMS[name])}
    return Moving(people, {**world.ids, name: user}, world.tokens)


def nameless(store: Store, world: Moving, found: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
    """Return answers with names in place of what the deployment makes of the people's ids."""
    owner = ProjectAddress(world.ids["ada"], "p").text.removesuffix("~p")
    names = {owner: "ADA"}
    for project in moving.PROJECTS:
        for name, user in world.ids.items():
            names[member_id(store.settings.log_key, ProjectAddress(world.ids["ada"], project), user)] = f"{name}'s id"
    pattern = re.compile("|".join(map(re.escape, names)))

    def plain(text: str) -> str:
        return pattern.sub(lambda match: names[match[0]], text)

    shown: dict[tuple[str, str], Any] = {}
    for (who, url), (status, headers, body) in found.items():
        texts = [plain(text) for text in body] if isinstance(body, list) else body
        if url.endswith("/members"):
            # Those who came in at the same moment are in the order of their ids.
            texts = sorted("".join(texts))
        # Olga's project does not move.
        if who != "olga" and (who, url) != ("ada", "/api/projects?scope=shared"):
            shown[who, plain(url)] = status, {name: plain(value) for name, value in headers.items()}, texts
    return shown


def test_another_deployment_answers_the_same_for_another_id(
    store: Store, elsewhere: Store, world: Moving, tmp_path: Path
) -> None:
    """With another key, table and bucket, and under another id of the user, everybody is answered the same.

    What differs is made for the place: addresses, and the ids of people. Projects of others are not there.
    """
    before = nameless(store, world, moving.answers(world, moving.PROJECTS))
    file, report = exported(store, world, tmp_path), tmp_path / "report"
    there = as_user(world, "ada", f"zoe-{world.ids['ada']}")
    assert bring_in(elsewhere, file, there.ids["ada"], report) == 1
    refused = [line for line in reported(report)[:-1] if line["outcome"] != "imported"]
    assert [line["reason"] for line in refused] == ["no-project"]
    serve(elsewhere)
    after = nameless(elsewhere, there, moving.answers(there, moving.PROJECTS))
    assert differing(before, after) == {}
    assert before.keys() == after.keys()
    old = world.ids["ada"]
    assert [item for item in scanned(elsewhere) if item["pk"] == keys.partition(old)] == []


def test_a_project_is_given_to_a_member(store: Store, world: Moving, bucket_client: "S3Client") -> None:
    """Given to Bob, a project is Bob's with all of its history; others use it as before, and nothing names Ada."""
    before = moving.answers(world, ("sales",))
    for project in ("sales", "attic"):
        move(store, ProjectAddress(world.ids["ada"], project), world.ids["bob"])
    remove(store, world, bucket_client)
    there = Moving(
        {**world.people, "ada": world.people["bob"], "bob": world.people["ada"]},
        {**world.ids, "ada": world.ids["bob"], "bob": world.ids["ada"]},
        world.tokens,
    )
    after = moving.answers(there, ("sales",))
    url, old = there.url("sales"), world.url("sales")
    for path in ("config", "config/versions/5", "data", "data/versions/2?format=csv"):
        ours, theirs = before["ada", f"{old}/{path}"], after["ada", f"{url}/{path}"]
        assert ours[2] == theirs[2], path
        assert ours[1].get("etag") == theirs[1].get("etag")
    draft = there.done("ada", "GET", f"{url}/config?sessionId=tab")
    assert draft["config"] == moving.charts("canary-draft-of-bob"), "the recipient's draft is the owner's now"
    assert Person(world.ids["ada"]).get(there.url("sales", "bob")).status == 404
    drafts = there.done("ada", "GET", f"{url}/config/versions?sessionId=tab")["versions"]
    assert [version["version"] for version in drafts] == [2, 1]
    (kept,) = (item for item in scanned(store) if item["sk"] == "CONFIG#sales#tab")
    assert "byMember" not in kept, "it no longer counts as what members store"
    members = there.done("ada", "GET", f"{url}/members")
    assert members["owner"]["name"] == "canary-bob"
    assert {each["name"] for each in members["members"]} == {"canary-vic", "canary-tim"}
    for who in ("vic", "tim"):
        (listed,) = there.done(who, "GET", "/api/projects?scope=shared")["projects"]
        assert (listed["id"], listed["owner"]["name"]) == ("sales", "canary-bob")
    for name in ("newest", "pinned", "ending"):
        assert after[name, "config"] == before[name, "config"]
        assert after[name, "data"][2] == before[name, "data"][2]
    everything = json.dumps([*map(repr, scanned(store))])
    ids = {
        member_id("key", ProjectAddress(owner, "sales"), world.ids["ada"])
        for owner in (world.ids["ada"], world.ids["bob"])
    }
    assert not [each for each in (*ids, world.ids["ada"], keys.fingerprint(world.ids["ada"])) if each in everything]
    assert there.done("ada", "POST", f"{there.url('attic')}/restore")["dashboardConfig"]["version"] == 2


# -- what happens meanwhile --


class KilledError(BaseException):
    """The command ends here."""


def entries(file: Path, prefix: str) -> dict[str, Any]:
    """Read what an archive has under a prefix: documents, and of anything else the bytes."""
    with ZipFile(file) as archive:
        found = {name: archive.read(name) for name in archive.namelist() if name.startswith(prefix)}
    return {
        name: [*map(json.loads, content.splitlines())] if name.endswith(("json", "jsonl")) else content
        for name, content in found.items()
    }


def test_a_project_is_as_of_the_head_that_was_read_first(
    store: Store, world: Moving, database: Tapped, tmp_path: Path
) -> None:
    """While a user goes on saving and uploading, their project is exported as it was when it was read first."""
    calm = exported(store, world, tmp_path)
    has_begun: list[bool] = []

    def tap(proceed: Call, operation: str, request: Request) -> Answer:
        answer = proceed(operation, request)
        if operation == "TransactGetItems" and "PROJECT#sales" in str(request) and not has_begun:
            has_begun.append(True)
            moving.save(world, "bob", "sales", moving.charts("meanwhile"), 9)
            for name in ("meanwhile", "again"):
                table = {"fileName": name, "rawData": moving.LARGE["rawData"]}
                world.done("ada", "POST", f"{world.url('sales')}/data", table)
        return answer

    busy = tmp_path / "busy.zip"
    with database.tapped(tap):
        assert export(store, world.ids["ada"], busy, None) == 0
    assert has_begun
    before, after = (entries(file, "projects/sales/") for file in (calm, busy))
    assert len(before) > 10
    assert differing(before, after) == {}
    assert before.keys() == after.keys()


def test_a_project_that_is_deleted_meanwhile_is_exported(
    store: Store, world: Moving, database: Tapped, tmp_path: Path
) -> None:
    """A project that is deleted while projects are listed is in the archive, as a deleted one."""
    has_listed: list[bool] = []

    def tap(proceed: Call, operation: str, request: Request) -> Answer:
        answer = proceed(operation, request)
        if operation == "Query" and "DELETED#PROJECT#" in str(request) and not has_listed:
            has_listed.append(True)
            world.done("ada", "DELETE", world.url("cleared"))
        return answer

    file = tmp_path / "ada.zip"
    with database.tapped(tap):
        assert export(store, world.ids["ada"], file, None) == 0
    assert entries(file, "projects/cleared/project.json")["projects/cleared/project.json"][0]["isDeleted"] is True


def test_a_project_that_is_purged_meanwhile_is_left_out(
    store: Store, world: Moving, database: Tapped, tmp_path: Path
) -> None:
    """A project that is deleted for good before it is read is reported, and is not in the archive."""

    def tap(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "TransactGetItems" and "PROJECT#empty" in str(request):
            store.items.delete_many([keys.project(ProjectAddress(world.ids["ada"], "empty"))])
        return proceed(operation, request)

    file, report = tmp_path / "ada.zip", tmp_path / "report"
    with database.tapped(tap):
        assert export(store, world.ids["ada"], file, report) == 0
    assert [line["project"] for line in reported(report)[:-1] if line["outcome"] == "left-out"] == ["empty"]
    assert entries(file, "projects/empty/") == {}


@pytest.mark.parametrize("last", [1, 3, 5, 8, 11])
def test_an_interrupted_import_is_repeated(  # noqa: PLR0917 - fixtures
    store: Store, world: Moving, database: Tapped, bucket_client: "S3Client", tmp_path: Path, last: int
) -> None:
    """Wherever an import ends, there is no half project, and a repetition leaves what one run would have left."""
    before, file, user = items(store), exported(store, world, tmp_path), world.ids["ada"]
    remove(store, world, bucket_client)
    with pytest.raises(KilledError), database.tapped(killing(last)):
        bring_in(store, file, user, None)
    for item in scanned(store):
        kind, *rest = item["sk"].removeprefix("DELETED#").split("#")
        if item["pk"] == keys.partition(user) and kind == "PROJECT":
            assert differing({keys.name(item): before[keys.name(item)]}, items(store)) == {}
            assert ("CONFIG", rest[0]) in {tuple(sk.removeprefix("DELETED#").split("#")[:2]) for _, sk in items(store)}
    assert bring_in(store, file, user, None) == 0
    assert differing(before, items(store)) == {}
    assert before.keys() == items(store).keys()


def killing(last: int, kind: str = "TransactWriteItems") -> Tap:
    """Return a tap that ends the command after a number of writes, of which the last one is done."""
    numbers = itertools.count(1)

    def tap(proceed: Call, operation: str, request: Request) -> Answer:
        answer = proceed(operation, request)
        if operation == kind and next(numbers) == last:
            raise KilledError
        return answer

    return tap


@pytest.mark.parametrize("last", [1, 2, 3, 5, 8, 9, 11])
def test_an_interrupted_move_is_repeated(
    store: Store, world: Moving, database: Tapped, bucket_client: "S3Client", last: int
) -> None:
    """Wherever a move ends, a repetition completes it, and links lead to one of the two places all the time."""
    address, bob = ProjectAddress(world.ids["ada"], "sales"), world.ids["bob"]
    with suppress(KilledError), database.tapped(killing(last)):
        move(store, address, bob)
    for name in ("newest", "pinned", "ending"):
        assert world.people["eve"].request("GET", f"/api/links/{world.tokens[name]}/config").status == 200
    move(store, address, bob)
    remove(store, world, bucket_client)
    for name in ("newest", "pinned", "ending"):
        assert world.people["eve"].request("GET", f"/api/links/{world.tokens[name]}/data").status == 200
    world.done("bob", "GET", "/api/projects/sales/data/versions/2")
    assert len(world.done("bob", "GET", "/api/projects/sales/config/versions")["versions"]) == 9


def test_a_move_replaces_nothing(store: Store, world: Moving) -> None:
    """A project does not move where another one has its id, and everything stays as it was."""
    world.done("bob", "POST", "/api/projects", {"id": "sales", "name": "Bob's own"})
    before = items(store)
    with pytest.raises(ProjectExists):
        move(store, ProjectAddress(world.ids["ada"], "sales"), world.ids["bob"])
    assert items(store) == before
    moving.save(world, "tim", "sales", moving.charts("goes on"), 9)
    with pytest.raises(NoProject):
        move(store, ProjectAddress(world.ids["ada"], "none"), world.ids["bob"])


def test_an_interrupted_move_ends_where_another_project_came(
    store: Store, world: Moving, database: Tapped, clock: Clock
) -> None:
    """Where the other owner makes a project of the id while a move is interrupted, repeating it is refused."""
    address, bob = ProjectAddress(world.ids["ada"], "sales"), world.ids["bob"]
    with suppress(KilledError), database.tapped(killing(1, "UpdateItem")):
        move(store, address, bob)
    clock.advance(seconds=1)
    world.done("bob", "POST", "/api/projects", {"id": "sales", "name": "Bob's own"})
    with pytest.raises(ProjectExists):
        move(store, address, bob)
    assert world.done("bob", "GET", "/api/projects/sales")["name"] == "Bob's own"
    moving.save(world, "tim", "sales", moving.charts("goes on"), 9)


def test_a_move_holds_the_quota(store: Store, world: Moving) -> None:
    """A project does not move to an owner who may have no more, and goes on where it is."""
    world.done("bob", "POST", "/api/projects", {"id": "own", "name": "Bob's own"})
    small = Store(replace(store.settings, max_projects=1), store.items, store.bucket, store.now)
    with pytest.raises(QuotaExceeded):
        move(small, ProjectAddress(world.ids["ada"], "sales"), world.ids["bob"])
    assert not [pk for pk, sk in items(store) if pk == keys.partition(world.ids["bob"]) and "#sales" in sk]
    moving.save(world, "tim", "sales", moving.charts("goes on"), 9)


def test_nothing_is_saved_where_a_project_moves_from(store: Store, world: Moving, database: Tapped) -> None:
    """From the beginning of a move, no save at the old place is accepted, so the new place misses none."""
    with suppress(KilledError), database.tapped(killing(2)):
        move(store, ProjectAddress(world.ids["ada"], "sales"), world.ids["bob"])
    url, saved = f"{world.url('sales', 'tim')}/config", {"if_match": '"9"'}
    refused = world.people["tim"].request("PUT", url, moving.charts("lost?"), **saved)
    assert (refused.status, refused.code) == (403, "quota-exceeded")
    move(store, ProjectAddress(world.ids["ada"], "sales"), world.ids["bob"])
    there = as_user(world, "ada", world.ids["bob"])
    moving.save(there, "tim", "sales", moving.charts("saved"), 9)


# -- what is left out, and why --


def test_what_has_expired_is_left_out(
    store: Store, world: Moving, bucket_client: "S3Client", clock: Clock, tmp_path: Path
) -> None:
    """Expiries stay as they were, so an old archive brings what has not expired by now, and says what has."""
    file, report = exported(store, world, tmp_path), tmp_path / "report"
    remove(store, world, bucket_client)
    clock.advance(days=98)
    assert bring_in(store, file, world.ids["ada"], report) == 1
    lines = {line.get("project", "membership"): line for line in reported(report)[:-1]}
    assert lines["attic"]["reason"] == "expired"
    # Nine versions, three drafts with their history, four invitations, and who was removed.
    assert lines["sales"]["expired"] == 9 + (1 + 2) + (1 + 2) + (1 + 1) + 4 + 1
    assert lines["membership"]["reason"] == "too-old"
    user, now = keys.partition(world.ids["ada"]), clock().timestamp()
    assert not [item for item in scanned(store) if item["pk"] == user and item.get("expiresAt", now + 1) <= now]
    assert world.done("ada", "GET", f"{world.url('sales')}/config")["version"] == 9
    assert len(world.done("ada", "GET", f"{world.url('sales')}/config/versions")["versions"]) == 1
    assert world.people["ada"].request("POST", f"{world.url('attic')}/restore").status == 404
    assert world.people["eve"].request("GET", f"/api/links/{world.tokens['pinned']}/data").status == 200


def test_a_copy_beside_the_original_takes_nothing_from_it(store: Store, world: Moving, tmp_path: Path) -> None:
    """Imported for somebody else while it is still there, a project has no links and invitations of the original."""
    before, file, report = moving.answers(world), exported(store, world, tmp_path), tmp_path / "report"
    other = f"other-{world.ids['ada']}"
    assert bring_in(store, file, other, report) == 0
    lines = {line.get("project"): line for line in reported(report)[:-1]}
    # Four invitations, of which three were used, and three links.
    assert (lines["sales"]["outcome"], lines["sales"]["secretsInUse"]) == ("imported", 4 + 3)
    ours = {
        key: value for key, value in before.items() if "scope=shared" not in key[1] and not key[1].endswith("/members")
    }
    again = moving.answers(world)
    assert differing(ours, {key: again[key] for key in ours}) == {}
    copy = as_user(world, "ada", other)
    assert copy.done("ada", "GET", f"{copy.url('sales')}/members")["links"] == []


def test_quotas_hold(store: Store, elsewhere: Store, world: Moving, tmp_path: Path) -> None:
    """What would exceed the quotas of the deployment is refused, and the rest is imported."""
    file, report = exported(store, world, tmp_path), tmp_path / "report"
    limits: list[tuple[dict[str, Any], set[str]]] = [
        ({"max_projects": 3}, {"sales"}),
        ({"max_stored_bytes": 20_000}, {"sales", "attic"}),
    ]
    for limit, refused in limits:
        settings = replace(elsewhere.settings, **limit)
        small = Store(settings, elsewhere.items, elsewhere.bucket, elsewhere.now)
        user = f"{next(iter(limit))}-{world.ids['ada']}"
        assert bring_in(small, file, user, report) == 1
        lines = [line for line in reported(report)[:-1] if "project" in line]
        assert {line["project"] for line in lines if line.get("reason") == "quota"} == refused
        there = {key.split("#")[-1] for pk, key in items(elsewhere) if pk == keys.partition(user) and "PROJECT#" in key}
        assert there == set(moving.PROJECTS) - refused


def test_a_guest_to_whom_an_archive_is_imported_is_its_owner(
    store: Store, elsewhere: Store, world: Moving, tmp_path: Path
) -> None:
    """Imported for one of its members, a project has them as its owner alone, and the draft of the owner before."""
    file, report = exported(store, world, tmp_path), tmp_path / "report"
    assert bring_in(elsewhere, file, world.ids["bob"], report) == 1
    lines = {line.get("project"): line for line in reported(report)[:-1]}
    assert lines["sales"]["draftsLeftOut"] == 1
    serve(elsewhere)
    members = world.done("bob", "GET", "/api/projects/sales/members")["members"]
    assert {each["name"] for each in members} == {"canary-vic", "canary-tim"}
    draft = world.done("bob", "GET", "/api/projects/sales/config?sessionId=tab")
    assert (draft["version"], draft["config"]) == (2, moving.charts("draft"))


@pytest.mark.parametrize("change", ["still there", "removed", "another project", "left"])
def test_a_membership_comes_back_if_the_owner_did_not_end_it(
    store: Store, world: Moving, tmp_path: Path, change: str
) -> None:
    """A membership comes back into the same project only, and not if its owner has removed the user since."""
    file, report = exported(store, world, tmp_path), tmp_path / "report"
    url = world.url("theirs", "olga")
    own = world.done("ada", "GET", f"{world.url('theirs')}/members")["you"]
    if change == "removed":
        world.done("olga", "DELETE", f"{url}/members/{own}")
    elif change == "left":
        world.done("ada", "DELETE", f"{world.url('theirs')}/members/{own}")
    elif change == "another project":
        place = keys.project(ProjectAddress(world.ids["olga"], "theirs"))
        another = Condition("attribute_exists(#pk)")
        store.items.transact(update(place, {"summary.createdAt": "2026-01-01T00:00:00.000Z"}, another))
    expected = {"still there": "present", "removed": "removed", "another project": "other-project", "left": "imported"}
    is_in = change in {"still there", "left"}
    assert bring_in(store, file, world.ids["ada"], report) == (0 if is_in else 1)
    (line,) = (line for line in reported(report)[:-1] if "membership" in line)
    assert line.get("reason", line["outcome"]) == expected[change]
    assert (world.people["ada"].request("GET", f"{world.url('theirs')}/config").status == 200) == is_in
    if change == "left":
        draft = world.done("ada", "GET", f"{world.url('theirs')}/config?sessionId=tab")
        assert draft["config"] == moving.charts("canary-draft-of-ada")


def test_an_owner_is_not_a_member_of_their_own_project(store: Store, world: Moving, tmp_path: Path) -> None:
    """Imported for somebody whose project the user was a member of, the membership is theirs already."""
    file, report = exported(store, world, tmp_path), tmp_path / "report"
    before = {key for key in items(store) if "#theirs" in key[1]}
    assert bring_in(store, file, world.ids["olga"], report) == 0
    assert [line["outcome"] for line in reported(report)[:-1] if "membership" in line] == ["present"]
    assert {key for key in items(store) if "#theirs" in key[1]} == before


def test_a_table_without_rows_stays_one(store: Store, world: Moving, bucket_client: "S3Client", tmp_path: Path) -> None:
    """A table that lost its object is reported by the export, and is there without rows after the import."""
    user, file, report = world.ids["ada"], tmp_path / "ada.zip", tmp_path / "report"
    item = store.items.get(keys.dataset_version(ProjectAddress(user, "sales"), 2))
    assert item
    bucket_client.delete_object(Bucket=BUCKET, Key=item["object"])
    version = f"{world.url('sales')}/data/versions/2"
    before = moving.answer(world.people["ada"].request("GET", version))
    assert before[0] == 410
    assert export(store, user, file, report) == 1
    assert [line["lostTables"] for line in reported(report)[:-1] if line["outcome"] == "incomplete"] == [1]
    remove(store, world, bucket_client)
    assert bring_in(store, file, user, None) == 0
    assert moving.answer(world.people["ada"].request("GET", version)) == before
    own = f"tables/{keys.folder(ProjectAddress(user, 'sales'))}/"
    assert sum(name.startswith(own) for name in named(store)) == 1


def test_what_is_left_of_an_earlier_project_is_not_exported(store: Store, world: Moving, tmp_path: Path) -> None:
    """A project has the parts and the members that are its own, not what another one of its id has left."""
    user = world.ids["ada"]
    attic, cleared = ProjectAddress(user, "attic"), ProjectAddress(user, "cleared")
    table = store.items.get(keys.deleted(keys.dataset(attic)))
    assert table
    world.done("ada", "DELETE", world.url("cleared"))
    earlier = {**table, **keys.deleted(keys.dataset(cleared)), "restorableUntil": table["restorableUntil"] - 1}
    empty, bob = ProjectAddress(user, "empty"), world.ids["bob"]
    grant = {"user": bob, "role": "editor", "since": "2020-01-01T00:00:00.000Z", "incarnation": "2020"}
    store.items.put_many([earlier, {**keys.member(empty, bob), **grant}])
    file = exported(store, world, tmp_path)
    assert entries(file, "projects/empty/sharing.json")["projects/empty/sharing.json"][0]["members"] == []
    assert entries(file, "projects/cleared/data.json")["projects/cleared/data.json"][0]["newest"] is None
    assert entries(file, "projects/attic/data.json")["projects/attic/data.json"][0]["newest"] is not None


def test_those_who_were_erased_do_not_come_back(
    store: Store, world: Moving, bucket_client: "S3Client", tmp_path: Path
) -> None:
    """A member whom the deployment has erased since the export is not a member again, and has no drafts."""
    file, report = exported(store, world, tmp_path), tmp_path / "report"
    remove(store, world, bucket_client)
    note = keys.erased("another key", world.ids["bob"])
    store.items.put_many([{**note, "key": "another key"}])
    assert bring_in(store, file, world.ids["ada"], report) == 0
    lines = {line.get("project"): line for line in reported(report)[:-1]}
    assert (lines["sales"]["erasedPeople"], lines["attic"]["erasedPeople"]) == (1, 1)
    hashed = keys.fingerprint(world.ids["bob"])
    assert not [item for item in scanned(store) if hashed in item["sk"] or world.ids["bob"] in str(item)]


def test_a_dry_run_changes_nothing(store: Store, world: Moving, bucket_client: "S3Client", tmp_path: Path) -> None:
    """A dry run reports what would be exported or imported, and neither writes an archive nor changes an item."""
    user, file, report = world.ids["ada"], tmp_path / "ada.zip", tmp_path / "report"
    everything = [*scanned(store)]
    assert export(store, user, file, report, is_dry_run=True) == 0
    assert [line["outcome"] for line in reported(report)[:-1]] == ["would-export"] * 5
    assert not file.exists()
    assert [*scanned(store)] == everything
    export(store, user, file, None)
    remove(store, world, bucket_client)
    everything = [*scanned(store)]
    assert bring_in(store, file, user, report, is_dry_run=True) == 0
    assert [line["outcome"] for line in reported(report)[:-1]] == ["would-import"] * 5
    assert [*scanned(store)] == everything


def test_nobody_is_not_exported(store: Store, user: str, tmp_path: Path) -> None:
    """A user who has nothing is an error, because the id may be misspelled."""
    with pytest.raises(CannotRunError, match=user):
        export(store, user, tmp_path / "none.zip", None)
    assert [*tmp_path.iterdir()] == []
