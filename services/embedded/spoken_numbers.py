"""Numbers in spoken English: words to digits and integers, and back for the ear."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from num2words import num2words

V = TypeVar("V")

UNITS = {
    "zero": 0,
    "oh": 0,
    "o": 0,
    "nought": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "niner": 9,
}
TEENS = {num2words(value): value for value in range(10, 20)}
TENS = {num2words(value): value for value in range(20, 100, 10)}
ORDINALS = {num2words(value, to="ordinal"): value for value in (*range(1, 20), 20, 30)}

# What a recogniser writes for a digit when it takes it for another word.
HOMOPHONES = {
    "for": 4,
    "fore": 4,
    "to": 2,
    "too": 2,
    "ate": 8,
    "won": 1,
    "wan": 1,
    "tree": 3,
    "free": 3,
    "sex": 6,
    "sicks": 6,
    "nein": 9,
    "fife": 5,
}
HESITATIONS = frozenset({"uh", "um", "er", "erm", "ah", "eh", "hm", "hmm", "mm", "well", "like"})
_REPEATS = {"double": 2, "triple": 3, "treble": 3}
_SCALES = ("hundred", "thousand")

_TOKEN = re.compile(
    r"\d{1,3}(?:,\d{3})+\b|\d{1,2}:\d\d(?!\d)|\d+(?:[/.-]\d+)+|\d+(?:st|nd|rd|th)\b|\d+|[^\W\d_]+(?:'[^\W\d_]+)*"
)


@dataclass(frozen=True)
class Found(Generic[V]):
    """A value and the half-open range of words that it was said with."""

    start: int
    end: int
    value: V


@dataclass(frozen=True)
class Word:
    """A lower-case word and where it stands in the text it came from (character positions)."""

    text: str
    start: int
    end: int


def split_words(text: str) -> list[Word]:
    """Split spoken or formatted text into words; positions refer to `text` itself."""
    plain = text.replace("’", "'")
    words = [
        Word(match.group().lower().replace(",", ""), match.start(), match.end())
        for match in _TOKEN.finditer(plain)
    ]
    return _joined_half_days(words)


def _joined_half_days(words: Sequence[Word]) -> list[Word]:
    """Write "a.m." and "9 a m" as one word; letters of a spelled name are left alone."""
    joined: list[Word] = []
    index = 0
    while index < len(words):
        word = words[index]
        following = words[index + 1] if index + 1 < len(words) else None
        if (
            word.text in ("a", "p")
            and following is not None
            and following.text == "m"
            and joined
            and _may_precede_half_day(joined[-1].text)
        ):
            joined.append(Word(word.text + "m", word.start, following.end))
            index += 2
            continue
        joined.append(word)
        index += 1
    return joined


def _may_precede_half_day(word: str) -> bool:
    return (
        word[0].isdecimal()
        or word in UNITS
        or word in TEENS
        or word in TENS
        or word in ("clock", "o'clock", "oclock")
    )


def words_of(text: str) -> list[str]:
    """The lower-case words of a text."""
    return [word.text for word in split_words(text)]


def below_hundred(words: Sequence[str], index: int) -> Found[int] | None:
    """A number from 0 to 99 that starts at `index`, as words or figures."""
    if index >= len(words):
        return None
    word = words[index]
    if word.isdecimal() and len(word) <= 2:
        return Found(index, index + 1, int(word))
    if word in TENS:
        unit = UNITS.get(words[index + 1], 0) if index + 1 < len(words) else 0
        return Found(index, index + (2 if unit else 1), TENS[word] + unit)
    value = TEENS.get(word, UNITS.get(word))
    return None if value is None else Found(index, index + 1, value)


def cardinal(words: Sequence[str], index: int) -> Found[int] | None:
    """A whole number that starts at `index`: "four thousand two hundred and one", "4201"."""
    if index >= len(words):
        return None
    if words[index].isdecimal() and len(words[index]) > 2:
        return Found(index, index + 1, int(words[index]))
    total = 0
    group = below_hundred(words, index)
    if group is None and words[index] == "a" and words[index + 1 : index + 2] == ["hundred"]:
        group = Found(index, index + 1, 1)
    if group is None:
        return None
    value, end = group.value, group.end
    while end < len(words):
        word = words[end]
        if word == "hundred" and 0 < value % 1000 < 100:
            value, end = value * 100, end + 1
        elif word == "thousand" and 0 < value < 1000 and not total:
            total, value, end = value * 1000, 0, end + 1
        else:
            break
        rest_at = end + 1 if words[end : end + 1] == ["and"] else end
        rest = below_hundred(words, rest_at)
        if rest is None or rest.value == 0 or (rest_at > end and rest.value > 99):
            continue
        value, end = value + rest.value, rest.end
    return Found(index, end, total + value)


def find_integer(words: Sequence[str]) -> Found[int] | None:
    """The first whole number in the words, or None."""
    for index in range(len(words)):
        if words[index] == "couple":
            return Found(index, index + 1, 2)
        if found := cardinal(words, index):
            return found
    return None


def find_number(words: Sequence[str]) -> Found[float] | None:
    """The first number in the words, decimals included ("two point five", "49.99"), or None."""
    for index, word in enumerate(words):
        if re.fullmatch(r"\d+\.\d+", word):
            return Found(index, index + 1, float(word))
        whole = cardinal(words, index)
        if whole is None:
            continue
        if words[whole.end : whole.end + 3] == ["and", "a", "half"]:
            return Found(index, whole.end + 3, whole.value + 0.5)
        if words[whole.end : whole.end + 1] == ["point"]:
            decimals = find_digits(words[whole.end + 1 :])
            if decimals and decimals[0].start == 0:
                end = whole.end + 1 + decimals[0].end
                return Found(index, end, float(f"{whole.value}.{decimals[0].value}"))
        return Found(index, whole.end, float(whole.value))
    return None


def _digit_group(words: Sequence[str], index: int) -> Found[str] | None:
    word = words[index]
    if word in _REPEATS and index + 1 < len(words):
        repeated = words[index + 1]
        digit = int(repeated) if repeated.isdecimal() else UNITS.get(repeated)
        if digit is not None and digit < 10:
            return Found(index, index + 2, str(digit) * _REPEATS[word])
    if re.fullmatch(r"\d+(?:[.-]\d+)*", word):
        return Found(index, index + 1, re.sub(r"\D", "", word))
    whole = cardinal(words, index)
    if whole is None:
        return None
    if any(scale in words[index : whole.end] for scale in _SCALES):
        return Found(index, whole.end, str(whole.value))
    small = below_hundred(words, index)
    return None if small is None else Found(index, small.end, str(small.value))


def find_digits(words: Sequence[str], *, loose: bool = False) -> list[Found[str]]:
    """Runs of digits, however they are said.

    "four seven two nine one", "forty seven two ninety one", "double seven", "47-291". A word that
    only sounds like a digit counts inside a run ("seven for two") or when it opens the sentence;
    with `loose` also at the ends of a run ("it's for seven to nine won").
    """
    if loose:
        return find_digits(_with_homophones_as_digits(words))
    runs: list[Found[str]] = []
    index = 0
    while index < len(words):
        start, digits, end = index, "", index
        opens = index == 0 and words[0] in HOMOPHONES and len(words) > 2
        if opens and UNITS.get(words[1]) != HOMOPHONES[words[0]] and _digit_group(words, 1):
            digits, end = str(HOMOPHONES[words[0]]), 1
        while end < len(words):
            if group := _digit_group(words, end):
                digits, end = digits + group.value, group.end
                continue
            if not digits or end + 1 >= len(words) or not _digit_group(words, end + 1):
                break
            if words[end] in HOMOPHONES:
                digits, end = digits + str(HOMOPHONES[words[end]]), end + 1
            elif words[end] in HESITATIONS or words[end] in ("and", "then", "dash"):
                end += 1
            else:
                break
        if digits:
            runs.append(Found(start, end, digits))
        index = max(end, index + 1)
    return runs


def _with_homophones_as_digits(words: Sequence[str]) -> list[str]:
    written = [str(HOMOPHONES.get(word, word)) for word in words]
    meant = [*words]
    # From a real digit outwards: "to" in "to the office" has no digit next to it.
    for order in (range(len(words)), reversed(range(len(words)))):
        for at in order:
            near = meant[max(at - 1, 0) : at + 2]
            if meant[at] in HOMOPHONES and any(word in UNITS or word.isdecimal() for word in near):
                meant[at] = written[at]
    return meant


def spoken_digits(digits: str) -> str:
    """Digits one by one: "47291" -> "four seven two nine one". Other characters are left out."""
    return " ".join(num2words(int(digit)) for digit in digits if digit in "0123456789")


def spoken_integer(value: int) -> str:
    """A whole number in words without hyphens or commas: 123 -> "one hundred and twenty three"."""
    return num2words(value).replace("-", " ").replace(",", "")


def spoken_ordinal(value: int) -> str:
    """23 -> "twenty third"."""
    return num2words(value, to="ordinal").replace("-", " ")
