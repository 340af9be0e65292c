"""What goes through a transport, told on its way: to record it, or to listen in."""

from typing import Protocol

from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport


class Listener(Protocol):
    """Told of 16-bit audio, at the moment that it comes or goes."""

    def caller(self, audio: bytes, rate_hz: int, channels: int = 1) -> None:
        """The caller's audio has come."""
        ...

    def bot(self, audio: bytes, rate_hz: int, channels: int = 1) -> None:
        """The bot's audio goes out now, or as soon as all before it was played."""
        ...

    def cut(self, unplayed_s: float = 0.0, /) -> None:
        """What is not due yet is not heard, nor are so many seconds at the end of what went out."""
        ...


class Tap:
    """Stands at the outermost end of a transport, where nothing is held back any more.

    Attributes:
        listeners: Who is told. While there is nobody, it costs nothing.
    """

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    def at_input(self, transport: BaseInputTransport) -> None:
        """Stand where the caller's audio comes in."""
        push = transport.push_audio_frame

        async def tapped_push(frame: InputAudioRawFrame) -> None:
            for listener in self.listeners:
                listener.caller(frame.audio, frame.sample_rate, frame.num_channels)
            await push(frame)

        # On the instance: the transports of all channels share nothing else.
        transport.push_audio_frame = tapped_push  # type: ignore[method-assign]

    def at_output(self, transport: BaseOutputTransport) -> None:
        """Stand where the bot's audio goes out; before anybody else stands there."""
        write = transport.write_audio_frame

        async def tapped_write(frame: OutputAudioRawFrame) -> bool:
            for listener in self.listeners:
                listener.bot(frame.audio, frame.sample_rate, frame.num_channels)
            written = False
            try:
                written = await write(frame)
            finally:
                if not written:
                    self.cut()
            return written

        transport.write_audio_frame = tapped_write  # type: ignore[method-assign]

    def cut(self, unplayed_s: float = 0.0) -> None:
        """Whoever plays the bot's audio has dropped what was not played."""
        for listener in self.listeners:
            listener.cut(unplayed_s)
