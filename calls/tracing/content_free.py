"""Spans without what was said: what may leave the process is named here, all else stays."""

from collections.abc import Mapping, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Status
from opentelemetry.util.types import AttributeValue

Attributes = Mapping[str, AttributeValue] | None

_OWN = ("call.", "stage.", "tool.", "provider.", "silence.", "words.")
"""What this package puts in comes from the record, which was redacted."""

# Pipecat also writes the prompt ("input", "gen_ai.system_instructions", "settings.
# system_instruction"), the answer ("output", "text"), the transcript, tools and their arguments,
# and whatever a provider's settings hold. A list of those would be short of the next one.
_OF_PIPECAT = frozenset(
    {
        "conversation.id",
        "conversation.type",
        "gen_ai.operation.name",
        "gen_ai.output.type",
        "gen_ai.provider.name",
        "gen_ai.request.max_completion_tokens",
        "gen_ai.request.max_tokens",
        "gen_ai.request.model",
        "gen_ai.request.temperature",
        "gen_ai.request.top_p",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.reasoning.output_tokens",
        "is_final",
        "language",
        "metrics.audio_seconds",
        "metrics.character_count",
        "metrics.ttfb",
        "settings.language",
        "settings.model",
        "settings.voice",
        "stream",
        "stt.incomplete",
        "tool_count",
        "tts.interrupted",
        "turn.duration_seconds",
        "turn.ended_by_conversation_end",
        "turn.number",
        "turn.type",
        "turn.user_bot_latency_seconds",
        "turn.was_interrupted",
        "vad_enabled",
        "voice_id",
    }
)
# The message and the stack of an exception may quote anything.
_OF_EXCEPTIONS = frozenset({"exception.type", "exception.escaped"})


class ContentFree(SpanProcessor):
    """Hands spans on with the attributes that are named above and no others.

    It works when a span ends, so that no content waits for the exporter either.

    Parameters:
        next_one: Gets what is left.
    """

    def __init__(self, next_one: SpanProcessor) -> None:
        self._next = next_one

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing: there is nothing to hide yet."""

    def on_end(self, span: ReadableSpan) -> None:
        """Hand on a copy."""
        self._next.on_end(without_content(span))

    def shutdown(self) -> None:
        self._next.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._next.force_flush(timeout_millis)


def without_content(span: ReadableSpan) -> ReadableSpan:
    """A copy of a span that has ended, with what may leave the process."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_allowed(span.attributes),
        events=_events(span.events),
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _allowed(attributes: Attributes) -> dict[str, AttributeValue]:
    return {
        name: value
        for name, value in (attributes or {}).items()
        if name in _OF_PIPECAT or name in _OF_EXCEPTIONS or name.startswith(_OWN)
    }


def _events(events: Sequence[Event]) -> list[Event]:
    return [Event(event.name, _allowed(event.attributes), event.timestamp) for event in events]
