"""Deepgram's live transcription, version 1: interim and final results. No input or output here."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
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

# Deepgram's default of 10 ms is a judgement of its model; by loudness alone it cuts words in two.
_SHORTEST_ENDPOINTING_MS = 300
_ENCODINGS = ("linear16", "mulaw")


class DeepgramLiveProtocol:
    """One connection to `/v1/listen`.

    Args:
        query: Names and values as they came, repeated ones in order.

    Raises:
        BadQuery: a value is not one.
    """

    idle_timeout_s: float | None = 10.0  # without audio or KeepAlive

    def __init__(self, query: Mapping[str, Sequence[str]], *, now: datetime | None = None) -> None:
        given = {name: values[-1] for name, values in query.items()}
        self.encoding = given.get("encoding", "linear16")
        if self.encoding not in _ENCODINGS:
            raise BadQuery(f"Unsupported encoding: {self.encoding}")
        self.rate_hz = _number(given, "sample_rate", 16_000)
        if given.get("channels", "1") != "1":
            raise BadQuery("This stand-in hears one channel.")
        self._model = given.get("model", "base-general")
        self._interim = given.get("interim_results") == "true"
        self._vad_events = given.get("vad_events") == "true"
        self._endpointing_ms: int | None = None
        if given.get("endpointing") != "false":
            asked_ms = _number(given, "endpointing", 10)
            self._endpointing_ms = max(asked_ms, _SHORTEST_ENDPOINTING_MS)
        self._utterance_end_ms = _number(given, "utterance_end_ms", 0)
        if self._utterance_end_ms and not self._interim:
            raise BadQuery("utterance_end_ms needs interim_results=true")
        self._request_id = str(uuid.uuid4())
        self._now = now or datetime.now(UTC)
        self._start_s = 0.0  # of the next result
        self._sent_words = 0
        self._last_word_end_s: float | None = None

    def opening(self) -> list[Order]:
        return []

    def receive(self, text: str, *, at_s: float) -> list[Order]:
        try:
            kind = json.loads(text).get("type")
        except (ValueError, AttributeError):
            return [HangUp(1008, "DATA-0000")]
        match kind:
            case "KeepAlive":
                return []
            case "Finalize":
                return [FinishUtterance("finalize")]
            case "CloseStream":
                return [FinishUtterance("close")]
            case _:
                return [HangUp(1008, "DATA-0000")]

    def noticed(self, event: HeardEvent, *, at_s: float) -> list[Order]:
        match event:
            case SpeechBegan(at_s=began_s):
                self._sent_words = 0
                self._last_word_end_s = None
                if self._vad_events:
                    started = {"type": "SpeechStarted", "channel": [0], "timestamp": began_s}
                    return [Send(started)]
            case Interim(text=text) if self._interim:
                return [self._results(text, at_s, step="interim")]
            case Pause(for_ms=for_ms) if self._endpointing_ms is not None:
                if for_ms >= self._endpointing_ms:
                    return [FinishUtterance("endpointing")]
        return []

    def quiet(self, *, at_s: float) -> list[Order]:
        """UtteranceEnd, once the gap after the last word is as long as asked for."""
        ended_s = self._last_word_end_s
        if not self._utterance_end_ms or ended_s is None:
            return []
        if (at_s - ended_s) * 1000 < self._utterance_end_ms:
            return []
        self._last_word_end_s = None
        end = {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": round(ended_s, 3)}
        return [Send(end)]

    def finished(self, why: str, text: str, *, began_s: float, at_s: float) -> list[Order]:
        orders: list[Order] = []
        if text:
            self._last_word_end_s = at_s
        if text or why == "finalize":
            # Nothing was buffered: the confirmation is empty.
            orders.append(
                self._results(
                    text,
                    at_s,
                    final=True,
                    speech_final=why == "endpointing",
                    from_finalize=why == "finalize",
                    step="final" if text else "",
                )
            )
            self._start_s = at_s
        if why == "close":
            orders += [Send(self._metadata(at_s), in_turn=False), HangUp()]
        return orders

    def idle(self) -> HangUp:
        return HangUp(1011, "NET-0001")

    def _results(
        self,
        text: str,
        at_s: float,
        *,
        final: bool = False,
        speech_final: bool = False,
        from_finalize: bool = False,
        step: Literal["", "interim", "final"] = "",
    ) -> Send:
        words = timed_words(text, self._start_s, at_s)
        new_words = max(0, len(words) - self._sent_words)
        self._sent_words = 0 if final else len(words)
        alternative = {
            "transcript": text,
            "confidence": 0.98 if text.strip() else 0.0,
            "words": [
                {"word": w, "start": s, "end": e, "confidence": 0.98, "punctuated_word": w}
                for w, s, e in words
            ],
        }
        message = {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(at_s - self._start_s, 3),
            "start": round(self._start_s, 3),
            "is_final": final,
            "speech_final": speech_final,
            "channel": {"alternatives": [alternative]},
            "metadata": {
                "request_id": self._request_id,
                "model_info": {"name": self._model, "version": "stand-in", "arch": "stand-in"},
                "model_uuid": str(uuid.UUID(int=0)),
            },
            "from_finalize": from_finalize,
        }
        return Send(message, words=new_words, end=final, step=step)

    def _metadata(self, at_s: float) -> dict[str, Any]:
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": "0" * 64,
            "created": self._now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "duration": round(at_s, 3),
            "channels": 1,
        }


def refusal(status: int, message: str) -> dict[str, Any]:
    """The body of a refused handshake."""
    codes = {400: "Bad Request", 401: "INVALID_AUTH", 429: "TOO_MANY_REQUESTS"}
    return {
        "err_code": codes.get(status, "INTERNAL_SERVER_ERROR"),
        "err_msg": message,
        "request_id": str(uuid.uuid4()),
    }


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isdigit():
        raise BadQuery(f"{name} is a whole number, not {value!r}")
    return int(value)
