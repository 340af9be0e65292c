import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from pipecat.transports.daily.utils import (
    DailyRESTHelper,
    DailyRoomParams,
    DailyRoomProperties,
)

from rehearsal.daily_rest import DailyRest

KEY = "daily-key"


@pytest.fixture
async def daily() -> AsyncIterator[DailyRest]:
    async with DailyRest(KEY) as daily:
        yield daily


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def helper(daily: DailyRest, session: aiohttp.ClientSession, key: str = KEY) -> DailyRESTHelper:
    return DailyRESTHelper(daily_api_key=key, daily_api_url=daily.api_url, aiohttp_session=session)


async def test_pipecat_makes_a_room_and_a_token_and_removes_the_room(
    daily: DailyRest, session: aiohttp.ClientSession
) -> None:
    rest = helper(daily, session)
    expires = time.time() + 600
    room = await rest.create_room(
        DailyRoomParams(properties=DailyRoomProperties(exp=expires, eject_at_room_exp=True))
    )
    assert room.url == f"https://rehearsal.daily.co/{room.name}"
    assert room.config.exp == expires
    assert room.config.eject_at_room_exp

    token = await rest.get_token(room.url, expiry_time=600, owner=True)
    claims = daily.claims_of(token)
    assert (claims["r"], claims["o"], claims["d"]) == (room.name, True, "rehearsal")
    assert token.count(".") == 2

    assert (await rest.get_room_from_url(room.url)).id == room.id
    await rest.delete_room_by_url(room.url)
    assert daily.rooms == {}
    assert [(r.method, r.path) for r in daily.received] == [
        ("POST", "/rooms"),
        ("POST", "/meeting-tokens"),
        ("GET", f"/rooms/{room.name}"),
        ("DELETE", f"/rooms/{room.name}"),
    ]


async def test_a_wrong_key_makes_no_room(daily: DailyRest, session: aiohttp.ClientSession) -> None:
    with pytest.raises(Exception, match=r"status: 401.*authentication-error"):
        await helper(daily, session, key="wrong").create_room(DailyRoomParams())
    assert daily.received == []


@pytest.mark.parametrize(
    ("params", "why"),
    [
        (DailyRoomParams(name="taken"), "already exists"),
        (DailyRoomParams(properties=DailyRoomProperties(exp=1.0)), "in the past"),
    ],
)
async def test_rooms_that_daily_would_refuse_are_refused(
    daily: DailyRest, session: aiohttp.ClientSession, params: DailyRoomParams, why: str
) -> None:
    rest = helper(daily, session)
    await rest.create_room(DailyRoomParams(name="taken"))
    with pytest.raises(Exception, match=f"status: 400.*invalid-request-error.*{why}"):
        await rest.create_room(params)


async def test_no_token_for_a_room_that_is_not_there(
    daily: DailyRest, session: aiohttp.ClientSession
) -> None:
    with pytest.raises(Exception, match="does not exist"):
        await helper(daily, session).get_token("https://rehearsal.daily.co/nowhere")


async def test_it_refuses_on_order_and_accepts_again(
    daily: DailyRest, session: aiohttp.ClientSession
) -> None:
    rest = helper(daily, session)
    daily.refuse(503, "server-error", "come back later")
    with pytest.raises(Exception, match="status: 503"):
        await rest.create_room(DailyRoomParams())
    daily.accept()
    assert (await rest.create_room(DailyRoomParams())).api_created


async def test_a_room_that_is_gone_is_not_found(
    daily: DailyRest, session: aiohttp.ClientSession
) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with session.get(f"{daily.api_url}/rooms/nowhere", headers=headers) as response:
        assert response.status == 404
        assert (await response.json())["error"] == "not-found"
