"""HTTP connections that are open before they are needed, and stay open for the whole call.

What streams over a WebSocket is connected by Pipecat while the pipeline is set up. What is asked
over HTTP would connect at its first request: then the caller waits for name, handshake and TLS.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from typing import Any, TypeVar, cast

from loguru import logger
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.services.ai_service import AIService
from pipecat.utils.http import AsyncHTTPClient, connection_limits

Service = TypeVar("Service", bound=AIService)
Ask = Callable[[Any], Awaitable[object]]


async def ask_head(service: Any) -> None:
    """Ask the address of a service's OpenAI-like client for next to nothing."""
    client = service._client
    await client._client.head(client.base_url)


@cache
def opened_early(service: type[Service], ask: Ask = ask_head) -> type[Service]:
    """A service whose connection is opened while its pipeline is set up.

    Parameters:
        service: The service's class. Its client is in `_client`.
        ask: What opens the connection. Its answer does not matter.
    """

    class OpenedEarly(service):  # pyright: ignore[reportGeneralTypeIssues]
        _opening: asyncio.Task[None] | None = None

        async def setup(self, setup: FrameProcessorSetup) -> None:
            await super().setup(setup)
            self._opening = self.create_task(self._open(), "opening the connection")

        async def cleanup(self) -> None:
            if self._opening:
                await self.cancel_task(self._opening)
                self._opening = None
            await super().cleanup()
            # Pipecat leaves most clients that its services made to the garbage collector.
            close = getattr(cast(Any, self)._client, "close", None)
            if inspect.iscoroutinefunction(close):
                await close()

        async def _open(self) -> None:
            try:
                await ask(self)
            except Exception as error:
                # The first request will say it again, and aloud.
                logger.debug(f"{self} could not open its connection early: {error!r}")

    # It goes by the service's name in logs, metrics and records.
    OpenedEarly.__name__ = OpenedEarly.__qualname__ = service.__name__
    return cast(type[Service], OpenedEarly)


def patient_client(sdk: str) -> AsyncHTTPClient:
    """An HTTP client for the SDK `openai` or `anthropic` that keeps its connections.

    The SDKs' own drop a connection that is not used for five seconds, which is a caller's turn.
    """
    limits = connection_limits(
        max_connections=100, max_keepalive_connections=20, keepalive_expiry=None
    )
    return import_module(sdk).DefaultAsyncHttpxClient(limits=limits)
