"""A real Pipecat pipeline around the processors under test, with a probe at either end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TypeVar

from pipecat.frames.frames import CancelFrame, EndFrame, Frame, StartFrame, StopFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from tests.virtual_time import VirtualClock

F = TypeVar("F", bound=Frame)

LIFECYCLE = (StartFrame, EndFrame, StopFrame, CancelFrame)
# Nothing but a timer passes so little time: on a virtual clock it means "once all is quiet".
A_MOMENT_S = 0.001


class Probe(FrameProcessor):
    """Keeps what arrives, with the loop's time, and lets only the pipeline's own frames pass."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)
        self.got: list[Frame] = []
        self.at_s: list[float] = []
        self.directions: list[FrameDirection] = []
        self.jam: asyncio.Event | None = None
        self.jammed_on: Frame | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.got.append(frame)
        self.at_s.append(asyncio.get_running_loop().time())
        self.directions.append(direction)
        if self.jam and not self.jammed_on:
            self.jammed_on = frame
            await self.jam.wait()
        if isinstance(frame, LIFECYCLE):
            await self.push_frame(frame, direction)


class Rig:
    """Hands frames to the first and the last processor, as their neighbours would."""

    def __init__(self, worker: PipelineWorker, head: Probe, tail: Probe) -> None:
        self.worker = worker
        self.head = head
        self.tail = tail

    async def down(self, *frames: Frame) -> None:
        """Each frame is dealt with before the next one comes."""
        for frame in frames:
            await self.head.push_frame(frame)
            await asyncio.sleep(A_MOMENT_S)

    async def up(self, *frames: Frame) -> None:
        """The same, from the far end."""
        for frame in frames:
            await self.tail.push_frame(frame, FrameDirection.UPSTREAM)
            await asyncio.sleep(A_MOMENT_S)

    def reached_the_end(self, kind: type[F]) -> list[F]:
        """What arrived downstream, of one kind."""
        return [frame for frame in self.tail.got if isinstance(frame, kind)]


@contextlib.asynccontextmanager
async def probed_pipeline(
    *processors: FrameProcessor, params: PipelineParams | None = None
) -> AsyncIterator[Rig]:
    """Runs the pipeline until the block ends, then cancels what is left of it."""
    head, tail = Probe(), Probe()
    worker = PipelineWorker(
        Pipeline([head, *processors, tail]),
        cancel_timeout_secs=5,
        clock=VirtualClock(),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
        params=params or PipelineParams(),
    )
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def _on_pipeline_started(worker: PipelineWorker, frame: Frame) -> None:
        started.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    run = asyncio.create_task(runner.run())
    try:
        await asyncio.wait_for(started.wait(), 10)
        yield Rig(worker, head, tail)
    finally:
        if not run.done():
            await worker.cancel()
        await asyncio.wait({run}, timeout=30)
        if not run.done():
            # A processor kept the end to itself, and Pipecat waits for it without limit.
            await tail.push_frame(EndFrame())
        await run
