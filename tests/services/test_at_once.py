"""The caller's audio is handled where it comes, in the order that Pipecat keeps."""

import asyncio
import random
from dataclasses import dataclass

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    StartFrame,
    SystemFrame,
    UserSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_transport import TransportParams

from services.at_once import HearsAtOnce, hear_at_once
from tests.processors.probed_pipeline import probed_pipeline
from tests.virtual_time import in_virtual_time


class Slow(FrameProcessor):
    """Takes its time for some frames, and notes which it began and ended."""

    def __init__(self, rng: random.Random | None = None) -> None:
        super().__init__()
        self.rng = rng
        self.log: list[tuple[str, Frame]] = []

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        self.log.append(("begins", frame))
        await super().process_frame(frame, direction)
        for _ in range(self.rng.choice((0, 0, 0, 1, 5)) if self.rng else 0):
            await asyncio.sleep(self.rng.choice((0.0, 0.001)) if self.rng else 0)
        self.log.append(("ends", frame))
        await self.push_frame(frame, direction)


class AtOnce(HearsAtOnce, Slow):
    pass


class Failing(HearsAtOnce, FrameProcessor):
    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            raise RuntimeError("no ear")
        await self.push_frame(frame, direction)


@dataclass
class Noted(SystemFrame):
    """A system frame that nobody knows."""


def sound() -> InputAudioRawFrame:
    return InputAudioRawFrame(bytes(320), 8000, 1)


@in_virtual_time
async def test_audio_was_processed_when_it_was_handed_over() -> None:
    processor = AtOnce()
    async with probed_pipeline(processor):
        frame = sound()
        await processor.queue_frame(frame)
        assert processor.log[-1] == ("ends", frame)


@pytest.mark.parametrize("seed", range(25))
def test_frames_are_processed_one_by_one_in_the_order_they_came(seed: int) -> None:
    @in_virtual_time
    async def story() -> None:
        rng = random.Random(seed)
        processor = AtOnce(rng)
        given: list[Frame] = []

        async def give(count: int) -> None:
            for _ in range(count):
                frame = rng.choice((sound, sound, Noted, UserSpeakingFrame))()
                given.append(frame)
                await processor.queue_frame(frame)
                if rng.random() < 0.5:
                    await asyncio.sleep(rng.choice((0.0, 0.0005, 0.002)))

        async with probed_pipeline(processor) as rig:
            await asyncio.gather(give(30), give(30), give(30))
            await asyncio.sleep(1)
            done = [(what, frame) for what, frame in processor.log if frame in given]
        expected = [(what, frame) for frame in given for what in ("begins", "ends")]
        assert done == expected
        assert [frame for frame in rig.tail.got if frame in given] == given

    story()


@in_virtual_time
async def test_audio_that_comes_before_the_start_waits_for_it() -> None:
    processor = AtOnce()
    early = sound()
    await processor.queue_frame(early)
    assert not processor.log
    async with probed_pipeline(processor):
        await asyncio.sleep(0.1)
        ended = [frame for what, frame in processor.log if what == "ends"]
    assert isinstance(ended[0], StartFrame)
    assert ended[1] is early


@in_virtual_time
async def test_processor_that_fails_with_audio_says_so_and_goes_on() -> None:
    processor = Failing()
    async with probed_pipeline(processor) as rig:
        await rig.down(sound(), Noted(), sound())
        errors = [frame for frame in rig.head.got if isinstance(frame, ErrorFrame)]
        assert ["no ear" in error.error for error in errors] == [True, True]
        assert any(isinstance(frame, Noted) for frame in rig.tail.got)


class Line(BaseInputTransport):
    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)


@in_virtual_time
async def test_transport_pushes_audio_where_it_comes_in() -> None:
    line = Line(TransportParams(audio_in_enabled=True))
    hear_at_once(line)
    async with probed_pipeline(line) as rig:
        await asyncio.sleep(0.1)
        frame = InputAudioRawFrame(b"\x00\x08" * 320, 8000, 1)
        await line.push_audio_frame(frame)
        assert rig.tail.got[-1] is frame
        await line.push_audio_frame(InputAudioRawFrame(b"", 8000, 1))
        assert rig.tail.got[-1] is frame


class Halving:
    """A filter, as Pipecat's transports take one."""

    async def start(self, sample_rate: int) -> None: ...
    async def stop(self) -> None: ...
    async def filter(self, audio: bytes) -> bytes:
        return audio[: len(audio) // 2]


@in_virtual_time
async def test_transport_with_a_filter_keeps_its_own_way() -> None:
    params = TransportParams(audio_in_enabled=True)
    params.audio_in_filter = Halving()  # type: ignore[assignment]
    line = Line(params)
    hear_at_once(line)
    async with probed_pipeline(line) as rig:
        await asyncio.sleep(0.1)
        await line.push_audio_frame(sound())
        await asyncio.sleep(0.1)
        heard = [frame for frame in rig.tail.got if isinstance(frame, InputAudioRawFrame)]
        assert [len(frame.audio) for frame in heard] == [160]
