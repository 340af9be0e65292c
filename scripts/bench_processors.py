"""What one audio frame costs in every processor, in microseconds of CPU: a table.

    .venv/bin/python scripts/bench_processors.py

The whole pipeline is timed, observers included, and what it costs without the processor is taken
off. The processor contract allows 50.
"""

import asyncio
import importlib
import inspect
import pkgutil
import statistics
import time
from collections.abc import Sequence

from loguru import logger
from pipecat.frames.frames import EndFrame, Frame, OutputAudioRawFrame, TTSAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner
from rich.console import Console
from rich.table import Table

import processors

FRAMES = 2000
ROUNDS = 5
ALLOWED_US = 50


class _Counts(FrameProcessor):
    """The end of the line."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)
        self.all_here = asyncio.Event()
        self._count = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if not isinstance(frame, OutputAudioRawFrame):
            await self.push_frame(frame, direction)
            return
        self._count += 1
        if self._count == FRAMES:
            self.all_here.set()


class _Passes(FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


def _processor_classes() -> list[type[FrameProcessor]]:
    found = []
    for module_info in pkgutil.walk_packages(processors.__path__, "processors."):
        module = importlib.import_module(module_info.name)
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if issubclass(cls, FrameProcessor) and cls.__module__ == module.__name__:
                found.append(cls)
    return found


async def _us_per_frame(under_test: Sequence[FrameProcessor]) -> float:
    head, tail = _Passes(enable_direct_mode=True), _Counts()
    worker = PipelineWorker(
        Pipeline([head, *under_test, tail]),
        enable_rtvi=False,
        enable_turn_tracking=False,
        idle_timeout_secs=None,
        params=PipelineParams(enable_metrics=True),
    )
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def _on_pipeline_started(worker: PipelineWorker, frame: Frame) -> None:
        started.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    run = asyncio.create_task(runner.run())
    await started.wait()
    frames = [TTSAudioRawFrame(b"\x01\x02" * 320, 16000, 1) for _ in range(FRAMES)]
    began_s = time.process_time()
    for frame in frames:
        await head.push_frame(frame)
        # As in a call, each frame is dealt with, observers included, before the next one comes.
        await asyncio.sleep(0)
    await tail.all_here.wait()
    took_s = time.process_time() - began_s
    await worker.queue_frame(EndFrame())
    await run
    return took_s / FRAMES * 1e6


def _median_us(*classes: type[FrameProcessor]) -> float:
    return statistics.median(
        asyncio.run(_us_per_frame([cls() for cls in classes])) for _ in range(ROUNDS)
    )


def main() -> None:
    """Prints the table."""
    logger.remove()
    without_us = _median_us()
    table = Table("processor", "us per audio frame", f"of {ALLOWED_US} allowed")
    for cls in (_Passes, *_processor_classes()):
        cost_us = _median_us(cls) - without_us
        name = "(only passes frames)" if cls is _Passes else cls.__name__
        table.add_row(name, f"{cost_us:.1f}", f"{cost_us / ALLOWED_US:.0%}")
    Console().print(table)


if __name__ == "__main__":
    main()
