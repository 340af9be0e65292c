import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import RawAudioTrack

from calls.web_audio.ear import Ear, hear_promptly
from calls.web_audio.mouth import Encoded, speak_encoded
from tests.calls.web_audio.tones import RATE_HZ, pitch_hz, tone

CODECS = ["opus", "PCMU"]


def humming(pitch_hz: float) -> RawAudioTrack:
    track = RawAudioTrack(RATE_HZ)
    track.add_audio_bytes(tone(5, pitch_hz))
    return track


class Call:
    """A browser and the server's end of its connection, each humming to the other."""

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self.browser = RTCPeerConnection()
        self.server = SmallWebRTCConnection()
        self.to_browser: asyncio.Future[MediaStreamTrack] = asyncio.Future()

    async def begin(self) -> None:
        hear_promptly(self.server)
        speak_encoded(self.server)
        self.browser.on("track", self.to_browser.set_result)
        self.browser.addTransceiver(humming(700), direction="sendrecv")
        await self.browser.setLocalDescription(await self.browser.createOffer())
        offer = only(self.codec, self.browser.localDescription.sdp)
        await self.server.initialize(offer, "offer")
        answer = self.server.get_answer()
        assert answer
        await self.browser.setRemoteDescription(
            RTCSessionDescription(answer["sdp"], answer["type"])
        )
        await self.server.connect()
        self.server.replace_audio_track(humming(440))

    async def end(self) -> None:
        await self.browser.close()
        await self.server.disconnect()


def only(codec: str, sdp: str) -> str:
    """An offer of this codec alone."""
    lines = sdp.splitlines()
    wanted = [line.split(":")[1].split()[0] for line in lines if f" {codec}/" in line]
    media = next(line for line in lines if line.startswith("m=audio"))
    kept = [
        line
        for line in lines
        if not line.startswith(("a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"))
        or line.split(":")[1].split()[0] in wanted
    ]
    kept[kept.index(media)] = " ".join([*media.split()[:3], *wanted])
    return "\r\n".join([*kept, ""])


@pytest.fixture(params=CODECS)
async def call(request: pytest.FixtureRequest) -> AsyncIterator[Call]:
    call = Call(request.param)
    await call.begin()
    yield call
    await call.end()


async def hears(track: MediaStreamTrack, wanted_hz: float) -> bool:
    """Whether it is heard, after what came before it."""
    for _ in range(100):
        frame = await track.recv()
        assert isinstance(frame, AudioFrame)
        channels = len(frame.layout.channels)
        sound = frame.to_ndarray().reshape(-1, channels)[:, 0].astype(float)
        loud = np.abs(sound).max() > 1000
        if loud and abs(pitch_hz(sound, frame.sample_rate) - wanted_hz) <= 30:
            return True
    return False


async def test_each_side_hears_the_other_whatever_codec_they_agree_on(call: Call):
    async with asyncio.timeout(20):
        assert await hears(await call.to_browser, 440)
        track = call.server.audio_input_track()
        assert track
        assert await hears(track, 700)  # type: ignore[arg-type]


@pytest.mark.parametrize("call", ["opus"], indirect=True)
async def test_opus_is_encoded_and_decoded_without_a_thread(call: Call):
    (transceiver,) = call.server.pc.getTransceivers()
    assert call.server.audio_input_track()
    buffer = transceiver.receiver._RTCRtpReceiver__jitter_buffer  # type: ignore[attr-defined]
    assert isinstance(buffer, Ear)
    assert isinstance(transceiver.sender.track, Encoded)


@pytest.mark.parametrize("call", ["PCMU"], indirect=True)
async def test_what_is_not_opus_is_left_to_aiortc_to_encode(call: Call):
    (transceiver,) = call.server.pc.getTransceivers()
    assert isinstance(transceiver.sender.track, RawAudioTrack)
