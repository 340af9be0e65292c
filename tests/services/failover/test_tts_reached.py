"""Which words of a speech a provider's audio has reached."""

from services.failover.tts.speech import Speech
from services.failover.tts.words import Reached


def test_words_named_all_at_once_at_the_end_are_not_all_taken_for_heard() -> None:
    speech = Speech("a-context")
    speech.add("Put the lamp back into its cardboard box with the yellow label.")
    reached = Reached(speech, timed=True)
    reached.audio(begins_s=100.0, seconds=1.2)
    for word, start_s in [("Put", 0.0), ("the", 0.3), ("lamp", 0.5)]:
        reached.timed_text(word, start_s)

    reached.timed_text("back into its cardboard box with the yellow label.", 0.8)

    assert 3 <= reached.out(final=True) <= 5


def test_words_named_one_by_one_count_as_their_times_say() -> None:
    speech = Speech("a-context")
    speech.add("Put the lamp back.")
    reached = Reached(speech, timed=True)
    reached.audio(begins_s=100.0, seconds=1.2)
    for number, word in enumerate("Put the lamp back.".split()):
        reached.timed_text(word, 0.2 * number)

    assert reached.out(final=True) == 4
