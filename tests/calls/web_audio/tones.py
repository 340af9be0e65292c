"""Tones, and which one is heard."""

import numpy as np

RATE_HZ = 24_000


def tone(seconds: float, pitch_hz: float = 440) -> bytes:
    """16-bit samples at `RATE_HZ`."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (8000 * np.sin(2 * np.pi * pitch_hz * times)).astype(np.int16).tobytes()


def pitch_hz(sound: np.ndarray, rate_hz: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * rate_hz / sound.size)
