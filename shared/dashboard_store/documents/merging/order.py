"""The order of a merge's outcome, which is merged separately from the values.

The names from the base keep the order of the side that changed it; they are the skeleton. Each side's new names form
runs, each of which follows the old name that it was put after. Where both sides put a run after the same name, the two
runs alternate in the order of their names, so that the result does not depend on which side is merged first.
"""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence


def ordered(
    base: Sequence[str], theirs: Sequence[str], mine: Sequence[str], kept: Container[str]
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
    order = list(_with_new(skeleton, runs(theirs, known, kept), runs(mine, known, kept)))
    return order, theirs_moved and mine_moved and in_theirs != in_mine


def runs(side: Iterable[str], known: Container[str], wanted: Container[str]) -> dict[str | None, list[str]]:
    """Group the wanted names of a side by the known name that they follow, None for the beginning."""
    found: dict[str | None, list[str]] = {}
    behind: str | None = None
    for name in side:
        if name in known:
            behind = name
        elif name in wanted:
            found.setdefault(behind, []).append(name)
    return found


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
