"""What the caller is answered when a language model hangs, fails or lies."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipecat.frames.frames import (
    FunctionCallResultFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from services.failover.health import Health
from services.failover.incident import Failure, Incident
from services.failover.llm.answer import GO_ON
from services.failover.llm.backed import APOLOGY, BackedLLM
from tests.processors.probed_pipeline import Rig, probed_pipeline
from tests.services.failover.scripted_llm import Reply, ScriptedLLM, texts
from tests.virtual_time import in_virtual_time

DEADLINE_S = 1.0
WHOLE = "Your order left on Monday. It will arrive on Thursday."

GOOD = Reply(WHOLE)
HANGS = Reply(hangs=True)


class Call:
    """One call, in which a first and a second model are asked."""

    def __init__(self, rig: Rig, llm: BackedLLM, incidents: list[Incident]) -> None:
        self.rig = rig
        self.llm = llm
        self.incidents = incidents
        self.context = LLMContext([{"role": "user", "content": "where is it"}], [find_order])
        self.ran: list[str] = RAN

    async def asks(self, wait_s: float = 8.0) -> float:
        """Asks and waits; returns when the first words came, in seconds after asking."""
        at = asyncio.get_running_loop().time()
        before = len(self.rig.tail.got)
        await self.rig.down(LLMContextFrame(context=self.context))
        await asyncio.sleep(wait_s)
        tail = self.rig.tail
        return next(
            (
                when - at
                for when, frame in list(zip(tail.at_s, tail.got, strict=True))[before:]
                if isinstance(frame, LLMTextFrame | TTSSpeakFrame)
            ),
            float("inf"),
        )

    @property
    def answer(self) -> str:
        return texts(self.rig.tail.got)

    @property
    def failures(self) -> list[tuple[str, Failure]]:
        return [(incident.provider, incident.how) for incident in self.incidents]


RAN: list[str] = []


async def find_order(params: FunctionCallParams, order_number: str) -> None:
    """Look up an order.

    Args:
        order_number: Digits only.
    """
    RAN.append(order_number)
    await asyncio.sleep(2)
    await params.result_callback({"state": "sent"})


def healthy(deadline_ms: float = 1000 * DEADLINE_S) -> list[Health]:
    """Two providers of which nothing bad is known."""
    clock = asyncio.get_running_loop().time
    return [Health(deadline_ms, clock=clock), Health(deadline_ms, clock=clock)]


@asynccontextmanager
async def call_with(
    *models: ScriptedLLM,
    healths: Sequence[Health] = (),
    deadline_ms: float = 1000 * DEADLINE_S,
    **options: Any,
) -> AsyncIterator[Call]:
    RAN.clear()
    incidents: list[Incident] = []
    healths = healths or healthy(deadline_ms)
    names = ["first", "second"]
    llm = BackedLLM(
        [
            (name, model, health)
            for name, model, health in zip(names, models, healths, strict=False)
        ],
        report=incidents.append,
        **options,
    )
    async with probed_pipeline(llm) as rig:
        yield Call(rig, llm, incidents)


@in_virtual_time
async def test_model_that_answers_is_alone_with_the_caller() -> None:
    first, second = ScriptedLLM(GOOD), ScriptedLLM(GOOD)
    async with call_with(first, second) as call:
        await call.asks()
        assert (call.answer, call.failures, second.asked) == (WHOLE, [], [])
        kinds = [type(frame) for frame in call.rig.tail.got]
        assert kinds.count(LLMFullResponseStartFrame) == kinds.count(LLMFullResponseEndFrame) == 1


@in_virtual_time
async def test_words_that_were_taken_back_are_not_answered_with_the_answer_before() -> None:
    async with call_with(ScriptedLLM(GOOD)) as call:
        call.context.add_message({"role": "assistant", "content": WHOLE})
        assert await call.asks() == float("inf")
        assert call.answer == ""


@in_virtual_time
async def test_model_that_says_nothing_is_answered_for_by_the_next() -> None:
    first, second = ScriptedLLM(HANGS), ScriptedLLM(GOOD)
    async with call_with(first, second) as call:
        first_words_s = await call.asks()
        assert call.answer == WHOLE
        assert first_words_s == pytest.approx(DEADLINE_S + 0.25, abs=0.05)
        assert call.failures == [("first", Failure.SILENT)]
        assert call.incidents[0].went_to == "second"
        assert call.incidents[0].cost_ms == pytest.approx(1000 * DEADLINE_S, abs=10)
        assert first.stopped == 1


@in_virtual_time
async def test_slow_model_that_still_comes_first_speaks_and_the_other_is_stopped() -> None:
    first = ScriptedLLM(Reply("From the first.", after_s=1.1))
    second = ScriptedLLM(Reply("From the second.", after_s=0.5))
    async with call_with(first, second) as call:
        await call.asks()
        assert call.answer == "From the first."
        assert second.stopped == 1
        assert not first.stopped


@pytest.mark.parametrize(
    ("reply", "how"),
    [
        (Reply(error="401"), Failure.REFUSED),
        (Reply("   "), Failure.EMPTY),
        (Reply(), Failure.EMPTY),
        (Reply(tool="no_such_tool", arguments={"order_number": "1"}), Failure.NONSENSE),
        (Reply(tool="find_order", arguments={"number": "1"}), Failure.NONSENSE),
    ],
)
@in_virtual_time
async def test_model_that_fails_at_once_costs_no_waiting(reply: Reply, how: Failure) -> None:
    async with call_with(ScriptedLLM(reply), ScriptedLLM(GOOD)) as call:
        first_words_s = await call.asks()
        assert (call.answer, call.failures, call.ran) == (WHOLE, [("first", how)], [])
        assert first_words_s < DEADLINE_S


@in_virtual_time
async def test_model_that_never_connects_holds_nobody_up() -> None:
    async with call_with(ScriptedLLM(GOOD, hangs_at_setup=True), ScriptedLLM(GOOD)) as call:
        assert await call.asks() == pytest.approx(DEADLINE_S + 0.25, abs=0.05)
        assert call.answer == WHOLE


@in_virtual_time
async def test_answer_that_stalls_is_finished_by_the_next() -> None:
    first = ScriptedLLM(Reply("Your order left on Mon", hangs=True))
    second = ScriptedLLM(Reply("Monday. It will arrive on Thursday."))
    async with call_with(first, second) as call:
        await call.asks()
        assert call.answer == WHOLE
        assert call.failures == [("first", Failure.STALLED)]
        asked = second.asked[0].get_messages()
        assert asked[-2:] == [
            {"role": "assistant", "content": "Your order left on"},
            {"role": "developer", "content": GO_ON},
        ]
        assert len(call.context.get_messages()) == 1


def cut_at(count: int) -> Reply:
    return Reply(WHOLE[:count], error="connection closed")


@given(cut=st.integers(0, len(WHOLE) - 1))
def test_wherever_an_answer_is_cut_one_that_begins_again_is_heard_once(cut: int) -> None:
    @in_virtual_time
    async def run() -> None:
        async with call_with(ScriptedLLM(cut_at(cut)), ScriptedLLM(GOOD)) as call:
            await call.asks(3)
            assert call.answer.split() == WHOLE.split()

    run()


@in_virtual_time
async def test_tool_is_run_once_whoever_asks_for_it_and_in_the_callers_own_context() -> None:
    wants = Reply(tool="find_order", arguments={"order_number": "47291"})
    async with call_with(
        ScriptedLLM(Reply("Let me see.", error="closed")), ScriptedLLM(wants)
    ) as call:
        await call.asks()
        assert call.ran == ["47291"]
        assert [f.result for f in call.rig.reached_the_end(FunctionCallResultFrame)] == [
            {"state": "sent"}
        ]


@in_virtual_time
async def test_tool_asked_for_by_both_of_two_hedged_models_runs_once() -> None:
    wants = Reply(tool="find_order", arguments={"order_number": "47291"}, after_s=1.2)
    soon = Reply(tool="find_order", arguments={"order_number": "47291"}, after_s=0.2)
    async with call_with(ScriptedLLM(wants), ScriptedLLM(soon)) as call:
        await call.asks()
        assert call.ran == ["47291"]


@in_virtual_time
async def test_tool_outlives_a_barge_in_and_its_result_is_kept() -> None:
    wants = Reply(tool="find_order", arguments={"order_number": "47291"})
    async with call_with(ScriptedLLM(wants, GOOD)) as call:
        await call.asks(1)
        await call.rig.down(InterruptionFrame())
        await asyncio.sleep(3)
        assert [f.result for f in call.rig.reached_the_end(FunctionCallResultFrame)] == [
            {"state": "sent"}
        ]


@in_virtual_time
async def test_barge_in_stops_whoever_was_asked() -> None:
    first, second = ScriptedLLM(HANGS, GOOD), ScriptedLLM(HANGS, GOOD)
    async with call_with(first, second) as call:
        await call.asks(DEADLINE_S + 0.2)
        await call.rig.down(InterruptionFrame())
        await asyncio.sleep(0.1)
        assert (first.stopped, second.stopped) == (1, 1)
        await call.asks()
        assert call.answer == WHOLE


@in_virtual_time
async def test_single_model_is_asked_a_second_time() -> None:
    only = ScriptedLLM(HANGS, GOOD)
    async with call_with(only) as call:
        await call.asks()
        assert call.answer == WHOLE
        assert len(only.asked) == 2


@in_virtual_time
async def test_when_nobody_answers_the_caller_is_told_so_and_the_context_is_not() -> None:
    async with call_with(ScriptedLLM(HANGS), ScriptedLLM(Reply(error="500"))) as call:
        await call.asks(15)
        [apology] = call.rig.reached_the_end(TTSSpeakFrame)
        assert (apology.text, apology.append_to_context) == (APOLOGY, False)
        assert call.answer == ""


@in_virtual_time
async def test_second_caller_does_not_pay_for_the_outage_again() -> None:
    healths = healthy()
    async with call_with(ScriptedLLM(HANGS), ScriptedLLM(GOOD), healths=healths) as call:
        await call.asks(3)
    first = ScriptedLLM(HANGS)
    async with call_with(first, ScriptedLLM(GOOD), healths=healths) as call:
        assert await call.asks(3) == pytest.approx(0.25, abs=0.05)
        assert not first.asked


@in_virtual_time
async def test_model_that_works_again_is_found_out_beside_a_call_and_comes_back() -> None:
    first, second = ScriptedLLM(HANGS, Reply("A probe."), GOOD), ScriptedLLM(GOOD)
    async with call_with(first, second) as call:
        await call.asks(8)
        assert await call.asks(8) == pytest.approx(0.25, abs=0.05)
        assert "probe" not in call.answer
        assert (len(first.asked), len(second.asked)) == (2, 2)
        await call.asks(8)
        assert (len(first.asked), len(second.asked)) == (3, 2)


@in_virtual_time
async def test_stand_in_is_not_asked_before_the_model_is_really_late() -> None:
    stand_in = ScriptedLLM(GOOD)
    stand_in.stand_in = True
    late = ScriptedLLM(Reply("From the model.", after_s=1.8))
    async with call_with(late, stand_in, deadline_ms=2000) as call:
        await call.asks()
        assert (call.answer, stand_in.asked) == ("From the model.", [])


@in_virtual_time
async def test_other_model_is_asked_beside_a_late_one_long_before_it_must_have_failed() -> None:
    async with call_with(ScriptedLLM(HANGS), ScriptedLLM(GOOD), deadline_ms=5000) as call:
        assert await call.asks() == pytest.approx(1.2 + 0.25, abs=0.05)


@in_virtual_time
async def test_model_that_still_stalls_is_not_trusted_for_its_first_words() -> None:
    first = ScriptedLLM(Reply("Your order", hangs=True))
    async with call_with(first, ScriptedLLM(GOOD)) as call:
        await call.asks(8)
        await call.asks(8)
        before = len(call.incidents)
        assert await call.asks(8) == pytest.approx(0.25, abs=0.05)
        assert len(call.incidents) == before == 1


@in_virtual_time
async def test_deadline_follows_what_was_measured() -> None:
    health = Health(2000)
    for _ in range(30):
        health.answered(300)
    assert health.deadline_ms == 600
    fixed = Health(2000, fixed=True)
    for _ in range(30):
        fixed.answered(300)
    assert fixed.deadline_ms == 2000
