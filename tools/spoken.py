"""How dates, times, numbers and money are said aloud."""

from collections.abc import Sequence
from datetime import date, time

from num2words import num2words


def spoken_digits(number: str) -> str:
    """`"47291"` -> "four seven two nine one". Anything but digits is left out."""
    return " ".join(num2words(int(digit)) for digit in number if digit.isdecimal())


def spoken_number(number: int) -> str:
    """`21` -> "twenty one"."""
    return num2words(number).replace("-", " ").replace(",", "")


def spoken_day(day: date, today: date) -> str:
    """`2026-11-23` -> "Monday the twenty third"; another month than today's is named."""
    words = f"{day:%A} the {_ordinal(day.day)}"
    same_month = (day.year, day.month) == (today.year, today.month)
    return words if same_month else f"{words} of {day:%B}"


def spoken_date(day: date) -> str:
    """`1980-03-05` -> "the fifth of March nineteen eighty"."""
    return f"the {_ordinal(day.day)} of {day:%B} {_year(day.year)}"


def spoken_time(moment: time) -> str:
    """`10:30` -> "ten thirty", `14:00` -> "two o'clock"; the half of the day is not said."""
    hour, minute = _clock_words(moment)
    return f"{hour} {minute}" if minute else f"{hour} o'clock"


def spoken_times(moments: Sequence[time]) -> str:
    """`[09:00, 10:30, 14:00]` -> "nine, ten thirty and two o'clock"."""
    short = [" ".join(filter(None, _clock_words(moment))) for moment in moments[:-1]]
    return spoken_list([*short, *map(spoken_time, moments[-1:])])


def spoken_list(words: Sequence[str]) -> str:
    """`["a", "b", "c"]` -> "a, b and c"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def spoken_money(cents: int) -> str:
    """`4990` -> "forty nine dollars and ninety cents"."""
    dollars, rest = divmod(cents, 100)
    words = f"{spoken_number(dollars)} {'dollar' if dollars == 1 else 'dollars'}"
    if not rest:
        return words
    return f"{words} and {spoken_number(rest)} {'cent' if rest == 1 else 'cents'}"


def _ordinal(number: int) -> str:
    return num2words(number, to="ordinal").replace("-", " ")


def _year(year: int) -> str:
    return num2words(year, to="year").replace("-", " ")


def _clock_words(moment: time) -> tuple[str, str]:
    hour = num2words(moment.hour % 12 or 12)
    if not moment.minute:
        return hour, ""
    minute = num2words(moment.minute).replace("-", " ")
    return hour, minute if moment.minute > 9 else f"oh {minute}"
