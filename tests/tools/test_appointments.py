"""What a caller of the clinic hears, and what then stands in the appointment book."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from tool_caller import CallOnTheBench

from tools.appointment_book import AppointmentBook, Booking
from tools.appointments import (
    book_appointment,
    cancel_appointment,
    find_slots,
    move_appointment,
)

MARY = {"name": "mary jones", "date_of_birth": "1980-03-05"}
BORN = date(1980, 3, 5)


@pytest.fixture
def call(tmp_path: Path) -> CallOnTheBench:
    return CallOnTheBench(tmp_path)


@pytest.fixture
def book(call: CallOnTheBench) -> AppointmentBook:
    return AppointmentBook(call.data_dir)


@pytest.fixture
def day(book: AppointmentBook) -> date:
    """A working day that is free from morning to evening: see tools/sample_patients.py."""
    return book.days()[2]


def at(day: date, clock: str) -> dict[str, str]:
    return {"day": day.isoformat(), "time": clock}


def fill(book: AppointmentBook, day: date, but: str = "") -> None:
    for number, slot in enumerate(book.free_slots()):
        if slot.date() == day and f"{slot:%H:%M}" != but:
            born = date(1940, 1, 1) + timedelta(days=number)
            assert book.book(slot, "Somebody Else", born) is Booking.MADE


async def test_caller_without_a_wish_is_offered_the_first_free_day(call, book):
    result = await call.uses(find_slots)
    assert result["day"] == book.free_slots()[0].date().isoformat()
    assert result["say"].endswith("Which suits you?")


async def test_at_most_three_times_are_said_and_the_rest_is_known(call, day):
    result = await call.uses(find_slots, day=day.isoformat())
    assert "has nine, eleven and two thirty. Which suits you?" in result["say"]
    assert f"{day:%A} the " in result["say"]
    assert result["times"] == ["09:00", "11:00", "14:30"]
    assert len(result["other_times"]) == 10
    assert result["day"] == day.isoformat()


@pytest.mark.parametrize(
    ("part_of_day", "times"),
    [("morning", ["09:00", "10:00", "11:00"]), ("afternoon", ["13:30", "14:30", "15:30"])],
)
async def test_caller_who_wants_a_part_of_the_day_gets_times_in_it(call, day, part_of_day, times):
    result = await call.uses(find_slots, day=day.isoformat(), part_of_day=part_of_day)
    assert result["times"] == times


async def test_full_day_is_answered_with_the_next_free_one(call, book, day):
    fill(book, day)
    result = await call.uses(find_slots, day=day.isoformat())
    assert f"{day:%A} has nothing free" in result["say"]
    assert result["day"] > day.isoformat()


async def test_full_morning_is_answered_with_the_next_free_morning(call, book, day):
    fill(book, day, but="16:30")
    result = await call.uses(find_slots, day=day.isoformat(), part_of_day="morning")
    assert f"{day:%A} morning has nothing free" in result["say"]
    assert all(clock < "12:00" for clock in result["times"])


async def test_full_book_is_said_to_be_full(call, book):
    for bookable in book.days():
        fill(book, bookable)
    result = await call.uses(find_slots)
    assert "every appointment is taken" in result["say"]
    assert result["times"] == []


def coming(weekday: int, after: date) -> date:
    return after + timedelta(days=(weekday - after.weekday()) % 7 or 7)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (lambda today: coming(5, today).isoformat(), "closed on Saturdays"),
        (lambda today: (today - timedelta(days=1)).isoformat(), "has passed"),
        (lambda today: coming(0, today + timedelta(days=60)).isoformat(), "book is only open"),
        (lambda today: "23rd of November", "did not catch the day"),
        (lambda today: "2026-02-30", "did not catch the day"),
    ],
    ids=["weekend", "past", "beyond the book", "malformed", "no such day"],
)
@pytest.mark.parametrize("tool", [find_slots, book_appointment, move_appointment])
async def test_day_that_cannot_be_had_is_answered_with_what_can(call, book, tool, wanted, words):
    book.book(book.free_slots()[-1], "Mary Jones", BORN)
    more = {} if tool is find_slots else {**MARY, "time": "10:30", "confirmed": True}
    result = await call.uses(tool, day=wanted(date.today()), **more)
    assert words in result["say"]
    assert f"{book.days()[-1]:%A}" in result["say"]
    assert result["needs"] == "day"


async def test_nothing_is_booked_before_the_caller_said_yes(call, book, day):
    result = await call.uses(book_appointment, **at(day, "10:30"), **MARY, confirmed=False)
    assert "ten thirty for Mary Jones, born the fifth of March nineteen eighty" in result["say"]
    assert result["say"].endswith("Shall I book it?")
    assert result["needs"] == "confirmed"
    assert book.find("Mary Jones", BORN) == []


async def test_confirmed_appointment_is_booked(call, book, day):
    result = await call.uses(book_appointment, **at(day, "10:30"), **MARY, confirmed=True)
    assert result["booked"]
    assert "is booked for" in result["say"]
    (held,) = book.find("Mary Jones", BORN)
    assert held.start == datetime.fromisoformat(f"{day} 10:30")


async def test_yes_said_twice_books_once_and_sounds_like_success(call, book, day):
    wish = {**at(day, "10:30"), **MARY, "confirmed": True}
    assert await call.uses(book_appointment, **wish) == await call.uses(book_appointment, **wish)
    assert len(book.find("Mary Jones", BORN)) == 1


async def test_time_taken_in_between_is_answered_with_the_nearest_ones(call, book, day):
    book.book(datetime.fromisoformat(f"{day} 10:30"), "John Smith", date(1970, 1, 1))
    result = await call.uses(book_appointment, **at(day, "10:30"), **MARY, confirmed=True)
    assert "ten thirty on" in result["say"]
    assert "is not free. The nearest are" in result["say"]
    assert result["times"] == ["09:30", "10:00", "11:00"]
    assert result["needs"] == "time"
    assert book.find("Mary Jones", BORN) == []


async def test_lunch_hour_is_answered_with_the_nearest_times(call, day):
    result = await call.uses(book_appointment, **at(day, "12:15"), **MARY, confirmed=False)
    assert result["times"] == ["11:00", "11:30", "13:30"]


async def test_two_o_clock_without_a_half_of_the_day_is_the_afternoon(call, day):
    result = await call.uses(book_appointment, **at(day, "02:00"), **MARY, confirmed=False)
    assert result["time"] == "14:00"


@pytest.mark.parametrize(
    ("argument", "value", "needs"),
    [
        ("time", "half past ten", "time"),
        ("time", "25:00", "time"),
        ("name", " ", "name"),
        ("name", "1234", "name"),
        ("date_of_birth", "fifth of march", "date_of_birth"),
        ("date_of_birth", "2180-03-05", "date_of_birth"),
        ("date_of_birth", "1780-03-05", "date_of_birth"),
    ],
)
async def test_argument_that_cannot_be_is_asked_for_again(call, day, argument, value, needs):
    wish = {**at(day, "10:30"), **MARY, "confirmed": True, argument: value}
    result = await call.uses(book_appointment, **wish)
    assert result["needs"] == needs
    assert result["say"].endswith("?")


async def test_appointment_is_moved_after_a_read_back_with_both_times(call, book, day):
    await call.uses(book_appointment, **at(day, "10:30"), **MARY, confirmed=True)
    wish = {**MARY, **at(day, "15:00")}
    result = await call.uses(move_appointment, **wish, confirmed=False)
    assert "at ten thirty to" in result["say"]
    assert "at three o'clock. Shall I do that?" in result["say"]
    assert [held.start.hour for held in book.find("Mary Jones", BORN)] == [10]
    result = await call.uses(move_appointment, **wish, confirmed=True)
    assert result["moved"]
    assert [held.start.hour for held in book.find("Mary Jones", BORN)] == [15]
    assert (await call.uses(move_appointment, **wish, confirmed=True))["moved"]


async def test_appointment_is_not_moved_onto_another_patients(call, book, day):
    await call.uses(book_appointment, **at(day, "10:30"), **MARY, confirmed=True)
    book.book(datetime.fromisoformat(f"{day} 15:00"), "John Smith", date(1970, 1, 1))
    result = await call.uses(move_appointment, **MARY, **at(day, "15:00"), confirmed=True)
    assert result["needs"] == "time"
    assert [held.start.hour for held in book.find("Mary Jones", BORN)] == [10]


async def test_appointment_is_cancelled_after_a_read_back(call, book, day):
    await call.uses(book_appointment, **at(day, "10:30"), **MARY, confirmed=True)
    result = await call.uses(cancel_appointment, **MARY, confirmed=False)
    assert result["say"].endswith("Shall I cancel it?")
    assert len(book.find("Mary Jones", BORN)) == 1
    assert (await call.uses(cancel_appointment, **MARY, confirmed=True))["cancelled"]
    assert book.find("Mary Jones", BORN) == []


@pytest.mark.parametrize("tool", [move_appointment, cancel_appointment])
async def test_patient_who_is_not_in_the_book_is_asked_to_spell_the_name(call, day, tool):
    more = at(day, "15:00") if tool is move_appointment else {}
    result = await call.uses(tool, **MARY, **more, confirmed=True)
    assert "cannot find an appointment for Mary Jones" in result["say"]
    assert "spell" in result["say"]


async def test_patient_heard_unclearly_is_read_back_as_booked(call, day):
    await call.uses(book_appointment, **at(day, "10:30"), **MARY, confirmed=True)
    heard = {**MARY, "name": "merry johns"}
    result = await call.uses(cancel_appointment, **heard, confirmed=False)
    assert result["say"].startswith("Mary Jones has an appointment")
