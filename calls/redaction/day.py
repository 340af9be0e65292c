"""Dates, written and said, and which of them may be a date of birth."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from calls.redaction.token import Token, glued, word
from services.embedded.spoken_dates import MONTHS
from services.embedded.spoken_numbers import ORDINALS, TEENS, TENS, UNITS

# A date this many years back may be somebody's birth; younger ones are orders and visits.
_YOUNGEST, _OLDEST = 5, 120
MONTH_NAMES = {
    **MONTHS,
    **{name[:3]: number for name, number in MONTHS.items()},
    "sept": 9,
}
_LINKS = frozenset({"of", "the", "in", "on", "day", "month", "year", "and", "de", "del"})
_LONGEST_GAP = 2
_WRITTEN = re.compile(
    r"(?<![\d/.-])(?P<a>\d{4}|\d{1,2})(?P<s>\s?[-/.–—\\]\s?)(?P<b>\d{1,2})(?:\s?[-/.–—\\]\s?)"
    r"(?P<c>\d{4}|\d{2})(?!\d|[/-]\d)"
)
_MACHINE = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)"
    r"(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)"
)


@dataclass(frozen=True, slots=True)
class Day:
    """A date, or the day and month of one.

    Attributes:
        start: Position in the text.
        end: Position after it.
        old: So long ago that somebody may be born on it.
        whole: Has a year.
        form: With the name of a month, in figures as programs write it, or in other figures.
    """

    start: int
    end: int
    old: bool
    whole: bool
    form: Literal["named", "iso", "figures"]


def is_old(year: int, today: date) -> bool:
    return _YOUNGEST <= today.year - year <= _OLDEST


def days(text: str, tokens: Sequence[Token], today: date, *, birth: bool) -> Iterator[Day]:
    """Every date in a text.

    Parameters:
        birth: The talk is of a birth: a short year may be any ("oh three").
    """
    for match in _MACHINE.finditer(text):
        yield Day(match.start(), match.end(), is_old(int(match["y"]), today), True, "iso")
    for match in _WRITTEN.finditer(text):
        if years := _years_written(match["a"], match["b"], match["c"], today):
            old = any(is_old(year, today) for year in years)
            yield Day(match.start(), match.end(), old, True, "figures")
    index = 0
    while index < len(tokens):
        day = _named(tokens, index, today, birth=birth)
        if day:
            last, year = day
            old = year is not None and is_old(year, today)
            yield Day(tokens[index].start, tokens[last - 1].end, old, year is not None, "named")
        index = day[0] if day else index + 1


def _years_written(a: str, b: str, c: str, today: date) -> list[int]:
    """The years that "5/3/81", "3.5.1981" and "1981-5-3" may be of."""
    one, two, three = int(a), int(b), int(c)
    if len(a) == 4:
        return [one] if 1 <= two <= 12 and 1 <= three <= 31 else []
    years = []
    if (one <= 12 and 1 <= two <= 31 and one) or (two <= 12 and 1 <= one <= 31 and two):
        years.append(three if len(c) == 4 else _century(three, today))
    if not years and len(c) == 2 and 1 <= two <= 12 and 1 <= three <= 31:
        years.append(_century(one, today))
    return years


def _century(short: int, today: date) -> int:
    """The year that "81" means of somebody alive."""
    year = today.year // 100 * 100 + short
    return year if year <= today.year else year - 100


def _named(
    tokens: Sequence[Token], at: int, today: date, *, birth: bool
) -> tuple[int, int | None] | None:
    """Index after a date with a month's name that begins at `at`, and its year if it has one."""
    first = _month(tokens, at)
    if first:
        if (day := day_of_month(tokens, gap(tokens, first))) and not _is_time(tokens, day):
            return _with_year(tokens, day, today, birth=birth)
        year = year_of(tokens, gap(tokens, first), today, short=False)
        return year if year and birth else None
    if day := day_of_month(tokens, at):
        month = _month(tokens, gap(tokens, day))
        return _with_year(tokens, month, today, birth=birth) if month else None
    if year := year_of(tokens, at, today, short=False):
        after = gap(tokens, year[0])
        if month := _month(tokens, after):
            day = day_of_month(tokens, gap(tokens, month))
            return (day, year[1]) if day else None
        day = day_of_month(tokens, after)
        month = _month(tokens, gap(tokens, day)) if day else 0
        return (month, year[1]) if month else None
    return None


def _with_year(
    tokens: Sequence[Token], end: int, today: date, *, birth: bool
) -> tuple[int, int | None]:
    year = year_of(tokens, gap(tokens, end), today, short=True, any_short=birth)
    return year or (end, None)


def gap(tokens: Sequence[Token], at: int) -> int:
    """Past "of", "the" and their like."""
    end = at
    while word(tokens, end) in _LINKS and end - at < _LONGEST_GAP:
        end += 1
    return end


def _month(tokens: Sequence[Token], at: int) -> int:
    return at + 1 if word(tokens, at) in MONTH_NAMES else 0


def _is_time(tokens: Sequence[Token], after: int) -> bool:
    return word(tokens, after) in ("am", "pm", "o'clock")


def day_of_month(tokens: Sequence[Token], at: int) -> int:
    """Index after "third", "3rd", "twenty third", "23"; 0 where there is none."""
    name = word(tokens, at)
    if not name:
        return 0
    if name.isdigit():
        if not (len(name) <= 2 and 1 <= int(name) <= 31):
            return 0
        suffixed = glued(tokens, at, at + 1) and word(tokens, at + 1) in ("st", "nd", "rd", "th")
        return at + 2 if suffixed else at + 1
    following = word(tokens, at + 1)
    if name in ("twenty", "thirty") and (
        0 < ORDINALS.get(following, 0) < 10 or 0 < UNITS.get(following, 0) < 10
    ):
        return at + 2
    if name in ("oh", "zero") and 0 < UNITS.get(following, 0) < 10:
        return at + 2
    is_day = name in ORDINALS or name in TEENS or name in ("twenty", "thirty")
    return at + 1 if is_day or 0 < UNITS.get(name, 0) < 10 else 0


def year_of(
    tokens: Sequence[Token], at: int, today: date, *, short: bool, any_short: bool = False
) -> tuple[int, int] | None:
    """Index after a year and the year.

    Parameters:
        short: "eighty one" is one too, and with `any_short` also "oh three" and "24".
    """
    name, following = word(tokens, at), word(tokens, at + 1)
    if name.isdigit():
        if len(name) == 4 and 1880 <= int(name) <= 2100:
            return at + 1, int(name)
        if len(name) == 2 and short and (any_short or int(name) > 31):
            return at + 1, _century(int(name), today)
        return None
    if name == "two" and following == "thousand":
        rest_at = at + 3 if word(tokens, at + 2) == "and" else at + 2
        rest = _two_digits(tokens, rest_at)
        return (rest[0], 2000 + rest[1]) if rest else (at + 2, 2000)
    if name in ("eighteen", "nineteen", "twenty"):
        century = {"eighteen": 1800, "nineteen": 1900, "twenty": 2000}[name]
        rest_at = at + 1
        if following == "hundred":
            rest_at = at + 3 if word(tokens, at + 2) == "and" else at + 2
            rest = _two_digits(tokens, rest_at)
            return (rest[0], century + rest[1]) if rest else (at + 2, century)
        rest = _two_digits(tokens, rest_at)
        if rest and (rest[1] >= 10 or following in ("oh", "o", "zero")):
            return rest[0], century + rest[1]
    if short and (rest := _two_digits(tokens, at)) and (any_short or rest[1] > 31):
        return rest[0], _century(rest[1], today)
    return None


def _two_digits(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    name, following = word(tokens, at), word(tokens, at + 1)
    if name in TENS:
        unit = UNITS.get(following, 0)
        return at + (2 if unit else 1), TENS[name] + unit
    if name in ("oh", "o", "zero") and following in UNITS:
        return at + 2, UNITS[following]
    value = TEENS.get(name, UNITS.get(name))
    if name.isdigit() and len(name) <= 2:
        value = int(name)
    return (at + 1, value) if value is not None else None
