"""The user's half of the conversation's context, where the caller's audio ends."""

from typing import Any

from pipecat.audio.vad.vad_controller import VADController
from pipecat.frames.frames import Frame, InputAudioRawFrame, StartFrame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator
from pipecat.processors.frame_processor import FrameDirection
from pipecat.turns.types import UserTurnSpeculation

from calls.heard.cut import Cut
from calls.still_speaking import Seldom
from calls.turn_taking.owed import owes_answer
from services.at_once import HearsAtOnce
from services.listeners import anyone_listens_after


class ListeningUser(HearsAtOnce, LLMUserAggregator):
    """Hears the caller at once, and passes the audio on only where somebody behind listens.

    That the caller is still speaking, it says more seldom than Pipecat's does. The caller's words
    are written behind what was heard of the answer that they interrupt. A sound without words that
    cuts an answer off before anything of it is heard has the model asked for it again.
    """

    _audio_is_wanted = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._still_speaking = Seldom()
        self._cut = Cut()

    def writes_behind(self, cut: Cut) -> None:
        """Wait for the interruptions that the other half of the context has yet to take."""
        self._cut = cut

    async def broadcast_interruption(self) -> None:
        self._cut.begins()
        await super().broadcast_interruption()

    # A turn's words go into the context, or to the model ahead of it, in these two alone.

    async def _push_aggregation(self, *, run_llm: bool = True) -> str:
        await self._cut.settled()
        return await super()._push_aggregation(run_llm=run_llm)

    async def _run_speculative_inference(self, speculation: UserTurnSpeculation) -> None:
        await self._cut.settled()
        await super()._run_speculative_inference(speculation)

    async def _maybe_recover_empty_user_turn(self, interrupted_bot: bool) -> bool:
        works = self._user_idle_controller.function_calls_in_progress
        if not interrupted_bot or works or not owes_answer(self._context):
            return await super()._maybe_recover_empty_user_turn(interrupted_bot)
        # Pipecat's prompt would have a caller who coughed repeat what the context holds.
        await self.push_context_frame()
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, StartFrame):
            self._audio_is_wanted = anyone_listens_after(self)
        await super().process_frame(frame, direction)

    async def _on_vad_speech_activity(self, controller: VADController) -> None:
        if self._still_speaking.is_due():
            await super()._on_vad_speech_activity(controller)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if self._audio_is_wanted or not isinstance(frame, InputAudioRawFrame):
            await super().push_frame(frame, direction)
