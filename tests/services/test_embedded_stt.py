import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soxr
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    MetricsFrame,
    STTMetadataFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import STTUsageMetricsData, TTFBMetricsData
from pipecat.pipeline.worker import PipelineParams
from pipecat.tests.utils import run_test

from services.embedded.espeak import SAMPLE_RATE_HZ as ESPEAK_HZ
from services.embedded.espeak import VoiceSpec, synthesise
from services.embedded.listener import Heard
from services.embedded.sphinx import Ear
from services.embedded.stt import PocketsphinxSTTService

CALLER = VoiceSpec(variant="klatt6", rate_wpm=160, pitch=55, pitch_range=50)
LINES = ("where is my order", "my order number is four seven two nine one", "yes please")


@pytest.fixture(scope="module", autouse=True)
def model() -> Ear:
    return Ear.shared(LINES)


def audio_of(text: str, rate_hz: int = 16_000) -> list[Frame]:
    pcm = b"".join(chunk.pcm for chunk in synthesise(text, CALLER))
    samples = soxr.resample(np.frombuffer(pcm, np.int16), ESPEAK_HZ, rate_hz).astype(np.int16)
    quiet = np.zeros(rate_hz // 5, np.int16)
    sound = np.concatenate([quiet, samples, quiet])
    step = rate_hz // 50
    return [
        InputAudioRawFrame(sound[at : at + step].tobytes(), rate_hz, 1)
        for at in range(0, len(sound), step)
    ]


def utterance(text: str, rate_hz: int = 16_000) -> list[Frame]:
    """The VAD notices speech 0.3 s after its first frame, and its end 0.2 s late."""
    audio = audio_of(text, rate_hz)
    return [
        *audio[:15],
        VADUserStartedSpeakingFrame(start_secs=0.2),
        *audio[15:],
        VADUserStoppedSpeakingFrame(stop_secs=0.2),
    ]


async def heard(
    frames: Sequence[Frame], *, rate_hz: int = 16_000, end: bool = True
) -> Sequence[Frame]:
    down, _ = await run_test(
        PocketsphinxSTTService(sample_lines=LINES),
        frames_to_send=frames,
        pipeline_params=PipelineParams(
            audio_in_sample_rate=rate_hz, enable_metrics=True, enable_usage_metrics=True
        ),
        send_end_frame=end,
        start_timeout=60,
    )
    return down


def finals(frames: Sequence[Frame]) -> list[str]:
    return [frame.text for frame in frames if isinstance(frame, TranscriptionFrame)]


async def test_caller_is_understood_from_the_first_word_and_the_transcript_is_finalized() -> None:
    down = await heard(utterance("where is my order"))
    [transcript] = [frame for frame in down if isinstance(frame, TranscriptionFrame)]
    assert transcript.text == "where is my order"
    assert transcript.finalized


async def test_interim_transcripts_come_before_the_final_one() -> None:
    down = await heard(utterance("my order number is four seven two nine one"))
    kinds = [
        type(frame)
        for frame in down
        if isinstance(frame, (InterimTranscriptionFrame, TranscriptionFrame))
    ]
    assert kinds[0] is InterimTranscriptionFrame
    assert kinds[-1] is TranscriptionFrame


async def test_caller_who_goes_on_after_a_pause_gets_a_second_transcript() -> None:
    down = await heard([*utterance("where is my order"), *utterance("yes please")])
    assert finals(down) == ["where is my order", "yes please"]


async def test_transcript_of_a_caller_who_already_goes_on_does_not_end_the_turn() -> None:
    service = PocketsphinxSTTService(sample_lines=LINES)

    class TwoBegun:
        utterance = 2

    service._listener = TwoBegun()  # pyright: ignore[reportAttributeAccessIssue]
    early = service._transcript(Heard(1, "where is", final=True))
    late = service._transcript(Heard(2, "my order", final=True))
    assert isinstance(early, TranscriptionFrame)
    assert isinstance(late, TranscriptionFrame)
    assert (early.finalized, late.finalized) == (False, True)


async def test_noise_without_words_gives_no_transcript() -> None:
    silence = InputAudioRawFrame(bytes(640), 16_000, 1)
    down = await heard(
        [VADUserStartedSpeakingFrame(), *[silence] * 20, VADUserStoppedSpeakingFrame()]
    )
    assert finals(down) == []


async def test_words_outside_an_utterance_are_not_transcribed() -> None:
    assert finals(await heard(audio_of("where is my order"))) == []


async def test_interruption_of_the_bot_keeps_the_callers_words() -> None:
    frames = utterance("where is my order")
    frames.insert(20, InterruptionFrame())
    assert finals(await heard(frames)) == ["where is my order"]


async def test_sound_at_48_khz_is_understood() -> None:
    down = await heard(utterance("where is my order", 48_000), rate_hz=48_000)
    assert finals(down) == ["where is my order"]


async def test_call_that_ends_in_mid_sentence_still_delivers_the_words() -> None:
    down = await heard(utterance("where is my order")[:-1])
    assert finals(down) == ["where is my order"]


async def test_audio_and_vad_frames_pass_on_to_the_next_stage() -> None:
    sent = utterance("yes please")
    down = await heard(sent)
    passed = [frame for frame in down if isinstance(frame, type(sent[0]))]
    assert len(passed) == sum(isinstance(frame, InputAudioRawFrame) for frame in sent)
    assert any(isinstance(frame, VADUserStoppedSpeakingFrame) for frame in down)


async def test_seconds_of_sound_and_time_to_the_final_transcript_are_reported() -> None:
    down = await heard(utterance("where is my order"))
    data = [item for frame in down if isinstance(frame, MetricsFrame) for item in frame.data]
    assert any(isinstance(item, STTUsageMetricsData) for item in data)
    assert any(isinstance(item, TTFBMetricsData) and item.value > 0 for item in data)


async def test_expected_wait_for_a_transcript_is_announced() -> None:
    frame = PocketsphinxSTTService().service_metadata_frame()
    assert isinstance(frame, STTMetadataFrame)
    assert 0.2 < frame.ttfs_p99_latency < 0.5


@pytest.mark.parametrize("last", [EndFrame, CancelFrame])
async def test_no_thread_outlives_the_call(last: type[Frame]) -> None:
    frames = [*utterance("where is my order")[:-1], last()]
    await heard(frames, end=False)
    assert not [thread for thread in threading.enumerate() if thread.name == "embedded-ear"]


async def test_building_the_model_leaves_the_event_loop_free(
    monkeypatch: pytest.MonkeyPatch, model: Ear
) -> None:
    asked, may_build = threading.Event(), threading.Event()

    def slow(*_: object, **__: object) -> Ear:
        asked.set()
        assert may_build.wait(60)
        return model

    monkeypatch.setattr(Ear, "shared", slow)
    call = asyncio.create_task(heard(utterance("yes please")))
    assert await asyncio.to_thread(asked.wait, 60)
    may_build.set()
    assert finals(await call) == ["yes please"]


async def test_models_are_kept_in_the_folder_that_was_named(tmp_path: Path) -> None:
    service = PocketsphinxSTTService(
        sample_lines=("a line of its own",), cache_dir=tmp_path / "models"
    )
    await run_test(service, frames_to_send=[], start_timeout=60)
    kept = list((tmp_path / "models").iterdir())
    assert {path.suffix for path in kept} == {".arpa", ".dict"}
