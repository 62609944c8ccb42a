"""The columns of a grid, of any number and width, in O(log n) for n different edges."""

from collections.abc import Iterable
from typing import Final

type Interval = tuple[float, float]
"""The left and the right edge of what stands in a grid, in its unit."""

TOLERANCE: Final = 1e-6
"""By how much, in the grid's unit, two placements may meet without overlapping: grids in percent have thirds."""

_NONE: Final = float("-inf")


class ColumnTree:
    """The greatest value that was put into any column: a segment tree over all edges.

    An interval is narrower by half the tolerance at each end, so that what only meets shares no column.
    """

    def __init__(self, intervals: Iterable[Interval]) -> None:
        edges = sorted({edge for each in intervals for edge in _narrowed(each)})
        self._index = {edge: number for number, edge in enumerate(edges)}
        self._count = max(1, len(edges))
        # Of each node: the greatest value put into all of its columns, and into any of them.
        self._all = [_NONE] * (2 * self._count)
        self._any = [_NONE] * (2 * self._count)

    def put(self, interval: Interval, value: float) -> None:
        """Put a value into the columns of one of the tree's intervals."""
        left, right = self._range(interval)
        ends = (left, right - 1) if left < right else ()
        in_all, in_any = self._all, self._any
        while left < right:
            if left & 1:
                in_all[left] = max(in_all[left], value)
                in_any[left] = max(in_any[left], value)
                left += 1
            if right & 1:
                right -= 1
                in_all[right] = max(in_all[right], value)
                in_any[right] = max(in_any[right], value)
            left >>= 1
            right >>= 1
        for node in ends:
            above = node >> 1
            while above:
                in_any[above] = max(in_any[above], value)
                above >>= 1

    def greatest(self, interval: Interval) -> float:
        """Return the greatest value in the columns of one of the tree's intervals, or minus infinity."""
        left, right = self._range(interval)
        ends = (left, right - 1) if left < right else ()
        found = [_NONE]
        while left < right:
            if left & 1:
                found.append(self._any[left])
                left += 1
            if right & 1:
                right -= 1
                found.append(self._any[right])
            left >>= 1
            right >>= 1
        for node in ends:
            above = node >> 1
            while above:
                found.append(self._all[above])
                above >>= 1
        return max(found)

    def _range(self, interval: Interval) -> tuple[int, int]:
        left, right = _narrowed(interval)
        return self._index[left] + self._count, self._index[right] + self._count


def _narrowed(interval: Interval) -> Interval:
    left, right = interval
    return left + TOLERANCE / 2, right - TOLERANCE / 2
