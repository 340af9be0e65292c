"""Where the caller's audio lies in the call, by when it came."""

import audioop
from collections import deque
from collections.abc import Sequence

import numpy as np

from calls.recording.track import Track

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
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._ends = 0

    def came(self, audio: bytes, now_s: float) -> None:
        """A frame has come, 16-bit mono: some thirty times a second, so no more than noted."""
        self._waiting.append((now_s, audio))

    def settle(self, until_s: float) -> None:
        """Place every frame that came by then."""
        places: list[tuple[int, bytes]] = []
        ends_s = float("inf")
        for came_s, audio in reversed(self._waiting):
            ends_s = min(ends_s, came_s) - len(audio) // 2 / self.rate_hz
            if came_s <= until_s:
                places.append((round(ends_s * self.rate_hz), audio))
        run: list[bytes] = []
        for place, audio in reversed(places):
            self._waiting.popleft()
            off = place - self._ends
            if not self._follows(off, audio):
                if off < 0:
                    audio = audio[-2 * off :]
                else:
                    self._put(run)
                    run, self._ends = [], place
            run.append(audio)
            self._ends += len(audio) // 2
        self._put(run)

    def _follows(self, off: int, audio: bytes) -> bool:
        """Whether a frame so far from the end of the one before follows it without a seam."""
        if abs(off) <= _QUIET_STEP_S * self.rate_hz:
            return True
        return abs(off) <= _STEP_S * self.rate_hz and audioop.max(audio, 2) >= _QUIET

    def _put(self, run: Sequence[bytes]) -> None:
        """Put frames that follow each other up to where they end."""
        samples = np.frombuffer(b"".join(run), np.int16)
        self.put(self._ends - samples.size, samples)
