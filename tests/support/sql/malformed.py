"""Rows that cannot be taken, each with the reason that the report gives."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from support.sql.contents import Application
from support.sql.databases import Row

PROJECTS: Final = "projects"
DATA: Final = "project_data"
CONFIGS: Final = "dashboard_configs"


class Malformed(NamedTuple):
    """A fault of one row: the values that have it, and the reason and part that are reported."""

    table: str
    values: Row
    reason: str
    part: str = ""


def _charts(chart: Any) -> str:
    return json.dumps({"a": chart})


_DEEP: Final = "[" * 100 + "]" * 100
_FUTURE: Final = datetime(2999, 1, 1, tzinfo=UTC)

FAULTS: Final[dict[str, Malformed]] = {
    "settings that are not JSON": Malformed(PROJECTS, {"settings": "{"}, "bad-json"),
    "settings that are an array": Malformed(PROJECTS, {"settings": "[]"}, "invalid-project"),
    "a name of 201 characters": Malformed(PROJECTS, {"name": "x" * 201}, "invalid-project"),
    "no name": Malformed(PROJECTS, {"name": "  "}, "invalid-project"),
    "a description of 2001 characters": Malformed(PROJECTS, {"description": "x" * 2001}, "invalid-project"),
    "51 tags": Malformed(PROJECTS, {"settings": json.dumps({"tags": ["t"] * 51})}, "invalid-project"),
    "unsafe text in a name": Malformed(PROJECTS, {"name": "<img src=x onerror=alert(1)>"}, "unsafe-text"),
    "an id with odd characters": Malformed(PROJECTS, {"id": "a/b#c"}, "invalid-id"),
    "an id of 129 characters": Malformed(PROJECTS, {"id": "x" * 129}, "invalid-id"),
    "an empty user id": Malformed(PROJECTS, {"userId": ""}, "no-owner"),
    "a user id of 256 bytes": Malformed(PROJECTS, {"userId": "ü" * 128}, "owner-too-long"),
    "a project of the future": Malformed(PROJECTS, {"createdAt": _FUTURE}, "bad-time"),
    "a config in the settings that is not one": Malformed(
        PROJECTS, {"settings": '{"dashboardConfig": {"charts": 1}}'}, "invalid-config", "settings.dashboardConfig"
    ),
    "charts that are not JSON": Malformed(CONFIGS, {"chartCustomizations": '{"a": {'}, "bad-json"),
    "charts that are an array": Malformed(CONFIGS, {"chartCustomizations": "[]"}, "invalid-config"),
    "charts that are empty": Malformed(CONFIGS, {"chartCustomizations": ""}, "invalid-config"),
    "a chart that is a number": Malformed(CONFIGS, {"chartCustomizations": _charts(1)}, "invalid-config"),
    "501 charts": Malformed(
        CONFIGS, {"chartCustomizations": json.dumps({str(n): {} for n in range(501)})}, "invalid-config"
    ),
    "a config of 300 KB": Malformed(CONFIGS, {"chartCustomizations": _charts({"x": "x" * 300_000})}, "too-large"),
    "a chart that is nested too deeply": Malformed(
        CONFIGS, {"chartCustomizations": f'{{"a": {{"x": {_DEEP}}}}}'}, "invalid-config"
    ),
    "an escaped NUL": Malformed(CONFIGS, {"chartCustomizations": '{"a": {"x": "\\u0000"}}'}, "invalid-config"),
    "a lone surrogate": Malformed(CONFIGS, {"chartCustomizations": '{"a": {"x": "\\ud800"}}'}, "invalid-config"),
    "a member twice": Malformed(CONFIGS, {"chartCustomizations": '{"a": {"x": 1, "x": 2}}'}, "invalid-config"),
    "unsafe text in a chart": Malformed(
        CONFIGS, {"chartCustomizations": _charts({"title": "<a href='javascript:alert(1)'>x</a>"})}, "unsafe-text"
    ),
    "a theme that only looks like JSON": Malformed(CONFIGS, {"currentTheme": '{"mode": '}, "bad-json"),
    "filters that are a name": Malformed(CONFIGS, {"dashboardFilters": "all"}, "bad-json"),
    "filters that are an object": Malformed(CONFIGS, {"dashboardFilters": '{"a": 1}'}, "invalid-config"),
    "a config of the future": Malformed(CONFIGS, {"updatedAt": _FUTURE}, "bad-time"),
    "a config of another user": Malformed(CONFIGS, {"userId": "somebody"}, "other-user"),
    "a session with odd characters": Malformed(CONFIGS, {"sessionId": "a b"}, "invalid-id"),
    "truncated compression": Malformed(DATA, {"compressedData": gzip.compress(b'[{"a": 1}]')[:-3]}, "truncated"),
    "a bomb": Malformed(DATA, {"compressedData": gzip.compress(gzip.compress(b" " * 110_000_000, 1))}, "too-large"),
    "content of no kind": Malformed(DATA, {"compressedData": bytes(range(256))}, "unrecognized"),
    "content that is not UTF-8": Malformed(DATA, {"compressedData": b'[{"a": "\xff"}]'}, "invalid-data"),
    "a table without rows": Malformed(DATA, {"compressedData": b"[]"}, "invalid-data"),
    "a cell of a million characters": Malformed(
        DATA, {"compressedData": json.dumps([{"a": "x" * 1_000_001}]).encode()}, "invalid-data"
    ),
    "unsafe text in a cell": Malformed(DATA, {"compressedData": b'[{"a": "<script>x()</script>"}]'}, "unsafe-text"),
    "a file without a name": Malformed(DATA, {"originalFileName": ""}, "invalid-data"),
    "an analysis that is not JSON": Malformed(DATA, {"analysisData": "none"}, "bad-json", "analysisData"),
    "an analysis of 300 KB": Malformed(
        DATA, {"analysisData": json.dumps({"x": "x" * 300_000})}, "too-large", "analysisData"
    ),
    "charts of data that are not JSON": Malformed(
        DATA, {"chartCustomizations": "{"}, "bad-json", "chartCustomizations"
    ),
}
"""Faults that every database accepts."""

LOOSE: Final[dict[str, Malformed]] = {
    "no user id": Malformed(PROJECTS, {"userId": None}, "no-owner"),
    "a time that is a word": Malformed(CONFIGS, {"updatedAt": "yesterday"}, "bad-time"),
    "a time beyond all years": Malformed(CONFIGS, {"updatedAt": 10**17}, "bad-time"),
    "a time before 1970": Malformed(CONFIGS, {"updatedAt": "0000-00-00 00:00:00"}, "bad-time"),
    "a version that is a word": Malformed(DATA, {"version": "one"}, "bad-version"),
    "a version of a config that is a word": Malformed(CONFIGS, {"version": "one"}, "bad-version"),
    "content that is NULL": Malformed(DATA, {"compressedData": ""}, "empty"),
}
"""Faults that a database without constraints accepts, such as SQLite."""


def with_fault(application: Application, fault: Malformed, user: str) -> tuple[dict[str, list[Row]], Row]:
    """Make a project whose only row of a table has a fault, and return it with that row."""
    project = application.project(user) | {"settings": "{}"}
    if fault.table == PROJECTS:
        project |= fault.values
    made = {PROJECTS: project, CONFIGS: application.config(project), DATA: application.data(project)}
    made[fault.table] |= fault.values
    return {table: [row] for table, row in made.items()}, made[fault.table]
