"""The caller's silence, and when it has lasted long enough."""

from math import inf

# Silence is counted by the audio that came: a late packet may hold a word. Where no audio comes
# at all, the clock counts, and so much later.
_AUDIO_LATE_AT_MOST_S = 0.5
# A model of turns that has more calls to look at than it can is not waited for any longer; where
# it cannot answer by then, the words alone decide, after a little more silence than with it.
_MODEL_WITHIN_S = 0.4
_WITHOUT_MODEL_S = 0.35
# Sums of seconds are not exact.
A_SAMPLE_S = 1e-5


class Pause:
    """One silence of the caller, from the end of speech.

    Parameters:
        began_at_s: The end of speech.
        heard_s: How much of the silence the detector has heard.

    Attributes:
        asked: Whether the model of turns was asked.
        judged: Whether it has had its say.
        complete: Whether it takes the turn for complete.
        probability: How sure it is of that; None: it did not say.
        unheard: Whether the detector heard neither speech nor its end.
    """

    def __init__(self, began_at_s: float, heard_s: float) -> None:
        self.asked = self.judged = self.complete = self.unheard = False
        self.probability: float | None = None
        self.began_at_s = began_at_s
        self._heard_s = heard_s
        self._model_within_s = _MODEL_WITHIN_S
        self._silence_s = inf
        self._words_s = inf

    @classmethod
    def unheard_speech(cls, now_s: float) -> "Pause":
        """After words that were understood although no voice was detected."""
        pause = cls(now_s, 0.0)
        pause.judged = pause.complete = pause.unheard = True
        return pause

    def lasted_s(self, until_s: float) -> float:
        """How long it was, when the caller went on at this time; 0 where the end is not known."""
        return 0.0 if self.unheard else until_s - self.began_at_s

    def left_for_model_s(self, now_s: float) -> float:
        """How long the model of turns is still waited for."""
        left_s = self.began_at_s + self._model_within_s - now_s
        return left_s if left_s > A_SAMPLE_S else 0.0

    def goes_by_words(self) -> None:
        """The model of turns is not asked."""
        self._model_within_s = _WITHOUT_MODEL_S

    def add(self, heard_s: float) -> None:
        """So much more silence was heard."""
        self._heard_s += heard_s

    def ends_after(self, silence_s: float, words_s: float) -> None:
        """The turn is over after so much silence, and no sooner than so long after speech."""
        self._silence_s, self._words_s = silence_s, words_s

    def over(self, now_s: float) -> bool:
        """Whether it has lasted long enough."""
        return self.ends_within(0.0, now_s)

    def ends_within(self, span_s: float, now_s: float) -> bool:
        """Whether it will have lasted long enough soon."""
        elapsed_s = now_s - self.began_at_s + span_s + A_SAMPLE_S
        heard_s = max(self._heard_s + span_s + A_SAMPLE_S, elapsed_s - _AUDIO_LATE_AT_MOST_S)
        return heard_s >= self._silence_s and elapsed_s >= self._words_s

    def due_in_s(self, now_s: float) -> float:
        """When to look again at the latest, whether or not audio comes."""
        due_at_s = max(self._silence_s + _AUDIO_LATE_AT_MOST_S, self._words_s) + self.began_at_s
        return max(0.0, due_at_s - now_s)
