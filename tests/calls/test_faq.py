"""Frequent questions are answered at once, and remembered as if the model had answered."""

from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat.frames.frames import (
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext

from bots.receptionist import bot as receptionist
from calls.faq import Faq, FaqBook
from calls.repertoire import texts_of
from processors.spoken_text import SpokenText
from services.failover.tts.backed import BackedTTS
from services.phrases.cache import PhraseCache
from services.phrases.repertoire import Repertoire
from tests.calls.turns_call import turns_call
from tests.services.failover.scripted_llm import Reply
from tests.services.failover.tts_fakes import StreamingVoice, health
from tests.services.failover.tts_fakes import call as spoken
from tests.virtual_time import in_virtual_time

OPEN = "We are open from nine to five. Anything else?"
WHERE = "We are at 12 Elm Street."
FAQ = (
    Faq(questions=("When are you open?", "What are your opening hours?"), answer=OPEN),
    Faq(
        questions=("Where are you?", "What's your address?", "do you have an address"), answer=WHERE
    ),
)
BOOK = FaqBook(FAQ)


@pytest.mark.parametrize(
    "said",
    [
        "When are you open?",
        "when are you open",
        "Um, when are you, uh, open?",
        "Hello, when are you open please?",
        "Hi there. So what are your opening hours, please? Thank you.",
        "Can you tell me when you are open?",
        "Could you please tell me what your opening hours are?",
        "Yes, I'd like to know when you're open.",
    ],
)
def test_a_question_is_known_in_whatever_courtesies(said: str) -> None:
    assert BOOK.answer_to(said) == OPEN


@pytest.mark.parametrize(
    "said", ["what is your address", "What's your address?", "tell me if you have an address"]
)
def test_contractions_and_the_order_of_an_indirect_question_make_no_difference(said: str) -> None:
    assert BOOK.answer_to(said) == WHERE


@pytest.mark.parametrize(
    "said",
    [
        "",
        "open",
        "You are open when",
        "when are you not open",
        "when are you open and where do I park",
        "my friend asked when are you open",
        "are you open",
        "hello",
        "please",
    ],
)
def test_anything_else_is_left_to_the_model(said: str) -> None:
    assert BOOK.answer_to(said) == ""


@given(st.text(max_size=40))
def test_no_words_are_too_odd(said: str) -> None:
    assert BOOK.answer_to(said) in ("", OPEN, WHERE)


def context(*messages: tuple[str, str]) -> LLMContext:
    return LLMContext(cast(Any, [{"role": role, "content": text} for role, text in messages]))


def test_a_question_is_the_callers_last_message_alone() -> None:
    asked, said = ("user", "When are you open?"), ("assistant", "Hello.")
    assert BOOK.answer_in(context(said, asked)) == OPEN
    assert BOOK.answer_in(context(asked, said)) == ""
    assert BOOK.answer_in(context(("user", "Do I pay?"), asked)) == ""
    assert BOOK.answer_in(context(("developer", "When are you open?"))) == ""
    assert BOOK.answer_in(context()) == ""


@pytest.mark.parametrize(
    ("questions", "answer", "says"),
    [
        ((), OPEN, "has no question: give at least one"),
        (("When?",), "", "has nothing to say: give its answer"),
        (("When?",), " ... ", "has nothing to say: give its answer"),
        (("Hello, please!",), OPEN, "is left without a word"),
        (("",), OPEN, "is left without a word"),
        ("When are you open?", OPEN, "is one string: put it into a tuple"),
    ],
)
def test_an_entry_that_is_none_says_what_to_do(questions: tuple, answer: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Faq(questions=questions, answer=answer)


def test_two_answers_to_one_question_are_one_too_many() -> None:
    with pytest.raises(ValueError, match="has two answers in faq"):
        FaqBook([*FAQ, Faq(questions=("so where are you",), answer=OPEN)])


def test_one_question_may_be_written_twice() -> None:
    FaqBook([*FAQ, Faq(questions=("so where are you",), answer=WHERE)])


@in_virtual_time
async def test_the_answer_is_there_when_the_turn_ends_and_no_model_is_asked() -> None:
    async with turns_call(known_answer=BOOK.answer_in) as call:
        await call.says("When are you open?", final_after_s=0.4)
        assert call.model.asked == []
        assert call.answer == OPEN
        assert call.after_speech_s(LLMTextFrame) == 0.4
        assert call.written == ["When are you open?"]


@in_virtual_time
async def test_the_model_reads_question_and_answer_as_its_own() -> None:
    replies = (Reply("Yes, we do."),)
    async with turns_call(*replies, known_answer=BOOK.answer_in, ahead=False) as call:
        await call.says("When are you open?")
        await call.bot_said(OPEN)
        await call.says("And do you repair lamps?")
        await call.is_silent(1.0)
        (asked,) = call.model.asked
        messages: list[Any] = asked.get_messages()
        assert [(m["role"], m["content"]) for m in messages[:3]] == [
            ("user", "When are you open?"),
            ("assistant", OPEN),
            ("user", "And do you repair lamps?"),
        ]
        assert call.answer.endswith("Yes, we do.")


@in_virtual_time
async def test_a_caller_who_goes_on_is_answered_by_the_model() -> None:
    async with turns_call(Reply("At the back."), known_answer=BOOK.answer_in) as call:
        await call.speaks(1.0)
        await call.seems("where are you")
        await call.is_silent(0.3)
        await call.speaks(0.5)
        await call.seems("where are you parking")
        await call.speaks(0.3)
        await call.is_silent(0.4)
        await call.is_understood("where are you parking")
        await call.is_silent(1.5)
        assert call.answer == "At the back."
        assert call.order(LLMFullResponseStartFrame, LLMFullResponseEndFrame) == [
            "LLMFullResponseStartFrame",
            "LLMFullResponseEndFrame",
        ]


async def test_an_answer_is_spoken_in_advance_as_its_sentences() -> None:
    texts = await texts_of(receptionist)
    assert texts[:3] == [
        receptionist.greeting,
        "We see patients Monday to Friday, from nine to twelve and from half past one to five.",
        "Would you like an appointment?",
    ]


def test_receptionist_tells_its_hours_by_itself() -> None:
    book = FaqBook(receptionist.faq)
    assert "from nine to twelve" in book.answer_to(
        "Hi, can you tell me what your opening hours are?"
    )
    assert book.answer_to("I need an appointment") == ""


@in_virtual_time
async def test_an_answer_that_was_spoken_in_advance_is_heard_when_the_turn_ends(
    tmp_path: Path,
) -> None:
    texts = [text for text in await texts_of(receptionist) if text]
    repertoire = Repertoire(PhraseCache(tmp_path / "phrases", most_bytes=10**8), tuple(texts))
    async with spoken(StreamingVoice(), repertoire=repertoire) as before:
        await before.worker.queue_frames([TTSSpeakFrame(text) for text in texts])
    voice = StreamingVoice()
    tts = BackedTTS([("a", voice, health())], report=lambda _: None, repertoire=repertoire)
    book = FaqBook(receptionist.faq)
    async with turns_call(known_answer=book.answer_in, then=[SpokenText(), tts]) as call:
        await call.says("What are your opening hours?", final_after_s=0.4)
        assert call.after_speech_s(TTSAudioRawFrame) == 0.4
        await call.is_silent(12.0)
        told = [frame.text for frame in call.rig.reached_the_end(TTSTextFrame)]
        assert " ".join(told) == book.answer_to("opening hours")
        assert call.model.asked == []
        assert voice.asked == []
