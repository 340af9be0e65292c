"""Times of day in spoken English, and back for the ear."""

import re
from collections.abc import Sequence
from datetime import time

from services.embedded.spoken_numbers import (
    ORDINALS,
    TENS,
    UNITS,
    Found,
    below_hundred,
    spoken_integer,
)

# Nobody who says "four" to a clinic or a shop means four in the morning.
OPENING_HOUR = 8

_NAMED = {"noon": time(12), "midday": time(12), "midnight": time(0)}
_BEFORE_AN_HOUR = frozenset({"at", "around", "about", "by", "after", "before", "till", "until"})
_CLOCK = frozenset({"o'clock", "oclock"})
# "The last one" is no hour.
_PICKS = frozenset(ORDINALS) | frozenset(
    "last that this which other another any each earlier later earliest latest early late".split()
)
_NOT_HOURS = frozenset({"o", "oh", "zero", "nought"})


def _half_of_day(words: Sequence[str], index: int) -> tuple[str, int]:
    """ "am", "pm" or "", and the index after what says so."""
    match list(words[index : index + 3]):
        case [("am" | "pm") as half, *_]:
            return half, index + 1
        case ["in", "the", "morning"]:
            return "am", index + 3
        case ["in", "the", ("afternoon" | "evening")]:
            return "pm", index + 3
        case ["at", "night", *_]:
            return "night", index + 2
    return "", index


def _on_the_clock(hour: int, minute: int, half: str) -> time | None:
    if minute > 59 or hour > 23:
        return None
    if half == "night":
        half = "am" if hour == 12 or hour < 6 else "pm"
    if half == "am" and hour <= 12:
        hour %= 12
    elif half == "pm" and hour <= 12:
        hour = hour % 12 + 12
    elif not half and 1 <= hour < OPENING_HOUR:
        hour += 12
    return time(hour, minute)


def _figures(words: Sequence[str], index: int, *, loose: bool) -> Found[time] | None:
    separator = "[:.]?" if loose else "[:.]"
    match = re.fullmatch(rf"(\d{{1,2}}){separator}(\d\d)", words[index])
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2])
    half, end = _half_of_day(words, index + 1)
    written_24h = len(match[1]) == 2 and match[1][0] == "0"
    value = _on_the_clock(hour, minute, half or ("am" if written_24h and hour < 12 else ""))
    return None if value is None else Found(index, end, value)


def _relative_to_hour(words: Sequence[str], index: int) -> Found[time] | None:
    """ "half past nine", "quarter to four", "twenty five minutes past ten"."""
    at = index + 1 if words[index] == "a" and index + 1 < len(words) else index
    if words[at] in ("half", "quarter"):
        minutes, at = (30 if words[at] == "half" else 15), at + 1
    else:
        count = below_hundred(words, at)
        if count is None or not 0 < count.value < 60:
            return None
        minutes, at = count.value, count.end
        if words[at : at + 1] in (["minutes"], ["minute"]):
            at += 1
    side = words[at] if at < len(words) else ""
    if side not in ("past", "after", "to", "before", "till", "of"):
        return None
    hour = below_hundred(words, at + 1)
    if hour is None or not 1 <= hour.value <= 12 or hour.end - hour.start != 1:
        return None
    half, end = _half_of_day(words, _after_clock(words, hour.end))
    base = _on_the_clock(hour.value, 0, half)
    if base is None:
        return None
    signed = minutes if side in ("past", "after") else -minutes
    total = (base.hour * 60 + signed) % (24 * 60)
    return Found(index, end, time(total // 60, total % 60))


def _after_clock(words: Sequence[str], index: int) -> int:
    if words[index : index + 1] and words[index] in _CLOCK:
        return index + 1
    return index + 2 if list(words[index : index + 2]) == ["o", "clock"] else index


def _minutes(words: Sequence[str], index: int) -> Found[int] | None:
    if words[index : index + 1] and words[index] in ("oh", "o", "zero"):
        unit = UNITS.get(words[index + 1], 0) if index + 1 < len(words) else 0
        return Found(index, index + 2, unit) if unit else None
    if index < len(words) and words[index].isdecimal() and len(words[index]) != 2:
        return None
    minutes = below_hundred(words, index)
    return minutes if minutes and 10 <= minutes.value <= 59 else None


def _hour(words: Sequence[str], index: int) -> Found[int] | None:
    word = words[index]
    if word in _NOT_HOURS or (word in TENS and word != "twenty"):
        return None
    if word == "one" and index > 0 and words[index - 1] in _PICKS:
        return None
    hour = below_hundred(words, index)
    if hour and hour.value >= 24 and word == "twenty":
        return Found(index, index + 1, 20)
    return hour if hour and 1 <= hour.value <= 23 else None


def _hour_and_minutes(words: Sequence[str], index: int, *, loose: bool) -> Found[time] | None:
    hour = _hour(words, index)
    if hour is None:
        return None
    clock_end = _after_clock(words, hour.end)
    minutes = _minutes(words, hour.end) if clock_end == hour.end else None
    end = minutes.end if minutes else clock_end
    half, half_end = _half_of_day(words, end)
    said_as_hour = index > 0 and words[index - 1] in _BEFORE_AN_HOUR
    if not (minutes or clock_end > hour.end or half or said_as_hour or loose):
        return None
    value = _on_the_clock(hour.value, minutes.value if minutes else 0, half)
    return None if value is None else Found(index, half_end, value)


def find_times(words: Sequence[str], *, loose: bool = False) -> list[Found[time]]:
    """Times of day in the order they are said.

    Hours without "a m" or "p m" fall between 8 and 19 o'clock. With `loose` a lone number is an
    hour too ("ten"), as it is in answer to "at what time?".
    """
    times: list[Found[time]] = []
    index = 0
    while index < len(words):
        if words[index] in _NAMED:
            found: Found[time] | None = Found(index, index + 1, _NAMED[words[index]])
        else:
            found = (
                _figures(words, index, loose=loose)
                or _relative_to_hour(words, index)
                or _hour_and_minutes(words, index, loose=loose)
            )
        if found:
            times.append(found)
        index = found.end if found else index + 1
    return times


def spoken_time(value: time) -> str:
    """A time for the ear: 10:30 -> "ten thirty", 16:00 -> "four o'clock", 08:05 -> "eight oh five".

    Hours at which nothing is open say the part of the day.
    """
    hour = spoken_integer((value.hour - 1) % 12 + 1)
    if value.minute == 0:
        clock = f"{hour} o'clock"
    elif value.minute < 10:
        clock = f"{hour} oh {spoken_integer(value.minute)}"
    else:
        clock = f"{hour} {spoken_integer(value.minute)}"
    if value.hour == 0:
        return f"{clock} at night"
    if value.hour < OPENING_HOUR:
        return f"{clock} in the morning"
    return f"{clock} in the evening" if value.hour >= OPENING_HOUR + 12 else clock
