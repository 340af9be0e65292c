"""What the understudy takes the caller to want."""

import pytest

from services.embedded.policy import CallTool
from tests.services.policy_call import clinic, shop
from tests.services.policy_desks import CLINIC


def test_caller_who_changes_the_topic_midway_is_followed():
    call = clinic()
    call.caller("i'd like to book an appointment")
    assert "name" in call.caller("actually i want to cancel my appointment")
    call.caller("jane doe")
    call.caller("may first nineteen ninety")
    assert call.calls == [
        CallTool("cancel_appointment", {"name": "Jane Doe", "date_of_birth": "1990-05-01"})
    ]


def test_caller_with_a_question_midway_gets_the_answer_and_the_open_question():
    call = clinic()
    call.caller("i'd like to book an appointment")
    answer = call.caller("when are you open")
    assert answer == "We are open from eight to six. Which day would suit you?"
    assert call.caller("monday") == "At what time?"


def test_caller_in_an_emergency_hears_the_number_and_no_form():
    call = clinic()
    call.caller("i'd like to book an appointment")
    assert call.caller("i have a chest pain") == CLINIC[3].reply


@pytest.mark.parametrize(
    ("words", "tool"),
    [
        ("where's my order", "find_order"),
        ("hi um could you tell me please where my order is", "find_order"),
        ("what's the state us of my order", "find_order"),
        ("i want my monkey back", "refund"),
        ("i want to re fund", "refund"),
        ("i would like to get a refund please", "refund"),
        ("i need to change my a dress", "change_address"),
        ("i have moved to another address", "change_address"),
    ],
)
def test_topic_heard_badly_is_still_understood(words: str, tool: str):
    call = shop()
    for line in (words, "four seven two nine one", "the blue one on elm street", "yes"):
        call.caller(line)
    assert call.calls[0].name == tool


def test_number_alone_goes_to_the_tool_that_needs_nothing_else():
    call = shop()
    call.caller("my number is four seven two nine one")
    assert call.calls == [CallTool("find_order", {"order_number": "47291"})]


def test_yes_to_the_question_of_a_result_opens_what_it_offers():
    call = clinic(
        find_slot={
            "say": "Ten thirty is free. Shall I book it?",
            "day": "2026-11-23",
            "time": "10:30",
        }
    )
    call.caller("do you have anything free on monday")
    assert call.caller("yes please") == "May I have your name?"


def test_other_day_after_no_luck_is_looked_up():
    call = clinic(find_slot={"say": "Nothing is free then. Would another day do?"})
    call.caller("what is free on monday")
    call.caller("what about tuesday")
    assert [c.arguments["day"] for c in call.calls] == ["2026-11-23", "2026-11-24"]


@pytest.mark.parametrize(
    "words", ["what's the weather tomorrow", "tell me a joke", "what is the capital of france"]
)
def test_request_outside_its_job_is_refused_with_what_it_can_do(words: str):
    answer = shop().caller(words)
    assert "stand-in" in answer
    assert "look up an order" in answer


def test_half_heard_topic_is_checked_with_the_caller():
    call = shop()
    question = call.caller("something order is")
    assert question == "Sorry, did you mean: where is my order?"
    assert call.caller("yes") == "What is your order number?"


def test_yes_to_the_question_of_a_reply_opens_what_it_offers():
    call = clinic()
    call.caller("do you take new patients")
    assert call.caller("yes please") == "Which day would suit you?"
