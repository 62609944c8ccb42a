"""The metrics that the service records, found by reporting every kind of exchange."""

import ast
import inspect
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from http import HTTPStatus
from itertools import product
from types import CodeType, FunctionType
from unittest import mock

from aws_lambda_powertools.event_handler import Response
from support.handlers.http_api import event
from support.project.template import routes

from dashboard_store.dynamodb.protocol import Refused
from dashboard_store.gateway import telemetry
from dashboard_store.gateway.request import Request
from dashboard_store.gateway.telemetry import MERGED, REPLAYED, SAVED, UNCHANGED, Exchange
from dashboard_store.settings import Settings

_SETTINGS = Settings(table_name="unused")


@cache
def recorded_metrics() -> set[str]:
    """Return the name of every metric that `report` writes for any route, status, outcome and source.

    Raises AssertionError if a metric depends on anything else, so that the line that yields or records it never runs.
    """
    output = io.StringIO()
    with _lines_run() as run, mock.patch.object(telemetry, "logger"), redirect_stdout(output):
        for exchange in _exchanges():
            telemetry.report(exchange)
    missed = _naming_lines() - run
    assert not missed, f"telemetry.py: no exchange reaches the lines {sorted(missed)}"
    directives = (json.loads(line)["_aws"]["CloudWatchMetrics"] for line in output.getvalue().splitlines())
    return {metric["Name"] for found in directives for directive in found for metric in directive["Metrics"]}


def _exchanges() -> Iterator[Exchange]:
    made = event("GET", "/api/projects")
    requests = [
        Request({**made, "routeKey": route.key, "queryStringParameters": query}, _SETTINGS)
        for route, query in product(routes(), (None, {"source": "localStorage"}))
    ]
    for request, status, outcome in product(requests, HTTPStatus, (None, SAVED, MERGED, UNCHANGED, REPLAYED)):
        yield Exchange(request, Response(status), outcome, units=0.5, milliseconds=1)
    throttled = Refused("ThrottlingException", {})
    for request, status in product(requests, HTTPStatus):
        yield Exchange(request, Response(status), None, 0.5, 9_000, throttled, limit_milliseconds=10_000)


def _naming_lines() -> set[int]:
    """Return the numbers of the module's lines that yield a metric or record one."""
    nodes = ast.walk(ast.parse(inspect.getsource(telemetry)))
    return {node.lineno for node in nodes if isinstance(node, ast.expr) and _names_metric(node)}


def _names_metric(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).endswith("_metric")
    return isinstance(node, ast.Yield | ast.YieldFrom)


@contextmanager
def _lines_run() -> Iterator[set[int]]:
    """Collect the numbers of the module's lines that run."""
    run: set[int] = set()
    functions = (each for each in vars(telemetry).values() if isinstance(each, FunctionType))
    codes = [function.__code__ for function in functions if function.__module__ == telemetry.__name__]

    def note(_: CodeType, line: int) -> object:
        run.add(line)
        return sys.monitoring.DISABLE

    tool, line = next(tool for tool in (3, 4) if sys.monitoring.get_tool(tool) is None), sys.monitoring.events.LINE
    sys.monitoring.use_tool_id(tool, __name__)
    sys.monitoring.register_callback(tool, line, note)
    for code in codes:
        sys.monitoring.set_local_events(tool, code, line)
    try:
        yield run
    finally:
        for code in codes:
            sys.monitoring.set_local_events(tool, code, 0)
        sys.monitoring.free_tool_id(tool)
