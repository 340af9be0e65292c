"""What the page of a call says at its top."""

import asyncio
from pathlib import Path

import pytest

from calls.records.database import Database
from calls.records.queries import Records
from calls.records.store import store_of
from server.operator.verdict import Verdict, verdict
from tests.server.operator.kept_calls import KeptCall, failed_call, good_call, keep
from tests.server.operator.operator_house import house_of


@pytest.fixture
def judge(tmp_path: Path):
    """From a call to its verdict, by way of the records."""
    settings = house_of(tmp_path).settings
    store, records = store_of(settings), Records(Database.of(settings))

    async def kept_and_judged(call: KeptCall) -> Verdict:
        await keep(store, call)
        row = await records.call(call.id)
        assert row
        return verdict(row, await records.events(call.id))

    yield lambda call: asyncio.run(kept_and_judged(call))
    asyncio.run(store.close())


def greeted(call_id: str = "CA1") -> KeptCall:
    return KeptCall(call_id).bot(2.0, "Hello, this is Maple Home Store.")


def test_call_that_did_its_job_is_said_to_have_done_so(judge) -> None:
    told = judge(good_call())
    assert (told.tone, told.headline) == ("good", "Resolved")
    assert told.sentence == "Nothing went wrong that the record knows of."
    assert told.troubles == ()


def test_failed_call_says_who_failed_what_the_caller_heard_and_how_it_ended(judge) -> None:
    told = judge(failed_call())
    assert (told.tone, told.headline) == ("bad", "Failed: no answer could be given")
    assert told.sentence == (
        "At 0:17 the language model openai gave nothing for 4.6 s; "
        "at 0:21 anthropic refused (4.5 s lost) and nobody was left to ask. "
        "The caller heard nothing for 6.2 s from 0:16 on, waiting for the language model. "
        "The bot gave up and ended the call after 26.4 s."
    )
    assert [one.kind for one in told.troubles] == ["provider_lost", "dead_air"]


def test_killed_process_is_named_as_what_cut_the_call_off(judge) -> None:
    told = judge(greeted().ended(31.0, "interrupted"))
    assert (told.tone, told.headline) == ("bad", "Cut off")
    assert told.sentence.startswith("The server's process ended in the middle of the call")


def test_failed_tool_is_named_with_its_error_and_how_often(judge) -> None:
    call = greeted()
    for at_s in (9.0, 14.0):
        call.note(at_s, "tool", name="book_slot", duration_ms=50.0, error="the calendar is away")
    call.note(20.0, "outcome", outcome="failed", by="rules", why="nothing was booked")
    told = judge(call.ended(20.0))
    assert told.sentence == (
        "At 0:09 the tool book_slot failed (2 times in all): the calendar is away. "
        "The caller hung up after 20.0 s."
    )


def test_call_that_failed_for_no_reason_on_record_says_what_it_was_judged_by(judge) -> None:
    call = greeted().note(5.0, "outcome", outcome="abandoned", by="rules", why="no answer came")
    told = judge(call.ended(5.0))
    assert (told.tone, told.headline) == ("fair", "Abandoned by the caller")
    assert told.sentence == "No answer came."


def test_trouble_in_a_resolved_call_is_told_without_alarm(judge) -> None:
    call = greeted()
    call.note(
        6.0,
        "provider_failed",
        stage="tts",
        provider="cartesia",
        how="nonsense",
        cost_ms=0.0,
        went_to="elevenlabs",
    )
    call.note(7.0, "unhandled", text="can you sing")
    call.note(8.0, "outcome", outcome="resolved", by="tool", why="")
    told = judge(call.ended(9.0))
    assert (told.tone, told.headline) == ("fair", "Resolved")
    assert [one.sentence for one in told.troubles] == [
        'At 0:07 the bot said that it could not help with "can you sing".',
        "At 0:06 the text-to-speech cartesia gave what cannot be true; elevenlabs took over.",
    ]


def test_running_call_is_said_to_run_with_the_trouble_so_far(judge) -> None:
    told = judge(greeted())
    assert (told.tone, told.sentence) == ("live", "No trouble so far.")
    call = greeted("CA2").note(
        12.0, "dead_air", turn=1, dead_air_ms=4200.0, steps=1, ended_ms_ago=3000.0
    )
    assert judge(call).sentence == "The caller heard nothing for 4.2 s from 0:04 on."


def test_supervisor_who_ended_the_call_is_named(judge) -> None:
    call = greeted().note(4.0, "unhandled", text="")
    call.note(5.0, "outcome", outcome="abandoned", by="rules", why="")
    assert judge(call.ended(5.0, "ended by an operator")).sentence.endswith(
        "An operator ended the call."
    )


def failing(call: KeptCall, *failures: tuple[float, str, str, str]) -> KeptCall:
    """The language model's failures: when, whose, how, and who was asked then."""
    for at_s, provider, how, went_to in failures:
        cost_ms = 1200.0 if how == "silent" else 20.0
        call.note(
            at_s,
            "provider_failed",
            stage="llm",
            provider=provider,
            how=how,
            cost_ms=cost_ms,
            went_to=went_to,
        )
    return call


def test_providers_that_failed_by_turns_are_told_in_one_sentence(judge) -> None:
    call = failing(
        greeted(),
        (13.1, "openai", "silent", "groq"),
        (13.2, "groq", "refused", "openai"),
        (19.1, "openai", "silent", "groq"),
        (19.2, "groq", "refused", ""),
    )
    call.note(25.0, "outcome", outcome="failed", by="rules", why="no answer could be given")
    told = judge(call.ended(25.0, "no answer could be given"))
    assert told.sentence == (
        "At 0:13 the language model openai gave nothing for 1.2 s (2 times in all) and groq "
        "refused (2 times in all); at 0:19 nobody was left to ask. "
        "The bot gave up and ended the call after 25.0 s."
    )


def test_backup_that_failed_as_well_did_not_take_over(judge) -> None:
    call = failing(
        greeted(), (9.0, "openai", "silent", "groq"), (9.1, "groq", "refused", "anthropic")
    )
    assert [one.sentence for one in judge(call).troubles] == [
        "At 0:09 the language model openai gave nothing for 1.2 s; groq was asked.",
        "At 0:09 the language model groq refused; anthropic took over.",
    ]


def test_failure_long_before_the_last_one_is_a_story_of_its_own(judge) -> None:
    call = failing(greeted(), (9.0, "openai", "silent", "groq"), (90.0, "openai", "refused", ""))
    assert [one.sentence for one in judge(call).troubles] == [
        "At 1:30 the language model openai refused and nobody was left to ask.",
        "At 0:09 the language model openai gave nothing for 1.2 s; groq took over.",
    ]


def test_caller_who_leaves_after_a_failure_that_a_backup_covered_is_no_alarm(judge) -> None:
    call = failing(greeted(), (9.0, "openai", "silent", "groq"))
    call.note(20.0, "outcome", outcome="abandoned", by="rules", why="nothing says it was settled")
    told = judge(call.ended(20.0))
    assert told.tone == "fair"
    assert told.sentence == (
        "At 0:09 the language model openai gave nothing for 1.2 s; groq took over. "
        "The caller hung up after 20.0 s. It counts as abandoned: nothing says it was settled."
    )


def test_long_error_of_a_tool_is_cut_between_words(judge) -> None:
    error = (
        "ClientResponseError: 500, message='Internal Server Error', url='http://10.0.0.1/orders'"
    )
    call = greeted().note(9.0, "tool", name="find_order", duration_ms=50.0, error=error)
    assert judge(call).sentence == (
        "At 0:09 the tool find_order failed: "
        "ClientResponseError: 500, message='Internal Server Error'…"
    )
