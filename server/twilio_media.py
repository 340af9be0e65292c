"""A phone's audio: the media WebSocket, guarded message by message."""

import asyncio

from loguru import logger
from pipecat.runner.types import CallData, WebSocketRunnerArguments
from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from calls.marks import Marks
from calls.twilio_audio import Heard
from server.house import house_of
from server.media_messages import Mark, Media, Refusal, Start, Stop, StreamOrder, parse
from server.stream_tokens import AwaitedStream, StreamTokens

# Twilio sends `connected` and `start` with the first packets.
_START_AT_MOST_S = 5.0

_POLICY_VIOLATION = 1008
_INTERNAL_ERROR = 1011


class TwilioSocket(WebSocket):
    """A media socket that lets only Twilio's messages through, in Twilio's order.

    Anything else ends the call on this socket, and no other, with a line in the log. To the
    pipeline it looks like a caller who hung up.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self.state.marks = Marks()
        self.state.heard = Heard()
        self._order = StreamOrder()
        self.started: Start | None = None

    async def receive(self) -> AsgiMessage:
        message = await super().receive()
        if message["type"] == "websocket.disconnect" and message.get("code") == 1009:
            logger.warning("A media stream was ended: a message of more than the socket reads.")
        if message["type"] != "websocket.receive":
            return message
        read = parse(message.get("text"))
        refusal = read if isinstance(read, Refusal) else self._order.check(read)
        if refusal:
            logger.warning(f"A media stream was ended: {refusal.why}.")
            return await self._end(_POLICY_VIOLATION)
        match read:
            case Start():
                self.started = read
            case Media(audio=audio):
                self.state.heard.media(message["text"], audio)
            case Mark(name=name):
                self.state.marks.came_back(name)
            case Stop():
                return await self._end(1000)
        return message

    async def receive_start(self) -> Start | None:
        """Read up to the stream's `start`. None when it does not come."""
        try:
            async with asyncio.timeout(_START_AT_MOST_S):
                while not self.started:
                    if (await self.receive())["type"] == "websocket.disconnect":
                        return None
        except TimeoutError:
            logger.warning(f"A media stream was ended: no `start` within {_START_AT_MOST_S} s.")
            await self._end(_POLICY_VIOLATION)
        return self.started

    async def refuse(self, why: str) -> None:
        logger.warning(f"A media stream was ended: {why}.")
        await self._end(_POLICY_VIOLATION)

    async def hang_up(self) -> None:
        """The call is over. The pipeline closes its socket itself, unless it never ran."""
        await self._end(_INTERNAL_ERROR)

    async def _end(self, code: int) -> AsgiMessage:
        both = (self.client_state, self.application_state)
        if both == (WebSocketState.CONNECTED, WebSocketState.CONNECTED):
            await self.close(code)
        self.client_state = WebSocketState.DISCONNECTED
        return {"type": "websocket.disconnect", "code": code}


async def media(scope: Scope, receive: Receive, send: Send) -> None:
    """The endpoint `/twilio/media/{token}`, as an ASGI application."""
    socket = TwilioSocket(scope, receive, send)
    tokens: StreamTokens = socket.app.state.stream_tokens
    stream = tokens.redeem(socket.path_params.get("token", ""))
    if stream is None:
        logger.warning("Refused a media stream: its token is missing, used, expired or foreign.")
        await socket.close(_POLICY_VIOLATION)
        return
    try:
        await socket.accept()
        start = await socket.receive_start()
        if start and start.call_sid != stream.call_sid:
            await socket.refuse("its token was given to another call")
            start = None
    except (WebSocketDisconnect, RuntimeError):
        start = None
    if start is None:
        stream.line.release()
        return
    await _put_through(socket, start, stream)


async def _put_through(socket: TwilioSocket, start: Start, stream: AwaitedStream) -> None:
    house = house_of(socket)
    args = WebSocketRunnerArguments(
        websocket=socket,
        transport_type="twilio",
        session_id=start.call_sid,
        call_data=CallData.model_validate(
            {
                "stream_id": start.stream_sid,
                "call_id": start.call_sid,
                "from": stream.caller,
                "to": stream.called,
            }
        ),
    )
    task = house.put_through(stream.line, stream.bot, args)
    # The socket lives as long as this endpoint runs.
    await asyncio.wait({task})
    await socket.hang_up()
