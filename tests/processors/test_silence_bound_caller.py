"""When a caller is owed a sound, and when not."""

import asyncio

import pytest
from pipecat.frames.frames import (
    ClientConnectedFrame,
    LLMContextUserTurnFrame,
    LLMFullResponseStartFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from processors.dismissed import SoundDismissedFrame
from processors.silence.phrases import Step
from tests.processors.silence_bound_call import (
    BOUND_S,
    PHRASE_S,
    VAD_S,
    a_call,
    about,
    tone,
)
from tests.virtual_time import in_virtual_time


@in_virtual_time
async def test_cough_after_the_answer_is_answered_by_nothing() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.bot_answers()
        await asyncio.sleep(5)
        for _ in range(5):
            await call.turn_begins()
            await call.caller_makes_a_sound(0.4)
            await asyncio.sleep(5)
            await call.down(UserStoppedSpeakingFrame())
        await asyncio.sleep(30)

        assert call.steps == []


@in_virtual_time
async def test_cough_that_cuts_the_answer_off_does_not_end_in_silence() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.bot_answers(10)
        await asyncio.sleep(4)
        await call.turn_begins()
        await call.caller_makes_a_sound(0.4)
        await asyncio.sleep(BOUND_S)

        assert call.steps == [Step.LISTENING]


@in_virtual_time
async def test_cough_while_waiting_takes_no_debt_back() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await asyncio.sleep(0.5)
        await call.caller_makes_a_sound(0.3)
        await asyncio.sleep(3)

        assert call.heard_at() == about(1.0 + BOUND_S)


@in_virtual_time
async def test_caller_who_makes_a_sound_as_the_bound_is_reached_may_go_on() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await asyncio.sleep(BOUND_S - 1.0)
        await call.caller_makes_a_sound(0.5)
        await asyncio.sleep(2)

        sound_ended_s = 1.5 + BOUND_S - 1.0 + 0.5
        assert call.heard_at() == about(sound_ended_s + 0.5)


@in_virtual_time
async def test_yes_that_was_understood_is_owed_an_answer_however_short() -> None:
    async with a_call() as call:
        await call.caller_says("yes", seconds=0.3)
        await asyncio.sleep(BOUND_S)

        assert call.heard_at() == about(0.3 + BOUND_S)


@in_virtual_time
async def test_keys_pressed_long_after_a_cough_are_owed_an_answer_from_the_keys_on() -> None:
    async with a_call() as call:
        await call.caller_makes_a_sound(0.3)
        await asyncio.sleep(9.5)
        await call.turn_ends("1")
        await asyncio.sleep(BOUND_S + 0.1)

        assert call.heard_at() == about(10.0 + BOUND_S)


@in_virtual_time
async def test_nothing_is_said_while_the_caller_speaks() -> None:
    async with a_call() as call:
        await call.down(VADUserStartedSpeakingFrame())
        await asyncio.sleep(20)
        assert call.steps == []
        await call.down(VADUserStoppedSpeakingFrame(stop_secs=VAD_S))
        await asyncio.sleep(BOUND_S)

        assert call.heard_at() == about(20 - VAD_S + BOUND_S)


@in_virtual_time
async def test_caller_who_barges_in_is_owed_the_answer_to_the_new_words_only() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.bot_answers(10)
        await asyncio.sleep(3)
        await call.turn_begins()
        await call.caller_says("never mind", seconds=2)
        await call.bot_answers(1)
        await asyncio.sleep(30)

        assert call.steps == []
        assert [gap.turn for gap in call.dead_air] == [1, 2]


@in_virtual_time
async def test_caller_who_speaks_over_a_phrase_silences_it() -> None:
    async with a_call() as call:
        await call.turn_begins()
        await call.caller_makes_a_sound(1.5)
        await asyncio.sleep(BOUND_S + 0.1)
        await call.caller_makes_a_sound(1.5)

        ((start_s, end_s),) = call.sounds()
        assert 0 < end_s - start_s < PHRASE_S
        assert call.interruptions == 0, "the answer to come is nobody's to interrupt"


@in_virtual_time
async def test_turns_that_are_found_without_voice_activity_count_as_well() -> None:
    async with a_call() as call:
        await call.turn_begins()
        await asyncio.sleep(10)
        await call.down(UserStoppedSpeakingFrame())
        await asyncio.sleep(BOUND_S + 0.1)

        assert call.heard_at() == about(10 + BOUND_S)


@in_virtual_time
async def test_silence_is_not_owed_after_the_answer_was_complete() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.bot_answers()
        await asyncio.sleep(300)

        assert call.steps == []


@in_virtual_time
@pytest.mark.parametrize("words_later_s", [0.0, 0.3, 5.0])
async def test_nothing_is_owed_after_an_answer_that_was_asked_for_before_the_turns_end(
    words_later_s: float,
) -> None:
    async with a_call() as call:
        await call.turn_begins()
        await call.caller_makes_a_sound(1.0)
        await call.down(UserStoppedSpeakingFrame())
        await call.bot_answers(2.0)
        await asyncio.sleep(words_later_s)
        await call.down(LLMContextUserTurnFrame(text="where is my order", timestamp=""))
        await asyncio.sleep(60)

        assert call.steps == []


@in_virtual_time
async def test_line_after_an_answer_that_was_asked_for_ahead_is_owed_its_own_answer() -> None:
    async with a_call() as call:
        await call.turn_begins()
        await call.caller_makes_a_sound(1.0)
        await call.down(UserStoppedSpeakingFrame())
        await call.bot_answers(2.0)
        await asyncio.sleep(3)
        await call.turn_begins()
        await call.caller_says("and the blue one")
        await asyncio.sleep(BOUND_S)

        assert call.steps == [Step.MOMENT]


@in_virtual_time
async def test_nothing_is_owed_before_the_caller_is_on_the_line() -> None:
    async with a_call() as call:
        await asyncio.sleep(60)

        assert call.steps == []


@in_virtual_time
async def test_greeting_that_does_not_come_is_replaced_and_not_said_twice() -> None:
    async with a_call() as call:
        await call.down(ClientConnectedFrame())
        await asyncio.sleep(BOUND_S + PHRASE_S / 2)
        await call.voice(tone(2), context_id="the late greeting")
        await asyncio.sleep(30)

        assert call.said == ["Hello."]
        assert call.sounds() == [(BOUND_S, BOUND_S + PHRASE_S)]


@in_virtual_time
async def test_greeting_in_time_leaves_the_bound_silent() -> None:
    async with a_call() as call:
        await call.down(ClientConnectedFrame())
        await asyncio.sleep(1.5)
        await call.voice(tone(2), context_id="greeting")
        await asyncio.sleep(30)

        assert call.steps == []
        assert [(gap.turn, gap.dead_air_ms) for gap in call.dead_air] == [(0, 1500)]


@in_virtual_time
async def test_backchannel_into_the_answer_is_owed_nothing() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.bot_answers(10)
        await asyncio.sleep(3)
        await call.caller_makes_a_sound(0.8)
        await call.down(SoundDismissedFrame("backchannel", "yeah i see"))
        await asyncio.sleep(30)

        assert call.steps == []


@in_virtual_time
async def test_backchannel_while_waiting_takes_no_debt_back() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.voice(tone(PHRASE_S), context_id="filler", filler=True)
        await call.caller_makes_a_sound(0.8)
        await call.down(SoundDismissedFrame("backchannel", "yeah i see"))
        await asyncio.sleep(BOUND_S + 0.1)

        assert call.steps == [Step.MOMENT]


@in_virtual_time
async def test_audio_that_was_held_is_heard_later() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(LLMFullResponseStartFrame())
        await call.voice(tone(2.0))
        await asyncio.sleep(1.5)
        await call.down(SoundDismissedFrame("noise", held_s=1.0))
        await asyncio.sleep(1.5 + BOUND_S - 0.1)

        assert call.steps == []
        await asyncio.sleep(0.2)
        assert call.steps == [Step.MOMENT]
