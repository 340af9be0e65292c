"""A voice that draws breath first: the caller does not wait for the silence that it sends."""

from collections.abc import AsyncIterator

import numpy as np
import pytest
from pipecat.frames.frames import TTSAudioRawFrame, TTSTextFrame

from services.failover.tts.sound import without_silence_before
from tests.services.failover.tts_fakes import (
    RATE_HZ,
    Call,
    FakeVoice,
    RequestVoice,
    StreamingVoice,
    call,
)
from tests.virtual_time import in_virtual_time

TEXT = "Your parcel left our house on Monday."
BREATH = bytes(2 * RATE_HZ // 2)


class DrawsBreath(FakeVoice):
    """Sends half a second of nothing, and as much again in one piece with its first word."""

    async def words(self, text: str) -> AsyncIterator[tuple[str, bytes]]:
        yield "", BREATH
        before = BREATH
        async for word, audio in super().words(text):
            yield word, before + audio
            before = b""


class StreamingBreath(DrawsBreath, StreamingVoice):
    pass


class RequestBreath(DrawsBreath, RequestVoice):
    pass


def played(made: Call) -> bytes:
    return b"".join(frame.audio for frame in made.ear.of(TTSAudioRawFrame))


def due_s(made: Call) -> list[float]:
    at_s = [frame.pts / 1e9 for frame in made.ear.of(TTSTextFrame)]
    return [each_s - at_s[0] for each_s in at_s]


@pytest.mark.parametrize(
    ("plain", "breathing"), [(StreamingVoice, StreamingBreath), (RequestVoice, RequestBreath)]
)
@in_virtual_time
async def test_silence_before_the_first_sound_is_left_out_and_the_words_keep_to_the_sound(
    plain: type[FakeVoice], breathing: type[FakeVoice]
):
    async with call(plain()) as wanted:
        await wanted.say(TEXT)
    async with call(breathing()) as made:
        await made.say(TEXT)
    assert played(made) == played(wanted)
    assert made.ear.told == wanted.ear.told == TEXT.split()
    assert due_s(made) == pytest.approx(due_s(wanted), abs=0.02)
    assert made.incidents == []


def frame(*stretches: tuple[int, int]) -> TTSAudioRawFrame:
    """Stretches of so many samples of one value."""
    samples = [np.full(count, value, np.int16) for count, value in stretches]
    return TTSAudioRawFrame(np.concatenate(samples).tobytes(), 8000, 1)


@pytest.mark.parametrize(
    ("begins_with", "left"),
    [
        (((400, 0),), 100),
        (((400, 5),), 100),  # dithered
        (((400, 5), (40, 30)), 140),  # a consonant
        (((400, 30),), 180),  # noise
        ((), 100),
    ],
)
def test_a_soft_begin_of_up_to_ten_milliseconds_stays(
    begins_with: tuple[tuple[int, int], ...], left: int
):
    assert without_silence_before(frame(*begins_with, (100, 2000))).num_frames == left
