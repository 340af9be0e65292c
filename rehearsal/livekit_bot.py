# pyright: basic, reportMissingImports=false
"""LiveKit Agents' documented voice agent on a telephone line, for comparison of its turns.

`AgentSession` with LiveKit's own plugins for Deepgram, OpenAI, Cartesia and Silero, everything at
its default but the addresses and, unless LIVEKIT_TURNS=model, the end of turn: that is told by
voice activity alone. LiveKit's default is its own audio model, which doubts about every second line
of a synthetic voice and then waits for two and a half seconds.

There is no LiveKit server: the telephone's media stream comes in over a WebSocket, as from Twilio,
and rehearsal.turns.livekit_audio stands where a room would. All sessions share one process.
It runs in LiveKit's own virtual environment:

    .venv/livekit/bin/python -m rehearsal.livekit_bot   # HOST, PORT, <PROVIDER>_API_KEY, _BASE_URL
"""

import asyncio
import base64
import json
import os

import aiohttp
from aiohttp import web
from livekit.agents import Agent, AgentSession, function_tool
from livekit.plugins import cartesia, deepgram, openai, silero

from rehearsal.turns.livekit_audio import PhoneInput, PhoneOutput
from rehearsal.turns.script import INSTRUCTIONS, TOOL_FACTS, TOOL_S


class Desk(Agent):
    """The agent with its tools, each of which takes its time."""

    def __init__(self) -> None:
        super().__init__(instructions=INSTRUCTIONS)

    async def on_enter(self) -> None:
        await self.session.generate_reply(instructions="Greet the caller.")

    @function_tool()
    async def find_order(self, order_number: str) -> str:
        """Find out when an order arrives.

        Args:
            order_number: The number of the order, digits only.
        """
        return await _told("find_order")

    @function_tool()
    async def check_stock(self, article: str) -> str:
        """Find out whether an article is in stock.

        Args:
            article: What the caller calls it.
        """
        return await _told("check_stock")

    @function_tool()
    async def next_delivery(self) -> str:
        """Find the next free day for a delivery."""
        return await _told("next_delivery")

    @function_tool()
    async def ask_warehouse(self) -> str:
        """Ask the warehouse where a parcel is."""
        return await _told("ask_warehouse")

    @function_tool()
    async def ask_factory(self) -> str:
        """Ask the factory when a piece of furniture will be ready."""
        return await _told("ask_factory")


async def _told(tool: str) -> str:
    await asyncio.sleep(TOOL_S[tool])
    return TOOL_FACTS[tool]


async def voice(request: web.Request) -> web.Response:
    """The voice webhook."""
    url = f"ws://{request.host}/media"
    twiml = f'<Response><Connect><Stream url="{url}"/></Connect></Response>'
    return web.Response(text=twiml, content_type="application/xml")


async def ready(_: web.Request) -> web.Response:
    return web.Response(text="ready")


async def media(request: web.Request) -> web.WebSocketResponse:
    """One call."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    stream_sid = ""

    async def send(event: str, **more: object) -> None:
        if not socket.closed:
            await socket.send_str(json.dumps({"event": event, "streamSid": stream_sid, **more}))

    async def send_audio(audio: bytes) -> None:
        await send("media", media={"payload": base64.b64encode(audio).decode()})

    async def clear() -> None:
        await send("clear")

    heard, spoken = PhoneInput(), PhoneOutput(send_audio, clear)
    sessions: list[AgentSession] = []
    sending = asyncio.create_task(spoken.run())
    try:
        async for message in socket:
            event = json.loads(message.data)
            match event["event"]:
                case "start":
                    stream_sid = event["start"]["streamSid"]
                    session = _session(request.app)
                    sessions.append(session)
                    session.input.audio, session.output.audio = heard, spoken
                    await session.start(Desk())
                case "media":
                    heard.receive(base64.b64decode(event["media"]["payload"]))
                case "stop":
                    break
    finally:
        for session in sessions:
            await session.aclose()
        sending.cancel()
    return socket


_HTTP = web.AppKey("http", aiohttp.ClientSession)
_VAD = web.AppKey("vad", silero.VAD)


def _session(app: web.Application) -> AgentSession:
    deepgram_url = os.environ["DEEPGRAM_BASE_URL"] + "/v1/listen"
    by_model = os.environ.get("LIVEKIT_TURNS") == "model"
    return AgentSession(
        turn_handling={} if by_model else {"turn_detection": "vad"},
        vad=app[_VAD],
        stt=deepgram.STT(base_url=deepgram_url, http_session=app[_HTTP]),
        llm=openai.LLM(base_url=os.environ["OPENAI_BASE_URL"] + "/v1"),
        tts=cartesia.TTS(base_url=os.environ["CARTESIA_BASE_URL"], http_session=app[_HTTP]),
    )


async def _application() -> web.Application:
    app = web.Application()
    app.router.add_post("/", voice)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/media", media)
    app[_HTTP] = aiohttp.ClientSession()
    app[_VAD] = silero.VAD.load()
    app.on_cleanup.append(_close)
    return app


async def _close(app: web.Application) -> None:
    await app[_HTTP].close()


if __name__ == "__main__":
    web.run_app(
        _application(), host=os.environ["HOST"], port=int(os.environ["PORT"]), access_log=None
    )
