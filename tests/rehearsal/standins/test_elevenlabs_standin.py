"""Pipecat's own ElevenLabs service against the stand-in."""

import asyncio
import base64
import json
from typing import Any

import pytest
from on_stage import Stage, on_stage, speak
from pipecat.frames.frames import ErrorFrame, InterruptionFrame, TTSStoppedFrame, TTSTextFrame
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from rehearsal.standins import StandIns
from services.embedded import espeak

SENTENCE = "Your order is on its way."


def elevenlabs(providers: StandIns) -> ElevenLabsTTSService:
    return ElevenLabsTTSService(
        api_key="a-key",
        url=providers.url("elevenlabs").replace("http", "ws"),
        auto_mode=True,
        settings=ElevenLabsTTSService.Settings(voice="a-voice"),
    )


async def spoken(stage: Stage, text: str = SENTENCE) -> None:
    before = len(stage.of(TTSStoppedFrame))
    await stage.send(speak(text))
    await stage.until(TTSStoppedFrame, count=before + 1)


def true_duration_s(text: str) -> float:
    return len(espeak.speak(text, espeak.VoiceSpec())) / 2 / espeak.SAMPLE_RATE_HZ


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 24_000])
async def test_sentence_is_spoken_at_the_rate_of_the_call(
    providers: StandIns, rate_hz: int
) -> None:
    async with on_stage(elevenlabs(providers), out_hz=rate_hz) as stage:
        await spoken(stage)
    assert stage.audio.size / rate_hz == pytest.approx(true_duration_s(SENTENCE), abs=0.05)


async def test_words_come_with_the_times_they_are_heard_at(providers: StandIns) -> None:
    async with on_stage(elevenlabs(providers)) as stage:
        await spoken(stage)
        await stage.until(TTSTextFrame, count=6)
    times = [at for _, at in stage.words]
    assert [word for word, _ in stage.words] == ["Your", "order", "is", "on", "its", "way."]
    assert times == sorted(times)
    assert 0.3 < (times[-1] - times[0]) / 1e9 < true_duration_s(SENTENCE)


async def test_barge_in_is_followed_by_the_next_answer(providers: StandIns) -> None:
    async with on_stage(elevenlabs(providers)) as stage:
        await stage.send(speak("This is a long story about a parcel that nobody ever opened."))
        await asyncio.wait_for(providers.house.until("elevenlabs", "turn", 1), 15)
        await stage.send(InterruptionFrame())
        await stage.send(speak("Yes?"))
        await stage.until(TTSTextFrame, lambda frame: frame.text == "Yes?")
    assert not stage.errors


async def test_success_without_audio(providers: StandIns) -> None:
    providers.fault("elevenlabs", "no_audio")
    async with on_stage(elevenlabs(providers)) as stage:
        await spoken(stage)
    assert stage.audio.size == 0


async def test_wrong_rate_is_heard_as_another_duration(providers: StandIns) -> None:
    providers.fault("elevenlabs", "wrong_rate")
    async with on_stage(elevenlabs(providers)) as stage:
        await spoken(stage)
    assert stage.audio.size / 24_000 == pytest.approx(true_duration_s(SENTENCE) * 2 / 3, rel=0.1)


async def test_refused_key_is_reported(providers: StandIns) -> None:
    providers.fault("elevenlabs", "http_401", last=1)
    async with on_stage(elevenlabs(providers)) as stage:
        assert "401" in (await stage.until(ErrorFrame)).error


async def test_alignment_covers_the_audio_of_its_message(providers: StandIns) -> None:
    async with opened(providers) as ws:
        messages = await said(ws, SENTENCE)
    for message in messages:
        alignment = message["alignment"]
        audio_ms = len(base64.b64decode(message["audio"])) / 2 / 24
        end_ms = alignment["charStartTimesMs"][-1] + alignment["charDurationsMs"][-1]
        assert end_ms == pytest.approx(audio_ms, abs=1)
    assert "".join("".join(m["alignment"]["chars"]) for m in messages) == SENTENCE + " "


async def test_stale_context_speaks_once_more_after_it_was_closed(providers: StandIns) -> None:
    providers.fault("elevenlabs", "stale_context")
    async with opened(providers) as ws:
        await said(ws, "Yes.")
        again = json.loads(await asyncio.wait_for(ws.recv(), 15))
    assert again["contextId"] == "first"
    assert again["audio"]


async def test_settings_of_a_context_that_is_open_are_refused(providers: StandIns) -> None:
    async with opened(providers) as ws:
        await ws.send(json.dumps({"text": " ", "context_id": "first"}))
        late = {"text": " ", "context_id": "first", "voice_settings": {"stability": 1}}
        await ws.send(json.dumps(late))
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(ws.recv(), 15)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1008


def opened(providers: StandIns) -> connect:
    url = providers.url("elevenlabs").replace("http", "ws")
    path = "/v1/text-to-speech/a-voice/multi-stream-input?output_format=pcm_24000&auto_mode=true"
    return connect(url + path, additional_headers={"xi-api-key": "a-key"})


async def said(ws: Any, text: str) -> list[dict[str, Any]]:
    """Every message with audio of one context, up to its last."""
    await ws.send(json.dumps({"text": " ", "context_id": "first"}))
    await ws.send(json.dumps({"text": text, "context_id": "first"}))
    await ws.send(json.dumps({"context_id": "first", "close_context": True}))
    messages = []
    while not (message := json.loads(await asyncio.wait_for(ws.recv(), 15))).get("isFinal"):
        messages.append(message)
    return messages
