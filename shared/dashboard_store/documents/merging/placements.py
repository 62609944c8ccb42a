"""The placements of dashboard elements in grids, recognized by what they look like.

A placement is an object with finite numbers `x` and `y` and positive numbers `w` and `h`, one of which may be absent
and is 1 then: react-grid-layout, GridStack and Grafana write them so, whatever the unit.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from dashboard_store.documents.json_text import Path
from dashboard_store.documents.merging.columns import Interval
from dashboard_store.documents.merging.identity import by_identity, identified

PLACE: Final = ("x", "y")
SIZE: Final = ("w", "h")

_LARGEST: Final = 2**53
"""Beyond it, sums are not exact, and no grid is that large."""

type Rectangle = tuple[float, float, float, float]
"""x, y, w and h, in the grid's unit."""


class Identity(str):
    """An element's identity in a key, as opposed to a member's name."""

    __slots__ = ()


type Key = tuple[str, ...]
"""Where a value stands in all documents of a merge: names of members and identities of elements, from the root."""


class Placement(NamedTuple):
    """A rectangle, whether it is visible, and its path in its document."""

    rectangle: Rectangle
    is_visible: bool
    path: Path

    @property
    def y(self) -> float:
        return self.rectangle[1]

    @property
    def bottom(self) -> float:
        return self.rectangle[1] + self.rectangle[3]

    @property
    def columns(self) -> Interval:
        return self.rectangle[0], self.rectangle[0] + self.rectangle[2]

    def at(self, y: float) -> "Placement":
        x, _, w, h = self.rectangle
        return self._replace(rectangle=(x, y, w, h))


type Placements = Mapping[Key, Placement]


def rectangle_of(value: Any) -> Rectangle | None:  # noqa: ANN401 - any JSON value
    """Return the rectangle of a placement, or None if the value has no such form."""
    if not isinstance(value, dict) or "x" not in value or "y" not in value or ("w" not in value and "h" not in value):
        return None
    x, y, w, h = value["x"], value["y"], value.get("w", 1), value.get("h", 1)
    return (x, y, w, h) if all(map(_is_length, (x, y, w, h))) and w > 0 and h > 0 else None


def _is_length(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


def deepest_change(before: Any, after: Any, level: int = 0) -> int:  # noqa: ANN401
    """Return the level of the deepest placement that may have been added, removed, moved, resized, shown or hidden.

    The root is at level 0; without such a placement it is -1. Only what differs is read.
    """
    if before is after or before == after:
        return -1
    if isinstance(before, dict) and isinstance(after, dict):
        if _shows(before) != _shows(after):
            return max(_deepest(before, level), _deepest(after, level))
        own = level if rectangle_of(before) != rectangle_of(after) else -1
        parts, others = before, after
    elif found := by_identity(before, after):
        own, (parts, others) = -1, found.arrays
    else:
        return max(_deepest(before, level), _deepest(after, level))
    names = {name for side in (parts, others) for name, value in side.items() if isinstance(value, dict | list)}
    # Most are equal, and a call for each of them would take as long as comparing them.
    changed = [name for name in names if parts.get(name) != others.get(name)]
    return max([own, *(deepest_change(parts.get(name), others.get(name), level + 1) for name in changed)])


def _deepest(value: Any, level: int) -> int:  # noqa: ANN401
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = level if rectangle_of(value) else -1
    return max([own, *(_deepest(each, level + 1) for each in inside if isinstance(each, dict | list))])


def _shows(value: Mapping[str, Any]) -> bool:
    return value.get("isVisible") is not False and value.get("hidden") is not True


class _Seen(NamedTuple):
    """A value of one of the documents: the document's number, its path there, and whether it is visible."""

    number: int
    value: Any
    path: Path
    is_visible: bool


def find_placements(documents: Sequence[Any], levels: int) -> tuple[Sequence[dict[Key, Placement]], dict[Key, str]]:
    """Find the placements of documents that have one base, down to a level.

    Return those of each document, and the member that identifies the elements of each array on the way.
    """
    placements: Sequence[dict[Key, Placement]] = [{} for _ in documents]
    members: dict[Key, str] = {}
    roots = [_Seen(number, document, None, is_visible=True) for number, document in enumerate(documents)]
    open_values: list[tuple[Key, list[_Seen]]] = [((), roots)]
    while open_values:
        key, values = open_values.pop()
        inside: dict[str, list[_Seen]] = {}
        objects = [each for each in values if isinstance(each.value, dict)]
        for number, value, path, is_visible in objects:
            is_shown = is_visible and _shows(value)
            if rectangle := rectangle_of(value):
                placements[number][key] = Placement(rectangle, is_shown, path)
            if len(key) < levels:
                for name, member in value.items():
                    if isinstance(member, dict | list):
                        inside.setdefault(name, []).append(_Seen(number, member, (path, name), is_shown))
        arrays = [] if objects or len(key) == levels else [each for each in values if isinstance(each.value, list)]
        if found := by_identity(*(each.value for each in arrays)):
            members[key] = found.member
            for (number, _, path, is_visible), elements in zip(arrays, found.arrays, strict=True):
                for index, (name, element) in enumerate(elements.items()):
                    inside.setdefault(Identity(name), []).append(_Seen(number, element, (path, index), is_visible))
        # From the end, so that placements are found in the order of the documents.
        open_values += [((*key, name), each) for name, each in reversed(inside.items())]
    return placements, members


def placements_at(document: Any, keys: Iterable[Key], members: Mapping[Key, str]) -> dict[Key, Placement]:  # noqa: ANN401
    """Return the placements of a document at keys that were found with `members` in others, and on the way to them."""
    found: dict[Key, Placement] = {}
    wanted: dict[str, Any] = {}
    for key in keys:
        below = wanted
        for name in key:
            below = below.setdefault(name, {})

    def visit(key: Key, value: Any, path: Path, below: dict[str, Any], *, is_visible: bool) -> None:  # noqa: ANN401
        if isinstance(value, dict):
            is_visible = is_visible and _shows(value)
            if rectangle := rectangle_of(value):
                found[key] = Placement(rectangle, is_visible, path)
            inside: dict[str, tuple[str | int, Any]] = {name: (name, value[name]) for name in below if name in value}
        elif isinstance(value, list) and key in members:
            elements = enumerate(identified(value, members[key]).items())
            inside = {name: (index, element) for index, (name, element) in elements if name in below}
        else:
            return
        for name, (token, inner) in inside.items():
            visit((*key, name), inner, (path, token), below[name], is_visible=is_visible)

    visit((), document, None, wanted, is_visible=True)
    return found
