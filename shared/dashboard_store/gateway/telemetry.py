"""What a request leaves behind: one line in the log, with its metrics in CloudWatch's embedded format.

Powertools' Metrics writes it, its Logger where nothing is counted, with the same fields: to the function's output, so
it costs no call. The fields hold sizes, hashes and counts, never content: whoever reads the log learns nothing of a
dashboard, and of a user only whether two requests are of the same one.
docs/operations.md says what each metric means.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from json import JSONEncoder
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

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

_LOADS: Final[dict[int, str]] = {HTTPStatus.OK: "ConfigLoaded", HTTPStatus.NOT_MODIFIED: "ConfigNotModified"}
_PROJECT: Final = re.compile(r"/api/projects/([A-Za-z0-9_-]{1,128})(?:/|$)")
_HASH_CHARACTERS: Final = 16

# A message is text: it is not to be tried as JSON, which costs an exception each time.
logger = Logger(
    json_deserializer=str, json_serializer=JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
)
metrics = Metrics(namespace=NAMESPACE)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One event and its answer; `outcome` is what a save came to, or a problem's code; `units` are DynamoDB's."""

    event: Mapping[str, Any]
    answer: Mapping[str, Any]
    outcome: str | None
    units: float
    milliseconds: float

    @property
    def route(self) -> str:
        return str(self.event["routeKey"])

    @property
    def status(self) -> int:
        return int(self.answer["statusCode"])

    @property
    def is_migration(self) -> bool:
        return (self.event.get("queryStringParameters") or {}).get("source") == "localStorage"


def report(exchange: Exchange) -> None:
    """Write the line of one request; its metrics, where it has any, are in the same line."""
    counted = list(measured(exchange))
    if counted:
        _write_with(counted, exchange)
    else:
        logger.info("request", **fields(exchange))
    if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # A metric of its own, because it alone is told apart by route.
        with single_metric(name="RequestError", unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as metric:
            metric.add_dimension("service", str(metrics.service))
            metric.add_dimension("route", exchange.route)


def _write_with(counted: Iterable[tuple[str, MetricUnit, float]], exchange: Exchange) -> None:
    for name, unit, value in counted:
        metrics.add_metric(name=name, unit=unit, value=value)
    for name, said in {"level": "INFO", "message": "request", "xray_trace_id": _trace(), **fields(exchange)}.items():
        if said is not None:
            metrics.add_metadata(name, said)
    metrics.flush_metrics()


def _trace() -> str | None:
    """Name the request's trace as Logger does."""
    return os.environ.get("_X_AMZN_TRACE_ID", "").partition(";")[0].removeprefix("Root=") or None


def fields(exchange: Exchange) -> dict[str, Any]:
    """Say what the log keeps of a request."""
    event, answer = exchange.event, exchange.answer
    project = _PROJECT.match(event["rawPath"])
    return {
        "route": exchange.route,
        "user": _user(event),
        "project": project and project[1],
        "version": answer["headers"].get("ETag", "").strip('"') or None,
        "status": exchange.status,
        "outcome": exchange.outcome,
        "bytes_in": _size(event.get("body"), is_base64=event["isBase64Encoded"]),
        "bytes_out": _size(answer.get("body"), is_base64=answer["isBase64Encoded"]),
        "units": exchange.units,
        "milliseconds": round(exchange.milliseconds, 1),
        "request_id": event["requestContext"]["requestId"],
    }


def measured(exchange: Exchange) -> Iterator[tuple[str, MetricUnit, float]]:
    """Yield the metrics of a request, each with its unit; RequestError apart, which `report` tells by route."""
    for name in _counted(exchange):
        yield name, MetricUnit.Count, 1
    if exchange.route == LOAD and exchange.status in _LOADS:
        yield "ConfigLoadLatency", MetricUnit.Milliseconds, exchange.milliseconds


def _counted(exchange: Exchange) -> Iterator[str]:
    status = exchange.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        yield "RateLimited"
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        yield "PayloadTooLarge"
    if exchange.route == LOAD and status in _LOADS:
        yield _LOADS[status]
    if exchange.route in SAVES:
        yield from _of_a_save(exchange)


def _of_a_save(exchange: Exchange) -> Iterator[str]:
    # A refusal that tells the client what to do is no failure of the service: only what it could not answer is.
    is_accepted = exchange.status < HTTPStatus.BAD_REQUEST
    if is_accepted:
        yield "ConfigSaveUnchanged" if exchange.outcome == UNCHANGED else "ConfigSaved"
    if exchange.outcome == MERGED:
        yield "ConfigMerged"
    if exchange.status == HTTPStatus.PRECONDITION_FAILED:
        yield "ConfigConflict"
    if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        yield "ConfigSaveFailed"
    # That another device was faster to move its copy is how a migration may well end.
    if exchange.is_migration and exchange.status != HTTPStatus.PRECONDITION_FAILED:
        yield "ConfigMigrated" if is_accepted else "ConfigMigrationFailed"


def _user(event: Mapping[str, Any]) -> str | None:
    # A user's name may be an address; its hash tells users apart.
    claims = (event["requestContext"].get("authorizer") or {}).get("jwt", {}).get("claims", {})
    sub = claims.get("sub")
    return hashlib.sha256(str(sub).encode(errors="surrogatepass")).hexdigest()[:_HASH_CHARACTERS] if sub else None


def _size(body: str | None, *, is_base64: bool) -> int:
    """Count the bytes of a body, in base64 without decoding it."""
    if not body:
        return 0
    if is_base64:
        return len(body) * 3 // 4 - body[-2:].count("=")
    return len(body) if body.isascii() else len(body.encode(errors="surrogatepass"))
