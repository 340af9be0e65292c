"""The bound on silence: what a caller hears, and when, whatever the stages do."""

import asyncio

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    ClientConnectedFrame,
    EndFrame,
    Frame,
    FunctionCallCancelFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.utils.text.base_text_aggregator import TextType

from processors.silence_bound import SilenceBound
from processors.silence_phrases import Step
from tests.processors.silence_bound_call import (
    PHRASE_S,
    VAD_S,
    SilentCall,
    a_call,
    phrase,
    silence,
    speech,
    tone,
)
from tests.virtual_time import in_virtual_time

BOUND_S = 2.75
"""The bound less the margin."""


def kinds(frames: list[Frame]) -> list[type[Frame]]:
    return [type(frame) for frame in frames]


def about(*seconds: float) -> object:
    return pytest.approx(list(seconds), abs=0.02)


# Nothing comes ----------------------------------------------------------------------------------


@in_virtual_time
async def test_when_nothing_ever_comes_the_caller_is_asked_for_patience_then_to_repeat() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order", seconds=1.0)
        await asyncio.sleep(30)

        moment_s = 1.0 + BOUND_S
        again_s = moment_s + PHRASE_S + BOUND_S
        assert call.said == ["One moment.", "Say it again?"]
        assert call.heard_at() == about(moment_s, again_s)
        assert call.steps == [Step.MOMENT, Step.ASK_AGAIN]
        assert call.interruptions == 1


@in_virtual_time
async def test_a_phrase_is_a_whole_utterance_that_stays_out_of_the_context() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        before = len(call.rig.tail.got)
        await asyncio.sleep(BOUND_S)

        frames = call.rig.tail.got[before:]
        started, text, audio, stopped = frames
        assert kinds(frames) == [TTSStartedFrame, TTSTextFrame, TTSAudioRawFrame, TTSStoppedFrame]
        assert isinstance(started, TTSStartedFrame)
        assert not started.append_to_context
        assert isinstance(text, TTSTextFrame)
        assert not text.append_to_context
        assert text.will_be_spoken
        assert isinstance(audio, TTSAudioRawFrame)
        assert isinstance(stopped, TTSStoppedFrame)
        assert started.context_id == text.context_id == audio.context_id == stopped.context_id


@in_virtual_time
async def test_the_answer_is_given_up_before_the_apology_and_not_after() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await asyncio.sleep(BOUND_S + PHRASE_S / 2)
        before = len(call.rig.tail.got)
        await asyncio.sleep(PHRASE_S + BOUND_S)

        assert kinds(call.rig.tail.got[before:]) == [
            InterruptionFrame,
            TTSStartedFrame,
            TTSTextFrame,
            TTSAudioRawFrame,
            TTSStoppedFrame,
        ]


@in_virtual_time
async def test_answer_in_time_leaves_the_bound_silent() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await asyncio.sleep(BOUND_S - 0.6)
        await call.bot_answers(2.0)
        await asyncio.sleep(30)

        assert call.steps == []
        assert call.said == []
        assert [gap.dead_air_ms for gap in call.dead_air] == about((BOUND_S - 0.1) * 1000)


@in_virtual_time
async def test_speech_to_text_that_is_dead_does_not_leave_a_sentence_unanswered() -> None:
    async with a_call() as call:
        await call.turn_begins()
        await call.caller_makes_a_sound(1.5)
        await asyncio.sleep(20)

        assert call.said == ["I am listening.", "Say it again?"]
        assert call.heard_at()[0] == pytest.approx(1.5 + BOUND_S, abs=0.02)
        assert [bound.outstanding for bound in call.bounds] == [("stt",), ("stt",)]


@in_virtual_time
async def test_a_number_read_digit_by_digit_to_a_dead_recogniser_counts_as_speech() -> None:
    async with a_call() as call:
        for _ in range(3):
            await call.caller_makes_a_sound(0.3)
            await asyncio.sleep(0.1)
        await asyncio.sleep(BOUND_S)

        assert call.steps == [Step.LISTENING]


@in_virtual_time
async def test_language_model_that_is_dead_is_named() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(LLMFullResponseStartFrame())
        await asyncio.sleep(BOUND_S)

        (bound,) = call.bounds
        assert bound.outstanding == ("llm",)
        assert bound.owed_ms == bound.silent_ms == pytest.approx(BOUND_S * 1000, abs=20)
        assert bound.text == "One moment."


@in_virtual_time
async def test_language_model_that_ends_without_a_word_is_no_answer() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(LLMFullResponseStartFrame(), LLMFullResponseEndFrame())
        await asyncio.sleep(BOUND_S)

        assert call.steps == [Step.MOMENT]


@in_virtual_time
async def test_a_voice_that_makes_nothing_but_silence_is_no_answer() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(LLMFullResponseStartFrame(), TTSStartedFrame(context_id="answer"))
        for _ in range(500):
            await call.down(speech(silence(0.02)))
            await asyncio.sleep(0.02)

        assert call.heard_at() == about(1.0 + BOUND_S, 1.0 + 2 * BOUND_S + PHRASE_S)
        assert call.bounds[0].outstanding == ("tts",)


@in_virtual_time
async def test_silence_that_is_sent_in_one_go_does_not_stand_before_the_phrase() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(TTSStartedFrame(context_id="answer"))
        await call.down(*(speech(silence(0.1)) for _ in range(100)))
        await asyncio.sleep(BOUND_S)

        assert call.heard_at() == about(1.0 + BOUND_S)


@in_virtual_time
async def test_a_pause_between_two_sentences_is_kept() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.voice(tone(1), *(silence(0.1) for _ in range(8)), tone(1))
        await asyncio.sleep(10)

        assert call.sounds() == [(1.5, 2.5), (3.3, 4.3)]


@in_virtual_time
async def test_words_that_the_voice_never_speaks_are_owed() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.voice(tone(1))
        sentence = AggregatedTextFrame("It comes tomorrow.", TextType.SENTENCE)
        sentence.will_be_spoken = True
        await call.down(sentence)
        await asyncio.sleep(1.1 + BOUND_S)

        assert call.bounds[0].outstanding == ("tts",)


@in_virtual_time
async def test_stall_in_the_middle_of_an_answer_is_bridged_and_the_rest_follows() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(
            LLMFullResponseStartFrame(), TTSStartedFrame(context_id="answer"), speech(tone(1))
        )
        await asyncio.sleep(1 + BOUND_S + 0.3)
        await call.down(
            speech(tone(2)), TTSStoppedFrame(context_id="answer"), LLMFullResponseEndFrame()
        )
        await asyncio.sleep(20)

        stall_s = 2.5 + BOUND_S
        assert call.said == ["One moment."]
        assert call.sounds() == [
            (1.5, 2.5),
            (stall_s, stall_s + PHRASE_S),
            (stall_s + PHRASE_S, stall_s + PHRASE_S + 2),
        ]


@in_virtual_time
async def test_two_stalls_in_one_answer_are_bridged_by_different_phrases() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(LLMFullResponseStartFrame(), TTSStartedFrame(context_id="answer"))
        for _ in range(2):
            await call.down(speech(tone(1)))
            await asyncio.sleep(2 + BOUND_S)

        assert call.said == ["One moment.", "Still busy."]


@in_virtual_time
async def test_long_audio_in_the_queue_is_speech_until_it_was_played() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(LLMFullResponseStartFrame(), TTSStartedFrame(context_id="answer"))
        await call.down(*(speech(tone(0.1)) for _ in range(200)))
        await asyncio.sleep(20 + BOUND_S - 0.1)
        assert call.steps == []
        await asyncio.sleep(0.2)
        assert call.steps == [Step.MOMENT]


# Tools ------------------------------------------------------------------------------------------


@in_virtual_time
async def test_tool_that_hangs_is_given_up() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(LLMFullResponseStartFrame())
        await call.voice(tone(1))
        await call.tool_starts()
        await call.down(LLMFullResponseEndFrame())
        await asyncio.sleep(30)

        assert [bound.outstanding for bound in call.bounds] == [("tool",), ("tool",)]
        assert call.steps == [Step.MOMENT, Step.ASK_AGAIN]
        assert call.heard_at()[1] == pytest.approx(2.5 + BOUND_S, abs=0.02)


@in_virtual_time
async def test_answer_to_a_tool_s_result_is_owed_from_the_last_sound_on() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.down(LLMFullResponseStartFrame())
        await call.voice(tone(1))
        await call.tool_starts()
        await call.down(LLMFullResponseEndFrame())
        await asyncio.sleep(2)
        await call.tool_returns()
        await call.model_is_asked_again()
        await asyncio.sleep(2)

        assert call.bounds[0].outstanding == ("llm",)
        assert call.heard_at()[1] == pytest.approx(2.5 + BOUND_S, abs=0.02)


@in_virtual_time
async def test_tool_that_asks_for_no_answer_after_its_own_words_leaves_nothing_owed() -> None:
    async with a_call() as call:
        await call.caller_says("a person please")
        await call.down(LLMFullResponseStartFrame())
        await call.tool_starts()
        await call.down(LLMFullResponseEndFrame())
        await call.tool_returns(run_llm=False)
        await call.voice(tone(1))
        await asyncio.sleep(30)

        assert call.steps == []


@in_virtual_time
async def test_cancelled_tool_is_waited_for_no_longer() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.tool_starts()
        await call.voice(tone(1))
        await call.down(
            FunctionCallCancelFrame(function_name="find", tool_call_id="1", run_llm=False)
        )
        await asyncio.sleep(30)

        assert call.steps == []


@in_virtual_time
async def test_fillers_are_heard_but_answer_nothing() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await call.tool_starts()
        await call.voice(tone(1), context_id="filler", filler=True)
        await call.tool_returns(run_llm=False)
        await asyncio.sleep(1.1 + BOUND_S)

        assert call.steps == [Step.MOMENT]
        assert call.heard_at() == about(1.5, 2.5 + BOUND_S)


# The caller -------------------------------------------------------------------------------------


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


# The greeting -----------------------------------------------------------------------------------


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


# Giving up --------------------------------------------------------------------------------------


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


# Around it --------------------------------------------------------------------------------------


@in_virtual_time
async def test_end_of_the_call_ends_the_watch_and_reports_the_last_turn() -> None:
    async with a_call() as call:
        await call.caller_says("goodbye")
        await asyncio.sleep(1)
        await call.rig.worker.queue_frame(EndFrame())
        await asyncio.sleep(30)

        assert call.steps == []
        assert [gap.dead_air_ms for gap in call.dead_air] == about(1500)


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
