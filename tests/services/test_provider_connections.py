"""Connections over HTTP are open before a caller speaks, and stay open between turns."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.ai_service import AIService
from pipecat.workers.runner import WorkerRunner
from provider_servers import Handler, chat, messages, models, serving, speech

from services.choice import choose
from services.provider import Wish
from settings import Settings


class Call(BaseObserver):
    """A pipeline of one service; what ends an answer of it is counted."""

    def __init__(self, service: AIService) -> None:
        super().__init__()
        self.worker = PipelineWorker(
            Pipeline([service]),
            params=PipelineParams(audio_out_sample_rate=24_000),
            observers=[self],
            enable_rtvi=False,
        )
        self._answered = asyncio.Event()
        self.started = asyncio.Event()

        @self.worker.event_handler("on_pipeline_started")
        async def on_pipeline_started(*_: object) -> None:
            self.started.set()

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.frame, LLMFullResponseEndFrame | TTSStoppedFrame):
            self._answered.set()

    async def ask(self, frame: Frame) -> None:
        self._answered.clear()
        await self.worker.queue_frame(frame)
        async with asyncio.timeout(10):
            await self._answered.wait()


@asynccontextmanager
async def running(service: AIService) -> AsyncIterator[Call]:
    call = Call(service)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(call.worker)
    task = asyncio.create_task(runner.run())
    try:
        async with asyncio.timeout(10):
            await call.started.wait()
        yield call
    finally:
        await runner.cancel()
        await task


def service_at(monkeypatch: pytest.MonkeyPatch, stage: str, name: str, url: str) -> AIService:
    monkeypatch.setenv(stage.upper(), name)
    monkeypatch.setenv(f"{name.upper()}_API_KEY", "k")
    monkeypatch.setenv(f"{name.upper()}_BASE_URL", url)
    return choose(Settings.load())[stage][0].build(Wish())  # pyright: ignore


async def opened(service: Any) -> None:
    """Until whoever opens the connection early has done it."""
    async with asyncio.timeout(10):
        await service._opening


def question() -> Frame:
    return LLMContextFrame(LLMContext([{"role": "user", "content": "Say yes."}]))


@pytest.mark.parametrize(
    ("stage", "name", "handler", "asked"),
    [
        ("llm", "openai", chat, question),
        ("llm", "anthropic", messages, question),
        ("tts", "openai", speech, lambda: TTSSpeakFrame("Yes.")),
    ],
)
async def test_answers_come_over_the_connection_that_was_opened_while_the_phone_rang(
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    name: str,
    handler: Handler,
    asked: Callable[[], Frame],
) -> None:
    async with serving(handler) as provider:
        service = service_at(monkeypatch, stage, name, provider.url)
        async with running(service) as call:
            await opened(service)
            assert [line.split()[0] for line in provider.asked] == ["HEAD"]
            await call.ask(asked())
            await call.ask(asked())
    assert [line.split()[0] for line in provider.asked] == ["HEAD", "POST", "POST"]
    assert provider.connections == 1


async def test_transcription_over_http_is_connected_before_there_is_speech(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(models) as provider:
        service = service_at(monkeypatch, "stt", "openai", provider.url)
        async with running(service):
            await opened(service)
    assert provider.asked == ["HEAD /v1/"]


async def test_call_starts_though_nobody_can_be_reached_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(chat) as provider:
        gone = provider.url
    service = service_at(monkeypatch, "llm", "openai", gone)
    async with running(service) as call:
        await call.ask(question())
    assert service.name.startswith("OpenAILLMService#")
