"""Values for a tool's parameters, found in the caller's words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.embedded.slots import Kind, Slot
from services.embedded.spoken_dates import FoundDate, find_dates
from services.embedded.spoken_numbers import (
    Found,
    find_digits,
    find_integer,
    find_number,
    split_words,
    words_of,
)
from services.embedded.spoken_times import find_times
from services.embedded.spoken_values import (
    find_choice,
    find_free_text,
    find_name,
    slice_of,
    yes_or_no,
)


@dataclass
class _Heard:
    """The caller's words, and which of them already belong to a value."""

    text: str
    today: date
    asked: str
    taken: list[tuple[int, int]]

    def __post_init__(self) -> None:
        self.words = [word.text for word in split_words(self.text)]

    @property
    def free_words(self) -> list[str]:
        """The words, with those already taken blanked so that positions stay true."""
        return [
            "" if any(start <= at < end for start, end in self.taken) else word
            for at, word in enumerate(self.words)
        ]

    def take(self, start: int, end: int) -> None:
        self.taken.append((start, end))

    @property
    def rest(self) -> str:
        return slice_of(self.text, self.taken)


def values_in(
    text: str,
    slots: Sequence[Slot],
    *,
    asked: str,
    today: date,
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Values for the slots that the caller's words hold.

    Args:
        text: What the caller said.
        slots: The slots to look for.
        asked: Name of the slot that the caller was asked for, "" for none. Its value may be said
            without any lead-in, and it has the first pick.
        today: What "tomorrow" is counted from.
        known: Values that are already there: tells which date "the fourth of march" corrects.
    """
    # A keypad entry is digits, whatever the recogniser's words for it would be.
    heard = _Heard(re.sub(r"\bDTMF:\s*([\d*#]*)", r"\1", text).strip(), today, asked, [])
    wanted = sorted(
        (slot for slot in slots if slot.kind is not Kind.CONFIRMATION),
        key=lambda slot: slot.name != asked,
    )
    values = _dates(heard, wanted, known or {})
    for kinds, finder in (
        ((Kind.TIME,), _times),
        ((Kind.DIGITS,), _digits),
        ((Kind.INTEGER, Kind.NUMBER), _numbers),
        ((Kind.CHOICE, Kind.BOOLEAN), _choices),
        ((Kind.NAME,), _names),
        ((Kind.TEXT,), _texts),
    ):
        values |= finder(heard, [slot for slot in wanted if slot.kind in kinds])
    return values


def _dates(heard: _Heard, slots: Sequence[Slot], known: Mapping[str, Any]) -> dict[str, Any]:
    slots = [slot for slot in slots if slot.kind in (Kind.DATE, Kind.BIRTH_DATE)]
    if not slots:
        return {}
    births = [slot for slot in slots if slot.kind is Kind.BIRTH_DATE]
    asked_birth = any(slot.name == heard.asked for slot in births)
    mentions_birth = bool(births) and ("born" in heard.words or "birth" in heard.words)
    only_birth = len(births) == len(slots)
    found = find_dates(
        heard.words,
        heard.today,
        birth=asked_birth or mentions_birth or (only_birth and bool(known)),
    )
    values: dict[str, Any] = {}
    for date_said in found:
        slot = _slot_for_date(date_said, slots, values, heard, known)
        if slot is None:
            continue
        value = date_said.value
        if slot.kind is Kind.BIRTH_DATE:
            worded = _birth_date(date_said, known.get(slot.name), heard.today)
            if worded is None:
                continue
            value = worded
        values[slot.name] = value.isoformat()
        heard.take(date_said.start, date_said.end)
    return values


def _birth_date(said: FoundDate, known: object, today: date) -> date | None:
    """A correction of day and month keeps the year that is already known."""
    if said.relative:
        return None
    if said.has_year:
        return said.value if said.value <= today else None
    if not isinstance(known, str):
        return None
    try:
        return said.value.replace(year=date.fromisoformat(known).year)
    except ValueError:
        return None


def _slot_for_date(
    said: FoundDate,
    slots: Sequence[Slot],
    values: Mapping[str, Any],
    heard: _Heard,
    known: Mapping[str, Any],
) -> Slot | None:
    past = said.has_year and said.value < heard.today
    free = [slot for slot in slots if slot.name not in values]
    births = [slot for slot in free if slot.kind is Kind.BIRTH_DATE]
    others = [slot for slot in free if slot.kind is Kind.DATE]
    if past:
        return births[0] if births else (others[0] if others and not _future(others[0]) else None)
    before = heard.words[max(said.start - 5, 0) : said.start]
    if births and ("born" in before or "birth" in before):
        return births[0]
    if free and free[0].name == heard.asked:
        return free[0]
    if births and not said.relative and not said.has_year:
        for birth in births:
            value = str(known.get(birth.name, ""))
            if value and (not others or _corrects(said.value, value, heard.today)):
                return birth
    return others[0] if others else None


def _corrects(said: date, known: str, today: date) -> bool:
    """Whether a day of some year is nearer to a known date of birth than to an appointment."""
    same_month, same_day = known[5:7] == f"{said:%m}", known[8:] == f"{said:%d}"
    return same_month or same_day or (said - today).days > 60


def _future(slot: Slot) -> bool:
    return "past" not in slot.description.lower()


def _times(heard: _Heard, slots: Sequence[Slot]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for slot in slots:
        found = find_times(heard.free_words, loose=slot.name == heard.asked)
        if found:
            # "not at ten, at eleven": the last one said is the one meant.
            best = found[-1] if slot.name == heard.asked or len(slots) == 1 else found[0]
            values[slot.name] = best.value.strftime("%H:%M")
            heard.take(best.start, best.end)
    return values


def _digits(heard: _Heard, slots: Sequence[Slot]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for slot in slots:
        fewest, most = slot.digits
        if slot.name != heard.asked:
            fewest = max(fewest, 3)
        runs = _runs(heard.free_words, fewest, most)
        if not runs and slot.name == heard.asked:
            runs = _runs(heard.free_words, fewest, most, loose=True)
        if runs:
            # "One two three, no, one two four": the last one said is the one meant.
            best = max(reversed(runs), key=lambda run: len(run.value))
            values[slot.name] = best.value
            heard.take(best.start, best.end)
    return values


def _runs(words: Sequence[str], fewest: int, most: int, *, loose: bool = False) -> list[Found[str]]:
    return [run for run in find_digits(words, loose=loose) if fewest <= len(run.value) <= most]


def digits_so_far(text: str, before: str, slot: Slot) -> str:
    """The digits of a number that comes in pieces: those before, and those in the words."""
    runs = find_digits(words_of(text), loose=True)
    digits = before + "".join(run.value for run in runs)
    return digits if runs and len(digits) <= slot.digits[1] else ""


def _numbers(heard: _Heard, slots: Sequence[Slot]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for slot in slots:
        words = heard.free_words
        found = find_integer(words) if slot.kind is Kind.INTEGER else find_number(words)
        if found is None:
            continue
        nearby = words[found.end : found.end + 2] + words[max(found.start - 3, 0) : found.start]
        about = {word.rstrip("s") for word in slot.label.split()}
        if slot.name == heard.asked or any(word.rstrip("s") in about for word in nearby if word):
            values[slot.name] = found.value
            heard.take(found.start, found.end)
    return values


def _choices(heard: _Heard, slots: Sequence[Slot]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for slot in slots:
        if slot.kind is Kind.CHOICE:
            choice = find_choice(heard.text, slot.choices)
            if choice is not None:
                values[slot.name] = choice
        elif slot.name == heard.asked and (agreed := yes_or_no(heard.text)) is not None:
            values[slot.name] = agreed
    return values


def _names(heard: _Heard, slots: Sequence[Slot]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for slot in slots[:1]:
        name = find_name(heard.rest, asked=slot.name == heard.asked)
        if name:
            values[slot.name] = name
            return values
    return values


def _texts(heard: _Heard, slots: Sequence[Slot]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for slot in slots:
        text = heard.rest if heard.taken and slot.name != heard.asked else heard.text
        value = find_free_text(text, slot.label, asked=slot.name == heard.asked)
        if value:
            values[slot.name] = value
    return values
