"""The previous release and this one work on the same table and bucket, as they do while a deployment shifts traffic.

Each runs in a process of its own, from its own code: the previous one from its archive in `tests/releases`. What they
show differently is in `alike`; everything else is equal.
"""

import hashlib
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from conftest import BUCKET, TABLE
from support.handlers.http_api import Client, Reply
from support.project.template import ROOT
from support.running import releases
from support.running.releases import Release
from support.storage import engines
from support.storage.engines import Engine

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.expressions import EXISTS, update
from dashboard_store.repository.formats import FORMAT, READABLE
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

type Pair = tuple[Release, Release]

MERGE_PATCH = {"content_type": "application/merge-patch+json"}

PROJECT = "/api/projects/p"
CONFIG = f"{PROJECT}/config"
DATA = f"{PROJECT}/data"
SMALL = {"fileName": "weather.csv", "rawData": [{"city": "Oslo <1>", "t": -3.5, "n": 1}, {"city": "Røros", "t": 4}]}
# Digests do not compress, so these rows are stored in the bucket.
LARGE = {
    "fileName": "digests.json",
    "rawData": [{"digest": hashlib.sha512(b"%d" % n).hexdigest(), "n": n} for n in range(600)],
}
FILE = b"city,t\nOslo,-3.5\nBergen,4\n"
ANALYSIS = {"analysis": {"mean": 0.25, "text": "grün & <b"}}

READS = (
    PROJECT,
    "/api/projects?include=dashboardConfig",
    "/api/projects?limit=1",
    CONFIG,
    f"{CONFIG}?sessionId=tab",
    f"{CONFIG}/versions",
    f"{CONFIG}/versions?limit=2",
    f"{CONFIG}/versions?sessionId=tab",
    *(f"{CONFIG}/versions/{version}" for version in (1, 2, 3, 4, 5, 6)),
    f"{CONFIG}/versions/1?sessionId=tab",
    f"{CONFIG}/versions/1/diff/3",
    f"{CONFIG}/versions/2/diff/6",
    DATA,
    f"{DATA}?format=csv",
    f"{DATA}/versions",
    *(f"{DATA}/versions/{version}" for version in (1, 2, 3)),
    f"{DATA}/versions/2?format=csv",
    "/api/projects/attic",
)
# What shows whether the project `attic`, which is deleted, has been restored.
WITH_ATTIC = ("/api/projects?include=dashboardConfig", "/api/projects?limit=1", "/api/projects/attic")


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the emulator's S3, with the bucket."""
    with engines.ministack(tmp_path_factory.mktemp("emulator"), "s3") as environment:
        url = environment["AWS_ENDPOINT_URL_DYNAMODB"]
        bucket_of(url).create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield url


@pytest.fixture(scope="module")
def both(dynoxide_engine: Engine, s3: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Release]]:
    """The two releases, on one table and one bucket."""
    environment = {
        **dynoxide_engine.environment,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_S3": s3,
        "TABLE_NAME": TABLE,
        "BUCKET_NAME": BUCKET,
        "FLAGS_PATH": "application/environment/profile",
        "LOG_KEY": "tests",
        "DEPLOYMENT": "tests",
    }
    roots = {"new": ROOT, "old": releases.previous(tmp_path_factory.mktemp("previous"))}
    with dynoxide_engine.with_table(), ExitStack() as stack:
        yield {name: stack.enter_context(releases.running(root, environment)) for name, root in roots.items()}


@pytest.fixture
def engine_items(dynoxide_engine: Engine) -> Items:
    """The table on which the releases work."""
    return Items(dynoxide_engine, TABLE)


@pytest.fixture(params=["new, then old", "old, then new"])
def pair(request: pytest.FixtureRequest, both: dict[str, Release]) -> Pair:
    """Both releases, each once as the first to write."""
    first, second = request.param.split(", then ")
    return both[first], both[second]


def bucket_of(url: str) -> "S3Client":
    return boto3.client(
        "s3", endpoint_url=url, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def done(reply: Reply) -> Reply:
    assert reply.status < 300, reply.body
    return reply


def charts(*names: str, **more: Any) -> dict[str, Any]:
    position = {"x": 0, "y": 0, "w": 6, "h": 4}
    return {"chartCustomizations": {name: {"title": f"<{name}> é", "position": position} for name in names}, **more}


def fill(client: Client, s3: str) -> None:
    """Write everything that a user can: a config with six versions, a draft, three tables, a deleted project."""
    done(
        client.post(
            "/api/projects", {"id": "p", "name": "P", "settings": {"tags": ["a"], "dashboardConfig": charts("a")}}
        )
    )
    done(client.put(f"{CONFIG}?message=Second&source=ai", charts("a", "b"), if_match='"1"'))
    done(client.put(f"{CONFIG}?onConflict=merge", charts("a", "c"), if_match='"1"'))
    done(client.patch(CONFIG, {"theme": {"id": "dark"}}, **MERGE_PATCH, if_match='"3"'))
    done(client.delete(CONFIG, if_match='"4"'))
    done(client.post(f"{CONFIG}/versions/4/restore", None, if_match='"5"'))
    done(client.put(f"{CONFIG}?sessionId=tab", charts("draft"), if_none_match="*"))
    done(client.post(DATA, {**SMALL, **ANALYSIS}))
    done(client.post(DATA, LARGE, if_match='"1"'))
    done(client.put(f"{DATA}/analysis", ANALYSIS, if_match='"2.0"'))
    complete(client, s3, announce(client), '"2"')
    done(client.patch(PROJECT, {"description": "D"}, if_match='"1"'))
    done(client.post("/api/projects", {"id": "attic", "name": "Attic", "settings": {"dashboardConfig": charts("x")}}))
    done(client.post("/api/projects/attic/data", LARGE))
    done(client.delete("/api/projects/attic", if_match='"1"'))


def announce(client: Client) -> dict[str, Any]:
    announcement = {"fileName": "f.csv", "contentType": "text/csv", "bytes": len(FILE)}
    announced: dict[str, Any] = done(client.post(f"{DATA}/uploads", announcement)).json
    return announced


def complete(client: Client, s3: str, announced: dict[str, Any], if_match: str, content: bytes = FILE) -> Reply:
    """Send the announced file and complete its upload."""
    bucket_of(s3).put_object(Bucket=BUCKET, Key=announced["fields"]["key"], Body=content)
    return done(client.post(f"{DATA}/uploads/{announced['uploadId']}/complete", {}, if_match=if_match))


def shown(client: Client) -> dict[str, Any]:
    """Everything that a release shows of a user's projects: status, entity tag and content."""
    replies = {url: client.get(url) for url in READS}
    return {url: (reply.status, reply.headers.get("etag"), alike(reply)) for url, reply in replies.items()}


def alike(reply: Reply) -> Any:
    """Return the content of a reply, without what the releases show differently.

    This one shows each project's `address`, the reader's `role` and who saved, says other words in problems, and orders
    a diff's operations otherwise. The previous one shows in history the idempotency keys that it does not know.
    """
    if reply.status >= 400:
        return reply.code
    if reply.headers["content-type"].startswith("text/csv"):
        return reply.body
    content = without(reply.json, "address", "role", "updatedBy", "idempotencyKey")
    if "operations" in content:
        content["operations"].sort(key=lambda operation: str(operation["path"]))
    return content


def without(document: Any, *names: str) -> Any:
    match document:
        case dict():
            return {name: without(value, *names) for name, value in document.items() if name not in names}
        case list() | tuple():
            return [without(each, *names) for each in document]
    return document


def test_each_release_reads_what_the_other_wrote(pair: Pair, user: str, s3: str) -> None:
    """Documents, history, diffs, lists, tables and analyses are the same to both, and so are those that are absent."""
    writer, reader = (release.client(user) for release in pair)
    fill(writer, s3)
    before = shown(writer)
    assert shown(reader) == before
    assert reader.get(CONFIG).body == writer.get(CONFIG).body
    found = {url: (status, tag) for url, (status, tag, _) in before.items()}
    assert (found[CONFIG], found[DATA], found["/api/projects/attic"]) == ((200, '"6"'), (200, '"3.0.6"'), (404, None))
    assert all(status == 200 for url, (status, _) in found.items() if url != "/api/projects/attic")


def test_the_previous_release_reads_a_table_with_another_schema(both: dict[str, Release], user: str, s3: str) -> None:
    """Rows that were read otherwise are to the previous release what they are to this one, and it writes on them."""
    new, old = both["new"].client(user), both["old"].client(user)
    fill(new, s3)
    columns = {"t": {"name": "temperature", "type": "string"}, "city": {"name": "place"}}
    assert new.put(f"{DATA}/schema", {"columns": columns}, if_match='"3"').status == 201
    changed = new.get(DATA)
    assert changed.json["rawData"] == [
        {"place": "Oslo", "temperature": "-3.5"},
        {"place": "Bergen", "temperature": "4"},
    ]
    assert old.get(DATA).json == changed.json
    assert old.get(f"{DATA}/versions/3").json == new.get(f"{DATA}/versions/3").json
    assert old.put(f"{DATA}/analysis", {"analysis": {"by": "old"}}, if_match='"4"').status == 200
    assert new.get(DATA).json["analysis"] == {"by": "old"}


def test_each_release_knows_a_repeated_save_of_the_other(pair: Pair, user: str, s3: str) -> None:
    """What the other release has saved is known as the newest, so that repeating it makes no version.

    Only of a table in a request's body the two keep another digest: repeated by the other one, it is a version more.
    """
    first, second = (release.client(user) for release in pair)
    done(first.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": charts("a")}}))
    announced = announce(first)
    for client in (first, second):
        assert done(client.put(CONFIG, charts("b"), if_match='"1"')).json["version"] == 2
        assert done(client.patch(PROJECT, {"name": "Q"}, if_match='"1"')).json["version"] == 2
        assert complete(client, s3, announced, '"0"').json["version"] == 1
        assert done(client.put(f"{DATA}/analysis", ANALYSIS, if_match='"1.0"')).json["analysisVersion"] == 1
    assert [done(client.post(DATA, SMALL)).json["version"] for client in (first, first, second, second)] == [2, 2, 3, 3]


def test_both_releases_write_the_same(both: dict[str, Release], s3: str) -> None:
    """The same requests lead to the same documents, history and lists, but for their times."""
    clients = [both[name].client(f"user-{uuid.uuid4()}") for name in ("old", "new")]
    for client in clients:
        fill(client, s3)
    # Only this one notes how a CSV file was to be read.
    written = [without(shown(client), "createdAt", "updatedAt", "nextCursor", "dialect") for client in clients]
    assert written[0] == written[1]


def test_each_release_goes_on_where_the_other_ended(pair: Pair, user: str, s3: str) -> None:
    """Saves, merges, restores, uploads and announced files of one build on what the other wrote, back and forth."""
    first, second = (release.client(user) for release in pair)
    fill(first, s3)
    announced = announce(first)
    done(second.put(CONFIG, charts("a", "b", "d"), if_match='"6"'))
    merged = done(second.put(f"{CONFIG}?onConflict=merge", charts("a", "c", "e", theme={"id": "dark"}), if_match='"6"'))
    assert (merged.headers["etag"], merged.json["merged"]) == ('"8"', True)
    done(second.post(f"{CONFIG}/versions/2/restore", None, if_match='"8"'))
    done(second.patch(f"{CONFIG}?sessionId=tab", {"theme": {"id": "x"}}, **MERGE_PATCH, if_match='"1"'))
    done(
        second.put(f"{DATA}/customizations", {"chartCustomizations": charts("z")["chartCustomizations"]}, if_match="*")
    )
    complete(second, s3, announced, '"3"', FILE.replace(b"4", b"5"))
    done(second.put(f"{DATA}/analysis", ANALYSIS, if_match='"4.0"'))
    done(second.patch(PROJECT, {"name": "Q"}, if_match='"2"'))
    assert second.put(CONFIG, charts("late"), if_match='"6"').status == 412
    assert first.put(CONFIG, charts("late"), if_match='"6"').status == 412
    assert [first.get(url).headers["etag"] for url in (CONFIG, DATA)] == ['"10"', '"4.1.10"']
    assert shown(first) == shown(second)
    done(first.put(f"{CONFIG}?onConflict=merge", charts("a", "y"), if_match='"1"'))
    done(first.post(DATA, {**LARGE, "fileName": "again.json"}, if_match='"4"'))
    done(first.post(DATA, SMALL, if_match='"5"'))
    assert [each["version"] for each in second.get(f"{DATA}/versions").json["versions"]] == [6, 5, 4, 3, 2]
    assert shown(first) == shown(second)


def test_each_release_deletes_and_restores_what_the_other_had(pair: Pair, user: str, s3: str) -> None:
    """A project that one release deleted is restored by the other as it was, and so a second time."""
    first, second = (release.client(user) for release in pair)
    fill(first, s3)
    before = shown(first)
    done(second.post("/api/projects/attic/restore", None))
    assert first.get("/api/projects/attic/data").json["rawData"] == LARGE["rawData"]
    for deleting, restoring in ((first, second), (second, first)):
        done(deleting.delete(PROJECT, if_match='"2"'))
        assert (first.get(CONFIG).status, second.get(CONFIG).status) == (404, 404)
        assert restoring.post("/api/projects", {"id": "p", "name": "P"}).status == 409
        done(restoring.post(f"{PROJECT}/restore", None))
        for client in (first, second):
            now = shown(client)
            assert [url for url in READS if now[url] != before[url]] == list(WITH_ATTIC)


def test_a_canary_loses_nothing(both: dict[str, Release], user: str) -> None:
    """While both releases write, one after the other and at once, each save is the next version and stays."""
    old, new = (both[name].client(user) for name in ("old", "new"))
    done(old.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": charts()}}))
    for version in range(1, 11):
        client = (old, new)[version % 2]
        saved = done(client.put(f"{CONFIG}?onConflict=merge", charts(f"c{version}"), if_match='"1"'))
        assert saved.headers["etag"] == f'"{version + 1}"'

    def patch(number: int) -> None:
        change = charts(f"p{number}")
        done((old, new)[number % 2].patch(CONFIG, change, **MERGE_PATCH, if_match="*"))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(patch, range(20)))
    for client in (old, new):
        loaded = client.get(CONFIG)
        expected = {*(f"c{version}" for version in range(1, 11)), *(f"p{number}" for number in range(20))}
        assert (loaded.headers["etag"], set(loaded.json["config"]["chartCustomizations"])) == ('"31"', expected)
        versions = client.get(f"{CONFIG}/versions?limit=100").json["versions"]
        assert [each["version"] for each in versions] == [*range(31, 0, -1)]


def test_the_previous_release_ignores_keys_of_saves(both: dict[str, Release], user: str) -> None:
    """What this release adds to a version does no harm to the previous one, and is there again for this one."""
    old, new = (both[name].client(user) for name in ("old", "new"))
    done(new.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": charts("a")}}))
    keyed = {"if_match": '"1"', "idempotency_key": "save-of-version-2"}
    done(new.put(CONFIG, charts("b"), **keyed))
    done(old.put(CONFIG, charts("c"), if_match='"2"'))
    repeated = done(new.put(CONFIG, charts("b"), **keyed))
    assert (repeated.json["version"], repeated.json["replayed"]) == (2, True)
    assert new.get(CONFIG).json["config"] == charts("c")


def test_a_newer_item_is_answered_with_503(both: dict[str, Release], engine_items: Items, user: str) -> None:
    """Items of a format that a release does not know are neither read nor replaced: the other release can answer."""
    new = both["new"].client(user)
    done(new.post("/api/projects", {"id": "p", "name": "P", "settings": {"dashboardConfig": charts("a")}}))
    config = keys.config(ProjectAddress(user, "p").config())
    engine_items.write_alone(update(config, {FORMAT: READABLE + 1}, EXISTS))
    replies = [new.get(CONFIG), new.put(CONFIG, charts("b"), if_match='"1"')]
    assert [(reply.status, reply.code, reply.headers["retry-after"]) for reply in replies] == [
        (503, "storage-unavailable", "5")
    ] * 2
    assert both["old"].client(user).get(CONFIG).json["version"] == 1


def test_this_release_counts_what_the_previous_one_wrote(both: dict[str, Release], user: str, s3: str) -> None:
    """The first count of a user finds everything but the objects, whose sizes the previous release did not state."""
    fill(both["old"].client(user), s3)
    used = both["new"].client(user).get("/api/usage").json
    assert used["projects"]["used"] == 2
    assert 3_000 < used["storedBytes"]["used"] < len(str(LARGE))


def test_a_purge_spares_a_project_that_reuses_an_id(
    both: dict[str, Release], engine_items: Items, bucket: Bucket, user: str
) -> None:
    """The previous release gives an id away once the deleted project has expired, before it has been removed."""
    old, address = both["old"].client(user), ProjectAddress(user, "p")
    project = {"id": "p", "name": "P", "settings": {"dashboardConfig": charts("a")}}
    done(old.post("/api/projects", project))
    done(old.delete(PROJECT, if_match='"1"'))
    for place in (keys.project(address), keys.config(address.config())):
        engine_items.write_alone(update(keys.deleted(place), {"restorableUntil": 1, "expiresAt": 1}, EXISTS))
    done(old.post("/api/projects", {**project, "name": "Q"}))
    before = old.get(PROJECT).json, old.get(CONFIG).json
    store = Store(Settings(TABLE, BUCKET), engine_items, bucket)
    assert store.project_purge.purge(address) == 2
    assert (old.get(PROJECT).json, old.get(CONFIG).json) == before
    assert old.get(f"{CONFIG}/versions/1").status == 200
    assert [*engine_items.query(keys.partition(user), "DELETED#")] == []
