"""A bot without topics: the understudy has the tools' descriptions to go by, or nothing."""

from pipecat.services.llm_service import FunctionCallParams

from services.embedded.policy import CallTool
from tests.services.policy_call import Call
from tests.services.policy_desks import cancel_appointment


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
