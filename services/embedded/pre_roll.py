"""What was heard before voice activity was noticed."""

from collections import deque

import numpy as np

from services.embedded.sphinx import BYTES_PER_SECOND, SAMPLE_RATE_HZ

# A soft or synthetic voice may be half a second into its first word when the VAD is sure of it,
# and the VAD's report still has to travel against the audio.
_KEPT_BYTES = BYTES_PER_SECOND * 3 // 2
# Always given, so that a word's soft beginning is never cut.
_LEAST_S = 0.5
_LEAD_S = 0.2

_FRAME = SAMPLE_RATE_HZ // 50
_GAP_FRAMES = 20
_OVER_THE_LINE_DB = 12.0


class PreRoll:
    """The last moments of 16-bit mono samples at the recogniser's rate."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._size = 0

    def add(self, samples: bytes) -> None:
        self._chunks.append(samples)
        self._size += len(samples)
        while self._size - len(self._chunks[0]) >= _KEPT_BYTES:
            self._size -= len(self._chunks.popleft())

    def take(self) -> bytes:
        """What belongs to the utterance that has begun: all since the line was last quiet."""
        samples = np.frombuffer(b"".join(self._chunks), dtype=np.int16)
        self.clear()
        least = len(samples) - round(_LEAST_S * SAMPLE_RATE_HZ)
        begin = _last_onset(samples) - round(_LEAD_S * SAMPLE_RATE_HZ)
        return samples[max(0, min(begin, least)) :].tobytes()

    def clear(self) -> None:
        self._chunks.clear()
        self._size = 0


def _last_onset(samples: np.ndarray) -> int:
    """Where sound began after the last gap between words that are not one utterance's."""
    count = len(samples) // _FRAME
    if not count:
        return 0
    frames = samples[: count * _FRAME].reshape(count, _FRAME).astype(np.float64)
    level_db = 10 * np.log10((frames**2).mean(axis=1) + 1)
    loud = level_db > level_db.min() + _OVER_THE_LINE_DB
    quiet = 0
    for index in range(count - 1, -1, -1):
        quiet = 0 if loud[index] else quiet + 1
        if quiet == _GAP_FRAMES and loud[index + _GAP_FRAMES :].any():
            return (index + _GAP_FRAMES) * _FRAME
    return 0 if loud.any() else len(samples)
