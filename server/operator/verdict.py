"""What became of a call, in a sentence, and what went wrong in it, the worst first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from calls.records.event import Event
from calls.records.outcome import INTERRUPTED
from calls.records.rows import CallRow
from calls.silence import GAVE_UP
from server.operator.trouble import Trouble, spoken_s
from server.operator.troubles import troubles_of

Tone = Literal["live", "good", "fair", "bad"]

_OUTCOMES = {
    "resolved": "Resolved",
    "handed_over": "Handed over to a person",
    "abandoned": "Abandoned by the caller",
    "voicemail": "Reached a voicemail",
    "failed": "Failed",
}
_MINOR = ("unhandled", "provider_failed")


@dataclass(frozen=True)
class Verdict:
    """What the page of a call says at its top.

    Attributes:
        tone: "bad" where the call did not do its job, "fair" where it did with trouble.
        headline: The outcome in a few words.
        sentence: What it was that went wrong, or that nothing did.
        troubles: All there is to say, the worst first.
    """

    tone: Tone
    headline: str
    sentence: str
    troubles: tuple[Trouble, ...]


def verdict(row: CallRow, events: Sequence[Event]) -> Verdict:
    """Judge a call by what is on its record so far."""
    troubles = tuple(sorted(troubles_of(events), key=lambda one: (-one.weight, one.at_s)))
    if row.live:
        sentence = _first(troubles) or "No trouble so far."
        return Verdict("live", "The call is running", sentence, troubles)
    headline = _OUTCOMES.get(row.outcome, "Over, with no outcome on record")
    if row.end_reason == INTERRUPTED:
        headline = "Cut off"
    elif row.outcome == "failed" and row.outcome_why:
        headline = f"{headline}: {row.outcome_why.rstrip('.')}"
    tone: Tone = "good"
    if _is_broken(row, troubles):
        tone = "bad"
    elif troubles or row.outcome == "abandoned":
        tone = "fair"
    return Verdict(tone, headline, " ".join(_sentences(row, troubles)), troubles)


def _is_broken(row: CallRow, troubles: Sequence[Trouble]) -> bool:
    """Whether it did not do its job. Who leaves a call that went well had their reasons."""
    if row.outcome == "abandoned" and any(one.kind not in _MINOR for one in troubles):
        return True
    return row.outcome == "failed" or row.ended_by == "error" or row.end_reason == INTERRUPTED


def _sentences(row: CallRow, troubles: Sequence[Trouble]) -> Iterator[str]:
    if row.end_reason == INTERRUPTED:
        yield (
            f"The server's process ended in the middle of the call, after "
            f"{spoken_s(row.duration_s or 0)}; nobody hung up."
        )
    if worst := _first(troubles):
        yield worst
    elif _is_broken(row, troubles) or row.outcome == "abandoned":
        yield _why(row) or "The record does not say what broke."
    else:
        yield "Nothing went wrong that the record knows of."
    if troubles and (end := _end(row)):
        yield end
    if troubles and row.outcome == "abandoned" and troubles[0].kind in _MINOR and row.outcome_why:
        yield f"It counts as abandoned: {row.outcome_why.rstrip('.')}."


def _first(troubles: Sequence[Trouble]) -> str:
    """The worst trouble, and the silence that it brought where that is another."""
    if not troubles:
        return ""
    worst = troubles[0]
    silence = next((one for one in troubles[1:] if one.kind == "dead_air"), None)
    if silence and worst.kind != "dead_air":
        return f"{worst.sentence} {silence.sentence}"
    return worst.sentence


def _why(row: CallRow) -> str:
    why = row.outcome_why or row.end_reason
    return f"{why[:1].upper()}{why[1:].rstrip('.')}." if why else ""


def _end(row: CallRow) -> str:
    match row.ended_by:
        case "caller":
            return f"The caller hung up after {spoken_s(row.duration_s or 0)}."
        case "operator":
            return "An operator ended the call."
        case "bot" if row.outcome != "resolved" and row.end_reason:
            return f"The bot ended the call: {row.end_reason.rstrip('.')}."
        case "error" if row.end_reason == GAVE_UP:
            return f"The bot gave up and ended the call after {spoken_s(row.duration_s or 0)}."
        case "error" if row.end_reason and row.end_reason != INTERRUPTED:
            return f"The call broke: {row.end_reason.rstrip('.')}."
        case _:
            return ""
