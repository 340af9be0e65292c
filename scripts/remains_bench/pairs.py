"""What pairs of measurements show, whatever the noise is like."""

from collections.abc import Sequence
from math import comb
from statistics import median
from typing import NamedTuple

_SURE = 0.95


class Shown(NamedTuple):
    """The median of what pairs differ by.

    Attributes:
        median: Of the pairs that were measured, None if there are none.
        low: With at least 95 % certainty the median of all that could be measured is no lower.
        high: And no higher. None, as `low`: there are too few pairs to say so.
    """

    median: float | None
    low: float | None
    high: float | None


def shown_by(differences: Sequence[float]) -> Shown:
    """By the order of the pairs alone, as in the sign test; it takes six of them."""
    if not differences:
        return Shown(None, None, None)
    ordered, count = sorted(differences), len(differences)
    outside = 0.0
    cut = -1
    while (outside := outside + comb(count, cut + 1) / 2**count) <= (1 - _SURE) / 2:
        cut += 1
    if cut < 0:
        return Shown(median(ordered), None, None)
    return Shown(median(ordered), ordered[cut], ordered[-1 - cut])
