"""What the understudy hears a tool's arguments from, and what it need not ask."""

from services.embedded.policy import CallTool
from tests.services.policy_call import shop


def test_order_number_in_the_first_sentence_is_not_asked_for_again():
    call = shop()
    answer = call.caller("i want a refund for order four seven two nine one")
    assert answer == "What was wrong with it?"
    assert call.caller("because it arrived broken") == (
        "A refund for order four seven two nine one, because it arrived broken. Is that right?"
    )
    call.caller("yes")
    assert call.calls == [
        CallTool(
            "refund",
            {"order_number": "47291", "reason": "it arrived broken", "confirmed": True},
        )
    ]


def test_order_number_from_an_earlier_result_is_carried_over():
    call = shop(find_order={"say": "It is on its way.", "order_number": "47291"})
    call.caller("where is my order", "number four seven two nine one")
    assert call.caller("then i want my money back") == "What was wrong with it?"


def test_second_order_of_the_caller_is_asked_for():
    call = shop(find_order={"say": "It is on its way.", "order_number": "47291"})
    call.caller("where is my order four seven two nine one")
    assert call.caller("and where is my other order") == "What is your order number?"


def test_address_is_taken_without_its_lead_in():
    call = shop()
    call.caller("i want to change my address")
    call.caller("four seven two nine one")
    read_back = call.caller("my new address is twelve main street springfield please")
    assert "twelve main street springfield" in read_back
    assert "please" not in read_back
    call.caller("yes")
    assert call.calls[0].arguments["new_address"] == "twelve main street springfield"


def test_digits_from_the_keypad_fill_the_order_number():
    call = shop()
    call.caller("where is my order")
    call.caller("DTMF: 47291#")
    assert call.calls == [CallTool("find_order", {"order_number": "47291"})]


def test_number_said_in_two_breaths_is_one_number():
    call = shop()
    call.caller("where is my order")
    call.caller("four seven", "two nine one")
    assert call.calls == [CallTool("find_order", {"order_number": "47291"})]


def test_result_that_asks_for_another_number_gets_it():
    call = shop(find_order={"say": "I can't find that order. What is the number?"})
    call.caller("where is my order four seven two nine one")
    call.caller("four seven two nine two")
    assert [c.arguments["order_number"] for c in call.calls] == ["47291", "47292"]
