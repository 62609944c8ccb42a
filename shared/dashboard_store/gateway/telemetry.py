"""One log line per request, with its metrics in CloudWatch's embedded format.

Powertools' Metrics writes the line, or its Logger if there are no metrics, with the same fields: to the function's
output, which needs no call. The fields contain sizes, hashes and counts, never content. The log reveals nothing about a
dashboard, and about users only which requests come from the same one. docs/operations.md explains each metric.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from json import JSONEncoder
from typing import Any, Final, NamedTuple

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.metrics import MetricUnit

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
_HASH_CHARACTERS: Final = 16

# Messages are plain text; trying to parse each as JSON would cost an exception.
logger = Logger(
    json_deserializer=str, json_serializer=JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
)
metrics = Metrics(namespace=NAMESPACE)


class Exchange(NamedTuple):
    """One request and its response.

    `outcome` is the result of a save, or the code of a problem; `units` are the database's request units.
    """

    request: Request
    response: Response[str]
    outcome: str | None
    units: float
    milliseconds: float

    @property
    def status(self) -> int:
        return self.response.status_code


def report(exchange: Exchange) -> None:
    """Write the log line of a request, with its metrics if it has any."""
    counted = list(measured(exchange))
    if counted:
        _write_with(counted, exchange)
    else:
        logger.info("request", **fields(exchange))
    if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # Written separately, because only this metric has a dimension for the route.
        with single_metric(name="RequestError", unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as metric:
            metric.add_dimension("service", str(metrics.service))
            metric.add_dimension("route", exchange.request.route)


def _write_with(counted: Iterable[tuple[str, MetricUnit, float]], exchange: Exchange) -> None:
    for name, unit, amount in counted:
        metrics.add_metric(name=name, unit=unit, value=amount)
    for name, value in {"level": "INFO", "message": "request", "xray_trace_id": _trace(), **fields(exchange)}.items():
        if value is not None:
            metrics.add_metadata(name, value)
    metrics.flush_metrics()


def _trace() -> str | None:
    """Return the request's trace id, as Logger does."""
    return os.environ.get("_X_AMZN_TRACE_ID", "").partition(";")[0].removeprefix("Root=") or None


def fields(exchange: Exchange) -> dict[str, Any]:
    """Return the fields that the log keeps for a request."""
    request, response = exchange.request, exchange.response
    event = request.event
    return {
        "route": request.route,
        "user": _hashed(request.subject),
        "project": request.project_id,
        "version": str(response.headers.get("ETag", "")).strip('"') or None,
        "status": exchange.status,
        "outcome": exchange.outcome,
        "bytes_in": _size(event.get("body"), is_base64=event["isBase64Encoded"]),
        "bytes_out": _size(response.body, is_base64=response.base64_encoded),
        "units": exchange.units,
        "milliseconds": round(exchange.milliseconds, 1),
        "request_id": request.id,
    }


def measured(exchange: Exchange) -> Iterator[tuple[str, MetricUnit, float]]:
    """Yield the metrics of a request with their units, except RequestError, which `report` writes per route."""
    for name in _counted(exchange):
        yield name, MetricUnit.Count, 1
    if exchange.request.route == LOAD and exchange.status in _LOADS:
        yield "ConfigLoadLatency", MetricUnit.Milliseconds, exchange.milliseconds


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


def _hashed(subject: str | None) -> str | None:
    # A user id may be an e-mail address; its hash distinguishes users.
    if not subject:
        return None
    return hashlib.sha256(str(subject).encode(errors="surrogatepass")).hexdigest()[:_HASH_CHARACTERS]


def _size(body: str | None, *, is_base64: bool) -> int:
    """Count the bytes of a body; base64 is not decoded."""
    if not body:
        return 0
    if is_base64:
        return len(body) * 3 // 4 - body[-2:].count("=")
    return len(body) if body.isascii() else len(body.encode(errors="surrogatepass"))
