"""Speech that was taken back and said again: every word that was heard is remembered once."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from pipecat.frames.frames import InterruptionFrame

from calls.barge_in.hold import Hold
from calls.heard.utterance import Utterance, Words
from services.failover.incident import Failure
from tests.calls.heard_call import Dies, Garbles, HeardCall, Line, Told, heard_call
from tests.services.failover.tts_fakes import reply
from tests.virtual_time import in_virtual_time

ORDER = "Your parcel with the two lamps left our house on Monday."
NEXT = "It should reach you before noon tomorrow."


def played(call: HeardCall) -> list[str]:
    return [word.text for word in call.played()]


@pytest.mark.parametrize("timed", [True, False], ids=["words timed", "words not timed"])
@pytest.mark.parametrize("line", ["web", "phone"])
def test_words_said_again_are_in_context_and_record_once(line: Line, timed: bool) -> None:
    @in_virtual_time
    async def story() -> None:
        rng = random.Random(5)
        async with heard_call(rng, line=line, timed=timed, asked_first=[Garbles]) as call:
            await call.give(*reply(ORDER))
            await asyncio.sleep(25)
            await call.give(*reply(NEXT))
            await asyncio.sleep(10)
            assert Failure.NONSENSE in [incident.how for incident in call.incidents]
            assert played(call) == f"{ORDER} {NEXT}".split()
            assert call.said_in_context() == [ORDER, NEXT]
            assert [told["text"] for told in call.record.lines] == [ORDER, NEXT]

    story()


@pytest.mark.parametrize("line", ["web", "phone"])
def test_caller_who_barges_in_on_words_said_again_heard_these_and_no_garble(line: Line) -> None:
    @in_virtual_time
    async def story() -> None:
        async with heard_call(random.Random(5), line=line, asked_first=[Garbles]) as call:
            await call.give(*reply(ORDER))
            await call.until_played("with", part=0.5)
            await call.give(InterruptionFrame())
            await asyncio.sleep(2)
            (kept,) = call.said_in_context()
            assert abs(len(kept.split()) - len(played(call))) <= 1
            assert len(kept.split()) in (3, 4)
            assert kept.startswith("Your parcel w")
            assert [told["text"] for told in call.record.lines] == [kept]

    story()


class GarblesOfPears(Garbles):
    """A provider that says everything but one answer as it should."""

    async def words(self, text: str) -> AsyncIterator[tuple[str, bytes]]:
        speech = super().words(text) if "pears" in text else Told.words(self, text)
        async for word, audio in speech:
            yield word, audio


@in_virtual_time
async def test_answer_dropped_before_it_was_heard_keeps_nothing_behind_it_from_the_record() -> None:
    hold = Hold()
    async with heard_call(
        random.Random(1), hold=hold, asked_first=[GarblesOfPears], stalls=False
    ) as call:
        await call.give(*reply("One two three."), *reply("Never heard."))
        await call.until_played("One", part=0.5)
        # A cough. The words of the next answer are due meanwhile.
        hold.pause()
        await asyncio.sleep(1.1)
        await call.give(*reply("We have pears and grapes and more."))
        await asyncio.sleep(12)
        await call.give(*reply("Goodbye then."))
        await asyncio.sleep(5)
        assert [incident.how for incident in call.incidents] == [Failure.NONSENSE]
        first, *later = call.said_in_context()
        assert first.startswith("On")
        assert later == ["We have pears and grapes and more.", "Goodbye then."]
        assert [told["text"] for told in call.record.lines] == [first, *later]


@pytest.mark.parametrize("line", ["web", "phone"])
def test_words_before_those_taken_back_are_remembered_with_those_said_again(line: Line) -> None:
    @in_virtual_time
    async def story() -> None:
        # Before the first mark is back, nobody knows of a stall: what a phone drops behind one
        # while the call begins passes for heard.
        async with heard_call(
            random.Random(6), line=line, asked_first=[Dies, Garbles], stalls=False
        ) as call:
            await call.give(*reply(ORDER))
            await call.until_played("left", part=0.5)
            await call.give(InterruptionFrame())
            await asyncio.sleep(2)
            (kept,) = call.said_in_context()
            assert Failure.NONSENSE in [incident.how for incident in call.incidents]
            assert abs(len(kept.split()) - len(played(call))) <= 1
            assert kept.startswith("Your parcel with the two lamps l")

    story()


@in_virtual_time
async def test_answer_of_which_nothing_was_said_but_garble_is_not_remembered() -> None:
    async with heard_call(random.Random(5), asked_first=[Garbles]) as call:
        await call.give(*reply(ORDER))
        await call.until_something_failed()
        await call.give(InterruptionFrame())
        await asyncio.sleep(5)
        assert played(call) == []
        assert call.said_in_context() == []
        assert call.record.lines == []


def test_words_told_with_the_garble_lie_where_they_are_said_again() -> None:
    utterance = Utterance("a")
    utterance.audio(100.0, 2.0)
    utterance.words(Words("good", 100.0))
    utterance.words(Words("bad", 101.0))
    assert utterance.taken_back(1.0) == 2.0
    utterance.audio(101.5, 1.0)
    utterance.words(Words("worse", 102.0))
    utterance.whole = True
    utterance.played_s = 2.0
    assert [part.text for part in utterance.heard()] == ["good"]
    utterance.played_s = 2.5
    assert [part.text for part in utterance.heard()] == ["good", "bad"]
    utterance.played_s = 3.0
    assert [part.text for part in utterance.heard()] == ["good", "bad", "worse"]
