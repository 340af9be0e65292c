"""The stages of a turn, from the end of the caller's speech to the first audio out."""

import dataclasses
import time
from collections.abc import Callable

from pipecat.frames.frames import EndFrame, Frame, MetricsFrame
from pipecat.metrics.metrics import MetricsData
from pipecat.observers.base_observer import FramePushed
from pipecat.processors.frame_processor import (
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)
from pipecat.processors.frameworks.rtvi.frames import RTVIServerMessageFrame

from processors.stages.moments import Watch
from processors.stages.report import StageMetricsData, Stages, TurnSink
from processors.stages.turn import Turn
from processors.stages.turns import Turns

_MEASURED = tuple(
    f.name for f in dataclasses.fields(Stages) if f.name.endswith("_ms") and f.name != "known_ms"
)


class StageLatency(FrameProcessor):
    """Reports every turn as metrics, as an RTVI ``turn-latency`` message and to ``record``.

    Place it after the text-to-speech service. Most of what it measures never passes there, so it
    adds an observer to its pipeline worker. A turn is reported once: when the first audio of its
    answer is out, or when it is known that there will be none: because it is apologised for, the
    silence bound gives it up, the caller goes on, or the call ends (after which only ``record`` is
    told). Noise without words is no turn.

    Args:
        record: Takes each turn.
        now: The clock that stamps the VAD's frames, in seconds.
    """

    def __init__(
        self, record: TurnSink | None = None, *, now: Callable[[], float] = time.time
    ) -> None:
        # Direct mode: frames only pass here, so a queue would add nothing but time.
        super().__init__(enable_direct_mode=True)
        self._record = record
        self._now = now
        self._turns_reported = 0
        self._turns = Turns(self._at_s, self._report)

    async def setup(self, setup: FrameProcessorSetup) -> None:
        """Starts watching the pipeline."""
        await super().setup(setup)
        self.pipeline_worker.add_observer(Watch(self._turns))

    async def cleanup(self) -> None:
        """Reports a turn that the call's end left without an answer."""
        if turn := self._turns.lapsed():
            self._kept(turn, interrupted=False)
        await super().cleanup()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Passes every frame on."""
        await super().process_frame(frame, direction)
        match frame:
            case EndFrame():
                await self._turns.call_ends()
        await self.push_frame(frame, direction)

    def _at_s(self, pushed: FramePushed) -> float:
        # Observers are told later than the push when the process is busy.
        return self._now() - (self.get_clock().get_time() - pushed.timestamp) / 1e9

    async def _report(self, turn: Turn, interrupted: bool) -> None:
        stages = self._kept(turn, interrupted)
        await self.push_frame(RTVIServerMessageFrame(data=stages.as_message()))
        if self.metrics_enabled:
            await self.push_frame(MetricsFrame(data=self._metrics_of(stages)))

    def _kept(self, turn: Turn, interrupted: bool) -> Stages:
        self._turns_reported += 1
        stages = turn.stages(self._turns_reported, known_s=self._now(), interrupted=interrupted)
        if self._record:
            self._record.turn(stages)
        return stages

    def _metrics_of(self, stages: Stages) -> list[MetricsData]:
        return [
            StageMetricsData(
                processor=self.name,
                turn=stages.turn,
                stage=stage.removesuffix("_ms"),
                value=value_ms / 1000,
            )
            for stage in _MEASURED
            if (value_ms := getattr(stages, stage)) is not None
        ]
