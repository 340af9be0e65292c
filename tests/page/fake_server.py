"""A small Switchboard server for the page's tests: real page, real WebRTC peer, scripted bot.

The peer is aiortc's; its data channel says what the test tells it to, and its audio is a tone.
"""

import asyncio
import contextlib
import fractions
import json
import math
import socket
from array import array
from pathlib import Path
from typing import Any

from aiortc import (
    AudioStreamTrack,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from uvicorn import Config, Server

PAGE = Path(__file__).parents[2] / "server" / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
BOTS: list[dict[str, str]] = [
    {
        "name": "order_support",
        "title": "Order support",
        "sentence": "Where is my order, a change of address, a refund, or a person instead.",
    },
    {
        "name": "receptionist",
        "title": "Receptionist",
        "sentence": "Finds a free slot at the clinic, books it, moves it or cancels it.",
    },
]
PROVIDERS: dict[str, dict[str, Any]] = {
    "stt": {"name": "pocketsphinx", "title": "PocketSphinx", "stand_in": True},
    "llm": {"name": "understudy", "title": "The understudy", "stand_in": True},
    "tts": {"name": "espeak", "title": "eSpeak NG", "stand_in": False},
}


class Tone(AudioStreamTrack):
    """440 Hz, mono, 48 kHz, at a tenth of full scale, in real time."""

    _rate_hz = 48_000
    _at = 0

    async def recv(self) -> AudioFrame:
        paced = await super().recv()
        count = self._rate_hz // 50
        samples = array(
            "h",
            (
                int(3277 * math.sin(2 * math.pi * 440 * (self._at + n) / self._rate_hz))
                for n in range(count)
            ),
        )
        frame = AudioFrame(format="s16", layout="mono", samples=count)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate = self._rate_hz
        frame.time_base = fractions.Fraction(1, self._rate_hz)
        frame.pts = self._at
        assert paced.pts is not None
        self._at += count
        return frame


class FakeServer:
    """One bot that says what the test wants, for one caller at a time.

    `busy` answers offers with 503, `unknown` with 404; `unreachable` answers without an address
    to send audio to; `received` holds every RTVI and signalling
    message of the page in order, `pings` counts its keep-alives, `heard_frames` the caller's audio.
    """

    def __init__(self) -> None:
        self.url = ""
        self.busy = False
        self.unknown = False
        self.unreachable = False
        self.daily = False
        self.offers: list[dict[str, Any]] = []
        self.starts: list[dict[str, Any]] = []
        self.patches = 0
        self.received: list[dict[str, Any]] = []
        self.pings = 0
        self.heard_frames = 0
        self._changed = asyncio.Condition()
        self._peer: RTCPeerConnection | None = None
        self._channel: RTCDataChannel | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        # Listening before the server runs: who connects early is simply kept waiting.
        listener = socket.create_server(("127.0.0.1", 0))
        server = Server(Config(self._app(), log_level="error", lifespan="off"))
        self._server = server
        self._serving = asyncio.create_task(server.serve([listener]))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

    async def stop(self) -> None:
        await self.hang_up(say_goodbye=False)
        if self._server and self._serving:
            self._server.should_exit = True
            await self._serving
            self._server = None

    async def say(self, kind: str, **data: Any) -> None:
        """Send one RTVI message to the page."""
        await self.until(lambda: self._channel is not None)
        assert self._channel
        message = {"label": "rtvi-ai", "id": "1", "type": kind, "data": data}
        self._channel.send(json.dumps(message))

    async def signal(self, kind: str) -> None:
        assert self._channel
        self._channel.send(json.dumps({"type": "signalling", "message": {"type": kind}}))

    async def tell(self, kind: str, **data: Any) -> None:
        """Send one of Switchboard's own server messages."""
        await self.say("server-message", type=kind, **data)

    async def hang_up(self, *, say_goodbye: bool = True) -> None:
        peer, channel = self._peer, self._channel
        self._peer = self._channel = None
        if say_goodbye and channel and channel.readyState == "open":
            channel.send(json.dumps({"type": "signalling", "message": {"type": "peerLeft"}}))
        for task in list(self._tasks):
            task.cancel()
        if peer:
            await peer.close()

    async def until(self, holds: Any, timeout_s: float = 10) -> None:
        """Wait until `holds()` after some message, request or frame of the page."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(holds)

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """The data of the page's RTVI messages of one type."""
        return [m.get("data") or {} for m in self.received if m.get("type") == kind]

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def strict_policy(request: Request, call_next: Any) -> Response:
            response = await call_next(request)
            response.headers["Content-Security-Policy"] = POLICY
            return response

        @app.get("/")
        async def page() -> FileResponse:
            return FileResponse(PAGE / "index.html")

        @app.get("/api/bots")
        async def bots() -> dict[str, Any]:
            return {
                "bots": BOTS,
                "providers": PROVIDERS,
                "transports": {"webrtc": True, "daily": self.daily},
                "lines": {"in_use": 1, "max": 8},
            }

        @app.post("/start")
        async def start(request: Request) -> dict[str, str]:
            self.starts.append(await request.json())
            await self._note()
            return {
                "dailyRoom": "https://example.daily.co/room",
                "dailyToken": "token",
                "sessionId": "1",
            }

        @app.post("/api/offer")
        async def offer(request: Request) -> Response:
            body = await request.json()
            if self.busy:
                text = "All lines are busy. Please try again in a few minutes."
                return JSONResponse({"error": text}, status_code=503)
            if self.unknown:
                text = f"There is no bot named {body['request_data']['bot']}."
                return JSONResponse({"error": text}, status_code=404)
            self.offers.append(body)
            answer = await self._answer(body)
            await self._note()
            return JSONResponse(answer)

        @app.patch("/api/offer")
        async def candidates(request: Request) -> dict[str, str]:
            body = await request.json()
            if self.unreachable:
                return {"status": "success"}
            assert self._peer
            for item in body["candidates"]:
                if not item["candidate"]:
                    continue
                candidate = candidate_from_sdp(item["candidate"])
                candidate.sdpMid = item["sdp_mid"]
                candidate.sdpMLineIndex = item["sdp_mline_index"]
                await self._peer.addIceCandidate(candidate)
            self.patches += 1
            await self._note()
            return {"status": "success"}

        app.mount("/page", StaticFiles(directory=PAGE))
        return app

    async def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("pc_id") and self._peer:
            peer = self._peer
        else:
            await self.hang_up(say_goodbye=False)
            peer = self._peer = self._new_peer()
        await peer.setRemoteDescription(RTCSessionDescription(body["sdp"], body["type"]))
        if not peer.getSenders()[0].track:
            peer.addTrack(Tone())
        await peer.setLocalDescription(await peer.createAnswer())
        sdp = peer.localDescription.sdp
        if self.unreachable:
            lines = sdp.splitlines(keepends=True)
            sdp = "".join(line for line in lines if not line.startswith("a=candidate"))
        return {
            "sdp": sdp,
            "type": peer.localDescription.type,
            "pc_id": "fake-1",
        }

    def _new_peer(self) -> RTCPeerConnection:
        peer = RTCPeerConnection()

        @peer.on("track")
        def on_track(track: Any) -> None:
            task = asyncio.create_task(self._listen(track))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        @peer.on("datachannel")
        def on_datachannel(channel: RTCDataChannel) -> None:
            self._channel = channel

            @channel.on("message")
            async def on_message(message: Any) -> None:
                await self._message(message)

        return peer

    async def _message(self, message: Any) -> None:
        if isinstance(message, str) and message.startswith("ping"):
            self.pings += 1
        else:
            content = json.loads(message)
            self.received.append(content)
            if content["type"] == "client-ready":
                await self.say("bot-ready", version="2.2.0")
        await self._note()

    async def _listen(self, track: Any) -> None:
        with contextlib.suppress(MediaStreamError, asyncio.CancelledError):
            while True:
                await track.recv()
                self.heard_frames += 1
                await self._note()
