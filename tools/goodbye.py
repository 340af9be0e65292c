"""How a bot ends its call: with a farewell that is heard to its end."""

from typing import Protocol

from pipecat.frames.frames import FunctionCallResultProperties, TTSSpeakFrame
from pipecat.services.llm_service import FunctionCallParams

DEFAULT_FAREWELL = "Thank you for calling. Goodbye."


class EndableCall(Protocol):
    """What this tool uses of the call."""

    async def end_after_words(self, reason: str) -> None:
        """End the call once everything queued has been played; returns at once."""


async def say_goodbye(params: FunctionCallParams, farewell: str) -> None:
    """Say farewell and hang up. Call it when the caller says goodbye or needs nothing more.

    Args:
        farewell: One short, friendly closing sentence. It is spoken by this tool, so do not say
            it yourself.
    """
    call: EndableCall = params.app_resources
    words = farewell.strip() or DEFAULT_FAREWELL
    await params.result_callback(
        {"say": words, "ended": True}, properties=FunctionCallResultProperties(run_llm=False)
    )
    await params.llm.push_frame(TTSSpeakFrame(words))
    await call.end_after_words("bot said goodbye")
