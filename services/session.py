"""A real session with a provider, as a call has it, and how long the provider took."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    LLMContextFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.ai_service import AIService
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.workers.runner import WorkerRunner

from services.choice import Choice
from services.provider import Wish
from services.refusal import in_a_sentence

_WISH = Wish(instructions="Answer with one word.")
_QUESTION: Any = {"role": "user", "content": "Say yes."}
# Some open the door to everybody and look at the key afterwards.
_SECOND_LOOK_S = 0.5


@dataclass(frozen=True)
class Outcome:
    """What came of a session: whether the provider can be used, and the sentence that says it."""

    works: bool
    sentence: str


async def try_out(choice: Choice, *, timeout_s: float = 10.0) -> Outcome:
    """Build the provider's service, let it connect, and ask it for as little as there is.

    A language model is asked for a word, a voice speaks one, and speech-to-text opens its session.
    """
    if choice.runs_here:
        return Outcome(True, "runs here: there is nothing to connect to")
    service = choice.build(_WISH)
    session = _Session(service)
    try:
        async with asyncio.timeout(timeout_s):
            took_ms, what = await session.first_answer(choice.provider.stage)
    except TimeoutError:
        return Outcome(False, f"gave no answer within {timeout_s:g} s")
    except _Refused as refused:
        return Outcome(False, in_a_sentence(choice, refused.error, refused.exception))
    except Exception as error:
        return Outcome(False, in_a_sentence(choice, str(error), error))
    finally:
        await session.end()
    return Outcome(True, f"ok: {what} after {took_ms:.0f} ms")


class _Refused(Exception):
    def __init__(self, frame: ErrorFrame) -> None:
        super().__init__(frame.error)
        self.error = frame.error
        self.exception = frame.exception


class _Session(BaseObserver):
    """A pipeline of one service. What the service pushes and reports ends up in futures."""

    def __init__(self, service: AIService) -> None:
        super().__init__()
        loop = asyncio.get_running_loop()
        self._service = service
        self._started: asyncio.Future[None] = loop.create_future()
        self._answered: asyncio.Future[None] = loop.create_future()
        self._refused: asyncio.Future[ErrorFrame] = loop.create_future()
        self._worker = PipelineWorker(
            Pipeline([service]),
            params=PipelineParams(audio_in_sample_rate=16_000, audio_out_sample_rate=24_000),
            observers=[self],
            enable_rtvi=False,
            idle_timeout_secs=None,
        )
        self._runner = WorkerRunner(handle_sigint=False)
        self._running: asyncio.Task[None] | None = None

        @service.event_handler("on_error")
        async def on_error(_: object, frame: ErrorFrame) -> None:
            if not self._refused.done():
                self._refused.set_result(frame)

        @self._worker.event_handler("on_pipeline_started")
        async def on_pipeline_started(*_: object) -> None:
            self._started.set_result(None)

    async def first_answer(self, stage: str) -> tuple[float, str]:
        """How long what was asked for took in ms, and what it was.

        Raises:
            _Refused: when the service reports an error instead.
        """
        began_s = time.monotonic()
        await self._runner.add_workers(self._worker)
        self._running = asyncio.create_task(self._runner.run())
        await self._wait_for(self._started)
        match stage:
            case "llm":
                began_s = time.monotonic()
                await self._worker.queue_frame(LLMContextFrame(LLMContext([_QUESTION])))
                await self._wait_for(self._answered)
                return _since(began_s), "the first word"
            case "tts":
                began_s = time.monotonic()
                await self._worker.queue_frame(TTSSpeakFrame("Yes."))
                await self._wait_for(self._answered)
                return _since(began_s), "the first sound"
        if isinstance(self._service, SegmentedSTTService):
            began_s = time.monotonic()
            await self._service._client.models.list()  # pyright: ignore[reportAttributeAccessIssue]
            return _since(began_s), "an answer"
        took_ms = _since(began_s)
        await asyncio.wait([self._refused], timeout=_SECOND_LOOK_S)
        if self._refused.done():
            raise _Refused(self._refused.result())
        return took_ms, "an open session"

    async def end(self) -> None:
        """Close the session. Returns when nothing of it runs any more."""
        if self._running:
            await self._runner.cancel()
            await asyncio.wait([self._running], timeout=3)
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def on_push_frame(self, data: FramePushed) -> None:
        if _answers(data.frame) and not self._answered.done():
            self._answered.set_result(None)

    async def _wait_for(self, event: asyncio.Future[None]) -> None:
        await asyncio.wait([event, self._refused], return_when=asyncio.FIRST_COMPLETED)
        if self._refused.done():
            raise _Refused(self._refused.result())


def _answers(frame: Frame) -> bool:
    return isinstance(frame, LLMTextFrame | TTSAudioRawFrame)


def _since(began_s: float) -> float:
    return 1000 * (time.monotonic() - began_s)
