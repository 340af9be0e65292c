"""Twilio Media Streams, as the server hears it: from text to a typed message or a refusal.

Source: Twilio's documentation, Media Streams, "WebSocket messages from Twilio".
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

MESSAGE_AT_MOST = 16_384
"""Characters of one message. Twilio's are about 400."""

AUDIO_AT_MOST = 8_000
"""Bytes of one `media` message: a second of mu-law at 8 kHz. Twilio sends 20 ms."""

DIGITS = frozenset("0123456789*#ABCD")


@dataclass(frozen=True)
class Connected:
    """The socket is open; nothing is known of the call yet."""


@dataclass(frozen=True)
class Start:
    sequence: int
    stream_sid: str
    call_sid: str
    account_sid: str


@dataclass(frozen=True)
class Media:
    sequence: int
    stream_sid: str
    audio: bytes


@dataclass(frozen=True)
class Dtmf:
    sequence: int
    stream_sid: str
    digit: str


@dataclass(frozen=True)
class Mark:
    sequence: int
    stream_sid: str
    name: str


@dataclass(frozen=True)
class Stop:
    sequence: int
    stream_sid: str


@dataclass(frozen=True)
class Refusal:
    """A message that cannot be from Twilio, and why."""

    why: str


Message = Connected | Start | Media | Dtmf | Mark | Stop


def parse(text: str | bytes | None) -> Message | Refusal:
    """Read one message. Never raises."""
    if not isinstance(text, str):
        return Refusal("a binary message: Twilio sends text")
    if len(text) > MESSAGE_AT_MOST:
        return Refusal(f"a message of {len(text)} characters: at most {MESSAGE_AT_MOST} are read")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return Refusal("a message that is no JSON")
    if not isinstance(message, dict):
        return Refusal("a message that is no JSON object")
    try:
        return _read(message)
    except _Wrong as wrong:
        return Refusal(str(wrong))


class StreamOrder:
    """The order that Twilio keeps: connected, start, then numbered messages, then stop."""

    def __init__(self) -> None:
        self._last: Message | None = None
        self._sequence = 0
        self._stream_sid = ""

    def check(self, message: Message) -> Refusal | None:
        """None when `message` may come now."""
        last, self._last = self._last, message
        if isinstance(message, Connected):
            return Refusal("a second `connected`") if last else None
        if isinstance(last, Stop):
            return Refusal("a message after `stop`")
        if isinstance(message, Start):
            if self._stream_sid:
                return Refusal("a second `start`")
            self._stream_sid = message.stream_sid
        elif not self._stream_sid:
            return Refusal(f"`{type(message).__name__.lower()}` before `start`")
        elif message.stream_sid != self._stream_sid:
            return Refusal("a message of another stream")
        if message.sequence <= self._sequence:
            return Refusal(f"message {message.sequence} after message {self._sequence}")
        self._sequence = message.sequence
        return None


class _Wrong(ValueError):
    """What is wrong with a message."""


def _read(message: dict[str, Any]) -> Message:
    event = message.get("event")
    match event:
        case "connected":
            return Connected()
        case "start":
            start = _object(message, "start")
            media_format = _object(start, "mediaFormat")
            if media_format.get("encoding") != "audio/x-mulaw":
                raise _Wrong(f"audio as {media_format.get('encoding')!r}: only mu-law is read")
            return Start(
                _sequence(message),
                _text(message, "streamSid"),
                _text(start, "callSid"),
                _text(start, "accountSid"),
            )
        case "media":
            audio = _audio(_text(_object(message, "media"), "payload"))
            return Media(_sequence(message), _text(message, "streamSid"), audio)
        case "dtmf":
            digit = _text(_object(message, "dtmf"), "digit")
            if digit not in DIGITS:
                raise _Wrong(f"the key {digit[:8]!r}, which no telephone has")
            return Dtmf(_sequence(message), _text(message, "streamSid"), digit)
        case "mark":
            name = _text(_object(message, "mark"), "name")
            return Mark(_sequence(message), _text(message, "streamSid"), name)
        case "stop":
            return Stop(_sequence(message), _text(message, "streamSid"))
        case _:
            raise _Wrong(f"the unknown event {str(event)[:40]!r}")


def _object(message: dict[str, Any], name: str) -> dict[str, Any]:
    value = message.get(name)
    if not isinstance(value, dict):
        raise _Wrong(f"a message without the object `{name}`")
    return value


def _text(message: dict[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise _Wrong(f"a message without the text `{name}`")
    return value


def _sequence(message: dict[str, Any]) -> int:
    value = message.get("sequenceNumber")
    # Twilio writes numbers as text.
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 12:
        raise _Wrong("a message without a `sequenceNumber`")
    return int(value)


def _audio(payload: str) -> bytes:
    try:
        audio = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        raise _Wrong("audio that is no base64") from None
    if len(audio) > AUDIO_AT_MOST:
        raise _Wrong(
            f"{len(audio)} bytes of audio in one message: at most {AUDIO_AT_MOST} are read"
        )
    return audio
