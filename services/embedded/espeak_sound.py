"""The sound of espeak-ng: without the silence around it, and every voice at the same level."""

import numpy as np

SAMPLE_RATE_HZ = 22050

_LEVEL_DBFS = -20.0
_LOUD = 100  # about -50 dBFS: anything quieter is silence
_KNEE = 0.8  # of full scale: louder samples are bent, not cut off
_LEAD = SAMPLE_RATE_HZ * 10 // 1000
_TAIL = SAMPLE_RATE_HZ * 150 // 1000
_WINDOW = SAMPLE_RATE_HZ * 20 // 1000


class Trim:
    """Cuts the silence around one piece: at most 10 ms before it, at most 150 ms after it."""

    def __init__(self) -> None:
        self.dropped = 0
        self._begun = False
        self._held = np.empty(0, np.int16)

    def feed(self, samples: np.ndarray) -> np.ndarray:
        """Return what is certain to be kept, in samples."""
        held = np.concatenate((self._held, samples))
        loud = np.flatnonzero(np.abs(held.astype(np.int32)) > _LOUD)
        if not loud.size:
            if not self._begun:
                surplus = max(0, held.size - _LEAD)
                self.dropped += surplus
                held = held[surplus:]
            self._held = held
            return held[:0]
        first = 0 if self._begun else max(0, int(loud[0]) - _LEAD)
        self.dropped += first
        self._begun = True
        end = int(loud[-1]) + 1
        self._held = held[end:]
        return held[first:end]

    def finish(self) -> np.ndarray:
        """Return the silence that may follow the last sound."""
        return self._held[:_TAIL] if self._begun else self._held[:0]


def gain_to_normal_level(samples: np.ndarray) -> float:
    """Return the factor that brings speech (16-bit samples) to the normal level."""
    scaled = samples.astype(np.float64) / 32768
    windows = scaled[: scaled.size // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    power = (windows**2).mean(axis=1)
    power = power[power > power.max(initial=0.0) / 1000]
    rms = float(np.sqrt(power.mean())) if power.size else 1.0
    return 10 ** (_LEVEL_DBFS / 20) / max(rms, 1e-4)


def levelled(samples: np.ndarray, gain: float) -> np.ndarray:
    """Return 16-bit samples, amplified; what would be too loud is bent below full scale."""
    scaled = samples.astype(np.float32) * (gain / 32768)
    loudness = np.abs(scaled)
    if loudness.max(initial=0.0) > _KNEE:
        bent = _KNEE + (1 - _KNEE) * np.tanh((loudness - _KNEE) / (1 - _KNEE))
        scaled = np.where(loudness > _KNEE, np.copysign(bent, scaled), scaled)
    return (scaled * 32767).astype(np.int16)


def duration_ms(samples: int) -> float:
    """Return how long so many samples last."""
    return samples * 1000 / SAMPLE_RATE_HZ
