"""The model is asked before the caller's turn is over, and the caller never notices."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    FunctionCallInProgressFrame,
    LLMTextFrame,
    UserStoppedSpeakingFrame,
)

from calls.turn_taking.ahead import Ahead, Outcome
from calls.turn_taking.budget import Budget
from calls.turn_taking.words import mean_the_same
from processors.stage_latency import StageLatency
from processors.stages.report import Stages
from tests.calls.turns_call import (
    ANSWER,
    BOOKED,
    QUESTION,
    TOLD,
    ScriptedAnalyzer,
    asks,
    turns_call,
)
from tests.services.failover.scripted_llm import Reply
from tests.virtual_time import in_virtual_time


@in_virtual_time
async def test_answer_is_there_when_the_turn_ends() -> None:
    async with turns_call(ANSWER) as call:
        await call.says(QUESTION, final_after_s=0.4)
        assert call.after_speech_s(UserStoppedSpeakingFrame) == 0.4
        assert call.after_speech_s(LLMTextFrame) == 0.4
        assert call.answer == "It left today."


@in_virtual_time
async def test_without_asking_ahead_the_model_begins_at_the_turns_end() -> None:
    async with turns_call(ANSWER, ahead=False) as call:
        await call.says(QUESTION, final_after_s=0.4)
        await call.is_silent(1.0)
        assert call.after_speech_s(UserStoppedSpeakingFrame) == 0.4
        assert call.after_speech_s(LLMTextFrame) == 0.65


@in_virtual_time
async def test_first_words_of_a_line_are_not_asked_for_before_the_detector_hears_a_voice() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(0.1)
        await call.seems("where")
        await call.speaks(0.4)
        assert call.asked == []


@in_virtual_time
async def test_nothing_of_the_answer_passes_before_the_turn_ends() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(1.0)
        await call.seems(QUESTION)
        await call.is_silent(0.6)
        assert call.asked == [QUESTION]
        assert call.order(*TOLD) == ["UserStartedSpeakingFrame"]
        await call.is_understood(QUESTION)
        await call.is_silent(0.1)
        assert call.order(*TOLD) == [
            "UserStartedSpeakingFrame",
            "UserStoppedSpeakingFrame",
            "LLMFullResponseStartFrame",
            *["LLMTextFrame"] * 3,
        ]


@in_virtual_time
async def test_model_is_asked_once_when_the_final_words_mean_the_same() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(1.0)
        await call.seems("um where's my order")
        await call.is_silent(0.4)
        await call.is_understood("Where's my order?")
        await call.is_silent(1.0)
        assert call.asked == ["um where's my order"]
        assert call.written == ["Where's my order?"]
        assert call.outcomes == [Outcome.KEPT]


@in_virtual_time
async def test_other_final_words_are_answered_and_the_first_answer_is_dropped() -> None:
    async with turns_call(Reply("In May.", after_s=0.1), ANSWER) as call:
        await call.speaks(1.0)
        await call.seems("when is monday")
        await call.is_silent(0.4)
        await call.is_understood(QUESTION)
        await call.is_silent(1.0)
        assert call.asked == ["when is monday", QUESTION]
        assert call.answer == "It left today."
        assert call.outcomes == [Outcome.OTHER_WORDS]
        assert call.written == [QUESTION]


@in_virtual_time
async def test_caller_who_goes_on_hears_nothing_of_the_first_answer() -> None:
    replies = Reply("In May.", after_s=0.1), ANSWER
    async with turns_call(*replies, analyzer=ScriptedAnalyzer(0.4)) as call:
        await call.speaks(1.0)
        await call.seems("where is")
        await call.is_silent(0.8)
        await call.speaks(0.5)
        await call.seems(QUESTION)
        await call.speaks(0.3)
        call.analyzer.probability = 0.9
        await call.is_silent(0.4)
        await call.is_understood(QUESTION)
        await call.is_silent(0.3)
        assert call.asked == ["where is", QUESTION]
        assert call.answer == "It left today."
        assert call.outcomes == [Outcome.WENT_ON, Outcome.KEPT]
        assert call.turns_ended == 1


@in_virtual_time
async def test_model_is_not_asked_while_the_caller_seems_to_be_in_mid_sentence() -> None:
    async with turns_call(ANSWER, analyzer=ScriptedAnalyzer(0.1, thinks_s=0.0)) as call:
        await call.speaks(1.0)
        await call.is_silent(0.4)
        await call.is_understood("I would like")
        await call.is_silent(0.44)
        assert call.asked == []
        await call.is_silent(0.2)
        assert call.asked == ["I would like"], "shortly before the silence ends the turn"
        assert call.turns_ended == 0
        await call.is_silent(0.3)
        assert call.turns_ended == 1
        assert call.answer == "It left today."


@in_virtual_time
async def test_model_is_asked_as_soon_as_stable_words_are_followed_by_quiet() -> None:
    async with turns_call(ANSWER) as call:
        await asks(call)
        await call.is_silent(0.14)
        assert call.asked == [QUESTION], "the detector has not even said that the caller stopped"


@in_virtual_time
async def test_tool_runs_once_and_not_before_the_turn_is_over() -> None:
    reply = Reply(tool="book", arguments={"day": "Monday"}, after_s=0.05)
    async with turns_call(reply) as call:
        await call.speaks(1.0)
        await call.seems("book monday")
        await call.is_silent(0.6)
        assert len(call.asked) == 1
        assert BOOKED == []
        await call.is_understood("Book Monday.")
        await call.is_silent(0.1)
        assert BOOKED == ["Monday"]
        assert len(call.asked) == 1, "the call that was waiting is run, the model not asked again"
        assert call.order(UserStoppedSpeakingFrame, FunctionCallInProgressFrame) == [
            "UserStoppedSpeakingFrame",
            "FunctionCallInProgressFrame",
        ]


@in_virtual_time
async def test_tool_of_an_answer_that_is_withdrawn_never_runs() -> None:
    replies = Reply(tool="book", arguments={"day": "Monday"}, after_s=0.05), ANSWER
    async with turns_call(*replies) as call:
        await call.speaks(1.0)
        await call.seems("book monday")
        await call.is_silent(0.6)
        await call.is_understood("do not book monday")
        await call.is_silent(1.0)
        assert BOOKED == []
        assert call.answer == "It left today."


@in_virtual_time
async def test_withdrawal_that_overtakes_its_question_leaves_nothing_to_wait_for() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(1.0)
        await call.is_silent(0.3)
        await call.seems("where")
        await call.is_understood(QUESTION)
        await call.is_silent(0.5)
        assert call.outcomes == [Outcome.OTHER_WORDS]
        assert call.asked == [QUESTION]
        assert call.answer == "It left today."


@in_virtual_time
async def test_answer_to_words_that_never_become_final_is_withdrawn() -> None:
    async with turns_call(ANSWER, Reply("Sorry?")) as call:
        await call.speaks(1.0)
        await call.seems(QUESTION)
        await call.is_silent(6.0)
        assert call.turns_ended == 1
        assert call.outcomes == [Outcome.UNRESOLVED]
        assert call.rig.reached_the_end(EagerEndOfTurnCancelFrame)
        assert call.answer == "Sorry?", "Pipecat has the model ask for what was not understood"


@in_virtual_time
async def test_head_start_of_what_was_kept_is_counted() -> None:
    async with turns_call(ANSWER) as call:
        for _ in range(3):
            await call.says(QUESTION, final_after_s=0.4)
            await call.is_silent(1.0)
        leads_ms = [each.lead_ms for each in call.settled]
        assert all(270 <= lead_ms <= 350 for lead_ms in leads_ms), leads_ms
        assert call.settled[-1].kept == 3
        assert call.settled[-1].lead_kept_ms == pytest.approx(sum(leads_ms))


@in_virtual_time
async def test_stages_of_a_turn_stay_in_order_when_the_answer_was_there_before_its_end() -> None:
    kept: list[Stages] = []

    class Record:
        def turn(self, stages: Stages) -> None:
            kept.append(stages)

    latency = StageLatency(Record(), now=asyncio.get_running_loop().time)
    async with turns_call(ANSWER, then=[latency]) as call:
        await call.says(QUESTION, final_after_s=0.6)
        await call.speaks(0.5)
    assert kept[0].said == QUESTION
    assert kept[0].turn_end_ms == pytest.approx(600, abs=5)
    assert kept[0].first_token_ms == pytest.approx(600, abs=5)


@in_virtual_time
async def test_caller_who_is_never_done_costs_no_more_than_the_budget() -> None:
    async with turns_call(ANSWER, analyzer=ScriptedAnalyzer(0.4)) as call:
        for n in range(12):
            await call.speaks(0.5)
            await call.seems(" ".join(["more"] * (n + 1)))
            await call.is_silent(0.5)
        assert len(call.asked) == 2


@given(st.lists(st.sampled_from(["ask", "keep", "drop", "turn"]), max_size=80))
@settings(max_examples=200)
def test_waste_stays_within_its_bound_whatever_happens(events: list[str]) -> None:
    ahead = Ahead(budget=Budget(per_turn=0.5))
    wasted = turns = asked = 0
    for n, event in enumerate(events):
        if event == "ask" and not ahead.in_flight and ahead.may_ask(str(n)):
            ahead.asked(str(n), n)
            asked += 1
        elif event == "keep" and ahead.in_flight:
            ahead.settle(Outcome.KEPT, n)
        elif event == "drop" and ahead.in_flight:
            ahead.settle(Outcome.WENT_ON, n)
            wasted += 1
        elif event == "turn":
            ahead.turn_over()
            turns += 1
        assert wasted <= 2 + 0.5 * turns


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("where is my order", "Where is my order?"),
        ("um, where's my, uh, order", "Wheres my order."),
        ("e mail", "E-Mail"),
    ],
)
def test_case_punctuation_and_fillers_make_no_difference(one: str, other: str) -> None:
    assert mean_the_same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("book monday", "do not book monday"),
        ("four two", "four too"),
        ("yes", ""),
        ("hear my order", "here my order"),
    ],
)
def test_another_word_makes_a_difference(one: str, other: str) -> None:
    assert not mean_the_same(one, other)


def test_leads_are_reported_in_order() -> None:
    told: list[float] = []
    ahead = Ahead(lambda settled: told.append(settled.lead_ms))
    for n in range(3):
        ahead.asked(str(n), 1.0)
        ahead.settle(Outcome.KEPT, 1.1 + 0.1 * n)
    assert all(a < b for a, b in pairwise(told))
