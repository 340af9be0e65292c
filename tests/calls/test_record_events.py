"""What happens in a call is in its record: tools, interruptions, what nobody heard, the end."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pipecat.frames.frames import (
    CancelFrame,
    EagerEndOfTurnCancelFrame,
    FunctionCallInProgressFrame,
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from calls.costs.prices import price_table
from calls.heard.utterance import CUT
from calls.record import CallRecord
from calls.record_events import RecordEvents
from calls.unheard import Unheard
from calls.usage.usage import Usage
from services.failover.health import Health
from services.failover.llm.backed import BackedLLM
from tests.calls.heard_call import HeardCall, heard_call
from tests.processors.probed_pipeline import probed_pipeline
from tests.services.failover.scripted_llm import Reply, ScriptedLLM
from tests.virtual_time import in_virtual_time

DEADLINE_S = 2.0
ANSWER = "Your order left on Monday. It will surely arrive on Thursday before noon."


@pytest.fixture
def record(tmp_path: Path) -> CallRecord:
    return CallRecord(tmp_path, "a-call")


@pytest.fixture
def events(record: CallRecord) -> RecordEvents:
    return RecordEvents(record, price_table())


def kept(record: CallRecord, *kinds: str) -> list[dict[str, Any]]:
    """The events of some kinds, without their times."""
    lines = record.path.read_text().splitlines() if record.path.exists() else []
    found = [event for event in map(json.loads, lines) if event["kind"] in kinds]
    return [{name: v for name, v in event.items() if name != "at_s"} for event in found]


# Tools


async def find_order(params: FunctionCallParams, order_number: str) -> None:
    """Look up an order.

    Args:
        order_number: Digits only.
    """
    await asyncio.sleep(0.3)
    if order_number == "0":
        raise KeyError("no such order")
    if order_number == "1":
        await asyncio.Event().wait()
    await params.result_callback({"state": "sent"})


async def _uses_tool(events: RecordEvents, order_number: str, wait_s: float = 5.0) -> None:
    model = ScriptedLLM(
        Reply(tool="find_order", arguments={"order_number": order_number}), Reply("Here it is.")
    )
    health = Health(1000, clock=asyncio.get_running_loop().time)
    llm = BackedLLM([("first", model, health)], report=lambda _: None, tool_deadline_s=DEADLINE_S)
    events.follows_model(llm)
    context = LLMContext([{"role": "user", "content": "where is it"}], [find_order])
    async with probed_pipeline(llm) as rig:
        await rig.down(LLMContextFrame(context=context))
        await asyncio.sleep(wait_s)


def test_tool_is_kept_with_what_it_was_given_and_what_it_gave(record, events) -> None:
    in_virtual_time(_uses_tool)(events, "47291")
    assert kept(record, "tool") == [
        {
            "kind": "tool",
            "name": "find_order",
            "arguments": {"order_number": "47291"},
            "result": {"state": "sent"},
            "duration_ms": pytest.approx(300, abs=5),
            "error": None,
        }
    ]


def test_tool_that_raises_is_an_error(record, events) -> None:
    in_virtual_time(_uses_tool)(events, "0")
    (tool,) = kept(record, "tool")
    assert tool["error"] == "KeyError: 'no such order'"
    assert tool["result"] is None


def test_tool_that_takes_too_long_is_an_error(record, events) -> None:
    in_virtual_time(_uses_tool)(events, "1")
    (tool,) = kept(record, "tool")
    assert tool["error"] == "it took longer than 2.0 s"
    assert tool["duration_ms"] == pytest.approx(1000 * DEADLINE_S, abs=20)


def test_tool_that_runs_when_the_call_ends_is_an_error(record, events) -> None:
    async def hangs_up() -> None:
        await _uses_tool(events, "1", wait_s=1.0)
        events.closing()

    in_virtual_time(hangs_up)()
    (tool,) = kept(record, "tool")
    assert tool["error"] == "the call ended before it was done"


# What the caller does not hear


@asynccontextmanager
async def answering(events: RecordEvents, *replies: Reply) -> AsyncIterator[HeardCall]:
    model = ScriptedLLM(*replies)
    health = Health(1000, clock=asyncio.get_running_loop().time)
    llm = BackedLLM([("first", model, health)], report=lambda _: None)
    events.follows_model(llm)
    async with heard_call(random.Random(1), before=[llm], events=events, stalls=False) as call:
        yield call


def asked(call: HeardCall) -> LLMContextFrame:
    call.context.add_message({"role": "user", "content": "where is it"})
    return LLMContextFrame(context=call.context)


def test_answer_that_was_heard_to_its_end_leaves_nothing_unheard(record, events) -> None:
    @in_virtual_time
    async def run() -> None:
        async with answering(events, Reply(ANSWER)) as call:
            await call.give(asked(call))
            await call.until_played("noon.", part=0.9)
            await asyncio.sleep(2)
            await call.give(InterruptionFrame())
            await asyncio.sleep(1)

    run()
    assert kept(record, "heard", "unheard", "interruption") == [
        {"kind": "heard", "who": "bot", "text": ANSWER}
    ]


def test_what_was_not_heard_of_an_answer_is_kept_apart_from_what_was(record, events) -> None:
    @in_virtual_time
    async def run() -> None:
        async with answering(events, Reply(ANSWER)) as call:
            await call.give(asked(call))
            await call.until_played("surely", part=0.3)
            await call.give(InterruptionFrame())
            await asyncio.sleep(2)

    run()
    interruption, heard, unheard = kept(record, "heard", "unheard", "interruption")
    assert interruption == {"kind": "interruption"}
    whole_words = heard["text"].split()[: -1 if heard["text"].endswith(CUT) else None]
    assert whole_words[:5] == ["Your", "order", "left", "on", "Monday."]
    assert " ".join([*whole_words, unheard["text"]]) == ANSWER.removesuffix(".")


def test_answer_that_was_cut_before_it_began_is_unheard_and_nobody_was_interrupted(
    record, events
) -> None:
    @in_virtual_time
    async def run() -> None:
        async with answering(events, Reply(ANSWER)) as call:
            await call.give(asked(call))
            await asyncio.sleep(0.3)
            await call.give(InterruptionFrame())
            await asyncio.sleep(2)

    run()
    kinds = [event["kind"] for event in kept(record, "heard", "unheard", "interruption")]
    assert kinds == ["unheard"]


def test_caller_who_hangs_up_in_an_answer_did_not_hear_its_rest(record, events) -> None:
    @in_virtual_time
    async def run() -> None:
        async with answering(events, Reply(ANSWER)) as call:
            await call.give(asked(call))
            await call.until_played("Monday.", part=0.95)
            await call.worker.cancel(reason="the caller hung up")
            await asyncio.sleep(2)

    run()
    assert [event["kind"] for event in kept(record, "unheard", "interruption")] == ["unheard"]


def test_phrase_that_no_model_wrote_is_no_part_of_an_answer(record, events) -> None:
    @in_virtual_time
    async def run() -> None:
        async with answering(events, Reply(ANSWER)) as call:
            await call.give(TTSSpeakFrame("Welcome to the store, how can I help?"))
            await call.until_played("help?", part=0.9)
            await asyncio.sleep(1)
            await call.give(asked(call))
            await call.until_played("Monday.", part=0.95)
            await call.give(InterruptionFrame())
            await asyncio.sleep(2)

    run()
    (unheard,) = kept(record, "unheard")
    assert "Welcome" not in unheard["text"]
    assert unheard["text"].endswith("before noon")


def writes(unheard: Unheard, text: str, *, ahead: bool = False) -> None:
    for frame in (LLMFullResponseStartFrame(), LLMTextFrame(text), LLMFullResponseEndFrame()):
        unheard.pushed(frame, ahead=ahead)


def test_answer_to_words_that_were_taken_back_is_unheard() -> None:
    told: list[str] = []
    unheard = Unheard(told.append)
    writes(unheard, "It is on its way.", ahead=True)
    unheard.pushed(EagerEndOfTurnCancelFrame(), ahead=True)
    writes(unheard, "You get your money back.", ahead=True)
    unheard.pushed(UserStoppedSpeakingFrame(), ahead=False)
    unheard.pushed(EagerEndOfTurnCancelFrame(), ahead=False)
    unheard.heard("You get your money back.")
    assert told == ["It is on its way"]


def test_what_is_written_otherwise_than_spoken_is_not_taken_for_unheard() -> None:
    told: list[str] = []
    unheard = Unheard(told.append)
    writes(unheard, "That is **$25.50** for order 47291, and it arrives on Monday.")
    unheard.heard(
        "That is twenty five dollars and fifty cents for order four seven two nine one, "
        "and it arrives on Monday."
    )
    unheard.pushed(CancelFrame(), ahead=False)
    unheard.cut_off()
    assert told == []


def test_cut_word_belongs_to_what_was_not_heard() -> None:
    told: list[str] = []
    unheard = Unheard(told.append)
    writes(unheard, ANSWER)
    unheard.pushed(InterruptionFrame(), ahead=False)
    unheard.heard("Your order left on Mon—")
    unheard.cut_off()
    assert told == ["Monday. It will surely arrive on Thursday before noon"]


# What the bot could not do


def test_request_that_the_bot_turns_down_is_kept_in_the_callers_words(record, events) -> None:
    events.heard("bot", "Hello. I can only help with orders.")
    events.heard("caller", "who won the game last night")
    events.heard("bot", "I am sorry, I can only help with orders you placed with us.")
    events.heard("bot", "I can only help with orders.")
    (unhandled,) = kept(record, "unhandled")
    assert unhandled["text"] == "who won the game last night"
    assert unhandled["said"].startswith("I am sorry")


@pytest.mark.parametrize(
    "words", ["I'm not able to help with that.", "I am sorry, I'm unable to help you with this."]
)
def test_request_is_turned_down_in_short_forms_as_well(record, events, words: str) -> None:
    events.heard("caller", "who won the game last night")
    events.heard("bot", words)
    assert len(kept(record, "unhandled")) == 1


def test_tool_that_cannot_help_says_so_itself(record, events) -> None:
    events.heard("caller", "book me a table")
    events.could_not_help("a table in a restaurant")
    events.heard("bot", "I can't help with that.")
    assert [event["text"] for event in kept(record, "unhandled")] == ["a table in a restaurant"]


@pytest.mark.parametrize(
    "words",
    [
        "I can help with that.",
        "I can't find an order with that number. Can you say it again?",
        "I am sorry, I could not put you through.",
        "I am sorry, something went wrong on my side. Could you say that once more?",
        "It can only be changed while it is being packed.",
        "I can't hear you, so I will hang up now.",
    ],
)
def test_bot_that_goes_on_helping_has_turned_nothing_down(record, events, words: str) -> None:
    events.heard("caller", "where is my order")
    events.heard("bot", words)
    assert kept(record, "unhandled") == []


# How it ended


def closed(record: CallRecord, events: RecordEvents) -> dict[str, dict[str, Any]]:
    events.closing()
    record.closed()
    return {event["kind"]: event for event in kept(record, "outcome", "cost", "end")}


def test_tool_that_settled_the_matter_has_the_last_word(record, events) -> None:
    events.heard("caller", "book it")
    events.set_outcome("resolved", "booked an appointment")
    record.ending("the caller hung up", "caller")
    end = closed(record, events)
    assert end["outcome"] == {
        "kind": "outcome",
        "outcome": "resolved",
        "by": "tool",
        "why": "booked an appointment",
    }


def test_outcome_that_there_is_not_is_refused(events) -> None:
    with pytest.raises(ValueError, match="resolved, handed_over"):
        events.set_outcome("great")  # type: ignore[arg-type]


def test_cost_is_told_before_the_end_and_is_what_the_usage_events_cost(record, events) -> None:
    events.used(Usage("llm", "openai", "gpt-4.1", prompt_tokens=1000, completion_tokens=100))
    events.used(Usage("tts", "embedded", "", characters=80))
    end = closed(record, events)
    assert (end["cost"]["amount"], end["cost"]["currency"]) == ("0.0028", "USD")
    assert end["cost"]["unpriced"] == []
    assert kept(record, "usage")[0] == {
        "kind": "usage",
        "stage": "llm",
        "provider": "openai",
        "model": "gpt-4.1",
        "prompt_tokens": 1000,
        "cached_tokens": 0,
        "cache_written_tokens": 0,
        "completion_tokens": 100,
    }
    assert list(end)[-1] == "end"


def test_nothing_that_watches_a_call_can_end_it(record, events) -> None:
    endless: dict[str, Any] = {}
    endless["itself"] = endless
    tools = events._tools

    async def run() -> None:
        tools.told(FunctionCallInProgressFrame, _of_tool(arguments=endless))
        tools.told(FunctionCallResultFrame, _of_tool(result=None))

    in_virtual_time(run)()
    assert kept(record, "tool") == []


def _of_tool(**facts: Any) -> dict[str, Any]:
    return {"function_name": "find_order", "tool_call_id": "1", **facts}
