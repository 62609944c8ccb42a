"""Random lives of a project: if the rule for abandoned objects is followed, no object is lost and none is left over."""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from conftest import BUCKET, TABLE, Clock
from support.storage.contents import SETTINGS, upload
from support.storage.engines import Engine
from support.storage.objects import assert_objects_have_owners
from support.storage.stream import Stream

from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.dynamodb.protocol import unmarshal
from dashboard_store.errors import NoProject, ProjectExists
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository import keys
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.changes import Change
from dashboard_store.repository.items import Items
from dashboard_store.repository.object_lifetimes import abandoned_object
from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

STEPS = 40
# Both limits are small, so that uploads are dropped and some tables are in the bucket, some in their item.
FEW = Settings(TABLE, BUCKET, data_versions_kept=2, max_inline_table_bytes=200)


class Life:
    """A project `p`, and the stream of its table: every change is followed at once, and expired items go at random."""

    def __init__(self, engine: Engine, store: Store, clock: Clock, address: ProjectAddress, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
        self.overwritten = 0
        self._engine = engine
        self._stream = Stream(engine, clock)
        self._store = store
        self._clock = clock
        self.address = address
        self._steps = (self.upload, self.upload, self.upload, self.create, self.delete, self.restore, self.wait)

    def step(self) -> None:
        with self._stream.following():
            self.chance.choice(self._steps)()
        for change in map(Change.from_record, self._stream.take()["Records"]):
            abandoned = abandoned_object(change.old, change.new, is_expiry=change.is_expiry)
            if abandoned:
                self.overwritten += change.new is not None
                self._store.bucket.delete(abandoned)

    def upload(self) -> None:
        rows = [{"a": self.chance.random()} for _ in range(self.chance.choice((1, 50)))]
        try:
            self._store.dataset_writes.upload(self.address, upload("t", rawData=rows), Precondition())
        except NoProject:
            self.create()

    def create(self) -> None:
        try:
            self._store.projects.create(self.address.owner, read_new_project({"id": "p", "name": "P"}, SETTINGS))
        except ProjectExists:
            self._clock.advance(days=self.chance.choice((10, 100)))

    def delete(self) -> None:
        try:
            self._store.project_deletion.delete(self.address, Precondition())
        except NoProject:
            self.create()

    def restore(self) -> None:
        try:
            self._store.project_deletion.restore(self.address)
        except NoProject:
            self.create()

    def wait(self) -> None:
        """Let time pass, in which DynamoDB removes some of the expired items, and others only later."""
        self._clock.advance(days=self.chance.choice((1, 20, 40)))
        for item in map(unmarshal, self._engine.items(keys.partition(self.address.owner))):
            if item.get("expiresAt", self._now + 1) <= self._now and self.chance.random() < 0.3:
                self._stream.expire(item)

    @property
    def _now(self) -> float:
        return self._clock.moment.timestamp()


@pytest.fixture
def lives(atomic_engine: Engine, bucket: Bucket, clock: Clock, user: str) -> Iterator[Life]:
    """Lives of projects of different users, one after the other."""
    store = Store(FEW, Items(atomic_engine, atomic_engine.table_name, pause=lambda _: None), bucket, clock)
    return (Life(atomic_engine, store, clock, ProjectAddress(f"{user[:-2]}{seed:02}", "p"), seed) for seed in range(6))


def test_no_object_is_lost_or_left_over(
    lives: Iterator[Life], atomic_engine: Engine, bucket_client: "S3Client"
) -> None:
    """Whatever happens to a project, every object has one name and every table's object exists.

    Also if a project is created under the id of a deleted one whose expired items DynamoDB has not removed yet.
    """
    overwritten = 0
    for life in lives:
        for _ in range(STEPS):
            life.step()
            assert_objects_have_owners(atomic_engine, bucket_client, life.address)
        overwritten += life.overwritten
    assert overwritten > 0, "no life overwrote an expired item, which is what this test is about"
