"""Count the cost of tables: bytes stored, and the requests and units of an upload and a read, compared with JSON rows.

The local stack's engine counts units as AWS bills them; requests to the bucket are counted as they are made.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws
from support.project.template import ROOT

from benchmarks.database import Meter, metered
from benchmarks.report import Section, Table
from benchmarks.workload import SETTINGS
from dashboard_store.documents.dataset.upload import Upload, read_upload
from dashboard_store.documents.json_text import compact
from dashboard_store.documents.project import read_new_project
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = ROOT / "tests" / "node_modules" / "vega-datasets" / "data"
FILES = ("cars.json", "gapminder.json", "flights-2k.json", "movies.json", "flights-20k.json", "flights-200k.json")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
LARGEST_ITEM = 400 * 1024


@dataclass
class BucketRequests:
    """Counts the requests that a client makes to the bucket."""

    requests: int = 0

    def attach(self, client: "S3Client") -> None:
        def add(**_: Any) -> None:  # noqa: ANN401 - botocore's arguments
            self.requests += 1

        client.meta.events.register("after-call.s3", add)


class Measure:
    """One project on the engine and a bucket, and the cost of its calls."""

    def __init__(self, meter: Meter, bucket_client: "S3Client") -> None:
        self._meter, self._bucket_requests = meter, BucketRequests()
        self._bucket_requests.attach(bucket_client)
        items = Items(meter, SETTINGS.table_name)
        self._store = Store(SETTINGS, items, Bucket(bucket_client, SETTINGS.bucket_name))

    def of(self, name: str) -> list[str]:
        rows = json.loads((FOLDER / name).read_text())
        address = ProjectAddress("user-1", name.partition(".")[0])
        self._store.projects.create("user-1", read_new_project({"id": address.project_id, "name": name}, SETTINGS))
        text = compact(rows)
        first = read_upload(json.dumps({"fileName": name, "rawData": rows}).encode(), SETTINGS)
        second = read_upload(json.dumps({"fileName": f"again-{name}", "rawData": rows}).encode(), SETTINGS)
        return [
            f"{len(rows):,}",
            f"{len(text.encode()):,}",
            f"{len(gzip.compress(text.encode(), 6)):,}",
            f"{len(first.content.stored):,}",
            self._cost(lambda: self._upload(address, first)),
            self._cost(lambda: self._upload(address, second)),
            self._cost(lambda: self._read(address)),
            self._put_json(name, text),
            self._get_json(name, text),
        ]

    def _upload(self, address: ProjectAddress, upload: Upload) -> None:
        self._store.dataset_writes.upload(address, upload, Precondition())

    def _read(self, address: ProjectAddress) -> None:
        newest = self._store.datasets.current(address).newest
        if newest:
            self._store.downloads.rows(newest, "json")

    def _cost(self, call: Callable[[], Any]) -> str:
        self._bucket_requests.requests = 0
        return f"{self._units(call)} + {self._bucket_requests.requests}"

    def _put_json(self, name: str, text: str) -> str:
        """Write the rows as one JSON text into an item, if they fit."""
        if len(text.encode()) > LARGEST_ITEM:
            return "too large"
        item = {**_as_rows(name), "rows": {"S": text}}
        return self._units(lambda: self._meter.call("PutItem", {"TableName": SETTINGS.table_name, "Item": item}))

    def _get_json(self, name: str, text: str) -> str:
        if len(text.encode()) > LARGEST_ITEM:
            return "too large"
        request = {"TableName": SETTINGS.table_name, "Key": _as_rows(name), "ConsistentRead": True}
        return self._units(lambda: self._meter.call("GetItem", request))

    def _units(self, call: Callable[[], Any]) -> str:
        return f"{self._meter.of(call).units:g}"


def _as_rows(name: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": "rows"}, "sk": {"S": name}}


def report() -> list[Section]:
    header = [
        "Table",
        "Rows",
        "as JSON",
        "JSON, gzip",
        "stored",
        "upload",
        "next upload",
        "read",
        "put JSON",
        "get JSON",
    ]
    with metered() as meter, mock_aws():
        bucket_client = boto3.client("s3", region_name="us-east-1")
        bucket_client.create_bucket(Bucket=SETTINGS.bucket_name)
        measure = Measure(meter, bucket_client)
        rows = [[name.partition(".")[0], *measure.of(name)] for name in FILES]
    measured = (
        "Bytes of real tables as JSON and as stored, and the request units + bucket requests of an upload, of the next "
        "upload, which moves the previous table aside, and of a read. For comparison, the same rows as one JSON text "
        "in an item, if they fit."
    )
    return [Section("Tables", measured, [Table(header, rows)])]
