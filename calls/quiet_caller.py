"""A caller who says nothing is asked once, and then politely let go."""

from typing import TYPE_CHECKING

from pipecat.frames.frames import TTSSpeakFrame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator

from processors.no_answer import PROMPT

if TYPE_CHECKING:
    from calls.call import Call

STILL_THERE = "Are you still there?"
LETTING_GO = "I can't hear you, so I will hang up now. Please call again. Goodbye."


class QuietCaller:
    """Counts how often in a row the caller said nothing when it was the caller's turn."""

    def __init__(self, call: "Call") -> None:
        self._call = call
        self._times = 0

    def listen_to(self, user: LLMUserAggregator) -> None:
        user.add_event_handler("on_user_turn_idle", self._on_quiet)
        user.add_event_handler("on_user_turn_started", self._on_words)

    async def _on_quiet(self, user: LLMUserAggregator) -> None:
        self._times += 1
        if self._times == 1:
            await user.push_frame(TTSSpeakFrame(STILL_THERE, text_type=PROMPT))
        elif self._times == 2:
            await user.push_frame(TTSSpeakFrame(LETTING_GO, text_type=PROMPT))
            await self._call.end_after_words("the caller said nothing")

    async def _on_words(self, user: LLMUserAggregator, strategy: object) -> None:
        self._times = 0
