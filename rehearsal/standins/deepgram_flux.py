"""Deepgram's Flux, version 2 of its live transcription: turns. No input or output here."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rehearsal.ear import HeardEvent, Interim, Pause, SpeechBegan, SpeechWentOn
from rehearsal.standins.hearing_orders import (
    BadQuery,
    FinishUtterance,
    HangUp,
    Order,
    Send,
    timed_words,
)

# How long a pause convinces it; the model itself weighs words as well.
_END_MS = 320
_EAGER_MS = 160
_ENCODINGS = ("linear16", "mulaw")
_THRESHOLDS = ("eot_threshold", "eager_eot_threshold", "eot_timeout_ms")


class DeepgramFluxProtocol:
    """One connection to `/v2/listen`.

    Args:
        query: Names and values as they came, repeated ones in order.

    Raises:
        BadQuery: a value is not one.
    """

    idle_timeout_s: float | None = 60.0

    def __init__(self, query: Mapping[str, Sequence[str]]) -> None:
        given = {name: values[-1] for name, values in query.items()}
        if not given.get("model", "").startswith("flux-"):
            raise BadQuery(f"No such model: {given.get('model', '')!r}. Flux has flux-general-en.")
        self.encoding = given.get("encoding", "linear16")
        if self.encoding not in _ENCODINGS:
            raise BadQuery(f"Unsupported encoding: {self.encoding}")
        self.rate_hz = int(_number(given, "sample_rate", 16_000))
        self._thresholds: dict[str, float] = {}
        self._keyterms = list(query.get("keyterm", ()))
        self._configure({name: given[name] for name in _THRESHOLDS if name in given})
        self._request_id = str(uuid.uuid4())
        self._sequence = 0
        self._turn = 0
        self._began_s = 0.0
        self._started = False
        self._eager = False
        self._sent_words = 0

    def opening(self) -> list[Order]:
        return [self._message("Connected", in_turn=False)]

    def receive(self, text: str, *, at_s: float) -> list[Order]:
        try:
            message = json.loads(text)
            kind = message.get("type")
        except (ValueError, AttributeError):
            kind, message = None, {}
        match kind:
            case "ForceEndTurn":
                return [FinishUtterance("manual")]
            case "CloseStream":
                return [FinishUtterance("close")]
            case "Configure":
                return [self._configured(message)]
            case _:
                what = "It is no message that this endpoint takes."
                error = self._message(
                    "Error", in_turn=False, code="UNPARSABLE_CLIENT_MESSAGE", description=what
                )
                return [error, HangUp(1008, "UNPARSABLE_CLIENT_MESSAGE")]

    def noticed(self, event: HeardEvent, *, at_s: float) -> list[Order]:
        match event:
            case SpeechBegan(at_s=began_s):
                self._began_s = began_s
                self._started = self._eager = False
                self._sent_words = 0
            case Interim(text=text):
                kind = "Update" if self._started else "StartOfTurn"
                self._started = True
                return [self._turn_info(kind, text, at_s, step="interim")]
            case Pause(for_ms=for_ms, words=words):
                return self._paused(for_ms, words, at_s)
            case SpeechWentOn() if self._eager:
                self._eager = False
                return [self._turn_info("TurnResumed", "", at_s)]
        return []

    def quiet(self, *, at_s: float) -> list[Order]:
        return []

    def finished(self, why: str, text: str, *, began_s: float, at_s: float) -> list[Order]:
        orders: list[Order] = []
        if text or self._started:
            if not self._started:
                orders.append(self._turn_info("StartOfTurn", text.split(" ")[0], at_s, "interim"))
            orders.append(self._turn_info("EndOfTurn", text, at_s, "final", trigger=why))
            self._turn += 1
            self._started = False
        if why == "close":
            orders.append(HangUp())
        return orders

    def idle(self) -> HangUp:
        return HangUp(1011, "NET-0001")

    def _paused(self, for_ms: float, words: str, at_s: float) -> list[Order]:
        timeout_ms = self._thresholds.get("eot_timeout_ms", 5000)
        if for_ms >= min(_END_MS, timeout_ms):
            return [FinishUtterance("timeout" if timeout_ms < _END_MS else "model")]
        if "eager_eot_threshold" not in self._thresholds or self._eager:
            return []
        if for_ms < _EAGER_MS or not words or not self._started:
            return []
        self._eager = True
        return [self._turn_info("EagerEndOfTurn", words, at_s, "interim")]

    def _configured(self, message: Mapping[str, Any]) -> Send:
        given = message.get("thresholds") or {}
        try:
            if not isinstance(given, dict):
                raise BadQuery("thresholds is an object")
            self._configure({name: str(value) for name, value in given.items()})
        except BadQuery as problem:
            return self._message(
                "ConfigureFailure",
                in_turn=False,
                error_code="INVALID_CONFIGURATION",
                description=str(problem),
            )
        self._keyterms = message.get("keyterms", self._keyterms)
        return self._message(
            "ConfigureSuccess",
            in_turn=False,
            thresholds=self._thresholds,
            keyterms=self._keyterms,
        )

    def _configure(self, given: Mapping[str, str]) -> None:
        limits = {"eot_threshold": (0.5, 0.9), "eager_eot_threshold": (0.3, 0.9)}
        for name in given:
            low, high = limits.get(name, (500, 10_000))
            value = _number(given, name, low)
            if not low <= value <= high:
                raise BadQuery(f"{name} lies between {low} and {high}, not at {value}")
            self._thresholds[name] = value

    def _turn_info(
        self,
        event: str,
        text: str,
        at_s: float,
        step: Literal["", "interim", "final"] = "",
        *,
        trigger: str = "",
    ) -> Send:
        words = timed_words(text, self._began_s, at_s)
        new_words = max(0, len(words) - self._sent_words)
        self._sent_words = max(self._sent_words, len(words))
        ended = event == "EndOfTurn"
        more: dict[str, Any] = {}
        if ended:
            more["trigger"] = "manual" if trigger == "close" else trigger
        return self._message(
            "TurnInfo",
            words=new_words,
            end=ended,
            step=step,
            event=event,
            turn_index=self._turn,
            audio_window_start=round(self._began_s, 3),
            audio_window_end=round(at_s, 3),
            transcript=text,
            timed_words=words,
            end_of_turn_confidence=0.9 if ended else 0.5 if event.startswith("Eager") else 0.05,
            **more,
        )

    def _message(
        self,
        kind: str,
        *,
        in_turn: bool = True,
        words: int = 0,
        end: bool = False,
        step: Literal["", "interim", "final"] = "",
        timed_words: Sequence[tuple[str, float, float]] | None = None,
        **more: Any,
    ) -> Send:
        if timed_words is not None:
            more["words"] = [
                {"word": word, "confidence": 0.98, "start": start, "end": end}
                for word, start, end in timed_words
            ]
        message = {
            "type": kind,
            "request_id": self._request_id,
            "sequence_id": self._sequence,
            **more,
        }
        self._sequence += 1
        return Send(message, words=words, end=end, step=step, in_turn=in_turn)


def _number(given: Mapping[str, str], name: str, default: float) -> float:
    value = given.get(name, str(default))
    try:
        return float(value)
    except ValueError:
        raise BadQuery(f"{name} is a number, not {value!r}") from None
