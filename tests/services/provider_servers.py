"""Small servers that take a session as a provider does, and count who came in."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

RIGHT_KEY = "the-right-key-of-the-provider"
WRONG_KEY = "a-wrong-key-of-somebody"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Provider:
    """One server. `connections` are counted as TCP connections, `asked` are methods and paths."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._peers: set[Any] = set()
        self._app = web.Application()
        self._server = TestServer(self._app, host="127.0.0.1")

    @property
    def connections(self) -> int:
        return len(self._peers)

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    def answer_head(self) -> None:
        """Answer whoever asks for a head, at any path."""

        async def head(request: web.Request) -> web.StreamResponse:
            return web.Response(status=404)

        self.route("HEAD", "/{path:.*}", head)

    def route(self, method: str, path: str, handler: Handler) -> None:
        async def counted(request: web.Request) -> web.StreamResponse:
            assert request.transport
            self.asked.append(f"{request.method} {request.path}")
            self._peers.add(request.transport.get_extra_info("peername"))
            if WRONG_KEY in str(dict(request.headers)):
                return web.json_response({"error": {"message": f"bad key {WRONG_KEY}"}}, status=401)
            return await handler(request)

        self._app.router.add_route(method, path, counted)

    async def start(self) -> None:
        await self._server.start_server()

    async def close(self) -> None:
        await self._server.close()


@asynccontextmanager
async def serving(*handlers: Handler) -> AsyncIterator[Provider]:
    """A server with these of the handlers below."""
    provider = Provider()
    provider.answer_head()
    for handler in handlers:
        provider.route(*ROUTES[handler], handler)
    await provider.start()
    try:
        yield provider
    finally:
        await provider.close()


async def chat(request: web.Request) -> web.StreamResponse:
    """OpenAI's chat completions, streamed: one word."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for delta, reason in (({"role": "assistant", "content": "Yes."}, None), ({}, "stop")):
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [choice],
        }
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    return response


async def messages(request: web.Request) -> web.StreamResponse:
    """Anthropic's messages, streamed: one word."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    events = (
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "Yes."},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": usage,
        },
        {"type": "message_stop"},
    )
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in events:
        await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    return response


async def models(request: web.Request) -> web.StreamResponse:
    """OpenAI's list of models."""
    return web.json_response({"object": "list", "data": []})


async def listen(request: web.Request) -> web.StreamResponse:
    """Deepgram's live transcription: it hears nothing."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT and "CloseStream" in message.data:
            break
    return socket


async def flux(request: web.Request) -> web.StreamResponse:
    """Deepgram Flux: it says that it is there."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_json({"type": "Connected", "request_id": "r", "sequence_id": 0})
    async for message in socket:
        if message.type is WSMsgType.TEXT and "CloseStream" in message.data:
            break
    return socket


async def revoked(request: web.Request) -> web.StreamResponse:
    """AssemblyAI, which lets everybody in and then looks at the key."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.close(code=1008, message=b"Unauthorized connection")
    return socket


async def universal(request: web.Request) -> web.StreamResponse:
    """AssemblyAI: it says that the session has begun."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_json({"type": "Begin", "id": "s", "expires_at": 1})
    async for message in socket:
        if message.type is WSMsgType.TEXT and "Terminate" in message.data:
            break
    return socket


async def aura(request: web.Request) -> web.StreamResponse:
    """Deepgram's speech: a tenth of a second of silence for every text."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if json.loads(message.data)["type"] == "Speak":
            await socket.send_bytes(bytes(4800))
    return socket


async def flash(request: web.Request) -> web.StreamResponse:
    """ElevenLabs: a tenth of a second of silence for every text."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        asked = json.loads(message.data)
        if asked.get("text", "").strip():
            audio = base64.b64encode(bytes(4800)).decode()
            await socket.send_json({"audio": audio, "contextId": asked["context_id"]})
    return socket


async def coda(request: web.Request) -> web.StreamResponse:
    """Rime: a tenth of a second of silence for every text."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        asked = json.loads(message.data)
        if asked.get("text", "").strip():
            audio = base64.b64encode(bytes(4800)).decode()
            chunk = {"type": "chunk", "data": audio, "contextId": asked.get("contextId")}
            await socket.send_json(chunk)
    return socket


async def gemini(request: web.Request) -> web.StreamResponse:
    """Gemini, streamed: one word."""
    content = {"role": "model", "parts": [{"text": "Yes."}]}
    chunk = {"candidates": [{"content": content, "finishReason": "STOP"}]}
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(f"data: {json.dumps(chunk)}\r\n\r\n".encode())
    return response


async def sonic(request: web.Request) -> web.StreamResponse:
    """Cartesia: a tenth of a second of silence for every text."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        asked = json.loads(message.data)
        if asked.get("transcript"):
            audio = base64.b64encode(bytes(4800)).decode()
            answer = {"type": "chunk", "context_id": asked["context_id"], "data": audio}
            await socket.send_json({**answer, "done": False, "status_code": 206, "step_time": 1})
    return socket


async def speech(request: web.Request) -> web.StreamResponse:
    """OpenAI's speech: a tenth of a second of silence."""
    return web.Response(body=bytes(4800), content_type="audio/pcm")


async def silent(request: web.Request) -> web.StreamResponse:
    """Chat completions that are never answered."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await request.content.read()
    await asyncio.Event().wait()
    return response


async def no_such_model(request: web.Request) -> web.StreamResponse:
    """Chat completions of an unknown model, with the key in the answer."""
    key = request.headers["Authorization"].removeprefix("Bearer ")
    error = {"message": f"The model does not exist or {key} has no access", "code": 404}
    return web.json_response({"error": error}, status=404)


ROUTES: dict[Handler, tuple[str, str]] = {
    chat: ("POST", "/v1/chat/completions"),
    silent: ("POST", "/v1/chat/completions"),
    no_such_model: ("POST", "/v1/chat/completions"),
    messages: ("POST", "/v1/messages"),
    models: ("GET", "/v1/models"),
    listen: ("GET", "/v1/listen"),
    flux: ("GET", "/v2/listen"),
    revoked: ("GET", "/v3/ws"),
    sonic: ("GET", "/tts/websocket"),
    universal: ("GET", "/v3/ws"),
    aura: ("GET", "/v1/speak"),
    flash: ("GET", "/v1/text-to-speech/{voice}/multi-stream-input"),
    coda: ("GET", "/ws3"),
    gemini: ("POST", "/v1beta/models/{model}"),
    speech: ("POST", "/v1/audio/speech"),
}
