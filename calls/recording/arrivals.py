"""Where the caller's audio lies in the call, by when it came."""

from collections import deque

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
        for place, samples in reversed(places):
            self._waiting.popleft()
            self._place(place, samples)

    def _place(self, at: int, samples: Samples) -> None:
        step_s = _QUIET_STEP_S if int(np.abs(samples).max(initial=0)) < _QUIET else _STEP_S
        off = at - self._ends
        if abs(off) <= step_s * self.rate_hz:
            at = self._ends
        elif off < 0:
            at, samples = self._ends, samples[-off:]
        self.put(at, samples)
        self._ends = at + samples.size
