"""Whatever is stored, Lambda can send the answer; `support.handlers.http_api` fails on one that it cannot.

The answer on a WebSocket has to fit into one of API Gateway's messages.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET
from support.handlers.files import key_of
from support.handlers.http_api import Client, Reply
from support.handlers.live import Gateway
from support.handlers.sharing import Person

from dashboard_store.gateway.request import MAX_USER_BYTES
from dashboard_store.gateway.response import LARGEST_BODY
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA = "/api/projects/p/data"
CONFIG = "/api/projects/p/config"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
LARGEST_MESSAGE = 128 * 1_024
# Each character is sent as six.
ESCAPES = "<" * 261_000


def upload(client: Client, **members: Any) -> Reply:
    body = gzip.compress(json.dumps({"fileName": "t.json", **members}).encode())
    return client.post(DATA, body, content_type="application/gzip")


@pytest.fixture
def full(project: Client) -> Client:
    """The user of a project whose rows, analysis and charts are each as long as they may be."""
    rows = [{"text": "x" * 900_000} for _ in range(4)]
    assert upload(project, rawData=rows, analysis={"text": ESCAPES}).status == 201
    charts = {"chartCustomizations": {"c": {"text": ESCAPES}}}
    body = gzip.compress(json.dumps(charts).encode())
    assert project.put(CONFIG, body, content_type="application/gzip", if_none_match="*").status == 200
    return project


@pytest.mark.parametrize("accept_encoding", ["gzip", "identity"])
def test_rows_that_do_not_fit_beside_the_rest_are_downloaded(
    full: Client, bucket_client: "S3Client", accept_encoding: str
) -> None:
    """Rows that would fit alone are downloaded if analysis and charts leave no room for them, by every client."""
    answer = full.get(DATA, accept_encoding=accept_encoding).json
    assert answer["rawData"] is None
    assert len(answer["analysis"]["text"]) == len(answer["chartCustomizations"]["c"]["text"]) == len(ESCAPES)
    stored = bucket_client.get_object(Bucket=BUCKET, Key=key_of(answer["rawDataUrl"]))["Body"].read()
    assert json.loads(gzip.decompress(stored)) == [{"text": "x" * 900_000}] * 4


@pytest.mark.parametrize("accept_encoding", ["gzip", "identity"])
@pytest.mark.parametrize("parts", ["rawData", "analysis,chartCustomizations", "rawData,dataSchema"])
def test_parts_that_fit_are_sent(full: Client, accept_encoding: str, parts: str) -> None:
    """Each part that fits is in the response, also where all parts together do not."""
    answer = full.get(f"{DATA}?include={parts}", accept_encoding=accept_encoding).json
    assert all(answer[part] for part in parts.split(","))
    assert "rawDataUrl" not in answer


def test_what_cannot_be_left_out_is_compressed(
    project: Client, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """Analysis and charts that are too long with their escapes are sent compressed, even to a client without gzip."""
    connect(replace(settings, max_analysis_bytes=600_000, max_config_bytes=600_000))
    text = "<" * 550_000
    assert upload(project, rawData=[{"a": 1}], analysis={"text": text}).status == 201
    body = gzip.compress(json.dumps({"chartCustomizations": {"c": {"text": text}}}).encode())
    assert project.put(CONFIG, body, content_type="application/gzip", if_none_match="*").status == 200
    reply = project.get(DATA, accept_encoding="identity")
    assert (reply.status, reply.headers["content-encoding"]) == (200, "gzip")
    assert len(gzip.decompress(reply.body)) > LARGEST_BODY
    assert reply.json["analysis"] == {"text": text}


def test_a_sparse_table_is_downloaded_as_csv(project: Client) -> None:
    """A table whose separators alone do not fit is a redirect as CSV, though its rows as JSON are short."""
    columns, count = 1_000, 4_750
    names = [f"c{number}" for number in range(columns)]
    reply = upload(project, rawData=[{}] * count, dataSchema={"columnNames": names})
    assert reply.status == 201, reply.body
    assert len(project.get(DATA).json["rawData"]) == count
    assert project.get(f"{DATA}?format=csv").status == 302


def test_quotation_marks_do_not_make_csv_too_long(project: Client) -> None:
    """A table that is longer as CSV than as JSON, because quotation marks are doubled, is a redirect if it must be."""
    rows = [{"a": ["", "", "", "", "", "", "", ""] * 1_600} for _ in range(80)]
    assert upload(project, rawData=rows).status == 201
    assert project.get(DATA).json["rawData"] == rows
    assert project.get(f"{DATA}?format=csv").status == 302


def test_all_that_may_be_followed_fits_into_a_message(
    user: str, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """The answer to a `follow` of as many projects as there may be, each with the longest name, fits into a message."""
    connect(replace(settings, writes_per_minute=1_000, allowed_origins=("*",)))
    owner = Person(user.ljust(MAX_USER_BYTES, "x"), {"exp": "4000000000"})
    named = [f"{number:0128}" for number in range(settings.max_followed)]
    for name in named:
        assert owner.post("/api/projects", {"id": name, "name": "P"}).status == 201
    answer = Gateway().connect(owner).follow(*named)
    assert len(answer["projects"]) == settings.max_followed
    assert len(json.dumps(answer).encode()) < LARGEST_MESSAGE
