"""Values out of what callers say, and back into words for the ear."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.embedded.spoken_dates import find_dates, spoken_date
from services.embedded.spoken_numbers import (
    find_digits,
    find_integer,
    find_number,
    split_words,
    spoken_digits,
    spoken_integer,
    words_of,
)
from services.embedded.spoken_times import find_times, spoken_time
from services.embedded.spoken_values import (
    find_choice,
    find_free_text,
    find_name,
    spoken,
    yes_or_no,
)

TODAY = date(2026, 11, 21)  # a Saturday


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("four seven two nine one", "47291"),
        ("my order number is four seven two nine one", "47291"),
        ("forty seven two ninety one", "47291"),
        ("four seven two double nine", "47299"),
        ("triple oh seven", "0007"),
        ("oh four seven", "047"),
        ("four uh seven um two", "472"),
        ("seven hundred twelve", "712"),
        ("forty seven thousand two hundred ninety one", "47291"),
        ("four seven for nine one", "47491"),
        ("for seven two nine one", "47291"),
        ("four seven two nine one for my sister", "47291"),
        ("47291", "47291"),
        ("It's 47,291.", "47291"),
        ("47-291", "47291"),
        ("4 7 2 9 1", "47291"),
    ],
)
def test_digits_are_heard_however_they_are_said(said: str, digits: str):
    assert [run.value for run in find_digits(words_of(said))] == [digits]


@pytest.mark.parametrize("said", ["", "hello", "where is my order", "to whom", "for you"])
def test_words_without_digits_hold_none(said: str):
    assert find_digits(words_of(said)) == []


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("three people", 3),
        ("a couple", 2),
        ("one hundred and twenty three", 123),
        ("two thousand and one", 2001),
        ("12", 12),
        ("1,250", 1250),
    ],
)
def test_count_is_heard(said: str, value: int):
    found = find_integer(words_of(said))
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize(
    ("said", "value"),
    [("two point five", 2.5), ("two and a half", 2.5), ("49.99", 49.99), ("seven", 7.0)],
)
def test_number_with_a_fraction_is_heard(said: str, value: float):
    found = find_number(words_of(said))
    assert found is not None
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", "2026-11-21"),
        ("tomorrow", "2026-11-22"),
        ("the day after tomorrow", "2026-11-23"),
        ("monday", "2026-11-23"),
        ("on Monday, please", "2026-11-23"),
        ("saturday", "2026-11-28"),
        ("next tuesday", "2026-11-24"),
        ("a week on monday", "2026-11-30"),
        ("in two weeks", "2026-12-05"),
        ("november twenty third", "2026-11-23"),
        ("the twenty third of november", "2026-11-23"),
        ("monday the twenty third", "2026-11-23"),
        ("monday the twenty third of november", "2026-11-23"),
        ("the twenty third", "2026-11-23"),
        ("November 23rd", "2026-11-23"),
        ("11/23", "2026-11-23"),
        ("march third", "2027-03-03"),
        ("the fourth of march", "2027-03-04"),
        ("february twenty ninth", "2028-02-29"),
    ],
)
def test_coming_day_is_heard(said: str, day: str):
    assert [found.value.isoformat() for found in find_dates(words_of(said), TODAY)] == [day]


def test_next_tuesday_said_on_a_monday_is_not_tomorrow():
    monday = date(2026, 11, 23)
    values = [find_dates(words_of(s), monday)[0].value for s in ("tuesday", "next tuesday")]
    assert values == [date(2026, 11, 24), date(2026, 12, 1)]


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("the third of march nineteen eighty five", "1985-03-03"),
        ("march third nineteen eighty five", "1985-03-03"),
        ("march third two thousand one", "2001-03-03"),
        ("march the third two thousand and one", "2001-03-03"),
        ("i was born on the third of march eighty five", "1985-03-03"),
        ("march third nineteen oh five", "1905-03-03"),
        ("march third twenty ten", "2010-03-03"),
        ("three three eighty five", "1985-03-03"),
        ("oh three oh three one nine eight five", "1985-03-03"),
        ("03031985", "1985-03-03"),
        ("March 3rd, 1985", "1985-03-03"),
        ("3/3/1985", "1985-03-03"),
        ("3/14/85", "1985-03-14"),
        ("1985-03-03", "1985-03-03"),
    ],
)
def test_date_of_birth_is_heard(said: str, day: str):
    found = find_dates(words_of(said), TODAY, birth=True)
    assert [f.value.isoformat() for f in found] == [day]


@pytest.mark.parametrize("said", ["the first one", "you may", "the thirty first of june", "13/45"])
def test_words_that_name_no_day_give_none(said: str):
    assert find_dates(words_of(said), TODAY) == []


@pytest.mark.parametrize(
    ("said", "clock"),
    [
        ("ten thirty", "10:30"),
        ("half past nine", "09:30"),
        ("quarter to four", "15:45"),
        ("a quarter past eleven", "11:15"),
        ("twenty to four", "15:40"),
        ("nine a m", "09:00"),
        ("nine a.m.", "09:00"),
        ("9 AM", "09:00"),
        ("seven p m", "19:00"),
        ("seven in the morning", "07:00"),
        ("14:30", "14:30"),
        ("fourteen thirty", "14:30"),
        ("3:15", "15:15"),
        ("three o'clock", "15:00"),
        ("eight oh five", "08:05"),
        ("at four", "16:00"),
        ("noon", "12:00"),
    ],
)
def test_time_is_heard_within_opening_hours(said: str, clock: str):
    assert [f"{found.value:%H:%M}" for found in find_times(words_of(said))] == [clock]


@pytest.mark.parametrize(("said", "clock"), [("four", "16:00"), ("nine", "09:00"), ("12", "12:00")])
def test_lone_hour_counts_only_in_answer_to_the_question(said: str, clock: str):
    assert find_times(words_of(said)) == []
    assert [f"{f.value:%H:%M}" for f in find_times(words_of(said), loose=True)] == [clock]


def test_last_one_of_a_list_is_no_hour():
    assert find_times(words_of("the last one please"), loose=True) == []


@pytest.mark.parametrize(
    "said",
    [
        "yes",
        "yeah sure",
        "um yes please",
        "that's right",
        "Correct.",
        "yes that's correct",
        "no problem",
        "no that's right",
        "go ahead",
        "sounds good",
        "okay",
    ],
)
def test_caller_who_agrees_is_heard(said: str):
    assert yes_or_no(said) is True


@pytest.mark.parametrize(
    "said",
    [
        "no",
        "nope",
        "not really",
        "No, thanks.",
        "that's wrong",
        "that's not right",
        "no it's the fourth of march",
        "i don't think so",
        "no that's wrong",
    ],
)
def test_caller_who_disagrees_is_heard(said: str):
    assert yes_or_no(said) is False


@pytest.mark.parametrize("said", ["", "um", "monday", "the blue one", "where is my order"])
def test_words_that_neither_agree_nor_disagree_are_neither(said: str):
    assert yes_or_no(said) is None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("my name is john smith", "John Smith"),
        ("it's jane doe", "Jane Doe"),
        ("uh mary please", "Mary"),
        ("John Smith.", "John Smith"),
        ("this is anna o'brien", "Anna O'Brien"),
        ("yes my name is peter parker and i need", "Peter Parker"),
        ("john smith s m y t h", "John Smyth"),
        ("José García", "José García"),
        ("my name as will jones", "Will Jones"),
        ("mary jones is my name", "Mary Jones"),
    ],
)
def test_name_is_heard_without_its_lead_in(said: str, name: str):
    assert find_name(said, asked=True) == name


@pytest.mark.parametrize("said", ["i don't know", "what do you mean", "why", "", "no"])
def test_answer_that_is_no_name_gives_none(said: str):
    assert find_name(said, asked=True) is None


def test_words_are_no_name_when_nobody_asked_for_one():
    assert find_name("blue lamp", asked=False) is None
    assert find_name("blue lamp my name is ann lee", asked=False) == "Ann Lee"


@pytest.mark.parametrize(
    ("said", "label", "text"),
    [
        ("my new address is twelve main street please", "new address", "twelve main street"),
        ("12 Main Street, Springfield.", "new address", "12 Main Street, Springfield"),
        ("because it arrived broken", "reason", "it arrived broken"),
        ("well it was late, thank you", "reason", "it was late"),
        ("it is too small", "reason", "it is too small"),
        ("it's paris", "city", "paris"),
    ],
)
def test_free_text_is_taken_without_its_lead_in(said: str, label: str, text: str):
    assert find_free_text(said, label, asked=True) == text


def test_choice_is_heard_though_it_is_heard_badly():
    assert find_choice("uh express delivery", ("standard", "express")) == "express"
    assert find_choice("in the after noon", ("morning", "afternoon")) == "afternoon"
    assert find_choice("bananas", ("morning", "afternoon")) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-11-23", "Monday, the twenty third of November"),
        ("1985-03-03", "the third of March, nineteen eighty five"),
        ("10:30", "ten thirty"),
        ("16:00", "four o'clock"),
        ("47291", "four seven two nine one"),
        (True, "yes"),
        (["10:30", "11:00"], "ten thirty and eleven o'clock"),
        ("2026-99-99", "2026-99-99"),
    ],
)
def test_value_is_worded_for_the_ear(value: object, words: str):
    assert spoken(value, TODAY) == words


@given(st.text("0123456789", min_size=1, max_size=12))
def test_digits_spoken_are_heard_again(digits: str):
    assert [run.value for run in find_digits(words_of(spoken_digits(digits)))] == [digits]


@given(st.integers(0, 999_999))
def test_count_spoken_is_heard_again(value: int):
    found = find_integer(words_of(spoken_integer(value)))
    assert found is not None
    assert found.value == value


@given(st.times())
def test_time_spoken_is_heard_again(value: time):
    minute = value.replace(second=0, microsecond=0)
    assert [f.value for f in find_times(words_of(spoken_time(minute)))] == [minute]


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.dates(date(2020, 1, 1), date(2050, 1, 1)))
def test_date_spoken_is_heard_again(value: date, today: date):
    found = find_dates(words_of(spoken_date(value, today)), today)
    assert [f.value for f in found] == [value]


@given(st.integers(0, 300))
def test_coming_day_spoken_is_heard_again(days: int):
    value = TODAY + timedelta(days=days)
    assert [f.value for f in find_dates(words_of(spoken_date(value, TODAY)), TODAY)] == [value]


@given(st.text())
def test_any_text_is_taken_without_a_fault(text: str):
    words = words_of(text)
    for word in split_words(text):
        assert 0 <= word.start < word.end <= len(text)
    find_dates(words, TODAY, birth=True)
    find_times(words, loose=True)
    find_digits(words)
    find_number(words)
    yes_or_no(text)
    find_name(text, asked=True)
    find_free_text(text, "reason", asked=True)


WORDS = st.lists(
    st.sampled_from(
        "the third march of nineteen eighty five half past ten to quarter four oh two thousand "
        "and hundred double monday next a week on in days am pm at night twenty first 3/3 10:30 "
        "1985 point o'clock".split()
    ),
    max_size=9,
)


@given(WORDS)
def test_any_row_of_number_words_is_taken_without_a_fault(words: list[str]):
    find_dates(words, TODAY, birth=True)
    find_times(words, loose=True)
    find_digits(words)
    find_number(words)
