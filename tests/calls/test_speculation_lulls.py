"""A silence before the detector of voices is sure of it: what is asked in it, and of whom."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pipecat.frames.frames import UserStoppedSpeakingFrame

from tests.calls.turns_call import ANSWER, QUESTION, ScriptedAnalyzer, asks, turns_call
from tests.virtual_time import in_virtual_time

Lean = Callable[[], Awaitable[float | None]]


def leaning(*probabilities: float, after_s: float = 0.04) -> tuple[list[float], Lean]:
    """A model of turns that looks at lulls, one after the other, and what it was yet to say."""
    left = list(probabilities)

    async def lean() -> float:
        await asyncio.sleep(after_s)
        return left.pop(0)

    return left, lean


@in_virtual_time
async def test_nothing_is_asked_in_a_lull_that_the_model_of_turns_takes_for_a_breath() -> None:
    left, lean = leaning(0.2)
    async with turns_call(ANSWER, lean=lean, credit=1.4) as call:
        await call.speaks(0.7)
        await call.seems("where is")
        await call.speaks(0.3)
        await call.is_silent(0.16)
        await call.speaks(0.5)
        assert left == []
        assert call.asked == []


@in_virtual_time
async def test_the_answer_is_asked_for_in_a_lull_that_seems_the_end() -> None:
    _, lean = leaning(0.6)
    async with turns_call(ANSWER, lean=lean, credit=1.4) as call:
        await asks(call)
        await call.is_silent(0.14)
        assert call.asked == [QUESTION]
        assert call.analyzer.asked == 0


@in_virtual_time
async def test_a_lull_is_looked_at_once() -> None:
    left, lean = leaning(0.2, 0.9)
    async with turns_call(ANSWER, lean=lean, credit=1.4) as call:
        await call.speaks(1.0)
        await call.seems(QUESTION)
        await call.is_silent(0.18)
        assert left == [0.9]


@in_virtual_time
async def test_words_are_enough_to_ask_as_long_as_they_did_not_mislead() -> None:
    left, lean = leaning(0.1, 0.9)
    async with turns_call(ANSWER, lean=lean) as call:
        await call.speaks(1.0)
        await call.is_silent(0.06)
        await call.seems(QUESTION)
        await call.is_silent(0.08)
        assert (call.asked, left) == ([QUESTION], [0.9])


@in_virtual_time
@pytest.mark.parametrize("credit", [2.0, 1.4])
async def test_model_of_turns_is_not_asked_about_a_plain_yes(credit: float) -> None:
    left, lean = leaning(0.9, 0.9)
    async with turns_call(ANSWER, lean=lean, credit=credit) as call:
        await call.bot_said("Shall I book it?")
        await call.speaks(0.4)
        await call.seems("yes")
        await call.is_silent(0.3)
        assert (call.asked, left, call.analyzer.asked) == (["yes"], [0.9, 0.9], 0)


@in_virtual_time
async def test_words_are_enough_to_ask_while_the_model_is_at_work_for_another_call() -> None:
    async def busy() -> None:
        return None

    async with turns_call(ANSWER, lean=busy, credit=1.4) as call:
        await asks(call)
        await call.is_silent(0.14)
        assert call.asked == [QUESTION]


@in_virtual_time
async def test_deep_silence_is_believed_before_the_detector_notices_it() -> None:
    async with turns_call(ANSWER, lean=leaning(0.1)[1]) as call:
        await call.speaks(1.0)
        await call.is_silent_unnoticed(0.04)
        await call.seems(QUESTION)
        assert call.asked == []
        await call.is_silent_unnoticed(0.04)
        assert call.asked == [QUESTION]


@in_virtual_time
async def test_voice_behind_the_last_words_is_a_word_to_come() -> None:
    async with turns_call(ANSWER, lean=leaning(0.1)[1]) as call:
        await call.speaks(0.8)
        await call.seems("where is my")
        await call.speaks(0.2)
        await call.is_silent(0.12)
        assert call.asked == []
        await call.seems(QUESTION)
        await call.is_silent(0.02)
        assert call.asked == [QUESTION]


@in_virtual_time
async def test_sound_that_is_no_word_does_not_keep_from_asking_for_long() -> None:
    async with turns_call(ANSWER, lean=leaning(0.1)[1]) as call:
        await call.speaks(0.8)
        await call.seems(QUESTION)
        await call.speaks(0.2)
        await call.is_silent(0.18)
        assert call.asked == [QUESTION]


@in_virtual_time
async def test_a_faint_last_word_is_no_silence() -> None:
    async with turns_call(ANSWER, lean=leaning(0.1)[1]) as call:
        await call.speaks(1.0)
        await call.seems("where is my order and bring")
        await call.speaks_faintly(0.16)
        assert call.asked == []


@in_virtual_time
async def test_nothing_is_asked_ahead_for_words_that_lead_on() -> None:
    async with turns_call(ANSWER, analyzer=ScriptedAnalyzer(0.1)) as call:
        await call.says("can you please tell me")
        await call.is_silent(0.5)
        assert (call.asked, call.turns_ended) == ([], 0)
        await call.is_silent(0.5)
        assert (call.asked, call.turns_ended) == (["can you please tell me"], 1)


@in_virtual_time
async def test_final_words_are_ordered_once_a_lull_though_no_answer_may_be_asked_for() -> None:
    async with turns_call(ANSWER, credit=0.0) as call:
        await asks(call)
        await call.is_silent(0.18)
        assert call.words_ordered == 1
        assert call.asked == []


@in_virtual_time
async def test_model_that_was_sure_when_the_answer_was_asked_for_is_not_asked_again() -> None:
    left, lean = leaning(0.9)
    async with turns_call(ANSWER, lean=lean) as call:
        await asks(call)
        await call.is_silent(0.22)
        await call.is_understood(QUESTION)
        await call.is_silent(0.2)
        assert (call.turns_ended, left, call.analyzer.asked) == (1, [], 0)


@in_virtual_time
async def test_model_that_doubted_when_the_answer_was_asked_for_is_asked_again() -> None:
    _, lean = leaning(0.55)
    async with turns_call(ANSWER, lean=lean) as call:
        await asks(call)
        await call.is_silent(0.5)
        assert call.analyzer.asked == 1


@in_virtual_time
async def test_turn_waits_for_the_model_that_was_asked_in_the_lull() -> None:
    _, lean = leaning(0.9, after_s=0.2)
    async with turns_call(ANSWER, lean=lean) as call:
        await asks(call)
        await call.is_silent(0.24)
        await call.is_understood(QUESTION)
        assert call.turns_ended == 0
        await call.is_silent(0.1)
        assert (call.turns_ended, call.analyzer.asked) == (1, 0)


@in_virtual_time
async def test_turn_does_not_wait_for_a_model_that_is_late() -> None:
    async with turns_call(ANSWER, analyzer=ScriptedAnalyzer(0.1, thinks_s=2.0)) as call:
        await call.says(QUESTION, final_after_s=0.3)
        await call.is_silent(0.2)
        assert call.turns_ended == 1
        assert call.after_speech_s(UserStoppedSpeakingFrame) == pytest.approx(0.4)


@in_virtual_time
async def test_words_that_lead_on_are_waited_for_though_the_model_is_late() -> None:
    async with turns_call(ANSWER, analyzer=ScriptedAnalyzer(0.1, thinks_s=0.6)) as call:
        await call.says("where is my", final_after_s=0.3)
        await call.is_silent(0.6)
        assert call.turns_ended == 0


@in_virtual_time
async def test_turn_ends_though_the_model_failed_in_the_lull() -> None:
    async def fails() -> float | None:
        await asyncio.sleep(0.1)
        raise RuntimeError("no memory")

    async with turns_call(ANSWER, lean=fails) as call:
        await asks(call)
        await call.is_silent(0.3)
        await call.is_understood(QUESTION)
        await call.is_silent(0.6)
        assert (call.turns_ended, call.analyzer.asked) == (1, 1)


@in_virtual_time
async def test_words_that_come_in_the_lull_are_asked_for_at_once() -> None:
    _, lean = leaning(0.9)
    async with turns_call(ANSWER, lean=lean, credit=1.4) as call:
        await call.speaks(0.7)
        await call.seems("where is my")
        await call.speaks(0.3)
        await call.is_silent(0.13)
        assert call.asked == []
        await call.seems(QUESTION)
        await call.is_silent(0.02)
        assert call.asked == [QUESTION]


@in_virtual_time
async def test_recogniser_that_lags_behind_more_than_once_is_waited_for() -> None:
    async with turns_call(ANSWER) as call:
        for _ in range(3):
            await call.speaks(0.7)
            await call.seems("where is it")
            await call.speaks(0.3)
            await call.is_silent(0.15)
            await call.seems(QUESTION)
            await call.is_silent(0.15)
            await call.is_understood(QUESTION)
            await call.is_silent(3.0)
        assert call.asked == ["where is it", QUESTION, "where is it", QUESTION, QUESTION]


@in_virtual_time
async def test_a_lull_that_surely_is_the_end_is_not_looked_at_again() -> None:
    _, lean = leaning(0.95)
    async with turns_call(ANSWER, lean=lean, credit=1.4) as call:
        await call.says(QUESTION, final_after_s=0.3)
        assert call.analyzer.asked == 0
        assert call.after_speech_s(UserStoppedSpeakingFrame) == 0.3
        assert call.answer == "It left today."


@in_virtual_time
async def test_a_lull_that_may_be_the_end_is_looked_at_again_when_it_lasts() -> None:
    _, lean = leaning(0.55)
    async with turns_call(ANSWER, lean=lean, credit=1.4) as call:
        await call.says(QUESTION, final_after_s=0.3)
        assert call.analyzer.asked == 1
