"""What follows on a tool's result: its words, questions about it, and a second try."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from pipecat.services.llm_service import LLMService

from services.embedded import wording
from services.embedded.caller_says import begins_with_correction
from services.embedded.conversation import (
    Ask,
    Form,
    Say,
    State,
    Step,
    asks_something,
    joined,
)
from services.embedded.desk import Desk, Desks, Duty
from services.embedded.facts import (
    WHO_OR_WHICH,
    after_call,
    carried,
    day_kept,
    picked,
    speaks_of_another,
    tool_of,
)
from services.embedded.forms import Forms
from services.embedded.matching import Match, words_beside_values
from services.embedded.slot_values import values_in
from services.embedded.slots import Kind
from services.embedded.small_talk import SmallTalk
from services.embedded.spoken_numbers import words_of
from services.embedded.spoken_values import without_politeness, yes_or_no
from services.embedded.topic_choice import MEANT, PERHAPS, is_about


class Results:
    """The rules for tools that were called. Holds no state of a conversation."""

    def __init__(self, desks: Desks, forms: Forms, talk: SmallTalk, today: date) -> None:
        self._desks = desks
        self._forms = forms
        self._talk = talk
        self._today = today

    def tool_called(self, state: State, name: str, arguments: Mapping[str, Any]) -> State:
        """The state in which that tool's result is awaited."""
        desk = self._desks.of_tool(name)
        if state.form and desk and self._desks[state.form.desk].tool == name:
            desk = self._desks[state.form.desk]
        settled = Form(desk.key if desk else "", dict(arguments))
        paused = state.paused if state.paused and state.paused.desk != settled.desk else None
        return replace(state, form=None, settled=settled, paused=paused, asked="", misses=0)

    def tool_answered(self, state: State, name: str, result: Any) -> Step:
        """What to say to a tool's result."""
        desk = self._desks.of_tool(name)
        duty = desk.duty if desk else Duty.BUSINESS
        if isinstance(result, str) and result in _failures(name):
            return self._failed(state, wording.FAILED)
        if isinstance(result, Mapping):
            state = after_call(state, desk, name, result)
        if duty is not Duty.BUSINESS and result is None:
            said = wording.FAREWELL if duty is Duty.GOODBYE else "I am passing you on now."
        else:
            said = wording.result_in_words(result, self._today).strip()
        if isinstance(result, Mapping) and (form := self._reopened(state, result)):
            asked = str(result["needs"])
            return replace(state, form=form, asked=asked, answer=said, unheard=said), Say(said)
        # A tool that ends the call speaks for itself.
        unheard = said if duty is Duty.BUSINESS else ""
        if asks_something(said):
            asked = Ask.RESULT
        elif duty is Duty.BUSINESS:
            asked, said = Ask.MORE, joined(said, wording.more(state.turn))
        else:
            asked = ""
        return replace(state, asked=asked, answer=said, unheard=unheard, misses=0), Say(said)

    def _reopened(self, state: State, result: Mapping[str, Any]) -> Form | None:
        """The call to be made again with the argument that the result asks for, or None."""
        settled = state.settled
        if settled is None or not settled.desk or not result.get("needs"):
            return None
        desk = self._desks[settled.desk]
        needed = desk.slot(str(result["needs"]))
        if needed is None:
            return None
        known = {slot.name: result[slot.name] for slot in desk.slots if slot.name in result}
        filled = {**settled.filled, **known}
        for slot in (needed, desk.confirmation):
            if slot:
                filled.pop(slot.name, None)
        return Form(desk.key, filled)

    def tool_cancelled(self, state: State) -> Step:
        """What to say when a tool did not get to its end."""
        # Cut off by the caller, or too slow: which of the two shows in whether the bot spoke next.
        state, decision = self._failed(state, wording.TOOK_TOO_LONG)
        return replace(state, asked=Ask.RESUME, unheard=""), decision

    def _failed(self, state: State, said: str) -> Step:
        form = state.settled
        return replace(state, form=form, asked=Ask.RETRY, answer=said, unheard=said), Say(said)

    def after_result(self, state: State, text: str, matches: Sequence[Match]) -> Step | None:
        """The answer to "anything else?" or to the question that a result ended in."""
        if begins_with_correction(text) and not words_beside_values(text):
            matches = ()  # "No, at half past ten" is about the call that was just made.
        if is_about(matches, MEANT):
            return None
        agreed = yes_or_no(text)
        bare = len(without_politeness(words_of(text))) <= 2
        if state.asked == Ask.MORE:
            if agreed and bare:
                return replace(state, asked=""), Say("What can I do for you?")
            if step := self.followed_up(state, text, matches):
                return step
            if bare and (agreed is False or "nothing" in words_of(text)):
                return self._talk.goodbye(state)
            return None
        if item := picked(self._desks, state, text):
            return self.followed_up(*item, ()) or self._go_on(item[0])
        if step := self.followed_up(state, text, matches):
            return step
        if agreed:
            return self._go_on(state)
        if agreed is False:
            said = joined("All right.", wording.more(state.turn))
            return replace(state, asked=Ask.MORE), Say(said)
        return None

    def followed_up(self, state: State, text: str, matches: Sequence[Match]) -> Step | None:
        """Takes words that hold little but values to the tool that needs them most."""
        best: tuple[tuple[float, float], Desk, dict[str, Any]] | None = None
        hinted = matches[0].key if is_about(matches, PERHAPS) else ""
        candidates = self._candidates(state, text)
        most = max((len(values) for _, values in candidates), default=0)
        for desk, values in candidates:
            again = _is_settled(state, desk)
            required = {slot.name for slot in desk.slots if slot.required}
            if not (values.keys() & required or again):
                continue
            paused = state.paused is not None and state.paused.desk == desk.key
            told = _settled_values(state, desk) or carried(self._desks, desk, state, text)
            if state.paused and paused:
                told = {**state.paused.filled, **told}
            needed = len(values.keys() & required)
            covered = len((values.keys() | told.keys()) & required) / max(len(required), 1)
            # Another value for what was just asked beats an optional one of it.
            rank = (bool(needed) + paused / 2, covered)
            if again and (needed or (len(values) == most and _asks_anew(state, values))):
                rank = (2.0, covered)
            if desk.key == hinted:
                rank = (3.0, covered)
            if best is None or rank > best[0]:
                best = (rank, desk, {**day_kept(desk, state, values), **told, **values})
        if best is None or (best[0][0] < 2 and len(words_beside_values(text)) > 2):
            return self._another_one(state, text)
        _, desk, filled = best
        for slot in desk.slots:
            if slot.kind is Kind.CONFIRMATION:
                filled.pop(slot.name, None)
        return self._forms.go(replace(state, form=Form(desk.key, filled), misses=0))

    def _candidates(self, state: State, text: str) -> list[tuple[Desk, dict[str, Any]]]:
        """The desks that find values in the words, with these values."""
        found: list[tuple[Desk, dict[str, Any]]] = []
        corrects = state.settled is not None and begins_with_correction(text)
        needed = state.needed if state.asked == Ask.RESULT else ""
        for desk in self._desks.business:
            again = _is_settled(state, desk)
            done = again and desk.confirmation is not None and state.asked != Ask.RESULT
            known = _settled_values(state, desk)
            loose = (again and state.asked == Ask.RESULT) or (desk.amends and corrects)
            values = self._loose_values(desk, text, known, asked=needed, loose=loose)
            if done and not (desk.amends and _same_one(desk, values, known)):
                continue  # What the caller said yes to is done, and not to be done twice.
            if values:
                found.append((desk, values))
        return found

    def _another_one(self, state: State, text: str) -> Step | None:
        """ "And the other one": the same once more, of something else."""
        desk = self._desks[state.settled.desk] if state.settled and state.settled.desk else None
        if desk is None or desk.duty is not Duty.BUSINESS or not speaks_of_another(text, desk):
            return None
        return self._forms.open(state, desk, text)

    def _loose_values(
        self, desk: Desk, text: str, known: Mapping[str, Any], *, asked: str, loose: bool
    ) -> dict[str, Any]:
        typed = [slot for slot in desk.slots if slot.kind not in (Kind.TEXT, Kind.BOOLEAN)]
        values = values_in(text, typed, asked=asked, today=self._today, known=known)
        if values or not loose:
            return values
        for slot in typed:
            if slot.kind in (Kind.DIGITS, Kind.TIME, Kind.DATE, Kind.BIRTH_DATE, Kind.CHOICE):
                found = values_in(text, [slot], asked=slot.name, today=self._today, known=known)
                if found:
                    return found
        return {}

    def _go_on(self, state: State) -> Step:
        """Yes to a result's own question: to the tool that the question is about."""
        question = re.split(r"(?<=[.!])\s", state.answer)[-1]
        settled_tool = tool_of(self._desks, state.settled)
        for match in self._desks.matcher.matches(question):
            desk = self._desks[match.key]
            if desk.tool and desk.tool != settled_tool and match.score >= 0.25:
                return self._forms.open(state, desk, "")
        prepared = [
            (len(carried(self._desks, desk, state)), -index, desk)
            for index, desk in enumerate(self._desks.business)
            if desk.tool != settled_tool
        ]
        if prepared and max(prepared)[0]:
            return self._forms.open(state, max(prepared)[2], "")
        return replace(state, asked=""), Say("All right. What would you like to do?")

    def after_failure(self, state: State, text: str, matches: Sequence[Match]) -> Step | None:
        """The answer to "shall I try again?", or words over a call that was under way."""
        form = state.form
        if form is None or not form.desk or is_about(matches, MEANT):
            return None
        desk = self._desks[form.desk]
        agreed = yes_or_no(text)
        if agreed is False:
            return self._forms.drop(state)
        changed = self._forms.changes(form, text)
        confirmation = desk.confirmation
        if changed or (state.asked == Ask.RESUME and confirmation):
            # Words over a call that was about to be made: it is read back once more.
            filled = {**form.filled, **changed}
            if confirmation:
                filled.pop(confirmation.name, None)
            return self._forms.go(replace(state, form=Form(desk.key, filled)))
        return self._forms.go(state) if agreed or state.asked == Ask.RESUME else None


def _is_settled(state: State, desk: Desk) -> bool:
    return state.settled is not None and state.settled.desk == desk.key


def _settled_values(state: State, desk: Desk) -> dict[str, Any]:
    return dict(state.settled.filled) if state.settled and _is_settled(state, desk) else {}


def _same_one(desk: Desk, values: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Whether the values leave open, or repeat, whom or which the call was about."""
    who = [slot.name for slot in desk.slots if slot.kind in WHO_OR_WHICH]
    return all(values.get(name, known.get(name)) == known.get(name) for name in who)


def _asks_anew(state: State, values: Mapping[str, Any]) -> bool:
    """ "No, Thursday", when the result was about Friday: the same question of another value."""
    told = {name: value for name, (value, _) in state.facts.items()}
    return state.asked == Ask.RESULT and any(told.get(key) != values[key] for key in values)


def _failures(name: str) -> tuple[str, str]:
    return (
        LLMService.FUNCTION_CALL_ERROR_MESSAGE_TEMPLATE.format(function_name=name),
        LLMService.MISSING_FUNCTION_CALL_MESSAGE_TEMPLATE.format(function_name=name),
    )
