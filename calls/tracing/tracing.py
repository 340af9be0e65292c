"""Traces of this process's calls, and where they are sent."""

import asyncio
import contextlib
import threading
from typing import Any

from loguru import logger
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.util.re import parse_env_headers

from calls.records.event import Event
from calls.records.store import store_of
from calls.tracing.call_spans import CallSpans
from calls.tracing.content_free import ContentFree
from calls.tracing.of_calls import OfCalls
from settings import Settings, in_clear

_TRACES = "/v1/traces"
_AT_END_AT_MOST_S = 3.0
_EXPORT_AT_MOST_S = 5.0


class Tracing:
    """Makes a trace of every call that it is told of.

    Parameters:
        provider: Makes spans; Pipecat's are made by the same when it is the global one.
        exporting: Gets the spans of calls, without content.
        with_words: Whether the record's words, as redacted as they are there, are told of.
    """

    def __init__(
        self, provider: TracerProvider, exporting: SpanProcessor, *, with_words: bool = False
    ) -> None:
        self._exporting = exporting
        self._spans = OfCalls(ContentFree(exporting))
        provider.add_span_processor(self._spans)
        self._tracer = provider.get_tracer("switchboard")
        self._with_words = with_words
        self._calls: dict[str, CallSpans] = {}

    def told(self, event: Event) -> None:
        """One event of any call. The first one makes the call's trace the task's own."""
        if event.kind == "call":
            call = CallSpans(self._tracer, self._spans, event, with_words=self._with_words)
            call.become_current()
            self._calls[event.call_id] = call
        elif call := self._calls.get(event.call_id):
            call.told(event)
            if event.kind == "end":
                del self._calls[event.call_id]

    def traces(self, call_id: str) -> bool:
        """Whether this call is traced."""
        return call_id in self._calls

    async def close(self, *, at_most_s: float = _AT_END_AT_MOST_S) -> None:
        """Send what is waiting, for as long as that may take at the end of a process."""
        loop, sent = asyncio.get_running_loop(), asyncio.Event()

        def send() -> None:
            self._spans.shutdown()
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(sent.set)

        # Not `asyncio.to_thread`: the process would wait for that thread however long it takes.
        threading.Thread(target=send, name="traces-end", daemon=True).start()
        try:
            await asyncio.wait_for(sent.wait(), at_most_s)
        except TimeoutError:
            logger.warning("Some traces were not sent: OTEL_EXPORTER_OTLP_ENDPOINT is too slow.")


class _Process:
    """The tracing of this process, once it is begun."""

    tracing: Tracing | None = None


def trace_calls(settings: Settings) -> None:
    """Trace the calls of this process from here on, where the settings say so. Once."""
    if _Process.tracing or not settings.otel_exporter_otlp_endpoint:
        return
    _Process.tracing = tracing = Tracing(
        _global_provider(settings),
        BatchSpanProcessor(_exporter(settings), export_timeout_millis=_EXPORT_AT_MOST_S * 1000),
        with_words=settings.otel_content,
    )
    store_of(settings).listen(tracing.told)
    logger.info(f"Calls are traced to {settings.otel_exporter_otlp_endpoint}")


def traced(call_id: str) -> dict[str, Any]:
    """What Pipecat's worker is to be told, so that it traces a call; nothing when it is not."""
    tracing = _Process.tracing
    if tracing is None or not tracing.traces(call_id):
        return {}
    return {"enable_tracing": True, "conversation_id": call_id}


async def stop_tracing() -> None:
    """The process ends: send what is waiting."""
    tracing, _Process.tracing = _Process.tracing, None
    if tracing:
        await tracing.close()


def _global_provider(settings: Settings) -> TracerProvider:
    """The one that Pipecat's spans come from. Another program's is shared, if there is one."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        resource = Resource.create({"service.name": settings.otel_service_name})
        # It is closed by hand: at exit an exporter that hangs would hold up the process.
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        trace.set_tracer_provider(provider)
    return provider


def _exporter(settings: Settings) -> SpanExporter:
    # It brings an HTTP client and Protocol Buffers, which nobody else here needs.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    headers = parse_env_headers(in_clear(settings.otel_exporter_otlp_headers), liberal=True)
    return OTLPSpanExporter(
        f"{settings.otel_exporter_otlp_endpoint}{_TRACES}",
        headers=headers or None,
        timeout=_EXPORT_AT_MOST_S,
    )
