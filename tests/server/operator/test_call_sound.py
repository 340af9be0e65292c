"""A call's sound: its recording in the parts that a browser asks for, and listening in."""

import io
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calls.on_air import ON_AIR
from calls.recording.files import create, folder_of
from calls.recording.sound_file import PLAIN, SEALED, chunk_frames
from calls.recording.tap import Tap
from server.operator.listening import RATE_HZ, Ear, _sound
from tests.server.operator.kept_calls import good_call
from tests.server.operator.operator_house import opened

HZ = 8000
KEY = bytes(range(32))


def record(data_dir: Path, call_id: str, *, chunks: int = 4, key: bytes | None = None) -> None:
    """The caller at a quarter of full scale, the bot silent but for the last chunk."""
    folder = folder_of(data_dir, call_id)
    folder.mkdir(parents=True)
    file = create(folder / (SEALED if key else PLAIN), HZ, key)
    for index in range(chunks):
        stereo = np.zeros((chunk_frames(HZ), 2), np.int16)
        stereo[:, 0] = 8192
        stereo[:, 1] = 16384 if index == chunks - 1 else 0
        file.write(index, stereo.tobytes())
    file.close()


def test_recording_is_a_wav_file_whose_parts_are_those_of_the_whole(tmp_path: Path) -> None:
    record(tmp_path, "good")
    with opened(tmp_path, good_call()) as operators:
        path = "/api/calls/good/sound.wav"
        whole = operators.client.get(path)
        assert whole.headers["accept-ranges"] == "bytes"
        with wave.open(io.BytesIO(whole.content)) as file:
            assert (file.getframerate(), file.getnchannels()) == (HZ, 2)
        size = len(whole.content)
        for asked, start, stop in [
            ("0-", 0, size),
            ("10-99", 10, 100),
            ("44-44", 44, 45),
            (f"{size - 5}-{size + 99}", size - 5, size),
            ("-7", size - 7, size),
        ]:
            part = operators.client.get(path, headers={"Range": f"bytes={asked}"})
            assert part.status_code == 206
            assert part.content == whole.content[start:stop]
            assert part.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
        for asked in (f"{size}-", "9-3", "-", "0-1,4-5", "-0"):
            part = operators.client.get(path, headers={"Range": f"bytes={asked}"})
            assert part.status_code == 416, asked
        assert ("this machine", "call good: heard its recording") in operators.looks()


def test_waveform_has_the_peaks_of_both_sides(tmp_path: Path) -> None:
    record(tmp_path, "good")
    with opened(tmp_path, good_call()) as operators:
        told = operators.client.get("/api/calls/good/waveform?buckets=4").json()
        assert told["caller"] == pytest.approx([0.25] * 4, abs=0.01)
        assert told["bot"] == pytest.approx([0, 0, 0, 0.5], abs=0.01)
        assert told["seconds"] == 4 * chunk_frames(HZ) / HZ


def test_sealed_recording_is_heard_with_its_key_only(tmp_path: Path) -> None:
    record(tmp_path, "good", key=KEY)
    with opened(tmp_path, good_call()) as operators:
        for path in ("sound.wav", "waveform"):
            answer = operators.client.get(f"/api/calls/good/{path}")
            assert answer.status_code == 409
            assert "RECORDING_KEY" in answer.json()["error"]


def test_call_id_that_is_a_path_leads_nowhere(tmp_path: Path) -> None:
    with opened(tmp_path) as operators:
        answer = operators.client.get("/api/calls/..%2F..%2Fetc/sound.wav")
        assert answer.status_code == 404


def tone(frames: int, level: int) -> bytes:
    return np.full(frames, level, np.int16).tobytes()


def test_who_listens_in_hears_the_caller_left_and_the_bot_right() -> None:
    ear = Ear()
    ear.caller(tone(RATE_HZ // 5, 1000), RATE_HZ)
    ear.bot(tone(RATE_HZ // 5, 2000), RATE_HZ)
    stereo = np.frombuffer(ear.piece(), np.int16).reshape(-1, 2)
    assert stereo.shape == (RATE_HZ // 10, 2)
    assert (stereo == [1000, 2000]).all()
    ear.cut()
    stereo = np.frombuffer(ear.piece(), np.int16).reshape(-1, 2)
    assert (stereo == [1000, 0]).all()


def test_who_listens_in_hears_a_telephone_at_the_same_pace() -> None:
    ear = Ear()
    heard: list[int] = []
    for _ in range(20):
        for _ in range(5):
            ear.caller(tone(160, 8000), 8000)
            ear.bot(tone(480, 8000), 24_000)
        heard.append(int(np.count_nonzero(np.frombuffer(ear.piece(), np.int16))))
    # A filter begins late, and then keeps pace without a gap.
    assert heard[-10:] == [RATE_HZ // 10 * 2] * 10


def test_call_that_does_not_run_here_cannot_be_listened_to(tmp_path: Path) -> None:
    with opened(tmp_path, good_call()) as operators:
        answer = operators.client.get("/api/calls/good/listen")
        assert answer.status_code == 409


async def test_listening_ends_with_the_call_and_leaves_nobody_at_its_tap() -> None:
    call: Any = SimpleNamespace(id="now", tap=Tap())
    with ON_AIR.while_it_runs(call):
        sound = _sound("now", call.tap)
        first = await anext(sound)
        assert len(first) == RATE_HZ // 10 * 4
        assert len(call.tap.listeners) == 1
    assert [piece async for piece in sound] in ([], [first])
    assert call.tap.listeners == []
