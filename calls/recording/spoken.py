"""When each word was said, by the call's clock, as far as anybody knows."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from calls.heard.following import utterance_of
from calls.heard.utterance import Utterance
from calls.recording.reading import Side
from calls.redaction.redactor import SpokenWord

# A voice detector hears the first consonant late, or not.
_BEFORE_VOICE_S = 0.3
# Audio that comes so much later than what was before it did not follow it.
_GAP_S = 0.03


OnWords = Callable[[Side, Sequence[SpokenWord], float], None]


class Spoken:
    """Follows the frames behind the output, where they come when they are due.

    Of the bot the time of every word is known. Of the caller it is that of the turn: one word.

    Parameters:
        now: Seconds since the call was answered.
        on_words: Told the words of an utterance or a turn that is over, and the moment before
            which there are no more of that side.
    """

    def __init__(self, now: Callable[[], float], on_words: OnWords) -> None:
        self._now = now
        self._on_words = on_words
        self._utterance: Utterance | None = None
        self._played: list[tuple[float, float]] = []
        self._voice_since_s: float | None = None
        self._voice = False

    def follow(self, frame: Frame) -> None:
        """A frame comes out behind the output."""
        match frame:
            case TTSAudioRawFrame():
                if self._utterance:
                    self._played.append((self._now(), frame.num_frames / frame.sample_rate))
            case TTSStartedFrame():
                self._bot_ends()
                self._utterance = utterance_of(frame)
            case TTSStoppedFrame() | EndFrame() | CancelFrame():
                self._bot_ends()
            case InterruptionFrame() if self._utterance and self._utterance.can_be_cut:
                self._bot_ends()
            case VADUserStartedSpeakingFrame():
                self._voice = True
                if self._voice_since_s is None:
                    began_s = self._now() - frame.start_secs - _BEFORE_VOICE_S
                    self._voice_since_s = max(0.0, began_s)
            case VADUserStoppedSpeakingFrame():
                self._voice = False

    def turn_over(self, text: str) -> None:
        """The caller's turn is over, and that was said in it."""
        now_s = self._now()
        began_s = 0.0 if self._voice_since_s is None else self._voice_since_s
        # Who goes on speaking is in the next turn from here on.
        self._voice_since_s = now_s - _BEFORE_VOICE_S if self._voice else None
        self._on_words("caller", [SpokenWord(text, began_s, now_s)], now_s)

    def _bot_ends(self) -> None:
        utterance, self._utterance = self._utterance, None
        played, self._played = self._played, []
        if not (utterance and played):
            return
        heard = _Heard(played)
        begun = [w for w in utterance.words_with_begin() if w[1] < heard.lasted_s]
        ends = [*begun, ("", heard.lasted_s)]
        words = [
            SpokenWord(text, heard.at_s(begins_s), heard.at_s(next_s, end=True))
            for (text, begins_s), (_, next_s) in pairwise(ends)
        ]
        self._on_words("bot", words, self._now())


class _Heard:
    """When each place of an utterance's audio was played.

    Parameters:
        played: For each piece of it, when it was out and how long it is, in seconds.

    Attributes:
        lasted_s: How much audio there was.
    """

    def __init__(self, played: Sequence[tuple[float, float]]) -> None:
        self.lasted_s = 0.0
        self._stretches: list[tuple[float, float]] = []
        for out_s, seconds in played:
            plays_s = out_s - seconds
            last = self._stretches[-1] if self._stretches else None
            if last is None or plays_s - (last[1] + self.lasted_s - last[0]) > _GAP_S:
                self._stretches.append((self.lasted_s, plays_s))
            self.lasted_s += seconds

    def at_s(self, place_s: float, *, end: bool = False) -> float:
        """When a place, in seconds from the begin, was played; `end`: what ends there."""
        # What ends where a pause begins was over before it.
        places = [from_s + (1e-6 if end else 0.0) for from_s, _ in self._stretches]
        from_s, plays_s = self._stretches[max(0, bisect_right(places, place_s) - 1)]
        return plays_s + place_s - from_s
