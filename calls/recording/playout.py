"""Where the bot's audio lies in the call, by when it was written to the way out."""

from calls.recording.track import Samples, Track

# A writer that is late by less has not let the playout run dry: it writes ahead of it.
_LATE_S = 0.005
# No transport here writes further ahead of what is played.
_AHEAD_S = 5.0


class Playout(Track):
    """The bot's track: audio plays when it is written, or as soon as all before it was played."""

    def __init__(self, rate_hz: int) -> None:
        super().__init__(rate_hz)
        self._ends = 0

    def plays(self, samples: Samples, now_s: float) -> None:
        """Audio is written."""
        now = round(now_s * self.rate_hz)
        if self._ends > now + _AHEAD_S * self.rate_hz:
            return
        if now - self._ends > _LATE_S * self.rate_hz:
            self._ends = now
        self.put(self._ends, samples)
        self._ends += samples.size

    def cut(self, at_s: float) -> None:
        """Nothing of what was written is heard from then on."""
        at = max(0, round(at_s * self.rate_hz))
        if at < self._ends:
            self.clear(at)
            self._ends = at
