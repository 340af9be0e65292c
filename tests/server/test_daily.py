"""Calls over Daily: a room and two tokens from Daily's REST API, and the bot in the room."""

import asyncio
from pathlib import Path

import httpx
import pytest
from pipecat.pipeline.pipeline import Pipeline
from pipecat.transports.daily.transport import DailyTransport
from pydantic import SecretStr

from calls import Bot, Call
from rehearsal.daily_rest import DailyRest
from server.app import create_app
from server.house import House
from server.lines import Lines
from services.choice import choose
from settings import Settings

KEY = "the-key-of-the-daily-account"


class Greeter:
    """A bot that notes the calls it gets and hangs up."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.bot = Bot(name="greeter", sentence="Greets.", build=self.build)

    async def build(self, call: Call) -> Pipeline:
        self.calls.append(call)
        raise RuntimeError("hung up")


def house_with_daily(api_url: str, bot: Bot, data_dir: Path) -> House:
    settings = Settings.load().model_copy(
        update={"daily_api_key": SecretStr(KEY), "daily_api_url": api_url, "data_dir": data_dir}
    )
    return House(settings, choose(settings), {bot.name: bot}, Lines(1))


def client_of(house: House) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(house))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def test_page_gets_a_room_and_the_bot_joins_it(tmp_path: Path) -> None:
    greeter = Greeter()
    async with DailyRest(KEY) as daily:
        house = house_with_daily(daily.api_url, greeter.bot, tmp_path)
        async with client_of(house) as client:
            wanted = {"transport": "daily", "createDailyRoom": True, "body": {"bot": "greeter"}}
            answer = (await client.post("/start", json=wanted)).json()
        assert daily.claims_of(answer["dailyToken"])["o"] is False
        room_name = answer["dailyRoom"].rsplit("/", 1)[1]
        made = daily.received[0]
        assert (made.path, made.body["privacy"]) == ("/rooms", "private")
        assert made.body["properties"]["eject_at_room_exp"] is True
        owners = [r.body["properties"] for r in daily.received if r.path == "/meeting-tokens"]
        assert [properties["is_owner"] for properties in owners] == [True, False]
        assert {properties["room_name"] for properties in owners} == {room_name}

        await house.calls.finish(at_most_s=10)
        assert daily.rooms == {}, "the room is gone when the call is over"
    (call,) = greeter.calls
    assert call.channel == "daily"
    assert isinstance(call.transport, DailyTransport)
    assert call.id == answer["sessionId"]
    assert house.lines.in_use == 0


async def test_caller_is_told_when_daily_makes_no_room(tmp_path: Path) -> None:
    greeter = Greeter()
    async with DailyRest(KEY) as daily:
        daily.refuse(500, "server-error", "out of rooms")
        house = house_with_daily(daily.api_url, greeter.bot, tmp_path)
        async with client_of(house) as client:
            answer = await client.post("/start", json={"transport": "daily"})
    assert answer.status_code == 502
    assert "out of rooms" in answer.json()["error"]
    assert KEY not in answer.text
    assert (house.lines.in_use, greeter.calls) == (0, [])


async def test_caller_beyond_the_last_line_costs_no_room(tmp_path: Path) -> None:
    async with DailyRest(KEY) as daily:
        house = house_with_daily(daily.api_url, Greeter().bot, tmp_path)
        house.lines.take()
        async with client_of(house) as client:
            answer = await client.post("/start", json={"transport": "daily"})
        assert daily.received == []
    assert answer.status_code == 503
    assert "busy" in answer.json()["error"]


async def test_daily_that_hangs_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import aiohttp

    import server.daily

    monkeypatch.setattr(server.daily, "_AT_MOST", aiohttp.ClientTimeout(total=0.05))
    connected: list[asyncio.StreamWriter] = []

    async def accept_and_say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer)

    silent = await asyncio.start_server(accept_and_say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    house = house_with_daily(f"http://127.0.0.1:{port}/v1", Greeter().bot, tmp_path)
    async with client_of(house) as client:
        answer = await client.post("/start", json={"transport": "daily"})
    for writer in connected:
        writer.close()
    silent.close()
    assert answer.status_code == 502
    assert house.lines.in_use == 0
