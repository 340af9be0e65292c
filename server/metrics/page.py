"""The page that Prometheus reads."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder

from calls.records.store import RecordStore
from calls.webhook.webhook import Webhook
from server.house import House
from server.metrics.families import Families
from server.metrics.gauges import Gauges
from server.metrics.known import Known
from server.metrics.loop_lag import LoopLag
from server.metrics.told import CallMetrics

# They would double the series of every histogram and counter, and nothing here reads them.
disable_created_metrics()


class Metrics:
    """What is measured of one house.

    Parameters:
        house: The house.
        store: Where its calls are kept.
        webhook: Who tells of its calls, where somebody is told.

    Attributes:
        calls: To be told the events of every call.
    """

    def __init__(
        self, house: House, store: RecordStore | None = None, webhook: Webhook | None = None
    ) -> None:
        self.registry = CollectorRegistry()
        bots = Known(house.bots)
        self.calls = CallMetrics(
            Families(self.registry, bots), bots, bound_ms=house.settings.silence_bound_ms
        )
        self._lag = LoopLag()
        self.registry.register(Gauges(house, self.calls, self._lag, store, webhook))
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def install(self, app: FastAPI, *, dependencies: Sequence[Any] = ()) -> None:
        """Serve them at `/metrics`, once `dependencies` let the reader in."""

        # A plain function: it runs in a thread, where it delays no sound.
        @app.get("/metrics", dependencies=dependencies, include_in_schema=False)
        def metrics(request: Request) -> Response:
            encode, content_type = choose_encoder(request.headers.get("accept", ""))
            return Response(encode(self.registry), headers={"Content-Type": content_type})

    @asynccontextmanager
    async def measuring(self) -> AsyncIterator[None]:
        """Measure the event loop meanwhile."""
        self._lag.start()
        try:
            yield
        finally:
            self._lag.stop()
