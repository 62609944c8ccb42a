"""What identifies the elements of arrays, so that they can be merged one by one."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from dashboard_store.documents.json_text import compact

IDENTITIES: Final = ("id", "i", "uid")
NAMES: Final = ("key", "refId", "name")
"""Members that identify elements as long as nobody edits them; they count only where no element has an identity."""

type Named = dict[str, Any]
"""An object's members by name, or an array's elements by identity, in their order."""


class Identified(NamedTuple):
    """Arrays by identity, and the member that holds it."""

    member: str
    arrays: Sequence[Named]

    @property
    def can_be_renamed(self) -> bool:
        return self.member in NAMES


def by_identity(*arrays: Any) -> Identified | None:  # noqa: ANN401 - any JSON value
    """Index the elements of arrays by an identity that all of them have; None without such an identity.

    It is the first of IDENTITIES, or where no element has any, of NAMES, that every element has, with a value of its
    own in its array.
    """
    if not all(isinstance(array, list) and all(isinstance(element, dict) for element in array) for array in arrays):
        return None
    has_identity = any(not element.keys().isdisjoint(IDENTITIES) for array in arrays for element in array)
    for member in IDENTITIES if has_identity else NAMES:
        found = [_indexed(array, member) for array in arrays]
        if all(index is not None for index in found):
            return Identified(member, [index for index in found if index is not None])
    return None


def identified(array: Sequence[Named], member: str) -> Named:
    """Index the elements of an array by a member that identifies them."""
    return {name: element for element in array if (name := name_of(element.get(member))) is not None}


def name_of(value: Any) -> str | None:  # noqa: ANN401
    """Write an identity so that the number 1 is 1.0, but not the text "1"; None if the value identifies nothing."""
    if isinstance(value, float) and value.is_integer():
        return compact(int(value))
    return compact(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _indexed(array: Sequence[Named], member: str) -> Named | None:
    index = identified(array, member)
    return index if len(index) == len(array) else None
