"""Project data through the handlers, from event to response."""

import gzip
import json
import zlib
from typing import Any

import pytest
from support.handlers.http_api import Client

from dashboard_store.settings import Settings

DATA = "/api/projects/p/data"
ANALYSIS = "/api/projects/p/data/analysis"
CONFIG = "/api/projects/p/config"
ROWS: list[dict[str, Any]] = [
    {"city": "Oslo", "day": "2026-01-31", "t": -3.5, "n": 1},
    {"city": "Bergen", "day": "2026-02-01", "t": 4, "n": None},
]
TABLE: dict[str, Any] = {"fileName": "weather.csv", "rawData": ROWS}


def test_a_project_without_data_is_at_version_0(project: Client) -> None:
    """Before the first upload all data is null, at version 0."""
    reply = project.get(DATA)
    assert reply.status == 200
    assert reply.json == {
        "rawData": None,
        "analysis": None,
        "chartCustomizations": {},
        "dataSchema": None,
        "version": 0,
        "analysisVersion": 0,
        "configVersion": 0,
        "updatedAt": None,
    }
    assert reply.headers["etag"] == '"0"'


def test_a_table_is_returned_as_uploaded(project: Client) -> None:
    """An upload returns version and schema, and a load returns equal rows with nulls, order and types."""
    uploaded = project.post(DATA, {**TABLE, "analysis": {"mean": 0.25}})
    schema = {
        "fileName": "weather.csv",
        "rowCount": 2,
        "columnCount": 4,
        "columnNames": ["city", "day", "t", "n"],
        "columnTypes": {"city": "string", "day": "date", "t": "number", "n": "integer"},
    }
    assert uploaded.status == 201
    assert uploaded.json == {
        "success": True,
        "version": 1,
        "dataSchema": schema,
        "updatedAt": uploaded.json["updatedAt"],
    }
    loaded = project.get(DATA).json
    assert (loaded["rawData"], loaded["dataSchema"], loaded["analysis"]) == (ROWS, schema, {"mean": 0.25})
    assert (loaded["version"], loaded["analysisVersion"], loaded["configVersion"]) == (1, 1, 0)


def test_a_formula_is_returned_unchanged(project: Client) -> None:
    """What a spreadsheet takes for a formula is a cell like any other, also in a CSV file: nothing is rewritten."""
    formulas = ["=1+1", "@SUM(A1)", "+2", "-3"]
    project.post(DATA, {**TABLE, "rawData": [{"cell": text} for text in formulas]})
    assert project.get(f"{DATA}?format=csv").body.decode().split() == ["cell", *formulas]


def test_a_repeated_upload_makes_no_version(project: Client) -> None:
    """A repeated upload is a 200 with the current version, whatever its precondition; a different one is the next."""
    first = project.post(DATA, TABLE)
    again = project.post(DATA, TABLE, if_none_match="*")
    assert (again.status, again.json) == (200, first.json)
    other = project.post(DATA, {**TABLE, "fileName": "other.csv"})
    assert (other.status, other.json["version"]) == (201, 2)


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({}, 3),
        ({"if_match": '"2"'}, 3),
        ({"if_match": '"2.1.4"'}, 3),
        ({"if_match": "*"}, 3),
        ({"if_match": '"1"'}, "version-conflict"),
        ({"if_match": '"1.0.4"'}, "version-conflict"),
        ({"if_none_match": "*"}, "version-conflict"),
        ({"if_match": "2"}, "invalid-precondition"),
    ],
)
def test_an_upload_may_have_a_precondition(project: Client, headers: dict[str, str], outcome: int | str) -> None:
    """An upload without a precondition is a new version; a precondition must hold for the table's version."""
    project.post(DATA, TABLE)
    project.post(DATA, {**TABLE, "fileName": "second.csv"})
    reply = project.post(DATA, {**TABLE, "fileName": "third.csv"}, **headers)
    if isinstance(outcome, int):
        assert (reply.status, reply.json["version"]) == (201, outcome)
    else:
        assert reply.code == outcome
        assert project.get(DATA).json["dataSchema"]["fileName"] == "second.csv"


def test_charts_that_come_with_a_table_become_the_first_config(project: Client) -> None:
    """An upload's charts are saved if no config was ever saved, and ignored otherwise; the response says which."""
    charts = {"c": {"title": "Temperature"}}
    reply = project.post(DATA, {**TABLE, "chartCustomizations": charts})
    assert reply.json["chartCustomizations"] == "saved"
    assert project.get(CONFIG).json["config"] == {"chartCustomizations": charts}
    assert project.get("/api/projects/p").json["dashboardConfig"]["version"] == 1
    kept = project.post(DATA, {**TABLE, "fileName": "2.csv", "chartCustomizations": {"other": {}}})
    assert kept.json["chartCustomizations"] == "kept"
    assert project.get(DATA).json["chartCustomizations"] == charts


def test_the_charts_in_the_data_are_a_view_of_the_config(project: Client) -> None:
    """Charts saved at /config, at /data/customizations or with a table show in all three."""
    project.post(DATA, TABLE)
    charts = {"c": {"title": "Temperature"}}
    project.put("/api/projects/p/data/customizations", {"chartCustomizations": charts}, if_none_match="*")
    assert project.get(CONFIG).json["config"]["chartCustomizations"] == charts
    loaded = project.get(DATA).json
    assert (loaded["chartCustomizations"], loaded["configVersion"]) == (charts, 1)


def test_the_entity_tag_changes_with_every_part(project: Client) -> None:
    """The data's tag changes with the table, the analysis and the config, so a 304 never hides a change."""
    tags = [project.get(DATA).headers["etag"]]
    writes: list[tuple[str, str, dict[str, Any], dict[str, str]]] = [
        ("POST", DATA, TABLE, {}),
        ("PUT", ANALYSIS, {"analysis": {"x": 1}}, {"if_match": '"1"'}),
        ("PUT", CONFIG, {"chartCustomizations": {}}, {"if_none_match": "*"}),
        ("POST", DATA, {**TABLE, "fileName": "2.csv"}, {}),
    ]
    for method, url, body, headers in writes:
        assert project.get(DATA, if_none_match=tags[-1]).status == 304
        project.request(method, url, body, **headers)
        reply = project.get(DATA, if_none_match=tags[-1])
        assert reply.status == 200
        tags.append(reply.headers["etag"])
    assert tags == ['"0"', '"1"', '"1.1"', '"1.1.1"', '"2.0.1"']


@pytest.mark.parametrize("parts", ["rawData", "dataSchema,analysis", "chartCustomizations"])
def test_include_picks_parts(project: Client, parts: str) -> None:
    """`?include=` omits the other parts; the versions are always present."""
    project.post(DATA, TABLE)
    versions = {"version", "analysisVersion", "configVersion", "updatedAt"}
    assert set(project.get(f"{DATA}?include={parts}").json) == versions | set(parts.split(","))


def test_an_unknown_part_is_refused(project: Client) -> None:
    """An unknown part in `?include=` is a 422 that names the parameter."""
    reply = project.get(f"{DATA}?include=rawData,secrets")
    assert (reply.code, reply.json["errors"][0]["pointer"]) == ("invalid-query", "include")


def test_an_analysis_is_saved_with_a_precondition(project: Client) -> None:
    """An analysis needs the data's tag: none is 428, a stale one 412 with the current analysis; a retry succeeds."""
    project.post(DATA, TABLE)
    missing = project.put(ANALYSIS, {"analysis": {"by": "first"}})
    assert (missing.status, missing.json["currentVersion"], missing.json["currentAnalysisVersion"]) == (428, 1, 0)
    tag = project.get(DATA).headers["etag"]
    first = project.put(ANALYSIS, {"analysis": {"by": "first"}}, if_match=tag)
    assert (first.json["version"], first.json["analysisVersion"], first.headers["etag"]) == (1, 1, '"1.1"')
    second = project.put(ANALYSIS, {"analysis": {"by": "second"}}, if_match=tag)
    assert (second.status, second.code, second.json["current"]) == (412, "version-conflict", {"by": "first"})
    assert (second.json["currentVersion"], second.json["currentAnalysisVersion"]) == (1, 1)
    assert project.put(ANALYSIS, {"analysis": {"by": "first"}}, if_match=tag).json == first.json
    assert project.get(DATA).json["analysis"] == {"by": "first"}


def test_a_saved_config_does_not_conflict_with_an_analysis(project: Client) -> None:
    """An analysis depends on the table alone: a save of the config in between does not make it stale."""
    project.post(DATA, TABLE)
    tag = project.get(DATA).headers["etag"]
    project.put(CONFIG, {"chartCustomizations": {}}, if_none_match="*")
    assert project.put(ANALYSIS, {"analysis": {}}, if_match=tag).status == 200


def test_an_analysis_of_a_replaced_table_is_refused(project: Client) -> None:
    """A new table has no analysis, and an analysis of the previous table does not become its own."""
    project.post(DATA, {**TABLE, "analysis": {"of": 1}})
    tag = project.get(DATA).headers["etag"]
    project.post(DATA, {**TABLE, "fileName": "2.csv"})
    assert project.put(ANALYSIS, {"analysis": {"of": 1, "more": True}}, if_match=tag).code == "version-conflict"
    loaded = project.get(DATA).json
    assert (loaded["analysis"], loaded["analysisVersion"]) == (None, 0)


def test_an_analysis_needs_a_table(project: Client) -> None:
    """An analysis without a table, or without a project, is 404."""
    assert project.put(ANALYSIS, {"analysis": {}}, if_match='"0"').code == "not-found"
    assert project.put("/api/projects/none/data/analysis", {"analysis": {}}, if_match='"1"').code == "not-found"


def test_an_analysis_over_its_limit_is_refused(project: Client, settings: Settings) -> None:
    """An analysis over its limit is 413 with both sizes, alone and with an upload; nothing is saved."""
    large = {"analysis": {"text": "x" * settings.max_analysis_bytes}}
    project.post(DATA, TABLE)
    for reply in (
        project.put(ANALYSIS, large, if_match='"1"'),
        project.post(DATA, {**TABLE, "fileName": "2.csv", **large}),
    ):
        assert (reply.status, reply.code, reply.json["limitBytes"]) == (413, "analysis-too-large", 262_144)
        assert reply.json["actualBytes"] > reply.json["limitBytes"]
    assert project.get(DATA).json["version"] == 1


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"rawData": []}, "/rawData"),
        ({"rawData": [{}]}, "/rawData"),
        ({"rawData": [{"a": 1}, [2]]}, "/rawData/1"),
        ({"rawData": {"a": [1]}}, "/rawData"),
        ({"rawData": [{"a": "\0"}]}, "/rawData/0/a"),
        ({"fileName": ""}, "/fileName"),
        ({"fileName": None}, "/fileName"),
        ({"rows": []}, "/rows"),
        ({"dataSchema": {"columnNames": ["city"]}}, "/dataSchema/columnNames"),
        ({"dataSchema": {"columnTypes": {"nowhere": "string"}}}, "/dataSchema/columnTypes"),
        ({"dataSchema": {"columnTypes": {"city": "varchar"}}}, "/dataSchema/columnTypes/city"),
        ({"analysis": []}, "/analysis"),
    ],
)
def test_an_invalid_upload_is_refused(project: Client, members: dict[str, Any], pointer: str) -> None:
    """A table that cannot be stored as sent is 422 with the place of the error, and nothing is saved."""
    reply = project.post(DATA, {**TABLE, **members})
    assert (reply.status, reply.code) == (422, "invalid-data")
    assert pointer in [error["pointer"] for error in reply.json["errors"]]
    assert project.get(DATA).json["version"] == 0


def test_charts_in_an_upload_are_validated_as_a_config(project: Client) -> None:
    """An upload whose charts would be invalid in a config is refused with their place."""
    reply = project.post(DATA, {**TABLE, "chartCustomizations": {"c": 1}})
    assert (reply.status, reply.code) == (422, "invalid-config")
    assert [error["pointer"] for error in reply.json["errors"]] == ["/chartCustomizations/c"]


def test_a_compressed_upload_is_read(project: Client) -> None:
    """A body sent as application/gzip is read as the table inside it."""
    body = gzip.compress(json.dumps(TABLE).encode())
    assert project.request("POST", DATA, body, content_type="application/gzip").status == 201
    assert project.get(DATA).json["rawData"] == ROWS


@pytest.mark.parametrize(("method", "url"), [("GET", DATA), ("POST", DATA), ("PUT", ANALYSIS)])
def test_another_users_data_looks_absent(project: Client, method: str, url: str) -> None:
    """Another user's data is answered exactly like that of a nonexistent project, except for the request's id."""
    project.post(DATA, TABLE)
    stranger = Client("another-user")
    body = {"POST": {**TABLE, "fileName": "theirs"}, "PUT": {"analysis": {}}}.get(method)
    foreign = stranger.request(method, url, body, if_match="*")
    absent = stranger.request(method, url.replace("/p/", "/none/"), body, if_match="*")
    assert (foreign.status, foreign.code) == (404, "not-found")
    assert foreign.problem == absent.problem
    assert project.get(DATA).json["dataSchema"]["fileName"] == "weather.csv"


def _gzip_of_a_gigabyte() -> bytes:
    """Return a megabyte that decompresses to a gigabyte."""
    compressor = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    million = b" " * 1_000_000
    return b"".join([*(compressor.compress(million) for _ in range(1_000)), compressor.flush()])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(gzip.compress(json.dumps(TABLE).encode())[:-9], 400, "malformed-json", id="a truncated gzip"),
        pytest.param(_gzip_of_a_gigabyte(), 413, "request-too-large", id="a gigabyte in a megabyte"),
        pytest.param(b"PK\x03\x04 no gzip", 400, "malformed-json", id="another format"),
    ],
)
def test_a_body_that_does_not_decompress_is_refused(project: Client, body: bytes, status: int, code: str) -> None:
    """A compressed body that is broken or decompresses to too much is refused, and the previous table is served."""
    project.post(DATA, TABLE)
    reply = project.request("POST", DATA, body, content_type="application/gzip")
    assert (reply.status, reply.code) == (status, code)
    assert project.get(DATA).json["rawData"] == ROWS


@pytest.mark.parametrize(
    ("rows", "pointer"),
    [
        pytest.param([{f"c{number}": 1 for number in range(10_000)}], "/rawData", id="10,000 columns"),
        pytest.param([{"a": 1}, {"a": "x" * 1_000_001}], "/rawData/1/a", id="a cell of a megabyte"),
    ],
)
def test_a_table_beyond_its_limits_is_refused(project: Client, rows: list[dict[str, Any]], pointer: str) -> None:
    """A table with too many columns or too large a cell is 422 with its place, and the previous one is served."""
    project.post(DATA, TABLE)
    reply = project.post(DATA, {**TABLE, "rawData": rows})
    assert (reply.status, reply.code) == (422, "invalid-data")
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]
    assert project.get(DATA).json["rawData"] == ROWS
