"""A real server process on a free loopback port, for as long as a context lasts."""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

# Linux, macOS and Windows all give outgoing connections ports from 32768 on.
_NO_CLIENTS_PORTS = range(20_000, 32_000)


class ServerFailed(RuntimeError):
    """The server ended or never became ready; the message holds its last log lines."""


class ServerProcess:
    """Starts `command` with HOST, PORT and PUBLIC_URL set, waits until /readyz answers 200.

    stdout and stderr go to `log`. On leaving, the process gets SIGTERM and is waited for; SIGKILL
    only after `stop_timeout_s`. `port` 0: a free one.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        port: int = 0,
        ready_timeout_s: float = 90,
        stop_timeout_s: float = 15,
    ) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = list(command)
        own = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            # What happens in a call is followed from outside, word by word; nobody's are real.
            "CALL_FILES": "true",
            "KEEPS": "everything",
        }
        self._env = {**os.environ, **own, **env}
        self._log = log
        self._ready_timeout_s = ready_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def terminate(self) -> None:
        """Ask the process to end (SIGTERM), and go on."""
        assert self._process is not None
        self._process.terminate()

    async def exit_code(self) -> int:
        """Wait for the process to end by itself."""
        assert self._process is not None
        return await self._process.wait()

    async def __aenter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
            )
        try:
            await self._until_ready(self._process)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        died = asyncio.create_task(process.wait())
        ready = asyncio.create_task(self._ask_until_ready())
        try:
            await asyncio.wait(
                {died, ready},
                timeout=self._ready_timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if died.done():
                raise self._failed(f"The server ended at start with code {died.result()}.")
            if not ready.done():
                raise self._failed(f"The server was not ready after {self._ready_timeout_s:g} s.")
        finally:
            for task in (died, ready):
                task.cancel()
            await asyncio.gather(died, ready, return_exceptions=True)

    async def _ask_until_ready(self) -> None:
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{self.url}/readyz") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.05)

    def _failed(self, sentence: str) -> ServerFailed:
        last = "\n".join(last_lines(self._log, 15))
        return ServerFailed(f"{sentence} Its last words ({self._log}):\n{last}")

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._stop_timeout_s)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on at the moment.

    None that the system gives to outgoing connections: one of those may take it meanwhile.
    """
    while True:
        port = secrets.choice(_NO_CLIENTS_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def last_lines(path: Path, count: int) -> list[str]:
    return path.read_text(errors="replace").splitlines()[-count:]
