"""The bound on silence: what a caller hears, and when, whatever the stages do."""

import asyncio

import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    FunctionCallCancelFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.utils.text.base_text_aggregator import TextType

from processors.silence.phrases import Step
from tests.processors.silence_bound_call import (
    BOUND_S,
    PHRASE_S,
    a_call,
    about,
    silence,
    speech,
    tone,
)
from tests.virtual_time import in_virtual_time


def kinds(frames: list[Frame]) -> list[type[Frame]]:
    return [type(frame) for frame in frames]


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
        (gap,) = call.dead_air
        assert gap.dead_air_ms == pytest.approx((BOUND_S - 0.1) * 1000, abs=20)


@in_virtual_time
async def test_silence_is_told_with_when_it_ended_though_the_turn_is_answered_later() -> None:
    async with a_call() as call:
        await call.caller_says("where is my order")
        await asyncio.sleep(BOUND_S + PHRASE_S + 0.5)
        await call.bot_answers(2.0)
        await asyncio.sleep(30)

        (gap,) = call.dead_air
        assert gap.dead_air_ms == pytest.approx(BOUND_S * 1000, abs=20)
        # The bot takes half a second from its text to its voice.
        assert gap.ended_ms_ago == pytest.approx((PHRASE_S + 1.0) * 1000, abs=20)


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
        assert [gap.dead_air_ms for gap in call.dead_air] == pytest.approx([BOUND_S * 1000], abs=20)


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
        await call.down(LLMFullResponseStartFrame())
        await call.voice(tone(1), context_id="filler", filler=True)
        await call.down(LLMFullResponseEndFrame())
        await asyncio.sleep(1.1 + BOUND_S)

        assert call.steps == [Step.MOMENT]
        assert call.heard_at() == about(1.5, 2.5 + BOUND_S)
