"""A caller who goes on before anything of the answer was heard goes on with the same turn."""

from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregator

from calls.turn_taking.ahead import Outcome
from calls.turn_taking.pauses import Pauses
from calls.turn_taking.reopening import Reopening
from calls.turns import last_words_of_bot
from tests.calls.turns_call import BOOKED, turns_call
from tests.services.failover.scripted_llm import Reply
from tests.virtual_time import in_virtual_time

SLOW = Reply("In May.", after_s=2.0)
ANSWER = Reply("It left today.")


@in_virtual_time
async def test_two_parts_become_one_message_and_the_model_is_asked_again() -> None:
    async with turns_call(SLOW, ANSWER) as call:
        await call.says("where is my order")
        await call.is_silent(0.4)
        assert call.turns_ended == 1
        await call.says("the blue one")
        await call.is_silent(1.0)
        assert call.written == ["where is my order the blue one"]
        assert call.asked == ["where is my order", "where is my order the blue one"]
        assert call.answer == "It left today.", "nothing was heard of the first answer"


@in_virtual_time
async def test_once_the_bot_was_heard_the_caller_says_something_new() -> None:
    async with turns_call(ANSWER) as call:
        await call.says("where is my order")
        await call.is_silent(0.4)
        await call.bot_is_heard()
        await call.says("the blue one")
        await call.is_silent(1.0)
        assert call.written == ["where is my order", "the blue one"]


@in_virtual_time
async def test_new_line_right_after_a_short_answer_is_a_new_turn() -> None:
    async with turns_call(ANSWER) as call:
        await call.says("where is my order")
        await call.bot_said("It left today.")
        await call.says("and the blue one")
        assert call.written == ["where is my order", "and the blue one"]
        assert call.answer == "It left today." * 2


@in_virtual_time
async def test_line_into_an_answer_that_followed_other_words_of_the_bot_is_a_new_turn() -> None:
    async with turns_call(ANSWER) as call:
        await call.speaks(0.4)
        await call.bot_is_heard()
        await call.says("where is my order")
        await call.is_silent(0.4)
        await call.says("and the blue one")
        assert call.written == ["where is my order", "and the blue one"]
        assert call.answer == "It left today." * 2


@in_virtual_time
async def test_caller_who_goes_on_before_the_answer_sounded_is_one_turn_with_one_answer() -> None:
    async with turns_call(Reply("In May.", after_s=1.0), ANSWER, assistant=True) as call:
        await call.says("where is my order")
        await call.is_silent(0.2)
        await call.says("the blue one")
        await call.is_silent(1.0)
        assert call.conversation == [
            ("user", "where is my order the blue one"),
            ("assistant", "It left today."),
        ]
        assert call.model.stopped == 1, "nobody wants the first answer any more"


@in_virtual_time
async def test_caller_who_goes_on_just_after_the_answers_first_audio_says_something_new() -> None:
    async with turns_call(ANSWER) as call:
        await call.says("where is my order")
        await call.speaks(0.18)
        await call.bot_is_heard()
        await call.says("the blue one")
        assert call.written == ["where is my order", "the blue one"]
        assert call.asked == ["where is my order", "the blue one"]


@in_virtual_time
async def test_caller_who_goes_on_just_before_the_answers_first_audio_goes_on_with_the_turn() -> (
    None
):
    async with turns_call(ANSWER) as call:
        await call.says("where is my order")
        await call.speaks(0.2)
        await call.bot_is_heard()
        await call.says("the blue one")
        assert call.written == ["where is my order the blue one"]
        assert call.asked[-1] == "where is my order the blue one"
        assert call.answer.count("It left today.") == 2, "the first was dropped by the interruption"


@in_virtual_time
async def test_turn_that_was_over_long_ago_is_not_gone_on_with_and_both_are_answered() -> None:
    async with turns_call(Reply("In May.", after_s=9.0), ANSWER, assistant=True) as call:
        await call.says("where is my order")
        await call.is_silent(2.3)
        await call.says("the blue one")
        await call.is_silent(1.0)
        assert call.conversation == [
            ("user", "where is my order"),
            ("user", "the blue one"),
            ("assistant", "It left today."),
        ]


@in_virtual_time
async def test_turn_that_goes_on_does_not_end_on_a_guess_at_its_new_words() -> None:
    async with turns_call(SLOW, ANSWER, stt_p99_s=0.35) as call:
        await call.says("where is my order")
        await call.is_silent(0.4)
        await call.says("the blue one", final_after_s=0.9)
        await call.is_silent(0.5)
        assert call.turns_ended == 2
        assert call.written == ["where is my order the blue one"]
        assert call.asked == ["where is my order", "where is my order the blue one"]


@in_virtual_time
async def test_guess_that_never_becomes_final_is_neither_written_down_nor_answered() -> None:
    async with turns_call(SLOW, ANSWER, assistant=True) as call:
        await call.says("where is my order")
        await call.is_silent(0.4)
        await call.speaks(0.7)
        await call.seems("the glue")
        await call.speaks(0.3)
        await call.is_silent(2.0)
        assert call.conversation == [("user", "where is my order"), ("assistant", "It left today.")]


@in_virtual_time
async def test_message_that_a_cough_left_without_answer_is_answered_after_it() -> None:
    async with turns_call(SLOW, ANSWER) as call:
        await call.says("where is my order")
        await call.is_silent(0.4)
        await call.speaks(0.3)
        await call.is_silent(2.0)
        assert call.turns_ended == 2
        assert call.written == ["where is my order"]
        assert call.answer == "It left today."


@pytest.mark.parametrize("coughs", [1, 2, 3])
@in_virtual_time
async def test_answer_with_a_tools_result_that_a_cough_cut_off_comes_after_it(coughs: int) -> None:
    tool = Reply(tool="book", arguments={"day": "Monday"})
    async with turns_call(tool, Reply("Monday it is.", after_s=0.8), assistant=True) as call:
        await call.says("book me a table")
        await call.is_silent(0.5)
        for _ in range(coughs):
            await call.speaks(0.3)
            await call.is_silent(1.6)
        await call.is_silent(1.0)
        assert BOOKED == ["Monday"]
        messages: list[Any] = call.user.context.messages
        assert [m["role"] for m in messages] == ["user", "assistant", "tool", "assistant"]
        assert messages[-1]["content"] == "Monday it is."


@in_virtual_time
async def test_late_guess_at_words_that_were_final_costs_a_moment_and_no_more() -> None:
    async with turns_call(SLOW, ANSWER) as call:
        await call.says("where is my order")
        await call.is_silent(0.2)
        await call.seems("my order")
        await call.is_silent(1.5)
        assert call.written == ["where is my order"]
        assert call.answer == "It left today."


@in_virtual_time
async def test_gap_between_the_parts_teaches_how_long_this_caller_thinks() -> None:
    pauses = Pauses()
    async with turns_call(SLOW, ANSWER, pauses=pauses) as call:
        await call.says("where is my order", final_after_s=0.35)
        await call.is_silent(0.85)
        await call.speaks(0.5)
        assert pauses.thinking_s == pytest.approx(1.25 * 1.3 + 0.15, abs=0.05)


@in_virtual_time
async def test_what_is_carried_over_is_not_asked_ahead_by_itself() -> None:
    async with turns_call(SLOW, ANSWER) as call:
        await call.says("where is my order")
        await call.is_silent(0.4)
        await call.speaks(0.4)
        await call.is_silent(0.16)
        await call.speaks(0.4)
        assert call.asked == ["where is my order"]
        await call.seems("the blue one")
        await call.is_silent(0.4)
        assert call.asked[1:] == ["where is my order the blue one"]
        await call.is_understood("the blue one")
        assert call.outcomes[0] is Outcome.KEPT


@in_virtual_time
async def test_call_in_which_a_tool_already_works_is_not_taken_back() -> None:
    async with turns_call(SLOW, ANSWER) as call:
        await call.says("where is my order")
        await call.is_silent(0.4)
        call.user.context.add_message({"role": "assistant", "content": "", "tool_calls": []})
        await call.says("the blue one")
        await call.is_silent(1.0)
        assert call.written == ["where is my order", "the blue one"]


def test_question_is_what_the_bot_said_since_the_caller_spoke() -> None:
    messages: list[Any] = [
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "One moment."},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "{}"},
        {"role": "assistant", "content": "Shall I?"},
    ]
    assert last_words_of_bot(LLMContext(messages)) == "One moment. Shall I?"


async def test_record_gets_each_part_once_however_late_it_is_told() -> None:
    context = LLMContext([{"role": "user", "content": "where is my order"}])
    reopening = Reopening(context)
    reopening.of(LLMUserAggregator(context))
    assert reopening.turn_began(0.0) == ""
    reopening.turn_ended(1.0)
    assert reopening.turn_began(1.5) == "where is my order"
    assert reopening.new_in("where is my order") == "where is my order"
    assert reopening.new_in("where is my order the blue one") == "the blue one"
