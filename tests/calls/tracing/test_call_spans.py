"""A call's trace, out of what its record is told."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from collector import Collector
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, get_current_span

from calls.records.event import Event
from calls.tracing.stages import lasted_ms, stretches
from calls.tracing.tracing import Tracing

ANSWERED = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
CALLER = "my card is four one one one"

TURN = {
    "turn": 1,
    "said": CALLER,
    "transcript_final_ms": 100.0,
    "turn_end_ms": 300.0,
    "first_token_ms": 500.0,
    "first_speakable_text_ms": 550.0,
    "first_audio_ms": 700.0,
    "first_audio_out_ms": 750.0,
    "filler_audio_out_ms": 400.0,
    "interrupted": False,
}


class Traced:
    """One process's tracing, and the spans that would be sent."""

    def __init__(self, *, with_words: bool = False) -> None:
        self.provider = TracerProvider(shutdown_on_exit=False)
        self._memory = InMemorySpanExporter()
        self.tracing = Tracing(
            self.provider, SimpleSpanProcessor(self._memory), with_words=with_words
        )

    def tell(self, at_s: float, kind: str, call_id: str = "call-1", **facts: Any) -> None:
        utc = ANSWERED + timedelta(seconds=at_s)
        self.tracing.told(Event(call_id, 1, at_s, utc, kind, facts))

    def begin(self, call_id: str = "call-1") -> None:
        providers = {"stt": {"name": "deepgram"}, "llm": {"name": "openai"}}
        self.tell(
            0.0, "call", call_id, bot="greeter", channel="web", providers=providers, caller="+4915"
        )

    def end(self, call_id: str = "call-1") -> None:
        self.tell(30.0, "end", call_id, reason="the caller hung up", duration_s=30.0, by="caller")

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self._memory.get_finished_spans()

    def span(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def in_pipecats_turn(self, at_s: float, number: int) -> Any:
        """A turn of Pipecat's, as its observer begins it."""
        tracer = self.provider.get_tracer("pipecat.turn")
        at_ns = round((ANSWERED.timestamp() + at_s) * 1e9)
        span = tracer.start_span("turn", start_time=at_ns)
        span.set_attribute("turn.number", number)
        return span


def seconds(ns: int | None) -> float:
    assert ns is not None
    return round(ns / 1e9 - ANSWERED.timestamp(), 3)


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_call_is_one_trace_with_its_id_on_every_span() -> None:
    traced = Traced()
    traced.begin()
    with traced.provider.get_tracer("pipecat").start_as_current_span("conversation"):
        traced.tell(5.0, "turn", **TURN)
        traced.tell(6.0, "tool", name="find_order", duration_ms=40.0, error=None)
        traced.tell(7.0, "provider_failed", stage="llm", provider="openai", how="silent")
    traced.end()
    assert len({span.context.trace_id for span in traced.spans if span.context}) == 1
    assert {attributes(span)["call.id"] for span in traced.spans} == {"call-1"}
    assert {span.name for span in traced.spans} >= {
        "call",
        "conversation",
        "voice_to_voice",
        "stage first_token",
        "tool find_order",
        "provider failed",
    }


async def test_root_says_who_answered_and_how_it_came_out() -> None:
    traced = Traced()
    traced.begin()
    traced.tell(29.0, "outcome", outcome="failed", by="rules", why="no answer")
    traced.end()
    root = traced.span("call")
    assert (seconds(root.start_time), seconds(root.end_time)) == (0.0, 30.0)
    assert root.parent is None
    assert root.status.status_code is StatusCode.ERROR
    assert attributes(root) == {
        "call.id": "call-1",
        "call.bot": "greeter",
        "call.channel": "web",
        "call.provider.stt": "deepgram",
        "call.provider.llm": "openai",
        "call.outcome": "failed",
        "call.outcome_by": "rules",
        "call.duration_s": 30.0,
        "call.ended_by": "caller",
    }


async def test_stages_lie_where_they_were_between_the_end_of_speech_and_the_answer() -> None:
    traced = Traced()
    traced.begin()
    traced.tell(5.75, "turn", **TURN)
    traced.end()
    answer = traced.span("voice_to_voice")
    assert (seconds(answer.start_time), seconds(answer.end_time)) == (5.0, 5.75)
    stages = {
        span.name: (seconds(span.start_time), seconds(span.end_time))
        for span in traced.spans
        if span.name.startswith("stage ")
    }
    assert stages == {
        "stage transcript_final": (5.0, 5.1),
        "stage turn_end": (5.1, 5.3),
        "stage first_token": (5.3, 5.5),
        "stage first_speakable_text": (5.5, 5.55),
        "stage first_audio": (5.55, 5.7),
        "stage first_audio_out": (5.7, 5.75),
    }
    ((filler),) = answer.events
    assert (filler.name, seconds(filler.timestamp)) == ("filler", 5.4)


async def test_answer_belongs_to_the_turn_that_it_answers() -> None:
    traced = Traced()
    traced.begin()
    first = traced.in_pipecats_turn(1.0, 1)
    second = traced.in_pipecats_turn(6.0, 2)
    # The caller went on at 6.0: only then it is known that the turn before has no answer.
    unanswered = {**TURN, "first_audio_ms": None, "first_audio_out_ms": None, "interrupted": True}
    traced.tell(5.9, "turn", **unanswered)
    traced.tell(7.0, "tool", name="find_order", duration_ms=500.0, error="it is away")
    for turn in (first, second):
        turn.end()
    traced.end()
    of_answer, of_tool = traced.span("voice_to_voice").parent, traced.span("tool find_order").parent
    assert of_answer is not None
    assert of_answer.span_id == first.get_span_context().span_id
    assert of_tool is not None
    assert of_tool.span_id == second.get_span_context().span_id
    tool = traced.span("tool find_order")
    assert (seconds(tool.start_time), seconds(tool.end_time)) == (6.5, 7.0)
    assert tool.status.status_code is StatusCode.ERROR


async def test_what_was_said_is_nowhere_unless_it_is_asked_for() -> None:
    def happen(traced: Traced) -> str:
        traced.begin()
        traced.tell(4.0, "heard", who="caller", text=CALLER)
        traced.tell(5.75, "turn", **TURN)
        traced.tell(
            6.0,
            "tool",
            name="find_order",
            arguments={"order_number": "47291"},
            result={"say": "It comes on Friday."},
            duration_ms=4.0,
            error=None,
        )
        traced.tell(7.0, "silence_bound", turn=1, step="moment", text="One moment please.")
        traced.tell(8.0, "unhandled", text="something secret")
        traced.end()
        return "\n".join(span.to_json() for span in traced.spans)

    silent = happen(Traced())
    for content in (CALLER, "47291", "Friday", "One moment", "secret", "hung up", "+4915"):
        assert content not in silent
    telling = happen(Traced(with_words=True))
    for content in (CALLER, "47291", "Friday"):
        assert content in telling


@pytest.mark.parametrize("with_words", [False, True])
async def test_what_pipecat_writes_of_prompts_and_transcripts_never_leaves(
    with_words: bool,
) -> None:
    traced = Traced(with_words=with_words)
    traced.begin()
    content = {
        "input": "[{'role': 'user'}]",
        "output": "words",
        "text": "words",
        "transcript": "words",
        "tools": "[]",
        "tools.definitions": "[]",
        "gen_ai.system_instructions": "words",
        "settings.system_instruction": "words",
        "settings.extra_of_a_provider": "words",
        "param.anything": "words",
        "user_id": "+4915112345",
        "text_output": "words",
    }
    useful = {
        "gen_ai.request.model": "gpt-4.1",
        "gen_ai.usage.input_tokens": 812,
        "metrics.ttfb": 0.4,
        "settings.model": "gpt-4.1",
        "voice_id": "sonic",
    }
    with traced.provider.get_tracer("pipecat").start_as_current_span("llm") as span:
        span.set_attributes({**content, **useful})
        span.record_exception(ValueError("words of the caller"))
        span.set_status(StatusCode.ERROR, "words of the caller")
    traced.end()
    llm = traced.span("llm")
    assert attributes(llm) == {"call.id": "call-1", **useful}
    assert "words" not in llm.to_json()
    assert dict(llm.events[0].attributes or {})["exception.type"] == "ValueError"
    assert llm.status.status_code is StatusCode.ERROR


async def test_two_calls_at_once_are_two_traces() -> None:
    traced = Traced()

    async def a_call(call_id: str) -> None:
        traced.begin(call_id)
        await asyncio.sleep(0)
        with traced.provider.get_tracer("pipecat").start_as_current_span(f"llm of {call_id}"):
            await asyncio.sleep(0)
        traced.end(call_id)

    await asyncio.gather(*(asyncio.create_task(a_call(f"call-{n}")) for n in range(4)))
    for n in range(4):
        assert attributes(traced.span(f"llm of call-{n}"))["call.id"] == f"call-{n}"
    assert len({span.context.trace_id for span in traced.spans if span.context}) == 4


async def test_spans_of_no_call_are_not_sent() -> None:
    traced = Traced()
    with traced.provider.get_tracer("another library").start_as_current_span("GET /"):
        pass
    assert not traced.spans
    assert not get_current_span().is_recording()


class Stuck(SpanExporter):
    """An exporter whose other end takes everything and never answers."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.may_go_on = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.set()
        self.may_go_on.wait()
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Nothing helps."""


async def test_collector_that_hangs_holds_up_neither_calls_nor_the_end_of_the_process() -> None:
    exporter, provider = Stuck(), TracerProvider(shutdown_on_exit=False)
    batching = BatchSpanProcessor(exporter, max_queue_size=64, max_export_batch_size=8)
    tracing = Tracing(provider, batching)
    for n in range(200):
        call_id = f"call-{n}"
        tracing.told(Event(call_id, 1, 0.0, ANSWERED, "call", {"bot": "greeter"}))
        tracing.told(Event(call_id, 2, 5.0, ANSWERED, "turn", TURN))
        tracing.told(Event(call_id, 3, 9.0, ANSWERED, "end", {"duration_s": 9.0}))
    assert await asyncio.to_thread(exporter.asked.wait, 10)
    await tracing.close(at_most_s=0.05)
    exporter.may_go_on.set()


async def test_collector_gets_the_trace_over_http() -> None:
    async with Collector() as collector:
        provider = TracerProvider(shutdown_on_exit=False)
        exporter = OTLPSpanExporter(f"{collector.url}/v1/traces")
        tracing = Tracing(provider, BatchSpanProcessor(exporter))
        tracing.told(Event("call-1", 1, 0.0, ANSWERED, "call", {"bot": "greeter"}))
        tracing.told(Event("call-1", 2, 5.75, ANSWERED, "turn", TURN))
        tracing.told(Event("call-1", 3, 9.0, ANSWERED, "end", {"duration_s": 9.0}))
        await tracing.close()
        assert {span.name for span in collector.spans} >= {"call", "voice_to_voice"}
        assert {span.attributes["call.id"] for span in collector.spans} == {"call-1"}
        assert CALLER.encode() not in b"".join(collector.bodies)


def test_stage_that_came_before_the_one_before_it_lasts_no_time() -> None:
    ahead = {**TURN, "turn_end_ms": 600.0}
    found = {stretch.stage: (stretch.from_ms, stretch.to_ms) for stretch in stretches(ahead)}
    assert found["turn_end"] == (100.0, 600.0)
    assert found["first_token"] == (500.0, 500.0)
    assert found["first_audio"] == (600.0, 700.0)


def test_turn_that_reached_nothing_lasts_no_time() -> None:
    assert lasted_ms({}) == 0.0
    assert stretches({}) == []
