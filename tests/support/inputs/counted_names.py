"""Names that count how often they are looked up, compared or indexed: the work that comparing documents makes."""

from typing import ClassVar


class CountedName(str):
    """A text that counts its hashes and comparisons, for all names together."""

    __slots__ = ()
    uses: ClassVar[int] = 0

    def __hash__(self) -> int:
        CountedName.uses += 1
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        CountedName.uses += 1
        return super().__eq__(other)


def counted_names(count: int) -> list[str]:
    """Make this many names, and start counting from zero."""
    names: list[str] = [CountedName(number) for number in range(count)]
    CountedName.uses = 0
    return names
