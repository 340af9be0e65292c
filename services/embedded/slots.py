"""A tool's parameters as questions to a caller: what kind of value each takes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema

from services.embedded.spoken_numbers import UNITS, words_of
from services.embedded.spoken_values import asks_for_a_story


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
