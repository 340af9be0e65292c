"""Listening in on a call that runs."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import soxr
from fastapi import APIRouter, HTTPException
from fastapi.responses import StreamingResponse
from loguru import logger
from numpy.typing import NDArray

from calls.on_air import ON_AIR
from calls.recording.tap import Tap
from server.operator.access_log import Looks

routes = APIRouter(prefix="/api/calls")

RATE_HZ = 16_000
_PIECE_S = 0.1
# Frames come unevenly: with so much more than a piece, none of them is missing in the middle.
_AHEAD_S = 0.04
# What was not fetched for so long is dropped: who listens in wants to hear now.
_HELD_AT_MOST_S = 2.0
_SIDES = 2

Samples = NDArray[np.int16]


class Side:
    """One side's sound at `RATE_HZ`, waiting to be heard."""

    def __init__(self) -> None:
        self._rate_hz = 0
        self._resampler: soxr.ResampleStream | None = None
        self._waiting: Samples = np.zeros(0, np.int16)
        self._dry = True

    def add(self, audio: bytes, rate_hz: int, channels: int) -> None:
        samples = np.frombuffer(audio, np.int16)
        if channels > 1:
            samples = samples.reshape(-1, channels)[:, 0]
        if rate_hz != RATE_HZ:
            if self._resampler is None or rate_hz != self._rate_hz:
                self._rate_hz = rate_hz
                self._resampler = soxr.ResampleStream(
                    rate_hz, RATE_HZ, 1, dtype="int16", quality="LQ"
                )
            samples = self._resampler.resample_chunk(samples)
        held = round(_HELD_AT_MOST_S * RATE_HZ)
        self._waiting = np.concatenate((self._waiting, samples))[-held:]

    def take(self, count: int) -> Samples:
        """So many samples, with silence for those that are not there."""
        if self._dry and self._waiting.size < count + round(_AHEAD_S * RATE_HZ):
            return np.zeros(count, np.int16)
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        self._dry = taken.size < count
        return np.pad(taken, (0, count - taken.size))

    def clear(self) -> None:
        self._waiting = self._waiting[:0]


class Ear:
    """A `Listener` that gives what it hears a tenth of a second at a time."""

    def __init__(self) -> None:
        self._caller, self._bot = Side(), Side()

    def caller(self, audio: bytes, rate_hz: int, channels: int = 1) -> None:
        """The caller's audio has come."""
        self._caller.add(audio, rate_hz, channels)

    def bot(self, audio: bytes, rate_hz: int, channels: int = 1) -> None:
        """The bot's audio goes out."""
        self._bot.add(audio, rate_hz, channels)

    def cut(self, ago_s: float = 0.0) -> None:
        """Nothing more is heard of what went out."""
        self._bot.clear()

    def piece(self) -> bytes:
        """16-bit stereo, the caller left and the bot right."""
        count = round(_PIECE_S * RATE_HZ)
        stereo = np.empty((count, _SIDES), np.int16)
        stereo[:, 0], stereo[:, 1] = self._caller.take(count), self._bot.take(count)
        return stereo.tobytes()


@routes.get("/{call_id}/listen")
async def listen(looking: Looks, call_id: str) -> StreamingResponse:
    """The call's sound as it comes, until the call is over: 16-bit stereo of 16 kHz, no header."""
    call = ON_AIR.find(call_id)
    if call is None:
        raise HTTPException(409, "This call is not running in this process, or is over already.")
    await looking.at(f"call {call_id}: listened in")
    logger.info(f"{looking.who} listens in on the call {call_id[:8]}")
    return StreamingResponse(
        _sound(call_id, call.tap),
        media_type=f"audio/L16; rate={RATE_HZ}; channels={_SIDES}",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _sound(call_id: str, tap: Tap) -> AsyncIterator[bytes]:
    ear = Ear()
    tap.listeners.append(ear)
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    try:
        while ON_AIR.find(call_id):
            due_s = max(due_s + _PIECE_S, loop.time() - _PIECE_S)
            await asyncio.sleep(due_s - loop.time())
            yield ear.piece()
    finally:
        tap.listeners.remove(ear)
