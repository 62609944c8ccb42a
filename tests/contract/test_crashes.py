"""A function that dies during an upload: nothing is lost or half visible, and the retry succeeds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, Clock
from support.handlers.files import send_file
from support.handlers.http_api import Client, Reply, apps
from support.storage.clients import Answer, Call, Request
from support.storage.engines import Engine
from support.storage.objects import assert_objects_have_owners

from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
OLD = [{"n": 1}]
NEW = [{"n": 2}, {"n": 3}]
# Even the smallest table is stored in the bucket, where most can go wrong.
SETTINGS = Settings("any", BUCKET, max_inline_table_bytes=0)


class Crash(BaseException):
    """The end of the process: no code catches it, so nothing more is done."""


@dataclass
class Crashing:
    """Lets a client's process die before or after its nth call to the database or the bucket; never at 0."""

    engine: Engine
    bucket: "S3Client"
    calls: list[str] = field(default_factory=list)

    @contextmanager
    def at(self, number: int, moment: str) -> Iterator[None]:
        self.calls.clear()

        def before(name: str) -> None:
            self.calls.append(name)
            if moment == "before" and len(self.calls) == number:
                raise Crash

        def after(**_: Any) -> None:
            if moment == "after" and len(self.calls) == number:
                raise Crash

        def around(proceed: Call, operation: str, request: Request) -> Answer:
            before(operation)
            response = proceed(operation, request)
            after()
            return response

        def before_bucket(model: Any, **_: Any) -> None:
            before(model.name)

        events = self.bucket.meta.events
        events.register("before-call", before_bucket)
        events.register("after-call", after)
        try:
            with self.engine.tapped(around):
                yield
        finally:
            events.unregister("before-call", before_bucket)
            events.unregister("after-call", after)


@pytest.fixture
def owner(engine: Engine, bucket: Bucket, clock: Clock, user: str) -> Client:
    """A user whose project `p` has a table in the bucket, on each engine in turn."""
    settings = replace(SETTINGS, table_name=engine.table_name)
    for app in apps():
        app.connect(Store(settings, Items(engine, engine.table_name), bucket, clock))
    made = Client(user)
    made.post("/api/projects", {"id": "p", "name": "P"})
    assert made.post(DATA, {"fileName": "old.json", "rawData": OLD}).status == 201
    return made


def by_body(client: Client, _: "S3Client") -> Callable[[], Reply]:
    return lambda: client.post(DATA, {"fileName": "new.json", "rawData": NEW})


def by_file(client: Client, bucket_client: "S3Client") -> Callable[[], Reply]:
    content = b'[{"n": 2}, {"n": 3}]'
    complete = send_file(client, bucket_client, content, "application/json", name="new.json")
    return lambda: client.post(complete, {})


# By body: the count, the snapshot, the upload's item, the object and the transaction. By file, three more after the
# count: the upload's item, the check for the file, and the file.
STEPS = {"body": (by_body, 5), "file": (by_file, 8)}
MOMENTS = [
    (way, step, moment)
    for way, (_, steps) in STEPS.items()
    for step in range(1, steps + 1)
    for moment in ("before", "after")
]


@pytest.mark.parametrize("where", MOMENTS, ids=lambda where: f"by {where[0]}, {where[2]} step {where[1]}")
def test_an_interrupted_upload_is_done_or_not(
    owner: Client, engine: Engine, bucket_client: "S3Client", where: tuple[str, int, str]
) -> None:
    """After a crash at any step readers see the whole old or the whole new table, and a retry brings the new one."""
    way, step, moment = where
    attempt = STEPS[way][0](owner, bucket_client)
    with Crashing(engine, bucket_client).at(step, moment), pytest.raises(Crash):
        attempt()
    seen = owner.get(DATA).json
    assert (seen["rawData"], seen["version"]) in ((OLD, 1), (NEW, 2))
    again = attempt()
    assert (again.status, again.json["version"]) == (200 if seen["version"] == 2 else 201, 2)
    assert owner.get(DATA).json["rawData"] == NEW
    assert owner.get(f"{DATA}/versions/1").json["rawData"] == OLD
    assert_objects_have_owners(engine, bucket_client, ProjectAddress(owner.user, "p"))


@pytest.mark.parametrize("way", STEPS)
def test_the_steps_are_complete(owner: Client, engine: Engine, bucket_client: "S3Client", way: str) -> None:
    """An upload makes as many calls as there are steps, and puts the table into the bucket between its two writes."""
    make, steps = STEPS[way]
    attempt = make(owner, bucket_client)
    crashing = Crashing(engine, bucket_client)
    with crashing.at(0, "never"):
        attempt()
    assert len(crashing.calls) == steps
    assert crashing.calls[-3:] == ["TransactWriteItems", "PutObject", "TransactWriteItems"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", range(1, STEPS["file"][1] + 1))
def test_an_interrupted_completion_may_be_repeated_differently(
    owner: Client, engine: Engine, bucket_client: "S3Client", step: int, moment: str
) -> None:
    """After a crash at any step of a completion, another one with a different schema leaves no object without a name.

    It is refused if the first one took effect.
    """
    complete = send_file(owner, bucket_client, b"n\n2\n3\n", name="new.csv")
    with Crashing(engine, bucket_client).at(step, moment), pytest.raises(Crash):
        owner.post(complete, {})
    again = owner.post(complete, {"dataSchema": {"columnTypes": {"n": "string"}}})
    seen = owner.get(DATA).json
    assert seen["version"] == 2
    assert (again.status, seen["rawData"][0]["n"]) in ((201, "2"), (422, 2))
    assert_objects_have_owners(engine, bucket_client, ProjectAddress(owner.user, "p"))
