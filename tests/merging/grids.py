"""Grids of tiles, as front ends keep them: what is pushed down when a tile comes, and what moves up when one leaves.

Positions and sizes count columns and rows. Everything here changes the placements that it receives.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

type Json = dict[str, Any]
type Path = tuple[str, ...]
"""The way to a value: the names of members, and `id=c1` for the element of an array that has this identity."""


@dataclass(frozen=True)
class Grid:
    """The placements of the tiles of one grid, by tile, and where a tile's placement is in the document."""

    columns: int
    places: Mapping[str, Json]
    before: Path
    after: Path = ()
    identity: str = ""

    def path(self, tile: str) -> Path:
        return (*self.before, f"{self.identity}{tile}", *self.after)


def width(place: Json) -> float:
    """GridStack leaves out a width or height of 1."""
    return float(place.get("w", 1))


def height(place: Json) -> float:
    return float(place.get("h", 1))


def bottom(places: Iterable[Json]) -> int:
    return max((int(place["y"] + height(place)) for place in places), default=0)


def push(places: Sequence[Json], come: Json) -> None:
    """Move down what a tile that came, moved or grew lies on, and what that lies on in turn."""
    pushing = [come]
    for above in pushing:
        for place in places:
            if place is not above and place is not come and _overlap(above, place):
                place["y"] = above["y"] + int(height(above))
                pushing.append(place)


def compact(places: Iterable[Json]) -> None:
    """Move every tile up until it meets another, from the top down, as react-grid-layout's vertical compaction does."""
    settled: list[Json] = []
    for place in sorted(places, key=lambda place: (place["y"], place["x"])):
        above = [other for other in settled if _share_columns(place, other)]
        place["y"] = bottom(above)
        settled.append(place)


def _overlap(one: Json, other: Json) -> bool:
    return _share_columns(one, other) and one["y"] < other["y"] + height(other) and other["y"] < one["y"] + height(one)


def _share_columns(one: Json, other: Json) -> bool:
    return bool(one["x"] < other["x"] + width(other) and other["x"] < one["x"] + width(one))
