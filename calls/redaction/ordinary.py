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
    " volts inch inches foot feet cm mm km kg g gram grams kilo kilos meter meters metre metres"
    " mile miles liter liters litre litres ms s hz khz mb kb gb bytes characters chars tokens"
    " frames messages calls turns items samples x usd eur gbp".split()
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
    r"|(?<![\d.,-])\d{1,3}(?:[.,]\d{3})*(?:[.,]\d\d?)?\s?"
    r"(?:[$€£¥%°]|(?:dollars?|euros?|pounds?|percent|usd|eur|gbp)\b)",
    re.ASCII | re.IGNORECASE,
)
_BARE_AMOUNT = re.compile(r"(?<![\d.,-])\d{1,4}[.,]\d{1,2}(?![\d-]|[.,]\d)", re.ASCII)
_MEASURED = re.compile(r"(?<![\d.,-])\d{1,3}\.\d+(?:e-?\d+)?\s?(?:s|ms|seconds)\b", re.ASCII)
_FRACTION = re.compile(r"(?<![\d.,-])\d{1,3}\.\d+(?:e-?\d+)?(?![\d.-])", re.ASCII)
# Where this process listens.
_OWN_ADDRESS = re.compile(r"(?<![\d.])(?:127\.0\.0\.1|0\.0\.0\.0)(?:\W{1,4}\d{2,5})?(?![\d.])")
_EMERGENCY = frozenset({"911", "112", "999", "988", "000"})
_BEFORE_EMERGENCY = frozenset({"call", "calling", "dial", "ring", "dialling", "dialing", "phone"})
_BEFORE_YEAR = frozenset("in since until year of for".split())
_NEAR_YEARS = 5

Span = tuple[int, int]


def is_time_talk(text: str) -> bool:
    """Whether a sentence is about times of the day."""
    return bool(_TIME_TALK.search(text))


def written(text: str, *, machine: bool, clocks: bool, amounts: bool) -> Iterator[Span]:
    """Clock times and amounts in figures, as positions in the text.

    Parameters:
        machine: The text is a program's, where fractions are measurements.
        clocks: "14:37" is a time.
        amounts: "82.24" is an amount, also without a currency.
    """
    patterns = [_AMOUNT]
    patterns += [_CLOCK] if clocks else []
    patterns += [_BARE_AMOUNT] if amounts else []
    patterns += [_MEASURED, _OWN_ADDRESS] if machine else []
    patterns += [_FRACTION] if machine and amounts else []
    for pattern in patterns:
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
    emergency = digits in _EMERGENCY and before in _BEFORE_EMERGENCY
    # "2 x" is an amount, "415 x 555" is not.
    is_times = word(tokens, last) == "x"
    measured = _unit_follows(tokens, last) and not (is_times and (dictated or len(digits) > 2))
    if emergency or (len(run) <= 2 and measured):
        is_ordinary = True
    elif len(run) == 1 and len(digits) <= 2:
        cued = times or (before in _BEFORE_TIME and not dictated)
        is_ordinary = cued and 0 < int(digits) <= 24
    elif _clocks(tokens, run):
        # A caller names one time or two; a row of them is rather a number in pairs.
        is_ordinary = len(run) <= 4 and (times or _is_cued(tokens, first, last))
    elif dictated:
        is_ordinary = False
    elif _is_near_year(tokens, first, last, today):
        is_ordinary = run[0].form == "scale" or before in _BEFORE_YEAR or before in MONTH_NAMES
    else:
        is_round = len(digits) < 4 or digits.endswith("00")
        is_ordinary = len(run) == 1 and run[0].form == "scale" and is_round
    if is_ordinary:
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
