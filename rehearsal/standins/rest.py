"""Faults and latencies for the stand-ins of Twilio's and Daily's REST APIs."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from rehearsal.standins.doors import refused
from rehearsal.standins.house import House

_TWILIO_CODES = {401: 20003, 429: 20429, 500: 20500, 503: 20503}


def with_faults(house: House, seat: str) -> Middleware:
    """Counts every request, and does to it what the seat's faults say."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = f"{request.method} {request.path}"
        await asyncio.sleep(house.wait_s(seat, "first"))
        hit = house.begin(seat, "connection", asked, asked)
        if (refusal := await refused(request, hit, _REFUSALS[seat], check_key=False)) is not None:
            return refusal
        hit = house.begin(seat, "turn", asked, asked)
        if "never_answers" in hit:
            await asyncio.Event().wait()
        if (fault := hit.get("late")) is not None:
            await asyncio.sleep(fault.seconds)
        response = await handler(request)
        if "malformed_json" in hit and isinstance(response, web.Response) and response.text:
            text = response.text
            response = web.Response(
                text=text[: len(text) * 2 // 3],
                status=response.status,
                content_type="application/json",
            )
        return response

    return middleware


def _twilio(status: int, message: str) -> Mapping[str, Any]:
    return {"code": _TWILIO_CODES[status], "message": message, "status": status}


def _daily(status: int, message: str) -> Mapping[str, Any]:
    return {"error": "authentication-error" if status == 401 else "server-error", "info": message}


_REFUSALS = {"twilio": _twilio, "daily": _daily}
