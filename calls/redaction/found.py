"""A stretch of a text that is not to be kept."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """Half-open positions in the text, and the mask that stands there instead."""

    start: int
    end: int
    mask: str


def merged(found: Iterable[Found]) -> list[Found]:
    """In order, without overlaps."""
    whole: list[Found] = []
    for one in sorted(found, key=lambda each: (each.start, -each.end)):
        if whole and one.start < whole[-1].end:
            last = whole[-1]
            named = max(
                last, one, key=lambda each: (each.mask != "[digits]", each.end - each.start)
            )
            whole[-1] = Found(last.start, max(last.end, one.end), named.mask)
        else:
            whole.append(one)
    return whole


def masked(text: str, found: Iterable[Found]) -> str:
    """The text with a mask in place of each."""
    kept, at = [], 0
    for one in found:
        kept += [text[at : one.start], one.mask]
        at = one.end
    return "".join([*kept, text[at:]])
