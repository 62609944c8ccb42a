"""The operator's erasure: whatever a user has stored goes, and whatever names them, and nothing else does."""

import argparse
import gzip
import json
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer
from conftest import TABLE, Clock, session
from support.handlers.http_api import Client, apps
from support.handlers.live import ORIGIN, Gateway
from support.handlers.sharing import TEAM_CLAIM, Person, address, invited, let_in, with_teams
from support.project.template import table_definition
from support.storage.clients import Answer, Call, Request, Tapped
from support.storage.contents import SETTINGS
from support.storage.faults import OUT_OF_REACH, injected
from support.storage.stream import Stream

from admin import CannotRunError, restore, stores
from admin.erasing import command as erase
from admin.erasing import mentions, object_versions
from admin.erasing import notes as erasure_notes
from admin.erasing.command import recovery_days
from admin.erasing.erasure import MOST_PASSES, SETTLED, Erasure, SharedError
from admin.stacks import Storage
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.formats import FORMAT, READABLE
from dashboard_store.repository.items import Items
from dashboard_store.store import Store
from local.database import binary

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

type Erase = Callable[..., dict[str, Any]]

CANARY = "kanarienvogel"
DAYS = 35
_DESERIALIZER = TypeDeserializer()
# The end of tokens, in epoch seconds.
LASTING = {"exp": 4_000_000_000}


@pytest.fixture
def dynamodb(request: pytest.FixtureRequest, database: Tapped) -> "DynamoDBClient":  # noqa: ARG001 - for its table
    """The operator's client of the handlers' database."""
    if binary() is None or request.config.getoption("--engine") == ["moto"]:
        return session().client("dynamodb")
    return session().client("dynamodb", endpoint_url=request.getfixturevalue("dynoxide")["AWS_ENDPOINT_URL_DYNAMODB"])


@pytest.fixture
def storage(dynamodb: "DynamoDBClient", bucket_client: "S3Client") -> Storage:
    """The table, and a bucket of the test's own that keeps all versions."""
    name = f"erase-{uuid.uuid4()}"
    bucket_client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    bucket_client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return Storage(dynamodb, session().client("s3"), TABLE, name)


@pytest.fixture
def store(database: Tapped, storage: Storage, clock: Clock) -> Store:
    """The store of all functions on that storage: tokens name teams, and every table is in the bucket."""
    settings = with_teams(
        SETTINGS, max_inline_table_bytes=0, live_url="wss://live.example.com", allowed_origins=(ORIGIN,)
    )
    made = [Store(settings, Items(database, TABLE), Bucket(storage.s3, storage.bucket), clock) for _ in [*apps(), None]]
    for app, store in zip(apps(), made, strict=False):
        app.connect(store)
    return made[-1]


@pytest.fixture
def ada(store: Store, user: str) -> Person:
    """The user who is to be erased; everything of theirs has the canary in it."""
    assert store
    return Person(f"{CANARY}-{user}", {"name": f"{CANARY} Ada", TEAM_CLAIM: ["analysts"], **LASTING})


@pytest.fixture
def ben(store: Store, user: str) -> Person:
    """Somebody else, with the project `b`, of which Ada is an editor."""
    assert store
    return Person(f"{user}-ben", {"name": "Ben", TEAM_CLAIM: ["analysts"], **LASTING})


@pytest.fixture
def stream(database: Tapped, clock: Clock) -> Stream:
    return Stream(database, clock)


@pytest.fixture
def sleeps() -> list[float]:
    """The seconds for which erasures waited."""
    return []


@pytest.fixture
def run(store: Store, storage: Storage, clock: Clock, sleeps: list[float]) -> Erase:
    """Erase a user; `late` is called while the erasure waits."""

    def erased(user: str, late: Callable[[], object] = lambda: None, **options: Any) -> dict[str, Any]:
        def sleep(seconds: float) -> None:
            sleeps.append(seconds)
            clock.advance(seconds=seconds)
            late()

        chosen = {"hours": 24, "with_shared": False, "is_dry": False, **options}
        return Erasure(store, storage, user, DAYS, sleep).run(**chosen)

    return erased


def done(reply: Any) -> Any:
    assert reply.status < 300, reply.json
    return reply


def charts(title: str) -> dict[str, Any]:
    return {"chartCustomizations": {"a": {"title": title}}}


def save(person: Client, place: str, title: str, version: int, query: str = "") -> Any:
    return done(person.put(f"{place}/config{query}", charts(title), if_match=f'"{version}"'))


def fill(person: Client, project: str, text: str) -> None:
    """Make a project with history, a draft, two tables, an analysis and an announced file."""
    done(person.post("/api/projects", {"id": project, "name": text}))
    place = f"/api/projects/{project}"
    for version in range(3):
        save(person, place, f"{text} {version}", version)
    save(person, place, text, 0, "?sessionId=tab")
    for number in range(2):
        table = {"fileName": f"{text}.csv", "rawData": [{text: f"{text} {number}"}], "analysis": {"of": text}}
        done(person.post(f"{place}/data", table))
    done(person.post(f"{place}/data/uploads", {"fileName": f"{text}.csv", "contentType": "text/csv", "bytes": 9}))


def live_fully(ada: Person, ben: Person, bucket: Bucket) -> None:
    """Let Ada have everything that a user may have, and Ben some of it, which they share."""
    fill(ben, "b", "Ben")
    done(ben.post("/api/projects", {"id": "gone", "name": "Gone"}))
    for project in ("b", "gone"):
        let_in(ben, ada, "editor", project)
    save(ada, address(ben, "b"), "by Ada", 3)
    save(ada, address(ben, "b"), CANARY, 0, "?sessionId=mine")
    save(ada, address(ben, "gone"), CANARY, 0, "?sessionId=mine")
    done(ben.delete("/api/projects/gone"))
    done(ben.post("/api/projects", {"id": "team", "name": "Team"}))
    done(ben.put("/api/projects/team/teams/analysts", {"role": "editor"}))
    save(ada, address(ben, "team"), "through the team", 0)
    fill(ada, f"{CANARY}-p", CANARY)
    place = f"/api/projects/{CANARY}-p"
    link = done(ada.post(f"{place}/links", {"version": 1})).json["token"]
    for folder in (keys.folder(ProjectAddress(ada.user, f"{CANARY}-p")), f"links/{keys.fingerprint(link)}"):
        for _ in range(2):
            bucket.put(f"downloads/{folder}/table.csv", CANARY.encode(), "text/csv")
    invited(ada, "viewer", f"{CANARY}-p")
    fill(ada, f"{CANARY}-deleted", CANARY)
    done(ada.delete(f"/api/projects/{CANARY}-deleted"))
    let_in(ada, ben, "viewer", f"{CANARY}-p")
    done(ada.put(f"{place}/teams/analysts", {"role": "editor"}))
    done(ada.post("/api/live", None))
    gateway = Gateway()
    gateway.connect(ada).follow(f"{CANARY}-p", ProjectAddress(ben.user, "b").text)
    gateway.connect(ben).follow("b", ProjectAddress(ada.user, f"{CANARY}-p").text)
    gateway.connect(ben).follow("b")
    theirs = done(ben.post("/api/projects/b/links", {})).json["token"]
    bucket.put(f"downloads/links/{keys.fingerprint(theirs)}/table.csv", b"Ben", "text/csv")
    bucket.put(f"downloads/links/{keys.fingerprint('dead')}/table.csv", b"anybody's", "text/csv")
    ada.get("/api/usage")
    ben.get("/api/usage")


def items(storage: Storage) -> dict[tuple[str, str], dict[str, Any]]:
    found = storage.dynamodb.scan(TableName=storage.table)["Items"]
    read = [{name: _DESERIALIZER.deserialize(value) for name, value in item.items()} for item in found]
    return {keys.name(item): item for item in read}


def objects(storage: Storage) -> list[str]:
    """Return the key of every version of an object and of every delete marker."""
    page = storage.s3.list_object_versions(Bucket=storage.bucket)
    return sorted(each["Key"] for each in (*page.get("Versions", []), *page.get("DeleteMarkers", [])))


def text_of(value: Any) -> str:
    """Write everything that a value holds as text, with what is compressed in it."""
    match value:
        case Binary():
            content: bytes = cast("Any", value).value
            return gzip.decompress(content).decode() if content[:2] == b"\x1f\x8b" else content.hex()
        case Mapping():
            return " ".join(f"{name} {text_of(each)}" for name, each in value.items())
        case str() | Decimal() | bool() | None:
            return str(value)
    return " ".join(map(text_of, value))


def traces(storage: Storage, person: Client, *words: str) -> list[str]:
    """Return the keys of all items and objects that name a person, or have one of the words in them."""
    owner_part = urlsafe_b64encode(person.user.encode()).decode().rstrip("=")
    folder = keys.folder(ProjectAddress(person.user, "p")).partition("/")[0]
    names = (*words, person.user, owner_part, folder, keys.fingerprint(person.user))
    found = [f"{pk} {sk}" for (pk, sk), item in items(storage).items() if any(name in text_of(item) for name in names)]
    return found + [key for key in objects(storage) if any(name in key for name in names)]


@pytest.fixture
def world(ada: Person, ben: Person, store: Store) -> None:
    live_fully(ada, ben, store.bucket)


@pytest.fixture
def small(ada: Person) -> None:
    """Ada has one project, and nobody else is in it."""
    fill(ada, f"{CANARY}-p", CANARY)


@pytest.mark.usefixtures("world")
def test_nothing_of_a_user_is_left(ada: Person, storage: Storage, run: Erase) -> None:
    """Every kind of item and object that a user has, or that names them, is gone with all versions of the objects."""
    before = traces(storage, ada, CANARY)
    receipt = run(ada.user, with_shared=True)
    assert traces(storage, ada, CANARY) == []
    items_before = [trace for trace in before if " " in trace]
    assert receipt["items"]["count"] >= len(items_before) > 40
    versions = receipt["objectVersions"]["kinds"]
    # Links that no longer exist may have been theirs.
    assert (versions["downloads"], versions["downloads/links"]) == (2, 3)
    assert versions["tables"] >= 5
    assert ada.user not in json.dumps(receipt)
    assert CANARY not in json.dumps(receipt)


@pytest.mark.usefixtures("world")
def test_nothing_of_others_changes(ada: Person, ben: Person, storage: Storage, run: Erase) -> None:
    """Of what others store, only what names the user goes; versions that the user saved there stay, with their hash."""
    before, named = items(storage), {trace for trace in traces(storage, ada, CANARY) if " " in trace}
    stored = set(objects(storage)) - set(traces(storage, ada, CANARY))
    history = ben.get("/api/projects/b/config/versions").json
    run(ada.user, with_shared=True)
    after = items(storage)
    partition = keys.partition(ben.user)
    mine = {name for name in before if name[0] == partition and " ".join(name) not in named}
    # The roster counts that a member left, and the connection that followed an erased project is gone.
    changed = {(partition, "SHARE#b#ROSTER"), (partition, "SHARE#team#ROSTER"), (partition, "CONNECTIONS")}
    assert len(mine) > 15
    assert changed <= mine
    ended = {name for name in before if name[1] == "CONNECTION" and name not in after}
    assert (len(ended), len({name for name in after if name[1] == "CONNECTION"})) == (2, 1)
    assert len(before[partition, "CONNECTIONS"]["open"]) == len(after[partition, "CONNECTIONS"]["open"]) + 1
    kept = [key for key in objects(storage) if key.startswith("downloads/links/")]
    assert {key for key in stored if "links" not in key} == set(objects(storage)) - set(kept)
    assert [(f"TOKEN#{key.split('/')[2]}", "TOKEN") in after for key in kept] == [True]
    for name in changed - {(partition, "CONNECTIONS")}:
        assert after[name]["version"] == before[name]["version"] + 1
    assert {name: before[name] for name in mine - changed} == {name: after.get(name) for name in mine - changed}
    assert ben.get("/api/projects/b/config/versions").json == history
    by_ada, by_ben, *_ = (each["updatedBy"] for each in history["versions"])
    assert by_ada != by_ben
    assert ben.get("/api/projects/b/members").json["members"] == []
    assert ben.get("/api/projects?scope=shared").json["projects"] == []


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("how", ["a member", "a team"])
def test_a_project_that_others_use_is_not_erased(
    ada: Person, ben: Person, storage: Storage, run: Erase, how: str
) -> None:
    """While others are members of a project, nothing changes, and the refusal names the project and counts them."""
    place = f"/api/projects/{CANARY}-p"
    if how == "a member":
        let_in(ada, ben, "viewer", f"{CANARY}-p")
    else:
        done(ada.put(f"{place}/teams/analysts", {"role": "viewer"}))
    before = items(storage)
    counted = "members: 1, teams: 0" if how == "a member" else "members: 0, teams: 1"
    for is_dry in (True, False):
        with pytest.raises(SharedError, match=rf"^Nothing was changed, .*: {CANARY}-p \({counted}\)\. "):
            run(ada.user, is_dry=is_dry)
    assert (items(storage), done(ada.patch(place, {"name": "N"}, if_match="*")).status) == (before, 200)
    run(ada.user, with_shared=True)
    assert traces(storage, ada, CANARY) == []


@pytest.mark.usefixtures("small")
def test_invitations_links_and_deleted_projects_are_not_shared(ada: Person, ben: Person, run: Erase) -> None:
    """An open invitation, a link, former members and those of a deleted project do not stand in the way."""
    let_in(ada, ben, "viewer", f"{CANARY}-p")
    shown = ben.get(f"{address(ada, f'{CANARY}-p')}/members").json
    done(ben.delete(f"{address(ada, f'{CANARY}-p')}/members/{shown['you']}"))
    invited(ada, "viewer", f"{CANARY}-p")
    done(ada.post(f"/api/projects/{CANARY}-p/links", {}))
    fill(ada, "deleted", CANARY)
    let_in(ada, ben, "viewer", "deleted")
    done(ada.delete("/api/projects/deleted"))
    assert run(ada.user)["items"]["kinds"]["project"] == 2


@pytest.mark.usefixtures("world")
def test_shared_projects_are_given_to_another_owner(ada: Person, ben: Person, storage: Storage, run: Erase) -> None:
    """With `give_to`, a project that others use goes on as its new owner's, and nothing names the old one."""
    place = f"/api/projects/{CANARY}-p"
    before = [ada.get(f"{place}/config").json, ada.get(f"{place}/data").json["rawData"]]
    assert run(ada.user, give_to=ben.user)["nothingFound"] is False
    assert [ben.get(f"{place}/config").json, ben.get(f"{place}/data").json["rawData"]] == before
    assert ben.get(place).json["role"] == "owner"
    save(ben, place, "by its new owner", 3)
    assert len(ben.get(f"{place}/config/versions").json["versions"]) == 4
    assert ben.get(f"{place}/members").json["teams"][0]["name"] == "analysts"
    assert ben.get(f"/api/projects/{CANARY}-deleted").status == 404
    assert traces(storage, ada) == []
    assert run(ada.user)["nothingFound"] is True


@pytest.mark.usefixtures("world")
def test_a_project_that_cannot_be_given_stops_the_erasure(
    ada: Person, ben: Person, storage: Storage, run: Erase
) -> None:
    """If the other user has a project of the id, nothing is erased, and the project can be used as before."""
    done(ben.post("/api/projects", {"id": f"{CANARY}-p", "name": "Ben's own"}))
    before = items(storage)
    with pytest.raises(
        CannotRunError, match=rf"project {CANARY}-p cannot be given to {ben.user}\. .*Nothing was erased"
    ):
        run(ada.user, give_to=ben.user)
    assert items(storage) == before
    save(ada, f"/api/projects/{CANARY}-p", "still Ada's", 3)


@pytest.mark.usefixtures("world")
def test_a_dry_run_gives_nothing(ada: Person, ben: Person, storage: Storage, run: Erase) -> None:
    """A dry run with `give_to` changes nothing."""
    before = items(storage)
    assert run(ada.user, give_to=ben.user, is_dry=True)["dryRun"] is True
    assert items(storage) == before


@pytest.mark.usefixtures("world")
def test_a_dry_run_changes_nothing(ada: Person, storage: Storage, run: Erase, sleeps: list[float]) -> None:
    """A dry run reports what an erasure would remove, and changes no item and no object."""
    before, stored = items(storage), objects(storage)
    planned = run(ada.user, with_shared=True, is_dry=True)
    assert (items(storage), objects(storage), sleeps) == (before, stored, [])
    assert (planned["dryRun"], "writesBlockedUntil" in planned) == (True, False)
    removed = run(ada.user, with_shared=True)
    kinds = removed["items"]["kinds"]
    # Deleting a project moves it.
    assert kinds.keys() == planned["items"]["kinds"].keys()
    assert planned["objectVersions"]["kinds"].keys() == removed["objectVersions"]["kinds"].keys()
    assert all(kinds[kind] >= count for kind, count in planned["items"]["kinds"].items())


@pytest.mark.usefixtures("small")
def test_a_receipt_says_what_and_until_when(ada: Person, storage: Storage, clock: Clock, run: Erase) -> None:
    """It has the user's keyed hash, times, sizes, and a digest of the sorted keys; it waits for what was under way."""
    found = mentions.find(storage, ada.user, lambda *_: None)
    began = clock.moment
    receipt = run(ada.user)
    assert receipt["user"] == keys.keyed_hash("key", ada.user)
    assert [receipt[name] for name in ("beganAt", "endedAt")] == [
        keys.timestamp(moment) for moment in (began, began + SETTLED)
    ]
    assert receipt["items"]["bytes"] >= sum(mention.size for mention in found) > 1_000
    assert receipt["writesBlockedUntil"] == keys.timestamp((began + timedelta(hours=24)).replace(microsecond=0))
    assert receipt["recoverableUntil"] == keys.timestamp(began + SETTLED + timedelta(days=DAYS))
    assert receipt["runAgainAfter"] == keys.timestamp(began + timedelta(hours=1))
    assert len(receipt["keysDigest"]) == 64
    assert receipt["units"] > 0


@pytest.mark.usefixtures("world")
def test_a_second_run_finds_nothing(ada: Person, clock: Clock, run: Erase, sleeps: list[float]) -> None:
    """A repeated erasure says that it found nothing, does not wait, and keeps the time of the first one."""
    first = run(ada.user, with_shared=True)
    clock.advance(hours=1)
    second = run(ada.user, hours=48)
    assert (first["nothingFound"], second["nothingFound"]) == (False, True)
    assert second["items"] == second["objectVersions"] == {"count": 0, "bytes": 0, "kinds": {}}
    assert (second["recoverableUntil"], second["runAgainAfter"]) == (first["recoverableUntil"], None)
    assert second["writesBlockedUntil"] > first["writesBlockedUntil"]
    assert sleeps == pytest.approx([SETTLED.total_seconds()], abs=0.001)
    assert run(ada.user, hours=1)["writesBlockedUntil"] == second["writesBlockedUntil"]


class Killed(BaseException):
    """The command was killed."""


def test_no_object_is_left_without_the_item_that_names_it(
    ada: Person, store: Store, database: Tapped, storage: Storage, run: Erase
) -> None:
    """Of an upload that the user started for somebody else's project, the table goes before the item, as in a purge."""
    upload = keys.upload(ProjectAddress("somebody", "p"), "u")
    store.items.put_many([{**upload, "startedBy": {"user": ada.user}, "object": "tables/u"}])
    store.bucket.put("tables/u", b"", "text/csv")

    def mortal(proceed: Call, operation: str, request: Request) -> Answer:
        if operation == "BatchWriteItem":
            assert objects(storage) == []
            raise Killed
        return proceed(operation, request)

    with database.tapped(mortal), pytest.raises(Killed):
        run(ada.user)


@pytest.mark.usefixtures("world")
def test_an_interrupted_erasure_goes_on(ada: Person, database: Tapped, storage: Storage, run: Erase) -> None:
    """However often a command is killed, the next one goes on, and in the end nothing is left."""
    left = 0

    def mortal(proceed: Call, operation: str, request: Request) -> Answer:
        nonlocal left
        if "Write" in operation or operation == "UpdateItem":
            left -= 1
            if left < 0:
                raise Killed
        return proceed(operation, request)

    kills = 0
    with database.tapped(mortal):
        while True:
            # With less than this, no run would do more than the one before.
            left = 5
            try:
                run(ada.user, with_shared=True)
                break
            except Killed:
                kills += 1
                assert kills < 50
    assert kills > 5
    assert traces(storage, ada, CANARY) == []


@pytest.mark.usefixtures("small")
def test_what_is_written_meanwhile_is_found(
    ada: Person, ben: Person, store: Store, storage: Storage, run: Erase
) -> None:
    """What requests and functions still write while the erasure waits is removed, too."""
    late, theirs = ProjectAddress(ada.user, "late"), ProjectAddress(ben.user, "b")

    def write() -> None:
        store.projects.create(ada.user, read_new_project({"id": "late", "name": CANARY}, SETTINGS))
        token = {**keys.token("x"), "kind": "link", "owner": ada.user, "projectId": "late", "id": "1"}
        entry = {**keys.shared_with(ben.user, late), "summary": {"owner": ada.user}}
        started = {**keys.upload(theirs, "u"), "startedBy": {"user": ada.user}, "object": "tables/u"}
        follower = {**keys.follower(theirs, "c"), "door": keys.member(theirs, ada.user)["sk"]}
        announced = {**keys.announced(ProjectAddress(ada.user, f"{CANARY}-p")), "by": CANARY}
        store.items.put_many([token, entry, started, follower, announced, keys.fence(ada.user)])
        for key in (f"tables/{keys.folder(late)}/late", "tables/u", f"uploads/{keys.folder(theirs)}/u.json"):
            store.bucket.put(key, b"late", "text/csv")

    receipt = run(ada.user, late=write)
    assert (traces(storage, ada, CANARY), objects(storage)) == ([], [])
    assert {name[0].partition("#")[0] for name in items(storage)} == {"RATE", "ERASED"}
    found = receipt["items"]["kinds"]
    assert found | {"project": 2, "token": 1, "entry": 1, "announced": 1, "fence": 1} == found


@pytest.mark.usefixtures("world")
def test_the_stream_brings_nothing_back(
    ada: Person, store: Store, storage: Storage, stream: Stream, run: Erase
) -> None:
    """The function that follows the stream, whenever it reads what was removed, makes no counters for the user."""
    with stream.following():
        run(ada.user, with_shared=True)
        assert len(stream.records) > 30
        stream.deliver(store)
    assert traces(storage, ada, CANARY) == []


@pytest.mark.usefixtures("small")
def test_an_erasure_that_never_ends_fails(ada: Person, store: Store, storage: Storage, run: Erase) -> None:
    """If something is found again and again, the command gives up and says so."""
    storage.dynamodb.meta.events.register(
        "before-call.dynamodb.Scan", lambda **_: store.items.put_many([keys.fence(ada.user)])
    )
    with pytest.raises(CannotRunError, match=rf"^After {MOST_PASSES} passes, "):
        run(ada.user)


@pytest.mark.usefixtures("small")
def test_an_object_that_cannot_be_removed_is_named(ada: Person, storage: Storage, run: Erase) -> None:
    """If the bucket refuses to remove versions, the command fails and names the first; a repetition removes them."""

    def refused(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Errors"] = [{"Key": "k", "VersionId": "v", "Code": "AccessDenied", "Message": "No."}]

    storage.s3.meta.events.register("after-call.s3.DeleteObjects", refused)
    with pytest.raises(CannotRunError, match=r"^1 versions .* k, version v: AccessDenied, No\."):
        run(ada.user)
    storage.s3.meta.events.unregister("after-call.s3.DeleteObjects", refused)
    run(ada.user)
    assert traces(storage, ada, CANARY) == []


def test_versions_are_removed_a_thousand_at_a_time(storage: Storage) -> None:
    """The bucket takes a thousand versions in a request, and no more."""
    sizes: list[int] = []

    def answer(params: dict[str, Any], **_: Any) -> None:
        sizes.append(len(params["Delete"]["Objects"]))

    storage.s3.meta.events.register("before-parameter-build.s3.DeleteObjects", answer)
    named = [object_versions.ObjectVersion(f"tables/{number}", str(number), 0) for number in range(2_001)]
    object_versions.remove(storage, named)
    assert sizes == [1_000, 1_000, 1]


@pytest.mark.usefixtures("world")
def test_everything_is_found_on_any_number_of_pages(ada: Person, storage: Storage, run: Erase) -> None:
    """Scans and lists go on until their last page."""
    for client, event, name in (
        (storage.dynamodb, "before-parameter-build.dynamodb.Scan", "Limit"),
        (storage.s3, "before-parameter-build.s3.ListObjectVersions", "MaxKeys"),
    ):

        def limit(params: dict[str, Any], name: str = name, **_: Any) -> None:
            params[name] = 1

        client.meta.events.register(event, limit)
    run(ada.user, with_shared=True)
    assert traces(storage, ada, CANARY) == []


@pytest.mark.usefixtures("small")
def test_items_of_a_newer_release_are_left_to_it(ada: Person, store: Store, storage: Storage) -> None:
    """A table that a newer release writes is refused: it may name users in ways that this one does not know."""
    store.items.put_many([{**keys.dataset(ProjectAddress(ada.user, "new")), FORMAT: READABLE + 1}])
    with pytest.raises(CannotRunError, match="newer release"):
        mentions.find(storage, ada.user, lambda *_: None)


@pytest.mark.usefixtures("moto_client")
def test_how_long_a_table_can_be_restored() -> None:
    """The receipt's days are those of the table's point-in-time recovery, and none where that is off."""
    storage = Storage(session().client("dynamodb"), session().client("s3"), TABLE, "any")
    assert recovery_days(storage) == 0
    storage.dynamodb.update_continuous_backups(
        TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    assert recovery_days(storage) == DAYS
    with pytest.raises(CannotRunError, match=r"^It cannot be said how far back no-table can be restored: "):
        recovery_days(replace(storage, table="no-table"))


RESTORED = "restored-table"


@pytest.fixture
def commanded(store: Store, storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command with options, on the table or on another one."""

    def sleeping(opened_store: Store, opened_storage: Storage, user: str, days: int) -> Erasure:
        return Erasure(opened_store, opened_storage, user, days, lambda seconds: clock.advance(seconds=seconds))

    def opened(options: argparse.Namespace) -> tuple[Store, Storage]:
        other = Store(store.settings, Items(store.items._transport, options.table), store.bucket, clock)  # noqa: SLF001
        return (other, replace(storage, table=options.table)) if options.table else (store, storage)

    monkeypatch.setattr(stores, "opened", opened)
    monkeypatch.setattr(erase, "Erasure", sleeping)

    def run(*arguments: str) -> int:
        parser = argparse.ArgumentParser()
        erase.add_options(parser)
        return erase.run(parser.parse_args(arguments))

    return run


@pytest.fixture
def restored(storage: Storage) -> Iterator[Storage]:
    """A table that `restore` makes of the table as it is now; empty at first."""
    definition: Any = table_definition()
    storage.dynamodb.create_table(TableName=RESTORED, **definition)
    yield replace(storage, table=RESTORED)
    storage.dynamodb.delete_table(TableName=RESTORED)


def copy_items(storage: Storage, restored: Storage) -> None:
    for item in storage.dynamodb.scan(TableName=storage.table)["Items"]:
        storage.dynamodb.put_item(TableName=restored.table, Item=item)


@pytest.mark.usefixtures("world")
def test_a_restored_table_is_searched_for_those_who_were_erased(
    ada: Person,
    storage: Storage,
    restored: Storage,
    commanded: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In a table of a moment before, the same users are erased and blocked, unless others use their projects."""
    copy_items(storage, restored)
    assert commanded("--user", ada.user, "--with-shared") == 0
    assert traces(storage, ada, CANARY) == []
    place = ["--table", RESTORED, "--bucket", storage.bucket, "--erased-in", storage.table]
    before = items(restored)
    capsys.readouterr()
    for options in (["--dry-run"], []):
        assert commanded(*place, *options) == 1
        assert items(restored) == before
    refusal = capsys.readouterr().err
    assert keys.keyed_hash("key", ada.user) in refusal
    assert ada.user not in refusal
    assert commanded(*place, "--with-shared") == 0
    assert [trace for trace in traces(restored, ada) if " " in trace] == []
    names = items(restored).keys()
    assert keys.name(keys.rate("key", ada.user)) in names
    assert keys.name(keys.erased("key", ada.user)) in names
    assert any(name[1] == "PROJECT#b" for name in names)
    for source in (RESTORED, storage.table):
        capsys.readouterr()
        assert commanded(*place[:-1], source) == 0
        assert "None of the users" in capsys.readouterr().err


@pytest.mark.usefixtures("small")
def test_who_came_back_is_not_erased_again(
    ada: Person, storage: Storage, restored: Storage, clock: Clock, commanded: Callable[..., int]
) -> None:
    """A table of a moment after an erasure has it in effect: what the user has stored since stays."""
    assert commanded("--user", ada.user) == 0
    clock.advance(hours=25)
    fill(ada, f"{CANARY}-again", CANARY)
    copy_items(storage, restored)
    before = items(restored)
    assert commanded("--table", RESTORED, "--bucket", storage.bucket, "--erased-in", storage.table) == 0
    assert items(restored) == before
    assert commanded("--user", ada.user) == 0
    assert commanded("--table", RESTORED, "--bucket", storage.bucket, "--erased-in", storage.table) == 0
    assert [trace for trace in traces(restored, ada) if " " in trace] == []


def test_an_unfinished_erasure_is_finished_in_a_restored_table(
    ada: Person, ben: Person, storage: Storage, store: Store, commanded: Callable[..., int]
) -> None:
    """A note without an end is pending in its own table; notes of users who are not there stay for the next time."""
    for person in (ada, ben):
        fill(person, "p", CANARY)
    unknown = {**keys.erased("old", "somebody"), "key": "old", "erasedAt": "2026-01-01T00:00:00.000Z"}
    store.items.put_many(
        [{**keys.erased("key", ada.user), "key": "key", "beganAt": "2026-01-01T00:00:00.000Z"}, unknown]
    )
    assert commanded("--erased-in", TABLE) == 0
    assert not [name for name in items(storage) if name[0] == keys.partition(ada.user)]
    assert done(ben.get("/api/projects/p"))
    assert keys.name(unknown) in items(storage)


@pytest.mark.usefixtures("small")
def test_a_table_that_cannot_be_read_is_named(commanded: Callable[..., int]) -> None:
    """A table of former erasures that does not exist fails the command."""
    with pytest.raises(CannotRunError, match=r"^The table no-table cannot be read: "):
        commanded("--erased-in", "no-table")


def test_only_erasures_that_are_not_in_effect_are_pending() -> None:
    """Pending are a table's own erasures without an end, and another table's that ended later here, or not at all."""
    unfinished, first, second = ({"sk": "a"}, {"sk": "a", "erasedAt": "1"}, {"sk": "a", "erasedAt": "2"})
    other = {"sk": "b", "erasedAt": "1"}
    assert erasure_notes.pending([], [unfinished, other]) == [unfinished]
    assert erasure_notes.pending([second, other], [first]) == [second, other]
    assert erasure_notes.pending([first], [second]) == erasure_notes.pending([first], [first]) == []
    assert erasure_notes.pending([unfinished], [first]) == [unfinished]


def test_notes_under_several_keys_are_understood() -> None:
    """A note says which key its hash was made with, so those of an earlier key, or another deployment's, are found."""
    noted = [{**keys.erased(key, user), "key": key} for key, user in (("old", "ann"), ("new", "ben"), ("old", "ben"))]
    assert erasure_notes.erased_among(["x", "ann", "ann", "ben", "x", "ann"], noted) == ["ann", "ben"]
    assert erasure_notes.erased_among(["ann"], noted[1:]) == []


@pytest.mark.usefixtures("small")
def test_the_report_is_the_receipt(
    ada: Person, commanded: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The receipt is printed, and written to the report's file as one line."""
    assert commanded("--user", ada.user, "--report", str(tmp_path / "receipt.json")) == 0
    printed = json.loads(capsys.readouterr().out)
    (line,) = (tmp_path / "receipt.json").read_text().splitlines()
    assert json.loads(line) == printed
    assert printed["nothingFound"] is False


@pytest.mark.parametrize(
    "wrong",
    [
        ["--user", ""],
        ["--user", "a", "--token-hours", "0"],
        ["--token-hours", "1"],
        ["--user", "a", "--give-to", "a"],
        ["--user", "a", "--give-to", ""],
        ["--user", "a", "--give-to", "b", "--with-shared"],
    ],
)
def test_wrong_options_are_refused(wrong: list[str], commanded: Callable[..., int]) -> None:
    """An empty user, no user, no hours, and a gift to the user or to nobody change nothing."""
    with pytest.raises((CannotRunError, SystemExit)):
        commanded(*wrong)


@pytest.mark.usefixtures("small")
def test_an_unavailable_database_says_to_repeat(ada: Person, database: Tapped, commanded: Callable[..., int]) -> None:
    """A database that does not answer ends the command with what to do."""
    with injected(database, OUT_OF_REACH["unreachable"]), pytest.raises(CannotRunError, match="it goes on"):
        commanded("--user", ada.user)


@pytest.mark.usefixtures("small")
def test_a_restore_says_whom_to_erase_again(ada: Person, storage: Storage, clock: Clock, run: Erase) -> None:
    """A restore to a moment before an erasure ended prints the command; to a later one, or without any, it does not."""
    before = clock.moment

    def said(moment: datetime) -> str:
        return "".join(restore.erased_since(storage, moment, "dashkeep-prod", RESTORED))

    assert said(before) == ""
    run(ada.user)
    command = f"erase --stack dashkeep-prod --table {RESTORED} --bucket {storage.bucket} --erased-in {TABLE}"
    assert said(before).endswith(command)
    assert said(clock.moment + timedelta(seconds=1)) == ""
