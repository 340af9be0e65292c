"""The bound on silence among real aggregators, services and a transport."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from itertools import pairwise

import numpy as np
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSTextFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings, TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_start import TranscriptionUserTurnStartStrategy, VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from processors.filler_words import FillerFrame, FillerWords
from processors.silence.report import BoundReached
from processors.silence_bound import SilenceBound
from tests.processors.probed_pipeline import Rig, probed_pipeline
from tests.processors.silence_bound_call import PHRASE_S, PHRASES, RATE_HZ, VAD_S, now_s, tone
from tests.virtual_time import in_virtual_time

FOREVER_S = 1000.0
BOUND_S = 3.0


class Model(LLMService):
    """Waits, then says its line; one pair a run, the last one again and again."""

    def __init__(self, *runs: tuple[float, str]) -> None:
        super().__init__(settings=LLMSettings(model="script"))
        self._runs = list(runs)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        wait_s, line = self._runs.pop(0) if len(self._runs) > 1 else self._runs[0]
        await self.push_frame(LLMFullResponseStartFrame())
        try:
            await asyncio.sleep(wait_s)
            await self.push_frame(LLMTextFrame(line))
        finally:
            await self.push_frame(LLMFullResponseEndFrame())


class Voice(TTSService):
    """Speaks each text as a second of tone, unless it is dead for it."""

    def __init__(self, dead_for: tuple[type[Frame], ...] = ()) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            stop_frame_timeout_s=0.1,
            sample_rate=RATE_HZ,
            settings=TTSSettings(model="tone", voice="a", language="en"),
        )
        self._dead = False
        self._dead_for = dead_for

    def can_generate_metrics(self) -> bool:
        return False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, self._dead_for):
            self._dead = True
        await super().process_frame(frame, direction)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        if self._dead:
            await asyncio.sleep(FOREVER_S)
        yield TTSAudioRawFrame(tone(1), RATE_HZ, 1, context_id=context_id)


class Loudspeaker(BaseOutputTransport):
    """Plays audio at its pace and notes when something is audible."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE_HZ))
        self.audible_s: list[float] = []
        self.words: list[str] = []

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if isinstance(frame, TTSTextFrame):
            self.words.append(frame.text)
        await super().push_frame(frame, direction)

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        if np.frombuffer(frame.audio, np.int16).any():
            self.audible_s.append(now_s())
        await asyncio.sleep(len(frame.audio) / 2 / RATE_HZ)
        return True


class Caller:
    """Somebody on the line, heard or not."""

    def __init__(self, rig: Rig, ear: Loudspeaker, context: LLMContext) -> None:
        self.rig = rig
        self.ear = ear
        self.context = context
        self.bounds: list[BoundReached] = []
        self.given_up = asyncio.Event()
        self.fell_silent_s = 0.0

    async def says(self, text: str, *, heard: bool = True, seconds: float = 1.0) -> None:
        await asyncio.sleep(VAD_S)
        await self.rig.down(VADUserStartedSpeakingFrame(start_secs=VAD_S))
        await asyncio.sleep(seconds - VAD_S)
        self.fell_silent_s = now_s()
        await asyncio.sleep(VAD_S)
        await self.rig.down(VADUserStoppedSpeakingFrame(stop_secs=VAD_S))
        if heard:
            await self.rig.down(TranscriptionFrame(text, "caller", ""))

    def longest_wait_s(self) -> float:
        """Since the caller fell silent, up to the last sound."""
        heard = [self.fell_silent_s, *(s for s in self.ear.audible_s if s >= self.fell_silent_s)]
        return max(b - a for a, b in pairwise(heard))

    @property
    def shown(self) -> list[str]:
        """What was played, in words, in order."""
        return self.ear.words


@contextlib.asynccontextmanager
async def a_call(*runs: tuple[float, str], voice: Voice | None = None) -> AsyncIterator[Caller]:
    context = LLMContext()
    turns = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            user_turn_strategies=UserTurnStrategies(
                start=[VADUserTurnStartStrategy(), TranscriptionUserTurnStartStrategy()],
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.6)],
            )
        ),
    )
    ear = Loudspeaker()
    callers: list[Caller] = []

    async def give_up() -> None:
        callers[0].given_up.set()

    bound = SilenceBound(
        PHRASES, on_bound=lambda reached: callers[0].bounds.append(reached), give_up=give_up
    )
    stages = (
        turns.user(),
        Model(*(runs or ((0.1, "It comes tomorrow."),))),
        FillerWords(),
        voice or Voice(),
        bound,
        ear,
    )
    params = PipelineParams(audio_out_sample_rate=RATE_HZ)
    async with probed_pipeline(*stages, turns.assistant(), params=params) as rig:
        callers.append(Caller(rig, ear, context))
        yield callers[0]


@in_virtual_time
async def test_call_in_which_everything_works_never_reaches_the_bound() -> None:
    async with a_call() as caller:
        for _ in range(3):
            await caller.says("where is my order")
            await asyncio.sleep(10)

        assert caller.bounds == []
        assert caller.shown == ["It comes tomorrow."] * 3


@in_virtual_time
async def test_dead_model_and_dead_voice_are_apologised_for_and_then_the_call_is_given_up() -> None:
    async with a_call((FOREVER_S, ""), voice=Voice(dead_for=(TTSSpeakFrame,))) as caller:
        for _ in range(2):
            await caller.says("where is my order")
            await asyncio.sleep(10)
            assert caller.longest_wait_s() <= BOUND_S
        await asyncio.wait_for(caller.given_up.wait(), 10)

        assert caller.shown == ["One moment.", "Say it again?", "Still busy.", "Goodbye."]


@in_virtual_time
async def test_voice_that_dies_on_the_answer_is_replaced() -> None:
    async with a_call(voice=Voice(dead_for=(LLMFullResponseStartFrame,))) as caller:
        await caller.says("where is my order")
        await asyncio.sleep(10)

        assert caller.longest_wait_s() <= BOUND_S
        assert caller.shown == ["One moment.", "Say it again?"]


@in_virtual_time
async def test_dead_speech_to_text_is_bridged() -> None:
    async with a_call() as caller:
        await caller.says("where is my order", heard=False)
        await asyncio.sleep(10)

        assert caller.longest_wait_s() <= BOUND_S
        assert caller.shown[0] == "I am listening."
        assert caller.bounds[0].outstanding == ("stt",)


@in_virtual_time
async def test_slow_answer_follows_the_fillers_and_the_phrase_without_mixing() -> None:
    async with a_call((9.0, "It comes tomorrow.")) as caller:
        await caller.says("where is my order")
        await asyncio.sleep(20)

        assert caller.longest_wait_s() <= BOUND_S
        assert caller.shown[-1] == "It comes tomorrow."
        assert "Say it again?" not in caller.shown


@in_virtual_time
async def test_model_never_sees_the_phrases_and_the_given_up_answer_never_comes() -> None:
    voice = Voice(dead_for=(FillerFrame,))
    async with a_call((8.0, "Too late."), (0.1, "It comes tomorrow."), voice=voice) as caller:
        await caller.says("where is my order")
        await asyncio.sleep(25)
        assert caller.shown == ["One moment.", "Say it again?"]
        assert "Too late." not in str(caller.context.messages)
        assert "One moment." not in str(caller.context.messages)
        assert "Say it again?" not in str(caller.context.messages)


@in_virtual_time
async def test_phrase_is_played_whole_by_the_transport() -> None:
    async with a_call(voice=Voice(dead_for=(TTSSpeakFrame, LLMFullResponseStartFrame))) as caller:
        await caller.says("where is my order")
        await asyncio.sleep(2.75 + PHRASE_S + 0.5)

        played_s = len(caller.ear.audible_s) * 0.04
        assert abs(played_s - PHRASE_S) <= 0.04
