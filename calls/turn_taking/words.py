"""What the caller said in a turn so far, and when two ways of writing it mean the same."""

import re
import unicodedata
from typing import Any

from pipecat.frames.frames import InterimTranscriptionFrame, TranscriptionFrame

FILLERS = frozenset("ah eh er erm hm hmm mm mmm uh uhm um umm".split())

# "it's" and "its" are one word; a hyphen parts two.
_APOSTROPHES = re.compile(r"['’ʼ]")
_WORD = re.compile(r"\w+")


def words_of(text: str) -> tuple[str, ...]:
    """The words alone: no case, no punctuation, no "um"."""
    return tuple(word for word in all_words_of(text) if word not in FILLERS)


def all_words_of(text: str) -> tuple[str, ...]:
    """The same with every "um"."""
    plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text).casefold())
    return tuple(_WORD.findall(plain))


def mean_the_same(one: str, other: str) -> bool:
    """Whether an answer to the one is an answer to the other."""
    return words_of(one) == words_of(other)


class Heard:
    """The words of one turn: those the recogniser stands by, and what it makes of the rest.

    Parameters:
        carried: What the caller said before, where this turn goes on with an earlier one.

    Attributes:
        final: Whether the recogniser has said that these are the last words of the stretch.
        changed_at_s: When the words last changed.
        final_at_s: When the last of those came that are there to stay.
    """

    def __init__(self, carried: str = "") -> None:
        self._finals = [carried] if carried else []
        self._carried = carried
        self._settled: list[str] = []
        self._interim = ""
        self.final = False
        self.changed_at_s = self.final_at_s = 0.0

    def add_final(self, frame: TranscriptionFrame, now_s: float) -> None:
        """Words that are there to stay."""
        before = words_of(self.text)
        self.final_at_s = now_s
        if frame.text.strip():
            self._finals.append(frame.text.strip())
        self._settled, self._interim = [], ""
        self.final = self.final or frame.finalized
        self._note_change(before, now_s)

    def add_interim(self, frame: InterimTranscriptionFrame, now_s: float) -> None:
        """Words that may yet change: whatever was final before, more is to come."""
        before = words_of(self.text)
        text = frame.text.strip()
        if _stood_by(frame.result):
            # A backed recogniser hands these on as interim until the caller pauses.
            self._settled.append(text)
            text = ""
        self._interim = text
        self.final = False
        self._note_change(before, now_s)

    def goes_on(self) -> None:
        """The caller speaks again."""
        self.final = False

    @property
    def text(self) -> str:
        """Everything in hand, guesses included."""
        return " ".join(part for part in (*self._finals, *self._settled, self._interim) if part)

    @property
    def stands(self) -> str:
        """The words that are there to stay: what is written down if the turn ends now."""
        return " ".join(self._finals)

    @property
    def is_guessing(self) -> bool:
        """Whether there are words of which the final ones are still to come."""
        return bool(self._settled or self._interim)

    @property
    def grown(self) -> bool:
        """Whether there are words that were not carried over."""
        return self.text != self._carried

    @property
    def settled(self) -> bool:
        """Whether some of it is there to stay: a turn is never ended on guesses alone."""
        return bool(self._finals)

    def _note_change(self, before: tuple[str, ...], now_s: float) -> None:
        if words_of(self.text) != before:
            self.changed_at_s = now_s


def _stood_by(result: Any) -> bool:
    return bool(getattr(result, "is_final", False))
