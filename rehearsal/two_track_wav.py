"""A call as a WAV: the caller on the left, the bot as it was played on the right."""

import wave
from pathlib import Path

import numpy as np

from rehearsal.mulaw import SAMPLE_RATE_HZ, Pcm


def write_two_track_wav(path: Path, *, caller: Pcm, bot: Pcm) -> None:
    """Both tracks are 8 kHz, shape (n,), begin together; the shorter ends in silence."""
    both = np.zeros((max(caller.size, bot.size), 2), dtype="<i2")
    both[: caller.size, 0] = caller
    both[: bot.size, 1] = bot
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(both.tobytes())


def read_two_track_wav(path: Path) -> tuple[Pcm, Pcm]:
    """Caller and bot, each of shape (n,). Raises ValueError for any other kind of file."""
    with wave.open(str(path), "rb") as file:
        shape = (file.getnchannels(), file.getsampwidth(), file.getframerate())
        if shape != (2, 2, SAMPLE_RATE_HZ):
            raise ValueError(f"{path} is not a two-track, 16-bit, 8 kHz WAV.")
        both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy()
