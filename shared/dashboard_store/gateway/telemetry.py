"""One log line per request, with its metrics in CloudWatch's embedded format.

A line with metrics is written here, in half the time that Powertools' Metrics takes; one without, with the same fields,
by its Logger. Both go to the function's output, which needs no call. The fields contain sizes, hashes and counts, never
content. The log reveals nothing about a dashboard, and about users and projects only which requests are for the same
one. docs/operations.md explains each metric.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from json import JSONEncoder
from typing import Any, Final, Literal, NamedTuple

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response

from dashboard_store.gateway.log_hash import project_hash, user_hash
from dashboard_store.gateway.request import Request

NAMESPACE: Final = "Dashkeep"

LOAD: Final = "GET /api/projects/{projectId}/config"
SAVES: Final = frozenset(
    {
        "PUT /api/projects/{projectId}/config",
        "PATCH /api/projects/{projectId}/config",
        "DELETE /api/projects/{projectId}/config",
        "POST /api/projects/{projectId}/config/versions/{version}/restore",
        "PUT /api/projects/{projectId}/data/customizations",
    }
)

SAVED: Final = "saved"
MERGED: Final = "merged"
UNCHANGED: Final = "unchanged"
REPLAYED: Final = "replayed"

_LOADS: Final[dict[int, str]] = {HTTPStatus.OK: "ConfigLoaded", HTTPStatus.NOT_MODIFIED: "ConfigNotModified"}

_encode: Final = JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
# Messages are plain text; trying to parse each as JSON would cost an exception.
logger = Logger(json_deserializer=str, json_serializer=_encode)

type Metric = tuple[str, Literal["Count", "Milliseconds"], float]
"""A metric's name, its unit in CloudWatch, and the amount to add."""


class Exchange(NamedTuple):
    """One request and its response.

    `outcome` is the result of a save, or the code of a problem; `units` are the database's request units. `failure` is
    the error that the response explains, if any.
    """

    request: Request
    response: Response[str]
    outcome: str | None
    units: float
    milliseconds: float
    failure: Exception | None = None

    @property
    def status(self) -> int:
        return self.response.status_code


def report(exchange: Exchange) -> None:
    """Write the log line of a request, with its metrics if it has any."""
    counted = list(measured(exchange))
    if counted:
        line = {"level": "INFO", "message": "request", "xray_trace_id": _trace(), **fields(exchange)}
        _write(counted, ["service"], {name: value for name, value in line.items() if value is not None})
    else:
        logger.info("request", **fields(exchange))
    if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # Written separately, because only this metric has a dimension for the route.
        _write([("RequestError", "Count", 1)], ["service", "route"], {"route": exchange.request.route})


def _write(counted: Sequence[Metric], dimensions: list[str], members: Mapping[str, Any]) -> None:
    """Write one line with metrics; `members` and `service` hold the values of the dimensions."""
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [dimensions],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit, _ in counted],
    }
    line = {
        "_aws": {"Timestamp": int(time.time() * 1_000), "CloudWatchMetrics": [directive]},
        "service": logger.service,
        **members,
        **{name: amount for name, _, amount in counted},
    }
    print(_encode(line))  # noqa: T201 - CloudWatch reads the function's output


def _trace() -> str | None:
    """Return the request's trace id, as Logger does."""
    return os.environ.get("_X_AMZN_TRACE_ID", "").partition(";")[0].removeprefix("Root=") or None


def fields(exchange: Exchange) -> dict[str, Any]:
    """Return the fields that the log keeps for a request."""
    request, response = exchange.request, exchange.response
    event, key = request.event, request.settings.log_key
    # What a token names need not be a text, or a user.
    user, project_id = request.subject and str(request.subject), request.project_id
    return {
        "route": request.route,
        "user": user and user_hash(key, user),
        "project": user and project_id and project_hash(key, user, project_id),
        "version": str(response.headers.get("ETag", "")).strip('"') or None,
        "status": exchange.status,
        "outcome": exchange.outcome,
        "bytes_in": _size(event.get("body"), is_base64=event["isBase64Encoded"]),
        "bytes_out": _size(response.body, is_base64=response.base64_encoded),
        "units": exchange.units,
        "milliseconds": round(exchange.milliseconds, 1),
        "request_id": request.id,
        **_database_request(exchange),
    }


def _database_request(exchange: Exchange) -> dict[str, str]:
    """Return the database's own id of the call that failed, if one is why the request failed."""
    error: BaseException | None = exchange.failure if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
    while error:
        if request_id := getattr(error, "request_id", None):
            return {"database_request_id": request_id}
        error = error.__cause__
    return {}


def measured(exchange: Exchange) -> Iterator[Metric]:
    """Yield the metrics of a request with their units, except RequestError, which `report` writes per route."""
    for name in _counted(exchange):
        yield name, "Count", 1
    if exchange.request.route == LOAD and exchange.status in _LOADS:
        yield "ConfigLoadLatency", "Milliseconds", exchange.milliseconds


def _counted(exchange: Exchange) -> Iterator[str]:
    status = exchange.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        yield "RateLimited"
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        yield "PayloadTooLarge"
    if exchange.request.route == LOAD and status in _LOADS:
        yield _LOADS[status]
    if exchange.request.route in SAVES:
        yield from _metrics_of_save(exchange)


def _metrics_of_save(exchange: Exchange) -> Iterator[str]:
    # A rejection that tells the client what to do is not a failure of the service.
    is_accepted = exchange.status < HTTPStatus.BAD_REQUEST
    if is_accepted:
        yield "ConfigSaveUnchanged" if exchange.outcome in {UNCHANGED, REPLAYED} else "ConfigSaved"
    if exchange.outcome == MERGED:
        yield "ConfigMerged"
    if exchange.status == HTTPStatus.PRECONDITION_FAILED:
        yield "ConfigConflict"
    if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        yield "ConfigSaveFailed"
    # A migration that finds another device's copy already saved has not failed.
    if exchange.request.is_migration and exchange.status != HTTPStatus.PRECONDITION_FAILED:
        yield "ConfigMigrated" if is_accepted else "ConfigMigrationFailed"


def _size(body: str | None, *, is_base64: bool) -> int:
    """Count the bytes of a body; base64 is not decoded."""
    if not body:
        return 0
    if is_base64:
        return len(body) * 3 // 4 - body[-2:].count("=")
    return len(body) if body.isascii() else len(body.encode(errors="surrogatepass"))
