"""Elements that a merge would have twice, and references to elements that it would no longer have."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from dashboard_store.documents.json_text import Path
from dashboard_store.documents.merging.identity import IDENTITIES, NAMES, by_identity, name_of


class _Missing:
    """Represents a member or an element that does not exist."""


MISSING: Final = _Missing()


class Taken(NamedTuple):
    """A change that was taken from a side because the other left the value as it was; before or after may be MISSING.

    The path has an element's index in `theirs`, or in the base if `theirs` deleted it, or in `mine` if it is new there.
    """

    path: Path
    before: Any
    after: Any


type _Identity = tuple[str, str]
"""A member of IDENTITIES and its value, as `name_of` writes it."""


class Edits(NamedTuple):
    """What a side did to identities and texts, each with the path of the topmost value that it removed or added.

    `removed` and `texts` are by text, `texts` with the member that holds it; `identities` are the added ones.
    """

    document: Any
    removed: dict[str, Path]
    texts: dict[str, list[tuple[Path, str | None]]]
    identities: dict[_Identity, Path]


def edits(document: Any, changes: Iterable[Taken], *, is_saved: bool) -> Edits:  # noqa: ANN401 - any JSON value
    """Collect what a side's changes did; `is_saved` says that it is `theirs`."""
    found = Edits(document, {}, {}, {})
    borne: set[str] = set()
    for path, before, after in (each for change in changes for each in _smallest(change, is_saved=is_saved)):
        # Most changes are of other values than these, which neither identify anything nor refer to it.
        if not (isinstance(before, dict | list | str) or isinstance(after, dict | list | str) or _is_identity(path)):
            continue
        old, new = list(_inside(before, path)), list(_inside(after, path))
        borne.update(_names(new))
        for text in _names(old):
            found.removed.setdefault(text, path)
        before_texts = {text for _, text in _texts(old)}
        for member, text in _texts(new):
            if text not in before_texts:
                found.texts.setdefault(text, []).append((path, member))
        for identity in set(_identities(new)).difference(_identities(old)):
            found.identities.setdefault(identity, path)
    for text in found.removed.keys() & borne:
        del found.removed[text]
    return found


def doubled(theirs: Edits, mine: Edits, outcome: Any) -> Iterator[Path]:  # noqa: ANN401
    """Yield the two places of each element that stands once on each side and twice in the outcome: both moved it."""
    both = theirs.identities.keys() & mine.identities.keys()
    if both:
        once, also_once, together = (
            Counter(_identities(_inside(document, None))) for document in (theirs.document, mine.document, outcome)
        )
        for identity in sorted(both):
            if once[identity] == also_once[identity] == 1 < together[identity]:
                yield theirs.identities[identity]
                yield mine.identities[identity]


def dangling(remover: Edits, adder: Edits, outcome: Any) -> Iterator[Path]:  # noqa: ANN401
    """Yield the places of each element that one side removed and of the references to it that the other added.

    A text counts as a reference if nothing in the outcome bears it as its identity, the side that removed the element
    kept no such text, and the side that added it has only identities under the member that holds it. A text that was
    kept as a word does not count: under a member that holds other texts that identify nothing. An identity is the value
    of a member of IDENTITIES, or in an element without these, of NAMES; or the name of a member whose value is an
    object.
    """
    found = remover.removed.keys() & adder.texts.keys()
    if not found:
        return
    found -= set(_names(_inside(outcome, None)))
    kept, added = _words(remover.document), _words(adder.document)
    for member, text in _texts(_inside(remover.document, None)):
        if kept[member] <= {text}:
            found.discard(text)
    for text in sorted(found):
        for path, member in adder.texts[text]:
            if not added[member]:
                yield remover.removed[text]
                yield path


def _words(document: Any) -> Mapping[str | None, set[str]]:  # noqa: ANN401
    """Return the texts under each member that identify nothing in a document."""
    inside = list(_inside(document, None))
    known, words = set(_names(inside)), defaultdict[str | None, set[str]](set)
    for member, text in _texts(inside):
        if text not in known:
            words[member].add(text)
    return words


def _smallest(change: Taken, *, is_saved: bool) -> Iterator[Taken]:
    """Yield the topmost values inside a change that were added, removed or replaced."""
    path, before, after = change
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        parts = {name: name for name in (*before, *after)}
    elif found := by_identity(before, after):
        before, after = found.arrays
        # The last side that has an element determines its index: the base's before `mine`, but not before `theirs`.
        sides = (before, after) if is_saved else (after, before)
        parts = {name: index for side in sides for index, name in enumerate(side)}
    else:
        yield change
        return
    for name, token in parts.items():
        part = Taken((path, token), before.get(name, MISSING), after.get(name, MISSING))
        yield from _smallest(part, is_saved=is_saved)


def _is_identity(path: Path) -> bool:
    return path is not None and path[1] in IDENTITIES


class _Held(NamedTuple):
    """A value, the nearest member that holds it, and whether that is directly its own and identifies an object."""

    value: Any
    member: str | None
    is_member: bool
    is_identity: bool = False


def _inside(value: Any, path: Path) -> Iterator[_Held]:  # noqa: ANN401
    """Yield a value and everything inside it."""
    is_member, member = path is None or isinstance(path[1], str), None
    while path and member is None:
        path, token = path
        member = token if isinstance(token, str) else None
    open_values = [_Held(value, member, is_member)]
    while open_values:
        value, member, is_member, _ = each = open_values.pop()
        yield each
        if isinstance(value, dict):
            # An element without an id is named by what identifies it in its array.
            naming = IDENTITIES if is_member or not value.keys().isdisjoint(IDENTITIES) else NAMES
            open_values += [
                _Held(inner, name, is_member=True, is_identity=name in naming) for name, inner in value.items()
            ]
        elif isinstance(value, list):
            open_values += [_Held(inner, member, is_member=False) for inner in value]


def _names(values: Iterable[_Held]) -> Iterator[str]:
    """Yield the texts that identify an object: the value of what identifies it, and the name of its own member."""
    for value, member, is_member, is_identity in values:
        if is_member and member is not None and isinstance(value, dict):
            yield member
        elif is_identity and isinstance(value, str):
            yield value


def _identities(values: Iterable[_Held]) -> Iterator[_Identity]:
    for value, member, is_member, _ in values:
        if is_member and member in IDENTITIES and (name := name_of(value)) is not None:
            yield member, name


def _texts(values: Iterable[_Held]) -> Iterator[tuple[str | None, str]]:
    """Yield each text other than identities, after the member that holds it."""
    for value, member, _, is_identity in values:
        if isinstance(value, str) and not is_identity:
            yield member, value
