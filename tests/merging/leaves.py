"""A document as its values by identity: what a checker compares, without any code of a merge.

The way to an element of an array of objects has its identity instead of its index: the first of IDENTITIES that any
element has. A placement counts as two values, its place (x, y) and its size (w, h), because half of either is a place
that nobody chose. An object is a value `{}`, and an array of elements `[]`, so that empty ones are seen, too.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from merging.grids import Json, Path

IDENTITIES: Final = ("id", "i", "uid", "key", "refId", "name")
PLACE: Final = "(x, y)"
SIZE: Final = "(w, h)"


@dataclass
class Leaves:
    """A document by identity. `values` has PLACE and SIZE as the last steps of placements."""

    values: dict[Path, Any] = field(default_factory=dict)
    orders: dict[Path, list[str]] = field(default_factory=dict)
    """The identities of each array's elements, in order."""
    hidden: set[Path] = field(default_factory=set)
    """Placements that are hidden, or whose tile is."""
    torn: list[Path] = field(default_factory=list)
    """Elements that lack the identity that others in their array have, or have another's."""
    identities: Counter[str] = field(default_factory=Counter)
    """How often each element stands in the document, by `id`, `i` or `uid`; names count nowhere but in their array."""

    def places(self) -> Iterator[Path]:
        return (path[:-1] for path in self.values if path[-1:] == (PLACE,))


def leaves(document: Any) -> Leaves:
    found = Leaves()
    _walk(document, (), found, is_hidden=False)
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal as JSON: 6 is 6.0, but 1 is not true."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)


def placement(value: Json) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Read an object's place and size, where one of `w` and `h` may be left out, which is 1; None without them."""
    x, y, w, h = (value.get(name) for name in "xywh")
    if w is None and h is None:
        return None
    w, h = (1 if w is None else w), (1 if h is None else h)
    numbers = [each for each in (x, y, w, h) if _is_number(each)]
    return ((x, y), (w, h)) if len(numbers) == len("xywh") and w > 0 and h > 0 else None  # type: ignore[return-value]


def pointed(documents: Sequence[Any], pointer: str) -> set[Path]:
    """Follow a JSON pointer (RFC 6901) by identity, where each index may be that of any of the documents.

    A pointer into a list without identities leads to the whole list, and one to a part of a place or size to all of it.
    """
    reached: list[tuple[Path, Sequence[Any]]] = [((), documents)]
    for written in pointer.split("/")[1:]:
        name = written.replace("~1", "/").replace("~0", "~")
        reached = [each for path, values in reached for each in _steps(path, values, name)]
    return {path for path, _ in reached}


def _steps(path: Path, values: Sequence[Any], name: str) -> Iterator[tuple[Path, Sequence[Any]]]:
    """Take one step of a pointer in several documents at once."""
    arrays = [each for each in values if isinstance(each, list)]
    identities = [_identity(each) for each in arrays]
    if arrays and not any(identities):
        yield path, values
    elif arrays and name.isdecimal():
        steps = [
            [_step(each, identity) for each in array] if identity else []
            for array, identity in zip(arrays, identities, strict=True)
        ]
        for step in {each[int(name)] for each in steps if int(name) < len(each)}:
            yield (
                (*path, step),
                [array[names.index(step)] for array, names in zip(arrays, steps, strict=True) if step in names],
            )
    else:
        objects = [each for each in values if isinstance(each, dict)]
        is_placed = any(map(placement, objects)) and name in {"x", "y", "w", "h"}
        inside = [each[name] for each in objects if name in each]
        if inside:
            yield (*path, (PLACE if name in {"x", "y"} else SIZE) if is_placed else name), inside


def index_of(elements: Sequence[Any], step: str) -> int | None:
    """Find the element of an array to which a step of a path leads."""
    identity = _identity(elements)
    return next((index for index, each in enumerate(elements) if identity and _step(each, identity) == step), None)


def _identity(elements: Sequence[Any]) -> str | None:
    """Return the member that identifies the elements of an array, if they are objects that have one."""
    return next(
        (name for name in IDENTITIES if any(isinstance(each, dict) and name in each for each in elements)), None
    )


def _step(element: Any, identity: str) -> str:
    name = element.get(identity) if isinstance(element, dict) else None
    return f"{identity}={int(name) if isinstance(name, float) else name}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _walk(value: Any, path: Path, found: Leaves, *, is_hidden: bool) -> None:
    if isinstance(value, dict):
        found.values[path] = {}
        hides = is_hidden or value.get("isVisible") is False or value.get("hidden") is True
        placed = placement(value)
        if placed:
            found.values[*path, PLACE], found.values[*path, SIZE] = placed
            if hides:
                found.hidden.add(path)
        for name, inner in value.items():
            if not (placed and name in {"x", "y", "w", "h"}):
                _walk(inner, (*path, name), found, is_hidden=hides)
    elif isinstance(value, list):
        _walk_array(value, path, found, is_hidden=is_hidden)
    else:
        found.values[path] = value


def _walk_array(value: Sequence[Any], path: Path, found: Leaves, *, is_hidden: bool) -> None:
    identity = _identity(value)
    if not identity:
        found.values[path] = list(value)
        return
    found.values[path] = []
    order: list[str] = []
    for each in value:
        step = _step(each, identity)
        if step == f"{identity}=None" or step in order:
            found.torn.append((*path, step))
            step += f" #{len(order)}"
        if identity in IDENTITIES[:3]:
            found.identities[step] += 1
        order.append(step)
        _walk(each, (*path, step), found, is_hidden=is_hidden)
    found.orders[path] = order
