"""Percentiles of few values."""

from collections.abc import Iterable


def percentile(values: Iterable[float], percent: float) -> float | None:
    """By linear interpolation between the nearest two; None of none."""
    known = sorted(values)
    if not known:
        return None
    place = (len(known) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(known) - 1)
    return known[below] + (known[above] - known[below]) * (place - below)
