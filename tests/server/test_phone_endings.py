"""However a phone call ends, it leaves nothing running, open or half-done."""

import asyncio
import contextlib
import importlib.util
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import ModuleType

import aiohttp
import psutil
import pytest
from conftest import TOKEN
from pydantic import SecretStr

from rehearsal.phone import TurnedAway, TwilioPhone
from rehearsal.server_process import free_port
from server.house import House
from server.lines import Lines
from server.serve import DrainingServer
from services.choice import choose
from settings import Settings


def load_slow_desk() -> ModuleType:
    path = Path(__file__).parent / "bots" / "slow_desk.py"
    spec = importlib.util.spec_from_file_location("slow_desk", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["slow_desk"] = module
    spec.loader.exec_module(module)
    return module


class Exchange:
    """A server in this process, so that its tasks and threads can be counted."""

    def __init__(self, house: House, desk: ModuleType) -> None:
        self.house = house
        self.desk = desk
        settings = house.settings
        self.webhook = f"http://127.0.0.1:{settings.port}/twilio/voice?bot=slow_desk"

    @contextlib.asynccontextmanager
    async def ring(self) -> AsyncIterator[TwilioPhone]:
        async with TwilioPhone(auth_token=TOKEN) as phone:
            await phone.dial(self.webhook)
            await phone.wait_for_answer(quiet_ms=300)
            yield phone

    async def all_calls_over(self) -> None:
        await self.house.calls.finish(at_most_s=20)
        assert self.house.lines.in_use == 0


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    settings = Settings.load().model_copy(
        update={
            "twilio_auth_token": SecretStr(TOKEN),
            "port": free_port(),
            "data_dir": tmp_path / "data",
            "max_calls": 1,
            "call_files": True,
        }
    )
    desk = load_slow_desk()
    house = House(settings, choose(settings), {"slow_desk": desk.bot}, Lines(1))
    server = DrainingServer(house)
    serving = asyncio.create_task(server.serve())
    async with aiohttp.ClientSession() as session:
        await until_ready(session, f"http://127.0.0.1:{settings.port}/readyz", serving)
    yield Exchange(house, desk)
    server.should_exit = True
    await serving


async def until_ready(session: aiohttp.ClientSession, url: str, serving: asyncio.Task) -> None:
    while not serving.done():
        with contextlib.suppress(aiohttp.ClientError):
            await session.get(url)
            return
        await asyncio.sleep(0.01)


async def hangs_up(exchange: Exchange) -> None:
    async with exchange.ring():
        pass


async def drops_the_line(exchange: Exchange) -> None:
    async with exchange.ring() as phone:
        await phone.hang_up(abrupt=True)


async def drops_the_line_during_a_tool(exchange: Exchange) -> None:
    exchange.desk.started.clear()
    async with exchange.ring() as phone:
        await phone.press("1#")
        await exchange.desk.started.wait()
        assert exchange.desk.running
        await phone.hang_up(abrupt=True)


async def sends_nonsense(exchange: Exchange) -> None:
    async with exchange.ring() as phone:
        await phone._send('{"event": "media"}')
        await phone.ended.wait()
        assert phone.ended_by == "server"


async def sends_more_than_a_socket_reads(exchange: Exchange) -> None:
    async with exchange.ring() as phone:
        await phone._send("x" * 100_000)
        await phone.ended.wait()
        assert phone.ended_by == "server"


async def hangs_up_while_the_bot_speaks(exchange: Exchange) -> None:
    async with TwilioPhone(auth_token=TOKEN) as phone:
        await phone.dial(exchange.webhook)
        await phone.wait_until_heard()


def open_things() -> tuple[int, int]:
    process = psutil.Process(os.getpid())
    return process.num_fds(), len(process.net_connections())


async def ended(threads: set[threading.Thread]) -> None:
    """Pipecat lets an executor's thread end by itself: soon, but not at once."""
    for thread in threads:
        await asyncio.to_thread(thread.join, 10)
    assert not [
        thread.name for thread in threads if thread.is_alive() and "asyncio" not in thread.name
    ]


async def settled() -> None:
    """Let callbacks of what has just ended run."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "ending",
    [
        hangs_up,
        drops_the_line,
        drops_the_line_during_a_tool,
        sends_nonsense,
        sends_more_than_a_socket_reads,
        hangs_up_while_the_bot_speaks,
    ],
)
async def test_call_that_ends_leaves_no_task_thread_or_handle(
    exchange: Exchange, ending: Callable[[Exchange], Awaitable[None]]
) -> None:
    # The first call warms up what the process keeps: executors, models, the embedded voice.
    await hangs_up(exchange)
    await exchange.all_calls_over()
    await settled()
    before = set(asyncio.all_tasks())
    threads, things = set(threading.enumerate()), open_things()

    await ending(exchange)
    await exchange.all_calls_over()
    await settled()

    left = set(asyncio.all_tasks()) - before
    assert not left, [task.get_name() for task in left]
    await ended(set(threading.enumerate()) - threads)
    assert open_things()[0] <= things[0]
    assert not exchange.desk.running


async def test_second_caller_hears_that_all_lines_are_busy_and_the_first_goes_on(
    exchange: Exchange,
) -> None:
    async with exchange.ring() as first:
        async with TwilioPhone(auth_token=TOKEN) as second:
            with pytest.raises(TurnedAway, match="All lines are busy"):
                await second.dial(exchange.webhook)
        assert not first.over
    await exchange.all_calls_over()


async def test_slow_tool_is_bridged_with_a_phrase_that_fits_it(exchange: Exchange) -> None:
    async with exchange.ring() as phone:
        asked_s = phone.now_s
        await phone.press("1#")
        await phone.wait_for_answer(after_s=asked_s + 0.3, quiet_ms=300)
    await exchange.all_calls_over()
    (record,) = (exchange.house.settings.data_dir / "calls").glob("*.jsonl")
    assert "look_up" in record.read_text()
