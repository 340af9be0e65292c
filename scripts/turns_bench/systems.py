"""The server processes whose turns are compared."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, get_args

import aiohttp
from aiohttp import web

from rehearsal.loopback_server import serve_on_loopback
from rehearsal.server_process import ServerProcess
from scripts.turns_bench.cores import command_on

System = Literal["switchboard", "stock", "livekit", "livekit-model"]
"""LiveKit Agents twice: it ends turns by voice activity, or by its own model (its default), which
is not sure of synthetic voices."""

SYSTEMS: tuple[System, ...] = get_args(System)
USUAL: tuple[System, ...] = ("switchboard", "stock", "livekit")
TITLES: Mapping[str, str] = {
    "switchboard": "Switchboard",
    "switchboard-web": "Switchboard over WebRTC",
    "stock": "stock Pipecat",
    "livekit": "LiveKit Agents",
    "livekit-model": "LiveKit Agents with its model",
    "floor": "the providers' own times",
}


class RunnerProcess(ServerProcess):
    """Pipecat's development runner with the stock bot; it has no /readyz."""

    def __init__(self, cores: Collection[int], *, env: Mapping[str, str], log: Path) -> None:
        super().__init__([], env=env, log=log)
        where = ["--host", "127.0.0.1", "--port", str(self.port)]
        proxy = ["-t", "twilio", "-x", f"127.0.0.1:{self.port}"]
        runner = [sys.executable, "-m", "rehearsal.turns.stock_bot", *where, *proxy]
        self._command = command_on(cores, runner)

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
    system: System,
    env: Mapping[str, str],
    log: Path,
    *,
    cores: Collection[int],
    livekit_python: Path,
    max_calls: int,
) -> AsyncIterator[tuple[ServerProcess, str]]:
    """The running server process, and the address of its voice webhook."""
    match system:
        case "switchboard":
            module = "scripts.turns_bench.switchboard_server"
            command = command_on(cores, [sys.executable, "-m", module])
            stages = {"STT": "deepgram", "LLM": "openai", "TTS": "cartesia"}
            more = {**stages, "MAX_CALLS": str(max_calls), "DRAIN_S": "1"}
            async with ServerProcess(command, env={**env, **more}, log=log) as server:
                yield server, f"{server.url}/twilio/voice?bot=turns"
        case "stock":
            async with (
                RunnerProcess(cores, env=env, log=log) as server,
                serve_on_loopback(_tunnel(server.url)) as tunnel,
            ):
                yield server, f"{tunnel}/"
        case "livekit" | "livekit-model":
            command = command_on(cores, [str(livekit_python), "-m", "rehearsal.livekit_bot"])
            turns = {"LIVEKIT_TURNS": "model" if system == "livekit-model" else "vad"}
            async with ServerProcess(command, env={**env, **turns}, log=log) as server:
                yield server, f"{server.url}/"


def _tunnel(url: str) -> web.Application:
    """The public address in front of the runner, which itself has no TLS: here without, too."""

    async def ask_the_runner(request: web.Request) -> web.Response:
        async with aiohttp.ClientSession() as session, session.post(f"{url}/") as answer:
            twiml = (await answer.text()).replace("wss://", "ws://")
        return web.Response(text=twiml, content_type="application/xml")

    app = web.Application()
    app.router.add_post("/", ask_the_runner)
    return app
