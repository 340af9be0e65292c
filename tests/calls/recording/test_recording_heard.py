"""The bot's track holds what was heard: held, cleared and taken back as it was."""

import asyncio
import random
from pathlib import Path

import numpy as np
import pytest
from pipecat.frames.frames import InterruptionFrame

from calls.notices import notice
from tests.calls.heard_call import Garbles, Line
from tests.calls.recording.recorded_call import (
    CALLERS_VALUE,
    SENTENCE,
    RecordedCall,
    recorded_call,
)
from tests.calls.test_heard import TURNS, answer
from tests.services.failover.tts_fakes import RATE_HZ, reply
from tests.virtual_time import in_virtual_time

LINES = ["web", "phone"]
ORDER = "Your parcel with the two lamps left our house on Monday."
LONG = "This answer has extraordinarily many words."
WORD = "extraordinarily"
GARBLE = -1000
# A phone plays by a grid of its own. What a stalled network did to it only its marks can tell,
# and there is one for every half second of audio.
NEARLY_S = 0.09
STALLED_S = 0.35


def seconds_of(call: RecordedCall, value: int) -> tuple[float, float]:
    """For how long a value is in the recording, and for how long it was played."""
    played = np.frombuffer(bytes(call.heard.line.played), np.int16)
    recorded = call.samples("bot")
    return float(np.sum(recorded == value)) / RATE_HZ, float(np.sum(played == value)) / RATE_HZ


def value_of(call: RecordedCall, word: str) -> int:
    return next(v for v, (w, _) in call.heard.tongue.words.items() if w == word)


def assert_recorded_as_played(call: RecordedCall, *, within_s: float = NEARLY_S) -> None:
    for value, (word, _) in call.heard.tongue.words.items():
        recorded_s, played_s = seconds_of(call, value)
        assert recorded_s == pytest.approx(played_s, abs=within_s), word


@pytest.mark.parametrize(
    ("line", "stalls", "within_s"),
    [("web", True, 0.001), ("phone", False, NEARLY_S), ("phone", True, STALLED_S)],
)
def test_every_word_is_recorded_as_it_was_played_however_often_it_was_cut(
    line: Line, stalls: bool, within_s: float, tmp_path: Path
) -> None:
    @in_virtual_time
    async def story() -> None:
        rng = random.Random(11)
        async with recorded_call(rng, tmp_path, line=line, stalls=stalls) as call:
            await call.announce()
            for _ in range(TURNS * 2):
                await answer(call.heard, rng)
        assert_recorded_as_played(call, within_s=within_s)

    story()


@pytest.mark.parametrize("line", LINES)
def test_held_audio_lies_where_it_was_played_and_not_where_it_was_due(
    line: Line, tmp_path: Path
) -> None:
    @in_virtual_time
    async def story() -> None:
        async with recorded_call(
            random.Random(1), tmp_path, line=line, pace=14.0, stalls=False
        ) as call:
            await call.announce()
            await call.heard.give(*reply(LONG))
            await call.heard.until_played(WORD, part=0.4)
            call.hold.pause()
            await asyncio.sleep(0.7)
            went_on_s = call.at_s()
            call.hold.go_on()
            await asyncio.sleep(5)
        assert_recorded_as_played(call)
        places = np.flatnonzero(call.samples("bot") == value_of(call, WORD)) / RATE_HZ
        (pause,) = np.flatnonzero(np.diff(places) > 0.3)
        assert places[pause + 1] == pytest.approx(went_on_s, abs=2 * NEARLY_S)
        assert places[pause] == pytest.approx(went_on_s - 0.7, abs=3 * NEARLY_S)

    story()


@pytest.mark.parametrize("line", LINES)
def test_speech_that_was_taken_back_is_recorded_no_further_than_it_was_heard(
    line: Line, tmp_path: Path
) -> None:
    @in_virtual_time
    async def story() -> None:
        async with recorded_call(
            random.Random(5), tmp_path, line=line, asked_first=[Garbles], stalls=False
        ) as call:
            await call.announce()
            await call.heard.give(*reply(ORDER))
            await asyncio.sleep(25)
            assert call.recording.on
        recorded_s, played_s = seconds_of(call, GARBLE)
        assert recorded_s == pytest.approx(played_s, abs=NEARLY_S)
        assert_recorded_as_played(call)

    story()


@in_virtual_time
async def test_sentence_is_recorded_from_its_first_word_and_the_caller_from_its_end(
    tmp_path: Path,
) -> None:
    async with recorded_call(random.Random(2), tmp_path) as call:
        await call.heard.give(*reply(ORDER))
        await asyncio.sleep(5)
        before_s = call.at_s()
        await call.announce()
        await call.heard.give(*reply("Hello there."))
        await asyncio.sleep(3)
    assert [word.text for word in call.words()] == [*SENTENCE.split(), "Hello", "there."]
    bot, caller = call.samples("bot"), call.samples("caller")
    assert np.flatnonzero(bot)[0] / RATE_HZ > before_s
    last = np.flatnonzero(bot == value_of(call, "no."))[-1]
    # The resampler dithers: silence may be off by one.
    heard = caller[np.abs(caller) > 1]
    assert 0 <= np.flatnonzero(np.abs(caller) > 1)[0] - last < 0.5 * RATE_HZ
    assert np.median(heard) == CALLERS_VALUE
    assert call.file.name == "call.wav"
    assert call.noted("recording") == [
        {
            "path": "recordings/call-1/call.wav",
            "format": "wav",
            "sample_rate": RATE_HZ,
            "encrypted": False,
        }
    ]


@in_virtual_time
async def test_call_whose_sentence_was_never_said_is_not_recorded(tmp_path: Path) -> None:
    async with recorded_call(random.Random(2), tmp_path) as call:
        await call.heard.give(*reply("Hello there."))
        await asyncio.sleep(3)
        await call.heard.give(InterruptionFrame())
    assert not (tmp_path / "recordings").exists()
    assert not call.notes


@in_virtual_time
async def test_another_notice_does_not_pass_for_the_sentence(tmp_path: Path) -> None:
    async with recorded_call(random.Random(2), tmp_path) as call:
        await call.heard.give(notice("In an emergency, hang up and dial nine one one."))
        await asyncio.sleep(8)
        assert not call.recording.on
    assert list((tmp_path / "recordings").iterdir()) == []
    assert call.noted("recording_failed")
    assert not call.noted("consent")
