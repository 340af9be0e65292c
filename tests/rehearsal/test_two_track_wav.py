import wave
from pathlib import Path

import numpy as np
import pytest

from rehearsal.two_track_wav import read_two_track_wav, write_two_track_wav


def test_both_voices_stay_in_step(tmp_path: Path) -> None:
    caller, bot = np.zeros(8000, np.int16), np.zeros(8000, np.int16)
    caller[1000:2000] = 4000
    bot[3000:4000] = -4000
    write_two_track_wav(tmp_path / "call.wav", caller=caller, bot=bot)
    left, right = read_two_track_wav(tmp_path / "call.wav")
    assert np.array_equal(left, caller)
    assert np.array_equal(right, bot)


def test_the_shorter_track_ends_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    write_two_track_wav(path, caller=np.ones(10, np.int16), bot=np.ones(4, np.int16))
    _, bot = read_two_track_wav(path)
    assert bot.tolist() == [1] * 4 + [0] * 6


def test_a_mono_wav_is_not_taken_for_a_call(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "mono.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x00\x00")
    with pytest.raises(ValueError, match="not a two-track"):
        read_two_track_wav(tmp_path / "mono.wav")
