"""Pipecat's own AssemblyAI service against the stand-in."""

from typing import Any

import pytest
from on_stage import on_stage, silence, utterance
from pipecat.frames.frames import (
    ErrorFrame,
    InterimTranscriptionFrame,
    ProposedUserStartedSpeakingFrame,
    TranscriptionFrame,
)
from pipecat.services.assemblyai.stt import AssemblyAISTTService

from rehearsal.standins import Script, StandIns


def assemblyai(
    providers: StandIns, *, forced: bool = True, model: str = "universal-3-6-pro"
) -> AssemblyAISTTService:
    settings: dict[str, Any] = {"model": model}
    return AssemblyAISTTService(
        api_key="a-key",
        api_endpoint_base_url=providers.url("assemblyai").replace("http", "ws") + "/v3/ws",
        vad_force_turn_endpoint=forced,
        settings=AssemblyAISTTService.Settings(**settings),
    )


def script(*transcripts: str) -> Script:
    return Script(transcripts={"assemblyai": transcripts})


@pytest.mark.parametrize("model", ["universal-3-6-pro", "universal-streaming-english"])
async def test_forced_endpoint_brings_one_finalized_transcript(
    providers: StandIns, model: str
) -> None:
    providers.house.script = script("my order is four seven two")
    async with on_stage(assemblyai(providers, model=model)) as stage:
        await stage.send(*utterance("my order is four seven two"), *silence(0.3))
        await stage.until(TranscriptionFrame, lambda frame: frame.finalized)
        [final] = stage.of(TranscriptionFrame)
    assert final.text == "my order is four seven two"
    assert stage.of(InterimTranscriptionFrame)
    assert not stage.errors


async def test_turn_ends_by_itself_after_a_silence(providers: StandIns) -> None:
    providers.house.script = script("no hurry")
    async with on_stage(assemblyai(providers, forced=False)) as stage:
        await stage.send(*utterance("no hurry"), *silence(1.5))
        final = await stage.until(TranscriptionFrame)
    assert final.text == "no hurry"
    assert stage.of(ProposedUserStartedSpeakingFrame)


async def test_end_of_the_call_waits_for_the_goodbye(providers: StandIns) -> None:
    async with on_stage(assemblyai(providers)) as stage:
        await stage.send(*silence(0.2))
    assert not stage.errors


async def test_refused_key_is_reported(providers: StandIns) -> None:
    providers.fault("assemblyai", "http_401", last=1)
    async with on_stage(assemblyai(providers)) as stage:
        assert "401" in (await stage.until(ErrorFrame)).error


async def test_late_transcript_comes_after_all(providers: StandIns) -> None:
    providers.house.script = script("better late")
    providers.fault("assemblyai", "late", seconds=0.2)
    async with on_stage(assemblyai(providers)) as stage:
        await stage.send(*utterance("better late"), *silence(0.3))
        assert (await stage.until(TranscriptionFrame)).text == "better late"


async def test_blank_transcript_is_white_space(providers: StandIns) -> None:
    providers.house.script = script("better late")
    providers.fault("assemblyai", "blank_text")
    async with on_stage(assemblyai(providers)) as stage:
        await stage.send(*utterance("better late"), *silence(0.3))
        assert (await stage.until(TranscriptionFrame)).text == " "
