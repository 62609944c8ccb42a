"""Merging documents, as functions of values.

Theory of operation
===================

`merge_patch` applies the changes of one side (RFC 7396). `merge` combines the changes that two sides made to their
common base, value by value from the root:

1. A value that one side left unchanged is taken from the other side.
2. Objects are merged member by member.
3. Arrays are merged element by element if all elements of all three are objects that can be identified: by the first
   of `id`, `i` and `uid` that every element has, with a value of its own in its array; or, if no element has any of
   these three, by the first of `key`, `refId` and `name` in the same way. The value is a text or an integer. Any other
   array is a single value, like a string.
4. A value that both sides changed differently is a conflict. So is an edit of a value that the other side deleted, and
   an array whose order both sides changed differently. Nothing is dropped silently.
5. `key`, `refId` and `name` are edited like other members, which replaces an element by one with another identity
   (`_renamed`). The place of an element is directly after the last element before it that is in all three arrays, or
   the beginning. An element that both sides removed is a conflict if each side alone added one at its place.

Values are compared as JSON: the order of members is ignored, except that a new order is a change to carry over, and
equal numbers are one value, because a client in JavaScript writes 6.0 as 6. Where they are written differently, the
result has the text of one side.

Order (`_ordered`) is merged separately from the values. The names from the base keep the order of the side that changed
it; they are the skeleton. Each side's new names form runs, each of which follows the old name that it was put after.
Where both sides put a run after the same name, the two runs alternate in the order of their names (`_alternated`), so
that the result does not depend on which side is merged first. The order of an object's members follows the same rule,
but is never a conflict.

Comparisons dominate the cost. Python's `==` is fast, but ignores the order of members and takes true for 1. Only what
it finds equal is compared further: by its written texts, which are nearly always the same, or else value by value, once
for all levels. Everything else is linear in the size of the documents: `==` alone may read a value again at each level
of nesting, of which there are at most as many as a document may have.
"""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from dashboard_store.documents.excerpts import Written
from dashboard_store.documents.json_text import Path, compact, pointer

IDENTITIES: Final = ("id", "i", "uid")
NAMES: Final = ("key", "refId", "name")
"""Members that identify elements as long as nobody edits them; they count only where no element has an identity."""


type Named = dict[str, Any]
"""An object's members by name, or an array's elements by identity."""


class _Missing:
    """Represents a member or an element that does not exist."""


MISSING: Final = _Missing()


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged document, and the RFC 6901 pointers of its conflicts, where it has the value of `theirs`.

    An array element is identified by its index in `theirs`, or in the base if `theirs` deleted it.
    """

    document: Any
    conflicts: Sequence[str]


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
    merger = _Merger()
    document = merger.join(base, theirs, mine, None)
    return Merged(document, Written(pointer, merger.conflicts))


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
    """A single merge, which collects the paths of its conflicts."""

    def __init__(self) -> None:
        self.conflicts: list[Path] = []
        # Whether two objects or arrays that `==` finds equal are the same in everything, by their ids.
        self._alike: dict[tuple[int, int], bool] = {}

    def join(self, base: Any, theirs: Any, mine: Any, path: Path) -> Any:  # noqa: ANN401
        if self._unchanged(base, mine) or self._unchanged(theirs, mine):
            return theirs
        if self._unchanged(base, theirs):
            return mine
        if isinstance(base, dict) and isinstance(theirs, dict) and isinstance(mine, dict):
            return self._members(base, theirs, mine, path)
        arrays = _by_identity(base, theirs, mine)
        if arrays:
            return self._elements(arrays, path)
        if same(base, theirs):
            # `theirs` changed only the order of members.
            return mine
        if not same(base, mine) and not same(theirs, mine):
            self.conflicts.append(path)
        return theirs

    def _members(self, base: Named, theirs: Named, mine: Named, path: Path) -> dict[str, Any]:
        joined = self._each(base, theirs, mine, {name: (path, name) for side in (base, theirs, mine) for name in side})
        order, _ = _ordered(list(base), list(theirs), list(mine), joined)
        return {name: joined[name] for name in order}

    def _elements(self, arrays: "_Arrays", path: Path) -> list[Any]:
        base, theirs, mine, can_be_renamed = arrays
        # The last side that has an element determines its index: `mine` only if the element is new.
        paths: dict[str, Path] = {
            name: (path, index) for side in (mine, base, theirs) for index, name in enumerate(side)
        }
        joined = self._each(base, theirs, mine, paths)
        if can_be_renamed:
            self.conflicts += [paths[name] for name in _renamed(base, theirs, mine)]
        order, is_disputed = _ordered(list(base), list(theirs), list(mine), joined)
        if is_disputed:
            self.conflicts.append(path)
        return [joined[name] for name in order]

    def _each(self, base: Named, theirs: Named, mine: Named, paths: Mapping[str, Path]) -> Named:
        joined = {}
        for name in dict.fromkeys([*theirs, *mine, *base]):
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
        return (isinstance(before, dict | list) and compact(before) == compact(after)) or self._are_alike(before, after)

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


class _Arrays(NamedTuple):
    """Three arrays whose elements are identified; if by one of NAMES, they can be renamed."""

    base: Named
    theirs: Named
    mine: Named
    can_be_renamed: bool


def _by_identity(base: Any, theirs: Any, mine: Any) -> _Arrays | None:  # noqa: ANN401
    """Index the elements of three arrays by an identity that all of them have; None without such an identity."""
    sides = (base, theirs, mine)
    if not all(isinstance(side, list) and all(isinstance(element, dict) for element in side) for side in sides):
        return None
    has_identity = any(not element.keys().isdisjoint(IDENTITIES) for side in sides for element in side)
    for identity in IDENTITIES if has_identity else NAMES:
        before, saved, sent = (_identified(side, identity) for side in sides)
        if before is not None and saved is not None and sent is not None:
            return _Arrays(before, saved, sent, can_be_renamed=not has_identity)
    return None


def _identified(elements: Sequence[Named], identity: str) -> Named | None:
    named = {name: element for element in elements if (name := _name(element.get(identity))) is not None}
    return named if len(named) == len(elements) else None


def _name(value: Any) -> str | None:  # noqa: ANN401
    """Write an identity so that the number 1 is 1.0, but not the text "1"; None if the value identifies nothing."""
    if isinstance(value, float) and value.is_integer():
        return compact(int(value))
    return compact(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _renamed(base: Iterable[str], theirs: Iterable[str], mine: Iterable[str]) -> list[str]:
    """List the names that both sides removed while each alone added one at the same place."""
    kept = set(base) & set(theirs) & set(mine)
    new = (set(theirs) ^ set(mine)) - set(base)
    removed = _runs(base, kept, set(base) - set(theirs) - set(mine))
    replaced = _runs(theirs, kept, new).keys() & _runs(mine, kept, new).keys()
    return [name for place, names in removed.items() if place in replaced for name in names]


def _ordered(
    base: Sequence[str], theirs: Sequence[str], mine: Sequence[str], kept: Mapping[str, Any]
) -> tuple[list[str], bool]:
    """Order the kept names; return them and whether both sides changed the order differently (`theirs` wins)."""
    old = [name for name in base if name in kept]
    known = set(old)
    # Nothing that `theirs` deleted is kept. What `mine` deleted may be kept because of a conflict; `mine` then has no
    # place for it.
    in_theirs = [name for name in theirs if name in known]
    in_mine = [name for name in mine if name in known]
    mine_has, theirs_moved = set(in_mine), in_theirs != old
    mine_moved = in_mine != [name for name in old if name in mine_has]
    skeleton = dict.fromkeys(in_mine if mine_moved and not theirs_moved else in_theirs) | dict.fromkeys(old)
    order = list(_with_new(skeleton, _runs(theirs, known, kept), _runs(mine, known, kept)))
    return order, theirs_moved and mine_moved and in_theirs != in_mine


def _runs(side: Iterable[str], known: Container[str], wanted: Container[str]) -> dict[str | None, list[str]]:
    """Group the wanted names of a side by the known name that they follow, None for the beginning."""
    runs: dict[str | None, list[str]] = {}
    behind: str | None = None
    for name in side:
        if name in known:
            behind = name
        elif name in wanted:
            runs.setdefault(behind, []).append(name)
    return runs


def _with_new(
    skeleton: Iterable[str], theirs: Mapping[str | None, list[str]], mine: Mapping[str | None, list[str]]
) -> Iterator[str]:
    given: set[str] = set()
    for name in (None, *skeleton):
        if name is not None:
            yield name
        for new in _alternated(theirs.get(name, []), mine.get(name, [])):
            if new not in given:
                given.add(new)
                yield new


def _alternated(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """Alternate two runs, each in its own order, whichever comes first; a shared name waits for its turn in both."""
    left, right = deque(one), deque(other)
    shared = set(one) & set(other)
    joined: dict[str, None] = {}
    while left and right:
        run = min(left, right, key=lambda run: (run[0] in shared and left[0] != right[0], run[0]))
        joined[run[0]] = None
        for run in (left, right):
            while run and run[0] in joined:
                run.popleft()
    return [*joined, *left, *right]
