"""What a browser says, decoded where it comes in.

aiortc holds each packet back until four more have come, and once one was lost until fourteen have
(0.28 s), for the rest of the call; then a thread decodes it.
"""

from aiortc import RTCRtpReceiver
from aiortc.codecs import get_decoder
from aiortc.codecs.base import Decoder
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtp import RtpPacket
from av.error import FFmpegError
from loguru import logger
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection, SmallWebRTCTrack

from calls.web_audio.in_order import InOrder


def hear_promptly(connection: SmallWebRTCConnection) -> None:
    """Have a connection's audio come out of its track as soon as it has come in, in order."""
    get_track = connection.audio_input_track

    def audio_input_track() -> SmallWebRTCTrack | None:
        track = get_track()
        if track:
            _take_over(track._receiver)
        return track

    # On the instance: a connection that is begun anew has another receiver.
    connection.audio_input_track = audio_input_track  # type: ignore[method-assign]


def _take_over(receiver: RTCRtpReceiver) -> None:
    if not isinstance(receiver._RTCRtpReceiver__jitter_buffer, Ear):  # type: ignore[attr-defined]
        receiver._RTCRtpReceiver__jitter_buffer = Ear(receiver)  # type: ignore[attr-defined]


class Ear(JitterBuffer):
    """Takes the place of a receiver's jitter buffer, and of what stands behind it.

    Parameters:
        receiver: Whose track the decoded audio is put into.
    """

    def __init__(self, receiver: RTCRtpReceiver) -> None:
        super().__init__(capacity=1)
        self._receiver = receiver
        self._in_order = InOrder()
        self._source: int | None = None
        self._decoders: dict[int, Decoder] = {}
        self._began: int | None = None

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """Put what this packet makes due into the track; nothing is left to the receiver."""
        if packet.ssrc != self._source:
            self._source, self._in_order = packet.ssrc, InOrder()
        for due in self._in_order.take(packet):
            self._decode(due)
        return False, None

    def _decode(self, packet: RtpPacket) -> None:
        data: bytes = packet._data  # type: ignore[attr-defined]
        track: MediaStreamTrack | None = self._receiver.track
        if track is None or not data:
            return
        if self._began is None:
            self._began = packet.timestamp
        try:
            frame = JitterFrame(data, (packet.timestamp - self._began) % (1 << 32))
            for sound in self._decoder(packet.payload_type).decode(frame):
                track._queue.put_nowait(sound)  # type: ignore[attr-defined]
        except FFmpegError as error:
            logger.warning(f"A packet of audio could not be decoded: {error}")

    def _decoder(self, payload_type: int) -> Decoder:
        if payload_type not in self._decoders:
            codecs = self._receiver._RTCRtpReceiver__codecs  # type: ignore[attr-defined]
            self._decoders[payload_type] = get_decoder(codecs[payload_type])
        return self._decoders[payload_type]
