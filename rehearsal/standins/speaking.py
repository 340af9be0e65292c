"""Speaks over a WebSocket, in several contexts at once."""

import asyncio
import contextlib
from dataclasses import dataclass, field, replace

from aiohttp import WSMsgType, web

from rehearsal.standins.delivery import Delivery
from rehearsal.standins.faults import Hit
from rehearsal.standins.house import House
from rehearsal.standins.speaking_orders import (
    Cancel,
    Finish,
    Flush,
    HangUp,
    Order,
    Refuse,
    SpeakingProtocol,
    Text,
)
from rehearsal.standins.wires import SocketWire
from rehearsal.voice import speak, wrong_rate_hz

_MOST_ORDERS = 1000
_MOST_CONTEXTS = 100
_TOO_MUCH = HangUp(1008, "more text is waiting than can be spoken")


@dataclass(frozen=True)
class _Say:
    """Speak this text, asked for at this time of the event loop."""

    text: str
    asked_s: float


@dataclass
class _Context:
    delivery: Delivery
    hit: Hit
    held: str = ""
    orders: asyncio.Queue[_Say | Flush | Finish] = field(
        default_factory=lambda: asyncio.Queue(_MOST_ORDERS)
    )
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None

    @property
    def goes_stale(self) -> bool:
        return "stale_context" in self.hit

    def speak_held(self) -> None:
        """Raises QueueFull."""
        self.stop_waiting()
        if self.held.strip():
            self.orders.put_nowait(_Say(self.held, asyncio.get_running_loop().time()))
        self.held = ""

    def stop_waiting(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Speaking:
    """One open connection: leave `run` and none of its tasks is left."""

    def __init__(
        self, house: House, seat: str, protocol: SpeakingProtocol, wire: SocketWire
    ) -> None:
        self._house = house
        self._seat = seat
        self._protocol = protocol
        self._wire = wire
        self._contexts: dict[str, _Context] = {}
        self._to_go_stale: dict[str, _Context] = {}  # finished, and not cancelled yet
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, ws: web.WebSocketResponse) -> None:
        try:
            while not ws.closed:
                for order in await self._next(ws):
                    try:
                        await self._obey(order)
                    except asyncio.QueueFull:
                        order = _TOO_MUCH
                    if isinstance(order, HangUp):
                        await self._hang_up(ws, order)
                        return
        finally:
            for context in self._contexts.values():
                context.stop_waiting()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _next(self, ws: web.WebSocketResponse) -> list[Order]:
        """What the next message asks for."""
        try:
            message = await ws.receive(timeout=self._protocol.idle_timeout_s)
        except TimeoutError:
            return [self._protocol.idle()]
        is_text = message.type is WSMsgType.TEXT
        return self._protocol.receive(message.data) if is_text else []

    async def _obey(self, order: Order) -> None:
        match order:
            case Refuse(message=message):
                await self._wire.send(message)
            case Text(context_id=context_id, text=text, delay_ms=delay_ms):
                self._take(self._context(context_id, text), text, delay_ms)
            case Flush(context_id=context_id) | Finish(context_id=context_id):
                await self._go_on(order, self._contexts.get(context_id))
            case Cancel(context_id=context_id):
                self._cancel(context_id)

    async def _go_on(self, order: Flush | Finish, context: _Context | None) -> None:
        if context is not None:
            context.speak_held()
            context.orders.put_nowait(order)
        elif isinstance(order, Finish):
            # Nothing was said in it: no turn, and at once at its end.
            for piece in self._protocol.finished(order.context_id):
                await self._wire.send(piece.data)
            self._protocol.forget(order.context_id)

    def _context(self, context_id: str, text: str) -> _Context:
        context = self._contexts.get(context_id)
        if context is None:
            if len(self._tasks) >= _MOST_CONTEXTS:
                raise asyncio.QueueFull
            hit = self._house.begin(self._seat, "turn", text, text)
            context = _Context(Delivery(self._wire, hit), hit)
            context.task = asyncio.create_task(self._speak(context_id, context))
            self._tasks.add(context.task)
            context.task.add_done_callback(self._tasks.discard)
            self._contexts[context_id] = context
        return context

    def _take(self, context: _Context, text: str, delay_ms: float | None) -> None:
        context.held += text
        if self._protocol.is_sentence(context.held):
            context.speak_held()
        elif context.timer is None and delay_ms is not None:
            loop = asyncio.get_running_loop()
            context.timer = loop.call_later(delay_ms / 1000, _unless_full, context)

    def _cancel(self, context_id: str) -> None:
        if (finished := self._to_go_stale.pop(context_id, None)) is not None:
            finished.cancelled.set()
        context = self._contexts.get(context_id)
        if context is None:
            return
        context.stop_waiting()
        if context.goes_stale:
            # It goes on as if it had not been told.
            context.cancelled.set()
            context.speak_held()
            context.orders.put_nowait(Finish(context_id))
            return
        del self._contexts[context_id]
        if context.task is not None:
            context.task.cancel()
        self._protocol.forget(context_id)

    async def _speak(self, context_id: str, context: _Context) -> None:
        offset_s = 0.0
        text, asked_s = "", 0.0
        while True:
            match await context.orders.get():
                case _Say(text=text, asked_s=asked_s):
                    offset_s += await self._say(context_id, context, text, offset_s, asked_s)
                case Flush():
                    for piece in self._protocol.flushed(context_id):
                        await context.delivery.send(piece)
                case Finish():
                    break
        last = self._protocol.finished(context_id)
        self._contexts.pop(context_id, None)
        for piece in last:
            await context.delivery.send(piece)
        if context.goes_stale and not context.cancelled.is_set():
            if self._protocol.cancels:
                self._to_go_stale[context_id] = context
                await context.cancelled.wait()
            await self._say(context_id, context, text, offset_s, asked_s)
        self._protocol.forget(context_id)

    async def _say(
        self, context_id: str, context: _Context, text: str, offset_s: float, asked_s: float
    ) -> float:
        """Send the text spoken; its duration in seconds."""
        if context.delivery.over:
            return 0.0
        rate_hz = self._protocol.rate_hz(context_id)
        really = wrong_rate_hz(rate_hz) if "wrong_rate" in context.hit else None
        speech = await speak(text, rate_hz, really_at_hz=really)
        # Counted from when it was asked for: the voice's work is part of the latency.
        due_s = asked_s + self._house.wait_s(self._seat, "first")
        for piece in self._protocol.audio(context_id, speech, offset_s):
            if not await context.delivery.send(replace(piece, due_s=due_s)):
                break
            due_s += self._house.wait_s(self._seat, "next")
        return speech.duration_s

    async def _hang_up(self, ws: web.WebSocketResponse, order: HangUp) -> None:
        if order.code == 1000:
            speaking = tuple(self._contexts.items())
            for context_id, context in speaking:
                context.speak_held()
                context.orders.put_nowait(Finish(context_id))
            tasks = [context.task for _, context in speaking if context.task is not None]
            await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(ConnectionError):
            await ws.close(code=order.code, message=order.reason.encode())


def _unless_full(context: _Context) -> None:
    with contextlib.suppress(asyncio.QueueFull):
        context.speak_held()
