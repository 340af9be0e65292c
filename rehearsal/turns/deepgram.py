"""Deepgram's stand-in with the ear that makes no mistakes, on an address of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from rehearsal.ear import Ears
from rehearsal.loopback_server import serve_on_loopback
from rehearsal.standins import deepgram_live
from rehearsal.standins.deepgram_live import DeepgramLiveProtocol
from rehearsal.standins.doors import opened_socket, refused
from rehearsal.standins.hearing import Listening
from rehearsal.standins.hearing_orders import BadQuery
from rehearsal.standins.house import House
from rehearsal.standins.wires import SocketWire
from rehearsal.turns.knowing_ear import Callers, KnowingHearing

SEAT = "deepgram"


class KnowingProtocol(DeepgramLiveProtocol):
    """Whoever knows where a phrase ends need not wait to see whether it goes on."""

    def __init__(self, request: web.Request) -> None:
        super().__init__({name: request.query.getall(name) for name in request.query})
        if self._endpointing_ms is not None:
            self._endpointing_ms = 20


class _Listening(Listening):
    def __init__(
        self, house: House, protocol: KnowingProtocol, wire: SocketWire, callers: Callers
    ) -> None:
        super().__init__(house, SEAT, protocol, wire, Ears())
        self._hearing = KnowingHearing(callers, protocol.rate_hz, encoding=protocol.encoding)


@asynccontextmanager
async def deepgram(
    house: House,
    callers: Callers,
    make: Callable[[web.Request], KnowingProtocol] = KnowingProtocol,
) -> AsyncIterator[str]:
    """The stand-in's base URL; latencies are those of the house's seat "deepgram".

    `make`: what a connection speaks; raises BadQuery.
    """

    async def listen(request: web.Request) -> web.StreamResponse:
        hit = house.begin(SEAT, "connection", request.query_string, request.query_string)
        if (no := await refused(request, hit, deepgram_live.refusal)) is not None:
            return no
        try:
            protocol = make(request)
        except BadQuery as problem:
            return web.json_response(deepgram_live.refusal(400, str(problem)), status=400)
        async with opened_socket(house, SEAT, request) as (ws, wire):
            await _Listening(house, protocol, wire, callers).run(ws, request.query_string)
        return ws

    app = web.Application()
    app.router.add_get("/v1/listen", listen)
    async with serve_on_loopback(app) as url:
        yield url
