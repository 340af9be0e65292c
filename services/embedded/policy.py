"""The understudy's mind: from the conversation so far to what to say or which tool to call.

A pure function. Nothing is remembered between turns: the conversation is replayed from the
context's messages every time, so an interrupted, restored or handed-over call is understood like
any other.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.processors.aggregators.llm_context import LLMContextMessage
from pipecat.services.llm_service import LLMService

from services.embedded import wording
from services.embedded.caller_says import Remark, remark_in
from services.embedded.desk import Desk, Desks, Duty
from services.embedded.matching import Match
from services.embedded.replay import (
    BotSaid,
    CallerSaid,
    Event,
    ToolAnswered,
    ToolCalled,
    ToolCancelled,
    events_in,
)
from services.embedded.slots import Kind, Slot, mentioned, values_in
from services.embedded.spoken_numbers import ORDINALS, words_of
from services.embedded.spoken_values import without_politeness, yes_or_no
from services.embedded.topic import Topic

MEANT = 0.55
"""Score from which words are taken to be about a topic."""
PERHAPS = 0.42
"""Score from which the caller is asked whether that was meant."""
SWITCH = 0.7
"""Score from which words that do not answer the open question leave it for another topic."""
SWITCH_OVER_ANSWER = 0.88
"""The same for words that could also be an answer."""
MISSES_BEFORE_PERSON = 3

_QUESTION_WORDS = frozenset(
    "what what's which when when's where where's how do does is are".split()
)
_ANOTHER = frozenset({"other", "another", "different", "second"})


@dataclass(frozen=True)
class Say:
    """Say this; "" says nothing."""

    text: str


@dataclass(frozen=True)
class CallTool:
    """Call this tool."""

    name: str
    arguments: dict[str, Any]


Decision = Say | CallTool


class Ask(StrEnum):
    """What was asked when it was not a tool's parameter. No parameter's name holds a space."""

    MORE = "anything else"
    CHANGE = "change what"
    PERSON = "a person"
    RETRY = "try again"
    RESUME = "cut off"
    RESULT = "question of a result"
    DID_YOU_MEAN = "did you mean"


_YES_OR_NO = frozenset({Ask.PERSON, Ask.DID_YOU_MEAN, Ask.RETRY, Ask.RESULT})


@dataclass(frozen=True)
class Form:
    """A tool's arguments as far as they are known."""

    desk: str
    filled: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """Where the conversation stands; a value derived from the messages.

    Parameters:
        form: The tool call being prepared.
        settled: The last tool call that was made.
        asked: The parameter, or one of the questions above, that the caller was asked for.
        misses: How often in a row the caller was not understood.
        facts: Name to (value, tool that it came from), out of results.
        lists: The lists in the last result, to pick from by "the first one".
        paused: A call that was being prepared when the caller turned to something else.
        answer: What was last said.
        unheard: A result that was not spoken yet.
        guess: What the caller may have meant: desk and words.
        turn: Counts the caller's turns, to vary the wording.
    """

    form: Form | None = None
    settled: Form | None = None
    asked: str = ""
    misses: int = 0
    facts: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    lists: tuple[Sequence[Any], ...] = ()
    paused: Form | None = None
    answer: str = ""
    unheard: str = ""
    guess: tuple[str, str] = ("", "")
    turn: int = 0


Step = tuple[State, Decision]


def decide(
    messages: Sequence[LLMContextMessage],
    *,
    tools: Sequence[FunctionSchema],
    topics: Sequence[Topic],
    today: date,
    instructions: str = "",
) -> Decision:
    """What to do next in this conversation.

    Args:
        messages: The context's messages, in Pipecat's universal format.
        tools: The tools declared in the context.
        topics: What the bot file declares for the understudy.
        today: What "tomorrow" is counted from.
        instructions: The system instruction, from whose first "You are …" the bot says who it is.
    """
    return Policy(tools, topics, instructions).decide(messages, today)


class Policy:
    """`decide` with the bot's tools and topics made ready. Holds no state of a conversation."""

    def __init__(
        self, tools: Sequence[FunctionSchema], topics: Sequence[Topic], instructions: str = ""
    ) -> None:
        self._desks = Desks(tools, topics)
        self._instructions = instructions

    def decide(self, messages: Sequence[LLMContextMessage], today: date) -> Decision:
        """What to do next in this conversation."""
        instructions = self._instructions or _system_text(messages)
        replay = _Replay(self._desks, instructions, today)
        state, decision = State(), None
        events = events_in(messages)
        for event in events:
            state, decision = replay.step(state, event, decision)
        if not events or not isinstance(events[-1], CallerSaid | ToolAnswered | ToolCancelled):
            return replay.unprompted(state, events)
        return decision or Say("")


def _system_text(messages: Sequence[LLMContextMessage]) -> str:
    for message in messages:
        if isinstance(message, dict) and message.get("role") == "system":
            return str(message.get("content") or "")
    return ""


class _Replay:
    """The rules of one conversation: each takes a state and returns the next with a decision."""

    def __init__(self, desks: Desks, instructions: str, today: date) -> None:
        self._desks = desks
        self._today = today
        self._who = wording.who_it_is(instructions)

    # Events

    def step(self, state: State, event: Event, before: Decision | None) -> tuple[State, Any]:
        match event:
            case CallerSaid():
                return self._caller_said(state, event)
            case ToolCalled(name, arguments):
                return self._tool_called(state, name, arguments), before
            case ToolAnswered(name, result):
                return self._tool_answered(state, name, result)
            case ToolCancelled():
                return self._tool_cancelled(state)
            case BotSaid():
                asked = Ask.RETRY if state.asked == Ask.RESUME else state.asked
                return replace(state, unheard="", asked=asked), before
        return state, before

    def unprompted(self, state: State, events: Sequence[Event]) -> Decision:
        """What to say when neither the caller nor a tool has said anything new."""
        if events and isinstance(events[-1], ToolCalled):
            return Say("")
        if not any(isinstance(event, CallerSaid) for event in events):
            return Say(self._greeting())
        return Say(_joined("Are you still there?", self._open_question(state)))

    def _caller_said(self, state: State, event: CallerSaid) -> Step:
        before = state
        state, decision = self._heard(replace(state, turn=state.turn + 1, unheard=""), event)
        if isinstance(decision, Say):
            if before.unheard:
                # The caller spoke over a result: it still has to be said.
                understood = state.misses == 0
                said = _joined(before.unheard, decision.text) if understood else before.unheard
                state, decision = replace(state, misses=0), Say(said)
            if remark_in(event.text) is not Remark.REPEAT:
                state = replace(state, answer=decision.text)
        return state, decision

    def _tool_called(self, state: State, name: str, arguments: Mapping[str, Any]) -> State:
        desk = self._desks.of_tool(name)
        if state.form and desk and self._desks[state.form.desk].tool == name:
            desk = self._desks[state.form.desk]
        settled = Form(desk.key if desk else "", dict(arguments))
        paused = state.paused if state.paused and state.paused.desk != settled.desk else None
        return replace(state, form=None, settled=settled, paused=paused, asked="", misses=0)

    def _tool_answered(self, state: State, name: str, result: Any) -> Step:
        desk = self._desks.of_tool(name)
        duty = desk.duty if desk else Duty.BUSINESS
        if isinstance(result, str) and result in _failures(name):
            return self._failed(state, wording.FAILED)
        if isinstance(result, Mapping):
            facts = {
                key: (value, name)
                for key, value in result.items()
                if key not in ("say", "needs") and not isinstance(value, list | dict)
            }
            lists = tuple(value for value in result.values() if isinstance(value, list) and value)
            state = replace(state, facts={**state.facts, **facts}, lists=lists)
        if duty is not Duty.BUSINESS and result is None:
            said = wording.FAREWELL if duty is Duty.GOODBYE else "I am passing you on now."
        else:
            said = wording.result_in_words(result, self._today).strip()
        if isinstance(result, Mapping) and (form := self._reopened(state, result)):
            asked = str(result["needs"])
            return replace(state, form=form, asked=asked, answer=said, unheard=said), Say(said)
        if _asks(said):
            asked = Ask.RESULT
        elif duty is Duty.BUSINESS:
            asked, said = Ask.MORE, _joined(said, wording.more(state.turn))
        else:
            asked = ""
        # A tool that ends the call speaks for itself.
        unheard = said if duty is Duty.BUSINESS else ""
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

    def _tool_cancelled(self, state: State) -> Step:
        # Cut off by the caller, or too slow: which of the two shows in whether the bot spoke next.
        state, decision = self._failed(state, wording.TOOK_TOO_LONG)
        return replace(state, asked=Ask.RESUME, unheard=""), decision

    def _failed(self, state: State, said: str) -> Step:
        form = state.settled
        return replace(state, form=form, asked=Ask.RETRY, answer=said, unheard=said), Say(said)

    # The caller's words

    def _heard(self, state: State, event: CallerSaid) -> Step:
        text = event.text
        matches = self._desks.matcher.matches(event.last)
        if event.last != text and not _is_about(matches, MEANT):
            matches = self._desks.matcher.matches(text)
        remark = None if self._word_for_word(matches) else self._remark(state, text)
        if remark_in(text) is Remark.ARE_YOU_REAL:
            remark = Remark.ARE_YOU_REAL
        if remark and (step := self._remarked(state, remark, text)):
            return step
        if re.fullmatch(r"DTMF:\s*0#?", text) and self._desks.with_duty(Duty.HAND_OVER):
            slot = self._asked_slot(state)
            if slot is None or slot.kind not in (Kind.DIGITS, Kind.INTEGER, Kind.NUMBER):
                return self._hand_over(state)
        match state.asked:
            case Ask.MORE | Ask.RESULT:
                step = self._after_result(state, text, matches)
            case Ask.PERSON | Ask.DID_YOU_MEAN:
                step = self._after_offer(state, text, matches)
            case Ask.RETRY | Ask.RESUME:
                step = self._after_failure(state, text, matches)
            case _:
                step = None
        if step:
            return step
        if state.form:
            return self._in_form(state, state.form, event, matches)
        return self._without_form(state, text, matches)

    @staticmethod
    def _word_for_word(matches: Sequence[Match]) -> bool:
        return bool(matches) and matches[0].score >= 0.95

    def _remark(self, state: State, text: str) -> Remark | None:
        slot = self._asked_slot(state)
        if slot and slot.kind is Kind.TEXT and len(words_of(text)) > 6:
            return None
        remark = remark_in(text)
        match remark:
            case Remark.GREETING | Remark.STILL_THERE | Remark.THANKS | Remark.WAIT:
                return None if state.asked == Ask.RESUME and state.form else remark
            case Remark.GOODBYE if slot and slot.kind is Kind.CONFIRMATION and yes_or_no(text):
                return None  # "Yes, thank you, bye" books before it ends the call.
            case Remark.DONE if state.asked in _YES_OR_NO:
                # "No, thanks" answers the question; "that's all" ends the call.
                ends = {"all", "it", "everything", "nothing", "done"} & set(words_of(text))
                return remark if ends else None
        return remark

    def _remarked(self, state: State, remark: Remark, text: str) -> Step | None:
        question = self._open_question(state)
        help_line = wording.what_it_can_do(self._desks.all)
        match remark:
            case Remark.ARE_YOU_REAL:
                return state, Say(_joined(wording.HONEST, question or help_line))
            case Remark.GOODBYE:
                return self._goodbye(state)
            case Remark.DONE if state.form is None:
                return self._goodbye(state)
            case Remark.REPEAT if state.answer:
                return state, Say(state.answer)
            case Remark.WAIT:
                return state, Say("Take your time.")
            case Remark.PERSON if self._desks.with_duty(Duty.HAND_OVER):
                return self._hand_over(state, text)
            case Remark.PERSON:
                return state, Say(
                    _joined("I'm sorry, I can't pass you to a person.", question or help_line)
                )
            case Remark.START_OVER if state.form:
                return self._open(replace(state, facts={}), self._desks[state.form.desk], "")
            case Remark.NEVER_MIND if state.form:
                return self._dropped(state)
            case Remark.THANKS if state.asked in ("", Ask.MORE, Ask.RESULT) or state.form:
                said = _joined("You're welcome.", question or wording.more(state.turn))
                return replace(state, asked=state.asked or Ask.MORE), Say(said)
            case Remark.GREETING if state.turn == 1 and not self._desks.all:
                return state, Say(self._greeting())
            case Remark.GREETING:
                return state, Say(_joined("Hello!", question or "How can I help you?"))
            case Remark.STILL_THERE:
                return state, Say(_joined("I am here.", question or "How can I help you?"))
            case Remark.HELP if help_line:
                return state, Say(_joined(help_line, question))
        return None

    def _open_question(self, state: State) -> str:
        slot = self._asked_slot(state)
        if slot and state.form:
            return self._question(self._desks[state.form.desk], slot, state.form.filled)
        return ""

    def _asked_slot(self, state: State) -> Slot | None:
        return self._desks[state.form.desk].slot(state.asked) if state.form else None

    def _question(self, desk: Desk, slot: Slot, filled: Mapping[str, Any]) -> str:
        return wording.question_for(desk, slot, filled, self._today)

    def _greeting(self) -> str:
        if not self._desks.all:
            return _joined("Hello!", self._who, wording.STAND_IN)
        return _joined("Hello!", self._who, "How can I help you?")

    # Answers to questions that are not about a tool's parameter

    def _after_result(self, state: State, text: str, matches: Sequence[Match]) -> Step | None:
        if _is_about(matches, MEANT):
            return None
        agreed = yes_or_no(text)
        bare = len(without_politeness(words_of(text))) <= 2
        if state.asked == Ask.MORE:
            if agreed is False and bare:
                return self._goodbye(state)
            if agreed and bare:
                return replace(state, asked=""), Say("What can I do for you?")
            return self._followed_up(state, text)
        picked = self._picked(state, text)
        if picked:
            return self._followed_up(picked[0], picked[1]) or self._go_on(picked[0])
        if step := self._followed_up(state, text):
            return step
        if agreed:
            return self._go_on(state)
        if agreed is False:
            said = _joined("All right.", wording.more(state.turn))
            return replace(state, asked=Ask.MORE), Say(said)
        return None

    def _picked(self, state: State, text: str) -> tuple[State, str] | None:
        """ "The second one": the facts and the words of the item it stands for."""
        words = words_of(text)
        for items in state.lists:
            place = next((ORDINALS[word] - 1 for word in words if word in ORDINALS), None)
            if {"last", "later", "latter"} & set(words):
                place = len(items) - 1
            elif {"earlier", "earliest", "former", "soonest"} & set(words):
                place = 0
            if place is None or not 0 <= place < len(items) or "of" in words:
                continue
            item = items[place]
            if isinstance(item, Mapping):
                source = self._tool_of(state.settled)
                facts = {key: (value, source) for key, value in item.items()}
                return replace(state, facts={**state.facts, **facts}), ""
            return state, str(item)
        return None

    def _tool_of(self, form: Form | None) -> str:
        return self._desks[form.desk].tool if form and form.desk else ""

    def _followed_up(self, state: State, text: str) -> Step | None:
        """Takes words that hold nothing but values to the tool that needs them most."""
        best: tuple[tuple[float, float], Desk, dict[str, Any]] | None = None
        settled = state.settled
        for desk in self._desks.business:
            again = settled is not None and settled.desk == desk.key
            known = dict(settled.filled) if settled and again else {}
            values = self._loose_values(
                desk, text, known, loose=state.asked == Ask.RESULT and again
            )
            required = {slot.name for slot in desk.slots if slot.required}
            if not values or not (values.keys() & required or again):
                continue
            paused = state.paused is not None and state.paused.desk == desk.key
            carried = known or self._carried(desk, state)
            if state.paused and paused:
                carried = {**state.paused.filled, **carried}
            needed = len(values.keys() & required)
            covered = len((values.keys() | carried.keys()) & required) / max(len(required), 1)
            # Another value for what was just asked beats an optional one of it.
            rank = (2.0 if again and needed else bool(needed) + paused / 2, covered)
            if best is None or rank > best[0]:
                best = (rank, desk, {**carried, **values})
        if best is None:
            return None
        _, desk, filled = best
        for slot in desk.slots:
            if slot.kind is Kind.CONFIRMATION:
                filled.pop(slot.name, None)
        return self._go(replace(state, form=Form(desk.key, filled), misses=0))

    def _loose_values(
        self, desk: Desk, text: str, known: Mapping[str, Any], *, loose: bool
    ) -> dict[str, Any]:
        typed = [slot for slot in desk.slots if slot.kind not in (Kind.TEXT, Kind.BOOLEAN)]
        values = values_in(text, typed, asked="", today=self._today, known=known)
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
        settled_tool = self._tool_of(state.settled)
        for match in self._desks.matcher.matches(question):
            desk = self._desks[match.key]
            if desk.tool and desk.tool != settled_tool and match.score >= 0.25:
                return self._open(state, desk, "")
        carried = [
            (len(self._carried(desk, state)), -index, desk)
            for index, desk in enumerate(self._desks.business)
            if desk.tool != settled_tool
        ]
        if carried and max(carried)[0]:
            return self._open(state, max(carried)[2], "")
        return replace(state, asked=""), Say("All right. What would you like to do?")

    def _after_offer(self, state: State, text: str, matches: Sequence[Match]) -> Step | None:
        """The answer to "a person?" or "did you mean …?"."""
        agreed = yes_or_no(text)
        if agreed and state.asked == Ask.PERSON:
            return self._hand_over(state)
        if agreed and state.asked == Ask.DID_YOU_MEAN:
            return self._open(state, self._desks[state.guess[0]], state.guess[1])
        if agreed is False and not _is_about(matches, MEANT):
            form = state.form
            state = replace(state, asked="", misses=0)
            if form:
                state, decision = self._go(replace(state, form=form))
                text = decision.text if isinstance(decision, Say) else ""
                return state, Say(_joined("All right.", text)) if text else decision
            help_line = wording.what_it_can_do(self._desks.all)
            return state, Say(_joined("All right.", help_line, "What can I do for you?"))
        return None

    def _after_failure(self, state: State, text: str, matches: Sequence[Match]) -> Step | None:
        form = state.form
        if form is None or not form.desk or _is_about(matches, MEANT):
            return None
        desk = self._desks[form.desk]
        agreed = yes_or_no(text)
        if agreed is False:
            return self._dropped(state)
        changed = self._changes(desk, form, text)
        confirmation = desk.confirmation
        if changed or (state.asked == Ask.RESUME and confirmation):
            # Words over a call that was about to be made: it is read back once more.
            filled = {**form.filled, **changed}
            if confirmation:
                filled.pop(confirmation.name, None)
            return self._go(replace(state, form=Form(desk.key, filled)))
        return self._go(state) if agreed or state.asked == Ask.RESUME else None

    # A tool call being prepared

    def _in_form(
        self, state: State, form: Form, event: CallerSaid, matches: Sequence[Match]
    ) -> Step:
        text = event.text
        desk = self._desks[form.desk]
        slot = desk.slot(state.asked)
        values = self._answers(desk, form, slot, text)
        if slot and not values and (picked := self._picked(state, text)):
            text = picked[1] or text
            values = self._answers(desk, form, slot, text)
        bar = self._bar(slot, values, text)
        other = self._other_topic(desk, bar, matches)
        confirms = slot is not None and slot.kind is Kind.CONFIRMATION and yes_or_no(text)
        if other and not (confirms and other.duty is Duty.GOODBYE):
            if other.tool:
                return self._open(state, other, text)
            question = self._open_question(state)
            final = "?" in other.reply or "emergency" in other.reply.lower()
            return state, Say(other.reply if final else _joined(other.reply, question))
        if state.asked == Ask.CHANGE:
            return self._change(state, desk, form, text)
        if slot and slot.kind is Kind.CONFIRMATION:
            return self._confirmed_or_not(state, desk, form, slot, event)
        if values:
            filled = {**form.filled, **values}
            state, decision = self._go(replace(state, form=Form(desk.key, filled), misses=0))
            if slot and slot.name not in values and isinstance(decision, Say):
                heard = [wording.value_of(desk, name, filled, self._today) for name in values]
                decision = Say(_joined(f"All right, {', '.join(heard)}.", decision.text))
            return state, decision
        return self._missed(state, desk, form)

    def _answers(self, desk: Desk, form: Form, slot: Slot | None, text: str) -> dict[str, Any]:
        asked = slot.name if slot else ""
        values = values_in(text, desk.slots, asked=asked, today=self._today, known=form.filled)
        if slot and slot.kind is Kind.TEXT and slot.name in values:
            return {slot.name: values[slot.name]}
        return values

    @staticmethod
    def _bar(slot: Slot | None, values: Mapping[str, Any], text: str) -> float:
        """Score from which another topic takes over: high when the words may be an answer."""
        answered = slot is not None and slot.name in values
        is_question = words_of(text)[:1] and words_of(text)[0] in _QUESTION_WORDS
        if is_question and not (answered and slot and slot.kind in (Kind.TEXT, Kind.NAME)):
            return MEANT
        return SWITCH_OVER_ANSWER if answered else SWITCH

    def _other_topic(self, desk: Desk, bar: float, matches: Sequence[Match]) -> Desk | None:
        if not matches:
            return None
        best = matches[0]
        own = max(
            (match.score for match in matches if self._desks[match.key].tool == desk.tool),
            default=0.0,
        )
        other = self._desks[best.key]
        same = other.key == desk.key or (other.tool and other.tool == desk.tool)
        return other if not same and best.score >= bar and best.score > own + 0.1 else None

    def _changes(self, desk: Desk, form: Form, text: str) -> dict[str, Any]:
        """Values in the words that differ from those already known."""
        values = values_in(text, desk.slots, asked="", today=self._today, known=form.filled)
        return {key: value for key, value in values.items() if form.filled.get(key) != value}

    def _confirmed_or_not(
        self, state: State, desk: Desk, form: Form, slot: Slot, event: CallerSaid
    ) -> Step:
        agreed = yes_or_no(event.last)
        agreed = yes_or_no(event.text) if agreed is None else agreed
        changed = self._changes(desk, form, event.text)
        if not changed and agreed is not True:
            changed = self._named_change(desk, form, event.text)
        if changed:
            filled = {**form.filled, **changed}
            return self._go(replace(state, form=Form(desk.key, filled), misses=0))
        if agreed:
            filled = {**form.filled, slot.name: True}
            return self._go(replace(state, form=Form(desk.key, filled), misses=0))
        wrong = mentioned(event.text, self._given(desk, form))
        if wrong:
            return self._ask_anew(state, desk, form, wrong)
        if agreed is False:
            return replace(state, asked=Ask.CHANGE, misses=0), Say(wording.CHANGE_WHAT)
        return self._missed(state, desk, form)

    def _given(self, desk: Desk, form: Form) -> list[Slot]:
        return [
            slot
            for slot in desk.slots
            if slot.name in form.filled and slot.kind is not Kind.CONFIRMATION
        ]

    def _named_change(self, desk: Desk, form: Form, text: str) -> dict[str, Any]:
        """ "No, make it eleven", "the time should be eleven": what only fits one given slot."""
        given = self._given(desk, form)
        about = mentioned(text, given)
        plain = re.sub(r"(?i)^\W*(?:(?:no|nope|nah|sorry|actually|wait)\b\W*)+", "", text)
        typed = (Kind.TIME, Kind.DATE, Kind.BIRTH_DATE, Kind.DIGITS, Kind.INTEGER, Kind.CHOICE)
        for slot in [about] if about else given:
            if slot.kind not in typed:
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
        changed = self._changes(desk, form, text) or self._named_change(desk, form, text)
        if changed:
            filled = {**form.filled, **changed}
            return self._go(replace(state, form=Form(desk.key, filled), misses=0))
        wrong = mentioned(text, self._given(desk, form))
        if wrong:
            return self._ask_anew(state, desk, form, wrong)
        agreed = yes_or_no(text)
        if agreed:
            return self._go(replace(state, misses=0))
        if agreed is False or "nothing" in words_of(text):
            return self._dropped(state)
        state = replace(state, misses=state.misses + 1)
        if state.misses >= MISSES_BEFORE_PERSON and self._desks.with_duty(Duty.HAND_OVER):
            return replace(state, asked=Ask.PERSON), Say(wording.OFFER_PERSON)
        return state, Say(wording.which_part(desk, form.filled))

    def _missed(self, state: State, desk: Desk, form: Form) -> Step:
        misses = state.misses + 1
        slot = desk.slot(state.asked) or desk.missing(form.filled)
        if slot is None:
            return self._go(state)
        if misses >= MISSES_BEFORE_PERSON:
            if self._desks.with_duty(Duty.HAND_OVER):
                return replace(state, misses=misses, asked=Ask.PERSON), Say(wording.OFFER_PERSON)
            state = replace(state, form=None, asked="", misses=misses)
            return state, Say(
                _joined(
                    f"I'm sorry, I can't make it out. {wording.STAND_IN}",
                    wording.what_it_can_do(self._desks.all),
                )
            )
        said = wording.again(desk, slot, form.filled, self._today, misses)
        return replace(state, misses=misses, asked=slot.name), Say(said)

    def _dropped(self, state: State) -> Step:
        state = replace(state, form=None, paused=None, asked=Ask.MORE, misses=0)
        return state, Say(_joined(wording.LEFT_AS_IS, wording.more(state.turn)))

    def _carried(self, desk: Desk, state: State) -> dict[str, Any]:
        """Facts out of other tools' results that fit this tool's parameters."""
        carried: dict[str, Any] = {}
        for slot in desk.slots:
            value, source = state.facts.get(slot.name, (None, ""))
            origin = self._desks.of_tool(source)
            # The day of what was just booked is not the day that it is to be moved to.
            settled = bool(origin and origin.confirmation)
            if source == desk.tool or (settled and slot.kind in (Kind.DATE, Kind.TIME)):
                continue
            if _fits(slot, value):
                carried[slot.name] = value
        return carried

    def _open(self, state: State, desk: Desk, text: str) -> Step:
        """Turns to a desk, with what the words and earlier results already tell."""
        paused = state.form if state.form and state.form.desk != desk.key else state.paused
        state = replace(state, form=None, misses=0, asked="", guess=("", ""), paused=paused)
        if not desk.tool:
            asked = Ask.RESULT if _asks(desk.reply) else ""
            return replace(state, asked=asked), Say(desk.reply)
        values = values_in(text, desk.slots, asked="", today=self._today) if text else {}
        carried = {} if _ANOTHER & set(words_of(text)) else self._carried(desk, state)
        filled = {**carried, **values, **_unasked(desk, text)}
        return self._go(replace(state, form=Form(desk.key, filled)))

    def _go(self, state: State) -> Step:
        """The next question, or the call when nothing is missing."""
        assert state.form is not None
        desk, filled = self._desks[state.form.desk], state.form.filled
        slot = desk.missing(filled)
        if slot:
            return replace(state, asked=slot.name), Say(self._question(desk, slot, filled))
        arguments = {slot.name: filled[slot.name] for slot in desk.slots if slot.name in filled}
        return replace(state, asked="", misses=0), CallTool(desk.tool, arguments)

    # Nothing open

    def _without_form(self, state: State, text: str, matches: Sequence[Match]) -> Step:
        if _is_about(matches, MEANT):
            return self._open(state, self._desks[matches[0].key], text)
        if step := self._followed_up(state, text):
            return step
        if not self._desks.all:
            return self._nothing_to_do(state, text)
        agreed = yes_or_no(text)
        if agreed is not None and len(words_of(text)) <= 3:
            said = "What can I do for you?" if agreed else "All right. How can I help you?"
            return replace(state, asked=""), Say(said)
        guess = self._desks[matches[0].key] if _is_about(matches, PERHAPS) else None
        if guess and guess.says and state.asked != Ask.DID_YOU_MEAN:
            state = replace(state, asked=Ask.DID_YOU_MEAN, guess=(guess.key, text))
            return state, Say(f"Sorry, did you mean: {guess.says[0]}?")
        return self._out_of_depth(state)

    def _out_of_depth(self, state: State) -> Step:
        misses = state.misses + 1
        state = replace(state, misses=misses, asked="")
        if misses >= MISSES_BEFORE_PERSON and self._desks.with_duty(Duty.HAND_OVER):
            return replace(state, asked=Ask.PERSON), Say(wording.OFFER_PERSON)
        help_line = wording.what_it_can_do(self._desks.all)
        if misses % 2:
            opening = "I'm sorry, that is not something I can help with, or I misheard."
            return state, Say(_joined(opening, wording.STAND_IN, help_line))
        lines = wording.example_lines(self._desks.all)
        return state, Say(_joined("I'm sorry, I didn't get that either.", lines or help_line))

    def _nothing_to_do(self, state: State, text: str) -> Step:
        heard = f"I heard: {text.rstrip('.!? ')}."
        if state.turn == 1:
            return state, Say(_joined(self._who, wording.STAND_IN, heard))
        return state, Say(_joined(heard, "I am only a stand-in, so that is all I can do with it."))

    # Ends of a call

    def _goodbye(self, state: State) -> Step:
        desk = self._desks.with_duty(Duty.GOODBYE)
        state = replace(state, form=None, asked="", misses=0)
        if desk is None:
            return state, Say(wording.FAREWELL)
        return self._open(state, desk, "")

    def _hand_over(self, state: State, text: str = "") -> Step:
        desk = self._desks.with_duty(Duty.HAND_OVER)
        assert desk is not None
        about = self._tool_of(state.form or state.settled).replace("_", " ")
        return self._open(state, desk, text or (f"something about: {about}" if about else ""))


_REASON_FOR_PERSON = "The caller asked for a person."


def _asks(text: str) -> bool:
    return text.rstrip('"” ').endswith("?")


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


def _failures(name: str) -> tuple[str, str]:
    return (
        LLMService.FUNCTION_CALL_ERROR_MESSAGE_TEMPLATE.format(function_name=name),
        LLMService.MISSING_FUNCTION_CALL_MESSAGE_TEMPLATE.format(function_name=name),
    )


def _is_about(matches: Sequence[Match], bar: float) -> bool:
    return bool(matches) and matches[0].score >= bar


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


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
