"""Pipecat's own Cartesia service against the stand-in."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from on_stage import Stage, on_stage, speak
from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.services.cartesia.tts import CartesiaTTSService
from websockets.asyncio.client import ClientConnection, connect

from rehearsal.audible import audible_spans
from rehearsal.standins import StandIns
from services.embedded import espeak

SENTENCE = "Your order is on its way."


def cartesia(providers: StandIns) -> CartesiaTTSService:
    return CartesiaTTSService(
        api_key="a-key",
        url=socket_url(providers),
        max_buffer_delay_ms=0,
        settings=CartesiaTTSService.Settings(voice="a-voice"),
    )


def socket_url(providers: StandIns) -> str:
    return providers.url("cartesia").replace("http", "ws") + "/tts/websocket"


async def spoken(stage: Stage, text: str = SENTENCE) -> None:
    before = len(stage.of(TTSStoppedFrame))
    await stage.send(speak(text))
    await stage.until(TTSStoppedFrame, count=before + 1)


def true_duration_s(text: str) -> float:
    samples = len(espeak.speak(text, espeak.VoiceSpec())) // 2
    return samples / espeak.SAMPLE_RATE_HZ


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 24_000])
async def test_sentence_is_spoken_at_the_rate_of_the_call(
    providers: StandIns, rate_hz: int
) -> None:
    async with on_stage(cartesia(providers), out_hz=rate_hz) as stage:
        await spoken(stage)
    assert {frame.sample_rate for frame in stage.of(TTSAudioRawFrame)} == {rate_hz}
    duration_s = stage.audio.size / rate_hz
    assert duration_s == pytest.approx(true_duration_s(SENTENCE), abs=0.15)
    assert audible_spans(stage.audio, sample_rate_hz=rate_hz)


async def test_words_come_with_the_times_they_are_heard_at(providers: StandIns) -> None:
    async with on_stage(cartesia(providers)) as stage:
        await spoken(stage)
        await stage.until(TTSTextFrame, count=6)
    words = [word for word, _ in stage.words]
    times = [at for _, at in stage.words]
    assert words == ["Your", "order", "is", "on", "its", "way."]
    assert times == sorted(times)
    spread_s = (times[-1] - times[0]) / 1e9
    assert 0.3 < spread_s < true_duration_s(SENTENCE)


async def test_second_sentence_is_spoken_on_the_same_connection(providers: StandIns) -> None:
    async with on_stage(cartesia(providers)) as stage:
        await spoken(stage)
        await spoken(stage, "Goodbye.")
    assert providers.house.counts()["cartesia"] == {"connection": 1, "turn": 2}
    assert [one.asked for one in providers.house.received("cartesia", "turn")] == [
        SENTENCE,
        "Goodbye.",
    ]


async def test_barge_in_cancels_the_context(providers: StandIns) -> None:
    providers.house.set_latencies("cartesia", {"next": latency(50)})
    async with on_stage(cartesia(providers)) as stage:
        await stage.send(speak("This is a long story about a parcel that nobody ever opened."))
        await stage.until(TTSAudioRawFrame)
        cut_off = stage.of(TTSAudioRawFrame)[0].context_id
        await stage.send(InterruptionFrame(), speak("Yes?"))
        await stage.until(TTSStoppedFrame, lambda frame: frame.context_id != cut_off)
    assert stage.audio.size / 24_000 < true_duration_s("This is a long story about a parcel.")


async def test_cancelled_context_is_silent(providers: StandIns) -> None:
    async with opened(providers) as ws:
        providers.house.set_latencies("cartesia", {"next": latency(50)})
        await ws.send(said("first", "A long sentence that takes a while to say."))
        await received(ws, "chunk")
        await ws.send(json.dumps({"context_id": "first", "cancel": True}))
        await ws.send(said("second", "Yes."))
        after = [message["context_id"] async for message in until_done(ws, "second")]
    # What was on its way when it was cancelled may still come.
    assert after.count("first") <= 1


async def test_stale_context_goes_on_after_its_cancellation(providers: StandIns) -> None:
    providers.fault("cartesia", "stale_context")
    async with opened(providers) as ws:
        providers.house.set_latencies("cartesia", {"next": latency(5)})
        await ws.send(said("first", "A long sentence that takes a while to say."))
        await received(ws, "chunk")
        await ws.send(json.dumps({"context_id": "first", "cancel": True}))
        after = [message["type"] async for message in until_done(ws, "first")]
    assert after.count("chunk") > 3


async def test_stale_context_that_was_done_already_speaks_once_more(providers: StandIns) -> None:
    providers.fault("cartesia", "stale_context")
    async with opened(providers) as ws:
        await ws.send(said("first", "Yes."))
        await received(ws, "done")
        await ws.send(json.dumps({"context_id": "first", "cancel": True}))
        assert (await received(ws, "chunk"))["context_id"] == "first"


async def test_context_in_which_nothing_was_said_is_done_at_once_and_no_turn(
    providers: StandIns,
) -> None:
    async with opened(providers) as ws:
        await ws.send(said("first", ""))
        await received(ws, "done")
    assert providers.house.counts()["cartesia"] == {"connection": 1}


async def test_success_without_audio(providers: StandIns) -> None:
    providers.fault("cartesia", "no_audio")
    async with on_stage(cartesia(providers)) as stage:
        await spoken(stage)
    assert stage.audio.size == 0
    assert "completed with no audio" in stage.errors[0]


async def test_wrong_rate_is_heard_as_another_duration(providers: StandIns) -> None:
    providers.fault("cartesia", "wrong_rate")
    async with on_stage(cartesia(providers)) as stage:
        await spoken(stage)
    assert stage.audio.size / 24_000 == pytest.approx(true_duration_s(SENTENCE) * 2 / 3, rel=0.1)


async def test_stalled_sentence_stops_after_its_chunks(providers: StandIns) -> None:
    providers.fault("cartesia", "stall", after=2, last=1)
    async with opened(providers) as ws:
        await ws.send(said("first", SENTENCE))
        await ws.send(said("second", "Yes."))
        kinds = [
            (message["context_id"], message["type"]) async for message in until_done(ws, "second")
        ]
    assert kinds.count(("first", "chunk")) == 2
    assert ("first", "done") not in kinds


async def test_connection_breaks_off_in_the_middle_of_a_sentence(providers: StandIns) -> None:
    providers.fault("cartesia", "close", after=2)
    async with on_stage(cartesia(providers)) as stage:
        await stage.send(speak(SENTENCE))
        await reconnected(providers)
    assert stage.audio.size == 2 * 2400


async def test_keep_alives_are_no_speech(providers: StandIns) -> None:
    providers.fault("cartesia", "keep_alives", seconds=0.01)
    pings: list[bytes] = []
    async with opened(providers) as ws:
        count_pings(ws, pings)
        await ws.send(said("first", SENTENCE))
        with pytest.raises(TimeoutError):
            await received(ws, "chunk", within_s=0.3)
    assert len(pings) > 2


async def test_malformed_message_is_no_json(providers: StandIns) -> None:
    providers.fault("cartesia", "malformed_json", after=1)
    async with on_stage(cartesia(providers)) as stage:
        await stage.send(speak(SENTENCE))
        await reconnected(providers)


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_refused_handshake_is_reported_with_its_status(
    providers: StandIns, status: int
) -> None:
    providers.fault("cartesia", f"http_{status}", last=1)
    async with on_stage(cartesia(providers)) as stage:
        error = await stage.until(ErrorFrame)
    assert str(status) in error.error


async def test_request_without_a_voice_is_answered_with_an_error(providers: StandIns) -> None:
    async with opened(providers) as ws:
        await ws.send(json.dumps({"context_id": "first", "transcript": "x", "model_id": "m"}))
        error = await received(ws, "error")
    assert error["message"] == "voice is required"


async def reconnected(providers: StandIns) -> None:
    await asyncio.wait_for(providers.house.until("cartesia", "connection", 2), 15)


def latency(ms: float) -> Any:
    from rehearsal.standins.latency import of

    return of(ms)


def opened(providers: StandIns) -> connect:
    return connect(socket_url(providers), additional_headers={"X-API-Key": "a-key"})


def said(context_id: str, text: str) -> str:
    return json.dumps(
        {
            "model_id": "sonic",
            "transcript": text,
            "voice": {"mode": "id", "id": "a-voice"},
            "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000},
            "context_id": context_id,
            "continue": False,
        }
    )


async def received(ws: ClientConnection, kind: str, within_s: float = 15) -> dict[str, Any]:
    async def next_of_kind() -> dict[str, Any]:
        async for text in ws:
            message = json.loads(text)
            if message["type"] == kind:
                return message
        raise AssertionError(f"closed before a {kind} came")

    return await asyncio.wait_for(next_of_kind(), within_s)


async def until_done(ws: ClientConnection, context_id: str) -> AsyncIterator[dict[str, Any]]:
    async for text in ws:
        message = json.loads(text)
        yield message
        if (message["type"], message["context_id"]) == ("done", context_id):
            return


def count_pings(ws: ClientConnection, pings: list[bytes]) -> None:
    from websockets.frames import Frame, Opcode

    original = ws.protocol.recv_frame

    def recv_frame(frame: Frame) -> None:
        if frame.opcode is Opcode.PING:
            pings.append(bytes(frame.data))
        original(frame)

    ws.protocol.recv_frame = recv_frame
