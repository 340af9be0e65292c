"""ElevenLabs' multi-context text-to-speech WebSocket, with alignment. No input or output here."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from rehearsal import mulaw
from rehearsal.standins.delivery import Piece
from rehearsal.standins.hearing_orders import BadQuery
from rehearsal.standins.speaking_orders import Finish, Flush, HangUp, Order, Text
from rehearsal.voice import Speech

_DEFAULT_CONTEXT = "default"
_INACTIVE_S = 20
# Without auto mode, text waits for so many characters unless a flush comes first.
_FIRST_CHARACTERS = 120


class ElevenLabsProtocol:
    """One connection to `/v1/text-to-speech/{voice}/multi-stream-input`.

    Args:
        query: Names and values.

    Raises:
        BadQuery: a value is not one.
    """

    cancels = False  # a closed context is spoken to its end

    def __init__(self, query: Mapping[str, str]) -> None:
        output = query.get("output_format", "pcm_24000")
        match = re.fullmatch(r"(pcm)_(8000|16000|22050|24000|32000|44100|48000)|ulaw_8000", output)
        if match is None:
            raise BadQuery(f"This stand-in speaks pcm_… and ulaw_8000, not {output!r}.")
        self._mulaw = output.startswith("ulaw")
        self._rate_hz = int(output.partition("_")[2])
        self._auto = query.get("auto_mode") == "true"
        self.idle_timeout_s = float(query.get("inactivity_timeout", _INACTIVE_S))
        self._open: set[str] = set()

    def receive(self, text: str) -> list[Order]:
        try:
            message = json.loads(text)
            given = str(message.get("text") or "")
        except (ValueError, AttributeError):
            return [HangUp(1008, "a message is a JSON object")]
        if message.get("close_socket"):
            return [HangUp()]
        context_id = str(message.get("context_id") or _DEFAULT_CONTEXT)
        if message.get("close_context"):
            # Nothing was said in it: there is nothing to finish.
            return [Finish(context_id)] if context_id in self._open else []
        if message.get("voice_settings") and context_id in self._open:
            return [HangUp(1008, "voice_settings come with a context's first message only")]
        if "text" in message and (given or "context_id" in message):
            self._open.add(context_id)
        orders: list[Order] = []
        if given.strip():
            orders.append(Text(context_id, given, delay_ms=None))
        if message.get("flush") and context_id in self._open:
            orders.append(Flush(context_id))
        return orders

    def idle(self) -> HangUp:
        return HangUp(1008, "input_timeout_exceeded")

    def rate_hz(self, context_id: str) -> int:
        return self._rate_hz

    def is_sentence(self, buffered: str) -> bool:
        return self._auto or len(buffered) >= _FIRST_CHARACTERS

    def audio(self, context_id: str, speech: Speech, offset_s: float) -> Iterator[Piece]:
        """A message a word: its times count from the beginning of the message."""
        words = speech.words
        starts = [0.0, *(word.start_s for word in words[1:]), speech.duration_s]
        for place, (start_s, end_s) in enumerate(pairwise(starts)):
            pcm = speech.between(start_s, end_s)
            data = mulaw.encode(pcm) if self._mulaw else pcm.astype("<i2").tobytes()
            alignment = None
            if words:
                begin_ms = (words[place].start_s - start_s) * 1000
                alignment = _alignment(words[place].text + " ", begin_ms, (end_s - start_s) * 1000)
            message = {
                "audio": base64.b64encode(data).decode(),
                "isFinal": None,
                "alignment": alignment,
                "normalizedAlignment": alignment,
                "contextId": context_id,
            }
            yield Piece(json.dumps(message), weight=1, audio=True)

    def flushed(self, context_id: str) -> list[Piece]:
        return []

    def forget(self, context_id: str) -> None:
        self._open.discard(context_id)

    def finished(self, context_id: str) -> list[Piece]:
        return [Piece(json.dumps({"isFinal": True, "contextId": context_id}), end=True)]


def _alignment(characters: str, begin_ms: float, end_ms: float) -> dict[str, Any]:
    """Characters spread evenly from a word's beginning to the message's end."""
    step_ms = (end_ms - begin_ms) / len(characters)
    starts = [round(begin_ms + place * step_ms) for place in range(len(characters))]
    ends = [*starts[1:], round(end_ms)]
    return {
        "chars": list(characters),
        "charStartTimesMs": starts,
        "charDurationsMs": [end - start for start, end in zip(starts, ends, strict=True)],
    }


def refusal(status: int, message: str) -> dict[str, Any]:
    """The body of a refused handshake."""
    codes = {401: "invalid_api_key", 429: "too_many_concurrent_requests"}
    return {"detail": {"status": codes.get(status, "error"), "message": message}}
