"""The caller's audio goes on where somebody listens to it, and ends at the model elsewhere."""

import pytest
from pipecat.frames.frames import Frame, InputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from processors.filler_words import FillerWords
from services.failover.health import Health
from services.failover.llm.backed import BackedLLM
from services.listeners import anyone_listens_after
from tests.processors.probed_pipeline import probed_pipeline
from tests.services.failover.scripted_llm import Reply, ScriptedLLM
from tests.virtual_time import in_virtual_time


class Somebody(FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Recorder(FillerWords):
    hears_caller = True


def after(*others: FrameProcessor) -> FrameProcessor:
    first = FillerWords()
    Pipeline([first, *others])
    return first


@pytest.mark.parametrize("other", [Somebody, AudioBufferProcessor, Recorder])
def test_processor_that_may_hear_the_caller_is_found_even_in_a_pipeline_of_its_own(
    other: type[FrameProcessor],
) -> None:
    assert anyone_listens_after(after(FillerWords(), other()))
    assert anyone_listens_after(after(FillerWords(), Pipeline([FillerWords(), other()])))


def test_own_processors_do_not_listen() -> None:
    assert not anyone_listens_after(after(FillerWords(), Pipeline([FillerWords()])))


@in_virtual_time
async def test_model_passes_the_callers_audio_on_to_whoever_may_listen() -> None:
    model = BackedLLM(
        [("one", ScriptedLLM(Reply("Yes.")), Health(1000, fixed=True))], report=lambda _: None
    )
    async with probed_pipeline(model) as rig:
        await rig.down(InputAudioRawFrame(bytes(320), 8000, 1))
        assert [type(frame) for frame in rig.tail.got].count(InputAudioRawFrame) == 1
