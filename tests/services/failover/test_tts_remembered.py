"""What the conversation keeps of speech that changed its speaker, as it is played."""

import asyncio

import pytest
from pipecat.frames.frames import (
    EndFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    OutputAudioRawFrame,
    StartFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner

from services.failover.tts.backed import BackedTTS
from tests.services.failover.tts_fakes import (
    FINE,
    RATE_HZ,
    Ear,
    FakeVoice,
    Manner,
    RequestVoice,
    StreamingVoice,
    health,
    reply,
)
from tests.virtual_time import VirtualClock, in_virtual_time

ORDER = "Your parcel with the two lamps left our house on Monday."


class Loudspeaker(BaseOutputTransport):
    """Plays at the pace of speech."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE_HZ))

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        await asyncio.sleep(frame.num_frames / frame.sample_rate)
        return True


async def kept_of(*voices: TTSService, interrupted_after: str = "") -> str:
    """What the context has of `ORDER`, with an interruption when a word has come up."""
    context = LLMContext()
    pair = LLMContextAggregatorPair(context)
    tts = BackedTTS(
        [(str(number), voice, health()) for number, voice in enumerate(voices)],
        report=lambda incident: None,
    )
    ear = Ear()
    worker = PipelineWorker(
        Pipeline([tts, Loudspeaker(), ear, pair.assistant()]),
        params=PipelineParams(audio_out_sample_rate=RATE_HZ),
        cancel_on_idle_timeout=False,
        clock=VirtualClock(),
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    async with asyncio.timeout(100):
        await worker.queue_frames(reply(ORDER))
        if interrupted_after:
            while interrupted_after not in ear.told:
                await ear.until(TTSTextFrame, len(ear.told) + 1)
            await worker.queue_frame(InterruptionFrame())
            await ear.until(InterruptionFrame)
        else:
            await ear.until(LLMFullResponseEndFrame)
        await worker.queue_frame(EndFrame())
        await running
    return " ".join(str(message["content"]) for message in context.get_messages())  # type: ignore[index]


@pytest.mark.parametrize("kind", [StreamingVoice, RequestVoice])
def test_the_context_holds_the_reply_once(kind: type[FakeVoice]):
    @in_virtual_time
    async def story() -> None:
        assert await kept_of(kind(Manner(words=5)), kind(FINE, 1)) == ORDER

    story()


@pytest.mark.parametrize("kind", [StreamingVoice, RequestVoice])
@pytest.mark.parametrize("last", ["the", "house"])
def test_the_context_holds_what_the_caller_heard_before_the_barge_in(
    kind: type[FakeVoice], last: str
):
    @in_virtual_time
    async def story() -> None:
        voices = kind(Manner(words=5)), kind(FINE, 1)
        kept = await kept_of(*voices, interrupted_after=last)
        assert kept == ORDER[: ORDER.index(last) + len(last)]

    story()
