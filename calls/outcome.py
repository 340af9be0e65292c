"""How a call came out, and how that is judged where no tool said so."""

from dataclasses import dataclass
from typing import Literal, get_args

Outcome = Literal["resolved", "handed_over", "abandoned", "voicemail", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

EndedBy = Literal["caller", "bot", "operator", "error"]

# What the reason of an end that is no loss begins with (`Call.redirect`, tools/handoff.py).
_HANDED_OVER = ("handed over to", "waiting for a person")


@dataclass(frozen=True)
class Ending:
    """What is known of a call at its end.

    Parameters:
        reason: Why it ended.
        ended_by: Who ended it.
        caller_spoke: Whether the caller said anything.
        tool_failed: Whether the last tool that was run failed.
        unanswered: Whether the caller spoke last, and no answer was heard.
    """

    reason: str
    ended_by: EndedBy
    caller_spoke: bool = False
    tool_failed: bool = False
    unanswered: bool = False


def judged(ending: Ending) -> tuple[Outcome, str]:
    """The outcome of a call of which no tool told it, and why.

    Nothing but a tool knows that a caller got what they wanted, so it is never a success.
    """
    if ending.reason.startswith(_HANDED_OVER):
        return "handed_over", ending.reason
    if ending.ended_by == "error":
        return "failed", ending.reason
    if ending.ended_by == "operator":
        return "failed", f"ended from outside: {ending.reason}"
    if not ending.caller_spoke:
        return "abandoned", "the caller said nothing"
    if ending.tool_failed:
        return "failed", "the last tool failed"
    if ending.ended_by == "caller":
        if ending.unanswered:
            return "abandoned", "the caller hung up while waiting for an answer"
        return "abandoned", "the caller hung up before anything was settled"
    return "abandoned", "no tool said that it was settled"
