"""Judge the outcome of a merge by four invariants, from base, both sides and what people did: never by code of a merge.

1. *Lost*: every edit is in the outcome or in a conflict, and so is what neither side touched. A place to which a grid
   pushed a tile is no edit, but the consequence of one. A drag that the documents do not distinguish from such a push
   is *unseen*, which is counted apart.
2. *Invented*: each value of the outcome is the value of base, theirs or mine for the same element. A place is one value
   and so is a size; the merge may move down what it names as adjusted. A list of texts that each side only added to, or
   only removed from, may hold texts of both.
3. *Invalid*: the outcome is a valid dashboard where base, theirs and mine are. No tile overlaps another in a grid where
   none did, none reaches further right than any did on either side, no element stands twice, no reference leads to what
   is gone, and every element has its identity.
4. *Order*: which side is merged first changes nothing but which of two overlapping tiles gives way, the order of what
   was added, and whether 6 is written 6.0.

Of a merge with conflicts only the first is asked, and that both orders have conflicts: nothing of it is saved.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from merging import validity
from merging.grids import Path
from merging.leaves import PLACE, Leaves, leaves, pointed, same
from merging.pairs import Pair, Side
from merging.pushes import could_be_pushed

KINDS: Final = ("lost", "invented", "invalid", "order")
"""What makes a clean merge wrong."""

ANYTHING: Final = ("",)
"""The conflicts of a merge that only says that there are some: a pointer to the root."""

_ABSENT: Final = object()


@dataclass(frozen=True)
class Outcome:
    """What a merge answered. `document` counts only without conflicts, unless the merge says where these are."""

    document: Any
    conflicts: Sequence[str] = ()
    adjusted: Sequence[str] = ()
    is_broken: bool = False
    """Whether the answer is not JSON."""


@dataclass(frozen=True)
class Fault:
    kind: str
    what: str


class Judge:
    """The judge of all outcomes of one pair."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._base, self._theirs, self._mine = sides = [
            leaves(document) for document in (pair.base, pair.theirs.document, pair.mine.document)
        ]
        self._grids = {id(side): validity.grids(side) for side in sides}
        self._overlapping = {
            grid for grids in self._grids.values() for grid, boxes in grids.items() if any(validity.overlapping(boxes))
        }

    def faults(self, forward: Outcome, backward: Outcome) -> list[Fault]:
        """Judge an outcome; `backward` is the outcome with theirs and mine exchanged."""
        if forward.is_broken:
            return [Fault("invalid", "its text is not JSON")]
        found = leaves(forward.document)
        wrong = [Fault(kind, _said(path)) for path, kind in self._lost(found, forward)]
        if not forward.conflicts:
            wrong += [
                *(Fault("lost", _said(path)) for path in self._dropped(found)),
                *(
                    Fault("invented", f"{_said(path)} = {found.values[path]}")
                    for path in self._invented(found, forward)
                ),
                *(Fault("invalid", what) for what in self._invalid(found)),
            ]
        return [*wrong, *(Fault("order", what) for what in self._order(found, forward, backward))]

    def _lost(self, found: Leaves, outcome: Outcome) -> Iterator[tuple[Path, str]]:
        """Yield the edits that are neither in the outcome nor in a conflict, with the kind of fault."""
        documents = [self._pair.theirs.document, self._pair.base, self._pair.mine.document]
        conflicts = [path for each in outcome.conflicts for path in pointed(documents, each)]
        adjusted = _adjusted(outcome)
        for side, made in ((self._theirs, self._pair.theirs), (self._mine, self._pair.mine)):
            for path in self._edits(side, made):
                before, after = (each.values.get(path, _ABSENT) for each in (self._base, side))
                now = found.values.get(path, _ABSENT)
                is_held = (
                    same(now, after) or _is_adjusted(path, now, after, adjusted) or _holds_texts(before, after, now)
                )
                if not is_held and not any(_is_along(path, conflict) for conflict in conflicts):
                    yield path, "unseen" if self._is_unseen(path, side) else "lost"
            for path in self._reordered(side, found):
                is_held = _order_of(found, path, side, self._base) == _order_of(side, path, found, self._base)
                if not is_held and not any(_is_along(path, conflict) for conflict in conflicts):
                    yield path, "lost"

    def _is_unseen(self, path: Path, side: Leaves) -> bool:
        """Whether a lost edit is a drag that the documents do not distinguish from the push of a grid."""
        if path[-1:] != (PLACE,):
            return False
        grid = validity.grid_of(path[:-1])
        before, after = (self._grids[id(each)].get(grid, {}) for each in (self._base, side))
        return path[:-1] in before and path[:-1] in after and could_be_pushed(path[:-1], before, after)

    def _edits(self, side: Leaves, made: Side) -> Iterator[Path]:
        """Yield what a side changed, but for the places to which its grid pushed tiles."""
        before, after = self._base.values, side.values
        for path in [*before, *(path for path in after if path not in before)]:
            if not same(before.get(path, _ABSENT), after.get(path, _ABSENT)):
                is_pushed = path[-1:] == (PLACE,) and path in before and path in after and path[:-1] not in made.chosen
                if not is_pushed:
                    yield path

    def _reordered(self, side: Leaves, found: Leaves) -> Iterator[Path]:
        """Yield the arrays whose order a side changed, among the elements that the outcome has."""
        for path in self._base.orders.keys() & side.orders.keys() & found.orders.keys():
            if _order_of(self._base, path, side, found) != _order_of(side, path, self._base, found):
                yield path

    def _dropped(self, found: Leaves) -> Iterator[Path]:
        """Yield what both sides have, and the outcome has not."""
        return (path for path in self._theirs.values if path in self._mine.values and path not in found.values)

    def _invented(self, found: Leaves, outcome: Outcome) -> Iterator[Path]:
        adjusted = _adjusted(outcome)
        for path, now in found.values.items():
            before, theirs, mine = values = [
                side.values.get(path, _ABSENT) for side in (self._base, self._theirs, self._mine)
            ]
            is_known = any(same(now, value) for value in values)
            is_known = is_known or any(_is_adjusted(path, now, value, adjusted) for value in values)
            if not is_known and not _is_union(before, theirs, mine, now):
                yield path

    def _invalid(self, found: Leaves) -> Iterator[str]:
        theirs, mine = (self._grids[id(side)] for side in (self._theirs, self._mine))
        for grid, boxes in validity.grids(found).items():
            if grid not in self._overlapping:
                for one, other in validity.overlapping(boxes):
                    yield f"{_said(one)} overlaps {_said(other)}"
            edge = max(validity.right_edge(side.get(grid, {})) for side in (theirs, mine))
            if (grid in theirs or grid in mine) and validity.right_edge(boxes) > edge + validity.TOLERANCE:
                yield f"{_said(grid)} reaches further right than on either side"
        sides = (self._base, self._theirs, self._mine)
        for name in validity.repeated(found).difference(*map(validity.repeated, sides)):
            yield f"{name} stands twice"
        if not any(map(validity.dangling, sides)):
            for member, name in validity.dangling(found):
                yield f"{member} leads to {name}, which is gone"
        if not any(side.torn for side in sides):
            for path in found.torn:
                yield f"{_said(path)} lacks an identity of its own"

    def _order(self, found: Leaves, forward: Outcome, backward: Outcome) -> Iterator[str]:
        if bool(forward.conflicts) is not bool(backward.conflicts):
            yield "one order has conflicts, the other none"
        elif not forward.conflicts and not backward.is_broken:
            other = leaves(backward.document)
            gave_way = _adjusted(forward) | _adjusted(backward)
            for path in found.values.keys() | other.values.keys():
                one, two = (_ordered(path, each.values.get(path, _ABSENT), gave_way) for each in (found, other))
                if not same(one, two):
                    yield _said(path)
            for path in self._base.orders:
                if _order_of(found, path, self._base) != _order_of(other, path, self._base):
                    yield f"the order of {_said(path)}"


def _adjusted(outcome: Outcome) -> AbstractSet[Path]:
    return {path for each in outcome.adjusted for path in pointed([outcome.document], each)}


def _is_adjusted(path: Path, now: Any, before: Any, adjusted: AbstractSet[Path]) -> bool:
    """Whether a place is one that the merge says that it moved down."""
    if path[-1:] != (PLACE,) or path[:-1] not in adjusted or _ABSENT in (now, before):
        return False
    return bool(now[0] == before[0] and now[1] >= before[1])


def _holds_texts(before: Any, after: Any, now: Any) -> bool:
    """Whether a list of texts has what a side added to it, and lacks what the side removed."""
    if not all(_are_texts(each) for each in (before, after, now)) or not before:
        return False
    added, removed = set(after) - set(before), set(before) - set(after)
    return not (added and removed) and added <= set(now) and removed.isdisjoint(now)


def _is_union(before: Any, theirs: Any, mine: Any, now: Any) -> bool:
    """Whether a list of texts has exactly what both sides left and added."""
    if not (_holds_texts(before, theirs, now) and _holds_texts(before, mine, now)):
        return False
    kept = set(before) & set(theirs) & set(mine)
    return set(now) == kept | (set(theirs) | set(mine)) - set(before)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value) and len(set(value)) == len(value)


def _ordered(path: Path, value: Any, gave_way: AbstractSet[Path]) -> Any:
    """Leave out of a value what may depend on which side is merged first."""
    if path[-1:] == (PLACE,) and path[:-1] in gave_way and value is not _ABSENT:
        return value[:1]
    return sorted(value) if _are_texts(value) else value


def _order_of(side: Leaves, path: Path, *others: Leaves) -> list[str]:
    """Return the order of the elements that other documents have, too."""
    known = [set(other.orders.get(path, ())) for other in others]
    return [name for name in side.orders.get(path, ()) if all(name in each for each in known)]


def _is_along(path: Path, conflict: Path) -> bool:
    """Whether one is the other, or lies within it."""
    shorter = min(len(path), len(conflict))
    return path[:shorter] == conflict[:shorter]


def _said(path: Path) -> str:
    return "/".join(path) or "the document"
