"""Answers a language model's requests over HTTP, streamed or whole, in whatever protocol."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from aiohttp import web

from rehearsal.standins.delivery import Delivery, Piece
from rehearsal.standins.doors import refused
from rehearsal.standins.faults import Hit
from rehearsal.standins.house import House
from rehearsal.standins.prompt import BadRequest, Mind, Prompt, Reply, ToolCall
from rehearsal.standins.wires import BodyWire

UNKNOWN_TOOL = "do_what_nobody_declared"
_BLANK = " \n"


class ThinkingProtocol(Protocol):
    """A module that reads a protocol's requests and writes its answers."""

    KEEP_ALIVE: bytes

    def read_request(self, body: Mapping[str, Any]) -> Prompt:
        """Raises BadRequest."""
        ...

    def stream(self, reply: Reply, prompt: Prompt, body: Mapping[str, Any]) -> Iterator[Piece]: ...

    def whole(self, reply: Reply, prompt: Prompt, body: Mapping[str, Any]) -> dict[str, Any]: ...

    def error(self, status: int, message: str) -> dict[str, Any]: ...


async def answer(
    request: web.Request, house: House, seat: str, protocol: ThinkingProtocol, mind: Mind
) -> web.StreamResponse:
    """One completion, from the request to the end of its answer."""
    asked_s = asyncio.get_running_loop().time()
    try:
        body = json.loads(await request.text())
        prompt = protocol.read_request(body)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        body, prompt = {}, None
        complaint = str(problem) if isinstance(problem, BadRequest) else "The body is not valid."
    text = prompt.last_user_text if prompt else ""
    hit = house.begin(seat, "connection", request.path, text)
    if (refusal := await refused(request, hit, protocol.error)) is not None:
        return refusal
    if prompt is None:
        return web.json_response(protocol.error(400, complaint), status=400)
    hit = house.begin(seat, "turn", body, text)
    try:
        reply = await _reply(house, prompt, mind, hit)
    except BadRequest as problem:
        return web.json_response(protocol.error(400, str(problem)), status=400)
    due_s = asked_s + house.wait_s(seat, "first")
    if not body.get("stream"):
        whole = json.dumps(protocol.whole(reply, prompt, body))
        wire = BodyWire(request, content_type="application/json")
        await Delivery(wire, hit).send(Piece(whole, weight=1, end=True, due_s=due_s))
        return await wire.end()
    wire = BodyWire(request, content_type="text/event-stream", keep_alive=protocol.KEEP_ALIVE)
    delivery = Delivery(wire, hit)
    first = True
    for piece in protocol.stream(reply, prompt, body):
        if piece.weight and not first:
            due_s += house.wait_s(seat, "next")
        first = first and not piece.weight
        if not await delivery.send(replace(piece, due_s=due_s)):
            break
    return await wire.end()


async def _reply(house: House, prompt: Prompt, mind: Mind, hit: Hit) -> Reply:
    if "blank_text" in hit:
        return Reply(_BLANK)
    if "unknown_tool" in hit:
        return Reply(calls=(ToolCall(UNKNOWN_TOOL, "{}"),))
    reply = house.script.reply(prompt) or await asyncio.to_thread(mind, prompt)
    return reply.with_cut_arguments() if "cut_arguments" in hit else reply
