"""Cartesia's text-to-speech WebSocket: contexts, timestamps, cancel. No input or output here."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal import mulaw
from rehearsal.mulaw import Pcm
from rehearsal.standins.delivery import Piece
from rehearsal.standins.speaking_orders import Cancel, Finish, Flush, HangUp, Order, Refuse, Text
from rehearsal.voice import Speech

_ENCODINGS = ("pcm_s16le", "pcm_f32le", "pcm_mulaw")
_RATES_HZ = (8000, 16_000, 22_050, 24_000, 44_100, 48_000)
_REQUIRED = {"model_id": str, "transcript": str, "voice": dict, "output_format": dict}
_MANAGED_DELAY_MS = 3000  # how long the server waits for more text unless told otherwise
_LOCKED = ("model_id", "voice", "output_format", "language")


class CartesiaProtocol:
    """One connection to `/tts/websocket`."""

    cancels = True
    idle_timeout_s = 300.0

    def __init__(self) -> None:
        self._first: dict[str, Mapping[str, Any]] = {}
        self._flushes: dict[str, int] = {}

    def receive(self, text: str) -> list[Order]:
        try:
            message = json.loads(text)
            context_id = str(message["context_id"])
        except (ValueError, KeyError, TypeError):
            return [Refuse(_error("", "a message is a JSON object with a context_id"))]
        if message.get("cancel"):
            return [Cancel(context_id)]
        if problem := self._problem(message, context_id):
            return [Refuse(_error(context_id, problem))]
        self._first.setdefault(context_id, message)
        delay_ms = message.get("max_buffer_delay_ms", _MANAGED_DELAY_MS)
        transcript = message["transcript"]
        orders: list[Order] = [Text(context_id, transcript, delay_ms)] if transcript else []
        if message.get("flush") or (delay_ms == 0 and transcript):
            orders.append(Flush(context_id))
        if not message.get("continue", False):
            orders.append(Finish(context_id))
        return orders

    def idle(self) -> HangUp:
        return HangUp(1000, "idle for five minutes")

    def rate_hz(self, context_id: str) -> int:
        return int(self._first[context_id]["output_format"]["sample_rate"])

    def is_sentence(self, buffered: str) -> bool:
        return re.search(r"[.!?:;]\s*$", buffered) is not None

    def audio(self, context_id: str, speech: Speech, offset_s: float) -> Iterator[Piece]:
        first = self._first[context_id]
        for pcm, words in speech.chunks():
            if words and first.get("add_timestamps"):
                spans = {
                    "words": [word.text for word in words],
                    "start": [round(offset_s + word.start_s, 4) for word in words],
                    "end": [round(offset_s + word.end_s, 4) for word in words],
                }
                yield Piece(_message("timestamps", context_id, word_timestamps=spans))
            data = base64.b64encode(_encoded(pcm, first["output_format"]["encoding"])).decode()
            message = _message("chunk", context_id, data=data, step_time=12.5)
            yield Piece(message, weight=1, audio=True)

    def flushed(self, context_id: str) -> list[Piece]:
        number = self._flushes[context_id] = self._flushes.get(context_id, 0) + 1
        return [Piece(_message("flush_done", context_id, flush_done=True, flush_id=number))]

    def forget(self, context_id: str) -> None:
        self._first.pop(context_id, None)
        self._flushes.pop(context_id, None)

    def finished(self, context_id: str) -> list[Piece]:
        return [Piece(_message("done", context_id, done=True), end=True)]

    def _problem(self, message: Mapping[str, Any], context_id: str) -> str:
        """What is wrong with a message, "" when nothing is."""
        for name, kind in _REQUIRED.items():
            if message.get(name) is None:
                return f"{name} is required"
            if not isinstance(message[name], kind):
                return f"{name} is not valid"
        output = message["output_format"]
        if output.get("container") != "raw" or output.get("encoding") not in _ENCODINGS:
            return f"output_format is raw and one of {', '.join(_ENCODINGS)}"
        if output.get("sample_rate") not in _RATES_HZ:
            return f"output_format.sample_rate is one of {', '.join(map(str, _RATES_HZ))}"
        if not isinstance(message.get("max_buffer_delay_ms", 0), int | float):
            return "max_buffer_delay_ms is a number"
        if not message["voice"].get("id"):
            return "voice.id is required"
        first = self._first.get(context_id, message)
        if changed := [name for name in _LOCKED if first.get(name) != message.get(name)]:
            return f"{changed[0]} must stay the same within a context"
        return ""


def refusal(status: int, message: str) -> dict[str, Any]:
    """The body of a refused handshake."""
    return {"title": message, "message": message, "error_code": None, "status_code": status}


def _message(kind: str, context_id: str, **more: Any) -> str:
    common = {"type": kind, "context_id": context_id, "status_code": 206, "done": False}
    return json.dumps(common | more)


def _error(context_id: str, message: str) -> str:
    return json.dumps(
        {
            "type": "error",
            "context_id": context_id,
            "status_code": 400,
            "done": True,
            "title": "Invalid request",
            "message": message,
            "error_code": "invalid_request",
        }
    )


def _encoded(pcm: Pcm, encoding: str) -> bytes:
    match encoding:
        case "pcm_mulaw":
            return mulaw.encode(pcm)
        case "pcm_f32le":
            return (pcm.astype("<f4") / 32768).tobytes()
        case _:
            return pcm.astype("<i2").tobytes()
