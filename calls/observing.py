"""A call's observers are told of what they look at, and of nothing else."""

from collections.abc import Callable, Mapping
from typing import Any

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    ClientConnectedFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    StartFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FrameProcessed, FramePushed
from pipecat.observers.turn_tracking_observer import TurnTrackingObserver
from pipecat.observers.user_bot_latency_observer import UserBotLatencyObserver
from pipecat.pipeline.worker import IdleFrameObserver, PipelineWorker
from pipecat.pipeline.worker_observer import Proxy, WorkerObserver
from pipecat.utils.tracing.turn_trace_observer import TurnTraceObserver

Takes = Callable[[FramePushed], bool]

# Pipecat's own do not say what they look at: who traces a call would be told of all its audio.
LOOKED_AT: Mapping[type[BaseObserver], tuple[type[Frame], ...]] = {
    TurnTrackingObserver: (
        StartFrame,
        UserStartedSpeakingFrame,
        BotStartedSpeakingFrame,
        BotStoppedSpeakingFrame,
        EndFrame,
        CancelFrame,
    ),
    TurnTraceObserver: (StartFrame,),
    # It is there for the latency alone; what it breaks that down into, nobody asks it.
    UserBotLatencyObserver: (
        ClientConnectedFrame,
        VADUserStartedSpeakingFrame,
        VADUserStoppedSpeakingFrame,
        UserStoppedSpeakingFrame,
        InterruptionFrame,
        BotStartedSpeakingFrame,
    ),
}


def tell_those_who_look(worker: PipelineWorker) -> None:
    """Have a worker that does not run yet spare the observers that would look away.

    An observer may have `wants(kind: type[Frame]) -> bool`: of other frames it is not told. Nor are
    Pipecat's own of what they do not look at. It may have `wants_push(pushed: FramePushed) -> bool`
    as well, asked at each push of what it wants; the first that it takes is its `first_push`. Who
    does not say is told of every push, as Pipecat does.
    """
    # The worker takes no observer of observers from outside.
    worker._observer = _SparingObserver(observers=worker._observer._observers)


class _SparingObserver(WorkerObserver):
    """Pipecat's puts each push of a frame, and each processing of it, into a queue an observer."""

    def __init__(self, *, observers: list[BaseObserver]) -> None:
        super().__init__(observers=observers)
        self._wanting: dict[type[Frame], tuple[tuple[Proxy, Takes], ...]] = {}
        self._following: tuple[Proxy, ...] | None = None

    async def on_process_frame(self, data: FrameProcessed) -> None:
        for proxy in self._who_follows():
            proxy.queue.put_nowait(data)

    async def on_push_frame(self, data: FramePushed) -> None:
        frame = data.frame
        kind = type(frame)
        wanting = [proxy for proxy, takes in self._who_wants(kind) if takes(data)]
        if not wanting:
            return
        data.first_push = frame.id not in self._frames_pushed
        if data.first_push:
            self._frames_pushed[frame.id] = frame
        for proxy in wanting:
            if data.first_push or proxy.observer.observe_every_push:
                proxy.queue.put_nowait(data)

    def add_observer(self, observer: BaseObserver) -> None:
        super().add_observer(observer)
        self._ask_again()

    async def remove_observer(self, observer: BaseObserver) -> None:
        await super().remove_observer(observer)
        self._ask_again()

    def _ask_again(self) -> None:
        self._wanting.clear()
        self._following = None

    # Both are asked for every frame at every processor.

    def _who_follows(self) -> tuple[Proxy, ...]:
        following = self._following
        if following is None:
            following = tuple(
                proxy
                for observer, proxy in (self._proxies or {}).items()
                if type(observer).on_process_frame is not BaseObserver.on_process_frame
            )
            if self._proxies is not None:
                self._following = following
        return following

    def _who_wants(self, kind: type[Frame]) -> tuple[tuple[Proxy, Takes], ...]:
        wanting = self._wanting.get(kind)
        if wanting is None:
            each = (self._proxies or {}).items()
            wanting = tuple(
                (proxy, getattr(observer, "wants_push", _takes_all))
                for observer, proxy in each
                if _looks_at(observer, kind)
            )
            if self._proxies is not None:
                self._wanting[kind] = wanting
        return wanting


def _looks_at(observer: BaseObserver, kind: type[Frame]) -> bool:
    wants: Any = getattr(observer, "wants", None)
    if wants is not None:
        return bool(wants(kind))
    if type(observer) is IdleFrameObserver:
        return issubclass(kind, (StartFrame, *observer._idle_timeout_frames))
    kinds = LOOKED_AT.get(type(observer))
    return kinds is None or issubclass(kind, kinds)


def _takes_all(pushed: FramePushed) -> bool:
    return True
