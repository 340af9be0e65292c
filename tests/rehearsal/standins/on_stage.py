"""One real Pipecat service in a running pipeline: frames go in, what comes out is waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

import numpy as np
import soxr
from pipecat.frames.frames import (
    CancelFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    LLMContextFrame,
    LLMTextFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSTextFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from services.embedded.espeak import SAMPLE_RATE_HZ as ESPEAK_HZ
from services.embedded.espeak import VoiceSpec, synthesise

_CALLER = VoiceSpec(variant="klatt6", rate_wpm=160, pitch=55, pitch_range=50)

F = TypeVar("F", bound=Frame)


class _Ear(FrameProcessor):
    """Keeps every frame that passes."""

    def __init__(self, heard: Callable[[Frame], None]) -> None:
        super().__init__()
        self._heard = heard

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self._heard(frame)
        await self.push_frame(frame, direction)


class Stage:
    """What came out so far, in order, of both ends."""

    def __init__(self, worker: PipelineWorker) -> None:
        self._worker = worker
        self._arrived = asyncio.Event()
        self._sent: set[int] = set()
        self.frames: list[Frame] = []

    async def send(self, *frames: Frame) -> None:
        self._sent |= {frame.id for frame in frames}
        await self._worker.queue_frames(frames)

    def of(self, kind: type[F]) -> list[F]:
        return [frame for frame in self.frames if isinstance(frame, kind)]

    async def until(
        self, kind: type[F], fits: Callable[[F], bool] = lambda _: True, *, count: int = 1
    ) -> F:
        """The frame of this kind, as soon as there are `count` that fit."""
        while True:
            found = [frame for frame in self.of(kind) if fits(frame)]
            if len(found) >= count:
                return found[count - 1]
            self._arrived.clear()
            await asyncio.wait_for(self._arrived.wait(), 15)

    def heard(self, frame: Frame) -> None:
        if frame.id not in self._sent:
            self.frames.append(frame)
            self._arrived.set()

    @property
    def text(self) -> str:
        """What the language model said."""
        return "".join(frame.text for frame in self.of(LLMTextFrame))

    @property
    def errors(self) -> list[str]:
        return [frame.error for frame in self.of(ErrorFrame)]

    @property
    def audio(self) -> np.ndarray:
        """What was spoken."""
        return np.frombuffer(b"".join(f.audio for f in self.of(TTSAudioRawFrame)), np.int16)

    @property
    def words(self) -> list[tuple[str, int]]:
        """Spoken words with when they are heard, in nanoseconds."""
        return [(frame.text, frame.pts or 0) for frame in self.of(TTSTextFrame)]


@asynccontextmanager
async def on_stage(
    *processors: FrameProcessor, in_hz: int = 16_000, out_hz: int = 24_000
) -> AsyncIterator[Stage]:
    """The processors in a pipeline that has started; it is cancelled in the end."""
    stage: Stage | None = None
    started = asyncio.Event()

    def heard(frame: Frame) -> None:
        if isinstance(frame, StartFrame):
            return
        assert stage is not None
        stage.heard(frame)

    worker = PipelineWorker(
        Pipeline([_Ear(heard), *processors, _Ear(heard)]),
        cancel_on_idle_timeout=False,
        enable_rtvi=False,
        params=PipelineParams(
            audio_in_sample_rate=in_hz,
            audio_out_sample_rate=out_hz,
            enable_metrics=True,
            enable_usage_metrics=True,
        ),
    )
    stage = Stage(worker)

    @worker.event_handler("on_pipeline_started")
    async def _(_worker: PipelineWorker, _frame: Frame) -> None:
        started.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        await asyncio.wait_for(started.wait(), 15)
        yield stage
    finally:
        await worker.queue_frame(CancelFrame())
        await asyncio.wait_for(running, 15)


def utterance(text: str, *, rate_hz: int = 16_000) -> list[Frame]:
    """Spoken words as a transport brings them, with what a VAD finds in them."""
    pcm = b"".join(chunk.pcm for chunk in synthesise(text, _CALLER))
    samples = soxr.resample(np.frombuffer(pcm, np.int16), ESPEAK_HZ, rate_hz).astype(np.int16)
    quiet = np.zeros(rate_hz // 5, np.int16)
    sound = np.concatenate([quiet, samples, quiet])
    step = rate_hz // 50
    audio = [
        InputAudioRawFrame(sound[at : at + step].tobytes(), rate_hz, 1)
        for at in range(0, len(sound), step)
    ]
    return [
        *audio[:15],
        VADUserStartedSpeakingFrame(start_secs=0.2),
        *audio[15:],
        VADUserStoppedSpeakingFrame(stop_secs=0.2),
    ]


def asked(*lines: str, tools: Iterable[object] = ()) -> LLMContextFrame:
    """A conversation in which the caller said these lines."""
    messages = [{"role": "user", "content": line} for line in lines]
    declared = list(tools)
    context = LLMContext(messages, tools=declared) if declared else LLMContext(messages)  # pyright: ignore[reportArgumentType]
    return LLMContextFrame(context)


def speak(text: str) -> TTSSpeakFrame:
    return TTSSpeakFrame(text)


def silence(seconds: float, *, rate_hz: int = 16_000) -> list[Frame]:
    """A line on which nobody speaks."""
    frame = bytes(rate_hz // 50 * 2)
    return [InputAudioRawFrame(frame, rate_hz, 1) for _ in range(round(seconds * 50))]
