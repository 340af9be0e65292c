"""A phone's audio, decoded once: fifty times a second, a second time is felt."""

import audioop
from typing import Any

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    OutputTransportMessageUrgentFrame,
)
from pipecat.serializers.twilio import TwilioFrameSerializer

_RATE_HZ = 8_000


class Heard:
    """What a socket has read of the last `media` message, for the serializer behind it.

    Attributes:
        text: The message.
        audio: Its payload, 8-bit mu-law at 8 kHz.
    """

    text, audio = "", b""

    def media(self, text: str, audio: bytes) -> None:
        """A message was read."""
        self.text, self.audio = text, audio


def clear_message(stream_sid: str) -> OutputTransportMessageUrgentFrame:
    """Has the phone drop what it has not played, and send all marks among it back."""
    return OutputTransportMessageUrgentFrame({"event": "clear", "streamSid": stream_sid})


class TwilioSerializer(TwilioFrameSerializer):
    """Pipecat's, but that it does not read again what the socket has read.

    Parameters:
        heard: What the socket has read.
        **kwargs: As for Pipecat's.
    """

    def __init__(self, heard: Heard, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._heard = heard

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """The frame of one message; None where there is none for it."""
        if data is not self._heard.text or self._sample_rate != _RATE_HZ:
            return await super().deserialize(data)
        return InputAudioRawFrame(audioop.ulaw2lin(self._heard.audio, 2), _RATE_HZ, 1)
