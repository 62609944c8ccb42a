"""What changed between two configs: RFC 6902 operations, and the charts by name."""

import json
from typing import Any

import jsonpatch

from dashboard_store.documents.json_text import JsonObject
from dashboard_store.documents.merge import same


def operations(before: Any, after: Any) -> list[JsonObject]:  # noqa: ANN401 - any JSON values
    """List the JSON patch operations (RFC 6902) that turn `before` into `after`, the order of members apart."""
    changes: list[JsonObject] = json.loads(jsonpatch.make_patch(before, after).to_string())
    return changes


def chart_changes(before: JsonObject | None, after: JsonObject | None) -> dict[str, list[str]]:
    """Name the charts that were added, removed and changed, each in the order in which they stand."""
    old, new = ((config or {}).get("chartCustomizations", {}) for config in (before, after))
    return {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and not same(old[name], new[name])],
    }
