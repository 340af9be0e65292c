"""The understudy in a pipeline: frames, metrics, tools, barge-in."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    LLMContextAssistantTurnFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    TranscriptionFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData, ProcessingMetricsData, TTFBMetricsData
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams
from pipecat.tests.utils import run_test
from pipecat.workers.runner import WorkerRunner

from services.embedded.topic import Topic
from services.embedded.understudy import MODEL, UnderstudyLLMService

STORY = "Once upon a time there was a parcel. " * 20


async def find_order(params: FunctionCallParams, order_number: str) -> None:
    """Look up an order.

    Args:
        order_number: Four to eight digits, as spoken by the caller.
    """
    await params.result_callback({"say": f"Order {order_number} is in the van."})


async def open_parcel(params: FunctionCallParams, order_number: str) -> None:
    """Open a parcel.

    Args:
        order_number: Four to eight digits, as spoken by the caller.
    """
    raise RuntimeError("the parcel is locked")


TOPICS = (
    Topic(
        says=("where is my order", "track my order"),
        tool=find_order,
        asks={"order_number": "What is your order number?"},
    ),
    Topic(says=("open the parcel", "please open my parcel"), tool=open_parcel),
    Topic(says=("tell me the story of the parcel",), reply=STORY),
)


def understudy() -> UnderstudyLLMService:
    return UnderstudyLLMService(topics=TOPICS, today=lambda: date(2026, 11, 21))


def conversation(*lines: str) -> LLMContext:
    messages: list[Any] = [{"role": "user", "content": line} for line in lines]
    return LLMContext(messages, tools=[find_order, open_parcel])


def text_of(frames: Sequence[Frame]) -> str:
    return "".join(frame.text for frame in frames if isinstance(frame, LLMTextFrame))


class Ear(FrameProcessor):
    """Notes what the understudy says and what is remembered; barges in once so many words came."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: asyncio.Queue[str] = asyncio.Queue()
        self.barge_in_after_words = 0
        self._words: list[str] = []
        self._said = ""
        self._remembered = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case LLMFullResponseStartFrame():
                self._words = []
            case LLMTextFrame():
                self._words.append(frame.text)
                if len(self._words) == self.barge_in_after_words:
                    self.barge_in_after_words = 0
                    await self.broadcast_interruption()
            case LLMFullResponseEndFrame() if self._words:
                self._said = "".join(self._words)
            case LLMContextAssistantTurnFrame():
                self._remembered = True
        if self._said and self._remembered:
            self.answers.put_nowait(self._said)
            self._said, self._remembered = "", False
        await self.push_frame(frame, direction)


class OnTheLine:
    """A caller whose words reach the understudy as context frames."""

    def __init__(self, worker: PipelineWorker, context: LLMContext, ear: Ear) -> None:
        self._worker = worker
        self.context = context
        self.ear = ear

    async def caller(self, text: str) -> str:
        self.context.add_message({"role": "user", "content": text})
        await self._worker.queue_frame(LLMContextFrame(self.context))
        return await asyncio.wait_for(self.ear.answers.get(), timeout=10)


@asynccontextmanager
async def on_the_line() -> AsyncIterator[OnTheLine]:
    context, ear = conversation(), Ear()
    turns = LLMContextAggregatorPair(context)
    pipeline = Pipeline([understudy(), ear, turns.assistant()])
    worker = PipelineWorker(pipeline, cancel_on_idle_timeout=False, enable_rtvi=False)
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def _started(worker: PipelineWorker, frame: Frame) -> None:
        started.set()

    runner = WorkerRunner()
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await started.wait()
    yield OnTheLine(worker, context, ear)
    await worker.queue_frame(EndFrame())
    await running


async def test_answer_streams_word_by_word_between_start_and_end():
    frames, _ = await run_test(
        understudy(), frames_to_send=[LLMContextFrame(conversation("where is my order"))]
    )
    shape = (LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame)
    assert [type(frame) for frame in frames if isinstance(frame, shape)] == [
        LLMFullResponseStartFrame,
        *[LLMTextFrame] * 5,
        LLMFullResponseEndFrame,
    ]
    assert text_of(frames) == "What is your order number?"


async def test_metrics_name_the_stand_in_and_count_words():
    frames, _ = await run_test(
        understudy(),
        frames_to_send=[LLMContextFrame(conversation("where is my order"))],
        pipeline_params=PipelineParams(enable_metrics=True, enable_usage_metrics=True),
    )
    data = [entry for frame in frames if isinstance(frame, MetricsFrame) for entry in frame.data]
    usage = [entry for entry in data if isinstance(entry, LLMUsageMetricsData)]
    assert [(u.model, u.value.prompt_tokens, u.value.completion_tokens) for u in usage] == [
        (MODEL, 4, 5)
    ]
    assert any(isinstance(entry, TTFBMetricsData) and entry.value for entry in data)
    assert any(isinstance(entry, ProcessingMetricsData) and entry.value for entry in data)


async def test_other_frames_pass_through_untouched():
    frame = TranscriptionFrame(text="hello", user_id="", timestamp="")
    frames, _ = await run_test(understudy(), frames_to_send=[frame])
    assert frame in frames


async def test_tool_is_called_and_its_answer_is_spoken():
    async with on_the_line() as line:
        assert await line.caller("where is my order") == "What is your order number?"
        answer = await line.caller("four seven two nine one")
    assert answer.startswith("Order 47291 is in the van.")
    messages: list[Any] = list(line.context.get_messages())
    calls = [m["tool_calls"][0]["function"] for m in messages if m.get("tool_calls")]
    assert [(call["name"], json.loads(call["arguments"])) for call in calls] == [
        ("find_order", {"order_number": "47291"})
    ]


async def test_tool_that_breaks_is_owned_up_to_without_its_insides():
    async with on_the_line() as line:
        answer = await line.caller("please open my parcel four seven two nine one")
    assert answer == "I'm sorry, that did not work just now. Shall I try again?"


async def test_caller_who_barges_in_stops_the_answer_and_gets_the_next_one():
    async with on_the_line() as line:
        line.ear.barge_in_after_words = 3
        cut_off = await line.caller("tell me the story of the parcel")
        assert STORY.startswith(cut_off)
        assert len(cut_off.split()) < len(STORY.split())
        assert await line.caller("where is my order") == "What is your order number?"


async def test_policy_that_breaks_is_reported_and_the_response_is_closed():
    broken = UnderstudyLLMService(topics=TOPICS, today=lambda: date.fromisoformat("never"))
    frames, upstream = await run_test(
        broken, frames_to_send=[LLMContextFrame(conversation("where is my order"))]
    )
    assert any(isinstance(frame, LLMFullResponseEndFrame) for frame in frames)
    errors = [frame.error for frame in upstream if isinstance(frame, ErrorFrame)]
    assert len(errors) == 1
    assert "could not answer" in errors[0]


async def test_inference_outside_the_pipeline_says_what_it_would_say():
    service = understudy()
    assert await service.run_inference(conversation("where is my order")) == (
        "What is your order number?"
    )
    assert await service.run_inference(conversation("where is my order"), max_tokens=2) == "What is"
    assert await service.run_inference(conversation("where is my order 47291")) is None
