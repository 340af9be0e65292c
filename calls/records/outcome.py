"""How a call ended for the caller, where no tool of the bot said so.

Nothing here is guessed as a success: a call is `resolved` when a tool did what it was asked for,
the bot turned nothing down since, and both sides said goodbye. Whatever is not known to have ended
otherwise is `abandoned`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from calls.records.rows import Outcome

EndedBy = Literal["caller", "bot", "operator", "error"]

INTERRUPTED = "interrupted"

# What a call's end is called, by how the reason for it begins.
_ENDED_BY: dict[str, EndedBy] = {
    "the caller hung up": "caller",
    "no answer could be given": "error",
    INTERRUPTED: "error",
    "error": "error",
    "ended by an operator": "operator",
    "ended by the operator": "operator",
}
# What is done about a silence where the answer is given up.
_GIVEN_UP = ("ask-again", "goodbye")
# In a tool's result, where it is false, it did not do what it was asked for.
_DONE = (
    *("booked", "cancelled", "changed", "confirmed", "connected", "done", "found", "moved", "ok"),
    *("sent", "success", "successful"),
)
_HANDED_OVER = ("handed over to", "waiting for a person")
_GOODBYE = "bot said goodbye"

_PARTING = re.compile(
    r"\b(good ?bye|bye|farewell|cheers|thank you|thanks|have a (good|nice|great|lovely)|"
    r"that( i|'| wi)(s|ll be|ll do|l be) (all|it|everything)|that will (be all|do)|"
    r"nothing (else|more)|i'?m (good|done|all set|fine)|i am (good|done|all set|fine)|all set)\b",
    re.IGNORECASE,
)
_AGREED = re.compile(
    r"(yes|yeah|yep|okay|ok|all right|alright|great|perfect|correct|fine|good|sounds good|"
    r"that works|wonderful)([, ]+(that works|great|perfect|please|fine|good|do that))?",
    re.IGNORECASE,
)
_NO = re.compile(r"(no|nope|nah|not today|no that's fine)", re.IGNORECASE)
_ANYTHING_ELSE = re.compile(r"\b(any|some)thing (else|more)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Judged:
    """An outcome, and what it was judged by in a few words."""

    outcome: Outcome
    why: str


@dataclass
class Course:
    """What the rules need to know of a call. It is told of every event, with its words.

    Only an answer takes back that an answer failed. Words of the bot that carry `said` are none:
    fillers, apologies, the phrases of the silence bound, a question whether the caller is there.
    """

    told: bool = False
    _bot_spoke: bool = False
    _caller_spoke: bool = False
    _owed: bool = False
    _helped: bool = False
    _failing: bool = False
    _voicemail: bool = False
    _last_of_caller: str = ""
    _bot_since: list[str] = field(default_factory=list)
    _bot_before: str = ""

    def take(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Follow the call by one event."""
        match kind:
            case "heard" if facts.get("who") == "caller":
                self._caller_spoke = self._owed = True
                self._last_of_caller = str(facts.get("text", ""))
                self._bot_before, self._bot_since = " ".join(self._bot_since), []
            case "heard" if facts.get("said") is None:
                self._bot_spoke, self._owed, self._failing = True, False, False
                self._bot_since.append(str(facts.get("text", "")))
            case "heard" if facts.get("said") == "apology":
                self._failing = True
            case "provider_failed" if not facts.get("went_to"):
                self._failing = True
            case "silence_bound" if facts.get("step") in _GIVEN_UP:
                self._failing = self._failing or set(facts.get("outstanding", ())) != {"stt"}
            case "tool" if "goodbye" not in str(facts.get("name")):
                self._helped = not facts.get("error") and _has_done_it(facts.get("result"))
            case "unhandled":
                self._helped = False
            case "voicemail":
                self._voicemail = True
            case "outcome":
                self.told = True

    def judged(self, reason: str, by: str) -> Judged:
        """The outcome of the call, which ended for a reason."""
        if reason.startswith(_HANDED_OVER):
            return Judged("handed_over", reason.split(" to +")[0])
        if self._voicemail:
            return Judged("voicemail", "a machine answered")
        if by == "error":
            return Judged("failed", reason)
        if self._failing:
            return Judged("failed", "no answer could be given to the caller's last words")
        if not self._bot_spoke and (self._caller_spoke or by != "caller"):
            return Judged("failed", "the bot never answered")
        if reason == _GOODBYE and self._helped and self._parted():
            return Judged("resolved", "a tool helped, and both said goodbye")
        if self._owed:
            return Judged("abandoned", "the caller's last words had no answer")
        return Judged("abandoned", "nothing says that it was settled")

    def _parted(self) -> bool:
        words = self._last_of_caller.strip(" .!?,")
        if _PARTING.search(words) or _AGREED.fullmatch(words):
            return True
        return bool(_NO.fullmatch(words) and _ANYTHING_ELSE.search(self._bot_before))


def _has_done_it(result: Any) -> bool:
    """Whether a tool that ran has found or done something, as far as its result tells."""
    if not isinstance(result, Mapping):
        return True
    undone = any(result.get(name) is False for name in _DONE)
    return not (undone or result.get("needs") or result.get("error"))


def ended_by(reason: str) -> EndedBy:
    """Who ended a call, by the reason it ended for."""
    for beginning, who in _ENDED_BY.items():
        if reason.startswith(beginning):
            return who
    return "bot"
