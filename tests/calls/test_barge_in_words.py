"""What words mean that are said while the bot speaks."""

import pytest

from calls.barge_in.meaning import Meaning, meaning_of

SAYING = "Your order arrives on Wednesday afternoon."
QUESTION = "Shall I send you directions?"


@pytest.mark.parametrize(
    "text",
    [
        "Mm-hm.",
        "okay",
        "Right, right.",
        "yeah okay",
        "Uh-huh",
        "I see",
        "oh okay",
        "got it thats fine",
    ],
)
def test_who_listens_says_so(text: str) -> None:
    assert meaning_of(text, saying=SAYING) is Meaning.BACKCHANNEL


@pytest.mark.parametrize(
    "text",
    [
        "wait",
        "no",
        "okay but when",
        "hold on",
        "I want to change it",
        "right can you tell me",
        "stop",
    ],
)
def test_who_has_something_to_say_interrupts(text: str) -> None:
    assert meaning_of(text, saying=SAYING) is Meaning.SPEECH


@pytest.mark.parametrize("text", ["", "um", "I", "the", "okay I", "that"])
def test_what_may_become_either_is_waited_for(text: str) -> None:
    assert meaning_of(text, saying=SAYING) is Meaning.UNKNOWN


@pytest.mark.parametrize("text", ["yes", "okay", "right", "no", "yes please", "mm-hm"])
def test_question_is_answered(text: str) -> None:
    assert meaning_of(text, saying=QUESTION, question=QUESTION) is Meaning.SPEECH


@pytest.mark.parametrize("text", ["I see", "got it"])
def test_question_is_not_answered_by_listening(text: str) -> None:
    assert meaning_of(text, saying=QUESTION, question=QUESTION) is Meaning.BACKCHANNEL


@pytest.mark.parametrize(
    "text", ["arrives on Wednesday", "order arrives in Wednesday", "afternoon"]
)
def test_the_bots_words_are_its_echo(text: str) -> None:
    assert meaning_of(text, saying=SAYING) is Meaning.ECHO


@pytest.mark.parametrize("text", ["on Wednesday I am away", "wait"])
def test_caller_may_use_the_bots_words(text: str) -> None:
    assert meaning_of(text, saying=f"{SAYING} Please wait.") is Meaning.SPEECH
