"""Measures what recording costs a call: CPU of this process with and without it.

    python scripts/bench_recording.py                     # 50 calls at once for 20 s
    python scripts/bench_recording.py --calls 1 --seconds 60

Both sides talk all the time, which is the most that a call can cost. Each row is the difference
to the same frames through the same transports with nobody listening.
"""

import argparse
import asyncio
import os
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from rich.console import Console
from rich.table import Table

from calls.recording.recorder import Recorder
from calls.recording.tap import Tap

_IN_HZ = 16_000
_CALLERS_FRAME_S, _BOTS_FRAME_S = 0.02, 0.04


@dataclass(frozen=True)
class Way:
    """A kind of call.

    Parameters:
        name: For the table.
        out_hz: Of the bot's audio.
        file_hz: Of the recording.
        sealed: Whether it is.
    """

    name: str
    out_hz: int
    file_hz: int
    sealed: bool = False


WAYS = (
    Way("phone", 8_000, 8_000),
    Way("phone, sealed", 8_000, 8_000, sealed=True),
    Way("web", 24_000, 16_000),
    Way("web, sealed", 24_000, 16_000, sealed=True),
)


class _Out(BaseOutputTransport):
    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        return True


async def _talk(way: Way, seconds: float, path: Path | None) -> None:
    """One call; recorded if there is a path."""
    zero_s = time.monotonic()
    tap, way_in, way_out = Tap(), BaseInputTransport(TransportParams()), _Out(TransportParams())
    tap.at_input(way_in)
    tap.at_output(way_out)
    recorder = None
    if path:
        recorder = Recorder(
            path,
            rate_hz=way.file_hz,
            key=os.urandom(32) if way.sealed else None,
            now=lambda: time.monotonic() - zero_s,
        )
        tap.listeners.append(recorder)
        recorder.start()
    rng = np.random.default_rng(1)
    heard = InputAudioRawFrame(_noise(rng, _IN_HZ * _CALLERS_FRAME_S), _IN_HZ, 1)
    said = OutputAudioRawFrame(_noise(rng, way.out_hz * _BOTS_FRAME_S), way.out_hz, 1)
    for number in range(round(seconds / _CALLERS_FRAME_S)):
        await way_in.push_audio_frame(heard)
        if number % 2 == 0:
            await way_out.write_audio_frame(said)
        await asyncio.sleep(max(0.0, zero_s + (number + 1) * _CALLERS_FRAME_S - time.monotonic()))
    if recorder:
        await recorder.close()


def _noise(rng: np.random.Generator, count: float) -> bytes:
    return rng.integers(-8000, 8000, round(count)).astype(np.int16).tobytes()


async def _cost(way: Way, calls: int, seconds: float, folder: Path | None) -> tuple[float, float]:
    """The part of a core that was used, and how many seconds it took."""
    cpu_s, began_s = time.process_time(), time.monotonic()
    paths = [folder / f"{number}.wav" if folder else None for number in range(calls)]
    await asyncio.gather(*(_talk(way, seconds, path) for path in paths))
    # Of the time that was asked for: a machine that stood still meanwhile has used nothing.
    return (time.process_time() - cpu_s) / seconds, time.monotonic() - began_s


def main() -> None:
    """Print a row for every kind of call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    table = Table("call", "% of a core, per call", "MB per hour", "peak RSS, MB")
    for way in WAYS:
        without, _ = asyncio.run(_cost(way, given.calls, given.seconds, None))
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            cost, took_s = asyncio.run(_cost(way, given.calls, given.seconds, folder))
            size = sum(path.stat().st_size for path in folder.iterdir()) / given.calls
        cost = (cost - without) / given.calls
        rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table.add_row(
            way.name,
            f"{100 * cost:.2f}",
            f"{size / took_s * 3600 / 1e6:.0f}",
            f"{rss_mb:.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
