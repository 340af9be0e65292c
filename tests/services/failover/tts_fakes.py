"""Text-to-speech providers that misbehave on order, and a listener that hears words."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import (
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.workers.runner import WorkerRunner

from services.failover.health import Health
from services.failover.incident import Incident
from services.failover.tts.backed import BackedTTS
from services.failover.tts.sound import USUAL_PACE, letters_in
from services.phrases.repertoire import Repertoire
from tests.virtual_time import VirtualClock

RATE_HZ = 24_000
DEADLINE_MS = 1000
FIRST_AUDIO_S = 0.2
_SAMPLES: dict[str, int] = {}
_WORDS: dict[int, str] = {}


def spoken(word: str, voice: int = 0) -> bytes:
    """Audio of a word that `Ear` knows again, and the voice with it."""
    sample = _SAMPLES.setdefault(word, 1000 + 20 * len(_SAMPLES))
    _WORDS[sample] = word
    count = round(RATE_HZ * letters_in(word) / USUAL_PACE)
    return np.full(count, sample + voice, dtype=np.int16).tobytes()


@dataclass
class Manner:
    """How a fake provider behaves.

    Attributes:
        connects: Whether setting it up ever ends.
        words: After how many words in all it misbehaves.
        then: What it does then: "hang", "error" or "end" (as if all had been said).
        sound: Whether its audio is audible.
        claims_hz: The sample rate that it says its audio has.
        first_audio_s: From the text to its first audio.
    """

    connects: bool = True
    words: int | None = None
    then: str = "hang"
    sound: bool = True
    claims_hz: int = RATE_HZ
    first_audio_s: float = FIRST_AUDIO_S


FINE = Manner()
HANGS = Manner(words=0)


class FakeVoice(TTSService):
    """What both kinds of fakes share."""

    def __init__(self, manner: Manner = FINE, voice: int = 0, **kwargs: Any) -> None:
        super().__init__(
            push_start_frame=True,
            sample_rate=RATE_HZ,
            settings=TTSSettings(model=None, voice="anna", language="en"),
            **kwargs,
        )
        self.settings_now: TTSSettings = self._settings
        self.manner = replace(manner)
        self.asked: list[str] = []
        self.was_asked = asyncio.Event()
        self.said = 0
        self._voice = voice

    async def setup(self, setup: FrameProcessorSetup) -> None:
        await super().setup(setup)
        if not self.manner.connects:
            await asyncio.Event().wait()

    def can_generate_metrics(self) -> bool:
        return True

    async def words(self, text: str) -> AsyncIterator[tuple[str, bytes]]:
        """The words of a text with their audio, until the manner says otherwise."""
        for word in text.split():
            if self.manner.words is not None and self.said >= self.manner.words:
                if self.manner.then == "hang":
                    await asyncio.Event().wait()
                if self.manner.then == "error":
                    raise ConnectionError("503 from the provider")
                return
            self.said += 1
            audio = spoken(word, self._voice)
            yield word, audio if self.manner.sound else bytes(len(audio))

    def audio(self, pcm: bytes, context_id: str) -> TTSAudioRawFrame:
        return TTSAudioRawFrame(pcm, self.manner.claims_hz, 1, context_id=context_id)


class StreamingVoice(FakeVoice):
    """As over a WebSocket: audio and the times of words come by themselves."""

    def __init__(self, manner: Manner = FINE, voice: int = 0) -> None:
        super().__init__(manner, voice, push_text_frames=False)
        self._given: asyncio.Queue[tuple[str, str | None]] = asyncio.Queue()
        self._server: asyncio.Task[None] | None = None
        self._spoken_s: dict[str, float] = {}

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self.asked.append(text)
        self.was_asked.set()
        self._given.put_nowait((context_id, text))
        if self._server is None:
            self._server = self.create_task(self._serve())
        yield None

    async def flush_audio(self, context_id: str | None = None) -> None:
        self._given.put_nowait((context_id or "", None))

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        if self._server:
            await self.cancel_task(self._server)
        self._server, self._given = None, asyncio.Queue()

    async def cleanup(self) -> None:
        if self._server:
            await self.cancel_task(self._server)
        await super().cleanup()

    async def _serve(self) -> None:
        while True:
            context_id, text = await self._given.get()
            if text is None:
                await self.append_to_audio_context(
                    context_id, TTSStoppedFrame(context_id=context_id)
                )
                await self.remove_audio_context(context_id)
                continue
            await asyncio.sleep(self.manner.first_audio_s)
            try:
                await self._say(text, context_id)
            except ConnectionError as e:
                await self.push_error(str(e), exception=e)

    async def _say(self, text: str, context_id: str) -> None:
        async for word, audio in self.words(text):
            start_s = self._spoken_s.get(context_id, 0.0)
            self._spoken_s[context_id] = start_s + len(audio) / 2 / RATE_HZ
            await self.add_word_timestamps([(word, start_s)], context_id)
            half = len(audio) // 4 * 2
            for part in (audio[:half], audio[half:]):
                await self.append_to_audio_context(context_id, self.audio(part, context_id))
            await asyncio.sleep(0.02)


class RequestVoice(FakeVoice):
    """As over HTTP: one request for a sentence, audio as the body, no times of words."""

    def __init__(self, manner: Manner = FINE, voice: int = 0) -> None:
        super().__init__(manner, voice, push_stop_frames=True)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        self.asked.append(text)
        self.was_asked.set()
        await asyncio.sleep(self.manner.first_audio_s)
        try:
            async for _, audio in self.words(text):
                yield self.audio(audio, context_id)
                await asyncio.sleep(0.02)
        except ConnectionError as e:
            yield ErrorFrame(str(e))


class Ear(FrameProcessor):
    """Keeps what comes by, in either direction, and hears words in the audio."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self._came = asyncio.Condition()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        async with self._came:
            self.frames.append(frame)
            self._came.notify_all()
        await self.push_frame(frame, direction)

    async def until(self, kind: type[Frame], count: int = 1) -> None:
        async with self._came:
            await self._came.wait_for(lambda: len(self.of(kind)) >= count)

    def of(self, kind: type[Frame]) -> list[Any]:
        return [frame for frame in self.frames if isinstance(frame, kind)]

    def order(self, *kinds: type[Frame]) -> list[type[Frame]]:
        """The types of the frames of some kinds, runs of one type taken together."""
        types = [type(frame) for frame in self.frames if isinstance(frame, kinds)]
        return [kind for at, kind in enumerate(types) if not at or types[at - 1] is not kind]

    @property
    def heard(self) -> list[tuple[str, int]]:
        """The words in the audio, each with the voice that said it."""
        pcm = b"".join(frame.audio for frame in self.of(TTSAudioRawFrame))
        samples = np.frombuffer(pcm, dtype=np.int16)
        changes = np.flatnonzero(np.diff(samples)) + 1
        first_of_runs = samples[np.concatenate(([0], changes))] if len(samples) else []
        return [
            (_WORDS[int(sample) // 20 * 20], int(sample) % 20) for sample in first_of_runs if sample
        ]

    @property
    def words(self) -> list[str]:
        return [word for word, _ in self.heard]

    @property
    def told(self) -> list[str]:
        return [frame.text for frame in self.of(TTSTextFrame)]

    @property
    def remembered(self) -> str:
        return " ".join(f.raw_text or f.text for f in self.of(TTSTextFrame) if f.append_to_context)


@dataclass
class Call:
    worker: PipelineWorker
    ear: Ear
    mouth: Ear
    incidents: list[Incident]

    async def say(self, *sentences: str) -> None:
        await self.worker.queue_frames(reply(*sentences))


def reply(*sentences: str) -> list[Frame]:
    texts = [LLMTextFrame(sentence + " ") for sentence in sentences]
    return [LLMFullResponseStartFrame(), *texts, LLMFullResponseEndFrame()]


@dataclass
class Clock:
    """The healths' clock: the loop's, where there is one."""

    _: None = field(default=None)

    def __call__(self) -> float:
        return asyncio.get_running_loop().time()


def health(deadline_ms: float = DEADLINE_MS) -> Health:
    return Health(deadline_ms, fixed=True, clock=Clock())


@asynccontextmanager
async def call(
    *voices: TTSService,
    healths: Sequence[Health] | None = None,
    ends: bool = True,
    repertoire: Repertoire | None = None,
    before: Sequence[FrameProcessor] = (),
) -> AsyncIterator[Call]:
    """A call with these voices, named "a", "b", …, that is ended in order behind the test."""
    incidents: list[Incident] = []
    known = healths or [health() for _ in voices]
    tts = BackedTTS(
        list(zip("abcd", voices, known, strict=False)),
        report=incidents.append,
        repertoire=repertoire,
    )
    mouth, ear = Ear(), Ear()
    worker = PipelineWorker(
        Pipeline([mouth, *before, tts, ear]),
        params=PipelineParams(audio_out_sample_rate=RATE_HZ, enable_metrics=True),
        cancel_on_idle_timeout=False,
        clock=VirtualClock(),
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(300):
            yield Call(worker, ear, mouth, incidents)
            if ends:
                await worker.queue_frame(EndFrame())
            await running
    finally:
        running.cancel()
