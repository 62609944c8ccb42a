"""Merging documents, as functions of values.

Theory of operation
===================

`merge_patch` applies the changes of one side (RFC 7396). `merge` combines the changes that two sides made to their
common base. docs/merging.md states the rules for users, with an example each. First the values are merged, from the
root:

1. A value that one side left unchanged is taken from the other side.
2. Objects are merged member by member, but the place of a placement in a grid (`x` and `y`) is one value, and its size
   (`w` and `h`) is one.
3. Arrays are merged element by element if all elements of all three are objects that can be identified
   (`merging.identity`), and text by text if they are sets of texts to which each side only added, or from which each
   only removed. Any other array is a single value, like a string.
4. A value that both sides changed differently is a conflict. So is an edit of a value that the other side deleted, and
   an array whose order both sides changed differently (`merging.order`). Nothing is dropped silently.
5. `key`, `refId` and `name` are edited like other members, which replaces an element by one with another identity
   (`_renamed`). The place of an element is directly after the last element before it that is in all three arrays, or
   the beginning. An element that both sides removed is a conflict if each side alone added one at its place.

Values are compared as JSON: the order of members is ignored, except that a new order is a change to carry over, and
equal numbers are one value, because a client in JavaScript writes 6.0 as 6. Where they are written differently, the
result has the text of one side.

A dashboard is more than its values, so what both sides did together is then held against the rules of grids
(`merging.layout`), identities and references (`merging.elements`). What a grid only pushed is taken out of both
documents before their values are merged, and put back where nobody moved it.

Comparisons dominate the cost. Python's `==` is fast, but ignores the order of members and takes true for 1. Only what
it finds equal is compared further: by its written texts, which are nearly always the same, or else value by value, once
for all levels. Everything else is linear in the size of the documents, or O(n log n) in the placements of a grid: `==`
alone may read a value again at each level of nesting, of which there are at most as many as a document may have.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard_store.documents.excerpts import Written
from dashboard_store.documents.json_fast import written
from dashboard_store.documents.json_text import Path, pointer
from dashboard_store.documents.merging.elements import MISSING, Taken, dangling, doubled, edits
from dashboard_store.documents.merging.identity import Identified, Named, by_identity
from dashboard_store.documents.merging.layout import GridMerge, moved
from dashboard_store.documents.merging.order import ordered, runs
from dashboard_store.documents.merging.placements import PLACE, SIZE, rectangle_of


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged document, and the RFC 6901 pointers of its conflicts, where it has the value of `theirs`.

    An array element is identified by its index in `theirs`, or in the base if `theirs` deleted it. `adjusted` points to
    the placements, in the merged document, that were moved down so that nothing overlaps.
    """

    document: Any
    conflicts: Sequence[str]
    adjusted: Sequence[str] = ()


def merge_patch(target: Any, patch: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Apply a JSON merge patch (RFC 7396, section 2): null removes a member, objects merge, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def merge(base: Any, theirs: Any, mine: Any) -> Merged:  # noqa: ANN401
    """Merge two documents that have the same base; `theirs` is the one that is already saved."""
    grids, merger = GridMerge(base, theirs, mine), _Merger()
    joined = merger.join(base, grids.theirs, grids.mine, None)
    settled = grids.settled(joined)
    document = moved(joined, settled.shifted)
    conflicts = [*merger.conflicts, *settled.too_wide, *merger.misplaced(theirs, mine, document)]
    if conflicts:
        return Merged(document, Written(pointer, list(dict.fromkeys(conflicts))))
    return Merged(moved(document, settled.apart), (), Written(pointer, list(settled.apart)))


def same(one: Any, other: Any) -> bool:  # noqa: ANN401
    """Whether two JSON values are equal: members in any order; 1 is 1.0, but true is not 1."""
    return bool(one == other) and _same_booleans(one, other)


def _same_booleans(one: Any, other: Any) -> bool:  # noqa: ANN401
    """Whether two values that `==` finds equal have true and false at the same places."""
    if isinstance(one, dict):
        return all(_same_booleans(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return all(map(_same_booleans, one, other))
    return isinstance(one, bool) is isinstance(other, bool)


class _Merger:
    """A single merge of values, which collects the paths of its conflicts and the changes that it took."""

    def __init__(self) -> None:
        self.conflicts: list[Path] = []
        self._taken_from_theirs: list[Taken] = []
        self._taken_from_mine: list[Taken] = []
        # Whether two objects or arrays that `==` finds equal are the same in everything, by their ids.
        self._alike: dict[tuple[int, int], bool] = {}

    def misplaced(self, theirs: Any, mine: Any, outcome: Any) -> Iterator[Path]:  # noqa: ANN401
        """Yield where the changes that were taken from each side do not go together as elements and references."""
        saved = edits(theirs, self._taken_from_theirs, is_saved=True)
        sent = edits(mine, self._taken_from_mine, is_saved=False)
        yield from doubled(saved, sent, outcome)
        yield from dangling(saved, sent, outcome)
        yield from dangling(sent, saved, outcome)

    def join(self, base: Any, theirs: Any, mine: Any, path: Path) -> Any:  # noqa: ANN401
        if self._unchanged(base, mine):
            return self._theirs(path, base, theirs)
        if self._unchanged(theirs, mine):
            return theirs
        if self._unchanged(base, theirs):
            return self._mine(path, base, mine)
        return self._both(base, theirs, mine, path)

    def _both(self, base: Any, theirs: Any, mine: Any, path: Path) -> Any:  # noqa: ANN401
        """Join a value that both sides changed, be it in the order of its members alone."""
        if isinstance(base, dict) and isinstance(theirs, dict) and isinstance(mine, dict):
            return self._members(base, theirs, mine, path)
        if arrays := by_identity(base, theirs, mine):
            return self._elements(arrays, path)
        if _are_text_sets(base, theirs, mine):
            return self._texts(base, theirs, mine, path)
        if same(base, theirs):
            return self._mine(path, base, mine)
        if same(base, mine):
            return self._theirs(path, base, theirs)
        if not same(theirs, mine):
            self.conflicts.append(path)
        return theirs

    def _theirs(self, path: Path, base: Any, theirs: Any) -> Any:  # noqa: ANN401
        self._taken_from_theirs.append(Taken(path, base, theirs))
        return theirs

    def _mine(self, path: Path, base: Any, mine: Any) -> Any:  # noqa: ANN401
        self._taken_from_mine.append(Taken(path, base, mine))
        return mine

    def _members(self, base: Named, theirs: Named, mine: Named, path: Path) -> Named:
        sides = base, theirs, mine
        paths = {name: (path, name) for side in sides for name in side}
        groups = (PLACE, SIZE) if all(map(rectangle_of, sides)) else ()
        for name in (name for group in groups for name in group):
            paths.pop(name, None)
        joined = self._each(*sides, paths)
        for group in groups:
            joined |= self._together(group, *sides, path)
        order, _ = ordered(list(base), list(theirs), list(mine), joined)
        return {name: joined[name] for name in order}

    def _together(self, names: Iterable[str], base: Named, theirs: Named, mine: Named, path: Path) -> Named:
        """Join members that are one value, which is changed as a whole."""
        before, saved, sent = ({name: side[name] for name in names if name in side} for side in (base, theirs, mine))
        if before != saved != sent != before:
            self.conflicts.append(path)
        return sent if before == saved != sent else saved

    def _elements(self, found: Identified, path: Path) -> list[Any]:
        base, theirs, mine = found.arrays
        # The last side that has an element determines its index: `mine` only if the element is new.
        paths: dict[str, Path] = {
            name: (path, index) for side in (mine, base, theirs) for index, name in enumerate(side)
        }
        joined = self._each(base, theirs, mine, paths)
        if found.can_be_renamed:
            self.conflicts += [paths[name] for name in _renamed(base, theirs, mine)]
        order, is_disputed = ordered(list(base), list(theirs), list(mine), joined)
        if is_disputed:
            self.conflicts.append(path)
        return [joined[name] for name in order]

    def _texts(self, base: Sequence[str], theirs: Sequence[str], mine: Sequence[str], path: Path) -> list[str]:
        self._theirs(path, base, theirs)
        self._mine(path, base, mine)
        old, saved, sent = set(base), set(theirs), set(mine)
        kept = (saved & sent) | ((saved | sent) - old)
        order, _ = ordered(base, theirs, mine, kept)
        return order

    def _each(self, base: Named, theirs: Named, mine: Named, paths: Mapping[str, Path]) -> Named:
        joined = {}
        for name in dict.fromkeys([*theirs, *mine, *base]):
            if name not in paths:
                continue
            before, saved, sent = (side.get(name, MISSING) for side in (base, theirs, mine))
            value = self.join(before, saved, sent, paths[name])
            if value is not MISSING:
                joined[name] = value
        return joined

    def _unchanged(self, before: Any, after: Any) -> bool:  # noqa: ANN401
        """Whether a side is unchanged, the order of members included, because a new order is a change to carry over."""
        if before is after:
            return True
        known = self._alike.get((id(before), id(after)))
        if known is not None or before != after:
            return known or False
        return (isinstance(before, dict | list) and written(before) == written(after)) or self._are_alike(before, after)

    def _are_alike(self, before: Any, after: Any) -> bool:  # noqa: ANN401
        """Compare two values that `==` finds equal, and remember the result of everything inside for later levels."""
        if not isinstance(before, dict | list):
            return isinstance(before, bool) is isinstance(after, bool)
        # `inside` is a list, because later levels need all of it.
        if isinstance(before, dict):
            inside = [self._are_alike(value, after[name]) for name, value in before.items()]
            alike = all(inside) and list(before) == list(after)
        else:
            inside = [self._are_alike(*pair) for pair in zip(before, after, strict=True)]
            alike = all(inside)
        self._alike[id(before), id(after)] = alike
        return alike


def _renamed(base: Iterable[str], theirs: Iterable[str], mine: Iterable[str]) -> list[str]:
    """List the names that both sides removed while each alone added one at the same place."""
    kept = set(base) & set(theirs) & set(mine)
    new = (set(theirs) ^ set(mine)) - set(base)
    removed = runs(base, kept, set(base) - set(theirs) - set(mine))
    replaced = runs(theirs, kept, new).keys() & runs(mine, kept, new).keys()
    return [name for place, names in removed.items() if place in replaced for name in names]


def _are_text_sets(base: Any, theirs: Any, mine: Any) -> bool:  # noqa: ANN401
    """Whether three arrays are sets of texts, to which each side only added or from which each only removed."""
    if not all(isinstance(side, list) and all(isinstance(each, str) for each in side) for side in (base, theirs, mine)):
        return False
    if not base or any(len(set(side)) < len(side) for side in (base, theirs, mine)):
        return False
    old = set(base)
    return all(
        [text for text in side if text in old] == [text for text in base if text in set(side)]
        and (old <= set(side) or set(side) <= old)
        for side in (theirs, mine)
    )
