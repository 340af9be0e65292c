"""Words are wanted as final ones before the silence is certain, and none is lost by that."""

import asyncio
import random
from itertools import pairwise

import pytest
from pipecat.frames.frames import TranscriptionFrame

from services.words_now import WordsNowFrame
from tests.services.failover.scripted_stt import VAD_S, Script
from tests.services.failover.stt_call import Call, calling, first, health, second
from tests.virtual_time import in_virtual_time

LINE = "where is my order number four seven two"
# As long as the taking of turns takes to think that the caller may be done.
LULL_S = 0.1


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def final_at_s(call: Call) -> float:
    """When the last final words came."""
    await call.caller.is_silent(3.0)
    return finals_at_s(call)[-1]


def finals_at_s(call: Call) -> list[float]:
    tail = call.rig.tail
    came = zip(tail.at_s, tail.got, strict=True)
    return [at_s for at_s, frame in came if isinstance(frame, TranscriptionFrame)]


async def says_and_is_asked(call: Call, after_s: float) -> float:
    """The line; so long after its begin the words are wanted. Returns when it ended."""
    speaking = asyncio.create_task(call.caller.says(LINE))
    await asyncio.sleep(after_s)
    await call.rig.up(WordsNowFrame())
    await speaking
    return now_s() - VAD_S


async def line_lasts_s(call: Call) -> float:
    began_s = now_s()
    await call.caller.says(LINE)
    return now_s() - VAD_S - began_s


@in_virtual_time
async def test_words_asked_for_at_the_end_of_speech_are_there_sooner() -> None:
    async with calling(first(Script(delay_s=0.15)), second()) as call:
        lasts_s = await line_lasts_s(call)
        ended_s = now_s() - VAD_S
        usual_s = await final_at_s(call) - ended_s
        ended_s = await says_and_is_asked(call, lasts_s + LULL_S)
        sooner_s = await final_at_s(call) - ended_s
        assert call.texts == [LINE, LINE]
    assert sooner_s == pytest.approx(usual_s - LULL_S, abs=0.03)


@in_virtual_time
async def test_first_words_of_a_call_come_as_soon_once_another_call_had_them_asked_for() -> None:
    known = health()
    async with calling(first(Script(delay_s=0.15), known), second()) as call:
        lasts_s = await line_lasts_s(call)
        ended_s = now_s() - VAD_S
        usual_s = await final_at_s(call) - ended_s
    async with calling(first(Script(delay_s=0.15), known), second()) as call:
        ended_s = await says_and_is_asked(call, lasts_s + LULL_S)
        sooner_s = await final_at_s(call) - ended_s
        assert call.texts == [LINE]
    assert sooner_s == pytest.approx(usual_s - LULL_S, abs=0.03)


@in_virtual_time
async def test_words_asked_for_in_mid_sentence_are_not_taken_for_all() -> None:
    async with calling(first(Script(delay_s=0.15)), second()) as call:
        lasts_s = await line_lasts_s(call)
        await call.caller.is_silent(3.0)
        await says_and_is_asked(call, lasts_s / 2)
        await call.caller.is_silent(3.0)
        assert call.words == f"{LINE} {LINE}"
        assert not call.failures


@in_virtual_time
async def test_recogniser_that_takes_no_orders_is_given_none() -> None:
    async with calling(first(), second()) as call:
        await call.rig.up(WordsNowFrame())
        await says_and_is_asked(call, 0.5)
        await call.caller.is_silent(3.0)
        assert call.words == LINE


@pytest.mark.parametrize("seed", range(40))
def test_no_word_is_lost_or_said_twice_whenever_words_are_asked_for(seed: int) -> None:
    @in_virtual_time
    async def story() -> None:
        rng = random.Random(seed)
        script = Script(delay_s=rng.uniform(0.02, 0.3), chunk=rng.choice((0, 0, 3)))
        known = health()
        # As after another call, every other time.
        known.finalises = seed % 2 == 1
        async with calling(first(script, known), second()) as call:

            async def asks() -> None:
                while True:
                    await asyncio.sleep(rng.uniform(0.1, 1.5))
                    await call.rig.up(WordsNowFrame())

            asking = asyncio.create_task(asks())
            for _ in range(4):
                await call.caller.says(LINE)
                await call.caller.is_silent(1.5)
            asking.cancel()
            assert call.words == " ".join([LINE] * 4)
            assert not call.failures
            came_at_s = finals_at_s(call)
            ended = [frame.finalized for frame in call.rig.reached_the_end(TranscriptionFrame)]
        # Whoever hears the first of the words may believe that they are all.
        breaks = [later - at_s > 0.05 for at_s, later in pairwise(came_at_s)]
        assert sum(breaks) == 3
        # And a turn may end with whatever is marked as the last of them.
        assert ended == [*breaks, True]

    story()
