"""The spans of one call, out of what its record is told."""

import json
from collections.abc import Mapping
from typing import Any

from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
)
from opentelemetry.util.types import AttributeValue

from calls.records.event import Event
from calls.tracing.of_calls import OfCalls
from calls.tracing.stages import lasted_ms, stretches

_NS_PER_MS = 1_000_000

# Told on the call's span as they happen, with these facts.
_MOMENTS = {
    "silence_bound": ("turn", "step", "owed_ms", "silent_ms"),
    "dead_air": ("turn", "dead_air_ms", "steps"),
    "interruption": (),
    "turn_reopened": (),
    "unhandled": (),
    "consent": ("given",),
    "csat": ("score", "by"),
}


class CallSpans:
    """The trace of one call: a root, below which Pipecat's spans come to lie as well.

    What Pipecat does not trace is added when the record is told of it: the stages of a turn,
    tools, providers that failed.

    Parameters:
        tracer: Makes the spans.
        spans: Knows which trace is whose.
        opened: The event that the call begins with.
        with_words: Whether words, and what tools were given and gave, are told of.
    """

    def __init__(self, tracer: Tracer, spans: OfCalls, opened: Event, *, with_words: bool) -> None:
        self._tracer = tracer
        self._spans = spans
        self._with_words = with_words
        self._root = tracer.start_span(
            "call",
            context=otel.Context(),
            kind=SpanKind.SERVER,
            start_time=_ns(opened),
            attributes={"call.id": opened.call_id, **_described(opened.facts)},
        )
        self._trace_id = self._root.get_span_context().trace_id
        self._traced = spans.begins(self._trace_id, opened.call_id)

    def become_current(self) -> None:
        """Whatever this task begins from here on is a part of the call."""
        otel.attach(trace.set_span_in_context(self._root))

    def told(self, event: Event) -> None:
        """One event after the first."""
        match event.kind:
            case "turn":
                self._turn(event)
            case "tool":
                self._tool(event)
            case "provider_failed":
                self._provider_failed(event)
            case "outcome":
                self._outcome(event)
            case "cost":
                for name in ("amount", "currency"):
                    self._set(self._root, f"call.cost.{name}", event.facts.get(name))
            case "heard" if self._with_words:
                who, text = event.facts.get("who"), event.facts.get("text")
                self._moment(event, "words", {"words.who": str(who), "words.text": str(text)})
            case "end":
                self._end(event)
            case kind if kind in _MOMENTS:
                facts = {f"call.{name}": event.facts.get(name) for name in _MOMENTS[kind]}
                self._moment(event, kind, facts)

    def _turn(self, event: Event) -> None:
        facts = event.facts
        zero_ns = _ns(event) - round(lasted_ms(facts) * _NS_PER_MS)
        ended_ns = zero_ns + round((facts.get("turn_end_ms") or 0.0) * _NS_PER_MS)
        answer = self._start("voice_to_voice", zero_ns, within_ns=ended_ns)
        self._set(answer, "call.turn", facts.get("turn"))
        self._set(answer, "call.interrupted", bool(facts.get("interrupted")))
        within = trace.set_span_in_context(answer)
        for stage in stretches(facts):
            span = self._tracer.start_span(
                f"stage {stage.stage}",
                context=within,
                start_time=zero_ns + round(stage.from_ms * _NS_PER_MS),
                attributes={"stage.name": stage.stage, "stage.reached_ms": stage.to_ms},
            )
            span.end(zero_ns + round(stage.to_ms * _NS_PER_MS))
        if (filler_ms := facts.get("filler_audio_out_ms")) is not None:
            answer.add_event("filler", timestamp=zero_ns + round(filler_ms * _NS_PER_MS))
        answer.end(_ns(event))

    def _tool(self, event: Event) -> None:
        facts = event.facts
        began_ns = _ns(event) - round((facts.get("duration_ms") or 0.0) * _NS_PER_MS)
        span = self._start(f"tool {facts.get('name')}", began_ns)
        self._set(span, "tool.name", facts.get("name"))
        if facts.get("error"):
            span.set_status(Status(StatusCode.ERROR))
        if self._with_words:
            for name in ("arguments", "result", "error"):
                self._set(span, f"tool.{name}", _as_text(facts.get(name)))
        span.end(_ns(event))

    def _provider_failed(self, event: Event) -> None:
        facts = event.facts
        began_ns = _ns(event) - round((facts.get("cost_ms") or 0.0) * _NS_PER_MS)
        span = self._start("provider failed", began_ns, within_ns=_ns(event))
        for name in ("stage", "provider", "how", "went_to"):
            value = facts.get(name)
            self._set(span, f"provider.{name}", None if value is None else str(value))
        span.set_status(Status(StatusCode.ERROR))
        span.end(_ns(event))

    def _outcome(self, event: Event) -> None:
        self._set(self._root, "call.outcome", event.facts.get("outcome"))
        self._set(self._root, "call.outcome_by", event.facts.get("by"))
        failed = event.facts.get("outcome") == "failed"
        self._root.set_status(Status(StatusCode.ERROR if failed else StatusCode.UNSET))

    def _end(self, event: Event) -> None:
        self._set(self._root, "call.duration_s", event.facts.get("duration_s"))
        self._set(self._root, "call.ended_by", event.facts.get("by"))
        if self._with_words:
            self._set(self._root, "call.end_reason", event.facts.get("reason"))
        self._root.end(_ns(event))
        self._spans.ends(self._trace_id)

    def _start(self, name: str, at_ns: int, *, within_ns: int | None = None) -> Span:
        """A span that began at `at_ns`, in the turn of `within_ns`."""
        turn: SpanContext | None = self._traced.turn_at(within_ns or at_ns)
        parent = NonRecordingSpan(turn) if turn else self._root
        return self._tracer.start_span(
            name, context=trace.set_span_in_context(parent), start_time=at_ns
        )

    def _moment(self, event: Event, name: str, facts: Mapping[str, Any]) -> None:
        attributes = {key: value for key, value in facts.items() if _is_plain(value)}
        self._root.add_event(name, attributes, timestamp=_ns(event))

    @staticmethod
    def _set(span: Span, name: str, value: Any) -> None:
        if _is_plain(value):
            span.set_attribute(name, value)


def _described(facts: Mapping[str, Any]) -> dict[str, AttributeValue]:
    """Who answers, where, with which providers. Not who calls."""
    plain = {
        f"call.{name}": value
        for name in ("bot", "bot_version", "channel", "direction")
        if _is_plain(value := facts.get(name))
    }
    providers = facts.get("providers") or {}
    named = {
        f"call.provider.{stage}": str(described.get("name"))
        for stage, described in providers.items()
        if isinstance(described, Mapping)
    }
    return {**plain, **named}


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | bool | int | float) and value != ""


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def _ns(event: Event) -> int:
    return round(event.utc.timestamp() * 1e6) * 1000
