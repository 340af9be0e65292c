"""An OpenTelemetry collector: takes OTLP over HTTP, and keeps what it was sent."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Sent:
    """A span as it came over the wire. Times are Unix ns."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    failed: bool
    attributes: dict[str, Any]
    events: dict[str, dict[str, Any]]


class Collector:
    """Listens on 127.0.0.1 for as long as the context lasts.

    Attributes:
        spans: In the order in which they came.
        bodies: Every request as it came, undecoded.
        headers: Of the last request.
        hangs: Requests are taken and not answered while it is set.
    """

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Sent] = []
        self.bodies: list[bytes] = []
        self.headers: dict[str, str] = {}
        self.hangs = False
        self._changed = asyncio.Condition()
        self._leaving = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/traces", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._leaving.set()
        await self._runner.cleanup()

    async def until(self, is_so: Callable[[list[Sent]], Any], *, at_most_s: float = 60) -> None:
        """Wait for spans.

        Raises:
            TimeoutError: with the names of those that came.
        """
        try:
            async with asyncio.timeout(at_most_s), self._changed:
                await self._changed.wait_for(lambda: is_so(self.spans))
        except TimeoutError:
            raise TimeoutError(f"Only these spans came: {[s.name for s in self.spans]}") from None

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.headers = dict(request.headers)
        if self.hangs:
            await self._leaving.wait()
        self.bodies.append(body)
        sent = ExportTraceServiceRequest.FromString(body)
        self.spans += [
            _sent(span)
            for resource in sent.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        async with self._changed:
            self._changed.notify_all()
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(),
            content_type="application/x-protobuf",
        )


def _sent(span: Any) -> Sent:
    return Sent(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
        attributes=_values(span.attributes),
        events={event.name: _values(event.attributes) for event in span.events},
    )


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
