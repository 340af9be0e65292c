"""What is told of the stages of a turn."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Protocol

from pipecat.metrics.metrics import MetricsData


@dataclass(frozen=True)
class ToolRun:
    """One run of a tool.

    Attributes:
        start_ms: From the end of the caller's speech.
        duration_ms: None while the tool still ran when the turn was reported.
    """

    name: str
    start_ms: float
    duration_ms: float | None


@dataclass(frozen=True)
class FailedWait:
    """Time that a turn lost to a provider.

    Attributes:
        stage: "stt", "llm" or "tts".
        how: What the provider did, in a word.
        start_ms: From the end of the caller's speech.
        cost_ms: Until the provider was given up on.
        went_to: Who was asked instead; "" when nobody was left.
    """

    stage: str
    provider: str
    how: str
    start_ms: float
    cost_ms: float
    went_to: str


@dataclass(frozen=True)
class Stages:
    """When each stage of one turn was reached, in ms after the end of the caller's speech.

    Attributes:
        turn: Counts from 1.
        said: The caller's words.
        transcript_final_ms: The last final transcript before the turn's end; 0 for input that is
            not speech, which counts from its transcript.
        turn_end_ms: The decision that the caller is done.
        first_token_ms: The model's first text or tool call.
        first_speakable_text_ms: The first text that reaches the text-to-speech service.
        first_audio_ms: The first audio of the answer that the service returns.
        first_audio_out_ms: The first audible audio of the answer that the transport has written.
        filler_audio_out_ms: The same for the first sound that is no answer: a filler, a phrase of
            the silence bound, an apology, a question whether the caller is there.
        known_ms: When the turn was reported: its answer is out, or it is known that none will be.
        interrupted: The caller went on before any of the answer was heard.
        failures: The providers that failed meanwhile.

    A stage that was not reached is None.
    """

    turn: int
    said: str
    transcript_final_ms: float | None = None
    turn_end_ms: float | None = None
    first_token_ms: float | None = None
    first_speakable_text_ms: float | None = None
    first_audio_ms: float | None = None
    first_audio_out_ms: float | None = None
    filler_audio_out_ms: float | None = None
    known_ms: float | None = None
    tools: tuple[ToolRun, ...] = ()
    interrupted: bool = False
    failures: tuple[FailedWait, ...] = ()

    def as_message(self) -> dict[str, Any]:
        """The RTVI server message of this turn."""
        fields = dataclasses.asdict(self)
        lists = {name: list(fields[name]) for name in ("tools", "failures")}
        return {"type": "turn-latency", **fields, **lists}


class TurnSink(Protocol):
    """Whatever keeps the turns of a call."""

    def turn(self, stages: Stages) -> None:
        """Takes one turn, each exactly once and in order."""


class StageMetricsData(MetricsData):
    """One stage of one turn.

    Attributes:
        turn: Counts from 1.
        stage: A name of ``Stages`` without its unit, such as ``first_audio_out``.
        value: Seconds after the end of the caller's speech.
    """

    turn: int
    stage: str
    value: float
