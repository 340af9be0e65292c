"""A real server's phone calls: recorded as the phone heard them, or not at all."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scripts.call import call

SERVER = (sys.executable, str(Path(__file__).with_name("recording_server.py")))
RATE_HZ = 8_000
# The line of the synthetic phone, and what a busy machine makes of it: two processes meet here by
# the wall's clock. Being in step to the sample is for test_recording_in_step.py.
LINE_S = 0.1
LOUD = 0.03


def offset_s(recorded: np.ndarray, phone: np.ndarray) -> float:
    """How much later the phone's own recording has the same sound."""
    size = 1 << (recorded.size + phone.size).bit_length()
    product = np.fft.rfft(phone, size) * np.conj(np.fft.rfft(recorded, size))
    at = int(np.argmax(np.fft.irfft(product, size)))
    return (at - size if at > size // 2 else at) / RATE_HZ


@pytest.fixture
def events_of(tmp_path: Path):
    def read(kind: str) -> list[dict]:
        (path,) = (tmp_path / "calls").glob("*.jsonl")
        told = [json.loads(line) for line in path.read_text().splitlines()]
        return [event for event in told if event["kind"] == kind]

    return read


@pytest.mark.long
async def test_recording_is_what_the_phone_heard_and_said(tmp_path: Path, events_of) -> None:
    await call(
        "order_support",
        say=["where is my order"],
        as_json=True,
        out=tmp_path,
        server_command=SERVER,
    )
    (facts,) = events_of("recording")
    recorded, rate_hz = soundfile.read(tmp_path / facts["path"])
    phone, phone_hz = soundfile.read(tmp_path / "call.wav")
    assert (rate_hz, phone_hz) == (RATE_HZ, RATE_HZ)
    for side in (0, 1):
        assert np.abs(recorded[:, side]).max() > LOUD
        assert abs(offset_s(recorded[:, side], phone[:, side])) < LINE_S
    (consent,) = events_of("consent")
    assert consent["given"] is True


@pytest.mark.long
async def test_caller_who_objects_leaves_no_sound_behind(tmp_path: Path, events_of) -> None:
    await call(
        "order_support",
        say=["please stop recording", "where is my order"],
        as_json=True,
        out=tmp_path,
        server_command=SERVER,
    )
    assert [event["given"] for event in events_of("consent")] == [False]
    (erased,) = events_of("recording_erased")
    assert erased["left"] == []
    assert not list((tmp_path / "recordings").iterdir())
    assert "not being recorded" in " ".join(heard["text"] for heard in events_of("heard"))
    assert "order number" in events_of("heard")[-1]["text"]
