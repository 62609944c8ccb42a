"""Shifts: what a grid pushed or pulled because something above it changed, as opposed to what a person moved."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from dashboard_store.documents.merging.columns import TOLERANCE, ColumnTree, Interval
from dashboard_store.documents.merging.placements import Key, Placement, Placements

type _Row = tuple[Key, Interval, float, float]
"""An element, the columns that it stands in, and its row before and after."""


def shifted(before: Placements, after: Placements) -> set[Key]:
    """Return the elements of a grid, by its visible placements before and after an edit, that were shifted.

    An element is shifted if its `y` alone is another and

    - something above it in its columns was added, removed, moved or resized,
    - its order towards every other element of its columns is what it was: where somebody dragged one past the other,
      both were moved, and
    - it stands directly below what is above it, or as far below it as before: a grid leaves no other gaps.

    What follows from a shift is a shift too: each pushes the next. O(n log n).
    """
    kept = before.keys() & after.keys()
    candidates = {key for key in kept if _is_higher_or_lower(before[key], after[key])}
    if not candidates:
        return candidates
    changed = [key for key in before.keys() | after.keys() if _rectangle(before, key) != _rectangle(after, key)]
    caused = _below(before, changed, candidates) | _below(after, changed, candidates)
    return (caused & _resting(before, after)) - _passed(before, after)


def _is_higher_or_lower(before: Placement, after: Placement) -> bool:
    return before.rectangle[0] == after.rectangle[0] and before.y != after.y


def _rectangle(placements: Placements, key: Key) -> object:
    placed = placements.get(key)
    return placed and placed.rectangle


def _below(placements: Placements, changed: Iterable[Key], candidates: Iterable[Key]) -> set[Key]:
    """Return the candidates that something changed stands above, in their columns."""
    tops = ColumnTree(placed.columns for placed in placements.values())
    for key in changed:
        if placed := placements.get(key):
            tops.put(placed.columns, -placed.y)
    return {key for key in candidates if tops.greatest(placements[key].columns) > -placements[key].y}


def _resting(before: Placements, after: Placements) -> set[Key]:
    """Return the elements that stand directly below what is above them, or as far below it as before."""
    top = min(placed.y for placed in (*before.values(), *after.values()))
    old, new = _gaps(before, top), _gaps(after, top)
    return {key for key in old.keys() & new.keys() if new[key] <= TOLERANCE or abs(new[key] - old[key]) <= TOLERANCE}


def _gaps(placements: Placements, top: float) -> dict[Key, float]:
    """Return the distance of each element to what is above it in its columns, or else to the top."""
    bottoms = ColumnTree(placed.columns for placed in placements.values())
    gaps = {}
    for level in _levels(placements.items(), lambda item: item[1].y):
        for key, placed in level:
            gaps[key] = placed.y - max(top, bottoms.greatest(placed.columns))
        for _, placed in level:
            bottoms.put(placed.columns, placed.bottom)
    return gaps


def _passed(before: Placements, after: Placements) -> set[Key]:
    """Return the elements whose order towards another is not what it was, where it was and is in their columns."""
    kept = before.keys() & after.keys()
    are_elsewhere = any(before[key].columns != after[key].columns for key in kept)
    found: set[Key] = set()
    for turned in (1, -1):
        rows = [(key, turned * before[key].y, turned * after[key].y) for key in kept]
        there = _overtaken((key, before[key].columns, was, now) for key, was, now in rows)
        if there and are_elsewhere:
            there &= _overtaken((key, after[key].columns, was, now) for key, was, now in rows)
        found |= there
    return found


def _overtaken(rows: Iterable[_Row]) -> set[Key]:
    """Return the elements that come before another in their columns that they came after."""
    rows = list(rows)
    lowest = ColumnTree(columns for _, columns, _, _ in rows)
    found = set()
    for level in _levels(rows, lambda row: row[2]):
        found |= {key for key, columns, _, now in level if lowest.greatest(columns) > now}
        for _, columns, _, now in level:
            lowest.put(columns, now)
    return found


def _levels[T](items: Iterable[T], height: Callable[[T], float]) -> Iterator[list[T]]:
    """Yield the items of each height, from the least."""
    for _, level in groupby(sorted(items, key=height), key=height):
        yield list(level)
