"""Twilio Media Streams from Twilio's side, without any input or output of its own.

`StreamWriter` builds the messages that Twilio sends to the server; `parse` reads what the server
sends back. Everything on this wire is JSON text; numbers travel as strings, as Twilio sends them.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DTMF_DIGITS = "0123456789*#ABCD"


@dataclass(frozen=True)
class Media:
    """Audio to be played: `mulaw` is 8 kHz mono, one byte a sample."""

    stream_sid: str
    mulaw: bytes


@dataclass(frozen=True)
class Mark:
    """To be echoed when everything sent before it has been played."""

    stream_sid: str
    name: str


@dataclass(frozen=True)
class Clear:
    """Drop everything that has not been played yet."""

    stream_sid: str


class ProtocolError(ValueError):
    """The server sent what Twilio would not accept; the message says what and why."""


class StreamWriter:
    """The messages of one stream in order: connected, start, then media, dtmf and marks, stop."""

    def __init__(
        self,
        *,
        stream_sid: str,
        call_sid: str,
        account_sid: str,
        custom_parameters: Mapping[str, str] | None = None,
    ) -> None:
        self.stream_sid = stream_sid
        self._call = {"accountSid": account_sid, "callSid": call_sid}
        self._custom_parameters = dict(custom_parameters or {})
        self._sequence = 0
        self._chunk = 0

    def connected(self) -> str:
        return json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})

    def start(self) -> str:
        return self._message(
            "start",
            {
                **self._call,
                "streamSid": self.stream_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": self._custom_parameters,
            },
        )

    def media(self, mulaw: bytes, *, at_ms: int) -> str:
        """Caller audio; `at_ms` is when it began, in milliseconds since the stream's start."""
        self._chunk += 1
        return self._message(
            "media",
            {
                "track": "inbound",
                "chunk": str(self._chunk),
                "timestamp": str(at_ms),
                "payload": base64.b64encode(mulaw).decode("ascii"),
            },
        )

    def dtmf(self, digit: str) -> str:
        """One key. Raises ValueError for anything that is not a key."""
        if len(digit) != 1 or digit not in DTMF_DIGITS:
            raise ValueError(f"{digit!r} is not a key; keys are {DTMF_DIGITS}.")
        return self._message("dtmf", {"track": "inbound_track", "digit": digit})

    def mark(self, name: str) -> str:
        return self._message("mark", {"name": name})

    def stop(self) -> str:
        return self._message("stop", dict(self._call))

    def _message(self, event: str, body: dict[str, Any]) -> str:
        self._sequence += 1
        return json.dumps(
            {
                "event": event,
                "sequenceNumber": str(self._sequence),
                event: body,
                "streamSid": self.stream_sid,
            }
        )


def parse(text: str | bytes, *, stream_sid: str) -> Media | Mark | Clear:
    """What the server sent on the stream `stream_sid`.

    Raises:
        ProtocolError: not JSON text, an unknown event, a missing or foreign stream, bad base64.
    """
    if isinstance(text, bytes):
        raise ProtocolError("a binary message: Media Streams messages are JSON text")
    try:
        message = json.loads(text)
    except ValueError as error:
        raise ProtocolError(f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise ProtocolError("not a JSON object")
    if message.get("streamSid") != stream_sid:
        raise ProtocolError(f"streamSid {message.get('streamSid')!r} is not this stream's")
    match message:
        case {"event": "media", "media": {"payload": str(payload)}}:
            return Media(stream_sid, _audio(payload))
        case {"event": "mark", "mark": {"name": str(name)}} if name:
            return Mark(stream_sid, name)
        case {"event": "clear"}:
            return Clear(stream_sid)
        case {"event": "media" | "mark" as event}:
            raise ProtocolError(f"a {event} message without its {event} content")
        case _:
            raise ProtocolError(f"unknown event {message.get('event')!r}")


def _audio(payload: str) -> bytes:
    try:
        audio = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError(f"media payload is not base64: {error}") from None
    if not audio:
        raise ProtocolError("media payload is empty")
    return audio
