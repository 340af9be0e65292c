"""How long to wait for more, given what was said, what was asked, and who speaks."""

from dataclasses import dataclass

from calls.turn_taking.pauses import Pauses
from calls.turn_taking.phrases import (
    asks_for_spelling,
    asks_for_time,
    asks_yes_or_no,
    is_being_spelled,
    is_yes_or_no,
    leads_on,
)
from calls.turn_taking.words import words_of

# An answer of a word or two is seldom the beginning of a longer one.
_SHORT = 2


@dataclass(frozen=True)
class Patience:
    """The silence, in seconds from the end of speech, that ends the turn.

    Attributes:
        complete_s: Where the model of turns takes the turn for complete.
        incomplete_s: Where it does not.
        unfinished: Whether nobody ends a turn with such words, unless something keeps them from
            going on.
    """

    complete_s: float
    incomplete_s: float
    unfinished: bool = False

    @property
    def needs_no_model(self) -> bool:
        """Whether the words alone tell."""
        return self.complete_s == self.incomplete_s

    @property
    def expects_more(self) -> bool:
        """Whether the words tell that there is more to come."""
        return self.complete_s > 0


NONE = Patience(0.0, 0.0)


def patience(words: str, question: str, pauses: Pauses) -> Patience:
    """How long to wait for more.

    Args:
        words: What the caller said in this turn so far.
        question: What the bot said last; "" when nothing.
        pauses: How this caller pauses.
    """
    plain, pace = words_of(words), pauses.pace
    if asks_for_time(plain):
        return Patience(pace.most_s, pace.most_s, unfinished=True)
    if leads_on(words, plain):
        incomplete_s = max(pauses.thinking_s, pace.thinking_s)
        return Patience(pauses.thinking_s, incomplete_s, unfinished=True)
    if plain and asks_yes_or_no(question) and is_yes_or_no(plain):
        return NONE
    if is_being_spelled(plain, question):
        expected_s = pace.spelling_s if asks_for_spelling(question) else pace.spelling_s / 2
        spelling_s = max(expected_s, pauses.learned_s)
        return Patience(spelling_s, max(spelling_s, pauses.thinking_s))
    if plain and len(plain) <= _SHORT and question:
        return Patience(0.0, pace.least_s)
    return Patience(0.0, pauses.thinking_s)
