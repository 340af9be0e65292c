"""The paths of each protocol, and what answers there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from rehearsal.ear import Ears
from rehearsal.standins import (
    anthropic_messages,
    assemblyai,
    cartesia,
    deepgram_live,
    elevenlabs,
    openai_audio,
    openai_chat,
)
from rehearsal.standins.deepgram_flux import DeepgramFluxProtocol
from rehearsal.standins.doors import Refusal, opened_socket, refused
from rehearsal.standins.hearing import Listening
from rehearsal.standins.hearing_orders import BadQuery, HearingProtocol
from rehearsal.standins.house import House
from rehearsal.standins.prompt import Mind
from rehearsal.standins.seats import Protocol, Provider
from rehearsal.standins.speaking import Speaking
from rehearsal.standins.speaking_orders import SpeakingProtocol
from rehearsal.standins.thinking import ThinkingProtocol, answer
from rehearsal.standins.wires import SocketWire

P = TypeVar("P", HearingProtocol, SpeakingProtocol)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_MOST_BYTES_A_BODY = 30 * 2**20


@dataclass(frozen=True)
class Skills:
    """What the stand-ins hear, think and speak with."""

    house: House
    ears: Ears
    mind: Mind


def provider_app(provider: Provider, skills: Skills) -> web.Application:
    """Everything that one provider answers to."""
    app = web.Application(client_max_size=_MOST_BYTES_A_BODY)
    for seat, speaks in provider.seats.items():
        method, path, make = _ROUTES[speaks]
        app.router.add_route(method, provider.prefix + path, make(skills, seat))
    return app


def _listens(
    make: Callable[[web.Request], HearingProtocol], refusal: Refusal
) -> Callable[[Skills, str], Handler]:
    async def listen(
        skills: Skills, seat: str, protocol: HearingProtocol, ws: web.WebSocketResponse,
        wire: SocketWire, query: str,
    ) -> None:  # fmt: skip
        await Listening(skills.house, seat, protocol, wire, skills.ears).run(ws, query)

    return _socket(make, refusal, listen)


def _speaks(
    make: Callable[[web.Request], SpeakingProtocol], refusal: Refusal
) -> Callable[[Skills, str], Handler]:
    async def talk(
        skills: Skills, seat: str, protocol: SpeakingProtocol, ws: web.WebSocketResponse,
        wire: SocketWire, query: str,
    ) -> None:  # fmt: skip
        await Speaking(skills.house, seat, protocol, wire).run(ws)

    return _socket(make, refusal, talk)


def _socket(
    make: Callable[[web.Request], P],
    refusal: Refusal,
    run: Callable[[Skills, str, P, web.WebSocketResponse, SocketWire, str], Awaitable[None]],
) -> Callable[[Skills, str], Handler]:
    """Handlers that open a WebSocket, unless a fault, a key or the query is against it."""

    def handler_of(skills: Skills, seat: str) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            query = request.query_string
            hit = skills.house.begin(seat, "connection", query, query)
            if (no := await refused(request, hit, refusal)) is not None:
                return no
            try:
                protocol = make(request)
            except BadQuery as problem:
                return web.json_response(refusal(400, str(problem)), status=400)
            async with opened_socket(skills.house, seat, request) as (ws, wire):
                await run(skills, seat, protocol, ws, wire, query)
            return ws

        return handler

    return handler_of


def _thinks(protocol: ThinkingProtocol) -> Callable[[Skills, str], Handler]:
    def handler_of(skills: Skills, seat: str) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            return await answer(request, skills.house, seat, protocol, skills.mind)

        return handler

    return handler_of


def _reads_aloud(skills: Skills, seat: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await openai_audio.speech(request, skills.house, seat)

    return handler


def _writes_down(skills: Skills, seat: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await openai_audio.transcription(request, skills.house, seat, skills.ears)

    return handler


def _query(request: web.Request) -> dict[str, list[str]]:
    return {name: request.query.getall(name) for name in request.query}


_ROUTES: dict[Protocol, tuple[str, str, Callable[[Skills, str], Handler]]] = {
    "deepgram-live": (
        "GET",
        "/v1/listen",
        _listens(
            lambda request: deepgram_live.DeepgramLiveProtocol(_query(request)),
            deepgram_live.refusal,
        ),
    ),
    "deepgram-flux": (
        "GET",
        "/v2/listen",
        _listens(lambda request: DeepgramFluxProtocol(_query(request)), deepgram_live.refusal),
    ),
    "assemblyai": (
        "GET",
        "/v3/ws",
        _listens(
            lambda request: assemblyai.AssemblyAIProtocol(_query(request)), assemblyai.refusal
        ),
    ),
    "cartesia": (
        "GET",
        "/tts/websocket",
        _speaks(lambda request: cartesia.CartesiaProtocol(), cartesia.refusal),
    ),
    "elevenlabs": (
        "GET",
        "/v1/text-to-speech/{voice}/multi-stream-input",
        _speaks(lambda request: elevenlabs.ElevenLabsProtocol(request.query), elevenlabs.refusal),
    ),
    "openai-chat": ("POST", "/chat/completions", _thinks(openai_chat)),
    "anthropic": ("POST", "/v1/messages", _thinks(anthropic_messages)),
    "openai-speech": ("POST", "/audio/speech", _reads_aloud),
    "openai-transcription": ("POST", "/audio/transcriptions", _writes_down),
}
