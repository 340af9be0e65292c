"""A call in virtual time in which every spoken word can be heard again in what was played."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.workers.runner import WorkerRunner

from calls.barge_in.hold import Hold
from calls.barge_in.holding import Holding
from calls.heard.following import Following
from calls.heard.memory import remember_what_was_heard
from calls.marks import Marks
from calls.record_events import RecordEvents
from calls.turns import keep_it_short
from calls.way_out import stand_before_output
from calls.window.window import Window
from services.failover.incident import Incident
from services.failover.tts.backed import BackedTTS
from services.failover.tts.sound import letters_in
from services.phrases.repertoire import Repertoire
from tests.services.failover.tts_fakes import RATE_HZ, RequestVoice, StreamingVoice, health
from tests.virtual_time import VirtualClock

Line = Literal["web", "phone"]


@dataclass(frozen=True)
class Heard:
    """A word in what was played, and how much of it: 1 for all."""

    text: str
    part: float


class Tongue:
    """Audio of words that can be told from each other, each with a length of its own."""

    def __init__(self, rng: random.Random, pace: float) -> None:
        self._rng = rng
        self._pace = pace
        self.words: dict[int, tuple[str, int]] = {}

    def speak(self, word: str) -> bytes:
        """16-bit samples, all of one value that no other word of the call has."""
        value = 1000 + len(self.words)
        length = letters_in(word) / self._pace * self._rng.uniform(0.8, 1.25)
        count = round(RATE_HZ * length)
        self.words[value] = (word, count)
        return np.full(count, value, dtype=np.int16).tobytes()

    def heard_in(self, pcm: bytes) -> list[Heard]:
        """The words in what was played, in order."""
        samples = np.frombuffer(pcm, dtype=np.int16)
        values, first, counts = np.unique(samples, return_index=True, return_counts=True)
        found = sorted(zip(first, values, counts, strict=True))
        return [
            Heard(self.words[int(v)][0], int(n) / self.words[int(v)][1])
            for _, v, n in found
            if int(v) in self.words
        ]


class Told(StreamingVoice):
    """A provider that tells the times of its words."""

    def __init__(self, tongue: Tongue, rng: random.Random) -> None:
        super().__init__()
        self._tongue, self._rng = tongue, rng

    async def words(self, text: str) -> AsyncIterator[tuple[str, bytes]]:
        self.manner.first_audio_s = self._rng.uniform(0.05, 0.4)
        async for word, audio in _spoken(self._tongue, self._rng, text):
            yield word, audio


class Untold(RequestVoice):
    """A provider that does not."""

    def __init__(self, tongue: Tongue, rng: random.Random) -> None:
        super().__init__()
        self._tongue, self._rng = tongue, rng

    async def words(self, text: str) -> AsyncIterator[tuple[str, bytes]]:
        self.manner.first_audio_s = self._rng.uniform(0.05, 0.4)
        async for word, audio in _spoken(self._tongue, self._rng, text):
            yield word, audio


class Garbles(Told):
    """A provider whose audio is none: it has another rate than it says."""

    async def words(self, text: str) -> AsyncIterator[tuple[str, bytes]]:
        self.manner.claims_hz = RATE_HZ // 3
        async for word, audio in super().words(text):
            # Nothing that could be taken for a word of the call.
            yield word, np.full(len(audio) // 2, -1000, dtype=np.int16).tobytes()


class Dies(Told):
    """A provider that says three words of every text."""

    async def words(self, text: str) -> AsyncIterator[tuple[str, bytes]]:
        count = 0
        async for word, audio in super().words(text):
            if count == 3:
                raise ConnectionError("503 from the provider")
            count += 1
            yield word, audio


async def _spoken(
    tongue: Tongue, rng: random.Random, text: str
) -> AsyncIterator[tuple[str, bytes]]:
    for word in text.split():
        yield word, tongue.speak(word)
        if rng.random() < 0.1:
            await asyncio.sleep(rng.uniform(0.0, 0.3))
    # The silence behind a sentence.
    yield "", bytes(2 * int(RATE_HZ * rng.uniform(0.05, 0.35)))


class WebLine(BaseOutputTransport):
    """Plays at the pace of speech; what has been written is heard."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE_HZ))
        self._rng = rng
        self.played = bytearray()
        self.marks: Any = None
        self.stalls = True

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        self.played += frame.audio
        # A busy server, now and then.
        late_s = self._rng.uniform(0.0, 0.15) if self._rng.random() < 0.03 else 0.0
        await asyncio.sleep(frame.num_frames / frame.sample_rate + late_s)
        return True


class PhoneLine(WebLine):
    """Sends at the pace of speech over a network; the far end plays, marks and clears."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self._one_way_s = rng.uniform(0.01, 0.12)
        self._next_s = 0.0
        self._arrives_s = 0.0
        self._far: list[bytes | str] = []
        self._playing: asyncio.Task[None] | None = None

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        self._playing = self.create_task(self._play())

    async def cleanup(self) -> None:
        if self._playing:
            await self.cancel_task(self._playing)
        await super().cleanup()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self._send("clear")
            self._next_s = 0.0

    async def send_message(
        self, frame: OutputTransportMessageFrame | OutputTransportMessageUrgentFrame
    ) -> None:
        if isinstance(frame.message, dict) and frame.message.get("event") == "mark":
            self._send(frame.message["mark"]["name"])

    async def clear(self, behind_s: float) -> None:
        """The far end is to drop what it has not played, and the speech goes on later."""
        if self.marks:
            self.marks.cleared_s = asyncio.get_running_loop().time()
        self._send("clear")

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        self._send(frame.audio)
        now_s = asyncio.get_running_loop().time()
        wait_s = max(0.0, self._next_s - now_s)
        late_s = self._rng.uniform(0.0, 0.15) if self._rng.random() < 0.03 else 0.0
        await asyncio.sleep(wait_s + late_s)
        length_s = frame.num_frames / frame.sample_rate
        self._next_s = self._next_s + length_s if wait_s else now_s + late_s + length_s
        return True

    def _send(self, what: bytes | str) -> None:
        loop = asyncio.get_running_loop()
        stalls = self._rng.random() < 0.004 and self.stalls
        stall_s = self._rng.uniform(0.1, 0.8) if stalls else 0.0
        # Nothing overtakes on one connection.
        self._arrives_s = max(self._arrives_s, loop.time() + self._one_way_s + stall_s)
        loop.call_at(self._arrives_s, self._arrived, what)

    def _arrived(self, what: bytes | str) -> None:
        if what == "clear":
            for item in self._far:
                if isinstance(item, str):
                    self._comes_back(item)
            self._far.clear()
        else:
            self._far.append(what)

    async def _play(self) -> None:
        frame_bytes = RATE_HZ // 50 * 2
        while True:
            left = frame_bytes
            while self._far and left:
                item = self._far.pop(0)
                if isinstance(item, str):
                    self._comes_back(item)
                    continue
                self.played += item[:left]
                if len(item) > left:
                    self._far.insert(0, item[left:])
                left -= min(left, len(item))
            await asyncio.sleep(0.02)

    def _comes_back(self, mark: str) -> None:
        if self.marks:
            loop = asyncio.get_running_loop()
            loop.call_later(self._one_way_s, self.marks.came_back, mark)


class Transport(BaseTransport):
    """Nothing comes in."""

    def __init__(self, line: WebLine) -> None:
        super().__init__()
        self.line = line

    def input(self) -> FrameProcessor:
        return IdentityFilter()

    def output(self) -> FrameProcessor:
        return self.line


class Record:
    """What the record of the call would hold as heard of the bot."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def heard(self, who: str, text: str) -> None:
        if text.strip():
            self.lines.append({"who": who, "text": text.strip()})

    def note(self, kind: str, **facts: Any) -> None:
        if kind == "heard":
            self.lines.append(facts)


@dataclass
class HeardCall:
    """A running call."""

    worker: PipelineWorker
    context: LLMContext
    line: WebLine
    tongue: Tongue
    record: Record
    incidents: list[Incident]
    failed: asyncio.Event

    async def give(self, *frames: Frame) -> None:
        await self.worker.queue_frames(list(frames))

    async def until_played(self, text: str, *, part: float) -> None:
        """Wait until so much of a word has been played."""
        for _ in range(1000):
            if any(word.text == text and word.part >= part for word in self.played()):
                return
            await asyncio.sleep(0.02)
        raise TimeoutError(f"{text} was never played.")

    async def until_something_failed(self) -> None:
        """Wait until a provider is known to have failed."""
        await self.failed.wait()

    def played(self) -> list[Heard]:
        return self.tongue.heard_in(bytes(self.line.played))

    def said_in_context(self) -> list[str]:
        return [
            str(m["content"])  # type: ignore[index]
            for m in self.context.get_messages()
            if m["role"] == "assistant" and m.get("content")  # type: ignore[index]
        ]


def sentences(rng: random.Random, count: int) -> list[str]:
    """Sentences of words that occur once in a test."""
    return [_sentence(rng) for _ in range(count)]


def _sentence(rng: random.Random) -> str:
    words = [_word(rng) for _ in range(rng.randint(2, 14))]
    return " ".join(words).capitalize() + rng.choice(".?!")


def _word(rng: random.Random) -> str:
    length = min(1 + int(rng.expovariate(0.28)), 13)
    return "".join(rng.choice("bcdfghjklmnprstvwz" if n % 2 else "aeiou") for n in range(length))


@asynccontextmanager
async def heard_call(
    rng: random.Random,
    *,
    line: Line = "web",
    timed: bool = True,
    before_output: Sequence[FrameProcessor] = (),
    follow: Callable[[Frame], None] | None = None,
    pace: float | None = None,
    asked_first: Sequence[type[Told]] = (),
    window: Window | None = None,
    repertoire: Repertoire | None = None,
    hold: Hold | None = None,
    stalls: bool = True,
    before: Sequence[FrameProcessor] = (),
    events: RecordEvents | None = None,
) -> AsyncIterator[HeardCall]:
    """A call that remembers as every call does.

    Args:
        rng: Decides whatever a provider or a network does of its own will.
        line: What carries it.
        timed: Whether the provider tells the times of its words.
        before_output: Processors between the voice and the output.
        follow: Told of everything that comes out of the output.
        pace: Letters a second of the voice.
        asked_first: Providers that are asked before the one that says everything.
        window: The call's context.
        repertoire: What is kept of what the voice says.
        hold: Of the audio that is about to go out.
        stalls: Whether a phone's network holds everything up, now and then.
        before: Processors before the voice, such as a language model.
        events: Told of everything instead of the call's own record.
    """
    tongue = Tongue(rng, pace or rng.uniform(11.0, 17.0))
    voice: TTSService = (Told if timed else Untold)(tongue, rng)
    voices = [(kind.__name__, kind(tongue, rng), health(5000)) for kind in asked_first]
    incidents: list[Incident] = []
    failed = asyncio.Event()

    def report(incident: Incident) -> None:
        incidents.append(incident)
        failed.set()

    providers = [*voices, ("a", voice, health(5000))]
    tts = BackedTTS(providers, report=report, repertoire=repertoire)
    way_out = (PhoneLine if line == "phone" else WebLine)(rng)
    marks = Marks() if line == "phone" else None
    way_out.marks = marks
    way_out.stalls = stalls
    hold = hold or Hold()
    hold.at(way_out, clear=way_out.clear if isinstance(way_out, PhoneLine) else None)
    transport = stand_before_output(
        Transport(way_out),
        lambda: [Following(marks, "MZ1"), Holding(hold)],
        follow=follow,
    )
    record = Record()
    context = window or Window(limit=1_000_000)
    pair = LLMContextAggregatorPair(context)
    assistant = remember_what_was_heard(pair, events or record, before_asking=context.fit)
    if events:
        events.follows_speech(assistant)
    keep_it_short(pair, context)
    worker = PipelineWorker(
        Pipeline([*before, tts, *before_output, transport.output(), pair.assistant()]),
        params=PipelineParams(audio_out_sample_rate=RATE_HZ),
        cancel_on_idle_timeout=False,
        clock=VirtualClock(),
        enable_rtvi=False,
    )
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def on_pipeline_started(*_: object) -> None:
        started.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(3000):
            await started.wait()
            yield HeardCall(worker, context, way_out, tongue, record, incidents, failed)
            await worker.queue_frame(EndFrame())
            await running
    finally:
        running.cancel()
        # While the loop still runs: all at once, its tasks would wait for each other.
        await asyncio.wait([running])
