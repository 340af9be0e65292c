"""Which call a span belongs to: every span of a call carries its id, and no others are kept."""

from collections import deque
from dataclasses import dataclass, field

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanContext

CALL_ID = "call.id"

# Spans of a call that is over may end a little later.
_REMEMBERED_CALLS = 256


@dataclass
class Traced:
    """One call's trace.

    Attributes:
        turns: When each of Pipecat's turns began (Unix ns), with its span.
    """

    call_id: str
    turns: list[tuple[int, SpanContext]] = field(default_factory=list)

    def turn_at(self, at_ns: int) -> SpanContext | None:
        """The turn that was the latest at a moment."""
        begun = [span for began_ns, span in self.turns if began_ns <= at_ns]
        return begun[-1] if begun else None


class OfCalls(SpanProcessor):
    """Puts a call's id on every span of its trace, and hands those on; others it drops.

    Parameters:
        next_one: Gets the spans of calls when they end.
    """

    def __init__(self, next_one: SpanProcessor) -> None:
        self._next = next_one
        self._traces: dict[int, Traced] = {}
        self._over: deque[int] = deque()

    def begins(self, trace_id: int, call_id: str) -> Traced:
        """Spans of this trace belong to this call from here on."""
        traced = self._traces[trace_id] = Traced(call_id)
        return traced

    def ends(self, trace_id: int) -> None:
        """The call is over."""
        self._over.append(trace_id)
        while len(self._over) > _REMEMBERED_CALLS:
            self._traces.pop(self._over.popleft(), None)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Name the call."""
        context = span.get_span_context()
        traced = self._traces.get(context.trace_id) if context else None
        if traced is None or context is None:
            return
        span.set_attribute(CALL_ID, traced.call_id)
        if span.name == "turn":
            traced.turns.append((span.start_time or 0, context))

    def on_end(self, span: ReadableSpan) -> None:
        """Hand it on."""
        context = span.get_span_context()
        if context and context.trace_id in self._traces:
            self._next.on_end(span)

    def shutdown(self) -> None:
        self._next.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._next.force_flush(timeout_millis)
