"""Count the outcomes of merges, and keep the smallest example of each kind of fault."""

import json
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from merging.checker import KINDS, Fault, Judge
from merging.mergers import Answer, Merger
from merging.pairs import pair


@dataclass(frozen=True)
class Example:
    """A fault, and the number of the pair that shows it."""

    bytes: int
    number: int
    fault: Fault


@dataclass
class Tally:
    """`counts` has the pairs by their outcome: `right`, `wrong`, `conflict`, and each kind of fault."""

    pairs: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Example] = field(default_factory=dict)
    microseconds: array[float] = field(default_factory=lambda: array("f"))

    def add(self, number: int, size: int, answer: Answer, faults: Iterable[Fault], *, is_apart: bool) -> None:
        """Count one pair; `is_apart` if its sides touched different things."""
        self.pairs += 1
        self.microseconds.append(answer.microseconds)
        kinds: dict[str, Fault] = {}
        for fault in faults:
            kinds.setdefault(fault.kind, fault)
        if answer.forward.conflicts:
            self.counts["conflict"] += 1
            self.counts["conflict apart"] += is_apart
        else:
            self.counts["wrong" if not kinds.keys().isdisjoint(KINDS) else "right"] += 1
        for kind, fault in kinds.items():
            self.counts[kind] += 1
            self._keep(kind, Example(size, number, fault))

    def join(self, other: "Tally") -> None:
        self.pairs += other.pairs
        self.counts += other.counts
        self.microseconds += other.microseconds
        for kind, example in other.examples.items():
            self._keep(kind, example)

    def median(self) -> float:
        return median(self.microseconds)

    def _keep(self, kind: str, example: Example) -> None:
        kept = self.examples.get(kind)
        if kept is None or (example.bytes, example.number) < (kept.bytes, kept.number):
            self.examples[kind] = example


def tallied(seed: int, numbers: Iterable[int], merger: Merger) -> Tally:
    """Merge the pairs with these numbers and judge the outcomes."""
    tally = Tally()
    for number in numbers:
        made = pair(seed, number)
        documents = (made.base, made.theirs.document, made.mine.document)
        answer = merger(*documents)
        faults = Judge(made).faults(answer.forward, answer.backward)
        is_apart = not made.theirs.touched & made.mine.touched
        tally.add(number, sum(len(json.dumps(each)) for each in documents), answer, faults, is_apart=is_apart)
    return tally
