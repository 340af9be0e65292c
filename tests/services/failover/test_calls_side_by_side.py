"""What fails in one call changes nothing in another: neither its words nor when they come."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from pipecat.frames.frames import LLMTextFrame, TranscriptionFrame, TTSAudioRawFrame

from tests.services.failover import test_llm_backup as llm
from tests.services.failover import tts_fakes as tts
from tests.services.failover.scripted_llm import Reply, ScriptedLLM
from tests.services.failover.scripted_stt import DEAF, Script
from tests.services.failover.stt_call import calling, first, second
from tests.virtual_time import in_virtual_time

Event = tuple[str, float]
QUESTION = "where is my order"
ANSWER = "Your parcel with the two lamps left our house on Monday."
CALLS_AT_S = 1.0


async def understood() -> list[Event]:
    """A caller is understood."""
    began_s = now_s()
    async with calling(first(), second()) as call:
        await call.says(QUESTION)
        ends = call.rig.tail
        return [
            (frame.text, at_s - began_s)
            for at_s, frame in zip(ends.at_s, ends.got, strict=True)
            if isinstance(frame, TranscriptionFrame)
        ]


async def not_understood(script: Script) -> None:
    async with calling(first(script), second()) as call:
        await call.says(QUESTION)
        assert call.failures


async def answered() -> list[Event]:
    """A model answers."""
    began_s = now_s()
    async with llm.call_with(ScriptedLLM(llm.GOOD), ScriptedLLM(llm.GOOD)) as call:
        await call.asks()
        ends = call.rig.tail
        return [
            (frame.text, at_s - began_s)
            for at_s, frame in zip(ends.at_s, ends.got, strict=True)
            if isinstance(frame, LLMTextFrame)
        ]


async def not_answered(reply: Reply) -> None:
    async with llm.call_with(ScriptedLLM(reply), ScriptedLLM(llm.GOOD)) as call:
        await call.asks()
        assert call.incidents


async def spoken() -> list[Event]:
    """A voice says an answer."""
    began_s = now_s()
    voices = tts.StreamingVoice(tts.FINE), tts.StreamingVoice(tts.FINE, 1)
    async with tts.call(*voices) as call:
        await call.say(ANSWER)
        await call.ear.until(TTSAudioRawFrame, 2 * len(ANSWER.split()))
        return [*((word, 0.0) for word in call.ear.words), ("spoken", now_s() - began_s)]


async def not_spoken(manner: tts.Manner) -> None:
    voices = tts.StreamingVoice(manner), tts.StreamingVoice(tts.FINE, 1)
    async with tts.call(*voices) as call:
        await call.say(ANSWER)
        await call.ear.until(TTSAudioRawFrame, 2 * len(ANSWER.split()))
        assert call.incidents


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def later(call: Callable[[], Awaitable[list[Event]]]) -> list[Event]:
    await asyncio.sleep(CALLS_AT_S)
    return await call()


FAILING = {
    "a recogniser that hears nothing": (understood, lambda: not_understood(DEAF)),
    "a recogniser that breaks off": (
        understood,
        lambda: not_understood(Script(dies_with_frame=40, error=True)),
    ),
    "a model that hangs": (answered, lambda: not_answered(llm.HANGS)),
    "a model that fails": (answered, lambda: not_answered(Reply(error="500"))),
    "a model that stalls": (answered, lambda: not_answered(Reply("Your order", hangs=True))),
    "a voice that hangs": (spoken, lambda: not_spoken(tts.HANGS)),
    "a voice that breaks off": (spoken, lambda: not_spoken(tts.Manner(words=3, then="error"))),
    "a voice at a wrong rate": (
        spoken,
        lambda: not_spoken(tts.Manner(claims_hz=tts.RATE_HZ // 3)),
    ),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_healthy_call_is_the_same_beside_a_failing_one(what: str) -> None:
    healthy, failing = FAILING[what]

    @in_virtual_time
    async def alone() -> None:
        heard.append(await later(healthy))

    @in_virtual_time
    async def beside() -> None:
        both = asyncio.gather(later(healthy), failing())
        events, _ = await both
        heard.append(events)

    heard: list[list[Event]] = []
    alone()
    beside()
    by_itself, in_company = heard
    assert [text for text, _ in in_company] == [text for text, _ in by_itself]
    for (_, alone_s), (_, beside_s) in zip(by_itself, in_company, strict=True):
        assert beside_s == pytest.approx(alone_s, abs=0.002)
    assert all(earlier <= after for (_, earlier), (_, after) in pairwise(by_itself))
