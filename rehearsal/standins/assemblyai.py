"""AssemblyAI's streaming transcription, version 3: turns. No input or output here."""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rehearsal.ear import HeardEvent, Interim, Pause, SpeechBegan
from rehearsal.standins.hearing_orders import (
    BadQuery,
    FinishUtterance,
    HangUp,
    Order,
    Send,
    timed_words,
)

# The model weighs words as well; by loudness alone, less than this cuts words in two.
_SHORTEST_SILENCE_MS = 300
_DEFAULT_SILENCE_MS = 1280
_SESSION_S = 3 * 3600
_ENCODINGS = {"pcm_s16le": "linear16", "pcm_mulaw": "mulaw"}
# Formatting is a second step for these, and built into all others.
_FORMATTED_LATER = "universal-streaming"


class AssemblyAIProtocol:
    """One connection to `/v3/ws`.

    Args:
        query: Names and values as they came.

    Raises:
        BadQuery: a value is not one.
    """

    idle_timeout_s: float | None = None

    def __init__(self, query: Mapping[str, Sequence[str]], *, now_s: float | None = None) -> None:
        given = {name: values[-1] for name, values in query.items()}
        self._model = given.get("speech_model", "")
        if not self._model:
            raise BadQuery("speech_model is required")
        encoding = given.get("encoding", "pcm_s16le")
        if encoding not in _ENCODINGS:
            raise BadQuery(f"encoding is one of {', '.join(_ENCODINGS)}, not {encoding!r}")
        self.encoding = _ENCODINGS[encoding]
        self.rate_hz = _number(given, "sample_rate", 16_000)
        asked_ms = _number(given, "max_turn_silence", _DEFAULT_SILENCE_MS)
        self._silence_ms = max(asked_ms, _SHORTEST_SILENCE_MS)
        self._formats = given.get("format_turns") == "true"
        self._now_s = time.time() if now_s is None else now_s
        self._turn = 0
        self._began_s = 0.0
        self._sent_words = 0

    def opening(self) -> list[Order]:
        begin = {"id": str(uuid.uuid4()), "expires_at": int(self._now_s) + _SESSION_S}
        return [Send({"type": "Begin", **begin}, in_turn=False)]

    def receive(self, text: str, *, at_s: float) -> list[Order]:
        try:
            kind = json.loads(text).get("type")
        except (ValueError, AttributeError):
            return [HangUp(3006, "Invalid JSON")]
        match kind:
            case "ForceEndpoint":
                return [FinishUtterance("forced")]
            case "Terminate":
                return [FinishUtterance("terminated")]
            case "UpdateConfiguration" | "KeepAlive":
                return []
            case _:
                return [HangUp(3006, "Invalid Message Type")]

    def noticed(self, event: HeardEvent, *, at_s: float) -> list[Order]:
        match event:
            case SpeechBegan(at_s=began_s):
                self._began_s = began_s
                self._sent_words = 0
                if not self._model.startswith(_FORMATTED_LATER):
                    return [Send({"type": "SpeechStarted", "timestamp": round(began_s * 1000)})]
            case Interim(text=text):
                return [self._turn_message(text, at_s, step="interim")]
            case Pause(for_ms=for_ms) if for_ms >= self._silence_ms:
                return [FinishUtterance("silence")]
        return []

    def quiet(self, *, at_s: float) -> list[Order]:
        return []

    def finished(self, why: str, text: str, *, began_s: float, at_s: float) -> list[Order]:
        orders: list[Order] = []
        if text:
            if not self._model.startswith(_FORMATTED_LATER):
                orders.append(self._ended(text, at_s, formatted=True, last=True))
            else:
                last = not self._formats
                orders.append(self._ended(text, at_s, formatted=False, last=last))
                if self._formats:
                    orders.append(self._ended(text, at_s, formatted=True, last=True))
            self._turn += 1
        if why == "terminated":
            duration_s = round(at_s, 3)
            end = {
                "type": "Termination",
                "audio_duration_seconds": duration_s,
                "session_duration_seconds": duration_s,
            }
            orders += [Send(end, in_turn=False), HangUp()]
        return orders

    def idle(self) -> HangUp:
        return HangUp(3005, "Session idle for too long")

    def _ended(self, text: str, at_s: float, *, formatted: bool, last: bool) -> Send:
        return self._turn_message(
            text, at_s, ended=True, formatted=formatted, last=last, step="final"
        )

    def _turn_message(
        self,
        text: str,
        at_s: float,
        *,
        ended: bool = False,
        formatted: bool = False,
        last: bool = False,
        step: Literal["interim", "final"],
    ) -> Send:
        words = timed_words(text, self._began_s, at_s)
        new_words = max(0, len(words) - self._sent_words)
        self._sent_words = max(self._sent_words, len(words))
        message: dict[str, Any] = {
            "type": "Turn",
            "turn_order": self._turn,
            "turn_is_formatted": formatted,
            "end_of_turn": ended,
            "transcript": text,
            "utterance": text if ended else "",
            "end_of_turn_confidence": 1.0 if ended else 0.05,
            "words": [
                {
                    "text": word,
                    "start": round(start_s * 1000),
                    "end": round(end_s * 1000),
                    "confidence": 0.98,
                    "word_is_final": ended or place < len(words) - 1,
                }
                for place, (word, start_s, end_s) in enumerate(words)
            ],
        }
        return Send(message, words=new_words, end=last, step=step)


def refusal(status: int, message: str) -> dict[str, Any]:
    """The body of a refused handshake."""
    return {"error": message, "error_code": status}


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isdigit():
        raise BadQuery(f"{name} is a whole number, not {value!r}")
    return int(value)
