"""A long call's context: bounded, with a summary of what is not shown any more."""

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.processors.aggregators import async_tool_messages

from calls.window.facts import facts_in
from calls.window.size import tokens_in
from calls.window.summary import summariser, transcript_of
from calls.window.window import DROPPED, SUMMARY_AT_MOST_S, Window
from services.embedded.understudy import UnderstudyLLMService
from tests.virtual_time import in_virtual_time

LIMIT = 2000
TURNS_A_MINUTE = 8
SYSTEM = {"role": "system", "content": "You are the order support line of Maple Home Store."}

Messages = list[Any]


def asked(call_id: str, **arguments: Any) -> Any:
    function = {"name": "find_order", "arguments": json.dumps(arguments)}
    return {
        "role": "assistant",
        "tool_calls": [{"id": call_id, "function": function, "type": "function"}],
    }


def returned(call_id: str, result: str) -> Any:
    return {"role": "tool", "content": result, "tool_call_id": call_id}


def said(who: str, text: str) -> Any:
    return {"role": who, "content": text}


class Model:
    """Sums up what it is given, when it is let."""

    def __init__(self, text: str = "The caller asked about orders. " * 8) -> None:
        self.text = text
        self.given: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error: Exception | None = None

    async def summarise(self, transcript: str, tokens: int) -> str | None:
        self.given.append(transcript)
        await self.may_answer.wait()
        if self.error:
            raise self.error
        return self.text


class Costs:
    """A conversation, and what each turn of it has cost: what was sent, over all its requests."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.tokens_of_turn: list[int] = []
        self.messages_of_turn: list[int] = []

    async def turn(self, number: int) -> None:
        self.tokens_of_turn.append(0)
        self.messages_of_turn.append(0)
        self.window.add_message(said("user", f"Where is my order number {number:05}, please?"))
        self._send()
        call_id = f"call-{number}"
        self.window.add_message(asked(call_id, number=f"{number:05}"))
        answer = returned(call_id, "IN_PROGRESS")
        self.window.add_message(answer)
        answer["content"] = json.dumps({"arrives": f"day {number:05}", "parcels": 2})
        self.window.fit()
        self._send()
        self.window.add_message(
            said("assistant", f"Order {number:05} left our house and arrives the day after next.")
        )
        self.window.between_turns()
        # A summary is asked for beside the call.
        await asyncio.sleep(1)

    def _send(self) -> None:
        assert_whole(self.window.messages)
        assert self.window.tokens <= LIMIT
        self.tokens_of_turn[-1] += self.window.tokens
        self.messages_of_turn[-1] += len(self.window.messages)


def dearest(of_turn: Sequence[int], minute: int) -> int:
    """What the dearest turn of a minute cost, the first minute being 1."""
    return max(of_turn[(minute - 1) * TURNS_A_MINUTE : minute * TURNS_A_MINUTE])


def assert_whole(messages: Sequence[Any]) -> None:
    """Every result has its call before it, and every call its result behind it."""
    called: set[str] = set()
    answered: set[str] = set()
    for message in messages:
        called |= {call["id"] for call in message.get("tool_calls", ())}
        if message["role"] == "tool":
            assert message["tool_call_id"] in called
            answered.add(message["tool_call_id"])
        later = async_tool_messages.parse_message(message)
        if later and message["role"] == "developer":
            assert later.tool_call_id in called
    # A result stands under its call, if only to say that it is still to come.
    assert called == answered


@pytest.mark.parametrize("model", ["answers", "hangs", "fails", "is none"])
def test_turn_of_the_sixtieth_minute_costs_no_more_than_one_of_the_fifth(model: str) -> None:
    @in_virtual_time
    async def story() -> None:
        writer = Model()
        if model == "hangs":
            writer.may_answer.clear()
        if model == "fails":
            writer.error = ConnectionError("503 from the provider")
        summarise = None if model == "is none" else writer.summarise
        costs = Costs(Window([SYSTEM], limit=LIMIT, summarise=summarise))
        for number in range(60 * TURNS_A_MINUTE):
            await costs.turn(number)
        # Filling up and being cut, the window goes through a whole cycle in every minute.
        for of_turn in (costs.tokens_of_turn, costs.messages_of_turn):
            fifth = dearest(of_turn, 5)
            assert max(dearest(of_turn, minute) for minute in range(6, 61)) <= fifth
        assert costs.window.messages[0] == SYSTEM
        assert costs.window.messages[-1]["content"].startswith("Order 00479")  # type: ignore[index]

    story()


@in_virtual_time
async def test_without_a_summary_the_oldest_turns_are_dropped_and_a_note_says_so() -> None:
    notes: list[str] = []
    window = Window(limit=LIMIT, note=lambda kind, **facts: notes.append(kind))
    costs = Costs(window)
    for number in range(60):
        await costs.turn(number)
    assert window.messages[0] == {"role": "developer", "content": DROPPED}
    assert window.messages[1]["role"] == "user"  # type: ignore[index]
    assert set(notes) == {"turns_dropped"}


@in_virtual_time
async def test_summary_comes_in_between_turns_and_stands_for_what_it_was_made_of() -> None:
    writer = Model("Order 00001 is blue.")
    window = Window([SYSTEM], limit=LIMIT, summarise=writer.summarise)
    costs = Costs(window)
    writer.may_answer.clear()
    number = 0
    while not writer.given:
        await costs.turn(number)
        number += 1
    writer.may_answer.set()
    window.add_message(said("user", "And the next one?"))
    before = list(window.messages)
    await asyncio.sleep(1)
    assert window.messages == before
    window.add_message(said("assistant", "That one as well."))
    window.between_turns()
    system, memory, *turns = window.messages
    assert system == SYSTEM
    assert "Order 00001 is blue." in memory["content"]  # type: ignore[index]
    assert DROPPED not in memory["content"]  # type: ignore[index]
    covered = len(before) - len(turns)
    assert writer.given == [transcript_of(before[1 : covered + 1])]
    assert turns[:-1] == before[covered + 1 :]


@in_virtual_time
async def test_facts_that_tools_returned_are_in_the_summary_whatever_the_model_makes_of_them() -> (
    None
):
    writer = Model("They talked.")
    window = Window(limit=LIMIT, summarise=writer.summarise)
    costs = Costs(window)
    for number in range(40):
        await costs.turn(number)
    shown = [fact for fact in facts_in(window.messages) if fact]
    memory = str(window.messages[0]["content"])  # type: ignore[index]
    newest_hidden = max(n for n in range(40) if f'"{n:05}"' not in "".join(shown))
    assert 'find_order({"number": "00001"}) returned' not in memory
    assert f'find_order({{"number": "{newest_hidden:05}"}}) returned' in memory
    assert f"day {newest_hidden:05}" in memory
    assert "day 00001" in writer.given[0]
    assert "EARLIER SUMMARY: They talked." in writer.given[1]


@in_virtual_time
async def test_summary_that_comes_after_the_turns_were_dropped_takes_the_place_of_the_note() -> (
    None
):
    writer = Model("All is well.")
    window = Window(limit=LIMIT, summarise=writer.summarise)
    costs = Costs(window)
    writer.may_answer.clear()
    number = 0
    # It is late, but not so late that nobody waits for it.
    while not writer.given or DROPPED not in str(window.messages[0]):
        await costs.turn(number)
        number += 1
    writer.may_answer.set()
    await asyncio.sleep(0)
    await costs.turn(number)
    memory = str(window.messages[0]["content"])  # type: ignore[index]
    assert "All is well." in memory
    assert_whole(window.messages)


@in_virtual_time
async def test_summary_that_hangs_is_given_up_and_asked_for_again_later() -> None:
    writer = Model("All is well.")
    notes: list[str] = []
    window = Window(
        limit=LIMIT,
        summarise=writer.summarise,
        note=lambda kind, **facts: notes.append(kind),
    )
    costs = Costs(window)
    writer.may_answer.clear()
    number = 0
    while "summary_failed" not in notes:
        await costs.turn(number)
        number += 1
    assert len(writer.given) == 1
    writer.may_answer.set()
    while "All is well." not in str(window.messages[0]):
        await costs.turn(number)
        number += 1
    assert len(writer.given) == 2
    assert SUMMARY_AT_MOST_S > 1


@in_virtual_time
async def test_call_that_ends_does_not_wait_for_a_summary() -> None:
    writer = Model()
    window = Window(limit=LIMIT, summarise=writer.summarise)
    costs = Costs(window)
    writer.may_answer.clear()
    number = 0
    while not writer.given:
        await costs.turn(number)
        number += 1
    window.over()
    await asyncio.sleep(0)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not others


@settings(deadline=None, derandomize=True, max_examples=30)
@given(seed=st.integers(0, 2**32), limit=st.integers(500, 1500))
def test_no_tool_is_ever_parted_from_its_result(seed: int, limit: int) -> None:
    rng = random.Random(seed)
    window = Window([SYSTEM], limit=limit)
    later: list[str] = []
    steps: list[Callable[[int], Messages]] = [
        lambda n: [said("user", "word " * rng.randint(1, 40))],
        lambda n: [said("assistant", "word " * rng.randint(1, 60))],
        lambda n: [asked(f"c{n}", n=n), returned(f"c{n}", '{"a": 1}' * rng.randint(1, 9))],
        lambda n: [
            asked(f"c{n}", n=n),
            asked(f"d{n}", n=n),
            returned(f"d{n}", "1"),
            returned(f"c{n}", "2"),
        ],
        lambda n: begins_later(f"c{n}", later),
        lambda n: [ends_later(later.pop(0))] if later else [],
    ]
    for number in range(80):
        before = window.messages[-1]
        for message in rng.choice(steps)(number):
            window.add_message(message)
            assert window.messages[-1] is message
        window.between_turns()
        assert before is SYSTEM or before in window.messages
        assert_whole(window.messages)
        assert window.messages[0] is SYSTEM


def begins_later(call_id: str, later: list[str]) -> Messages:
    later.append(call_id)
    return [asked(call_id), async_tool_messages.build_started_message(call_id)]


def ends_later(call_id: str) -> Any:
    return async_tool_messages.build_final_result_message(call_id, '{"done": true}')


@in_virtual_time
async def test_understudy_is_asked_for_no_summary_and_answers_what_the_window_shows() -> None:
    understudy = UnderstudyLLMService(instructions="You are the line of Maple Home Store.")
    assert summariser(understudy) is None
    window = Window(limit=500)
    for _ in range(40):
        window.add_message(said("user", "Hello there, are you still there?"))
        window.add_message(said("assistant", "Yes, I am here."))
    window.add_message(said("user", "Are you a robot?"))
    assert DROPPED in str(window.messages[0])
    answer = await understudy.run_inference(window)
    assert answer is not None
    assert "stand" in answer or "automated" in answer


def test_image_of_a_call_counts_as_pipecat_counts_it() -> None:
    assert tokens_in([said("user", "four" * 10)]) == 20
