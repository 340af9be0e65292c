"""Whoever is told of calls: a collector of traces, a webhook, and a reader of /metrics."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from rehearsal.loopback_server import serve_on_loopback

SCRAPED_EVERY_S = 15.0
_LAG = re.compile(r"^switchboard_event_loop_lag_seconds ([\d.e+-]+)$", re.MULTILINE)
_OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


@dataclass
class Received:
    """How often each of them got something.

    Attributes:
        url: Where both listen: traces at /v1/traces, ended calls at /ended.
    """

    url: str = ""
    traces: int = 0
    webhooks: int = 0
    scrapes: int = 0


@asynccontextmanager
async def receiving() -> AsyncIterator[Received]:
    """A collector of traces and a webhook on one port; what they get is dropped."""
    received = Received()

    async def traces(request: web.Request) -> web.Response:
        await request.read()
        received.traces += 1
        return web.Response(content_type="application/x-protobuf")

    async def ended(request: web.Request) -> web.Response:
        await request.read()
        received.webhooks += 1
        return web.Response()

    app = web.Application(client_max_size=2**24)
    app.router.add_post("/v1/traces", traces)
    app.router.add_post("/ended", ended)
    async with serve_on_loopback(app) as url:
        received.url = url
        yield received


async def scrape(url: str) -> str:
    """What a server's /metrics says, as Prometheus asks for it."""
    async with (
        aiohttp.ClientSession(headers=_OPEN_METRICS) as session,
        session.get(f"{url}/metrics") as answer,
    ):
        answer.raise_for_status()
        return await answer.text()


async def keep_scraping(url: str, received: Received) -> None:
    """Read /metrics in Prometheus' rhythm until cancelled."""
    while True:
        await asyncio.sleep(SCRAPED_EVERY_S)
        await scrape(url)
        received.scrapes += 1


async def longest_lag_ms(url: str) -> float:
    """The event loop's longest lag in the last 30 to 60 s."""
    found = _LAG.search(await scrape(url))
    return float(found.group(1)) * 1000 if found else 0.0
