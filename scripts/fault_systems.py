"""The server processes that are compared, each led to stand-ins of its own."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from rehearsal.loopback_server import serve_on_loopback
from rehearsal.order_desk import ORDER_DESK_URL, OrderDesk
from rehearsal.server_process import ServerProcess
from rehearsal.standins import StandIns
from scripts.fault_cells import BACKUPS, SEATS, System

FRESH_CALLS = "FAULT_FRESH_CALLS"
"""The variable that makes Switchboard's server forget its providers' failures at every call."""

BOT = "fault_bot"


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
) -> AsyncIterator[tuple[ServerProcess, str]]:
    """The running process and the voice webhook to dial."""
    env = {
        **env,
        **providers.env(*SEATS.values(), *BACKUPS.values()),
        ORDER_DESK_URL: desk.url,
        "LOG_LEVEL": "DEBUG",
    }
    if system == "stock":
        async with RunnerProcess(env=env, log=log) as server, _tunnel(server.url) as webhook:
            yield server, webhook
        return
    command = [sys.executable, "-m", "scripts.fault_server"]
    chosen = {
        stage.upper(): f"{seat},{BACKUPS[stage]}" if system == "backup" else seat
        for stage, seat in SEATS.items()
    }
    env = {**env, **chosen, FRESH_CALLS: "1", "DRAIN_S": "1"}
    async with ServerProcess(command, env=env, log=log) as server:
        yield server, f"{server.url}/twilio/voice?bot={BOT}"


@asynccontextmanager
async def _tunnel(url: str) -> AsyncIterator[str]:
    """The public address in front of the runner, which itself has no TLS: here without, too."""

    async def webhook(request: web.Request) -> web.Response:
        async with aiohttp.ClientSession() as session, session.post(f"{url}/") as answer:
            twiml = (await answer.text()).replace("wss://", "ws://")
        return web.Response(text=twiml, content_type="application/xml")

    app = web.Application()
    app.router.add_post("/", webhook)
    async with serve_on_loopback(app) as tunnel:
        yield f"{tunnel}/"
