"""Count the cost of tables: bytes stored, and the requests and units of an upload and a read, compared with JSON rows.

The local stack's engine counts units as AWS bills them; requests to the bucket are counted as they are made.
"""

import gzip
import json
import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import boto3
from moto import mock_aws

from benchmarks.database import Meter, metered
from benchmarks.report import Section, Table
from benchmarks.workload import OWNER, SETTINGS, TABLE
from dashboard_store.documents.dataset.upload import read_upload
from dashboard_store.documents.json_text import compact
from dashboard_store.documents.project_schema import read_new_project
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.preconditions import Precondition
from dashboard_store.repository.bucket import Bucket
from dashboard_store.repository.items import Items
from dashboard_store.store import Store
from local import ROOT

FOLDER: Final = ROOT / "tests" / "node_modules" / "vega-datasets" / "data"
FILES: Final = ("cars", "gapminder", "flights-2k", "movies", "flights-20k", "flights-200k")
COLUMNS: Final = ("Rows", "as JSON", "JSON, gzip", "stored", "upload", "next upload", "read", "put JSON", "get JSON")
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
LARGEST_ITEM: Final = 400 * 1024
# The key of an item with rows as JSON, and the names of its attributes.
KEY_BYTES: Final = 30


def report() -> list[Section]:
    with metered() as meter, mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=SETTINGS.bucket_name)
        bucket_requests: list[Any] = []
        client.meta.events.register("after-call.s3", lambda **request: bucket_requests.append(request))
        store = Store(SETTINGS, Items(meter, TABLE), Bucket(client, SETTINGS.bucket_name))
        rows = [_row(name, store, meter, bucket_requests) for name in FILES]
    measured = (
        "Bytes of real tables as JSON and as stored, and the request units + bucket requests of an upload, of the next "
        "upload, which moves the previous table aside, and of a read. For comparison, the units of the same rows as "
        "one JSON text in an item, if they fit."
    )
    return [Section("Tables", measured, [Table(["Table", *COLUMNS], rows)])]


def _row(name: str, store: Store, meter: Meter, bucket_requests: list[Any]) -> list[str]:
    rows = json.loads((FOLDER / f"{name}.json").read_text())
    address, text = ProjectAddress(OWNER.user, name), compact(rows).encode()
    store.projects.create(OWNER.user, read_new_project({"id": name, "name": name}, SETTINGS))
    uploads = [
        read_upload(json.dumps({"fileName": file, "rawData": rows}).encode(), SETTINGS) for file in ("first", "second")
    ]

    def read() -> None:
        newest = store.datasets.current(address).newest
        if newest:
            store.downloads.rows(newest, "json")

    calls: list[Callable[[], object]] = [
        partial(store.dataset_writes.upload, address, each, Precondition()) for each in uploads
    ]
    costs = [_cost(call, meter, bucket_requests) for call in [*calls, read]]
    units = [math.ceil((len(text) + KEY_BYTES) / unit) for unit in (1_024, 4_096)]
    costs += [f"{each}" if len(text) < LARGEST_ITEM else "too large" for each in units]
    sizes = (len(rows), len(text), len(gzip.compress(text, 6)), len(uploads[0].content.stored))
    return [name, *(f"{size:,}" for size in sizes), *costs]


def _cost(call: Callable[[], object], meter: Meter, bucket_requests: list[Any]) -> str:
    bucket_requests.clear()
    return f"{meter.of(call).units:g} + {len(bucket_requests)}"
