"""Where the caller's audio lies in the call, by when it came."""

import audioop
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
        self._waiting: list[tuple[float, bytes]] = []
        self._ends = 0

    def came(self, audio: bytes, now_s: float) -> None:
        """A frame has come, 16-bit mono: some thirty times a second, so no more than noted."""
        self._waiting.append((now_s, audio))

    def settle(self, until_s: float) -> None:
        """Place every frame that came by then."""
        came_s = np.array([at_s for at_s, _ in self._waiting])
        frames = [audio for _, audio in self._waiting[: np.searchsorted(came_s, until_s, "right")]]
        if not frames:
            return
        sizes = np.array([len(audio) // 2 for _, audio in self._waiting])
        places = self._places(came_s, sizes)[: len(frames)]
        del self._waiting[: len(frames)]
        seamless = self._ends + np.cumsum(sizes[: len(frames)]) - sizes[: len(frames)]
        if np.abs(places - seamless).max() <= _QUIET_STEP_S * self.rate_hz:
            self._ends += int(sizes[: len(frames)].sum())
            self._put(frames)
        else:
            self._put_one_by_one(frames, places.tolist())

    def _places(self, came_s: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Where each frame begins: it and those behind it end no later than they came.

        Parameters:
            came_s: Of shape (n,), seconds of the call.
            sizes: Of shape (n,), samples.

        Returns:
            Of shape (n,), samples of the call.
        """
        ends_s = np.cumsum(sizes) / self.rate_hz
        early_s = np.minimum.accumulate((came_s - ends_s)[::-1])[::-1]
        return np.rint((early_s + ends_s) * self.rate_hz).astype(int) - sizes

    def _put_one_by_one(self, frames: Sequence[bytes], places: Sequence[int]) -> None:
        run: list[bytes] = []
        for place, audio in zip(places, frames, strict=True):
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
