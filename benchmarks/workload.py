"""The work of every contender: the events, and the item that the database returns."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from support.handlers.events import example

from dashboard_store.documents.config import Origin
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.json_text import compact
from dashboard_store.dynamodb.protocol import marshal
from dashboard_store.identifiers import ProjectAddress
from dashboard_store.repository import retention
from dashboard_store.repository.config_items import ConfigChange, version_items
from dashboard_store.repository.formats import numbered
from dashboard_store.settings import Settings
from local.dashboards import dashboard

type Json = dict[str, Any]

TABLE: Final = "table"
USER: Final = "user-1"
PROJECT: Final = "sales"
SETTINGS: Final = Settings(TABLE, "bucket", writes_per_minute=1_000_000, requests_per_minute=1_000_000_000)
NAMES: Final = {"small": "2 KB", "medium": "20 KB", "large": "200 KB"}


def event(name: str) -> Json:
    return copy.deepcopy(example(name).event)


def load_event() -> Json:
    """Make the event of a browser that loads a config, with all of a browser's headers."""
    return event("get_config/200-saved")


def save_event(size: str, version: int = 1, seed: int = 2) -> Json:
    """Make the event of a browser that replaces a version of a config; the body is as JSON.stringify writes it."""
    made = event("put_config/200-saved")
    made["body"] = compact(dashboard(size, seed))
    made["headers"] |= {"if-match": f'"{version}"', "content-length": str(len(made["body"].encode()))}
    return made


def newest_item(size: str) -> Json:
    """Make the item that holds a saved config, in DynamoDB's JSON."""
    address = ProjectAddress(USER, PROJECT).config()
    change = ConfigChange(read_config(dashboard(size), SETTINGS), Origin())
    newest, _ = version_items(address, change, 1, datetime.now(UTC), retention.Lifetimes(SETTINGS))
    return marshal(numbered(newest))


def rest_api(made: Json) -> Json:
    """Convert the event to that of a REST API (payload 1.0), which Chalice takes."""
    context, method = made["requestContext"], made["requestContext"]["http"]["method"]
    claims = context["authorizer"]["jwt"]["claims"]
    resource = "/api/projects/{project_id}/config"
    return {
        "version": "1.0",
        "resource": resource,
        "path": made["rawPath"],
        "httpMethod": method,
        "headers": made["headers"],
        "multiValueHeaders": {name: [value] for name, value in made["headers"].items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"project_id": PROJECT},
        "stageVariables": None,
        "requestContext": {
            "accountId": context["accountId"],
            "apiId": context["apiId"],
            "authorizer": {"claims": claims},
            "httpMethod": method,
            "identity": {"sourceIp": context["http"]["sourceIp"]},
            "path": made["rawPath"],
            "requestId": context["requestId"],
            "resourcePath": resource,
            "stage": "api",
        },
        "body": made.get("body"),
        "isBase64Encoded": made["isBase64Encoded"],
    }


def write(folder: Path, name: str, document: Json) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document))
    return path
