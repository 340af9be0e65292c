"""Listens on a WebSocket and sends what was understood, in whatever protocol it is spoken."""

import asyncio
import contextlib
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from rehearsal.ear import Ears, HeardEvent, Hearing, Interim, Pause, SpeechBegan
from rehearsal.standins.delivery import Delivery, Piece
from rehearsal.standins.faults import Hit
from rehearsal.standins.hearing_orders import (
    FinishUtterance,
    HangUp,
    HearingProtocol,
    Order,
    Send,
)
from rehearsal.standins.house import House
from rehearsal.standins.wires import SocketWire

_BLANK = " "
_MOST_WAITING = 1000


@dataclass
class _Turn:
    """An utterance's results on their way, in order, without holding up the ear."""

    delivery: Delivery
    hit: Hit
    pieces: asyncio.Queue[Piece | None] = field(
        default_factory=lambda: asyncio.Queue(_MOST_WAITING)
    )
    task: asyncio.Task[None] | None = None

    async def send_all(self) -> None:
        while (piece := await self.pieces.get()) is not None:
            await self.delivery.send(piece)

    async def put(self, piece: Piece | None) -> None:
        # Nobody takes what comes after the end of a delivery; it must not pile up.
        if not self.delivery.over:
            await self.pieces.put(piece)


class Listening:
    """One open connection: leave `run` and none of its tasks and threads is left."""

    def __init__(
        self, house: House, seat: str, protocol: HearingProtocol, wire: SocketWire, ears: Ears
    ) -> None:
        self._house = house
        self._seat = seat
        self._protocol = protocol
        self._wire = wire
        self._query = ""
        self._asked_s = 0.0
        self._turn: _Turn | None = None
        self._turns: list[_Turn] = []
        self._hearing = Hearing(
            ears, protocol.rate_hz, encoding=protocol.encoding, script=self._scripted
        )

    async def run(self, ws: web.WebSocketResponse, query: str) -> None:
        self._query = query
        try:
            hang_up = await self._obey(self._protocol.opening())
            while hang_up is None:
                hang_up = await self._obey(await self._next(ws))
                if ws.closed:
                    return
            await self._drain()
            with contextlib.suppress(ConnectionError):
                await ws.close(code=hang_up.code, message=hang_up.reason.encode())
        finally:
            await self._hearing.close()
            for turn in self._turns:
                if turn.task is not None:
                    turn.task.cancel()
            tasks = [turn.task for turn in self._turns if turn.task is not None]
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _next(self, ws: web.WebSocketResponse) -> list[Order]:
        """What the next message gives to do."""
        try:
            message = await ws.receive(timeout=self._protocol.idle_timeout_s)
        except TimeoutError:
            return [self._protocol.idle()]
        self._asked_s = asyncio.get_running_loop().time()
        match message.type:
            case WSMsgType.TEXT:
                return self._protocol.receive(message.data, at_s=self._hearing.heard_s)
            case WSMsgType.BINARY:
                return await self._hear(message.data)
        return []

    async def _hear(self, audio: bytes) -> list[Order]:
        orders: list[Order] = []
        for event in self._hearing.feed(audio):
            if isinstance(event, SpeechBegan):
                await self._begin_turn()
            orders += self._protocol.noticed(self._blanked(event), at_s=self._hearing.heard_s)
        return orders + self._protocol.quiet(at_s=self._hearing.heard_s)

    def _blanked(self, event: HeardEvent) -> HeardEvent:
        match event:
            case Interim() if self._is_blank:
                return Interim(_BLANK)
            case Pause(for_ms=for_ms) if self._is_blank:
                return Pause(for_ms, _BLANK)
        return event

    @property
    def _is_blank(self) -> bool:
        return self._turn is not None and "blank_text" in self._turn.hit

    async def _obey(self, orders: list[Order]) -> HangUp | None:
        for order in orders:
            match order:
                case HangUp():
                    return order
                case Send():
                    await self._send(order)
                case FinishUtterance(why=why):
                    if (hang_up := await self._finish(why)) is not None:
                        return hang_up
        return None

    async def _finish(self, why: str) -> HangUp | None:
        began_s, at_s = self._hearing.began_s, self._hearing.heard_s
        text = await self._hearing.finish()
        if text and self._is_blank:
            text = _BLANK
        return await self._obey(self._protocol.finished(why, text, began_s=began_s, at_s=at_s))

    async def _send(self, order: Send) -> None:
        if not order.in_turn:
            await self._drain()
        if not order.in_turn or self._turn is None:
            await self._wire.send(order.json)
            return
        # Counted from when it was asked for: the recogniser's work is part of the latency.
        due_s = self._asked_s + self._house.wait_s(self._seat, order.step) if order.step else 0.0
        await self._turn.put(Piece(order.json, weight=order.words, end=order.end, due_s=due_s))

    async def _begin_turn(self) -> None:
        hit = self._house.begin(self._seat, "turn", self._query, self._query)
        if self._turn is not None:
            await self._turn.put(None)
        self._turn = _Turn(Delivery(self._wire, hit), hit)
        self._turn.task = asyncio.create_task(self._turn.send_all())
        self._turns = [t for t in self._turns if t.task is not None and not t.task.done()]
        self._turns.append(self._turn)

    def _scripted(self) -> str | None:
        return self._house.script.transcript(self._seat, self._house.begun(self._seat, "turn") + 1)

    async def _drain(self) -> None:
        """Wait until everything is sent that will be sent."""
        if self._turn is not None:
            await self._turn.put(None)
        waiting = [
            turn.task for turn in self._turns if turn.task is not None and not turn.delivery.over
        ]
        await asyncio.gather(*waiting, return_exceptions=True)
