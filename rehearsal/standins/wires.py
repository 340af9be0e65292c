"""Connections of aiohttp as an answer needs them."""

import asyncio
import contextlib
import socket

from aiohttp import web


class SocketWire:
    """A WebSocket that several answers share."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        self._request = request
        self._ws = ws

    async def send(self, data: str | bytes) -> None:
        # The client may be gone by now: its own affair.
        with contextlib.suppress(ConnectionError):
            if isinstance(data, str):
                await self._ws.send_str(data)
            else:
                await self._ws.send_bytes(data)

    async def keep_alive(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._ws.ping()

    def abort(self) -> None:
        break_off(self._request)

    async def hold(self) -> None:
        return


class BodyWire:
    """The body of an HTTP answer; its head goes out with the first byte."""

    def __init__(self, request: web.Request, *, content_type: str, keep_alive: bytes = b"") -> None:
        self._request = request
        self._keep_alive = keep_alive
        self.response = web.StreamResponse(headers={"Content-Type": content_type})
        self.response.enable_chunked_encoding()

    async def send(self, data: str | bytes) -> None:
        await self._open()
        await self.response.write(data.encode() if isinstance(data, str) else data)

    async def keep_alive(self) -> None:
        await self.send(self._keep_alive)

    def abort(self) -> None:
        break_off(self._request)

    async def hold(self) -> None:
        await asyncio.Event().wait()  # until the client gives up, which cancels the handler

    async def end(self) -> web.StreamResponse:
        """The body is complete, be it without a byte."""
        await self._open()
        with contextlib.suppress(ConnectionError):
            await self.response.write_eof()
        return self.response

    async def _open(self) -> None:
        if not self.response.prepared:
            await self.response.prepare(self._request)


def break_off(request: web.Request, *, reset: bool = False) -> None:
    """Drop the connection: nothing more is sent, not even that it ends."""
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if reset and raw is not None:
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
