"""That somebody is still speaking is said every two seconds, not five times in one."""

import asyncio
from typing import Any

from pipecat.audio.vad.vad_controller import VADController
from pipecat.frames.frames import (
    BotSpeakingFrame,
    BotStartedSpeakingFrame,
    Frame,
    UserSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from calls.still_speaking import say_seldom
from calls.turn_taking.listening_user import ListeningUser
from calls.turn_taking.voice_activity import VoiceActivity
from tests.processors.probed_pipeline import probed_pipeline
from tests.virtual_time import in_virtual_time


class Output(BaseOutputTransport):
    def __init__(self) -> None:
        super().__init__(TransportParams())
        self.said: list[tuple[float, type[Frame]]] = []

    async def broadcast_frame(self, frame_cls: type[Frame], **kwargs: Any) -> None:
        self.said.append((asyncio.get_running_loop().time(), frame_cls))


@in_virtual_time
async def test_bot_that_speaks_for_five_seconds_says_so_three_times() -> None:
    output = Output()
    say_seldom(output)
    began_s = asyncio.get_running_loop().time()
    for _ in range(25):
        await output.broadcast_frame(BotSpeakingFrame)
        await asyncio.sleep(0.2)
    assert [round(at_s - began_s, 1) for at_s, _ in output.said] == [0.0, 2.0, 4.0]


@in_virtual_time
async def test_everything_else_is_said_every_time() -> None:
    output = Output()
    say_seldom(output)
    for kind in (BotSpeakingFrame, BotStartedSpeakingFrame, BotStartedSpeakingFrame):
        await output.broadcast_frame(kind)
    assert [kind for _, kind in output.said] == [
        BotSpeakingFrame,
        BotStartedSpeakingFrame,
        BotStartedSpeakingFrame,
    ]


@in_virtual_time
async def test_caller_who_speaks_for_five_seconds_is_said_to_three_times() -> None:
    user = ListeningUser(LLMContext())
    async with probed_pipeline(user) as rig:
        for _ in range(25):
            await user._on_vad_speech_activity(VADController(VoiceActivity()))
            await asyncio.sleep(0.2)
        assert len(rig.reached_the_end(UserSpeakingFrame)) == 3
