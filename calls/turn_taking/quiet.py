"""How quiet the caller is, and whether the words that were said before it have all come."""

from collections import deque
from heapq import nlargest
from typing import Protocol

from pipecat.frames.frames import InputAudioRawFrame

from calls.turn_taking.fading import Fading
from calls.turn_taking.lull import Lull
from calls.turn_taking.pause import A_SAMPLE_S

# So much quiet is more than most gaps between words, and less than the VAD waits for: by the VAD's
# own count, and by the bare level, which is sooner down.
_QUIET_S = 0.08
_FADED_S = 0.06
# Until it is known how far the recogniser is behind the caller, and at most.
_BEHIND_S, _BEHIND_AT_MOST_S = 0.07, 0.3
_BEHIND_MARGIN_S = 0.03
_BEHIND_REMEMBERED = 4
# Where there was more sound than this after the last words, there is a word to come, unless the
# silence is longer than those within words.
_UNSAID_S, _SURELY_SILENT_S = 0.08, 0.14
# After so much of it the words are believed, where the model of turns is not asked.
_SILENT_S = 0.1
# Silence as deep as that is seldom within words for longer.
_STILL_S = 0.06
# The model of turns is surer of a longer silence.
_WEIGHED_AFTER_S = 0.12


class Voice(Protocol):
    """The detector of the caller's voice."""

    @property
    def quiet_s(self) -> float:
        """How long the caller has been quiet, known before anyone is told of it."""
        ...


class Quiet:
    """A silence before the detector of voices is sure of it. Times are on the loop's clock.

    Parameters:
        voice: The detector; None: only the bare level is known.

    Attributes:
        began_at_s: When the caller fell silent, before the detector was sure of it.
    """

    def __init__(self, voice: Voice | None) -> None:
        self.began_at_s = 0.0
        self._voice = voice
        self._fading = Fading()
        self._behind_s: deque[float] = deque([_BEHIND_S], maxlen=_BEHIND_REMEMBERED)

    def hear(self, frame: InputAudioRawFrame) -> None:
        """The next audio of the caller."""
        self._fading.hear(frame.audio, frame.sample_rate)

    def last_words_came(self, at_s: float) -> None:
        """Remember how far behind the silence the turn's last words were."""
        self._behind_s.append(min(_BEHIND_AT_MOST_S, max(0.0, at_s - self.began_at_s)))

    @property
    def of_a_voice_s(self) -> float:
        """How long a voice that was heard has been quiet, if that may be the end; else 0."""
        if self._voice is None:
            return 0.0
        quiet_s, faded_s = self._voice.quiet_s, self._fading.quiet_s
        return max(quiet_s, faded_s) if quiet_s >= _QUIET_S or faded_s >= _FADED_S else 0.0

    @property
    def has_only_begun(self) -> bool:
        """Whether it is deep, and still shorter than the model of turns needs to be sure."""
        return 0 < self._fading.still_s < _WEIGHED_AFTER_S - A_SAMPLE_S

    def is_believed(self, lull: Lull | None, now_s: float) -> bool:
        """Whether it is deep, or lasts: a faint last word is a silence to the bare level.

        Parameters:
            lull: The silence, as long as the detector does not call it one.
            now_s: The time.
        """
        if self._fading.still_s >= _STILL_S - A_SAMPLE_S:
            return True
        voiceless = lull is None or self._voice is None or self._voice.quiet_s > 0
        since_s = lull.began_at_s if lull else self.began_at_s
        return voiceless and now_s - since_s >= _SILENT_S

    def has_all_words(self, lull: Lull, changed_at_s: float, now_s: float) -> bool:
        """Whether what was said before the lull has come, as far as one can know.

        Parameters:
            lull: The silence.
            changed_at_s: When the words last changed.
            now_s: The time.
        """
        silent_s = max(self._fading.still_s, self._voice.quiet_s if self._voice else 0.0)
        unsaid_s = (now_s - silent_s) - (changed_at_s - min(self._behind_s))
        if unsaid_s > _UNSAID_S and silent_s < _SURELY_SILENT_S:
            return False
        # One late word is no rule.
        behind_s = nlargest(2, self._behind_s)[-1] + _BEHIND_MARGIN_S
        return changed_at_s >= lull.began_at_s or now_s >= lull.began_at_s + behind_s
