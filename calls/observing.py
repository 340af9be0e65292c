"""A call's observers are told of what they look at, and of nothing else."""

from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import Frame
from pipecat.observers.base_observer import BaseObserver, FrameProcessed, FramePushed
from pipecat.pipeline.worker import PipelineWorker
from pipecat.pipeline.worker_observer import WorkerObserver

Wants = Callable[[type[Frame]], bool]


def tell_those_who_look(worker: PipelineWorker) -> None:
    """Have a worker that does not run yet spare the observers that would look away.

    An observer may have `wants(kind: type[Frame]) -> bool`: of other frames it is not told. Where
    it does not say, it is told of every push, as Pipecat does.
    """
    # The worker takes no observer of observers from outside.
    worker._observer = _SparingObserver(observers=worker._observer._observers)


class _SparingObserver(WorkerObserver):
    """Pipecat's puts each push of a frame, and each processing of it, into a queue an observer."""

    def __init__(self, *, observers: list[BaseObserver]) -> None:
        super().__init__(observers=observers)
        self._told: dict[tuple[BaseObserver, type[Frame]], bool] = {}

    async def on_process_frame(self, data: FrameProcessed) -> None:
        for observer, proxy in (self._proxies or {}).items():
            if type(observer).on_process_frame is not BaseObserver.on_process_frame:
                proxy.queue.put_nowait(data)

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        kind = type(frame)
        wanting = [each for each in (self._proxies or {}).items() if self._wants(each[0], kind)]
        if not wanting:
            return
        data.first_push = frame.id not in self._frames_pushed
        if data.first_push:
            self._frames_pushed[frame.id] = frame
        for observer, proxy in wanting:
            if data.first_push or observer.observe_every_push:
                proxy.queue.put_nowait(data)

    def _wants(self, observer: BaseObserver, kind: type[Frame]) -> bool:
        known = self._told.get((observer, kind))
        if known is None:
            wants: Any = getattr(observer, "wants", None)
            known = self._told[observer, kind] = wants is None or bool(wants(kind))
        return known
