"""A tool call in the making: what is still to be asked, read back, corrected."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from services.embedded import wording
from services.embedded.caller_says import is_question, mentions_trouble
from services.embedded.conversation import (
    Ask,
    CallTool,
    Form,
    Say,
    State,
    Step,
    asks_something,
    joined,
)
from services.embedded.desk import Desk, Desks, Duty
from services.embedded.facts import carried, day_kept, picked, who_or_which
from services.embedded.matching import Match
from services.embedded.replay import CallerSaid
from services.embedded.slot_values import digits_so_far, values_in
from services.embedded.slots import Kind, Slot, mentioned
from services.embedded.spoken_numbers import find_integer, words_of
from services.embedded.spoken_values import without_politeness, yes_or_no
from services.embedded.topic_choice import (
    MEANT,
    PERHAPS,
    SWITCH,
    SWITCH_OVER_ANSWER,
    emergency,
    other_desk,
)

MISSES_BEFORE_PERSON = 3

_REASON_FOR_PERSON = "The caller asked for a person."
_WH_WORDS = frozenset("what what's which when when's where where's how do does is are".split())


class Forms:
    """The rules of filling a tool's arguments. Holds no state of a conversation."""

    def __init__(self, desks: Desks, today: date) -> None:
        self._desks = desks
        self._today = today

    def open_question(self, state: State) -> str:
        """The question that the caller has yet to answer, or ""."""
        slot = self.asked_slot(state)
        if slot and state.form:
            return self._question(self._desks[state.form.desk], slot, state.form.filled)
        return ""

    def asked_slot(self, state: State) -> Slot | None:
        """The argument that the caller was asked for, or None."""
        return self._desks[state.form.desk].slot(state.asked) if state.form else None

    def _question(self, desk: Desk, slot: Slot, filled: Mapping[str, Any]) -> str:
        return wording.question_for(desk, slot, filled, self._today)

    def open(self, state: State, desk: Desk, text: str) -> Step:
        """Turns to a desk, with what the words and earlier results already tell."""
        known = carried(self._desks, desk, state, text)
        paused = state.form if state.form and state.form.desk != desk.key else state.paused
        state = replace(state, form=None, misses=0, asked="", guess=("", ""), paused=paused)
        if not desk.tool:
            asked = Ask.RESULT if asks_something(desk.reply) else ""
            return replace(state, asked=asked), Say(desk.reply)
        values = values_in(text, desk.slots, asked="", today=self._today) if text else {}
        filled = {**day_kept(desk, state, values), **known, **values, **_unasked(desk, text)}
        return self.go(replace(state, form=Form(desk.key, filled)))

    def go(self, state: State) -> Step:
        """The next question, or the call when nothing is missing."""
        assert state.form is not None
        desk, filled = self._desks[state.form.desk], state.form.filled
        slot = desk.missing(filled)
        if slot:
            return replace(state, asked=slot.name), Say(self._question(desk, slot, filled))
        arguments = {slot.name: filled[slot.name] for slot in desk.slots if slot.name in filled}
        return replace(state, asked="", misses=0), CallTool(desk.tool, arguments)

    def with_values(self, state: State, form: Form, values: Mapping[str, Any]) -> Step:
        """The form with these values, and the next question or the call."""
        filled = {**form.filled, **values}
        return self.go(replace(state, form=Form(form.desk, filled), misses=0))

    def drop(self, state: State) -> Step:
        """Leaves the form as it is."""
        if form := state.form:
            told = who_or_which(self._desks[form.desk], form)
            state = replace(state, facts={**state.facts, **told})
        state = replace(state, form=None, paused=None, asked=Ask.MORE, misses=0)
        return state, Say(joined(wording.LEFT_AS_IS, wording.more(state.turn)))

    def answered(
        self, state: State, form: Form, event: CallerSaid, matches: Sequence[Match]
    ) -> Step:
        """The caller's answer to the open question, or whatever was said in its place."""
        text = event.text
        desk = self._desks[form.desk]
        slot = desk.slot(state.asked)
        values = self._answers(desk, form, slot, text)
        if slot and not values and (item := picked(self._desks, state, text)):
            text = item[1] or text
            values = self._answers(desk, form, slot, text)
        if slot and slot.kind is Kind.DIGITS and not values:
            digits = digits_so_far(text, state.digits, slot)
            if len(digits) >= slot.digits[0]:
                values = {slot.name: digits}
            state = replace(state, digits=digits)
        else:
            state = replace(state, digits="")
        if slot and slot.kind is Kind.TEXT and (wrong := _called_wrong(text, _given(desk, form))):
            return self._ask_anew(state, desk, form, wrong)
        if step := self._turned_away(state, desk, slot, values, text, matches):
            return step
        if state.asked == Ask.CHANGE:
            return self._change(state, desk, form, text)
        if slot and slot.kind is Kind.CONFIRMATION:
            return self._confirmed_or_not(state, desk, form, slot, event)
        if values:
            before = slot
            state, decision = self.with_values(state, form, values)
            if before and before.name not in values and state.form and isinstance(decision, Say):
                filled = state.form.filled
                heard = [wording.value_of(desk, name, filled, self._today) for name in values]
                decision = Say(joined(f"All right, {', '.join(heard)}.", decision.text))
            return state, decision
        if slot and yes_or_no(text) is False and len(without_politeness(words_of(text))) <= 2:
            return self.drop(state)
        return self._missed(state, desk, form, asked_back=is_question(text))

    def _turned_away(
        self,
        state: State,
        desk: Desk,
        slot: Slot | None,
        values: Mapping[str, Any],
        text: str,
        matches: Sequence[Match],
    ) -> Step | None:
        """What another topic answers, when the words are about one."""
        found = slot is not None and slot.name in values
        in_own_words = found and slot is not None and slot.kind in (Kind.TEXT, Kind.NAME)
        alarm_bar = SWITCH if in_own_words else MEANT if values else PERHAPS
        other = emergency(self._desks, text, matches, alarm_bar)
        if other:
            return state, Say(other.reply)
        bar = _bar(text, found=found, in_own_words=in_own_words)
        other = other_desk(self._desks, desk, bar, matches)
        confirms = slot is not None and slot.kind is Kind.CONFIRMATION and yes_or_no(text)
        if other is None or (confirms and other.duty is Duty.GOODBYE):
            return None
        if other.tool:
            return self.open(state, other, text)
        # One question at a time: the open one goes before the one that a reply ends in.
        question = self.open_question(state)
        said = re.sub(r"(?<=[.!])\s+[^.!?]*\?$", "", other.reply) if question else other.reply
        return state, Say(said if asks_something(said) else joined(said, question))

    def _answers(self, desk: Desk, form: Form, slot: Slot | None, text: str) -> dict[str, Any]:
        asked = slot.name if slot else ""
        values = values_in(text, desk.slots, asked=asked, today=self._today, known=form.filled)
        if slot and slot.kind in (Kind.TEXT, Kind.NAME) and slot.name in values:
            if without_politeness(words_of(text)) in (["no"], ["nope"], ["nah"]):
                return {}
            if is_question(text, tells_a_story=slot.is_story) and not find_integer(words_of(text)):
                return {}
            if slot.kind is Kind.TEXT:
                return {slot.name: values[slot.name]}
        return values

    def changes(self, form: Form, text: str) -> dict[str, Any]:
        """Values in the words that differ from those already known."""
        slots = self._desks[form.desk].slots
        values = values_in(text, slots, asked="", today=self._today, known=form.filled)
        return {key: value for key, value in values.items() if form.filled.get(key) != value}

    def _confirmed_or_not(
        self, state: State, desk: Desk, form: Form, slot: Slot, event: CallerSaid
    ) -> Step:
        agreed = yes_or_no(event.last)
        agreed = yes_or_no(event.text) if agreed is None else agreed
        changed = self.changes(form, event.text)
        if not changed and agreed is not True:
            changed = self._named_change(desk, form, event.text)
        if changed:
            return self.with_values(state, form, changed)
        if agreed:
            return self.with_values(state, form, {slot.name: True})
        wrong = mentioned(event.text, _given(desk, form))
        if wrong:
            return self._ask_anew(state, desk, form, wrong)
        if agreed is False:
            return replace(state, asked=Ask.CHANGE, misses=0), Say(wording.CHANGE_WHAT)
        return self._missed(state, desk, form, asked_back=is_question(event.text))

    def _named_change(self, desk: Desk, form: Form, text: str) -> dict[str, Any]:
        """ "No, make it eleven", "the time should be eleven": what only fits one given slot."""
        given = _given(desk, form)
        about = mentioned(text, given)
        plain = re.sub(r"(?i)^\W*(?:(?:no|nope|nah|sorry|actually|wait|um|uh)\b\W*)+", "", text)
        for slot in [about] if about else given:
            if slot.kind not in _TYPED and not _retold(slot, plain, given):
                continue
            found = values_in(plain, [slot], asked=slot.name, today=self._today, known=form.filled)
            if found and found[slot.name] != form.filled.get(slot.name):
                return found
        return {}

    def _ask_anew(self, state: State, desk: Desk, form: Form, slot: Slot) -> Step:
        filled = {name: value for name, value in form.filled.items() if name != slot.name}
        state = replace(state, form=Form(desk.key, filled), asked=slot.name, misses=0)
        return state, Say(self._question(desk, slot, filled))

    def _change(self, state: State, desk: Desk, form: Form, text: str) -> Step:
        changed = self.changes(form, text) or self._named_change(desk, form, text)
        if changed:
            return self.with_values(state, form, changed)
        wrong = mentioned(text, _given(desk, form))
        if wrong:
            return self._ask_anew(state, desk, form, wrong)
        agreed = yes_or_no(text)
        if agreed:
            return self.go(replace(state, misses=0))
        if agreed is False or "nothing" in words_of(text):
            return self.drop(state)
        state = replace(state, misses=state.misses + 1)
        if state.misses >= MISSES_BEFORE_PERSON and self._desks.with_duty(Duty.HAND_OVER):
            return replace(state, asked=Ask.PERSON), Say(wording.OFFER_PERSON)
        return state, Say(wording.which_part(desk, form.filled))

    def _missed(self, state: State, desk: Desk, form: Form, *, asked_back: bool) -> Step:
        misses = state.misses + 1
        slot = desk.slot(state.asked) or desk.missing(form.filled)
        if slot is None:
            return self.go(state)
        if misses >= MISSES_BEFORE_PERSON:
            if self._desks.with_duty(Duty.HAND_OVER):
                return replace(state, misses=misses, asked=Ask.PERSON), Say(wording.OFFER_PERSON)
            state = replace(state, form=None, asked="", misses=misses)
            return state, Say(
                joined(
                    f"I'm sorry, I can't make it out. {wording.STAND_IN}",
                    wording.what_it_can_do(self._desks.all),
                )
            )
        said = wording.again(desk, slot, form.filled, self._today, misses)
        if state.digits:
            said = wording.so_far(state.digits)
        elif asked_back and misses == 1:
            said = joined(wording.NO_ANSWER, self._question(desk, slot, form.filled))
        return replace(state, misses=misses, asked=slot.name), Say(said)


_TYPED = (Kind.TIME, Kind.DATE, Kind.BIRTH_DATE, Kind.DIGITS, Kind.INTEGER, Kind.CHOICE)


def _bar(text: str, *, found: bool, in_own_words: bool) -> float:
    """Score from which another topic takes over: high when the words may be an answer."""
    first = words_of(text)[:1]
    if first and first[0] in _WH_WORDS and not in_own_words:
        return MEANT
    if is_question(text) and not found:
        return MEANT
    return SWITCH_OVER_ANSWER if found else SWITCH


def _given(desk: Desk, form: Form) -> list[Slot]:
    return [
        slot
        for slot in desk.slots
        if slot.name in form.filled and slot.kind is not Kind.CONFIRMATION
    ]


def _called_wrong(text: str, given: Sequence[Slot]) -> Slot | None:
    """ "The order number is wrong": an earlier answer, in place of the one that was asked for."""
    words = without_politeness(words_of(text))
    wrong = mentioned(text, given)
    if wrong is None or not {"wrong", "incorrect", "not"} & set(words):
        return None
    return wrong if len(words) <= len(wrong.label.split()) + 4 else None


def _retold(slot: Slot, text: str, given: Sequence[Slot]) -> bool:
    """Whether a correction ("it's twelve oak street") tells a name or words of its own anew."""
    words = without_politeness(words_of(text))
    if is_question(text) or mentions_trouble(words):
        return False
    if slot.kind is Kind.NAME:
        return bool(re.match(r"(?i)\W*(?:it's|it is|its|that's|i said|this is)\s", text))
    only = sum(other.kind is Kind.TEXT for other in given) == 1
    return slot.kind is Kind.TEXT and only and len(words) > 2


def _unasked(desk: Desk, text: str) -> dict[str, Any]:
    """Arguments that no caller is asked for: the parting words, the reason for a person."""
    if desk.duty is Duty.BUSINESS:
        return {}
    filled: dict[str, Any] = {}
    for slot in desk.slots:
        if not slot.required or slot.name in desk.asks:
            continue
        if slot.kind is Kind.CHOICE:
            filled[slot.name] = slot.choices[0]
        elif slot.kind in (Kind.TEXT, Kind.NAME):
            about_why = any(part in slot.name for part in ("reason", "why", "summary", "note"))
            if desk.duty is Duty.HAND_OVER:
                filled[slot.name] = (
                    f"{_REASON_FOR_PERSON} Said: {text}" if text else _REASON_FOR_PERSON
                )
            else:
                filled[slot.name] = "The caller is done." if about_why else wording.FAREWELL
    return filled
