"""Providers whose errors quote what they heard, or were to say."""

import json
from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager

from aiohttp import web

from rehearsal.loopback_server import serve_on_loopback
from rehearsal.standins.cartesia import CartesiaProtocol
from rehearsal.standins.doors import opened_socket
from rehearsal.standins.hearing_orders import HangUp, Send
from rehearsal.standins.hearing_orders import Order as Heard
from rehearsal.standins.house import House
from rehearsal.standins.speaking import Speaking
from rehearsal.standins.speaking_orders import Order, Refuse, Text
from rehearsal.turns.deepgram import KnowingProtocol

NOT_HEARD = "Cannot go on after"
NOT_SPOKEN = "Invalid transcript:"
_SEAT = "cartesia"
# A close frame holds no more.
_LONGEST_REASON_BYTES = 123
# So many words of somebody's are no chance.
_FEWEST_WORDS = 3


class QuotingRecogniser(KnowingProtocol):
    """Gives all words, and hangs up over some.

    Args:
        over: What it hears last.
    """

    def __init__(self, request: web.Request, over: Container[str]) -> None:
        super().__init__(request)
        self._over = over

    def finished(self, why: str, text: str, *, began_s: float, at_s: float) -> list[Heard]:
        orders = super().finished(why, text, began_s=began_s, at_s=at_s)
        if text not in self._over:
            return orders
        quoted = f"{NOT_HEARD} {text}"
        error = {"type": "Error", "variant": "DATA-0000", "description": quoted, "message": quoted}
        reason = quoted.encode()[:_LONGEST_REASON_BYTES].decode(errors="ignore")
        return [*orders, Send(error, in_turn=False), HangUp(1011, reason)]


class _QuotingVoice(CartesiaProtocol):
    def __init__(self, words: frozenset[str]) -> None:
        super().__init__()
        self._words = words

    def receive(self, text: str) -> list[Order]:
        orders = super().receive(text)
        return [self._refused(one) if isinstance(one, Text) else one for one in orders]

    def _refused(self, said: Text) -> Order:
        if len(self._words.intersection(said.text.split())) < _FEWEST_WORDS:
            return said
        self.forget(said.context_id)
        error = {
            "type": "error",
            "context_id": said.context_id,
            "status_code": 400,
            "done": True,
            "title": "Invalid request",
            "message": f"{NOT_SPOKEN} {said.text}",
            "error_code": "invalid_request",
        }
        return Refuse(json.dumps(error))


@asynccontextmanager
async def quoting_voice(house: House, words: frozenset[str]) -> AsyncIterator[str]:
    """The base URL of a Cartesia that refuses to say again what is made of these words."""

    async def talk(request: web.Request) -> web.StreamResponse:
        async with opened_socket(house, _SEAT, request) as (ws, wire):
            await Speaking(house, _SEAT, _QuotingVoice(words), wire).run(ws)
        return ws

    app = web.Application()
    app.router.add_get("/tts/websocket", talk)
    async with serve_on_loopback(app) as url:
        yield url
