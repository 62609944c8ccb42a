"""Pairs of edits of one dashboard: a base, and what two people made of it at the same time."""

import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from merging.edits import edit
from merging.grids import Json, Path
from merging.hand import Edit, Hand
from merging.styles import STYLES


@dataclass(frozen=True)
class Side:
    """What one person made of the base."""

    document: Json
    edits: Sequence[Edit]

    @property
    def chosen(self) -> frozenset[Path]:
        """The placements of the tiles that the person dragged."""
        return frozenset(path for edit in self.edits for path in edit.chosen)

    @property
    def touched(self) -> frozenset[str]:
        return frozenset(part for edit in self.edits for part in edit.touched)


@dataclass(frozen=True)
class Pair:
    style: str
    base: Json
    theirs: Side
    mine: Side


def pair(seed: int, number: int) -> Pair:
    """Make a pair; the same seed and number make the same pair on every machine."""
    chance = random.Random(f"{seed}-{number}")  # noqa: S311 - it has to be reproducible, not secret
    style = STYLES[number % len(STYLES)]
    hand = Hand(style, chance.choice(style.compacts), chance)
    base = style.new(_count(chance), chance)
    for grid in style.grids(base):
        hand.settle(grid)
    hand.save(base)
    undone: list[Edit] = []
    start = base
    if chance.random() < 0.08:
        start = base
        base = copy.deepcopy(base)
        undone = [edit(base, hand)]
        hand.save(base)
    theirs = _side(base, [], hand)
    mine = _side(start, [Edit(f"undid: {each.said}", each.touched, each.chosen) for each in undone], hand)
    sides = [theirs, mine]
    chance.shuffle(sides)
    return Pair(style.name, base, *sides)


def _count(chance: random.Random) -> int:
    """Choose from 2 to about 60 tiles; most dashboards are small."""
    return 2 + min(int(chance.expovariate(1 / 11)), 58)


def _side(start: Json, done: Sequence[Edit], hand: Hand) -> Side:
    document = copy.deepcopy(start)
    # Undoing is an edit, so nothing else has to follow.
    (count,) = hand.chance.choices([0, 1, 2, 3] if done else [1, 2, 3], [6, 3, 2, 1] if done else [6, 3, 2])
    edits = [*done, *(edit(document, hand) for _ in range(count))]
    hand.save(document)
    if hand.chance.random() < 0.03:
        document = _as_floats(document, is_place=False)
    return Side(document, edits)


def _as_floats(value: Any, *, is_place: bool) -> Any:
    if isinstance(value, dict):
        return {name: _as_floats(inner, is_place=name in {"x", "y", "w", "h"}) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_floats(inner, is_place=False) for inner in value]
    return float(value) if is_place else value
