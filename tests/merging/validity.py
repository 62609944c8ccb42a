"""Whether a dashboard is valid: its grids, its identities and its references."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from merging.grids import Path
from merging.leaves import PLACE, SIZE, Leaves

REFERENCES: Final = frozenset({"chart", "repeat"})
"""The members that name a tile or a variable, in the dashboards of `styles`."""

TOLERANCE: Final = 1e-6

type Box = tuple[float, float, float, float]
"""The left, upper, right and lower edge of a tile."""


def grids(found: Leaves) -> Mapping[Path, Mapping[Path, Box]]:
    """Return the visible placements by grid: those whose paths differ only in the tile's identity or name."""
    boxes: dict[Path, dict[Path, Box]] = defaultdict(dict)
    for path in found.places():
        if path in found.hidden:
            continue
        (x, y), (w, h) = found.values[*path, PLACE], found.values[*path, SIZE]
        boxes[grid_of(path)][path] = (x, y, x + w, y + h)
    return boxes


def grid_of(path: Path) -> Path:
    return path[:-1] if "=" in path[-1] else (*path[:-2], "*", path[-1])


def overlapping(boxes: Mapping[Path, Box]) -> Iterator[tuple[Path, Path]]:
    """Yield the pairs of placements that lie on each other."""
    by_top = sorted(boxes.items(), key=lambda each: each[1][1])
    for index, (one, (left, _, right, lower)) in enumerate(by_top):
        for other, (other_left, other_top, other_right, _) in by_top[index + 1 :]:
            if other_top >= lower - TOLERANCE:
                break
            if other_left < right - TOLERANCE and left < other_right - TOLERANCE:
                yield one, other


def right_edge(boxes: Mapping[Path, Box]) -> float:
    return max((box[2] for box in boxes.values()), default=0)


def dangling(found: Leaves) -> set[tuple[str, str]]:
    """Return the references to what does not exist, with the members that hold them."""
    known = {step.partition("=")[2] or step for path in found.values for step in path}
    return {
        (path[-1], value)
        for path, value in found.values.items()
        if path and path[-1] in REFERENCES and isinstance(value, str) and value not in known
    }


def repeated(found: Leaves) -> set[str]:
    """Return the identities that stand more than once in the document."""
    return {name for name, count in found.identities.items() if count > 1}
