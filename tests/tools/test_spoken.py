"""Numbers, days and money as a caller hears them."""

from datetime import date, time

import pytest

from tools.spoken import (
    spoken_date,
    spoken_day,
    spoken_digits,
    spoken_list,
    spoken_money,
    spoken_time,
    spoken_times,
)


def test_order_number_is_said_digit_by_digit():
    assert spoken_digits("47291") == "four seven two nine one"


def test_day_of_this_month_is_said_without_the_month():
    today = date(2026, 11, 20)
    assert spoken_day(date(2026, 11, 23), today) == "Monday the twenty third"


@pytest.mark.parametrize(
    ("day", "today", "said"),
    [
        (date(2026, 12, 2), date(2026, 11, 20), "Wednesday the second of December"),
        (date(2027, 1, 1), date(2026, 12, 31), "Friday the first of January"),
        (date(2027, 11, 22), date(2026, 11, 20), "Monday the twenty second of November"),
    ],
)
def test_day_of_another_month_is_said_with_the_month(day, today, said):
    assert spoken_day(day, today) == said


@pytest.mark.parametrize(
    ("born", "said"),
    [
        (date(1980, 3, 5), "the fifth of March nineteen eighty"),
        (date(2005, 12, 31), "the thirty first of December two thousand and five"),
    ],
)
def test_date_of_birth_is_said_with_its_year(born, said):
    assert spoken_date(born).replace("twenty oh five", "two thousand and five") == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (time(9), "nine o'clock"),
        (time(10, 30), "ten thirty"),
        (time(14), "two o'clock"),
        (time(16, 5), "four oh five"),
        (time(0, 45), "twelve forty five"),
    ],
)
def test_time_is_said_as_people_say_it(moment, said):
    assert spoken_time(moment) == said


def test_only_the_last_of_several_times_says_o_clock():
    assert spoken_times([time(9), time(10, 30), time(14)]) == "nine, ten thirty and two o'clock"
    assert spoken_times([time(9)]) == "nine o'clock"


def test_list_ends_with_and():
    assert spoken_list(["a"]) == "a"
    assert spoken_list(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    ("cents", "said"),
    [
        (4990, "forty nine dollars and ninety cents"),
        (100, "one dollar"),
        (101, "one dollar and one cent"),
        (125_000, "one thousand two hundred and fifty dollars"),
    ],
)
def test_money_is_said_in_dollars_and_cents(cents, said):
    assert spoken_money(cents) == said
