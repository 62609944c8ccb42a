"""What a style of dashboards tells about its documents."""

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence

from merging.grids import Grid, Json


class Style(ABC):
    """Where a kind of dashboard keeps its tiles. `name` is what results call it."""

    name: str
    compacts: Sequence[bool] = (True, False)
    """Whether tiles move up into free space; one is chosen for each dashboard."""

    @abstractmethod
    def new(self, count: int, chance: random.Random) -> Json:
        """Make a valid dashboard with so many tiles."""

    @abstractmethod
    def tiles(self, document: Json) -> dict[str, Json]:
        """Return what has a title and `options`, by the tile's name."""

    @abstractmethod
    def grids(self, document: Json) -> list[Grid]:
        """Return the grids, without hidden tiles."""

    @abstractmethod
    def add(self, document: Json, grid: Grid, chance: random.Random, place: Json) -> list[tuple[Grid, str]]:
        """Add a tile at a place of one grid, and in every other grid that shows the same tiles at the bottom."""

    @abstractmethod
    def remove(self, document: Json, tile: str) -> None:
        """Remove a tile from everywhere but references."""

    def sorted_arrays(self, _document: Json) -> list[list[Json]]:
        """Return the arrays that the front end saves in the order of their tiles' places."""
        return []

    def named(self, document: Json) -> list[str]:
        """Return the tiles that filters may name."""
        return list(self.tiles(document))

    def arrays(self, document: Json) -> list[tuple[str, list[Json]]]:
        """Return the arrays whose order people change, with their names."""
        return [("filters", document["filters"])]
