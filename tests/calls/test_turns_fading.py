"""A silence is noticed by its level before a detector of voices is sure of it."""

import numpy as np
import pytest

from calls.turn_taking.fading import Fading

RATE_HZ = 8000
FRAME = RATE_HZ // 50


def tone(rms: float, seconds: float) -> list[bytes]:
    count = round(seconds * 50)
    at = np.arange(count * FRAME) / RATE_HZ
    pcm = (rms * np.sqrt(2) * np.sin(2 * np.pi * 200 * at)).astype(np.int16)
    return [pcm[i * FRAME : (i + 1) * FRAME].tobytes() for i in range(count)]


def quiet_after(*frames: list[bytes]) -> float:
    fading = Fading()
    for audio in (each for stretch in frames for each in stretch):
        fading.hear(audio, RATE_HZ)
    return fading.quiet_s


@pytest.mark.parametrize("rms", [300, 3000, 12000])
def test_quiet_is_counted_from_the_first_faint_frame_however_loud_the_voice(rms: float) -> None:
    assert quiet_after(tone(rms, 1.0), tone(rms / 30, 0.06)) == pytest.approx(0.06)


def test_voice_that_comes_back_is_no_silence() -> None:
    assert quiet_after(tone(3000, 1.0), tone(20, 0.1), tone(2000, 0.02)) == 0.0


def test_in_a_noise_almost_as_loud_as_the_voice_nothing_is_said_of_silence() -> None:
    assert quiet_after(tone(3000, 1.0), tone(1000, 0.5)) == 0.0


def test_caller_who_speaks_much_lower_than_before_is_heard_after_a_while() -> None:
    assert quiet_after(tone(12000, 0.5), tone(600, 4.0)) == 0.0


def test_no_audio_at_all_changes_nothing() -> None:
    fading = Fading()
    fading.hear(b"", RATE_HZ)
    assert fading.quiet_s == 0.0
