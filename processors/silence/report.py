"""What a silence bound tells of a call."""

from dataclasses import dataclass

from processors.silence.phrases import Step


@dataclass(frozen=True)
class BoundReached:
    """There was as much silence as there may be.

    Attributes:
        turn: The caller's turns so far; 0 before the first.
        step: What was done about it.
        text: What was said; "" where there was no phrase for it.
        owed_ms: Since when sound was owed.
        silent_ms: Since when there was none.
        outstanding: The stages that were waited for: "stt", "llm", "tts", "tool".
    """

    turn: int
    step: Step
    text: str
    owed_ms: float
    silent_ms: float
    outstanding: tuple[str, ...]


@dataclass(frozen=True)
class DeadAir:
    """The longest silence while sound was owed, of one debt.

    Attributes:
        turn: As in ``BoundReached``. What the bot began by itself belongs to the turn before it.
        dead_air_ms: From the end of the caller's words, or of the last sound, to the next sound.
        steps: How often the bound was reached.
        ended_ms_ago: How long before this was told it ended: the answer was spoken meanwhile.
    """

    turn: int
    dead_air_ms: float
    steps: int
    ended_ms_ago: float
