"""OpenAI's speech and transcription endpoints: text in, audio out, and the other way round."""

import asyncio
import io
import json
import wave
from dataclasses import replace

import numpy as np
from aiohttp import web

from rehearsal.ear import Ears
from rehearsal.mulaw import Pcm
from rehearsal.standins.delivery import Delivery, Piece
from rehearsal.standins.doors import refused
from rehearsal.standins.house import House
from rehearsal.standins.openai_chat import error
from rehearsal.standins.wires import BodyWire
from rehearsal.voice import speak, wrong_rate_hz

SPEECH_RATE_HZ = 24_000
_BLANK = " "


async def speech(request: web.Request, house: House, seat: str) -> web.StreamResponse:
    """`POST /audio/speech`: raw 16-bit samples at 24 kHz, as they are made."""
    asked_s = asyncio.get_running_loop().time()
    try:
        body = json.loads(await request.text())
        text = str(body["input"])
        complaint = "" if body.get("response_format") == "pcm" else "It speaks pcm here."
    except (ValueError, KeyError, TypeError):
        body, text, complaint = {}, "", "Missing required parameter: 'input'."
    hit = house.begin(seat, "connection", request.path, text)
    if (refusal := await refused(request, hit, error)) is not None:
        return refusal
    if complaint:
        return web.json_response(error(400, complaint), status=400)
    hit = house.begin(seat, "turn", text, text)
    delivery = Delivery(wire := BodyWire(request, content_type="audio/pcm"), hit)
    really = wrong_rate_hz(SPEECH_RATE_HZ) if "wrong_rate" in hit else None
    spoken = await speak(text, SPEECH_RATE_HZ, really_at_hz=really)
    due_s = asked_s + house.wait_s(seat, "first")
    for pcm, _ in spoken.chunks():
        piece = Piece(pcm.astype("<i2").tobytes(), weight=1, audio=True)
        if not await delivery.send(replace(piece, due_s=due_s)):
            return await wire.end()
        due_s += house.wait_s(seat, "next")
    await delivery.send(Piece(b"", end=True, due_s=due_s))
    return await wire.end()


async def transcription(
    request: web.Request, house: House, seat: str, ears: Ears
) -> web.StreamResponse:
    """`POST /audio/transcriptions`: a WAV's words."""
    asked_s = asyncio.get_running_loop().time()
    form = await request.post()
    asked = {name: value for name, value in form.items() if isinstance(value, str)}
    hit = house.begin(seat, "connection", asked)
    if (refusal := await refused(request, hit, error)) is not None:
        return refusal
    file = form.get("file")
    try:
        if not isinstance(file, web.FileField):
            raise ValueError("Missing required parameter: 'file'.")
        sound, rate_hz = _wav(file.file.read())
    except ValueError as problem:
        return web.json_response(error(400, str(problem)), status=400)
    hit = house.begin(seat, "turn", asked)
    words = house.script.transcript(seat, house.begun(seat, "turn"))
    if words is None:
        words = await asyncio.to_thread(ears.transcribe, sound, rate_hz)
    if "blank_text" in hit:
        words = _BLANK
    usage = {"type": "duration", "seconds": round(sound.size / rate_hz)}
    answer = json.dumps({"text": words, "usage": usage})
    due_s = asked_s + house.wait_s(seat, "first")
    wire = BodyWire(request, content_type="application/json")
    await Delivery(wire, hit).send(Piece(answer, weight=1, end=True, due_s=due_s))
    return await wire.end()


def _wav(data: bytes) -> tuple[Pcm, int]:
    """Raises ValueError for everything but 16-bit mono."""
    try:
        with wave.open(io.BytesIO(data), "rb") as file:
            if (file.getsampwidth(), file.getnchannels()) != (2, 1):
                raise ValueError("The file is no 16-bit mono WAV.")
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return samples.astype(np.int16), file.getframerate()
    except (wave.Error, EOFError) as problem:
        raise ValueError("Invalid file format.") from problem
