"""What the understudy makes of a tool's result, of none, and of one that comes late."""

import json
from typing import Any

import pytest
from pipecat.processors.aggregators import async_tool_messages
from pipecat.services.llm_service import LLMService

from services.embedded.policy import CallTool
from tests.services.policy_call import shop


def test_answer_that_asks_something_is_not_followed_by_a_second_question():
    call = shop(find_order={"say": "It is late. Would you like a refund?"})
    answer = call.caller("where is my order four seven two nine one")
    assert answer == "It is late. Would you like a refund?"
    assert "wrong" in call.caller("yes please") or "order number" in call.messages[-1]["content"]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("It is in the van.", "It is in the van."),
        ({"status": "shipped", "day": "2026-11-23"}, "Monday, the twenty third of November"),
        ({"error": "the depot is closed"}, "the depot is closed"),
        (["a lamp", "a chair"], "a lamp and a chair"),
        (None, "That is done."),
    ],
)
def test_result_without_a_sentence_is_put_in_plain_words(result: Any, words: str):
    call = shop(find_order=result)
    assert words in call.caller("where is my order four seven two nine one")


def test_tool_that_failed_is_admitted_and_tried_again_on_request():
    failed = LLMService.FUNCTION_CALL_ERROR_MESSAGE_TEMPLATE.format(function_name="find_order")
    call = shop(find_order=failed)
    answer = call.caller("where is my order four seven two nine one")
    assert "did not work" in answer
    assert "find_order" not in answer
    call.answers["find_order"] = {"say": "It is on its way."}
    assert call.caller("yes").startswith("It is on its way.")
    assert len(call.calls) == 2


def test_tool_cut_off_by_the_caller_is_called_again_when_nothing_else_was_wanted():
    call = shop(find_order={"say": "It is on its way."})
    call.messages.append({"role": "user", "content": "where is my order four seven two nine one"})
    call.tool(CallTool("find_order", {"order_number": "47291"}), "CANCELLED")
    assert call.caller("okay").startswith("It is on its way.")


def test_tool_that_took_too_long_is_owned_up_to():
    call = shop()
    call.messages.append({"role": "user", "content": "where is my order four seven two nine one"})
    call.tool(CallTool("find_order", {"order_number": "47291"}), "CANCELLED")
    assert "too long" in call.bot()


def test_result_that_the_caller_spoke_over_is_still_told():
    call = shop()
    call.messages.append({"role": "user", "content": "where is my order four seven two nine one"})
    call.tool(CallTool("find_order", {"order_number": "47291"}), {"say": "It is in the van."})
    answer = call.caller("i also want a refund")
    assert answer == "It is in the van. What was wrong with it?"


def test_result_that_arrives_later_as_a_developer_message_is_told():
    call = shop()
    call.messages.append({"role": "user", "content": "where is my order four seven two nine one"})
    call.tool(CallTool("find_order", {"order_number": "47291"}), "IN_PROGRESS")
    call.messages[-1] = async_tool_messages.build_started_message("call-1")
    call.messages.append(
        async_tool_messages.build_final_result_message("call-1", json.dumps({"say": "In the van."}))
    )
    assert call.bot().startswith("In the van.")
