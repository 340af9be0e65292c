"""Whether what the caller's microphone hears is the bot."""

from collections import deque

import numpy as np

_RATE_HZ = 8_000
_COMPARED_S = 0.25
# An echo over a network and back; the bot's side is kept for as long and for what is compared.
_LATEST_S = 1.0
_TINY = 1e-9
# Two voices of one pitch are alike in what is deep, where most of their strength is.
_PRE_EMPHASIS = 0.95


class Echo:
    """Compares the samples that were heard last with those that were played.

    The bot's voice comes back softer, later and filtered, and is the same waveform all the same.
    """

    def __init__(self) -> None:
        self._played = _Track(_LATEST_S + _COMPARED_S)
        self._heard = _Track(_COMPARED_S)

    def played(self, audio: bytes, rate_hz: int) -> None:
        """The bot said this."""
        self._played.add(audio, rate_hz)

    def heard(self, audio: bytes, rate_hz: int) -> None:
        """The microphone heard this."""
        self._heard.add(audio, rate_hz)

    def likeness(self) -> float:
        """From 0, nothing alike, to 1: nothing but the echo."""
        heard, played = self._heard.samples(), self._played.samples()
        if heard.size < _RATE_HZ * _COMPARED_S / 2 or played.size <= heard.size:
            return 0.0
        size = 1 << (played.size + heard.size).bit_length()
        product = np.fft.rfft(played, size) * np.conj(np.fft.rfft(heard, size))
        alike = np.fft.irfft(product, size)[: played.size - heard.size + 1]
        power = np.concatenate(([0.0], np.cumsum(played**2)))
        energy = power[heard.size :] - power[: -heard.size]
        # Near-silence that happens to have a form is like anything.
        energy = np.maximum(energy, energy.max(initial=0.0) / 100 + _TINY)
        return float(np.max(np.abs(alike) / np.sqrt(energy * (np.sum(heard**2) + _TINY))))


class _Track:
    """The last seconds of one side."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pieces: deque[tuple[bytes, int]] = deque()
        self._holds_s = 0.0

    def add(self, audio: bytes, rate_hz: int) -> None:
        self._pieces.append((audio, rate_hz))
        self._holds_s += len(audio) / 2 / rate_hz
        while self._holds_s - len(self._pieces[0][0]) / 2 / self._pieces[0][1] >= self._seconds:
            gone, gone_hz = self._pieces.popleft()
            self._holds_s -= len(gone) / 2 / gone_hz

    def samples(self) -> np.ndarray:
        """At 8 kHz, pre-emphasised, of shape (n,)."""
        if not self._pieces:
            return np.zeros(0)
        held = np.concatenate([_at_8_khz(audio, rate_hz) for audio, rate_hz in self._pieces])
        held[1:] -= _PRE_EMPHASIS * held[:-1]
        return held[-round(self._seconds * _RATE_HZ) :]


def _at_8_khz(audio: bytes, rate_hz: int) -> np.ndarray:
    samples = np.frombuffer(audio, np.int16).astype(np.float64) / 32768
    step = max(1, rate_hz // _RATE_HZ)
    # The mean over a step keeps the worst of what is above 4 kHz out of what is compared.
    return samples[: samples.size // step * step].reshape(-1, step).mean(axis=1)
