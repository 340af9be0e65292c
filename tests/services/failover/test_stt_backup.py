"""What becomes of the caller's words when a recogniser hangs, fails or lies."""

from pipecat.frames.frames import (
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    STTMetadataFrame,
)

from services.failover.incident import Failure
from tests.services.failover.scripted_stt import (
    DEAF,
    GOOD,
    Script,
    Scripted,
    ScriptedSegments,
)
from tests.services.failover.stt_call import ENOUGH_S, calling, first, health, second
from tests.virtual_time import in_virtual_time


@in_virtual_time
async def test_good_recogniser_is_heard_and_its_backup_costs_nothing() -> None:
    backup = second()
    async with calling(first(), backup) as call:
        await call.says("where is my order")
        assert call.texts == ["where is my order"]
        assert call.incidents == []
        assert isinstance(backup[1], Scripted)
        assert backup[1].frames == 0


@in_virtual_time
async def test_recogniser_that_never_connects_costs_the_caller_a_deadline_and_no_word() -> None:
    async with calling(first(Script(never_connects=True)), second()) as call:
        await call.says("where is my order")
        assert call.texts == ["where is my order"]
        assert call.failures == [("first", Failure.SILENT, "second")]


@in_virtual_time
async def test_recogniser_that_gives_no_transcript_is_replaced_by_its_backup() -> None:
    async with calling(first(DEAF), second()) as call:
        await call.says("where is my order")
        assert call.texts == ["where is my order"]
        assert call.failures == [("first", Failure.SILENT, "second")]
        assert call.stt.leading == "second"


@in_virtual_time
async def test_backup_that_uploads_whole_utterances_hears_the_one_that_was_lost() -> None:
    async with calling(first(DEAF), ("second", ScriptedSegments(), health())) as call:
        await call.says("where is my order")
        assert call.texts == ["where is my order"]


@in_virtual_time
async def test_error_in_mid_utterance_moves_the_utterance_to_the_backup_at_once() -> None:
    async with calling(first(Script(dies_with_frame=40, error=True)), second()) as call:
        await call.says("where is my order")
        assert call.texts == ["where is my order"]
        assert call.failures == [("first", Failure.REFUSED, "second")]
        assert not call.errors


@in_virtual_time
async def test_words_that_the_first_stood_by_before_it_died_are_not_said_twice() -> None:
    script = Script(chunk=2, dies_with_frame=60, error=True)
    async with calling(first(script), second()) as call:
        await call.says("where is my order number four")
        assert call.texts == ["where is my order number four"]


@in_virtual_time
async def test_blank_transcript_has_the_backup_asked() -> None:
    async with calling(first(Script(blank=True)), second()) as call:
        await call.says("yes please")
        assert call.texts == ["yes please"]
        assert [each[1] for each in call.failures] == [Failure.EMPTY]


@in_virtual_time
async def test_interim_words_without_final_ones_have_the_backup_asked() -> None:
    async with calling(first(Script(no_finals=True)), second()) as call:
        await call.says("yes please")
        assert call.texts == ["yes please"]
        assert call.failures == [("first", Failure.STALLED, "second")]


@in_virtual_time
async def test_late_transcript_is_not_heard_after_the_backup_answered() -> None:
    async with calling(first(Script(delay_s=2.0)), second()) as call:
        await call.says("where is my order")
        assert call.texts == ["where is my order"]
        assert call.failures == [("first", Failure.STALLED, "second")]


@in_virtual_time
async def test_slow_first_that_still_comes_before_its_backup_is_heard_and_not_blamed() -> None:
    async with calling(first(Script(delay_s=1.1)), second(Script(delay_s=0.6))) as call:
        await call.says("where is my order")
        assert call.texts == ["where is my order"]
        assert call.incidents == []
        assert call.stt.leading == "first"


@in_virtual_time
async def test_noise_that_nobody_makes_words_of_is_held_against_nobody() -> None:
    one = health()
    async with calling(first(its_health=one), second()) as call:
        await call.caller.coughs()
        await call.caller.is_silent(ENOUGH_S)
        assert call.texts == []
        assert call.incidents == []
        assert not one.open
        await call.says("yes please")
        assert call.texts == ["yes please"]


@in_virtual_time
async def test_next_caller_is_not_made_to_wait_for_one_that_failed_the_last() -> None:
    one = health()
    async with calling(first(DEAF, one), second()) as call:
        await call.says("where is my order")
    resting = first(GOOD, one)
    async with calling(resting, second()) as call:
        await call.says("yes please")
        assert call.texts == ["yes please"]
        assert call.incidents == []
        assert call.stt.leading == "second"
        assert isinstance(resting[1], Scripted)
        assert resting[1].frames == 0


@in_virtual_time
async def test_one_that_recovered_is_tried_beside_its_backup_and_leads_again() -> None:
    recovering = first(DEAF)
    async with calling(recovering, second()) as call:
        await call.says("where is my order")
        assert isinstance(recovering[1], Scripted)
        recovering[1].script = GOOD
        recovering[1].heard.words.clear()
        await call.caller.is_silent(6)
        await call.says("yes please")
        assert call.texts == ["where is my order", "yes please"]
        await call.says("tell me more")
        assert call.texts == ["where is my order", "yes please", "tell me more"]
        assert call.stt.leading == "first"


@in_virtual_time
async def test_one_that_did_not_recover_rests_longer() -> None:
    one = health()
    async with calling(first(DEAF, one), second()) as call:
        await call.says("where is my order")
        await call.caller.is_silent(6)
        await call.says("yes please")
        assert call.texts == ["where is my order", "yes please"]
        assert one.open
        assert not one.may_probe()
        assert call.stt.leading == "second"


@in_virtual_time
async def test_audio_passes_once_and_in_order_whatever_the_recognisers_do() -> None:
    for script in (GOOD, DEAF, Script(never_connects=True), Script(dies_with_frame=9, error=True)):
        async with calling(first(script), second()) as call:
            await call.says("yes please")
            passed = call.rig.reached_the_end(InputAudioRawFrame)
            assert [frame.id for frame in passed] == [frame.id for frame in call.caller.sent]


@in_virtual_time
async def test_interim_words_of_the_one_that_leads_are_shown_while_the_caller_speaks() -> None:
    async with calling(first(), second()) as call:
        await call.caller.says("where is my order")
        assert call.rig.reached_the_end(InterimTranscriptionFrame)
        assert not call.texts


@in_virtual_time
async def test_same_provider_twice_is_another_try_on_a_fresh_connection() -> None:
    shared = health()
    retry = Scripted()
    embedded = ("embedded", Scripted(), health())
    dying = Scripted(Script(dies_with_frame=40, error=True))
    async with calling(("one", dying, shared), ("one", retry, shared), embedded) as call:
        await call.says("where is my order")
        await call.says("yes please")
        assert call.texts == ["where is my order", "yes please"]
        assert call.failures == [("one", Failure.REFUSED, "one")]
        assert retry.frames > 0


@in_virtual_time
async def test_nobody_at_all_is_reported_up_the_line() -> None:
    deaf = second(Script(dies_with_frame=1, error=True))
    async with calling(first(Script(dies_with_frame=40, error=True)), deaf) as call:
        await call.says("where is my order")
        assert call.texts == []
        assert len(call.errors) == 1
        assert call.failures == [
            ("first", Failure.REFUSED, "second"),
            ("second", Failure.REFUSED, ""),
        ]


@in_virtual_time
async def test_half_the_words_are_better_than_none_when_there_is_no_backup() -> None:
    async with calling(first(Script(no_finals=True))) as call:
        await call.says("yes please")
        assert call.texts == ["yes please"]


@in_virtual_time
async def test_turn_is_told_how_long_to_wait_for_words_and_told_anew_after_a_change() -> None:
    async with calling(first(DEAF), second()) as call:
        assert len(call.rig.reached_the_end(STTMetadataFrame)) == 1
        await call.says("yes please")
        waits = [frame.ttfs_p99_latency for frame in call.rig.reached_the_end(STTMetadataFrame)]
        assert waits == [0.4, 0.4]
