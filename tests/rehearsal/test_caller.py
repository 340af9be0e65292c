import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from rehearsal.audible import audible_spans
from rehearsal.caller import DEFAULT_VOICE, VoiceError, as_on_the_phone, read_wav, speak

needs_flite = pytest.mark.skipif(
    shutil.which("flite") is None, reason="flite is not installed: apt install flite"
)


def level_dbfs(pcm: np.ndarray) -> float:
    loud = pcm[np.abs(pcm.astype(int)) > 300].astype(float) / 32768
    return 20 * np.log10(np.sqrt((loud**2).mean()))


@pytest.mark.parametrize("voice", [DEFAULT_VOICE, pytest.param("flite:slt", marks=needs_flite)])
async def test_a_voice_speaks_at_telephone_level(voice: str) -> None:
    pcm = await speak("where is my order", voice)
    assert pcm.dtype == np.int16
    spans = audible_spans(pcm)
    assert 0.5 < spans[-1].end_s - spans[0].start_s < 4
    assert -24 < level_dbfs(pcm) < -16


async def test_two_voices_do_not_sound_the_same() -> None:
    one = await speak("hello", "espeak:en-us+f2@150")
    other = await speak("hello", "espeak:en-us+m3@150")
    assert one.size != other.size or not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("voice", "why"),
    [
        ("robot", "No voice"),
        ("espeak:nowhere", "espeak-ng has no voice"),
        pytest.param("flite:nobody", "it has .*slt", marks=needs_flite),
    ],
)
async def test_a_voice_that_is_not_there_is_named_with_those_that_are(voice: str, why: str) -> None:
    with pytest.raises(VoiceError, match=why):
        await speak("hello", voice)


async def test_flite_that_is_not_installed_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(VoiceError, match="apt install flite"):
        await speak("hello", "flite:slt")


def test_a_whisper_and_a_shout_arrive_equally_loud() -> None:
    speech = np.sin(np.arange(16000) / 5) * np.linspace(0.2, 1, 16000)
    whisper = as_on_the_phone((speech * 300).astype(np.int16), 16000)
    shout = as_on_the_phone((speech * 30000).astype(np.int16), 16000)
    assert level_dbfs(whisper) == pytest.approx(level_dbfs(shout), abs=0.5)
    assert abs(shout.size - 8000) <= 1


def test_silence_stays_silence() -> None:
    assert not as_on_the_phone(np.zeros(16000, np.int16), 16000).any()


def test_a_recorded_caller_can_be_played(tmp_path: Path) -> None:
    path = tmp_path / "caller.wav"
    tone = (np.sin(np.arange(44100) / 20) * 8000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(np.column_stack([tone, np.zeros_like(tone)]).tobytes())
    assert read_wav(path).size == pytest.approx(8000, abs=2)
    assert level_dbfs(read_wav(path)) == pytest.approx(-20, abs=0.5)
