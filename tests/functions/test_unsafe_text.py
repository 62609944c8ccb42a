"""Text that a browser would execute is refused wherever it could be stored; all other text is stored unchanged."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.handlers.files import send_file
from support.handlers.http_api import Client, Reply
from support.inputs.unsafe_texts import HARMLESS

from local.dashboards import SIZES, dashboard

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BAD = "<img src=x onerror=alert(1)>"
PROJECT = "/api/projects/p"
CONFIG = f"{PROJECT}/config"
DATA = f"{PROJECT}/data"
OLD: dict[str, Any] = {"chartCustomizations": {"c": {"title": "a < b"}}}
TABLE: dict[str, Any] = {"fileName": "t.csv", "rawData": [{"a": "x"}]}


@pytest.fixture(autouse=True)
def _content(project: Client) -> None:
    """The project's config at version 1, and its table."""
    project.put(CONFIG, OLD, if_none_match="*")
    project.post(DATA, TABLE)


def config_with(title: Any) -> dict[str, Any]:
    return {"chartCustomizations": {"c": {"title": title}}}


# Every place in which text can be stored, and the pointers in its refusal.
PLACES: dict[str, tuple[Callable[[Client], Reply], list[str]]] = {
    "a config": (
        lambda client: client.put(CONFIG, config_with(BAD), if_match='"1"'),
        ["/chartCustomizations/c/title"],
    ),
    "a member's name": (
        lambda client: client.put(CONFIG, config_with({BAD: 1}), if_match='"1"'),
        ["/chartCustomizations/c/title"],
    ),
    "a chart's name": (
        lambda client: client.put(CONFIG, {"chartCustomizations": {BAD: {}}}, if_match='"1"'),
        ["/chartCustomizations"],
    ),
    "a theme under its former name": (
        lambda client: client.put(CONFIG, {**OLD, "currentTheme": BAD}, if_match='"1"'),
        ["/currentTheme"],
    ),
    "two places": (
        lambda client: client.put(CONFIG, {**OLD, "filters": [{"id": BAD}], "extensions": {"e": [BAD]}}, if_match="*"),
        ["/filters/0/id", "/extensions/e/0"],
    ),
    "a draft": (
        lambda client: client.put(f"{CONFIG}?sessionId=s", config_with(BAD), if_none_match="*"),
        ["/chartCustomizations/c/title"],
    ),
    "a merge": (
        lambda client: client.put(f"{CONFIG}?onConflict=merge", config_with(BAD), if_match='"0"'),
        ["/chartCustomizations/c/title"],
    ),
    "a merge patch": (lambda client: client.patch(CONFIG, {"theme": {"id": BAD}}), ["/theme/id"]),
    "customizations": (
        lambda client: client.put(f"{DATA}/customizations", config_with(BAD), if_match='"1"'),
        ["/chartCustomizations/c/title"],
    ),
    "a note": (lambda client: client.put(f"{CONFIG}?message={BAD}", config_with("x"), if_match='"1"'), ["message"]),
    "a note of a delete": (lambda client: client.delete(f"{CONFIG}?message={BAD}", if_match='"1"'), ["message"]),
    "a project's name": (lambda client: client.post("/api/projects", {"name": BAD}), ["/name"]),
    "a project's description": (
        lambda client: client.patch(PROJECT, {"description": BAD}, if_match='"1"'),
        ["/description"],
    ),
    "a project's settings": (
        lambda client: client.patch(PROJECT, {"settings": {"tags": ["x", BAD], "fileInfo": {"a": BAD}}}, if_match="*"),
        ["/settings/tags/1", "/settings/fileInfo/a"],
    ),
    "a project's first config": (
        lambda client: client.post("/api/projects", {"name": "N", "settings": {"dashboardConfig": config_with(BAD)}}),
        ["/settings/dashboardConfig/chartCustomizations/c/title"],
    ),
    "a file's name": (lambda client: client.post(DATA, {**TABLE, "fileName": BAD}), ["/fileName"]),
    "a cell": (lambda client: client.post(DATA, {**TABLE, "rawData": [{"a": 1}, {"a": BAD}]}), ["/rawData/1/a"]),
    "a value inside a cell": (
        lambda client: client.post(DATA, {**TABLE, "rawData": [{"a": [{"b": BAD}]}]}),
        ["/rawData/0/a/0/b"],
    ),
    "a column's name": (lambda client: client.post(DATA, {**TABLE, "rawData": [{BAD: 1}]}), ["/rawData/0"]),
    "a schema": (
        lambda client: client.post(DATA, {**TABLE, "dataSchema": {"columnNames": ["a", BAD]}}),
        ["/dataSchema/columnNames/1"],
    ),
    "an upload's analysis": (lambda client: client.post(DATA, {**TABLE, "analysis": {"s": BAD}}), ["/analysis/s"]),
    "an upload's charts": (
        lambda client: client.post(DATA, {**TABLE, "chartCustomizations": {"c": {"t": BAD}}}),
        ["/chartCustomizations/c/t"],
    ),
    "an analysis": (
        lambda client: client.put(f"{DATA}/analysis", {"analysis": {"s": BAD}}, if_match='"1"'),
        ["/analysis/s"],
    ),
    "an announced file's name": (
        lambda client: client.post(f"{DATA}/uploads", {"fileName": BAD, "contentType": "text/csv", "bytes": 1}),
        ["/fileName"],
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_unsafe_text_is_refused_with_its_place(project: Client, place: str) -> None:
    """Unsafe text in any place is 422 `unsafe-text` with its pointers, and nothing changes."""
    reads = ("/api/projects", PROJECT, CONFIG, f"{CONFIG}/versions", DATA)
    before = [project.get(path).json for path in reads]
    send, pointers = PLACES[place]
    reply = send(project)
    assert (reply.status, reply.code) == (422, "unsafe-text"), reply.json
    assert [error["pointer"] for error in reply.json["errors"]] == pointers
    assert [project.get(path).json for path in reads] == before


# Files of each type with unsafe text in a cell or in a column's name, and the first place that has it.
FILES = {
    "a CSV cell": ("text/csv", f'a,b\nx,y\nz,"{BAD}"\n', "/1/b"),
    "a CSV header": ("text/csv", f"a,{BAD}\nx,y\n", ""),
    "a JSON cell": ("application/json", json.dumps([{"a": 1}, {"a": BAD}]), "/1/a"),
    "a JSON column": ("application/json", json.dumps([{BAD: 1}]), "/0"),
    "an NDJSON cell": ("application/x-ndjson", f'{{"a": 1}}\n{{"a": "{BAD}"}}\n', "/1/a"),
}


def complete(client: Client, bucket_client: "S3Client", content_type: str, content: str) -> Reply:
    return client.post(send_file(client, bucket_client, content.encode(), content_type), {})


def test_two_texts_that_run_together_are_refused(project: Client) -> None:
    """A title that ends within a value is refused, since a subtitle could end it; the subtitle alone is harmless."""
    chart = {"title": "<img alt='", "subtitle": "' src=1 onerror=alert(1)>"}
    reply = project.put(CONFIG, {"chartCustomizations": {"c": chart}}, if_match='"1"')
    assert (reply.status, reply.code) == (422, "unsafe-text")
    assert [error["pointer"] for error in reply.json["errors"]] == ["/chartCustomizations/c/title"]


@pytest.mark.parametrize("name", FILES)
def test_unsafe_text_in_a_file_is_refused_with_its_place(project: Client, bucket_client: "S3Client", name: str) -> None:
    """Unsafe text in a file's cells or column names is refused likewise, and the previous table stays."""
    content_type, content, place = FILES[name]
    reply = complete(project, bucket_client, content_type, content)
    assert (reply.status, reply.code) == (422, "unsafe-text"), reply.json
    assert reply.json["errors"][0]["pointer"] == place
    assert project.get(DATA).json["version"] == 1


def test_a_csv_cell_is_named_by_row_and_column(project: Client, bucket_client: "S3Client") -> None:
    """The message names row and column, by which a user finds the cell."""
    reply = complete(project, bucket_client, *FILES["a CSV cell"][:2])
    assert reply.json["errors"][0]["message"].startswith('Row 2, column 2 ("b"): A browser would execute this text')


def test_harmless_text_is_stored_unchanged_everywhere(project: Client, bucket_client: "S3Client") -> None:
    """Every harmless text is stored unchanged in a config, in rows, in a file and in an analysis."""
    config = {"chartCustomizations": {text: {"title": text} for text in HARMLESS}}
    assert project.put(CONFIG, config, if_match="*").status == 200
    assert project.get(CONFIG).json["config"] == config
    rows = [{"text": text} for text in HARMLESS]
    assert project.post(DATA, {"fileName": HARMLESS[3], "rawData": rows, "analysis": {"s": HARMLESS}}).status == 201
    loaded = project.get(DATA).json
    assert (loaded["rawData"], loaded["analysis"]["s"]) == (rows, HARMLESS)
    # An empty CSV cell is null, and line breaks in cells are kept.
    texts = [text for text in HARMLESS if text]
    quoted = "".join('"{}"\n'.format(text.replace('"', '""')) for text in texts)
    assert complete(project, bucket_client, "text/csv", f"text\n{quoted}").status == 201
    assert [row["text"] for row in project.get(DATA).json["rawData"]] == texts


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", SIZES)
def test_generated_dashboards_are_stored_unchanged(project: Client, size: str, seed: int) -> None:
    """Whole dashboards, with comparisons in filters and titles in many languages, are stored unchanged."""
    config = dashboard(size, seed)
    assert project.put(CONFIG, config, if_match="*").status == 200
    assert project.get(CONFIG).json["config"] == config


def test_sample_dashboards_are_stored_unchanged(project: Client) -> None:
    """The dashboards in a given folder are stored unchanged: `make test SAMPLES=folder`."""
    folder = os.environ.get("SAMPLES")
    if not folder:
        pytest.skip("no folder of sample dashboards was given: make test SAMPLES=folder")
    files = sorted(Path(folder).glob("*.json"))
    assert files
    for file in files:
        config = json.loads(file.read_text())
        assert project.put(CONFIG, config, if_match="*").status == 200, file
        assert project.get(CONFIG).json["config"] == config
