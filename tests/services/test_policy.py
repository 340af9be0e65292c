"""What the understudy says and does in whole conversations."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.processors.aggregators import async_tool_messages
from pipecat.processors.aggregators.llm_context import LLMSpecificMessage
from pipecat.services.llm_service import FunctionCallParams, LLMService

from services.embedded.policy import CallTool, Policy, Say, decide
from services.embedded.topic import Topic

TODAY = date(2026, 11, 21)  # a Saturday


async def find_slot(params: FunctionCallParams, day: str) -> None:
    """Find free appointments on a day.

    Args:
        day: The day, as YYYY-MM-DD.
    """


async def book(
    params: FunctionCallParams,
    day: str,
    time: str,
    name: str,
    date_of_birth: str,
    confirmed: bool,
) -> None:
    """Book an appointment.

    Args:
        day: The day, as YYYY-MM-DD.
        time: When it starts, as HH:MM in 24 hours.
        name: The patient's full name.
        date_of_birth: The patient's date of birth as YYYY-MM-DD.
        confirmed: True only after the caller said yes to the read-back.
    """


async def move(
    params: FunctionCallParams, name: str, date_of_birth: str, day: str, time: str, confirmed: bool
) -> None:
    """Move an appointment.

    Args:
        name: The patient's full name.
        date_of_birth: The patient's date of birth as YYYY-MM-DD.
        day: The new day, as YYYY-MM-DD.
        time: The new time, as HH:MM.
        confirmed: True only after the caller said yes to the read-back.
    """


async def cancel_appointment(params: FunctionCallParams, name: str, date_of_birth: str) -> None:
    """Cancel an appointment.

    Args:
        name: The patient's full name.
        date_of_birth: The patient's date of birth as YYYY-MM-DD.
    """


async def find_order(params: FunctionCallParams, order_number: str) -> None:
    """Look up an order.

    Args:
        order_number: Four to eight digits, as spoken by the caller.
    """


async def refund(
    params: FunctionCallParams, order_number: str, reason: str, confirmed: bool
) -> None:
    """Ask for a refund of an order.

    Args:
        order_number: Four to eight digits, as spoken by the caller.
        reason: Why the caller wants the money back.
        confirmed: True only after the caller said yes to the read-back.
    """


async def change_address(
    params: FunctionCallParams, order_number: str, new_address: str, confirmed: bool
) -> None:
    """Change the delivery address of an order.

    Args:
        order_number: Four to eight digits, as spoken by the caller.
        new_address: Street, number and town.
        confirmed: True only after the caller said yes to the read-back.
    """


async def hand_to_a_person(params: FunctionCallParams, reason: str) -> None:
    """Hand the caller over to a person.

    Args:
        reason: Why, in a few words.
    """


async def say_goodbye(params: FunctionCallParams, farewell: str) -> None:
    """End the call.

    Args:
        farewell: The parting words.
    """


CLINIC = (
    Topic(
        says=(
            "i'd like to book an appointment",
            "i need an appointment",
            "can i see a doctor",
            "book an appointment for monday",
        ),
        tool=book,
        asks={
            "day": "Which day would suit you?",
            "time": "At what time?",
            "name": "May I have your name?",
            "date_of_birth": "What is your date of birth?",
            "confirmed": (
                "So that is {day} at {time} for {name}, born {date_of_birth}. Shall I book it?"
            ),
        },
    ),
    Topic(
        says=("what is free on monday", "do you have anything free", "when are you free"),
        tool=find_slot,
        asks={"day": "For which day?"},
    ),
    Topic(
        says=("i want to cancel my appointment", "cancel my appointment"),
        tool=cancel_appointment,
    ),
    Topic(
        says=("i have chest pain", "this is an emergency"),
        reply="That is an emergency. Please hang up and call nine one one.",
    ),
    Topic(
        says=("what are your opening hours", "when are you open"),
        reply="We are open from eight to six.",
    ),
    Topic(says=("i need to move my appointment", "can i reschedule"), tool=move),
    Topic(
        says=("do you take new patients",), reply="We do. Would you like to book an appointment?"
    ),
)
CLINIC_TOOLS = (book, find_slot, move, cancel_appointment, hand_to_a_person, say_goodbye)
SHOP = (
    Topic(
        says=("where is my order", "what is the status of my order", "track my order"),
        tool=find_order,
        asks={"order_number": "What is your order number?"},
    ),
    Topic(
        says=("i want a refund", "i want my money back", "i'd like to return my order"),
        tool=refund,
        asks={
            "order_number": "For which order number?",
            "reason": "What was wrong with it?",
            "confirmed": "A refund for order {order_number}, because {reason}. Is that right?",
        },
    ),
    Topic(
        says=("i want to change my address", "i moved", "send it to another address"),
        tool=change_address,
        asks={"new_address": "What is the new address?"},
    ),
)
SHOP_TOOLS = (find_order, refund, change_address, hand_to_a_person, say_goodbye)

Answers = Mapping[str, Any] | Callable[[str, Mapping[str, Any]], Any]


class Call:
    """A call as the context's messages record it; tools answer from a table."""

    def __init__(
        self,
        topics: Sequence[Topic] = (),
        tools: Sequence[Callable[..., Any]] = (),
        answers: Mapping[str, Any] | None = None,
        instructions: str = "",
    ) -> None:
        self.policy = Policy(ToolsSchema(list(tools)).standard_tools, topics, instructions)
        self.answers = dict(answers or {})
        self.messages: list[Any] = []
        self.calls: list[CallTool] = []

    def caller(self, *lines: str) -> str:
        """The caller says this (utterances with no word of the bot between); the bot's answer."""
        self.messages += [{"role": "user", "content": line} for line in lines]
        return self.bot()

    def bot(self) -> str:
        decision = self.policy.decide(self.messages, TODAY)
        while isinstance(decision, CallTool):
            self.tool(decision, self.answers.get(decision.name, {"say": "Done."}))
            decision = self.policy.decide(self.messages, TODAY)
        self.messages.append({"role": "assistant", "content": decision.text})
        return decision.text

    def tool(self, call: CallTool, result: Any) -> None:
        self.calls.append(call)
        call_id = f"call-{len(self.calls)}"
        function = {"name": call.name, "arguments": json.dumps(call.arguments)}
        content = result if result in ("CANCELLED", "IN_PROGRESS") else None
        if content is None:
            content = json.dumps(result) if result else "COMPLETED"
        self.messages += [
            {
                "role": "assistant",
                "tool_calls": [{"id": call_id, "function": function, "type": "function"}],
            },
            {"role": "tool", "content": content, "tool_call_id": call_id},
        ]


def clinic(**answers: Any) -> Call:
    return Call(CLINIC, CLINIC_TOOLS, answers)


def shop(**answers: Any) -> Call:
    return Call(SHOP, SHOP_TOOLS, answers)


BOOKED = CallTool(
    "book",
    {
        "day": "2026-11-23",
        "time": "10:30",
        "name": "John Smith",
        "date_of_birth": "1985-03-03",
        "confirmed": True,
    },
)


def booking_up_to_the_read_back() -> tuple[Call, str]:
    call = clinic()
    call.caller("i'd like to book on monday at ten thirty")
    call.caller("john smith")
    return call, call.caller("the third of march nineteen eighty five")


def test_caller_who_books_step_by_step_is_asked_read_back_and_booked():
    call = clinic(book={"say": "You are booked."})
    assert call.caller("hello i'd like to book an appointment") == "Which day would suit you?"
    assert call.caller("monday") == "At what time?"
    assert call.caller("half past ten please") == "May I have your name?"
    assert call.caller("my name is john smith") == "What is your date of birth?"
    assert call.caller("the third of march nineteen eighty five") == (
        "So that is Monday, the twenty third of November at ten thirty for John Smith, "
        "born the third of March, nineteen eighty five. Shall I book it?"
    )
    assert call.calls == []
    assert call.caller("yes please").startswith("You are booked. ")
    assert call.calls == [BOOKED]


@pytest.mark.parametrize(
    "lines",
    [
        ["i need an appointment on monday at ten thirty", "this is john smith", "March 3rd, 1985"],
        ["can i see the doctor", "on monday at ten thirty", "john smith", "3/3/1985"],
        [
            "um i like to book and a point mint for monday",
            "uh ten thirty",
            "it's john smith",
            "march third eighty five",
        ],
        [
            "i'd like to book an appointment my name is john smith",
            "monday",
            "10:30",
            "i was born on march third nineteen eighty five",
        ],
        [
            "book me in monday at ten thirty",
            "John Smith.",
            "oh three oh three nineteen eighty five",
        ],
        ["i need an appointment", "next monday", "10:30 AM", "John Smith", "1985-03-03"],
    ],
)
def test_caller_books_the_same_appointment_in_other_words(lines: list[str]):
    call = clinic()
    for line in lines:
        call.caller(line)
    call.caller("yes that's right")
    assert call.calls == [BOOKED]


@pytest.mark.parametrize(
    ("lines", "argument", "value"),
    [
        (["no it's the fourth of march"], "date_of_birth", "1985-03-04"),
        (["no at eleven"], "time", "11:00"),
        (["no make it eleven fifteen"], "time", "11:15"),
        (["yes but on tuesday"], "day", "2026-11-24"),
        (["no", "the time", "a quarter to twelve"], "time", "11:45"),
        (["no that's wrong", "my name is joan smith"], "name", "Joan Smith"),
        (["the name is wrong", "joan smith"], "name", "Joan Smith"),
        (["not really", "tuesday"], "day", "2026-11-24"),
        (
            ["no i was born on may first nineteen ninety"],
            "date_of_birth",
            "1990-05-01",
        ),
    ],
)
def test_caller_corrects_the_read_back_and_hears_it_again(
    lines: list[str], argument: str, value: str
):
    call, _ = booking_up_to_the_read_back()
    for line in lines:
        answer = call.caller(line)
    assert answer.startswith("So that is ")
    assert call.calls == []
    call.caller("correct")
    assert call.calls == [CallTool("book", {**BOOKED.arguments, argument: value})]


def test_caller_who_says_no_twice_is_left_unbooked():
    call, _ = booking_up_to_the_read_back()
    assert call.caller("no") == "All right. What should I change?"
    assert call.caller("nothing forget it").startswith("All right, I'll leave that.")
    assert call.calls == []


def test_caller_who_answers_the_read_back_with_noise_is_not_booked():
    call, read_back = booking_up_to_the_read_back()
    assert read_back in call.caller("the purple window")
    assert call.calls == []


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


def test_number_alone_goes_to_the_tool_that_needs_nothing_else():
    call = shop()
    call.caller("my number is four seven two nine one")
    assert call.calls == [CallTool("find_order", {"order_number": "47291"})]


def test_result_that_asks_for_another_number_gets_it():
    call = shop(find_order={"say": "I can't find that order. What is the number?"})
    call.caller("where is my order four seven two nine one")
    call.caller("four seven two nine two")
    assert [c.arguments["order_number"] for c in call.calls] == ["47291", "47292"]


def test_slot_offered_by_a_result_is_booked_with_its_day():
    call = clinic(
        find_slot={
            "say": "On Monday I have ten thirty or eleven. Which would you like?",
            "day": "2026-11-23",
            "times": ["10:30", "11:00"],
        }
    )
    call.caller("what is free on monday")
    assert call.caller("ten thirty please") == "May I have your name?"
    call.caller("john smith")
    call.caller("march third nineteen eighty five")
    call.caller("yes")
    assert call.calls[-1] == BOOKED


@pytest.mark.parametrize(
    ("pick", "time"), [("the first one", "10:30"), ("the later one please", "11:00")]
)
def test_slot_is_picked_by_its_place_in_the_list(pick: str, time: str):
    call = clinic(
        find_slot={
            "say": "I have ten thirty or eleven. Which would you like?",
            "day": "2026-11-23",
            "times": ["10:30", "11:00"],
        }
    )
    for line in ("what is free on monday", pick, "john smith", "3/3/1985", "yes"):
        call.caller(line)
    assert call.calls[-1].arguments["time"] == time


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
    "words", ["what's the weather tomorrow", "tell me a joke", "what is the capital of france"]
)
def test_request_outside_its_job_is_refused_with_what_it_can_do(words: str):
    answer = shop().caller(words)
    assert "stand-in" in answer
    assert "look up an order" in answer


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


def test_booking_cut_off_by_the_caller_is_read_back_before_it_is_booked():
    call, read_back = booking_up_to_the_read_back()
    call.messages.append({"role": "user", "content": "yes"})
    call.tool(BOOKED, "CANCELLED")
    assert call.caller("um hello") == read_back
    call.caller("yes")
    assert call.calls == [BOOKED, BOOKED]


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


def test_question_cut_off_in_mid_sentence_is_answered_all_the_same():
    call = clinic()
    call.caller("i'd like to book an appointment")
    call.messages[-1]["content"] = "Which day"
    assert call.caller("monday") == "At what time?"


def test_messages_of_another_service_are_passed_over():
    call = clinic()
    call.caller("i'd like to book an appointment")
    call.messages.insert(1, LLMSpecificMessage(llm="other", message={"thinking": "…"}))
    assert call.caller("monday") == "At what time?"


def test_result_that_arrives_later_as_a_developer_message_is_told():
    call = shop()
    call.messages.append({"role": "user", "content": "where is my order four seven two nine one"})
    call.tool(CallTool("find_order", {"order_number": "47291"}), "IN_PROGRESS")
    call.messages[-1] = async_tool_messages.build_started_message("call-1")
    call.messages.append(
        async_tool_messages.build_final_result_message("call-1", json.dumps({"say": "In the van."}))
    )
    assert call.bot().startswith("In the van.")


def test_call_begun_by_another_model_is_taken_over():
    call = shop()
    call.messages += [
        {"role": "user", "content": "hi there i never got my lamp"},
        {"role": "assistant", "content": "Oh no! Let me look. What's the order number?"},
    ]
    call.caller("four seven two nine one")
    assert call.calls == [CallTool("find_order", {"order_number": "47291"})]


def test_bot_that_is_told_to_begin_greets():
    call = Call(SHOP, SHOP_TOOLS, instructions="You are the order desk of Lamp House. Be brief.")
    call.messages.append({"role": "developer", "content": "Greet the caller."})
    assert call.bot() == (
        "Hello! I am standing in for the order desk of Lamp House. How can I help you?"
    )


def test_silent_caller_is_asked_the_open_question_again():
    call = clinic()
    call.caller("i'd like to book an appointment")
    call.messages.append({"role": "developer", "content": "The caller has been silent."})
    assert call.bot() == "Are you still there? Which day would suit you?"


def test_half_heard_topic_is_checked_with_the_caller():
    call = shop()
    question = call.caller("something order is")
    assert question == "Sorry, did you mean: where is my order?"
    assert call.caller("yes") == "What is your order number?"


def test_result_that_names_what_it_needs_gets_just_that():
    call = clinic(
        book={
            "say": "Ten thirty is taken. I have eleven or two o'clock. Which suits you?",
            "day": "2026-11-23",
            "times": ["11:00", "14:00"],
            "needs": "time",
        }
    )
    for line in ("book an appointment for monday", "ten thirty", "john smith", "3/3/1985", "yes"):
        call.caller(line)
    assert "at two o'clock for John Smith" in call.caller("two")
    call.caller("yes")
    assert call.calls[-1] == CallTool("book", {**BOOKED.arguments, "time": "14:00"})


def test_day_of_what_was_booked_is_not_the_day_to_move_it_to():
    call = clinic(
        book={
            "say": "You are booked.",
            "day": "2026-11-23",
            "time": "10:30",
            "name": "John Smith",
            "date_of_birth": "1985-03-03",
        }
    )
    for line in ("i need an appointment monday at ten thirty", "john smith", "3/3/1985", "yes"):
        call.caller(line)
    assert call.caller("i need to move my appointment") == "For which day?"
    call.caller("tuesday at nine")
    call.caller("yes")
    assert call.calls[-1] == CallTool(
        "move", {**BOOKED.arguments, "day": "2026-11-24", "time": "09:00"}
    )


def test_caller_who_looks_for_a_time_while_moving_goes_on_moving():
    call = clinic(
        find_slot={
            "say": "I have nine or ten. Which suits you?",
            "day": "2026-11-24",
            "times": ["09:00", "10:00"],
            "needs": "time",
        }
    )
    for line in ("i need to move my appointment", "john smith", "march third nineteen eighty five"):
        call.caller(line)
    call.caller("what is free on tuesday")
    call.caller("the last one please")
    call.caller("yes")
    assert call.calls[-1] == CallTool(
        "move", {**BOOKED.arguments, "day": "2026-11-24", "time": "10:00"}
    )


def test_caller_who_changes_an_earlier_answer_hears_that_it_was_taken():
    call = clinic()
    call.caller("i need an appointment on monday at ten")
    answer = call.caller("no wait on tuesday")
    assert answer == "All right, Tuesday, the twenty fourth of November. May I have your name?"


def test_yes_to_the_question_of_a_reply_opens_what_it_offers():
    call = clinic()
    call.caller("do you take new patients")
    assert call.caller("yes please") == "Which day would suit you?"


def test_caller_who_confirms_and_says_goodbye_in_one_breath_is_booked():
    call, _ = booking_up_to_the_read_back()
    call.caller("yes thank you bye")
    assert call.calls == [BOOKED]


def test_no_thanks_to_an_offer_does_not_end_the_call():
    call = shop(find_order={"say": "It is late. Would you like a refund?"})
    call.caller("where is my order four seven two nine one")
    assert call.caller("no thanks").startswith("All right.")
    assert [c.name for c in call.calls] == ["find_order"]


def test_colleague_reads_why_the_caller_wants_a_person():
    call = shop()
    call.caller("i want to talk to someone about my broken lamp")
    assert "broken lamp" in call.calls[0].arguments["reason"]


# A bot without topics


async def find_table(params: FunctionCallParams, part_of_day: str) -> None:
    """Find a table.

    Args:
        part_of_day: "lunch" or "dinner".
    """


def test_choices_quoted_in_a_description_are_offered_and_heard():
    call = Call(tools=(find_table,))
    assert call.caller("i need a table") == "Which part of day: lunch or dinner?"
    call.caller("for dinner please")
    assert call.calls == [CallTool("find_table", {"part_of_day": "dinner"})]


async def get_weather(params: FunctionCallParams, city: str, days: int = 1) -> None:
    """Tell the weather in a city.

    Args:
        city: The city to look up.
        days: How many days ahead.
    """


async def order_pizza(params: FunctionCallParams, size: str, quantity: int) -> None:
    """Order a pizza.

    Args:
        size: The size of the pizza.
        quantity: How many.
    """


def test_bot_without_topics_finds_the_tool_by_its_description():
    call = Call(tools=(get_weather, order_pizza))
    assert call.caller("what's the weather like") == "What is the city to look up?"
    call.caller("paris")
    assert call.calls == [CallTool("get_weather", {"city": "paris"})]


def test_format_meant_for_a_model_is_not_spoken():
    call = Call(tools=(cancel_appointment,))
    call.caller("cancel my appointment")
    assert call.caller("john smith") == "What is your date of birth?"


def test_optional_argument_is_taken_when_mentioned():
    call = Call(tools=(get_weather, order_pizza))
    call.caller("what will the weather be in three days")
    call.caller("paris")
    assert call.calls == [CallTool("get_weather", {"city": "paris", "days": 3})]


def test_bot_without_tools_says_what_it_is_and_what_it_heard():
    call = Call(instructions="You are a pirate captain who loves gold. Never break character.")
    answer = call.caller("where is the treasure")
    assert "standing in for a pirate captain who loves gold" in answer
    assert "stand-in, not a language model" in answer
    assert "where is the treasure" in answer
    assert call.caller("and the map") != answer


def test_system_message_of_the_context_says_who_it_stands_in_for():
    decision = decide(
        [{"role": "system", "content": "You are a librarian."}, {"role": "user", "content": "hm"}],
        tools=[],
        topics=[],
        today=TODAY,
    )
    assert isinstance(decision, Say)
    assert "standing in for a librarian" in decision.text


def test_empty_context_gets_a_greeting():
    tools = ToolsSchema([find_order]).standard_tools
    assert decide([], tools=tools, topics=SHOP, today=TODAY) == Say("Hello! How can I help you?")


def test_same_conversation_gets_the_same_answer():
    call, read_back = booking_up_to_the_read_back()
    assert call.policy.decide(call.messages[:-1], TODAY) == Say(read_back)


LINES = st.sampled_from(
    [
        "i'd like to book an appointment",
        "cancel my appointment",
        "monday at ten thirty",
        "john smith",
        "the third of march nineteen eighty five",
        "yes",
        "no",
        "no at eleven",
        "the first one",
        "never mind",
        "start over",
        "repeat that",
        "thanks",
        "hello",
        "hold on",
        "are you a robot",
        "can i talk to a person",
        "purple elephants",
        "that's all",
        "DTMF: 0",
        "DTMF: 47291#",
        "",
    ]
)
RESULTS = st.sampled_from(
    [
        None,
        "CANCELLED",
        "Well.",
        {"say": "Which suits you?", "times": ["10:30", "11:00"], "needs": "time"},
        {"say": "Shall I book it?", "day": "2026-11-23"},
        {"say": "Who?", "needs": "name", "name": None},
        {"say": "Odd.", "day": 7, "time": "soon", "needs": "luck"},
        {"say": "Pick.", "slots": [{"day": "2026-11-23", "time": "10:30"}]},
        ["a", {"b": "c"}],
        42,
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LINES, RESULTS), max_size=12))
def test_any_course_of_a_call_gets_an_answer_and_no_unconfirmed_booking(
    course: list[tuple[str, Any]],
):
    call = clinic()
    for line, result in course:
        call.messages.append({"role": "user", "content": line})
        decision = call.policy.decide(call.messages, TODAY)
        if isinstance(decision, CallTool):
            assert decision.arguments.get("confirmed") is not False
            if decision.name == "book":
                assert line == "yes" or line.startswith("DTMF") or "CANCELLED" in str(call.messages)
            call.tool(decision, result)
            decision = call.policy.decide(call.messages, TODAY)
        if isinstance(decision, Say):
            call.messages.append({"role": "assistant", "content": decision.text})
