"""What other programs get of this process: metrics, traces, and word that a call ended."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from loguru import logger

from calls.records.event import Event
from calls.records.files import OWED
from calls.records.queries import Records
from calls.records.retaining import retain_for_ever
from calls.records.store import store_of
from calls.tracing.tracing import stop_tracing, trace_calls
from calls.webhook.outbox import Outbox
from calls.webhook.request import Receiver
from calls.webhook.webhook import Webhook
from server.house import House
from server.metrics.page import Metrics
from server.operator.door import operator
from settings import in_clear


class Machines:
    """Of one house.

    Parameters:
        house: Whose calls they are.
        records: What is told of a call that ended.
    """

    def __init__(self, house: House, records: Records) -> None:
        self._settings = house.settings
        self._store = store_of(house.settings)
        self._records = records
        self._webhook = self._webhook_of(house)
        self._metrics = Metrics(house, self._store, self._webhook)

    def install(self, app: FastAPI) -> None:
        """Serve `/metrics`: to operators, or to everybody when METRICS_OPEN says so."""
        guards = [] if self._settings.metrics_open else [Depends(operator)]
        self._metrics.install(app, dependencies=guards)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the calls meanwhile, and tell of those that an earlier process left."""
        self._store.start()
        self._store.listen(_safely(self._metrics.calls.told))
        trace_calls(self._settings)
        if self._webhook:
            self._store.listen(_safely(self._webhook.told))
            await self._webhook.start()
        retaining = asyncio.create_task(retain_for_ever(self._settings))
        async with self._metrics.measuring():
            yield
        retaining.cancel()
        if self._webhook:
            await self._webhook.close()
        await stop_tracing()
        await self._store.close()

    def _webhook_of(self, house: House) -> Webhook | None:
        settings = house.settings
        if not settings.call_webhook_url:
            return None
        return Webhook(
            Receiver(settings.call_webhook_url, in_clear(settings.call_webhook_secret)),
            Outbox(settings.data_dir / OWED),
            self._export,
        )

    async def _export(self, call_id: str) -> Mapping[str, Any] | None:
        await self._store.flush()
        return await self._records.export(call_id)


def _safely(tap: Callable[[Event], None]) -> Callable[[Event], None]:
    """A listener that fails is said, and keeps nobody else from being told."""

    def told(event: Event) -> None:
        try:
            tap(event)
        except Exception as error:
            logger.opt(exception=error).error(f"Not followed: {event.kind} of a call: {error!r}")

    return told
