"""What the bot says to remarks about the conversation itself, and how a call begins and ends."""

from dataclasses import replace

from services.embedded import wording
from services.embedded.caller_says import Remark, remark_in
from services.embedded.conversation import Ask, Say, State, Step, joined
from services.embedded.desk import Desks, Duty
from services.embedded.facts import tool_of
from services.embedded.forms import Forms
from services.embedded.slots import Kind
from services.embedded.spoken_numbers import words_of
from services.embedded.spoken_values import yes_or_no

_YES_OR_NO = frozenset({Ask.PERSON, Ask.DID_YOU_MEAN, Ask.RETRY, Ask.RESULT})


class SmallTalk:
    """The rules of everything that is said on every call. Holds no state of a conversation."""

    def __init__(self, desks: Desks, forms: Forms, instructions: str) -> None:
        self._desks = desks
        self._forms = forms
        self.who = wording.who_it_is(instructions)

    def remark(self, state: State, text: str) -> Remark | None:
        """The remark that the words are where the conversation stands, or None."""
        slot = self._forms.asked_slot(state)
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

    def remarked(self, state: State, remark: Remark, text: str) -> Step | None:
        """What to do about a remark, or None where it has no meaning just now."""
        question = self._forms.open_question(state)
        help_line = wording.what_it_can_do(self._desks.all)
        match remark:
            case Remark.ARE_YOU_REAL:
                return state, Say(joined(wording.HONEST, question or help_line))
            case Remark.GOODBYE:
                return self.goodbye(state)
            case Remark.DONE if state.form is None:
                return self.goodbye(state)
            case Remark.REPEAT if state.answer:
                return state, Say(state.answer)
            case Remark.WAIT if self._desks.all or state.turn > 1:
                return state, Say("Take your time.")
            case Remark.PERSON if self._desks.with_duty(Duty.HAND_OVER):
                return self.hand_over(state, text)
            case Remark.PERSON:
                return state, Say(
                    joined("I'm sorry, I can't pass you to a person.", question or help_line)
                )
            case Remark.START_OVER if state.form:
                return self._forms.open(replace(state, facts={}), self._desks[state.form.desk], "")
            case Remark.NEVER_MIND if state.form:
                return self._forms.drop(state)
            case Remark.NEVER_MIND:
                said = joined("All right.", wording.more(state.turn))
                return replace(state, asked=Ask.MORE), Say(said)
            case Remark.THANKS if state.asked in ("", Ask.MORE, Ask.RESULT) or state.form:
                said = joined("You're welcome.", question or wording.more(state.turn))
                return replace(state, asked=state.asked or Ask.MORE), Say(said)
            case Remark.GREETING if state.turn == 1 and not self._desks.all:
                return state, Say(self.greeting())
            case Remark.GREETING:
                return state, Say(joined("Hello!", question or "How can I help you?"))
            case Remark.STILL_THERE:
                return state, Say(joined("I am here.", question or "How can I help you?"))
            case Remark.HELP if help_line:
                return state, Say(joined(help_line, question))
        return None

    def greeting(self) -> str:
        """The first words of a call."""
        if not self._desks.all:
            return joined("Hello!", self.who, wording.STAND_IN)
        return joined("Hello!", self.who, "How can I help you?")

    def goodbye(self, state: State) -> Step:
        """Ends the call."""
        desk = self._desks.with_duty(Duty.GOODBYE)
        state = replace(state, form=None, asked="", misses=0)
        if desk is None:
            return state, Say(wording.FAREWELL)
        return self._forms.open(state, desk, "")

    def hand_over(self, state: State, text: str = "") -> Step:
        """Passes the caller to a person, who reads `text` or what the call was about."""
        desk = self._desks.with_duty(Duty.HAND_OVER)
        assert desk is not None
        about = tool_of(self._desks, state.form or state.settled).replace("_", " ")
        return self._forms.open(state, desk, text or (f"something about: {about}" if about else ""))
