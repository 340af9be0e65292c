"""A caller who does not want to be recorded is not, whatever words that takes."""

import asyncio
import random
from pathlib import Path

import pytest

from calls import as_bot
from calls.recording.consent import Consent
from calls.recording.files import recording_of
from tests.calls.recording.recorded_call import CALL_ID, SENTENCE, RecordedCall, recorded_call
from tests.services.failover.tts_fakes import reply
from tests.virtual_time import in_virtual_time

CONSENT = Consent(SENTENCE)

REFUSALS = (
    "No.",
    "No, thank you.",
    "Um, no.",
    "nope",
    "No no no",
    "I don't want that.",
    "I'd rather not.",
    "No, I do not consent.",
    "I don't agree to that",
    "I can't accept that",
    "I refuse.",
    "Well, I'm not okay with that.",
    "Please don't.",
    "No, don't.",
    "Not really.",
    "Hell no!",
    "Yeah, no.",
    "Definitely not.",
    "I say no.",
    "You may not.",
    "Um, I don't think so.",
    "I do mind.",
    "I'd prefer you don't.",
    "I would prefer if you did not record.",
    "Oh no, please don't record.",
    "I do not give permission.",
    "I'm against it.",
    "Please turn that off.",
    "No. I need to change my appointment.",
)
OBJECTIONS = (
    "Please stop recording.",
    "I don't want to be recorded",
    "I do not want you to record this call.",
    "Can you turn the recording off?",
    "Turn off the recording, please.",
    "Don't record me!",
    "Could we do this without recording?",
    "I'd rather not be recorded.",
    "Delete the recording",
    "I would like to opt out of the recording",
    "No recording, please. Where is my order?",
    "I withdraw my consent.",
    "Are you still recording? Stop that.",
    "Is this being recorded? I don't want that.",
)
NO_REFUSALS = (
    "Yes.",
    "Where is my order?",
    "No, my order never arrived.",
    "No problem.",
    "I don't mind being recorded.",
    "I have no objection to being recorded",
    "I don't have a record of that order.",
    "I want to book an appointment for Monday",
    "My record collection was damaged.",
    "There was no one at home.",
    "No, go ahead.",
    "No worries, that's fine.",
    "I don't think so many lamps were in the box.",
    "You may not remember me.",
    "I did not record the number.",
    "I want to give my permission for the photo.",
)


@pytest.mark.parametrize("text", [*REFUSALS, *OBJECTIONS])
def test_refusal_is_understood_as_the_answer_to_the_sentence(text: str) -> None:
    assert CONSENT.is_refused(text, as_answer=True)


@pytest.mark.parametrize("text", NO_REFUSALS)
def test_what_is_no_refusal_is_not_taken_for_one(text: str) -> None:
    assert not CONSENT.is_refused(text, as_answer=True)
    assert not CONSENT.is_refused(text, as_answer=False)


@pytest.mark.parametrize("text", OBJECTIONS)
def test_objection_is_understood_at_any_time(text: str) -> None:
    assert CONSENT.is_refused(text, as_answer=False)


def test_no_that_comes_later_is_an_answer_to_something_else() -> None:
    assert not CONSENT.is_refused("No, thank you.", as_answer=False)


def test_only_a_yes_is_one_where_the_caller_must_agree() -> None:
    asks = Consent("May we record this call?", must_agree=True)
    assert not asks.is_refused("Yes, that's fine.", as_answer=True)
    assert not asks.is_refused("I don't mind.", as_answer=True)
    assert asks.is_refused("Where is my order?", as_answer=True)


async def some_bot(call: object) -> None:
    """Somebody."""


def test_bot_that_records_says_so() -> None:
    assert as_bot(some_bot).records_audio is None  # type: ignore[arg-type]
    assert as_bot(some_bot, records_audio=SENTENCE).records_audio == CONSENT  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="sentence"):
        as_bot(some_bot, records_audio=" ")  # type: ignore[arg-type]


def erased(call: RecordedCall) -> None:
    """Nothing is left of the sound, and what is left is the proof."""
    assert not list((call.data_dir / "recordings").rglob("*"))
    assert call.noted("consent")[-1] == {"given": False}
    (proof,) = call.noted("recording_erased")
    assert proof["left"] == []


@in_virtual_time
async def test_caller_who_says_no_is_erased_and_the_call_goes_on(tmp_path: Path) -> None:
    async with recorded_call(random.Random(3), tmp_path) as call:
        await call.announce()
        assert call.file.stat().st_size > 44
        assert call.recording.said("No, I don't want that.")
        assert not call.recording.on
        await call.heard.give(*reply("Of course, what can I do?"))
        await asyncio.sleep(4)
        assert call.heard.played()[-1].text == "do?"
        erased(call)
    erased(call)
    assert recording_of(tmp_path, CALL_ID) is None


@in_virtual_time
async def test_caller_who_objects_after_having_agreed_is_erased_all_the_same(
    tmp_path: Path,
) -> None:
    async with recorded_call(random.Random(3), tmp_path) as call:
        await call.announce()
        assert not call.recording.said("Where is my order?")
        assert not call.recording.said("No.")
        assert call.noted("consent") == [{"given": True}]
        assert call.recording.said("Please stop recording this.")
        await asyncio.sleep(1)
        assert not call.recording.said("No, do not record me.")
    erased(call)
    assert call.noted("consent") == [{"given": True}, {"given": False}]


@in_virtual_time
async def test_caller_who_must_agree_and_said_nothing_is_not_recorded(tmp_path: Path) -> None:
    asks = Consent(SENTENCE, must_agree=True)
    async with recorded_call(random.Random(3), tmp_path, consent=asks) as call:
        await call.announce()
        await asyncio.sleep(2)
    erased(call)


@in_virtual_time
async def test_what_is_said_before_the_sentence_is_no_answer_to_it(tmp_path: Path) -> None:
    async with recorded_call(random.Random(3), tmp_path) as call:
        assert not call.recording.said("No.")
        await call.announce()
        assert call.recording.on
    assert call.file.name == "call.wav"


@in_virtual_time
async def test_no_is_an_answer_also_after_having_asked_what_that_was(tmp_path: Path) -> None:
    async with recorded_call(random.Random(3), tmp_path) as call:
        await call.announce()
        assert not call.recording.said("Hello? Sorry, what was that?")
        assert call.noted("consent") == []
        assert call.recording.said("No.")
    erased(call)
