"""The changes between two configs: RFC 6902 operations, and the names of the charts."""

import json
from typing import Any

import jsonpatch

from dashboard_store.documents.json_text import JsonObject


def operations(before: Any, after: Any) -> list[JsonObject]:  # noqa: ANN401 - any JSON values
    """List the JSON patch operations (RFC 6902) that turn `before` into `after`, ignoring the order of members."""
    changes: list[JsonObject] = json.loads(jsonpatch.make_patch(before, after).to_string())
    return changes


def chart_changes(before: JsonObject | None, after: JsonObject | None) -> dict[str, list[str]]:
    """Return the names of the charts that were added, removed and changed, in document order.

    A chart is changed if `operations` lists a change of it, also from 6 to 6.0, which is one value when merging.
    """
    old, new = ((config or {}).get("chartCustomizations", {}) for config in (before, after))
    return {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and _written(old[name]) != _written(new[name])],
    }


def _written(value: Any) -> str:  # noqa: ANN401
    """Write a value regardless of the order of its members."""
    return json.dumps(value, sort_keys=True)
