import pytest
from pipecat.frames.frames import (
    AggregatedTextProgressFrame,
    Frame,
    InterruptionFrame,
    MetricsFrame,
    OutputAudioRawFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.tests.utils import SleepFrame, run_test

from calls.behind_output import KeepsFromTheRest
from calls.taken_back import TakesBack
from services.failover.tts.taken_back import SpeechTakenBackFrame


class Output(FrameProcessor):
    """Keeps what it would play, until it is interrupted."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)
        self.queued: list[Frame] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterruptionFrame):
            self.queued.clear()
        if isinstance(frame, OutputAudioRawFrame):
            self.queued.append(frame)
        await self.push_frame(frame, direction)


def audio() -> OutputAudioRawFrame:
    return OutputAudioRawFrame(b"\1\0" * 80, 8000, 1)


def way_out() -> tuple[Pipeline, Output]:
    output = Output()
    return Pipeline([TakesBack(), output, KeepsFromTheRest()]), output


async def test_what_is_taken_back_is_dropped_at_the_output_and_nobody_behind_it_hears_of_it():
    pipeline, output = way_out()
    first, second = audio(), audio()
    down, _ = await run_test(pipeline, frames_to_send=[first, SpeechTakenBackFrame(), second])
    assert output.queued == [second]
    assert not any(isinstance(frame, InterruptionFrame | SpeechTakenBackFrame) for frame in down)


async def test_an_interruption_by_the_caller_passes():
    pipeline, output = way_out()
    down, _ = await run_test(pipeline, frames_to_send=[audio(), SleepFrame(), InterruptionFrame()])
    assert output.queued == []
    assert any(isinstance(frame, InterruptionFrame) for frame in down)


@pytest.mark.parametrize(
    ("shows", "foreign", "passes"),
    [
        (False, False, []),
        (True, False, [AggregatedTextProgressFrame]),
        (False, True, [MetricsFrame, AggregatedTextProgressFrame]),
    ],
)
async def test_what_only_observers_look_at_ends_unless_a_foreign_processor_stands_behind(
    shows: bool, foreign: bool, passes: list[type[Frame]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.for_observers.anyone_foreign_after", lambda _: foreign)
    told = (
        MetricsFrame(data=[]),
        AggregatedTextProgressFrame(1, "c", "Hello.", "sentence", "Hello.", ""),
    )
    down, _ = await run_test(TakesBack(shows=shows), frames_to_send=told)
    assert [type(frame) for frame in down if isinstance(frame, tuple(map(type, told)))] == passes
