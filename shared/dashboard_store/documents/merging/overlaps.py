"""Moving apart what overlaps after a merge."""

from bisect import insort
from collections.abc import Mapping

from dashboard_store.documents.merging.columns import TOLERANCE
from dashboard_store.documents.merging.placements import Key, Placement, Placements


def apart(placements: Placements, ranks: Mapping[Key, int]) -> dict[Key, float]:
    """Return the `y` of those visible placements of a grid that have to move down so that nothing overlaps.

    Where two overlap, the one with the greater rank gives way, or of equals the lower one: to below what it meets,
    until it meets nothing. Each is compared with each, so grids must be small.
    """
    settled: list[Placement] = []
    moved = {}
    for key, placed in sorted(
        placements.items(), key=lambda item: (ranks[item[0]], item[1].y, item[1].columns, item[0])
    ):
        free = _lowered(placed, settled)
        if free is not placed:
            moved[key] = free.y
        insort(settled, free, key=lambda each: each.y)
    return moved


def _lowered(placed: Placement, settled: list[Placement]) -> Placement:
    """Move a placement below everything that it meets of what is settled, which is in the order of `y`."""
    for other in settled:
        if _meets(placed.columns, other.columns) and _meets((placed.y, placed.bottom), (other.y, other.bottom)):
            placed = placed.at(other.bottom)
    return placed


def _meets(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] + TOLERANCE < other[1] and other[0] + TOLERANCE < one[1]
