"""Dates while the talk is of somebody's birth: any piece of one counts."""

from collections.abc import Iterator, Sequence

from calls.redaction.day import MONTH_NAMES
from calls.redaction.found import Found
from calls.redaction.group import groups_of
from calls.redaction.token import Token
from services.embedded.spoken_numbers import ORDINALS, TENS

_MASK = "[date of birth]"
_LINKS = frozenset("of the in on and day month year st nd rd th".split())
_BORN = frozenset("born birth birthday dob birthdate".split())
# The bot's sentence may go on with the day of an appointment.
_NEAR_BORN = 5
# "may" and "march" are other words as well, "second" and "one" too.
_AMBIGUOUS = frozenset({"may", "march", "sun", "second", "one", "mar", "dec"})
_OTHERWISE = frozenset("moment second minute that this the".split())


def birth_dates(tokens: Sequence[Token], *, who: str, asked: bool) -> Iterator[Found]:
    """Dates and pieces of them.

    Parameters:
        who: The bot's words count only next to "born", unless it repeats a piece.
        asked: The bot asked for a date of birth.
    """
    numbers = {at for group in groups_of(tokens) for at in range(group.first, group.last)}
    index = 0
    while index < len(tokens):
        end, weight, sure = _sequence(tokens, index, numbers)
        alone = weight == 1 and end - index == len(tokens)
        near = any(token.text in _BORN for token in tokens[max(index - _NEAR_BORN, 0) : index])
        counts = sure or weight > 1 or alone
        if who == "bot":
            counts = (weight > 1 and (near or asked)) or (alone and asked)
        elif not asked:
            counts = counts and any(token.text in _BORN for token in tokens)
        if weight and counts:
            yield Found(tokens[index].start, tokens[end - 1].end, _MASK)
        index = max(end, index + 1)


def short_year(tokens: Sequence[Token]) -> Iterator[Found]:
    """The year that follows a day and month of the turn before."""
    groups = groups_of(tokens)
    if groups and len(tokens) - (groups[0].last - groups[0].first) <= 3:
        digits = groups[0].digits
        if len(digits) == 4 or (len(digits) == 2 and int(digits) > 31):
            yield Found(tokens[groups[0].first].start, tokens[groups[0].last - 1].end, _MASK)


def _sequence(tokens: Sequence[Token], start: int, numbers: set[int]) -> tuple[int, int, bool]:
    """Index after a row of pieces, how many there are, and whether one is nothing else."""
    end, weight, sure, at = start, 0, False, start
    while at < len(tokens):
        name = tokens[at].text
        of_date = at in numbers or name in MONTH_NAMES or name in ORDINALS or name in TENS
        if of_date:
            following = tokens[at + 1].text if at + 1 < len(tokens) else ""
            before = tokens[at - 1].text if at else ""
            other = name in _AMBIGUOUS and (following in _OTHERWISE or before in _OTHERWISE)
            weight += not other or weight > 0
            sure = sure or name not in _AMBIGUOUS
            end = at + 1
        elif name not in _LINKS or not weight:
            break
        at += 1
    return end, weight, sure
