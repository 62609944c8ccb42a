"""A record of the saves of one document and their answers, to compare with the history found afterwards."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

type Effect = Callable[[Any], Any]
"""Maps the document before a save to the one after it; before the first save, it is None."""


@dataclass
class Ledger:
    """The effects of all saves: answered ones by the version in the answer, and unanswered ones."""

    answered: dict[int, Effect] = field(default_factory=dict)
    unanswered: list[Effect] = field(default_factory=list)

    def answer(self, version: int, effect: Effect) -> None:
        """Record an answer. No two saves may be answered with the same version."""
        assert version not in self.answered, f"two saves were answered with version {version}"
        self.answered[version] = effect

    def faults(self, history: Mapping[int, Any]) -> Iterator[str]:
        """Report what is wrong with the documents found, given by version.

        The versions must have no gap and reach the last answered one. Each must be what an answered save made of the
        version before it, or the whole result of an unanswered save; no unanswered save may appear twice.
        """
        last = max([*self.answered, 0])
        if sorted(history) != list(range(min(history, default=1), max([*history, last]) + 1)):
            yield f"versions {sorted(history)} have a gap or end before version {last}"
        left = list(self.unanswered)
        for version in sorted(history):
            before, found = history.get(version - 1), history[version]
            if version in self.answered:
                if self.answered[version](before) != found:
                    yield f"version {version} differs from the answered save"
            elif made := next((effect for effect in left if effect(before) == found), None):
                left.remove(made)
            else:
                yield f"version {version} matches no save that was sent"
