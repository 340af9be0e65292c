"""A tool's parameters as questions to a caller: what kind of value each takes, and how to find it
in the caller's words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema

from services.embedded.spoken_dates import FoundDate, find_dates
from services.embedded.spoken_numbers import (
    UNITS,
    find_digits,
    find_integer,
    find_number,
    split_words,
    words_of,
)
from services.embedded.spoken_times import find_times
from services.embedded.spoken_values import (
    asks_for_a_story,
    find_choice,
    find_free_text,
    find_name,
    slice_of,
    yes_or_no,
)


class Kind(Enum):
    """What a parameter takes."""

    CONFIRMATION = auto()
    BOOLEAN = auto()
    DATE = auto()
    BIRTH_DATE = auto()
    TIME = auto()
    DIGITS = auto()
    INTEGER = auto()
    NUMBER = auto()
    CHOICE = auto()
    NAME = auto()
    TEXT = auto()


@dataclass(frozen=True)
class Slot:
    """One parameter of a tool.

    Parameters:
        name: The parameter's name.
        kind: What it takes.
        description: Its description in the tool's docstring.
        required: Whether the tool cannot be called without it.
        choices: The values a CHOICE takes.
        digits: Fewest and most digits of a DIGITS slot.
    """

    name: str
    kind: Kind
    description: str = ""
    required: bool = True
    choices: tuple[str, ...] = ()
    digits: tuple[int, int] = (1, 30)

    @property
    def label(self) -> str:
        """The parameter's name in words: "date of birth"."""
        return self.name.replace("_", " ").strip()

    @property
    def is_story(self) -> bool:
        """Whether callers tell what happened, rather than name something."""
        return self.kind is Kind.TEXT and asks_for_a_story(self.label)


_DIGIT_COUNT = re.compile(r"(\w+)(?:(?:\s+to\s+|\s*-\s*|\s+or\s+)(\w+))?[\s-]+digits?\b")


def _count(word: str | None) -> int | None:
    if word is None:
        return None
    return int(word) if word.isdecimal() else {**UNITS, "ten": 10}.get(word)


def _digit_limits(description: str) -> tuple[int, int]:
    match = _DIGIT_COUNT.search(description.lower())
    fewest = _count(match[1]) if match else None
    if match is None or fewest is None:
        return (1, 30)
    return (fewest, _count(match[2]) or fewest)


def _schema_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of an optional parameter's schema that is not null."""
    for option in schema.get("anyOf", ()):
        if option.get("type") != "null":
            return {**option, "description": schema.get("description", "")}
    return schema


def _string_kind(name: str, description: str) -> Kind:
    about = set(re.split(r"[\W_]+", name.lower()))
    is_date = "yyyy-mm-dd" in description or about & {"date", "day", "dob", "birthday"}
    if is_date:
        born = about & {"birth", "dob", "birthday", "born"}
        return Kind.BIRTH_DATE if born else Kind.DATE
    if "hh:mm" in description or "time" in about:
        return Kind.TIME
    if "digit" in description or about & {"number", "phone", "pin", "zip", "digits"}:
        return Kind.DIGITS
    return Kind.NAME if "name" in about else Kind.TEXT


def _slot(name: str, schema: Mapping[str, Any], *, required: bool) -> Slot:
    schema = _schema_of(schema)
    description = str(schema.get("description", ""))
    # A docstring names choices in quotes; a single quoted word is an example.
    quoted = re.findall(r'"([a-z _]+)"', description)
    choices = tuple(str(c) for c in schema.get("enum", quoted if len(quoted) > 1 else ()))
    if choices:
        kind = Kind.CHOICE
    else:
        match schema.get("type", "string"):
            case "boolean":
                kind = Kind.CONFIRMATION if name.startswith("confirm") else Kind.BOOLEAN
            case "integer":
                kind = Kind.INTEGER
            case "number":
                kind = Kind.NUMBER
            case _:
                kind = _string_kind(name, description.lower())
    digits = _digit_limits(description) if kind is Kind.DIGITS else (1, 30)
    return Slot(name, kind, description, required, choices, digits)


def slots_of(tool: FunctionSchema) -> tuple[Slot, ...]:
    """The tool's parameters in the order in which they are asked for: confirmations last."""
    slots = [
        _slot(name, schema, required=name in tool.required)
        for name, schema in tool.properties.items()
    ]
    return tuple(sorted(slots, key=lambda slot: slot.kind is Kind.CONFIRMATION))


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
        runs = [run for run in find_digits(heard.free_words) if fewest <= len(run.value) <= most]
        if runs:
            best = max(runs, key=lambda run: len(run.value))
            values[slot.name] = best.value
            heard.take(best.start, best.end)
    return values


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


def mentioned(text: str, slots: Sequence[Slot]) -> Slot | None:
    """The slot that the caller names ("the time is wrong"), or None."""
    words = set(words_of(text))
    best: tuple[float, Slot] | None = None
    for slot in slots:
        about = [word for word in slot.label.split() if word not in ("of", "the", "new")]
        if slot.kind is Kind.BIRTH_DATE:
            about = [*about, "birthday", "born"]
        share = len(words & set(about)) / max(len(about), 1)
        if share and (best is None or share > best[0]):
            best = (share, slot)
    return best[1] if best else None
