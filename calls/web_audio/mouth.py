"""What a browser hears, encoded where it goes out.

Pipecat's track gives 10 ms at a time; aiortc hands each to a thread, to be made two channels of
48 kHz and then encoded.
"""

import asyncio
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioCodecContext, AudioFrame, Packet
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import RawAudioTrack

_OPUS_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
_PACKET_S = Fraction(20, 1000)
_BITS_A_SECOND = 64_000


def speak_encoded(connection: SmallWebRTCConnection) -> None:
    """Have a connection send what its track has encoded, where Opus was agreed on."""
    replace = connection.replace_audio_track

    def replace_audio_track(track: MediaStreamTrack) -> None:
        codecs = connection.pc.getTransceivers()[0]._codecs
        is_opus = bool(codecs) and codecs[0].mimeType.lower() == "audio/opus"
        if is_opus and isinstance(track, RawAudioTrack) and track._sample_rate in _OPUS_HZ:
            track = Encoded(track)
        replace(track)

    # On the instance: the transport is given no say in how its connection sends.
    connection.replace_audio_track = replace_audio_track  # type: ignore[method-assign]


class Encoded(MediaStreamTrack):
    """What waits in a track of Pipecat's, as packets of Opus, 20 ms each; else silence.

    Parameters:
        track: Its rate has to be one that Opus has: 8, 12, 16, 24 or 48 kHz.
    """

    kind = "audio"

    def __init__(self, track: RawAudioTrack) -> None:
        super().__init__()
        self._track = track
        self._rate_hz = track._sample_rate
        self._encoder = _encoder(self._rate_hz)
        self._packets = 0
        self._began_s = 0.0

    async def recv(self) -> Packet:  # type: ignore[override]
        """The next packet, when it is due.

        Raises:
            MediaStreamError: when the track has ended.
        """
        now_s = asyncio.get_running_loop().time
        self._began_s = self._began_s or now_s()
        await asyncio.sleep(self._began_s + float(self._packets * _PACKET_S) - now_s())
        if self.readyState != "live":
            raise MediaStreamError
        (packet,) = self._encoder.encode(self._next_piece())
        packet.pts, packet.time_base = self._packets, _PACKET_S
        self._packets += 1
        return packet

    def stop(self) -> None:
        """End it, and the track within."""
        super().stop()
        self._track.stop()

    def _next_piece(self) -> AudioFrame:
        samples = int(self._rate_hz * _PACKET_S)
        audio = b"".join(self._take(samples * 2)).ljust(samples * 2, b"\0")
        piece = AudioFrame.from_ndarray(np.frombuffer(audio, np.int16)[None, :], layout="mono")
        piece.sample_rate = self._rate_hz
        return piece

    def _take(self, size: int) -> Iterator[bytes]:
        """What waits, up to `size` bytes; whoever wrote the last of it is told."""
        waiting = self._track._chunk_queue
        while waiting and size > 0:
            audio, written = waiting.popleft()
            size -= len(audio)
            if written and not written.done():
                written.set_result(True)
            yield audio


def _encoder(rate_hz: int) -> AudioCodecContext:
    encoder = AudioCodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format, encoder.layout = rate_hz, "s16", "mono"
    encoder.bit_rate, encoder.time_base = _BITS_A_SECOND, Fraction(1, rate_hz)
    encoder.options = {"application": "voip"}
    return encoder
