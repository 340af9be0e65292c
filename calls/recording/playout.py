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

    def cut(self, now_s: float, unplayed_s: float = 0.0) -> None:
        """What is not played yet never will be: what was not due, and so much of what was."""
        now = round(now_s * self.rate_hz)
        unplayed = round(unplayed_s * self.rate_hz)
        if now < self._ends + unplayed:
            self._ends = max(0, min(now, self._ends - unplayed))
            self.clear(self._ends)
