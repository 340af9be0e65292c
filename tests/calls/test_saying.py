"""What the bot says at a moment, by the audio that has left."""

import pytest
from pipecat.frames.frames import TTSAudioRawFrame, TTSStartedFrame

from calls.barge_in.saying import Saying
from calls.heard.utterance import Utterance, Words

RATE_HZ = 8_000
WORD_S = 0.3


def saying(text: str, context_id: str = "one", into: Saying | None = None) -> Saying:
    """An utterance of which each word takes as long as any other."""
    said, utterance = into or Saying(), Utterance(context_id)
    words = text.split()
    utterance.audio(0.0, WORD_S * len(words))
    for number, word in enumerate(words):
        utterance.words(Words(word, WORD_S * number))
    frame = TTSStartedFrame(context_id=context_id)
    frame.metadata["utterance"] = utterance
    said.begins(frame)
    return said


def play(said: Saying, words: float) -> None:
    samples = round(words * WORD_S * RATE_HZ)
    said.plays(TTSAudioRawFrame(bytes(2 * samples), RATE_HZ, 1))


def test_question_is_one_while_it_is_asked_and_just_after() -> None:
    said = saying("We are near. Shall I send directions? There is a car park behind the hall.")
    play(said, 1)
    assert said.question() == ""
    play(said, 3)
    assert said.question() == "Shall I send directions?"
    play(said, 5)
    assert said.question() == "Shall I send directions?"
    play(said, 5)
    assert said.question() == ""


def test_question_that_is_an_utterance_of_its_own_was_just_asked() -> None:
    said = saying("Shall I send directions?")
    play(said, 3.9)
    said = saying("There is a car park.", "two", into=said)
    play(said, 1)
    assert said.question() == "Shall I send directions?"
    assert said.lately().startswith("Shall I send directions? There is")


def test_question_that_the_caller_has_answered_is_asked_no_more() -> None:
    said = saying("Shall I send directions?")
    play(said, 3.9)
    assert said.question()
    said.answered()
    said = saying("They are on their way.", "two", into=said)
    play(said, 1)
    assert said.question() == ""
    said = saying("Shall I call you?", "three", into=said)
    play(said, 4)
    assert said.question() == "Shall I call you?"


def test_what_was_said_long_before_the_last_pause_is_not_said_lately() -> None:
    now = [0.0]
    said = saying("What can I do?", into=Saying(lambda: now[0]))
    play(said, 4)
    now[0] = 3.0
    said = saying("We are near.", "two", into=said)
    assert said.lately().startswith("What can I do? We")
    assert said.question() == ""
    now[0] = 5.0
    play(said, 1)
    assert said.lately().startswith("We are")


def test_last_word_is_all_that_was_played_of_it() -> None:
    said = saying("We are near.")
    play(said, 1.5)
    assert said.lasts_s(said.last_word()) == 0.5 * WORD_S


def test_what_began_too_long_ago_is_no_word_any_more() -> None:
    said = saying("We are near.")
    play(said, 6.9)
    assert said.last_word() == b""


def test_what_has_not_come_out_is_said_again_from_its_word() -> None:
    said = saying("We are near.")
    play(said, 2.5)
    assert said.lasts_s(said.last_word(unplayed_s=WORD_S)) == pytest.approx(1.5 * WORD_S)


def test_what_has_not_come_out_of_a_sound_without_end_is_said_again_and_no_more() -> None:
    said = saying("We are near.")
    play(said, 8)
    assert said.lasts_s(said.last_word(unplayed_s=WORD_S)) == pytest.approx(WORD_S)


def test_nothing_is_said_before_anything_is() -> None:
    said = Saying()
    assert (said.question(), said.lately(), said.last_word()) == ("", "", b"")
