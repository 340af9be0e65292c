"""A phone's audio is decoded once, and is what Pipecat's own serializer makes of it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat.frames.frames import Frame, InputAudioRawFrame, InputDTMFFrame
from pipecat.serializers.twilio import TwilioFrameSerializer

from calls.twilio_audio import Heard, TwilioSerializer
from tests.server.test_media_messages import media, other

PARAMS = TwilioFrameSerializer.InputParams(auto_hang_up=False)


async def decoded(
    serializer: TwilioFrameSerializer, message: str, rate_hz: int = 8_000
) -> Frame | None:
    setup: Any = SimpleNamespace(audio_in_sample_rate=rate_hz)
    await serializer.setup(setup)
    return await serializer.deserialize(message)


def ours(heard: Heard) -> TwilioSerializer:
    return TwilioSerializer(heard, stream_sid="MZ1", params=PARAMS)


def theirs() -> TwilioFrameSerializer:
    return TwilioFrameSerializer(stream_sid="MZ1", params=PARAMS)


def sound_of(frame: Frame | None) -> tuple[bytes, int, int]:
    assert isinstance(frame, InputAudioRawFrame)
    return frame.audio, frame.sample_rate, frame.num_channels


@given(st.binary(min_size=1, max_size=400))
def test_audio_that_the_socket_has_read_is_what_pipecat_makes_of_it(audio: bytes) -> None:
    async def story() -> None:
        heard, message = Heard(), media(2, audio)
        heard.media(message, audio)
        as_pipecat = sound_of(await decoded(theirs(), message))
        assert sound_of(await decoded(ours(heard), message)) == as_pipecat

    asyncio.run(story())


@pytest.mark.parametrize("read_before", [b"", b"\x12" * 160])
async def test_audio_of_a_message_that_the_socket_has_not_read_is_read(read_before: bytes) -> None:
    heard, message = Heard(), media(3, b"\x34" * 160)
    heard.media(media(2, read_before), read_before)
    as_pipecat = sound_of(await decoded(theirs(), message))
    assert sound_of(await decoded(ours(heard), message)) == as_pipecat


async def test_audio_for_another_rate_is_resampled_by_pipecat() -> None:
    heard, audio = Heard(), b"\x12" * 4_000
    message = media(2, audio)
    heard.media(message, audio)
    as_pipecat = sound_of(await decoded(theirs(), message, 16_000))
    assert sound_of(await decoded(ours(heard), message, 16_000)) == as_pipecat
    assert as_pipecat[1] == 16_000


async def test_keys_are_read_as_ever() -> None:
    pressed = other("dtmf", 3, dtmf={"track": "inbound_track", "digit": "5"})
    assert isinstance(await decoded(ours(Heard()), pressed), InputDTMFFrame)
