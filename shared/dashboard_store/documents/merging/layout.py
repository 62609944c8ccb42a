"""The grids that both sides of a merge changed: what each side meant there, and how it fits together."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, NamedTuple

from dashboard_store.documents.json_text import Path
from dashboard_store.documents.merging.columns import TOLERANCE
from dashboard_store.documents.merging.grids import Grid, grids, overlaps, visible
from dashboard_store.documents.merging.overlaps import apart
from dashboard_store.documents.merging.placements import (
    Key,
    Placement,
    Placements,
    deepest_change,
    find_placements,
    placements_at,
)
from dashboard_store.documents.merging.shifts import shifted

MOST_MOVED_APART: Final = 500
"""The elements of the largest grid in which what overlaps is moved apart."""


class Settled(NamedTuple):
    """What becomes of a merged document's placements, by their paths there.

    `shifted` has the `y` of what a grid shifted and nobody moved, `apart` that of what has to move down because it
    overlaps. `too_wide` are the paths, in `theirs`, of what reaches further right than anything in its grid did on
    either side.
    """

    shifted: dict[Path, float]
    too_wide: list[Path]
    apart: dict[Path, float]


class _Side(NamedTuple):
    """The visible placements of a grid on one side, and which of them it only shifted."""

    placements: Placements
    shifted: set[Key]

    def unshifted(self, base: Placements) -> Iterator[tuple[Path, float]]:
        return ((self.placements[key].path, base[key].y) for key in self.shifted)

    def has_placed(self, key: Key, base: Placements) -> bool:
        """Whether the side moved, resized or added what it has at a key; a shift alone does not count."""
        before, after = base.get(key), self.placements.get(key)
        if before is None or after is None:
            return after is not None
        return (after.at(before.y) if key in self.shifted else after).rectangle != before.rectangle


class _Grid(NamedTuple):
    """A grid that both sides changed, as far as it is visible."""

    base: Placements
    theirs: _Side
    mine: _Side

    @property
    def keys(self) -> Iterable[Key]:
        return dict.fromkeys(chain(self.theirs.placements, self.mine.placements))

    def shifts(self, outcome: Placements) -> Iterator[tuple[Key, float]]:
        """Yield what was shifted and not moved, with its `y`: of two shifts the greater one."""
        for key in self.theirs.shifted | self.mine.shifted:
            if key in outcome and outcome[key].rectangle[:2] == self.base[key].rectangle[:2]:
                yield key, max(side.placements[key].y for side in (self.theirs, self.mine) if key in side.shifted)

    def too_wide(self, outcome: Placements) -> Iterator[Key]:
        both = chain(self.theirs.placements.values(), self.mine.placements.values())
        edge = max((placed.columns[1] for placed in both), default=0) + TOLERANCE
        return (key for key, placed in outcome.items() if placed.columns[1] > edge)

    def apart(self, outcome: Placements) -> dict[Key, float]:
        sides = (self.base, self.theirs.placements, self.mine.placements)
        if len(outcome) > MOST_MOVED_APART or not overlaps(outcome) or any(map(overlaps, sides)):
            return {}
        return apart(outcome, {key: self._rank(key, outcome) for key in outcome})

    def _rank(self, key: Key, outcome: Placements) -> int:
        """Return who gives way: what nobody moved, resized or added, before what mine did; what theirs did stays."""
        in_theirs = self.theirs.has_placed(key, self.base)
        if in_theirs and self.theirs.placements[key].rectangle == outcome[key].rectangle:
            return 0
        return 1 if in_theirs or self.mine.has_placed(key, self.base) else 2


class GridMerge:
    """The grids that both sides of a merge changed.

    `theirs` and `mine` are their documents without what they only shifted, so that a shift is no edit: it yields to the
    other side's place and to its removal.
    """

    def __init__(self, base: Any, theirs: Any, mine: Any) -> None:  # noqa: ANN401 - any JSON value
        self.theirs, self.mine = theirs, mine
        self._grids: list[_Grid] = []
        self._members: Mapping[Key, str] = {}
        self._in_theirs: Placements = {}
        # All placements of a grid are at one level.
        levels = min(deepest_change(base, theirs), deepest_change(base, mine))
        if levels < 0:
            return
        sides, self._members = find_placements((base, theirs, mine), levels)
        self._in_theirs = sides[1]
        for grid in grids(sides):
            if _differ(grid, sides[0], sides[1]) and _differ(grid, sides[0], sides[2]):
                before, saved, sent = (visible(side, grid) for side in sides)
                shared = _Grid(before, _Side(saved, shifted(before, saved)), _Side(sent, shifted(before, sent)))
                self._grids.append(shared)
        self.theirs = moved(theirs, dict(chain.from_iterable(each.theirs.unshifted(each.base) for each in self._grids)))
        self.mine = moved(mine, dict(chain.from_iterable(each.mine.unshifted(each.base) for each in self._grids)))

    def settled(self, document: Any) -> Settled:  # noqa: ANN401
        """Hold what was joined of `theirs` and `mine` against the rules of grids."""
        settled = Settled({}, [], {})
        everywhere = chain.from_iterable(grid.keys for grid in self._grids)
        found = placements_at(document, everywhere, self._members)
        for grid in self._grids:
            outcome = {key: found[key] for key in grid.keys if key in found}
            for key, y in grid.shifts(outcome):
                settled.shifted[outcome[key].path] = y
                outcome[key] = outcome[key].at(y)
            shown = visible(outcome)
            # What was hidden on a side may be visible in the outcome, so these are the paths of all.
            settled.too_wide.extend(self._in_theirs[key].path for key in grid.too_wide(shown))
            settled.apart.update({shown[key].path: y for key, y in grid.apart(shown).items()})
        return settled


def _differ(grid: Grid, one: Placements, other: Placements) -> bool:
    """Whether anything of a grid is placed or shown otherwise, wherever it stands in the documents."""
    return any(_shown(one.get(key)) != _shown(other.get(key)) for key in grid)


def _shown(placed: Placement | None) -> object:
    return placed and (placed.rectangle, placed.is_visible)


def moved(document: Any, places: Mapping[Path, float]) -> Any:  # noqa: ANN401
    """Copy a document with another `y` at some paths; all other values are shared with it."""
    copies: dict[Path, Any] = {}

    def copied(path: Path) -> Any:  # noqa: ANN401
        if path not in copies:
            if path is None:
                copies[path] = document.copy()
            else:
                outer, token = path
                parent = copied(outer)
                parent[token] = copies[path] = parent[token].copy()
        return copies[path]

    for path, y in places.items():
        copied(path)["y"] = y
    return copies.get(None, document)
