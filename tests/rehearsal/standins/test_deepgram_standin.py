"""Pipecat's own Deepgram service against the stand-in."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

import pytest
from on_stage import on_stage, silence, utterance
from pipecat.frames.frames import (
    ErrorFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
)
from pipecat.services.deepgram.stt import DeepgramSTTService

from rehearsal.ear import Ears
from rehearsal.standins import Script, StandIns

LINES = ("where is my order", "yes please")


def deepgram(providers: StandIns, **options: Any) -> DeepgramSTTService:
    settings: dict[str, Any] = {"endpointing": False, **options}
    return DeepgramSTTService(
        api_key="a-key",
        base_url=providers.url("deepgram"),
        settings=DeepgramSTTService.Settings(**settings),
    )


def script(*transcripts: str) -> Script:
    return Script(transcripts={"deepgram": transcripts})


async def test_caller_is_really_heard() -> None:
    async with (
        StandIns(profile="none", ears=Ears(LINES)) as providers,
        on_stage(deepgram(providers)) as stage,
    ):
        await stage.send(*utterance("where is my order"))
        transcript = await stage.until(TranscriptionFrame)
    assert transcript.text == "where is my order"


@pytest.mark.parametrize("rate_hz", [8000, 16_000])
async def test_transcript_of_the_script_comes_word_by_word_and_is_finalized(
    providers: StandIns, rate_hz: int
) -> None:
    providers.house.script = script("my order is four seven two nine one")
    async with on_stage(deepgram(providers), in_hz=rate_hz) as stage:
        await stage.send(*utterance("my order is four seven two nine one", rate_hz=rate_hz))
        final = await stage.until(TranscriptionFrame)
        interims = stage.of(InterimTranscriptionFrame)
    assert final.text == "my order is four seven two nine one"
    assert final.finalized
    assert interims[0].text.split()[0] == "my"
    assert all(final.text.startswith(frame.text) for frame in interims)


async def test_every_utterance_gets_its_own_line_of_the_script(providers: StandIns) -> None:
    providers.house.script = script("first", "second")
    async with on_stage(deepgram(providers)) as stage:
        await stage.send(*utterance("hello there"))
        await stage.until(TranscriptionFrame)
        await stage.send(*utterance("hello there"))
        await stage.until(TranscriptionFrame, count=2)
        assert heard(stage.of(TranscriptionFrame)) == ["first", "second"]


async def test_endpointing_finds_the_end_of_speech_by_itself(providers: StandIns) -> None:
    providers.house.script = script("no hurry")
    half_a_second_later = [*utterance("no hurry")[:-1], *silence(0.6)]
    async with on_stage(deepgram(providers, endpointing=300)) as stage:
        await stage.send(*half_a_second_later)
        final = await stage.until(TranscriptionFrame)
    assert final.text == "no hurry"
    assert getattr(final.result, "speech_final", False)


async def test_server_knows_what_was_asked_of_it(providers: StandIns) -> None:
    async with on_stage(deepgram(providers, keyterm=["Switchboard", "order number"])):
        [connection] = providers.house.received("deepgram", "connection")
    query = parse_qs(connection.asked)
    assert query["keyterm"] == ["Switchboard", "order number"]
    assert query["sample_rate"] == ["16000"]


async def test_wrong_key_is_told_at_once_and_for_good(providers: StandIns) -> None:
    providers.fault("deepgram", "http_401")
    async with on_stage(deepgram(providers)) as stage:
        error = await stage.until(ErrorFrame)
    assert "401" in error.error
    assert providers.house.counts()["deepgram"]["connection"] == 1


async def test_refused_connection_is_tried_again(providers: StandIns) -> None:
    providers.fault("deepgram", "refuse", last=1)
    providers.house.script = script("still there")
    async with on_stage(deepgram(providers)) as stage:
        await stage.until(ErrorFrame)
        await stage.send(*utterance("still there"))
        assert (await stage.until(TranscriptionFrame)).text == "still there"
    assert providers.house.counts()["deepgram"]["connection"] == 2


async def test_connection_that_breaks_off_in_an_utterance_is_reported(providers: StandIns) -> None:
    providers.house.script = script("one two three four five six")
    providers.fault("deepgram", "close", after=2)
    async with on_stage(deepgram(providers)) as stage:
        await stage.send(*utterance("one two three four five six"))
        await stage.until(ErrorFrame)
    assert [frame.text for frame in stage.of(InterimTranscriptionFrame)] == ["one", "one two"]
    assert not stage.of(TranscriptionFrame)


async def test_open_connection_can_be_dropped_on_order(providers: StandIns) -> None:
    async with on_stage(deepgram(providers)) as stage:
        assert providers.house.drop("deepgram") == 1
        await stage.until(ErrorFrame)


async def test_stalled_utterance_gets_no_final_and_the_next_one_does(providers: StandIns) -> None:
    providers.house.script = script("one two three four five", "second")
    providers.fault("deepgram", "stall", after=1, last=1)
    async with on_stage(deepgram(providers)) as stage:
        await stage.send(*utterance("one two three four five"))
        await stage.send(*utterance("second"))
        await stage.until(TranscriptionFrame)
        assert heard(stage.of(TranscriptionFrame)) == ["second"]
        assert [frame.text for frame in stage.of(InterimTranscriptionFrame)] == ["one"]


async def test_blank_transcript_is_a_transcript_of_white_space(providers: StandIns) -> None:
    providers.house.script = script("one two three")
    providers.fault("deepgram", "blank_text")
    async with on_stage(deepgram(providers)) as stage:
        await stage.send(*utterance("one two three"))
        assert (await stage.until(TranscriptionFrame)).text == " "


async def test_malformed_json_ends_pipecats_listening(providers: StandIns) -> None:
    providers.house.script = script("one two three four five")
    providers.fault("deepgram", "malformed_json", after=0)
    async with on_stage(deepgram(providers)) as stage:
        await stage.send(*utterance("one two three four five"))
        await stage.until(ErrorFrame)


def heard(transcripts: Sequence[TranscriptionFrame]) -> list[str]:
    return [frame.text for frame in transcripts]
