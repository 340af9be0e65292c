"""The stages of a turn, from the end of the caller's speech to the first audio out."""

import dataclasses
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipecat.audio.utils import is_silence
from pipecat.frames.frames import (
    AggregatedTextFrame,
    EndFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMContextUserTurnFrame,
    LLMTextFrame,
    MetricsFrame,
    TextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import MetricsData
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import (
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)
from pipecat.processors.frameworks.rtvi.frames import RTVIServerMessageFrame
from pipecat.services.llm_service import LLMService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport

from processors.dismissed import SoundDismissedFrame
from processors.no_answer import APOLOGY, PHRASES, announced
from processors.provider_failure import ProviderFailureMetricsData
from processors.silence_bound import SilenceBound

# A transcript this much later than the end of speech is taken for input of another kind, such as
# the keypad after a cough.
LATEST_TRANSCRIPT_S = 5.0


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


_MEASURED = tuple(
    f.name for f in dataclasses.fields(Stages) if f.name.endswith("_ms") and f.name != "known_ms"
)


@dataclass
class _Tool:
    name: str
    started_s: float
    ended_s: float | None = None


@dataclass
class _Turn:
    """The moments of one turn, in seconds of the wall clock, by the names of ``Stages``."""

    speech_ended_s: float | None = None
    words: list[str] = field(default_factory=list)
    words_in_context: list[str] = field(default_factory=list)
    went_to_model: bool = False
    moments_s: dict[str, float] = field(default_factory=dict)
    tools: dict[str, _Tool] = field(default_factory=dict)
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


class StageLatency(FrameProcessor):
    """Reports every turn as metrics, as an RTVI ``turn-latency`` message and to ``record``.

    Place it after the text-to-speech service. Most of what it measures never passes there, so it
    adds an observer to its pipeline worker. A turn is reported once: when the first audio of its
    answer is out, or when it is known that there will be none: because it is apologised for, the
    silence bound gives it up, the caller goes on, or the call ends (after which only ``record`` is
    told). Noise without words is no turn.

    Args:
        record: Takes each turn.
        now: The clock that stamps the VAD's frames, in seconds.
    """

    def __init__(
        self, record: TurnSink | None = None, *, now: Callable[[], float] = time.time
    ) -> None:
        # Direct mode: frames only pass here, so a queue would add nothing but time.
        super().__init__(enable_direct_mode=True)
        self._record = record
        self._now = now
        self._turns_reported = 0
        self._hearing: _Turn | None = None
        self._owed: _Turn | None = None
        self._playing: str | None = "nothing yet"

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Starts watching the pipeline."""
        await super().setup(setup)
        self.pipeline_worker.add_observer(_Watch(self))

    async def cleanup(self) -> None:
        """Reports a turn that the call's end left without an answer."""
        await self._close(interrupted=False, call_ended=True)
        await super().cleanup()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Passes every frame on."""
        await super().process_frame(frame, direction)
        match frame:
            case EndFrame() if self._owed and not self._owed.answers:
                await self._close(interrupted=False)
        await self.push_frame(frame, direction)

    async def caller_spoke(self, pushed: FramePushed, frame: VADUserStartedSpeakingFrame) -> None:
        """The VAD hears speech, perhaps for the second time in one turn."""
        if self._hearing:
            self._hearing.reopen()

    async def caller_fell_silent(
        self, pushed: FramePushed, frame: VADUserStoppedSpeakingFrame
    ) -> None:
        """The VAD has heard enough silence: the speech ended that much earlier."""
        turn = self._hearing = self._hearing or _Turn()
        turn.speech_ended_s = frame.timestamp - frame.stop_secs

    async def transcript_came(self, pushed: FramePushed, frame: TranscriptionFrame) -> None:
        """A final piece of the caller's words."""
        if not frame.text.strip():
            return
        at_s = self._at_s(pushed)
        turn = self._hearing = self._hearing or _Turn()
        if turn.speech_ended_s and at_s - turn.speech_ended_s > LATEST_TRANSCRIPT_S:
            turn.speech_ended_s = None
        turn.words.append(frame.text.strip())
        turn.moments_s["transcript_final_ms"] = at_s

    async def words_written(self, pushed: FramePushed, frame: LLMContextUserTurnFrame) -> None:
        """The words as the model gets them."""
        turn = self._hearing if self._hearing and self._hearing.words else self._owed
        if turn:
            turn.words_in_context.append(frame.text)

    async def model_asked(self, pushed: FramePushed, frame: LLMContextFrame) -> None:
        """Some strategies ask the model before they call the turn ended."""
        if self._hearing and self._hearing.words and not frame.speculation:
            self._hearing.went_to_model = True

    async def turn_began(self, pushed: FramePushed, frame: UserStartedSpeakingFrame) -> None:
        """The caller takes the floor, and the answer that was owed lapses."""
        await self._close(interrupted=True)
        self._hearing = self._hearing or _Turn()

    async def turn_cut(self, pushed: FramePushed, frame: InterruptionFrame) -> None:
        """Everything on its way to the caller is dropped."""
        given_up = isinstance(pushed.source, SilenceBound)
        await self._close(interrupted=not given_up)

    async def sound_dismissed(self, pushed: FramePushed, frame: SoundDismissedFrame) -> None:
        """What the caller let hear was no turn."""
        self._hearing = None

    async def turn_ended(self, pushed: FramePushed, frame: UserStoppedSpeakingFrame) -> None:
        """From here on the bot owes an answer, if anything was said."""
        turn = self._hearing
        if not turn or not turn.words:
            return
        self._hearing = None
        await self._close(interrupted=True)
        if turn.speech_ended_s is None:
            turn.speech_ended_s = turn.moments_s["transcript_final_ms"]
        turn.mark("turn_end_ms", self._at_s(pushed))
        self._owed = turn

    async def text_came(self, pushed: FramePushed, frame: TextFrame) -> None:
        """The model wrote something, or text reached the voice."""
        turn = self._answering
        if not turn or not frame.text.strip():
            return
        if isinstance(frame, AggregatedTextFrame) and (kind := announced(frame)):
            turn.asides[frame.context_id] = kind
        if isinstance(frame, LLMTextFrame) and isinstance(pushed.source, LLMService):
            turn.mark("first_token_ms", self._at_s(pushed))
        if isinstance(pushed.destination, TTSService) and not frame.skip_tts:
            turn.mark("first_speakable_text_ms", self._at_s(pushed))

    async def phrase_came(self, pushed: FramePushed, frame: TTSSpeakFrame) -> None:
        """A phrase reached the voice: an answer that was ready, or none."""
        is_answer = frame.append_to_context and frame.text_type not in PHRASES
        if is_answer and isinstance(pushed.destination, TTSService) and self._answering:
            self._answering.mark("first_speakable_text_ms", self._at_s(pushed))

    async def tools_called(self, pushed: FramePushed, frame: FunctionCallsStartedFrame) -> None:
        """The model asked for tools: that, too, is a first token."""
        if self._answering:
            self._answering.mark("first_token_ms", self._at_s(pushed))

    async def tool_started(self, pushed: FramePushed, frame: FunctionCallInProgressFrame) -> None:
        """A tool begins to run."""
        turn = self._answering
        if turn:
            turn.mark("first_token_ms", self._at_s(pushed))
            turn.tools[frame.tool_call_id] = _Tool(frame.function_name, self._at_s(pushed))

    async def tool_ended(
        self, pushed: FramePushed, frame: FunctionCallResultFrame | FunctionCallCancelFrame
    ) -> None:
        """A tool is done."""
        turn = self._answering
        if not turn or frame.tool_call_id not in turn.tools:
            return
        properties = frame.properties if isinstance(frame, FunctionCallResultFrame) else None
        if properties and not properties.is_final:
            return
        tool = turn.tools[frame.tool_call_id]
        if tool.ended_s is None:
            tool.ended_s = self._at_s(pushed)

    async def voice_started(self, pushed: FramePushed, frame: TTSStartedFrame) -> None:
        """The service begins an utterance, or the transport begins to play one."""
        if isinstance(pushed.source, BaseOutputTransport):
            self._playing = frame.context_id
        turn = self._answering
        if not turn or not isinstance(pushed.source, TTSService | SilenceBound):
            return
        if frame.append_to_context and frame.context_id not in turn.asides:
            turn.answers.add(frame.context_id)
        else:
            # What stays out of the context answers nothing.
            turn.asides.setdefault(frame.context_id, "")

    async def audio_came(self, pushed: FramePushed, frame: TTSAudioRawFrame) -> None:
        """Audio left the service, or the transport."""
        turn = self._answering
        if not turn:
            return
        if isinstance(pushed.source, TTSService) and frame.context_id in turn.answers:
            turn.mark("first_audio_ms", self._at_s(pushed))
        elif isinstance(pushed.source, BaseOutputTransport) and not is_silence(frame.audio):
            await self._sound_went_out(turn, self._at_s(pushed))

    async def _sound_went_out(self, turn: _Turn, at_s: float) -> None:
        if self._playing in turn.asides:
            turn.mark("filler_audio_out_ms", at_s)
            ends = turn.asides[self._playing] == APOLOGY and turn is self._owed
        elif ends := self._playing in turn.answers and turn is self._owed:
            turn.mark("first_audio_out_ms", at_s)
        if ends:
            await self._close(interrupted=False)

    async def metrics_came(self, pushed: FramePushed, frame: MetricsFrame) -> None:
        """A provider failed, perhaps: it is part of the turn that waited for it."""
        turn = self._owed or self._hearing
        if turn:
            at_s = self._at_s(pushed)
            turn.failures += [
                (at_s, data) for data in frame.data if isinstance(data, ProviderFailureMetricsData)
            ]

    @property
    def _answering(self) -> _Turn | None:
        if self._owed:
            return self._owed
        return self._hearing if self._hearing and self._hearing.went_to_model else None

    def _at_s(self, pushed: FramePushed) -> float:
        # Observers are told later than the push when the process is busy.
        return self._now() - (self.get_clock().get_time() - pushed.timestamp) / 1e9

    async def _close(self, *, interrupted: bool, call_ended: bool = False) -> None:
        turn, self._owed = self._owed, None
        if not turn:
            return
        self._turns_reported += 1
        stages = turn.stages(self._turns_reported, known_s=self._now(), interrupted=interrupted)
        if self._record:
            self._record.turn(stages)
        if call_ended:
            return
        await self.push_frame(RTVIServerMessageFrame(data=stages.as_message()))
        if self.metrics_enabled:
            await self.push_frame(MetricsFrame(data=self._metrics_of(stages)))

    def _metrics_of(self, stages: Stages) -> list[MetricsData]:
        return [
            StageMetricsData(
                processor=self.name,
                turn=stages.turn,
                stage=stage.removesuffix("_ms"),
                value=value_ms / 1000,
            )
            for stage in _MEASURED
            if (value_ms := getattr(stages, stage)) is not None
        ]


_Moment = Callable[[StageLatency, FramePushed, Any], Awaitable[None]]

# A frame is judged by the first row that fits it.
_MARKED_BY_FIRST_PUSH: tuple[tuple[type[Frame], _Moment], ...] = (
    (VADUserStartedSpeakingFrame, StageLatency.caller_spoke),
    (VADUserStoppedSpeakingFrame, StageLatency.caller_fell_silent),
    (TranscriptionFrame, StageLatency.transcript_came),
    (UserStartedSpeakingFrame, StageLatency.turn_began),
    (UserStoppedSpeakingFrame, StageLatency.turn_ended),
    (InterruptionFrame, StageLatency.turn_cut),
    (SoundDismissedFrame, StageLatency.sound_dismissed),
    (LLMContextUserTurnFrame, StageLatency.words_written),
    (LLMContextFrame, StageLatency.model_asked),
    (FunctionCallsStartedFrame, StageLatency.tools_called),
    (FunctionCallInProgressFrame, StageLatency.tool_started),
    (FunctionCallResultFrame, StageLatency.tool_ended),
    (FunctionCallCancelFrame, StageLatency.tool_ended),
    (MetricsFrame, StageLatency.metrics_came),
)
# These count where they are pushed from or to, however often they were pushed before.
_MARKED_BY_PLACE: tuple[tuple[type[Frame], _Moment], ...] = (
    (TTSAudioRawFrame, StageLatency.audio_came),
    (TTSStartedFrame, StageLatency.voice_started),
    (TTSSpeakFrame, StageLatency.phrase_came),
    (TextFrame, StageLatency.text_came),
)


def _moment_of(kind: type[Frame]) -> tuple[_Moment, bool] | None:
    """What a type of frame marks, and whether by its first push only."""
    for rows, first_only in ((_MARKED_BY_FIRST_PUSH, True), (_MARKED_BY_PLACE, False)):
        for marked, moment in rows:
            if issubclass(kind, marked):
                return moment, first_only
    return None


class _Watch(BaseObserver):
    """Tells a ``StageLatency`` of the few pushes that mark a moment, and of no others."""

    def __init__(self, latency: StageLatency) -> None:
        super().__init__()
        self._latency = latency
        self._moments: dict[type[Frame], tuple[_Moment, bool] | None] = {}

    def wants(self, kind: type[Frame]) -> bool:
        """Whether frames of this type mark a moment."""
        return _moment_of(kind) is not None

    async def on_push_frame(self, data: FramePushed) -> None:
        """Looks up the frame's type and leaves at once if it marks nothing."""
        kind = type(data.frame)
        try:
            found = self._moments[kind]
        except KeyError:
            found = self._moments[kind] = _moment_of(kind)
        if found is None or data.direction is not FrameDirection.DOWNSTREAM:
            return
        moment, first_only = found
        if data.first_push or not first_only:
            await moment(self._latency, data, data.frame)
