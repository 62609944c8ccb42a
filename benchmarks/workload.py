"""The events that the contenders answer, and the settings under which Dashkeep's functions do."""

import json
from pathlib import Path
from typing import Any, Final

from support.handlers.events import Example
from support.handlers.http_api import Client

from benchmarks.contender import ENVIRONMENT
from dashboard_store.documents.json_text import compact
from dashboard_store.settings import Settings

type Json = dict[str, Any]

SETTINGS: Final = Settings.from_environment(ENVIRONMENT)
TABLE: Final = SETTINGS.table_name
OWNER: Final = Client("user-1")
MEMBER: Final = Client("user-2")
PROJECT: Final = "sales"
CONFIG: Final = f"/api/projects/{PROJECT}/config"
NAMES: Final = {"small": "2 KB", "medium": "20 KB", "large": "200 KB"}


def event(line: str, body: Any = None, user: str = OWNER.user, **headers: str) -> Json:  # noqa: ANN401 - any JSON value
    """Make the event of a browser's request, with all its headers; the body is as JSON.stringify writes it."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    row = {"request": line, "headers": sent, "user": user, "response": "200"}
    return Example("benchmarks", "event", row if body is None else {**row, "text": compact(body)}).event


def rest_api(made: Json) -> Json:
    """Convert the event to that of a REST API (payload 1.0), which Chalice takes."""
    context, path, resource = made["requestContext"], made["rawPath"], "/api/projects/{project_id}/config"
    request = {"httpMethod": context["http"]["method"], "path": path}
    rest_context = {name: context[name] for name in ("accountId", "apiId", "requestId")}
    rest_context |= {"authorizer": {"claims": context["authorizer"]["jwt"]["claims"]}, "resourcePath": resource}
    rest_context |= {"identity": {"sourceIp": context["http"]["sourceIp"]}, "stage": "api", **request}
    parameters = {"pathParameters": {"project_id": PROJECT}, "stageVariables": None}
    parameters |= {"queryStringParameters": None, "multiValueQueryStringParameters": None}
    headers = {"multiValueHeaders": {name: [value] for name, value in made["headers"].items()}}
    kept = {"headers": made["headers"], "body": made.get("body"), "isBase64Encoded": made["isBase64Encoded"]}
    whole = {"version": "1.0", "resource": resource, "requestContext": rest_context}
    return whole | request | parameters | headers | kept


def write(folder: Path, name: str, document: Any) -> Path:  # noqa: ANN401 - any JSON value
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document))
    return path
