"""How high a voice is: the same voice at another sample rate is another voice."""

from statistics import median

import numpy as np

_WINDOW_S = 0.08
_HOP_S = 0.04
_LOWEST_HZ, _HIGHEST_HZ = 28.0, 1000.0
_QUIET = 300
# Of the samples' likeness to themselves one period later: what is a vowel, and how much less
# alike a period may be than several of them.
_VOICED = 0.75
_FIRST_PERIOD = 0.92

# A median of fewer windows than the first says little; one of fewer than the second knows the
# melody of a few syllables, not the voice.
_ENOUGH = 8
_PLENTY = 40


class Pitch:
    """Follows the pitch of one voice through 16-bit mono PCM, by autocorrelation.

    Attributes:
        hz: The median so far, None until enough has been heard to tell.
    """

    def __init__(self) -> None:
        self.hz: float | None = None
        self._left = np.zeros(0, np.int16)
        self._found_hz: list[float] = []

    def hear(self, audio: bytes, rate_hz: int) -> None:
        """Take the next samples, played at `rate_hz`."""
        if len(self._found_hz) >= _PLENTY:
            return
        samples = np.frombuffer(audio, np.int16, count=len(audio) // 2)
        heard = np.concatenate([self._left, samples])
        window, hop = round(_WINDOW_S * rate_hz), round(_HOP_S * rate_hz)
        at = 0
        while at + window <= heard.size:
            if found_hz := _pitch_hz(heard[at : at + window], rate_hz):
                self._found_hz.append(found_hz)
                if len(self._found_hz) >= _ENOUGH:
                    self.hz = median(self._found_hz)
            at += hop
        self._left = heard[at:]


def _pitch_hz(window: np.ndarray, rate_hz: int) -> float:
    """The pitch of a stretch of sound, 0.0 if it has none."""
    sound = window - window.mean()
    if np.abs(sound).max() < _QUIET:
        return 0.0
    spectrum = np.fft.rfft(sound, 1 << (2 * sound.size - 1).bit_length())
    products = np.fft.irfft(np.abs(spectrum) ** 2)[: sound.size]
    energy = np.cumsum(sound * sound)
    longest = min(round(rate_hz / _LOWEST_HZ), sound.size * 3 // 4)
    lags = np.arange(max(2, round(rate_hz / _HIGHEST_HZ)), longest)
    begin, end = energy[sound.size - 1 - lags], energy[-1] - energy[lags - 1]
    likeness = products[lags] / np.sqrt(begin * end + 1.0)
    unlike = np.flatnonzero(likeness < 0)
    if not unlike.size:
        return 0.0
    # Up to there every sound is like itself.
    likeness, lags = likeness[unlike[0] :], lags[unlike[0] :]
    best = likeness.max()
    if best < _VOICED:
        return 0.0
    inner = likeness[1:-1]
    peaks = (inner >= likeness[:-2]) & (inner > likeness[2:]) & (inner >= _FIRST_PERIOD * best)
    first = np.flatnonzero(peaks)
    return rate_hz / float(lags[first[0] + 1]) if first.size else 0.0
