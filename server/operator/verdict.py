"""What became of a call, in a sentence, and what went wrong in it, the worst first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from calls.records.event import Event
from calls.records.outcome import INTERRUPTED
from calls.records.rows import CallRow
from calls.silence import GAVE_UP
from server.operator.troubles import Trouble, spoken_s, troubles_of

Tone = Literal["live", "good", "fair", "bad"]

_OUTCOMES = {
    "resolved": "Resolved",
    "handed_over": "Handed over to a person",
    "abandoned": "Abandoned by the caller",
    "voicemail": "Reached a voicemail",
    "failed": "Failed",
}
_SHORTLY_S = 30.0
_BROKEN = ("failed", "abandoned")


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
    tone: Tone = "bad" if _is_broken(row) else "fair" if troubles else "good"
    return Verdict(tone, headline, " ".join(_sentences(row, troubles)), troubles)


def _is_broken(row: CallRow) -> bool:
    return row.outcome in _BROKEN or row.ended_by == "error" or row.end_reason == INTERRUPTED


def _sentences(row: CallRow, troubles: Sequence[Trouble]) -> Iterator[str]:
    if row.end_reason == INTERRUPTED:
        yield (
            f"The server's process ended in the middle of the call, after "
            f"{spoken_s(row.duration_s or 0)}; nobody hung up."
        )
    if worst := _first(troubles):
        yield worst
    elif _is_broken(row):
        yield _why(row) or "The record does not say what broke."
    else:
        yield "Nothing went wrong that the record knows of."
    if troubles and (end := _end(row)):
        yield end


def _first(troubles: Sequence[Trouble]) -> str:
    """The worst trouble, and the silence that it brought where that is another."""
    if not troubles:
        return ""
    worst = troubles[0]
    if worst.kind == "provider_lost":
        return " ".join(one.sentence for one in _led_to(worst, troubles))
    silence = next((one for one in troubles[1:] if one.kind == "dead_air"), None)
    if silence and worst.kind != "dead_air":
        return f"{worst.sentence} {silence.sentence}"
    return worst.sentence


def _led_to(worst: Trouble, troubles: Sequence[Trouble]) -> list[Trouble]:
    """The providers that failed shortly before the last one, that one, and the silence."""
    before = [
        one
        for one in troubles
        if one.kind == "provider_failed"
        and one.stage == worst.stage
        and 0 <= worst.at_s - one.at_s <= _SHORTLY_S
    ]
    silence = [one for one in troubles if one.kind == "dead_air"][:1]
    return [*sorted(before, key=lambda one: one.at_s), worst, *silence]


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
