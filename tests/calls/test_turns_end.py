"""When the caller's turn ends: soon after an answer, later after half a sentence, and always."""

import pytest
from pipecat.frames.frames import UserStoppedSpeakingFrame

from calls.turn_taking.pauses import Pauses
from tests.calls.turns_call import STT_P99_S, ScriptedAnalyzer, turns_call
from tests.services.failover.scripted_llm import Reply
from tests.virtual_time import in_virtual_time

ANSWER = Reply("Certainly.")
SHALL_I = [{"role": "assistant", "content": "Shall I book it?"}]
WHICH_NUMBER = [{"role": "assistant", "content": "What is your order number?"}]
UNSURE = 0.1


@in_virtual_time
async def test_yes_ends_its_turn_with_its_transcript_though_the_model_of_turns_doubts_it() -> None:
    analyzer = ScriptedAnalyzer(UNSURE, thinks_s=0.5)
    async with turns_call(ANSWER, messages=SHALL_I, analyzer=analyzer) as call:
        await call.speaks(0.4)
        await call.is_silent(0.3)
        await call.is_understood("Yes.")
        await call.is_silent(0.1)
        assert call.after_speech_s(UserStoppedSpeakingFrame) == 0.3


@in_virtual_time
async def test_same_yes_to_no_question_waits() -> None:
    async with turns_call(ANSWER, analyzer=ScriptedAnalyzer(UNSURE)) as call:
        await call.speaks(0.4)
        await call.is_silent(0.3)
        await call.is_understood("Yes.")
        await call.is_silent(1.5)
        assert call.after_speech_s(UserStoppedSpeakingFrame) == pytest.approx(1.2, abs=0.03)


@in_virtual_time
async def test_model_of_turns_is_not_run_where_the_words_tell() -> None:
    async with turns_call(ANSWER, messages=SHALL_I) as call:
        await call.speaks(0.3)
        await call.is_understood("yes")
        await call.speaks(0.1)
        await call.is_silent(0.4)
        assert call.turns_ended == 1
        assert call.analyzer.asked == 0


@in_virtual_time
async def test_digits_are_one_turn_though_each_group_sounds_complete() -> None:
    async with turns_call(ANSWER, messages=WHICH_NUMBER) as call:
        for group in ("five one", "seven two", "nine four"):
            await call.speaks(0.6)
            await call.is_silent(0.35)
            await call.is_understood(group)
            await call.is_silent(0.45)
        await call.is_silent(1.0)
        assert call.turns_ended == 1
        assert call.written == ["five one seven two nine four"]
        assert call.answer == "Certainly."


@in_virtual_time
async def test_caller_who_thinks_aloud_is_not_cut_off() -> None:
    async with turns_call(ANSWER, messages=WHICH_NUMBER) as call:
        await call.speaks(0.8)
        await call.is_silent(0.35)
        await call.is_understood("let me see")
        await call.is_silent(1.3)
        assert call.turns_ended == 0
        assert call.asked == []
        await call.speaks(0.6)
        await call.is_silent(0.35)
        await call.is_understood("it is in my bag")
        await call.is_silent(0.5)
        assert call.written == ["let me see it is in my bag"]


@in_virtual_time
async def test_pause_in_mid_sentence_teaches_how_long_this_caller_thinks() -> None:
    pauses = Pauses()
    async with turns_call(ANSWER, analyzer=ScriptedAnalyzer(UNSURE), pauses=pauses) as call:
        await call.speaks(0.8)
        await call.is_silent(1.1)
        await call.speaks(0.8)
        assert pauses.thinking_s == pytest.approx(1.25 * 1.1 + 0.15, abs=0.05)


@in_virtual_time
async def test_slow_transcript_ends_the_turn_when_it_comes() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(0.5)
        await call.is_silent(2.0)
        await call.is_understood("where is my order", finalized=False)
        await call.is_silent(0.1)
        assert call.after_speech_s(UserStoppedSpeakingFrame) == pytest.approx(2.0, abs=0.05)


@in_virtual_time
async def test_late_transcript_in_pieces_is_one_message() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(0.5)
        await call.is_silent(2.0)
        await call.is_understood("where is", finalized=False)
        await call.is_understood("my order", finalized=False)
        await call.is_silent(0.2)
        assert call.written == ["where is my order"]
        assert call.turns_ended == 1


@in_virtual_time
async def test_transcript_that_is_not_marked_as_the_last_waits_for_more_of_it() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(0.5)
        await call.is_silent(0.3)
        await call.is_understood("where is my", finalized=False)
        await call.is_understood("order", finalized=False)
        await call.is_silent(1.0)
        assert call.after_speech_s(UserStoppedSpeakingFrame) == STT_P99_S
        assert call.written == ["where is my order"]


@in_virtual_time
async def test_word_too_short_for_the_detector_is_answered() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(0.14)
        await call.is_silent(0.3)
        await call.is_understood("yes")
        await call.is_silent(0.5)
        assert call.turns_ended == 1
        assert call.answer == "Certainly."


@in_virtual_time
async def test_word_too_short_for_the_detector_whose_last_one_is_not_marked_is_answered() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(0.14)
        await call.is_silent(0.3)
        await call.is_understood("yes", finalized=False)
        await call.is_silent(STT_P99_S + 0.3)
        assert call.turns_ended == 1


@in_virtual_time
async def test_transcript_before_the_detector_is_done_with_a_short_word_is_answered() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(0.24)
        await call.is_understood("yes")
        await call.is_silent(0.5)
        assert call.turns_ended == 1
        assert call.answer == "Certainly."


@in_virtual_time
async def test_sound_without_words_ends_its_turn_in_the_end() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(0.5)
        await call.is_silent(5.3)
        assert call.turns_ended == 1


@in_virtual_time
async def test_turn_ends_though_no_audio_comes_any_more() -> None:
    async with turns_call(ANSWER, analyzer=ScriptedAnalyzer(UNSURE)) as call:
        await call.speaks(0.5)
        await call.is_silent(0.3)
        await call.is_understood("I would like tea please")
        await call.no_audio_comes(2.0)
        assert call.turns_ended == 1


@in_virtual_time
async def test_audio_that_is_late_does_not_end_a_turn() -> None:
    async with turns_call(ANSWER, analyzer=ScriptedAnalyzer(UNSURE)) as call:
        await call.speaks(0.5)
        await call.is_silent(1.0)
        await call.is_understood("I would like tea please")
        await call.no_audio_comes(0.4)
        assert call.turns_ended == 0, "the caller's next word may be on its way"
        await call.is_silent(0.3)
        assert call.turns_ended == 1


@in_virtual_time
@pytest.mark.parametrize(("busy_for_s", "asked", "ends_s"), [(0.15, 1, 0.4), (0.4, 0, 0.36)])
async def test_model_of_turns_is_asked_only_where_it_can_answer_in_time(
    busy_for_s: float, asked: int, ends_s: float
) -> None:
    analyzer = ScriptedAnalyzer(0.9, thinks_s=0.2)
    async with turns_call(ANSWER, analyzer=analyzer, busy_for_s=lambda: busy_for_s) as call:
        await call.speaks(0.4)
        await call.is_understood("I would like to book a table")
        await call.is_silent(0.6)
        assert call.analyzer.asked == asked
        assert call.after_speech_s(UserStoppedSpeakingFrame) == pytest.approx(ends_s, abs=0.03)


@in_virtual_time
async def test_model_of_turns_that_is_late_is_no_longer_asked() -> None:
    analyzer = ScriptedAnalyzer(0.9, thinks_s=5.0)
    async with turns_call(ANSWER, analyzer=analyzer) as call:
        for _ in range(2):
            await call.speaks(0.4)
            await call.is_silent(0.3)
        assert analyzer.asked == 2
        await call.is_understood("I would like to book a table")
        await call.is_silent(0.4)
        assert call.turns_ended == 1
        assert analyzer.given_up == 2


@in_virtual_time
async def test_model_of_turns_that_hangs_is_not_waited_for_though_the_last_words_came_first() -> (
    None
):
    async with turns_call(ANSWER, analyzer=ScriptedAnalyzer(0.9, thinks_s=60)) as call:
        await call.speaks(0.4)
        await call.is_understood("I would like to book a table")
        await call.is_silent(0.8)
        assert call.after_speech_s(UserStoppedSpeakingFrame) == pytest.approx(0.4, abs=0.03)
