"""What is not to be kept of a call's words is not to be heard in its recording either."""

import asyncio
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pipecat.frames.frames import (
    InterruptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from calls.recording.files import recording_of, unfinished_of
from calls.recording.finishing import finish
from calls.recording.reading import open_recording
from calls.recording.spoken import SpokenWord
from calls.recording.to_silence import NOTES, Span
from tests.calls.heard_call import Line
from tests.calls.recording.recorded_call import CALL_ID, SENTENCE, RecordedCall, recorded_call
from tests.services.failover.tts_fakes import RATE_HZ, reply
from tests.virtual_time import in_virtual_time

SECRET = "extraordinarily"
ANSWER = f"This number is {SECRET} long and you will have it soon."


def secrets_in(who: str, words: Sequence[SpokenWord]) -> list[Span]:
    """The word that nobody is to hear, as the redaction would find it."""
    return [Span(who, word.start_s, word.end_s) for word in words if SECRET in word.text]


def recorded(call: RecordedCall, word: str) -> float:
    """How much of a word is in the recording."""
    return next((w.part for w in call.words() if w.text == word), 0.0)


async def caller_says(call: RecordedCall, text: str, seconds: float) -> tuple[float, float]:
    """A turn of the caller, and when it was."""
    from_s = call.at_s()
    await call.heard.give(VADUserStartedSpeakingFrame(start_secs=0.0))
    await asyncio.sleep(seconds)
    await call.heard.give(VADUserStoppedSpeakingFrame(stop_secs=0.0))
    to_s = call.at_s()
    await asyncio.sleep(0.3)
    assert call.recording.spoken
    call.recording.spoken.turn_over(text)
    return from_s, to_s


@pytest.mark.parametrize("line", ["web", "phone"])
def test_bots_word_that_nobody_is_to_hear_is_silence_and_the_others_are_heard(
    line: Line, tmp_path: Path
) -> None:
    @in_virtual_time
    async def story() -> None:
        rng = random.Random(4)
        async with recorded_call(
            rng, tmp_path, line=line, spans_of=secrets_in, stalls=False, pace=11.0
        ) as call:
            await call.announce()
            await call.heard.give(*reply(ANSWER))
            await call.heard.until_played(SECRET, part=0.3)
            call.hold.pause()
            await asyncio.sleep(0.5)
            call.hold.go_on()
            await asyncio.sleep(8)
        assert recorded(call, SECRET) == 0.0
        assert [recorded(call, word) for word in ("This", "soon.")] == pytest.approx(
            [1, 1], abs=0.2
        )
        assert len(call.words()) >= len(f"{SENTENCE} {ANSWER}".split()) - 2
        assert [path.name for path in call.file.parent.iterdir()] == ["call.wav"]

    story()


@in_virtual_time
async def test_callers_turn_is_silenced_whole_when_anything_in_it_is_not_to_be_heard(
    tmp_path: Path,
) -> None:
    async with recorded_call(random.Random(4), tmp_path, spans_of=secrets_in) as call:
        await call.announce()
        kept = await caller_says(call, "Where is my order?", 2.0)
        await asyncio.sleep(2)
        secret = await caller_says(call, f"My number is {SECRET} long.", 3.0)
        await asyncio.sleep(2)
        also_kept = await caller_says(call, "Thank you.", 1.0)
        ends_s = call.at_s()
        await asyncio.sleep(3)
    caller = call.samples("caller")

    def sound_in(from_s: float, to_s: float) -> float:
        return float(np.mean(caller[round(from_s * RATE_HZ) : round(to_s * RATE_HZ)] != 0))

    assert sound_in(*kept) == 1.0
    assert sound_in(*secret) == 0.0
    assert sound_in(*also_kept) == 1.0
    assert sound_in(ends_s + 0.2, ends_s + 3) == 0.0, "nobody knows what was said there"


@in_virtual_time
async def test_of_a_killed_process_only_what_was_looked_through_is_heard(tmp_path: Path) -> None:
    later = tmp_path / "later"
    async with recorded_call(random.Random(4), tmp_path, spans_of=secrets_in) as call:
        await call.announce()
        await call.heard.give(*reply(ANSWER))
        await caller_says(call, f"My number is {SECRET}.", 2.0)
        await asyncio.sleep(10)
        await call.heard.give(*reply(f"I repeat, {SECRET} long, and for ever so long."))
        await call.heard.until_played("long,", part=0.5)
        await asyncio.sleep(1.2)
        # The disk as it is when nobody can write any more.
        shutil.copytree(tmp_path / "recordings", later / "recordings")
        await call.heard.give(InterruptionFrame())
    assert recording_of(later, CALL_ID) is None
    path = unfinished_of(later, CALL_ID)
    assert path
    assert (path.parent / NOTES).exists()
    finished = finish(later, CALL_ID)
    assert finished
    with open_recording(finished) as recording:
        pcm = b"".join(recording.pcm(side="bot"))
    heard = [word.text for word in call.heard.tongue.heard_in(pcm)]
    assert SECRET not in heard
    assert "repeat," not in heard
    assert heard[-1] == "soon."


@in_virtual_time
async def test_of_an_interrupted_answer_the_words_that_were_heard_are_looked_through(
    tmp_path: Path,
) -> None:
    looked: list[str] = []

    def spans_of(who: str, words: Sequence[SpokenWord]) -> list[Span]:
        looked.extend(word.text for word in words)
        return []

    async with recorded_call(random.Random(4), tmp_path, spans_of=spans_of) as call:
        await call.announce()
        await call.heard.give(*reply(ANSWER))
        await call.heard.until_played(SECRET, part=0.5)
        await call.heard.give(InterruptionFrame())
        await asyncio.sleep(1)
    assert looked == [*SENTENCE.split(), "This", "number", "is", SECRET]
    assert recorded(call, SECRET) > 0.3
