"""What a language model's stand-in answers without a script: from the declared tools alone."""

import json
from datetime import date

import pytest

from rehearsal.standins.prompt import Message, Prompt, Reply, Tool
from rehearsal.standins.tool_reader import day_in, digits_in, read_tools, time_in

TODAY = date(2026, 11, 21)  # a Saturday
FIND = Tool(
    "find_order",
    "Look up an order.",
    {
        "properties": {"order_number": {"type": "string", "description": "Digits only."}},
        "required": ["order_number"],
    },
)
REFUND = Tool(
    "request_refund",
    "Open a refund request.",
    {
        "properties": {
            "reason": {"type": "string", "description": "Why."},
            "confirmed": {"type": "boolean", "description": "True after a yes."},
        },
        "required": ["reason", "confirmed"],
    },
)


def answer(*said: str) -> Reply:
    return read_tools(Prompt(tuple(Message("user", line) for line in said), (FIND, REFUND)), TODAY)


def test_missing_argument_is_asked_for() -> None:
    assert answer("where is my order").text == "What is the order number, please?"


def test_tool_is_called_once_everything_is_known() -> None:
    [call] = answer("where is my order", "four seven two nine one").calls
    assert (call.name, json.loads(call.arguments)) == ("find_order", {"order_number": "47291"})


def test_caller_who_wants_money_back_means_the_refund() -> None:
    [call] = answer("it is broken, i want my money back, yes").calls
    assert call.name == "request_refund"


def test_what_no_tool_is_about_gets_the_list_of_what_is() -> None:
    assert answer("nice weather").text.startswith("I can help with these things: find order,")


def test_result_is_told_in_its_own_words() -> None:
    result = Message("tool", '{"say": "It is in the van."}', tool="find_order")
    assert read_tools(Prompt((Message("user", "where"), result)), TODAY).text == "It is in the van."


@pytest.mark.parametrize(
    ("said", "digits"),
    [("four seven two nine one", "47291"), ("it is 83625 i think", "83625"), ("one two", None)],
)
def test_digits_are_read_aloud_or_written(said: str, digits: str | None) -> None:
    assert digits_in(said) == digits


@pytest.mark.parametrize(
    ("said", "day"),
    [("tomorrow", "2026-11-22"), ("on saturday", "2026-11-28"), ("monday", "2026-11-23")],
)
def test_days_are_those_to_come(said: str, day: str) -> None:
    assert day_in(said, TODAY) == day


@pytest.mark.parametrize(
    ("said", "time"), [("at ten thirty", "10:30"), ("at two", "14:00"), ("14:15 please", "14:15")]
)
def test_times_are_of_the_day(said: str, time: str) -> None:
    assert time_in(said) == time
