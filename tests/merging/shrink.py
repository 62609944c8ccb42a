"""Make an example smaller: take out of all three documents what the fault does not need."""

import copy
from dataclasses import replace
from typing import Any, Final

from merging.checker import Fault, Judge
from merging.grids import Path
from merging.leaves import IDENTITIES, index_of, leaves
from merging.mergers import Answer, Merger
from merging.pairs import Pair

_KEPT: Final = frozenset({*IDENTITIES, "x", "y", "w", "h"})


def shrunk(made: Pair, kind: str, merger: Merger) -> tuple[Pair, Fault, Answer]:
    """Return the smallest pair found that shows a kind of fault, with the fault and the answer."""
    found = _shown(made, kind, merger)
    if not found:
        raise AssertionError(f"A merger showed {kind} once, and not again.")
    size = None
    while size != (size := len(_paths(made))):
        for path in _paths(made):
            smaller = _without(made, path)
            shown = _shown(smaller, kind, merger) if smaller else None
            if smaller and shown:
                made, found = smaller, shown
    return made, *found


def _shown(made: Pair, kind: str, merger: Merger) -> tuple[Fault, Answer] | None:
    answer = merger(*copy.deepcopy((made.base, made.theirs.document, made.mine.document)))
    faults = Judge(made).faults(answer.forward, answer.backward)
    return next(((fault, answer) for fault in faults if fault.kind == kind), None)


def _paths(made: Pair) -> list[Path]:
    """Return the ways to everything in the three documents, the larger parts first."""
    documents = (made.base, made.theirs.document, made.mine.document)
    paths = dict.fromkeys(path for document in documents for path in leaves(document).values)
    return sorted((path for path in paths if path and path[-1] not in _KEPT), key=len)


def _without(made: Pair, path: Path) -> Pair | None:
    """Take a member or an element out of every document that has it; None if no document has."""
    base, theirs, mine = copy.deepcopy((made.base, made.theirs.document, made.mine.document))
    if not any([_remove(document, path) for document in (base, theirs, mine)]):  # noqa: C419 - all of them
        return None
    return Pair(made.style, base, replace(made.theirs, document=theirs), replace(made.mine, document=mine))


def _remove(document: Any, path: Path) -> bool:
    for step in path[:-1]:
        key = _key(document, step)
        if key is None:
            return False
        document = document[key]
    key = _key(document, path[-1])
    if key is None:
        return False
    del document[key]
    return True


def _key(holder: Any, step: str) -> str | int | None:
    if isinstance(holder, list):
        return index_of(holder, step)
    return step if isinstance(holder, dict) and step in holder else None
