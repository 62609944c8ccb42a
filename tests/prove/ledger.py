"""What was sent for one document and what was answered, to be held against the history that is found afterwards."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

type Effect = Callable[[Any], Any]
"""What a save makes of the document before it, which is None before the first one."""


@dataclass
class Ledger:
    """The effects of all saves: of answered ones by the version in the answer, and of those that got no answer."""

    answered: dict[int, Effect] = field(default_factory=dict)
    unanswered: list[Effect] = field(default_factory=list)

    def answer(self, version: int, effect: Effect) -> None:
        """Note an answer; the same version for two saves is what must never be."""
        assert version not in self.answered, f"two saves were answered with version {version}"
        self.answered[version] = effect

    def faults(self, history: Mapping[int, Any]) -> Iterator[str]:
        """Say what is wrong with the documents found, by their version.

        The versions have no gap and reach the last answered one. Each is what an answered save made of the version
        before it, or what one that got no answer made of it, wholly, and none of these twice.
        """
        last = max([*self.answered, 0])
        if sorted(history) != list(range(min(history, default=1), max([*history, last]) + 1)):
            yield f"{sorted(history)} have a gap or end before version {last}"
        left = list(self.unanswered)
        for version in sorted(history):
            before, found = history.get(version - 1), history[version]
            if version in self.answered:
                if self.answered[version](before) != found:
                    yield f"version {version} is not what was answered"
            elif made := next((effect for effect in left if effect(before) == found), None):
                left.remove(made)
            else:
                yield f"version {version} was sent by nobody"
