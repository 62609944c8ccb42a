"""A function that dies in the middle of an upload: nothing lost, nothing half visible, and the retry succeeds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET, Clock
from support.handlers.http_api import Client, Reply, apps
from support.storage.clients import Answer, Call, Request
from support.storage.engines import Engine

from dashboard_store.app import Store
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
OLD = [{"n": 1}]
NEW = [{"n": 2}, {"n": 3}]
# So that the smallest table lies in the bucket, where there is most to go wrong.
SETTINGS = Settings("any", BUCKET, max_inline_table_bytes=0)


class Crash(BaseException):
    """The end of the process: nothing catches it, and nothing more is done."""


@dataclass
class Crashing:
    """Lets a client's process die before or after its `at`th call to the database or the bucket; at 0 never."""

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
def client(engine: Engine, bucket: Bucket, clock: Clock, user: str) -> Client:
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
    form = {"fileName": "new.json", "contentType": "application/json", "bytes": len(content)}
    announced = client.post(f"{DATA}/uploads", form).json
    bucket_client.put_object(Bucket=BUCKET, Key=announced["fields"]["key"], Body=content)
    return lambda: client.post(f"{DATA}/uploads/{announced['uploadId']}/complete", {})


# By body: the count, the snapshot, the upload's item, the object, the transaction. By file, after the count: the
# upload's item, whether the file is there, and the file.
STEPS = {"body": (by_body, 5), "file": (by_file, 8)}
MOMENTS = [
    (way, step, moment)
    for way, (_, steps) in STEPS.items()
    for step in range(1, steps + 1)
    for moment in ("before", "after")
]


@pytest.mark.parametrize("where", MOMENTS, ids=lambda where: f"by {where[0]}, {where[2]} step {where[1]}")
def test_an_upload_that_dies_is_done_or_not(
    client: Client, engine: Engine, bucket_client: "S3Client", where: tuple[str, int, str]
) -> None:
    """Wherever it dies, readers see the old table or the new one, whole, and the same request again brings the new."""
    way, step, moment = where
    attempt = STEPS[way][0](client, bucket_client)
    with Crashing(engine, bucket_client).at(step, moment), pytest.raises(Crash):
        attempt()
    seen = client.get(DATA).json
    assert (seen["rawData"], seen["version"]) in ((OLD, 1), (NEW, 2))
    again = attempt()
    assert (again.status, again.json["version"]) == (200 if seen["version"] == 2 else 201, 2)
    assert client.get(DATA).json["rawData"] == NEW
    assert client.get(f"{DATA}/versions/1").json["rawData"] == OLD
    assert_objects_have_owners(client, engine, bucket_client)


@pytest.mark.parametrize("way", STEPS)
def test_the_steps_are_all_there_are(client: Client, engine: Engine, bucket_client: "S3Client", way: str) -> None:
    """An upload makes as many calls as it is interrupted at, and the table is in the bucket before an item names it."""
    make, steps = STEPS[way]
    attempt = make(client, bucket_client)
    crashing = Crashing(engine, bucket_client)
    with crashing.at(0, "never"):
        attempt()
    assert len(crashing.calls) == steps
    assert crashing.calls[-3:] == ["TransactWriteItems", "PutObject", "TransactWriteItems"]


def assert_objects_have_owners(client: Client, engine: Engine, bucket_client: "S3Client") -> None:
    """Every table in the bucket is named by exactly one item, which will go with it; no table's item names none."""
    items = engine.items(keys.partition(client.user))
    named = [item["object"]["S"] for item in items if "object" in item]
    folder = named[0].rsplit("/", 2)[0]
    stored = bucket_client.list_objects_v2(Bucket=BUCKET, Prefix=f"{folder}/")["Contents"]
    found = {each["Key"] for each in stored}
    assert len(named) == len(set(named))
    assert found <= set(named)
    tables = {item["object"]["S"] for item in items if item["sk"]["S"].startswith("DATA")}
    assert tables <= found
    unfinished = [item for item in items if item["sk"]["S"].startswith("UPLOAD#") and "object" in item]
    assert all("expiresAt" in item for item in unfinished)
