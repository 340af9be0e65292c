"""What every connection passes: it is counted, and kept out if a fault or a missing key says so."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from rehearsal.standins.faults import Hit
from rehearsal.standins.house import House
from rehearsal.standins.wires import SocketWire, break_off

Refusal = Callable[[int, str], Mapping[str, Any]]
"""Writes a provider's JSON for a status and a message."""

_SENTENCES = {
    401: "The API key is missing or not accepted.",
    429: "Too many requests. Please try again later.",
    500: "The server had an error while processing the request.",
    503: "The service is overloaded. Please try again later.",
}
_KEY_HEADERS = ("Authorization", "X-API-Key", "xi-api-key")
_MOST_BYTES_A_MESSAGE = 4 * 2**20


async def refused(
    request: web.Request, hit: Hit, body: Refusal, *, check_key: bool = True
) -> web.Response | None:
    """The answer to a connection that is kept out; None: it may come in."""
    if "refuse" in hit:
        break_off(request, reset=True)
        return web.Response(status=503)  # nobody is there to read it
    if "never_opens" in hit:
        await asyncio.Event().wait()  # until the client gives up, which cancels the handler
    status, headers = hit.http_status, {}
    if status is None:
        if not check_key or has_key(request):
            return None
        status = 401
    if (fault := hit.get("http_429")) is not None:
        headers["Retry-After"] = f"{fault.seconds:g}"
    return web.json_response(body(status, _SENTENCES[status]), status=status, headers=headers)


def has_key(request: web.Request) -> bool:
    """Whether the client sent a key in any of the places where providers look for one."""
    words = [request.headers.get(header, "").split() for header in _KEY_HEADERS]
    return any(found and found[-1] not in ("Bearer", "Token") for found in words)


@asynccontextmanager
async def opened_socket(
    house: House, seat: str, request: web.Request, headers: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[web.WebSocketResponse, SocketWire]]:
    """The WebSocket, after the handshake has taken its time; a dead one can be dropped."""
    await asyncio.sleep(house.wait_s(seat, "connect"))
    ws = web.WebSocketResponse(max_msg_size=_MOST_BYTES_A_MESSAGE, timeout=1.0, compress=False)
    ws.headers.update(headers or {})
    await ws.prepare(request)
    wire = SocketWire(request, ws)
    closed = house.opened(seat, wire.abort)
    try:
        yield ws, wire
    finally:
        closed()
