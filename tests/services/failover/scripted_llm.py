"""A language model that does, request by request, what its script says."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    Frame,
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.llm_service import LLMService


@dataclass(frozen=True)
class Reply:
    """One answer: `text` word by word after `after_s`, then a tool call, an error, or silence."""

    text: str = ""
    after_s: float = 0.25
    between_s: float = 0.01
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    hangs: bool = False


class ScriptedLLM(LLMService[Any]):
    """Gives the replies in turn, the last one again and again."""

    stand_in = False

    def __init__(self, *replies: Reply, hangs_at_setup: bool = False) -> None:
        super().__init__()
        self.replies = list(replies)
        self.asked: list[LLMContext] = []
        self.stopped = 0
        self._hangs_at_setup = hangs_at_setup

    async def setup(self, setup: FrameProcessorSetup) -> None:
        await super().setup(setup)
        if self._hangs_at_setup:
            await asyncio.Event().wait()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        self.asked.append(frame.context)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        try:
            await self.push_frame(LLMFullResponseStartFrame())
            await self._give(reply, frame.context)
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        await self.push_frame(LLMFullResponseEndFrame())

    async def _give(self, reply: Reply, context: LLMContext) -> None:
        await asyncio.sleep(reply.after_s)
        for token in reply.text.replace(" ", " \0").split("\0"):
            await self.push_frame(LLMTextFrame(token))
            await asyncio.sleep(reply.between_s)
        if reply.hangs:
            await asyncio.Event().wait()
        if reply.error:
            await self.push_error(reply.error)
        if reply.tool:
            call = FunctionCallFromLLM(reply.tool, "call-1", reply.arguments, context)
            await self.run_function_calls([call])


Ask = Callable[[str], Awaitable[None]]


def texts(frames: Sequence[Frame]) -> str:
    return "".join(frame.text for frame in frames if isinstance(frame, LLMTextFrame))
