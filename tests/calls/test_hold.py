"""The bot's audio pauses at the very end of its way, goes on from the same word, or is dropped."""

import asyncio
import random

import numpy as np
import pytest
from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams

from calls.barge_in.hold import Hold
from calls.notices import notice
from tests.calls.heard_call import HeardCall, Line, heard_call
from tests.calls.test_heard import TURNS, answer, in_order
from tests.services.failover.tts_fakes import RATE_HZ, reply
from tests.virtual_time import in_virtual_time

SENTENCE = "This sentence has extraordinarily many words."
WORD = "extraordinarily"
NOTICE = "This call is recorded for training."
PAUSED_S = 0.7


def samples_of(call: HeardCall, word: str) -> tuple[int, int]:
    """How many of a word were played, and how many it has."""
    value, whole = next((v, n) for v, (w, n) in call.tongue.words.items() if w == word)
    return int(np.sum(np.frombuffer(bytes(call.line.played), np.int16) == value)), whole


@pytest.mark.parametrize("line", ["web", "phone"])
def test_what_was_paused_goes_on_from_the_same_word(line: Line) -> None:
    @in_virtual_time
    async def story() -> None:
        hold = Hold()
        async with heard_call(random.Random(1), line=line, hold=hold, pace=14.0) as call:
            await call.give(*reply(SENTENCE))
            await call.until_played(WORD, part=0.4)
            hold.pause()
            await asyncio.sleep(0.4)
            before, whole = samples_of(call, WORD)
            await asyncio.sleep(PAUSED_S - 0.4)
            assert samples_of(call, WORD)[0] == before, "nothing is played while it is paused"
            assert 0.4 * whole < before < 0.9 * whole
            later_s = hold.go_on()
            await asyncio.sleep(5)
            assert samples_of(call, WORD)[0] == before + whole
            assert [word.text for word in call.played()] == SENTENCE.split()
            assert later_s == pytest.approx(PAUSED_S + before / RATE_HZ, abs=0.1)
            assert call.said_in_context() == [SENTENCE]

    story()


@in_virtual_time
async def test_what_was_paused_is_dropped_when_the_caller_takes_the_floor() -> None:
    hold = Hold()
    async with heard_call(random.Random(1), hold=hold, pace=14.0) as call:
        await call.give(*reply(SENTENCE))
        await call.until_played(WORD, part=0.5)
        hold.pause()
        await asyncio.sleep(0.2)
        played = bytes(call.line.played)
        await call.give(InterruptionFrame())
        await asyncio.sleep(2)
        assert bytes(call.line.played).rstrip(b"\0") == played.rstrip(b"\0")
        assert not hold.paused
        await call.give(*reply("Something else."))
        await asyncio.sleep(3)
        assert [word.text for word in call.played()][-2:] == ["Something", "else."]
        assert call.said_in_context()[-1] == "Something else."


@in_virtual_time
async def test_notice_is_neither_paused_nor_dropped() -> None:
    hold = Hold()
    async with heard_call(random.Random(1), hold=hold, pace=14.0) as call:
        await call.give(notice(NOTICE))
        await call.until_played("This", part=0.5)
        assert not hold.interruptible
        hold.pause()
        await call.until_played("recorded", part=0.5)
        await call.give(InterruptionFrame())
        await asyncio.sleep(5)
        assert [word.text for word in call.played()] == NOTICE.split()


class FarEnd(BaseOutputTransport):
    """Takes audio as fast as it is given, plays it in its time and drops it when told to."""

    def __init__(self) -> None:
        super().__init__(TransportParams())
        self.played = 0
        self._waiting: list[int] = []
        self._next_s = 0.0
        self._playing = asyncio.create_task(self._play())

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        self._waiting.extend(np.frombuffer(frame.audio, np.int16).tolist())
        now_s = asyncio.get_running_loop().time()
        wait_s = max(0.0, self._next_s - now_s)
        await asyncio.sleep(wait_s)
        lasts_s = frame.num_frames / frame.sample_rate
        self._next_s = (self._next_s if wait_s else now_s) + lasts_s
        return True

    async def clear(self, behind_s: float) -> None:
        self._waiting.clear()

    async def _play(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            due = self._waiting[: RATE_HZ // 100]
            del self._waiting[: RATE_HZ // 100]
            self.played += sum(1 for sample in due if sample)

    async def say(self, seconds: float, *, interruptible: bool = True) -> None:
        """Write loud audio in pieces of 60 ms."""
        for _ in range(round(seconds / 0.06)):
            samples = np.full(round(0.06 * RATE_HZ), 1000, np.int16)
            frame = TTSAudioRawFrame(samples.tobytes(), RATE_HZ, 1)
            frame.interruptible = interruptible
            await self.write_audio_frame(frame)


@in_virtual_time
async def test_phone_is_silent_at_once_though_it_was_sent_some_more() -> None:
    hold, line = Hold(), FarEnd()
    hold.at(line, clear=line.clear)
    saying = asyncio.create_task(line.say(3.0))
    await asyncio.sleep(1.0)
    hold.pause()
    await asyncio.sleep(0.02)
    silent_since = line.played
    await asyncio.sleep(0.5)
    assert line.played == silent_since
    assert line.played == pytest.approx(1.0 * RATE_HZ, abs=0.03 * RATE_HZ)
    hold.go_on()
    await asyncio.sleep(0.1)
    assert line.played > silent_since
    saying.cancel()


@in_virtual_time
async def test_end_of_a_notice_is_not_dropped_by_a_pause_of_what_follows_it() -> None:
    hold, line = Hold(), FarEnd()
    hold.at(line, clear=line.clear)
    await line.say(1.2, interruptible=False)
    saying = asyncio.create_task(line.say(1.2))
    await asyncio.sleep(0.01)
    hold.pause()
    await asyncio.sleep(0.5)
    assert line.played >= 1.2 * RATE_HZ
    saying.cancel()


@in_virtual_time
async def test_what_is_interrupted_while_it_is_said_again_was_not_heard() -> None:
    hold = Hold()
    async with heard_call(
        random.Random(1), line="phone", hold=hold, pace=14.0, stalls=False
    ) as call:
        await call.give(*reply(SENTENCE))
        await call.until_played(WORD, part=0.4)
        hold.pause()
        await asyncio.sleep(0.3)
        hold.go_on()
        await asyncio.sleep(0.05)
        heard = samples_of(call, WORD)[0] / RATE_HZ
        assert 0.3 < hold.drop() < heard + 0.1


class SlowToInterrupt(BaseOutputTransport):
    """Plays in no time, and takes its time to hear of an interruption."""

    def __init__(self) -> None:
        super().__init__(TransportParams())

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await asyncio.sleep(0.1)


@in_virtual_time
async def test_what_stands_behind_dropped_audio_waits_until_the_output_was_interrupted() -> None:
    hold, output = Hold(), SlowToInterrupt()
    hold.at(output)
    hold.pause()
    audio = TTSAudioRawFrame(bytes(320), RATE_HZ, 1)
    written = asyncio.create_task(output.write_audio_frame(audio))
    await asyncio.sleep(0.05)
    hold.drop()
    interrupted = asyncio.create_task(
        output.process_frame(InterruptionFrame(), FrameDirection.DOWNSTREAM)
    )
    await asyncio.sleep(0.09)
    assert not written.done()
    await interrupted
    assert not await written
    assert not await output.write_audio_frame(audio)
    hold.new_comes()
    assert await output.write_audio_frame(audio)


@in_virtual_time
async def test_pause_that_nobody_ends_ends_by_itself() -> None:
    hold = Hold()
    async with heard_call(random.Random(1), hold=hold, pace=14.0) as call:
        await call.give(*reply(SENTENCE))
        await call.until_played(WORD, part=0.5)
        hold.pause()
        await asyncio.sleep(6)
        assert [word.text for word in call.played()] == SENTENCE.split()


# In 100 and 107 all words of an answer are due before the audio of the one before it has ended.
@pytest.mark.parametrize("seed", [3, 100, 107])
@pytest.mark.parametrize("timed", [True, False], ids=["words timed", "words not timed"])
@pytest.mark.parametrize("line", ["web", "phone"])
def test_memory_is_what_was_played_however_often_it_was_paused(
    line: Line, timed: bool, seed: int
) -> None:
    @in_virtual_time
    async def story() -> None:
        rng = random.Random(seed)
        hold = Hold()
        async with heard_call(rng, line=line, timed=timed, hold=hold) as call:
            pausing = asyncio.create_task(_pause_now_and_then(hold, random.Random(seed)))
            for _ in range(TURNS):
                turn = await answer(call, rng)
                assert in_order(turn.kept, turn.written[: len(turn.kept)])
                assert turn.is_kept_within(1 if timed else 2), turn
            pausing.cancel()

    story()


async def _pause_now_and_then(hold: Hold, rng: random.Random) -> None:
    while True:
        await asyncio.sleep(rng.uniform(1.0, 5.0))
        hold.pause()
        await asyncio.sleep(rng.uniform(0.05, 0.6))
        hold.go_on()
