"""A browser's call over SmallWebRTC, as a caller with the telephone's mouth and loudspeaker has it.

async with WebPhone() as phone:
    await phone.dial("http://127.0.0.1:7860/api/offer", {"bot": "turns"})
"""

import asyncio
import contextlib
import fractions
import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
import av
import numpy as np
import soxr
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from rehearsal import mulaw
from rehearsal.audible import is_audible
from rehearsal.mulaw import Pcm
from rehearsal.phone import CallFailed
from rehearsal.playout import FRAME_MS, FRAME_SAMPLES, Playout
from rehearsal.turns.mouth import KnownMouth

_CONNECTED_WITHIN_S = 15.0
# Where more than this waits to be played, a browser makes it up in the next silence.
_LATE_AT_MOST_MS = 60
_READY = {
    "label": "rtvi-ai",
    "type": "client-ready",
    "id": "ready",
    "data": {"version": "2.2.0", "about": {"library": "rehearsal"}},
}


class _Microphone(MediaStreamTrack):
    """The mouth's frames, one every 20 ms by absolute deadline; silence until the call begins.

    Frame n of the mouth goes out n times 20 ms after the call has begun. What was late before is
    not made up for: the mouth's clock would be ahead of the loudspeaker's.
    """

    kind = "audio"

    def __init__(self, mouth: KnownMouth, call_began_s: Callable[[], float | None]) -> None:
        super().__init__()
        self._mouth = mouth
        self._call_began_s = call_began_s
        self._in_call = False
        self._zero_s = 0.0
        self._since_zero = 0
        self._frames = 0

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        began_s = self._call_began_s()
        if began_s is not None and not self._in_call:
            self._in_call, self._zero_s, self._since_zero = True, began_s, 0
        self._zero_s = self._zero_s or loop.time()
        self._since_zero += 1
        await asyncio.sleep(self._zero_s + self._since_zero * FRAME_MS / 1000 - loop.time())
        spoken = self._mouth.next_frame() if self._in_call else np.zeros(FRAME_SAMPLES, np.int16)
        pcm = spoken.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = mulaw.SAMPLE_RATE_HZ
        frame.pts = self._frames * FRAME_SAMPLES
        frame.time_base = fractions.Fraction(1, mulaw.SAMPLE_RATE_HZ)
        self._frames += 1
        return frame


class WebPhone:
    """One call. Times begin when the call is connected and the bot was told to begin."""

    def __init__(self) -> None:
        self.mouth = KnownMouth()
        self._microphone = _Microphone(self.mouth, lambda: self._began_s)
        self._peer = RTCPeerConnection()
        self._began_s: float | None = None
        self._playout: Playout | None = None
        self._connected = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self.over = False

    @property
    def playout(self) -> Playout:
        if self._playout is None:
            raise RuntimeError("There is no call.")
        return self._playout

    @property
    def now_s(self) -> float:
        return self.playout.now_s

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.over = True
        if self._playout is not None:
            self._playout.stop()
        self.mouth.be_quiet()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._peer.close()

    async def dial(self, offer_url: str, request_data: Mapping[str, Any]) -> None:
        """Returns when the connection stands. Raises CallFailed."""
        self._peer.on("track", self._hear)
        self._peer.on("connectionstatechange", self._changed)
        channel = self._peer.createDataChannel("chat", ordered=True)
        opened = asyncio.Event()
        channel.on("open", opened.set)
        self._peer.addTransceiver(self._microphone, direction="sendrecv")
        await self._peer.setLocalDescription(await self._peer.createOffer())
        local = self._peer.localDescription
        body = {"sdp": local.sdp, "type": local.type, "request_data": dict(request_data)}
        async with aiohttp.ClientSession() as session, session.post(offer_url, json=body) as answer:
            if answer.status != 200:
                raise CallFailed(f"The offer was answered {answer.status}: {await answer.text()}")
            given = await answer.json()
        await self._peer.setRemoteDescription(RTCSessionDescription(given["sdp"], given["type"]))
        try:
            async with asyncio.timeout(_CONNECTED_WITHIN_S):
                await self._connected.wait()
                await opened.wait()
        except TimeoutError:
            raise CallFailed("The connection did not come about.") from None
        loop = asyncio.get_running_loop()
        self._began_s, self._playout = loop.time(), Playout(loop.time)
        channel.send(json.dumps(_READY))

    async def wait(self, seconds: float) -> None:
        """Stay on the line for a while."""
        await asyncio.sleep(seconds)

    def tracks(self) -> tuple[Pcm, Pcm]:
        """Caller and bot as played, 8 kHz, in step, of equal length."""
        caller, bot = self.mouth.track(), self.playout.track()
        common = min(caller.size, bot.size)
        return caller[:common], bot[:common]

    def _changed(self) -> None:
        if self._peer.connectionState == "connected":
            self._connected.set()
        elif self._peer.connectionState in ("failed", "closed"):
            self.over = True

    def _hear_piece(self, sound: Pcm) -> None:
        if self._playout is None or not sound.size:
            return
        self._playout.advance()
        if self._playout.buffered_ms <= _LATE_AT_MOST_MS or is_audible(sound):
            self._playout.receive(mulaw.encode(sound))

    def _hear(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._listening = asyncio.create_task(self._play(track))

    async def _play(self, track: MediaStreamTrack) -> None:
        resampler: soxr.ResampleStream | None = None
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, av.AudioFrame)
                pcm = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]
                if resampler is None:
                    rate_hz = frame.sample_rate
                    resampler = soxr.ResampleStream(
                        rate_hz, mulaw.SAMPLE_RATE_HZ, 1, dtype="int16", quality="LQ"
                    )
                self._hear_piece(resampler.resample_chunk(np.ascontiguousarray(pcm)))
        self.over = True
