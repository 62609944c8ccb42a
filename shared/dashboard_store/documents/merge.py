"""Merging documents, as functions of values.

Theory of operation
===================

`merge_patch` applies the changes of one side (RFC 7396). `merge` combines the changes that two sides made to their
common base, value by value from the root:

1. A value that one side left unchanged is taken from the other side.
2. Objects are merged member by member.
3. Arrays are merged element by element if every element of all three is an object with a unique identity: an `id`, or
   an `i` as in react-grid-layout. Any other array is a single value, like a string.
4. A value that both sides changed differently is a conflict. So is an edit of a value that the other side deleted, and
   an array whose order both sides changed differently. Nothing is dropped silently.

Order (`_ordered`) is merged separately from the values. The names from the base keep the order of the side that changed
it; they are the skeleton. Each side's new names form runs, each of which follows the old name that it was put after.
Where both sides put a run after the same name, the two runs alternate in the order of their names (`_alternated`), so
that the result does not depend on which side is merged first. The order of an object's members follows the same rule,
but is never a conflict.

Comparisons dominate the cost. `_unchanged` compares written texts, which is fast and respects the order of members;
`same` compares values, and is called only if both sides differ from the base.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dashboard_store.documents.json_text import Path, compact, pointer

IDENTITIES: Final = ("id", "i")


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
    conflicts: tuple[str, ...]


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
    return Merged(document, tuple(pointer(path) for path in merger.conflicts))


def same(one: Any, other: Any) -> bool:  # noqa: ANN401
    """Whether two JSON values are equal: members in any order; true is not 1, and 1 is not 1.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    # Zero has two signs, which `==` ignores.
    return bool(one == other) and repr(one) == repr(other)


class _Merger:
    """A single merge, which collects the paths of its conflicts."""

    def __init__(self) -> None:
        self.conflicts: list[Path] = []

    def join(self, base: Any, theirs: Any, mine: Any, path: Path) -> Any:  # noqa: ANN401
        if _unchanged(base, mine) or _unchanged(theirs, mine):
            return theirs
        if _unchanged(base, theirs):
            return mine
        if isinstance(base, dict) and isinstance(theirs, dict) and isinstance(mine, dict):
            return self._members(base, theirs, mine, path)
        named = _by_identity(base, theirs, mine)
        if named:
            return self._elements(*named, path)
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

    def _elements(self, base: Named, theirs: Named, mine: Named, path: Path) -> list[Any]:
        # The last side that has an element determines its index: `mine` only if the element is new.
        paths: dict[str, Path] = {
            name: (path, index) for side in (mine, base, theirs) for index, name in enumerate(side)
        }
        joined = self._each(base, theirs, mine, paths)
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


def _unchanged(before: Any, after: Any) -> bool:  # noqa: ANN401
    """Whether a side is unchanged, the order of members included, because a new order is a change to carry over."""
    if before is MISSING or after is MISSING:
        return before is after
    return compact(before) == compact(after)


def _by_identity(base: Any, theirs: Any, mine: Any) -> tuple[Named, Named, Named] | None:  # noqa: ANN401
    """Index the elements of three arrays by an identity that all of them have; None without such an identity."""
    for identity in IDENTITIES:
        named = _identified(base, identity), _identified(theirs, identity), _identified(mine, identity)
        if named[0] is not None and named[1] is not None and named[2] is not None:
            return named[0], named[1], named[2]
    return None


def _identified(value: Any, identity: str) -> Named | None:  # noqa: ANN401
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        return None
    names = [element.get(identity) for element in value]
    if not all(isinstance(name, str | int) and not isinstance(name, bool) for name in names):
        return None
    # The number 1 and the text "1" are different names.
    named = {compact(name): element for name, element in zip(names, value, strict=True)}
    return named if len(named) == len(value) else None


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
    theirs_moved = in_theirs != old
    mine_moved = in_mine != [name for name in old if name in set(in_mine)]
    skeleton = in_mine if mine_moved and not theirs_moved else in_theirs
    skeleton = [*skeleton, *(name for name in old if name not in set(skeleton))]
    order = list(_with_new(skeleton, _runs(theirs, known, kept), _runs(mine, known, kept)))
    return order, theirs_moved and mine_moved and in_theirs != in_mine


def _runs(side: Sequence[str], known: set[str], kept: Mapping[str, Any]) -> dict[str | None, list[str]]:
    """Group a side's new names by the old name that they follow, None for the beginning."""
    runs: dict[str | None, list[str]] = {}
    behind: str | None = None
    for name in side:
        if name in known:
            behind = name
        elif name in kept:
            runs.setdefault(behind, []).append(name)
    return runs


def _with_new(
    skeleton: Sequence[str], theirs: Mapping[str | None, list[str]], mine: Mapping[str | None, list[str]]
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
