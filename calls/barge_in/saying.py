"""What the bot says at this moment, by the audio that has left."""

import time
from collections.abc import Callable

from pipecat.frames.frames import TTSAudioRawFrame, TTSStartedFrame

from calls.heard.following import utterance_of
from calls.heard.utterance import Utterance

# An echo is so old at most, and understood so much later.
_LATELY_S = 4.0
_SOON_S = 0.5
# Who answers a question that was asked longer ago waits for the bot to end.
_JUST_ASKED_S = 1.5
# What began longer ago is over by now, or has no end: it is not begun again.
_LONGEST_WORD_S = 1.2
# A phone may be behind what it was sent, by as much as a network ever holds up.
_KEPT_S = 3.0


class Saying:
    """Follows the utterances that are played, by `clock` (seconds, monotonic)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._utterance: Utterance | None = None
        self._before: tuple[str, ...] = ()
        self._asked_before = ""
        self._answered = False
        self._position_s = 0.0
        self._played_s = self._before_ended_s = 0.0
        self._audio = bytearray()
        self._bytes_per_s = 0

    def begins(self, frame: TTSStartedFrame) -> None:
        """Another utterance is played from here on."""
        if self._utterance:
            self._before, self._before_ended_s = self._lately(), self._played_s
            self._asked_before = "" if self._answered else self.question()
            self._answered = False
        self._utterance = utterance_of(frame)
        self._position_s = 0.0
        self._audio.clear()

    def answered(self) -> None:
        """The caller has the floor: whatever was asked, what comes next is no answer to it."""
        self._answered = True

    def plays(self, frame: TTSAudioRawFrame) -> None:
        """Some of it is given out to be played."""
        self._bytes_per_s = frame.sample_rate * frame.num_channels * 2
        self._position_s += len(frame.audio) / self._bytes_per_s
        self._played_s = self._clock()
        self._audio += frame.audio
        del self._audio[: -round(_KEPT_S * self._bytes_per_s)]

    def lately(self) -> str:
        """The words of the last seconds, and those that come now."""
        before = self._before if self._clock() - self._before_ended_s < _LATELY_S else ()
        return " ".join((*before, *self._lately()))

    def question(self) -> str:
        """The sentence that is played, or has just been, if it asks something."""
        if not self._utterance:
            return ""
        just_asked = self._clock() - self._before_ended_s < _JUST_ASKED_S
        asked = self._asked_before if just_asked else ""
        sentence: list[str] = []
        for word, begins_s in self._utterance.words_with_begin():
            if begins_s > self._position_s and not sentence:
                break
            sentence.append(word)
            if word.endswith((".", "!", "?")):
                ended = begins_s < self._position_s - _JUST_ASKED_S
                asked = " ".join(sentence) if word.endswith("?") and not ended else asked
                sentence = []
        return asked

    def last_word(self, unplayed_s: float = 0.0) -> bytes:
        """The audio from the beginning of the word that was being said.

        Parameters:
            unplayed_s: So much at the end of what was given has not come out.
        """
        if not self._utterance:
            return b""
        came_out_s = max(0.0, self._position_s - unplayed_s)
        begins = [s for _, s in self._utterance.words_with_begin() if s <= came_out_s]
        from_s = begins[-1] if begins else came_out_s
        if came_out_s - from_s > _LONGEST_WORD_S:
            from_s = came_out_s
        size = 2 * round((self._position_s - from_s) * self._bytes_per_s / 2)
        return bytes(self._audio[-size:]) if size > 0 else b""

    def lasts_s(self, audio: bytes) -> float:
        """How long some of the audio is played."""
        return len(audio) / self._bytes_per_s if audio else 0.0

    def _lately(self) -> tuple[str, ...]:
        if not self._utterance:
            return ()
        first_s, last_s = self._position_s - _LATELY_S, self._position_s + _SOON_S
        told = self._utterance.words_with_begin()
        return tuple(word for word, begins_s in told if first_s <= begins_s <= last_s)
