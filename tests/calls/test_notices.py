"""What a bot says that nobody interrupts."""

from pipecat.frames.frames import LLMMessagesAppendFrame, TTSSpeakFrame

from calls import as_bot, notice
from calls.answer import _first_words
from tests.no_pipeline import no_pipeline

RECORDED = "This call is recorded."


def test_notice_is_kept_through_interruptions() -> None:
    assert not notice(RECORDED).interruptible


def test_call_begins_with_the_notice_and_then_the_greeting() -> None:
    first, greeting = _first_words(as_bot(no_pipeline, notice=RECORDED, greeting="Hello."))
    assert isinstance(first, TTSSpeakFrame)
    assert isinstance(greeting, TTSSpeakFrame)
    assert [(f.text, f.interruptible) for f in (first, greeting)] == [
        (RECORDED, False),
        ("Hello.", True),
    ]


def test_bot_without_a_notice_begins_with_its_greeting() -> None:
    (greeting,) = _first_words(as_bot(no_pipeline))
    assert isinstance(greeting, LLMMessagesAppendFrame)
