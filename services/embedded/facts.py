"""What a call has told so far that also answers the next tool's questions."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.embedded.conversation import Form, State
from services.embedded.desk import Desk, Desks
from services.embedded.slots import Kind, Slot, mentioned
from services.embedded.spoken_numbers import ORDINALS, words_of
from services.embedded.spoken_values import without_politeness

_ANOTHER = frozenset({"other", "another", "different", "second", "new"})
WHO_OR_WHICH = (Kind.NAME, Kind.BIRTH_DATE, Kind.DIGITS)
"""Kinds that stay the same for the whole call, unless the caller speaks of another."""
_WHEN = (Kind.DATE, Kind.TIME)


def tool_of(desks: Desks, form: Form | None) -> str:
    """The tool that a form is for, or ""."""
    return desks[form.desk].tool if form and form.desk else ""


def after_call(state: State, desk: Desk | None, tool: str, result: Mapping[str, Any]) -> State:
    """The state with what a tool's result tells; a call that went through tells its arguments."""
    facts: dict[str, tuple[Any, str]] = {}
    if desk and state.settled and not result.get("needs"):
        facts = who_or_which(desk, state.settled)
    for name, value in result.items():
        if name not in ("say", "needs") and not isinstance(value, list | dict):
            facts[name] = (value, tool)
    lists = tuple(value for value in result.values() if isinstance(value, list) and value)
    return replace(
        state, facts={**state.facts, **facts}, needed=str(result.get("needs") or ""), lists=lists
    )


def who_or_which(desk: Desk, form: Form) -> dict[str, tuple[Any, str]]:
    """Facts out of a form: what stays true whatever becomes of the call it was for."""
    return {
        slot.name: (form.filled[slot.name], desk.tool)
        for slot in desk.slots
        if slot.kind in WHO_OR_WHICH and slot.name in form.filled
    }


def carried(desks: Desks, desk: Desk, state: State, text: str = "") -> dict[str, Any]:
    """Arguments for a desk out of results, and out of the form that the caller turns away from.

    Args:
        desks: All desks.
        desk: The one that the caller turns to.
        state: Where the conversation stands.
        text: What the caller said: "another order" carries no order number over.
    """
    found: dict[str, Any] = {}
    left = state.form or state.paused
    leaving = left if left and left.desk != desk.key else None
    for slot in desk.slots:
        if _another(text, slot, desk):
            continue
        if leaving and state.form and _fits(slot, leaving.filled.get(slot.name)):
            found[slot.name] = leaving.filled[slot.name]
            continue
        value, source = state.facts.get(slot.name, (None, ""))
        if _fits(slot, value) and _stays(slot, desk, source, desks, text):
            found[slot.name] = value
    return found


def day_kept(desk: Desk, state: State, values: Mapping[str, Any]) -> dict[str, Any]:
    """ "Make it eleven": another time alone is one on the same day."""
    kinds = {slot.kind for slot in desk.slots if slot.name in values}
    if not desk.amends or Kind.TIME not in kinds or Kind.DATE in kinds:
        return {}
    days = [slot for slot in desk.slots if slot.kind is Kind.DATE and slot.name in state.facts]
    told = {slot.name: state.facts[slot.name][0] for slot in days}
    return {slot.name: told[slot.name] for slot in days if _fits(slot, told[slot.name])}


def _stays(slot: Slot, desk: Desk, source: str, desks: Desks, text: str) -> bool:
    origin = desks.of_tool(source)
    if source == desk.tool:
        # The same order once more, but not the same booking once more.
        return slot.kind in WHO_OR_WHICH and (desk.amends or desk.confirmation is None)
    if not (origin and origin.confirmation and slot.kind in _WHEN):
        return True
    # The day of what was just booked is not the day that it is to be moved to, unless the caller
    # speaks only of the time.
    named = mentioned(text, [other for other in desk.slots if other.kind in _WHEN])
    return named is not None and named is not slot


def _another(text: str, slot: Slot, desk: Desk) -> bool:
    """Whether the caller speaks of another value for the slot than the one at hand.

    "Another address" tells nothing about the order; "another one" may be another anything.
    """
    words = words_of(text)
    for at, word in enumerate(words):
        if word not in _ANOTHER:
            continue
        noun = words[at + 1] if at + 1 < len(words) else ""
        owners = [other for other in desk.slots if noun in _nouns(other)]
        if slot in owners or (not owners and word != "new"):
            return True
    return False


def speaks_of_another(text: str, desk: Desk) -> bool:
    """Whether the caller wants the same with another: "the other one", "a different order"."""
    words = without_politeness(words_of(text))
    nouns = {noun for slot in desk.slots if slot.kind in WHO_OR_WHICH for noun in _nouns(slot)}
    return bool(_ANOTHER & set(words)) and words[-1] in _ANOTHER | {"one", "ones"} | nouns


def _nouns(slot: Slot) -> set[str]:
    return {word for word in slot.label.split() if word not in _ANOTHER and word != "of"}


def picked(desks: Desks, state: State, text: str) -> tuple[State, str] | None:
    """ "The second one": the facts and the words of the item it stands for."""
    words = words_of(text)
    for items in state.lists:
        place = next((ORDINALS[word] - 1 for word in words if word in ORDINALS), None)
        if {"last", "later", "latter", "latest"} & set(words):
            place = len(items) - 1
        elif {"earlier", "earliest", "former", "soonest"} & set(words):
            place = 0
        elif "middle" in words and len(items) == 3:
            place = 1
        if place is None or not 0 <= place < len(items) or "of" in words:
            continue
        item = items[place]
        if isinstance(item, Mapping):
            source = tool_of(desks, state.settled)
            told = {key: (value, source) for key, value in item.items()}
            return replace(state, facts={**state.facts, **told}), ""
        return state, str(item)
    return None


def _fits(slot: Slot, value: object) -> bool:
    """Whether a fact has the format that the slot's description asks for."""
    text = value if isinstance(value, str) else ""
    match slot.kind:
        case Kind.DATE | Kind.BIRTH_DATE:
            return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text))
        case Kind.TIME:
            return bool(re.fullmatch(r"\d\d:\d\d", text))
        case Kind.DIGITS:
            return text.isdecimal()
        case Kind.CHOICE:
            return text in slot.choices
        case Kind.NAME:
            return bool(text)
        case Kind.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Kind.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
    return False
