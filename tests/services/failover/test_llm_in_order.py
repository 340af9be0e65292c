"""An answer that was held is let go in the order in which the model wrote it."""

import asyncio

import pytest
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMTextFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from services.failover.health import Health
from services.failover.llm.backed import BackedLLM
from tests.processors.probed_pipeline import Rig, probed_pipeline
from tests.services.failover.scripted_llm import Reply, ScriptedLLM, texts
from tests.virtual_time import in_virtual_time

ANSWER = "First we call you to agree on a day. Then two of our people bring everything."
BETWEEN_S = 0.01


class TakesItsTime(FrameProcessor):
    """In direct mode whoever pushes waits for whoever takes."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            await asyncio.sleep(BETWEEN_S / 3)
        await self.push_frame(frame, direction)


async def asked_ahead(rig: Rig, *, held_s: float) -> None:
    context = LLMContext([{"role": "user", "content": "How does it work?"}])
    await rig.down(LLMContextFrame(context=context, speculation=True))
    await asyncio.sleep(0.25 + held_s)
    assert not texts(rig.tail.got)


def backed() -> BackedLLM:
    model = ScriptedLLM(Reply(ANSWER, after_s=0.25, between_s=BETWEEN_S))
    return BackedLLM([("one", model, Health(1000, fixed=True))], report=lambda _: None)


@pytest.mark.parametrize("held", range(1, 16))
def test_words_that_come_while_held_ones_are_let_go_come_behind_them(held: int) -> None:
    @in_virtual_time
    async def story() -> None:
        async with probed_pipeline(backed(), TakesItsTime()) as rig:
            await asked_ahead(rig, held_s=held * BETWEEN_S)
            await rig.down(UserStoppedSpeakingFrame())
            await asyncio.sleep(1.0)
            assert texts(rig.tail.got) == ANSWER

    story()


@in_virtual_time
async def test_nothing_of_an_answer_comes_behind_its_interruption() -> None:
    async with probed_pipeline(backed(), TakesItsTime()) as rig:
        await asked_ahead(rig, held_s=8 * BETWEEN_S)
        await rig.down(UserStoppedSpeakingFrame())
        await rig.down(InterruptionFrame())
        await asyncio.sleep(1.0)
        kinds = [type(frame) for frame in rig.tail.got]
        assert LLMTextFrame not in kinds[kinds.index(InterruptionFrame) :]
