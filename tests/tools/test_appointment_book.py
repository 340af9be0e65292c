"""The appointment book: one slot, one patient, also when everybody calls at once."""

import multiprocessing
import sqlite3
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tools.appointment_book import AppointmentBook, Booking

FRIDAY_NOON = datetime(2026, 11, 20, 12)
BORN = date(1980, 3, 5)
SLOT = datetime(2026, 11, 25, 10, 30)


def book_at(folder: Path, now: datetime = FRIDAY_NOON) -> AppointmentBook:
    return AppointmentBook(folder, now=lambda: now)


def rows(folder: Path, start: datetime) -> list[tuple[str, str | None]]:
    connection = sqlite3.connect(folder / "appointments.db")
    try:
        return connection.execute(
            "SELECT name, cancelled_at FROM appointments WHERE day = ? AND time = ?",
            (f"{start:%Y-%m-%d}", f"{start:%H:%M}"),
        ).fetchall()
    finally:
        connection.close()


def book_one(folder: Path, name: str) -> Booking:
    return book_at(folder).book(SLOT, name, BORN)


def test_book_holds_ten_working_days_of_half_hours(tmp_path):
    free = book_at(tmp_path).free_slots()
    assert {slot.date() for slot in free} <= set(book_at(tmp_path).days())
    assert len(book_at(tmp_path).days()) == 10
    assert not any(slot.weekday() >= 5 for slot in free)
    untouched = book_at(tmp_path).days()[2]
    assert [f"{slot:%H:%M}" for slot in free if slot.date() == untouched] == (
        "09:00 09:30 10:00 10:30 11:00 11:30 13:30 14:00 14:30 15:00 15:30 16:00 16:30".split()
    )


def test_times_of_today_that_have_passed_are_not_free(tmp_path):
    today = [slot for slot in book_at(tmp_path).free_slots() if slot.date() == FRIDAY_NOON.date()]
    assert today[0] > FRIDAY_NOON


def test_some_slots_are_taken_from_the_start(tmp_path):
    free = book_at(tmp_path).free_slots()
    assert FRIDAY_NOON.replace(hour=14, minute=30) not in free
    (alice,) = book_at(tmp_path).find("Alice Brown", date(1980, 3, 5))
    assert alice.start not in free


@pytest.mark.parametrize("clock", ["10:30", "14:00"])
def test_times_of_the_sample_calls_are_free_on_every_coming_day_of_a_fresh_book(tmp_path, clock):
    book = book_at(tmp_path)
    free = {slot.date() for slot in book.free_slots() if f"{slot:%H:%M}" == clock}
    assert free >= set(book.days()[1:])


def test_book_is_topped_up_as_days_go_by_and_keeps_what_is_in_it(tmp_path):
    assert book_one(tmp_path, "Mary Jones") is Booking.MADE
    later = book_at(tmp_path, FRIDAY_NOON + timedelta(days=4))
    assert later.free_slots()[-1].date() == later.days()[-1] > book_at(tmp_path).days()[-1]
    assert SLOT not in later.free_slots()
    assert [held.start for held in later.find("Mary Jones", BORN)] == [SLOT]


def test_booking_survives_a_restart(tmp_path):
    assert book_one(tmp_path, "Mary Jones") is Booking.MADE
    assert rows(tmp_path, SLOT) == [("Mary Jones", None)]
    assert [held.start for held in book_at(tmp_path).find("Mary Jones", BORN)] == [SLOT]


def test_second_caller_does_not_get_the_slot(tmp_path):
    book_one(tmp_path, "Mary Jones")
    assert book_one(tmp_path, "John Smith") is Booking.TAKEN
    assert rows(tmp_path, SLOT) == [("Mary Jones", None)]


def test_same_caller_who_says_yes_twice_has_one_appointment(tmp_path):
    book_one(tmp_path, "Mary Jones")
    assert book_one(tmp_path, "mary jones") is Booking.ALREADY_THEIRS
    assert len(rows(tmp_path, SLOT)) == 1


@pytest.mark.parametrize(
    "start",
    [
        FRIDAY_NOON - timedelta(hours=1),
        SLOT.replace(hour=12),
        SLOT.replace(minute=15),
        SLOT + timedelta(days=3),
        SLOT + timedelta(days=300),
    ],
    ids=["past", "lunch", "off the half hour", "saturday", "next year"],
)
def test_what_is_no_slot_cannot_be_booked(tmp_path, start):
    assert book_at(tmp_path).book(start, "Mary Jones", BORN) is Booking.TAKEN
    assert rows(tmp_path, start) == []


def test_of_many_threads_one_gets_the_slot_even_in_a_new_book(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        got = [*pool.map(lambda n: book_one(tmp_path, f"{'abcdefgh'[n] * 6} Caller"), range(8))]
    assert sorted(booking.value for booking in got) == ["made"] + ["taken"] * 7
    assert len(rows(tmp_path, SLOT)) == 1


def test_of_several_processes_one_gets_the_slot_even_in_a_new_book(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=spawn) as pool:
        names = ("Anna Bell", "Victor Hugo", "Zoe Quick")
        futures: list[Future[Booking]] = [pool.submit(book_one, tmp_path, name) for name in names]
        got = [future.result() for future in futures]
    assert sorted(booking.value for booking in got) == ["made", "taken", "taken"]
    assert len(rows(tmp_path, SLOT)) == 1


def test_moved_appointment_frees_its_old_slot(tmp_path):
    book_one(tmp_path, "Mary Jones")
    book = book_at(tmp_path)
    (held,) = book.find("Mary Jones", BORN)
    later = SLOT + timedelta(hours=4)
    assert book.move(held, later) is Booking.MADE
    assert SLOT in book.free_slots()
    assert [held.start for held in book.find("Mary Jones", BORN)] == [later]


def test_appointment_cannot_be_moved_onto_another_one(tmp_path):
    book_one(tmp_path, "Mary Jones")
    book = book_at(tmp_path)
    later = SLOT + timedelta(hours=4)
    book.book(later, "John Smith", BORN)
    (held,) = book.find("Mary Jones", BORN)
    assert book.move(held, later) is Booking.TAKEN
    assert [held.start for held in book.find("Mary Jones", BORN)] == [SLOT]


def test_cancelled_slot_is_free_for_the_next_caller_and_the_record_is_kept(tmp_path):
    book_one(tmp_path, "Mary Jones")
    book = book_at(tmp_path)
    (held,) = book.find("Mary Jones", BORN)
    assert book.cancel(held)
    assert not book.cancel(held)
    assert book_one(tmp_path, "John Smith") is Booking.MADE
    names = [(name, cancelled is None) for name, cancelled in rows(tmp_path, SLOT)]
    assert names == [("Mary Jones", False), ("John Smith", True)]


def test_cancelled_appointment_cannot_be_moved(tmp_path):
    book_one(tmp_path, "Mary Jones")
    book = book_at(tmp_path)
    (held,) = book.find("Mary Jones", BORN)
    book.cancel(held)
    assert book.move(held, SLOT + timedelta(hours=4)) is Booking.TAKEN


@pytest.mark.parametrize("heard", ["mary jones", "merry johns", "Jones, Mary", "marry jones"])
def test_name_heard_unclearly_is_found_with_the_right_date_of_birth(tmp_path, heard):
    book_one(tmp_path, "Mary Jones")
    assert [held.name for held in book_at(tmp_path).find(heard, BORN)] == ["Mary Jones"]


@pytest.mark.parametrize(
    ("heard", "born"),
    [("mary jones", BORN + timedelta(days=1)), ("john smith", BORN), ("anna jones", BORN)],
)
def test_nobody_is_found_by_another_date_of_birth_or_another_name(tmp_path, heard, born):
    book_one(tmp_path, "Mary Jones")
    assert book_at(tmp_path).find(heard, born) == []


def test_twins_are_told_apart(tmp_path):
    book = book_at(tmp_path)
    book.book(SLOT, "John Smith", BORN)
    book.book(SLOT + timedelta(hours=4), "Joan Smith", BORN)
    assert [held.name for held in book.find("joan smith", BORN)] == ["Joan Smith"]
