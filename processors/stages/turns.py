"""Which push of which frame tells what of a turn."""

from collections.abc import Awaitable, Callable

from pipecat.audio.utils import is_silence
from pipecat.frames.frames import (
    AggregatedTextFrame,
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
from pipecat.observers.base_observer import FramePushed
from pipecat.services.llm_service import LLMService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport

from processors.dismissed import SoundDismissedFrame
from processors.no_answer import APOLOGY, PHRASES, announced
from processors.provider_failure import ProviderFailureMetricsData
from processors.silence_bound import SilenceBound
from processors.stages.turn import Tool, Turn

# A transcript this much later than the end of speech is taken for input of another kind, such as
# the keypad after a cough.
LATEST_TRANSCRIPT_S = 5.0


class Turns:
    """Follows the turns of a call: the one that is heard, and the one that is owed an answer.

    Args:
        at_s: When a frame was pushed, by the clock that stamps the VAD's frames, in seconds.
        report: Takes each turn once its answer is out or none will be, and whether it was
            interrupted.
    """

    def __init__(
        self,
        at_s: Callable[[FramePushed], float],
        report: Callable[[Turn, bool], Awaitable[None]],
    ) -> None:
        self._at_s = at_s
        self._report = report
        self._hearing: Turn | None = None
        self._owed: Turn | None = None
        self._playing: str | None = "nothing yet"

    def lapsed(self) -> Turn | None:
        """The turn that was owed an answer, and from now on is owed none."""
        turn, self._owed = self._owed, None
        return turn

    async def call_ends(self) -> None:
        """An answer that did not begin before the end will not come."""
        if self._owed and not self._owed.answers:
            await self._close(interrupted=False)

    async def caller_spoke(self, pushed: FramePushed, frame: VADUserStartedSpeakingFrame) -> None:
        """The VAD hears speech, perhaps for the second time in one turn."""
        if self._hearing:
            self._hearing.reopen()

    async def caller_fell_silent(
        self, pushed: FramePushed, frame: VADUserStoppedSpeakingFrame
    ) -> None:
        """The VAD has heard enough silence: the speech ended that much earlier."""
        turn = self._hearing = self._hearing or Turn()
        turn.speech_ended_s = frame.timestamp - frame.stop_secs

    async def transcript_came(self, pushed: FramePushed, frame: TranscriptionFrame) -> None:
        """A final piece of the caller's words."""
        if not frame.text.strip():
            return
        at_s = self._at_s(pushed)
        turn = self._hearing = self._hearing or Turn()
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
        self._hearing = self._hearing or Turn()

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
            turn.tools[frame.tool_call_id] = Tool(frame.function_name, self._at_s(pushed))

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

    async def _sound_went_out(self, turn: Turn, at_s: float) -> None:
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
    def _answering(self) -> Turn | None:
        if self._owed:
            return self._owed
        return self._hearing if self._hearing and self._hearing.went_to_model else None

    async def _close(self, *, interrupted: bool) -> None:
        if turn := self.lapsed():
            await self._report(turn, interrupted)
