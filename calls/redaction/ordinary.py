"""Numbers that are nobody's: times, amounts, years, the emergency call."""

import re
from collections.abc import Iterator, Sequence
from datetime import date

from calls.redaction.day import MONTH_NAMES, year_of
from calls.redaction.group import Group
from calls.redaction.token import Token, word
from services.embedded.spoken_dates import WEEKDAYS

UNITS_OF_MEASURE = frozenset(
    "dollar dollars cent cents euro euros pound pounds buck bucks percent degrees am pm o'clock"
    " oclock second seconds minute minutes hour hours day days week weeks month months year years"
    " time times people persons guests items pieces lamps lamp chairs bottles boxes watt watts volt"
    " volts inch inches foot feet cm mm km kg g gram grams kilo kilos meter meters metre metres mile"
    " miles liter liters litre litres ms s hz khz mb kb gb bytes characters chars tokens frames"
    " messages calls turns items samples x usd eur gbp".split()
)
_BEFORE_TIME = frozenset(
    "at past to till until by around about before after from between half quarter"
    " o'clock appointment".split()
)
_AFTER_TIME = frozenset("would works work suits suit sounds".split())
_TIME_TALK = re.compile(
    r"\b(o'?clock|half past|quarter (?:past|to)|what time|which time|times?|morning|afternoon"
    r"|evening|noon|free|available|appointment|slot|suits?|earliest|latest|hours|open)\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?<![\d:.])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?![\d:]|[.-]\d)", re.ASCII
)
_AMOUNT = re.compile(
    r"[$€£¥]\s?\d{1,3}(?:,\d{3})*(?:\.\d\d?)?(?![\d,.-]\d|\d)"
    r"|(?<![\d.,-])\d{1,4}[.,]\d{1,2}(?![\d-]|[.,]\d)"
    r"|(?<![\d.,-])\d{1,3}(?:[.,]\d{3})*(?:[.,]\d\d?)?\s?[$€£¥%°]",
    re.ASCII,
)
_FRACTION = re.compile(r"(?<![\d.,-])\d{1,3}\.\d+(?:e-?\d+)?(?![\d.-])", re.ASCII)
_EMERGENCY = frozenset({"911", "112", "999", "988", "000"})
_BEFORE_EMERGENCY = frozenset({"call", "calling", "dial", "ring", "dialling", "dialing", "phone"})
_NEAR_YEARS = 5

Span = tuple[int, int]


def is_time_talk(text: str) -> bool:
    """Whether a sentence is about times of the day."""
    return bool(_TIME_TALK.search(text))


def written(text: str, *, machine: bool) -> Iterator[Span]:
    """Clock times and amounts in figures, as positions in the text.

    Parameters:
        machine: The text is a program's, where fractions are measurements.
    """
    for pattern in (_CLOCK, _AMOUNT, *([_FRACTION] if machine else [])):
        yield from (match.span() for match in pattern.finditer(text))


def ordinary(
    tokens: Sequence[Token], groups: Sequence[Group], today: date, *, times: bool, dictated: bool
) -> Iterator[Span]:
    """Ordinary numbers as half-open ranges of tokens.

    Parameters:
        times: The talk is of times, so that "ten thirty" is one.
        dictated: The caller is giving a number, so that "two thousand" is a part of it.
    """
    at = 0
    while at < len(groups):
        after = _run_end(groups, at)
        run = groups[at:after]
        yield from _in_run(tokens, run, today, times=times, dictated=dictated)
        at = after


def _run_end(groups: Sequence[Group], at: int) -> int:
    end = at + 1
    while end < len(groups) and groups[end].first == groups[end - 1].last:
        end += 1
    return end


def _in_run(
    tokens: Sequence[Token], run: Sequence[Group], today: date, *, times: bool, dictated: bool
) -> Iterator[Span]:
    first, last = run[0].first, run[-1].last
    digits = "".join(group.digits for group in run)
    before = word(tokens, first - 1)
    if len(run) <= 2 and _unit_follows(tokens, last):
        yield first, last
    elif digits in _EMERGENCY and before in _BEFORE_EMERGENCY:
        yield first, last
    elif len(run) == 1 and run[0].form == "scale" and not dictated:
        if len(digits) < 4 or digits.endswith("00") or _is_near_year(tokens, first, last, today):
            yield first, last
    elif _clocks(tokens, run) and (times or _is_cued(tokens, first, last)):
        # A caller names one time or two; a row of them is rather a number in pairs.
        if len(run) <= 4:
            yield first, last
    elif len(run) == 1 and len(digits) <= 2 and before in _BEFORE_TIME and int(digits) <= 24:
        yield first, last
    elif not dictated and _is_near_year(tokens, first, last, today) and _about_a_year(before):
        yield first, last


def _is_cued(tokens: Sequence[Token], first: int, last: int) -> bool:
    before = word(tokens, first - 1)
    return before in _BEFORE_TIME or before in WEEKDAYS or word(tokens, last) in _AFTER_TIME


def _unit_follows(tokens: Sequence[Token], at: int) -> bool:
    if word(tokens, at) in ("a", "p") and word(tokens, at + 1) == "m":
        return True
    return word(tokens, at) in UNITS_OF_MEASURE


def _clocks(tokens: Sequence[Token], run: Sequence[Group]) -> bool:
    """Whether the groups are times one after the other: "ten thirty", "nine oh five, two"."""
    at = 0
    while at < len(run):
        if tokens[run[at].first].text in ("oh", "o"):
            return False
        if not (run[at].form in ("digit", "small") and 1 <= int(run[at].digits) <= 12):
            return False
        at += 1
        if at >= len(run):
            return len(run) > 1
        if run[at].form == "small" and 10 <= int(run[at].digits) <= 59:
            at += 1
        elif tokens[run[at].first].text in ("oh", "o") and at + 1 < len(run):
            at += 2
        else:
            return False
    return True


def _is_near_year(tokens: Sequence[Token], first: int, last: int, today: date) -> bool:
    year = year_of(tokens, first, today, short=False)
    return year is not None and year[0] == last and abs(year[1] - today.year) <= _NEAR_YEARS


def _about_a_year(before: str) -> bool:
    return before in ("in", "since", "until", "year", "of", "for") or before in MONTH_NAMES
