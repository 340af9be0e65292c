"""What the understudy says beside its business: thanks, farewells, and to whom it sends."""

import pytest

from services.embedded.policy import CallTool
from tests.services.policy_call import Call, shop
from tests.services.policy_desks import SHOP, find_order


def test_caller_who_is_not_understood_hears_other_words_and_then_is_offered_a_person():
    call = shop()
    question = call.caller("where is my order")
    first = call.caller("purple elephants")
    second = call.caller("bananas and custard")
    third = call.caller("the windmill")
    assert len({question, first, second, third}) == 4
    assert "person" in third
    call.caller("yes please")
    assert call.calls[0].name == "hand_to_a_person"


def test_caller_who_declines_a_person_is_asked_again_and_understood():
    call = shop()
    for line in ("where is my order", "purple", "bananas", "windmill"):
        call.caller(line)
    assert "order number" in call.caller("no")
    call.caller("four seven two nine one")
    assert call.calls == [CallTool("find_order", {"order_number": "47291"})]


@pytest.mark.parametrize(
    "words",
    [
        "are you a robot",
        "am i talking to a real person",
        "is this an ai",
        "are you human",
        "who are you",
        "wait are you a computer or what",
    ],
)
def test_caller_who_asks_who_is_speaking_is_told_the_truth(words: str):
    call = shop()
    call.caller("where is my order")
    answer = call.caller(words)
    assert "stand-in" in answer
    assert "not a language model" in answer
    assert answer.endswith("What is your order number?")


@pytest.mark.parametrize(
    "words",
    [
        "can i speak to a real person",
        "i want to talk to someone",
        "operator",
        "get me an agent please",
        "DTMF: 0",
    ],
)
def test_caller_who_wants_a_person_gets_one(words: str):
    call = shop(hand_to_a_person={"say": "You are number three in the queue."})
    assert call.caller(words) == "You are number three in the queue."
    assert call.calls[0].name == "hand_to_a_person"
    assert call.calls[0].arguments["reason"]


@pytest.mark.parametrize(
    "words",
    ["goodbye", "no that's all thanks", "no thank you", "no", "that's it bye", "nothing else"],
)
def test_caller_who_is_done_is_bid_farewell(words: str):
    call = shop(say_goodbye={"say": "Goodbye!"})
    call.caller("where is my order four seven two nine one")
    assert call.caller(words) == "Goodbye!"
    assert call.calls[-1].name == "say_goodbye"
    assert "Goodbye" in call.calls[-1].arguments["farewell"]


def test_bot_without_a_goodbye_tool_says_goodbye():
    call = Call(SHOP, (find_order,))
    assert "Goodbye" in call.caller("bye")


def test_caller_who_missed_the_answer_hears_it_again():
    call = shop(find_order={"say": "It arrives on Monday."})
    answer = call.caller("where is my order four seven two nine one")
    assert call.caller("could you repeat that please") == answer
    assert call.caller("sorry say that again") == answer


def test_answers_do_not_all_end_in_the_same_words():
    call = shop(find_order={"say": "It arrives on Monday."})
    line = "where is my order four seven two nine one"
    assert len({call.caller(line) for _ in range(3)}) == 3


def test_no_thanks_to_an_offer_does_not_end_the_call():
    call = shop(find_order={"say": "It is late. Would you like a refund?"})
    call.caller("where is my order four seven two nine one")
    assert call.caller("no thanks").startswith("All right.")
    assert [c.name for c in call.calls] == ["find_order"]


def test_colleague_reads_why_the_caller_wants_a_person():
    call = shop()
    call.caller("i want to talk to someone about my broken lamp")
    assert "broken lamp" in call.calls[0].arguments["reason"]
