"""A desk whose only tool never comes to an end, and whose model calls it at every turn."""

import asyncio

from pipecat.frames.frames import (
    Frame,
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import FunctionCallParams, LLMService
from pipecat.services.settings import LLMSettings

from calls import Call, as_bot
from processors.filler_words import FillerWords
from processors.spoken_text import SpokenText
from processors.stage_latency import StageLatency

running: set[str] = set()
"""The calls whose tool has started and not ended."""

started = asyncio.Event()


async def look_up(params: FunctionCallParams) -> None:
    """Look something up for a very long time."""
    running.add(params.tool_call_id)
    started.set()
    try:
        await asyncio.Event().wait()
    finally:
        running.discard(params.tool_call_id)


class AlwaysCalls(LLMService):
    """A model that answers every turn with a call of `look_up`."""

    def __init__(self) -> None:
        super().__init__(
            settings=LLMSettings(
                model="none",
                system_instruction=None,
                temperature=None,
                max_tokens=None,
                top_p=None,
                top_k=None,
                frequency_penalty=None,
                presence_penalty=None,
                seed=None,
                filter_incomplete_user_turns=False,
                user_turn_completion_config=None,
            )
        )

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        call = FunctionCallFromLLM(
            function_name="look_up", tool_call_id="1", arguments={}, context=frame.context
        )
        await self.run_function_calls([call])
        await self.push_frame(LLMFullResponseEndFrame())


async def slow_desk(call: Call) -> Pipeline:
    llm = AlwaysCalls()
    call._tools[llm.name] = [look_up]
    turns = call.turns(llm)
    return Pipeline(
        [
            call.transport.input(),
            call.stt(),
            DTMFAggregator(),
            turns.user(),
            llm,
            FillerWords({"look_up": ("Still looking.", "Not there yet.")}),
            SpokenText(),
            call.tts(),
            StageLatency(call.record),
            call.transport.output(),
            turns.assistant(),
        ]
    )


bot = as_bot(slow_desk, greeting="Hello.")
