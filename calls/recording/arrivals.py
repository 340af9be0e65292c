"""Where the caller's audio lies in the call, by when it came."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from calls.recording.track import Samples, Track

# After a delay, what was held up comes at once; so long is waited to see how far up that leads.
LOOK_AHEAD_S = 0.4
# Clocks differ by some parts in a million, and the quickest of a few frames is not always as quick.
_STEP_S = 0.010
# What is put right in silence cannot be heard.
_QUIET_STEP_S = 0.002
_QUIET = 200


class Arrivals(Track):
    """The caller's track: frames come late, in bursts or not at all, and lie where they were said.

    A frame ends no later than it came, and no later than the frame behind it begins. The latest
    place that both allow is right as soon as one frame has come without delay: a burst lies
    before its end, and what never came leaves a gap. As long as that is where the frame before
    ended, or nearly, frames follow each other without a seam.
    """

    def __init__(self, rate_hz: int) -> None:
        super().__init__(rate_hz)
        self._waiting: deque[tuple[float, Samples]] = deque()
        self._ends = 0

    def came(self, samples: Samples, now_s: float) -> None:
        """A frame has come."""
        self._waiting.append((now_s, samples))

    def settle(self, until_s: float) -> None:
        """Place every frame that came by then."""
        places: list[tuple[int, Samples]] = []
        ends_s = float("inf")
        for came_s, samples in reversed(self._waiting):
            ends_s = min(ends_s, came_s) - samples.size / self.rate_hz
            if came_s <= until_s:
                places.append((round(ends_s * self.rate_hz), samples))
        run: list[Samples] = []
        for place, samples in reversed(places):
            self._waiting.popleft()
            off = place - self._ends
            if not self._follows(off, samples):
                if off < 0:
                    samples = samples[-off:]
                else:
                    self._put(run)
                    run, self._ends = [], place
            run.append(samples)
            self._ends += samples.size
        self._put(run)

    def _follows(self, off: int, samples: Samples) -> bool:
        """Whether a frame so far from the end of the one before follows it without a seam."""
        if abs(off) <= _QUIET_STEP_S * self.rate_hz:
            return True
        if abs(off) > _STEP_S * self.rate_hz:
            return False
        return int(np.abs(samples).max(initial=0)) >= _QUIET

    def _put(self, run: Sequence[Samples]) -> None:
        """Put frames that follow each other up to where they end."""
        if run:
            samples = np.concatenate(run)
            self.put(self._ends - samples.size, samples)
