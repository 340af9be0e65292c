"""The other end of a telephone call for tests: a webhook and a media socket in this process."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from pipecat.frames.frames import (
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
)
from pipecat.serializers.twilio import TwilioFrameSerializer
from twilio.request_validator import RequestValidator

from rehearsal.loopback_server import serve_on_loopback

TOKEN = "0123456789abcdef"


@dataclass
class Line:
    """What the far end heard on one media socket, and how it answers: with Pipecat's serializer."""

    socket: web.WebSocketResponse
    messages: list[dict[str, Any]] = field(default_factory=list)
    serializer: TwilioFrameSerializer | None = None
    dropped: bool = False

    @property
    def stream_sid(self) -> str:
        return next(m["streamSid"] for m in self.messages if m["event"] == "start")

    @property
    def events(self) -> list[str]:
        return [m["event"] for m in self.messages]

    @property
    def keys(self) -> str:
        return "".join(m["dtmf"]["digit"] for m in self.messages if m["event"] == "dtmf")

    async def hear(self) -> InputAudioRawFrame | InputDTMFFrame | bool | None:
        """The next message as Pipecat takes it; False once the caller is gone."""
        message = await self.socket.receive()
        if message.type != WSMsgType.TEXT:
            self.dropped = message.type == WSMsgType.ERROR or self.socket.close_code == 1006
            return False
        self.messages.append(json.loads(message.data))
        if self.serializer is None and self.messages[-1]["event"] == "start":
            params = TwilioFrameSerializer.InputParams(auto_hang_up=False, sample_rate=8000)
            self.serializer = TwilioFrameSerializer(self.stream_sid, params=params)
            self.serializer._sample_rate = 8000
        if self.serializer is None:
            return None
        return await self.serializer.deserialize(message.data)  # pyright: ignore[reportReturnType]

    async def until(self, event: str) -> None:
        while event not in self.events:
            if await self.hear() is False:
                return

    async def until_gone(self) -> None:
        while await self.hear() is not False:
            pass

    async def play(self, pcm: bytes) -> None:
        assert self.serializer is not None
        frame = OutputAudioRawFrame(pcm, sample_rate=8000, num_channels=1)
        text = await self.serializer.serialize(frame)
        assert isinstance(text, str)
        await self.socket.send_str(text)

    async def interrupt(self) -> None:
        assert self.serializer is not None
        text = await self.serializer.serialize(InterruptionFrame())
        assert isinstance(text, str)
        await self.socket.send_str(text)

    async def mark(self, name: str) -> None:
        await self.socket.send_json(
            {"event": "mark", "streamSid": self.stream_sid, "mark": {"name": name}}
        )


@dataclass
class FarEnd:
    """`script` runs for each call; `lines` are the calls so far."""

    script: Callable[[Line], Awaitable[None]]
    twiml: str = ""
    status: int = 200
    ws_status: int = 0
    url: str = ""
    token: str = TOKEN
    lines: list[Line] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def webhook(self) -> str:
        return f"{self.url}/voice?bot=echo"

    async def voice(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        url = (
            request.headers.get("X-Forwarded-Proto", "http")
            + "://"
            + request.headers.get("X-Forwarded-Host", request.host)
            + request.path_qs
        )
        signature = request.headers.get("X-Twilio-Signature", "")
        if not RequestValidator(self.token).validate(url, form, signature):
            return web.Response(status=403, text="wrong signature")
        self.forms.append(form)
        media = self.url.replace("http", "ws") + "/media"
        twiml = self.twiml or (
            f'<Response><Connect><Stream url="{media}"><Parameter name="bot" value="echo"/>'
            "</Stream></Connect></Response>"
        )
        return web.Response(status=self.status, text=twiml.replace("MEDIA", media))

    async def media(self, request: web.Request) -> web.StreamResponse:
        if self.ws_status:
            return web.Response(status=self.ws_status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        line = Line(socket)
        self.lines.append(line)
        await line.until("start")
        self.answered.set()
        await self.script(line)
        return socket


@asynccontextmanager
async def far_end(
    script: Callable[[Line], Awaitable[None]], **options: Any
) -> AsyncIterator[FarEnd]:
    end = FarEnd(script, **options)
    app = web.Application()
    app.router.add_post("/voice", end.voice)
    app.router.add_get("/media", end.media)
    async with serve_on_loopback(app) as url:
        end.url = url
        yield end
