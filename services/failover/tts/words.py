"""Which of the written words a provider's audio has reached."""

from itertools import accumulate

from services.failover.tts.sound import USUAL_PACE, shortest_s
from services.failover.tts.speech import Speech, letters

# A word of which this much was heard is not said again.
_ENOUGH_OF_A_WORD = 0.6
# Times of words and of audio are not rounded alike.
_BLUR_S = 0.02
_SHORTEST_GAP_S = 0.05
# No word begins later than this in audio that begins with it.
_LATEST_BEGIN_S = 1.0
# Word times that lag further behind the audio than this are not waited for.
_LATEST_TIMES_S = 1.0
# How far on a provider's next word is looked for if it left words out.
_SEARCHED_LETTERS = 80


class Reached:
    """Follows one provider through a speech, from the first word that it was asked for.

    Parameters:
        speech: The speech.
        timed: Whether the provider says when each word is spoken.
        pace: Letters a second at which it speaks, None if nobody knows yet.

    Attributes:
        first: The number of the first word.
        heard_s: From the begin of the provider's first audio to the end of its last; what was
            left out counts.
        between_sentences: Whether it has said that it is done with what it was given so far.
    """

    def __init__(self, speech: Speech, *, timed: bool, pace: float | None = None) -> None:
        self.first = speech.told
        self.heard_s = 0.0
        self.between_sentences = False
        self._speech = speech
        self._timed = timed
        self._measured_pace = pace
        self._pace = pace or USUAL_PACE
        self._begins_s: float | None = None
        self._place = _Place(speech)
        self._starts_s: list[float] = []
        self._gap: tuple[float, float] | None = None
        self._shift_s = 0.0
        self._dry_s = 0.0
        self._unnamed_since_s: float | None = None
        self._done, self._done_after_s = self.first, 0.0

    @property
    def known(self) -> int:
        """The number of the first word that the provider has given no time for."""
        return self.first + len(self._starts_s)

    @property
    def last_start_s(self) -> float:
        """When the last word known begins, in seconds from the provider's first audio."""
        return self._starts_s[-1] if self._starts_s else 0.0

    @property
    def since_sure_s(self) -> float:
        """Seconds of audio since the last word known began, or a text was done."""
        _, from_s = self._last_sure
        return max(0.0, self.heard_s - from_s - self._dry_s)

    def left_out(self, seconds: float) -> None:
        """So much silence before the first audio is not put out."""
        self.heard_s = self._done_after_s = seconds

    def audio(self, begins_s: float, seconds: float) -> None:
        """Audio was put out that plays from `begins_s` on, on the loop's clock."""
        if self._begins_s is None:
            self._begins_s = begins_s - self.heard_s
        at_s = begins_s - self._begins_s
        if at_s > self.heard_s + _SHORTEST_GAP_S:
            self._gap = (self.heard_s, at_s)
            self._dry_s += at_s - self.heard_s
            unheard = (
                n for n, start_s in enumerate(self._starts_s) if start_s >= self.heard_s - _BLUR_S
            )
            if (first := next(unheard, None)) is not None:
                before_s = self._shift_s
                self._shift_after_gap(self._starts_s[first])
                by_s = self._shift_s - before_s
                self._starts_s[first:] = [start_s + by_s for start_s in self._starts_s[first:]]
        self.heard_s = at_s + seconds
        self.between_sentences = False

    def timed_text(self, text: str, start_s: float) -> None:
        """The provider speaks a piece of the text `start_s` after its first audio.

        Args:
            text: As written. "" for the begin of something that is said otherwise than written,
                and named when the last of it is said.
            start_s: In seconds.
        """
        start_s += self._shift_s
        if self._gap:
            before_s = self._shift_s
            self._shift_after_gap(start_s)
            start_s += self._shift_s - before_s
        start_s = max(start_s, self.last_start_s)
        if not text:
            self._unnamed_since_s = self._unnamed_since_s or start_s
            return
        # Of several words named at once only the first is known to have begun.
        begins_s = self._unnamed_since_s or start_s
        for word in self._speech.words[self.known : self._place.after(text)]:
            self._starts_s.append(begins_s)
            begins_s += word.length / self._pace
            self._dry_s = 0.0
        self._unnamed_since_s = None

    def untimed_text(self, text: str) -> bool:
        """The provider is done with a piece of the text, or so it says.

        Returns:
            Whether that can be. Some say so before any audio comes.
        """
        end = self._place.after(text)
        length = self._speech.length(self._done, end)
        if self.since_sure_s < shortest_s(length, self._measured_pace):
            return False
        self._done, self._done_after_s, self._dry_s = end, self.heard_s, 0.0
        self.between_sentences = True
        return True

    def out(self, *, final: bool = False) -> int:
        """How many words of the speech have been put out as audio.

        Args:
            final: No more will come from this provider.
        """
        if self._timed:
            count = self._by_times()
            lag_s = _LATEST_TIMES_S if self._starts_s else 0.0
            if final and count == self.known:
                count = max(count, self.likely(_ENOUGH_OF_A_WORD, less_s=lag_s))
        else:
            count = self.likely(_ENOUGH_OF_A_WORD)
        return max(count, self._speech.told)

    def likely(self, part: float, *, less_s: float = 0.0) -> int:
        """How many words there are in the audio if it goes on at the provider's pace.

        Args:
            part: As much of the last word counts as the whole word.
            less_s: As much of the audio is left out.
        """
        count, _ = self._last_sure
        left = (self.since_sure_s - less_s) * self._pace
        for word in self._speech.words[count:]:
            if left < part * word.length:
                break
            left -= word.length
            count += 1
        return count

    def start_of(self, word: int) -> float:
        """When a word is played, on the loop's clock."""
        number = word - self.first
        if number < len(self._starts_s):
            start_s = self._starts_s[number]
        else:
            sure, from_s = self._last_sure
            after_s = from_s + self._speech.length(min(sure, word), word) / self._pace
            start_s = min(after_s, max(self.heard_s, from_s))
        return (self._begins_s or 0.0) + start_s

    def _shift_after_gap(self, start_s: float) -> None:
        """Fit the times of words to audio that went on later than it might have.

        Some providers count audio only, some count the gap as well, and some services count
        from the gap what their provider counts from the begin.
        """
        if not self._gap:
            return
        (ended_s, went_on_s), self._gap = self._gap, None
        for by_s in (0.0, went_on_s - ended_s, went_on_s - start_s):
            if went_on_s - _SHORTEST_GAP_S <= start_s + by_s <= went_on_s + _LATEST_BEGIN_S:
                self._shift_s += by_s
                return

    @property
    def _last_sure(self) -> tuple[int, float]:
        """The last word of which the start is known, and its start."""
        if self._starts_s:
            return self.known - 1, self.last_start_s
        return self._done, self._done_after_s

    def _by_times(self) -> int:
        count = max(self.first, self._speech.told)
        while count < self.known and self._end_of(count) <= self.heard_s + _BLUR_S:
            count += 1
        return count

    def _end_of(self, word: int) -> float:
        """When enough of a word has been heard, or the next begins."""
        number = word - self.first
        start_s = self._starts_s[number]
        for later_s in self._starts_s[number + 1 :]:
            if later_s > start_s:
                return later_s
        return start_s + _ENOUGH_OF_A_WORD * self._speech.words[word].length / self._pace


class _Place:
    """A place in a speech that moves on with every piece of text that a provider names."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._first = speech.told
        self._letters = 0

    def after(self, text: str) -> int:
        """The number of the first word that is not begun when this has been spoken.

        The text is looked for a little further on as well. What cannot be found moves nothing.
        """
        words = self._speech.words[self._first :]
        stream, said = "".join(word.letters for word in words), letters(text)
        at = stream.find(said, self._letters, self._letters + len(said) + _SEARCHED_LETTERS)
        if at >= 0:
            self._letters = at + len(said)
        starts = list(accumulate((len(word.letters) for word in words), initial=0))
        return self._first + sum(start < self._letters for start in starts[:-1])
