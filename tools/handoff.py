"""A person when the caller asks for one: the phone is put through, everyone else gets a number."""

import asyncio
from pathlib import Path
from typing import Any, Protocol

from loguru import logger
from pipecat.adapters.llm.schemas.direct_function import tool_options
from pipecat.frames.frames import FunctionCallResultProperties, TTSSpeakFrame
from pipecat.services.llm_service import FunctionCallParams

from tools.person_queue import PersonQueue
from tools.spoken import spoken_number


class HandoffCall(Protocol):
    """What this tool uses of the call."""

    @property
    def channel(self) -> str: ...

    @property
    def caller(self) -> str: ...

    @property
    def data_dir(self) -> Path: ...

    @property
    def handoff_number(self) -> str: ...

    async def show(self, message: dict[str, Any]) -> None:
        """Send a message to the page; nothing happens on the phone."""

    async def end_after_words(self, reason: str) -> None:
        """End the call once everything queued has been played; returns at once."""

    def set_outcome(self, outcome: str, why: str = "") -> None:
        """How the call came out, as far as this tool knows."""

    async def redirect(self, number: str) -> None:
        """Hand the phone call over once everything queued has been played.

        Raises:
            RuntimeError: The call stays here.
        """


# A caller who says "thank you" while being put through must not undo it.
@tool_options(cancel_on_interruption=False, timeout_secs=30)
async def to_a_person(params: FunctionCallParams, reason: str) -> None:
    """Get the caller a person. It speaks to the caller itself, so say nothing before or after.

    Args:
        reason: What the caller needs, in a few words for the colleague.
    """
    call: HandoffCall = params.app_resources
    if call.channel == "phone" and call.handoff_number:
        await _put_through(params, call, reason)
    else:
        await _line_up(params, call, reason)


async def _put_through(params: FunctionCallParams, call: HandoffCall, reason: str) -> None:
    words = "I am putting you through to a colleague now. Please stay on the line."
    await params.llm.push_frame(TTSSpeakFrame(words))
    try:
        await call.redirect(call.handoff_number)
    except RuntimeError as error:
        logger.warning(f"The call was not handed over: {error}")
        number = await _take_number(call, reason)
        words = (
            "I am sorry, I could not put you through. "
            f"{_promise(call, number)} Is there anything else I can do?"
        )
        await _say(params, words, {"connected": False, "queue_number": number})
    else:
        call.set_outcome("handed_over", "put through to a person")
        await _settle(params, words, {"connected": True})


async def _line_up(params: FunctionCallParams, call: HandoffCall, reason: str) -> None:
    number = await _take_number(call, reason)
    await call.show({"type": "handoff", "queue_number": number, "reason": reason})
    words = f"{_promise(call, number)} Thank you, and goodbye."
    await _say(params, words, {"connected": False, "queue_number": number})
    await call.end_after_words("waiting for a person")


async def _take_number(call: HandoffCall, reason: str) -> int:
    queue = PersonQueue(call.data_dir)
    number = await asyncio.to_thread(
        queue.take_number, reason=reason, channel=call.channel, caller=call.caller
    )
    call.set_outcome("handed_over", "in the queue for a person")
    return number


def _promise(call: HandoffCall, number: int) -> str:
    place = f"Your queue number is {spoken_number(number)}."
    if call.channel != "phone":
        return f"{place} It is on your screen, and a colleague will be with you soon."
    if call.caller:
        return f"{place} A colleague will call you back on the number you are calling from."
    return f"{place} Please call us again from a number we can see, and say your queue number."


async def _say(params: FunctionCallParams, words: str, facts: dict[str, Any]) -> None:
    await _settle(params, words, facts)
    await params.llm.push_frame(TTSSpeakFrame(words))


async def _settle(params: FunctionCallParams, words: str, facts: dict[str, Any]) -> None:
    # The words are spoken by the tool, so the model is not asked for any.
    await params.result_callback(
        {"say": words, **facts}, properties=FunctionCallResultProperties(run_llm=False)
    )
