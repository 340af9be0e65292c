"""A real HTTP server that takes webhooks, or refuses as many as it is told to."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from calls.webhook.signature import HEADER, is_genuine

SECRET = "whsec-of-the-receiver"


@dataclass
class Receiving:
    """Attributes:
    refuse: So many requests are answered with `status`.
    attempts: The name of every request, refused or taken.
    taken: The bodies of those that were taken.
    """

    refuse: int = 0
    status: int = 503
    attempts: list[str] = field(default_factory=list)
    forged: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def __aenter__(self) -> Self:
        self._changed = asyncio.Condition()
        app = web.Application()
        app.router.add_post("/calls", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/calls"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def until_taken(self, count: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.taken) >= count)

    async def until_tried(self, count: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.attempts) >= count)

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        genuine = is_genuine(body, request.headers[HEADER], SECRET, now_s=time.time())
        self.forged += not genuine
        self.attempts.append(request.headers["Idempotency-Key"])
        refused = len(self.attempts) <= self.refuse
        if not refused:
            self.taken.append(json.loads(body))
        async with self._changed:
            self._changed.notify_all()
        return web.Response(status=self.status if refused else 204)
