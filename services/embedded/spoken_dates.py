"""Dates in spoken English, and back for the ear."""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from num2words import num2words

from services.embedded.spoken_numbers import (
    ORDINALS,
    TENS,
    UNITS,
    Found,
    below_hundred,
    find_digits,
    spoken_ordinal,
)

WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_SHORT_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_ALL_MONTHS = {**_SHORT_MONTHS, "sept": 9, **MONTHS}
# After "the third": a choice out of a list, or a month in which there is no such day.
_NOT_BARE = frozenset(
    {"one", "available", "free", "slot", "appointment", "time", "opening", "of", *_ALL_MONTHS}
)


@dataclass(frozen=True)
class FoundDate:
    """A date and the half-open range of words it was said with.

    Parameters:
        start: Index of the first word.
        end: Index after the last word.
        value: The date. Said without a year, it is the next one to come.
        has_year: Whether the year was said.
        relative: Whether it was said in relation to today ("monday", "tomorrow").
    """

    start: int
    end: int
    value: date
    has_year: bool = False
    relative: bool = False


def _date_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _next_to_come(month: int, day: int, today: date) -> date | None:
    for year in range(today.year, today.year + 9):
        candidate = _date_or_none(year, month, day)
        if candidate and candidate >= today:
            return candidate
    return None


def _full_year(two_digits: int, today: date) -> int:
    century = today.year // 100 * 100
    return (
        century + two_digits if century + two_digits <= today.year else century - 100 + two_digits
    )


def _year(words: Sequence[str], index: int, today: date, *, short: bool) -> Found[int] | None:
    """ "nineteen eighty five", "two thousand and one", "1985"; with `short` also "eighty five"."""
    if index >= len(words):
        return None
    if re.fullmatch(r"(19|20)\d\d", words[index]):
        return Found(index, index + 1, int(words[index]))
    if list(words[index : index + 2]) == ["two", "thousand"]:
        at = index + 3 if words[index + 2 : index + 3] == ["and"] else index + 2
        rest = below_hundred(words, at)
        if rest and rest.value:
            return Found(index, rest.end, 2000 + rest.value)
        return Found(index, index + 2, 2000)
    if words[index] in ("nineteen", "twenty"):
        century = 1900 if words[index] == "nineteen" else 2000
        at = index + 1
        if words[at : at + 1] == ["hundred"]:
            return Found(index, at + 1, century)
        if words[at : at + 1] and words[at] in ("oh", "o") and at + 1 < len(words):
            unit = UNITS.get(words[at + 1])
            return None if unit is None else Found(index, at + 2, century + unit)
        rest = below_hundred(words, at)
        if rest and rest.value >= 10:
            return Found(index, rest.end, century + rest.value)
    if short:
        two_digits = below_hundred(words, index)
        if two_digits and (two_digits.value > 31 or words[index].isdecimal()):
            return Found(index, two_digits.end, _full_year(two_digits.value, today))
    return None


def _day_ordinal(words: Sequence[str], index: int) -> Found[int] | None:
    """ "third", "twenty third", "3rd"."""
    if index >= len(words):
        return None
    word = words[index]
    if match := re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)", word):
        return Found(index, index + 1, int(match[1]))
    if word in TENS and index + 1 < len(words) and 0 < ORDINALS.get(words[index + 1], 0) < 10:
        return Found(index, index + 2, TENS[word] + ORDINALS[words[index + 1]])
    return Found(index, index + 1, ORDINALS[word]) if word in ORDINALS else None


def _day_number(words: Sequence[str], index: int) -> Found[int] | None:
    found = _day_ordinal(words, index) or below_hundred(words, index)
    if found and found.value < 10 and index > 0 and words[index - 1] in TENS:
        return None  # the "first" of "thirty first of june", a day that there is not
    return found if found and 1 <= found.value <= 31 else None


def _dated(
    start: int, end: int, month: int, day: int, words: Sequence[str], today: date, *, short: bool
) -> FoundDate | None:
    at = end + 1 if words[end : end + 1] in (["of"], ["in"]) else end
    year = _year(words, at, today, short=short)
    if year:
        value = _date_or_none(year.value, month, day)
        return FoundDate(start, year.end, value, has_year=True) if value else None
    value = _next_to_come(month, day, today)
    return FoundDate(start, end, value) if value else None


def _day_and_month(
    words: Sequence[str], index: int, today: date, *, short: bool
) -> FoundDate | None:
    """ "the third of march [1985]", "third march"."""
    at = index + 1 if words[index] == "the" else index
    day = _day_number(words, at)
    if day is None:
        return None
    at = day.end + 1 if words[day.end : day.end + 1] == ["of"] else day.end
    month = _ALL_MONTHS.get(words[at]) if at < len(words) else None
    if month is None:
        return None
    return _dated(index, at + 1, month, day.value, words, today, short=short)


def _month_and_day(
    words: Sequence[str], index: int, today: date, *, short: bool
) -> FoundDate | None:
    """ "march third [1985]", "march the 3rd", "november twenty three"."""
    month = _ALL_MONTHS.get(words[index])
    if month is None:
        return None
    at = index + 1 + (words[index + 1 : index + 2] == ["the"])
    day = _day_number(words, at)
    if day is None:
        return None
    return _dated(index, day.end, month, day.value, words, today, short=short)


def _written(words: Sequence[str], index: int, today: date) -> FoundDate | None:
    """ "1985-03-03", "3/3/1985" and "3/3" (month first, as in the US)."""
    word = words[index]
    if match := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", word):
        value = _date_or_none(int(match[1]), int(match[2]), int(match[3]))
        return FoundDate(index, index + 1, value, has_year=True) if value else None
    if match := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d\d)", word):
        year = int(match[3]) if len(match[3]) == 4 else _full_year(int(match[3]), today)
        value = _date_or_none(year, int(match[1]), int(match[2]))
        return FoundDate(index, index + 1, value, has_year=True) if value else None
    if match := re.fullmatch(r"(\d{1,2})/(\d{1,2})", word):
        value = _next_to_come(int(match[1]), int(match[2]), today)
        return FoundDate(index, index + 1, value) if value else None
    return None


def _weekday_of(word: str) -> int | None:
    return WEEKDAYS.get(word.removesuffix("'s"))


def _weekday(words: Sequence[str], index: int, today: date, *, short: bool) -> FoundDate | None:
    """ "monday", "next tuesday", "monday the twenty third [of november]", "a week on monday"."""
    at, weeks = index, 0
    lead = words[index]
    if list(words[index : index + 3]) in (["a", "week", "on"], ["a", "week", "from"]):
        at, weeks = index + 3, 1
    elif lead in ("next", "this", "coming"):
        at = index + 1
    weekday = _weekday_of(words[at]) if at < len(words) else None
    if weekday is None:
        return None
    value = today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    if lead == "next" and value.isocalendar()[:2] == today.isocalendar()[:2]:
        value += timedelta(days=7)
    dated = _day_and_month(words, at + 1, today, short=short) if at + 1 < len(words) else None
    dated = dated or (
        _month_and_day(words, at + 1, today, short=short) if at + 1 < len(words) else None
    )
    dated = dated or (_bare_ordinal(words, at + 1, today, weekday) if at + 1 < len(words) else None)
    if dated:
        return FoundDate(index, dated.end, dated.value, dated.has_year)
    return FoundDate(index, at + 1, value + timedelta(weeks=weeks), relative=True)


def _bare_ordinal(
    words: Sequence[str], index: int, today: date, weekday: int | None = None
) -> FoundDate | None:
    """ "the twenty third": the next one to come, on that weekday where one was said."""
    if words[index] != "the":
        return None
    day = _day_ordinal(words, index + 1)
    if day is None or (words[day.end : day.end + 1] and words[day.end] in _NOT_BARE):
        return None
    candidates = [
        candidate
        for offset in range(0, 70)
        if (candidate := today + timedelta(days=offset)).day == day.value
    ]
    fitting = [c for c in candidates if weekday is None or c.weekday() == weekday]
    chosen = (fitting or candidates)[:1]
    return FoundDate(index, day.end, chosen[0]) if chosen else None


def _relative(words: Sequence[str], index: int, today: date) -> FoundDate | None:
    def found(length: int, days: int) -> FoundDate:
        return FoundDate(index, index + length, today + timedelta(days=days), relative=True)

    match list(words[index : index + 4]):
        case ["day", "after", "tomorrow", *_]:
            return found(3, 2)
        case ["tomorrow" | "tomorrow's", *_]:
            return found(1, 1)
        case ["today" | "today's" | "tonight", *_]:
            return found(1, 0)
        case ["in", "a", "week", *_]:
            return found(3, 7)
        case ["in", _, ("days" | "day" | "weeks" | "week") as unit, *_]:
            count = below_hundred(words, index + 1)
            if count:
                return found(3, count.value * (7 if unit.startswith("week") else 1))
    return None


def _all_numbers(words: Sequence[str], today: date) -> FoundDate | None:
    """ "three three eighty five", "03031985": month, day, year and nothing else."""
    runs = find_digits(words)
    if len(runs) == 1 and len(runs[0].value) == 8:
        digits = runs[0].value
        value = _date_or_none(int(digits[4:]), int(digits[:2]), int(digits[2:4]))
        if value is None:
            value = _date_or_none(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        if value:
            return FoundDate(runs[0].start, runs[0].end, value, has_year=True)
    for index in range(len(words)):
        month = below_hundred(words, index)
        day = below_hundred(words, month.end) if month else None
        year = _year(words, day.end, today, short=True) if day else None
        if month and day and year:
            value = _date_or_none(year.value, month.value, day.value)
            if value:
                return FoundDate(index, year.end, value, has_year=True)
    return None


def find_dates(words: Sequence[str], today: date, *, birth: bool = False) -> list[FoundDate]:
    """Dates in the order they are said.

    Args:
        words: Lower-case words.
        today: What "tomorrow" and "monday" are counted from.
        birth: Answers "when were you born?": years may be short ("eighty five") and a bare row of
            numbers is month, day and year.
    """
    dates: list[FoundDate] = []
    index = 0
    while index < len(words):
        found = (
            _written(words, index, today)
            or _relative(words, index, today)
            or _weekday(words, index, today, short=birth)
            or _day_and_month(words, index, today, short=birth)
            or _month_and_day(words, index, today, short=birth)
            or _bare_ordinal(words, index, today)
        )
        if found:
            dates.append(found)
        index = found.end if found else index + 1
    if birth and not any(found.has_year for found in dates):
        numbers = _all_numbers(words, today)
        return [numbers] if numbers else dates
    return dates


def spoken_year(year: int) -> str:
    """1985 -> "nineteen eighty five"."""
    return num2words(year, to="year").replace("-", " ").replace(",", "")


def spoken_date(value: date, today: date) -> str:
    """A date for the ear: "Monday, the twenty third of November".

    A date in the past, or more than ten months away, says its year in place of the weekday.
    """
    day = f"the {spoken_ordinal(value.day)} of {calendar.month_name[value.month]}"
    if timedelta(0) <= value - today <= timedelta(days=300):
        return f"{calendar.day_name[value.weekday()]}, {day}"
    return f"{day}, {spoken_year(value.year)}"
