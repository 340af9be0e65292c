"""Browser calls over Daily: a room and two tokens for every call."""

import time
import uuid
from dataclasses import dataclass

import aiohttp
from fastapi import HTTPException
from loguru import logger
from pipecat.runner.types import DailyRunnerArguments
from pipecat.transports.daily.utils import (
    DailyRESTHelper,
    DailyRoomParams,
    DailyRoomProperties,
)

from calls.answer import answer
from calls.bot import Bot
from server.house import House
from server.lines import Line

ROOM_LIFE_S = 2 * 60 * 60

_AT_MOST = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True)
class Room:
    """A Daily room with the tokens of those who meet there."""

    url: str
    bot_token: str
    caller_token: str


async def start_call(house: House, bot: Bot) -> dict[str, str]:
    """Make a room, put the bot into it, and tell the page how to join.

    Raises:
        HTTPException: 503 without a key, 502 when Daily refuses.
        NoLine: when no call can be taken.
    """
    settings = house.settings
    if not settings.daily_key:
        raise HTTPException(
            503,
            "DAILY_API_KEY is not set: calls over Daily are off. "
            "Copy it from the Daily dashboard into .env, or call over SmallWebRTC.",
        )
    line = house.lines.take()
    try:
        room = await _make_room(settings.daily_key, settings.daily_api_url)
    except BaseException as error:
        line.release()
        # Daily's helper raises plain exceptions whose text holds Daily's answer.
        if isinstance(error, Exception):
            logger.error(f"Daily made no room: {error}")
            raise HTTPException(502, f"Daily made no room: {error}") from error
        raise
    session_id = uuid.uuid4().hex
    _put_through(house, line, bot, room, session_id)
    return {"dailyRoom": room.url, "dailyToken": room.caller_token, "sessionId": session_id}


def _put_through(house: House, line: Line, bot: Bot, room: Room, session_id: str) -> None:
    args = DailyRunnerArguments(
        room_url=room.url, token=room.bot_token, body={"bot": bot.name}, session_id=session_id
    )

    async def call_in_room() -> None:
        try:
            await answer(bot, args, house.settings, house.choices)
        finally:
            await _delete_room(house.settings.daily_key, house.settings.daily_api_url, room)

    house.calls.start(line, call_in_room())


async def _make_room(key: str, api_url: str) -> Room:
    async with aiohttp.ClientSession(timeout=_AT_MOST) as session:
        daily = DailyRESTHelper(daily_api_key=key, daily_api_url=api_url, aiohttp_session=session)
        room = await daily.create_room(
            DailyRoomParams(
                name=f"switchboard-{uuid.uuid4().hex[:12]}",
                privacy="private",
                properties=DailyRoomProperties(
                    exp=time.time() + ROOM_LIFE_S, eject_at_room_exp=True, start_video_off=True
                ),
            )
        )
        bot_token = await daily.get_token(room.url, ROOM_LIFE_S, owner=True)
        caller_token = await daily.get_token(room.url, ROOM_LIFE_S, owner=False)
        return Room(room.url, bot_token, caller_token)


async def _delete_room(key: str, api_url: str, room: Room) -> None:
    try:
        async with aiohttp.ClientSession(timeout=_AT_MOST) as session:
            daily = DailyRESTHelper(
                daily_api_key=key, daily_api_url=api_url, aiohttp_session=session
            )
            await daily.delete_room_by_url(room.url)
    except Exception as error:
        # It expires by itself; the call is over either way.
        logger.warning(f"Daily did not delete {room.url}: {error}")
