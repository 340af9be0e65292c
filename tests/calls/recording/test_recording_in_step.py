"""Both tracks stay in step with the clock, however long the call and whatever the line does."""

import asyncio
import random
from pathlib import Path

import pytest

from calls.recording.recorder import Recorder
from calls.recording.tap import Tap
from tests.calls.recording.lines import (
    BotsVoice,
    Browser,
    CallersLine,
    Phone,
    Stretch,
    WayOut,
    merged,
    now_s,
    sounds_in,
)
from tests.virtual_time import in_virtual_time

HOUR_S = 3600
IN_STEP_S = 0.020
# What is put right within a word leaves a seam; what is nearer than that is one sound.
SEAM_S = 0.045


def worst_s(recorded: list[Stretch], true: list[Stretch]) -> float:
    """The largest difference between where sounds are and where they were."""
    assert len(recorded) == len(true)
    return max(
        max(abs(a.from_s - b.from_s), abs(a.to_s - b.to_s))
        for a, b in zip(recorded, true, strict=True)
    )


async def recorded_call(
    path: Path, seconds: float, *, rate_hz: int, callers_ppm: float, seed: int, kind: type[WayOut]
) -> tuple[CallersLine, WayOut]:
    """A call of so many seconds, as the lines of one rate carry it."""
    zero_s = now_s()
    tap = Tap()
    way_in = CallersLine(random.Random(seed), rate_hz, clock_ppm=callers_ppm)
    way_out = kind(rate_hz, zero_s)
    recorder = Recorder(path, rate_hz=min(rate_hz, 16_000), now=lambda: now_s() - zero_s)
    tap.at_input(way_in)
    tap.at_output(way_out)
    tap.listeners.append(recorder)
    recorder.start()
    voice = BotsVoice(random.Random(seed + 1), way_out, tap)
    await asyncio.gather(way_in.talk(seconds, zero_s), voice.talk(seconds))
    await asyncio.sleep(1)
    await recorder.close()
    return way_in, way_out


@pytest.mark.long
@pytest.mark.parametrize(
    ("rate_hz", "kind", "callers_ppm"),
    [(8_000, Phone, 100), (48_000, Browser, -100), (16_000, Phone, -20), (24_000, Browser, 50)],
)
def test_both_tracks_are_in_step_after_an_hour_of_gaps_jitter_and_bursts(
    tmp_path: Path, rate_hz: int, kind: type[WayOut], callers_ppm: float
) -> None:
    @in_virtual_time
    async def story() -> None:
        path = tmp_path / "call.wav"
        seconds = HOUR_S if rate_hz in (8_000, 48_000) else HOUR_S / 6
        way_in, way_out = await recorded_call(
            path, seconds, rate_hz=rate_hz, callers_ppm=callers_ppm, seed=rate_hz, kind=kind
        )
        said, heard = way_in.said, merged(way_out.heard, seam_s=SEAM_S)
        assert len(said) > seconds / 12
        assert worst_s(sounds_in(path, "caller", seam_s=SEAM_S), said) < IN_STEP_S
        assert worst_s(sounds_in(path, "bot", seam_s=SEAM_S), heard) < IN_STEP_S

    story()
