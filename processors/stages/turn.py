"""One turn of the caller, as its moments become known."""

from dataclasses import dataclass, field

from processors.provider_failure import ProviderFailureMetricsData
from processors.stages.report import FailedWait, Stages, ToolRun


@dataclass
class Tool:
    """A tool that the turn waits for, in seconds of the wall clock."""

    name: str
    started_s: float
    ended_s: float | None = None


@dataclass
class Turn:
    """The moments of one turn, in seconds of the wall clock, by the names of ``Stages``."""

    speech_ended_s: float | None = None
    words: list[str] = field(default_factory=list)
    words_in_context: list[str] = field(default_factory=list)
    went_to_model: bool = False
    moments_s: dict[str, float] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    answers: set[str | None] = field(default_factory=set)
    asides: dict[str | None, str] = field(default_factory=dict)
    failures: list[tuple[float, ProviderFailureMetricsData]] = field(default_factory=list)

    def mark(self, stage: str, at_s: float) -> None:
        """Keeps the first moment of a stage."""
        self.moments_s.setdefault(stage, at_s)

    def reopen(self) -> None:
        """The caller goes on: whatever was prepared for the words so far is void."""
        transcript_s = self.moments_s.get("transcript_final_ms")
        self.moments_s = {} if transcript_s is None else {"transcript_final_ms": transcript_s}
        self.speech_ended_s = None
        self.went_to_model = False
        self.tools.clear()
        self.answers.clear()
        self.asides.clear()

    def stages(self, number: int, *, known_s: float, interrupted: bool) -> Stages:
        """The turn in milliseconds after the end of speech."""
        zero_s = self.speech_ended_s or 0.0

        def ms(at_s: float) -> float:
            # A recogniser may finish before the VAD's idea of the end of speech.
            return round(max(0.0, at_s - zero_s) * 1000, 1)

        return Stages(
            turn=number,
            said=" ".join(self.words_in_context or self.words),
            tools=tuple(
                ToolRun(
                    tool.name,
                    ms(tool.started_s),
                    None
                    if tool.ended_s is None
                    else round((tool.ended_s - tool.started_s) * 1000, 1),
                )
                for tool in self.tools.values()
            ),
            known_ms=ms(known_s),
            interrupted=interrupted,
            failures=tuple(
                FailedWait(
                    stage=failure.stage,
                    provider=failure.processor,
                    how=failure.how,
                    start_ms=ms(at_s - failure.value),
                    cost_ms=round(failure.value * 1000, 1),
                    went_to=failure.went_to,
                )
                for at_s, failure in self.failures
            ),
            **{stage: ms(at_s) for stage, at_s in self.moments_s.items()},
        )
