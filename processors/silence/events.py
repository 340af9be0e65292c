"""Which frame tells what of the debt to the caller, and of the playout."""

from pipecat.frames.frames import (
    AggregatedTextFrame,
    ClientConnectedFrame,
    Frame,
    FunctionCallCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMContextUserTurnFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from processors.dismissed import SoundDismissedFrame
from processors.silence.owed import Owed
from processors.silence.playout import Playout


def follow(
    owed: Owed, playout: Playout, frame: Frame, direction: FrameDirection, now_s: float
) -> None:
    """Tell both what a frame means that passes before the transport. Audio is not told here."""
    match frame:
        case VADUserStartedSpeakingFrame():
            owed.voice_began(now_s - frame.start_secs)
        case VADUserStoppedSpeakingFrame():
            owed.voice_ended(now_s - frame.stop_secs)
        case UserStartedSpeakingFrame():
            owed.turn_began()
        case UserStoppedSpeakingFrame():
            owed.turn_ended(now_s)
        case InterruptionFrame():
            unheard_s = playout.answer_until_s - now_s
            playout.cut(now_s)
            owed.interrupted(now_s, unheard_s=unheard_s)
        case SoundDismissedFrame():
            playout.held(now_s, frame.held_s)
            owed.sound_dismissed()
        case ClientConnectedFrame():
            owed.client_connected(now_s)
        case LLMContextUserTurnFrame():
            owed.words_came(now_s)
        case LLMContextFrame():
            owed.model_asked(now_s)
        case LLMFullResponseStartFrame():
            owed.response_began(now_s)
        case LLMFullResponseEndFrame():
            owed.response_ended()
        case TTSStartedFrame():
            owed.speech_began(frame.context_id, now_s, filler=not frame.append_to_context)
        case TTSStoppedFrame():
            owed.speech_ended(frame.context_id)
        case AggregatedTextFrame() if direction is FrameDirection.DOWNSTREAM:
            if frame.will_be_spoken and not isinstance(frame, TTSTextFrame):
                owed.text_came(frame.text, now_s)
        case _:
            _follow_tools(owed, frame, now_s)


def _follow_tools(owed: Owed, frame: Frame, now_s: float) -> None:
    match frame:
        case FunctionCallsStartedFrame():
            for call in frame.function_calls:
                owed.tool_began(call.tool_call_id, now_s)
        case FunctionCallInProgressFrame():
            owed.tool_began(frame.tool_call_id, now_s)
        case FunctionCallResultFrame() if not (frame.properties and not frame.properties.is_final):
            owed.tool_ended(frame.tool_call_id, now_s, model_follows=_asks_for_an_answer(frame))
        case FunctionCallCancelFrame():
            owed.tool_ended(frame.tool_call_id, now_s, model_follows=bool(frame.run_llm))


def _asks_for_an_answer(frame: FunctionCallResultFrame) -> bool:
    """As Pipecat's assistant aggregator decides: an empty result asks for none."""
    asked = frame.properties.run_llm if frame.properties else None
    if asked is None:
        asked = frame.run_llm
    return bool(frame.result) and asked is not False
