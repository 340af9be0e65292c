import asyncio

import pytest
from aiortc.mediastreams import MediaStreamError
from av import AudioCodecContext
from pipecat.transports.smallwebrtc.transport import RawAudioTrack

from calls.web_audio.mouth import Encoded
from tests.calls.web_audio.tones import RATE_HZ, tone
from tests.virtual_time import in_virtual_time


def now_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)


@in_virtual_time
async def test_a_packet_leaves_every_20_ms_from_the_first_on():
    mouth, begins_ms = Encoded(RawAudioTrack(RATE_HZ)), now_ms()
    left = []
    for _ in range(4):
        packet = await mouth.recv()
        left.append((now_ms() - begins_ms, (packet.pts or 0) * packet.time_base * 1000))
    assert left == [(0, 0), (20, 20), (40, 40), (60, 60)]


@in_virtual_time
async def test_after_it_was_kept_from_sending_it_catches_up():
    mouth, begins_ms = Encoded(RawAudioTrack(RATE_HZ)), now_ms()
    await mouth.recv()
    await asyncio.sleep(0.1)
    for _ in range(5):
        await mouth.recv()
    assert now_ms() - begins_ms == 100


@in_virtual_time
async def test_whoever_writes_is_told_when_the_last_of_it_leaves():
    track = RawAudioTrack(RATE_HZ)
    mouth, begins_ms = Encoded(track), now_ms()
    written = [track.add_audio_bytes(tone(seconds)) for seconds in (0.04, 0.03)]
    told: dict[int, int] = {}
    for number, writing in enumerate(written):
        writing.add_done_callback(lambda _, number=number: told.update({number: now_ms()}))
    for _ in range(5):
        await mouth.recv()
    assert {number: at_ms - begins_ms for number, at_ms in told.items()} == {0: 20, 1: 60}


@in_virtual_time
async def test_where_nothing_waits_silence_leaves():
    track = RawAudioTrack(RATE_HZ)
    track.add_audio_bytes(tone(0.03))
    mouth, decoder = Encoded(track), AudioCodecContext.create("libopus", "r")
    decoder.format, decoder.layout = "s16", "mono"
    loudest = []
    for _ in range(6):
        for frame in decoder.decode(await mouth.recv()):
            loudest.append(int(abs(frame.to_ndarray().astype(int)).max()))
    assert min(loudest[:2]) > 4000
    assert max(loudest[3:]) < 100


@in_virtual_time
async def test_once_stopped_it_says_so():
    track = RawAudioTrack(RATE_HZ)
    mouth = Encoded(track)
    mouth.stop()
    with pytest.raises(MediaStreamError):
        await mouth.recv()
    assert track.readyState == "ended"
