"""A call's observers are told of what they look at, and of nothing else."""

import pytest
from pipecat.frames.frames import Frame, InputAudioRawFrame, TextFrame
from pipecat.observers.base_observer import BaseObserver, FrameProcessed, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.filters.identity_filter import IdentityFilter
from pipecat.workers.runner import WorkerRunner

from calls.observing import tell_those_who_look
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


class Processings(BaseObserver):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Frame] = []

    async def on_process_frame(self, data: FrameProcessed) -> None:
        if isinstance(data.frame, TextFrame):
            self.seen.append(data.frame)


async def observed(*observers: BaseObserver, sparing: bool) -> None:
    worker = PipelineWorker(
        Pipeline([IdentityFilter(), IdentityFilter()]),
        params=PipelineParams(),
        observers=list(observers),
        enable_rtvi=False,
        cancel_on_idle_timeout=False,
    )
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
