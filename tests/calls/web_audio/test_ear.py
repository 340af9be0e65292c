import asyncio
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from aiortc import RTCRtpCodecParameters
from aiortc.rtp import RtpPacket
from av import AudioFrame
from pipecat.transports.smallwebrtc.transport import RawAudioTrack

from calls.web_audio.ear import Ear
from calls.web_audio.mouth import Encoded
from tests.calls.web_audio.tones import RATE_HZ, pitch_hz, tone
from tests.virtual_time import in_virtual_time

OPUS = 111


async def packets_of(audio: bytes) -> list[bytes]:
    track = RawAudioTrack(RATE_HZ)
    track.add_audio_bytes(audio)
    encoded = Encoded(track)
    return [bytes(await encoded.recv()) for _ in range(len(audio) // 2 // (RATE_HZ // 50))]


def rtp(number: int, payload: bytes, ssrc: int = 1) -> RtpPacket:
    packet = RtpPacket(payload_type=OPUS, sequence_number=number, timestamp=number * 960, ssrc=ssrc)
    packet._data = payload  # type: ignore[attr-defined]
    return packet


@pytest.fixture
def receiver() -> Any:
    codec = RTCRtpCodecParameters("audio/opus", 48_000, channels=2, payloadType=OPUS)
    track = SimpleNamespace(_queue=asyncio.Queue())
    return SimpleNamespace(track=track, _RTCRtpReceiver__codecs={OPUS: codec})


def heard(receiver: Any) -> list[AudioFrame]:
    queue = receiver.track._queue
    return [queue.get_nowait() for _ in range(queue.qsize())]


@in_virtual_time
async def test_each_packet_is_heard_before_the_next_one_comes(receiver: Any):
    ear = Ear(receiver)
    for number, payload in enumerate(await packets_of(tone(0.2))):
        assert ear.add(rtp(number, payload)) == (False, None)
        (frame,) = heard(receiver)
        assert (frame.samples, frame.sample_rate, frame.pts) == (960, 48_000, number * 960)
        assert frame.time_base == Fraction(1, 48_000)


@in_virtual_time
async def test_what_was_said_is_what_is_heard(receiver: Any):
    ear = Ear(receiver)
    for number, payload in enumerate(await packets_of(tone(1.0))):
        ear.add(rtp(number, payload))
    sound = np.concatenate([frame.to_ndarray()[0, ::2] for frame in heard(receiver)])
    assert sound.size == 48_000
    assert pitch_hz(sound, 48_000) == pytest.approx(440, abs=2)
    assert np.std(sound) == pytest.approx(8000 / np.sqrt(2), rel=0.05)


@in_virtual_time
async def test_after_a_loss_sound_is_as_prompt_as_before(receiver: Any):
    ear, prompt = Ear(receiver), []
    for number, payload in enumerate(await packets_of(tone(0.4))):
        if number != 5:
            ear.add(rtp(number, payload))
            prompt.append(len(heard(receiver)))
    assert prompt == [1] * 5 + [0, 0, 3] + [1] * 11


@in_virtual_time
async def test_a_packet_that_is_no_sound_is_passed_over(receiver: Any):
    ear = Ear(receiver)
    before, after = await packets_of(tone(0.04))
    for number, payload in enumerate([before, b"\xff\xff\xff", b"", after]):
        ear.add(rtp(number, payload))
    assert [frame.pts for frame in heard(receiver)] == [0, 3 * 960]


@in_virtual_time
async def test_a_source_that_takes_over_is_heard_from_its_first_packet(receiver: Any):
    ear = Ear(receiver)
    first, second = await packets_of(tone(0.04))
    ear.add(rtp(40_000, first, ssrc=1))
    ear.add(rtp(39_990, second, ssrc=2))
    assert len(heard(receiver)) == 2
