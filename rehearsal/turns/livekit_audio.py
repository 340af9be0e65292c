# pyright: basic, reportMissingImports=false
"""A telephone line as LiveKit Agents' audio input and output.

What LiveKit does with a room's tracks is done here with Twilio's media messages: 20 ms frames in,
and out as they are played, a little ahead, so that the output can be paused and cleared.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

from rehearsal import mulaw

_FRAME_BYTES = mulaw.SAMPLE_RATE_HZ // 50
_AHEAD_S = 0.06


class PhoneInput(io.AudioInput):
    """The caller's side: give it mu-law as it arrives."""

    def __init__(self) -> None:
        super().__init__(label="phone")
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()

    def receive(self, audio: bytes) -> None:
        pcm = mulaw.decode(audio)
        frame = rtc.AudioFrame(pcm.tobytes(), mulaw.SAMPLE_RATE_HZ, 1, pcm.size)
        self._frames.put_nowait(frame)

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.get()


class PhoneOutput(io.AudioOutput):
    """The bot's side: `media` sends mu-law, `clear` drops what the phone has not played.

    `run` does the sending and must be running for as long as the call lasts.
    """

    def __init__(
        self, media: Callable[[bytes], Awaitable[None]], clear: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(
            label="phone",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=mulaw.SAMPLE_RATE_HZ,
        )
        self._media = media
        self._clear = clear
        self._waiting = bytearray()
        self._sent_s = 0.0
        self._played_at_s = 0.0  # the loop's time at which the phone has played all that was sent
        self._open = False
        self._flushed = False
        self._interrupted = False
        self._paused = False
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._over.set()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        if self._flushed:
            await self._over.wait()
        await super().capture_frame(frame)
        self._open = True
        self._over.clear()
        self._waiting += mulaw.encode(np.frombuffer(frame.data, np.int16))
        self._news.set()

    def flush(self) -> None:
        super().flush()
        self._flushed = self._open
        self._news.set()

    def clear_buffer(self) -> None:
        self._waiting.clear()
        self._interrupted = self._open
        self._news.set()

    def pause(self) -> None:
        super().pause()
        self._paused = True

    def resume(self) -> None:
        super().resume()
        self._paused = False
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            left_s = self._played_at_s - loop.time()
            if self._interrupted:
                await self._clear()
                self._finish(self._sent_s - max(0.0, left_s), interrupted=True)
                self._played_at_s = loop.time()
            elif self._waiting and not self._paused and left_s <= _AHEAD_S:
                await self._send_frame(loop.time())
            elif self._waiting and not self._paused:
                await self._wait(left_s - _AHEAD_S)
            elif self._flushed and not self._waiting and left_s <= 0:
                self._finish(self._sent_s, interrupted=False)
            else:
                await self._wait(left_s if self._flushed and left_s > 0 else None)

    async def _send_frame(self, now_s: float) -> None:
        if not self._sent_s:
            self.on_playback_started(created_at=time.time())
        piece = bytes(self._waiting[:_FRAME_BYTES])
        del self._waiting[:_FRAME_BYTES]
        seconds = len(piece) / mulaw.SAMPLE_RATE_HZ
        self._sent_s += seconds
        self._played_at_s = max(self._played_at_s, now_s) + seconds
        await self._media(piece)

    async def _wait(self, at_most_s: float | None) -> None:
        self._news.clear()
        try:
            await asyncio.wait_for(self._news.wait(), at_most_s)
        except TimeoutError:
            return

    def _finish(self, played_s: float, *, interrupted: bool) -> None:
        self._open = self._flushed = self._interrupted = False
        self._sent_s = 0.0
        self.on_playback_finished(playback_position=max(0.0, played_s), interrupted=interrupted)
        self._over.set()
