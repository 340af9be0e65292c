"""Bare clients, one a protocol: they ask for one answer and keep what comes over the wire."""

import asyncio
import base64
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Literal
from wave import open as open_wave

import aiohttp
import numpy as np

from rehearsal.standins import KEY, StandIns

SENTENCE = "One two three four five six."
WORDS = "one two three four five six"
# A client's patience: what it waits for the next byte where one must come, or where none may.
PATIENT_S = 15.0
SHORT_S = 1.0

Ending = Literal["done", "silence", "broken", "refused", "unopened"]


@dataclass
class Answer:
    """What came, and how it ended."""

    ending: Ending = "silence"
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    audio: bytes = b""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The events that are JSON."""
        return [json.loads(event) for event in self.events if _is_json(event)]

    @property
    def malformed(self) -> list[str]:
        return [event for event in self.events if not _is_json(event)]


Client = Callable[[StandIns, str, float], Coroutine[Any, Any, Answer]]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _speech() -> list[bytes]:
    """Something loud for a second and a half, then half a second of silence."""
    tone = np.tile(np.repeat(np.array([8000, -8000], np.int16), 40), 300)
    sound = np.concatenate([tone, np.zeros(8000, np.int16)]).tobytes()
    return [sound[at : at + 640] for at in range(0, len(sound), 640)]


def wav() -> bytes:
    file = BytesIO()
    with open_wave(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(b"".join(_speech()))
    return file.getvalue()


async def _over_socket(
    url: str, say: list[str | bytes], done: Callable[[dict[str, Any]], bool], patience_s: float
) -> Answer:
    answer = Answer()
    async with aiohttp.ClientSession(headers=_headers()) as session:
        try:
            ws = await asyncio.wait_for(session.ws_connect(url), patience_s)
        except aiohttp.WSServerHandshakeError as error:
            return Answer("refused", error.status, dict(error.headers or {}))
        except TimeoutError:
            return Answer("unopened")
        except aiohttp.ClientError:
            return Answer("refused")
        async with ws:
            for message in say:
                await (ws.send_str(message) if isinstance(message, str) else ws.send_bytes(message))
            await _listen(ws, answer, done, patience_s)
    return answer


async def _listen(
    ws: aiohttp.ClientWebSocketResponse,
    answer: Answer,
    done: Callable[[dict[str, Any]], bool],
    patience_s: float,
) -> None:
    while True:
        try:
            message = await ws.receive(timeout=patience_s)
        except TimeoutError:
            return
        if message.type is not aiohttp.WSMsgType.TEXT:
            answer.ending = "broken" if ws.close_code == 1006 else "done"
            return
        answer.events.append(message.data)
        if not _is_json(message.data):
            continue
        found = json.loads(message.data)
        audio = found.get("data") or found.get("audio")
        answer.audio += base64.b64decode(audio) if audio else b""
        if done(found):
            answer.ending = "done"
            return


async def _over_http(
    url: str, patience_s: float = PATIENT_S, *, stream: bool = False, **body: Any
) -> Answer:
    answer, patience = Answer(), aiohttp.ClientTimeout(sock_read=patience_s)
    try:
        async with (
            aiohttp.ClientSession(headers=_headers()) as session,
            session.post(url, timeout=patience, **body) as r,
        ):
            answer.status, answer.headers = r.status, dict(r.headers)
            data = b""
            try:
                async for chunk in r.content.iter_any():
                    data += chunk
                answer.ending = "done" if r.status == 200 else "refused"
            except aiohttp.ClientPayloadError:
                answer.ending = "broken"
            except TimeoutError:
                answer.ending = "silence"
    except aiohttp.ServerTimeoutError:
        return answer
    except aiohttp.ClientError:
        return Answer("refused")
    if answer.headers.get("Content-Type", "").startswith("audio"):
        answer.audio = data
    elif stream:
        lines = data.decode().split("\n")
        answer.events = [line.removeprefix("data: ") for line in lines if line.startswith("data")]
    elif data:
        answer.events = [data.decode()]
    return answer


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {KEY}", "anthropic-version": "2023-06-01"}


async def deepgram(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    query = "encoding=linear16&sample_rate=16000&interim_results=true&endpointing=false"
    say = [*_speech(), json.dumps({"type": "Finalize"})]
    url = f"{providers.url('deepgram')}/v1/listen?{query}"
    return await _over_socket(url, say, lambda m: bool(m.get("is_final")), patience_s)


async def flux(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    query = "model=flux-general-en&encoding=linear16&sample_rate=16000"
    url = f"{providers.url('deepgram')}/v2/listen?{query}"
    return await _over_socket(
        url, [*_speech()], lambda m: m.get("event") == "EndOfTurn", patience_s
    )


async def assemblyai(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    url = f"{providers.url('assemblyai')}/v3/ws?speech_model=universal-3-6-pro&sample_rate=16000"
    say = [*_speech(), json.dumps({"type": "ForceEndpoint"})]
    return await _over_socket(url, say, lambda m: bool(m.get("end_of_turn")), patience_s)


async def cartesia(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    text = {
        "model_id": "sonic",
        "transcript": SENTENCE,
        "voice": {"mode": "id", "id": "v"},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 24_000},
        "context_id": "first",
        "continue": False,
    }
    url = f"{providers.url('cartesia')}/tts/websocket"
    return await _over_socket(
        url, [json.dumps(text)], lambda m: m.get("type") == "done", patience_s
    )


async def elevenlabs(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    path = "/v1/text-to-speech/v/multi-stream-input?auto_mode=true&output_format=pcm_24000"
    say: list[str | bytes] = [
        json.dumps({"text": " ", "context_id": "first"}),
        json.dumps({"text": SENTENCE, "context_id": "first"}),
        json.dumps({"context_id": "first", "close_context": True}),
    ]
    url = providers.url("elevenlabs") + path
    return await _over_socket(url, say, lambda m: m.get("isFinal") is True, patience_s)


async def openai_chat(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "count"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    prefix = "/openai/v1" if seat == "groq" else "/v1"
    url = f"{providers.url(seat)}{prefix}/chat/completions"
    return _without_done(await _over_http(url, patience_s, stream=True, json=body))


async def anthropic(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    body = {
        "model": "m",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "count"}],
        "stream": True,
    }
    return await _over_http(
        f"{providers.url(seat)}/v1/messages", patience_s, stream=True, json=body
    )


async def speech(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    body = {"model": "m", "voice": "alloy", "input": SENTENCE, "response_format": "pcm"}
    return await _over_http(f"{providers.url('openai')}/v1/audio/speech", patience_s, json=body)


async def transcription(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    form = aiohttp.FormData({"model": "m"})
    form.add_field("file", wav(), filename="audio.wav", content_type="audio/wav")
    return await _over_http(
        f"{providers.url('openai')}/v1/audio/transcriptions", patience_s, data=form
    )


async def daily(providers: StandIns, seat: str, patience_s: float = PATIENT_S) -> Answer:
    return await _over_http(f"{providers.url('daily')}/rooms", patience_s, json={})


async def ask_twilio(providers: StandIns, call_sid: str) -> Answer:
    """Changes a call, with the account's own key."""
    twilio = providers.twilio
    path = f"/2010-04-01/Accounts/{twilio.account_sid}/Calls/{call_sid}.json"
    auth = aiohttp.BasicAuth(twilio.account_sid, twilio.auth_token).encode()
    form = {"Twiml": "<Response/>"}
    return await _over_http(twilio.url + path, data=form, headers={"Authorization": auth})


def _without_done(answer: Answer) -> Answer:
    answer.events = [event for event in answer.events if event != "[DONE]"]
    return answer


CLIENTS: dict[str, Client] = {
    "deepgram": deepgram,
    "deepgram-flux": flux,
    "assemblyai": assemblyai,
    "openai": openai_chat,
    "groq": openai_chat,
    "anthropic": anthropic,
    "openai-transcription": transcription,
    "openai-speech": speech,
    "cartesia": cartesia,
    "elevenlabs": elevenlabs,
    "daily": daily,
}
