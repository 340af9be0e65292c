"""Pipecat's own Deepgram Flux service against the stand-in."""

import asyncio
import json
from typing import Any

import pytest
from on_stage import on_stage, silence, utterance
from pipecat.frames.frames import (
    ErrorFrame,
    InterimTranscriptionFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
)
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
from websockets.asyncio.client import connect

from rehearsal.standins import Script, StandIns


def address(providers: StandIns) -> str:
    return providers.url("deepgram").replace("http", "ws") + "/v2/listen"


def flux(providers: StandIns, **options: Any) -> DeepgramFluxSTTService:
    settings: dict[str, Any] = {"eot_timeout_ms": 500, **options}
    return DeepgramFluxSTTService(
        api_key="a-key",
        url=address(providers),
        settings=DeepgramFluxSTTService.Settings(**settings),
    )


def script(*transcripts: str) -> Script:
    return Script(transcripts={"deepgram-flux": transcripts})


async def test_turn_starts_with_the_first_words_and_ends_after_a_pause(
    providers: StandIns,
) -> None:
    providers.house.script = script("my order is four seven two")
    async with on_stage(flux(providers)) as stage:
        await stage.send(*utterance("my order is four seven two"), *silence(0.5))
        final = await stage.until(TranscriptionFrame)
        await stage.until(ProposedUserStoppedSpeakingFrame)
        interims = [frame.text for frame in stage.of(InterimTranscriptionFrame)]
    assert final.text == "my order is four seven two"
    assert final.finalized
    assert stage.of(ProposedUserStartedSpeakingFrame)
    assert interims
    assert all(final.text.startswith(text) for text in interims)


async def test_caller_is_told_apart_by_turns(providers: StandIns) -> None:
    providers.house.script = script("first thing", "second thing")
    async with on_stage(flux(providers)) as stage:
        await stage.send(*utterance("first thing"), *silence(0.5))
        await stage.send(*utterance("second thing"), *silence(0.5))
        await stage.until(TranscriptionFrame, count=2)
        results: list[Any] = [frame.result for frame in stage.of(TranscriptionFrame)]
    assert [(result["turn_index"], result["transcript"]) for result in results] == [
        (0, "first thing"),
        (1, "second thing"),
    ]
    assert results[0]["trigger"] == "model"


async def test_eager_end_of_turn_comes_first_where_it_is_asked_for(providers: StandIns) -> None:
    providers.house.script = script("one two three")
    sound = [frame.audio for frame in utterance("one two three") if hasattr(frame, "audio")]  # pyright: ignore[reportAttributeAccessIssue]
    url = f"{address(providers)}?model=flux-general-en&encoding=linear16&sample_rate=16000"
    async with connect(
        f"{url}&eager_eot_threshold=0.4", additional_headers={"Authorization": "Token a-key"}
    ) as ws:
        for audio in [*sound, *[bytes(640)] * 25]:
            await ws.send(audio)
        told = [await told_by(ws)]
        while told[-1].get("event") != "EndOfTurn":
            told.append(await told_by(ws))
    events = [message.get("event") for message in told]
    assert told[0]["type"] == "Connected"
    assert events.index("StartOfTurn") < events.index("EagerEndOfTurn") < events.index("EndOfTurn")
    assert told[events.index("EagerEndOfTurn")]["transcript"] == "one two three"
    assert [message["sequence_id"] for message in told] == list(range(len(told)))


async def test_changed_threshold_is_confirmed(providers: StandIns) -> None:
    url = f"{address(providers)}?model=flux-general-en"
    headers = {"Authorization": "Token a-key"}
    async with connect(url, additional_headers=headers) as ws:
        await told_by(ws)
        await ws.send(json.dumps({"type": "Configure", "thresholds": {"eot_threshold": 0.8}}))
        assert (await told_by(ws))["thresholds"] == {"eot_threshold": 0.8}
        await ws.send(json.dumps({"type": "Configure", "thresholds": {"eot_threshold": 8}}))
        assert (await told_by(ws))["type"] == "ConfigureFailure"


async def test_model_that_is_not_flux_is_refused(providers: StandIns) -> None:
    async with on_stage(flux(providers, model="nova-3")) as stage:
        assert "400" in (await stage.until(ErrorFrame)).error


@pytest.mark.parametrize("status", [401, 503])
async def test_refused_handshake_is_reported_with_its_status(
    providers: StandIns, status: int
) -> None:
    providers.fault("deepgram-flux", f"http_{status}", last=1)
    async with on_stage(flux(providers)) as stage:
        assert str(status) in (await stage.until(ErrorFrame)).error


async def test_turn_that_is_cut_short_keeps_the_words_that_came(providers: StandIns) -> None:
    providers.house.script = script("one two three four five six")
    providers.fault("deepgram-flux", "close", after=2)
    async with on_stage(flux(providers)) as stage:
        await stage.send(*utterance("one two three four five six"))
        final = await stage.until(TranscriptionFrame)
    assert final.text in ("one", "one two")
    assert not final.finalized


async def told_by(ws: Any) -> dict[str, Any]:
    return json.loads(await asyncio.wait_for(ws.recv(), 15))
