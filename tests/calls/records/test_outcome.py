"""How a call ended for the caller, by rules, and never as a success by guess."""

from typing import Any

import pytest

from calls.records.outcome import Course, ended_by

HUNG_UP = "the caller hung up"
GOODBYE = "bot said goodbye"

Heard = tuple[str, str]


def judged(reason: str, *said: Heard, notes: tuple[tuple[str, dict[str, Any]], ...] = ()) -> str:
    course = Course()
    for who, text in said:
        course.take("heard", {"who": who, "text": text})
    for kind, facts in notes:
        course.take(kind, facts)
    return course.judged(reason, ended_by(reason)).outcome


HELLO = ("bot", "Hello, how can I help?")
ASKED = ("caller", "Where is my order?")
TOLD = ("bot", "It comes tomorrow. Is there anything else?")
FOUND = ("tool", {"name": "find_order", "result": {"say": "It comes tomorrow."}})


@pytest.mark.parametrize(
    "last",
    [
        "No, that's all, thank you.",
        "bye",
        "Goodbye.",
        "no",
        "nope",
        "That is everything",
        "Okay.",
        "yes, perfect",
        "I'm all set",
        "that'll be all",
    ],
)
def test_resolved_when_a_tool_helped_and_both_say_goodbye(last: str) -> None:
    said = (HELLO, ASKED, TOLD, ("caller", last), ("bot", "Goodbye."))
    assert judged(GOODBYE, *said, notes=(FOUND,)) == "resolved"


@pytest.mark.parametrize(
    "notes",
    [
        (),
        (("tool", {"name": "say_goodbye"}),),
        (("tool", {"name": "find_order", "error": "timed out"}),),
        (FOUND, ("unhandled", {"text": "I cannot do that."})),
        (("tool", {"name": "find_order", "result": {"say": "There is none.", "found": False}}),),
        (FOUND, ("tool", {"name": "book", "result": {"say": "Shall I?", "needs": "confirmed"}})),
        (("tool", {"name": "book", "result": {"error": "no slot is free"}}),),
    ],
)
def test_goodbyes_alone_are_no_success(notes: tuple[tuple[str, dict[str, Any]], ...]) -> None:
    said = (HELLO, ASKED, TOLD, ("caller", "bye"), ("bot", "Goodbye."))
    assert judged(GOODBYE, *said, notes=notes) == "abandoned"


@pytest.mark.parametrize("last", ["Where is my order?", "you are no help", "what about Monday"])
def test_bot_that_says_goodbye_by_itself_has_resolved_nothing(last: str) -> None:
    said = (HELLO, ("caller", last), ("bot", "Goodbye."))
    assert judged(GOODBYE, *said, notes=(FOUND,)) == "abandoned"


def test_no_is_a_goodbye_only_after_being_asked_for_more() -> None:
    said = (HELLO, ASKED, ("bot", "Is it number five?"), ("caller", "No"), ("bot", "Goodbye."))
    assert judged(GOODBYE, *said, notes=(FOUND,)) == "abandoned"


def test_caller_who_hangs_up_with_an_answer_has_not_said_that_it_was_right() -> None:
    assert judged(HUNG_UP, HELLO, ASKED, TOLD) == "abandoned"


def test_caller_who_hangs_up_before_the_answer() -> None:
    course = Course()
    for who, text in (HELLO, ASKED):
        course.take("heard", {"who": who, "text": text})
    course.take("heard", {"who": "bot", "text": "One moment.", "said": "filler"})
    assert course.judged(HUNG_UP, "caller").why == "the caller's last words had no answer"


def test_caller_who_is_gone_before_the_greeting_was_not_failed() -> None:
    assert judged(HUNG_UP) == "abandoned"


@pytest.mark.parametrize("reason", ["handed over to +14155550123", "waiting for a person"])
def test_handed_over_to_a_person(reason: str) -> None:
    assert judged(reason, HELLO, ASKED) == "handed_over"


def test_handing_over_does_not_tell_the_number() -> None:
    assert Course().judged("handed over to +14155550123", "bot").why == "handed over"


def test_voicemail_only_when_it_was_noticed() -> None:
    assert judged(HUNG_UP, HELLO, notes=(("voicemail", {}),)) == "voicemail"


@pytest.mark.parametrize("reason", ["no answer could be given", "interrupted", "error: lost"])
def test_failed_when_an_error_ended_the_call(reason: str) -> None:
    assert judged(reason, HELLO, ASKED) == "failed"


def test_failed_when_the_bot_never_answered() -> None:
    assert judged(HUNG_UP, ("caller", "Hello?")) == "failed"
    assert judged("ended") == "failed"


def test_failed_when_no_provider_was_left() -> None:
    nobody = ("provider_failed", {"stage": "llm", "provider": "openai", "went_to": ""})
    somebody = ("provider_failed", {"stage": "llm", "provider": "openai", "went_to": "groq"})
    assert judged(HUNG_UP, HELLO, ASKED, notes=(nobody,)) == "failed"
    assert judged(HUNG_UP, HELLO, ASKED, notes=(somebody,)) == "abandoned"


GIVEN_UP = ("silence_bound", {"step": "ask-again", "outstanding": ("llm",)})
SWITCHED = ("provider_failed", {"stage": "stt", "provider": "deepgram", "went_to": "openai"})


def test_failed_when_the_last_answer_was_given_up() -> None:
    assert judged(HUNG_UP, HELLO, ASKED, notes=(GIVEN_UP,)) == "failed"
    assert judged(HUNG_UP, HELLO, ASKED, notes=(GIVEN_UP, SWITCHED)) == "failed"


def test_caller_of_whom_no_words_came_was_not_failed_by_a_provider() -> None:
    noise = ("silence_bound", {"step": "ask-again", "outstanding": ("stt",)})
    assert judged(HUNG_UP, HELLO, notes=(noise,)) == "abandoned"


@pytest.mark.parametrize("said", ["filler", "spare", "apology", "prompt"])
def test_only_an_answer_takes_back_that_an_answer_failed(said: str) -> None:
    aside = ("heard", {"who": "bot", "text": "Are you still there?", "said": said})
    answer = ("heard", {"who": "bot", "text": "It comes tomorrow."})
    assert judged(HUNG_UP, HELLO, ASKED, notes=(GIVEN_UP, aside)) == "failed"
    assert judged(HUNG_UP, HELLO, ASKED, notes=(GIVEN_UP, aside, answer)) == "abandoned"


def test_who_ended_the_call() -> None:
    assert ended_by(HUNG_UP) == "caller"
    assert ended_by("ended by an operator") == "operator"
    assert ended_by("the caller said nothing") == "bot"
    assert ended_by("interrupted") == "error"
