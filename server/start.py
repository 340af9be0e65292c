"""Pipecat's convention for starting a session, and for asking what can be started."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from server import daily
from server.house import House, house
from server.webrtc import TheSignalling

routes = APIRouter()

TheHouse = Annotated[House, Depends(house)]


class Start(BaseModel):
    """What a client wants: over which transport, and in `body` with which bot."""

    transport: Literal["webrtc", "daily"] | None = None
    createDailyRoom: bool = False
    body: dict[str, Any] = {}
    bot: str | None = None


@routes.post("/start")
async def start(
    house: TheHouse, signalling: TheSignalling, wanted: Start | None = None
) -> dict[str, Any]:
    wanted = wanted or Start()
    bot = house.bot(wanted.bot or wanted.body.get("bot"))
    if wanted.transport == "daily" or (wanted.transport is None and wanted.createDailyRoom):
        return await daily.start_call(house, bot)
    return {"sessionId": signalling.announce({**wanted.body, "bot": bot.name})}


@routes.get("/status")
async def status(house: TheHouse) -> dict[str, Any]:
    """As Pipecat's development runner answers it, for its prebuilt client."""
    transports = ["webrtc", *(["daily"] if house.settings.daily_key else [])]
    return {"status": "ready", "transports": transports}
