"""The caller's audio goes on where somebody listens to it, else it ends with the user's context."""

import pytest
from pipecat.frames.frames import Frame, InputAudioRawFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.audio.audio_buffer_processor import AudioBufferProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from calls.turn_taking.listening_user import ListeningUser
from processors.filler_words import FillerWords
from processors.silence_bound import SilenceBound
from processors.spoken_text import SpokenText
from processors.stage_latency import StageLatency
from services.failover.health import Health
from services.failover.llm.backed import BackedLLM
from services.listeners import anyone_foreign_after, anyone_listens_after
from tests.processors.probed_pipeline import Probe, probed_pipeline
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


def backed() -> BackedLLM:
    providers = [("one", ScriptedLLM(Reply("Yes.")), Health(1000, fixed=True))]
    return BackedLLM(providers, report=lambda _: None)


@pytest.mark.parametrize("other", [Somebody, AudioBufferProcessor, Recorder])
def test_processor_that_may_hear_the_caller_is_found_even_in_a_pipeline_of_its_own(
    other: type[FrameProcessor],
) -> None:
    assert anyone_listens_after(after(FillerWords(), other()))
    assert anyone_listens_after(after(FillerWords(), Pipeline([FillerWords(), other()])))


@pytest.mark.parametrize("other", [Somebody, AudioBufferProcessor])
def test_what_is_none_of_the_projects_may_hear_the_bot(other: type[FrameProcessor]) -> None:
    assert anyone_foreign_after(after(FillerWords(), Pipeline([other()])))
    assert not anyone_foreign_after(after(FillerWords(), backed()))


@pytest.mark.parametrize("room", ["bots", "processors"])
def test_processor_that_was_added_is_given_everything(
    room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Somebody, "__module__", f"{room}.noise_meter")
    assert anyone_listens_after(after(Somebody()))
    assert anyone_foreign_after(after(Somebody()))


@pytest.mark.parametrize("own", [FillerWords, SilenceBound, SpokenText, StageLatency])
def test_own_processors_do_not_listen(own: type[FrameProcessor]) -> None:
    assert not anyone_foreign_after(after(own()))
    assert not anyone_listens_after(after(own(), Pipeline([own()])))


def test_model_that_may_take_speech_listens_and_a_backed_one_does_not() -> None:
    assert anyone_listens_after(after(ScriptedLLM(Reply("Yes."))))
    assert not anyone_listens_after(after(backed()))


@pytest.mark.parametrize(("behind", "heard"), [(FillerWords, 0), (Recorder, 1)])
def test_callers_audio_ends_with_the_users_context_unless_somebody_behind_listens(
    behind: type[FrameProcessor], heard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Probe, "hears_caller", False, raising=False)

    @in_virtual_time
    async def story() -> None:
        async with probed_pipeline(ListeningUser(LLMContext()), behind()) as rig:
            await rig.down(InputAudioRawFrame(bytes(320), 8000, 1))
            assert len(rig.reached_the_end(InputAudioRawFrame)) == heard

    story()


@in_virtual_time
async def test_model_passes_the_callers_audio_on_to_whoever_may_listen() -> None:
    async with probed_pipeline(backed()) as rig:
        await rig.down(InputAudioRawFrame(bytes(320), 8000, 1))
        assert [type(frame) for frame in rig.tail.got].count(InputAudioRawFrame) == 1
