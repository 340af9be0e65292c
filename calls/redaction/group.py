"""Digits, as they are written or said: "4111", "four", "double five", "forty two"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from calls.redaction.token import Token, glued, word
from services.embedded.spoken_numbers import ORDINALS, TEENS, TENS
from services.embedded.spoken_numbers import UNITS as _UNITS

UNITS = {**_UNITS, "naught": 0, "null": 0, "nil": 0}
_REPEATS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
_TIMES = {**_REPEATS, "two": 2, "three": 3, "four": 4}
_PLURALS = {
    **{f"{name}s": value for name, value in UNITS.items()},
    "sixes": 6,
    "zeroes": 0,
}
_SCALES = {"hundred": 100, "thousand": 1000}
# Said for zero within a number, and for other things elsewhere.
WEAK = frozenset({"o", "oh", "null", "nil"})
_SUFFIXES = frozenset({"st", "nd", "rd", "th", "am", "pm", "s", "ms", "x"})

Form = Literal["digit", "small", "scale", "written", "part"]


@dataclass(frozen=True, slots=True)
class Group:
    """Digits that belong together, and the half-open range of tokens they are.

    Attributes:
        form: A digit by its name (also repeated), a number below a hundred, one above in words,
            figures, or figures that are a part of a longer name ("A3B4").
    """

    first: int
    last: int
    digits: str
    form: Form


def groups_of(tokens: Sequence[Token]) -> list[Group]:
    """Every digit or number in a text, in order."""
    groups: list[Group] = []
    index = 0
    while index < len(tokens):
        group = _group(tokens, index)
        if group:
            groups.append(group)
        index = group.last if group else index + 1
    return [group for at, group in enumerate(groups) if _is_meant(tokens, groups, at)]


def _group(tokens: Sequence[Token], at: int) -> Group | None:
    token = tokens[at]
    if token.figures:
        return _written(tokens, at)
    name, following = token.text, word(tokens, at + 1)
    if name in _TIMES and following in _PLURALS:
        return Group(at, at + 2, str(_PLURALS[following]) * _TIMES[name], "digit")
    if name in _REPEATS:
        digit = following if following.isdigit() and len(following) == 1 else UNITS.get(following)
        return (
            Group(at, at + 2, str(digit) * _REPEATS[name], "digit") if digit is not None else None
        )
    small = _below_hundred(tokens, at)
    return _scaled(tokens, small) if small else None


def _written(tokens: Sequence[Token], at: int) -> Group | None:
    before, after = glued(tokens, at - 1, at), glued(tokens, at, at + 1)
    if after and word(tokens, at + 1) in ("st", "nd", "rd", "th"):
        return None
    part = before or (after and word(tokens, at + 1) not in _SUFFIXES)
    return Group(at, at + 1, tokens[at].text, "part" if part else "written")


def _below_hundred(tokens: Sequence[Token], at: int) -> Group | None:
    name = word(tokens, at)
    if name in TENS:
        if word(tokens, at + 1) in ORDINALS:
            return None  # "twenty third"
        unit = UNITS.get(word(tokens, at + 1), 0)
        return Group(at, at + (2 if unit else 1), str(TENS[name] + unit), "small")
    if name in TEENS:
        return Group(at, at + 1, str(TEENS[name]), "small")
    return Group(at, at + 1, str(UNITS[name]), "digit") if name in UNITS else None


def _scaled(tokens: Sequence[Token], start: Group) -> Group:
    """ "four" before "thousand one hundred and eleven" is 4111."""
    total, value, end = 0, int(start.digits), start.last
    while (scale := _SCALES.get(word(tokens, end))) and value:
        if scale == 1000:
            total, value = (total + value) * 1000, 0
        else:
            value *= 100
        end += 1
        rest_at = end + 1 if word(tokens, end) == "and" else end
        rest = _below_hundred(tokens, rest_at)
        if rest is None or rest.digits == "0":
            break
        follows = _SCALES.get(word(tokens, rest.last))
        if follows == 100 and scale == 1000:
            value, end = int(rest.digits), rest.last
        elif follows is None:
            value, end = value + int(rest.digits), rest.last
            break
        else:
            break
    if end == start.last:
        return start
    return Group(start.first, end, str(total + value), "scale")


def _is_meant(tokens: Sequence[Token], groups: Sequence[Group], at: int) -> bool:
    """ "oh" is a zero next to another digit, and where nothing else is said."""
    if (
        len(tokens) == 1
        or tokens[groups[at].first].text not in WEAK
        or groups[at].last - groups[at].first > 1
    ):
        return True
    before = at > 0 and groups[at - 1].last == groups[at].first
    after = at + 1 < len(groups) and groups[at + 1].first == groups[at].last
    return before or after
