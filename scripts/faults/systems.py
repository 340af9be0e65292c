"""The server processes that are compared, each led to stand-ins of its own."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import aiohttp
from aiohttp import web

from rehearsal.loopback_server import serve_on_loopback
from rehearsal.order_desk import ORDER_DESK_URL, OrderDesk
from rehearsal.server_process import ServerProcess
from rehearsal.standins import StandIns
from scripts.faults.cells import BACKUPS, SEATS, System

Bot = Literal["fresh", "plain", "home_store"]
"""`fresh` finds all providers as if none had ever failed, so that what one call meets says nothing
of the next. `plain` finds them as the calls before have left them. Stock Pipecat has no memory of
its providers: there the two are one. `home_store` is the fresh one, with a recording."""

# Only the fresh bot asks speech-to-text for this word, by which its connections are known.
FRESH_KEYTERM = "Maple"


class RunnerProcess(ServerProcess):
    """Pipecat's development runner with the stock bot; it has no /readyz."""

    def __init__(self, *, env: Mapping[str, str], log: Path) -> None:
        super().__init__([], env=env, log=log)
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        proxy = ["-t", "twilio", "-x", f"127.0.0.1:{self.port}"]
        self._command = [sys.executable, "-m", "rehearsal.stock_bot", *where, *proxy]

    async def _ask_until_ready(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.post(f"{self.url}/") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.1)


@asynccontextmanager
async def served(
    system: System, providers: StandIns, desk: OrderDesk, env: Mapping[str, str], log: Path
) -> AsyncIterator[ServerProcess]:
    """The running server process."""
    env = {
        **env,
        **providers.env(*SEATS.values(), *BACKUPS.values()),
        ORDER_DESK_URL: desk.url,
        "LOG_LEVEL": "DEBUG",
    }
    if system == "stock":
        async with RunnerProcess(env=env, log=log) as server:
            yield server
        return
    command = [sys.executable, "-m", "scripts.faults.server"]
    chosen = {
        stage.upper(): f"{seat},{BACKUPS[stage]}" if system == "backup" else seat
        for stage, seat in SEATS.items()
    }
    async with ServerProcess(command, env={**env, **chosen, "DRAIN_S": "1"}, log=log) as server:
        yield server


@asynccontextmanager
async def webhook(system: System, server: ServerProcess) -> AsyncIterator[Callable[[Bot], str]]:
    """The address to dial for a bot."""
    if system != "stock":
        yield lambda bot: f"{server.url}/twilio/voice?bot={bot}"
        return
    async with serve_on_loopback(_tunnel(server.url)) as tunnel:
        yield lambda bot: f"{tunnel}/"


def _tunnel(url: str) -> web.Application:
    """The public address in front of the runner, which itself has no TLS: here without, too."""

    async def ask_the_runner(request: web.Request) -> web.Response:
        async with aiohttp.ClientSession() as session, session.post(f"{url}/") as answer:
            twiml = (await answer.text()).replace("wss://", "ws://")
        return web.Response(text=twiml, content_type="application/xml")

    app = web.Application()
    app.router.add_post("/", ask_the_runner)
    return app
