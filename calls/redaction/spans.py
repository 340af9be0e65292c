"""Ranges, and whether another lies within one of them."""

from bisect import bisect_right
from collections.abc import Iterable


class Spans:
    """Half-open ranges; those that touch or overlap are one."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(spans):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def hold(self, start: int, end: int) -> bool:
        """Whether all of a range lies within one."""
        at = bisect_right(self._starts, start) - 1
        return at >= 0 and end <= self._ends[at]
