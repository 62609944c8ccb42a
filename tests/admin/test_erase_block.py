"""A user who was erased writes nothing, through no route, until their tokens have expired."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, TABLE, Clock
from support.handlers.http_api import Client, Reply, handler_module
from support.handlers.sharing import TEAM_CLAIM, Person, address, invited, let_in, with_teams
from support.storage.clients import Tapped
from support.storage.faults import injected, let_through

from dashboard_store.errors import Forbidden, RateLimited
from dashboard_store.gateway.routes import ROUTES
from dashboard_store.repository import keys, retention
from dashboard_store.repository.expressions import EXISTS, IS_NEW, check, put
from dashboard_store.repository.items import ConditionFailed, Items
from dashboard_store.repository.rate_limit import UNWRITTEN_BATCH, RateLimit
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHARTS = {"chartCustomizations": {"a": {"n": 1}}}
TABLE_BODY = {"fileName": "a.csv", "rawData": [{"a": 1}]}
FILE = {"fileName": "f.csv", "contentType": "text/csv", "bytes": 4}
KEY = {"pk": "a", "sk": "1"}
REFUSAL = "Everything that this user had stored was erased. Nothing is saved for them until "


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings under which tokens name teams, and every table is in the bucket."""
    return with_teams(settings, max_inline_table_bytes=0, live_url="wss://live.example.com")


@pytest.fixture
def store(client: Client) -> Store:
    assert client
    found: Store = handler_module("ProjectsFunction").app.store
    return found


@pytest.fixture
def person(client: Client) -> Person:
    """The owner of the project `p`, whose token names a team."""
    made = Person(client.user, {TEAM_CLAIM: ["analysts"], "name": "Ada"})
    fill(made)
    return made


@pytest.fixture
def other(client: Client) -> Person:
    """The owner of another project `p`, into which a test lets people."""
    made = Person(f"{client.user}-other", {TEAM_CLAIM: ["analysts"], "name": "Ben"})
    fill(made)
    return made


def done(reply: Reply) -> Any:
    assert reply.status < 300, reply.json
    return reply.json


def fill(owner: Person) -> None:
    """Make the project `p` with two versions and two tables, and another one that is deleted."""
    for project in ("p", "deleted"):
        done(owner.post("/api/projects", {"id": project, "name": "P"}))
    owner.delete("/api/projects/deleted")
    for version in range(2):
        done(
            owner.put("/api/projects/p/config", {"chartCustomizations": {"a": {"v": version}}}, if_match=f'"{version}"')
        )
    for value in (1, 2):
        done(owner.post("/api/projects/p/data", {"fileName": "a.csv", "rawData": [{"a": str(value)}]}))


def block(store: Store, user: str, hours: float = 24) -> int:
    until = retention.expires_at(store.now() + timedelta(hours=hours))
    store.items.write_alone(store.rate_limit.blocked(user, until))
    return until


def stored(database: Tapped) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = database.call("Scan", {"TableName": TABLE, "ConsistentRead": True})["Items"]
    return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def objects(bucket_client: "S3Client") -> dict[str, str]:
    pages = bucket_client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", [])}


type Sent = tuple[str, Any, dict[str, str]]
"""A path, a body and headers."""

PROJECT = "/api/projects/{projectId}"
READS_ONLY = ("POST", "/api/invitations/preview")
CHANGING = [(method, path) for path, methods in ROUTES.items() for method in methods if method != "GET"]


def requests(person: Person, other: Person, bucket_client: "S3Client") -> dict[tuple[str, str], Sent]:
    """Prepare a request to every route that changes something, each of which would succeed, by itself."""
    place = "/api/projects/p"
    done(person.put(f"{place}/teams/analysts", {"role": "viewer"}))
    let_in(person, Person(f"{person.user}-member"), "viewer")
    (member,) = done(person.get(f"{place}/members"))["members"]
    invitation = done(person.post(f"{place}/invitations", {"role": "viewer"}))
    link = done(person.post(f"{place}/links", {"version": 1}))
    upload = done(person.post(f"{place}/data/uploads", FILE))
    bucket_client.put_object(Bucket=BUCKET, Key=upload["fields"]["key"], Body=b"a\n1\n", ContentType="text/csv")
    token = {"token": invited(other, "editor")}
    newest, first = {"if_match": '"2"'}, f"{place}/config/versions/1"
    members, teams = f"{place}/members/{member['id']}", f"{place}/teams/analysts"
    data = f"{place}/data"
    return {
        ("POST", "/api/projects"): ("/api/projects", {"id": "new", "name": "New"}, {}),
        ("PATCH", PROJECT): (place, {"name": "Q"}, {"if_match": '"1"'}),
        ("DELETE", PROJECT): (place, None, {}),
        ("POST", f"{PROJECT}/restore"): ("/api/projects/deleted/restore", None, {}),
        ("PUT", f"{PROJECT}/members/{{memberId}}"): (members, {"role": "editor"}, {}),
        ("DELETE", f"{PROJECT}/members/{{memberId}}"): (members, None, {}),
        ("PUT", f"{PROJECT}/teams/{{team}}"): (teams, {"role": "editor"}, {}),
        ("DELETE", f"{PROJECT}/teams/{{team}}"): (teams, None, {}),
        ("POST", f"{PROJECT}/invitations"): (f"{place}/invitations", {"role": "viewer"}, {}),
        ("DELETE", f"{PROJECT}/invitations/{{invitationId}}"): (
            f"{place}/invitations/{invitation['invitationId']}",
            None,
            {},
        ),
        ("POST", f"{PROJECT}/links"): (f"{place}/links", {"version": 1}, {}),
        ("DELETE", f"{PROJECT}/links/{{linkId}}"): (f"{place}/links/{link['linkId']}", None, {}),
        ("PUT", f"{PROJECT}/config"): (f"{place}/config", CHARTS, newest),
        ("PATCH", f"{PROJECT}/config"): (f"{place}/config", CHARTS, newest),
        ("DELETE", f"{PROJECT}/config"): (f"{place}/config", None, newest),
        ("PATCH", f"{PROJECT}/config/versions/{{version}}"): (first, {"name": "Before"}, {}),
        ("DELETE", f"{PROJECT}/config/versions/{{version}}"): (first, None, {}),
        ("POST", f"{PROJECT}/config/versions/{{version}}/restore"): (f"{first}/restore", None, newest),
        ("POST", f"{PROJECT}/config/versions/{{version}}/undo"): (f"{place}/config/versions/2/undo", None, {}),
        ("POST", f"{PROJECT}/data"): (data, TABLE_BODY, {}),
        ("PUT", f"{PROJECT}/data/analysis"): (f"{data}/analysis", {"analysis": {"a": 1}}, {"if_match": '"2.0"'}),
        ("PUT", f"{PROJECT}/data/customizations"): (f"{data}/customizations", CHARTS, newest),
        ("PUT", f"{PROJECT}/data/schema"): (
            f"{data}/schema",
            {"columns": {"a": {"type": "integer"}}},
            {"if_match": '"2"'},
        ),
        ("POST", f"{PROJECT}/data/uploads"): (f"{data}/uploads", FILE, {}),
        ("POST", f"{PROJECT}/data/uploads/{{uploadId}}/complete"): (
            f"{data}/uploads/{upload['uploadId']}/complete",
            {},
            {},
        ),
        ("POST", "/api/invitations/accept"): ("/api/invitations/accept", token, {}),
        READS_ONLY: (READS_ONLY[1], token, {}),
        ("POST", "/api/live"): ("/api/live", None, {}),
    }


@pytest.mark.parametrize(("method", "route"), CHANGING)
def test_no_route_writes_for_a_blocked_user(  # noqa: PLR0917 - a route, and the places that it may write to
    person: Person,
    other: Person,
    store: Store,
    clock: Clock,
    database: Tapped,
    bucket_client: "S3Client",
    method: str,
    route: str,
) -> None:
    """A request that would change something is answered with 403 and writes nothing; after the block, it succeeds."""
    path, document, headers = requests(person, other, bucket_client)[method, route]
    block(store, person.user, hours=1)
    before = stored(database), objects(bucket_client)
    for _ in range(UNWRITTEN_BATCH + 1):
        refused = person.request(method, path, document, **headers)
        if (method, route) != READS_ONLY:
            assert (refused.status, refused.code) == (403, "forbidden"), refused.json
            assert refused.problem["detail"].startswith(REFUSAL)
    assert (stored(database), objects(bucket_client)) == before
    clock.advance(hours=1)
    answered = person.request(method, path, document, **headers)
    assert answered.status < 300, answered.json
    assert ((stored(database), objects(bucket_client)) == before) is ((method, route) == READS_ONLY)


def test_a_blocked_members_save_is_refused(
    person: Person, other: Person, store: Store, database: Tapped, bucket_client: "S3Client"
) -> None:
    """A member of a team, which stays as it is, saves nothing either, and does not appear in the project."""
    done(other.put("/api/projects/p/teams/analysts", {"role": "editor"}))
    place = address(other)
    block(store, person.user)
    before = stored(database), objects(bucket_client)
    for reply in (
        person.put(f"{place}/config", CHARTS, if_match='"2"'),
        person.put(f"{place}/config?sessionId=tab", CHARTS, if_none_match="*"),
        person.post(f"{place}/data", TABLE_BODY),
        person.post(f"{place}/data/uploads", FILE),
        person.post("/api/projects", {"copyOf": place.rpartition("/")[2]}),
    ):
        assert (reply.status, reply.problem["detail"].startswith(REFUSAL)) == (403, True), reply.json
    assert (stored(database), objects(bucket_client)) == before


def test_failed_saves_in_a_row_write_nothing(person: Person, store: Store, database: Tapped) -> None:
    """Requests that fail anyway are counted in tens; for a blocked user, the count is refused, too."""
    block(store, person.user)
    before = stored(database)
    codes = [person.put("/api/projects/p/config", CHARTS).code for _ in range(2 * UNWRITTEN_BATCH)]
    assert codes[: UNWRITTEN_BATCH - 1] == ["precondition-required"] * (UNWRITTEN_BATCH - 1)
    assert set(codes[UNWRITTEN_BATCH - 1 :]) == {"forbidden"}
    assert stored(database) == before


def test_a_blocked_user_may_read(person: Person, store: Store) -> None:
    """A block refuses writes alone: the erasure itself ends what can be read."""
    block(store, person.user)
    assert person.get("/api/projects/p/config").status == 200


@pytest.fixture
def items(database: Tapped) -> Items:
    return Items(database, TABLE)


@pytest.fixture
def rate_limit(items: Items, settings: Settings, clock: Clock) -> RateLimit:
    return RateLimit(items, settings, clock)


def until_of(clock: Clock, hours: float) -> int:
    return retention.expires_at(clock() + timedelta(hours=hours))


@pytest.mark.parametrize("state", ["unknown", "in use", "full again"])
def test_every_form_of_the_count_is_refused(items: Items, rate_limit: RateLimit, clock: Clock, state: str) -> None:
    """Whatever an instance remembers of a user's bucket, a write is refused, and says until when."""
    if state != "unknown":
        rate_limit.count("ann", 5)
    if state == "full again":
        clock.advance(minutes=1)
    until = until_of(clock, 1)
    items.write_alone(rate_limit.blocked("ann", until))
    with pytest.raises(Forbidden, match=f"^{REFUSAL}....-..-..T..:..:..Z\\.$"):
        rate_limit.transact(items, "ann", put(KEY, IS_NEW))
    with pytest.raises(Forbidden):
        rate_limit.count("ann")
    assert items.get(KEY) is None


def test_a_block_comes_before_what_else_is_wrong(items: Items, rate_limit: RateLimit, clock: Clock) -> None:
    """A write that would fail anyway, because its project is gone, is refused for the block."""
    items.write_alone(rate_limit.blocked("ann", until_of(clock, 1)))
    gone = check({"pk": "a", "sk": "gone"}, EXISTS)
    with pytest.raises(Forbidden):
        rate_limit.transact(items, "ann", put(KEY, IS_NEW), gone)
    with pytest.raises(ConditionFailed):
        rate_limit.transact(items, "ben", put(KEY, IS_NEW), gone)


def test_a_block_ends_to_the_second(items: Items, rate_limit: RateLimit, clock: Clock) -> None:
    """The moment a block ends, an instance that refused writes before lets them pass, in the usual number of calls."""
    until = until_of(clock, 1)
    items.write_alone(rate_limit.blocked("ann", until))
    clock.moment = datetime.fromtimestamp(until - 1, UTC)
    with pytest.raises(Forbidden):
        rate_limit.count("ann")
    clock.advance(seconds=1)
    rate_limit.count("ann")
    with pytest.raises(RateLimited):
        rate_limit.count("ann")
    clock.advance(minutes=1)
    for _ in range(60):
        rate_limit.count("ann")


def test_a_block_is_not_remembered(database: Tapped, items: Items, rate_limit: RateLimit, clock: Clock) -> None:
    """Once an operator removes a block, the next write passes: an instance asks the table each time, in one call."""
    items.write_alone(rate_limit.blocked("ann", until_of(clock, 1)))
    with injected(database, let_through) as calls:
        for _ in range(3):
            with pytest.raises(Forbidden):
                rate_limit.transact(items, "ann", put(KEY, IS_NEW))
    assert calls == [3]
    items.delete_many([keys.rate("key", "ann")])
    rate_limit.transact(items, "ann", put(KEY, IS_NEW))


def test_a_block_is_only_extended(items: Items, rate_limit: RateLimit, clock: Clock) -> None:
    """Of two blocks, the later end holds."""
    until = until_of(clock, 2)
    items.write_alone(rate_limit.blocked("ann", until))
    with pytest.raises(ConditionFailed):
        items.write_alone(rate_limit.blocked("ann", until - 60))
    items.write_alone(rate_limit.blocked("ann", until + 60))
    assert (items.get(keys.rate("key", "ann")) or {})["erased"] == until + 60


def test_others_are_not_blocked(items: Items, rate_limit: RateLimit, clock: Clock) -> None:
    """A block is one user's."""
    items.write_alone(rate_limit.blocked("ann", until_of(clock, 2)))
    rate_limit.count("ben")
