"""What a recogniser adds to words that were already taken for the answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.frames.frames import InterimTranscriptionFrame

from tests.services.failover.scripted_stt import DEAF, GOOD, VAD_S, Script, Scripted
from tests.services.failover.stt_call import Call, calling, first, health
from tests.virtual_time import in_virtual_time

SAID = "where is my order"
AFTER_SPEECH_S = (1.5, 3.0, 6.0)


def late(guess: str | None, after_speech_s: float) -> Script:
    """Its interim words come in time, its final ones late."""
    return Script(delay_s=after_speech_s - VAD_S, guess=guess)


async def says(call: Call) -> None:
    """Says the line and waits for whatever may come of it."""
    await call.caller.says(SAID)
    await call.caller.is_silent(8.0)


@in_virtual_time
async def test_final_words_that_come_just_in_time_are_the_only_ones() -> None:
    async with calling(first(late("where is", 1.0))) as call:
        await says(call)
        assert call.texts == [SAID]


@pytest.mark.parametrize("after_speech_s", AFTER_SPEECH_S)
@in_virtual_time
async def test_words_that_the_late_final_adds_come_after_those_that_were_guessed(
    after_speech_s: float,
) -> None:
    async with calling(first(late("Where is my", after_speech_s))) as call:
        await says(call)
        assert call.texts == ["Where is my", "order"]


@pytest.mark.parametrize("after_speech_s", AFTER_SPEECH_S)
@in_virtual_time
async def test_late_final_that_says_the_same_is_not_heard_again(after_speech_s: float) -> None:
    async with calling(first(late("Where is my order?", after_speech_s))) as call:
        await says(call)
        assert call.texts == ["Where is my order?"]


@in_virtual_time
async def test_late_final_that_says_less_is_not_heard() -> None:
    async with calling(first(late(f"{SAID} number", 3.0))) as call:
        await says(call)
        assert call.texts == [f"{SAID} number"]


@pytest.mark.parametrize("after_speech_s", AFTER_SPEECH_S)
@in_virtual_time
async def test_late_final_that_says_otherwise_is_heard_from_the_first_other_word(
    after_speech_s: float,
) -> None:
    async with calling(first(late("where is my odor", after_speech_s))) as call:
        await says(call)
        assert call.texts == ["where is my odor", "order"]


@in_virtual_time
async def test_late_final_in_pieces_loses_none_of_them() -> None:
    one = Scripted(Script(no_finals=True, guess="where is"))
    async with calling(("first", one, health())) as call:
        await call.says(SAID)
        one.script = GOOD
        for end in (1, 3, 4):
            await one.push_frame(one._final(end))
        await call.caller.is_silent(1.0)
        assert call.texts == ["where is", "my", "order"]


@pytest.mark.parametrize("after_speech_s", AFTER_SPEECH_S)
@in_virtual_time
async def test_words_of_an_embedded_one_behind_it_are_the_only_ones(after_speech_s: float) -> None:
    embedded = ("embedded", Scripted(), health())
    async with calling(first(late("where is", after_speech_s)), embedded) as call:
        await says(call)
        assert call.texts == [SAID]


@pytest.mark.parametrize("after_speech_s", [3.0, 6.0])
@in_virtual_time
async def test_late_words_are_heard_where_the_embedded_one_had_none(after_speech_s: float) -> None:
    embedded = ("embedded", Scripted(DEAF), health())
    async with calling(first(late("where is", after_speech_s)), embedded) as call:
        await says(call)
        assert call.texts == ["where is", "my order"]


@pytest.mark.parametrize("pause_s", [1.0, 2.0, 3.0, 4.0, 5.0])
@pytest.mark.parametrize("guess", [None, "where is"])
@in_virtual_time
async def test_caller_who_spoke_again_meanwhile_is_understood_once(
    guess: str | None, pause_s: float
) -> None:
    one = Scripted(late(guess, 3.0))
    async with calling(("first", one, health())) as call:
        await call.caller.says(SAID)
        await call.caller.is_silent(1.2)
        one.script.guess = None
        await call.caller.is_silent(pause_s - 1.2)
        one.script.delay_s = 0.2
        await call.says("yes please")
        assert call.words == f"{SAID} yes please"


@settings(max_examples=30, deadline=None)
@given(
    delay_s=st.floats(0.05, 6.0),
    pause_s=st.floats(0.0, 6.0),
    guess=st.sampled_from([None, "where is", "where is my odor"]),
)
def test_no_word_is_lost_however_late_the_final_ones_are(
    delay_s: float, pause_s: float, guess: str | None
) -> None:
    @in_virtual_time
    async def call_of_two_utterances() -> None:
        one = Scripted(Script(delay_s=delay_s, guess=guess))
        async with calling(("first", one, health())) as call:
            await call.caller.says(SAID)
            await call.caller.is_silent(pause_s)
            one.script.guess = None
            await call.caller.says("yes please")
            await call.caller.is_silent(8.0)
            words = iter(call.words.split())
            assert all(word in words for word in f"{SAID} yes please".split()), call.texts

    call_of_two_utterances()


@in_virtual_time
async def test_caller_who_repeats_the_words_whose_final_never_came_is_heard_again() -> None:
    one = Scripted(Script(no_finals=True))
    async with calling(("first", one, health())) as call:
        await call.says("yes please")
        one.heard.words.clear()
        one.script = GOOD
        await call.says("yes please")
        assert call.texts == ["yes please", "yes please"]


@in_virtual_time
async def test_interim_words_after_the_answer_are_not_shown() -> None:
    async with calling(first(late("where is", 3.0))) as call:
        await call.caller.says(SAID)
        await call.caller.is_silent(1.5)
        shown = len(call.rig.reached_the_end(InterimTranscriptionFrame))
        await call.caller.is_silent(5.0)
        assert len(call.rig.reached_the_end(InterimTranscriptionFrame)) == shown
