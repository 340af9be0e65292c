"""The paths of each protocol, and what answers there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from rehearsal.ear import Ears
from rehearsal.standins import (
    cartesia,
    deepgram_live,
    openai_chat,
)
from rehearsal.standins.doors import Refusal, opened_socket, refused
from rehearsal.standins.hearing import Listening
from rehearsal.standins.hearing_orders import BadQuery, HearingProtocol
from rehearsal.standins.house import House
from rehearsal.standins.prompt import Mind
from rehearsal.standins.seats import Protocol, Provider
from rehearsal.standins.speaking import Speaking
from rehearsal.standins.speaking_orders import SpeakingProtocol
from rehearsal.standins.thinking import ThinkingProtocol, answer

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
        if speaks not in _ROUTES:
            continue
        method, path, make = _ROUTES[speaks]
        app.router.add_route(method, provider.prefix + path, make(skills, seat))
    return app


def _listens(
    make: Callable[[web.Request], HearingProtocol], refusal: Refusal
) -> Callable[[Skills, str], Handler]:
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
                listening = Listening(skills.house, seat, protocol, wire, skills.ears)
                await listening.run(ws, query)
            return ws

        return handler

    return handler_of


def _speaks(
    make: Callable[[web.Request], SpeakingProtocol], refusal: Refusal
) -> Callable[[Skills, str], Handler]:
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
                await Speaking(skills.house, seat, protocol, wire).run(ws)
            return ws

        return handler

    return handler_of


def _thinks(protocol: ThinkingProtocol) -> Callable[[Skills, str], Handler]:
    def handler_of(skills: Skills, seat: str) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            return await answer(request, skills.house, seat, protocol, skills.mind)

        return handler

    return handler_of


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
    "cartesia": (
        "GET",
        "/tts/websocket",
        _speaks(lambda request: cartesia.CartesiaProtocol(), cartesia.refusal),
    ),
    "openai-chat": ("POST", "/chat/completions", _thinks(openai_chat)),
}
