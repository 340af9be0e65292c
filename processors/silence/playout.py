"""When the audio that was sent on is heard, and which of it is audible at all."""

import math
from typing import NamedTuple

import numpy as np

# About -42 dBFS: above what codecs and resampling leave of silence, below any spoken sound.
AUDIBLE_LEVEL = 256

# So much silence may be queued at the playout, for the pauses of speech that is made faster than
# it is played. What is longer would stand before whatever has to be said.
LONGEST_PAUSE_S = 1.0


class Sound(NamedTuple):
    """The audible part of a piece of audio, in seconds of the playout's clock."""

    start_s: float
    end_s: float

    @property
    def audible(self) -> bool:
        return self.end_s > self.start_s


class Playout:
    """Audio plays as soon as it comes, or after all that came before it.

    Args:
        longest_pause_s: How much silence is taken while it has to wait to be played.

    Attributes:
        ends_s: When everything that is queued was played.
        audible_until_s: When the last audible sample was.
        answer_until_s: The same, of answers alone.
        spare_until_s: The same, of spare phrases alone.
    """

    def __init__(self, *, longest_pause_s: float = LONGEST_PAUSE_S) -> None:
        self._longest_pause_s = longest_pause_s
        self.ends_s = -math.inf
        self.audible_until_s = -math.inf
        self.answer_until_s = -math.inf
        self.spare_until_s = -math.inf

    def add(
        self, audio: bytes, bytes_per_s: int, now_s: float, *, silent_until_s: float = math.inf
    ) -> Sound | None:
        """Queue 16-bit samples, silence no further than to `silent_until_s`.

        Returns None for silence that was not taken, as there is enough of it queued.
        """
        start_s, duration_s = max(now_s, self.ends_s), len(audio) / bytes_per_s
        samples = np.frombuffer(audio[: len(audio) & ~1], np.int16)
        loud = np.flatnonzero((samples >= AUDIBLE_LEVEL) | (samples <= -AUDIBLE_LEVEL))
        if not loud.size:
            ends_s = start_s + duration_s
            waiting_s = ends_s - max(now_s, self.audible_until_s)
            if waiting_s > self._longest_pause_s or ends_s > max(now_s, silent_until_s):
                return None
            self.ends_s = ends_s
            return Sound(start_s, start_s)
        self.ends_s = start_s + duration_s
        first, last = 2 * int(loud[0]), 2 * int(loud[-1]) + 2
        sound = Sound(start_s + first / bytes_per_s, start_s + last / bytes_per_s)
        self.audible_until_s = sound.end_s
        return sound

    def held(self, now_s: float, seconds: float) -> None:
        """What was still to be played so long ago is played so much later."""
        since_s = now_s - seconds
        for moment in ("ends_s", "audible_until_s", "answer_until_s", "spare_until_s"):
            at_s = getattr(self, moment)
            if at_s > since_s:
                setattr(self, moment, at_s + seconds)

    def cut(self, now_s: float) -> None:
        """Whatever was not played yet never will be."""
        self.ends_s = min(self.ends_s, now_s)
        self.audible_until_s = min(self.audible_until_s, now_s)
        self.answer_until_s = min(self.answer_until_s, now_s)
        self.spare_until_s = min(self.spare_until_s, now_s)
