"""Pipecat's own OpenAI speech and transcription services against the stand-ins."""

import pytest
from on_stage import on_stage, silence, speak, utterance
from pipecat.frames.frames import ErrorFrame, TranscriptionFrame, TTSAudioRawFrame, TTSStoppedFrame
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.openai.tts import OpenAITTSService

from rehearsal.ear import Ears
from rehearsal.standins import Script, StandIns
from services.embedded import espeak

SENTENCE = "Your order is on its way."


def voice(providers: StandIns) -> OpenAITTSService:
    return OpenAITTSService(
        api_key="a-key",
        base_url=providers.url("openai") + "/v1",
        sample_rate=24_000,
        settings=OpenAITTSService.Settings(voice="alloy"),
    )


def ear(providers: StandIns, name: str = "openai") -> OpenAISTTService:
    return OpenAISTTService(api_key="a-key", base_url=providers.url(name) + "/v1")


def true_duration_s(text: str) -> float:
    return len(espeak.speak(text, espeak.VoiceSpec())) / 2 / espeak.SAMPLE_RATE_HZ


async def test_sentence_is_spoken(providers: StandIns) -> None:
    async with on_stage(voice(providers)) as stage:
        await stage.send(speak(SENTENCE))
        await stage.until(TTSStoppedFrame)
    assert stage.audio.size / 24_000 == pytest.approx(true_duration_s(SENTENCE), abs=0.05)


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_refusal_is_reported_with_its_status(providers: StandIns, status: int) -> None:
    providers.fault("openai-speech", f"http_{status}", seconds=0)
    async with on_stage(voice(providers)) as stage:
        await stage.send(speak(SENTENCE))
        assert str(status) in (await stage.until(ErrorFrame)).error


async def test_success_without_audio(providers: StandIns) -> None:
    providers.fault("openai-speech", "no_audio")
    async with on_stage(voice(providers)) as stage:
        await stage.send(speak(SENTENCE))
        await stage.until(ErrorFrame)
    assert "no audio" in stage.errors[0]
    assert not stage.of(TTSAudioRawFrame)


async def test_wrong_rate_is_heard_as_another_duration(providers: StandIns) -> None:
    providers.fault("openai-speech", "wrong_rate")
    async with on_stage(voice(providers)) as stage:
        await stage.send(speak(SENTENCE))
        await stage.until(TTSStoppedFrame)
    assert stage.audio.size / 24_000 == pytest.approx(true_duration_s(SENTENCE) * 2 / 3, rel=0.1)


async def test_body_that_breaks_off_is_an_error(providers: StandIns) -> None:
    providers.fault("openai-speech", "close", after=2)
    async with on_stage(voice(providers)) as stage:
        await stage.send(speak(SENTENCE))
        await stage.until(ErrorFrame)


@pytest.mark.parametrize("seat", ["openai-transcription", "whisper"])
async def test_segment_is_written_down_as_the_script_says(providers: StandIns, seat: str) -> None:
    providers.house.script = Script(transcripts={seat: ["where is my order"]})
    async with on_stage(ear(providers, seat.partition("-")[0])) as stage:
        await stage.send(*utterance("where is my order"), *silence(0.1))
        assert (await stage.until(TranscriptionFrame)).text == "where is my order"


async def test_segment_is_really_heard() -> None:
    async with (
        StandIns(profile="none", ears=Ears(("where is my order",))) as providers,
        on_stage(ear(providers)) as stage,
    ):
        await stage.send(*utterance("where is my order"))
        assert (await stage.until(TranscriptionFrame)).text == "where is my order"


async def test_transcription_that_is_refused_is_reported(providers: StandIns) -> None:
    providers.fault("openai-transcription", "http_401")
    async with on_stage(ear(providers)) as stage:
        await stage.send(*utterance("where is my order"))
        assert "401" in (await stage.until(ErrorFrame)).error
