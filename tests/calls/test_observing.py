"""A call's observers are told of what they look at, and of nothing else."""

import asyncio
import inspect
import re

import pytest
from pipecat.frames.frames import EndFrame, Frame, InputAudioRawFrame, StartFrame, TextFrame
from pipecat.observers.base_observer import BaseObserver, FrameProcessed, FramePushed
from pipecat.observers.turn_tracking_observer import TurnTrackingObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.workers.runner import WorkerRunner

from calls.observing import LOOKED_AT, tell_those_who_look
from tests.virtual_time import in_virtual_time


class Pushes(BaseObserver):
    def __init__(self, **how: bool) -> None:
        super().__init__(**how)
        self.seen: list[Frame] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.frame, TextFrame | InputAudioRawFrame):
            self.seen.append(data.frame)


class Texts(Pushes):
    def wants(self, kind: type[Frame]) -> bool:
        return issubclass(kind, TextFrame)


class TextsThatLeave(Texts):
    """Takes what a filter pushes, and not what reaches the first one."""

    def wants_push(self, pushed: FramePushed) -> bool:
        return isinstance(pushed.source, IdentityFilter)


class Processings(BaseObserver):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Frame] = []

    async def on_process_frame(self, data: FrameProcessed) -> None:
        if isinstance(data.frame, TextFrame):
            self.seen.append(data.frame)


def worker_with(*observers: BaseObserver) -> PipelineWorker:
    return PipelineWorker(
        Pipeline([IdentityFilter(), IdentityFilter()]),
        params=PipelineParams(),
        observers=list(observers),
        enable_rtvi=False,
        cancel_on_idle_timeout=False,
    )


async def observed(*observers: BaseObserver, sparing: bool) -> None:
    worker = worker_with(*observers)
    if sparing:
        tell_those_who_look(worker)
    await worker.queue_frames([TextFrame("yes"), InputAudioRawFrame(bytes(320), 8000, 1)])
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await worker.stop_when_done()
    await runner.run()


@pytest.mark.parametrize("sparing", [False, True])
def test_observer_that_does_not_say_what_it_wants_is_told_of_every_push(sparing: bool) -> None:
    @in_virtual_time
    async def call() -> None:
        every, first = Pushes(), Pushes(observe_every_push=False)
        await observed(every, first, sparing=sparing)
        assert [type(frame) for frame in first.seen] == [TextFrame, InputAudioRawFrame]
        assert len(every.seen) > 2 * len(first.seen)

    call()


@in_virtual_time
async def test_observer_is_spared_the_frames_that_it_does_not_want() -> None:
    texts, processings = Texts(observe_every_push=False), Processings()
    await observed(texts, processings, sparing=True)
    assert [type(frame) for frame in texts.seen] == [TextFrame]
    assert len(processings.seen) >= 2


@in_virtual_time
async def test_observer_of_pipecat_is_spared_the_frames_that_it_does_not_look_at() -> None:
    tracker = TurnTrackingObserver()
    told: list[type[Frame]] = []

    async def tell(data: FramePushed) -> None:
        told.append(type(data.frame))

    tracker.on_push_frame = tell  # type: ignore[method-assign]
    await observed(tracker, sparing=True)
    assert told == [StartFrame, EndFrame]


@pytest.mark.parametrize("observer", LOOKED_AT)
def test_pipecats_own_observers_look_at_what_is_known_of_them(observer: type[BaseObserver]) -> None:
    source = inspect.getsource(observer.on_push_frame)
    named = set(re.findall(r"\b[A-Z]\w*Frame\b", source))
    known = {kind.__name__ for kind in LOOKED_AT[observer]}
    # Of the latency's parts, which are told to nobody, more frames are looked at.
    breaks_down = hasattr(observer, "_build_contributions")
    assert known <= named if breaks_down else known == named


@in_virtual_time
async def test_observer_is_told_of_those_pushes_that_it_takes_and_the_first_is_the_first() -> None:
    leaving, first = TextsThatLeave(), TextsThatLeave(observe_every_push=False)
    await observed(leaving, first, sparing=True)
    assert [type(frame) for frame in leaving.seen] == [TextFrame, TextFrame]
    assert [type(frame) for frame in first.seen] == [TextFrame]


@in_virtual_time
async def test_observer_that_comes_in_mid_call_is_told_of_what_is_processed_from_then_on() -> None:
    worker, late = worker_with(Processings()), Processings()
    tell_those_who_look(worker)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await worker.queue_frames([TextFrame("early")])
    await asyncio.sleep(1)
    worker.add_observer(late)
    await worker.queue_frames([TextFrame("later")])
    await worker.stop_when_done()
    await running
    assert {frame.text for frame in late.seen if isinstance(frame, TextFrame)} == {"later"}
