"""Redaction of one call: it stands before whatever stores, logs, traces or shows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from calls.redaction.detector import search
from calls.redaction.facts import redacted_facts, without_words
from calls.redaction.found import Found, masked, merged
from calls.redaction.given import Given
from calls.redaction.plain import plain
from calls.redaction.policy import Policy
from calls.redaction.setting import SHOWN_DIGITS, Setting
from calls.redaction.talk import Talk
from calls.redaction.trigger import log_may_hold_something, may_hold_something

# Kinds of events that tell what the caller heard, in order.
_AS_HEARD = frozenset({"heard", "recorded"})
_MASK = re.compile(r"\[(?:card|email|phone|date of birth|id|digits)\]")


@dataclass(frozen=True)
class SpokenWord:
    """A word and when it was said, in seconds of the recording."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Silence:
    """What is not to be heard.

    Attributes:
        who: Whose words, "caller" or "bot".
        first: Index of the first word.
        last: Index after the last word.
        start_s: When the first begins.
        end_s: When the last ends.
        mask: What was said there.
    """

    who: str
    first: int
    last: int
    start_s: float
    end_s: float
    mask: str


class Redactor:
    """Takes out of one call's words what is not to be kept.

    It follows the talk, so that a number given piece by piece is masked from its first three
    digits on; texts are to be handed over in the order in which they were said.

    Parameters:
        policy: What is kept.
        today: The date.
    """

    def __init__(self, policy: Policy, *, today: Callable[[], date] = date.today) -> None:
        self.policy: Policy = policy
        self._today = today
        self._talk = Talk()
        self._given = Given()

    def text(self, who: str, text: str) -> str:
        """What is kept of words that `who` ("caller" or "bot") said.

        Under "metadata only" nothing is.
        """
        return self._text(who, text, "heard")

    def facts(self, kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What is kept of an event's facts, down to the deepest value; `facts` is left as it is."""
        if self.policy == "everything":
            return dict(facts)
        if self.policy == "metadata only":
            return without_words(kind, facts)
        return redacted_facts(kind, facts, self._text)

    def spans(self, who: str, words: Sequence[SpokenWord]) -> list[Silence]:
        """What is to be silenced of words that were said one after the other.

        Where only the time of a whole turn is known, the turn is one "word": all of it is
        silenced when anything in it is.

        Under "metadata only" all of it, under "everything" nothing.
        """
        if not words or self.policy == "everything":
            return []
        if self.policy == "metadata only":
            return [Silence(who, 0, len(words), words[0].start_s, words[-1].end_s, "[words]")]
        starts, at = [], 0
        for word in words:
            starts.append(at)
            at += len(word.text) + 1
        found = self._find(who, " ".join(word.text for word in words), "recorded")
        return [_silence(who, one, starts, words) for one in found]

    def log_text(self, text: str) -> str:
        """What is kept of a line of the log; it tells nothing about the talk."""
        if self.policy == "everything":
            return text
        talk, known = self._talk, plain(text)
        found = list(self._given.quoted_in(known))
        if log_may_hold_something(known):
            setting = Setting("log", self._today(), about=talk.about, dictated=talk.dictated)
            found += search(known, setting).found
        return masked(text, merged(found))

    def _text(self, who: str, text: str, channel: str) -> str:
        if self.policy == "metadata only":
            return ""
        if self.policy == "everything" or not text:
            return text
        return masked(text, self._find(who, text, channel))

    def _find(self, who: str, text: str, channel: str) -> Sequence[Found]:
        talk, text = self._talk, plain(text)
        pieces = talk.of(f"{channel} {'caller' if who != 'bot' else who}")
        found: Sequence[Found] = ()
        digits = ""
        if may_hold_something(text) or talk.about == "email" or talk.email_given:
            setting = Setting(
                who,
                self._today(),
                about=talk.about,
                dictated=talk.dictated,
                of_times=talk.of_times,
                email_given=talk.email_given,
                half_date=talk.half_date,
                given="".join(each.digits + " " for each in talk.pieces.values()),
                room=SHOWN_DIGITS - len(pieces.digits),
            )
            findings = search(text, setting)
            found, digits = findings.found, findings.digits
            self._given.add(text, found)
            talk.email_given = talk.email_given or any(one.mask == "[email]" for one in found)
            if who == "caller":
                talk.half_date = talk.half_date or findings.half_date
        if who == "bot":
            if channel in _AS_HEARD:
                talk.bot_says(text)
        elif who == "caller":
            talk.caller_says(text)
            pieces.add(digits, quiet=not digits and not found and not _MASK.search(text))
        return found


def _silence(who: str, found: Found, starts: Sequence[int], words: Sequence[SpokenWord]) -> Silence:
    first = max(index for index, start in enumerate(starts) if start <= found.start)
    last = max(index for index, start in enumerate(starts) if start < found.end) + 1
    return Silence(who, first, last, words[first].start_s, words[last - 1].end_s, found.mask)
