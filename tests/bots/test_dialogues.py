"""Callers who correct themselves, change their minds or ask something else in between."""

import importlib
from datetime import date
from pathlib import Path

import pytest
from rehearsed_call import RehearsedCall, wired

from tools.appointment_book import AppointmentBook
from tools.order_book import OrderBook

JOHN = ("john smith", "the third of march nineteen eighty five")
BORN = date(1985, 3, 3)


async def calling(name: str, data_dir: Path) -> RehearsedCall:
    bot = importlib.import_module(f"bots.{name}").bot
    return RehearsedCall(bot, await wired(bot), data_dir)


async def booked(data_dir: Path) -> RehearsedCall:
    """A caller who has just booked Wednesday at half past ten."""
    call = await calling("receptionist", data_dir)
    answer = await call.hears("book me in on wednesday at half past ten", *JOHN, "yes")
    assert "is booked for Wednesday" in answer
    return call


def held_by_john(data_dir: Path) -> list[str]:
    held = AppointmentBook(data_dir).find("John Smith", BORN)
    return [f"{appointment.start:%A %H:%M}" for appointment in held]


@pytest.mark.parametrize(
    ("lines", "now"),
    [
        (("can i move it to eleven o'clock",), "Wednesday 11:00"),
        (("no wait make it eleven",), "Wednesday 11:00"),
        (("i want to change the time", "eleven"), "Wednesday 11:00"),
        (("actually can i move it", "thursday at two"), "Thursday 14:00"),
        (("can i move it to thursday at two", "yes", "no at half past ten"), "Thursday 10:30"),
        (
            ("move it to thursday at two", "yes", "can i move it again", "friday at two"),
            "Friday 14:00",
        ),
    ],
)
async def test_second_thought_about_a_booking_moves_it_and_books_no_other(lines, now, tmp_path):
    call = await booked(tmp_path)
    assert "Shall I do that?" in await call.hears(*lines)
    await call.hears("yes")
    assert held_by_john(tmp_path) == [now]
    assert call.used.count("book_appointment") == 1


async def test_another_appointment_is_a_second_booking(tmp_path):
    call = await booked(tmp_path)
    answer = await call.hears("i need another appointment", "friday at two", *JOHN)
    assert "Shall I book it?" in answer
    await call.hears("yes")
    assert held_by_john(tmp_path) == ["Wednesday 10:30", "Friday 14:00"]


@pytest.mark.parametrize("wanted", ["two", "two o'clock", "at two please"])
async def test_time_said_alone_picks_one_of_the_offered_day(wanted, tmp_path):
    call = await calling("receptionist", tmp_path)
    await call.hears("what is free on friday", wanted)
    assert "Friday" in (answer := await call.hears(*JOHN))
    assert "two o'clock" in answer


async def test_other_day_in_answer_to_an_offer_gets_an_offer_for_that_day(tmp_path):
    call = await calling("receptionist", tmp_path)
    answer = await call.hears("do you have anything on friday afternoon", "no thursday")
    assert answer.startswith("Thursday")
    assert answer.endswith("Which suits you?")


async def test_number_is_no_name(tmp_path):
    call = await calling("receptionist", tmp_path)
    answer = await call.hears("book me in on wednesday at half past ten", "two")
    assert "name" in answer


@pytest.mark.parametrize(
    ("lines", "question"),
    [
        (("i want a refund", "five eight three oh six"), "Why would you like your money back?"),
        (("send it to another address", "three one eight four seven"), "What is the new address"),
    ],
)
@pytest.mark.parametrize(
    "aside", ["what happens if it is on its way", "what if i am not at home", "how does that work"]
)
async def test_question_is_not_taken_for_the_answer_in_own_words(lines, question, aside, tmp_path):
    call = await calling("order_support", tmp_path)
    await call.hears(*lines)
    answer = await call.hears(aside)
    assert "no answer to that" in answer
    assert question in answer


async def test_another_address_is_one_for_the_order_just_spoken_of(tmp_path):
    call = await calling("order_support", tmp_path)
    await call.hears("where is my order", "three one eight four seven")
    assert "What is the new address" in await call.hears("send it to another address please")
    await call.hears("nine elm court salem", "yes")
    order = OrderBook(tmp_path).find("31847")
    assert order
    assert "elm court" in order.address


@pytest.mark.parametrize("words", ["and the other one", "and the other order"])
async def test_other_order_is_asked_for_its_number(words, tmp_path):
    call = await calling("order_support", tmp_path)
    await call.hears("where is my order", "three one eight four seven")
    assert "What is your order number" in await call.hears(words)


@pytest.mark.parametrize(
    "wish",
    [
        "return order five eight three oh six because it is scratched",
        "my order five eight three oh six came broken",
        "refund order five eight three oh six",
        "the lamp from order five eight three oh six is broken",
    ],
)
async def test_refund_wish_with_an_order_number_is_no_question_where_it_is(wish, tmp_path):
    call = await calling("order_support", tmp_path)
    answer = await call.hears(wish)
    assert "money back" in answer or "refund for order five eight three zero six" in answer
    assert not call.used


async def test_earlier_answer_called_wrong_is_asked_again(tmp_path):
    call = await calling("order_support", tmp_path)
    await call.hears("send it to another address", "five eight three oh six")
    assert "order number" in await call.hears("the order number is wrong")
    await call.hears("three one eight four seven", "nine elm court salem")
    answer = await call.hears("repeat that")
    assert "three one eight four seven should go to nine elm court salem" in answer


async def test_reason_called_wrong_is_told_anew(tmp_path):
    call = await calling("order_support", tmp_path)
    await call.hears("i want a refund", "five eight three oh six", "it is too small", "no")
    assert "Why would you like" in await call.hears("the reason is wrong")


async def test_last_of_two_order_numbers_counts(tmp_path):
    call = await calling("order_support", tmp_path)
    line = "four seven two nine two no four seven two nine one"
    assert "has been shipped" in await call.hears("where is my order", line)


async def test_order_number_in_two_pieces_is_put_together(tmp_path):
    call = await calling("order_support", tmp_path)
    assert "four seven so far" in await call.hears("where is my order", "um four seven")
    assert "has been shipped" in await call.hears("two nine one")


@pytest.mark.parametrize("refusal", ["no", "no thank you", "never mind", "forget it"])
async def test_caller_who_refuses_to_answer_is_let_go_and_keeps_the_order_number(refusal, tmp_path):
    call = await calling("order_support", tmp_path)
    await call.hears("i want a refund", "four seven two nine one")
    assert "I'll leave that" in await call.hears(refusal)
    assert "has been shipped" in await call.hears("where is it")


async def test_never_mind_about_nothing_asks_for_more_and_nothing_ends_the_call(tmp_path):
    call = await calling("order_support", tmp_path)
    answer = await call.hears("never mind")
    assert answer.startswith("All right.")
    assert answer.endswith("?")
    await call.hears("nothing")
    assert call.ended


async def test_caller_who_wants_something_else_is_not_hung_up_on(tmp_path):
    call = await booked(tmp_path)
    await call.hears("something else")
    assert not call.ended


@pytest.mark.parametrize(
    ("name", "cry"),
    [
        ("order_support", "my chest hurts so much"),
        ("order_support", "there is something wrong with my chest"),
        ("receptionist", "my chest feels tight"),
        ("receptionist", "i want an appointment because my chest hurts"),
        ("receptionist", "my grandma fell and she is bleeding"),
        ("receptionist", "my throat is swelling"),
        ("receptionist", "i want to die"),
    ],
)
async def test_cry_for_help_in_other_words_is_sent_to_the_emergency_number(name, cry, tmp_path):
    call = await calling(name, tmp_path)
    assert "nine one one" in await call.hears(cry)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order_support", "my chest of drawers is damaged"),
        ("order_support", "where is my chest of drawers"),
        ("order_support", "the treasure chest for my son is damaged"),
        ("receptionist", "i have a sore throat"),
        ("receptionist", "my child has a cold"),
        ("receptionist", "my back hurts"),
    ],
)
async def test_everyday_matter_raises_no_alarm_and_is_not_offered_as_one(name, words, tmp_path):
    call = await calling(name, tmp_path)
    answer = await call.hears(words)
    assert "nine one one" not in answer
    assert "chest hurts" not in answer
