"""The changes between two configs: RFC 6902 operations, and the names of the charts.

`operations` is linear in the size of the two documents: equal values get equal numbers first, from the inside outwards,
so that no value is compared again at each level around it. What two arrays begin and end with alike is left out, the
rest is compared position by position.

Only `add`, `remove` and `replace` occur: some libraries apply a `move` within an array wrongly.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from dashboard_store.documents.excerpts import Written
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.json_text import JsonObject, Path, pointer

MAX_OPERATIONS: Final = 1_000
"""How many operations a response lists."""


class _Change(NamedTuple):
    """An operation before it is written; `remove` has no value."""

    name: str
    path: Path
    value: Any = None


def operations(before: Any, after: Any) -> Sequence[JsonObject]:  # noqa: ANN401 - any JSON values
    """List the JSON patch operations (RFC 6902) that turn `before` into `after`, ignoring the order of members.

    Numbers that are written differently, such as 6 and 6.0, are different.
    """
    return Written(_operation, list(_Comparison(*without_alike(before, after)).changes()))


def without_alike(before: Any, after: Any, levels: int = 2) -> tuple[Any, Any]:  # noqa: ANN401
    """Leave out the members and the charts that are written alike in both, which are most: no diff mentions them."""
    if not levels or not isinstance(before, dict) or not isinstance(after, dict):
        return before, after
    changed = {
        name: without_alike(value, after[name], levels - 1)
        for name, value in before.items()
        if name in after and not _are_alike(value, after[name])
    }
    alike = before.keys() & after.keys() - changed.keys()
    old, new = (
        {name: changed[name][side] if name in changed else value for name, value in each.items() if name not in alike}
        for side, each in enumerate((before, after))
    )
    return old, new


def _are_alike(before: Any, after: Any) -> bool:  # noqa: ANN401
    # The texts tell 6 from 6.0 and 1 from true.
    return bool(before == after) and written(before) == written(after)


def _operation(change: _Change) -> JsonObject:
    named = {"op": change.name, "path": pointer(change.path)}
    return named if change.name == "remove" else {**named, "value": change.value}


class _Comparison:
    """Two documents, whose objects and arrays have a number each: the same if they are equal."""

    def __init__(self, before: Any, after: Any) -> None:  # noqa: ANN401
        self._before = before
        self._after = after
        self._numbers: dict[Any, int] = {}
        self._known: dict[int, int] = {}
        self._number(before)
        self._number(after)

    def changes(self) -> Iterator[_Change]:
        return self._between(self._before, self._after, None)

    def _number(self, value: Any) -> Any:  # noqa: ANN401
        """Return what is the same for equal values, and remember it for objects and arrays."""
        if isinstance(value, dict):
            content: Any = frozenset((name, self._number(inner)) for name, inner in value.items())
        elif isinstance(value, list):
            content = tuple(map(self._number, value))
        else:
            return _scalar(value)
        return self._known.setdefault(id(value), self._numbers.setdefault(content, len(self._numbers)))

    def _differ(self, before: Any, after: Any) -> bool:  # noqa: ANN401
        return bool(self._key(before) != self._key(after))

    def _key(self, value: Any) -> Any:  # noqa: ANN401
        return self._known[id(value)] if isinstance(value, dict | list) else _scalar(value)

    def _between(self, before: Any, after: Any, path: Path) -> Iterator[_Change]:  # noqa: ANN401
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self._members(before, after, path)
        elif isinstance(before, list) and isinstance(after, list):
            yield from self._elements(before, after, path)
        elif self._differ(before, after):
            yield _Change("replace", path, after)

    def _members(self, before: JsonObject, after: JsonObject, path: Path) -> Iterator[_Change]:
        for name in before:
            if name not in after:
                yield _Change("remove", (path, name))
        for name, value in after.items():
            if name not in before:
                yield _Change("add", (path, name), value)
            elif self._differ(before[name], value):
                yield from self._between(before[name], value, (path, name))

    def _elements(self, before: list[Any], after: list[Any], path: Path) -> Iterator[_Change]:
        shorter = min(len(before), len(after))
        start = next((index for index in range(shorter) if self._differ(before[index], after[index])), shorter)
        shorter -= start
        tail = next((index for index in range(shorter) if self._differ(before[-1 - index], after[-1 - index])), shorter)
        kept = start + shorter - tail
        for index in range(start, kept):
            if self._differ(before[index], after[index]):
                yield from self._between(before[index], after[index], (path, index))
        # From the end, so that no index depends on an earlier removal.
        for index in reversed(range(kept, len(before) - tail)):
            yield _Change("remove", (path, index))
        for index in range(kept, len(after) - tail):
            yield _Change("add", (path, index), after[index])


def _scalar(value: Any) -> Any:  # noqa: ANN401
    """Tell a scalar from others and from the number of a value: by type and, for a float, by its text."""
    return type(value), repr(value) if isinstance(value, float) else value


def chart_changes(before: JsonObject | None, after: JsonObject | None) -> dict[str, list[str]]:
    """Return the names of the charts that were added, removed and changed, in document order.

    A chart is changed if `operations` lists a change of it, also from 6 to 6.0, which is one value when merging.
    """
    old, new = ((config or {}).get("chartCustomizations", {}) for config in (before, after))
    return {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and _is_changed(old[name], new[name])],
    }


def _is_changed(old: Any, new: Any) -> bool:  # noqa: ANN401
    return not _are_alike(old, new) and _written(old) != _written(new)


def _written(value: Any) -> str:  # noqa: ANN401
    """Write a value regardless of the order of its members."""
    return json.dumps(value, sort_keys=True)
