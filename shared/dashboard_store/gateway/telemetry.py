"""One log line per request, with its metrics in CloudWatch's embedded format.

A line with metrics is written here, in half the time that Powertools' Metrics takes; one without, with the same fields,
by its Logger. Both go to the function's output, which needs no call. The fields contain sizes, hashes and counts, never
content. The log reveals nothing about a dashboard, and about users and projects only which requests are for the same
one. docs/operations.md explains each metric.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import math
import os
import time
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from json import JSONEncoder
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response

from dashboard_store.gateway.body import announced_length
from dashboard_store.gateway.log_hash import HASH_CHARACTERS, project_hash, user_hash
from dashboard_store.gateway.request import Request

NAMESPACE: Final = "Dashkeep"

LOAD: Final = "GET /api/projects/{projectId}/config"
SAVES: Final = frozenset(
    {
        "PUT /api/projects/{projectId}/config",
        "PATCH /api/projects/{projectId}/config",
        "DELETE /api/projects/{projectId}/config",
        "POST /api/projects/{projectId}/config/versions/{version}/restore",
        "POST /api/projects/{projectId}/config/versions/{version}/undo",
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

type Dimensions = tuple[tuple[str, ...], ...]
"""Which of a line's members are the dimensions of a metric, each tuple a series of its own in CloudWatch."""

_BY_SERVICE: Final = (("service",),)
_BY_DEPLOYMENT: Final = (*_BY_SERVICE, ("service", "deployment"))
_BY_ROUTE: Final = (*_BY_DEPLOYMENT, ("service", "route"))

SLOW_LOAD_MILLISECONDS: Final = 500
NEAR_TIMEOUT: Final = 0.8
"""The part of a function's time beyond which a request counts as slow, so that time-outs announce themselves."""


class Metric(NamedTuple):
    """A metric's name, what to add to it, its unit in CloudWatch, and its dimensions."""

    name: str
    value: float = 1
    unit: Literal["Count", "Milliseconds", "None"] = "Count"
    dimensions: Dimensions = _BY_SERVICE


_KIND: Final = attrgetter("name", "unit", "dimensions")


class Exchange(NamedTuple):
    """One request and its response.

    `outcome` is the result of a save, or the code of a problem; `units` are the database's request units. `failure` is
    the error that the response explains, if any. `is_first`: whether the function had answered no request before;
    `limit_milliseconds`: how long it may take.
    """

    request: Request
    response: Response[str]
    outcome: str | None
    units: float
    milliseconds: float
    failure: Exception | None = None
    is_first: bool = False
    limit_milliseconds: float = math.inf

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def failed(self) -> bool:
        """Whether the service could not answer the request."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def report(exchange: Exchange) -> None:
    """Write the log line of a request, with its metrics if it has any."""
    metrics = list(measured(exchange))
    if not metrics:
        logger.info("request", **fields(exchange))
        return
    line = {
        "service": logger.service,
        "deployment": exchange.request.settings.deployment,
        "level": "INFO",
        "message": "request",
        "xray_trace_id": _trace(),
        **fields(exchange),
        **{metric.name: metric.value for metric in metrics},
    }
    text = _encode({name: value for name, value in line.items() if value is not None})
    moment, directives = int(time.time() * 1_000), _directives(tuple(map(_KIND, metrics)))
    # CloudWatch reads the function's output.
    print(f'{{"_aws":{{"Timestamp":{moment},"CloudWatchMetrics":{directives}}},{text[1:]}')  # noqa: T201


# What a request measures is one of few sets.
@cache
def _directives(kinds: tuple[tuple[str, str, Dimensions], ...]) -> str:
    """Describe metrics to CloudWatch, as JSON: one directive for all that have the same dimensions."""
    by_dimensions: dict[Dimensions, list[dict[str, str]]] = {}
    for name, unit, dimensions in kinds:
        by_dimensions.setdefault(dimensions, []).append({"Name": name, "Unit": unit})
    return _encode(
        [
            {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": described}
            for dimensions, described in by_dimensions.items()
        ]
    )


def _trace() -> str | None:
    """Return the request's trace id, as Logger does."""
    return os.environ.get("_X_AMZN_TRACE_ID", "").partition(";")[0].removeprefix("Root=") or None


def fields(exchange: Exchange) -> dict[str, Any]:
    """Return the fields that the log keeps for a request."""
    request, response = exchange.request, exchange.response
    event, key = request.event, request.settings.log_key
    # What a token names need not be a text, or a user.
    claimed, project = request.claimed_user, request.named_project
    user = claimed and str(claimed)
    return {
        "route": request.route,
        "user": user and user_hash(key, user),
        "project": project and project_hash(key, *project),
        "version": str(response.headers.get("ETag", "")).strip('"') or None,
        "status": exchange.status,
        "outcome": exchange.outcome,
        "bytes_in": _bytes_in(event),
        "bytes_out": _size(response.body, is_base64=response.base64_encoded),
        "units": exchange.units,
        "milliseconds": round(exchange.milliseconds, 1),
        "request_id": request.id,
        **_database_request(exchange),
    }


def _database_request(exchange: Exchange) -> dict[str, str]:
    """Return the database's own id of the call that failed, if one is why the request failed."""
    request_id = next(filter(None, _causes(exchange, "request_id")), None)
    return {"database_request_id": request_id} if request_id else {}


def _causes(exchange: Exchange, name: str) -> Iterator[Any]:
    """Yield an attribute of each error that made the request fail and that has it: the transport's errors do."""
    error: BaseException | None = exchange.failure if exchange.failed else None
    while error:
        yield getattr(error, name, None)
        error = error.__cause__


def measured(exchange: Exchange) -> Iterator[Metric]:
    """Yield the metrics of a request."""
    status, route = exchange.status, exchange.request.route
    if exchange.failed:
        yield Metric("RequestError", _number_of(exchange.request), "None", _BY_ROUTE)
        if any(_causes(exchange, "is_throttled")):
            yield Metric("DatabaseThrottled")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        yield Metric("RateLimited")
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        yield Metric("PayloadTooLarge")
    if exchange.milliseconds > NEAR_TIMEOUT * exchange.limit_milliseconds:
        yield Metric("RequestNearTimeout")
    if route == LOAD and status in _LOADS:
        yield from _metrics_of_load(exchange)
    if route in SAVES:
        yield from _metrics_of_save(exchange)


def _number_of(request: Request) -> float:
    """Return a number from 0 to 1 that stands for the user: if the least and the greatest differ, there are several."""
    user = request.claimed_user
    return int(user_hash(request.settings.log_key, str(user)), 16) / 16**HASH_CHARACTERS if user else 0


def _metrics_of_load(exchange: Exchange) -> Iterator[Metric]:
    yield Metric(_LOADS[exchange.status])
    yield Metric("ConfigLoadLatency", exchange.milliseconds, "Milliseconds", _BY_DEPLOYMENT)
    # The first request of an instance also opens the connection to the database.
    if exchange.milliseconds > SLOW_LOAD_MILLISECONDS and not exchange.is_first:
        yield Metric("ConfigLoadSlow", _number_of(exchange.request), "None", _BY_DEPLOYMENT)


def _metrics_of_save(exchange: Exchange) -> Iterator[Metric]:
    # A rejection that tells the client what to do is neither a failure nor a success of the service.
    is_accepted = exchange.status < HTTPStatus.BAD_REQUEST
    if is_accepted or exchange.failed:
        # Zeros too, so that its samples are all saves: an alarm needs no second metric, which may have no data.
        yield Metric("ConfigSaveFailed", int(exchange.failed))
    if is_accepted:
        yield Metric("ConfigSaveUnchanged" if exchange.outcome in {UNCHANGED, REPLAYED} else "ConfigSaved")
    if exchange.outcome == MERGED:
        yield Metric("ConfigMerged")
    if exchange.status == HTTPStatus.PRECONDITION_FAILED:
        yield Metric("ConfigConflict")
    # A migration that finds another device's copy already saved has not failed.
    if exchange.request.is_migration and exchange.status != HTTPStatus.PRECONDITION_FAILED:
        yield Metric("ConfigMigrated" if is_accepted else "ConfigMigrationFailed")


def _bytes_in(event: Mapping[str, Any]) -> int:
    """Return the bytes of a request's body, as announced if they were: counting them takes as long as reading them."""
    announced = announced_length(event)
    return _size(event.get("body"), is_base64=event["isBase64Encoded"]) if announced is None else announced


def _size(body: str | None, *, is_base64: bool) -> int:
    """Count the bytes of a body; base64 is not decoded."""
    if not body:
        return 0
    if is_base64:
        return len(body) * 3 // 4 - body[-2:].count("=")
    return len(body) if body.isascii() else len(body.encode(errors="surrogatepass"))
