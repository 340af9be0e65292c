"""The bot's own voice is known again in what the microphone hears, and nobody else's is."""

import numpy as np
import pytest

from calls.barge_in.echo import Echo

RATE_HZ = 8_000
LATE_S = 0.2


def voice(seed: int, seconds: float = 2.0) -> np.ndarray:
    """Coloured noise in bursts, like no other."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.normal(0, 1, round(RATE_HZ * seconds)), np.ones(6) / 6, "same")
    bursts = np.repeat(rng.uniform(0.1, 1, round(seconds * 5)), RATE_HZ // 5)
    return noise * bursts * 6000


def heard_after(played: np.ndarray, heard: np.ndarray) -> Echo:
    echo = Echo()
    echo.played(np.repeat(played, 3).astype(np.int16).tobytes(), 3 * RATE_HZ)
    echo.heard(np.repeat(heard, 2).astype(np.int16).tobytes(), 2 * RATE_HZ)
    return echo


def delayed(sound: np.ndarray) -> np.ndarray:
    late = round(LATE_S * RATE_HZ)
    return np.concatenate((np.zeros(late), sound))[: sound.size]


def test_softer_and_later_it_is_the_same_voice() -> None:
    bot = voice(1)
    line = np.random.default_rng(9).normal(0, 20, bot.size)
    assert heard_after(bot, delayed(bot) / 10 + line).likeness() > 0.7


def test_somebody_else_is_not_the_bot() -> None:
    assert all(heard_after(voice(1), voice(seed)).likeness() < 0.3 for seed in range(2, 12))


def vowel(pitch_hz: float, formants_hz: tuple[float, ...], seconds: float) -> np.ndarray:
    """Harmonics of one pitch, loud where the formants are, softer the higher."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    harmonics = np.arange(pitch_hz, 3500, pitch_hz)
    loud = [
        sum(1 / (1 + ((hz - formant) / 90) ** 2) for formant in formants_hz) for hz in harmonics
    ]
    waves = [
        (200 / hz) * (0.3 + at) * np.sin(2 * np.pi * hz * times)
        for hz, at in zip(harmonics, loud, strict=True)
    ]
    return 8000 * np.sum(waves, axis=0) / 2


@pytest.mark.parametrize("pitch_hz", [105.0, 118.0, 205.0])
def test_another_vowel_of_the_same_pitch_is_not_the_bot(pitch_hz: float) -> None:
    bot = vowel(pitch_hz, (700, 1200, 2500), 1.2)
    silence = np.zeros(round(0.15 * RATE_HZ))
    caller = np.concatenate((silence, vowel(pitch_hz, (320, 2200, 2900), 0.1)))
    assert heard_after(bot, caller).likeness() < 0.5


def test_somebody_who_speaks_into_the_echo_is_heard() -> None:
    bot = voice(1)
    assert heard_after(bot, delayed(bot) / 10 + voice(2)).likeness() < 0.3


def test_nothing_is_like_nothing() -> None:
    assert Echo().likeness() == 0.0
    assert heard_after(np.zeros(RATE_HZ), np.zeros(RATE_HZ)).likeness() == 0.0
