"""Which step a silence bound takes next: patience first, then the answer's end, then the call's."""

from processors.no_answer import APOLOGY, PROMPT
from processors.silence.owed import Owed
from processors.silence.phrases import Step


class Steps:
    """Knows what was done for the answer that is owed, and what the caller heard in its place.

    Args:
        owed: What the caller is owed.
        may_part: Whether a goodbye may follow when two answers in a row fail.
    """

    def __init__(self, owed: Owed, *, may_part: bool) -> None:
        self._owed = owed
        self._may_part = may_part
        self._taken = 0
        self._apologised_in_turn: int | None = None
        self._announced: dict[str | None, str] = {}
        self._prompted = False

    @property
    def fails_again(self) -> bool:
        """Whether the answer before this one failed as well, and the call may be given up."""
        return self._apologised_in_turn is not None and self._may_part

    def next(self, *, welcomes: bool) -> Step:
        """What to do about a silence now.

        Args:
            welcomes: There are phrases that replace a greeting.
        """
        if self._owed.greeting and welcomes:
            return Step.WELCOME
        if self._taken == 0:
            return Step.LISTENING if self._owed.outstanding == ("stt",) else Step.MOMENT
        if self.fails_again:
            return Step.GOODBYE
        return Step.ASK_AGAIN

    def took_one(self) -> None:
        """The bound was reached, and something done about it."""
        self._taken += 1

    def forgave(self, step: Step) -> None:
        """The answer was given up with this step."""
        self._taken = 0
        if step is Step.ASK_AGAIN:
            self._apologised_in_turn = self._owed.turns

    def announced(self, context_id: str | None, kind: str) -> None:
        """A phrase that is no answer comes next in this audio context."""
        self._announced[context_id] = kind

    def announced_is_over(self, context_id: str | None) -> bool:
        """Whether what is over was the apology of this turn: nothing more is owed for it."""
        is_apology = self._announced.pop(context_id, None) == APOLOGY
        return is_apology and self._apologised_in_turn == self._owed.turns

    def interrupted(self) -> None:
        """Whatever was announced will not be heard."""
        self._announced.clear()

    def heard(self, context_id: str | None, *, answer: bool) -> None:
        """The caller hears audible audio: an answer, however short, starts the steps anew."""
        kind = self._announced.get(context_id)
        if kind == APOLOGY:
            self._apologised_in_turn = self._owed.turns
        if answer:
            self._prompted = kind == PROMPT
            self._taken = 0

    def debt_ended(self, of_turn: int) -> None:
        """Nothing is owed any more for a turn, or another turn took over."""
        if self._owed.turns != of_turn:
            self._taken = 0
        elif (
            self._apologised_in_turn is not None
            and of_turn > self._apologised_in_turn
            and not self._prompted
        ):
            self._apologised_in_turn = None
