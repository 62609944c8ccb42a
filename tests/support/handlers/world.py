"""The projects that the example requests of tests/events/ meet.

| Owner | Project | Project version | Config | Data |
|---|---|---|---|---|
| user-1 | `sales` | 2 | version 3; the draft of session `tab-1` at version 1 | a table with its analysis: `"1.1.3"` |
| user-1 | `reports` | 1 | version 6 | nothing uploaded |
| user-1 | `board` | 1 | version 3; the drafts `wide` at version 3 and `undone` at version 4 | nothing uploaded |
| user-1 | `plans` | 1 | nothing saved | nothing uploaded |
| user-1 | `archive` | 1 | saved, then deleted: version 2 | a table without an analysis |
| user-1 | `attic` | deleted | deleted with the project, at version 3 | the same, a table with its analysis |
| user-1 | `survey` | 1 | nothing saved | version 3, in the bucket, too large for a response; 1, with analysis, and 2 |
| user-1 | `poll` | 1 | nothing saved | version 1, from a file |
| user-1 | `lost` | 1 | version 1 | version 1, whose object is no longer in the bucket |
| user-1 | `crowd` | 1 | version 2; version 1 was removed from history | nothing uploaded |
| user-2 | `payroll` | 1 | version 3 | a table with its analysis |

The versions of `sales` differ only in their theme: light, grey, dark. Each version of `reports` has a different origin:
1 came with the project, 2 renamed a chart and has a message, 3 was based on 1 and merged, 4 was forced and has a name,
5 is a delete, 6 restored 3. Version 2 was saved with the idempotency key `save-2-of-reports`; 3, 5 and 6 have those of
their numbers.
Of `board` and its draft `wide`, version 2 replaced what no longer fits beside what version 3 added. Version 2 of the
draft `undone` was undone by 3, with the idempotency key `undo-2-of-board`.

`sales`, `crowd`, `survey` and `attic` are shared. Everybody whose token has the group `analysts` views `sales`, and
edits `survey` and `crowd`, where user-9 has done so. user-7 edits `sales` and views `crowd` and `attic`, user-8 views
`sales` and `crowd`, user-10 `crowd`; user-12 was removed from `sales`. `crowd` has as many members, teams, invitations
and links as `LIMITS` allows.

Tokens are their numbers in 43 digits, and the ids of invitations and links the same in 16. Invitations: 1 to edit
`sales`, used up; 2 to view it; 3 and 4 to view `crowd`; 5 to view `attic`. Links: 6 to the newest of `sales`; 7 to its
version 1; 8 to it, taken back; 9 to `survey`, 10 to `lost`, 11 to `plans`, 12 to `attic`, 13 to 15 to `crowd`. The
token of 43 times 6 has used up the requests of its minute when user-6 has.

The ids of uploads are their numbers in 32 hexadecimal digits. 1 to 3 and 5 belong to `survey`: 1 was sent, 2 was not,
3 has a short row, and 5 is larger than announced. 4 became the data of `poll`; 6 belongs to `payroll`, 7 to user-5's
`sales`. 8 became the data of `survey`. 9 to 12 also belong to it: 9 was sent and is too large for a request; 10 is the
same file, which a function reads; 11, too, but its function was killed an hour ago; 12 failed because of a short row.

All of it happened an hour before the requests; `sales` is first in the list. user-3 has no projects. user-4 has used up
the writes of the minute. user-5 stores as much as the quota allows. user-6 has used up the requests of the minute.
user-8 has a connection open, CONNECTION, which follows `sales`; user-13 has as many as `LIMITS` allows. user-14 was
erased, and may write again in a day.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from support.handlers.http_api import Client, apps, handler_module
from support.handlers.invocations import read

from dashboard_store.documents.config import Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset.upload import read_completion
from dashboard_store.errors import RateLimited
from dashboard_store.identifiers import Guest, ProjectAddress, Role, Team
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.background_reads import READ_AT_ONCE, BackgroundReads, Lease
from dashboard_store.repository.expressions import EXISTS, update
from dashboard_store.repository.member_ids import member_id
from dashboard_store.repository.rate_limit import RateLimit
from dashboard_store.repository.uploads import Uploads
from dashboard_store.repository.usage import FULL

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from dashboard_store.store import Store

BUCKET: Final = "dashkeep-events"
NAME_BYTES: Final = 8
"""The random bytes in the id of an invitation or a link."""

LIMITS: Final[dict[str, Any]] = {
    "max_members": 3,
    "max_teams": 2,
    "max_invitations": 2,
    "max_links": 3,
    "max_connections": 2,
}
"""How many a project may have, and how many connections a user."""

CONNECTION: Final = "L0SM9cOFvHcCIhw="
TOKEN_HOURS: Final = 12
"""How long a token lives that was issued when the projects were made."""

LIMITED_LINK: Final = "6" * 43
MOMENT: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""When the requests arrive."""

CHARTS: Final = {
    "revenue": {
        "title": "Revenue",
        "position": {"x": 0, "y": 0, "w": 6, "h": 4},
        "isVisible": True,
        "dataMapping": {"xAxis": "month", "yAxis": "revenue"},
    }
}
FILTER: Final = {"id": "f1", "column": "region", "operator": "in", "values": ["EU"]}
CONFIG: Final = {
    "chartCustomizations": CHARTS,
    "currentLayout": {"id": "two-columns"},
    "filters": [FILTER],
    "theme": {"id": "dark"},
    "extensions": {},
}
TABLE: Final = {
    "fileName": "sales.csv",
    "rawData": [
        {"month": "2026-01", "region": "EU", "revenue": 1200},
        {"month": "2026-02", "region": "EU", "revenue": 1340.5},
    ],
}
ANALYSIS: Final = {"summary": "Revenue grows."}
# Digests do not compress, so these rows are stored in the bucket. As JSON, they exceed a response, and what a request
# reads again.
DIGESTS: Final = b"digest\n" + b"".join(
    b"%b\n" % hashlib.sha256(b"%d" % at).hexdigest().encode() for at in range(66_000)
)
READINGS: Final = b"reading\n4.5\n7\n"
LONG_READINGS: Final = b"reading\n" + b"".join(b"%b\n" % (b"x" * 999_999) for _ in range(READ_AT_ONCE // 1_000_000))
SHORT_ROW: Final = b"reading,unit\n4.5,C\n7\n"


def make_world(bucket_client: "S3Client", moment: datetime = MOMENT) -> None:
    """Create the projects in the table and the bucket that the handlers are connected to.

    `moment` is when the requests arrive.
    """
    mine, theirs = Client("user-1"), Client("user-2")
    _make_survey(mine, bucket_client, moment)
    _make_poll(mine, bucket_client)
    _done(mine.post("/api/projects", {"id": "plans", "name": "Plans"}))
    _make_lost(mine, bucket_client)
    _make_archive(mine)
    _make_reports(mine)
    _make_board(mine)
    _make_dashboard(theirs, "payroll")
    _announce(theirs, "payroll", 6, len(READINGS))
    _make_dashboard(mine, "sales")
    _done(mine.patch("/api/projects/sales", {"name": "Sales 2026"}, if_match='"1"'))
    _done(mine.put("/api/projects/sales/config?sessionId=tab-1", CONFIG, if_none_match="*"))
    _make_dashboard(mine, "attic")
    _done(mine.post("/api/projects", {"id": "crowd", "name": "Crowd", "settings": {"dashboardConfig": CONFIG}}))
    with _numbered_secrets():
        _share(mine)
    _done(mine.delete("/api/projects/attic"))
    _connect()
    _make_rate_limited(Client("user-4"), moment)
    _erase("user-14")
    _make_full(Client("user-5"), bucket_client)


def _make_dashboard(client: Client, project: str) -> None:
    _done(client.post("/api/projects", {"id": project, "name": project.title(), "settings": {"tags": ["monthly"]}}))
    for version, theme in enumerate(("light", "grey", "dark")):
        config = {**CONFIG, "theme": {"id": theme}}
        _done(client.put(f"/api/projects/{project}/config", config, if_match=f'"{version}"'))
    _done(client.post(f"/api/projects/{project}/data", {**TABLE, "analysis": ANALYSIS}))


def _make_survey(client: Client, bucket_client: "S3Client", moment: datetime) -> None:
    _done(client.post("/api/projects", {"id": "survey", "name": "Survey"}))
    _done(client.post("/api/projects/survey/data", {**TABLE, "analysis": ANALYSIS}))
    _done(client.post("/api/projects/survey/data", {**TABLE, "fileName": "again.csv"}))
    _send(bucket_client, _announce(client, "survey", 8, len(DIGESTS)), DIGESTS)
    _done(client.post(f"/api/projects/survey/data/uploads/{8:032x}/complete", {}))
    _send(bucket_client, _announce(client, "survey", 1, len(READINGS)), READINGS)
    _announce(client, "survey", 2, len(READINGS))
    _send(bucket_client, _announce(client, "survey", 3, 100), SHORT_ROW)
    _send(bucket_client, _announce(client, "survey", 5, len(READINGS) - 1), READINGS)
    for number in (9, 10, 11):
        _send(bucket_client, _announce(client, "survey", number, len(LONG_READINGS)), LONG_READINGS)
    _send(bucket_client, _announce(client, "survey", 12, len(SHORT_ROW)), SHORT_ROW)
    _make_processing(client, 10, moment)
    _make_processing(client, 11, moment - timedelta(hours=1))
    _make_failed(client, 12)


def _make_poll(client: Client, bucket_client: "S3Client") -> None:
    _done(client.post("/api/projects", {"id": "poll", "name": "Poll"}))
    _send(bucket_client, _announce(client, "poll", 4, len(READINGS)), READINGS)
    _done(client.post(f"/api/projects/poll/data/uploads/{4:032x}/complete", {}))


def _make_processing(client: Client, number: int, moment: datetime) -> None:
    """Let a function begin to read an upload at a moment; it is never heard of again."""
    store: Store = handler_module("ProjectDataFunction").app.store
    reads = BackgroundReads(store.items, store.bucket, lambda: store.invocations, lambda: moment)
    address = ProjectAddress(client.user, "survey")
    _start(store, reads, address, number, len(LONG_READINGS))
    lease = reads.take(address, f"{number:032x}", "a-function")
    assert isinstance(lease, Lease)
    reads.renew(lease, 1_048_576)


def _make_failed(client: Client, number: int) -> None:
    """Have an upload read by the function that reads large ones, which refuses it."""
    store: Store = handler_module("ProjectDataFunction").app.store
    address = ProjectAddress(client.user, "survey")
    _start(store, store.background_reads, address, number, len(SHORT_ROW))
    event = {"owner": address.owner, "projectId": address.project_id, "uploadId": f"{number:032x}"}
    read(event, store, "the-request-of-upload-12")


def _start(store: "Store", reads: BackgroundReads, address: ProjectAddress, number: int, size: int) -> None:
    """Have an upload read as the body `{}` completes it."""
    job = {"completion": {}, "precondition": Precondition().document}
    reads.start(address, f"{number:032x}", size, read_completion({}, store.settings).digest, job)


def _announce(client: Client, project: str, number: int, size: int) -> str:
    """Announce a file under a predictable id, and return the key of its object."""
    store: Store = handler_module("ProjectDataFunction").app.store
    uploads = Uploads(store.items, store.bucket, store.usage, store.now, new_id=lambda: f"{number:032x}")
    return uploads.announce(ProjectAddress(client.user, project), "readings.csv", "text/csv", size).fields["key"]


def _make_rate_limited(client: Client, moment: datetime) -> None:
    """Create the projects of a user, then use up their writes of this minute."""
    _done(client.post("/api/projects", {"id": "plans", "name": "Plans"}))
    _make_archive(client)
    _make_dashboard(client, "sales")
    store: Store = handler_module("ProjectsFunction").app.store
    rate_limit = RateLimit(store.items, store.settings, lambda: moment)
    with suppress(RateLimited):
        while True:
            rate_limit.count(client.user)


def _make_full(client: Client, bucket_client: "S3Client") -> None:
    """Create the projects of a user, who then stores as much as the quota allows."""
    _done(client.post("/api/projects", {"id": "plans", "name": "Plans"}))
    _make_archive(client)
    _make_dashboard(client, "sales")
    _send(bucket_client, _announce(client, "sales", 7, len(READINGS)), READINGS)
    store: Store = handler_module("ProjectsFunction").app.store
    used = {"storedBytes": store.settings.max_stored_bytes, FULL: True}
    store.items.write_alone(update(keys.usage(client.user), used, EXISTS))
    for name in ("plans", "archive", "sales"):
        store.items.write_alone(update(keys.project(ProjectAddress(client.user, name)), {FULL: True}, EXISTS))


@contextmanager
def _numbered_secrets() -> Iterator[None]:
    """Make tokens their numbers, so that rows can name them, and give what they are for the same number."""
    numbers, last = count(1), [0]

    def token(_: int) -> str:
        last[0] = next(numbers)
        return f"{last[0]:043}"

    original = secrets.token_hex

    def name(size: int) -> str:
        # Not the 16 bytes that identify a transaction: DynamoDB refuses another one with the same.
        return f"{last[0]:0{2 * size}}" if size == NAME_BYTES else original(size)

    with patch("secrets.token_urlsafe", token), patch("secrets.token_hex", name):
        yield


def _share(mine: Client) -> None:
    """Let others in, with a numbered token each."""
    sales, crowd, attic = (f"/api/projects/{name}" for name in ("sales", "crowd", "attic"))
    store: Store = handler_module("SharingFunction").app.store
    owner = Guest(mine.user, name="Ada")
    for project, user, role, uses in (
        (sales, "user-7", "editor", 1),
        (sales, "user-8", "viewer", 5),
        (crowd, "user-7", "viewer", 5),
        (crowd, "", "viewer", 1),
        (attic, "user-7", "viewer", 5),
    ):
        made = mine.post(f"{project}/invitations", {"role": role, "uses": uses})
        _done(made)
        if user:
            _accept(user, made.json["token"])
    for user in ("user-8", "user-10"):
        _accept(user, f"{3:043}")
    _accept("user-12", f"{2:043}")
    removed = member_id(store.settings.log_key, ProjectAddress(mine.user, "sales"), "user-12")
    _done(mine.delete(f"{sales}/members/{removed}"))
    _done(mine.post(f"{sales}/links", {}))
    _done(mine.post(f"{sales}/links", {"version": 1}))
    _done(mine.post(f"{sales}/links", {}))
    _done(mine.delete(f"{sales}/links/{8:016}"))
    for name in ("survey", "lost", "plans", "attic", "crowd", "crowd", "crowd"):
        _done(mine.post(f"/api/projects/{name}/links", {}))
    for project, team, may in (
        ("sales", "analysts", Role.VIEWER),
        ("survey", "analysts", Role.EDITOR),
        ("crowd", "analysts", Role.EDITOR),
        ("crowd", "ops", Role.EDITOR),
    ):
        store.shares.set_team(ProjectAddress(mine.user, project), Team(team), may, owner)
    _save_through_team(ProjectAddress(mine.user, "crowd", Guest("user-9", (Team("analysts"),))))
    _done(mine.delete("/api/projects/crowd/config/versions/1"))


def _connect() -> None:
    """Open connections, one of which follows a project that was shared with its user."""
    store: Store = handler_module("LiveFunction").app.store
    ends = int((store.now() + timedelta(hours=TOKEN_HOURS)).timestamp())
    opened = {CONNECTION: "user-8", **{f"page-{number}=": "user-13" for number in range(LIMITS["max_connections"])}}
    for connection, user in opened.items():
        store.connections.open(connection, store.connections.issue(Guest(user), ends).text)
    store.connections.follow(CONNECTION, [ProjectAddress("user-1", "sales").text])


def _erase(user: str) -> None:
    """Let a user write nothing for a day, as after an erasure."""
    store: Store = handler_module("LiveFunction").app.store
    until = int((store.now() + timedelta(days=1)).timestamp())
    store.items.write_alone(store.rate_limit.blocked(user, until))


def _save_through_team(address: ProjectAddress) -> None:
    """Save a config as the guest of the address."""
    store: Store = handler_module("PutConfigFunction").app.store
    saves = store.opened(address, Role.EDITOR).config_saves
    config = read_config({"chartCustomizations": {}}, store.settings)
    by = member_id(store.settings.log_key, address, address.user)
    saves.save(address.config(), config, Precondition(), Origin(by=by))


def _accept(user: str, token: str) -> None:
    _done(Client(user).post("/api/invitations/accept", {"token": token}))


def use_up_requests(user: str) -> None:
    """Use up a user's requests of this minute, in every function, and those of one link."""
    with suppress(RateLimited):
        while True:
            handler_module("PublicLinksFunction").app.store.link_limit.count(LIMITED_LINK)
    for app in apps():
        with suppress(RateLimited):
            while True:
                app.store.rate_limit.request(user, lambda: None, is_change=False)


def _make_lost(client: Client, bucket_client: "S3Client") -> None:
    """Create a project whose table is in the bucket, and remove the object."""
    _done(client.post("/api/projects", {"id": "lost", "name": "Lost", "settings": {"dashboardConfig": CONFIG}}))
    rows = [{"digest": hashlib.sha512(b"%d" % number).hexdigest()} for number in range(600)]
    _done(client.post("/api/projects/lost/data", {"fileName": "lost.json", "rawData": rows}))
    store: Store = handler_module("ProjectDataFunction").app.store
    item = store.items.get(keys.dataset(ProjectAddress(client.user, "lost")))
    assert item
    bucket_client.delete_object(Bucket=BUCKET, Key=item["object"])


def _send(bucket_client: "S3Client", key: str, content: bytes) -> None:
    bucket_client.put_object(Bucket=BUCKET, Key=key, Body=content)


def _make_archive(client: Client) -> None:
    _done(client.post("/api/projects", {"id": "archive", "name": "Archive", "settings": {"dashboardConfig": CONFIG}}))
    _done(client.delete("/api/projects/archive/config", if_match='"1"'))
    _done(client.post("/api/projects/archive/data", TABLE))


def _make_reports(client: Client) -> None:
    """Create a config whose history shows every kind of version."""
    renamed = {**CONFIG, "chartCustomizations": {"revenue": {**CHARTS["revenue"], "title": "Revenue by month"}}}
    widened = {**CONFIG, "filters": [{**FILTER, "values": ["EU", "US"]}]}
    config = "/api/projects/reports/config"
    project = {"id": "reports", "name": "Reports", "settings": {"dashboardConfig": CONFIG}}
    _done(client.post("/api/projects", project))
    merge = f"{config}?source=autosave&onConflict=merge"
    _done(client.put(f"{config}?message=For%20the%20board", renamed, if_match='"1"', idempotency_key=_key(2)))
    _done(client.put(merge, widened, if_match='"1"', idempotency_key=_key(3)))
    _done(client.put(f"{config}?source=ai", {**CONFIG, "theme": {"id": "light"}}, if_match="*"))
    _done(client.delete(config, if_match='"4"', idempotency_key=_key(5)))
    _done(client.post(f"{config}/versions/3/restore", None, if_match='"5"', idempotency_key=_key(6)))
    _done(client.patch(f"{config}/versions/4", {"name": "Light"}))


def _make_board(client: Client) -> None:
    """Create a config and a draft in which no undo of version 2 has room, and a draft in which it was undone."""
    store: Store = handler_module("PutConfigFunction").app.store
    many: dict[str, Any] = {f"chart-{number}": {} for number in range(store.settings.max_charts)}
    wide = {"note": "x" * (store.settings.max_config_bytes * 2 // 3)}
    saved = {
        "": (many, CHARTS, {**CHARTS, "new": {}}),
        "?sessionId=wide": ({"wide": wide}, CHARTS, {**CHARTS, "wider": wide}),
        "?sessionId=undone": (CHARTS, {}),
    }
    config = "/api/projects/board/config"
    _done(client.post("/api/projects", {"id": "board", "name": "Board"}))
    for session, versions in saved.items():
        for version, charts in enumerate(versions):
            _done(client.put(config + session, {"chartCustomizations": charts}, if_match=f'"{version}"'))
    undo = f"{config}/versions/2/undo?sessionId=undone"
    _done(client.post(undo, None, idempotency_key="undo-2-of-board"))
    _done(client.put(f"{config}?sessionId=undone", {"chartCustomizations": {}}, if_match='"3"'))


def _key(version: int) -> str:
    return f"save-{version}-of-reports"


def _done(reply: Any) -> None:
    if not reply.status.is_success:
        raise AssertionError(f"Cannot create the projects of the example requests: {reply.status} {reply.body!r}")
