"""Every table of vega-datasets is returned value by value, however it was uploaded."""

import csv
import gzip
import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import BUCKET
from support.handlers.files import key_of, send_file
from support.handlers.http_api import Client
from support.handlers.invocations import Reader
from support.project.template import ROOT

from dashboard_store.settings import Settings
from dashboard_store.store import Store

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = ROOT / "tests" / "node_modules" / "vega-datasets" / "data"
DELIMITERS = {".csv": ",", ".tsv": "\t"}
DATA = "/api/projects/p/data"
# JSON that is not an array of objects: maps in TopoJSON and GeoJSON, and a graph.
NOT_TABLES = {
    "annual-precip.json",
    "earthquakes.json",
    "londonBoroughs.json",
    "londonTubeLines.json",
    "miserables.json",
    "us-10m.json",
    "volcano.json",
    "world-110m.json",
}
# The types of columns that are easily mistaken for another type.
TYPES = {
    "airports.csv": {"iata": "string", "latitude": "number"},
    "birdstrikes.csv": {"Flight Date": "date", "Cost Total $": "integer"},
    "cars.json": {"Name": "string", "Miles_per_Gallon": "number", "Cylinders": "integer", "Year": "date"},
    "flights-2k.json": {"distance": "integer", "date": "string"},
    "gapminder.json": {"year": "integer", "life_expect": "number"},
    "seattle-weather.csv": {"date": "date", "precipitation": "number", "weather": "string"},
    "stocks.csv": {"symbol": "string", "price": "number"},
    "us-employment.csv": {"month": "date", "nonfarm": "integer"},
    "zipcodes.csv": {"zip_code": "string", "latitude": "number"},
}


def is_table(path: Path) -> bool:
    return path.suffix in DELIMITERS or (path.suffix == ".json" and path.name not in NOT_TABLES)


FILES = sorted(path for path in FOLDER.iterdir() if is_table(path))
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


@pytest.fixture
def rows(project: Client, bucket_client: "S3Client") -> Callable[[], list[dict[str, Any]]]:
    """Load the project's rows, from the response or from the download that it names."""

    def load() -> list[dict[str, Any]]:
        loaded = project.get(DATA, accept_encoding="gzip").json
        if "rawDataUrl" not in loaded:
            return list(loaded["rawData"])
        content = bucket_client.get_object(Bucket=BUCKET, Key=key_of(loaded["rawDataUrl"]))["Body"].read()
        return list(json.loads(gzip.decompress(content)))

    return load


@pytest.fixture
def complete(
    project: Client, bucket_client: "S3Client", reader: Reader, store: Store
) -> Callable[[bytes, str], dict[str, Any]]:
    """Upload a file and wait until it is read; returns the table's schema."""

    def complete_file(content: bytes, media_type: str) -> dict[str, Any]:
        place = send_file(project, bucket_client, content, media_type)
        reply = project.post(place, {})
        if reply.status == HTTPStatus.ACCEPTED:
            reader.run(store)
            reply = project.post(place, {})
        assert reply.status in {HTTPStatus.OK, HTTPStatus.CREATED}, reply.json
        schema: dict[str, Any] = reply.json["dataSchema"]
        return schema

    return complete_file


def test_no_table_is_left_out() -> None:
    """Every file that is left out exists and is not an array of objects."""
    for name in NOT_TABLES:
        document = json.loads((FOLDER / name).read_text())
        assert not isinstance(document, list) or not all(isinstance(row, dict) for row in document)
    assert len(FILES) > 50


@every_file
def test_a_file_is_returned_value_by_value(
    complete: Callable[[bytes, str], dict[str, Any]], rows: Callable[[], list[dict[str, Any]]], path: Path
) -> None:
    """A file's rows are those that another reader finds; a CSV cell is the value that its text spells."""
    schema = complete(path.read_bytes(), "text/csv" if path.suffix in DELIMITERS else "application/json")
    loaded = rows()
    types = schema["columnTypes"]
    assert {name: types[name] for name in TYPES.get(path.name, {})} == TYPES.get(path.name, {})
    if path.suffix == ".json":
        assert loaded == json.loads(path.read_text())
        return
    for row, texts in zip(loaded, text_rows(path), strict=True):
        assert list(row) == list(texts)
        assert all(spells(texts[name], value, types[name]) for name, value in row.items()), (row, texts)


@every_file
def test_rows_are_returned_unchanged(
    project: Client,
    complete: Callable[[bytes, str], dict[str, Any]],
    rows: Callable[[], list[dict[str, Any]]],
    settings: Settings,
    path: Path,
) -> None:
    """The same rows sent as compressed JSON are returned unchanged; those over the limit of a body, as a file."""
    sent = json.loads(path.read_text()) if path.suffix == ".json" else text_rows(path)
    body = json.dumps({"fileName": path.name, "rawData": sent}).encode()
    reply = project.request("POST", DATA, gzip.compress(body, compresslevel=1), content_type="application/gzip")
    assert reply.status == (201 if len(body) <= settings.max_decompressed_bytes else 413)
    if reply.status == 413:
        complete(json.dumps(sent).encode(), "application/json")
    assert rows() == sent


def text_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=DELIMITERS[path.suffix]))


def spells(text: str, value: Any, column_type: str) -> bool:
    """Whether a cell's text spells a value in a column of that type."""
    if value is None:
        return text == ""
    if isinstance(value, bool):
        return column_type == "boolean" and text.lower() == str(value).lower()
    if isinstance(value, int):
        return column_type in {"integer", "number"} and text == str(value)
    if isinstance(value, float):
        return column_type == "number" and float(text) == value
    return bool(value == text)
