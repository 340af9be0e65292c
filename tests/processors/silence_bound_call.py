"""A caller on a line that a silence bound watches, and an ear at its end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    FunctionCallResultProperties,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMContextUserTurnFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.worker import PipelineParams
from pipecat.processors.aggregators.llm_context import LLMContext

from processors.no_answer import APOLOGY, PROMPT
from processors.silence.phrases import SparePhrase, Step
from processors.silence.report import BoundReached, DeadAir
from processors.silence_bound import SilenceBound
from tests.processors.probed_pipeline import Rig, probed_pipeline

RATE_HZ = 8000
VAD_S = 0.2
PHRASE_S = 1.0
TURN_S = 0.5
BOUND_S = 2.75
"""The bound less the margin: when the bound becomes active."""


def about(*seconds: float) -> object:
    """These moments, but for the steps in which frames are handed on."""
    return pytest.approx(list(seconds), abs=0.02)


def tone(seconds: float, rate_hz: int = RATE_HZ) -> bytes:
    return b"\x00\x10" * round(seconds * rate_hz)


def silence(seconds: float, rate_hz: int = RATE_HZ) -> bytes:
    return b"\x00\x00" * round(seconds * rate_hz)


def phrase(step: Step, text: str, rate_hz: int = RATE_HZ) -> SparePhrase:
    return SparePhrase(step, text, tone(PHRASE_S, rate_hz), rate_hz)


PHRASES = (
    phrase(Step.WELCOME, "Hello."),
    phrase(Step.LISTENING, "I am listening."),
    phrase(Step.LISTENING, "Go ahead."),
    phrase(Step.MOMENT, "One moment."),
    phrase(Step.MOMENT, "Still busy."),
    phrase(Step.ASK_AGAIN, "Say it again?"),
    phrase(Step.ASK_AGAIN, "Repeat it?"),
    phrase(Step.GOODBYE, "Goodbye."),
)


class SilentCall:
    """What the stages before the bound do, at the time they do it, and what comes out."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.bounds: list[BoundReached] = []
        self.dead_air: list[DeadAir] = []
        self.times_given_up = 0
        self.began_s = now_s()
        self._apologies = 0

    async def down(self, *frames: Frame) -> None:
        """The frames pass; time passes only when they are late by themselves."""
        for frame in frames:
            await self.rig.head.push_frame(frame)

    async def caller_makes_a_sound(self, seconds: float, *, begins_turn: bool = False) -> None:
        """A voice of this length; returns when the detector has noticed its end."""
        await asyncio.sleep(VAD_S)
        await self.down(VADUserStartedSpeakingFrame(start_secs=VAD_S))
        if begins_turn:
            await self.turn_begins()
        await asyncio.sleep(seconds)
        await self.down(VADUserStoppedSpeakingFrame(stop_secs=VAD_S))

    async def caller_says(self, text: str, *, seconds: float = 1.0) -> None:
        """A turn, with its transcript and its end."""
        await self.caller_makes_a_sound(seconds)
        await asyncio.sleep(TURN_S - VAD_S)
        await self.turn_ends(text)

    async def turn_begins(self) -> None:
        await self.down(UserStartedSpeakingFrame(), InterruptionFrame())

    async def turn_ends(self, text: str) -> None:
        await self.down(
            UserStoppedSpeakingFrame(), LLMContextUserTurnFrame(text=text, timestamp="")
        )

    async def voice(self, *audio: bytes, context_id: str = "answer", filler: bool = False) -> None:
        """An utterance, from its start to its end, faster than it is played."""
        await self.down(
            TTSStartedFrame(context_id=context_id, append_to_context=not filler),
            *(speech(piece, context_id) for piece in audio),
            TTSStoppedFrame(context_id=context_id),
        )

    async def bot_answers(self, seconds: float = 1.0) -> None:
        await self.down(LLMFullResponseStartFrame())
        await self.voice(tone(seconds))
        await self.down(LLMFullResponseEndFrame())

    async def bot_apologises(self, *audio: bytes, whole: bool = True) -> None:
        """Nobody gave an answer: the model's stage has the voice ask the caller to repeat."""
        self._apologies += 1
        await self.down(LLMFullResponseStartFrame())
        await self.phrase_of(
            APOLOGY, *(audio or (tone(1),)), context_id=f"sorry {self._apologies}", whole=whole
        )
        await self.down(LLMFullResponseEndFrame())

    async def phrase_of(
        self, kind: str, *audio: bytes, context_id: str, whole: bool = True
    ) -> None:
        """A phrase that is no answer, announced as Pipecat announces it."""
        announcement = AggregatedTextFrame(kind, kind, context_id=context_id)
        announcement.will_be_spoken = True
        in_context = kind == PROMPT
        await self.down(
            announcement,
            TTSStartedFrame(context_id=context_id, append_to_context=in_context),
            *(speech(piece, context_id) for piece in audio),
        )
        if whole:
            await self.down(TTSStoppedFrame(context_id=context_id))

    async def tool_starts(self) -> None:
        call = FunctionCallFromLLM(
            function_name="find", tool_call_id="1", arguments={}, context=LLMContext()
        )
        await self.down(
            FunctionCallsStartedFrame(function_calls=[call]),
            FunctionCallInProgressFrame(function_name="find", tool_call_id="1", arguments={}),
        )

    async def tool_returns(self, *, run_llm: bool | None = None) -> None:
        await self.down(
            FunctionCallResultFrame(
                function_name="find",
                tool_call_id="1",
                arguments={},
                result={"say": "a"},
                properties=FunctionCallResultProperties(run_llm=run_llm),
            )
        )

    async def model_is_asked_again(self) -> None:
        await self.rig.up(LLMContextFrame(context=LLMContext()))

    @property
    def said(self) -> list[str]:
        return [frame.text for frame in self.rig.reached_the_end(TTSTextFrame)]

    @property
    def steps(self) -> list[Step]:
        return [bound.step for bound in self.bounds]

    @property
    def interruptions(self) -> int:
        return sum(isinstance(frame, InterruptionFrame) for frame in self.rig.head.got)

    def sounds(self) -> list[tuple[float, float]]:
        """What is heard at the playout: the start and end of each piece, since the call began."""
        heard: list[tuple[float, float]] = []
        free_s = 0.0
        for frame, at_s in zip(self.rig.tail.got, self.rig.tail.at_s, strict=True):
            at_s -= self.began_s
            if isinstance(frame, InterruptionFrame):
                heard = [(a, min(b, at_s)) for a, b in heard if a < at_s]
                free_s = at_s
            elif isinstance(frame, TTSAudioRawFrame):
                start_s = max(at_s, free_s)
                free_s = start_s + len(frame.audio) / 2 / frame.sample_rate
                if any(frame.audio):
                    heard.append((start_s, free_s))
        return [(round(a, 3), round(b, 3)) for a, b in heard]

    def heard_at(self) -> list[float]:
        """When each piece begins, in seconds since the call began."""
        return [start_s for start_s, _ in self.sounds()]


def speech(audio: bytes, context_id: str | None = "answer") -> TTSAudioRawFrame:
    return TTSAudioRawFrame(audio, RATE_HZ, 1, context_id=context_id)


def now_s() -> float:
    return asyncio.get_running_loop().time()


@contextlib.asynccontextmanager
async def a_call(
    *, phrases: tuple[SparePhrase, ...] = PHRASES, rate_hz: int = RATE_HZ, **kwargs: Any
) -> AsyncIterator[SilentCall]:
    """A call whose bound may give it up."""
    call: list[SilentCall] = []

    async def give_up() -> None:
        call[0].times_given_up += 1

    given: Callable[[], Awaitable[None]] | None = kwargs.pop("give_up", give_up)
    bound = SilenceBound(
        phrases,
        on_bound=lambda reached: call[0].bounds.append(reached),
        on_dead_air=lambda gap: call[0].dead_air.append(gap),
        give_up=given,
        **kwargs,
    )
    params = PipelineParams(audio_out_sample_rate=rate_hz)
    async with probed_pipeline(bound, params=params) as rig:
        call.append(SilentCall(rig))
        yield call[0]
