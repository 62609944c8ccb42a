"""Each request logs one line and the metrics that docs/operations.md names, neither of them with content."""

import hashlib
import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.event_handler import Response
from support.handlers.http_api import Client, event, handler_module, send
from support.storage.clients import Tapped
from support.storage.faults import BUCKET_OUT_OF_REACH, OUT_OF_REACH, injected, injected_in_bucket

from dashboard_store.dynamodb.protocol import Refused, Unreachable
from dashboard_store.gateway import telemetry
from dashboard_store.gateway.log_hash import project_hash, user_hash
from dashboard_store.gateway.request import Request
from dashboard_store.gateway.response import LARGEST_BODY, ApiResponse
from dashboard_store.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROJECT = "/api/projects/sales"
CONFIG = f"{PROJECT}/config"
SECRET = "Übernahme der Müller GmbH"
CHARTS = {"chartCustomizations": {"c1": {"title": SECRET}}}
OTHER = {"chartCustomizations": {"c1": {"title": f"{SECRET} II"}}}
THEMED = {**CHARTS, "theme": {"id": "dark"}}

type Line = dict[str, Any]
type Act = Callable[[Client], Any]


@pytest.fixture(autouse=True)
def _sales(client: Client, connect: Callable[[Settings], None], settings: Settings) -> None:
    """The user's project `sales`, whose config is at version 1, under a limit of eight writes."""
    # The template's name of the service, which Powertools reads when the module is imported.
    telemetry.logger.service = "dashkeep"
    connect(replace(settings, writes_per_minute=8, log_key="a-key", deployment="1795937405"))
    assert client.post("/api/projects", {"id": "sales", "name": SECRET}).status == 201
    assert client.put(CONFIG, CHARTS, if_none_match="*").status == 200


@contextmanager
def written() -> Iterator[list[Line]]:
    """Collect the lines that the functions print in the block, parsed as JSON."""
    output, lines = io.StringIO(), list[Line]()
    # Logging handlers keep the stream with which they were created.
    handlers = [handler for handler in telemetry.logger.handlers if isinstance(handler, logging.StreamHandler)]
    before = [(handler, handler.setStream(output)) for handler in handlers]
    with redirect_stdout(output):
        yield lines
    for handler, stream in before:
        handler.setStream(stream)
    lines += map(json.loads, output.getvalue().splitlines())


def emitted(lines: list[Line]) -> dict[str, Line]:
    """Return the metrics that CloudWatch reads from the lines, each with its line."""
    found: dict[str, Line] = {}
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            assert directive["Namespace"] == "Dashkeep"
            found |= {
                metric["Name"]: {**line, "Dimensions": directive["Dimensions"]} for metric in directive["Metrics"]
            }
    return found


def stale_merge(client: Client) -> None:
    client.put(CONFIG, OTHER, if_match='"1"')
    client.put(f"{CONFIG}?onConflict=merge", THEMED, if_match='"1"')


def repeated_save(client: Client) -> None:
    for change in (OTHER, THEMED):
        client.patch(CONFIG, change)
    client.put(f"{CONFIG}?onConflict=merge", CHARTS | {"extensions": {}}, if_match='"1"', idempotency_key="a-key-of-it")
    client.patch(CONFIG, {"theme": {"id": "grey"}})
    client.put(f"{CONFIG}?onConflict=merge", CHARTS | {"extensions": {}}, if_match='"1"', idempotency_key="a-key-of-it")


def too_often(client: Client) -> None:
    for number in range(7):
        client.patch(CONFIG, {"theme": {"id": str(number)}})


SAVED = {"ConfigSaved", "ConfigSaveFailed"}
UNCHANGED = {"ConfigSaveUnchanged", "ConfigSaveFailed"}
BY_SERVICE, BY_DEPLOYMENT, BY_ROUTE = ["service"], ["service", "deployment"], ["service", "route"]

# What a client does, and the metrics of its last request.
COUNTED: dict[str, tuple[Act, set[str]]] = {
    "a save": (lambda client: client.put(CONFIG, OTHER, if_match='"1"'), SAVED),
    "a patch": (lambda client: client.patch(CONFIG, {"theme": {"id": "dark"}}), SAVED),
    "a delete": (lambda client: client.delete(CONFIG, if_match='"1"'), SAVED),
    "a restore": (
        lambda client: client.post(f"{CONFIG}/versions/1/restore", None, if_match='"1"'),
        UNCHANGED,
    ),
    "an undo": (lambda client: client.post(f"{CONFIG}/versions/1/undo", None), SAVED | {"ConfigMerged"}),
    "a save of the charts alone": (
        lambda client: client.put(f"{PROJECT}/data/customizations", OTHER, if_match='"1"'),
        SAVED,
    ),
    "an unchanged save": (lambda client: client.put(CONFIG, CHARTS, if_match='"1"'), UNCHANGED),
    "a repeated save": (repeated_save, UNCHANGED),
    "a merge": (stale_merge, SAVED | {"ConfigMerged"}),
    "a stale save": (lambda client: client.put(CONFIG, OTHER, if_match='"7"'), {"ConfigConflict"}),
    "a save that is too large": (
        lambda client: client.put(CONFIG, {"chartCustomizations": {"c": {"t": "x" * 300_000}}}, if_match='"1"'),
        {"PayloadTooLarge"},
    ),
    "one write too many": (too_often, {"RateLimited"}),
    "an invalid save": (lambda client: client.put(CONFIG, {}, if_match='"1"'), set()),
    "a copy from localStorage": (
        lambda client: client.put(f"{CONFIG}?sessionId=s&source=localStorage", CHARTS, if_none_match="*"),
        SAVED | {"ConfigMigrated"},
    ),
    "an invalid copy": (
        lambda client: client.put(f"{CONFIG}?sessionId=s&source=localStorage", {}, if_none_match="*"),
        {"ConfigMigrationFailed"},
    ),
    "a copy that comes too late": (
        lambda client: client.put(f"{CONFIG}?source=localStorage", OTHER, if_none_match="*"),
        {"ConfigConflict"},
    ),
    "a load": (lambda client: client.get(CONFIG), {"ConfigLoaded", "ConfigLoadLatency"}),
    "a load of the version at hand": (
        lambda client: client.get(CONFIG, if_none_match='"1"'),
        {"ConfigNotModified", "ConfigLoadLatency"},
    ),
    "a load of a nonexistent project": (lambda client: client.get("/api/projects/none/config"), set()),
    "another request": (lambda client: client.get("/api/projects"), set()),
}


@pytest.mark.parametrize("name", COUNTED)
def test_a_request_emits_its_metrics(client: Client, name: str) -> None:
    """Each kind of request emits exactly its own metrics, once, for the whole service."""
    act, expected = COUNTED[name]
    with written() as lines:
        act(client)
    last = max(index for index, line in enumerate(lines) if line.get("message") == "request")
    found = emitted(lines[last:])
    assert set(found) == expected
    for metric, line in found.items():
        is_latency = metric == "ConfigLoadLatency"
        assert line["Dimensions"] == ([BY_SERVICE, BY_DEPLOYMENT] if is_latency else [BY_SERVICE])
        assert (line["service"], line["deployment"]) == ("dashkeep", "1795937405")
        assert line[metric] == (0 if metric == "ConfigSaveFailed" else 1) or is_latency


@pytest.mark.parametrize("fault", OUT_OF_REACH)
def test_a_failure_is_counted_by_route(client: Client, database: Tapped, fault: str) -> None:
    """A request that fails with 503 is a RequestError of its route and deployment; a save is a failed save, too."""
    with written() as lines, injected(database, OUT_OF_REACH[fault]):
        assert client.put(CONFIG, OTHER, if_match='"1"').status == 503
        assert client.get(CONFIG).status == 503
    save, load = _by_request(lines)
    expected = {"RequestError"} if fault in {"broken", "unreachable"} else {"RequestError", "DatabaseThrottled"}
    assert set(emitted(save)) == expected | {"ConfigSaveFailed"}
    assert emitted(save)["ConfigSaveFailed"]["ConfigSaveFailed"] == 1
    assert set(emitted(load)) == expected
    error = emitted(load)["RequestError"]
    assert error["route"] == "GET /api/projects/{projectId}/config"
    assert error["Dimensions"] == [BY_SERVICE, BY_DEPLOYMENT, BY_ROUTE]


def test_failures_show_whether_several_users_are_affected(client: Client, database: Tapped) -> None:
    """The value of a RequestError is between 0 and 1, the same for each failure of a user, and another's is another."""
    with written() as lines, injected(database, OUT_OF_REACH["broken"]):
        for each in (client, Client("somebody-else"), client):
            assert each.get(CONFIG).status == 503
    mine, theirs, again = (emitted(each)["RequestError"]["RequestError"] for each in _by_request(lines))
    assert mine == again != theirs
    assert min(mine, theirs) > 0
    assert max(mine, theirs) < 1


@pytest.mark.parametrize(
    ("milliseconds", "is_first", "status", "is_slow"),
    [(501, False, 200, True), (501, False, 304, True), (500, False, 200, False), (9_000, True, 200, False)],
)
def test_a_slow_load_is_counted(milliseconds: float, *, is_first: bool, status: int, is_slow: bool) -> None:
    """A load of more than 500 ms is slow, except the first request of an instance, which opens a connection."""
    exchange = exchange_of("GET", CONFIG, status, milliseconds=milliseconds, is_first=is_first)
    slow = [metric for metric in telemetry.measured(exchange) if metric.name == "ConfigLoadSlow"]
    assert len(slow) == is_slow
    for metric in slow:
        assert metric.dimensions == (("service",), ("service", "deployment"))
        assert 0 < metric.value < 1


@pytest.mark.parametrize(("milliseconds", "is_near"), [(12_001, True), (12_000, False)])
def test_a_request_near_its_timeout_is_counted(milliseconds: float, *, is_near: bool) -> None:
    """A request that took more than 80 % of its function's time is counted, before one is interrupted."""
    exchange = exchange_of("GET", PROJECT, 200, milliseconds=milliseconds, limit_milliseconds=15_000)
    assert [metric.name for metric in telemetry.measured(exchange)] == ["RequestNearTimeout"] * is_near


def exchange_of(method: str, path: str, status: int, **measures: Any) -> telemetry.Exchange:
    """Return an exchange with the given measures."""
    request = Request(event(method, path, user="user-1"), Settings(table_name="unused", log_key="a-key"))
    return telemetry.Exchange(request, Response(status), None, units=0, **measures)


@pytest.mark.parametrize("fault", BUCKET_OUT_OF_REACH)
def test_a_failure_of_the_bucket_is_counted(client: Client, bucket_client: "S3Client", fault: str) -> None:
    """A table that cannot be stored in the bucket is a RequestError of the upload's route, and nothing else."""
    rows = [{"Note": f"{number} {hashlib.sha256(str(number).encode()).hexdigest()}"} for number in range(3_000)]
    with written() as lines, injected_in_bucket(bucket_client, BUCKET_OUT_OF_REACH[fault]):
        assert client.post(f"{PROJECT}/data", {"fileName": "t.csv", "rawData": rows}).status == 503
    found = emitted(lines)
    assert set(found) == {"RequestError"}
    assert found["RequestError"]["route"] == "POST /api/projects/{projectId}/data"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(Unreachable("injected", "THE-ID"), 503, id="unreachable"),
        pytest.param(Refused("AccessDeniedException", {}, "THE-ID"), 500, id="a defect"),
    ],
)
def test_a_failure_names_the_databases_request(client: Client, database: Tapped, error: Exception, status: int) -> None:
    """Only the line of a request that failed because of the database has the id that AWS support asks for."""

    def fail(_: str) -> None:
        raise error

    with written() as lines, injected(database, fail):
        assert client.get(CONFIG).status == status
    (line,) = (line for line in lines if line.get("message") == "request")
    assert line["database_request_id"] == "THE-ID"
    with written() as lines:
        client.get(CONFIG)
        client.put(CONFIG, OTHER, if_match='"7"')
    assert all("database_request_id" not in line for line in lines)


def test_every_refused_request_is_counted(
    client: Client, connect: Callable[[Settings], None], settings: Settings
) -> None:
    """A request over the user's limit has its line and counts as RateLimited, whatever it asks for."""
    connect(replace(settings, requests_per_minute=2))
    with written() as lines:
        statuses = [client.get("/api/limits").status for _ in range(5)]
    assert statuses == [200, 200, 429, 429, 429]
    requests = _by_request(lines)
    assert [set(emitted(each)) for each in requests] == [set(), set(), *[{"RateLimited"}] * 3]
    assert [each[0]["outcome"] for each in requests[2:]] == ["rate-limited"] * 3


def test_a_response_that_is_too_large_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A route whose response Lambda would not pass on is answered with 500, logged as a defect and counted."""
    health = handler_module("HealthFunction")
    monkeypatch.setattr(health, "json_response", lambda _: ApiResponse(body=os.urandom(LARGEST_BODY + 1)))
    with written() as lines:
        reply = Client("anyone").get("/api/health")
    assert (reply.status, reply.code) == (500, "internal-error")
    assert [line["message"] for line in lines if line.get("level") == "ERROR"] == ["defect"]
    assert set(emitted(lines)) == {"RequestError"}


def _by_request(lines: list[Line]) -> list[list[Line]]:
    starts = [index for index, line in enumerate(lines) if line.get("message") == "request"]
    return [lines[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def test_the_line_says_what_happened(client: Client, user: str) -> None:
    """The line names route, project, version, outcome and status, and the sizes of both bodies."""
    with written() as lines:
        reply = client.put(CONFIG, OTHER, if_match='"1"')
    (line,) = (line for line in lines if line.get("message") == "request")
    expected = {
        "route": "PUT /api/projects/{projectId}/config",
        "user": user_hash("a-key", user),
        "project": project_hash("a-key", user, "sales"),
        "version": "2",
        "status": 200,
        "outcome": "saved",
        "bytes_in": len(json.dumps(OTHER)),
        "bytes_out": len(reply.body),
        "request_id": reply.headers["x-request-id"],
    }
    assert {name: line[name] for name in expected} == expected
    assert line["milliseconds"] > 0


def test_the_line_has_the_consumed_units(client: Client) -> None:
    """The line has only its own request's units: one for a consistent read of up to 4 KB."""
    with written() as lines:
        client.get(CONFIG)
        client.get(CONFIG)
    assert [line["units"] for line in lines if line.get("message") == "request"] == [1, 1]


def test_a_request_is_one_line(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request with metrics and one without log one line each, both with the same fields and their trace."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3;Parent=4;Sampled=1")
    with written() as lines:
        client.get(CONFIG)
        client.get(PROJECT)
    counted, plain = lines
    assert ("_aws" in counted, "_aws" in plain) == (True, False)
    by_each = {"_aws", "deployment", "ConfigLoaded", "ConfigLoadLatency", "location", "timestamp"}
    assert set(counted) - by_each == set(plain) - by_each
    assert counted["xray_trace_id"] == plain["xray_trace_id"] == "1-2-3"
    assert (counted["level"], counted["message"]) == (plain["level"], plain["message"]) == ("INFO", "request")


def test_sizes_are_those_of_the_bodies(client: Client) -> None:
    """A body in base64, of a request or a response, counts with the bytes that were sent."""
    big = {"chartCustomizations": {"c1": {"title": "x" * 5_000}}}
    client.put(CONFIG, big, if_match='"1"')
    with written() as lines:
        reply = client.get(CONFIG, accept_encoding="gzip")
        client.request("PUT", CONFIG, b"\x1f\x8b\x00", content_type="application/gzip", if_match='"2"')
    load, save = (line for line in lines if line.get("message") == "request")
    assert load["bytes_out"] == len(reply.body)
    assert save["bytes_in"] == 3
    assert save["outcome"] == "malformed-json"


def test_no_content_is_written(client: Client, user: str) -> None:
    """No name, title, message, table, token, user or project is logged, not even for failures."""
    upload = {"fileName": f"{SECRET}.csv", "rawData": [{SECRET: SECRET}], "analysis": {"summary": SECRET}}
    with written() as lines:
        client.put(f"{CONFIG}?message={SECRET}", OTHER, if_match='"1"')
        client.put(CONFIG, {"chartCustomizations": {SECRET: 1}}, if_match='"2"')
        client.post(f"{PROJECT}/data", upload)
        client.get(f"{PROJECT}/data")
        client.get(f"/api/projects?include={SECRET}")
        client.get(f"/api/{SECRET}")
        client.get(f"{PROJECT}/none")
        send(event("GET", CONFIG, user=None, headers={"authorization": f"Bearer {SECRET}"}))
    assert len(_by_request(lines)) == 8
    text = json.dumps(lines, ensure_ascii=False)
    for word in ("Müller", "M%C3%BCller", "GmbH", user, "sales"):
        assert word not in text
