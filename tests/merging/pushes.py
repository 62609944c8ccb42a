"""What a grid may have done by itself: tiles that are pushed down or pulled up when others change."""

from collections.abc import Mapping

from merging.grids import Path
from merging.validity import TOLERANCE, Box

type Boxes = Mapping[Path, Box]
"""The visible placements of one grid."""


def could_be_pushed(path: Path, before: Boxes, after: Boxes) -> bool:
    """Whether a tile went straight up or down where something above it changed, and passed nothing on its way.

    It stands directly below what is above it, or as far below as before: a grid leaves no other gaps. A person may have
    dragged it, but nothing in the documents says so.
    """
    old, new = before[path], after[path]
    if old[0] != new[0]:
        return False
    others = [each for each in {**before, **after} if each != path]
    changed = [each for each in others if before.get(each) != after.get(each)]
    has_cause = any(_is_above(before.get(each), old) or _is_above(after.get(each), new) for each in changed)
    gap = _gap(path, after)
    has_passed = any(
        _is_above(before[each], old) is not _is_above(after[each], new)
        for each in others
        if each in before and each in after and _share_columns(before[each], old) and _share_columns(after[each], new)
    )
    return has_cause and not has_passed and min(abs(gap), abs(gap - _gap(path, before))) <= TOLERANCE


def _gap(path: Path, boxes: Boxes) -> float:
    """Return how many rows are free directly above a tile."""
    box = boxes[path]
    return box[1] - max((other[3] for other in boxes.values() if _is_above(other, box)), default=0)


def _is_above(other: Box | None, box: Box) -> bool:
    return other is not None and _share_columns(other, box) and other[1] < box[1] - TOLERANCE


def _share_columns(one: Box, other: Box) -> bool:
    return one[0] < other[2] - TOLERANCE and other[0] < one[2] - TOLERANCE
