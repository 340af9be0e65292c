"""A clinic and a shop for the understudy to stand in at: their tools and topics."""

from pipecat.services.llm_service import FunctionCallParams

from services.embedded.topic import Topic


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
