"""How long the bot waits for more, given what was said, what was asked, and who speaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls import Pace
from calls.turn_taking.patience import NONE, patience
from calls.turn_taking.pauses import Pauses

NOBODY_KNOWN = Pauses()
SHALL_I = "So that is Monday at nine. Shall I book it?"
WHICH_NUMBER = "Sure. What is your order number?"
WHICH_DAY = "Which day would you like?"


@pytest.mark.parametrize("words", ["yes", "Yes, please.", "no", "no thanks", "That's right.", "ok"])
def test_yes_or_no_to_a_yes_or_no_question_is_not_waited_after(words: str) -> None:
    assert patience(words, SHALL_I, NOBODY_KNOWN) == NONE


@pytest.mark.parametrize(
    "question",
    [
        SHALL_I,
        "Is there anything else?",
        "It leaves at nine, is that right?",
        "Correct?",
        "The first hour is free, shall I send you directions?",
        "Great, and would you like a receipt?",
        "Isn’t that too late?",
    ],
)
def test_yes_or_no_questions_are_known_as_such(question: str) -> None:
    assert patience("yes", question, NOBODY_KNOWN) == NONE


@pytest.mark.parametrize(
    "question",
    [
        "",
        WHICH_DAY,
        "Do you want tea or coffee?",
        "You said yes.",
        "What can I do?",
        "Would you like tea, or shall it be coffee?",
        "I can do that, which day suits you?",
    ],
)
def test_yes_to_anything_else_is_judged_by_its_sound(question: str) -> None:
    assert not patience("yes", question, NOBODY_KNOWN).needs_no_model


@pytest.mark.parametrize("words", ["yes but", "no I", "yes the", "yes, um"])
def test_yes_that_goes_on_is_waited_for(words: str) -> None:
    assert patience(words, SHALL_I, NOBODY_KNOWN).expects_more


@pytest.mark.parametrize(
    "words",
    ["let me see", "Hold on.", "one moment please", "it is, um, let me check", "just a second"],
)
def test_caller_who_asks_for_time_gets_the_most_there_is(words: str) -> None:
    wait = patience(words, WHICH_NUMBER, NOBODY_KNOWN)
    assert wait.complete_s == wait.incomplete_s == 2.0


@pytest.mark.parametrize(
    "words",
    [
        "I would like to",
        "um",
        "it is uh",
        "my number is",
        "Monday and",
        "can you please tell me",
        "I wanted to ask",
        "the order of the",
        "so",
    ],
)
def test_sentence_that_leads_on_is_waited_for_however_it_sounds(words: str) -> None:
    assert patience(words, "", NOBODY_KNOWN).complete_s == 1.2


@pytest.mark.parametrize(
    "words",
    [
        "where is my order",
        "thank you",
        "I want to know where it is",
        "Can you tell me what it is for?",
        "no more",
        "goodbye then",
        "I think so",
        "I do not know",
        "please tell me what it costs",
        "that is all",
    ],
)
def test_whole_sentence_is_not_waited_after_when_it_sounds_complete(words: str) -> None:
    assert patience(words, "How can I help?", NOBODY_KNOWN).complete_s == 0


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("five one", WHICH_NUMBER),
        ("it is 826", WHICH_NUMBER),
        ("a b", "How do you spell it?"),
        ("june", "On what date?"),
        ("anna at example", "What is your email address?"),
        ("anna dot miller", ""),
    ],
)
def test_what_is_being_spelled_is_waited_for(words: str, question: str) -> None:
    assert patience(words, question, NOBODY_KNOWN).complete_s >= 0.5


def test_spelling_that_was_asked_for_is_waited_for_longer() -> None:
    asked = patience("five one", WHICH_NUMBER, NOBODY_KNOWN)
    unasked = patience("my order is five one", "How can I help?", NOBODY_KNOWN)
    assert asked.complete_s == 1.0
    assert unasked.complete_s == 0.5


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("anna at example dot com", "What is your email address?"),
        ("five one seven", "What is your three-digit order number?"),
        ("826", "Please tell me the 3 digits of your number."),
        ("the fifth of June please", "On what date?"),
    ],
)
def test_what_was_spelled_to_its_end_is_not_waited_after(words: str, question: str) -> None:
    assert patience(words, question, NOBODY_KNOWN).complete_s == 0


def test_short_answer_to_a_question_is_waited_after_less_though_it_sounds_cut() -> None:
    assert patience("Monday", WHICH_DAY, NOBODY_KNOWN).incomplete_s == 0.6
    assert patience("Monday", "", NOBODY_KNOWN).incomplete_s == 1.2


def test_slow_caller_is_waited_for_longer_after_the_first_long_pause() -> None:
    pauses = Pauses()
    pauses.add(1.3)
    assert patience("I have a question about it maybe", "", pauses).incomplete_s > 1.3


def test_quick_caller_is_answered_sooner_once_that_is_known() -> None:
    pauses = Pauses()
    for _ in range(3):
        pauses.add(0.3)
    assert pauses.thinking_s == 1.2
    pauses.add(0.3)
    assert pauses.thinking_s == 0.6


def test_pause_that_was_no_pause_teaches_nothing() -> None:
    pauses = Pauses()
    pauses.add(30.0)
    pauses.add(-0.1)
    assert pauses.thinking_s == 1.2


@given(st.lists(st.floats(-1, 10), max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_nobody_is_waited_for_longer_than_the_bounds_allow(
    silences_s: list[float], words: str, question: str
) -> None:
    pauses = Pauses(Pace(thinking_s=1.0, least_s=0.5, most_s=1.8, spelling_s=0.9))
    for silence_s in silences_s:
        pauses.add(silence_s)
    wait = patience(words, question, pauses)
    assert 0 <= wait.complete_s <= wait.incomplete_s <= 1.8


def test_bounds_out_of_order_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="none is longer than the next"):
        Pace(least_s=2.0, thinking_s=1.0)
