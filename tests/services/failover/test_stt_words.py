"""Every word of the caller becomes text once, at whatever moment a recogniser fails."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.failover.scripted_stt import Script, Scripted, ScriptedSegments
from tests.services.failover.stt_call import calling, first, health
from tests.virtual_time import in_virtual_time

SENTENCE = "where is my order"
AFTERTHOUGHT = "number four seven"
NEXT = "yes please tell me more"


@st.composite
def failing(draw: st.DrawFn, chunks: int = 3) -> Script:
    """A recogniser that dies at some moment of the first or the second utterance."""
    return Script(
        dies_with_frame=draw(st.integers(1, 480)),
        error=draw(st.booleans()),
        chunk=draw(st.integers(0, chunks)),
        delay_s=draw(st.sampled_from([0.05, 0.2, 0.7])),
    )


@settings(max_examples=40, deadline=None)
@given(script=failing(), pause_s=st.sampled_from([0.0, 0.3, 3.0]), uploads=st.booleans())
def test_every_word_is_text_once_whenever_the_first_recogniser_dies(
    script: Script, pause_s: float, uploads: bool
) -> None:
    @in_virtual_time
    async def call_with_pauses() -> None:
        backup = ScriptedSegments() if uploads else Scripted()
        async with calling(first(script), ("second", backup, health())) as call:
            await call.caller.says(SENTENCE)
            await call.caller.is_silent(pause_s)
            await call.says(AFTERTHOUGHT)
            await call.says(NEXT)
            assert call.words == f"{SENTENCE} {AFTERTHOUGHT} {NEXT}"

    call_with_pauses()


@settings(max_examples=15, deadline=None)
@given(one=failing(), other=failing(chunks=0))
def test_every_word_is_text_once_though_two_of_three_recognisers_die(
    one: Script, other: Script
) -> None:
    @in_virtual_time
    async def call_of_two_utterances() -> None:
        second = ("second", Scripted(other), health())
        third = ("third", ScriptedSegments(), health())
        async with calling(first(one), second, third) as call:
            await call.says(SENTENCE)
            await call.says(NEXT)
            assert call.words == f"{SENTENCE} {NEXT}"

    call_of_two_utterances()


@in_virtual_time
async def test_words_that_the_voice_detector_missed_become_final_all_the_same() -> None:
    async with calling(first()) as call:
        await call.says(SENTENCE)
        await call.caller.says_unnoticed("one")
        await call.caller.is_silent(1.0)
        assert call.texts == [SENTENCE, "one"]
        await call.says(NEXT)
        assert call.texts == [SENTENCE, "one", NEXT]


@in_virtual_time
async def test_words_are_not_made_final_while_more_come_that_the_detector_does_not_notice() -> None:
    async with calling(first()) as call:
        await call.caller.says_unnoticed(NEXT)
        await call.caller.is_silent(1.5)
        assert call.texts == [NEXT]


@in_virtual_time
async def test_a_recogniser_is_told_to_finalise_once_an_utterance() -> None:
    name, service, its_health = first()
    async with calling((name, service, its_health)) as call:
        await call.says(SENTENCE)
        await call.says(NEXT)
        assert isinstance(service, Scripted)
        assert len(service.later) == 2
