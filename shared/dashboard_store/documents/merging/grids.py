"""The grids of a dashboard: the placements whose keys differ in one name or identity alone.

So each breakpoint, each tab and each nested grid is a grid of its own. Grouping n placements is O(n log n).
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain

from dashboard_store.documents.merging.columns import TOLERANCE, ColumnTree
from dashboard_store.documents.merging.placements import Identity, Key, Placement, Placements

type Grid = Sequence[Key]


def grids(sides: Sequence[Placements]) -> list[Grid]:
    """Group the keys of placements by their grid.

    Where more than one name differs (a breakpoint within an element, or an element within a breakpoint), the elements
    are what an array identifies, or else the deepest names under which nothing overlaps on any side: an element
    overlaps itself at its other breakpoints.
    """
    return list(chain.from_iterable(_split(family, sides) for family in _families(dict.fromkeys(chain(*sides)))))


def _split(family: Grid, sides: Sequence[Placements]) -> Collection[Grid]:
    differing = [level for level in reversed(range(len(family[0]))) if len({key[level] for key in family}) > 1]
    differing.sort(key=lambda level: not isinstance(family[0][level], Identity))
    choices = [_by_other_names(family, level) for level in differing] or [[family]]
    apart = (
        choice for choice in choices if not any(overlaps(visible(side, grid)) for grid in choice for side in sides)
    )
    return choices[0] if len(choices) == 1 else next(apart, choices[0])


def _by_other_names(family: Iterable[Key], level: int) -> Collection[Grid]:
    groups: dict[tuple[Key, Key], list[Key]] = {}
    for key in family:
        groups.setdefault((key[:level], key[level + 1 :]), []).append(key)
    return groups.values()


def _families(keys: Collection[Key]) -> Collection[Grid]:
    """Group the keys that are connected by keys that differ in one name or identity (union-find)."""
    leaders = {key: key for key in keys}

    def leader(key: Key) -> Key:
        while leaders[key] is not key:
            leaders[key] = leaders[leaders[key]]
            key = leaders[key]
        return key

    alike: dict[tuple[Key, Key], Key] = {}
    for key in keys:
        for level in range(len(key)):
            other = alike.setdefault((key[:level], key[level + 1 :]), key)
            leaders[leader(key)] = leader(other)
    families: dict[Key, list[Key]] = {}
    for key in keys:
        families.setdefault(leader(key), []).append(key)
    return families.values()


def visible(placements: Placements, grid: Iterable[Key] | None = None) -> dict[Key, Placement]:
    """Return the visible placements; of a grid, if one is given."""
    keys = placements if grid is None else grid
    return {key: found for key in keys if (found := placements.get(key)) and found.is_visible}


def overlaps(placements: Placements) -> bool:
    """Whether any two placements of one grid overlap."""
    shown = sorted(placements.values(), key=lambda each: each.y)
    bottoms = ColumnTree(each.columns for each in shown)
    for each in shown:
        if bottoms.greatest(each.columns) > each.y + TOLERANCE:
            return True
        bottoms.put(each.columns, each.bottom)
    return False
