"""From the facts of a turn to stretches of time, one a stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_IN_ORDER = (
    "transcript_final_ms",
    "turn_end_ms",
    "first_token_ms",
    "first_speakable_text_ms",
    "first_audio_ms",
    "first_audio_out_ms",
)


@dataclass(frozen=True)
class Stretch:
    """A stage of a turn, in ms after the end of the caller's speech: from when the stage before
    it was reached until it was."""

    stage: str
    from_ms: float
    to_ms: float


def stretches(turn: Mapping[str, Any]) -> list[Stretch]:
    """The stages that a turn reached, in the order in which it reached them."""
    found: list[Stretch] = []
    at_ms = 0.0
    for name in _IN_ORDER:
        reached_ms = turn.get(name)
        if reached_ms is None:
            continue
        # A model that is asked ahead answers before the turn has ended.
        found.append(Stretch(name.removesuffix("_ms"), min(at_ms, reached_ms), reached_ms))
        at_ms = max(at_ms, reached_ms)
    return found


def lasted_ms(turn: Mapping[str, Any]) -> float:
    """From the end of speech to the last that is known of a turn.

    A turn is told of when the first audio of its answer is out, or when it is known that there
    will be none. Where the turn does not say when, its last stage is taken for that moment.
    """
    for name in ("known_ms", "first_audio_out_ms"):
        if (at_ms := turn.get(name)) is not None:
            return at_ms
    return max((stretch.to_ms for stretch in stretches(turn)), default=0.0)
