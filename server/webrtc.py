"""Browser calls over SmallWebRTC: signalling as Pipecat's clients speak it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pipecat.runner.types import SmallWebRTCRunnerArguments
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    IceCandidate,
    SmallWebRTCPatchRequest,
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)
from pydantic import AliasChoices, BaseModel, Field

from server.house import House, house
from server.lines import NoLine

routes = APIRouter()

TheHouse = Annotated[House, Depends(house)]

_SDP_AT_MOST = 64_000
_ANNOUNCED_AT_MOST = 1000

OnConnection = Callable[[SmallWebRTCConnection], Awaitable[None]]


class Offer(BaseModel):
    """An SDP offer, with what the client wants of the bot in `request_data`."""

    sdp: str = Field(max_length=_SDP_AT_MOST, pattern=r"^v=0[\s\S]*\nm=audio ")
    type: str = Field(pattern="^offer$")
    pc_id: str | None = None
    restart_pc: bool | None = None
    request_data: dict[str, Any] | None = Field(
        None, validation_alias=AliasChoices("request_data", "requestData")
    )


class Candidate(BaseModel):
    candidate: str
    sdp_mid: str
    sdp_mline_index: int


class Candidates(BaseModel):
    """ICE candidates that were found after the offer."""

    pc_id: str
    candidates: list[Candidate] = []


class Signalling:
    """The peer connections of this process, and the sessions that were announced for one."""

    def __init__(self) -> None:
        self.handler = SmallWebRTCRequestHandler()
        # What a client said in POST /start, until its offer arrives.
        self.announced: dict[str, dict[str, Any]] = {}

    def announce(self, body: dict[str, Any]) -> str:
        session_id = uuid.uuid4().hex
        self.announced[session_id] = body
        while len(self.announced) > _ANNOUNCED_AT_MOST:
            self.announced.pop(next(iter(self.announced)))
        return session_id

    async def connect(self, house: House, offer: Offer, session_id: str) -> dict[str, str]:
        """Answer an offer. A new peer connection is a new call and needs a line.

        Raises:
            NoLine: when no call can be taken.
            UnknownBot: when the client asks for a bot that is not there.
            HTTPException: when the offer cannot be understood.
        """
        wanted = {**self.announced.pop(session_id, {}), **(offer.request_data or {})}
        bot = house.bot(wanted.get("bot"))
        refused: NoLine | None = None

        # Called for a new peer connection only, not when a known one is negotiated anew.
        async def on_connection(connection: SmallWebRTCConnection) -> None:
            nonlocal refused
            try:
                line = house.lines.take()
            except NoLine as no_line:
                refused = no_line
                await connection.disconnect()
                return
            args = SmallWebRTCRunnerArguments(
                webrtc_connection=connection, body=wanted, session_id=session_id
            )
            call = house.put_through(line, bot, args)
            # The pipeline closes its connection itself, unless it never ran.
            call.add_done_callback(lambda _: asyncio.ensure_future(connection.disconnect()))

        answer = await self._answer(offer, on_connection)
        if refused:
            raise refused
        return answer

    async def _answer(self, offer: Offer, on_connection: OnConnection) -> dict[str, str]:
        request = SmallWebRTCRequest(
            sdp=offer.sdp, type=offer.type, pc_id=offer.pc_id, restart_pc=offer.restart_pc
        )
        try:
            answer = await self.handler.handle_web_request(request, on_connection)
        except (ValueError, KeyError, IndexError, AttributeError, AssertionError) as error:
            raise HTTPException(400, f"The offer cannot be understood: {error!r}") from error
        assert answer is not None
        return answer


def signalling_of(request: Request) -> Signalling:
    return request.app.state.signalling


TheSignalling = Annotated[Signalling, Depends(signalling_of)]


@routes.post("/api/offer")
async def offer(house: TheHouse, signalling: TheSignalling, offer: Offer) -> dict[str, str]:
    return await signalling.connect(house, offer, uuid.uuid4().hex)


@routes.patch("/api/offer")
async def more_candidates(signalling: TheSignalling, candidates: Candidates) -> dict[str, str]:
    await signalling.handler.handle_patch_request(
        SmallWebRTCPatchRequest(
            pc_id=candidates.pc_id,
            candidates=[IceCandidate(**c.model_dump()) for c in candidates.candidates],
        )
    )
    return {"status": "success"}


@routes.post("/sessions/{session_id}/api/offer")
async def offer_of_a_session(
    house: TheHouse, signalling: TheSignalling, session_id: str, offer: Offer
) -> dict[str, str]:
    if session_id not in signalling.announced and not offer.pc_id:
        raise HTTPException(404, "This session is unknown or over. Ask for one at POST /start.")
    return await signalling.connect(house, offer, session_id)


@routes.patch("/sessions/{session_id}/api/offer")
async def more_candidates_of_a_session(
    signalling: TheSignalling, session_id: str, candidates: Candidates
) -> dict[str, str]:
    return await more_candidates(signalling, candidates)
