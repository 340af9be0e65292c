"""A turn that ends as it starts: the words that it interrupts stand before its own."""

import asyncio

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseStartFrame,
    TranscriptionFrame,
    TTSTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy
from pipecat.turns.user_stop import BaseUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.text.base_text_aggregator import TextType

from calls.heard.memory import remember_what_was_heard
from calls.turn_taking.listening_user import ListeningUser
from tests.calls.heard_call import Record
from tests.processors.probed_pipeline import probed_pipeline
from tests.virtual_time import in_virtual_time


class EndsAtOnce(BaseUserTurnStopStrategy):
    """A turn is over with its first words."""

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        await super().process_frame(frame)
        if isinstance(frame, TranscriptionFrame):
            await self.trigger_user_turn_stopped()
        return ProcessFrameResult.CONTINUE


class TakesLong(FrameProcessor):
    """Needs its time for an interruption."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            await asyncio.sleep(self._seconds)
        await self.push_frame(frame, direction)


async def asked_with(interruption_takes_s: float) -> tuple[list[str], list[str]]:
    """What the model was asked with, and what the context held at the end."""
    context = LLMContext()
    pair = LLMContextAggregatorPair(context)
    strategies = UserTurnStrategies(
        start=[TranscriptionUserTurnStartStrategy()], stop=[EndsAtOnce()]
    )
    user = pair._user = ListeningUser(
        context, params=LLMUserAggregatorParams(user_turn_strategies=strategies)
    )
    assistant = remember_what_was_heard(pair, Record())
    user.writes_behind(assistant.interruption)
    asked: list[str] = []

    class Model(FrameProcessor):
        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            await super().process_frame(frame, direction)
            if isinstance(frame, LLMContextFrame):
                asked.extend(_contents(frame.context))
            await self.push_frame(frame, direction)

    async with probed_pipeline(user, Model(), TakesLong(interruption_takes_s), assistant) as rig:
        words = TTSTextFrame("It left yesterday.", TextType.SENTENCE)
        await rig.down(
            LLMFullResponseStartFrame(), words, TranscriptionFrame("stop", "caller", "now")
        )
        await asyncio.sleep(5)
    return asked, _contents(context)


def _contents(context: LLMContext) -> list[str]:
    return [
        str(message.get("content")) for message in context.messages if isinstance(message, dict)
    ]


@in_virtual_time
async def test_what_was_heard_stands_before_the_words_that_interrupt_it() -> None:
    asked, held = await asked_with(0.2)
    assert asked == held == ["It left yesterday.", "stop"]


@in_virtual_time
async def test_caller_is_answered_though_an_interruption_is_stuck() -> None:
    asked, held = await asked_with(3.0)
    assert asked == ["stop"]
    assert held == ["stop", "It left yesterday."]
