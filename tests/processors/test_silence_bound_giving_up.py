"""What becomes of an answer, and of a call, that is given up."""

import asyncio

import pytest
from pipecat.frames.frames import (
    EndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)

from processors.no_answer import PROMPT
from processors.silence.phrases import Step
from processors.silence_bound import SilenceBound
from tests.processors.silence_bound_call import (
    BOUND_S,
    PHRASE_S,
    SilentCall,
    a_call,
    about,
    phrase,
    speech,
    tone,
)
from tests.virtual_time import in_virtual_time


async def a_turn_in_vain(call: SilentCall) -> None:
    await call.turn_begins()
    await call.caller_says("where is my order")
    await asyncio.sleep(2 * BOUND_S + PHRASE_S + 2)


@in_virtual_time
async def test_late_answer_is_not_spoken_over_the_apology_nor_right_after_it() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(LLMFullResponseStartFrame(), TTSStartedFrame(context_id="answer"))
        await asyncio.sleep(2 * BOUND_S + PHRASE_S + 0.1)
        assert call.said[-1] == "Say it again?"
        heard = call.sounds()
        await call.down(speech(tone(2)), TTSStoppedFrame(context_id="answer"))
        await call.voice(tone(2), context_id="the next sentence")
        await asyncio.sleep(30)

        assert call.sounds() == heard
        assert call.steps == [Step.MOMENT, Step.ASK_AGAIN]


@in_virtual_time
async def test_answer_to_the_repeated_question_is_heard() -> None:
    async with a_call() as call:
        await a_turn_in_vain(call)
        await call.turn_begins()
        await call.caller_says("where is my order")
        await call.bot_answers(2)
        await asyncio.sleep(30)

        assert call.steps == [Step.MOMENT, Step.ASK_AGAIN]
        start_s, end_s = call.sounds()[-1]
        assert end_s - start_s == pytest.approx(2)


@in_virtual_time
async def test_caller_who_repeats_the_question_at_once_is_answered_at_once() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await asyncio.sleep(2 * BOUND_S + PHRASE_S + 0.1)
        await call.turn_begins()
        await call.caller_says("where is my order", seconds=0.6)
        await call.bot_answers(2)
        await asyncio.sleep(5)

        start_s, end_s = call.sounds()[-1]
        assert end_s - start_s == pytest.approx(2)


@in_virtual_time
async def test_the_only_phrase_of_a_step_is_better_than_silence() -> None:
    async with a_call(phrases=(phrase(Step.MOMENT, "One moment."),)) as call:
        for _ in range(2):
            await call.caller_says("where is my order")
            await asyncio.sleep(BOUND_S)

        assert call.said == ["One moment.", "One moment."]


@in_virtual_time
async def test_second_turn_in_vain_ends_the_call_with_a_goodbye() -> None:
    async with a_call() as call:
        await a_turn_in_vain(call)
        assert call.times_given_up == 0
        await a_turn_in_vain(call)
        await asyncio.sleep(60)

        assert call.said == ["One moment.", "Say it again?", "Still busy.", "Goodbye."]
        assert call.times_given_up == 1
        assert call.steps[-1] is Step.GOODBYE


@in_virtual_time
async def test_an_answer_between_two_turns_in_vain_keeps_the_call() -> None:
    async with a_call() as call:
        await a_turn_in_vain(call)
        await call.turn_begins()
        await call.caller_says("hello")
        await call.bot_answers()
        await asyncio.sleep(2)
        await a_turn_in_vain(call)

        assert call.times_given_up == 0
        assert call.said[-2:] == ["Still busy.", "Repeat it?"]


@in_virtual_time
async def test_a_question_whether_the_caller_is_there_is_no_answer_to_the_turn_in_vain() -> None:
    async with a_call() as call:
        await a_turn_in_vain(call)
        await asyncio.sleep(15)
        await call.voice(tone(1), context_id="are you still there")
        await asyncio.sleep(2)
        await a_turn_in_vain(call)

        assert call.times_given_up == 1


@in_virtual_time
async def test_second_apology_in_a_row_is_not_heard_but_a_goodbye() -> None:
    async with a_call() as call:
        for _ in range(2):
            await call.turn_begins()
            await call.caller_says("where is my order")
            await call.bot_apologises()
            await asyncio.sleep(2)

        assert (call.said, call.times_given_up) == (["Goodbye."], 1)
        # Nobody had to wait for it.
        assert call.steps == []


@in_virtual_time
async def test_apology_after_an_answer_that_was_given_up_ends_the_call() -> None:
    async with a_call() as call:
        await a_turn_in_vain(call)
        await call.turn_begins()
        await call.caller_says("where is my order")
        await call.bot_apologises()

        assert call.said == ["One moment.", "Say it again?", "Goodbye."]
        assert call.times_given_up == 1


@in_virtual_time
async def test_answer_given_up_after_an_apology_ends_the_call() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.bot_apologises()
        await asyncio.sleep(2)
        await a_turn_in_vain(call)

        assert (call.said, call.times_given_up) == (["One moment.", "Goodbye."], 1)


@in_virtual_time
async def test_voice_that_dies_in_an_apology_is_replaced() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.bot_apologises(tone(0.5), whole=False)
        await asyncio.sleep(2 * BOUND_S + PHRASE_S + 2)

        assert call.said[0] == "One moment."
        assert call.times_given_up == 1


@in_virtual_time
async def test_without_a_way_to_give_up_every_apology_is_heard() -> None:
    async with a_call(give_up=None) as call:
        for _ in range(3):
            await call.turn_begins()
            await call.caller_says("where is my order")
            await call.bot_apologises()
            await asyncio.sleep(4)

        assert (len(call.sounds()), call.said) == (3, [])


@in_virtual_time
async def test_a_noise_and_a_question_whether_the_caller_is_there_are_no_answer_either() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.bot_apologises()
        await asyncio.sleep(10)
        await call.caller_makes_a_sound(1)
        await call.phrase_of(PROMPT, tone(1), context_id="there")
        await asyncio.sleep(5)
        await call.turn_begins()
        await call.caller_says("where is my order")
        await call.bot_apologises()

        assert (call.said, call.times_given_up) == (["Goodbye."], 1)


@in_virtual_time
async def test_call_that_cannot_be_given_up_is_watched_on() -> None:
    async def refuses() -> None:
        raise RuntimeError("no way")

    async with a_call(give_up=refuses) as call:
        for _ in range(3):
            await a_turn_in_vain(call)

        assert call.steps.count(Step.GOODBYE) == 2


@in_virtual_time
async def test_without_a_way_to_give_up_the_caller_is_asked_again_and_again() -> None:
    async with a_call(give_up=None) as call:
        for _ in range(3):
            await a_turn_in_vain(call)

        assert call.said[1::2] == ["Say it again?", "Repeat it?", "Say it again?"]


@in_virtual_time
async def test_end_of_the_call_ends_the_watch_and_reports_the_last_turn() -> None:
    async with a_call() as call:
        await call.caller_says("goodbye")
        await asyncio.sleep(1)
        await call.rig.worker.queue_frame(EndFrame())
        await asyncio.sleep(30)

        assert call.steps == []
        assert [gap.dead_air_ms for gap in call.dead_air] == pytest.approx([1500], abs=20)


@in_virtual_time
async def test_longest_silence_of_a_turn_is_reported_with_how_often_the_bound_was_reached() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await asyncio.sleep(BOUND_S)
        await call.bot_answers()
        await asyncio.sleep(5)

        (gap,) = call.dead_air
        assert (gap.turn, gap.steps) == (1, 1)
        assert gap.dead_air_ms == pytest.approx(BOUND_S * 1000, abs=20)


@in_virtual_time
async def test_without_phrases_it_reports_and_leaves_the_call_alone() -> None:
    async with a_call(phrases=()) as call:
        await call.caller_says("where is my order")
        await asyncio.sleep(30)

        assert call.steps == [Step.MOMENT, Step.ASK_AGAIN]
        assert call.interruptions == 0
        assert call.sounds() == []


@pytest.mark.parametrize("rate_hz", [8_000, 24_000])
def test_phrases_come_at_the_rate_of_the_call(rate_hz: int) -> None:
    @in_virtual_time
    async def check() -> None:
        phrases = (phrase(Step.MOMENT, "One moment.", 16_000),)
        async with a_call(phrases=phrases, rate_hz=rate_hz) as call:
            await call.caller_says("where is my order")
            await asyncio.sleep(BOUND_S)

            (audio,) = call.rig.reached_the_end(TTSAudioRawFrame)
            assert audio.sample_rate == rate_hz
            assert len(audio.audio) / 2 / rate_hz == pytest.approx(PHRASE_S, abs=0.01)

    check()


@in_virtual_time
async def test_bound_is_what_it_was_set_to() -> None:
    async with a_call(bound_ms=1500, margin_ms=100) as call:
        await call.caller_says("where is my order")
        await asyncio.sleep(2)

        assert call.heard_at() == about(1.0 + 1.4)


@pytest.mark.parametrize(("bound_ms", "margin_ms"), [(0, 0), (200, 250), (3000, -1)])
def test_bound_without_room_for_its_margin_is_refused(bound_ms: float, margin_ms: float) -> None:
    with pytest.raises(ValueError, match="the bound must be longer"):
        SilenceBound(bound_ms=bound_ms, margin_ms=margin_ms)
