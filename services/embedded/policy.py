"""The understudy's mind: from the conversation so far to what to say or which tool to call.

A pure function. Nothing is remembered between turns: the conversation is replayed from the
context's messages every time, so an interrupted, restored or handed-over call is understood like
any other.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.processors.aggregators.llm_context import LLMContextMessage

from services.embedded import wording
from services.embedded.caller_says import Remark, last_thought, remark_in
from services.embedded.conversation import Ask, CallTool, Decision, Say, State, Step, joined
from services.embedded.desk import Desks, Duty
from services.embedded.forms import MISSES_BEFORE_PERSON, Forms
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
from services.embedded.results import Results
from services.embedded.slots import Kind
from services.embedded.small_talk import SmallTalk
from services.embedded.spoken_numbers import words_of
from services.embedded.spoken_values import yes_or_no
from services.embedded.topic import Topic
from services.embedded.topic_choice import (
    MEANT,
    PERHAPS,
    WORD_FOR_WORD,
    emergency,
    is_about,
    topics_in,
)

__all__ = ["CallTool", "Decision", "Policy", "Say", "decide"]


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
        self._forms = Forms(desks, today)
        self._talk = SmallTalk(desks, self._forms, instructions)
        self._results = Results(desks, self._forms, self._talk, today)

    def step(self, state: State, event: Event, before: Decision | None) -> tuple[State, Any]:
        match event:
            case CallerSaid():
                return self._caller_said(state, event)
            case ToolCalled(name, arguments):
                return self._results.tool_called(state, name, arguments), before
            case ToolAnswered(name, result):
                return self._results.tool_answered(state, name, result)
            case ToolCancelled():
                return self._results.tool_cancelled(state)
            case BotSaid():
                asked = Ask.RETRY if state.asked == Ask.RESUME else state.asked
                answer = state.answer or event.text
                return replace(state, unheard="", asked=asked, answer=answer), before
        return state, before

    def unprompted(self, state: State, events: Sequence[Event]) -> Decision:
        """What to say when neither the caller nor a tool has said anything new."""
        if events and isinstance(events[-1], ToolCalled):
            return Say("")
        if not any(isinstance(event, CallerSaid) for event in events):
            return Say(self._talk.greeting())
        return Say(joined("Are you still there?", self._forms.open_question(state)))

    def _caller_said(self, state: State, event: CallerSaid) -> Step:
        before = state
        state, decision = self._heard(replace(state, turn=state.turn + 1, unheard=""), event)
        if isinstance(decision, Say):
            if before.unheard:
                # The caller spoke over a result: it still has to be said.
                understood = state.misses == 0
                said = joined(before.unheard, decision.text) if understood else before.answer
                state, decision = replace(state, misses=0), Say(said)
            if not wording.says_nothing(decision.text):
                state = replace(state, answer=decision.text)
        return state, decision

    def _heard(self, state: State, event: CallerSaid) -> Step:
        text = event.text
        matches = topics_in(self._desks, event.last)
        if event.last != text and not is_about(matches, MEANT):
            matches = topics_in(self._desks, text)
        meant_instead = topics_in(self._desks, last_thought(text))
        if is_about(meant_instead, MEANT):
            matches = meant_instead
        remark = None if is_about(matches, WORD_FOR_WORD) else self._talk.remark(state, text)
        if remark_in(text) is Remark.ARE_YOU_REAL:
            remark = Remark.ARE_YOU_REAL
        if remark is Remark.NEVER_MIND and matches is meant_instead:
            remark = None  # "Forget that, where is it?"
        if remark and (step := self._talk.remarked(state, remark, text)):
            return step
        if state.form is None and (alarm := emergency(self._desks, text, matches, PERHAPS)):
            return self._forms.open(state, alarm, text)
        if re.fullmatch(r"DTMF:\s*0#?", text) and self._desks.with_duty(Duty.HAND_OVER):
            slot = self._forms.asked_slot(state)
            if slot is None or slot.kind not in (Kind.DIGITS, Kind.INTEGER, Kind.NUMBER):
                return self._talk.hand_over(state)
        match state.asked:
            case Ask.MORE | Ask.RESULT:
                step = self._results.after_result(state, text, matches)
            case Ask.PERSON | Ask.DID_YOU_MEAN:
                step = self._after_offer(state, text, matches)
            case Ask.RETRY | Ask.RESUME:
                step = self._results.after_failure(state, text, matches)
            case _:
                step = None
        if step:
            return step
        if state.form:
            return self._forms.answered(state, state.form, event, matches)
        return self._without_form(state, text, matches)

    def _after_offer(self, state: State, text: str, matches: Sequence[Match]) -> Step | None:
        """The answer to "a person?" or "did you mean …?"."""
        agreed = yes_or_no(text)
        if agreed and state.asked == Ask.PERSON:
            return self._talk.hand_over(state)
        if agreed and state.asked == Ask.DID_YOU_MEAN:
            return self._forms.open(state, self._desks[state.guess[0]], state.guess[1])
        if agreed is False and not is_about(matches, MEANT):
            form = state.form
            state = replace(state, asked="", misses=0)
            if form:
                state, decision = self._forms.go(replace(state, form=form))
                text = decision.text if isinstance(decision, Say) else ""
                return state, Say(joined("All right.", text)) if text else decision
            help_line = wording.what_it_can_do(self._desks.all)
            return state, Say(joined("All right.", help_line, "What can I do for you?"))
        return None

    def _without_form(self, state: State, text: str, matches: Sequence[Match]) -> Step:
        if is_about(matches, MEANT):
            return self._forms.open(state, self._desks[matches[0].key], text)
        if step := self._results.followed_up(state, text, matches):
            return step
        if not self._desks.all:
            return self._nothing_to_do(state, text)
        agreed = yes_or_no(text)
        if agreed is not None and len(words_of(text)) <= 3:
            said = "What can I do for you?" if agreed else "All right. How can I help you?"
            return replace(state, asked=""), Say(said)
        # Nobody is asked whether it is an emergency: it was taken for one, or it is none.
        calm = [match for match in matches if not self._desks[match.key].urgent]
        if is_about(calm, PERHAPS) and calm[0].line and state.asked != Ask.DID_YOU_MEAN:
            state = replace(state, asked=Ask.DID_YOU_MEAN, guess=(calm[0].key, text))
            return state, Say(f"Sorry, did you mean: {calm[0].line}?")
        return self._out_of_depth(state)

    def _out_of_depth(self, state: State) -> Step:
        misses = state.misses + 1
        state = replace(state, misses=misses, asked="")
        if misses >= MISSES_BEFORE_PERSON and self._desks.with_duty(Duty.HAND_OVER):
            return replace(state, asked=Ask.PERSON), Say(wording.OFFER_PERSON)
        help_line = wording.what_it_can_do(self._desks.all)
        if misses % 2:
            opening = "I'm sorry, that is not something I can help with, or I misheard."
            return state, Say(joined(opening, wording.STAND_IN, help_line))
        lines = wording.example_lines(self._desks.all)
        return state, Say(joined("I'm sorry, I didn't get that either.", lines or help_line))

    def _nothing_to_do(self, state: State, text: str) -> Step:
        heard = f"I heard: {text.rstrip('.!? ')}."
        if state.turn == 1:
            return state, Say(joined(self._talk.who, wording.STAND_IN, heard))
        return state, Say(joined(heard, "I am only a stand-in, so that is all I can do with it."))
