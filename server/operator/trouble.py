"""One thing that went wrong in a call, as a sentence, and how much it weighs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["provider_lost", "dead_air", "error", "tool", "unhandled", "provider_failed"]

STAGES = {
    "stt": "the speech-to-text",
    "llm": "the language model",
    "tts": "the text-to-speech",
    "tool": "a tool",
}
_WEIGHTS: Mapping[Kind, int] = {
    "provider_lost": 60,
    "error": 50,
    "tool": 40,
    "dead_air": 30,
    "unhandled": 20,
    "provider_failed": 10,
}


@dataclass(frozen=True)
class Trouble:
    """Something that went wrong.

    Attributes:
        at_s: When it first did, since the call was answered.
        times: How often.
        stage: Of a provider.
    """

    kind: Kind
    at_s: float
    sentence: str
    times: int = 1
    stage: str = ""

    @property
    def weight(self) -> int:
        return _WEIGHTS.get(self.kind, 0)


def spoken_s(seconds: float) -> str:
    """As people read it: "6.2 s", from a minute on "1:05"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return clock(seconds)


def clock(seconds: float) -> str:
    """A moment of a call: "0:12", "1:05"."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
