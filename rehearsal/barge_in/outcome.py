"""What came of each sound, read from the audio that the caller heard."""

from collections.abc import Sequence
from dataclasses import dataclass

from rehearsal.audible import Span, first_audible_after, stop_after_ms
from rehearsal.barge_in.labelled import Labelled
from rehearsal.turns.talk import Turn

# Between two sentences it is silent for less than this.
_BREAK_MS = 300.0


@dataclass(frozen=True)
class Outcome:
    """One sound.

    Attributes:
        stopped: Whether the answer's end was not heard.
        stop_ms: From the beginning of the sound until the bot was silent; None: it was before,
            or did not stop.
        resume_ms: From the end of the sound until the bot was heard again, if it went on.
    """

    item: Labelled
    stopped: bool
    stop_ms: float | None = None
    resume_ms: float | None = None


def outcome_of(item: Labelled, turn: Turn, spans: Sequence[Span]) -> Outcome | None:
    """None where it did not come to the sound."""
    if not turn.intruded:
        return None
    sound, heard = turn.intruded[0].span, list(spans)
    if turn.heard is None:
        stop_ms = stop_after_ms(heard, sound.start_s, quiet_ms=_BREAK_MS)
        return Outcome(item, True, stop_ms=stop_ms)
    again_s = first_audible_after(heard, sound.end_s)
    resume_ms = None if again_s is None else (again_s - sound.end_s) * 1000
    return Outcome(item, False, resume_ms=resume_ms)
