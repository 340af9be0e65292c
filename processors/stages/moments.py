"""Which frames mark a moment of a turn, and the observer that looks for them."""

from collections.abc import Awaitable, Callable
from typing import Any

from pipecat.frames.frames import (
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
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport

from processors.dismissed import SoundDismissedFrame
from processors.stages.turns import Turns

_Moment = Callable[[Turns, FramePushed, Any], Awaitable[None]]

# A frame is judged by the first row that fits it.
_MARKED_BY_FIRST_PUSH: tuple[tuple[type[Frame], _Moment], ...] = (
    (VADUserStartedSpeakingFrame, Turns.caller_spoke),
    (VADUserStoppedSpeakingFrame, Turns.caller_fell_silent),
    (TranscriptionFrame, Turns.transcript_came),
    (UserStartedSpeakingFrame, Turns.turn_began),
    (UserStoppedSpeakingFrame, Turns.turn_ended),
    (InterruptionFrame, Turns.turn_cut),
    (SoundDismissedFrame, Turns.sound_dismissed),
    (LLMContextUserTurnFrame, Turns.words_written),
    (LLMContextFrame, Turns.model_asked),
    (FunctionCallsStartedFrame, Turns.tools_called),
    (FunctionCallInProgressFrame, Turns.tool_started),
    (FunctionCallResultFrame, Turns.tool_ended),
    (FunctionCallCancelFrame, Turns.tool_ended),
    (MetricsFrame, Turns.metrics_came),
)
# These count where they are pushed from or to, however often they were pushed before.
_MARKED_BY_PLACE: tuple[tuple[type[Frame], _Moment], ...] = (
    (TTSAudioRawFrame, Turns.audio_came),
    (TTSStartedFrame, Turns.voice_started),
    (TTSSpeakFrame, Turns.phrase_came),
    (TextFrame, Turns.text_came),
)


def _moment_of(kind: type[Frame]) -> tuple[_Moment, bool] | None:
    """What a type of frame marks, and whether by its first push only."""
    for rows, first_only in ((_MARKED_BY_FIRST_PUSH, True), (_MARKED_BY_PLACE, False)):
        for marked, moment in rows:
            if issubclass(kind, marked):
                return moment, first_only
    return None


class Watch(BaseObserver):
    """Tells ``Turns`` of the few pushes that mark a moment, and of no others."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns
        self._moments: dict[type[Frame], tuple[_Moment, bool] | None] = {}

    def wants(self, kind: type[Frame]) -> bool:
        """Whether frames of this type mark a moment."""
        return _moment_of(kind) is not None

    def wants_push(self, pushed: FramePushed) -> bool:
        """Whether such a push may mark one: of audio and tokens most only pass somebody."""
        match pushed.frame:
            case TTSAudioRawFrame():
                return isinstance(pushed.source, TTSService | BaseOutputTransport)
            case LLMTextFrame():
                leaves = isinstance(pushed.source, LLMService)
                return leaves or isinstance(pushed.destination, TTSService)
        return True

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
            await moment(self._turns, data, data.frame)
