"""The answer that is asked for before the caller's turn is over."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from calls.turn_taking.budget import Budget
from calls.turn_taking.words import mean_the_same


class Outcome(StrEnum):
    """What became of an answer that was asked for ahead."""

    KEPT = "kept"
    OTHER_WORDS = "other-words"
    """The recogniser made other words of it."""
    WENT_ON = "went-on"
    """The caller spoke again."""
    UNRESOLVED = "unresolved"
    """The turn ended otherwise."""
    REFUSED = "refused"
    """The model's service withdrew it."""


@dataclass(frozen=True)
class Settled:
    """One answer that was asked for ahead.

    Attributes:
        outcome: Kept, or why not.
        lead_ms: From asking to the turn's end, or to the withdrawal: at most so much is saved,
            or so long a model worked in vain.
        kept: How many were kept in this call so far.
        wasted: How many were not.
        lead_kept_ms: The sum of `lead_ms` of those that were kept.
    """

    outcome: Outcome
    lead_ms: float
    kept: int
    wasted: int
    lead_kept_ms: float


class Ahead:
    """At most one answer is in flight, and never two for the same words.

    Parameters:
        on_settled: Told of each.
        budget: Bounds the waste.
    """

    def __init__(
        self, on_settled: Callable[[Settled], None] | None = None, *, budget: Budget | None = None
    ) -> None:
        self._on_settled = on_settled
        self._budget = budget or Budget()
        self._text = ""
        self._asked_at_s = 0.0
        self._refused = ""
        self._kept = self._wasted = 0
        self._lead_kept_ms = 0.0

    @property
    def in_flight(self) -> bool:
        return bool(self._text)

    @property
    def untroubled(self) -> bool:
        """Whether little was asked for in vain lately."""
        return self._budget.ample

    def may_ask(self, text: str) -> bool:
        """Whether these words are worth asking for: new ones, within the budget."""
        known = self._text or self._refused
        if known and mean_the_same(known, text):
            return False
        return self._budget.allows

    def asked(self, text: str, now_s: float) -> None:
        """The model was asked."""
        self._text, self._asked_at_s = text, now_s
        self._budget.asked()

    def answers(self, text: str) -> bool:
        """Whether what is in flight answers these words."""
        return self.in_flight and mean_the_same(self._text, text)

    def settle(self, outcome: Outcome, now_s: float) -> None:
        """Nothing is in flight any more."""
        if outcome is Outcome.REFUSED:
            self._refused = self._text
        lead_ms = round(1000 * (now_s - self._asked_at_s), 1)
        self._text = ""
        if outcome is Outcome.KEPT:
            self._kept += 1
            self._budget.kept()
            self._lead_kept_ms = round(self._lead_kept_ms + lead_ms, 1)
        else:
            self._wasted += 1
        if self._on_settled:
            self._on_settled(
                Settled(outcome, lead_ms, self._kept, self._wasted, self._lead_kept_ms)
            )

    def turn_over(self) -> None:
        """The turn has ended: the next one's words are other ones."""
        self._refused = ""
        self._budget.turn_over()
