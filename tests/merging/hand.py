"""Somebody at a dashboard, and what they did."""

import random
from collections.abc import Iterable
from dataclasses import dataclass

from merging.grids import Grid, Json, Path, compact, push
from merging.style import Style


@dataclass(frozen=True)
class Edit:
    """`touched` names the tiles, filters or other parts that the person worked on."""

    said: str
    touched: frozenset[str]
    chosen: frozenset[Path] = frozenset()


@dataclass(frozen=True)
class Hand:
    """Somebody at a dashboard: its style, whether its grids compact, and the chance that decides."""

    style: Style
    compacts: bool
    chance: random.Random

    def settle(self, grid: Grid, come: Iterable[Json] = ()) -> None:
        """Let a grid react: what came or grew pushes; then everything moves up, if the grid compacts."""
        places = list(grid.places.values())
        for place in come:
            push(places, place)
        if self.compacts:
            compact(places)

    def save(self, document: Json) -> None:
        """Put a document in the form in which the front end saves it."""
        for tiles in self.style.sorted_arrays(document):
            tiles.sort(key=lambda tile: (tile["y"], tile["x"]))

    def grid(self, document: Json, tiles: int = 1) -> Grid | None:
        """Choose a grid with so many tiles."""
        grids = [grid for grid in self.style.grids(document) if len(grid.places) >= tiles]
        return self.chance.choice(grids) if grids else None

    def tile(self, document: Json) -> str | None:
        tiles = list(self.style.tiles(document))
        return self.chance.choice(tiles) if tiles else None
