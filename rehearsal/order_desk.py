"""An order desk over HTTP that a bot's tool asks, and that can be made to fail.

async with OrderDesk() as desk:
    ...  # the tool asks POST <desk.url>/orders/517
    desk.fault = "hangs"
    assert desk.runs == {"517": 1}
"""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Literal, Self, get_args

from aiohttp import web

from rehearsal.loopback_server import serve_on_loopback
from rehearsal.standins.wires import break_off

DeskFault = Literal["slow", "hangs", "http_500", "malformed_json", "close"]
DESK_FAULTS: tuple[DeskFault, ...] = get_args(DeskFault)
SLOW_S = 4.0

ORDER_DESK_URL = "ORDER_DESK_URL"
"""The variable that tells a bot's tool where the desk is."""

ARRIVES = "Wednesday afternoon"


class OrderDesk:
    """`POST /orders/{number}` -> `{"order_number", "arrives"}` on 127.0.0.1.

    Attributes:
        fault: What is wrong with it at the moment, None when all is well.
        runs: How often each order was asked for.
    """

    def __init__(self, *, slow_s: float = SLOW_S) -> None:
        self.url = ""
        self.fault: DeskFault | None = None
        self.runs: Counter[str] = Counter()
        self._slow_s = slow_s
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/orders/{number}", self._order)
        self.url = await self._exit.enter_async_context(serve_on_loopback(app))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    def reset(self) -> None:
        """No fault, and nothing was asked."""
        self.fault = None
        self.runs.clear()

    async def _order(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["number"]
        self.runs[number] += 1
        match self.fault:
            case "slow":
                await asyncio.sleep(self._slow_s)
            case "hangs":
                await asyncio.sleep(3600)
            case "http_500":
                return web.json_response({"error": "the order book is closed"}, status=500)
            case "malformed_json":
                return web.Response(
                    text='{"order_number": "517", "arr', content_type="application/json"
                )
            case "close":
                break_off(request)
        return web.json_response({"order_number": number, "arrives": ARRIVES})
