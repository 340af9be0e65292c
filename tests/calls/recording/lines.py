"""A caller's line and two ways out, in virtual time, that know what was really said and heard."""

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from calls.recording.reading import Side, open_recording
from calls.recording.tap import Tap

LOUD = 8000
_FRAME_S = 0.02
_CHUNK_S = 0.04


def now_s() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Stretch:
    """Sound from one moment of the call's clock to another, in seconds."""

    from_s: float
    to_s: float


class CallersLine(BaseInputTransport):
    """What a caller says comes late, in bursts, or never, and by a clock of its own.

    Attributes:
        said: The words that came, by the call's clock.
    """

    def __init__(self, rng: random.Random, rate_hz: int, *, clock_ppm: float) -> None:
        super().__init__(TransportParams())
        self._rng = rng
        self._rate_hz = rate_hz
        self._pace = 1 + clock_ppm / 1e6
        self.said: list[Stretch] = []

    async def talk(self, seconds: float, zero_s: float) -> None:
        """Say a word every few seconds until so long after `zero_s`."""
        rng, loud, silent = self._rng, self._frame(LOUD), self._frame(0)
        frame, word_ends, free_s = 0, 0, 0.0
        next_word = 100
        while (ends_s := (frame + 1) * _FRAME_S * self._pace) < seconds:
            if frame == next_word and ends_s < seconds - 1:
                word_ends = frame + rng.randint(10, 40)
                next_word = word_ends + rng.randint(100, 500)
                self.said.append(Stretch(ends_s - _FRAME_S, word_ends * _FRAME_S * self._pace))
            elif frame > word_ends and rng.random() < 0.0003:
                # Lost packets, a pause in transmission, or the caller's muted microphone.
                lost = rng.choice((1, 3, 20, 50, 400))
                frame += min(lost, next_word - frame)
                continue
            stall_s = rng.uniform(0.1, 2.0) if rng.random() < 0.0005 else 0.0
            late_s = min(rng.expovariate(150), 0.08) + stall_s
            # Nothing overtakes on one connection.
            free_s = max(free_s, ends_s + late_s)
            await asyncio.sleep(max(0.0, zero_s + free_s - now_s()))
            await self.push_audio_frame(
                InputAudioRawFrame(loud if frame < word_ends else silent, self._rate_hz, 1)
            )
            frame += 1

    def _frame(self, value: int) -> bytes:
        return np.full(round(self._rate_hz * _FRAME_S), value, np.int16).tobytes()


class WayOut(BaseOutputTransport):
    """Plays what is written.

    Attributes:
        heard: What was played, by the call's clock.
    """

    clears = False

    def __init__(self, rate_hz: int, zero_s: float) -> None:
        super().__init__(TransportParams(audio_out_sample_rate=rate_hz))
        self.rate_hz = rate_hz
        self.zero_s = zero_s
        self.ends_s = 0.0
        self.heard: list[Stretch] = []

    def plays(self, from_s: float, seconds: float, *, loud: bool) -> None:
        """Note it."""
        self.ends_s = from_s + seconds
        if not loud:
            return
        if self.heard and from_s - self.heard[-1].to_s < 1e-6:
            self.heard[-1].to_s = self.ends_s
        else:
            self.heard.append(Stretch(from_s, self.ends_s))

    def clear(self) -> None:
        """Drop what was not played."""


class Browser(WayOut):
    """As Pipecat's WebRTC track: ten milliseconds leave at every tick; no tick waits."""

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        at_s = max(now_s() - self.zero_s, self.ends_s)
        from_s = math.ceil(at_s * 100 - 1e-6) / 100
        seconds = frame.num_frames / frame.sample_rate
        self.plays(from_s, seconds, loud=any(frame.audio))
        await asyncio.sleep(max(0.0, self.zero_s + self.ends_s - 0.01 - now_s()))
        return True


class Phone(WayOut):
    """As Pipecat's websocket: sent one frame ahead of the clock; the phone plays and clears."""

    clears = True

    def __init__(self, rate_hz: int, zero_s: float) -> None:
        super().__init__(rate_hz, zero_s)
        self._next_s = 0.0

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        seconds = frame.num_frames / frame.sample_rate
        self.plays(max(now_s() - self.zero_s, self.ends_s), seconds, loud=any(frame.audio))
        wait_s = max(0.0, self._next_s - now_s())
        await asyncio.sleep(wait_s)
        self._next_s = self._next_s + seconds if wait_s else now_s() + seconds
        return True

    def clear(self) -> None:
        at_s = now_s() - self.zero_s
        self.ends_s = min(self.ends_s, at_s)
        if self.heard:
            self.heard[-1].to_s = min(self.heard[-1].to_s, at_s)
        self._next_s = 0.0


@dataclass
class BotsVoice:
    """Speaks every few seconds, is interrupted, stalls, and shares a processor with others."""

    rng: random.Random
    way_out: WayOut
    tap: Tap
    busy_s: Callable[[random.Random], float] = field(
        default=lambda rng: min(rng.expovariate(400), 0.03)
    )

    async def talk(self, seconds: float) -> None:
        """Until so long after the call's start."""
        rate_hz, rng = self.way_out.rate_hz, self.rng
        loud = np.full(round(rate_hz * _CHUNK_S), LOUD, np.int16).tobytes()
        while now_s() - self.way_out.zero_s < seconds:
            for _ in range(rng.randint(5, 120)):
                if rng.random() < 0.003:
                    # A provider stalls.
                    await asyncio.sleep(rng.uniform(0.05, 0.6))
                await asyncio.sleep(self.busy_s(rng))
                await self.way_out.write_audio_frame(OutputAudioRawFrame(loud, rate_hz, 1))
                if rng.random() < 0.003:
                    self._interrupted()
                    break
            await asyncio.sleep(rng.uniform(0.3, 4.0))

    def _interrupted(self) -> None:
        self.way_out.clear()
        if self.way_out.clears:
            self.tap.cut()


def sounds_in(path: Path, side: Side, *, seam_s: float, key: bytes | None = None) -> list[Stretch]:
    """Where a side of a recording is loud; pauses shorter than `seam_s` are none."""
    found: list[Stretch] = []
    at_s = 0.0
    with open_recording(path, key) as recording:
        for pcm in recording.pcm(side=side):
            samples = np.frombuffer(pcm, np.int16)
            loud = np.concatenate(([0], (np.abs(samples.astype(int)) > LOUD / 2), [0]))
            edges = np.flatnonzero(np.diff(loud)) / recording.rate_hz + at_s
            for from_s, to_s in edges.reshape(-1, 2):
                if found and from_s - found[-1].to_s < seam_s:
                    found[-1].to_s = float(to_s)
                else:
                    found.append(Stretch(float(from_s), float(to_s)))
            at_s += samples.size / recording.rate_hz
    return found


def merged(stretches: list[Stretch], *, seam_s: float) -> list[Stretch]:
    """The same, of what is known to have been said."""
    found: list[Stretch] = []
    for stretch in stretches:
        if stretch.to_s - stretch.from_s < 1e-6:
            continue
        if found and stretch.from_s - found[-1].to_s < seam_s:
            found[-1].to_s = stretch.to_s
        else:
            found.append(Stretch(stretch.from_s, stretch.to_s))
    return found
